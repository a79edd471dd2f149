package worker

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/trie"
	"github.com/tacit-network/tacit/worker/executor"
	"github.com/tacit-network/tacit/worker/wire"
)

// testChain is a chain that has queues and nothing else: a state trie, headers
// and the voters that finalise them.
type testChain struct {
	t        testing.TB
	genesis  hash.H256
	voters   []keys.GrandpaPair
	set      grandpa.AuthoritySet
	state    *trie.Trie
	words    *queue.State
	registry *registry.State
	queues   map[queue.Destination][]queue.Message
	heads    map[queue.Destination]queue.Head
	number   uint32
	parent   hash.H256
	changes  []wire.Fragment
}

func newTestChain(t testing.TB) *testChain {
	c := &testChain{
		t: t, genesis: hash.H256{0xee}, state: trie.New(trie.V1), words: queue.NewState(), registry: registry.NewState(),
		queues: map[queue.Destination][]queue.Message{}, heads: map[queue.Destination]queue.Head{}, parent: hash.H256{0xee},
	}
	c.newVoters(0)
	c.set.ID = 0
	return c
}

// newVoters makes four voters; generation tells them from others.
func (c *testChain) newVoters(generation int) {
	c.voters, c.set = nil, grandpa.AuthoritySet{ID: c.set.ID + 1}
	for i := range 4 {
		p, err := keys.FromURI(keys.Ed25519, fmt.Sprintf("//voter//%d//%d", generation, i))
		if err != nil {
			c.t.Fatal(err)
		}
		g, err := keys.NewGrandpaPair(p)
		if err != nil {
			c.t.Fatal(err)
		}
		c.voters = append(c.voters, g)
		c.set.Authorities = append(c.set.Authorities, grandpa.Authority{ID: g.ID(), Weight: 1})
	}
}

func (c *testChain) config() report.WorkerConfig {
	out := report.WorkerConfig{Genesis: c.genesis, CheckpointHash: c.genesis}
	for _, a := range c.set.Authorities {
		out.Authorities = append(out.Authorities, report.Authority{Key: a.ID, Weight: a.Weight})
	}
	return out
}

// push puts a message into a queue, to be in the next block.
func (c *testChain) push(to queue.Destination, origin queue.MessageOrigin, payload []byte) {
	h, ok := c.heads[to]
	if !ok {
		h.Hash = queue.Start(c.genesis, to)
	}
	m := queue.Message{Seq: h.Count, Block: c.number + 1, Time: 1_700_000_000_000 + uint64(c.number), Origin: origin, Payload: payload}
	c.heads[to] = queue.Head{Count: h.Count + 1, Hash: m.Next(h.Hash)}
	c.queues[to] = append(c.queues[to], m)
	c.state.Put(c.words.Outbox.Key(to), scale.Marshal(c.heads[to]))
}

func (c *testChain) tell(w *Worker, m clusters.WorkerMessage) {
	c.push(queue.ToWorker{Identity: w.Identity()}, queue.OriginPallet{Name: []byte("Clusters")}, scale.Encode(m))
}

// block makes a block of what was pushed, and its justification.
func (c *testChain) block(digest ...chain.DigestItem) (chain.Header, grandpa.Justification) {
	c.number++
	h := chain.Header{
		ParentHash: c.parent, Number: c.number, StateRoot: c.state.Root(),
		Digest: append([]chain.DigestItem{chain.AuraPreRuntime(1_700_000_000_000 + uint64(c.number))}, digest...),
	}
	c.parent = h.Hash()
	var votes []grandpa.SignedPrecommit
	for _, v := range c.voters {
		votes = append(votes, grandpa.Sign(v, grandpa.TargetOf(h), uint64(c.number), c.set.ID))
	}
	j, err := grandpa.Assemble(uint64(c.number), grandpa.TargetOf(h), c.set, votes)
	if err != nil {
		c.t.Fatal(err)
	}
	return h, j
}

// rotate makes a block that hands over to other voters.
func (c *testChain) rotate(generation int) {
	old, oldSet := c.voters, c.set
	c.newVoters(generation)
	next, nextSet := c.voters, c.set
	c.voters, c.set = old, oldSet
	h, j := c.block(grandpa.LogItem(grandpa.ScheduledChange{Next: nextSet.Authorities}))
	c.voters, c.set = next, nextSet
	c.changes = append(c.changes, wire.Fragment{Header: h.Encode(), Justification: j.Encode()})
}

