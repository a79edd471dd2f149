// Package trie is Substrate's base-16 Merkle trie in state versions 0 and 1:
// the authenticated map that a header's state root commits to, and the proofs
// about it.
//
// Keys and values come in; a root, the nodes to store, and proofs go out. A
// Trie keeps the hash of every subtree that did not change, so that a root
// costs what was changed and no more, and it loads nodes from a store when
// they are first met. Nodes are shared between a trie and its snapshots and
// copied when written to.
//
// The package does not store anything itself, prunes nothing, and knows no
// pallets; a child trie is a trie of its own, whose root the caller puts under
// ChildKey.
//
// Specification: https://spec.polkadot.network/chap-state#sect-state-storage
package trie

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/tacit-network/tacit/hash"
)

// Version is a state version, which says what happens to long values.
type Version uint8

const (
	// V0 keeps all values inside their nodes.
	V0 Version = 0
	// V1 replaces values of more than 32 bytes by their hash.
	V1 Version = 1
)

// hashes says whether a value of n bytes is replaced by its hash.
func (v Version) hashes(n int) bool { return v == V1 && n > 32 }

// EmptyRoot is the root of the trie without entries.
var EmptyRoot = hash.Blake2b256([]byte{0})

// ChildKey is the key of the top trie that holds the root of the child trie
// with the given id. An empty child trie has no entry.
func ChildKey(id []byte) []byte { return append([]byte(":child_storage:default:"), id...) }

// NodeReader gives a trie the nodes and long values that it has not in memory.
type NodeReader interface {
	// Node returns what Trie.Commit wrote under key, or the node that is there
	// without the value that followed it, as a slice that the trie keeps, or nil
	// if there is nothing.
	Node(key []byte) ([]byte, error)
}

// ErrMissing means that a node or value is not in the store, or in the proof.
var ErrMissing = errors.New("trie node is missing")

// ErrCorrupt means that stored bytes are not the node that was asked for.
var ErrCorrupt = errors.New("trie node is corrupt")

// Fault is what methods of Trie panic with when the store behind it does not
// give a node that it must have: the state is then not usable. Catch turns it
// into an error.
type Fault struct {
	// Key is the node's key in the store.
	Key []byte
	// Err is or wraps ErrMissing, ErrCorrupt or the store's own error.
	Err error
}

// Error implements error.
func (f *Fault) Error() string { return fmt.Sprintf("trie: node %x: %v", f.Key, f.Err) }

// Unwrap returns Err.
func (f *Fault) Unwrap() error { return f.Err }

// Catch is deferred by who uses a trie over a store that may fail: it recovers
// a *Fault into err, and lets all other panics pass.
func Catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Fault:
		*err = r
	default:
		panic(r)
	}
}

// owner marks the nodes that one trie alone holds and may change in place.
type owner struct{ _ byte }

// Trie is a map from bytes to bytes with a Merkle root. Make one with New or
// Open. Reading methods may run at the same time as each other, also on tries
// that share nodes; writing methods, Root, Snapshot and Commit need the trie
// for themselves.
//
// Methods that meet a node which the store does not give panic with a *Fault.
type Trie struct {
	version Version
	root    *node // nil when empty
	reader  NodeReader
	owner   *owner
	dead    [][]byte      // keys of stored nodes and values that the trie has no more
	count   *atomic.Int64 // of nodes that were loaded or added, with what shares them
	bundled bool          // the store has leaves with their branches
}

// New returns an empty trie.
func New(v Version) *Trie { return &Trie{version: v, owner: new(owner), count: new(atomic.Int64)} }

// Open returns the trie with the given root, whose nodes r has.
func Open(v Version, root hash.H256, r NodeReader) *Trie {
	t := New(v)
	t.reader = r
	if root != EmptyRoot {
		t.root = stub(root)
	}
	return t
}

