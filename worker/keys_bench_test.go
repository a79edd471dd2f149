package worker

import (
	"context"
	"runtime"
	"slices"
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

// heap is how many MB are in use.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}

// BenchmarkKeys compares the rate of commands of a state that has a million keys
// with that of an empty one, in one run, with syncs, proofs and the disk: 64
// commands at a time, as relays bring them. It also makes the snapshot of that
// state, and gives it to a fresh worker, whose memory then grew.
func BenchmarkKeys(b *testing.B) {
	const million = 1_000_000
	alice := account(b, "//Alice")
	// step executes 64 commands, and returns how long the worker took.
	step := func(s *story) float64 {
		for range 64 {
			s.command(alice, "increment", "1")
		}
		request := s.c.sync(s.w, 64)
		took := timed(func() {
			if r, err := s.w.Sync(context.Background(), request); err != nil || r.More {
				b.Fatal(err)
			}
		})
		s.sweep(s.w)
		return took
	}
	for b.Loop() {
		empty, full := newStory(b), newStory(b)
		for _, s := range []*story{empty, full} {
			s.instantiate(alice)
			s.sweep(s.w)
		}
		for i := 0; i < million; i += 1000 {
			full.deposits(i, 1000)
			full.sweep(full.w)
		}
		// In turns, and the middle of many, so that what else the machine does meets
		// both.
		var took [2][]float64
		for range 101 {
			took[0], took[1] = append(took[0], step(empty)), append(took[1], step(full))
		}
		var of [2]float64
		for i := range of {
			slices.Sort(took[i])
			of[i] = 64 / took[i][len(took[i])/2]
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
		before := heap()
		b.ReportMetric(timed(func() { give(b, taker, full.cluster, 0, chunks) }), "s-to-take")
		b.ReportMetric(heap()-before, "MB-taken")
		runtime.KeepAlive([]*story{empty, full})
		runtime.KeepAlive(chunks)
	}
}
