package npos

import (
	"slices"

	"github.com/tacit-network/tacit/scale"
)

// balance evens out the stakes behind the elected candidates, voter by voter,
// until no voter sees a difference above the tolerance, or the iterations are
// used up. It returns how many were used. The winners stay the same.
func (g *graph) balance(b Balancing) int {
	s := star{g: g}
	for n := 0; n < b.Iterations; {
		var largest scale.U128
		for i := range g.voters {
			if d := s.balance(&g.voters[i], b.Tolerance); largest.Less(d) {
				largest = d
			}
		}
		if n++; largest.Cmp(b.Tolerance) <= 0 {
			return n
		}
	}
	return max(b.Iterations, 0)
}

// star balances one voter with its winners, and keeps the memory for the next.
type star struct {
	g       *graph
	edges   []*edge // to elected candidates, by what else backs these
	scratch []scale.U128
}

// balance splits the voter's stake anew, so that the winners that others back
// least are lifted to the same height. It returns the difference that it found.
func (s *star) balance(v *voter, tolerance scale.U128) scale.U128 {
	g := s.g
	s.edges = s.edges[:0]
	for i := v.first; i < v.end; i++ {
		if e := &g.edges[i]; g.candidates[e.candidate].elected {
			s.edges = append(s.edges, e)
		}
	}
	if len(s.edges) < 2 {
		return scale.U128{}
	}
	stake := scale.U64(v.stake)
	difference := s.difference(stake)
	if difference.backed && difference.n.Less(tolerance) {
		return difference.n
	}

	// Take everything back, and look at what others give.
	for _, e := range s.edges {
		c := &g.candidates[e.candidate]
		c.backed = c.backed.SubSat(e.weight)
		e.weight = scale.U128{}
	}
	slices.SortStableFunc(s.edges, func(a, b *edge) int {
		return g.candidates[a.candidate].backed.Cmp(g.candidates[b.candidate].backed)
	})

	// The stake lifts the first winners, as many as it reaches.
	var below scale.U128
	last := len(s.edges) - 1
	for i, e := range s.edges {
		backed := g.candidates[e.candidate].backed
		if stake.Less(backed.MulSat(scale.U64(uint64(i))).SubSat(below)) {
			last = max(i-1, 0)
			break
		}
		below = below.AddSat(backed)
	}
	height := g.candidates[s.edges[last].candidate].backed
	ways := scale.U64(uint64(last + 1))
	excess := stake.AddSat(below).SubSat(height.MulSat(ways))
	each, _ := excess.DivMod(ways)
	for _, e := range s.edges[:last+1] {
		c := &g.candidates[e.candidate]
		e.weight = each.AddSat(height).SubSat(c.backed)
		c.backed = c.backed.AddSat(e.weight)
	}
	s.scratch = g.normalize(v, s.scratch)
	return difference.n
}

type difference struct {
	n      scale.U128
	backed bool // whether the voter backs anybody yet
}

// difference is between the most backed of the winners that get something from
// the voter and the least backed of all its winners, and what of its stake
// nobody gets.
func (s *star) difference(stake scale.U128) difference {
	var used, most scale.U128
	least := scale.MaxU128
	backs := false
	for _, e := range s.edges {
		backed := s.g.candidates[e.candidate].backed
		used = used.AddSat(e.weight)
		if !e.weight.IsZero() {
			backs = true
			if most.Less(backed) {
				most = backed
			}
		}
		if backed.Less(least) {
			least = backed
		}
	}
	if !backs {
		return difference{n: stake}
	}
	return difference{most.SubSat(least).AddSat(stake.SubSat(used)), true}
}
