package registry

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

func (p *Pallet) setSlashing(ctx *frame.Context, c SetSlashing) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if c.Deviation > 100 || c.Reward > 100 {
		return ErrBadPercent
	}
	p.Slashing.Put(ctx, words.Slashing(c))
	ctx.Emit(SlashingSet(c))
	return nil
}

// Slash takes a part of what is pledged for a worker that deviated, also when
// notice was given for it. A part of that goes to the operator of the worker
// that first said what stands, if there is one and it did not pledge for the
// deviating one itself; the rest goes to the treasury. A worker without a pledge
// loses nothing here.
//
// Preconditions: it is called once for a worker and a dispute.
func (p *Pallet) Slash(ctx *frame.Context, worker [32]byte, first *[32]byte) {
	s, ok := p.Stakes.Get(ctx, worker)
	if !ok {
		return
	}
	cost, set := p.Slashing.Get(ctx)
	if !set {
		cost = words.Slashing{Deviation: p.DeviationSlash, Reward: p.ReporterReward}
	}
	// An owner's pledges rest on one hold: no more than this one is taken.
	taken := p.Money.SlashHeld(ctx, s.Owner, stakeReason, cost.Deviation.Of(s.Amount))
	if taken.IsZero() {
		return
	}
	if s.Amount = s.Amount.SubSat(taken); s.Amount.IsZero() {
		p.Stakes.Remove(ctx, worker)
	} else {
		p.Stakes.Put(ctx, worker, s)
	}
	rest, reward := taken, chain.Balance{}
	if first != nil {
		reporter, known := p.Workers.Get(ctx, *first)
		part := cost.Reward.Of(taken)
		if known && reporter.Operator != s.Owner && p.Money.Deposit(ctx, reporter.Operator, part) == nil {
			rest, reward = taken.SubSat(part), part
		}
	}
	if err := p.Treasury.Take(ctx, rest); err != nil {
		p.Money.Drop(ctx, rest)
	}
	ctx.Emit(WorkerSlashed{worker, s.Owner, taken, first, reward})
	p.retier(ctx, worker)
}
