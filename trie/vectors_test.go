package trie

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/internal/vectors"
	"github.com/tacit-network/tacit/scale"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load(t testing.TB, v any, path ...string) {
	t.Helper()
	f, err := os.Open(filepath.Join(append([]string{vectors.Dir(t), "trie"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(f.Name(), ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.NewDecoder(r).Decode(v); err != nil {
		t.Fatal(err)
	}
}

// Node encodings and headers made by hand.
func TestNodeVectors(t *testing.T) {
	var f struct {
		Nodes []struct {
			Name           string
			Version        Version
			Pairs          [][2]string
			RootNode, Root string
			Note           string
		}
		Headers [][3]any
	}
	load(t, &f, "spec", "nodes.json")
	for _, n := range f.Nodes {
		trie := New(n.Version)
		for _, p := range n.Pairs {
			trie.Put(unhex(t, p[0]), unhex(t, p[1]))
		}
		if got := trie.Root().String(); got != "0x"+n.Root {
			t.Errorf("%s: root %s, want %s", n.Name, got, n.Root)
		}
	}
	for _, row := range f.Headers {
		h := map[string]header{"leaf": headerLeaf, "branch": headerBranch, "branch_with_value": headerBranchValue,
			"leaf_hashed_value": headerLeafHashed, "branch_hashed_value": headerBranchHashed}[row[0].(string)]
		n := int(row[1].(float64))
		raw := h.append(nil, n)
		if got := hex.EncodeToString(raw); got != row[2] {
			t.Errorf("header %v of %d nibbles: %s, want %v", row[0], n, got, row[2])
		}
		d := scale.NewDecoder(append(raw[1:len(raw):len(raw)], make([]byte, (n+1)/2)...))
		if got, err := decodePartial(d, int(raw[0]&h.mask), int(h.mask)); err != nil || len(got) != n || d.Remaining() != 0 {
			t.Errorf("header %v decodes to %d nibbles, %v", row, len(got), err)
		}
	}
}

// Roots after every insert, from inputs of w3f/polkadot-tests.
func TestStateTrieVectors(t *testing.T) {
	var f struct {
		Vectors []struct {
			Name   string
			RootV0 string `json:"root_v0"`
			RootV1 string `json:"root_v1"`
			Pairs  [][2]string
			Roots  []string `json:"roots_after_each_insert_v0"`
		}
	}
	load(t, &f, "spec", "state_trie.json")
	var pairs [][2]string
	load(t, &pairs, "spec", "10000_node.json")
	for _, v := range f.Vectors {
		if strings.HasPrefix(v.Name, "10000_node") && len(v.Pairs) == 0 {
			v.Pairs = pairs // a file of its own
		}
		t0, t1 := New(V0), New(V1)
		for i, p := range v.Pairs {
			t0.Put(unhex(t, p[0]), unhex(t, p[1]))
			t1.Put(unhex(t, p[0]), unhex(t, p[1]))
			if i < len(v.Roots) && t0.Root().String() != "0x"+v.Roots[i] {
				t.Errorf("%s: root after insert %d = %v, want %s", v.Name, i, t0.Root(), v.Roots[i])
			}
		}
		if t0.Root().String() != "0x"+v.RootV0 || t1.Root().String() != "0x"+v.RootV1 {
			t.Errorf("%s: roots %v, %v, want %s, %s", v.Name, t0.Root(), t1.Root(), v.RootV0, v.RootV1)
		}
		order := rand.New(rand.NewPCG(1, 2)).Perm(len(v.Pairs))
		for _, i := range order {
			t0.Delete(unhex(t, v.Pairs[i][0]))
		}
		if t0.Root() != EmptyRoot {
			t.Errorf("%s: root after deleting all = %v", v.Name, t0.Root())
		}
	}
}

func TestOrderedAndChild(t *testing.T) {
	var f struct {
		Vectors []struct {
			Values []string
			RootV0 string `json:"root_v0"`
		}
	}
	load(t, &f, "spec", "ordered_trie.json")
	for i, v := range f.Vectors {
		var items [][]byte
		for _, s := range v.Values {
			items = append(items, unhex(t, s))
		}
		if got := OrderedRoot(V0, items).String(); got != "0x"+v.RootV0 {
			t.Errorf("ordered %d: %s, want %s", i, got, v.RootV0)
		}
	}
	var c struct {
		ChildPairs [][2]string `json:"child_pairs"`
		ChildRoot  string      `json:"child_root_v1"`
		TopPairs   [][2]string `json:"top_pairs"`
		TopRoot    string      `json:"top_root_v1"`
	}
	load(t, &c, "spec", "child_trie.json")
	child, top := New(V1), New(V1)
	for _, p := range c.ChildPairs {
		child.Put(unhex(t, p[0]), unhex(t, p[1]))
	}
	if got := child.Root().String(); got != "0x"+c.ChildRoot {
		t.Errorf("child root %s, want %s", got, c.ChildRoot)
	}
	for _, p := range c.TopPairs {
		top.Put(unhex(t, p[0]), unhex(t, p[1]))
	}
	root := child.Root()
	top.Put(ChildKey([]byte("contract-1")), root[:])
	if got := top.Root().String(); got != "0x"+c.TopRoot {
		t.Errorf("top root %s, want %s", got, c.TopRoot)
	}
}

// Extrinsics roots of real blocks.
func TestExtrinsicsRoots(t *testing.T) {
	for _, file := range []string{"westend-1-256.json", "relay-blocks.json"} {
		var f struct {
			Blocks []struct {
				Extrinsics []string
				Root       string `json:"extrinsics_root"`
			}
		}
		load(t, &f, "blocks", file)
		for i, b := range f.Blocks {
			var items [][]byte
			for _, x := range b.Extrinsics {
				items = append(items, unhex(t, x))
			}
			if got := OrderedRoot(V0, items).String(); got != "0x"+b.Root {
				t.Errorf("%s block %d: extrinsics root %s, want %s", file, i, got, b.Root)
			}
		}
	}
}

// Whole states of real networks: the trie, the rebuild, and the trie read
// back from a store give the published root.
func TestRealStates(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors.Dir(t), "trie", "state", "*.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if testing.Short() && strings.Contains(file, "polkadot-1089327") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json.gz"), func(t *testing.T) {
			t.Parallel()
			var f struct {
				Version  Version `json:"state_version"`
				Root     string  `json:"state_root"`
				RootIfV1 string  `json:"root_if_version_1"`
				Top      map[string]string
			}
			load(t, &f, "state", filepath.Base(file))
			trie, store := New(f.Version), memory{}
			var list []Entry
			for k, v := range f.Top {
				e := Entry{unhex(t, k), unhex(t, v)}
				trie.Put(e.Key, e.Value)
				list = append(list, e)
			}
			want := "0x" + strings.TrimPrefix(f.Root, "0x")
			if got := trie.Root().String(); got != want {
				t.Errorf("root %s, want %s", got, want)
			}
			if got := RootOf(f.Version, list).String(); got != want {
				t.Errorf("rebuilt root %s, want %s", got, want)
			}
			if f.RootIfV1 != "" {
				if got := RootOf(V1, list).String(); got != "0x"+strings.TrimPrefix(f.RootIfV1, "0x") {
					t.Errorf("root in version 1 %s, want %s", got, f.RootIfV1)
				}
			}
			store.commit(trie)
			n := 0
			for k, v := range Open(f.Version, trie.Root(), store).Iterate(nil) {
				n++
				if hex.EncodeToString(v) != strings.TrimPrefix(f.Top["0x"+hex.EncodeToString(k)], "0x") {
					t.Fatalf("key %x: got %x", k, v)
				}
			}
			if n != len(list) {
				t.Errorf("%d entries come back, want %d", n, len(list))
			}
		})
	}
}

func TestRealProofs(t *testing.T) {
	var rows []struct {
		Name    string
		Root    string `json:"trie_root"`
		Proof   []string
		Queries []struct{ Key, Result, Value string }
	}
	load(t, &rows, "proofs", "read_proofs.json")
	for _, row := range rows {
		var items [][]byte
		for _, s := range row.Proof {
			items = append(items, unhex(t, s))
		}
		root, err := hash.ParseH256(row.Root)
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewProof(root, items, Limits{Lenient: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range row.Queries {
			got, ok, err := p.Get(unhex(t, q.Key))
			result := map[bool]string{true: "present", false: "absent"}[ok]
			if err != nil {
				result = "incomplete"
			}
			if result != q.Result || !bytes.Equal(got, unhex(t, q.Value)) {
				t.Errorf("%s: key %s: %s %x (%v), want %s %s", row.Name, q.Key, result, got, err, q.Result, q.Value)
			}
		}
		compact, err := EncodeCompact(root, items)
		if err != nil {
			t.Errorf("%s: %v", row.Name, err)
			continue
		}
		if back, _, err := DecodeCompact(compact); err != nil || back != root {
			t.Errorf("%s: compact form has root %v, %v", row.Name, back, err)
		}
	}
}

// items reads a Vec<Vec<u8>>.
func items(t testing.TB, raw []byte) [][]byte {
	t.Helper()
	list, err := scale.Decode[[][]byte](raw)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestProofFiles(t *testing.T) {
	dir := filepath.Join(vectors.Dir(t), "trie", "proofs")
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	// Roots as the folder's README tells them.
	for name, root := range map[string]string{
		"proof-decode-small.scale": "29d0d972cd27cbc511e9589fcb7a4506d5eb6a9e8df205f00472e5ab354a4e17",
		"proof-decode-large.scale": "886ca67c0e8d0003e2531bb25b1da0fe2f80d4b9eb6719e819f363265bd670fa",
	} {
		h, _ := hash.ParseH256(root)
		p, err := NewProof(h, items(t, read(name)), Limits{Lenient: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Get([]byte{0xff, 0xff}); err != nil && !strings.Contains(err.Error(), "incomplete") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var next []struct {
		File   string
		Root   string `json:"trie_root"`
		After  string `json:"next_key_after"`
		Expect string `json:"expect_next_key"`
	}
	load(t, &next, "proofs", "smoldot-issue_2035.json")
	for _, row := range next {
		h, _ := hash.ParseH256(row.Root)
		p, err := NewProof(h, items(t, read(row.File)), Limits{Lenient: true})
		if err != nil {
			t.Fatal(err)
		}
		if got, ok, err := p.NextKey(unhex(t, row.After)); err != nil || !ok || hex.EncodeToString(got) != row.Expect {
			t.Errorf("%s: next key %x, %v, %v, want %s", row.File, got, ok, err, row.Expect)
		}
	}
	var scan struct {
		Prefix   string
		Root     string `json:"trie_root_hash"`
		Proofs   []string
		Expected []string `json:"expected_entries"`
	}
	load(t, &scan, "proofs", "smoldot-prefix-scan.json")
	h, _ := hash.ParseH256(scan.Root)
	var all [][]byte
	for _, s := range scan.Proofs {
		all = append(all, items(t, unhex(t, s))...)
	}
	p, err := NewProof(h, all, Limits{Lenient: true})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for key, err := range p.Keys(unhex(t, scan.Prefix)) {
		if err != nil {
			t.Fatal(err)
		}
		found["0x"+hex.EncodeToString(key)] = true
	}
	for _, key := range scan.Expected {
		if !found[key] {
			t.Errorf("key %s is not found", key)
		}
	}
	if len(found) != len(scan.Expected) {
		t.Errorf("%d keys, want %d", len(found), len(scan.Expected))
	}
}
