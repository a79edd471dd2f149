package worker

import (
	"context"
	"testing"

	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/cluster"
)

// BenchmarkCommand is one command of the hello contract, sealed and answered in
// the hybrid suite, from the queue to the receipt, without the disk.
func BenchmarkCommand(b *testing.B) {
	s := newStory(b)
	alice := account(b, "//Alice")
	s.instantiate(alice)
	s.bring()
	c := s.w.clusters[s.cluster]
	snapshot := s.w.store.Snapshot()
	defer snapshot.Close()
	key, err := seal.ParsePublicKey(c.Keys()[0].Kem, c.Keys()[0].Key)
	if err != nil {
		b.Fatal(err)
	}
	reply, err := seal.GenerateKey(seal.Hybrid)
	if err != nil {
		b.Fatal(err)
	}
	var messages []queue.Message
	for i := range 500 {
		e, err := seal.SealMessage(key, seal.InfoCommand, seal.Context{
			Genesis: s.c.genesis, Target: s.cluster, Contract: s.contract, Origin: alice.AccountID(),
		}, seal.Message{Nonce: seal.NewNonce(), Reply: seal.KeyOf(reply.Public()), Input: s.input("increment", "1")})
		if err != nil {
			b.Fatal(err)
		}
		messages = append(messages, queue.Message{Seq: uint64(i + 1), Origin: queue.OriginAccount{ID: alice.AccountID()},
			Payload: scale.Encode[clusters.ClusterMessage](clusters.Command{Contract: s.contract, Envelope: e})})
	}
	var t *cluster.Tx
	n := 0
	for b.Loop() {
		if n%64 == 0 {
			if t, err = c.Begin(snapshot); err != nil {
				b.Fatal(err)
			}
		}
		r, err := c.Execute(context.Background(), t, messages[n%len(messages)], hash.H256{byte(n)})
		if err != nil || n < 500 && r.Receipt.Status != clusters.StatusOK {
			b.Fatalf("%+v %v", r.Receipt, err)
		}
		if _, err := t.Root(uint64(n)); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
