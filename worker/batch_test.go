package worker

import (
	"context"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// executed is how many of the cluster's messages the worker executed.
func (s *story) executed() uint64 {
	for _, q := range s.w.core.Queues {
		if q.To == (queue.ToCluster{ID: s.cluster}) {
			return q.Head.Count
		}
	}
	s.t.Fatal("the worker does not execute the cluster")
	return 0
}

// A sync stops when it has enough to commit, says how far it came and that
// there is more, and the next one goes on. Replicas come to the same roots after
// every message, however their batches are cut.
func TestBatches(t *testing.T) {
	s := newStory(t)
	alice, bob := account(t, "//Alice"), account(t, "//Bob")
	s.instantiate(alice)
	s.bring()
	s.w.Close(context.Background())
	start := s.next
	for i := range 4 {
		s.command(alice, "increment", fmt.Sprint(i))
		s.command(bob, "get") // which is not his to see
		s.says(clusters.Deposit{From: bob.AccountID(), Amount: scale.U64(uint64(i) + 1)})
	}
	const messages = 12
	first := s.dir
	roots := map[string][]hash.H256{}
	for name, batch := range map[string]int{"one by one": 1, "some": 10_000, "all": maxBatch} {
		s.dir = t.TempDir()
		copyDir(t, first, s.dir)
		s.w = openWorker(t, s.dir, s.c)
		s.w.batch = batch
		syncs := 0
		for more := true; more; syncs++ {
			before := s.executed()
			r, err := s.w.Sync(context.Background(), s.c.sync(s.w, 100))
			if err != nil {
				t.Fatal(err)
			}
			next := s.executed()
			if more = r.More; more != (next < start+messages) || next == before {
				t.Fatalf("%s: from %d to %d of %d, more: %v", name, before, next, start+messages, more)
			}
			// Now: the chain of this test takes the replicas for one worker.
			for _, m := range s.c.take(s.w) {
				if r, ok := m.(clusters.Receipts); ok && r.From >= start {
					roots[name] = append(roots[name], r.Roots...)
				}
			}
			for _, q := range r.Queues {
				if q.To == (queue.ToCluster{ID: s.cluster}) && q.Next != next {
					t.Errorf("%s: answered %d, is at %d", name, q.Next, next)
				}
			}
		}
		switch {
		case name == "one by one" && syncs != messages, name == "some" && (syncs < 2 || syncs >= messages), name == "all" && syncs != 1:
			t.Errorf("%s: %d syncs", name, syncs)
		}
		s.expect(s.query(alice, "get"), "6")
		s.w.Close(context.Background())
	}
	if len(roots["all"]) != messages {
		t.Fatalf("%d roots, want %d", len(roots["all"]), messages)
	}
	for name, list := range roots {
		if fmt.Sprint(list) != fmt.Sprint(roots["all"]) {
			t.Errorf("%s: roots %v, want %v", name, list, roots["all"])
		}
	}
}
