package clusters

import (
	"slices"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

func (p *Pallet) takeSnapshot(ctx *frame.Context, t TakeSnapshot) error {
	c, err := p.owned(ctx, t.Cluster)
	if err != nil {
		return err
	}
	if err := p.Ready(ctx, t.Cluster); err != nil {
		return err
	}
	return p.askSnapshot(ctx, t.Cluster, &c)
}

// askSnapshot asks a cluster's members for a snapshot of the state at this place
// in the queue. What they were asked for before is given up, unless more than
// half of them have made it.
func (p *Pallet) askSnapshot(ctx *frame.Context, id hash.H256, c *words.Cluster) error {
	to := queue.ToCluster{ID: id}
	if _, err := p.Queue.Push(ctx, to, origin, scale.Encode[words.ClusterMessage](words.MakeSnapshot{})); err != nil {
		return err
	}
	head := p.Queue.Head(ctx, to)
	s := p.Snapshots.Get(ctx, id)
	s.Wanted, s.Votes = &words.SnapshotPoint{Epoch: c.Epoch, Next: head.Count, Head: head.Hash}, nil
	p.Snapshots.Put(ctx, id, s)
	return nil
}

// snapshotDue asks for a snapshot when many messages were executed since the
// last time.
func (p *Pallet) snapshotDue(ctx *frame.Context, id hash.H256, c *words.Cluster) error {
	s := p.Snapshots.Get(ctx, id)
	last, every := uint64(0), uint64(p.SnapshotEvery)
	if s.Wanted != nil {
		last = s.Wanted.Next
	}
	if s.Kept != nil { // a snapshot costs what its chunks do
		every *= uint64(s.Kept.Chunks)
	}
	if s.Chosen != nil && p.Workers.Live(ctx, s.By) { // it is on its way, unless that takes very long
		every = 4 * max(every, uint64(p.SnapshotEvery)*uint64(s.Chosen.Chunks))
	}
	if every == 0 || c.Next < last+every {
		return nil
	}
	return p.askSnapshot(ctx, id, c)
}

// outruns tells whether a snapshot is of a state after what a cluster's members
// disagree about. Who began with it could not judge.
func outruns(c *words.Cluster, s *words.Snapshot) bool {
	return c.Dispute != nil && s.Next > c.Dispute.Seq
}

// snapshotMade counts what the members say that the snapshot is. From the first
// who said what more than half of them say, the chunks are asked for.
func (p *Pallet) snapshotMade(ctx *frame.Context, worker [32]byte, m words.SnapshotMade) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	s := p.Snapshots.Get(ctx, m.Cluster)
	w, made := s.Wanted, m.Snapshot
	if outruns(&c, &made) {
		return ErrFrozen
	}
	if w != nil && (made.Next < w.Next || slices.ContainsFunc(s.Votes, func(v words.SnapshotVote) bool { return v.Member == worker })) {
		return nil // too late, or again
	}
	if w == nil || made.Epoch != w.Epoch || made.Next != w.Next || made.Head != w.Head ||
		made.Chunks == 0 || made.Chunks > words.MaxSnapshotChunks {
		return ErrBadSnapshot
	}
	s.Votes = append(s.Votes, words.SnapshotVote{Member: worker, Name: made.Name()})
	var same [][32]byte
	for _, v := range s.Votes {
		if v.Name == made.Name() && slices.Contains(c.Members, v.Member) {
			same = append(same, v.Member)
		}
	}
	if 2*len(same) > len(c.Members) && (s.Chosen == nil || s.Chosen.Next < made.Next) {
		s.Chosen, s.By, s.Have = &made, same[0], 0
		if err := p.tell(ctx, same[0], words.SnapshotWanted{Cluster: m.Cluster, Name: made.Name()}); err != nil {
			return err
		}
	}
	p.Snapshots.Put(ctx, m.Cluster, s)
	return nil
}

// snapshotChunk keeps the next chunk. When all are there, the snapshot replaces
// the one before, and the keys of earlier epochs are needed no more.
func (p *Pallet) snapshotChunk(ctx *frame.Context, worker [32]byte, m words.SnapshotChunk) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	s := p.Snapshots.Get(ctx, m.Cluster)
	switch {
	case s.Chosen == nil || s.Chosen.Name() != m.Name || len(m.Bytes) > words.SnapshotChunkSize || !s.Chosen.Proves(m.Index, m.Bytes, m.Proof):
		return ErrBadSnapshot
	case outruns(&c, s.Chosen):
		return ErrFrozen
	case m.Index < s.Have:
		return nil // it is there
	case m.Index > s.Have:
		return ErrGap
	}
	ctx.IndexSet(words.SnapshotKey(m.Cluster, 1-s.Slot, m.Index), scale.Marshal(words.KeptChunk{Bytes: m.Bytes, Proof: m.Proof}))
	s.Have++
	if s.Have == s.Chosen.Chunks {
		s.Kept, s.Chosen, s.Have, s.Slot = s.Chosen, nil, 0, 1-s.Slot
		if err := p.tellAll(ctx, &c, words.SnapshotKept{Cluster: m.Cluster, Snapshot: *s.Kept}); err != nil {
			return err
		}
		ctx.Emit(SnapshotKept{m.Cluster, s.Kept.Epoch, s.Kept.Next, m.Name})
	}
	p.Snapshots.Put(ctx, m.Cluster, s)
	return nil
}
