package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// pair is a key with its value.
type pair [2]Bytes

// rootOf builds the pairs into a trie one by one and, as a check on that, at
// once, and compares the root with want.
func rootOf(v trie.Version, pairs []pair, want Bytes) error {
	t := trie.New(v)
	var entries []trie.Entry
	for _, p := range pairs {
		t.Put(p[0], p[1])
		entries = append(entries, trie.Entry{Key: p[0], Value: p[1]})
	}
	if got := trie.RootOf(v, entries); got != t.Root() {
		return fmt.Errorf("built at once the root is %v, one by one %v", got, t.Root())
	}
	return sameRoot(t.Root(), want)
}

func sameRoot(got hash.H256, want Bytes) error {
	if !want.is(got) {
		return fmt.Errorf("the root is %v instead of 0x%x", got, []byte(want))
	}
	return nil
}

// TrieFile judges the cases of a file about tries: a state, sets of pairs with
// their roots, nodes, lists, a child trie, blocks, or encodings.
func TrieFile(file string) ([]Case, error) {
	raw, err := read(file)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(file)
	m, items := object(raw), list(raw)
	switch {
	case m["top"] != nil:
		return state(name, raw)
	case m["nodes"] != nil || m["headers"] != nil:
		return each(list(m["nodes"]), "node", oneNode), nil
	case m["vectors"] != nil:
		return each(list(m["vectors"]), "vector", func(i int, raw json.RawMessage) Case {
			if object(raw)["values"] != nil {
				return ordered(i, raw)
			}
			return pairsCase(filepath.Dir(file), i, raw)
		}), nil
	case m["child_pairs"] != nil:
		return childTrie(name, raw)
	case m["blocks"] != nil:
		return each(list(m["blocks"]), "block", block), nil
	case m["compact"] != nil:
		cases := each(list(m["compact"]), "compact", compactInteger)
		return append(cases, each(list(m["compact_must_reject"]), "compact", compactReject)...), nil
	case m["hashers"] != nil:
		return each(list(m["hashers"]), "hasher", hashers), nil
	case len(items) > 0 && object(items[0])["state_root"] != nil:
		return index(filepath.Dir(file), items), nil
	case len(items) > 0:
		var pairs []pair
		if json.Unmarshal(raw, &pairs) == nil {
			t := trie.New(trie.V0)
			for _, p := range pairs {
				t.Put(p[0], p[1])
			}
			root := t.Root()
			return []Case{must(name, rootOf(trie.V0, pairs, root[:]))}, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", file, ErrLayout)
}

// state judges a whole state, and the genesis hash that follows from it.
func state(name string, raw []byte) ([]Case, error) {
	var v struct {
		Version   trie.Version `json:"state_version"`
		Root      Bytes        `json:"state_root"`
		Genesis   Bytes        `json:"genesis_hash"`
		Block     any
		RootOther Bytes `json:"root_if_version_1"`
		Top       map[string]Bytes
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("read state %s: %w", name, err)
	}
	var pairs []pair
	for k, value := range v.Top {
		var key Bytes
		if err := key.UnmarshalText([]byte(k)); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{key, value})
	}
	cases := []Case{must(name, rootOf(v.Version, pairs, v.Root))}
	if v.RootOther != nil {
		cases = append(cases, must(name+" in version 1", rootOf(trie.V1, pairs, v.RootOther)))
	}
	if v.Genesis != nil && len(v.Root) == 32 {
		h := chain.Header{StateRoot: hash.H256(v.Root), ExtrinsicsRoot: trie.EmptyRoot}
		if v.Block == nil || v.Block == "genesis" {
			err := error(nil)
			if !v.Genesis.is(h.Hash()) {
				err = fmt.Errorf("the genesis hash is %v instead of 0x%x", h.Hash(), []byte(v.Genesis))
			}
			if c := must(name+" genesis hash", err); c.OK || v.Block != nil {
				cases = append(cases, c)
			}
		}
	}
	return cases, nil
}

// index judges a list of states, each a file beside it.
func index(dir string, items []json.RawMessage) []Case {
	return each(items, "state", func(i int, v struct {
		Chain string
		Block json.RawMessage
		Root  Bytes `json:"state_root"`
	}) Case {
		name := v.Chain + "-" + strings.Trim(string(v.Block), `"`)
		raw, err := read(filepath.Join(dir, filepath.Base(name)+".json.gz"))
		if err != nil {
			return must(name, err)
		}
		var f struct {
			Root Bytes `json:"state_root"`
		}
		if err := json.Unmarshal(raw, &f); err != nil {
			return must(name, err)
		}
		if !bytes.Equal(f.Root, v.Root) {
			return must(name, errors.New("the file has another root than the index"))
		}
		cases, err := state(name, raw)
		if err != nil {
			return must(name, err)
		}
		return cases[0]
	})
}

func oneNode(i int, v struct {
	Name    string
	Version trie.Version
	Pairs   []pair
	Node    Bytes `json:"root_node"`
	Root    Bytes
}) Case {
	err := rootOf(v.Version, v.Pairs, v.Root)
	if err == nil && v.Node != nil && !v.Root.is(hash.Blake2b256(v.Node)) {
		err = errors.New("the root is not the hash of the node")
	}
	return must(named(v.Name, "node", i), err)
}

func pairsCase(dir string, i int, raw json.RawMessage) Case {
	var v struct {
		Name      string
		Pairs     []pair
		PairsFile string  `json:"pairs_file"`
		RootV0    Bytes   `json:"root_v0"`
		RootV1    Bytes   `json:"root_v1"`
		Roots     []Bytes `json:"roots_after_each_insert_v0"`
	}
	name := fmt.Sprintf("vector %d", i)
	if err := json.Unmarshal(raw, &v); err != nil {
		return must(name, err)
	}
	name = named(v.Name, "vector", i)
	if v.PairsFile != "" && len(v.Pairs) == 0 {
		raw, err := read(filepath.Join(dir, filepath.Base(v.PairsFile)))
		if err == nil {
			err = json.Unmarshal(raw, &v.Pairs)
		}
		if err != nil {
			return must(name, err)
		}
	}
	t := trie.New(trie.V0)
	for n, p := range v.Pairs {
		t.Put(p[0], p[1])
		if n < len(v.Roots) {
			if err := sameRoot(t.Root(), v.Roots[n]); err != nil {
				return must(name, fmt.Errorf("after insert %d: %w", n, err))
			}
		}
	}
	var err error
	if v.RootV0 != nil {
		err = rootOf(trie.V0, v.Pairs, v.RootV0)
	}
	if err == nil && v.RootV1 != nil {
		err = rootOf(trie.V1, v.Pairs, v.RootV1)
	}
	return must(name, err)
}

func ordered(i int, raw json.RawMessage) Case {
	var v struct {
		Name   string
		Values []Bytes
		RootV0 Bytes `json:"root_v0"`
		RootV1 Bytes `json:"root_v1"`
	}
	err := json.Unmarshal(raw, &v)
	var values [][]byte
	for _, b := range v.Values {
		values = append(values, b)
	}
	if err == nil && v.RootV0 != nil {
		err = sameRoot(trie.OrderedRoot(trie.V0, values), v.RootV0)
	}
	if err == nil && v.RootV1 != nil {
		err = sameRoot(trie.OrderedRoot(trie.V1, values), v.RootV1)
	}
	return must(named(v.Name, "list", i), err)
}

func childTrie(name string, raw []byte) ([]Case, error) {
	var v struct {
		ChildPairs []pair `json:"child_pairs"`
		ChildV0    Bytes  `json:"child_root_v0"`
		ChildV1    Bytes  `json:"child_root_v1"`
		TopPairs   []pair `json:"top_pairs"`
		TopV1      Bytes  `json:"top_root_v1"`
		TopV0      Bytes  `json:"top_root_v0_with_v0_child"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return []Case{
		must(name+" child, version 0", rootOf(trie.V0, v.ChildPairs, v.ChildV0)),
		must(name+" child, version 1", rootOf(trie.V1, v.ChildPairs, v.ChildV1)),
		must(name+" top, version 0", rootOf(trie.V0, v.TopPairs, v.TopV0)),
		must(name+" top, version 1", rootOf(trie.V1, v.TopPairs, v.TopV1)),
	}, nil
}

func block(i int, v struct {
	Name       string
	Number     uint32
	Hash       Bytes
	Header     Bytes
	Extrinsics []Bytes
	Root       Bytes        `json:"extrinsics_root"`
	Version    trie.Version `json:"extrinsics_root_version"`
}) Case {
	name := v.Name
	if name == "" {
		name = fmt.Sprintf("block %d", v.Number)
	}
	var body [][]byte
	for _, x := range v.Extrinsics {
		body = append(body, x)
	}
	err := sameRoot(trie.OrderedRoot(v.Version, body), v.Root)
	if err == nil && v.Header != nil {
		var h chain.Header
		h, err = chain.DecodeHeader(v.Header)
		switch {
		case err != nil:
		case v.Hash != nil && !v.Hash.is(h.Hash()):
			err = fmt.Errorf("the hash is %v instead of 0x%x", h.Hash(), []byte(v.Hash))
		case !v.Root.is(h.ExtrinsicsRoot):
			err = errors.New("the header has another extrinsics root")
		}
	}
	return must(name, err)
}

func compactInteger(_ int, row [2]string) Case {
	var want Bytes
	err := want.UnmarshalText([]byte(row[1]))
	if n, e := scale.ParseU128(row[0]); err == nil && e == nil {
		if got := scale.AppendCompactU128(nil, n); !bytes.Equal(got, want) {
			err = fmt.Errorf("it is %x instead of %x", got, []byte(want))
		} else if back, e := scale.NewDecoder(want).CompactU128(); e != nil || back != n {
			err = fmt.Errorf("it comes back as %v, %v", back, e)
		}
	}
	return must("compact "+row[0], err)
}

func compactReject(_ int, v struct {
	Hex Bytes
	Why string
}) Case {
	_, err := scale.NewDecoder(v.Hex).CompactU128()
	no := false
	return verdict("compact "+v.Why, err, &no)
}

func hashers(_ int, v map[string]Bytes) Case {
	in := []byte(v["input"])
	t64, t128, t256, b128, b256 := hash.Twox64(in), hash.Twox128(in), hash.Twox256(in), hash.Blake2b128(in), hash.Blake2b256(in)
	for name, got := range map[string][]byte{"twox64": t64[:], "twox128": t128[:], "twox256": t256[:], "blake2_128": b128[:], "blake2_256": b256[:],
		"twox64_concat": slices.Concat(t64[:], in), "blake2_128_concat": slices.Concat(b128[:], in)} {
		if want, ok := v[name]; ok && !bytes.Equal(got, want) {
			return must(fmt.Sprintf("hashes of %x", in), fmt.Errorf("%s is %x instead of %x", name, got, []byte(want)))
		}
	}
	return must(fmt.Sprintf("hashes of %x", in), nil)
}
