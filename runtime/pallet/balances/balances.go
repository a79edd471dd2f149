package balances

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

var weightTransfer = frame.Time(60 * frame.Microsecond)

func (p *Pallet) transferAllowDeath(ctx *frame.Context, c TransferAllowDeath) error {
	return p.signedTransfer(ctx, c.Dest, c.Value, false)
}

func (p *Pallet) transferKeepAlive(ctx *frame.Context, c TransferKeepAlive) error {
	return p.signedTransfer(ctx, c.Dest, c.Value, true)
}

func (p *Pallet) signedTransfer(ctx *frame.Context, dest chain.MultiAddress, value chain.Balance, keepAlive bool) error {
	from, err := ctx.Signer()
	if err != nil {
		return err
	}
	to, err := frame.Lookup(dest)
	if err != nil {
		return err
	}
	return p.Transfer(ctx, from, to, value, keepAlive)
}

func (p *Pallet) forceTransfer(ctx *frame.Context, c ForceTransfer) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	from, err := frame.Lookup(c.Source)
	if err != nil {
		return err
	}
	to, err := frame.Lookup(c.Dest)
	if err != nil {
		return err
	}
	return p.Transfer(ctx, from, to, c.Value, false)
}

func (p *Pallet) transferAll(ctx *frame.Context, c TransferAll) error {
	from, err := ctx.Signer()
	if err != nil {
		return err
	}
	to, err := frame.Lookup(c.Dest)
	if err != nil {
		return err
	}
	return p.Transfer(ctx, from, to, p.Spendable(ctx, from, c.KeepAlive), c.KeepAlive)
}

func (p *Pallet) forceSetBalance(ctx *frame.Context, c ForceSetBalance) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	who, err := frame.Lookup(c.Who)
	if err != nil {
		return err
	}
	if c.NewFree.Less(p.ExistentialDeposit) {
		c.NewFree = chain.Balance{}
	}
	data := p.Accounts.Info(ctx, who).Data
	issued, _ := p.TotalIssuance.Get(ctx).Sub(data.Free)
	issued, ok := issued.Add(c.NewFree)
	if !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	p.TotalIssuance.Put(ctx, issued)
	data.Free = c.NewFree
	if err := p.write(ctx, who, data); err != nil {
		return err
	}
	ctx.Emit(BalanceSet{who, c.NewFree})
	return nil
}

func (p *Pallet) burn(ctx *frame.Context, c Burn) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	if err := p.take(ctx, who, c.Value, c.KeepAlive); err != nil {
		return err
	}
	p.rescind(ctx, c.Value)
	ctx.Emit(Burned{who, c.Value})
	return nil
}

// Spendable is how much of who's may be moved.
func (p *Pallet) Spendable(ctx *frame.Context, who chain.AccountID, keepAlive bool) chain.Balance {
	info := p.Accounts.Info(ctx, who)
	floor := info.Data.Frozen.SubSat(info.Data.Reserved)
	if (keepAlive || info.Consumers > 0) && floor.Less(p.ExistentialDeposit) {
		floor = p.ExistentialDeposit
	}
	return info.Data.Free.SubSat(floor)
}

// Transfer moves value between accounts. With keepAlive it fails where from
// would end.
func (p *Pallet) Transfer(ctx *frame.Context, from, to chain.AccountID, value chain.Balance, keepAlive bool) error {
	if value.IsZero() || from == to {
		if p.Spendable(ctx, from, keepAlive).Less(value) {
			return frame.ErrToken{Kind: frame.FundsUnavailable}
		}
		ctx.Emit(Transfer{from, to, value})
		return nil
	}
	return ctx.Try(func() error {
		if err := p.take(ctx, from, value, keepAlive); err != nil {
			return err
		}
		if err := p.give(ctx, to, value); err != nil {
			return err
		}
		ctx.Emit(Transfer{from, to, value})
		return nil
	})
}

