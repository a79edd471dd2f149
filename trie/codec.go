package trie

import (
	"errors"
	"fmt"
	"math/bits"
	"sync/atomic"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

var errShortNode = fmt.Errorf("%w: a node of less than 32 bytes must lie in its parent", ErrCorrupt)

// header is the kind of a node: the first bits of its encoding, the rest of
// which is the number of nibbles of the partial key.
type header struct {
	bits byte
	mask byte // the largest number, which says that more bytes follow
}

var (
	headerLeaf         = header{0x40, 63}
	headerBranch       = header{0x80, 63}
	headerBranchValue  = header{0xc0, 63}
	headerLeafHashed   = header{0x20, 31}
	headerBranchHashed = header{0x10, 15}
)

const escapeHeader = 1 // in compact proofs: the node's value follows the node

// maxNibbles bounds the partial key that is read: a key of 32 KiB.
const maxNibbles = 1 << 16

func (h header) append(dst []byte, n int) []byte {
	if n < int(h.mask) {
		return append(dst, h.bits|byte(n))
	}
	dst = append(dst, h.bits|h.mask)
	for n -= int(h.mask); n >= 255; n -= 255 {
		dst = append(dst, 255)
	}
	return append(dst, byte(n))
}

// appendPartial appends a partial key: after a zero nibble if it is odd.
func appendPartial(dst, partial []byte) []byte {
	if len(partial)%2 == 1 {
		dst, partial = append(dst, partial[0]), partial[1:]
	}
	return packNibbles(dst, partial)
}

// encoder encodes nodes into a buffer that it keeps.
type encoder struct{ buf []byte }

// merkle computes what stands for n in its parent, from below.
func (e *encoder) merkle(n *node) {
	if n.merkleLen != 0 {
		return
	}
	if n.children != nil {
		for _, c := range n.children {
			if c != nil {
				e.merkle(c)
			}
		}
	}
	raw := e.encode(n)
	if len(raw) < 32 {
		n.merkleLen = uint8(copy(n.merkle[:], raw))
		return
	}
	n.merkle, n.merkleLen = hash.Blake2b256(raw), 32
}

// encode returns the node's bytes, which are good until the next call.
//
//	header ‖ partial ‖ [bitmap u16] ‖ [value: Vec<u8> or hash] ‖ child Vec<u8>…
//
// Preconditions: what stands for the children is known.
func (e *encoder) encode(n *node) []byte {
	var h header
	switch {
	case n.children == nil && n.hashed:
		h = headerLeafHashed
	case n.children == nil:
		h = headerLeaf
	case n.hashed:
		h = headerBranchHashed
	case n.hasValue:
		h = headerBranchValue
	default:
		h = headerBranch
	}
	dst := h.append(e.buf[:0], len(n.partial))
	dst = appendPartial(dst, n.partial)
	if n.children != nil {
		var bitmap uint16
		for i, c := range n.children {
			if c != nil {
				bitmap |= 1 << i
			}
		}
		dst = scale.AppendUint16(dst, bitmap)
	}
	if n.hashed {
		dst = append(dst, n.valueHash[:]...)
	} else if n.hasValue {
		dst = scale.AppendBytes(dst, n.value)
	}
	if n.children != nil {
		for _, c := range n.children {
			if c != nil {
				dst = scale.AppendBytes(dst, c.merkle[:c.merkleLen])
			}
		}
	}
	e.buf = dst
	return dst
}

// decodeNode reads a node in its canonical form. The node aliases raw.
func decodeNode(raw []byte) (*node, error) { return decode(raw, false) }

func decode(raw []byte, compact bool) (*node, error) {
	n := new(node)
	if err := decodeInto(n, raw, compact); err != nil {
		return nil, err
	}
	return n, nil
}

// decodeInto reads a node into n, which is zero.
func decodeInto(n *node, raw []byte, compact bool) error {
	d := scale.NewDecoder(raw)
	err := decodeBody(n, d, compact)
	if err == nil {
		err = d.Finish()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

// decodeBody reads a node that something may follow into n, which is zero.
func decodeBody(n *node, d *scale.Decoder, compact bool) error {
	first, err := d.Byte()
	if err != nil {
		return err
	}
	var h header
	switch {
	case first>>6 == 1:
		h = headerLeaf
	case first>>6 == 2:
		h = headerBranch
	case first>>6 == 3:
		h = headerBranchValue
	case first>>5 == 1:
		h = headerLeafHashed
	case first>>4 == 1:
		h = headerBranchHashed
	default:
		return errors.New("no such node header")
	}
	n.hasValue, n.hashed = h != headerBranch, h == headerLeafHashed || h == headerBranchHashed
	if n.partial, err = decodePartial(d, int(first&h.mask), int(h.mask)); err != nil {
		return err
	}
	bitmap := uint16(0)
	if h == headerBranch || h == headerBranchValue || h == headerBranchHashed {
		if bitmap, err = d.Uint16(); err != nil {
			return err
		}
		if bitmap == 0 || !n.hasValue && bits.OnesCount16(bitmap) == 1 {
			return errors.New("a branch that does not branch")
		}
	}
	if n.hashed {
		raw, err := d.Bytes(32)
		if err != nil {
			return err
		}
		n.valueHash = hash.H256(raw)
		n.lazy = new(atomic.Pointer[[]byte])
		n.valueStored.Store(true)
	} else if n.hasValue {
		size, err := d.Len(1)
		if err != nil {
			return err
		}
		if n.value, err = d.Bytes(size); err != nil {
			return err
		}
	}
	if bitmap == 0 {
		return nil
	}
	n.children = new([16]*node)
	children := make([]node, bits.OnesCount16(bitmap)) // at once: most are never loaded
	for i := range n.children {
		if bitmap>>i&1 == 1 {
			n.children[i], children = &children[0], children[1:]
			if err = decodeChild(n.children[i], d, compact); err != nil {
				return err
			}
		}
	}
	return nil
}

func decodePartial(d *scale.Decoder, n, mask int) ([]byte, error) {
	if n == mask {
		for {
			b, err := d.Byte()
			if err != nil {
				return nil, err
			}
			if n += int(b); n > maxNibbles {
				return nil, errors.New("the partial key is too long")
			}
			if b != 255 {
				break
			}
		}
	}
	raw, err := d.Bytes((n + 1) / 2)
	if err != nil {
		return nil, err
	}
	nibbles := appendNibbles(make([]byte, 0, n+1), raw)
	if n%2 == 1 {
		if nibbles[0] != 0 {
			return nil, errors.New("the padding of the partial key is not zero")
		}
		nibbles = nibbles[1:]
	}
	return nibbles, nil
}

// decodeChild reads what stands for a child into n, which is zero.
func decodeChild(n *node, d *scale.Decoder, compact bool) error {
	size, err := d.Len(1)
	if err != nil {
		return err
	}
	raw, err := d.Bytes(size)
	switch {
	case err != nil:
		return err
	case size == 32:
		n.toStub(hash.H256(raw))
		return nil
	case size > 32:
		return errors.New("a child of more than 32 bytes")
	case size == 0 && compact:
		n.hole = true
		return nil
	}
	if err := decodeInto(n, raw, false); err != nil {
		return err
	}
	n.merkleLen = uint8(copy(n.merkle[:], raw))
	return nil
}
