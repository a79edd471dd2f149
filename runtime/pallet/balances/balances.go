package balances

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

var weightTransfer = frame.Time(25 * frame.Microsecond)

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

func (p *Pallet) forceUnreserve(ctx *frame.Context, c ForceUnreserve) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	who, err := frame.Lookup(c.Who)
	if err != nil {
		return err
	}
	p.Unreserve(ctx, who, c.Amount)
	return nil
}

func (p *Pallet) upgradeAccounts(ctx *frame.Context, c UpgradeAccounts) error {
	if _, err := ctx.Signer(); err != nil {
		return err
	}
	upgraded := 0
	for _, who := range c.Who {
		if p.upgrade(ctx, who) {
			upgraded++
		}
	}
	if len(c.Who) > 0 && upgraded*10 >= len(c.Who)*9 {
		ctx.PaysNo()
	}
	return nil
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
	var old chain.Balance
	if err := p.change(ctx, who, func(a *frame.AccountData) error {
		old, a.Free = a.Free, c.NewFree
		return nil
	}); err != nil {
		return err
	}
	if more := c.NewFree.SubSat(old); !more.IsZero() {
		p.TotalIssuance.Put(ctx, p.TotalIssuance.Get(ctx).AddSat(more))
		ctx.Emit(Issued{more})
	} else if less := old.SubSat(c.NewFree); !less.IsZero() {
		p.Drop(ctx, less)
		ctx.Emit(Rescinded{less})
	}
	ctx.Emit(BalanceSet{who, c.NewFree})
	return nil
}

func (p *Pallet) forceAdjustTotalIssuance(ctx *frame.Context, c ForceAdjustTotalIssuance) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if c.Delta.IsZero() {
		return ErrDeltaZero
	}
	old := p.TotalIssuance.Get(ctx)
	issued := old.AddSat(c.Delta)
	if c.Direction == Decrease {
		issued = old.SubSat(c.Delta)
	}
	if issued.Less(p.InactiveIssuance.Get(ctx)) {
		return ErrIssuanceDeactivated
	}
	p.TotalIssuance.Put(ctx, issued)
	ctx.Emit(TotalIssuanceForced{old, issued})
	return nil
}

func (p *Pallet) burn(ctx *frame.Context, c Burn) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	if err := p.decrease(ctx, who, c.Value, c.KeepAlive); err != nil {
		return err
	}
	p.Drop(ctx, c.Value)
	ctx.Emit(Burned{who, c.Value})
	return nil
}

// Transfer moves value between accounts. With keepAlive it fails where from
// would end.
func (p *Pallet) Transfer(ctx *frame.Context, from, to chain.AccountID, value chain.Balance, keepAlive bool) error {
	if err := p.canWithdraw(ctx, from, value, keepAlive); err != nil {
		return err
	}
	if err := p.canDeposit(ctx, to, value); err != nil {
		return err
	}
	if from == to {
		return nil
	}
	return ctx.Try(func() error {
		if err := p.decrease(ctx, from, value, keepAlive); err != nil {
			return err
		}
		if err := p.increase(ctx, to, value); err != nil {
			return err
		}
		ctx.Emit(Transfer{from, to, value})
		return nil
	})
}

// Withdraw takes amount out of an account. It stays issued: it must go to
// Deposit or to Drop.
func (p *Pallet) Withdraw(ctx *frame.Context, who chain.AccountID, amount chain.Balance, keepAlive bool) error {
	if amount.IsZero() {
		return nil
	}
	if err := p.decrease(ctx, who, amount, keepAlive); err != nil {
		return err
	}
	ctx.Emit(Withdraw{who, amount})
	return nil
}

// Deposit puts amount, which Withdraw or a slash took out of an account, into
// one.
func (p *Pallet) Deposit(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	if amount.IsZero() {
		return nil
	}
	if err := p.increase(ctx, who, amount); err != nil {
		return err
	}
	ctx.Emit(Deposit{who, amount})
	return nil
}

// Issue makes amount, which is in no account: it must go to Deposit or to Drop.
func (p *Pallet) Issue(ctx *frame.Context, amount chain.Balance) error {
	issued, ok := p.TotalIssuance.Get(ctx).Add(amount)
	if !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	p.TotalIssuance.Put(ctx, issued)
	return nil
}

// Issuance is how much there is of the token.
func (p *Pallet) Issuance(ctx *frame.Context) chain.Balance { return p.TotalIssuance.Get(ctx) }

// Drop ends the existence of amount, which Withdraw or a slash took out of an
// account.
func (p *Pallet) Drop(ctx *frame.Context, amount chain.Balance) {
	p.TotalIssuance.Put(ctx, p.TotalIssuance.Get(ctx).SubSat(amount))
}

// Mint makes amount for an account.
func (p *Pallet) Mint(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	issued, ok := p.TotalIssuance.Get(ctx).Add(amount)
	if !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	if err := p.increase(ctx, who, amount); err != nil {
		return err
	}
	p.TotalIssuance.Put(ctx, issued)
	ctx.Emit(Minted{who, amount})
	return nil
}

// Slash takes up to value of what who has free, and returns what it took,
// which must go to Deposit or to Drop. It spares what the account needs to be
// where something rests on the account.
func (p *Pallet) Slash(ctx *frame.Context, who chain.AccountID, value chain.Balance) (slashed chain.Balance) {
	info := p.Accounts.Info(ctx, who)
	if value.IsZero() || info.Data.Free.IsZero() && info.Data.Reserved.IsZero() {
		return chain.Balance{}
	}
	slashed = info.Data.Free
	if !mayEnd(info) {
		slashed = slashed.SubSat(p.ExistentialDeposit)
	}
	slashed = least(slashed, value)
	if err := p.change(ctx, who, func(a *frame.AccountData) error {
		a.Free = a.Free.SubSat(slashed)
		return nil
	}); err != nil {
		return chain.Balance{}
	}
	ctx.Emit(Slashed{who, slashed})
	return slashed
}

// Endow gives an account money at genesis.
func (p *Pallet) Endow(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error {
	return p.Mint(ctx, who, amount)
}
