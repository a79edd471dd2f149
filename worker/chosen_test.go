package worker

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/hash"
	pallet "github.com/tacit-network/tacit/runtime/pallet/clusters"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// step brings a worker forward, and the chain what it says, so often.
func (l *lives) step(w *Worker, times int) {
	l.t.Helper()
	for range times {
		l.sync(w, 50, func([]wire.Batch) {})
		l.hear(w, 1000)
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

// What a worker is told itself comes before what its clusters are told, also when
// its host gives it less of the one than of the other, or nothing: else it would go
// into an epoch with a secret that it has yet to hear is given up.
func TestOwnQueueFirst(t *testing.T) {
	l := newLives(t, 3)
	id := l.create(pallet.Create{Replicas: 3})
	l.settle()
	var m []*Worker
	for _, who := range l.state(id).Members {
		m = append(m, l.worker(who))
	}
	l.must(l.call(pallet.Rotate{Cluster: id}))
	l.step(m[0], 4)
	l.sync(m[1], 50, func([]wire.Batch) {}) // has the first secret, and the chain has not heard yet
	l.must(l.call(pallet.Rotate{Cluster: id}))
	l.step(m[2], 4)
	l.step(m[0], 4)
	if c := l.state(id); c.Epoch != 1 {
		t.Fatalf("epoch %d", c.Epoch)
	}
	l.must(l.call(pallet.Deposit{Cluster: id, Value: scale.U64(7)}))
	own := queue.ToWorker{Identity: m[1].Identity()}
	before := m[1].Info().Queues
	for _, given := range []int{0, 1, 1} {
		s := l.c.sync(m[1], 50)
		for i, b := range s.Queues {
			if b.To != own {
				continue
			}
			for _, late := range b.Messages[given:] {
				s.Queues[i].Links = append(s.Queues[i].Links, wire.Link{
					Seq: late.Seq, Block: late.Block, Time: late.Time, Origin: late.Origin, Payload: hash.Blake2b256(late.Payload),
				})
			}
			s.Queues[i].Messages = b.Messages[:given]
		}
		done, err := m[1].Sync(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for i, q := range done.Queues {
			if q.To != own && q.Next != before[i].Next {
				t.Errorf("with %d messages of its own it is at %d of its cluster's, and was at %d", given, q.Next, before[i].Next)
			}
		}
	}
	s := l.c.sync(m[1], 50)
	s.Queues = slices.DeleteFunc(s.Queues, func(b wire.Batch) bool { return b.To == own })
	s.Proof = l.c.state.Prove([][]byte{l.c.words.Ingress.Key(m[1].Identity()), l.c.words.Outbox.Key(queue.ToCluster{ID: id})})
	if _, err := m[1].Sync(t.Context(), s); wire.KindOf(err) != wire.KindQueue {
		t.Errorf("without its own queue: %v", err)
	}
	l.settle()
	l.check(id)
}
