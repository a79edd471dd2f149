package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
	"github.com/tacit-network/tacit/worker/cluster"
	"github.com/tacit-network/tacit/worker/store"
	"github.com/tacit-network/tacit/worker/wire"
)

// Limits of one sync and of what may wait for the chain.
const (
	maxChanges  = 4096
	maxQueues   = 256
	maxPending  = 32 << 20
	receiptSize = 128 << 10 // bytes of receipts after which a message up is closed
)

// Sync brings the worker forward. A request is believed as a whole or not at
// all; then its messages are executed, and everything is durable when it
// returns.
func (w *Worker) Sync(ctx context.Context, s wire.Sync) (wire.Synced, error) {
	if !w.syncing.TryLock() {
		return wire.Synced{}, wire.Errorf(wire.KindBusy, "another sync runs")
	}
	defer w.syncing.Unlock()
	if w.broken != nil {
		return wire.Synced{}, w.broken
	}
	if w.up.size() > maxPending {
		return wire.Synced{}, wire.Errorf(wire.KindBusy, "messages wait for the chain")
	}
	light, header, err := w.follow(s)
	if err != nil {
		return wire.Synced{}, err
	}
	acked, heads, err := w.prove(header, s)
	if err != nil {
		return wire.Synced{}, err
	}
	// The parts that change are copies: readers see the old ones until the
	// commit.
	r := &round{w: w, core: w.core, up: w.up, need: nil, joined: map[hash.H256]*cluster.Cluster{}}
	r.core.Queues = slices.Clone(w.core.Queues)
	r.core.Clusters = slices.Clone(w.core.Clusters)
	if slot, ok := chain.AuraSlotOf(header); ok {
		r.core.Time = slot // slots last a millisecond
	}
	r.acknowledge(acked)
	seen := map[queue.Destination]bool{}
	for i, b := range s.Queues {
		if seen[b.To] {
			return wire.Synced{}, wire.Errorf(wire.KindQueue, "a queue stands twice")
		}
		seen[b.To] = true
		if err := r.check(b, heads[i]); err != nil {
			return wire.Synced{}, err
		}
	}
	snapshot := w.store.Snapshot()
	defer snapshot.Close()
	for _, b := range s.Queues {
		if err := r.execute(ctx, snapshot, b); err != nil {
			return wire.Synced{}, err
		}
	}
	return w.finish(light, r)
}

