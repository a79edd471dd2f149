package utility

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// check refuses long batches, and calls that come from nobody.
func (p *Pallet) check(ctx *frame.Context, calls []frame.AnyCall) error {
	if ctx.EnsureNone() == nil {
		return frame.ErrBadOrigin{}
	}
	if len(calls) > int(p.BatchedCallsLimit) {
		return ErrTooManyCalls
	}
	return nil
}

// tally makes calls one after another and sums up what they weighed.
type tally struct {
	ctx  *frame.Context
	done int
	sum  frame.Weight
}

func (t *tally) run(origin frame.Origin, call frame.AnyCall, filters ...frame.Filter) error {
	post, err := t.ctx.Dispatch(origin, call, append(t.ctx.Filters(), filters...)...)
	t.done++
	t.sum = t.sum.Add(t.ctx.Runtime().Spent(call, post))
	t.ctx.Used(t.sum.Add(base(t.done)))
	return err
}

func (p *Pallet) batch(ctx *frame.Context, c Batch) error {
	if err := p.check(ctx, c.Calls); err != nil {
		return err
	}
	t := tally{ctx: ctx}
	for i, call := range c.Calls {
		if err := t.run(ctx.Origin, call); err != nil {
			ctx.Emit(BatchInterrupted{uint32(i), ctx.Runtime().Reason(err)})
			return nil
		}
		ctx.Emit(ItemCompleted{})
	}
	ctx.Emit(BatchCompleted{})
	return nil
}

// notBatchAll forbids a batch_all inside another.
func notBatchAll(c frame.AnyCall) bool {
	_, is := c.Args.(BatchAll)
	return !is
}

func (p *Pallet) batchAll(ctx *frame.Context, c BatchAll) error {
	if err := p.check(ctx, c.Calls); err != nil {
		return err
	}
	t := tally{ctx: ctx}
	for _, call := range c.Calls {
		if err := t.run(ctx.Origin, call, notBatchAll); err != nil {
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
	t, failed := tally{ctx: ctx}, false
	for _, call := range c.Calls {
		if err := t.run(ctx.Origin, call); err != nil {
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
	t := tally{ctx: ctx}
	return t.run(frame.Signed{Who: Derivative(who, c.Index)}, c.Call)
}

// Derivative is the account that who controls under index.
func Derivative(who chain.AccountID, index uint16) chain.AccountID {
	return chain.AccountID(hash.Blake2b256([]byte("modlpy/utilisuba"), who[:], scale.AppendUint16(nil, index)))
}

func (p *Pallet) dispatchAs(ctx *frame.Context, c DispatchAs) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	result := scale.Ok[struct{}, frame.DispatchError](struct{}{})
	if err := as(ctx, c.AsOrigin, c.Call); err != nil {
		result = scale.Fail[struct{}](ctx.Runtime().Reason(err))
	}
	ctx.Emit(DispatchedAs{result})
	return nil
}

func (p *Pallet) dispatchAsFallible(ctx *frame.Context, c DispatchAsFallible) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if err := as(ctx, c.AsOrigin, c.Call); err != nil {
		return err
	}
	ctx.Emit(DispatchedAs{scale.Ok[struct{}, frame.DispatchError](struct{}{})})
	return nil
}

// as makes a call on behalf of an origin that root names; no filter binds it.
func as(ctx *frame.Context, origin frame.OriginCaller, call frame.AnyCall) error {
	_, err := ctx.Dispatch(origin.(frame.SystemOrigin).Origin, call)
	return err
}

func (p *Pallet) withWeight(ctx *frame.Context, c WithWeight) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	_, err := ctx.Dispatch(frame.Root{}, c.Call)
	return err
}

func (p *Pallet) ifElse(ctx *frame.Context, c IfElse) error {
	if err := p.check(ctx, nil); err != nil {
		return err
	}
	t := tally{ctx: ctx}
	failure := t.run(ctx.Origin, c.Main)
	if failure == nil {
		ctx.Emit(IfElseMainSuccess{})
		return nil
	}
	if err := t.run(ctx.Origin, c.Fallback); err != nil {
		return err
	}
	ctx.Emit(IfElseFallbackCalled{ctx.Runtime().Reason(failure)})
	return nil
}
