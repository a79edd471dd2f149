package npos

import (
	"math/bits"

	"github.com/tacit-network/tacit/scale"
)

// mulDiv returns ⌊a · b / c⌋, from the exact product, or the largest number if
// that does not fit. With c = 0 it is as with c = 1.
func mulDiv(a scale.U128, b uint64, c scale.U128) scale.U128 {
	// The product is p2 p1 p0.
	p1, p0 := bits.Mul64(a.Lo, b)
	p2, mid := bits.Mul64(a.Hi, b)
	p1, carry := bits.Add64(p1, mid, 0)
	p2 += carry
	if c.Hi == 0 {
		d := max(c.Lo, 1)
		if p2 >= d {
			return scale.MaxU128
		}
		hi, rest := bits.Div64(p2, p1, d)
		lo, _ := bits.Div64(rest, p0, d)
		return scale.U128{Lo: lo, Hi: hi}
	}
	// Long division in base 2^64, with the divisor shifted up to its top bit
	// (Knuth's algorithm D): two digits of the quotient, each from three of the
	// dividend by two.
	s := uint(bits.LeadingZeros64(c.Hi))
	d1, d0 := c.Hi<<s|c.Lo>>1>>(63-s), c.Lo<<s
	u3, u2 := p2>>1>>(63-s), p2<<s|p1>>1>>(63-s)
	u1, u0 := p1<<s|p0>>1>>(63-s), p0<<s
	q1, r1, r0 := div3by2(u3, u2, u1, d1, d0)
	q0, _, _ := div3by2(r1, r0, u0, d1, d0)
	return scale.U128{Lo: q0, Hi: q1}
}

// div3by2 divides u2 u1 u0 by d1 d0. The top bit of d1 is set, and u2 u1 is
// less than d1 d0, so that the quotient has one digit.
func div3by2(u2, u1, u0, d1, d0 uint64) (q, r1, r0 uint64) {
	q = ^uint64(0)
	if u2 < d1 {
		q, _ = bits.Div64(u2, u1, d1)
	}
	// The estimate is at most two too large.
	for {
		hi, lo := bits.Mul64(q, d0)
		top, mid := bits.Mul64(q, d1)
		mid, carry := bits.Add64(mid, hi, 0)
		top += carry
		var borrow uint64
		r0, borrow = bits.Sub64(u0, lo, 0)
		r1, borrow = bits.Sub64(u1, mid, borrow)
		if _, borrow = bits.Sub64(u2, top, borrow); borrow == 0 {
			return q, r1, r0
		}
		q--
	}
}

// cmpProducts compares a · b with c · d.
func cmpProducts(a, b, c, d scale.U128) int {
	p, q := mulWide(a, b), mulWide(c, d)
	for i := len(p) - 1; i >= 0; i-- {
		switch {
		case p[i] < q[i]:
			return -1
		case p[i] > q[i]:
			return 1
		}
	}
	return 0
}

// mulWide returns a · b, the least digit first.
func mulWide(a, b scale.U128) (p [4]uint64) {
	for i, x := range [2]uint64{a.Lo, a.Hi} {
		var carry uint64
		for j, y := range [2]uint64{b.Lo, b.Hi} {
			hi, lo := bits.Mul64(x, y)
			var c uint64
			lo, c = bits.Add64(lo, carry, 0)
			hi += c
			p[i+j], c = bits.Add64(p[i+j], lo, 0)
			carry = hi + c
		}
		p[i+2] = carry
	}
	return p
}
