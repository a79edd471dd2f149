package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/snapshot"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/contracts"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

var (
	genesis   = hash.H256{0x6e}
	alice     = queue.ToWorker{Identity: [32]byte{0xa}}
	group     = queue.ToCluster{ID: hash.H256{0xc}}
	empty     = queue.ToCluster{ID: hash.H256{0xe}}
	codeParts = [][]byte{bytes.Repeat([]byte{1}, 300), {2}}
	half      = hash.H256{0x4a} // a code of which a chunk is missing
)

// extra are entries that say nothing of a state: of later blocks, or of nothing.
var extra = []string{
	string(queue.BodyKey(alice, 3)), string(queue.BodyKey(queue.ToWorker{Identity: [32]byte{0xb}}, 0)), "nothing", "queue/short",
	string(words.ChunkKey(half, 1)), string(words.ChunkKey(hash.H256{9}, 0)), string(words.SnapshotKey(group.ID, 0, 1)),
	string(words.SnapshotKey(group.ID, 1, 2)), string(words.SnapshotKey(hash.H256{9}, 0, 0)),
}

func message(to queue.Destination, seq uint64) queue.Message {
	return queue.Message{Seq: seq, Block: 3, Time: 4, Origin: queue.OriginPallet{Name: []byte("Clusters")}, Payload: fmt.Appendf(nil, "%v %d", to, seq)}
}

// lay puts heads of queues, codes and snapshots into a state, and returns what
// lies beside it of them.
func lay(state *trie.Trie) map[string]string {
	index := map[string]string{}
	put := func(key []byte, v any) { state.Put(key, scale.Marshal(v)) }
	queues := queue.NewState()
	for to, n := range map[queue.Destination]uint64{alice: 3, group: 1, empty: 0} {
		head := queue.Head{Hash: queue.Start(genesis, to)}
		for ; head.Count < n; head.Count++ {
			m := message(to, head.Count)
			head.Hash = m.Next(head.Hash)
			index[string(queue.BodyKey(to, m.Seq))] = string(scale.Marshal(m))
		}
		put(queues.Outbox.Key(to), head)
	}
	codes := new(contracts.State)
	storage.Bind("Contracts", codes)
	code := words.CodeHash(codeParts)
	put(codes.Codes.Key(code), contracts.Code{Have: 3, Chunks: 2})
	for i, c := range codeParts {
		index[string(words.ChunkKey(code, uint8(i)))] = string(c)
	}
	put(codes.Codes.Key(half), contracts.Code{Have: 1, Chunks: 2})
	index[string(words.ChunkKey(half, 0))] = "the first"
	s := words.Snapshots{Slot: 1, Have: 1}
	for _, of := range []struct {
		slot, n, have int
		into          **words.Snapshot
	}{{1, 2, 2, &s.Kept}, {0, 3, 1, &s.Chosen}} {
		var leaves []hash.H256
		for i := range of.n {
			leaves = append(leaves, words.Leaf(fmt.Appendf(nil, "%d %d", of.slot, i)))
		}
		*of.into = &words.Snapshot{Chunks: uint32(of.n), Tree: words.Tree(leaves)}
		for i := range of.have {
			k := words.KeptChunk{Bytes: fmt.Appendf(nil, "%d %d", of.slot, i), Proof: words.Proof(leaves, uint32(i))}
			index[string(words.SnapshotKey(group.ID, uint8(of.slot), uint32(i)))] = string(scale.Marshal(k))
		}
	}
	put(words.NewState().Snapshots.Key(group.ID), s)
	return index
}

// beside restores a snapshot of a state, beside which lies what change made of
// what should.
func beside(t *testing.T, db *store.Store, change func(map[string]string)) error {
	t.Helper()
	state := trie.New(trie.V1)
	index := lay(state)
	change(index)
	folder, err := snapshot.OpenFolder(t.TempDir(), 3)
	if err != nil {
		t.Fatal(err)
	}
	info := snapshot.Info{Header: chain.Header{StateRoot: state.Root(), Digest: []chain.DigestItem{}}, Parents: []chain.Header{}}
	sorted := func(yield func(k, v []byte) bool) {
		for _, k := range slices.Sorted(maps.Keys(index)) {
			if !yield([]byte(k), []byte(index[k])) {
				return
			}
		}
	}
	if err := folder.Write(info, state.Iterate(nil), sorted); err != nil {
		t.Fatal(err)
	}
	list, err := folder.List()
	if err != nil {
		t.Fatal(err)
	}
	r := snapshot.NewRestore(list[0], genesis, db)
	for i := range list[0].Chunks {
		raw, err := folder.Chunk(0, i)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Apply(i, raw); err != nil {
			return err
		}
	}
	return nil
}

// What a stranger says to lie beside a state is believed only as far as the state
// shows it.
func TestBeside(t *testing.T) {
	other := message(alice, 1)
	other.Payload = []byte("pay Mallory")
	code := words.CodeHash(codeParts)
	body, chunk := string(queue.BodyKey(alice, 1)), string(words.ChunkKey(code, 0))
	kept := string(words.SnapshotKey(group.ID, 1, 0))
	for name, c := range map[string]struct {
		change func(map[string]string)
		refuse bool
		gone   string // an entry that is left out
	}{
		"as it is":                     {change: func(map[string]string) {}},
		"another message":              {change: func(m map[string]string) { m[body] = string(scale.Marshal(other)) }, refuse: true},
		"a message less":               {change: func(m map[string]string) { delete(m, body) }, refuse: true},
		"the last message less":        {change: func(m map[string]string) { delete(m, string(queue.BodyKey(alice, 2))) }, refuse: true},
		"a malformed message":          {change: func(m map[string]string) { m[body] = "x" }, refuse: true},
		"a message in another's place": {change: func(m map[string]string) { m[body] = m[string(queue.BodyKey(alice, 2))] }, refuse: true},
		"a queue less":                 {change: func(m map[string]string) { delete(m, string(queue.BodyKey(group, 0))) }, refuse: true},
		"a chunk less":                 {change: func(m map[string]string) { delete(m, chunk) }, refuse: true},
		"another chunk":                {change: func(m map[string]string) { m[chunk] = "x" }, refuse: true},
		"a code less": {change: func(m map[string]string) {
			for i := range codeParts {
				delete(m, string(words.ChunkKey(code, uint8(i))))
			}
		}, refuse: true},
		"another chunk of a snapshot": {change: func(m map[string]string) { m[kept] = m[string(words.SnapshotKey(group.ID, 1, 1))] }, gone: kept},
		"a malformed chunk of one":    {change: func(m map[string]string) { m[kept] = "x" }, gone: kept},
		"a chunk of one less":         {change: func(m map[string]string) { delete(m, kept) }, gone: kept},
		"nothing":                     {change: func(m map[string]string) { clear(m) }, refuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(store.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			err = beside(t, db, func(m map[string]string) {
				for _, k := range extra {
					m[k] = "extra"
				}
				c.change(m)
			})
			if c.refuse {
				if !errors.Is(err, snapshot.ErrRoot) {
					t.Errorf("%v, want %v", err, snapshot.ErrRoot)
				}
				// A true one after it leaves nothing of the false.
				if err := beside(t, db, func(map[string]string) {}); err != nil {
					t.Fatal(err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			want := lay(trie.New(trie.V1))
			delete(want, c.gone)
			got := map[string]string{}
			var failed error
			for k, v := range db.Indexed(&failed) {
				got[string(k)] = string(v)
			}
			if failed != nil || !maps.Equal(got, want) {
				t.Errorf("%d entries lie beside the state, want %d (%v)", len(got), len(want), failed)
			}
		})
	}
}
