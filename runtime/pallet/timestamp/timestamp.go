package timestamp

import (
	"fmt"

	"github.com/tacit-network/tacit/runtime/frame"
)

func (p *Pallet) set(ctx *frame.Context, c Set) error {
	if err := ctx.EnsureNone(); err != nil {
		return err
	}
	if p.DidUpdate.Get(ctx) {
		return fmt.Errorf("the time of this block is set already")
	}
	if last := p.Now.Get(ctx); last != 0 && c.Now < last+p.MinimumPeriod {
		return fmt.Errorf("the time %d is not %d ms after %d", c.Now, p.MinimumPeriod, last)
	}
	p.Now.Put(ctx, c.Now)
	p.DidUpdate.Put(ctx, true)
	return nil
}

// IsInherent implements frame.Inherent.
func (p *Pallet) IsInherent(call any) bool {
	_, ok := call.(Set)
	return ok
}

// OnFinalize implements frame.Finalizer. A block without a time is no block.
func (p *Pallet) OnFinalize(ctx *frame.Context) {
	if !p.DidUpdate.Get(ctx) {
		panic("the block does not set the time")
	}
	p.DidUpdate.Kill(ctx)
}

// Time returns the time of this block, in milliseconds since 1970.
func (p *Pallet) Time(ctx *frame.Context) uint64 { return p.Now.Get(ctx) }
