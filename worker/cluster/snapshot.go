package cluster

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/store"
)

// Lister is stored state of which the keys can be listed.
type Lister interface {
	Reader
	With(prefix []byte) []store.Key
}

// entry is a part of the state.
type entry struct{ Name, Value []byte }

// besideRoot tells that the root says nothing about an entry: logs lie beside.
func besideRoot(name string) bool { return strings.HasPrefix(name, "log") }

// each calls do with all parts of the stored state; the root is none.
func (c *Cluster) each(r Lister, do func(name string, value []byte)) error {
	for _, k := range r.With(c.vault.tag[:]) {
		if k == c.vault.rootKey {
			continue
		}
		box, _ := r.Get(k)
		name, value, err := c.vault.open(k, box)
		if err != nil {
			return err
		}
		do(name, value)
	}
	return nil
}

// tally are the sizes of a state that has none with its root, until the next
// commit gives it some.
type tally struct {
	mu    sync.Mutex // guards what follows
	there bool
	root  [32]byte
	sizes sizes
}

// count reads all of the state, once.
func (c *Cluster) count(r Lister, root [32]byte) (sizes, error) {
	c.tally.mu.Lock()
	defer c.tally.mu.Unlock()
	if c.tally.there && c.tally.root == root {
		return c.tally.sizes, nil
	}
	var s sizes
	if err := c.each(r, func(name string, value []byte) { s.add(name, value, 1) }); err != nil {
		return s, err
	}
	c.tally.there, c.tally.root, c.tally.sizes = true, root, s
	return s, nil
}

// Move encrypts the stored state anew for another epoch of the cluster. It
// returns the blinded root there, after the messages below next.
func (c *Cluster) Move(r Lister, to *Cluster, next uint64) (changes []store.Change, root hash.H256, err error) {
	t := &Tx{v: to.vault}
	err = c.each(r, func(name string, value []byte) {
		if !besideRoot(name) {
			t.toggle(name, value)
		}
		t.kept.add(name, value, 1)
		changes = append(changes, to.vault.put(name, value))
	})
	if err != nil {
		return nil, root, err
	}
	return append(append(changes, t.putRoot()), c.Forget(r)...), t.Root(next), nil
}

// Forget removes the stored state.
func (c *Cluster) Forget(r Lister) (out []store.Change) {
	for _, k := range r.With(c.vault.tag[:]) {
		out = append(out, store.Change{Key: k})
	}
	return out
}

// ErrTooLarge tells that a state does not fit into a snapshot.
var ErrTooLarge = errors.New("the state is too large for a snapshot")

// saltSize is what a chunk begins with.
const saltSize = 32

// Snapshot makes a snapshot of the stored state, chunk by chunk, which keep
// takes; it returns the leaves of the tree over them too. It holds one chunk and
// the keys of the state at a time. Every replica makes the same:
//
//	chunk i:   salt ‖ AES-256-GCM of entries, in the order of their stored keys
//	entry:     SCALE(name) ‖ SCALE(value); a chunk has as many as there is place for
//	salt:      HMAC-SHA256(epoch's snapshot key, AAD ‖ entries)
//	key:       follows from the salt; the nonce is zero
//	AAD:       cluster ‖ epoch u32 ‖ next u64 ‖ i u32
//
// A key serves one plaintext in one place, so that its nonce is never used again.
func (c *Cluster) Snapshot(r Lister, next uint64, head hash.H256, keep func(chunk []byte) error) (s words.Snapshot, leaves []hash.H256, err error) {
	if s.Root, err = c.Root(r, next); err != nil {
		return s, nil, err
	}
	s.Epoch, s.Next, s.Head = c.epoch, next, head
	var plain []byte
	flush := func() error {
		if len(leaves) == words.MaxSnapshotChunks {
			return fmt.Errorf("%w: more than %d chunks", ErrTooLarge, len(leaves))
		}
		chunk, err := c.sealChunk(s, uint32(len(leaves)), plain)
		if err != nil {
			return err
		}
		leaves, plain = append(leaves, words.Leaf(chunk)), plain[:0]
		return keep(chunk)
	}
	keys := r.With(c.vault.tag[:])
	slices.SortFunc(keys, compareKeys)
	for _, k := range keys {
		if k == c.vault.rootKey {
			continue
		}
		box, _ := r.Get(k)
		name, value, err := c.vault.open(k, box)
		if err != nil {
			return s, nil, err
		}
		one := scale.AppendBytes(scale.AppendBytes(nil, []byte(name)), value)
		if len(one) > chunkRoom {
			return s, nil, fmt.Errorf("%w: an entry of %d bytes", ErrTooLarge, len(one))
		}
		if len(plain)+len(one) > chunkRoom {
			if err := flush(); err != nil {
				return s, nil, err
			}
		}
		plain = append(plain, one...)
	}
	if len(plain) > 0 || len(leaves) == 0 {
		if err := flush(); err != nil {
			return s, nil, err
		}
	}
	s.Chunks, s.Tree = uint32(len(leaves)), words.Tree(leaves)
	return s, leaves, nil
}

