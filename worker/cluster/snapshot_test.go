package cluster

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/store"
)

// shelf is stored state in a map: Lister.
type shelf map[store.Key][]byte

func (s shelf) Get(k store.Key) ([]byte, bool) { v, ok := s[k]; return v, ok }

func (s shelf) With(prefix []byte) (out []store.Key) {
	for k := range s {
		if bytes.HasPrefix(k[:], prefix) {
			out = append(out, k)
		}
	}
	return out
}

func (s shelf) apply(changes []store.Change) {
	for _, c := range changes {
		if c.Value == nil {
			delete(s, c.Key)
		} else {
			s[c.Key] = c.Value
		}
	}
}

func inEpoch(t *testing.T, epoch uint32) *Cluster {
	t.Helper()
	c, err := New(hash.H256{1}, hash.H256{2}, seal.SecretFrom([32]byte{3}), seal.SecretFrom([32]byte{4, byte(epoch)}), epoch, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bytesOf are bytes that do not compress and are the same each time.
func bytesOf(seed, n int) []byte {
	out := make([]byte, 0, n+32)
	for i := 0; len(out) < n; i++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", seed, i))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

// fill writes random parts, some of them beside the root, some removed again.
func fill(t *testing.T, c *Cluster, s shelf, sizes int) map[string][]byte {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(sizes)))
	want := map[string][]byte{}
	for range 5 {
		tx, err := c.Begin(s)
		if err != nil {
			t.Fatal(err)
		}
		for range 40 {
			name := fmt.Sprintf("data%d", rng.IntN(60))
			if rng.IntN(4) == 0 {
				tx.set(name, nil)
				delete(want, name)
				continue
			}
			value := bytesOf(rng.IntN(1<<30), rng.IntN(sizes))
			tx.set(name, value)
			want[name] = value
		}
		tx.setBeside("logx", []byte("a line"))
		want["logx"] = []byte("a line")
		s.apply(changed(t, tx))
	}
	return want
}

func same(t *testing.T, c *Cluster, s shelf, want map[string][]byte) {
	t.Helper()
	var list []entry
	if err := c.each(s, func(_ store.Key, name string, value []byte) { list = append(list, entry{[]byte(name), value}) }, values, beside); err != nil {
		t.Fatal(err)
	}
	if len(list) != len(want) {
		t.Errorf("%d parts, want %d", len(list), len(want))
	}
	for _, e := range list {
		if v, ok := want[string(e.Name)]; !ok || !bytes.Equal(v, e.Value) {
			t.Errorf("%s is %x, want %x", e.Name, e.Value, v)
		}
	}
}

// The state that is encrypted anew is the same under another root, and nothing of
// the old one is left; replicas that came to it by other ways agree.
func TestMove(t *testing.T) {
	one, two, s := inEpoch(t, 0), inEpoch(t, 1), shelf{}
	want := fill(t, one, s, 50)
	before, err := one.Root(s, 7)
	if err != nil {
		t.Fatal(err)
	}
	changes, root, err := one.Move(s, two, 8)
	if err != nil {
		t.Fatal(err)
	}
	s.apply(changes)
	same(t, two, s, want)
	if left := one.Forget(s); len(left) != 0 || root == before {
		t.Errorf("%d parts are left; roots %v, %v", len(left), before, root)
	}
	if got, err := two.Root(s, 8); err != nil || got != root {
		t.Errorf("root %v, want %v (%v)", got, root, err)
	}
	// The root does not depend on how the state came to be.
	other := shelf{}
	tx, err := two.Begin(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if !besideRoot(name) {
			tx.set(name, value)
		}
	}
	if got := rooted(t, tx, 8); got != root {
		t.Errorf("written at once: %v, want %v", got, root)
	}
}

// taken makes a snapshot and returns its chunks, each with its proof.
func taken(t *testing.T, c *Cluster, s Lister, next uint64) (words.Snapshot, []words.KeptChunk) {
	t.Helper()
	var chunks []words.KeptChunk
	snap, leaves, err := c.Snapshot(s, next, hash.H256{8}, func(b []byte) error {
		chunks = append(chunks, words.KeptChunk{Bytes: bytes.Clone(b)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range chunks {
		chunks[i].Proof = words.Proof(leaves, uint32(i))
	}
	return snap, chunks
}

// restored gives a replica the chunks from where it is.
func restored(c *Cluster, s words.Snapshot, at *Restoring, to shelf, chunks ...words.KeptChunk) error {
	for _, k := range chunks {
		changes, next, err := c.Restore(to, s, *at, k.Bytes, k.Proof)
		if err != nil {
			return err
		}
		to.apply(changes)
		*at = next
	}
	return nil
}

// A snapshot of many chunks is the same on every replica, and gives the state
// back to none but the cluster in its epoch, chunk by chunk.
func TestSnapshotOfManyChunks(t *testing.T) {
	c, s := inEpoch(t, 0), shelf{}
	want := fill(t, c, s, 40_000)
	snap, chunks := taken(t, c, s, 9)
	if len(chunks) < 3 || len(chunks) != int(snap.Chunks) {
		t.Fatalf("%d chunks", len(chunks))
	}
	for i, b := range chunks {
		if len(b.Bytes) > words.SnapshotChunkSize || i < len(chunks)-1 && len(b.Bytes) < words.SnapshotChunkSize-40_100 {
			t.Errorf("chunk %d has %d bytes", i, len(b.Bytes))
		}
	}
	// Another replica has other nonces at rest and makes the same snapshot.
	replica, at := shelf{}, Restoring{}
	for i, k := range chunks {
		if err := restored(c, snap, &at, replica, k); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Root(replica, 9); err != nil || (got == snap.Root) != (i == len(chunks)-1) {
			t.Errorf("after %d of %d chunks the root is %v (%v)", i+1, len(chunks), got, err)
		}
	}
	same(t, c, replica, want)
	if again, _ := taken(t, c, replica, 9); again.Name() != snap.Name() {
		t.Errorf("made again: %v, want %v", again.Name(), snap.Name())
	}
	// The same state later has other bytes all over: nobody sees what stayed.
	if _, later := taken(t, c, s, 10); bytes.Equal(later[0].Bytes, chunks[0].Bytes) {
		t.Error("a chunk that did not change can be told from one that did")
	}
	first := func(k words.KeptChunk) func(*Cluster, words.Snapshot) error {
		return func(c *Cluster, s words.Snapshot) error { return restored(c, s, &Restoring{}, shelf{}, k) }
	}
	cut := chunks[0]
	cut.Bytes = cut.Bytes[:len(cut.Bytes)-1]
	changed := chunks[0]
	changed.Bytes = bytes.Clone(changed.Bytes)
	changed.Bytes[40] ^= 1
	unproven := chunks[0]
	unproven.Proof = nil
	older, olderChunks := taken(t, c, shelf{}, 3)
	foreign, err := New(hash.H256{9}, hash.H256{2}, seal.SecretFrom([32]byte{3}), seal.SecretFrom([32]byte{4}), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"another epoch":        first(chunks[0])(inEpoch(t, 1), snap),
		"another cluster":      first(chunks[0])(foreign, snap),
		"cut off":              first(cut)(c, snap),
		"changed":              first(changed)(c, snap),
		"unproven":             first(unproven)(c, snap),
		"the second first":     first(chunks[1])(c, snap),
		"of an older one":      first(olderChunks[0])(c, snap),
		"another as the older": first(chunks[0])(c, older),
		"nothing":              first(words.KeptChunk{})(c, snap),
	} {
		if !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// More than half of the members say what the root is; the chunks have to be it.
	lie := snap
	lie.Root[0]++
	half := Restoring{}
	if err := restored(c, lie, &half, shelf{}, chunks...); !errors.Is(err, ErrSnapshot) || half.Next != snap.Chunks-1 {
		t.Errorf("another root: %v after %d chunks", err, half.Next)
	}
	full := &Restoring{Next: snap.Chunks}
	if err := restored(c, snap, full, shelf{}, chunks[0]); !errors.Is(err, ErrSnapshot) {
		t.Errorf("a chunk more: %v", err)
	}
}

// A state of more than 16 MiB has a snapshot too, of which no more than a chunk is
// held at a time; what one chunk has no place for has none.
func TestLargeSnapshot(t *testing.T) {
	c, s := inEpoch(t, 0), shelf{}
	tx, err := c.Begin(s)
	if err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 16<<10)
	for i := range 1200 { // 19 MiB
		tx.set(fmt.Sprint("data", i), value)
	}
	s.apply(changed(t, tx))
	snap, chunks := taken(t, c, s, 9)
	if snap.Chunks <= 64 {
		t.Fatalf("%d chunks, want more than 64", snap.Chunks)
	}
	replica := shelf{}
	if err := restored(c, snap, &Restoring{}, replica, chunks...); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Root(replica, 9); err != nil || got != snap.Root {
		t.Errorf("root %v, want %v (%v)", got, snap.Root, err)
	}
	if tx, err = c.Begin(s); err != nil {
		t.Fatal(err)
	}
	tx.set("data", make([]byte, words.SnapshotChunkSize))
	s.apply(changed(t, tx))
	if _, _, err := c.Snapshot(s, 9, hash.H256{8}, func([]byte) error { return nil }); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an entry that is too large: %v", err)
	}
}

// An empty state is one chunk of nothing.
func TestEmptySnapshot(t *testing.T) {
	c := inEpoch(t, 0)
	snap, chunks := taken(t, c, shelf{}, 1)
	if len(chunks) != 1 {
		t.Fatalf("%d chunks", len(chunks))
	}
	to := shelf{}
	if err := restored(c, snap, &Restoring{}, to, chunks...); err != nil || len(to) != 1 {
		t.Errorf("%d entries (%v)", len(to), err)
	}
}
