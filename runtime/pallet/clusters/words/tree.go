package words

import (
	"math/bits"

	"github.com/tacit-network/tacit/hash"
)

// The tree over a snapshot's chunks is that of RFC 6962, with BLAKE2b-256:
//
//	leaf: hash(0x00 ‖ chunk)
//	node: hash(0x01 ‖ left ‖ right); left covers the greatest power of two of
//	      leaves that is less than all

// Leaf is the leaf of a chunk.
func Leaf(chunk []byte) hash.H256 { return hash.Blake2b256([]byte{0}, chunk) }

func node(left, right hash.H256) hash.H256 { return hash.Blake2b256([]byte{1}, left[:], right[:]) }

// split is how many of n leaves are on the left; n is more than 1.
func split(n uint32) uint32 { return 1 << (bits.Len32(n-1) - 1) }

// Tree is the root over leaves, zero over none.
func Tree(leaves []hash.H256) hash.H256 {
	switch n := uint32(len(leaves)); n {
	case 0:
		return hash.H256{}
	case 1:
		return leaves[0]
	default:
		return node(Tree(leaves[:split(n)]), Tree(leaves[split(n):]))
	}
}

// Proof is what is needed beside a leaf to come to the root, from below.
//
// Preconditions: there is a leaf index.
func Proof(leaves []hash.H256, index uint32) []hash.H256 {
	n := uint32(len(leaves))
	if n == 1 {
		return []hash.H256{}
	}
	if k := split(n); index < k {
		return append(Proof(leaves[:k], index), Tree(leaves[k:]))
	} else {
		return append(Proof(leaves[k:], index-k), Tree(leaves[:k]))
	}
}

// Proves tells whether a proof shows that chunk is the one of the snapshot with
// that index.
func (s Snapshot) Proves(index uint32, chunk []byte, proof []hash.H256) bool {
	root, ok := climb(Leaf(chunk), index, s.Chunks, proof)
	return ok && root == s.Tree
}

// climb computes the root over n leaves from one of them.
func climb(leaf hash.H256, index, n uint32, proof []hash.H256) (hash.H256, bool) {
	if index >= n {
		return hash.H256{}, false
	}
	if n == 1 {
		return leaf, len(proof) == 0
	}
	if len(proof) == 0 {
		return hash.H256{}, false
	}
	k, rest, last := split(n), proof[:len(proof)-1], proof[len(proof)-1]
	if index < k {
		left, ok := climb(leaf, index, k, rest)
		return node(left, last), ok
	}
	right, ok := climb(leaf, index-k, n-k, rest)
	return node(last, right), ok
}
