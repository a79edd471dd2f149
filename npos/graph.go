package npos

import "github.com/tacit-network/tacit/scale"

// graph is an election under way: voters, candidates and the edges between
// them, by number.
type graph struct {
	candidates []candidate
	voters     []voter
	edges      []edge
}

type candidate struct {
	// approval is the sum of the stakes of all who vote for it.
	approval scale.U128
	// backed is the sum of the weights of the edges to it.
	backed  scale.U128
	elected bool
}

type voter struct {
	row        int // in the list of voters that came in
	stake      uint64
	load       scale.U128
	first, end int // its edges
}

type edge struct {
	candidate int
	// weight is the part of the voter's stake that it gives.
	weight scale.U128
	// load is the part of the voter's load that the candidate brought.
	load scale.U128
	// term is what the edge adds to the score of a candidate not yet elected.
	term scale.U128
}

// newGraph drops votes for what is no candidate, repeated votes, and voters
// that have none left.
func newGraph[ID comparable](candidates []ID, voters []Voter[ID]) *graph {
	number := make(map[ID]int, len(candidates))
	for i, c := range candidates {
		number[c] = i
	}
	votes := 0
	for _, v := range voters {
		votes += len(v.Targets)
	}
	g := &graph{
		candidates: make([]candidate, len(candidates)),
		voters:     make([]voter, 0, len(voters)),
		edges:      make([]edge, 0, votes),
	}
	seen := make([]int, len(candidates)) // the last row that voted for it, from 1
	for row, v := range voters {
		first := len(g.edges)
		for _, t := range v.Targets {
			c, ok := number[t]
			if !ok || seen[c] == row+1 {
				continue
			}
			seen[c] = row + 1
			g.candidates[c].approval = g.candidates[c].approval.AddSat(scale.U64(v.Stake))
			g.edges = append(g.edges, edge{candidate: c})
		}
		if len(g.edges) > first {
			g.voters = append(g.voters, voter{row: row, stake: v.Stake, first: first, end: len(g.edges)})
		}
	}
	return g
}

// normalize makes the voter's edges to elected candidates sum to its stake,
// and what backs the candidates follow. Edges that sum to more than 128 bits
// stay as they are.
func (g *graph) normalize(v *voter, scratch []scale.U128) []scale.U128 {
	weights := scratch[:0]
	edges := g.edges[v.first:v.end]
	for _, e := range edges {
		if g.candidates[e.candidate].elected {
			weights = append(weights, e.weight)
		}
	}
	if !normalize(weights, scale.U64(v.stake), scale.MaxU128) {
		return weights
	}
	i := 0
	for k := range edges {
		e := &edges[k]
		c := &g.candidates[e.candidate]
		if !c.elected {
			continue
		}
		if e.weight != weights[i] {
			c.backed = c.backed.SubSat(e.weight).AddSat(weights[i])
			e.weight = weights[i]
		}
		i++
	}
	return weights
}
