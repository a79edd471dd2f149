package payment

import (
	"reflect"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// InclusionFee is what a transaction costs besides the tip.
type InclusionFee struct{ BaseFee, LenFee, AdjustedWeightFee chain.Balance }

// FeeDetails is what a transaction costs, part by part.
type FeeDetails struct {
	InclusionFee *InclusionFee
	Tip          chain.Balance
}

// Total is the sum of all parts.
func (d FeeDetails) Total() chain.Balance {
	sum := d.Tip
	if f := d.InclusionFee; f != nil {
		sum = sum.AddSat(f.BaseFee).AddSat(f.LenFee).AddSat(f.AdjustedWeightFee)
	}
	return sum
}

// RuntimeDispatchInfo is what a client is told of a call's cost.
type RuntimeDispatchInfo struct {
	Weight     frame.Weight
	Class      frame.Class
	PartialFee chain.Balance
}

// WeightFee is the fee for a weight before the multiplier: one unit for each
// picosecond.
func (p *Pallet) WeightFee(w frame.Weight) chain.Balance { return scale.U64(w.RefTime) }

// LengthFee is the fee for n bytes.
func (p *Pallet) LengthFee(n int) chain.Balance { return p.FeePerByte.MulSat(scale.U64(uint64(n))) }

// Details is the fee of a call of the given length.
func (p *Pallet) Details(ctx *frame.Context, info frame.DispatchInfo, length int, tip chain.Balance) FeeDetails {
	if info.PaysFee == frame.PaysNo {
		return FeeDetails{Tip: tip}
	}
	weight, ok := p.WeightFee(info.Weight).MulDiv(p.NextFeeMultiplier.Get(ctx).Inner, One.Inner)
	if !ok {
		weight = scale.MaxU128
	}
	return FeeDetails{&InclusionFee{p.WeightFee(p.Base), p.LengthFee(length), weight}, tip}
}

// QueryInfo answers TransactionPaymentApi.
func (p *Pallet) QueryInfo(ctx *frame.Context, info frame.DispatchInfo, length int) RuntimeDispatchInfo {
	return RuntimeDispatchInfo{info.Weight, info.Class, p.Details(ctx, info, length, chain.Balance{}).Total()}
}

// tip is what a transaction carries.
type tip struct {
	Tip chain.Balance `scale:"compact" name:"-"`
}

// Extension is the last of a transaction's extensions; it takes the fee before
// the call, and gives back what was too much.
func (p *Pallet) Extension() frame.Extension {
	return frame.Extension{
		Name: "ChargeTransactionPayment", Extra: reflect.TypeFor[tip](),
		Validate: p.validate, Prepare: p.prepare, Post: p.post,
	}
}

func (p *Pallet) validate(ctx *frame.Context, tx *frame.Tx) (frame.Validity, error) {
	fee := p.Details(ctx, tx.Info, tx.Len, tx.Extra.Tip).Total()
	if p.Money.Spendable(ctx, tx.Signer, true).Less(fee) {
		return frame.Validity{}, frame.Invalid{Reason: frame.Payment{}}
	}
	v := frame.Valid()
	v.Priority = p.priority(tx, fee)
	return v, nil
}

// priority is that of pallet_transaction_payment: the tip, weighed by how many
// such transactions a block could hold.
func (p *Pallet) priority(tx *frame.Tx, fee chain.Balance) uint64 {
	time := min(max(tx.Info.Weight.RefTime, 1), p.MaxBlock.RefTime)
	length := min(max(uint64(tx.Len), 1), uint64(p.MaxLength))
	perBlock := scale.U64(min(p.MaxBlock.RefTime/time, uint64(p.MaxLength)/length))
	worth := tx.Extra.Tip.AddSat(scale.U64(1)).MulSat(perBlock)
	if tx.Info.Class == frame.Operational {
		virtual := fee.MulSat(scale.U64(uint64(p.OperationalFeeMultiplier)))
		worth = worth.AddSat(virtual.MulSat(perBlock))
	}
	if n, ok := worth.Uint64(); ok {
		return n
	}
	return ^uint64(0)
}

func (p *Pallet) prepare(ctx *frame.Context, tx *frame.Tx) error {
	tx.Paid = p.Details(ctx, tx.Info, tx.Len, tx.Extra.Tip).Total()
	if err := p.Money.Withdraw(ctx, tx.Signer, tx.Paid, true); err != nil {
		return frame.Invalid{Reason: frame.Payment{}}
	}
	return nil
}

func (p *Pallet) post(ctx *frame.Context, tx *frame.Tx, post frame.PostInfo) {
	info := tx.Info
	info.Weight, info.PaysFee = post.Actual(tx.Info), post.Fee(tx.Info)
	due := p.Details(ctx, info, tx.Len, tx.Extra.Tip).Total()
	p.correct(ctx, tx, due)
	ctx.Emit(TransactionFeePaid{tx.Signer, due, tx.Extra.Tip})
}

// correct gives back what was too much, and hands the rest on, as
// FungibleAdapter does. Where the account ended meanwhile, nothing comes back.
func (p *Pallet) correct(ctx *frame.Context, tx *frame.Tx, due chain.Balance) {
	paid, back := tx.Paid, tx.Paid.SubSat(due)
	if !p.Money.Total(ctx, tx.Signer).IsZero() && p.Money.Deposit(ctx, tx.Signer, back) == nil {
		paid = paid.SubSat(back)
	}
	tip := tx.Extra.Tip
	if paid.Less(tip) {
		tip = paid
	}
	p.Takers.Take(ctx, paid.SubSat(tip), tip)
}

// CanPay says whether who can pay for a bare call of the given weight and
// length, which somebody else submits.
func (p *Pallet) CanPay(ctx *frame.Context, who chain.AccountID, w frame.Weight, length int) bool {
	fee := p.Details(ctx, frame.DispatchInfo{Weight: w}, length, chain.Balance{}).Total()
	return !p.Money.Spendable(ctx, who, true).Less(fee)
}

// Charge takes from who the fee for a bare call of the given weight and length.
func (p *Pallet) Charge(ctx *frame.Context, who chain.AccountID, w frame.Weight, length int) error {
	fee := p.Details(ctx, frame.DispatchInfo{Weight: w}, length, chain.Balance{}).Total()
	if err := p.Money.Withdraw(ctx, who, fee, true); err != nil {
		return err
	}
	p.Takers.Take(ctx, fee, chain.Balance{})
	ctx.Emit(TransactionFeePaid{who, fee, chain.Balance{}})
	return nil
}
