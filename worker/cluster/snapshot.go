package cluster

import (
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

// entries are all parts of the stored state, by their names; the root is none.
func (c *Cluster) entries(r Lister) (out []entry, err error) {
	for _, k := range r.With(c.vault.tag[:]) {
		box, _ := r.Get(k)
		name, value, err := c.vault.open(k, box)
		if err != nil {
			return nil, err
		}
		if name != rootName {
			out = append(out, entry{[]byte(name), value})
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(string(a.Name), string(b.Name)) })
	return out, nil
}

// put stores entries as this cluster's whole state, and returns its root.
func (c *Cluster) put(list []entry) (changes []store.Change, root [32]byte) {
	t := &Tx{v: c.vault}
	for _, e := range list {
		if !besideRoot(string(e.Name)) {
			t.toggle(string(e.Name), e.Value)
		}
		changes = append(changes, c.vault.put(string(e.Name), e.Value))
	}
	return append(changes, c.vault.put(rootName, t.root[:])), t.root
}

// Move encrypts the stored state anew for another epoch of the cluster. It
// returns the blinded root there, after the messages below next.
func (c *Cluster) Move(r Lister, to *Cluster, next uint64) ([]store.Change, hash.H256, error) {
	list, err := c.entries(r)
	if err != nil {
		return nil, hash.H256{}, err
	}
	changes, root := to.put(list)
	return append(changes, c.Forget(r)...), to.vault.published(root, next), nil
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

// Snapshot makes a snapshot of the stored state. Every replica makes the same:
//
//	plaintext: SCALE of the parts, by their names
//	salt:      HMAC-SHA256(epoch's snapshot key, plaintext)
//	chunk i:   AES-256-GCM of 256 KiB less the tag, with the key that follows from
//	           the salt, whose nonce is i and whose AAD is cluster ‖ epoch
//
// A key serves one plaintext, so that its nonces are never used again.
func (c *Cluster) Snapshot(r Lister, next uint64, head hash.H256) (s words.Snapshot, chunks [][]byte, err error) {
	list, err := c.entries(r)
	if err != nil {
		return s, nil, err
	}
	if s.Root, err = c.Root(r, next); err != nil {
		return s, nil, err
	}
	plain := scale.Marshal(list)
	s.Epoch, s.Next, s.Head = c.epoch, next, head
	s.Salt = mac(c.snapshots, plain)
	box, err := c.chunkCipher(s.Salt)
	if err != nil {
		return s, nil, err
	}
	size := words.SnapshotChunkSize - box.Overhead()
	if len(plain) > words.MaxSnapshotChunks*size {
		return s, nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(plain))
	}
	for part := range slices.Chunk(plain, size) {
		sealed := box.Seal(nil, chunkNonce(len(chunks)), part, c.chunkAAD())
		chunks = append(chunks, sealed)
		s.Chunks = append(s.Chunks, hash.Blake2b256(sealed))
	}
	return s, chunks, nil
}

func (c *Cluster) chunkCipher(salt [32]byte) (cipher.AEAD, error) {
	key := c.snapshots.Derive(seal.LabelSnapshot, salt[:]).Reveal()
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func chunkNonce(i int) []byte { return append(make([]byte, 11), byte(i)) }

func (c *Cluster) chunkAAD() []byte { return scale.AppendUint32(slices.Clone(c.id[:]), c.epoch) }

// ErrSnapshot tells that chunks are not those of the snapshot.
var ErrSnapshot = errors.New("the chunks are not those of the snapshot")

// Restore returns the changes that make the state that of a snapshot.
func (c *Cluster) Restore(s words.Snapshot, chunks [][]byte) ([]store.Change, error) {
	if len(chunks) != len(s.Chunks) || s.Epoch != c.epoch {
		return nil, ErrSnapshot
	}
	box, err := c.chunkCipher(s.Salt)
	if err != nil {
		return nil, err
	}
	var plain []byte
	for i, sealed := range chunks {
		if hash.Blake2b256(sealed) != s.Chunks[i] {
			return nil, ErrSnapshot
		}
		if plain, err = box.Open(plain, chunkNonce(i), sealed, c.chunkAAD()); err != nil {
			return nil, ErrSnapshot
		}
	}
	list, err := scale.Decode[[]entry](plain)
	if err != nil {
		return nil, ErrSnapshot
	}
	changes, root := c.put(list)
	if c.vault.published(root, s.Next) != s.Root {
		return nil, ErrSnapshot
	}
	return changes, nil
}
