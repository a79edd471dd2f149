package trie

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/hash"
)

// ErrCompact means that items are no compact proof.
var ErrCompact = errors.New("not a compact proof")

// maxCompactDepth bounds how deep nodes of a compact proof may nest.
const maxCompactDepth = 512

// EncodeCompact turns a read proof for the given root into the compact form,
// in which nodes stand in pre-order without the hashes of the nodes that
// follow. Items that cannot be reached from the root are left out.
//
// A child that follows is written as a child of no bytes. A node whose long
// value follows it starts with the escape byte 01 and has an empty value.
func EncodeCompact(root hash.H256, items [][]byte) (compact [][]byte, err error) {
	p, err := NewProof(root, items, Limits{Lenient: true})
	if err != nil {
		return nil, err
	}
	if root == EmptyRoot {
		return [][]byte{{0}}, nil
	}
	c := compacter{items: p.reader.items}
	raw, ok := c.items[root]
	if !ok {
		return nil, fmt.Errorf("encode compact proof: root: %w", ErrIncomplete)
	}
	if err := c.node(raw, 0); err != nil {
		return nil, fmt.Errorf("encode compact proof: %w", err)
	}
	return c.out, nil
}

type compacter struct {
	items map[hash.H256][]byte
	out   [][]byte
	bytes int
}

// maxCompactBytes bounds the output: equal subtrees are written each time.
const maxCompactBytes = 64 << 20

func (c *compacter) node(raw []byte, depth int) error {
	if depth > maxCompactDepth {
		return ErrCompact
	}
	n, err := decodeNode(raw)
	if err != nil {
		return err
	}
	at := len(c.out)
	if err := c.add(nil, len(raw)); err != nil { // its place; the bytes come last
		return err
	}
	escaped := false
	if value, ok := c.items[n.valueHash]; ok && n.hashed {
		escaped = true
		n.hashed, n.value = false, nil
		if err := c.add(value, len(value)); err != nil {
			return err
		}
	}
	if err := c.children(n, depth); err != nil {
		return err
	}
	var e encoder
	raw = e.encode(n)
	if escaped {
		raw = append([]byte{escapeHeader}, raw...)
	}
	c.out[at] = raw
	return nil
}

// children writes the nodes below n that are items, and takes their hashes
// out of n. A child that lies in its parent has none below it.
func (c *compacter) children(n *node, depth int) error {
	if n.children == nil {
		return nil
	}
	for i, child := range n.children {
		if child == nil || !child.stub {
			continue
		}
		if raw, ok := c.items[child.merkle]; ok {
			if err := c.node(raw, depth+1); err != nil {
				return err
			}
			n.children[i] = &node{hole: true}
		}
	}
	return nil
}

func (c *compacter) add(item []byte, size int) error {
	if c.bytes += size; c.bytes > maxCompactBytes {
		return fmt.Errorf("more than %d bytes: %w", maxCompactBytes, ErrCompact)
	}
	c.out = append(c.out, item)
	return nil
}

// DecodeCompact turns a compact proof into a read proof and the root that it
// is for, which the caller compares with the root it believes.
func DecodeCompact(compact [][]byte) (root hash.H256, items [][]byte, err error) {
	if len(compact) == 1 && bytes.Equal(compact[0], []byte{0}) {
		return EmptyRoot, [][]byte{{0}}, nil
	}
	d := decompacter{in: compact, seen: map[hash.H256]bool{}}
	n, raw, err := d.node(0)
	if err == nil && len(d.in) > 0 {
		err = fmt.Errorf("%d items are left over: %w", len(d.in), ErrCompact)
	}
	if err != nil {
		return hash.H256{}, nil, fmt.Errorf("decode compact proof: %w", err)
	}
	if n.merkleLen < 32 {
		d.add(raw)
	}
	return hash.Blake2b256(raw), d.out, nil
}

type decompacter struct {
	in   [][]byte
	out  [][]byte
	seen map[hash.H256]bool
}

// node reads the next node and all below it, and returns it with its bytes.
func (d *decompacter) node(depth int) (*node, []byte, error) {
	if depth > maxCompactDepth {
		return nil, nil, fmt.Errorf("nodes nest deeper than %d: %w", maxCompactDepth, ErrCompact)
	}
	if len(d.in) == 0 {
		return nil, nil, ErrIncomplete
	}
	raw := d.in[0]
	d.in = d.in[1:]
	escaped := len(raw) > 0 && raw[0] == escapeHeader
	if escaped {
		raw = raw[1:]
	}
	n, err := decode(raw, true)
	if err != nil {
		return nil, nil, err
	}
	if escaped {
		if !n.hasValue || n.hashed || len(n.value) > 0 || len(d.in) == 0 {
			return nil, nil, fmt.Errorf("a node with a detached value has none: %w", ErrCompact)
		}
		value := d.in[0]
		d.in = d.in[1:]
		n.hashed, n.valueHash = true, hash.Blake2b256(value)
		d.add(value)
	}
	if n.children != nil {
		for i, child := range n.children {
			if child == nil || !child.hole {
				continue
			}
			if n.children[i], _, err = d.node(depth + 1); err != nil {
				return nil, nil, err
			}
		}
	}
	var e encoder
	raw = e.encode(n)
	if n.merkleLen = 32; len(raw) < 32 {
		n.merkleLen = uint8(copy(n.merkle[:], raw))
	} else {
		n.merkle = d.add(raw)
	}
	return n, raw, nil
}

func (d *decompacter) add(item []byte) hash.H256 {
	h := hash.Blake2b256(item)
	if !d.seen[h] {
		d.seen[h] = true
		d.out = append(d.out, item)
	}
	return h
}
