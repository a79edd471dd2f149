package worker

import (
	"testing"
	"time"

	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

// timed is how many seconds something took.
func timed(f func()) float64 {
	began := time.Now()
	f()
	return time.Since(began).Seconds()
}

// BenchmarkKeys compares the rate of commands of a state that has a million keys
// with that of an empty one, in one run, with syncs, proofs and the disk: 64
// commands at a time, as relays bring them. It also makes the snapshot of that
// state, and gives it to a fresh worker.
func BenchmarkKeys(b *testing.B) {
	const million = 1_000_000
	rate := func(s *story) float64 {
		const rounds = 20
		alice := account(b, "//Alice")
		var spent float64
		for range rounds {
			for range 64 {
				s.command(alice, "increment", "1")
			}
			spent += timed(func() { s.sweep(s.w) })
		}
		return 64 * rounds / spent
	}
	for b.Loop() {
		empty, full := newStory(b), newStory(b)
		for _, s := range []*story{empty, full} {
			s.instantiate(account(b, "//Alice"))
			s.sweep(s.w)
		}
		for i := 0; i < million; i += 1000 {
			full.deposits(i, 1000)
			full.sweep(full.w)
		}
		// In turns, so that what else the machine does meets both.
		var of [2]float64
		for range 3 {
			of[0] = max(of[0], rate(empty))
			of[1] = max(of[1], rate(full))
		}
		b.ReportMetric(of[0], "commands/s-empty")
		b.ReportMetric(of[1], "commands/s-million")
		b.ReportMetric(of[1]/of[0], "of-the-rate")
		b.ReportMetric(timed(func() { full.snapshot = full.made() }), "s-to-make")
		b.ReportMetric(float64(full.snapshot.Chunks), "chunks")
		var chunks []clusters.KeptChunk
		full.c.tell(full.w, clusters.SnapshotWanted{Cluster: full.cluster, Name: full.snapshot.Name()})
		for _, m := range full.sweep(full.w) {
			if m, ok := m.(clusters.SnapshotChunk); ok {
				chunks = append(chunks, clusters.KeptChunk{Bytes: m.Bytes, Proof: m.Proof})
			}
		}
		taker := full.member(full.snapshot)
		b.ReportMetric(timed(func() { give(b, taker, full.cluster, 0, chunks) }), "s-to-take")
	}
}
