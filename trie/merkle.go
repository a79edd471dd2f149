package trie

import (
	"bytes"
	"iter"

	"github.com/tacit-network/tacit/hash"
)

// ClosestMerkle returns the Merkle value of the node of key or, where there is
// none, of the highest node below it: the node's encoding if that is shorter
// than 32 bytes, else its hash. The root's is always a hash. ok is false when
// no key starts with key. See
// https://spec.polkadot.network/chap-state#defn-merkle-value.
func (t *Trie) ClosestMerkle(key []byte) (value []byte, ok bool) {
	root := t.Root()
	nibbles := appendNibbles(nil, key)
	n, depth := t.root, 0
	for {
		n = t.resolve(n, nibbles[:depth])
		if n == nil {
			return nil, false
		}
		rest := nibbles[depth:]
		common := commonPrefix(rest, n.partial)
		switch {
		case common == len(rest) && depth == 0:
			return root[:], true
		case common == len(rest):
			return bytes.Clone(n.merkle[:n.merkleLen]), true
		case common < len(n.partial) || n.children == nil:
			return nil, false
		}
		depth += common
		n = n.children[nibbles[depth]]
		depth++
	}
}

// Change is one key whose value differs between two tries. Where a trie does
// not have the key, the value is nil and the flag false.
type Change struct {
	Key      []byte
	Old, New []byte
	Had, Has bool
}

// Diff yields the keys under prefix whose values differ between two tries, by
// rising keys. It looks only at what is under differing nodes. The caller owns
// the keys and must change neither the values nor the tries.
func Diff(older, newer *Trie, prefix []byte) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		older.Root()
		newer.Root()
		d := differ{older: older, newer: newer, prefix: appendNibbles(nil, prefix), yield: yield}
		d.diff(side{n: older.root}, side{n: newer.root})
	}
}

// differ walks two tries at once.
type differ struct {
	older, newer *Trie
	prefix       []byte
	yield        func(Change) bool
}

// side is a node with the path that leads to it, or no node.
type side struct {
	n    *node
	path []byte
}

// open resolves the node and returns the path of its own value.
func (s side) open(t *Trie) (side, []byte) {
	if s.n == nil {
		return s, nil
	}
	s.n = t.resolve(s.n, s.path)
	return s, append(s.path[:len(s.path):len(s.path)], s.n.partial...)
}

// child is the node below a node whose value has the given path.
func (s side) child(full []byte, i int) side {
	if s.n.children == nil || s.n.children[i] == nil {
		return side{}
	}
	return side{s.n.children[i], append(full[:len(full):len(full)], byte(i))}
}

// outside says whether no key below path is under the prefix.
func (d *differ) outside(path []byte) bool {
	return commonPrefix(path, d.prefix) < min(len(path), len(d.prefix))
}

// diff says whether to go on.
func (d *differ) diff(a, b side) bool {
	if a.n == nil && b.n == nil {
		return true
	}
	if a.n != nil && b.n != nil && len(a.path) == len(b.path) && sameMerkle(a.n, b.n) {
		return true
	}
	a, fa := a.open(d.older)
	b, fb := b.open(d.newer)
	switch {
	case a.n == nil:
		return d.only(b, fb, false)
	case b.n == nil:
		return d.only(a, fa, true)
	case d.outside(fa) && d.outside(fb):
		return true
	}
	switch common := commonPrefix(fa, fb); {
	case common == len(fa) && common == len(fb):
		return d.values(a, b, fa) && d.children(func(i int) bool { return d.diff(a.child(fa, i), b.child(fb, i)) })
	case common == len(fa):
		return d.value(a, fa, true) && d.children(func(i int) bool {
			if i == int(fb[common]) {
				return d.diff(a.child(fa, i), b)
			}
			return d.diff(a.child(fa, i), side{})
		})
	case common == len(fb):
		return d.value(b, fb, false) && d.children(func(i int) bool {
			if i == int(fa[common]) {
				return d.diff(a, b.child(fb, i))
			}
			return d.diff(side{}, b.child(fb, i))
		})
	case fa[common] < fb[common]:
		return d.only(a, fa, true) && d.only(b, fb, false)
	}
	return d.only(b, fb, false) && d.only(a, fa, true)
}

func sameMerkle(a, b *node) bool {
	return a.merkleLen != 0 && bytes.Equal(a.merkle[:a.merkleLen], b.merkle[:b.merkleLen])
}

func (d *differ) children(visit func(i int) bool) bool {
	for i := range 16 {
		if !visit(i) {
			return false
		}
	}
	return true
}

// only yields all that is in one of the tries alone.
func (d *differ) only(s side, full []byte, old bool) bool {
	if d.outside(full) {
		return true
	}
	return d.value(s, full, old) && d.children(func(i int) bool {
		c := s.child(full, i)
		if c.n == nil {
			return true
		}
		t := d.newer
		if old {
			t = d.older
		}
		c, path := c.open(t)
		return d.only(c, path, old)
	})
}

// value yields a node's own value, which the other trie does not have.
func (d *differ) value(s side, full []byte, old bool) bool {
	if !s.n.hasValue || !bytes.HasPrefix(full, d.prefix) {
		return true
	}
	c := Change{Key: packNibbles(nil, full)}
	if old {
		c.Old, c.Had = d.older.valueOf(s.n, full), true
	} else {
		c.New, c.Has = d.newer.valueOf(s.n, full), true
	}
	return d.yield(c)
}

// values yields the values of two nodes with the same key if they differ.
func (d *differ) values(a, b side, full []byte) bool {
	switch {
	case !a.n.hasValue:
		return d.value(b, full, false)
	case !b.n.hasValue:
		return d.value(a, full, true)
	case !bytes.HasPrefix(full, d.prefix) || valueMerkle(a.n) == valueMerkle(b.n):
		return true
	}
	return d.yield(Change{packNibbles(nil, full), d.older.valueOf(a.n, full), d.newer.valueOf(b.n, full), true, true})
}

func valueMerkle(n *node) hash.H256 {
	if n.hashed {
		return n.valueHash
	}
	return hash.Blake2b256(n.value)
}
