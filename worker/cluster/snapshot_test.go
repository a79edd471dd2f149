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
		tx.beside["logx"] = []byte("a line")
		want["logx"] = []byte("a line")
		s.apply(tx.Changes())
	}
	return want
}

func same(t *testing.T, c *Cluster, s shelf, want map[string][]byte) {
	t.Helper()
	list, err := c.entries(s)
	if err != nil {
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
	if got := tx.Root(8); got != root {
		t.Errorf("written at once: %v, want %v", got, root)
	}
}

// A snapshot of many chunks is the same on every replica, and gives the state
// back to none but the cluster in its epoch.
func TestSnapshotOfManyChunks(t *testing.T) {
	c, s := inEpoch(t, 0), shelf{}
	want := fill(t, c, s, 40_000)
	snap, chunks, err := c.Snapshot(s, 9, hash.H256{8})
	if err != nil {
		t.Fatal(err)
	}
	if len(chunks) < 3 || len(chunks) != len(snap.Chunks) {
		t.Fatalf("%d chunks", len(chunks))
	}
	for i, b := range chunks {
		if len(b) > words.SnapshotChunkSize || i < len(chunks)-1 && len(b) != words.SnapshotChunkSize {
			t.Errorf("chunk %d has %d bytes", i, len(b))
		}
	}
	// Another replica has other nonces at rest and makes the same snapshot.
	replica := shelf{}
	changes, err := c.Restore(snap, chunks)
	if err != nil {
		t.Fatal(err)
	}
	replica.apply(changes)
	same(t, c, replica, want)
	again, _, err := c.Snapshot(replica, 9, hash.H256{8})
	if err != nil || again.Name() != snap.Name() {
		t.Errorf("made again: %v, want %v (%v)", again.Name(), snap.Name(), err)
	}
	swapped := append([][]byte{chunks[1], chunks[0]}, chunks[2:]...)
	root := snap
	root.Root[0]++
	salt := snap
	salt.Salt[0]++
	for name, f := range map[string]func() ([]store.Change, error){
		"another epoch": func() ([]store.Change, error) { return inEpoch(t, 1).Restore(snap, chunks) },
		"another root":  func() ([]store.Change, error) { return c.Restore(root, chunks) },
		"another salt":  func() ([]store.Change, error) { return c.Restore(salt, chunks) },
		"swapped":       func() ([]store.Change, error) { return c.Restore(snap, swapped) },
		"one missing":   func() ([]store.Change, error) { return c.Restore(snap, chunks[1:]) },
	} {
		if _, err := f(); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tx, err := c.Begin(s)
	if err != nil {
		t.Fatal(err)
	}
	tx.set("data", make([]byte, words.MaxSnapshotChunks*words.SnapshotChunkSize))
	s.apply(tx.Changes())
	if _, _, err := c.Snapshot(s, 9, hash.H256{8}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a state that is too large: %v", err)
	}
}
