package worker

import (
	"testing"

	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// Input that means nothing changes nothing and gets an error receipt.
func TestRejected(t *testing.T) {
	s := newStory(t)
	alice, bob := account(t, "//Alice"), account(t, "//Bob")
	s.instantiate(alice)
	to := queue.ToCluster{ID: s.cluster}
	good, _ := s.envelope(alice, s.contract, s.input("increment", "1"))
	// Sealed to the cluster's key, and about something else.
	sealed := func(change func(*seal.Context)) []byte {
		k, err := seal.GenerateKey(seal.X25519)
		if err != nil {
			t.Fatal(err)
		}
		about := seal.Context{Genesis: s.c.genesis, Target: s.cluster, Contract: s.contract, Origin: alice.AccountID()}
		change(&about)
		e, err := seal.SealMessage(s.key, seal.InfoCommand, about, seal.Message{Nonce: seal.NewNonce(), Reply: seal.KeyOf(k.Public()), Input: s.input("increment", "1")})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	command := func(change func(*seal.Context)) func() uint64 {
		return func() uint64 {
			return s.push(alice, clusters.Command{Contract: s.contract, Envelope: sealed(change)})
		}
	}
	tests := []struct {
		name string
		push func() uint64
		want string
	}{
		{"noise", func() uint64 {
			s.c.push(to, queue.OriginAccount{ID: bob.AccountID()}, []byte{9, 9, 9})
			return s.c.heads[to].Count - 1
		}, "4 the message does not decode"},
		{"nothing", func() uint64 {
			s.c.push(to, queue.OriginPallet{Name: []byte("x")}, nil)
			return s.c.heads[to].Count - 1
		}, "4 the message does not decode"},
		{"a pallet", func() uint64 {
			s.c.push(to, queue.OriginPallet{Name: []byte("x")}, scale.Encode[clusters.ClusterMessage](clusters.Command{Contract: s.contract, Envelope: good}))
			return s.c.heads[to].Count - 1
		}, "4 only accounts may call"},
		{"short envelope", func() uint64 { return s.push(alice, clusters.Command{Contract: s.contract, Envelope: []byte{1, 2}}) }, "4 the envelope does not decode"},
		{"somebody else's envelope", func() uint64 { return s.push(bob, clusters.Command{Contract: s.contract, Envelope: good}) }, "4 the envelope does not open for this account and contract"},
		{"for another cluster", command(func(c *seal.Context) { c.Target[0]++ }), "4 the envelope does not open for this account and contract"},
		{"for another chain", command(func(c *seal.Context) { c.Genesis[0]++ }), "4 the envelope does not open for this account and contract"},
		{"for another contract", command(func(c *seal.Context) { c.Contract[0]++ }), "4 the envelope does not open for this account and contract"},
		{"for a later epoch", command(func(c *seal.Context) { c.Epoch = 1 }), "4 the envelope is for epoch 1 of the cluster, which is in epoch 0"},
		{"unknown contract", func() uint64 { return s.push(alice, clusters.Command{Contract: hash.H256{5}, Envelope: good}) }, "4 there is no such contract"},
		{"the contract again", func() uint64 { return s.instantiate(alice) }, "4 the contract exists"},
		{"another id", func() uint64 {
			return s.push(alice, clusters.Instantiate{Contract: hash.H256{6}, Deployer: alice.AccountID()})
		}, "4 the contract has another id"},
		{"good", func() uint64 { return s.push(alice, clusters.Command{Contract: s.contract, Envelope: good}) }, ""},
		{"replayed", func() uint64 { return s.push(alice, clusters.Command{Contract: s.contract, Envelope: good}) }, "4 the nonce was used before"},
	}
	var seqs []uint64
	for _, tt := range tests {
		seqs = append(seqs, tt.push())
	}
	s.bring()
	for i, tt := range tests {
		if tt.want == "" {
			if s.receipts[seqs[i]].Status != clusters.StatusOK {
				t.Errorf("%s: %+v", tt.name, s.receipts[seqs[i]])
			}
			continue
		}
		if got := s.result(seqs[i], "get"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	s.expect(s.query(alice, "get"), "1")
}