// OpenBundled returns a trie as Open does, of which Commit writes the leaves below
// a branch together with the branch, under its key: the store has a quarter of
// the keys, and what leads to a value is read with one look less. r has what such
// a trie wrote.
func OpenBundled(v Version, root hash.H256, r NodeReader) *Trie {
	t := Open(v, root, r)
	t.bundled = true
	return t
}

// Version is the state version that new values are written in.
func (t *Trie) Version() Version { return t.version }

// Get returns the value under key. The caller must not change it.
func (t *Trie) Get(key []byte) (value []byte, ok bool) {
	var buf [128]byte
	nibbles := appendNibbles(buf[:0], key)
	n := t.find(nibbles)
	if n == nil {
		return nil, false
	}
	return t.valueOf(n, nibbles), true
}

// Has says whether there is a value under key. It loads no long value.
func (t *Trie) Has(key []byte) bool {
	var buf [128]byte
	return t.find(appendNibbles(buf[:0], key)) != nil
}

// find returns the node that has the value under a key, given as nibbles.
func (t *Trie) find(key []byte) *node {
	n, depth := t.root, 0
	for {
		n = t.resolve(n, key[:depth])
		if n == nil || !bytes.HasPrefix(key[depth:], n.partial) {
			return nil
		}
		depth += len(n.partial)
		switch {
		case depth == len(key) && n.hasValue:
			return n
		case depth == len(key) || n.children == nil:
			return nil
		}
		n = n.children[key[depth]]
		depth++
	}
}

// Put sets the value under key. The trie keeps value, which must not change
// any more.
func (t *Trie) Put(key, value []byte) {
	var buf [128]byte
	if value == nil {
		value = []byte{}
	}
	t.root, _ = t.put(t.root, appendNibbles(buf[:0], key), 0, content{value: value})
}

// PutHash sets the value under key by its hash alone, for who keeps values
// elsewhere: the root is as if it was put. Commit writes no such value, and drops
// a key of one that is gone, under which nothing lies.
//
// Preconditions: the value is of a length that the trie's version replaces by its
// hash, and nobody reads it from the trie.
func (t *Trie) PutHash(key []byte, value hash.H256) {
	var buf [128]byte
	t.root, _ = t.put(t.root, appendNibbles(buf[:0], key), 0, content{hash: &value})
}

func (t *Trie) put(n *node, key []byte, depth int, value content) (*node, bool) {
	n = t.resolve(n, key[:depth])
	if n == nil {
		t.count.Add(1)
		leaf := &node{owner: t.owner, partial: bytes.Clone(key[depth:])}
		leaf.setValue(t.version, value)
		return leaf, true
	}
	common := commonPrefix(n.partial, key[depth:])
	if common < len(n.partial) { // a new branch in the middle of the partial key
		t.count.Add(1)
		low := t.own(n, key[:depth])
		branch := &node{owner: t.owner, partial: bytes.Clone(n.partial[:common]), children: new([16]*node)}
		branch.children[low.partial[common]] = low
		low.partial = bytes.Clone(low.partial[common+1:])
		if depth+common == len(key) {
			branch.setValue(t.version, value)
		} else {
			at := depth + common
			branch.children[key[at]], _ = t.put(nil, key, at+1, value)
		}
		return branch, true
	}
	depth0 := depth
	depth += common
	if depth == len(key) {
		if n.hasValue && t.sameValue(n, key, value) {
			return n, false
		}
		m := t.own(n, key[:depth0])
		t.dropValue(m, key)
		m.setValue(t.version, value)
		return m, true
	}
	var child *node
	if n.children != nil {
		child = n.children[key[depth]]
	}
	child, changed := t.put(child, key, depth+1, value)
	if !changed {
		return n, false
	}
	m := t.own(n, key[:depth0])
	if m.children == nil {
		m.children = new([16]*node)
	}
	m.children[key[depth]] = child
	return m, true
}

// Delete removes the value under key, if there is one.
func (t *Trie) Delete(key []byte) {
	var buf [128]byte
	t.root, _ = t.remove(t.root, appendNibbles(buf[:0], key), 0, false)
}

