package trie

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// memory is a store in memory that notes what is dropped.
type memory map[string][]byte

func (m memory) Node(key []byte) ([]byte, error) { return m[string(key)], nil }

func (m memory) commit(t *Trie) {
	t.Commit(func(key, raw []byte) { m[string(key)] = raw }, func(key []byte) { delete(m, string(key)) })
}

func entriesOf(model map[string]string) []Entry {
	var list []Entry
	for k, v := range model {
		list = append(list, Entry{[]byte(k), []byte(v)})
	}
	slices.SortFunc(list, compareEntries)
	return list
}

// randomKey makes keys that share prefixes and are prefixes of each other.
func randomKey(r *rand.Rand) []byte {
	key := make([]byte, r.IntN(7))
	for i := range key {
		key[i] = byte(r.IntN(3)) * 0x11
	}
	if r.IntN(40) == 0 {
		key = append(key, bytes.Repeat([]byte{7}, 40+r.IntN(200))...)
	}
	return key
}

func randomValue(r *rand.Rand) []byte {
	sizes := []int{0, 1, 3, 31, 32, 33, 34, 100}
	value := make([]byte, sizes[r.IntN(len(sizes))])
	for i := range value {
		value[i] = byte(r.IntN(2))
	}
	return value
}

// A trie must be like a sorted map, its root must be that of a rebuild, and
// the store must have exactly the nodes of the trie.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		version := Version(seed % 2)
		trie, model, store := New(version), map[string]string{}, memory{}
		for step := range 400 {
			key := randomKey(r)
			switch op := r.IntN(20); {
			case op < 11:
				value := randomValue(r)
				trie.Put(key, value)
				model[string(key)] = string(value)
			case op < 16:
				trie.Delete(key)
				delete(model, string(key))
			case op < 17:
				trie.ClearPrefix(key)
				for k := range model {
					if bytes.HasPrefix([]byte(k), key) {
						delete(model, k)
					}
				}
			case op < 18:
				store.commit(trie)
				fresh := memory{}
				full := New(version)
				for k, v := range model {
					full.Put([]byte(k), []byte(v))
				}
				fresh.commit(full)
				if len(fresh) != len(store) {
					t.Fatalf("seed %d step %d: the store has %d nodes, a fresh one %d", seed, step, len(store), len(fresh))
				}
				if r.IntN(2) == 0 {
					trie = Open(version, trie.Root(), store)
				}
			case op < 19:
				old := trie.Snapshot()
				root := old.Root()
				old.Put([]byte("lost"), []byte("lost"))
				old.Delete(key)
				if trie.Root() != root {
					t.Fatalf("seed %d step %d: a snapshot changed its origin", seed, step)
				}
			}
			checkModel(t, trie, model, r, seed, step)
		}
	}
}

func checkModel(t *testing.T, trie *Trie, model map[string]string, r *rand.Rand, seed uint64, step int) {
	t.Helper()
	for range 3 {
		key := randomKey(r)
		got, ok := trie.Get(key)
		want, has := model[string(key)]
		if ok != has || string(got) != want || trie.Has(key) != has {
			t.Fatalf("seed %d step %d: Get(%x) = %x, %v; want %x, %v", seed, step, key, got, ok, want, has)
		}
	}
	if step%9 != 0 {
		return
	}
	list := entriesOf(model)
	if got, want := trie.Root(), RootOf(trie.Version(), list); got != want {
		t.Fatalf("seed %d step %d: root %v, a rebuild gives %v", seed, step, got, want)
	}
	prefix := randomKey(r)
	var want []Entry
	for _, e := range list {
		if bytes.HasPrefix(e.Key, prefix) {
			want = append(want, e)
		}
	}
	var got []Entry
	for k, v := range trie.Iterate(prefix) {
		got = append(got, Entry{k, v})
	}
	if fmt.Sprintf("%x", got) != fmt.Sprintf("%x", want) {
		t.Fatalf("seed %d step %d: Iterate(%x) = %x, want %x", seed, step, prefix, got, want)
	}
	key := randomKey(r)
	next, ok := trie.NextKey(key)
	i := sort.Search(len(list), func(i int) bool { return bytes.Compare(list[i].Key, key) > 0 })
	if ok != (i < len(list)) || ok && !bytes.Equal(next, list[i].Key) {
		t.Fatalf("seed %d step %d: NextKey(%x) = %x, %v", seed, step, key, next, ok)
	}
}

