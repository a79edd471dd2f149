package worker

import (
	"testing"

	pallet "github.com/tacit-network/tacit/runtime/pallet/clusters"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
)

// A member whose registration had ended while an epoch began was refused its
// secret. It does not make the one of the next: what it would give to new members
// and to keepers does not lead through the epoch that it missed.
func TestMissedEpoch(t *testing.T) {
	l := newLives(t, 6)
	id := l.create(pallet.Create{Replicas: 3, Keepers: 3, Threshold: 2})
	l.settle()
	late := l.worker(l.state(id).Members[1])
	l.c.register(late, func(w *registry.Worker) { w.ExpiresAt = 1 })
	l.must(l.call(pallet.Deposit{Cluster: id, Value: scale.U64(7)}))
	l.must(l.call(pallet.Rotate{Cluster: id}))
	for _, who := range l.state(id).Members {
		if w := l.worker(who); w != late {
			l.step(w, 3)
		}
	}
	l.settle()
	if c := l.state(id); c.Epoch != 1 || len(l.holders(id)) != 2 {
		t.Fatalf("epoch %d, which %d of 3 have the secret of", c.Epoch, len(l.holders(id)))
	}
	l.c.register(late, func(*registry.Worker) {})
	l.must(l.call(pallet.Rotate{Cluster: id}))
	done := func() bool { c := l.state(id); return c.Epoch == 2 && c.Sharing != nil && c.Sharing.Epoch == 2 }
	l.step(late, 2)
	for range 10 {
		for _, who := range l.state(id).Members {
			if !done() {
				l.step(l.worker(who), 1)
			}
		}
	}
	if s := l.pallet.Snapshots.Get(l.Context(), id); !done() || s.Kept == nil || s.Kept.Epoch != 1 {
		t.Fatalf("epoch %d, snapshots %+v", l.state(id).Epoch, s)
	}
	l.must(l.call(pallet.Recover{Cluster: id}))
	l.settle()
	l.check(id)
}
