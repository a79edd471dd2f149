package payment

import (
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// One is the multiplier 1.
var One = Multiplier{scale.U64(1_000_000_000_000_000_000)}

// Ratio is the multiplier n / d, rounded down. It panics when d is 0.
func Ratio(n, d uint64) Multiplier {
	q, ok := scale.U64(n).MulDiv(One.Inner, scale.U64(d))
	if !ok {
		panic("payment: a ratio does not fit")
	}
	return Multiplier{q}
}

// Mul is m · n, rounded down; what does not fit is the most there is.
func (m Multiplier) Mul(n Multiplier) Multiplier {
	q, ok := m.Inner.MulDiv(n.Inner, One.Inner)
	if !ok {
		q = scale.MaxU128
	}
	return Multiplier{q}
}

// Adjustment is how the multiplier follows the load
// (pallet_transaction_payment::TargetedFeeAdjustment): with s the part of a
// block that normal calls use, s' the target, and v the variable,
//
//	next = multiplier · (1 + v·(s − s') + v²·(s − s')² / 2)
type Adjustment struct {
	// Target is how full a block should be, in percent of what normal calls
	// may weigh.
	Target uint8
	// Variable is how fast the multiplier moves.
	Variable Multiplier
	// Min and Max bound it.
	Min, Max Multiplier
}

// Next is the multiplier after a block whose normal calls weighed used, of
// most that they may weigh. It computes as FRAME does, to the last digit.
func (a Adjustment) Next(previous Multiplier, used, most frame.Weight) Multiplier {
	if previous.Inner.Less(a.Min.Inner) {
		previous = a.Min
	}
	used = used.Min(most)
	weight, limit := used.RefTime, most.RefTime
	if perbill(used.RefTime, most.RefTime) < perbill(used.ProofSize, most.ProofSize) {
		weight, limit = used.ProofSize, most.ProofSize
	}
	target := percent(a.Target, limit)
	diff := Ratio(max(weight, target)-min(weight, target), max(limit, 1))
	first := a.Variable.Mul(diff)
	half, _ := a.Variable.Mul(a.Variable).Inner.DivMod(scale.U64(2))
	second := Multiplier{half}.Mul(diff.Mul(diff))
	var next scale.U128
	if weight >= target {
		next = previous.Inner.AddSat(Multiplier{first.Inner.AddSat(second.Inner)}.Mul(previous).Inner)
	} else {
		next = previous.Inner.SubSat(Multiplier{first.Inner.SubSat(second.Inner)}.Mul(previous).Inner)
	}
	switch {
	case next.Less(a.Min.Inner):
		return a.Min
	case a.Max.Inner.Less(next):
		return a.Max
	}
	return Multiplier{next}
}

// perbill is the part n of d in billionths, rounded down.
func perbill(n, d uint64) uint64 {
	q, _ := scale.U64(n).MulDiv(scale.U64(1_000_000_000), scale.U64(max(d, 1)))
	return q.Lo
}

// percent is p percent of n, rounded to the nearest, and half down.
func percent(p uint8, n uint64) uint64 {
	q, rest := scale.U64(n).MulSat(scale.U64(uint64(p))).DivMod(scale.U64(100))
	if rest.Lo > 50 {
		q = q.AddSat(scale.U64(1))
	}
	return q.Lo
}

// OnFinalize implements frame.Finalizer: the multiplier follows the load.
func (p *Pallet) OnFinalize(ctx *frame.Context) {
	p.NextFeeMultiplier.Put(ctx, p.Adjustment.Next(p.NextFeeMultiplier.Get(ctx), p.Load.NormalWeight(ctx), p.MaxNormal))
}

// Start writes what a chain begins with.
func (p *Pallet) Start(ctx *frame.Context) {
	p.NextFeeMultiplier.Put(ctx, One)
	p.StorageVersion.Put(ctx, V2)
}
