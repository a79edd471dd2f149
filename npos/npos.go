// Package npos elects validators from the votes of stakers: sequential
// Phragmén, PhragMMS and star balancing, with the exact integers of Substrate's
// sp-npos-elections, so that the same votes give the same winners and the same
// amounts here as on Polkadot.
//
// Candidates and voters come in; winners, and how much each voter gives to
// each of them, come out. Other functions judge such a result, whoever claims
// it: Check (does it follow the votes?), Score (which is the better one?) and
// PJR (are minorities represented?).
//
// The order of what comes in is part of the rules. Of candidates with equal
// scores the earlier one wins. Voters are balanced one after the other in their
// order, which decides where the last units go. Winners come out in the order
// in which they were elected, voters in the order in which they came in. There
// is no float, no clock, no randomness and no iteration of a map.
//
// The package does not know what an account, a bond or an era is, and sets no
// entry barrier: a candidate that nobody votes for wins if seats remain.
package npos

import "github.com/tacit-network/tacit/scale"

// Voter is somebody who gives a stake to candidates. Two voters of the same
// name are two voters.
type Voter[ID comparable] struct {
	Who   ID
	Stake uint64
	// Targets are the candidates voted for. Those that are no candidates, and
	// repetitions, do not count.
	Targets []ID
}

// Balancing says how long to balance a result. The zero value means not at all.
type Balancing struct {
	// Iterations is how often all voters are balanced at most.
	Iterations int
	// Tolerance is the difference between the stakes behind a voter's winners
	// at which it is left as it is.
	Tolerance scale.U128
}

// Result is the outcome of an election.
type Result[ID comparable] struct {
	// Winners are in the order of their election.
	Winners []Winner[ID]
	// Backers are the voters with a vote for a candidate, in their order.
	Backers []Backer[ID]
}

// Winner is an elected candidate.
type Winner[ID comparable] struct {
	Who ID
	// Backed is the sum of the edges to it.
	Backed scale.U128
}

// Backer is how a voter's stake is split.
type Backer[ID comparable] struct {
	Who   ID
	Stake uint64
	// Edges are in the order of the voter's targets. They sum to the stake, or
	// to 0 if none of its targets won. Edges may be 0 after balancing.
	Edges []Edge[ID]
}

// Edge is the part of a voter's stake that backs one candidate.
type Edge[ID comparable] struct {
	Who    ID
	Amount scale.U128
}

// Phragmen elects by Phragmén's sequential method, and then balances. It elects
// as many as there are seats, or all candidates when they are fewer.
//
// Preconditions: no candidate stands twice.
func Phragmen[ID comparable](seats int, candidates []ID, voters []Voter[ID], b Balancing) Result[ID] {
	g := newGraph(candidates, voters)
	winners := g.phragmen(seats)
	g.balance(b)
	return result(g, winners, candidates, voters)
}

// PhragMMS elects by the method of that name, which comes closer to the
// greatest possible least stake, and balances after each seat. The scores of
// candidates are computed to the accuracy. Candidates without stake are never
// elected.
//
// Preconditions: no candidate stands twice.
func PhragMMS[ID comparable](seats int, candidates []ID, voters []Voter[ID], b Balancing, a Accuracy) Result[ID] {
	g := newGraph(candidates, voters)
	winners := g.phragmms(seats, b, a)
	return result(g, winners, candidates, voters)
}

func result[ID comparable](g *graph, winners []int, candidates []ID, voters []Voter[ID]) Result[ID] {
	r := Result[ID]{
		Winners: make([]Winner[ID], len(winners)),
		Backers: make([]Backer[ID], len(g.voters)),
	}
	for i, w := range winners {
		r.Winners[i] = Winner[ID]{candidates[w], g.candidates[w].backed}
	}
	edges := make([]Edge[ID], 0, len(g.edges))
	for i, v := range g.voters {
		first := len(edges)
		for _, e := range g.edges[v.first:v.end] {
			edges = append(edges, Edge[ID]{candidates[e.candidate], e.weight})
		}
		r.Backers[i] = Backer[ID]{voters[v.row].Who, v.stake, edges[first:len(edges):len(edges)]}
	}
	return r
}

// Support is who backs a winner.
type Support[ID comparable] struct {
	Who ID
	// Total is the sum of the edges.
	Total scale.U128
	// Edges name the voters, in their order; none of them is 0.
	Edges []Edge[ID]
}

// Supports is the result seen from the winners, in their order.
func (r Result[ID]) Supports() []Support[ID] {
	supports := make([]Support[ID], len(r.Winners))
	at := make(map[ID]int, len(r.Winners))
	for i, w := range r.Winners {
		supports[i].Who = w.Who
		at[w.Who] = i
	}
	for _, b := range r.Backers {
		for _, e := range b.Edges {
			i, ok := at[e.Who]
			if !ok || e.Amount.IsZero() {
				continue
			}
			s := &supports[i]
			s.Total = s.Total.AddSat(e.Amount)
			s.Edges = append(s.Edges, Edge[ID]{b.Who, e.Amount})
		}
	}
	return supports
}

// Assignment is how a voter's stake is split, in parts of an accuracy.
type Assignment[ID comparable] struct {
	Who    ID
	Shares []Share[ID]
}

// Share is a part of a voter's stake.
type Share[ID comparable] struct {
	Who   ID
	Parts uint64
}

// Assignments gives the edges as ratios, which sum to the accuracy in each
// voter. A voter that has no edge with a part that can be expressed is left out.
func (r Result[ID]) Assignments(a Accuracy) []Assignment[ID] {
	var all []Assignment[ID]
	for _, b := range r.Backers {
		if shares := b.shares(a); len(shares) > 0 {
			all = append(all, Assignment[ID]{b.Who, shares})
		}
	}
	return all
}

func (b Backer[ID]) shares(a Accuracy) []Share[ID] {
	var shares []Share[ID]
	var parts []scale.U128
	for _, e := range b.Edges {
		if p := a.Ratio(e.Amount, scale.U64(b.Stake)); p != 0 {
			shares = append(shares, Share[ID]{e.Who, p})
			parts = append(parts, scale.U64(p))
		}
	}
	if normalize(parts, scale.U64(uint64(a)), scale.MaxU128) {
		for i, p := range parts {
			shares[i].Parts = p.Lo
		}
	}
	return shares
}

// Rounded is the result after its edges went through ratios of the accuracy,
// as they do on chains that store ratios. Each voter's edges are normalised to
// its stake again, and what backs the winners follows them.
func (r Result[ID]) Rounded(a Accuracy) Result[ID] {
	var out Result[ID]
	for _, b := range r.Backers {
		stake := scale.U64(b.Stake)
		var edges []Edge[ID]
		var amounts []scale.U128
		for _, s := range b.shares(a) {
			amount := a.Mul(s.Parts, stake)
			edges = append(edges, Edge[ID]{s.Who, amount})
			amounts = append(amounts, amount)
		}
		if len(edges) == 0 {
			continue
		}
		if normalize(amounts, stake, scale.MaxU128) {
			for i := range edges {
				edges[i].Amount = amounts[i]
			}
		}
		out.Backers = append(out.Backers, Backer[ID]{b.Who, b.Stake, edges})
	}
	out.Winners = append(out.Winners, r.Winners...)
	for i, s := range out.Supports() {
		out.Winners[i].Backed = s.Total
	}
	return out
}
