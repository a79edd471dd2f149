package multisig

import (
	"bytes"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// base is what the pallet itself costs for n bytes of call.
func base(others []chain.AccountID, n int) frame.Weight {
	return frame.Time(100*frame.Microsecond + frame.Microsecond*uint64(len(others)) + 2000*uint64(n))
}

func weighThreshold1(rt *frame.Runtime, c AsMultiThreshold1) frame.Weight {
	return base(c.OtherSignatories, c.Call.Len()).Add(rt.Weight(c.Call))
}

func weighAsMulti(_ *frame.Runtime, c AsMulti) frame.Weight {
	return base(c.OtherSignatories, c.Call.Len()).Add(c.MaxWeight)
}

func weighApprove(_ *frame.Runtime, c ApproveAsMulti) frame.Weight {
	return base(c.OtherSignatories, 0).Add(c.MaxWeight)
}

// Account is the account that any threshold of its owners, who must be sorted,
// control together.
func Account(owners []chain.AccountID, threshold uint16) chain.AccountID {
	return chain.AccountID(hash.Blake2b256([]byte("modlpy/utilisuba"), scale.Encode(owners), scale.AppendUint16(nil, threshold)))
}

// owners puts who among the others, who must be sorted.
func (p *Pallet) owners(who chain.AccountID, others []chain.AccountID) ([]chain.AccountID, error) {
	if len(others) == 0 {
		return nil, ErrTooFewSignatories
	}
	if len(others) >= int(p.MaxSignatories) {
		return nil, ErrTooManySignatories
	}
	for i, o := range others {
		if i > 0 && compare(others[i-1], o) >= 0 {
			return nil, ErrSignatoriesOutOfOrder
		}
		if o == who {
			return nil, ErrSenderInSignatories
		}
	}
	at, _ := slices.BinarySearchFunc(others, who, compare)
	return slices.Insert(slices.Clone(others), at, who), nil
}

func compare(a, b chain.AccountID) int { return bytes.Compare(a[:], b[:]) }

func (p *Pallet) asMultiThreshold1(ctx *frame.Context, c AsMultiThreshold1) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	owners, err := p.owners(who, c.OtherSignatories)
	if err != nil {
		return err
	}
	// The account is authenticated anew: filters of the origin do not bind it.
	post, err := ctx.Dispatch(frame.Signed{Who: Account(owners, 1)}, c.Call)
	if post.ActualWeight != nil {
		ctx.Used(base(c.OtherSignatories, c.Call.Len()).Add(*post.ActualWeight))
	}
	return err
}

func (p *Pallet) asMulti(ctx *frame.Context, c AsMulti) error {
	return p.operate(ctx, c, CallHash(hash.Blake2b256(scale.Encode(c.Call))), &c.Call)
}

func (p *Pallet) approveAsMulti(ctx *frame.Context, c ApproveAsMulti) error {
	return p.operate(ctx, AsMulti{
		Threshold: c.Threshold, OtherSignatories: c.OtherSignatories, MaybeTimepoint: c.MaybeTimepoint, MaxWeight: c.MaxWeight,
	}, c.CallHash, nil)
}

// account checks who may own it together with others, and returns the account.
func (p *Pallet) account(ctx *frame.Context, threshold uint16, others []chain.AccountID) (who, account chain.AccountID, err error) {
	if who, err = ctx.Signer(); err != nil {
		return who, account, err
	}
	if threshold < 2 {
		return who, account, ErrMinimumThreshold
	}
	owners, err := p.owners(who, others)
	if err != nil {
		return who, account, err
	}
	return who, Account(owners, threshold), nil
}

// operate approves the call with the given hash, and makes it if it is there
// and approved often enough.
func (p *Pallet) operate(ctx *frame.Context, c AsMulti, id CallHash, call *frame.AnyCall) error {
	who, account, err := p.account(ctx, c.Threshold, c.OtherSignatories)
	if err != nil {
		return err
	}
	length := 0
	if call != nil {
		length = call.Len()
	}
	m, waits := p.Multisigs.Get(ctx, account, id)
	if !waits {
		if err := p.begin(ctx, c, who, account, id); err != nil {
			return err
		}
		ctx.Used(base(c.OtherSignatories, length))
		return nil
	}
	if c.MaybeTimepoint == nil {
		return ErrNoTimepoint
	}
	if m.When != *c.MaybeTimepoint {
		return ErrWrongTimepoint
	}
	at, approved := slices.BinarySearchFunc(m.Approvals, who, compare)
	count := len(m.Approvals)
	fresh := !approved && count < int(c.Threshold)
	if fresh {
		count++
	}
	if call != nil && count >= int(c.Threshold) {
		return p.execute(ctx, c, m, who, account, id)
	}
	if !fresh {
		return ErrAlreadyApproved
	}
	if len(m.Approvals) >= int(p.MaxSignatories) {
		return ErrTooManySignatories
	}
	m.Approvals = slices.Insert(m.Approvals, at, who)
	p.Multisigs.Put(ctx, account, id, m)
	ctx.Emit(MultisigApproval{who, m.When, account, id})
	ctx.Used(base(c.OtherSignatories, length))
	return nil
}

