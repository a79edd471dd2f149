package npos

import (
	"math/bits"

	"github.com/tacit-network/tacit/scale"
)

// phragmen elects candidates one by one, and then weighs the edges.
//
// Loads and scores are numerators over 2^128-1. The score of a candidate is
// one share of its approval, and for each of its voters the share that the
// voter's load has in it:
//
//	score(c) = ⌊(2^128-1) / approval⌋ + Σ ⌊load(v) · stake(v) / approval⌋
//
// A term of that sum changes only when its voter's load does, which happens to
// the voters of the newest winner alone. So each edge keeps its term, and a
// round corrects the scores by the few terms that changed: the integers are
// those of the plain loop over all edges.
func (g *graph) phragmen(seats int) (winners []int) {
	scores := make([]sum, len(g.candidates))
	open := make([]int, len(g.candidates)) // not elected, in order
	for i := range g.candidates {
		open[i] = i
		if c := g.candidates[i]; !c.approval.IsZero() {
			scores[i].n, _ = scale.MaxU128.DivMod(c.approval)
		}
	}
	backers := g.backers()
	for len(winners) < seats && len(open) > 0 {
		at, score := g.least(open, scores)
		w := open[at]
		open = append(open[:at], open[at+1:]...)
		winners = append(winners, w)
		g.candidates[w].elected = true
		for _, b := range backers.of(w) {
			v := &g.voters[b.voter]
			g.edges[b.edge].load = score.SubSat(v.load)
			v.load = score
			g.reload(v, scores)
		}
	}
	g.weigh()
	return winners
}

// least finds the first candidate with the least score. One without approval
// has a score above all others, whose numerator is the largest there is.
func (g *graph) least(open []int, scores []sum) (at int, score scale.U128) {
	at = -1
	for i, c := range open {
		if g.candidates[c].approval.IsZero() {
			continue
		}
		if s := scores[c].clamped(); at < 0 || s.Less(score) {
			at, score = i, s
		}
	}
	if at < 0 {
		return 0, scale.MaxU128
	}
	return at, score
}

// reload corrects the scores of the candidates that a voter votes for after
// its load changed.
func (g *graph) reload(v *voter, scores []sum) {
	edges := g.edges[v.first:v.end]
	for i := range edges {
		e := &edges[i]
		c := &g.candidates[e.candidate]
		if c.elected || c.approval.IsZero() {
			continue
		}
		term := mulDiv(v.load, v.stake, c.approval)
		s := &scores[e.candidate]
		s.sub(e.term)
		s.add(term)
		e.term = term
	}
}

// weigh splits the stake of each voter by the loads that its winners brought,
// and removes the edges that get nothing.
func (g *graph) weigh() {
	var scratch []scale.U128
	for i := range g.voters {
		v := &g.voters[i]
		end := v.first
		for _, e := range g.edges[v.first:v.end] {
			c := &g.candidates[e.candidate]
			if !c.elected {
				continue
			}
			e.weight = mulDiv(e.load, v.stake, v.load)
			if e.weight.IsZero() {
				continue
			}
			c.backed = c.backed.AddSat(e.weight)
			g.edges[end] = e
			end++
		}
		v.end = end
		scratch = g.normalize(v, scratch)
	}
}

// backers are the edges by candidate.
type backers struct {
	first []int
	all   []backer
}

type backer struct{ voter, edge int32 }

func (b backers) of(candidate int) []backer {
	return b.all[b.first[candidate]:b.first[candidate+1]]
}

func (g *graph) backers() backers {
	b := backers{make([]int, len(g.candidates)+1), make([]backer, len(g.edges))}
	for _, e := range g.edges {
		b.first[e.candidate+1]++
	}
	for i := range g.candidates {
		b.first[i+1] += b.first[i]
	}
	next := append([]int(nil), b.first...)
	for v := range g.voters {
		for e := g.voters[v].first; e < g.voters[v].end; e++ {
			c := g.edges[e].candidate
			b.all[next[c]] = backer{int32(v), int32(e)}
			next[c]++
		}
	}
	return b
}

// sum adds up 128-bit numbers without loss, in 192 bits.
type sum struct {
	n    scale.U128
	over uint64
}

func (s *sum) add(n scale.U128) {
	var carry uint64
	s.n.Lo, carry = bits.Add64(s.n.Lo, n.Lo, 0)
	s.n.Hi, carry = bits.Add64(s.n.Hi, n.Hi, carry)
	s.over += carry
}

func (s *sum) sub(n scale.U128) {
	var borrow uint64
	s.n.Lo, borrow = bits.Sub64(s.n.Lo, n.Lo, 0)
	s.n.Hi, borrow = bits.Sub64(s.n.Hi, n.Hi, borrow)
	s.over -= borrow
}

// clamped is the sum as saturating addition would have it.
func (s sum) clamped() scale.U128 {
	if s.over != 0 {
		return scale.MaxU128
	}
	return s.n
}
