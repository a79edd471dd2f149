package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// Overlays that are merged make the changes that one would, those that are
// dropped none, and the size is that of what is to be stored.
func TestOverlay(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	v := testVault(t, 1)
	base := memory{}
	first := begin(t, v, base).overlay()
	for i := range 10 {
		first.set(fmt.Sprint("name", i), []byte("from before"))
	}
	tx := begin(t, v, base)
	tx.merge(first)
	base.apply(changed(t, tx))

	plain, layered := begin(t, v, base), begin(t, v, base)
	for range 100 {
		o, keep := layered.overlay(), rng.IntN(3) > 0
		for range rng.IntN(4) {
			name := fmt.Sprintf("name%0*d", 1+80*rng.IntN(2), rng.IntN(20))
			var value []byte
			if rng.IntN(3) > 0 {
				value = make([]byte, rng.IntN(100))
			}
			o.set(name, value)
			if keep {
				plain.set(name, value)
			}
			if got, ok := o.get(name); ok != (value != nil) || len(got) != len(value) {
				t.Fatalf("%s: got %x %v, want %x", name, got, ok, value)
			}
		}
		if o.beside["log"] = []byte{1}; keep {
			plain.beside["log"] = []byte{1}
			layered.merge(o)
		}
		if rooted(t, layered, 1) != rooted(t, plain, 1) {
			t.Fatal("the roots differ")
		}
	}
	want := changed(t, plain)
	got := changed(t, layered)
	if len(got) != len(want) {
		t.Fatalf("%d changes, want %d", len(got), len(want))
	}
	size := 0
	for i, c := range got {
		if c.Key != want[i].Key || (c.Value == nil) != (want[i].Value == nil) || len(c.Value) != len(want[i].Value) {
			t.Errorf("change %d: %x of %d bytes, want %x of %d", i, c.Key, len(c.Value), want[i].Key, len(want[i].Value))
		}
		if i < len(got)-1 && [8]byte(c.Key[:8]) != v.tags[inner] { // the root and the nodes are beside
			size += c.Size()
		}
	}
	if size += nodesOfChange * len(layered.changes); layered.Size() != size {
		t.Errorf("size %d, want %d", layered.Size(), size)
	}
}

// BenchmarkBatch is one deposit of a batch that has so many before it.
func BenchmarkBatch(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, _ := testCluster(b)
			tx, err := c.Begin(memory{})
			if err != nil {
				b.Fatal(err)
			}
			o := tx.overlay()
			for i := range n {
				o.set(fmt.Sprint("name", i), []byte{1})
			}
			tx.merge(o)
			m := queue.Message{Origin: pallet, Payload: scale.Encode[words.ClusterMessage](words.Deposit{Amount: scale.U64(1)})}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Execute(context.Background(), tx, m, hash.H256{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
