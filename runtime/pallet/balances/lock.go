package balances

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// SetLock makes or replaces who's lock with this id; one of nothing removes it
// (LockableCurrency::set_lock).
func (p *Pallet) SetLock(ctx *frame.Context, who chain.AccountID, id LockID, amount chain.Balance, reasons Reasons) error {
	return p.lock(ctx, who, BalanceLock{id, amount, reasons}, func(_, b BalanceLock) BalanceLock { return b })
}

// ExtendLock makes who's lock with this id at least as great; one of nothing
// changes nothing (LockableCurrency::extend_lock).
func (p *Pallet) ExtendLock(ctx *frame.Context, who chain.AccountID, id LockID, amount chain.Balance, reasons Reasons) error {
	if amount.IsZero() {
		return nil
	}
	return p.lock(ctx, who, BalanceLock{id, amount, reasons}, func(a, b BalanceLock) BalanceLock {
		if a.Reasons != b.Reasons {
			b.Reasons = All
		}
		b.Amount = most(a.Amount, b.Amount)
		return b
	})
}

// RemoveLock removes who's lock with this id, if there is one.
func (p *Pallet) RemoveLock(ctx *frame.Context, who chain.AccountID, id LockID) error {
	return p.SetLock(ctx, who, id, chain.Balance{}, All)
}

// lock puts l into the list of who's locks, or what merge makes of the old one
// and l.
func (p *Pallet) lock(ctx *frame.Context, who chain.AccountID, l BalanceLock, merge func(a, b BalanceLock) BalanceLock) error {
	list := p.Locks.Get(ctx, who)
	i := slices.IndexFunc(list, func(x BalanceLock) bool { return x.ID == l.ID })
	switch {
	case l.Amount.IsZero() && i < 0:
	case l.Amount.IsZero():
		list = slices.Delete(list, i, i+1)
	case i >= 0:
		list[i] = merge(list[i], l)
	case len(list) >= int(p.MaxLocks):
		return ErrLiquidityRestrictions
	default:
		list = append(list, l)
	}
	less, more, err := p.freeze(ctx, who, list, p.Freezes.Get(ctx, who))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		p.Locks.Remove(ctx, who)
	} else {
		p.Locks.Put(ctx, who, list)
	}
	if !less.IsZero() {
		ctx.Emit(Unlocked{who, less})
	} else if !more.IsZero() {
		ctx.Emit(Locked{who, more})
	}
	return nil
}

// SetFreeze makes, replaces or, with nothing, removes who's freeze for a
// reason (fungible::MutateFreeze::set_freeze and thaw).
func (p *Pallet) SetFreeze(ctx *frame.Context, who chain.AccountID, reason frame.FreezeReason, amount chain.Balance) error {
	list := p.Freezes.Get(ctx, who)
	i := slices.IndexFunc(list, func(x FreezeAmount) bool { return x.ID == reason })
	switch {
	case amount.IsZero() && i < 0:
	case amount.IsZero():
		list = slices.Delete(list, i, i+1)
	case i >= 0:
		list[i].Amount = amount
	case len(list) >= int(p.MaxFreezes):
		return ErrTooManyFreezes
	default:
		list = append(list, FreezeAmount{reason, amount})
	}
	less, more, err := p.freeze(ctx, who, p.Locks.Get(ctx, who), list)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		p.Freezes.Remove(ctx, who)
	} else {
		p.Freezes.Put(ctx, who, list)
	}
	if !less.IsZero() {
		ctx.Emit(Thawed{who, less})
	} else if !more.IsZero() {
		ctx.Emit(FrozenEvent{who, more})
	}
	return nil
}

// freeze sets what is frozen to the greatest of locks and freezes, and returns
// by how much it is less or more than before.
func (p *Pallet) freeze(ctx *frame.Context, who chain.AccountID, locks []BalanceLock, freezes []FreezeAmount) (less, more chain.Balance, err error) {
	var frozen chain.Balance
	for _, l := range locks {
		frozen = most(frozen, l.Amount)
	}
	for _, f := range freezes {
		frozen = most(frozen, f.Amount)
	}
	err = p.change(ctx, who, func(a *frame.AccountData) error {
		less, more = a.Frozen.SubSat(frozen), frozen.SubSat(a.Frozen)
		a.Frozen = frozen
		return nil
	})
	return less, more, err
}