// Withdraw takes amount out of an account and out of existence, as a fee is.
func (p *Pallet) Withdraw(ctx *frame.Context, who chain.AccountID, amount chain.Balance, keepAlive bool) error {
	if amount.IsZero() {
		return nil
	}
	if err := p.take(ctx, who, amount, keepAlive); err != nil {
		return err
	}
	p.rescind(ctx, amount)
	ctx.Emit(Withdraw{who, amount})
	return nil
}

// Refund puts amount, which Withdraw took, back.
func (p *Pallet) Refund(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	if amount.IsZero() {
		return nil
	}
	issued, ok := p.TotalIssuance.Get(ctx).Add(amount)
	if !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	if err := p.give(ctx, who, amount); err != nil {
		return err
	}
	p.TotalIssuance.Put(ctx, issued)
	ctx.Emit(Deposit{who, amount})
	return nil
}

// Reserve holds amount of who's on the chain's behalf.
func (p *Pallet) Reserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	if amount.IsZero() {
		return nil
	}
	if p.Spendable(ctx, who, true).Less(amount) {
		return ErrInsufficientBalance
	}
	data := p.Accounts.Info(ctx, who).Data
	data.Free = data.Free.SubSat(amount)
	data.Reserved = data.Reserved.AddSat(amount)
	if err := p.write(ctx, who, data); err != nil {
		return err
	}
	ctx.Emit(Reserved{who, amount})
	return nil
}

// Unreserve frees up to amount of what is held.
func (p *Pallet) Unreserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	data := p.Accounts.Info(ctx, who).Data
	if data.Reserved.Less(amount) {
		amount = data.Reserved
	}
	if amount.IsZero() {
		return nil
	}
	data.Reserved = data.Reserved.SubSat(amount)
	data.Free = data.Free.AddSat(amount)
	if err := p.write(ctx, who, data); err != nil {
		return err
	}
	ctx.Emit(Unreserved{who, amount})
	return nil
}

// Endow gives an account money at genesis.
func (p *Pallet) Endow(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	issued, ok := p.TotalIssuance.Get(ctx).Add(amount)
	if !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	p.TotalIssuance.Put(ctx, issued)
	return p.give(ctx, who, amount)
}

func (p *Pallet) take(ctx *frame.Context, who chain.AccountID, amount chain.Balance, keepAlive bool) error {
	data := p.Accounts.Info(ctx, who).Data
	if p.Spendable(ctx, who, false).Less(amount) {
		return frame.ErrToken{Kind: frame.FundsUnavailable}
	}
	if p.Spendable(ctx, who, keepAlive).Less(amount) {
		return frame.ErrToken{Kind: frame.NotExpendable}
	}
	data.Free = data.Free.SubSat(amount)
	return p.write(ctx, who, data)
}

func (p *Pallet) give(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	data := p.Accounts.Info(ctx, who).Data
	fresh := data.Free.IsZero() && data.Reserved.IsZero()
	free, ok := data.Free.Add(amount)
	if !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	if free.Less(p.ExistentialDeposit) {
		return frame.ErrToken{Kind: frame.BelowMinimum}
	}
	data.Free = free
	if err := p.write(ctx, who, data); err != nil {
		return err
	}
	if fresh {
		ctx.Emit(Endowed{who, free})
	}
	return nil
}

// newLogic marks accounts that were never under the older rules, as
// pallet_balances does.
var newLogic = scale.U128{Hi: 1 << 63}

// write stores who's money. An account that holds too little to live ends,
// and what it held is dust.
func (p *Pallet) write(ctx *frame.Context, who chain.AccountID, data frame.AccountData) error {
	data.Flags = newLogic
	exists := !data.Free.Less(p.ExistentialDeposit) || !data.Reserved.IsZero()
	dust := chain.Balance{}
	if !exists {
		dust, data = data.Free, frame.AccountData{Flags: newLogic}
	}
	if err := p.Accounts.SetData(ctx, who, data, exists); err != nil {
		return err
	}
	if !dust.IsZero() {
		p.rescind(ctx, dust)
		ctx.Emit(DustLost{who, dust})
	}
	return nil
}

func (p *Pallet) rescind(ctx *frame.Context, amount chain.Balance) {
	p.TotalIssuance.Put(ctx, p.TotalIssuance.Get(ctx).SubSat(amount))
}
