package clusters_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// crew is workers by their tiers; who has none left.
type crew map[[32]byte]int

func (c crew) Eligible(ctx *frame.Context, tier uint8) (out []words.Member) {
	for n := byte(1); n < 10; n++ {
		if c.MayServe(ctx, [32]byte{n}, tier) {
			out = append(out, words.Member{Identity: [32]byte{n}})
		}
	}
	return out
}

func (c crew) MayServe(_ *frame.Context, worker [32]byte, tier uint8) bool {
	t, ok := c[worker]
	return ok && t >= int(tier)
}

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

func (d *draw) Seed(*frame.Context) hash.H256 { return hash.H256{byte(d.Number)} }

// TestTier draws members of a tier alone, and gives a cluster's keys to nobody
// who does not reach it any more.
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
		if err := w.Signed(owner, clusters.CreateForTier{Replicas: most + 1, Tier: tier}); !errors.Is(err, clusters.ErrTooFewWorkers) {
			t.Errorf("%d workers of tier %d: %v", most+1, tier, err)
		}
		for range 20 {
			if most == 0 {
				break
			}
			w.Number++
			w.Take()
			if err := w.Signed(owner, clusters.CreateForTier{Replicas: most, Tier: tier}); err != nil {
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
	w.Take()
	if err := w.Signed(owner, clusters.CreateForTier{Replicas: 2, Tier: 2}); err != nil {
		t.Fatal(err)
	}
	made := created(t, w.Take())
	first, second := made.Members[0], made.Members[1]
	receive := func(from [32]byte, m words.UpMessage) error {
		_, err := p.Receive(w.Context(), from, scale.Encode(m))
		return err
	}
	if err := receive(first, words.ClusterKey{Cluster: made.Cluster, HPKE: []words.HPKEKey{{Kem: 0x647a, Key: make([]byte, 1216)}, {Kem: 0x20, Key: make([]byte, 32)}}}); err != nil {
		t.Fatal(err)
	}
	give := words.HandOver{Cluster: made.Cluster, To: second, Envelope: []byte{1}}
	w.pushed = nil
	w.crew[second] = 1
	if err := receive(first, give); !errors.Is(err, clusters.ErrNotServing) || len(w.pushed) != 0 {
		t.Errorf("to one that fell to tier 1: %v", err)
	}
	delete(w.crew, second)
	if err := receive(first, give); !errors.Is(err, clusters.ErrNotServing) || len(w.pushed) != 0 {
		t.Errorf("to one that is out: %v", err)
	}
	give.To = [32]byte{2}
	if err := receive(first, give); !errors.Is(err, clusters.ErrNotMember) {
		t.Errorf("to one that is no member: %v", err)
	}
	give.To, w.crew[second] = second, 2
	if err := receive(first, give); err != nil || !slices.Equal(w.pushed, []queue.Destination{queue.ToWorker{Identity: second}}) {
		t.Errorf("to a member: %v, %v", err, w.pushed)
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
