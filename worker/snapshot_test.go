package worker

import (
	"context"
	"encoding/binary"
	"os"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// deposits gives tokens to n accounts of their own, each an entry of the state.
func (s *story) deposits(from, n int) {
	for i := range n {
		var who chain.AccountID
		binary.LittleEndian.PutUint64(who[:], uint64(from+i)+1)
		s.says(clusters.Deposit{From: who, Amount: scale.U64(uint64(from + i + 1))})
	}
}

// sweep brings a worker forward with many messages at once, and takes what it
// says.
func (s *story) sweep(w *Worker) (out []clusters.UpMessage) {
	s.t.Helper()
	for range 50 {
		r, err := w.Sync(context.Background(), s.c.sync(w, 4000))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, h := range r.NeedCode {
			s.c.give(w, h, s.codes[h])
		}
		for r.Pending > 0 {
			out = append(out, s.c.take(w)...)
			if r, err = w.Sync(context.Background(), s.c.sync(w, 0)); err != nil {
				s.t.Fatal(err)
			}
		}
		done := len(r.NeedCode) == 0 && len(r.NeedWorkers) == 0
		for _, q := range r.Queues {
			done = done && q.Next == uint64(len(s.c.queues[q.To]))
		}
		if done {
			return out
		}
	}
	s.t.Fatal("the worker does not come to the end of its queues")
	return nil
}

// member makes another worker a member that has the secrets and begins with a
// snapshot.
func (s *story) member(kept clusters.Snapshot) *Worker {
	s.t.Helper()
	w := openWorker(s.t, s.t.TempDir(), s.c)
	s.c.register(w, func(*registry.Worker) {})
	s.c.tell(w, clusters.ClusterJoin{Cluster: s.cluster, Members: [][32]byte{s.w.Identity(), w.Identity()}, Snapshot: &kept})
	s.c.tell(s.w, clusters.Newcomer{Cluster: s.cluster, Epoch: kept.Epoch, Member: w.Identity()})
	for _, m := range s.sweep(s.w) {
		if m, ok := m.(clusters.HandOver); ok {
			s.c.tell(w, clusters.ClusterSecret{
				Cluster: s.cluster, Epoch: kept.Epoch, From: s.w.Identity(), Keys: s.w.clusters[s.cluster].Keys(), Envelope: m.Envelope,
			})
		}
	}
	s.sweep(w)
	return w
}

// made has the worker make a snapshot.
func (s *story) made() clusters.Snapshot {
	s.t.Helper()
	s.says(clusters.MakeSnapshot{})
	for _, m := range s.sweep(s.w) {
		if m, ok := m.(clusters.SnapshotMade); ok {
			return m.Snapshot
		}
	}
	s.t.Fatal("no snapshot was made")
	return clusters.Snapshot{}
}

// A snapshot of many chunks goes to the chain a few chunks at a time, over a
// restart, and to a new member chunk by chunk, which goes on where it was after
// a restart, and begins anew when the chain has a newer one.
func TestSnapshotInParts(t *testing.T) {
	s := newStory(t)
	const first = 45_000
	s.deposits(0, first)
	s.sweep(s.w)
	s.snapshot = s.made()
	if s.snapshot.Chunks < 2*waitingChunks/clusters.SnapshotChunkSize {
		t.Fatalf("%d chunks are not many", s.snapshot.Chunks)
	}
	s.c.tell(s.w, clusters.SnapshotWanted{Cluster: s.cluster, Name: s.snapshot.Name()})
	if _, err := s.w.Sync(context.Background(), s.c.sync(s.w, 10)); err != nil {
		t.Fatal(err)
	}
	if n := s.w.up.size(); n < waitingChunks || n > waitingChunks+2*clusters.SnapshotChunkSize {
		t.Errorf("%d bytes wait for the chain", n)
	}
	var chunks []clusters.KeptChunk
	collect := func(list []clusters.UpMessage) {
		for _, m := range list {
			if m, ok := m.(clusters.SnapshotChunk); ok && int(m.Index) == len(chunks) {
				chunks = append(chunks, clusters.KeptChunk{Bytes: m.Bytes, Proof: m.Proof})
			}
		}
	}
	collect(s.c.take(s.w))
	if _, err := s.w.Sync(context.Background(), s.c.sync(s.w, 0)); err != nil {
		t.Fatal(err)
	}
	half := len(chunks)
	if half == 0 || half >= int(s.snapshot.Chunks) {
		t.Fatalf("%d of %d chunks at first", half, s.snapshot.Chunks)
	}
	s.restart()
	s.c.tell(s.w, clusters.Registered{BootEpoch: 2})
	collect(s.sweep(s.w))
	if len(chunks) != int(s.snapshot.Chunks) {
		t.Fatalf("%d chunks, want %d", len(chunks), s.snapshot.Chunks)
	}

	// A member takes half of them, ends, and goes on.
	taker := s.member(s.snapshot)
	give(t, taker, s.cluster, 0, chunks[:half])
	dir := taker.cfg.Dir
	taker.Close(context.Background())
	taker = openWorker(t, dir, s.c)
	if need := taker.Info().NeedSnapshots; len(need) != 1 || need[0] != (wire.SnapshotNeed{Cluster: s.cluster, Name: s.snapshot.Name(), Next: uint32(half)}) {
		t.Fatalf("after a restart it needs %+v", need)
	}
	if err := taker.Snapshot(wire.Snapshot{Cluster: s.cluster, Chunk: chunks[0]}); wire.KindOf(err) != wire.KindBadSnapshot {
		t.Errorf("the first chunk again: %v", err)
	}
	give(t, taker, s.cluster, uint32(half), chunks[half:])
	s.deposits(first, 10)
	s.sweep(s.w)
	s.sweep(taker)
	agree(t, s, taker)

	// Another is given half of them when the chain has a newer one.
	late := s.member(s.snapshot)
	give(t, late, s.cluster, 0, chunks[:half])
	s.snapshot, chunks = s.made(), nil
	s.c.tell(s.w, clusters.SnapshotWanted{Cluster: s.cluster, Name: s.snapshot.Name()})
	collect(s.sweep(s.w))
	for _, w := range []*Worker{s.w, late} {
		s.c.tell(w, clusters.SnapshotKept{Cluster: s.cluster, Snapshot: s.snapshot})
		s.sweep(w)
	}
	if need := late.Info().NeedSnapshots; len(need) != 1 || need[0].Name != s.snapshot.Name() || need[0].Next != 0 {
		t.Fatalf("it needs %+v", need)
	}
	give(t, late, s.cluster, 0, chunks)
	s.sweep(late)
	agree(t, s, late)
	if list, err := os.ReadDir(string(s.w.chunks)); err != nil || len(list) != 0 {
		t.Errorf("the maker keeps %d files of what the chain has (%v)", len(list), err)
	}

	// One that is taken out meanwhile keeps nothing.
	out := s.member(s.snapshot)
	give(t, out, s.cluster, 0, chunks[:1])
	s.c.tell(out, clusters.ClusterLeft{Cluster: s.cluster})
	s.sweep(out)
	state := out.store.Snapshot()
	defer state.Close()
	if n := len(state.With(nil)); n > 3 {
		t.Errorf("%d values are left of a cluster that it left", n)
	}
}

// A contract that came with a snapshot and gets no message is asked for: its code
// is brought because a query wants it.
func TestCodeForQuery(t *testing.T) {
	s := newStory(t)
	alice := account(t, "//Alice")
	s.instantiate(alice)
	s.command(alice, "increment", "5")
	s.bring()
	s.snapshot = s.made()
	s.c.tell(s.w, clusters.SnapshotWanted{Cluster: s.cluster, Name: s.snapshot.Name()})
	var chunks []clusters.KeptChunk
	for _, m := range s.sweep(s.w) {
		if m, ok := m.(clusters.SnapshotChunk); ok {
			chunks = append(chunks, clusters.KeptChunk{Bytes: m.Bytes, Proof: m.Proof})
		}
	}
	taker := s.member(s.snapshot)
	give(t, taker, s.cluster, 0, chunks)
	s.sweep(taker)
	agree(t, s, taker)
	s.w = taker
	if _, err := s.ask(alice, "get"); wire.KindOf(err) != wire.KindNoCode {
		t.Fatalf("a query without its code: %v", err)
	}
	var name hash.H256
	for code := range s.codes {
		name = code
	}
	if need := s.w.Info().NeedCode; len(need) != 1 || need[0] != name {
		t.Fatalf("it needs %v, want %v", need, name)
	}
	s.sweep(s.w) // brings what is needed
	if got := s.query(alice, "get"); got != "5" {
		t.Errorf("the counter is %s", got)
	}
	if need := s.w.Info().NeedCode; len(need) != 0 {
		t.Errorf("it still needs %v", need)
	}
}

// agree compares the states of the story's worker and another.
func agree(t *testing.T, s *story, w *Worker) {
	t.Helper()
	root := func(w *Worker) (hash.H256, uint64) {
		snapshot := w.store.Snapshot()
		defer snapshot.Close()
		at := w.round(snapshot).clusterPosition(s.cluster)
		if at == nil {
			t.Fatal("the cluster is not open")
		}
		r, err := w.clusters[s.cluster].Root(snapshot, at.Head.Count)
		if err != nil {
			t.Fatal(err)
		}
		return r, at.Head.Count
	}
	wantRoot, want := root(s.w)
	if gotRoot, got := root(w); gotRoot != wantRoot || got != want {
		t.Fatalf("it reaches %v after %d messages, want %v after %d", gotRoot, got, wantRoot, want)
	}
}

// What the host did to the file of a snapshot is noticed before anything of it is
// sent.
func TestSnapshotFileChanged(t *testing.T) {
	s := newStory(t)
	s.deposits(0, 100)
	s.sweep(s.w)
	s.snapshot = s.made()
	path := s.w.chunks.path(s.snapshot.Name())
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[50] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s.c.tell(s.w, clusters.SnapshotWanted{Cluster: s.cluster, Name: s.snapshot.Name()})
	for _, m := range s.sweep(s.w) {
		if _, ok := m.(clusters.SnapshotChunk); ok {
			t.Error("it sends a chunk that is not one")
		}
	}
	if m := s.w.core.Clusters[0]; m.Sending != nil {
		t.Error("it tries for ever")
	}
	// What no part of the state speaks of is removed at the next start.
	if err := os.WriteFile(s.w.chunks.path(hash.H256{1}), b, 0o600); err != nil {
		t.Fatal(err)
	}
	s.restart()
	list, err := os.ReadDir(string(s.w.chunks))
	if err != nil || len(list) != 1 {
		t.Errorf("%d files (%v)", len(list), err)
	}
}
