package worker

import (
	"errors"
	"slices"

	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/worker/cluster"
	"github.com/tacit-network/tacit/worker/store"
	"github.com/tacit-network/tacit/worker/wire"
)

// made is a snapshot that the worker made, until the chain has it or a later one.
// Its chunks, which are encrypted, lie in a file.
type made struct {
	Snapshot clusters.Snapshot
	Leaves   []hash.H256
	Sizes    []uint32
}

// sending is how far a snapshot was sent to the chain.
type sending struct {
	Name hash.H256
	Next uint32
}

func madePart(id hash.H256) string { return "snapshot" + string(id[:]) }

// wantsSnapshot tells whether the worker begins with a snapshot, and has the
// secret to read it.
func (m *membership) wantsSnapshot() bool {
	if m.Open || m.Kept == nil || m.Lasting == nil {
		return false
	}
	_, has := m.secret(m.Kept.Epoch)
	return has
}

func (m *membership) restoring() cluster.Restoring {
	if m.Restoring == nil {
		return cluster.Restoring{}
	}
	return *m.Restoring
}

// snapshot makes a snapshot after a message, and tells the chain what it is.
func (r *round) snapshot(c *cluster.Cluster, id hash.H256, state cluster.Lister, head queue.Head) error {
	f, err := r.w.chunks.create()
	if err != nil {
		return err
	}
	defer f.abort()
	m := made{}
	m.Snapshot, m.Leaves, err = c.Snapshot(state, head.Count, head.Hash, func(chunk []byte) error {
		m.Sizes = append(m.Sizes, uint32(len(chunk)))
		return f.add(chunk)
	})
	if errors.Is(err, cluster.ErrTooLarge) {
		r.w.log.Warn("no snapshot", "cluster", id, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.keep(m.Snapshot.Name()); err != nil {
		return err
	}
	if err := r.replaceMade(id, m.Snapshot.Name()); err != nil {
		return err
	}
	r.change(r.w.save(madePart(id), m))
	r.send(clusters.SnapshotMade{Cluster: id, Snapshot: m.Snapshot})
	return nil
}

// replaceMade drops the file of the snapshot that was made before, unless it is
// that of name.
func (r *round) replaceMade(id, name hash.H256) error {
	var old made
	there, err := r.w.load(r.base, madePart(id), &old)
	if err == nil && there && old.Snapshot.Name() != name {
		r.dropped = append(r.dropped, old.Snapshot.Name())
	}
	return err
}

// upload begins to send the chunks of a snapshot that the worker made.
func (r *round) upload(msg clusters.SnapshotWanted) {
	if m := r.membership(msg.Cluster); m != nil {
		m.Sending = &sending{Name: msg.Name}
	}
}

// waitingChunks is how many bytes may wait for the chain when another chunk is
// given to it.
const waitingChunks = 1 << 20

// feed gives the chain the next chunks of snapshots, as fast as it takes them.
func (r *round) feed() error {
	for i := range r.core.Clusters {
		m := &r.core.Clusters[i]
		if m.Sending == nil {
			continue
		}
		at := *m.Sending
		var s made
		there, err := r.w.load(r.base, madePart(m.ID), &s)
		if err != nil {
			return err
		}
		if !there || s.Snapshot.Name() != at.Name { // another one was made since
			m.Sending = nil
			continue
		}
		for at.Next < s.Snapshot.Chunks && r.up.size() < waitingChunks {
			chunk, err := r.w.chunks.read(at.Name, at.Next, s.Sizes[at.Next])
			if err != nil || clusters.Leaf(chunk) != s.Leaves[at.Next] {
				r.w.log.Warn("a chunk of a snapshot is lost", "cluster", m.ID, "error", err)
				at.Next = s.Snapshot.Chunks
				break
			}
			r.send(clusters.SnapshotChunk{Cluster: m.ID, Name: at.Name, Index: at.Next, Bytes: chunk, Proof: clusters.Proof(s.Leaves, at.Next)})
			at.Next++
		}
		if m.Sending = &at; at.Next == s.Snapshot.Chunks {
			m.Sending = nil
		}
	}
	return nil
}

// kept hears which snapshot the chain has.
func (r *round) kept(msg clusters.SnapshotKept) error {
	m := r.membership(msg.Cluster)
	if m == nil || m.Kept != nil && m.Kept.Next >= msg.Snapshot.Next {
		return nil
	}
	r.abandon(m)
	m.Kept = &msg.Snapshot
	var old made
	there, err := r.w.load(r.base, madePart(msg.Cluster), &old)
	if err == nil && there && old.Snapshot.Next <= msg.Snapshot.Next {
		return r.dropMade(msg.Cluster)
	}
	return err
}

// abandon forgets what was restored of a snapshot that is not to be any more.
func (r *round) abandon(m *membership) {
	if m.Restoring == nil {
		return
	}
	if c, err := r.w.cluster(m, m.Kept.Epoch); err == nil { // it was there when the first chunk came
		r.change(c.Forget(r.base)...)
	}
	m.Restoring = nil
}

func (r *round) dropMade(id hash.H256) error {
	r.change(store.Change{Key: partKey(madePart(id))})
	return r.replaceMade(id, hash.H256{})
}

// Snapshot takes the next chunk of the state that a cluster begins with on this
// worker, if it is of the newest that the chain has.
func (w *Worker) Snapshot(s wire.Snapshot) error {
	w.syncing.Lock()
	defer w.syncing.Unlock()
	if w.broken != nil {
		return w.broken
	}
	base := w.store.Snapshot()
	defer base.Close()
	r := w.round(base)
	r.need = w.need
	m := r.membership(s.Cluster)
	if m == nil || !m.wantsSnapshot() {
		return wire.Errorf(wire.KindBadSnapshot, "no snapshot of cluster %v is wanted", s.Cluster)
	}
	at := m.restoring()
	if s.Index != at.Next {
		return wire.Errorf(wire.KindBadSnapshot, "chunk %d is wanted of the snapshot, not %d", at.Next, s.Index)
	}
	c, err := w.cluster(m, m.Kept.Epoch)
	if err != nil {
		return err
	}
	changes, next, err := c.Restore(base, *m.Kept, at, s.Chunk.Bytes, s.Chunk.Proof)
	if errors.Is(err, cluster.ErrSnapshot) {
		return wire.Errorf(wire.KindBadSnapshot, "%v", err)
	}
	if err != nil {
		return err
	}
	r.changes = changes
	if m.Restoring = &next; next.Next == m.Kept.Chunks {
		m.Restoring = nil
		if err := r.openAt(m, m.Kept.Epoch, queue.Head{Count: m.Kept.Next, Hash: m.Kept.Head}); err != nil {
			return err
		}
	}
	_, err = w.finish(w.light, r)
	return err
}

// chainSays does what the chain tells a cluster of its epochs and snapshots, over
// committed state, and reports. ok is false when the secret of the epoch is not
// here yet.
func (r *round) chainSays(c *cluster.Cluster, m *membership, msg clusters.ClusterMessage, head queue.Head) (ok bool, err error) {
	t, err := c.Begin(r.base)
	if err != nil {
		return false, err
	}
	report := clusters.Receipts{Cluster: m.ID, From: head.Count - 1, Next: head.Count, Held: t.Held()}
	if report.StateRoot, err = t.Root(head.Count); err != nil {
		return false, err
	}
	switch msg := msg.(type) {
	case clusters.Epoch:
		next, err := r.w.cluster(m, msg.Epoch)
		if err != nil {
			return false, nil
		}
		changes, root, err := c.Move(r.base, next, head.Count)
		if err != nil {
			return false, err
		}
		m.At, report.StateRoot = msg.Epoch, root
		r.change(changes...)
		r.joined[m.ID] = next
	case clusters.MakeSnapshot:
		if err := r.snapshot(c, m.ID, r.base, head); err != nil {
			return false, err
		}
	}
	report.Roots = []hash.H256{report.StateRoot}
	r.send(report)
	return true, nil
}

// clusterPosition is how far a cluster's queue is executed, nil when it is not
// open.
func (r *round) clusterPosition(id hash.H256) *position { return r.position(queue.ToCluster{ID: id}) }

// round begins a round over what is committed.
func (w *Worker) round(base *store.Snapshot) *round {
	r := &round{w: w, core: w.core, up: w.up, base: base, joined: map[hash.H256]*cluster.Cluster{}}
	r.core.Queues = slices.Clone(w.core.Queues)
	r.core.Clusters = slices.Clone(w.core.Clusters)
	return r
}
