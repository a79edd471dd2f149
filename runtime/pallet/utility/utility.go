package utility

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

func weigh(rt *frame.Runtime, calls []frame.AnyCall) frame.Weight {
	sum := frame.Time(5 * frame.Microsecond)
	for _, c := range calls {
		sum = sum.Add(rt.Info(c).Weight).Add(frame.Time(3 * frame.Microsecond))
	}
	return sum
}

// check refuses long batches, and calls that come from nobody.
func (p *Pallet) check(ctx *frame.Context, calls []frame.AnyCall) error {
	if _, bare := ctx.Origin.(frame.None); bare {
		return frame.ErrBadOrigin{}
	}
	if len(calls) > int(p.BatchedCallsLimit) {
		return ErrTooManyCalls
	}
	return nil
}

func (p *Pallet) batch(ctx *frame.Context, c Batch) error {
	if err := p.check(ctx, c.Calls); err != nil {
		return err
	}
	for i, call := range c.Calls {
		if _, err := ctx.Dispatch(ctx.Origin, call); err != nil {
			ctx.Emit(BatchInterrupted{uint32(i), ctx.Runtime().Reason(err)})
			return nil
		}
		ctx.Emit(ItemCompleted{})
	}
	ctx.Emit(BatchCompleted{})
	return nil
}

func (p *Pallet) batchAll(ctx *frame.Context, c BatchAll) error {
	if err := p.check(ctx, c.Calls); err != nil {
		return err
	}
	for _, call := range c.Calls {
		if _, err := ctx.Dispatch(ctx.Origin, call); err != nil {
			return err
		}
		ctx.Emit(ItemCompleted{})
	}
	ctx.Emit(BatchCompleted{})
	return nil
}

func (p *Pallet) forceBatch(ctx *frame.Context, c ForceBatch) error {
	if err := p.check(ctx, c.Calls); err != nil {
		return err
	}
	failed := false
	for _, call := range c.Calls {
		if _, err := ctx.Dispatch(ctx.Origin, call); err != nil {
			failed = true
			ctx.Emit(ItemFailed{ctx.Runtime().Reason(err)})
		} else {
			ctx.Emit(ItemCompleted{})
		}
	}
	if failed {
		ctx.Emit(BatchCompletedWithErrors{})
	} else {
		ctx.Emit(BatchCompleted{})
	}
	return nil
}

func (p *Pallet) asDerivative(ctx *frame.Context, c AsDerivative) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	_, err = ctx.Dispatch(frame.Signed{Who: Derivative(who, c.Index)}, c.Call)
	return err
}

// Derivative is the account that who controls under index.
func Derivative(who chain.AccountID, index uint16) chain.AccountID {
	return chain.AccountID(hash.Blake2b256([]byte("modlpy/utilisuba"), who[:], scale.AppendUint16(nil, index)))
}
