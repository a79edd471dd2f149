package store

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// tree is a map of keys to values: a radix tree over the keys' nibbles, in which
// a branch has two children at least. Who changes a tree copies the branches on
// the way, so that whoever has another version of it keeps that one; what no
// version needs any more the garbage collector takes. The zero tree is empty.
//
// Keys come in no order that a stranger decides: clusters' are MACs.
type tree struct { // one of them, or none
	leaf   *leaf
	branch *branch
}

type leaf struct {
	key   Key
	value []byte
}

// branch are the keys that have the first nibbles of key, depth many, and
// differ in the one after.
type branch struct {
	key     Key
	version uint64 // of the tree that it was made for, which may change it
	has     uint16 // the nibbles that there are children for
	depth   uint8
	kids    []tree // in the order of their nibbles
}

// nibble returns a nibble of the bytes of a key.
func nibble(b []byte, at uint8) uint8 {
	if at%2 == 0 {
		return b[at/2] >> 4
	}
	return b[at/2] & 15
}

// common is how many nibbles keys begin with alike.
func common(a, b *Key) uint8 {
	for i := 0; i < len(a); i += 8 {
		if x := binary.BigEndian.Uint64(a[i:]) ^ binary.BigEndian.Uint64(b[i:]); x != 0 {
			return uint8(2*i + bits.LeadingZeros64(x)/4)
		}
	}
	return uint8(2 * len(a))
}

// child returns where the child for a nibble is, or would be.
func (b *branch) child(n uint8) (at int, there bool) {
	bit := uint16(1) << n
	return bits.OnesCount16(b.has & (bit - 1)), b.has&bit != 0
}

func (t tree) get(k *Key) ([]byte, bool) {
	for b := t.branch; b != nil; b = t.branch {
		at, there := b.child(nibble(k[:], b.depth))
		if !there {
			return nil, false
		}
		t = b.kids[at]
	}
	if t.leaf == nil || t.leaf.key != *k {
		return nil, false
	}
	return t.leaf.value, true
}

// own returns a branch that the tree of a version may change.
func (b *branch) own(version uint64) *branch {
	if b.version == version {
		return b
	}
	c := *b
	c.version, c.kids = version, slices.Clone(b.kids)
	return &c
}

// set returns the tree with a leaf, as a version.
func (t tree) set(l *leaf, version uint64) tree {
	b := t.branch
	if b == nil {
		if t.leaf == nil || t.leaf.key == l.key {
			return tree{leaf: l}
		}
		return t.fork(&t.leaf.key, l, common(&t.leaf.key, &l.key), version)
	}
	if n := common(&b.key, &l.key); n < b.depth {
		return t.fork(&b.key, l, n, version)
	}
	b = b.own(version)
	n := nibble(l.key[:], b.depth)
	at, there := b.child(n)
	if there {
		b.kids[at] = b.kids[at].set(l, version)
	} else {
		b.has |= 1 << n
		b.kids = slices.Insert(b.kids, at, tree{leaf: l})
	}
	return tree{branch: b}
}

// fork returns a branch of a tree, in which key is, and a leaf.
func (t tree) fork(key *Key, l *leaf, depth uint8, version uint64) tree {
	old, new := nibble(key[:], depth), nibble(l.key[:], depth)
	kids := []tree{t, {leaf: l}}
	if new < old {
		slices.Reverse(kids)
	}
	return tree{branch: &branch{key: l.key, version: version, has: 1<<old | 1<<new, depth: depth, kids: kids}}
}

// remove returns the tree without a key, which is there, as a version.
func (t tree) remove(k *Key, version uint64) tree {
	if t.branch == nil {
		return tree{}
	}
	b := t.branch.own(version)
	n := nibble(k[:], b.depth)
	at, _ := b.child(n)
	if b.kids[at] = b.kids[at].remove(k, version); b.kids[at] == (tree{}) {
		b.has &^= 1 << n
		if b.kids = slices.Delete(b.kids, at, at+1); len(b.kids) == 1 {
			return b.kids[0]
		}
	}
	return tree{branch: b}
}

// with calls do with the leaves whose keys begin with prefix, until it is false.
func (t tree) with(prefix []byte, do func(*leaf) bool) bool {
	if t.branch == nil {
		return t.leaf == nil || !bytes.HasPrefix(t.leaf.key[:], prefix) || do(t.leaf)
	}
	b := t.branch
	switch known := min(int(b.depth)/2, len(prefix)); {
	case !bytes.Equal(b.key[:known], prefix[:known]):
		return true
	case int(b.depth) < 2*len(prefix):
		// The nibble before it, when it is half of a byte, the leaves compare.
		at, there := b.child(nibble(prefix, b.depth))
		return !there || b.kids[at].with(prefix, do)
	}
	for _, kid := range b.kids {
		if !kid.with(prefix, do) {
			return false
		}
	}
	return true
}