// Proofs of random keys hold, hold in compact form, and hold no more than
// they need.
func TestProofs(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		trie, model := New(Version(seed%2)), map[string]string{}
		for range r.IntN(120) {
			key, value := randomKey(r), randomValue(r)
			trie.Put(key, value)
			model[string(key)] = string(value)
		}
		var keys [][]byte
		for range 1 + r.IntN(8) {
			keys = append(keys, randomKey(r))
		}
		items := trie.Prove(keys)
		check := func(items [][]byte) {
			t.Helper()
			values, err := ReadProof(trie.Root(), items, keys...)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for i, key := range keys {
				want, has := model[string(key)]
				if has != (values[i] != nil) || string(values[i]) != want {
					t.Fatalf("seed %d: proof says %x of key %x, want %x", seed, values[i], key, want)
				}
			}
		}
		check(items)
		compact, err := EncodeCompact(trie.Root(), items)
		if err != nil {
			t.Fatal(err)
		}
		root, back, err := DecodeCompact(compact)
		if err != nil || root != trie.Root() {
			t.Fatalf("seed %d: compact proof gives root %v, %v", seed, root, err)
		}
		check(back)
		if _, err := ReadProof(trie.Root(), append(items, items[0]), keys...); !errors.Is(err, ErrProof) {
			t.Errorf("seed %d: a duplicate is taken: %v", seed, err)
		}
		if _, err := ReadProof(trie.Root(), append(items, []byte("more")), keys...); !errors.Is(err, ErrProof) {
			t.Errorf("seed %d: an unused item is taken: %v", seed, err)
		}
		for i := range items {
			if _, err := ReadProof(trie.Root(), slices.Delete(slices.Clone(items), i, i+1), keys...); err == nil && len(model) > 0 {
				t.Errorf("seed %d: a proof without item %d of %d is taken", seed, i, len(items))
			}
		}
	}
}

// A long value may have the bytes of a node; it must never be read as one.
func TestValueThatIsANode(t *testing.T) {
	inner := New(V1)
	inner.Put([]byte("ab"), bytes.Repeat([]byte{1}, 30))
	inner.Put([]byte("ac"), bytes.Repeat([]byte{2}, 30))
	raw := inner.Prove([][]byte{[]byte("ab")})[0]
	outer := New(V1)
	outer.Put([]byte("k"), raw)
	items := outer.Prove([][]byte{[]byte("k")})
	values, err := ReadProof(outer.Root(), items, []byte("k"))
	if err != nil || !bytes.Equal(values[0], raw) {
		t.Errorf("got %x, %v", values, err)
	}
	// With the value's hash as the root the bytes are a node, and that is right.
	if _, err := ReadProof(hash.Blake2b256(raw), [][]byte{raw}, []byte("zz")); err != nil {
		t.Error(err)
	}
}

func TestFault(t *testing.T) {
	store, trie := memory{}, New(V1)
	for i := range 100 {
		trie.Put([]byte{byte(i * 7), byte(i)}, bytes.Repeat([]byte{byte(i)}, 40))
	}
	store.commit(trie)
	get := func() (err error) {
		defer Catch(&err)
		for range Open(V1, trie.Root(), store).Iterate(nil) {
		}
		return nil
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	for key, raw := range store {
		delete(store, key)
		if err := get(); !errors.Is(err, ErrMissing) {
			t.Fatalf("a missing node gives %v", err)
		}
		store[key] = append(bytes.Clone(raw), 1)
		if err := get(); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("a corrupt node gives %v", err)
		}
		store[key] = raw
	}
	func() {
		defer func() {
			if recover() != "other" {
				t.Error("Catch swallowed another panic")
			}
		}()
		var err error
		defer Catch(&err)
		panic("other")
	}()
}

// What is committed from a snapshot's sibling is not written twice.
func TestCommitWritesChangesOnly(t *testing.T) {
	store, trie := memory{}, New(V1)
	for i := range 5000 {
		trie.Put(testKey(i), []byte("some value"))
	}
	store.commit(trie)
	trie.Put(testKey(1), []byte("other value"))
	written := 0
	trie.Commit(func(_, _ []byte) { written++ }, nil)
	if written == 0 || written > 6 {
		t.Errorf("one change of 5,000 entries writes %d nodes", written)
	}
}

func FuzzDecodeNode(f *testing.F) {
	for _, s := range []string{"42aa04bb", "8012001443031404ff1443081904fe", "00", "7f00", "2101"} {
		raw, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := decodeNode(raw)
		if err != nil {
			return
		}
		var e encoder
		if got := e.encode(n); !bytes.Equal(got, raw) {
			t.Errorf("%x encodes as %x", raw, got)
		}
	})
}

