package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/snapshot"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// made is a snapshot of a state with some thousand entries.
type made struct {
	folder *snapshot.Folder
	info   snapshot.Info
	want   map[string]string
	index  map[string]string
}

func write(t testing.TB, dir string, number chain.BlockNumber) made {
	t.Helper()
	r := rand.New(rand.NewPCG(7, uint64(number)))
	m := made{want: map[string]string{}}
	state := trie.New(trie.V1)
	m.index = lay(state)
	for k, v := range state.Iterate(nil) {
		m.want[string(k)] = string(v)
	}
	for i := range 4000 {
		k := hash.Blake2b256(fmt.Appendf(nil, "%d", i))
		v := bytes.Repeat([]byte{byte(i)}, r.IntN(700))
		state.Put(k[:], v)
		m.want[string(k[:])] = string(v)
	}
	var headers []chain.Header
	parent := hash.H256{}
	for n := number - min(number, snapshot.Before); n <= number; n++ {
		h := chain.Header{Number: n, ParentHash: parent, StateRoot: state.Root(), Digest: []chain.DigestItem{}}
		headers, parent = append([]chain.Header{h}, headers...), h.Hash()
	}
	m.info = snapshot.Info{Header: headers[0], Parents: headers[1:], Justification: []byte("proof")}
	var err error
	if m.folder, err = snapshot.OpenFolder(dir, 3); err != nil {
		t.Fatal(err)
	}
	index := func(yield func(k, v []byte) bool) {
		for _, k := range slices.Sorted(maps.Keys(m.index)) {
			if !yield([]byte(k), []byte(m.index[k])) {
				return
			}
		}
	}
	if err := m.folder.Write(m.info, state.Iterate(nil), index); err != nil {
		t.Fatal(err)
	}
	list, err := m.folder.List()
	if err != nil || len(list) == 0 {
		t.Fatalf("%d snapshots, %v", len(list), err)
	}
	m.info = list[len(list)-1]
	return m
}

