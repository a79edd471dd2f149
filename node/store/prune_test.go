package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/trie"
)

// count returns how many nodes the database holds.
func count(t *testing.T, s *Store) (n int) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixNode}, UpperBound: []byte{prefixNode + 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		n++
	}
	return n
}

// entries reads all of a state.
func entries(tr *trie.Trie) map[string]string {
	out := map[string]string{}
	for k, ok := tr.NextKey(nil); ok; k, ok = tr.NextKey(k) {
		v, _ := tr.Get(k)
		out[string(k)] = string(v)
	}
	return out
}

// Blocks change few keys back and forth, so that nodes die, live again and die
// anew; the database is closed in between. All states that are to be kept are
// whole, and in the end the database holds no more nodes than one into which
// the same states were written without the others.
func TestPrune(t *testing.T) {
	const keep, blocks = 5, 400
	r := rand.New(rand.NewPCG(1, 2))
	fs := vfs.NewMem()
	open := func(keep uint32) *Store {
		s, err := Open(Config{Dir: "db", FS: fs, Keep: keep})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open(keep)
	state := trie.New(trie.V1)
	type kept struct {
		root hash.H256
		want map[string]string
	}
	history := map[chain.BlockNumber]kept{}
	for n := chain.BlockNumber(0); n < blocks; n++ {
		state = state.Snapshot()
		for range r.IntN(6) {
			k := fmt.Appendf(nil, "key %d", r.IntN(40))
			switch r.IntN(4) {
			case 0:
				state.Delete(k)
			case 1:
				state.Put(k, fmt.Appendf(nil, "a long value that has a node of its own, of which there are only %d", r.IntN(2)))
			default:
				state.Put(k, fmt.Appendf(nil, "v%d", r.IntN(2)))
			}
		}
		root := state.Root()
		history[n] = kept{root, entries(state)}
		if err := s.Put(Block{Header: chain.Header{Number: n, StateRoot: root}, State: state}); err != nil {
			t.Fatal(err)
		}
		if r.IntN(30) == 0 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(keep)
			state = s.State(root)
		}
		for old := max(int(n)-keep, 0); old <= int(n); old++ {
			h := history[chain.BlockNumber(old)]
			if got := entries(s.State(h.root)); fmt.Sprint(got) != fmt.Sprint(h.want) {
				t.Fatalf("after block %d the state of block %d is another", n, old)
			}
		}
	}
	if oldest, err := s.Oldest(); err != nil || oldest != blocks-1-keep {
		t.Errorf("the oldest state is %d, %v", oldest, err)
	}
	live := map[string]bool{}
	for n := chain.BlockNumber(blocks - 1 - keep); n < blocks; n++ {
		whole := trie.New(trie.V1)
		for k, v := range history[n].want {
			whole.Put([]byte(k), []byte(v))
		}
		whole.Root()
		whole.Commit(func(k, _ []byte) { live[string(k)] = true }, nil)
	}
	if got := count(t, s); got != len(live) {
		t.Errorf("%d nodes are left, the kept states have %d", got, len(live))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
