package staking

import (
	"encoding/binary"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// ledgerOf returns what the signer has bonded.
func (p *Pallet) ledgerOf(ctx *frame.Context) (Ledger, error) {
	who, err := ctx.Signer()
	if err != nil {
		return Ledger{}, err
	}
	l, ok := p.Ledger.Get(ctx, who)
	if !ok {
		return l, ErrNotController
	}
	return l, nil
}

// put stores a ledger, and holds of the stash's tokens as much as it has
// bonded.
func (p *Pallet) put(ctx *frame.Context, l Ledger) error {
	held := p.Money.OnHold(ctx, l.Stash, p.Reason)
	if more := l.Total.SubSat(held); !more.IsZero() {
		if err := p.Money.Hold(ctx, l.Stash, p.Reason, more); err != nil {
			return err
		}
	} else if less := held.SubSat(l.Total); !less.IsZero() {
		if err := p.Money.Release(ctx, l.Stash, p.Reason, less); err != nil {
			return err
		}
	}
	p.store(ctx, l)
	return nil
}

// store stores a ledger, and with it the place of the stash among nominators.
//
// Preconditions: as much is held.
func (p *Pallet) store(ctx *frame.Context, l Ledger) {
	old, ok := p.Ledger.Get(ctx, l.Stash)
	if !ok {
		old = l
	}
	p.replace(ctx, old, l)
}

// replace is store for one that has the ledger as it was.
func (p *Pallet) replace(ctx *frame.Context, old, l Ledger) {
	p.Ledger.Put(ctx, l.Stash, l)
	switch {
	case old.Active == l.Active:
	case p.Nominators.Has(ctx, l.Stash):
		p.NominatorRanks.Remove(ctx, rank(l.Stash, old.Active))
		p.NominatorRanks.Put(ctx, rank(l.Stash, l.Active), true)
	default:
		p.rankCandidate(ctx, l.Stash)
	}
}

func rank(who chain.AccountID, stake chain.Balance) (r Rank) {
	binary.BigEndian.PutUint64(r.Stake[:8], stake.Hi)
	binary.BigEndian.PutUint64(r.Stake[8:], stake.Lo)
	r.Who = who
	return r
}

func (p *Pallet) bond(ctx *frame.Context, c Bond) error {
	stash, err := ctx.Signer()
	if err != nil {
		return err
	}
	if p.Bonded.Has(ctx, stash) {
		return ErrAlreadyBonded
	}
	value := least(c.Value, p.Money.Holdable(ctx, stash))
	if value.Less(p.ExistentialDeposit) {
		return ErrInsufficientBond
	}
	return p.enter(ctx, stash, value, c.Payee)
}

// enter makes an account a stash.
func (p *Pallet) enter(ctx *frame.Context, stash chain.AccountID, value chain.Balance, payee RewardDestination) error {
	l := Ledger{Stash: stash, Total: value, Active: value, Unlocking: []UnlockChunk{}, LegacyClaimedRewards: []uint32{}}
	if err := p.put(ctx, l); err != nil {
		return err
	}
	p.Bonded.Put(ctx, stash, stash)
	p.Payee.Put(ctx, stash, payee)
	ctx.Emit(BondedEvent{stash, value})
	return nil
}

func (p *Pallet) bondExtra(ctx *frame.Context, c BondExtra) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	l, ok := p.Ledger.Get(ctx, who)
	if !ok {
		return ErrNotStash
	}
	extra := least(c.MaxAdditional, p.Money.Holdable(ctx, who))
	l.Total, l.Active = l.Total.AddSat(extra), l.Active.AddSat(extra)
	if l.Active.Less(p.ExistentialDeposit) {
		return ErrInsufficientBond
	}
	if err := p.put(ctx, l); err != nil {
		return err
	}
	ctx.Emit(BondedEvent{who, extra})
	return nil
}

func (p *Pallet) unbond(ctx *frame.Context, c Unbond) error {
	l, err := p.ledgerOf(ctx)
	if err != nil {
		return err
	}
	if len(l.Unlocking) >= int(p.MaxUnlockingChunks) {
		if err := p.withdraw(ctx, l, p.spanCount(ctx, l.Stash)); err != nil {
			return err
		}
		var ok bool
		if l, ok = p.Ledger.Get(ctx, l.Stash); !ok {
			return ErrNotController
		}
		if len(l.Unlocking) >= int(p.MaxUnlockingChunks) {
			return ErrNoMoreChunks
		}
	}
	value := least(c.Value, l.Active)
	if value.IsZero() {
		return nil
	}
	l.Active = l.Active.SubSat(value)
	if l.Active.Less(p.ExistentialDeposit) { // nothing too little to be of use stays at stake
		value, l.Active = value.AddSat(l.Active), chain.Balance{}
	}
	if l.Active.Less(p.leastBond(ctx, l.Stash)) {
		return ErrInsufficientBond
	}
	era, _ := p.CurrentEra.Get(ctx)
	era += p.BondingDuration
	if n := len(l.Unlocking); n > 0 && l.Unlocking[n-1].Era == era {
		l.Unlocking[n-1].Value = l.Unlocking[n-1].Value.AddSat(value)
	} else {
		l.Unlocking = append(l.Unlocking, UnlockChunk{value, era})
	}
	p.store(ctx, l)
	ctx.Emit(Unbonded{l.Stash, value})
	return nil
}

