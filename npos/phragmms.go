package npos

import "github.com/tacit-network/tacit/scale"

// phragmms elects candidates one by one: each round takes the candidate that
// would get the most if its voters gave it what they can spare, moves that to
// it, and balances.
func (g *graph) phragmms(seats int, b Balancing, a Accuracy) (winners []int) {
	denominators := make([]scale.U128, len(g.candidates))
	for len(winners) < seats {
		w, score := g.greatest(denominators, a)
		if w < 0 {
			break
		}
		g.transfer(w, score.rounded())
		g.candidates[w].elected = true
		winners = append(winners, w)
		g.balance(b)
	}
	return winners
}

// rational is n / d; d is not 0.
type rational struct{ n, d scale.U128 }

func (r rational) greater(s rational) bool { return cmpProducts(r.n, s.d, s.n, r.d) > 0 }

// rounded is the nearest whole number, and of two the lower one.
func (r rational) rounded() scale.U128 {
	q, rest := r.n.DivMod(r.d)
	if half, _ := r.d.DivMod(scale.U64(2)); half.Less(rest) {
		return q.AddSat(scale.U64(1))
	}
	return q
}

// greatest finds the first candidate with the greatest score, which is its
// approval over one plus, for each of its voters, the shares that the voter has
// in the stakes behind the winners it votes for. It is -1 if nobody with an
// approval is left.
func (g *graph) greatest(denominators []scale.U128, a Accuracy) (best int, score rational) {
	one := scale.U64(uint64(a))
	for i := range denominators {
		denominators[i] = one
	}
	for _, v := range g.voters {
		var shares scale.U128
		for _, e := range g.edges[v.first:v.end] {
			if c := &g.candidates[e.candidate]; c.elected {
				shares = shares.AddSat(scale.U64(a.Ratio(e.weight, c.backed)))
			}
		}
		if shares.IsZero() {
			continue
		}
		for _, e := range g.edges[v.first:v.end] {
			if !g.candidates[e.candidate].elected {
				denominators[e.candidate] = denominators[e.candidate].AddSat(shares)
			}
		}
	}
	best, score = -1, rational{d: scale.U64(1)}
	for i := range g.candidates {
		c := &g.candidates[i]
		if c.elected || c.approval.IsZero() {
			continue
		}
		if s := (rational{c.approval.MulSat(one), denominators[i]}); s.greater(score) {
			best, score = i, s
		}
	}
	return best, score
}

// transfer gives to a new winner what its voters have not used, and from their
// other winners that have more than the cutoff the part that the cutoff is of
// what backs them.
func (g *graph) transfer(winner int, cutoff scale.U128) {
	backed := g.candidates[winner].backed
	for _, v := range g.voters {
		var to *edge
		var used scale.U128
		for i := v.first; i < v.end; i++ {
			e := &g.edges[i]
			used = used.AddSat(e.weight)
			if e.candidate == winner {
				to = e
			}
		}
		if to == nil {
			continue
		}
		weight := scale.U64(v.stake).SubSat(used)
		backed = backed.AddSat(weight)
		for i := v.first; i < v.end; i++ {
			e := &g.edges[i]
			c := &g.candidates[e.candidate]
			if e == to || e.weight.IsZero() || !cutoff.Less(c.backed) {
				continue
			}
			take, _ := e.weight.MulSat(cutoff).DivMod(c.backed)
			e.weight = e.weight.SubSat(take)
			c.backed = c.backed.SubSat(take)
			backed = backed.AddSat(take)
			weight = weight.AddSat(take)
		}
		to.weight = weight
	}
	g.candidates[winner].backed = backed
}