// ClearPrefix removes all values whose keys start with prefix.
func (t *Trie) ClearPrefix(prefix []byte) {
	var buf [128]byte
	t.root, _ = t.remove(t.root, appendNibbles(buf[:0], prefix), 0, true)
}

// remove takes one key, or all keys with that prefix, out of the subtree n.
func (t *Trie) remove(n *node, key []byte, depth int, all bool) (*node, bool) {
	n = t.resolve(n, key[:depth])
	if n == nil {
		return nil, false
	}
	if all && bytes.HasPrefix(n.partial, key[depth:]) {
		t.bury(n, bytes.Clone(key[:depth]))
		return nil, true
	}
	if !bytes.HasPrefix(key[depth:], n.partial) {
		return n, false
	}
	depth0 := depth
	depth += len(n.partial)
	if depth == len(key) {
		if !n.hasValue {
			return n, false
		}
		m := t.own(n, key[:depth0])
		t.dropValue(m, key)
		return t.squash(m, key[:depth0]), true
	}
	if n.children == nil || n.children[key[depth]] == nil {
		return n, false
	}
	child, changed := t.remove(n.children[key[depth]], key, depth+1, all)
	if !changed {
		return n, false
	}
	m := t.own(n, key[:depth0])
	m.children[key[depth]] = child
	return t.squash(m, key[:depth0]), true
}

// squash brings an own node that lost something into its canonical form: no
// branch without children, none with one child and no value.
func (t *Trie) squash(m *node, path []byte) *node {
	count, last := 0, 0
	if m.children != nil {
		for i, c := range m.children {
			if c != nil {
				count, last = count+1, i
			}
		}
	}
	switch {
	case count == 0 && !m.hasValue:
		return nil
	case count == 0:
		m.children = nil
	case count == 1 && !m.hasValue:
		at := bytes.Join([][]byte{path, m.partial, {byte(last)}}, nil)
		child := t.own(t.resolve(m.children[last], at), at)
		child.partial = bytes.Join([][]byte{m.partial, {byte(last)}, child.partial}, nil)
		return child
	}
	return m
}

// Root returns the root. It hashes what changed since it was last asked.
func (t *Trie) Root() hash.H256 {
	if t.root == nil {
		return EmptyRoot
	}
	return t.rootOf(nil)
}

// rootOf returns the root, and uses buf to encode in.
func (t *Trie) rootOf(buf []byte) hash.H256 {
	e := encoder{buf: buf}
	e.merkle(t.root)
	if t.root.merkleLen == 32 {
		return t.root.merkle
	}
	return hash.Blake2b256(t.root.merkle[:t.root.merkleLen])
}

// Snapshot returns a trie with the same entries. From then on each changes
// without the other. It hashes what changed, as Root does, and copies nothing.
func (t *Trie) Snapshot() *Trie {
	t.Root()
	t.owner = new(owner)
	return &Trie{t.version, t.root, t.reader, new(owner), t.dead[:len(t.dead):len(t.dead)], t.count, t.bundled}
}

// Fork returns a trie with the same entries, of one whose Root was asked and
// that is not written to any more. It may run at the same time as reading
// methods, Snapshot and other forks.
func (t *Trie) Fork() *Trie {
	return &Trie{t.version, t.root, t.reader, new(owner), nil, t.count, t.bundled}
}

// Resident says about how many nodes the trie and those that came of it hold
// in memory: all that were loaded or added. Open gives one that holds none.
func (t *Trie) Resident() int { return int(t.count.Load()) }

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// appendNibbles appends the nibbles of key, high first.
func appendNibbles(dst, key []byte) []byte {
	for _, b := range key {
		dst = append(dst, b>>4, b&15)
	}
	return dst
}

// packNibbles appends the bytes that an even number of nibbles make.
func packNibbles(dst, nibbles []byte) []byte {
	for i := 0; i+1 < len(nibbles); i += 2 {
		dst = append(dst, nibbles[i]<<4|nibbles[i+1])
	}
	return dst
}