func compareKeys(a, b store.Key) int { return bytes.Compare(a[:], b[:]) }

// chunkRoom is how many bytes of entries a chunk has place for.
const chunkRoom = words.SnapshotChunkSize - saltSize - 16

func (c *Cluster) sealChunk(s words.Snapshot, index uint32, plain []byte) ([]byte, error) {
	aad := c.chunkAAD(s, index)
	salt := mac(c.snapshots, aad, plain)
	box, err := c.chunkCipher(salt[:])
	if err != nil {
		return nil, err
	}
	return box.Seal(salt[:], make([]byte, box.NonceSize()), plain, aad), nil
}

func (c *Cluster) openChunk(s words.Snapshot, index uint32, chunk []byte) ([]byte, error) {
	if len(chunk) < saltSize {
		return nil, ErrSnapshot
	}
	box, err := c.chunkCipher(chunk[:saltSize])
	if err != nil {
		return nil, err
	}
	plain, err := box.Open(nil, make([]byte, box.NonceSize()), chunk[saltSize:], c.chunkAAD(s, index))
	if err != nil {
		return nil, ErrSnapshot
	}
	return plain, nil
}

func (c *Cluster) chunkCipher(salt []byte) (cipher.AEAD, error) {
	key := c.snapshots.Derive(seal.LabelSnapshot, salt).Reveal()
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (c *Cluster) chunkAAD(s words.Snapshot, index uint32) []byte {
	return scale.AppendUint32(scale.AppendUint64(scale.AppendUint32(slices.Clone(c.id[:]), c.epoch), s.Next), index)
}

// ErrSnapshot tells that a chunk is not the next one of the snapshot.
var ErrSnapshot = errors.New("the chunk is not the next one of the snapshot")

// Restoring is how far a state was restored from a snapshot: it outlives a
// restart.
type Restoring struct {
	// Next is the chunk that comes next.
	Next uint32
	// Last is the stored key of the last entry, Root the root of those that are
	// there.
	Last store.Key
	Root [32]byte
}

// Restore returns the changes that the next chunk of a snapshot makes, and how
// far the state is then. With the last chunk the state is there, or it was none
// of the snapshot: what the chunks before changed is to be forgotten.
func (c *Cluster) Restore(s words.Snapshot, at Restoring, chunk []byte, proof []hash.H256) ([]store.Change, Restoring, error) {
	if s.Epoch != c.epoch || !s.Proves(at.Next, chunk, proof) {
		return nil, at, ErrSnapshot
	}
	plain, err := c.openChunk(s, at.Next, chunk)
	if err != nil {
		return nil, at, err
	}
	tx := &Tx{v: c.vault, root: at.Root}
	var changes []store.Change
	next := Restoring{Next: at.Next + 1, Last: at.Last}
	for d := scale.NewDecoder(plain); d.Remaining() > 0; {
		var e entry
		if err := d.Value(&e); err != nil {
			return nil, at, ErrSnapshot
		}
		change := c.vault.put(string(e.Name), append([]byte{}, e.Value...))
		if compareKeys(next.Last, change.Key) >= 0 || change.Key == c.vault.rootKey {
			return nil, at, ErrSnapshot
		}
		next.Last = change.Key
		if !besideRoot(string(e.Name)) {
			tx.toggle(string(e.Name), e.Value)
		}
		changes = append(changes, change)
	}
	if next.Root = tx.root; next.Next == s.Chunks {
		if c.vault.published(next.Root, s.Next) != s.Root {
			return nil, at, ErrSnapshot
		}
		changes = append(changes, c.vault.put(rootName, next.Root[:]))
	}
	return changes, next, nil
}