func (m made) chunk(t *testing.T, i int) []byte {
	t.Helper()
	raw, err := m.folder.Chunk(m.info.Header.Number, i)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestRestore(t *testing.T) {
	m := write(t, t.TempDir(), 9)
	if len(m.info.Chunks) < 3 {
		t.Fatalf("only %d chunks", len(m.info.Chunks))
	}
	info, err := snapshot.DecodeInfo(scale.Marshal(m.info), m.info.Header.Hash())
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r := snapshot.NewRestore(info, genesis, db)
	for i := range info.Chunks {
		// A chunk that a stranger changed is refused, and can be fetched again.
		bad := bytes.Clone(m.chunk(t, i))
		bad[len(bad)/2] ^= 1
		if _, err := r.Apply(i, bad); !errors.Is(err, snapshot.ErrChunk) {
			t.Fatalf("a changed chunk: %v", err)
		}
		if _, err := r.Apply(i+1, m.chunk(t, i)); !errors.Is(err, snapshot.ErrChunk) {
			t.Fatalf("a chunk in another place: %v", err)
		}
		done, err := r.Apply(i, m.chunk(t, i))
		if err != nil || done != (i == len(info.Chunks)-1) {
			t.Fatalf("chunk %d: %v, %v", i, done, err)
		}
	}
	if err := db.Adopt(info.Header, info.Parents, info.Justification); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for k, v := range db.State(info.Header.StateRoot).Iterate(nil) {
		got[string(k)] = string(v)
	}
	if !maps.Equal(got, m.want) {
		t.Errorf("%d entries came, want %d", len(got), len(m.want))
	}
	for k, want := range m.index {
		if v, err := db.Index([]byte(k)); err != nil || string(v) != want {
			t.Errorf("beside the state %s is %q, %v", k, v, err)
		}
	}
	for _, k := range extra {
		if v, err := db.Index([]byte(k)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("beside the state lies %q, which says nothing of it, as %q", k, v)
		}
	}
	if n, ok, err := db.Head(); n != 9 || !ok || err != nil {
		t.Errorf("the head is %d, %v", n, err)
	}
	if h, err := db.HeaderAt(9 - snapshot.Before); err != nil || h.Number != 9-snapshot.Before {
		t.Errorf("a header before is missing: %v", err)
	}
}

// A snapshot whose chunks are whole and are not the state of its block.
func TestFalse(t *testing.T) {
	m := write(t, t.TempDir(), 9)
	apply := func(info snapshot.Info) (err error) {
		db, err := store.Open(store.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		r := snapshot.NewRestore(info, genesis, db)
		for i := range info.Chunks {
			// The chunks stand where their hashes say.
			at := slices.Index(m.info.Chunks, info.Chunks[i])
			if _, err = r.Apply(i, m.chunk(t, at)); err != nil {
				return err
			}
		}
		return nil
	}
	for name, change := range map[string]func(*snapshot.Info){
		"a chunk left out": func(i *snapshot.Info) { i.Chunks = slices.Delete(slices.Clone(i.Chunks), 1, 2) },
		"a chunk twice":    func(i *snapshot.Info) { i.Chunks = slices.Insert(slices.Clone(i.Chunks), 1, i.Chunks[1]) },
		"in another order": func(i *snapshot.Info) {
			i.Chunks = slices.Clone(i.Chunks)
			i.Chunks[0], i.Chunks[1] = i.Chunks[1], i.Chunks[0]
		},
		"another block's": func(i *snapshot.Info) { i.Header.StateRoot[0] ^= 1 },
	} {
		info := m.info
		change(&info)
		if err := apply(info); !errors.Is(err, snapshot.ErrRoot) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInfo(t *testing.T) {
	m := write(t, t.TempDir(), 9)
	good := m.info
	for name, change := range map[string]func(*snapshot.Info) hash.H256{
		"another block":   func(*snapshot.Info) hash.H256 { return hash.H256{1} },
		"no chunks":       func(i *snapshot.Info) hash.H256 { i.Chunks = nil; return i.Header.Hash() },
		"foreign parents": func(i *snapshot.Info) hash.H256 { i.Parents = i.Parents[1:]; return i.Header.Hash() },
		"fewer parents":   func(i *snapshot.Info) hash.H256 { i.Parents = i.Parents[:1]; return i.Header.Hash() },
	} {
		info := good
		block := change(&info)
		if _, err := snapshot.DecodeInfo(scale.Marshal(info), block); !errors.Is(err, snapshot.ErrInfo) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := snapshot.DecodeInfo(append(scale.Marshal(good), 0), good.Header.Hash()); !errors.Is(err, snapshot.ErrInfo) {
		t.Errorf("trailing bytes: %v", err)
	}
}

// The newest three are kept, and younger ones that somebody may be fetching.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	old := func(n int) {
		path := filepath.Join(dir, strconv.Itoa(n))
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	numbers := func() (list []chain.BlockNumber) {
		f, err := snapshot.OpenFolder(dir, 1)
		if err != nil {
			t.Fatal(err)
		}
		infos, err := f.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			list = append(list, i.Header.Number)
		}
		return list
	}
	for n := 3; n < 8; n++ {
		write(t, dir, chain.BlockNumber(n))
		if n < 5 {
			old(n)
		}
	}
	if got := numbers(); !slices.Equal(got, []chain.BlockNumber{5, 6, 7}) {
		t.Errorf("of 3 to 7, of which 3 and 4 are old, there are %v", got)
	}
	for n := 8; n < 20; n++ {
		write(t, dir, chain.BlockNumber(n))
	}
	if got := numbers(); len(got) != 10 || got[0] != 10 {
		t.Errorf("of many that are young there are %v", got)
	}
	// What a crash left half made is gone.
	half := filepath.Join(dir, "99.half")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	numbers()
	if _, err := os.Stat(half); err == nil {
		t.Error("half a snapshot is still there")
	}
}

func FuzzChunk(f *testing.F) {
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, raw []byte) {
		db, err := store.Open(store.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		info := snapshot.Info{Chunks: []hash.H256{hash.Blake2b256(raw)}, Header: chain.Header{Digest: []chain.DigestItem{}}}
		if _, err := snapshot.NewRestore(info, genesis, db).Apply(0, raw); err == nil {
			t.Error("rubbish makes a state")
		}
	})
}

// A description that strangers send is refused or whole.
func FuzzInfo(f *testing.F) {
	m := write(f, f.TempDir(), 9)
	block := m.info.Header.Hash()
	f.Add(scale.Marshal(m.info))
	f.Fuzz(func(t *testing.T, raw []byte) {
		info, err := snapshot.DecodeInfo(raw, block)
		if err != nil {
			return
		}
		if info.Header.Hash() != block || len(info.Chunks) == 0 || !bytes.Equal(scale.Marshal(info), raw) {
			t.Errorf("%x is taken as %+v", raw, info)
		}
	})
}