// finish makes a round's changes durable and lets readers see them.
func (w *Worker) finish(light grandpa.LightChain, r *round) (wire.Synced, error) {
	changes := append(r.changes, w.save(partCore, r.core))
	if light.Hash != w.light.Hash {
		changes = append(changes, w.save(partLight, light))
	}
	if r.upChanged {
		changes = append(changes, w.save(partUp, r.up))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.commit(changes); err != nil {
		return wire.Synced{}, err
	}
	w.light, w.core, w.up, w.need = light, r.core, r.up, r.need
	for id, c := range r.joined {
		w.clusters[id] = c
	}
	return wire.Synced{
		BootEpoch: r.core.BootEpoch, Block: light.Number, SetID: light.Set.ID, Queues: w.positions(), NeedCode: w.need, Pending: uint32(len(w.up.Payloads)),
	}, nil
}

// follow checks the justifications and returns the light chain after them.
func (w *Worker) follow(s wire.Sync) (grandpa.LightChain, chain.Header, error) {
	light := w.light
	if len(s.Changes) > maxChanges || len(s.Queues) > maxQueues {
		return light, chain.Header{}, wire.Errorf(wire.KindTooLarge, "%d changes of voters, %d queues", len(s.Changes), len(s.Queues))
	}
	step := func(f wire.Fragment) (chain.Header, error) {
		header, err := chain.DecodeHeader(f.Header)
		if err != nil {
			return header, wire.Errorf(wire.KindBadRequest, "header: %v", err)
		}
		if header.Number == light.Number && header.Hash() == light.Hash {
			return header, nil // again the one that is believed
		}
		if header.Number <= light.Number {
			return header, wire.Errorf(wire.KindBehind, "block %d is not above %d", header.Number, light.Number)
		}
		j, err := grandpa.DecodeJustification(f.Justification)
		if err != nil {
			return header, wire.Errorf(wire.KindJustification, "justification of block %d: %v", header.Number, err)
		}
		if light, err = light.Step(header, j); err != nil {
			return header, wire.Errorf(wire.KindJustification, "%v", err)
		}
		return header, nil
	}
	for _, f := range s.Changes {
		if _, err := step(f); err != nil {
			return light, chain.Header{}, err
		}
	}
	header, err := step(wire.Fragment{Header: s.Header, Justification: s.Justification})
	return light, header, err
}

// prove reads the queues' heads, and what the chain took of this worker, from
// the proof.
func (w *Worker) prove(header chain.Header, s wire.Sync) (queue.Ingress, []queue.Head, error) {
	at := [][]byte{w.queue.Ingress.Key(w.Identity())}
	for _, b := range s.Queues {
		at = append(at, w.queue.Outbox.Key(b.To))
	}
	values, err := trie.ReadProof(header.StateRoot, s.Proof, at...)
	if err != nil {
		return queue.Ingress{}, nil, wire.Errorf(wire.KindProof, "read proof: %v", err)
	}
	var acked queue.Ingress
	if values[0] != nil {
		if acked, err = w.queue.Ingress.Decode(values[0]); err != nil {
			return queue.Ingress{}, nil, wire.Errorf(wire.KindProof, "Queue.Ingress: %v", err)
		}
	}
	heads := make([]queue.Head, len(s.Queues))
	for i, b := range s.Queues {
		if values[i+1] == nil {
			heads[i] = queue.Head{Hash: queue.Start(w.cfg.Chain.Genesis, b.To)}
			continue
		}
		if heads[i], err = w.queue.Outbox.Decode(values[i+1]); err != nil {
			return queue.Ingress{}, nil, wire.Errorf(wire.KindProof, "Queue.Outbox: %v", err)
		}
	}
	return acked, heads, nil
}

// round is what one sync changes.
type round struct {
	w         *Worker
	core      core
	up        outbox
	upChanged bool
	need      []hash.H256
	joined    map[hash.H256]*cluster.Cluster
	changes   []store.Change
}

func (r *round) send(m clusters.UpMessage) {
	r.up.Payloads = append(slices.Clip(r.up.Payloads), scale.Encode(m))
	r.upChanged = true
}

// acknowledge drops the messages up that the chain was shown to have.
func (r *round) acknowledge(in queue.Ingress) {
	if in.BootEpoch != r.core.BootEpoch || in.Next <= r.up.First {
		return
	}
	n := min(in.Next-r.up.First, uint64(len(r.up.Payloads)))
	r.up = outbox{r.up.First + n, slices.Clone(r.up.Payloads[n:])}
	r.upChanged = true
}

func (r *round) position(to queue.Destination) *position {
	for i := range r.core.Queues {
		if r.core.Queues[i].To == to {
			return &r.core.Queues[i]
		}
	}
	return nil
}

// check recomputes the hash chain from what the worker has to the head that the
// chain's state holds: nothing can be left out, put in or reordered.
func (r *round) check(b wire.Batch, head queue.Head) error {
	p := r.position(b.To)
	if p == nil {
		return wire.Errorf(wire.KindQueue, "this worker does not execute that queue")
	}
	at := p.Head
	if at.Count > head.Count {
		return wire.Errorf(wire.KindBehind, "%d messages are executed, the block knows of %d", at.Count, head.Count)
	}
	if n := uint64(len(b.Messages)) + uint64(len(b.Links)); at.Count+n != head.Count {
		return wire.Errorf(wire.KindQueue, "%d messages follow message %d, want %d", n, at.Count, head.Count-at.Count)
	}
	sum, next := at.Hash, at.Count
	for _, m := range b.Messages {
		if m.Seq != next {
			return wire.Errorf(wire.KindQueue, "message %d, want %d", m.Seq, next)
		}
		sum, next = m.Next(sum), next+1
	}
	for _, l := range b.Links {
		if l.Seq != next {
			return wire.Errorf(wire.KindQueue, "message %d, want %d", l.Seq, next)
		}
		sum, next = hash.Blake2b256(sum[:], scale.Marshal(l)), next+1
	}
	if sum != head.Hash {
		return wire.Errorf(wire.KindQueue, "the messages are not those of the queue")
	}
	return nil
}

// execute does what a queue's messages say.
func (r *round) execute(ctx context.Context, snapshot *store.Snapshot, b wire.Batch) error {
	switch to := b.To.(type) {
	case queue.ToWorker:
		for _, m := range b.Messages {
			if err := r.hear(m); err != nil {
				return err
			}
			p := r.position(b.To)
			p.Head = queue.Head{Count: m.Seq + 1, Hash: m.Next(p.Head.Hash)}
		}
	case queue.ToCluster:
		return r.runCluster(ctx, snapshot, to, b.Messages)
	}
	return nil
}

// hear does what the chain tells this worker. What it does not understand, it
// passes over.
func (r *round) hear(m queue.Message) error {
	msg, err := scale.Decode[clusters.WorkerMessage](m.Payload)
	if _, trusted := m.Origin.(queue.OriginPallet); err != nil || !trusted {
		r.w.log.Warn("message passed over", "seq", m.Seq)
		return nil
	}
	switch msg := msg.(type) {
	case clusters.Registered:
		if msg.BootEpoch > r.core.BootEpoch && msg.BootEpoch == r.core.Promised {
			// What waits for the chain is numbered anew.
			r.core.BootEpoch, r.up.First, r.upChanged = msg.BootEpoch, 0, true
		}
		r.core.Heard = msg.BootEpoch == r.core.BootEpoch
	case clusters.Removed:
		r.core.Heard = false
	case clusters.ClusterJoin:
		return r.join(msg)
	case clusters.ClusterSecret:
		return r.receive(msg)
	}
	return nil
}

// runCluster executes a cluster's messages up to the first whose code is
// missing, and reports.
func (r *round) runCluster(ctx context.Context, snapshot *store.Snapshot, to queue.ToCluster, messages []queue.Message) error {
	c := r.w.clusters[to.ID]
	if c == nil {
		return fmt.Errorf("cluster %v has a queue and no keys", to.ID)
	}
	t, err := c.Begin(snapshot)
	if err != nil {
		return err
	}
	p := r.position(to)
	var receipts []clusters.Receipt
	var withdrawals []clusters.Withdrawal
	from, size := p.Head.Count, 0
	flush := func() {
		r.send(clusters.Receipts{
			Cluster: to.ID, From: from, Next: p.Head.Count, StateRoot: t.Root(p.Head.Count), Held: t.Held(),
			Receipts: receipts, Withdrawals: withdrawals,
		})
		from, receipts, withdrawals, size = p.Head.Count, nil, nil, 0
	}
	done := 0
	for _, m := range messages {
		head := m.Next(p.Head.Hash)
		res, err := c.Execute(ctx, t, m, head)
		if missing, ok := errors.AsType[cluster.NoCode](err); ok {
			r.need = append(r.need, missing.Code)
			break
		}
		if err != nil {
			return fmt.Errorf("execute message %d of cluster %v: %w", m.Seq, to.ID, err)
		}
		p.Head = queue.Head{Count: m.Seq + 1, Hash: head}
		done++
		if res.Checked != nil {
			r.send(*res.Checked)
		}
		if res.Withdrawal != nil {
			withdrawals = append(withdrawals, *res.Withdrawal)
		}
		if res.Receipt != nil {
			receipts = append(receipts, *res.Receipt)
			size += len(res.Receipt.Output) + len(res.Receipt.Error)
		}
		if size > receiptSize || len(receipts) == clusters.MaxReceipts || len(withdrawals) == clusters.MaxWithdrawals {
			flush()
		}
	}
	if done == 0 {
		return nil
	}
	// The last messages' receipts, or word that there were none.
	flush()
	r.changes = append(r.changes, t.Changes()...)
	return nil
}
