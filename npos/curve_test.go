package npos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/scale"
)

// plainLoop elects as phragmen does, over all edges in each round, with the same
// integers: what the incremental form saves is the difference in time.
func (g *graph) plainLoop(seats int) (winners []int) {
	for len(winners) < min(seats, len(g.candidates)) {
		scores := make([]sum, len(g.candidates))
		for i, c := range g.candidates {
			if !c.elected && !c.approval.IsZero() {
				scores[i].n, _ = scale.MaxU128.DivMod(c.approval)
			}
		}
		for _, v := range g.voters {
			if v.load.IsZero() {
				continue
			}
			for _, e := range g.edges[v.first:v.end] {
				if c := &g.candidates[e.candidate]; !c.elected {
					scores[e.candidate].add(mulDiv(v.load, v.stake, c.approval))
				}
			}
		}
		var open []int
		for i, c := range g.candidates {
			if !c.elected {
				open = append(open, i)
			}
		}
		at, score := g.least(open, scores)
		w := open[at]
		g.candidates[w].elected = true
		winners = append(winners, w)
		for i := range g.voters {
			v := &g.voters[i]
			for j, e := range g.edges[v.first:v.end] {
				if e.candidate == w {
					g.edges[v.first+j].load, v.load = score.SubSat(v.load), score
				}
			}
		}
	}
	return winners
}

// crowd are voters with sixteen votes each.
func crowd(voters, candidates, seats int) votes {
	r := rand.New(rand.NewPCG(9, 10))
	v := votes{seats: seats}
	for i := range candidates {
		v.candidates = append(v.candidates, i)
	}
	for i := range voters {
		v.voters = append(v.voters, Voter[int]{candidates + i, 1e10 + r.Uint64N(1e14), r.Perm(candidates)[:16]})
	}
	return v
}

func TestPlainLoopIsTheSame(t *testing.T) {
	v := crowd(500, 60, 30)
	want := newGraph(v.candidates, v.voters).phragmen(v.seats)
	if got := newGraph(v.candidates, v.voters).plainLoop(v.seats); !slices.Equal(got, want) {
		t.Errorf("the plain loop elects %v, and the incremental one %v", got, want)
	}
}

// The cost of an election against the plain loop's, from a small one to
// Polkadot's limits and beyond.
func BenchmarkCurve(b *testing.B) {
	for _, size := range []struct{ voters, candidates, seats int }{
		{1_000, 200, 50}, {5_000, 500, 150}, {22_500, 1_000, 297}, {22_500, 2_000, 600}, {100_000, 3_000, 1_000},
	} {
		v := crowd(size.voters, size.candidates, size.seats)
		name := fmt.Sprintf("%d voters %d candidates %d seats", size.voters, size.candidates, size.seats)
		b.Run(name+"/incremental", func(b *testing.B) {
			for b.Loop() {
				newGraph(v.candidates, v.voters).phragmen(v.seats)
			}
		})
		b.Run(name+"/plain", func(b *testing.B) {
			for b.Loop() {
				newGraph(v.candidates, v.voters).plainLoop(v.seats)
			}
		})
	}
}
