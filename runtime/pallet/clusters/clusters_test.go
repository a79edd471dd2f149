package clusters_test

import (
	"errors"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// crew is workers by their tiers; who has none left.
type crew map[[32]byte]int

func (c crew) Eligible(ctx *frame.Context, tier uint8) (out [][32]byte) {
	for n := byte(1); n < 10; n++ {
		if c.MayServe(ctx, [32]byte{n}, tier) {
			out = append(out, [32]byte{n})
		}
	}
	return out
}

func (c crew) Live(_ *frame.Context, worker [32]byte) bool {
	_, ok := c[worker]
	return ok
}

func (c crew) MayServe(_ *frame.Context, worker [32]byte, tier uint8) bool {
	t, ok := c[worker]
	return ok && t >= int(tier)
}

func (c crew) Slash(*frame.Context, [32]byte, *[32]byte) {}

// draw is what the pallet needs of others to draw members.
type draw struct {
	*frametest.Chain
	crew
	pushed []queue.Destination
}

func (d *draw) Push(_ *frame.Context, to queue.Destination, _ queue.MessageOrigin, _ []byte) (uint64, error) {
	d.pushed = append(d.pushed, to)
	return 0, nil
}

func (d *draw) Head(*frame.Context, queue.Destination) queue.Head { return queue.Head{} }
func (d *draw) Seed(*frame.Context) hash.H256                     { return hash.H256{byte(d.Number)} }

// TestTier draws members of a tier alone.
func TestTier(t *testing.T) {
	w := &draw{Chain: frametest.New(t), crew: crew{{1}: 0, {2}: 1, {3}: 2, {4}: 2, {5}: 1}}
	sys := &system.Pallet{}
	money := &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: scale.U64(existential)}}
	p := &clusters.Pallet{
		Config:  clusters.Config{MaxReplicas: 16, ClusterDeposit: scale.U64(1), EscrowDeposit: scale.U64(existential)},
		Workers: w.crew, Queue: w, Money: money, Seed: w,
	}
	w.Start(frame.At{Index: 0, Module: sys}, frame.At{Index: 3, Module: money}, frame.At{Index: 23, Module: p})
	owner := chain.AccountID{9}
	if err := money.Endow(w.Context(), owner, scale.U64(1_000_000)); err != nil {
		t.Fatal(err)
	}
	for tier, most := range map[uint8]uint16{0: 5, 1: 4, 2: 2, 3: 0} {
		if err := w.Signed(owner, clusters.Create{Replicas: most + 1, Tier: tier}); !errors.Is(err, clusters.ErrTooFewWorkers) {
			t.Errorf("%d workers of tier %d: %v", most+1, tier, err)
		}
		for range 20 {
			if most == 0 {
				break
			}
			w.Number++
			w.Take()
			if err := w.Signed(owner, clusters.Create{Replicas: most, Tier: tier}); err != nil {
				t.Fatal(err)
			}
			made := created(t, w.Take())
			if c, _ := p.Clusters.Get(w, made.Cluster); c.Tier != tier {
				t.Errorf("the cluster is of tier %d, want %d", c.Tier, tier)
			}
			for _, m := range made.Members {
				if w.crew[m] < int(tier) {
					t.Errorf("a worker of tier %d in a cluster of tier %d", w.crew[m], tier)
				}
			}
		}
	}
}

// created finds the event of a cluster that was made.
func created(t *testing.T, events []any) clusters.ClusterCreated {
	t.Helper()
	for _, e := range events {
		if c, ok := e.(clusters.ClusterCreated); ok {
			return c
		}
	}
	t.Fatal("no cluster was made")
	return clusters.ClusterCreated{}
}
