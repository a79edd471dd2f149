package trie

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/hash"
)

// closest computes the Merkle value by its definition, from the sorted entries
// and the builder that knows no trie.
func closest(v Version, list []Entry, key []byte) ([]byte, bool) {
	var under []Entry
	for _, e := range list {
		if bytes.HasPrefix(e.Key, key) {
			under = append(under, Entry{appendNibbles(nil, e.Key), e.Value})
		}
	}
	if len(under) == 0 {
		return nil, false
	}
	node := under[0].Key // the longest path that all of them share
	for _, e := range under {
		node = node[:commonPrefix(node, e.Key)]
	}
	depth := 0 // where its partial key begins: behind the branching from all others
	for _, e := range list {
		nibbles := appendNibbles(nil, e.Key)
		if !bytes.HasPrefix(nibbles, node) {
			depth = max(depth, commonPrefix(nibbles, node)+1)
		}
	}
	raw := build(v, under, depth)
	if len(raw) < 32 && depth > 0 {
		return raw, true
	}
	h := hash.Blake2b256(raw)
	return h[:], true
}

func TestClosestMerkle(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		version := Version(seed % 2)
		trie, model := New(version), map[string]string{}
		for range r.IntN(40) {
			k, v := randomKey(r), randomValue(r)
			trie.Put(k, v)
			model[string(k)] = string(v)
		}
		store := memory{}
		store.commit(trie)
		list := entriesOf(model)
		for range 30 {
			key := randomKey(r)
			want, has := closest(version, list, key)
			for name, tr := range map[string]*Trie{"own": trie, "opened": Open(version, trie.Root(), store)} {
				if got, ok := tr.ClosestMerkle(key); ok != has || !bytes.Equal(got, want) {
					t.Fatalf("seed %d, %s: %x under %x, %v; want %x, %v", seed, name, got, key, ok, want, has)
				}
			}
		}
	}
}

func TestDiff(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 3))
		version := Version(seed % 2)
		older, old := New(version), map[string]string{}
		for range r.IntN(60) {
			k, v := randomKey(r), randomValue(r)
			older.Put(k, v)
			old[string(k)] = string(v)
		}
		newer, now := older.Snapshot(), maps.Clone(old)
		for range r.IntN(20) {
			k, v := randomKey(r), randomValue(r)
			if r.IntN(3) == 0 {
				newer.Delete(k)
				delete(now, string(k))
				continue
			}
			newer.Put(k, v)
			now[string(k)] = string(v)
		}
		if seed%3 == 0 { // nothing is shared in memory
			store := memory{}
			store.commit(older)
			newer.Commit(func(key, raw []byte) { store[string(key)] = raw }, func([]byte) {})
			older, newer = Open(version, older.Root(), store), Open(version, newer.Root(), store)
		}
		prefix := randomKey(r)
		prefix = prefix[:min(len(prefix), r.IntN(4))]
		var want []string
		keys := maps.Clone(old)
		maps.Copy(keys, now)
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			before, had := old[k]
			after, has := now[k]
			if strings.HasPrefix(k, string(prefix)) && (had != has || before != after) {
				want = append(want, fmt.Sprintf("%x %v %x %v %x", k, had, before, has, after))
			}
		}
		var got []string
		for c := range Diff(older, newer, prefix) {
			got = append(got, fmt.Sprintf("%x %v %x %v %x", c.Key, c.Had, c.Old, c.Has, c.New))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d under %x: got\n%s\nwant\n%s", seed, prefix, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for range Diff(older, newer, prefix) { // stops when it is told to
			break
		}
	}
}
