package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
	"github.com/tacit-network/tacit/worker/cluster"
	"github.com/tacit-network/tacit/worker/store"
	"github.com/tacit-network/tacit/worker/wire"
)

// Limits of one sync and of what may wait for the chain.
const (
	maxChanges  = 4096
	maxPending  = 32 << 20
	receiptSize = 128 << 10 // bytes of receipts after which a message up is closed

	// maxBatch is how many bytes of changes and of messages for the chain a sync
	// collects before it stops: what comes after is for the next one. A message
	// alone adds what host.MaxWritten allows, and a new epoch the whole state.
	maxBatch = 64 << 20
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
	light, header, err := w.follow(s)
	if err != nil {
		return wire.Synced{}, err
	}
	proved, err := w.prove(header, s)
	if err != nil {
		return wire.Synced{}, err
	}
	// The parts that change are copies: readers see the old ones until the
	// commit.
	snapshot := w.store.Snapshot()
	defer snapshot.Close()
	r := w.round(snapshot)
	if slot, ok := chain.AuraSlotOf(header); ok {
		r.core.Time = slot // slots last a millisecond
	}
	r.acknowledge(proved.acked)
	seen := map[queue.Destination]bool{}
	for i, b := range s.Queues {
		if seen[b.To] {
			return wire.Synced{}, wire.Errorf(wire.KindQueue, "a queue stands twice")
		}
		seen[b.To] = true
		if err := r.check(b, proved.heads[i]); err != nil {
			return wire.Synced{}, err
		}
	}
	r.give(proved)
	// With too much to say it does no more than to hear what of it the chain has,
	// and in which boot epoch the chain takes the rest.
	crowded := r.up.size() > maxPending
	if err := r.executeAll(ctx, s.Queues, proved.heads, crowded); err != nil {
		return wire.Synced{}, err
	}
	if crowded {
		r.need = w.need
		if _, err := w.finish(light, r); err != nil {
			return wire.Synced{}, err
		}
		return wire.Synced{}, wire.Errorf(wire.KindBusy, "messages wait for the chain")
	}
	r.erase()
	if err := r.feed(); err != nil {
		return wire.Synced{}, err
	}
	return w.finish(light, r)
}

