package trie

import (
	"bytes"
	"fmt"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Commit gives put every node and long value that the store does not have, and
// drop every one that the last commit had and the trie has no more. What is
// dropped may still be part of older roots. Put owns its slices.
func (t *Trie) Commit(put func(key, node []byte), drop func(key []byte)) {
	root := t.Root()
	dead := map[string]bool{}
	for _, key := range t.dead {
		dead[string(key)] = true
	}
	c := committer{bundled: t.bundled, put: func(key, raw []byte) {
		delete(dead, string(key))
		put(key, raw)
	}}
	if n := t.root; n != nil && !n.stored.Load() {
		c.commit(n, nil)
		if n.merkleLen < 32 { // the root stands under its hash, however short
			c.put(storeKey(nil, 'n', root), append([]byte(nil), n.merkle[:n.merkleLen]...))
			n.stored.Store(true)
		}
	}
	if drop != nil {
		for _, key := range t.dead {
			if dead[string(key)] {
				delete(dead, string(key))
				drop(key)
			}
		}
	}
	t.dead = nil
}

type committer struct {
	bundled   bool
	put       func(key, raw []byte)
	enc, leaf encoder
}

func (c *committer) commit(n *node, path []byte) {
	if n.stored.Load() || n.merkleLen < 32 { // a short node holds no hashes
		return
	}
	full := append(path[:len(path):len(path)], n.partial...)
	inline := n.hasValue && n.hashed && n.lazy == nil && len(n.value) <= withNode && !n.valueStored.Load() && !c.bundled
	if !inline {
		c.commitValue(n, full)
	}
	if n.children != nil {
		for i, child := range n.children {
			if child != nil && (!c.bundled || leafOf(child) == nil) {
				c.commit(child, append(full[:len(full):len(full)], byte(i)))
			}
		}
	}
	record := c.enc.encode(n)
	switch {
	case inline:
		record = append(record, n.value...)
	case c.bundled && n.children != nil:
		record = c.bundle(record, n.children, full)
	}
	c.enc.buf = record
	c.put(storeKey(path, 'n', n.merkle), bytes.Clone(record))
	n.stored.Store(true)
}

// commitValue gives a long value a key of its own. full leads to it.
func (c *committer) commitValue(n *node, full []byte) {
	if n.hasValue && n.hashed && !n.valueStored.Load() {
		c.put(storeKey(full, 'v', n.valueHash), n.value)
		n.valueStored.Store(true)
	}
}

// leafOf returns the leaf that a child of a branch is, and for which a hash
// stands there; nil if it is another node. Of what a bundled trie did not load,
// nothing is a leaf.
func leafOf(child *node) *node {
	if child.stub {
		child = child.loaded.Load()
	}
	if child == nil || child.children != nil || child.merkleLen < 32 {
		return nil
	}
	return child
}

// bundle appends the leaves below a branch to it, if there are some:
//
//	branch ‖ which of the children follow u16 ‖ leaf…
func (c *committer) bundle(record []byte, children *[16]*node, full []byte) []byte {
	at, mask := len(record), uint16(0)
	record = append(record, 0, 0)
	for i, child := range children {
		if child == nil {
			continue
		}
		leaf := leafOf(child)
		if leaf == nil {
			continue
		}
		if !leaf.valueStored.Load() {
			c.commitValue(leaf, append(append(full[:len(full):len(full)], byte(i)), leaf.partial...))
		}
		record = append(record, c.leaf.encode(leaf)...)
		leaf.stored.Store(true)
		mask |= 1 << i
	}
	if mask == 0 {
		return record[:at]
	}
	record[at], record[at+1] = byte(mask), byte(mask>>8)
	return record
}

// decodeBundle reads a node with the given hash with the leaves that the store has
// with it. It returns the node's own bytes too.
func (t *Trie) decodeBundle(record []byte, h hash.H256) (n *node, raw []byte, err error) {
	d := scale.NewDecoder(record)
	fail := func(err error) (*node, []byte, error) { return nil, nil, fmt.Errorf("%w: %w", ErrCorrupt, err) }
	n = new(node)
	if err := decodeBody(n, d, false); err != nil {
		return fail(err)
	}
	raw = record[:len(record)-d.Remaining()]
	if hash.Blake2b256(raw) != h {
		return nil, nil, ErrCorrupt
	}
	if n.children == nil || d.Remaining() == 0 {
		if err := d.Finish(); err != nil {
			return fail(err)
		}
		return n, raw, nil
	}
	mask, err := d.Uint16()
	if err != nil {
		return fail(err)
	}
	if mask == 0 {
		return nil, nil, ErrCorrupt
	}
	for i, child := range n.children {
		if mask&(1<<i) == 0 {
			continue
		}
		rest := d.Peek()
		leaf := new(node)
		if err := decodeBody(leaf, d, false); err != nil {
			return fail(err)
		}
		rest = rest[:len(rest)-d.Remaining()]
		if child == nil || !child.stub || leaf.children != nil || hash.Blake2b256(rest) != hash.H256(child.merkle) {
			return nil, nil, ErrCorrupt
		}
		leaf.merkle, leaf.merkleLen = child.merkle, 32
		leaf.stored.Store(true)
		child.loaded.Store(leaf)
		t.count.Add(1)
	}
	if err := d.Finish(); err != nil {
		return fail(err)
	}
	return n, raw, nil
}
