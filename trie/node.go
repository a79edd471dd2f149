package trie

import (
	"bytes"
	"fmt"
	"sync/atomic"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// node is a leaf or a branch, or a stub: a node that is known by its hash and
// is loaded when it is met. Nodes with an owner belong to that trie alone; all
// others never change, but for what they cache.
type node struct {
	owner    *owner
	partial  []byte     // nibbles between the parent's branching and this node's
	children *[16]*node // nil in a leaf

	hasValue bool
	hashed   bool // the node holds the value's hash; then value may be nil until loaded
	hole     bool // in compact proofs: a child whose node follows
	stub     bool

	value     []byte
	valueHash hash.H256               // of a hashed value
	lazy      *atomic.Pointer[[]byte] // the hashed value of a loaded node

	// What stands for this node in its parent: its encoding if that is shorter
	// than 32 bytes, else the hash of it. merkleLen is 0 when not yet known.
	merkle    [32]byte
	merkleLen uint8

	loaded      atomic.Pointer[node] // of a stub
	stored      atomic.Bool          // the store has the node and all below it
	valueStored atomic.Bool          // the store has the hashed value under its own key
}

func stub(h hash.H256) *node {
	n := new(node)
	n.toStub(h)
	return n
}

// toStub makes a zero node a stub.
func (n *node) toStub(h hash.H256) {
	n.stub, n.merkle, n.merkleLen = true, h, 32
	n.stored.Store(true)
}

// content is what a key is given: a value, or the hash of one that somebody else
// keeps.
type content struct {
	value []byte
	hash  *hash.H256
}

// setValue gives an own node a value.
func (n *node) setValue(v Version, c content) {
	n.hasValue, n.value, n.lazy = true, c.value, nil
	if c.hash != nil {
		n.hashed, n.valueHash, n.lazy = true, *c.hash, new(atomic.Pointer[[]byte])
		n.valueStored.Store(true)
		return
	}
	n.hashed = v.hashes(len(c.value))
	n.valueStored.Store(false)
	if n.hashed {
		n.valueHash = hash.Blake2b256(c.value)
	}
}

// resolve returns the node itself where n is a stub. path leads to the node.
func (t *Trie) resolve(n *node, path []byte) *node {
	if n == nil || !n.stub {
		return n
	}
	if m := n.loaded.Load(); m != nil {
		return m
	}
	key := storeKey(path, 'n', n.merkle)
	decode := decodeRecord
	if t.bundled {
		decode = t.decodeBundle
	}
	m, raw, err := decode(t.fetch(key), n.merkle)
	if err == nil && len(raw) < 32 && len(path) > 0 {
		err = errShortNode
	}
	if err != nil {
		panic(&Fault{key, err})
	}
	m.merkle, m.merkleLen = n.merkle, 32
	if len(raw) < 32 {
		m.merkleLen = uint8(copy(m.merkle[:], raw))
	}
	m.stored.Store(true)
	if n.loaded.CompareAndSwap(nil, m) {
		t.count.Add(1)
	}
	return n.loaded.Load()
}

// fetch gets what the store has under a key.
func (t *Trie) fetch(key []byte) []byte {
	if t.reader == nil {
		panic(&Fault{key, ErrMissing})
	}
	raw, err := t.reader.Node(key)
	switch {
	case err != nil:
		panic(&Fault{key, err})
	case raw == nil:
		panic(&Fault{key, ErrMissing})
	}
	return raw
}

// decodeRecord reads a node with the given hash as the store has it: followed
// by its value, if it has the value's hash and the value lies with it. It
// returns the node's own bytes too.
func decodeRecord(record []byte, h hash.H256) (n *node, raw []byte, err error) {
	d := scale.NewDecoder(record)
	n = new(node)
	if err := decodeBody(n, d, false); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	raw = record[:len(record)-d.Remaining()]
	if hash.Blake2b256(raw) != h {
		return nil, nil, ErrCorrupt
	}
	if value := record[len(raw):]; len(value) > 0 {
		if !n.hashed || hash.Blake2b256(value) != n.valueHash {
			return nil, nil, ErrCorrupt
		}
		n.value, n.lazy = value, nil
		n.valueStored.Store(false)
	}
	return n, raw, nil
}

// valueOf returns the value of a node that has one. path is the whole key.
func (t *Trie) valueOf(n *node, path []byte) []byte {
	if n.lazy == nil {
		return n.value
	}
	if v := n.lazy.Load(); v != nil {
		return *v
	}
	key := storeKey(path, 'v', n.valueHash)
	raw := t.fetch(key)
	if hash.Blake2b256(raw) != n.valueHash {
		panic(&Fault{key, ErrCorrupt})
	}
	n.lazy.Store(&raw)
	return raw
}

func (t *Trie) sameValue(n *node, path []byte, c content) bool {
	if c.hash != nil {
		return n.hashed && n.valueHash == *c.hash
	}
	if n.hashed != t.version.hashes(len(c.value)) {
		return false // the value is to be written in the trie's version
	}
	if n.hashed && n.lazy != nil {
		return n.valueHash == hash.Blake2b256(c.value)
	}
	return bytes.Equal(n.value, c.value)
}

// own returns a node like n that the trie may change, and notes that n is no
// more in the trie.
func (t *Trie) own(n *node, path []byte) *node {
	t.kill(n, path)
	if n.owner == t.owner {
		n.stored.Store(false)
		n.merkleLen = 0
		return n
	}
	m := &node{owner: t.owner, partial: n.partial, hasValue: n.hasValue, hashed: n.hashed,
		value: n.value, valueHash: n.valueHash, lazy: n.lazy}
	m.valueStored.Store(n.valueStored.Load())
	if n.children != nil {
		children := *n.children
		m.children = &children
	}
	return m
}

// kill notes that the store is to have a node no more, if it has it under a key
// of its own.
func (t *Trie) kill(n *node, path []byte) {
	switch {
	case !n.stored.Load(), len(path) > 0 && (n.merkleLen < 32 || t.bundled && n.children == nil):
		return
	case n.merkleLen < 32:
		t.dead = append(t.dead, storeKey(path, 'n', hash.Blake2b256(n.merkle[:n.merkleLen])))
	default:
		t.dead = append(t.dead, storeKey(path, 'n', n.merkle))
	}
}

// dropValue takes the value from an own node.
func (t *Trie) dropValue(m *node, path []byte) {
	if m.hasValue && m.hashed && m.valueStored.Load() {
		t.dead = append(t.dead, storeKey(path, 'v', m.valueHash))
	}
	m.hasValue, m.hashed, m.value, m.lazy = false, false, nil, nil
}

// bury notes that a subtree is no more in the trie.
func (t *Trie) bury(n *node, path []byte) {
	n = t.resolve(n, path)
	t.kill(n, path)
	full := append(path[:len(path):len(path)], n.partial...)
	if n.hasValue && n.hashed && n.valueStored.Load() {
		t.dead = append(t.dead, storeKey(full, 'v', n.valueHash))
	}
	if n.children == nil {
		return
	}
	for i, c := range n.children {
		if c != nil {
			t.bury(c, append(full[:len(full):len(full)], byte(i)))
		}
	}
}

// withNode is of at most how many bytes a hashed value is that lies in the
// store with its node, so that one look finds both. A longer one has a key of
// its own, and is not written again when something below it changes.
const withNode = 256

// storeKey is where the store has a node or a long value:
//
//	path, packed ‖ kind u8 ‖ hash[32]
//
// The kind is 0 for a node below an even number of nibbles, 1 below an odd one
// (the last nibble is then the high half of a byte), 2 for a value, whose path
// is its whole key. As equal subtrees in two places have two keys, what one
// place drops can be removed from the store.
func storeKey(path []byte, kind byte, h hash.H256) []byte {
	key := make([]byte, 0, (len(path)+1)/2+33)
	key = packNibbles(key, path)
	odd := byte(len(path) % 2)
	if odd == 1 {
		key = append(key, path[len(path)-1]<<4)
	}
	if kind == 'v' {
		odd |= 2
	}
	return append(append(key, odd), h[:]...)
}