// finish makes a round's changes durable and lets readers see them.
func (w *Worker) finish(light grandpa.LightChain, r *round) (wire.Synced, error) {
	for _, id := range r.left {
		if c := w.clusters[id]; c != nil {
			r.change(c.Forget(r.base)...)
		}
	}
	changes := append(r.changes, w.save(partCore, r.core))
	if light.Hash != w.light.Hash {
		changes = append(changes, w.save(partLight, light))
	}
	if r.upChanged {
		changes = append(changes, w.save(partUp, r.up))
	}
	if r.erased {
		changes = append(changes, w.save(partErased, true))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.commit(changes); err != nil {
		return wire.Synced{}, err
	}
	w.light, w.core, w.up, w.need = light, r.core, r.up, r.need
	for _, id := range r.left {
		delete(w.clusters, id)
	}
	for id, c := range r.joined {
		w.clusters[id] = c
	}
	w.chunks.remove(r.dropped)
	if r.erased {
		if err := w.forget(); err != nil {
			w.broken = err
			return wire.Synced{}, err
		}
	}
	needWorkers, needSnapshots := w.core.needs()
	return wire.Synced{
		More: r.more, NeedWorkers: needWorkers, NeedSnapshots: needSnapshots,
		BootEpoch: r.core.BootEpoch, Block: light.Number, SetID: light.Set.ID, Queues: w.positions(), NeedCode: w.needCode(), Pending: uint32(len(w.up.Payloads)),
	}, nil
}

// forget has the disk forget what was erased before. Until that is done, the state
// says that it is to be.
func (w *Worker) forget() error {
	if err := w.store.Rewrite(); err != nil {
		return err
	}
	return w.store.Commit([]store.Change{{Key: partKey(partErased)}})
}

// follow checks the justifications and returns the light chain after them.
func (w *Worker) follow(s wire.Sync) (grandpa.LightChain, chain.Header, error) {
	light := w.light
	if len(s.Changes) > maxChanges || len(s.Queues) > wire.MaxQueues || len(s.Workers) > maxProved || len(s.Images) > maxProved+1 {
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

// proved is what a block's state was shown to say.
type proved struct {
	block   chain.BlockNumber
	acked   queue.Ingress // what the chain took of this worker
	heads   []queue.Head
	workers map[[32]byte]*registry.Worker // nil for one that is not registered
	images  map[hash.H256]*attest.Image   // nil for one that is not known
}

// prove reads the queues' heads, what the chain took of this worker, who other
// workers are, and what is admitted, from the proof.
func (w *Worker) prove(header chain.Header, s wire.Sync) (out proved, err error) {
	fail := func(format string, args ...any) (proved, error) {
		return proved{}, wire.Errorf(wire.KindProof, format, args...)
	}
	at := [][]byte{w.queue.Ingress.Key(w.Identity())}
	for _, b := range s.Queues {
		at = append(at, w.queue.Outbox.Key(b.To))
	}
	for _, id := range s.Workers {
		at = append(at, w.registry.Workers.Key(id))
	}
	for _, id := range s.Images {
		at = append(at, w.images.Images.Key(id))
	}
	values, err := trie.ReadProof(header.StateRoot, s.Proof, at...)
	if err != nil {
		return fail("read proof: %v", err)
	}
	if values[0] != nil {
		if out.acked, err = w.queue.Ingress.Decode(values[0]); err != nil {
			return fail("Queue.Ingress: %v", err)
		}
	}
	out.block, out.heads = header.Number, make([]queue.Head, len(s.Queues))
	for i, b := range s.Queues {
		if values[i+1] == nil {
			out.heads[i] = queue.Head{Hash: queue.Start(w.cfg.Chain.Genesis, b.To)}
			continue
		}
		if out.heads[i], err = w.queue.Outbox.Decode(values[i+1]); err != nil {
			return fail("Queue.Outbox: %v", err)
		}
	}
	out.workers, out.images = map[[32]byte]*registry.Worker{}, map[hash.H256]*attest.Image{}
	for i, id := range s.Workers {
		if out.workers[id], err = decoded(values[1+len(s.Queues)+i], w.registry.Workers.Decode); err != nil {
			return fail("Registry.Workers: %v", err)
		}
	}
	for i, id := range s.Images {
		if out.images[id], err = decoded(values[1+len(s.Queues)+len(s.Workers)+i], w.images.Images.Decode); err != nil {
			return fail("Attestation.Images: %v", err)
		}
	}
	return out, nil
}

// decoded reads a stored value, nil where there is none.
func decoded[T any](value []byte, decode func([]byte) (T, error)) (*T, error) {
	if value == nil {
		return nil, nil
	}
	v, err := decode(value)
	return &v, err
}

// round is what one sync changes.
type round struct {
	w         *Worker
	core      core
	up        outbox
	upChanged bool
	need      []hash.H256
	joined    map[hash.H256]*cluster.Cluster // that are new, or in another epoch
	left      []hash.H256
	base      *store.Snapshot // what was committed before
	changes   []store.Change
	more      bool        // it stopped at a message that it can go on with
	erased    bool        // something is to be on the disk no more
	dropped   []hash.H256 // snapshots whose chunks are needed no more
	size      int         // bytes of changes, and of what was sent
}

func (r *round) send(m clusters.UpMessage) {
	payload := scale.Encode(m)
	r.size += len(payload)
	r.up.Payloads = append(slices.Clip(r.up.Payloads), payload)
	r.upChanged = true
}

// change adds changes of the state.
func (r *round) change(list ...store.Change) {
	for _, c := range list {
		r.size += c.Size()
	}
	r.changes = append(r.changes, list...)
}

// full tells whether the round is to end, with so many bytes of changes beside
// those that it has.
func (r *round) full(beside int) bool {
	if r.size+beside < r.w.batch {
		return false
	}
	r.more = true
	return true
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

// executeAll does what the queues say. What the worker is told itself comes first,
// all that the block has of it: whether it is a member still, and which secrets
// count. The others wait until it has heard that, or with alone for another time.
func (r *round) executeAll(ctx context.Context, queues []wire.Batch, heads []queue.Head, alone bool) error {
	own := slices.IndexFunc(queues, func(b wire.Batch) bool { _, own := b.To.(queue.ToWorker); return own })
	if own < 0 {
		if len(queues) > 0 {
			return wire.Errorf(wire.KindQueue, "the worker's own queue has to be there, before that of a cluster")
		}
		return nil
	}
	if err := r.execute(ctx, queues[own]); err != nil || alone || r.position(queues[own].To).Head != heads[own] {
		return err
	}
	// Another one is the first each time, so that none waits for ever where the
	// first has enough to fill the round.
	r.w.turn++
	for i := range queues {
		i = (i + r.w.turn) % len(queues)
		if i == own {
			continue
		}
		if err := r.execute(ctx, queues[i]); err != nil {
			return err
		}
	}
	return nil
}

// execute does what a queue's messages say.
func (r *round) execute(ctx context.Context, b wire.Batch) error {
	switch to := b.To.(type) {
	case queue.ToWorker:
		for _, m := range b.Messages {
			if r.full(0) {
				return nil
			}
			if err := r.hear(m); err != nil {
				return err
			}
			p := r.position(b.To)
			p.Head = queue.Head{Count: m.Seq + 1, Hash: m.Next(p.Head.Hash)}
		}
	case queue.ToCluster:
		return r.runCluster(ctx, to, b.Messages)
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
	case clusters.EpochWanted:
		return r.offer(msg)
	case clusters.EpochChosen:
		return r.chosen(msg)
	case clusters.Newcomer:
		r.newcomer(msg)
	case clusters.ClusterLeft:
		r.leave(msg.Cluster)
	case clusters.SnapshotWanted:
		r.upload(msg)
	case clusters.SnapshotKept:
		return r.kept(msg)
	case clusters.ShareWanted:
		r.surrender(msg)
	case clusters.Share:
		return r.recover(msg)
	}
	return nil
}

// runCluster executes a cluster's messages up to the first whose code is
// missing, or that is about the stored state when some before it are not stored
// yet, or until the round is full, and reports.
func (r *round) runCluster(ctx context.Context, to queue.ToCluster, messages []queue.Message) error {
	p, m := r.position(to), r.membership(to.ID)
	if p == nil || m == nil || slices.Contains(r.left, to.ID) {
		return nil // it left the cluster in this round; if it is a member again, it is elsewhere in the queue
	}
	c := r.w.clusters[to.ID]
	if c == nil {
		return fmt.Errorf("cluster %v has a queue and no keys", to.ID)
	}
	t, err := c.Begin(r.base)
	if err != nil {
		return err
	}
	report := clusters.Receipts{Cluster: to.ID, From: p.Head.Count}
	size, done := 0, false
	flush := func() {
		if len(report.Roots) == 0 {
			return
		}
		report.Next, report.StateRoot, report.Held = p.Head.Count, report.Roots[len(report.Roots)-1], t.Held()
		r.send(report)
		report, size = clusters.Receipts{Cluster: to.ID, From: p.Head.Count}, 0
	}
	for _, msg := range messages {
		if r.full(t.Size()) {
			break
		}
		head := queue.Head{Count: msg.Seq + 1, Hash: msg.Next(p.Head.Hash)}
		if said := cluster.ChainSays(msg); said != nil {
			if done {
				r.more = true
				break
			}
			ok, err := r.chainSays(c, m, said, head)
			switch {
			case err != nil:
				return err
			case ok:
				p.Head, r.more = head, true
			case m.Kept != nil && m.Kept.Next > p.Head.Count && m.has(m.Kept.Epoch):
				// The secret is erased everywhere: the state begins anew with the
				// snapshot.
				m.Open = false
				r.shut(m.ID)
			}
			return nil
		}
		res, err := c.Execute(ctx, t, msg, head.Hash)
		if missing, ok := errors.AsType[cluster.NoCode](err); ok {
			r.need = append(r.need, missing.Code)
			break
		}
		if err != nil {
			return fmt.Errorf("execute message %d of cluster %v: %w", msg.Seq, to.ID, err)
		}
		p.Head, done = head, true
		root, err := t.Root(head.Count)
		if err != nil {
			return fmt.Errorf("the root after message %d of cluster %v: %w", msg.Seq, to.ID, err)
		}
		report.Roots = append(report.Roots, root)
		if res.Checked != nil {
			r.send(*res.Checked)
		}
		if res.Withdrawal != nil {
			report.Withdrawals = append(report.Withdrawals, *res.Withdrawal)
		}
		if res.Receipt != nil {
			report.Receipts = append(report.Receipts, *res.Receipt)
			size += len(res.Receipt.Output) + len(res.Receipt.Error)
		}
		if size > receiptSize || len(report.Roots) == clusters.MaxReceipts || len(report.Withdrawals) == clusters.MaxWithdrawals {
			flush()
		}
	}
	if !done {
		return nil
	}
	// The last messages' receipts, or word that there were none.
	flush()
	changes, err := t.Changes()
	if err != nil {
		return fmt.Errorf("the state of cluster %v: %w", to.ID, err)
	}
	r.change(changes...)
	return nil
}
