package lookup_test

import (
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/node/rpc/lookup"
	"github.com/tacit-network/tacit/trie"
)

func key(r *rand.Rand) string {
	k := make([]byte, r.IntN(5))
	for i := range k {
		k[i] = byte(r.IntN(3)) * 0x11
	}
	return string(k)
}

func inHex(s string) string { return "0x" + hex.EncodeToString([]byte(s)) }

// Descendants, from any key on, are those of a sorted map, whatever the pages.
func TestDescendants(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		state, model := trie.New(trie.V1), map[string]string{}
		for range r.IntN(60) {
			k, v := key(r), strings.Repeat("v", r.IntN(lookup.PageBytes/4))
			state.Put([]byte(k), []byte(v))
			model[k] = v
		}
		prefix, start := key(r), key(r)
		if r.IntN(3) == 0 {
			start = ""
		}
		items := []lookup.Item{
			{Key: inHex(prefix), Type: lookup.DescendantsValues},
			{Key: inHex(prefix), Type: lookup.DescendantsValues, Start: inHex(start)},
			{Key: inHex(prefix), Type: lookup.Value},
		}
		if err := lookup.Check(items); err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for n, from := range []string{"", start} {
			for _, k := range slices.Sorted(maps.Keys(model)) {
				if strings.HasPrefix(k, prefix) && (k > from || n == 0 || from == "") {
					want = append(want, inHex(k)+inHex(model[k]))
				}
			}
		}
		if v, ok := model[prefix]; ok {
			want = append(want, inHex(prefix)+inHex(v))
		}
		l, pages := lookup.New(items), 0
		for done := false; !done; pages++ {
			var list []lookup.Found
			list, done = l.Page(state)
			size := 0
			for n, f := range list {
				if size >= lookup.PageBytes {
					t.Fatalf("seed %d: %d things on a page, full after %d", seed, len(list), n)
				}
				size += len(f.Key) + len(f.Value)
				got = append(got, f.Key+f.Value)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: under %x after %x in %d pages: %d things, want %d", seed, prefix, start, pages, len(got), len(want))
		}
	}
}

func TestPageOfMany(t *testing.T) {
	state := trie.New(trie.V1)
	for i := range 2500 {
		state.Put(fmt.Appendf(nil, "%04d", i), []byte{1})
	}
	l, sizes := lookup.New(lookup.Prefix(nil)), []int{}
	for done := false; !done; {
		var list []lookup.Found
		list, done = l.Page(state)
		sizes = append(sizes, len(list))
	}
	if !slices.Equal(sizes, []int{1000, 1000, 500}) {
		t.Errorf("pages of %d", sizes)
	}
}

func TestCheckLength(t *testing.T) {
	if err := lookup.Check(make([]lookup.Item, 4097)); err == nil || err.Error() != "4097 items are more than 4096" {
		t.Error(err)
	}
	if _, err := lookup.CheckDifferences(make([]lookup.Difference, 4097)); err == nil || err.Error() != "4097 items are more than 4096" {
		t.Error(err)
	}
}

func ExampleDifference_Between() {
	older := trie.New(trie.V1)
	older.Put([]byte{1, 1}, []byte("old"))
	older.Put([]byte{1, 2}, []byte("gone"))
	newer := older.Snapshot()
	newer.Put([]byte{1, 1}, []byte("new"))
	newer.Put([]byte{1, 3}, []byte("here"))
	newer.Delete([]byte{1, 2})
	list, err := lookup.CheckDifferences([]lookup.Difference{{Key: "0x01", ReturnType: lookup.Value}})
	if err != nil {
		fmt.Println(err)
	}
	for c := range list[0].Between(older, newer) {
		fmt.Println(c.Type, c.Key, c.Value)
	}
	// Output:
	// modified 0x0101 0x6e6577
	// deleted 0x0102 0x676f6e65
	// added 0x0103 0x68657265
}