// leastBond is what a stash must have at stake for what it does.
func (p *Pallet) leastBond(ctx *frame.Context, stash chain.AccountID) chain.Balance {
	switch {
	case p.Nominators.Has(ctx, stash):
		return p.MinNominatorBond.Get(ctx)
	case p.Validators.Has(ctx, stash):
		return p.MinValidatorBond.Get(ctx)
	}
	return chain.Balance{}
}

func (p *Pallet) rebond(ctx *frame.Context, c Rebond) error {
	l, err := p.ledgerOf(ctx)
	if err != nil {
		return err
	}
	if len(l.Unlocking) == 0 {
		return ErrNoUnlockChunk
	}
	before, left := l.Active, c.Value
	for n := len(l.Unlocking); n > 0 && !left.IsZero(); n = len(l.Unlocking) { // the newest first
		take := least(left, l.Unlocking[n-1].Value)
		l.Active, left = l.Active.AddSat(take), left.SubSat(take)
		if l.Unlocking[n-1].Value = l.Unlocking[n-1].Value.SubSat(take); l.Unlocking[n-1].Value.IsZero() {
			l.Unlocking = l.Unlocking[:n-1]
		}
	}
	if l.Active.Less(p.ExistentialDeposit) {
		return ErrInsufficientBond
	}
	p.store(ctx, l)
	ctx.Emit(BondedEvent{l.Stash, l.Active.SubSat(before)})
	return nil
}

func weighWithdraw(_ *frame.Runtime, c WithdrawUnbonded) frame.Weight {
	return frame.Time(frame.Microsecond * (200 + 25*uint64(c.NumSlashingSpans)))
}

func (p *Pallet) withdrawUnbonded(ctx *frame.Context, c WithdrawUnbonded) error {
	l, err := p.ledgerOf(ctx)
	if err != nil {
		return err
	}
	return p.withdraw(ctx, l, c.NumSlashingSpans)
}

// withdraw frees what was unbonded long enough ago.
func (p *Pallet) withdraw(ctx *frame.Context, l Ledger, spans uint32) error {
	// The era whose validators validate counts, and not one that is planned: a
	// slash that is due with an era comes before what can be withdrawn in it.
	active, _ := p.ActiveEra.Get(ctx)
	now := active.Index
	if p.UnappliedSlashes.Has(ctx, now) { // some are yet to be applied, maybe of eras before
		now = 0
	}
	kept, freed := []UnlockChunk{}, chain.Balance{}
	for _, chunk := range l.Unlocking {
		if chunk.Era > now {
			kept = append(kept, chunk)
		} else {
			freed = freed.AddSat(chunk.Value)
		}
	}
	l.Unlocking, l.Total = kept, l.Total.SubSat(freed)
	if len(kept) == 0 && l.Active.Less(p.ExistentialDeposit) {
		if err := p.kill(ctx, l.Stash, spans); err != nil {
			return err
		}
		freed = freed.AddSat(l.Active)
	} else if err := p.put(ctx, l); err != nil {
		return err
	}
	if !freed.IsZero() {
		ctx.Emit(Withdrawn{l.Stash, freed})
	}
	return nil
}

// kill removes a stash and frees all that it has bonded.
func (p *Pallet) kill(ctx *frame.Context, stash chain.AccountID, spans uint32) error {
	if spans < p.spanCount(ctx, stash) {
		return ErrIncorrectSlashingSpans
	}
	if held := p.Money.OnHold(ctx, stash, p.Reason); !held.IsZero() {
		if err := p.Money.Release(ctx, stash, p.Reason, held); err != nil {
			return err
		}
	}
	p.clearSpans(ctx, stash)
	p.removeValidator(ctx, stash)
	p.removeNominator(ctx, stash)
	p.Ledger.Remove(ctx, stash)
	p.Bonded.Remove(ctx, stash)
	p.Payee.Remove(ctx, stash)
	return nil
}

func (p *Pallet) setPayee(ctx *frame.Context, c SetPayee) error {
	l, err := p.ledgerOf(ctx)
	if err != nil {
		return err
	}
	p.Payee.Put(ctx, l.Stash, c.Payee)
	return nil
}

// setController always fails, as it does in pallet_staking for a stash that is
// its own controller.
func (p *Pallet) setController(ctx *frame.Context, _ SetController) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	if !p.Bonded.Has(ctx, who) {
		return ErrNotStash
	}
	return ErrAlreadyPaired
}

func weighUnstake(_ *frame.Runtime, c ForceUnstake) frame.Weight {
	return frame.Time(frame.Microsecond * (200 + 25*uint64(c.NumSlashingSpans)))
}

func (p *Pallet) forceUnstake(ctx *frame.Context, c ForceUnstake) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if !p.Bonded.Has(ctx, c.Stash) {
		return ErrNotStash
	}
	return p.kill(ctx, c.Stash, c.NumSlashingSpans)
}

func weighReap(_ *frame.Runtime, c ReapStash) frame.Weight {
	return frame.Time(frame.Microsecond * (200 + 25*uint64(c.NumSlashingSpans)))
}

func (p *Pallet) reapStash(ctx *frame.Context, c ReapStash) error {
	if _, err := ctx.Signer(); err != nil {
		return err
	}
	l, ok := p.Ledger.Get(ctx, c.Stash)
	if !ok {
		return ErrNotStash
	}
	if !l.Total.Less(p.ExistentialDeposit) {
		return ErrFundedTarget
	}
	if err := p.kill(ctx, c.Stash, c.NumSlashingSpans); err != nil {
		return err
	}
	ctx.PaysNo()
	return nil
}

func least(a, b chain.Balance) chain.Balance {
	if a.Less(b) {
		return a
	}
	return b
}