// A changed proof may fail; it never gives another value.
func FuzzProof(f *testing.F) {
	trie := New(V1)
	for i := range 60 {
		trie.Put([]byte{byte(i * 37), byte(i % 3)}, bytes.Repeat([]byte{byte(i)}, i))
	}
	key := []byte{byte(50 * 37 % 256), 50 % 3}
	want, _ := trie.Get(key)
	items := trie.Prove([][]byte{key})
	f.Add(uint(0), uint(3), byte(1))
	f.Fuzz(func(t *testing.T, item, at uint, change byte) {
		list := slices.Clone(items)
		i := item % uint(len(list))
		list[i] = bytes.Clone(list[i])
		list[i][at%uint(len(list[i]))] ^= change
		for _, lenient := range []bool{false, true} {
			p, err := NewProof(trie.Root(), list, Limits{Lenient: lenient})
			if err != nil {
				continue
			}
			if got, ok, err := p.Get(key); err == nil && (!ok || !bytes.Equal(got, want)) {
				t.Errorf("proof with byte %d of item %d changed by %02x gives %x, %v", at, i, change, got, ok)
			}
		}
	})
}

func FuzzDecodeCompact(f *testing.F) {
	trie := New(V1)
	for i := range 40 {
		trie.Put([]byte{byte(i * 37), byte(i % 3)}, bytes.Repeat([]byte{byte(i)}, i))
	}
	compact, err := EncodeCompact(trie.Root(), trie.Prove([][]byte{{37, 1}, {74, 2}}))
	if err != nil {
		f.Fatal(err)
	}
	for i := range compact {
		f.Add(uint(i), compact[i])
	}
	f.Fuzz(func(t *testing.T, at uint, raw []byte) {
		list := slices.Clone(compact)
		list[at%uint(len(list))] = raw
		root, items, err := DecodeCompact(list)
		if err != nil {
			return
		}
		again, err := EncodeCompact(root, items)
		if err != nil {
			return
		}
		if root2, _, err := DecodeCompact(again); err != nil || root2 != root {
			t.Errorf("root %v comes back as %v, %v", root, root2, err)
		}
	})
}

// BenchmarkUpdate is a thousand updates and a root, over so many entries.
func BenchmarkUpdate(b *testing.B) {
	for _, entries := range []int{1_000, 200_000, 1_000_000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) { benchmarkUpdate(b, entries) })
	}
}

