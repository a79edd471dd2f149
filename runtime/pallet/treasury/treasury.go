package treasury

import (
	"math"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

func (Pending) isPaymentState()   {}
func (Attempted) isPaymentState() {}
func (Failed) isPaymentState()    {}

var _ = scale.Enum(scale.V[PaymentState]{0: Pending{}, 1: Attempted{}, 2: Failed{}})

var (
	weightSpend  = frame.Time(40 * frame.Microsecond)
	weightPayout = frame.Time(100 * frame.Microsecond)
)

// Account is the account of a pallet (PalletId::into_account_truncating).
func Account(id PalletID) (account chain.AccountID) {
	copy(account[:], "modl")
	copy(account[4:], id.ID[:])
	return account
}

// Take puts amount, which is in no account, into the treasury, as
// Treasury::on_unbalanced does.
func (p *Pallet) Take(ctx *frame.Context, amount chain.Balance) error {
	if amount.IsZero() {
		return nil
	}
	if err := p.Money.Deposit(ctx, p.PotAccount, amount); err != nil {
		return err
	}
	ctx.Emit(Deposit{amount})
	return nil
}

func (p *Pallet) spend(ctx *frame.Context, c Spend) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	to, err := frame.Lookup(c.Beneficiary)
	if err != nil {
		return err
	}
	now := p.Blocks.Now(ctx)
	s := SpendStatus{Amount: c.Amount, Beneficiary: to, ValidFrom: now, Status: Pending{}}
	if c.ValidFrom != nil {
		s.ValidFrom = *c.ValidFrom
	}
	s.ExpireAt = s.ValidFrom + min(p.PayoutPeriod, math.MaxUint32-s.ValidFrom)
	if s.ExpireAt <= now {
		return ErrSpendExpired
	}
	index := p.SpendCount.Get(ctx)
	p.SpendCount.Put(ctx, index+1)
	p.Spends.Put(ctx, index, s)
	ctx.Emit(AssetSpendApproved{Index: index, Amount: s.Amount, Beneficiary: to, ValidFrom: s.ValidFrom, ExpireAt: s.ExpireAt})
	return nil
}

// claim checks that somebody signed, and returns a spend.
func (p *Pallet) claim(ctx *frame.Context, index uint32) (SpendStatus, error) {
	if _, err := ctx.Signer(); err != nil {
		return SpendStatus{}, err
	}
	s, ok := p.Spends.Get(ctx, index)
	if !ok {
		return s, ErrInvalidIndex
	}
	return s, nil
}

func (p *Pallet) payout(ctx *frame.Context, c Payout) error {
	s, err := p.claim(ctx, c.Index)
	if err != nil {
		return err
	}
	now := p.Blocks.Now(ctx)
	if now < s.ValidFrom {
		return ErrEarlyPayout
	}
	if s.ExpireAt <= now {
		return ErrSpendExpired
	}
	if _, paid := s.Status.(Attempted); paid {
		return ErrAlreadyAttempted
	}
	if err := p.Money.Transfer(ctx, p.PotAccount, s.Beneficiary, s.Amount, false); err != nil {
		return ErrPayoutError
	}
	s.Status = Attempted{}
	p.Spends.Put(ctx, c.Index, s)
	ctx.Emit(Paid{Index: c.Index})
	return nil
}

func (p *Pallet) checkStatus(ctx *frame.Context, c CheckStatus) error {
	index := c.Index
	s, err := p.claim(ctx, index)
	if err != nil {
		return err
	}
	// A payment in the native token is done or has failed with the call.
	if _, paid := s.Status.(Attempted); !paid && p.Blocks.Now(ctx) <= s.ExpireAt {
		return ErrNotAttempted
	}
	p.Spends.Remove(ctx, index)
	ctx.Emit(SpendProcessed{index})
	ctx.PaysNo()
	return nil
}

func (p *Pallet) voidSpend(ctx *frame.Context, c VoidSpend) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	index := c.Index
	s, ok := p.Spends.Get(ctx, index)
	if !ok {
		return ErrInvalidIndex
	}
	if _, paid := s.Status.(Attempted); paid {
		return ErrAlreadyAttempted
	}
	p.Spends.Remove(ctx, index)
	ctx.Emit(AssetSpendVoided{index})
	return nil
}
