package npos

import (
	"math/bits"

	"github.com/tacit-network/tacit/scale"
)

// Accuracy is into how many parts a whole is divided.
type Accuracy uint64

// The accuracies of sp-arithmetic.
const (
	Percent     Accuracy = 100
	PerU16      Accuracy = 65535
	Permill     Accuracy = 1e6
	Perbill     Accuracy = 1e9
	Perquintill Accuracy = 1e18
)

// Ratio returns p/q in parts, rounded down. It is the whole if p is above q, or
// q is 0.
func (a Accuracy) Ratio(p, q scale.U128) uint64 {
	if q.IsZero() || q.Less(p) {
		return uint64(a)
	}
	return mulDiv(p, uint64(a), q).Lo
}

// Mul returns so many parts of x, at most all of it, rounded to the nearest
// whole number and of two to the lower one.
func (a Accuracy) Mul(parts uint64, x scale.U128) scale.U128 {
	whole, rest := a.mul(parts, x)
	if rest > uint64(a)/2 {
		return whole.AddSat(scale.U64(1))
	}
	return whole
}

// MulFloor is Mul, rounded down.
func (a Accuracy) MulFloor(parts uint64, x scale.U128) scale.U128 {
	whole, _ := a.mul(parts, x)
	return whole
}

// MulCeil is Mul, rounded up.
func (a Accuracy) MulCeil(parts uint64, x scale.U128) scale.U128 {
	whole, rest := a.mul(parts, x)
	if rest != 0 {
		return whole.AddSat(scale.U64(1))
	}
	return whole
}

func (a Accuracy) mul(parts uint64, x scale.U128) (whole scale.U128, rest uint64) {
	one, parts := max(uint64(a), 1), min(parts, uint64(a))
	q, r := x.DivMod(scale.U64(one))
	whole, _ = q.Mul(scale.U64(parts)) // below x
	hi, lo := bits.Mul64(r.Lo, parts)
	n, rest := bits.Div64(hi, lo, one)
	return whole.AddSat(scale.U64(n)), rest
}
