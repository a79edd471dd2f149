package worker

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
)

// says has the chain tell the cluster something.
func (s *story) says(m clusters.ClusterMessage) {
	s.c.push(queue.ToCluster{ID: s.cluster}, queue.OriginPallet{Name: []byte("Clusters")}, scale.Encode(m))
}

// rotate begins an epoch with the worker's own secret.
func (s *story) rotate(epoch, attempt uint32) {
	s.t.Helper()
	s.c.tell(s.w, clusters.EpochWanted{Cluster: s.cluster, Epoch: epoch, Attempt: attempt})
	s.bring()
	s.choose(s.cluster, epoch, attempt)
	s.says(clusters.Epoch{Epoch: epoch})
	s.says(clusters.MakeSnapshot{})
	for _, m := range s.heard() {
		if made, ok := m.(clusters.SnapshotMade); ok {
			s.snapshot = made.Snapshot
		}
	}
}

// heard brings the worker forward and returns what it says.
func (s *story) heard() (out []clusters.UpMessage) {
	s.t.Helper()
	for range 3 {
		s.c.bring(s.w, s.codes)
		out = append(out, s.c.take(s.w)...)
	}
	return out
}

// chunks has the worker give the chunks of the snapshot that it made.
func (s *story) chunks() (out []clusters.KeptChunk) {
	s.t.Helper()
	s.c.tell(s.w, clusters.SnapshotWanted{Cluster: s.cluster, Name: s.snapshot.Name()})
	for len(out) < int(s.snapshot.Chunks) {
		n := len(out)
		for _, m := range s.heard() {
			if c, ok := m.(clusters.SnapshotChunk); ok && int(c.Index) == len(out) {
				out = append(out, clusters.KeptChunk{Bytes: c.Bytes, Proof: c.Proof})
			}
		}
		if len(out) == n {
			s.t.Fatalf("%d chunks, want %d", n, s.snapshot.Chunks)
		}
	}
	for i, k := range out {
		if !s.snapshot.Proves(uint32(i), k.Bytes, k.Proof) {
			s.t.Fatalf("chunk %d is not one of %+v", i, s.snapshot)
		}
	}
	return out
}

