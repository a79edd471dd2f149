package worker

import (
	"testing"

	"github.com/tacit-network/tacit/keys"
	pallet "github.com/tacit-network/tacit/runtime/pallet/clusters"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
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

// Who gives the secret of a new epoch cannot change those that the taker has: the
// keys on the chain show the new one alone to be right.
func TestKnownSecretStays(t *testing.T) {
	l := newLives(t, 2)
	id := l.create(pallet.Create{Replicas: 2})
	l.settle()
	l.must(l.call(pallet.Deposit{Cluster: id, Value: scale.U64(7)}))
	l.must(l.call(pallet.Rotate{Cluster: id}))
	m := l.state(id).Members
	giver, taker := l.worker(m[0]), l.worker(m[1])
	l.step(giver, 2)
	lie := giver.core.Clusters[0].secrets()
	if len(lie.Epochs) != 2 || l.state(id).Candidate == nil {
		t.Fatalf("%d epochs, candidate %+v", len(lie.Epochs), l.state(id).Candidate)
	}
	lie.Epochs = []epochSecret{{0, stored{1}}, lie.Epochs[1]}
	k := taker.Info().HPKE[0]
	to, err := seal.ParsePublicKey(k.Kem, k.Key)
	l.must(err)
	context := seal.Context{Genesis: l.c.genesis, Target: id, Contract: m[1], Origin: keys.AccountID(m[0]), Epoch: 1}
	envelope, err := seal.Seal(to, seal.InfoHandOver, 1, context.AAD(), scale.Marshal(lie))
	l.must(err)
	l.c.tell(taker, clusters.ClusterSecret{Cluster: id, Epoch: 1, From: m[0], Keys: l.state(id).Candidate.Keys, Envelope: envelope})
	l.sync(taker, 50, func([]wire.Batch) {})
	if !taker.core.Clusters[0].has(1) {
		t.Fatal("the secret of epoch 1 is not taken")
	}
	for i, w := range l.workers {
		if w == taker {
			l.restart(i)
		}
	}
	l.settle()
	l.check(id)
}

// What fresh members hold of a lost cluster's secret while they wait for enough of
// it, they hold no longer when they have it from another, or are members no more.
func TestHeldShares(t *testing.T) {
	l := newLives(t, 8)
	id := l.create(pallet.Create{Replicas: 2, Keepers: 4, Threshold: 3})
	l.settle()
	keepers := l.state(id).Sharing.Keepers
	for range 2 { // those who are drawn at first have two of three shares when others are drawn
		l.must(l.call(pallet.Recover{Cluster: id}))
		for _, k := range keepers[:2] {
			l.step(l.worker(k), 3)
		}
		for _, who := range l.state(id).Members {
			l.step(l.worker(who), 1)
		}
		if len(l.holders(id)) != 0 {
			t.Fatal("two shares of three are enough")
		}
	}
	l.step(l.worker(keepers[2]), 3)
	l.settle()
	l.check(id)
}
