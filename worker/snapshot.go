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
type made struct {
	Snapshot clusters.Snapshot
	Chunks   [][]byte
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

// snapshot makes a snapshot after a message, and tells the chain what it is.
func (r *round) snapshot(c *cluster.Cluster, id hash.H256, state cluster.Lister, head queue.Head) error {
	s, chunks, err := c.Snapshot(state, head.Count, head.Hash)
	if errors.Is(err, cluster.ErrTooLarge) {
		r.w.log.Warn("no snapshot", "cluster", id, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	r.changes = append(r.changes, r.w.save(madePart(id), made{s, chunks}))
	r.send(clusters.SnapshotMade{Cluster: id, Snapshot: s})
	return nil
}

// upload sends the chunks of a snapshot that the worker made.
func (r *round) upload(msg clusters.SnapshotWanted) error {
	var m made
	there, err := r.w.load(r.base, madePart(msg.Cluster), &m)
	if err != nil || !there || m.Snapshot.Name() != msg.Name {
		return err
	}
	for i, chunk := range m.Chunks {
		r.send(clusters.SnapshotChunk{Cluster: msg.Cluster, Name: msg.Name, Index: uint8(i), Bytes: chunk})
	}
	return nil
}

// kept hears which snapshot the chain has.
func (r *round) kept(msg clusters.SnapshotKept) error {
	m := r.membership(msg.Cluster)
	if m == nil || m.Kept != nil && m.Kept.Next >= msg.Snapshot.Next {
		return nil
	}
	m.Kept = &msg.Snapshot
	var old made
	there, err := r.w.load(r.base, madePart(msg.Cluster), &old)
	if err == nil && there && old.Snapshot.Next <= msg.Snapshot.Next {
		r.dropMade(msg.Cluster)
	}
	return err
}

func (r *round) dropMade(id hash.H256) {
	r.changes = append(r.changes, store.Change{Key: partKey(madePart(id))})
}

// Snapshot takes the state that a cluster begins with on this worker, if it is the
// newest that the chain has.
func (w *Worker) Snapshot(s wire.Snapshot) error {
	w.syncing.Lock()
	defer w.syncing.Unlock()
	if w.broken != nil {
		return w.broken
	}
	r := w.round(nil)
	r.need = w.need
	m := r.membership(s.Cluster)
	if m == nil || !m.wantsSnapshot() {
		return wire.Errorf(wire.KindBadSnapshot, "no snapshot of cluster %v is wanted", s.Cluster)
	}
	c, err := w.cluster(m, m.Kept.Epoch)
	if err != nil {
		return err
	}
	changes, err := c.Restore(*m.Kept, s.Chunks)
	if errors.Is(err, cluster.ErrSnapshot) {
		return wire.Errorf(wire.KindBadSnapshot, "%v", err)
	}
	if err != nil {
		return err
	}
	if err := r.openAt(m, m.Kept.Epoch, queue.Head{Count: m.Kept.Next, Hash: m.Kept.Head}); err != nil {
		return err
	}
	r.changes = changes
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
	report := clusters.Receipts{Cluster: m.ID, From: head.Count - 1, Next: head.Count, StateRoot: t.Root(head.Count), Held: t.Held()}
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
		r.changes = append(r.changes, changes...)
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