func benchmarkUpdate(b *testing.B, entries int) {
	key := func(i int) []byte {
		h := hash.Blake2b256([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		return append(bytes.Repeat([]byte{0x26}, 32), h[:]...)
	}
	trie := New(V1)
	for i := range entries {
		trie.Put(key(i), bytes.Repeat([]byte{byte(i)}, 80))
	}
	trie.Root()
	trie.Commit(func(_, _ []byte) {}, nil)
	round := 0
	for b.Loop() {
		t := trie.Snapshot()
		round++
		for i := range 1000 {
			value := bytes.Repeat([]byte{byte(i)}, 80)
			value[0], value[1] = byte(round), byte(round>>8)
			t.Put(key((i*(entries/1000)+round)%entries), value)
		}
		t.Root()
		trie = t
	}
}

func BenchmarkGet(b *testing.B) {
	trie := New(V1)
	key := func(i int) []byte {
		h := hash.Blake2b256([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		return h[:]
	}
	for i := range 200_000 {
		trie.Put(key(i), []byte("value"))
	}
	k := key(77)
	for b.Loop() {
		trie.Get(k)
	}
}

func ExampleTrie() {
	t := New(V1)
	t.Put([]byte("alice"), []byte("100"))
	t.Put([]byte("bob"), []byte("7"))
	proof := t.Prove([][]byte{[]byte("bob"), []byte("carol")})
	values, err := ReadProof(t.Root(), proof, []byte("bob"), []byte("carol"))
	fmt.Printf("%s %v %v\n", values[0], values[1] == nil, err)
	// Output: 7 true <nil>
}

func testKey(i int) []byte {
	h := hash.Blake2b256([]byte{byte(i), byte(i >> 8)})
	return h[:]
}

// A value that somebody else keeps counts as if it was there, and neither it nor a
// word of it goes to the store.
func TestPutHash(t *testing.T) {
	testHashed(t, Open, func(seed uint64, key string, raw []byte) {
		if n, err := decodeNode(raw); err != nil || key[len(key)-33]&2 != 0 || n.hashed && n.value != nil {
			t.Fatalf("seed %d: %x stands under %x (%v)", seed, raw, key, err)
		}
	})
}

// A trie whose leaves lie with their branches is like any other, and has no key
// for a leaf that is not the root.
func TestBundled(t *testing.T) {
	testHashed(t, OpenBundled, func(seed uint64, key string, raw []byte) {
		if raw[0]>>6 == 1 && len(key) > 33 {
			t.Fatalf("seed %d: a leaf stands under %x", seed, key)
		}
	})
	// Values that the trie keeps have keys of their own.
	store := memory{}
	trie := OpenBundled(V1, EmptyRoot, store)
	long := bytes.Repeat([]byte{7}, 100)
	for i := range byte(40) {
		trie.Put([]byte{i, 1}, append(long, i))
	}
	store.commit(trie)
	again := OpenBundled(V1, trie.Root(), store)
	for i := range byte(40) {
		if v, ok := again.Get([]byte{i, 1}); !ok || !bytes.Equal(v, append(long, i)) {
			t.Errorf("%d: %x %v", i, v, ok)
		}
	}
	again.ClearPrefix(nil)
	store.commit(again)
	if len(store) > 0 {
		t.Errorf("%d keys are left", len(store))
	}
}

// Stored bytes that are not what was written are a fault, whichever of them it
// is, and never another value.
func TestBundledCorrupt(t *testing.T) {
	store := memory{}
	trie := OpenBundled(V1, EmptyRoot, store)
	for i := range byte(20) {
		trie.Put([]byte{i % 4, i}, bytes.Repeat([]byte{i}, 20))
	}
	store.commit(trie)
	read := func() (err error) {
		defer Catch(&err)
		again := OpenBundled(V1, trie.Root(), store)
		for i := range byte(20) {
			if v, _ := again.Get([]byte{i % 4, i}); !bytes.Equal(v, bytes.Repeat([]byte{i}, 20)) {
				t.Errorf("%d: %x", i, v)
			}
		}
		return nil
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	for key, raw := range store {
		for i := range raw {
			changed := bytes.Clone(raw)
			changed[i] ^= 1 << (i % 8)
			for _, bad := range [][]byte{changed, raw[:i], append(bytes.Clone(raw), raw[i])} {
				store[key] = bad
				if err := read(); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrMissing) {
					t.Fatalf("%x in the place of %x: %v", bad, raw, err)
				}
			}
		}
		store[key] = raw
	}
}

// testHashed does random things to a trie that open makes and compares it with
// one that is built at once.
func testHashed(t *testing.T, open func(Version, hash.H256, NodeReader) *Trie, check func(seed uint64, key string, raw []byte)) {
	t.Helper()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		model, store := map[string]string{}, memory{}
		trie := open(V1, EmptyRoot, store)
		put := func(t *Trie, key, value []byte) {
			if len(value) > 32 {
				t.PutHash(key, hash.Blake2b256(value))
			} else {
				t.Put(key, value)
			}
		}
		for range 300 {
			key := randomKey(r)
			switch op := r.IntN(20); {
			case op < 12:
				value := randomValue(r)
				put(trie, key, value)
				model[string(key)] = string(value)
			case op < 16:
				trie.Delete(key)
				delete(model, string(key))
			case op < 17:
				trie.ClearPrefix(key)
				maps.DeleteFunc(model, func(k, _ string) bool { return strings.HasPrefix(k, string(key)) })
			default:
				trie.Commit(func(key, raw []byte) { store[string(key)] = raw }, func(key []byte) {
					if key[len(key)-33]&2 != 0 {
						return // of a value that was never here
					}
					if _, there := store[string(key)]; !there {
						t.Fatalf("seed %d: %x is dropped, and was not there", seed, key)
					}
					delete(store, string(key))
				})
				fresh := memory{}
				full := open(V1, EmptyRoot, fresh)
				for k, v := range model {
					put(full, []byte(k), []byte(v))
				}
				fresh.commit(full)
				if !maps.EqualFunc(fresh, store, bytes.Equal) {
					t.Fatalf("seed %d: the store has %x, a fresh one %x", seed, store, fresh)
				}
				for k, raw := range store {
					check(seed, k, raw)
				}
				if r.IntN(2) == 0 {
					trie = open(V1, trie.Root(), store)
				}
			}
			if got, want := trie.Root(), RootOf(V1, entriesOf(model)); got != want {
				t.Fatalf("seed %d: root %v, want %v", seed, got, want)
			}
		}
	}
}

// Whatever stands in a store, a bundle is read as it would be written, or refused.
func FuzzBundle(f *testing.F) {
	store := memory{}
	trie := OpenBundled(V1, EmptyRoot, store)
	for i := range byte(20) {
		trie.Put([]byte{i % 4, i}, bytes.Repeat([]byte{i}, 20))
	}
	store.commit(trie)
	for _, raw := range store {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		n, d := new(node), scale.NewDecoder(record)
		if decodeBody(n, d, false) != nil {
			return
		}
		own := record[:len(record)-d.Remaining()]
		n, raw, err := OpenBundled(V1, EmptyRoot, nil).decodeBundle(record, hash.Blake2b256(own))
		if err != nil {
			return
		}
		again := bytes.Clone(raw)
		if n.children != nil {
			again = new(committer).bundle(again, n.children, nil)
		}
		if !bytes.Equal(raw, own) || !bytes.Equal(again, record) {
			t.Fatalf("%x is read as %x", record, again)
		}
	})
}
