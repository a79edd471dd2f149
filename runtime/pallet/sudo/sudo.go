package sudo

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// holder returns the signer if it has the key.
func (p *Pallet) holder(ctx *frame.Context) (chain.AccountID, error) {
	who, err := ctx.Signer()
	if err != nil {
		return who, err
	}
	if key, ok := p.Key.Find(ctx); !ok || key != who {
		return who, ErrRequireSudo
	}
	return who, nil
}

func (p *Pallet) run(ctx *frame.Context, origin frame.Origin, call frame.AnyCall) Outcome {
	if _, err := ctx.Dispatch(origin, call); err != nil {
		return scale.Fail[struct{}](ctx.Runtime().Reason(err))
	}
	return scale.Ok[struct{}, frame.DispatchError](struct{}{})
}

func (p *Pallet) sudo(ctx *frame.Context, c Sudo) error {
	if _, err := p.holder(ctx); err != nil {
		return err
	}
	ctx.Emit(Sudid{p.run(ctx, frame.Root{}, c.Call)})
	ctx.PaysNo()
	return nil
}

func (p *Pallet) setKey(ctx *frame.Context, c SetKey) error {
	old, err := p.holder(ctx)
	if err != nil {
		return err
	}
	key, err := frame.Lookup(c.New)
	if err != nil {
		return err
	}
	p.Key.Put(ctx, key)
	ctx.Emit(KeyChanged{&old, key})
	ctx.PaysNo()
	return nil
}

func (p *Pallet) sudoAs(ctx *frame.Context, c SudoAs) error {
	if _, err := p.holder(ctx); err != nil {
		return err
	}
	who, err := frame.Lookup(c.Who)
	if err != nil {
		return err
	}
	ctx.Emit(SudoAsDone{p.run(ctx, frame.Signed{Who: who}, c.Call)})
	ctx.PaysNo()
	return nil
}

func (p *Pallet) removeKey(ctx *frame.Context, _ RemoveKey) error {
	if _, err := p.holder(ctx); err != nil {
		return err
	}
	p.Key.Kill(ctx)
	ctx.Emit(KeyRemoved{})
	ctx.PaysNo()
	return nil
}
