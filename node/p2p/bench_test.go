package p2p

import (
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/grandpa"
)

// BenchmarkWarp serves and verifies the warp proof over a thousand changes of
// the set, each by two thirds of the validators, as a light client that was
// away for years asks for it: in as many answers as the limit of 8 MiB makes.
func BenchmarkWarp(b *testing.B) {
	const sets = 1000
	for _, validators := range []int{4, 100} {
		b.Run(fmt.Sprintf("%d-validators", validators), func(b *testing.B) {
			c := newChain(b, validators, 0)
			all := []int{}
			for i := 2; i < validators; i++ {
				all = append(all, i)
			}
			for i := range sets + 3 {
				c.change(append([]int{i % 2}, all...)...)
				c.step(1)
			}
			a, set := answers{c.app, grandpa.MaxWarpProof}, c.genesisSet()
			b.Run("serve", func(b *testing.B) { benchmarkServe(b, a) })
			b.Run("serve-and-verify", func(b *testing.B) {
				count := 0
				for b.Loop() {
					end, _, n := warpAll(b, a, set)
					if count = n; end.ID < sets {
						b.Fatalf("it led to set %d", end.ID)
					}
				}
				b.ReportMetric(float64(count), "answers")
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/sets, "µs/set")
			})
		})
	}
}

func benchmarkServe(b *testing.B, a answers) {
	size := 0
	for b.Loop() {
		at, finished := a.app.Genesis(), false
		size = 0
		for !finished {
			raw, err := a.warp(at[:])
			if err != nil {
				b.Fatal(err)
			}
			size += len(raw)
			b.StopTimer()
			proof, err := grandpa.DecodeWarpProof(raw)
			if err != nil {
				b.Fatal(err)
			}
			at, finished = proof.Fragments[len(proof.Fragments)-1].Header.Hash(), proof.Finished
			b.StartTimer()
		}
	}
	b.ReportMetric(float64(size)/1e6, "MB")
}
