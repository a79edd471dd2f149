package balances

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// newLogic marks accounts that are under today's rules, by which what is
// reserved or frozen consumes the account.
var newLogic = scale.U128{Hi: 1 << 63}

func least(a, b chain.Balance) chain.Balance {
	if a.Less(b) {
		return a
	}
	return b
}

func most(a, b chain.Balance) chain.Balance {
	if a.Less(b) {
		return b
	}
	return a
}

// mayEnd says whether the account may lose a provider.
func mayEnd(info frame.AccountInfo) bool { return info.Consumers == 0 || info.Providers > 1 }

// Total is all that who has, free and reserved.
func (p *Pallet) Total(ctx *frame.Context, who chain.AccountID) chain.Balance {
	a := p.Accounts.Info(ctx, who).Data
	return a.Free.AddSat(a.Reserved)
}

// Spendable is how much of who's may be moved; with keepAlive, without ending
// the account.
func (p *Pallet) Spendable(ctx *frame.Context, who chain.AccountID, keepAlive bool) chain.Balance {
	info := p.Accounts.Info(ctx, who)
	// What is frozen is so of the whole, so that what is reserved counts for it.
	floor := info.Data.Frozen.SubSat(info.Data.Reserved)
	if keepAlive || !info.Data.Free.IsZero() && !mayEnd(info) {
		floor = most(floor, p.ExistentialDeposit)
	}
	return info.Data.Free.SubSat(floor)
}

// Holdable is how much of what who has free may be put on hold, also of what
// is frozen.
func (p *Pallet) Holdable(ctx *frame.Context, who chain.AccountID) chain.Balance {
	info := p.Accounts.Info(ctx, who)
	switch info.Providers {
	case 0:
		return chain.Balance{}
	case 1:
		return info.Data.Free.SubSat(p.ExistentialDeposit)
	}
	return info.Data.Free
}

// canWithdraw judges as fungible::Inspect::can_withdraw does.
func (p *Pallet) canWithdraw(ctx *frame.Context, who chain.AccountID, amount chain.Balance, keepAlive bool) error {
	if amount.IsZero() {
		return nil
	}
	if p.TotalIssuance.Get(ctx).Less(amount) {
		return frame.ErrArithmetic{Kind: frame.Underflow}
	}
	info := p.Accounts.Info(ctx, who)
	left, ok := info.Data.Free.Sub(amount)
	switch {
	case !ok:
		return frame.ErrToken{Kind: frame.FundsUnavailable}
	case p.Spendable(ctx, who, false).Less(amount):
		return frame.ErrToken{Kind: frame.Frozen}
	case left.Less(p.ExistentialDeposit) && !mayEnd(info):
		return frame.ErrToken{Kind: frame.OnlyProvider}
	case left.Less(p.ExistentialDeposit) && keepAlive:
		return frame.ErrToken{Kind: frame.NotExpendable}
	}
	return nil
}

// canDeposit judges as fungible::Inspect::can_deposit does.
func (p *Pallet) canDeposit(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	if amount.IsZero() {
		return nil
	}
	a := p.Accounts.Info(ctx, who).Data
	free, ok := a.Free.Add(amount)
	if ok && free.Less(p.ExistentialDeposit) {
		return frame.ErrToken{Kind: frame.BelowMinimum}
	}
	if _, fits := free.Add(a.Reserved); !ok || !fits {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	return nil
}

// CanTake returns why who could not be given amount.
func (p *Pallet) CanTake(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	return p.canDeposit(ctx, who, amount)
}

// decrease takes exactly amount from what may be moved.
func (p *Pallet) decrease(ctx *frame.Context, who chain.AccountID, amount chain.Balance, keepAlive bool) error {
	if p.Spendable(ctx, who, keepAlive).Less(amount) {
		return frame.ErrToken{Kind: frame.FundsUnavailable}
	}
	if amount.IsZero() {
		return nil
	}
	return p.change(ctx, who, func(a *frame.AccountData) error {
		a.Free = a.Free.SubSat(amount)
		return nil
	})
}

// increase gives exactly amount.
func (p *Pallet) increase(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	if amount.IsZero() {
		return nil
	}
	return p.change(ctx, who, func(a *frame.AccountData) error {
		free, ok := a.Free.Add(amount)
		if !ok {
			return frame.ErrArithmetic{Kind: frame.Overflow}
		}
		if free.Less(p.ExistentialDeposit) {
			return frame.ErrToken{Kind: frame.BelowMinimum}
		}
		a.Free = free
		return nil
	})
}

// change changes an account's money by f, as pallet_balances' try_mutate_account
// does: the account comes to be and ends with the existential deposit, is
// consumed while something is reserved or frozen, and what is too little to
// live on is dust, which ceases to exist. When it fails nothing changes.
func (p *Pallet) change(ctx *frame.Context, who chain.AccountID, f func(*frame.AccountData) error) error {
	return ctx.Try(func() error {
		a := p.Accounts.Info(ctx, who).Data
		if isOld(a) && p.upgrade(ctx, who) {
			a = p.Accounts.Info(ctx, who).Data
		}
		fresh := isNothing(a)
		provided, consumed := !a.Free.Less(p.ExistentialDeposit), consumes(a)
		if err := f(&a); err != nil {
			return err
		}
		a.Flags = newLogic
		provides := !a.Free.Less(p.ExistentialDeposit)
		if !provided && provides {
			p.Accounts.Provide(ctx, who)
		}
		if consumed && !consumes(a) {
			p.Accounts.Unconsume(ctx, who)
		}
		if !consumed && consumes(a) {
			if err := p.Accounts.Consume(ctx, who); err != nil {
				return err
			}
		}
		if provided && !provides {
			if err := p.Accounts.Unprovide(ctx, who); err != nil {
				return err
			}
		}
		free, dust := a.Free, chain.Balance{}
		if a.Free.Less(p.ExistentialDeposit) && a.Reserved.IsZero() {
			dust, a = a.Free, frame.AccountData{Flags: newLogic}
		}
		p.Accounts.PutData(ctx, who, a)
		if fresh {
			ctx.Emit(Endowed{who, free})
		}
		if !dust.IsZero() {
			ctx.Emit(DustLost{who, dust})
			p.Drop(ctx, dust)
		}
		return nil
	})
}

func isNothing(a frame.AccountData) bool {
	return a.Free.IsZero() && a.Reserved.IsZero() && a.Frozen.IsZero()
}

// isOld says whether an account is under older rules than today's.
func isOld(a frame.AccountData) bool { return !isNothing(a) && a.Flags.Hi&newLogic.Hi == 0 }

func consumes(a frame.AccountData) bool { return !a.Reserved.IsZero() || !a.Frozen.IsZero() }

// upgrade brings an account of older rules under today's, and says whether it
// was one.
func (p *Pallet) upgrade(ctx *frame.Context, who chain.AccountID) bool {
	info := p.Accounts.Info(ctx, who)
	if !isOld(info.Data) {
		return false
	}
	info.Data.Flags.Hi |= newLogic.Hi
	if !info.Data.Reserved.IsZero() && info.Data.Frozen.IsZero() {
		if info.Providers == 0 {
			info.Data.Free = most(info.Data.Free, p.ExistentialDeposit)
			p.Accounts.Provide(ctx, who)
		}
		if err := p.Accounts.Consume(ctx, who); err != nil {
			return false
		}
	}
	p.Accounts.PutData(ctx, who, info.Data)
	ctx.Emit(Upgraded{who})
	return true
}
