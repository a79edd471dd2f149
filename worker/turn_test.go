package worker

import (
	"testing"

	"github.com/tacit-network/tacit/hash"
	pallet "github.com/tacit-network/tacit/runtime/pallet/clusters"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// Of the clusters of a worker that has more to do than a sync takes, none waits
// until all others have nothing left.
func TestTurns(t *testing.T) {
	l := newLives(t, 1)
	var ids []hash.H256
	for range 3 {
		ids = append(ids, l.create(pallet.Create{Replicas: 1}))
	}
	l.settle()
	w := l.workers[0]
	w.batch = 1 // a sync is full after a message
	const each = 8
	for range each {
		for _, id := range ids {
			l.must(l.call(pallet.Deposit{Cluster: id, Value: scale.U64(7)}))
		}
	}
	for range each {
		l.sync(w, 50, func([]wire.Batch) {})
	}
	for i, id := range ids {
		if n := w.round(nil).position(queue.ToCluster{ID: id}).Head.Count; n < each/4 {
			t.Errorf("%d messages of cluster %d are executed of %d in all", n, i, each)
		}
	}
	w.batch = maxBatch
	l.settle()
	l.check(ids...)
}