// deposit is what a call that waits for threshold approvals costs.
func (p *Pallet) deposit(threshold uint16) chain.Balance {
	return p.DepositBase.AddSat(p.DepositFactor.MulSat(scale.U64(uint64(threshold))))
}

func (p *Pallet) begin(ctx *frame.Context, c AsMulti, who, account chain.AccountID, id CallHash) error {
	if c.MaybeTimepoint != nil {
		return ErrUnexpectedTimepoint
	}
	deposit := p.deposit(c.Threshold)
	if err := p.Money.Reserve(ctx, who, deposit); err != nil {
		return err
	}
	p.Multisigs.Put(ctx, account, id, Multisig{
		When:    Timepoint{p.Blocks.Now(ctx), p.Blocks.ExtrinsicIndex(ctx)},
		Deposit: deposit, Depositor: who, Approvals: []chain.AccountID{who},
	})
	ctx.Emit(NewMultisig{who, account, id})
	return nil
}

// execute makes a call that was approved often enough.
func (p *Pallet) execute(ctx *frame.Context, c AsMulti, m Multisig, who, account chain.AccountID, id CallHash) error {
	if ctx.Runtime().Weight(c.Call).Exceeds(c.MaxWeight) {
		return ErrMaxWeightTooLow
	}
	// Nothing waits any more when the call begins, so that it cannot be made
	// again from inside itself.
	p.Multisigs.Remove(ctx, account, id)
	p.Money.Unreserve(ctx, m.Depositor, m.Deposit)
	post, failure := ctx.Dispatch(frame.Signed{Who: account}, c.Call)
	result := scale.Ok[struct{}, frame.DispatchError](struct{}{})
	if failure != nil {
		result = scale.Fail[struct{}](ctx.Runtime().Reason(failure))
	}
	ctx.Used(base(c.OtherSignatories, c.Call.Len()).Add(ctx.Runtime().Spent(c.Call, post)))
	ctx.Emit(MultisigExecuted{who, m.When, account, id, result})
	return nil
}

// own returns the signer, the account that it owns with others, and the call
// of that account which waits under id.
func (p *Pallet) own(ctx *frame.Context, threshold uint16, others []chain.AccountID, id CallHash) (who, account chain.AccountID, m Multisig, err error) {
	if who, account, err = p.account(ctx, threshold, others); err != nil {
		return who, account, m, err
	}
	m, ok := p.Multisigs.Get(ctx, account, id)
	if !ok {
		return who, account, m, ErrNotFound
	}
	return who, account, m, nil
}

func (p *Pallet) cancelAsMulti(ctx *frame.Context, c CancelAsMulti) error {
	who, account, m, err := p.own(ctx, c.Threshold, c.OtherSignatories, c.CallHash)
	if err != nil {
		return err
	}
	if m.When != c.Timepoint {
		return ErrWrongTimepoint
	}
	if m.Depositor != who {
		return ErrNotOwner
	}
	p.Money.Unreserve(ctx, who, m.Deposit)
	p.Multisigs.Remove(ctx, account, c.CallHash)
	ctx.Emit(MultisigCancelled{who, m.When, account, c.CallHash})
	return nil
}

func (p *Pallet) pokeDeposit(ctx *frame.Context, c PokeDeposit) error {
	who, account, m, err := p.own(ctx, c.Threshold, c.OtherSignatories, c.CallHash)
	if err != nil {
		return err
	}
	if m.Depositor != who {
		return ErrNotOwner
	}
	old, today := m.Deposit, p.deposit(c.Threshold)
	if old == today {
		return nil
	}
	if err := p.Money.Reserve(ctx, who, today.SubSat(old)); err != nil {
		return err
	}
	p.Money.Unreserve(ctx, who, old.SubSat(today))
	m.Deposit = today
	p.Multisigs.Put(ctx, account, c.CallHash, m)
	ctx.Emit(DepositPoked{who, c.CallHash, old, today})
	ctx.PaysNo()
	return nil
}
