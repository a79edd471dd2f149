package balances

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// Reserve holds amount of who's on the chain's behalf
// (ReservableCurrency::reserve).
func (p *Pallet) Reserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	if amount.IsZero() {
		return nil
	}
	if err := p.change(ctx, who, func(a *frame.AccountData) error {
		free, ok := a.Free.Sub(amount)
		if !ok {
			return ErrInsufficientBalance
		}
		if a.Reserved, ok = a.Reserved.Add(amount); !ok {
			return frame.ErrArithmetic{Kind: frame.Overflow}
		}
		if a.Free = free; free.Less(a.Frozen) {
			return ErrLiquidityRestrictions
		}
		return nil
	}); err != nil {
		return err
	}
	ctx.Emit(Reserved{who, amount})
	return nil
}

// Unreserve frees up to amount of what is reserved, and returns how much of
// amount was not there.
func (p *Pallet) Unreserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) (missing chain.Balance) {
	if amount.IsZero() || isNothing(p.Accounts.Info(ctx, who).Data) {
		return amount
	}
	var actual chain.Balance
	if err := p.change(ctx, who, func(a *frame.AccountData) error {
		actual = least(a.Reserved, amount)
		a.Reserved = a.Reserved.SubSat(actual)
		a.Free = a.Free.AddSat(actual)
		return nil
	}); err != nil {
		return amount
	}
	ctx.Emit(Unreserved{who, actual})
	return amount.SubSat(actual)
}

// OnHold is how much of who's is on hold for a reason.
func (p *Pallet) OnHold(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason) chain.Balance {
	for _, h := range p.Holds.Get(ctx, who) {
		if h.ID == reason {
			return h.Amount
		}
	}
	return chain.Balance{}
}

// Hold puts amount of what who has free on hold (fungible::MutateHold::hold).
// What is frozen may be held, since it is so of the whole.
func (p *Pallet) Hold(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) error {
	info, list := p.Accounts.Info(ctx, who), p.Holds.Get(ctx, who)
	known := slices.ContainsFunc(list, func(h HoldAmount) bool { return h.ID == reason })
	if info.Providers == 0 || !known && len(list) >= int(p.MaxHolds) {
		return frame.ErrToken{Kind: frame.CannotCreateHold}
	}
	floor := chain.Balance{}
	if info.Providers == 1 {
		floor = p.ExistentialDeposit
	}
	if info.Data.Free.SubSat(floor).Less(amount) {
		return frame.ErrToken{Kind: frame.FundsUnavailable}
	}
	if amount.IsZero() {
		return nil
	}
	held, ok := p.OnHold(ctx, who, reason).Add(amount)
	if !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	if err := p.change(ctx, who, func(a *frame.AccountData) error {
		a.Free = a.Free.SubSat(amount)
		a.Reserved = a.Reserved.AddSat(amount)
		return nil
	}); err != nil {
		return err
	}
	p.putHold(ctx, who, reason, held)
	return nil
}

// MintHeld makes amount for an account that is there, and puts it on hold.
func (p *Pallet) MintHeld(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) error {
	list := p.Holds.Get(ctx, who)
	i := slices.IndexFunc(list, func(h HoldAmount) bool { return h.ID == reason })
	if p.Accounts.Info(ctx, who).Providers == 0 || i < 0 && len(list) >= int(p.MaxHolds) {
		return frame.ErrToken{Kind: frame.CannotCreateHold}
	}
	if amount.IsZero() {
		return nil
	}
	issued, ok := p.TotalIssuance.Get(ctx).Add(amount)
	if !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	if err := p.change(ctx, who, func(a *frame.AccountData) error {
		a.Reserved = a.Reserved.AddSat(amount) // at most what is issued
		return nil
	}); err != nil {
		return err
	}
	if i < 0 {
		i, list = len(list), append(list, HoldAmount{ID: reason})
	}
	list[i].Amount = list[i].Amount.AddSat(amount)
	p.Holds.Put(ctx, who, list)
	p.TotalIssuance.Put(ctx, issued)
	ctx.Emit(Minted{who, amount})
	return nil
}

// Release frees amount of what is on hold for a reason; it fails when there is
// less (fungible::MutateHold::release).
func (p *Pallet) Release(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) error {
	if err := p.canDeposit(ctx, who, amount); err != nil {
		return frame.ErrToken{Kind: frame.CannotCreate}
	}
	left, ok := p.OnHold(ctx, who, reason).Sub(amount)
	if !ok {
		return frame.ErrToken{Kind: frame.FundsUnavailable}
	}
	if amount.IsZero() {
		return nil
	}
	if err := p.change(ctx, who, func(a *frame.AccountData) error {
		a.Reserved = a.Reserved.SubSat(amount)
		a.Free = a.Free.AddSat(amount)
		return nil
	}); err != nil {
		return err
	}
	p.putHold(ctx, who, reason, left)
	return nil
}

// SlashHeld takes up to amount of what is on hold for a reason, and returns
// what it took, which must go to Deposit or to Drop
// (fungible::BalancedHold::slash).
func (p *Pallet) SlashHeld(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) (slashed chain.Balance) {
	held := p.OnHold(ctx, who, reason)
	if slashed = least(held, amount); slashed.IsZero() {
		return slashed
	}
	if err := p.change(ctx, who, func(a *frame.AccountData) error {
		a.Reserved = a.Reserved.SubSat(slashed)
		return nil
	}); err != nil {
		return chain.Balance{}
	}
	p.putHold(ctx, who, reason, held.SubSat(slashed))
	return slashed
}

func (p *Pallet) putHold(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) {
	list := p.Holds.Get(ctx, who)
	i := slices.IndexFunc(list, func(h HoldAmount) bool { return h.ID == reason })
	switch {
	case i < 0:
		list = append(list, HoldAmount{reason, amount})
	case amount.IsZero():
		list = slices.Delete(list, i, i+1)
	default:
		list[i].Amount = amount
	}
	if len(list) == 0 {
		p.Holds.Remove(ctx, who)
		return
	}
	p.Holds.Put(ctx, who, list)
}
