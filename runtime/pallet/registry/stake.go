package registry

import (
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

func (p *Pallet) stake(ctx *frame.Context, c Stake) error {
	w, err := p.owned(ctx, c.Worker)
	if err != nil {
		return err
	}
	s, known := p.Stakes.Get(ctx, c.Worker)
	if known && (s.FreeAt != 0 || s.Owner != w.Operator) {
		return ErrStakeBound // what was given notice is taken back first
	}
	if err := p.Money.Hold(ctx, w.Operator, stakeReason, c.Amount); err != nil {
		return err
	}
	s.Owner, s.Amount = w.Operator, s.Amount.AddSat(c.Amount)
	p.Stakes.Put(ctx, c.Worker, s)
	ctx.Emit(Staked{c.Worker, s.Owner, c.Amount})
	p.retier(ctx, c.Worker)
	return nil
}

// pledge returns the signer's pledge for a worker, which may be registered no
// longer, or by somebody else.
func (p *Pallet) pledge(ctx *frame.Context, worker [32]byte) (words.Stake, error) {
	who, err := ctx.Signer()
	if err != nil {
		return words.Stake{}, err
	}
	s, ok := p.Stakes.Get(ctx, worker)
	switch {
	case !ok:
		return s, ErrNoStake
	case s.Owner != who:
		return s, ErrNotOperator
	}
	return s, nil
}

func (p *Pallet) unstake(ctx *frame.Context, c Unstake) error {
	s, err := p.pledge(ctx, c.Worker)
	if err != nil {
		return err
	}
	if s.FreeAt != 0 {
		return ErrStakeBound
	}
	s.FreeAt = p.Blocks.Now(ctx) + p.UnstakeDelay
	p.Stakes.Put(ctx, c.Worker, s)
	ctx.Emit(Unstaked{c.Worker, s.FreeAt})
	p.retier(ctx, c.Worker)
	return nil
}

func (p *Pallet) withdrawStake(ctx *frame.Context, c WithdrawStake) error {
	s, err := p.pledge(ctx, c.Worker)
	if err != nil {
		return err
	}
	if s.FreeAt == 0 || p.Blocks.Now(ctx) < s.FreeAt {
		return ErrStakeBound
	}
	if p.Disputes.Accused(ctx, c.Worker) {
		return ErrAccused
	}
	if err := p.Money.Release(ctx, s.Owner, stakeReason, s.Amount); err != nil {
		return err
	}
	p.Stakes.Remove(ctx, c.Worker)
	ctx.Emit(StakeWithdrawn{c.Worker, s.Owner, s.Amount})
	return nil
}
