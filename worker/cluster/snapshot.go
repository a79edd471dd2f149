package cluster

import (
	"bytes"
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/trie"
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

// each calls do with what is stored of some classes; the root is not.
func (c *Cluster) each(r Lister, do func(k store.Key, name string, value []byte), of ...class) error {
	for _, class := range of {
		for _, k := range r.With(c.vault.tags[class][:]) {
			if k == c.vault.rootKey {
				continue
			}
			box, _ := r.Get(k)
			name, value, err := c.vault.open(k, box)
			if err != nil {
				return err
			}
			do(k, name, value)
		}
	}
	return nil
}

// Move encrypts the stored state anew for another epoch of the cluster. It
// returns the blinded root there, after the messages below next.
//
// The nonces stay behind: envelopes of an epoch that is over are refused
// whatever their nonces, so that none can come again.
func (c *Cluster) Move(r Lister, to *Cluster, next uint64) (changes []store.Change, root hash.H256, err error) {
	t, err := c.Begin(r)
	if err != nil {
		return nil, root, err
	}
	put := func(name string, value []byte) { changes = append(changes, to.vault.put(name, value)) }
	var kept sizes
	err = c.each(r, func(_ store.Key, name string, value []byte) {
		if id, _ := placeOf(name); id != nonces {
			kept.add(name, value, 1)
			put(name, value)
		}
	}, values, beside)
	if err != nil {
		return nil, root, err
	}
	err = c.each(r, func(_ store.Key, name string, node []byte) {
		if nodeOf(name) != nonces {
			put(name, node)
		}
	}, inner)
	if err != nil {
		return nil, root, err
	}
	err = over(func() {
		f := openTries(c.vault, t.root, r)
		f.forget(nonces)
		f.commit(put)
		t.root = f.root()
	})
	if err != nil {
		return nil, root, err
	}
	return append(append(changes, to.vault.putRoot(t.root, kept)), c.Forget(r)...), to.vault.published(t.root, next), nil
}

// Forget removes the stored state.
func (c *Cluster) Forget(r Lister) (out []store.Change) {
	for _, tag := range c.vault.tags {
		for _, k := range r.With(tag[:]) {
			out = append(out, store.Change{Key: k})
		}
	}
	return out
}

// ErrTooLarge tells that a state does not fit into a snapshot.
var ErrTooLarge = errors.New("the state is too large for a snapshot")

// saltSize is what a chunk begins with.
const saltSize = 32

// Snapshot makes a snapshot of the stored state, chunk by chunk, which keep
// takes; it returns the leaves of the tree over them too. It holds one chunk and
// the places of the state's entries at a time. Every replica makes the same:
//
//	chunk i:   salt ‖ AES-256-GCM of entries, in the order of their places
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
	places, err := c.places(r)
	if err != nil {
		return s, nil, err
	}
	for _, at := range places {
		box, _ := r.Get(at.Key)
		name, value, err := c.vault.open(at.Key, box)
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

// Place is where an entry stands in a snapshot: trie by trie, and there as the
// trie has it, so that the tries are built from one end to the other; what lies
// beside the root comes last.
type Place struct {
	Beside bool
	Trie   string   // that an entry is in which is not beside
	Sum    [16]byte // that its key there begins with
	Key    store.Key
}

// placed returns the place of an entry that is stored under a key.
func placed(k store.Key, name string) Place {
	at := Place{Key: k}
	if at.Beside = besideRoot(name); !at.Beside {
		id, rest := placeOf(name)
		at.Trie, at.Sum = string(id), hash.Blake2b128([]byte(rest))
	}
	return at
}

func comparePlaces(a, b Place) int {
	if a.Beside != b.Beside {
		if b.Beside {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Trie, b.Trie), bytes.Compare(a.Sum[:], b.Sum[:]), bytes.Compare(a.Key[:], b.Key[:]))
}

// places are those of all entries, in their order.
func (c *Cluster) places(r Lister) (out []Place, err error) {
	ids := map[string]string{} // each once in memory
	err = c.each(r, func(k store.Key, name string, _ []byte) {
		at := placed(k, name)
		id, known := ids[at.Trie]
		if !known {
			id = strings.Clone(at.Trie)
			ids[id] = id
		}
		at.Trie = id
		out = append(out, at)
	}, values, beside)
	slices.SortFunc(out, comparePlaces)
	return out, err
}

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
	// Last is the place of the last entry; Root that of the tries of those that are
	// there, and State and Logs what they take.
	Last        Place
	Root        hash.H256
	State, Logs uint64
}

// Restore returns the changes that the next chunk of a snapshot makes to what was
// restored of it, and how far the state is then. With the last chunk the state is
// there, or it was none of the snapshot: what the chunks before changed is to be
// forgotten.
func (c *Cluster) Restore(r Reader, s words.Snapshot, at Restoring, chunk []byte, proof []hash.H256) ([]store.Change, Restoring, error) {
	if s.Epoch != c.epoch || !s.Proves(at.Next, chunk, proof) {
		return nil, at, ErrSnapshot
	}
	plain, err := c.openChunk(s, at.Next, chunk)
	if err != nil {
		return nil, at, err
	}
	var changes []store.Change
	put := func(name string, value []byte) { changes = append(changes, c.vault.put(name, value)) }
	if at.Next == 0 {
		at.Root = trie.EmptyRoot
	}
	f := openTries(c.vault, at.Root, r)
	next, kept := at, sizes{at.State, at.Logs}
	next.Next++
	take := func(e entry) bool {
		name := string(e.Name)
		place := placed(c.vault.key(name), name)
		if comparePlaces(next.Last, place) >= 0 || place.Key == c.vault.rootKey || classOf(name) == inner {
			return false
		}
		next.Last = place
		value := append([]byte{}, e.Value...)
		if !place.Beside {
			f.set(name, value)
		}
		kept.add(name, value, 1)
		put(name, value)
		return true
	}
	good := true
	err = over(func() {
		for d := scale.NewDecoder(plain); good && d.Remaining() > 0; {
			var e entry
			good = d.Value(&e) == nil && take(e)
		}
		if good {
			f.commit(put)
			next.Root = f.root()
		}
	})
	switch {
	case err != nil:
		return nil, at, err
	case !good:
		return nil, at, ErrSnapshot
	}
	next.State, next.Logs = kept.State, kept.Logs
	if next.Next == s.Chunks {
		if c.vault.published(next.Root, s.Next) != s.Root {
			return nil, at, ErrSnapshot
		}
		changes = append(changes, c.vault.putRoot(next.Root, kept))
	}
	return changes, next, nil
}
