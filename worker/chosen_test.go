package worker

import (
	"fmt"
	"testing"

	pallet "github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// step brings a worker forward, and the chain what it says, so often.
func (l *lives) step(w *Worker, times int) {
	l.t.Helper()
	for range times {
		l.sync(w, 50, func([]wire.Batch) {})
		l.hear(w)
	}
}

// An owner who asks for another secret while members learn one gets the other, and
// nobody goes on with the first: not who made it, not who was given it, and not
// when the same worker makes both.
func TestChosenTwice(t *testing.T) {
	for epoch := range uint32(2) {
		for second := range 3 {
			t.Run(fmt.Sprintf("epoch %d, then worker %d", epoch, second), func(t *testing.T) {
				l := newLives(t, 3)
				id := l.create(pallet.Create{Replicas: 3})
				if epoch == 1 {
					l.settle()
					l.must(l.call(pallet.Deposit{Cluster: id, Value: scale.U64(7)}))
					l.must(l.call(pallet.Rotate{Cluster: id}))
				}
				var m []*Worker
				for _, who := range l.state(id).Members {
					m = append(m, l.worker(who))
				}
				l.step(m[0], 4) // makes one, and gives it
				if k := l.state(id).Candidate; k == nil || k.Maker != m[0].Identity() {
					t.Fatalf("the first secret: %+v", k)
				}
				l.sync(m[1], 50, func([]wire.Batch) {}) // takes it, and the chain has not heard yet
				l.must(l.call(pallet.Rotate{Cluster: id}))
				l.step(m[second], 1)
				if k := l.state(id).Candidate; k == nil || k.Maker != m[second].Identity() || k.Epoch != epoch {
					t.Fatalf("the second secret: %+v", k)
				}
				l.settle()
				if c := l.state(id); c.Epoch != epoch || !c.Ready() || c.Asked {
					t.Fatalf("epoch %d, ready %v, asked %v", c.Epoch, c.Ready(), c.Asked)
				}
				l.must(l.call(pallet.Deposit{Cluster: id, Value: scale.U64(7)}))
				l.settle()
				l.check(id)
			})
		}
	}
}
