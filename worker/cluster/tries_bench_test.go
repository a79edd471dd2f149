package cluster

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/worker/store"
)

// BenchmarkWrite is an entry that a message writes, one of 10,000, in a contract
// that stores so many, from the change to the commit, with the root and without the
// disk: as much as the gas of a write pays for.
func BenchmarkWrite(b *testing.B) {
	for _, stored := range []int{0, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(stored), func(b *testing.B) {
			c, _ := testCluster(b)
			s, err := store.Open(b.TempDir(), []byte("key"))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			next := uint64(0)
			write := func(n int) []store.Change {
				base := s.Snapshot()
				defer base.Close()
				tx, err := c.Begin(base)
				if err != nil {
					b.Fatal(err)
				}
				o := tx.overlay()
				var state host.State = contractState{o, dataName(hash.H256{1})}
				for range n {
					next++
					state.Set(binary.LittleEndian.AppendUint64([]byte{1}, next), []byte("a value"))
				}
				tx.merge(o)
				rooted(b, tx, 1)
				return changed(b, tx)
			}
			const part = 10_000
			for range stored / part {
				if err := s.Commit(write(part)); err != nil {
					b.Fatal(err)
				}
			}
			n := 0
			for b.Loop() {
				c.vault.idle.tries = nil // as after other messages
				write(part)
				n += part
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/entry")
			b.ReportMetric(0, "ns/op")
		})
	}
}
