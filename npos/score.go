package npos

import "github.com/tacit-network/tacit/scale"

// Score says how good a result is. Sums saturate.
type Score struct {
	// Least is the least stake behind a winner; more is better. It is 0 without
	// winners.
	Least scale.U128
	// Sum is the stake behind all winners; more is better.
	Sum scale.U128
	// Squares is the sum of the squares of these stakes; less is better.
	Squares scale.U128
}

// Score judges a result by what backs its winners.
func (r Result[ID]) Score() Score {
	var s Score
	for i, w := range r.Winners {
		if i == 0 || w.Backed.Less(s.Least) {
			s.Least = w.Backed
		}
		s.Sum = s.Sum.AddSat(w.Backed)
		s.Squares = s.Squares.AddSat(w.Backed.MulSat(w.Backed))
	}
	return s
}

// Cmp is 1, 0 or -1 as s is better than, as good as or worse than t: what comes
// first in Score decides first.
func (s Score) Cmp(t Score) int {
	if c := s.Least.Cmp(t.Least); c != 0 {
		return c
	}
	if c := s.Sum.Cmp(t.Sum); c != 0 {
		return c
	}
	return t.Squares.Cmp(s.Squares)
}

// Better says whether s is better than t by more than so many billionths of t.
// Where the first number is better by less, it must not be worse, and the next
// one decides.
func (s Score) Better(t Score, billionths uint64) bool {
	switch cmpBeyond(s.Least, t.Least, billionths) {
	case 1:
		return true
	case -1:
		return false
	}
	if s.Least.Less(t.Least) {
		return false
	}
	switch cmpBeyond(s.Sum, t.Sum, billionths) {
	case 1:
		return true
	case -1:
		return false
	}
	return !s.Sum.Less(t.Sum) && cmpBeyond(s.Squares, t.Squares, billionths) < 0
}

// cmpBeyond compares a with b, and calls them equal if they differ by no more
// than so many billionths of b, rounded up.
func cmpBeyond(a, b scale.U128, billionths uint64) int {
	band := Perbill.MulCeil(billionths, b)
	switch {
	case b.AddSat(band).Less(a):
		return 1
	case a.Less(b.SubSat(band)):
		return -1
	}
	return 0
}