// After an epoch whose successor has a snapshot on the chain, neither the memory
// nor the disk of a worker, in the clear, has its secret, and the secrets that
// are there do not open what was sealed to it.
func TestErased(t *testing.T) {
	s := newStory(t)
	alice := account(t, "//Alice")
	s.instantiate(alice)
	s.command(alice, "increment", "5")
	s.bring()
	old := s.w.core.Clusters[0].Epochs[0].Secret
	sealed, _ := s.envelope(alice, s.contract, s.input("increment", "1"))
	s.rotate(1, 2)
	if n := len(s.w.core.Clusters[0].Epochs); n != 2 {
		t.Fatalf("%d secrets before the snapshot is kept, want 2", n)
	}
	s.c.tell(s.w, clusters.SnapshotKept{Cluster: s.cluster, Snapshot: s.snapshot})
	s.heard()
	m := s.w.core.Clusters[0]
	if len(m.Epochs) != 1 || m.Epochs[0].Epoch != 1 || m.At != 1 {
		t.Fatalf("secrets of %d epochs, state in epoch %d", len(m.Epochs), m.At)
	}
	if bytes.Contains(scale.Marshal(s.w.core), old[:]) {
		t.Error("the old secret is in memory")
	}
	// What the disk has, as the worker itself would read it.
	snapshot := s.w.store.Snapshot()
	defer snapshot.Close()
	for _, k := range snapshot.With(nil) {
		box, _ := snapshot.Get(k)
		for _, part := range []string{partCore, partLight, partUp} {
			if b, err := s.w.metaKey.Open(nil, nil, box, []byte(part)); err == nil && bytes.Contains(b, old[:]) {
				t.Errorf("the old secret is in %s", part)
			}
		}
	}
	e, err := seal.ParseEnvelope(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []stored{*m.Lasting, m.Epochs[0].Secret, s.w.core.Secret, s.w.core.Identity} {
		for _, root := range []seal.Secret{seal.SecretFrom(secret), seal.SecretFrom(secret).Epoch(0), seal.SecretFrom(secret).Epoch(1)} {
			k, err := root.HPKE(e.Suite)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := k.OpenMessage(seal.InfoCommand, seal.Context{
				Genesis: s.c.genesis, Target: s.cluster, Contract: s.contract, Origin: alice.AccountID(),
			}, e); err == nil {
				t.Error("a secret that is left opens what was sealed to the old epoch")
			}
		}
	}
	s.expect(s.query(alice, "get"), "5")
	s.restart()
	s.expect(s.query(alice, "get"), "5")
}

// An empty worker takes the newest snapshot and nothing else, and comes to the
// same roots.
func TestSnapshot(t *testing.T) {
	s := newStory(t)
	alice := account(t, "//Alice")
	s.instantiate(alice)
	s.command(alice, "increment", "5")
	s.bring()
	s.says(clusters.MakeSnapshot{})
	for _, m := range s.heard() {
		if made, ok := m.(clusters.SnapshotMade); ok {
			s.snapshot = made.Snapshot
		}
	}
	older := s.chunks()
	s.command(alice, "increment", "6")
	s.bring()
	s.rotate(1, 2)
	chunks, kept := s.chunks(), s.snapshot
	s.command(alice, "increment", "31") // sealed to epoch 0, which is over
	s.bring()

	taker := openWorker(t, t.TempDir(), s.c)
	s.c.register(taker, func(*registry.Worker) {})
	s.c.tell(taker, clusters.ClusterJoin{Cluster: s.cluster, Members: [][32]byte{s.w.Identity(), taker.Identity()}, Snapshot: &kept})
	s.c.tell(s.w, clusters.Newcomer{Cluster: s.cluster, Epoch: 1, Member: taker.Identity()})
	var given clusters.HandOver
	var keys []clusters.HPKEKey
	for _, m := range s.heard() {
		if m, ok := m.(clusters.HandOver); ok {
			given = m
		}
	}
	keys = s.w.clusters[s.cluster].Keys()
	s.c.tell(taker, clusters.ClusterSecret{Cluster: s.cluster, Epoch: 1, From: s.w.Identity(), Keys: keys, Envelope: given.Envelope})
	if _, err := taker.Sync(context.Background(), s.c.sync(taker, 9)); err != nil {
		t.Fatal(err)
	}
	if info := taker.Info(); len(info.NeedSnapshots) != 1 || len(info.Queues) != 1 {
		t.Fatalf("it wants %d snapshots and has %d queues", len(info.NeedSnapshots), len(info.Queues))
	}
	cut := chunks[0]
	cut.Bytes = cut.Bytes[:len(cut.Bytes)-1]
	changed := chunks[0]
	changed.Bytes = slices.Clone(changed.Bytes)
	changed.Bytes[3] ^= 1
	for name, bad := range map[string]wire.Snapshot{
		"none": {}, "cut off": {Chunk: cut}, "changed": {Chunk: changed}, "older": {Chunk: older[0]}, "another index": {Index: 1, Chunk: chunks[0]},
		"foreign": {Chunk: clusters.KeptChunk{Bytes: bytes.Repeat([]byte{7}, 300)}}, "of another cluster": {Cluster: hash.H256{9}, Chunk: chunks[0]},
	} {
		if bad.Cluster == (hash.H256{}) {
			bad.Cluster = s.cluster
		}
		if err := taker.Snapshot(bad); wire.KindOf(err) != wire.KindBadSnapshot {
			t.Errorf("%s: %v", name, err)
		}
	}
	give(t, taker, s.cluster, 0, chunks)
	if err := taker.Snapshot(wire.Snapshot{Cluster: s.cluster, Chunk: chunks[0]}); wire.KindOf(err) != wire.KindBadSnapshot {
		t.Errorf("once more: %v", err)
	}
	want, next := s.root, s.next
	s.w = taker
	s.bring()
	if s.root != want || s.next != next {
		t.Errorf("it reaches %v after %d messages, want %v after %d", s.root, s.next, want, next)
	}
	s.expect(s.query(alice, "get"), "11")
	s.restart2(taker)
	s.expect(s.query(alice, "get"), "11")
}

// give gives a worker chunks of a snapshot, the first of which has an index.
func give(t testing.TB, w *Worker, cluster hash.H256, from uint32, chunks []clusters.KeptChunk) {
	t.Helper()
	for i, k := range chunks {
		if err := w.Snapshot(wire.Snapshot{Cluster: cluster, Index: from + uint32(i), Chunk: k}); err != nil {
			t.Fatal(err)
		}
	}
}

// restart2 restarts a worker that is not the story's first.
func (s *story) restart2(w *Worker) {
	dir := w.cfg.Dir
	w.Close(context.Background())
	s.w = openWorker(s.t, dir, s.c)
}

// The shares of a secret recover it when enough of them are right, whatever the
// others are, and otherwise nothing.
func TestRecover(t *testing.T) {
	s := newStory(t)
	keepers := []*Worker{openWorker(t, t.TempDir(), s.c), openWorker(t, t.TempDir(), s.c), openWorker(t, t.TempDir(), s.c)}
	var ids [][32]byte
	for _, k := range keepers {
		s.c.register(k, func(*registry.Worker) {})
		ids = append(ids, k.Identity())
	}
	// The maker of an epoch seals shares to the keepers.
	s.c.tell(s.w, clusters.EpochWanted{Cluster: s.cluster, Epoch: 1, Attempt: 2})
	s.bring()
	s.c.tell(s.w, clusters.EpochChosen{
		Cluster: s.cluster, Epoch: 1, Attempt: 2, Maker: s.w.Identity(), Keys: s.offered[s.cluster], Members: [][32]byte{s.w.Identity()},
		Keepers: ids, Threshold: 2,
	})
	s.says(clusters.Epoch{Epoch: 1})
	sealed := map[[32]byte][]byte{}
	for _, m := range s.heard() {
		if m, ok := m.(clusters.ShareSealed); ok {
			sealed[m.To] = m.Envelope
		}
	}
	if len(sealed) != 3 {
		t.Fatalf("%d shares, want 3", len(sealed))
	}
	keys := s.w.clusters[s.cluster].Keys()
	maker := s.w.Identity()

	taker := openWorker(t, t.TempDir(), s.c)
	s.c.register(taker, func(*registry.Worker) {})
	s.c.tell(taker, clusters.ClusterJoin{Cluster: s.cluster, Members: [][32]byte{taker.Identity()}})
	shares := map[[32]byte]clusters.Share{}
	for _, k := range keepers {
		s.c.tell(k, clusters.ShareWanted{
			Cluster: s.cluster, Epoch: 1, Attempt: 2, From: maker, Envelope: sealed[k.Identity()], Takers: [][32]byte{taker.Identity()},
		})
		for _, m := range given[clusters.ShareGiven](s, k) {
			shares[k.Identity()] = clusters.Share{
				Cluster: s.cluster, Sharing: 1, Attempt: 2, From: k.Identity(), Threshold: 2, Epoch: 1, Keys: keys, Envelope: m.Envelope,
			}
		}
	}
	if len(shares) != 3 {
		t.Fatalf("%d shares were given back, want 3", len(shares))
	}
	has := func() bool {
		s.c.bring(taker, s.codes)
		return taker.Info().Clusters[0].Keys
	}
	// A keeper that lies: its share is one of something else.
	k := taker.Info().HPKE[0]
	to, err := seal.ParsePublicKey(k.Kem, k.Key)
	if err != nil {
		t.Fatal(err)
	}
	lie := shares[ids[0]]
	lie.Envelope, err = seal.Seal(to, seal.InfoShare, 1, seal.Context{
		Genesis: s.c.genesis, Target: s.cluster, Contract: taker.Identity(), Origin: ids[0], Epoch: 1,
	}.AAD(), append([]byte{1}, bytes.Repeat([]byte{9}, 105)...))
	if err != nil {
		t.Fatal(err)
	}
	s.c.tell(taker, lie)
	if has() {
		t.Fatal("it has the secret by a lie")
	}
	s.c.tell(taker, shares[ids[1]])
	if has() {
		t.Fatal("it has the secret by a lie and one share")
	}
	s.c.tell(taker, shares[ids[2]])
	if !has() {
		t.Fatal("two shares are not enough")
	}
}