// sync makes a block and the request that brings w to it. Of each queue at most
// limit messages are given as a whole.
func (c *testChain) sync(w *Worker, limit int) wire.Sync {
	h, j := c.block()
	s := wire.Sync{Header: h.Encode(), Justification: j.Encode()}
	info := w.Info()
	s.Changes = append(s.Changes, c.changes[info.SetID:]...)
	at := [][]byte{c.words.Ingress.Key(w.Identity())}
	for _, q := range info.Queues {
		b := wire.Batch{To: q.To}
		for i, m := range c.queues[q.To][q.Next:] {
			if i < limit {
				b.Messages = append(b.Messages, m)
			} else {
				b.Links = append(b.Links, wire.Link{Seq: m.Seq, Block: m.Block, Time: m.Time, Origin: m.Origin, Payload: hash.Blake2b256(m.Payload)})
			}
		}
		s.Queues = append(s.Queues, b)
		at = append(at, c.words.Outbox.Key(q.To))
	}
	s.Workers = info.NeedWorkers
	for _, id := range s.Workers {
		key := c.registry.Workers.Key(id)
		at = append(at, key)
		if b, ok := c.state.Get(key); ok {
			r, err := c.registry.Workers.Decode(b)
			if err != nil {
				c.t.Fatal(err)
			}
			if r.Image != w.cfg.ImageID && !slices.Contains(s.Images, r.Image) {
				if len(s.Images) == 0 {
					s.Images = append(s.Images, w.cfg.ImageID)
				}
				s.Images = append(s.Images, r.Image)
			}
		}
	}
	for _, id := range s.Images {
		at = append(at, w.images.Images.Key(id))
	}
	s.Proof = c.state.Prove(at)
	return s
}

// compiled is machine code of contracts, by their codes: most of what the tests would
// take is to compile the same ones again.
var compiled = map[hash.H256]vm.Native{}

// give gives w a code that it needs.
func (c *testChain) give(w *Worker, code hash.H256, chunks [][]byte) {
	c.t.Helper()
	if native := compiled[code]; native != nil {
		w.codes.Keep(code, native)
	}
	if err := w.Code(context.Background(), wire.Code{Hash: code, Chunks: chunks}); err != nil {
		c.t.Fatal(err)
	}
	compiled[code] = w.codes.kept(code)
}

// bring syncs until w has all messages, giving it the codes that it needs.
func (c *testChain) bring(w *Worker, codes map[hash.H256][][]byte) {
	c.t.Helper()
	for range 20 {
		r, err := w.Sync(context.Background(), c.sync(w, 3))
		if err != nil {
			c.t.Fatal(err)
		}
		for _, h := range r.NeedCode {
			c.give(w, h, codes[h])
		}
		done := true
		for _, q := range r.Queues {
			done = done && q.Next == uint64(len(c.queues[q.To]))
		}
		if done {
			return
		}
	}
	c.t.Fatal("the worker does not come to the end of its queues")
}

// take fetches the messages for the chain, checks them, and lets the chain have
// them.
func (c *testChain) take(w *Worker) (out []clusters.UpMessage) {
	c.t.Helper()
	up := w.Up()
	for i, m := range up.Messages {
		id := w.Identity()
		if !keys.Verify(keys.Sr25519, id[:], m.SigningBytes(c.genesis), m.Signature[:]) {
			c.t.Fatalf("message %d is not signed", i)
		}
		msg, err := scale.Decode[clusters.UpMessage](m.Payload)
		if err != nil {
			c.t.Fatal(err)
		}
		out = append(out, msg)
		c.state.Put(c.words.Ingress.Key(id), scale.Marshal(queue.Ingress{BootEpoch: m.BootEpoch, Next: m.Seq + 1}))
	}
	return out
}

func openWorker(t testing.TB, dir string, c *testChain) *Worker {
	t.Helper()
	mod, err := sim.Open(sim.Config{Secret: bytes.Repeat([]byte{1}, 32), MRTD: attest.Digest{1}, ConfigID: attest.Digest{2}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Dir: dir, Chain: c.config(), Backend: mod.Backend(), ImageID: hash.H256{3}}
	if *isolate {
		cfg.Executor = &executor.Config{}
	}
	w, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(context.Background()) })
	return w
}
