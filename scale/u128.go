package scale

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
)

// U128 is an unsigned integer of 128 bits. Its arithmetic is checked: what
// does not fit is reported and never wraps. The zero value is 0, and == works.
type U128 struct{ Lo, Hi uint64 }

// MaxU128 is the largest U128.
var MaxU128 = U128{^uint64(0), ^uint64(0)}

// U64 is n as a U128.
func U64(n uint64) U128 { return U128{Lo: n} }

// Add returns a + b; ok is false when the sum does not fit.
func (a U128) Add(b U128) (sum U128, ok bool) {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, carry := bits.Add64(a.Hi, b.Hi, carry)
	return U128{lo, hi}, carry == 0
}

// Sub returns a - b; ok is false when b is larger.
func (a U128) Sub(b U128) (diff U128, ok bool) {
	lo, borrow := bits.Sub64(a.Lo, b.Lo, 0)
	hi, borrow := bits.Sub64(a.Hi, b.Hi, borrow)
	return U128{lo, hi}, borrow == 0
}

// Mul returns a · b; ok is false when the product does not fit.
func (a U128) Mul(b U128) (product U128, ok bool) {
	hi, lo := a.wideMul(b)
	return lo, hi.IsZero()
}

// AddSat returns a + b, or the largest U128 when that does not fit.
func (a U128) AddSat(b U128) U128 {
	if sum, ok := a.Add(b); ok {
		return sum
	}
	return MaxU128
}

// SubSat returns a - b, or 0 when b is larger.
func (a U128) SubSat(b U128) U128 {
	if diff, ok := a.Sub(b); ok {
		return diff
	}
	return U128{}
}

// MulSat returns a · b, or the largest U128 when that does not fit.
func (a U128) MulSat(b U128) U128 {
	if product, ok := a.Mul(b); ok {
		return product
	}
	return MaxU128
}

// DivMod returns the quotient and the rest of a / b. It panics when b is 0.
func (a U128) DivMod(b U128) (quotient, rest U128) {
	if b.IsZero() {
		panic("scale: division by zero")
	}
	if b.Hi == 0 {
		hi, r := a.Hi/b.Lo, a.Hi%b.Lo
		lo, r := bits.Div64(r, a.Lo, b.Lo)
		return U128{lo, hi}, U64(r)
	}
	// b has more than 64 bits, so the quotient has at most 64: estimate it
	// from the leading bits and correct it by one where needed.
	n := uint(bits.LeadingZeros64(b.Hi))
	top := b.shl(n).Hi
	half := a.shr(1)
	q, _ := bits.Div64(half.Hi, half.Lo, top)
	q >>= 63 - n
	if q != 0 {
		q--
	}
	product, _ := b.Mul(U64(q))
	rest, _ = a.Sub(product)
	if rest.Cmp(b) >= 0 {
		q++
		rest, _ = rest.Sub(b)
	}
	return U64(q), rest
}

// MulDiv returns a · b / c, rounded down, with a product of 256 bits; ok is
// false when the quotient does not fit or c is 0.
func (a U128) MulDiv(b, c U128) (quotient U128, ok bool) {
	if c.IsZero() {
		return U128{}, false
	}
	hi, lo := a.wideMul(b)
	if hi.IsZero() {
		quotient, _ = lo.DivMod(c)
		return quotient, true
	}
	if hi.Cmp(c) >= 0 {
		return U128{}, false
	}
	// Long division, one bit at a time: rest stays below c.
	rest := hi
	for i := 127; i >= 0; i-- {
		carry := rest.Hi >> 63
		rest = rest.shl(1)
		rest.Lo |= lo.shr(uint(i)).Lo & 1
		quotient = quotient.shl(1)
		if carry == 1 || rest.Cmp(c) >= 0 {
			rest, _ = rest.Sub(c)
			quotient.Lo |= 1
		}
	}
	return quotient, true
}

// Cmp is -1, 0 or 1 as a is less than, equal to or greater than b.
func (a U128) Cmp(b U128) int {
	switch {
	case a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo:
		return -1
	case a == b:
		return 0
	}
	return 1
}

// Less says whether a < b.
func (a U128) Less(b U128) bool { return a.Cmp(b) < 0 }

// IsZero says whether a is 0.
func (a U128) IsZero() bool { return a == U128{} }

// Uint64 returns a; ok is false when it does not fit.
func (a U128) Uint64() (n uint64, ok bool) { return a.Lo, a.Hi == 0 }

// Big returns a as a big.Int.
func (a U128) Big() *big.Int {
	n := new(big.Int).SetUint64(a.Hi)
	return n.Or(n.Lsh(n, 64), new(big.Int).SetUint64(a.Lo))
}

// String is a in decimal.
func (a U128) String() string {
	if a.Hi == 0 {
		return fmt.Sprint(a.Lo)
	}
	return a.Big().String()
}

// ErrNumber means that a text is no decimal number of 128 bits.
var ErrNumber = errors.New("not a whole number of at most 128 bits")

// ParseU128 reads a decimal number.
func ParseU128(s string) (U128, error) {
	if s == "" || len(s) > 39 {
		return U128{}, fmt.Errorf("%q: %w", s, ErrNumber)
	}
	var n U128
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return U128{}, fmt.Errorf("%q: %w", s, ErrNumber)
		}
		tens, ok := n.Mul(U64(10))
		sum, fits := tens.Add(U64(uint64(c - '0')))
		if !ok || !fits {
			return U128{}, fmt.Errorf("%q: %w", s, ErrNumber)
		}
		n = sum
	}
	return n, nil
}

// MarshalText writes a in decimal, which keeps it whole in JSON.
func (a U128) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a decimal number.
func (a *U128) UnmarshalText(text []byte) error {
	n, err := ParseU128(string(text))
	if err != nil {
		return err
	}
	*a = n
	return nil
}

// EncodeSCALE implements Encoder: 16 bytes, little endian.
func (a U128) EncodeSCALE(dst []byte) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, a.Lo), a.Hi)
}

// DecodeSCALE implements Unmarshaler.
func (a *U128) DecodeSCALE(d *Decoder) error {
	b, err := d.Bytes(16)
	if err != nil {
		return err
	}
	*a = U128{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
	return nil
}

func (a U128) wideMul(b U128) (hi, lo U128) {
	h00, l00 := bits.Mul64(a.Lo, b.Lo)
	h01, l01 := bits.Mul64(a.Lo, b.Hi)
	h10, l10 := bits.Mul64(a.Hi, b.Lo)
	h11, l11 := bits.Mul64(a.Hi, b.Hi)
	mid, c1 := bits.Add64(h00, l01, 0)
	mid, c2 := bits.Add64(mid, l10, 0)
	up, c3 := bits.Add64(h01, h10, 0)
	up, c4 := bits.Add64(up, l11, 0)
	up, c5 := bits.Add64(up, c1+c2, 0)
	return U128{up, h11 + c3 + c4 + c5}, U128{l00, mid}
}

func (a U128) shl(n uint) U128 {
	switch {
	case n == 0:
		return a
	case n >= 64:
		return U128{0, a.Lo << (n - 64)}
	}
	return U128{a.Lo << n, a.Hi<<n | a.Lo>>(64-n)}
}

func (a U128) shr(n uint) U128 {
	switch {
	case n == 0:
		return a
	case n >= 64:
		return U128{a.Hi >> (n - 64), 0}
	}
	return U128{a.Lo>>n | a.Hi<<(64-n), a.Hi >> n}
}
