package staking

import (
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// Genesis is how staking begins.
type Genesis struct {
	// ValidatorCount is how many validators are wanted; with 0 there are no
	// elections, and nothing else counts.
	ValidatorCount uint32
	// MinimumValidatorCount is the fewest.
	MinimumValidatorCount uint32
	// MinNominatorBond and MinValidatorBond are the least bonds.
	MinNominatorBond, MinValidatorBond chain.Balance
	// MinCommission is the least commission.
	MinCommission Perbill
	// SlashRewardFraction is of which part of a slash reporters get theirs.
	SlashRewardFraction Perbill
	// MaxNominators is the most nominators; 0 means as many as can vote.
	MaxNominators uint32
	// MaxValidators is the most candidates; 0 means as many as can be.
	MaxValidators uint32
	// Stakers have bonded at genesis.
	Stakers []Staker
}

// Staker is a stash of genesis. It validates or, if it has some, nominates its
// targets.
type Staker struct {
	Stash  chain.AccountID
	Amount chain.Balance
	// Targets are empty for a validator.
	Targets []chain.AccountID
	// Commission is a validator's.
	Commission Perbill
}

// Start puts the first stakes into genesis, and begins era 0 with those of the
// first validators that have some.
func (p *Pallet) Start(ctx *frame.Context, g Genesis) error {
	if g.ValidatorCount > p.MaxValidators || g.MinimumValidatorCount > g.ValidatorCount {
		return fmt.Errorf("staking wants %d to %d validators of at most %d", g.MinimumValidatorCount, g.ValidatorCount, p.MaxValidators)
	}
	p.ValidatorCount.Put(ctx, g.ValidatorCount)
	p.MinimumValidatorCount.Put(ctx, g.MinimumValidatorCount)
	p.MinNominatorBond.Put(ctx, g.MinNominatorBond)
	p.MinValidatorBond.Put(ctx, g.MinValidatorBond)
	p.MinCommission.Put(ctx, min(g.MinCommission, One))
	p.SlashRewardFraction.Put(ctx, min(g.SlashRewardFraction, One))
	if g.MaxNominators > 0 {
		p.MaxNominatorsCount.Put(ctx, g.MaxNominators)
	}
	if g.MaxValidators > 0 {
		p.MaxValidatorsCount.Put(ctx, g.MaxValidators)
	}
	for i, s := range g.Stakers {
		if err := p.found(ctx, s); err != nil {
			return fmt.Errorf("staker %d, %s: %w", i, s.Stash, err)
		}
	}
	if g.ValidatorCount == 0 {
		return nil
	}
	b := p.ballot(ctx)
	first := p.Sessions.Now(ctx)
	for who := range p.Validators.All(ctx) { // nobody was seen online yet
		if l, _ := p.Ledger.Get(ctx, who); slices.Contains(first, who) && !slices.Contains(b.candidates, who) {
			b.candidates = append(b.candidates, who)
			b.vote(who, l.Active, []chain.AccountID{who})
		}
	}
	b.candidates = slices.DeleteFunc(b.candidates, func(who chain.AccountID) bool { return !slices.Contains(first, who) })
	p.plan(ctx, 0, b.exposures(b.run(len(b.candidates), b.candidates)))
	p.startEra(ctx, 0, 0)
	return nil
}

// found makes a stash of genesis.
func (p *Pallet) found(ctx *frame.Context, s Staker) error {
	if p.Bonded.Has(ctx, s.Stash) {
		return ErrAlreadyBonded
	}
	switch {
	case len(s.Targets) == 0 && p.CounterForValidators.Get(ctx) >= p.mostValidators(ctx):
		return ErrTooManyValidators
	case len(s.Targets) > 0 && p.CounterForNominators.Get(ctx) >= p.mostNominators(ctx):
		return ErrTooManyNominators
	}
	if s.Amount.Less(p.ExistentialDeposit) || p.Money.Holdable(ctx, s.Stash).Less(s.Amount) {
		return ErrInsufficientBond
	}
	if err := p.enter(ctx, s.Stash, s.Amount, Staked{}); err != nil {
		return err
	}
	as := func(call any) error {
		_, err := ctx.Dispatch(frame.Signed{Who: s.Stash}, ctx.Runtime().CallOf(call))
		return err
	}
	if len(s.Targets) == 0 {
		return as(Validate{ValidatorPrefs{Commission: s.Commission}})
	}
	n := Nominate{}
	for _, who := range s.Targets {
		n.Targets = append(n.Targets, chain.AddressID{ID: who})
	}
	return as(n)
}
