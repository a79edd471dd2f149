package words_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

// The proof of every chunk leads to the root, and to no other chunk, place or
// number of chunks.
func TestTree(t *testing.T) {
	for n := range 40 {
		var chunks [][]byte
		var leaves []hash.H256
		for i := range n {
			chunks = append(chunks, fmt.Appendf(nil, "chunk %d", i))
			leaves = append(leaves, words.Leaf(chunks[i]))
		}
		s := words.Snapshot{Chunks: uint32(n), Tree: words.Tree(leaves)}
		for i, c := range chunks {
			at := uint32(i)
			proof := words.Proof(leaves, at)
			if !s.Proves(at, c, proof) {
				t.Fatalf("chunk %d of %d is not proven", i, n)
			}
			more := s
			more.Chunks *= 2
			for name, wrong := range map[string]bool{
				"another chunk":  s.Proves(at, append(slices.Clone(c), 1), proof),
				"a longer proof": s.Proves(at, c, append(slices.Clone(proof), hash.H256{})),
				"beyond the end": s.Proves(s.Chunks, c, proof),
				"twice as many":  n > 1 && more.Proves(at, c, proof),
			} {
				if wrong {
					t.Errorf("%s is chunk %d of %d", name, i, n)
				}
			}
			for j := range uint32(n) {
				if j != at && s.Proves(j, c, proof) {
					t.Errorf("chunk %d of %d is chunk %d", i, n, j)
				}
			}
			for j := range proof {
				changed := slices.Clone(proof)
				changed[j][7] ^= 1
				if s.Proves(at, c, changed) || s.Proves(at, c, slices.Delete(slices.Clone(proof), j, j+1)) {
					t.Errorf("a wrong proof is one of chunk %d of %d", i, n)
				}
			}
		}
	}
	// RFC 6962: of three leaves the first two are on the left.
	l := []hash.H256{words.Leaf([]byte("a")), words.Leaf([]byte("b")), words.Leaf([]byte("c"))}
	pair := func(a, b hash.H256) hash.H256 { return hash.Blake2b256([]byte{1}, a[:], b[:]) }
	if words.Tree(l) != pair(pair(l[0], l[1]), l[2]) || l[0] != hash.Blake2b256([]byte("\x00a")) || words.Tree(nil) != (hash.H256{}) {
		t.Error("the tree is another")
	}
}
