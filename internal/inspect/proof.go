package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// proofLimits are for files, which may hold large proofs of others.
var proofLimits = trie.Limits{Items: 4 << 20, Bytes: 256 << 20, Lenient: true}

// ProofFile judges the cases of a file with read proofs: queries with their
// answers, next keys, or all keys under a prefix. A file that ends in .scale
// is a proof itself, plain or compact.
func ProofFile(file string) ([]Case, error) {
	raw, err := read(file)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(strings.TrimSuffix(file, ".gz"), ".scale") {
		return []Case{must(filepath.Base(file), bareProof(raw))}, nil
	}
	m, items := object(raw), list(raw)
	if m["vectors"] != nil {
		items = list(m["vectors"])
	}
	switch {
	case m["expected_entries"] != nil:
		return []Case{prefixScan(filepath.Base(file), raw)}, nil
	case m["proof"] != nil || m["file"] != nil:
		items = []json.RawMessage{raw}
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("%s: %w", file, ErrLayout)
	}
	return each(items, "proof", func(i int, raw json.RawMessage) Case {
		switch m := object(raw); {
		case m["expected_entries"] != nil:
			return prefixScan(fmt.Sprintf("proof %d", i), raw)
		case m["trie_root"] == nil && m["root"] == nil:
			return must(fmt.Sprintf("proof %d", i), ErrLayout)
		}
		return readProof(filepath.Dir(file), i, raw)
	}), nil
}

// proofBytes is a proof as a list of items, or as the bytes of a Vec of them.
type proofBytes [][]byte

// UnmarshalJSON implements json.Unmarshaler.
func (p *proofBytes) UnmarshalJSON(raw []byte) error {
	var items []Bytes
	if json.Unmarshal(raw, &items) == nil {
		for _, b := range items {
			*p = append(*p, b)
		}
		return nil
	}
	var whole Bytes
	if err := json.Unmarshal(raw, &whole); err != nil {
		return err
	}
	list, err := scale.Decode[[][]byte](whole)
	*p = list
	return err
}

// query is a question to a proof and the answer that is expected.
type query struct {
	Key    Bytes
	Result string
	Value  *Bytes
}

func (q query) check(p *trie.Proof) error {
	got, present, err := p.Get(q.Key)
	result := "absent"
	switch {
	case errors.Is(err, trie.ErrIncomplete):
		result = "incomplete"
	case err != nil:
		result = "error"
	case present:
		result = "present"
	}
	want := q.Result
	if want == "" && q.Value != nil {
		want = "present"
	}
	switch {
	case want == "" && err != nil:
		return err
	case want != "" && result != want && !(want == "error" && err != nil):
		return fmt.Errorf("key 0x%x is %s instead of %s", []byte(q.Key), result, want)
	case present && q.Value != nil && !bytes.Equal(got, *q.Value):
		return fmt.Errorf("key 0x%x has 0x%x instead of 0x%x", []byte(q.Key), got, []byte(*q.Value))
	}
	return nil
}

func readProof(dir string, i int, raw json.RawMessage) Case {
	var v struct {
		Name      string
		File      string
		TrieRoot  Bytes `json:"trie_root"`
		Root      Bytes
		Proof     proofBytes
		Queries   []query
		NextAfter *Bytes          `json:"next_key_after"`
		NextKey   *Bytes          `json:"expect_next_key"`
		Expect    json.RawMessage `json:"expect"`
	}
	name := fmt.Sprintf("proof %d", i)
	if err := json.Unmarshal(raw, &v); err != nil {
		return must(name, fmt.Errorf("read case: %w", err))
	}
	if name = named(v.Name, "proof", i); v.Name == "" && v.File != "" {
		name = v.File
	}
	if v.TrieRoot == nil {
		v.TrieRoot = v.Root
	}
	want := Substrate.expected(v.Expect)
	if want == nil {
		yes := true
		want = &yes
	}
	return verdict(name, guard(func() error {
		if v.File != "" {
			raw, err := os.ReadFile(filepath.Join(dir, filepath.Base(v.File)))
			if err != nil {
				return err
			}
			if v.Proof, err = scale.Decode[[][]byte](raw); err != nil {
				return fmt.Errorf("decode proof: %w", err)
			}
		}
		p, err := trie.NewProof(v.TrieRoot.h256(), v.Proof, proofLimits)
		if err != nil {
			return err
		}
		for _, q := range v.Queries {
			if err := q.check(p); err != nil {
				return err
			}
		}
		if v.NextAfter != nil && v.NextKey != nil {
			got, ok, err := p.NextKey(*v.NextAfter)
			if err != nil {
				return err
			}
			if !ok || !bytes.Equal(got, *v.NextKey) {
				return fmt.Errorf("the next key is 0x%x instead of 0x%x", got, []byte(*v.NextKey))
			}
		}
		return nil
	}), want)
}

func prefixScan(name string, raw []byte) Case {
	var v struct {
		Prefix   Bytes
		Root     Bytes `json:"trie_root_hash"`
		Proofs   []proofBytes
		Expected []Bytes `json:"expected_entries"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return must(name, fmt.Errorf("read case: %w", err))
	}
	return must(name, guard(func() error {
		var items [][]byte
		for _, p := range v.Proofs {
			items = append(items, p...)
		}
		p, err := trie.NewProof(v.Root.h256(), items, proofLimits)
		if err != nil {
			return err
		}
		missing := map[string]bool{}
		for _, key := range v.Expected {
			missing[string(key)] = true
		}
		for key, err := range p.Keys(v.Prefix) {
			if err != nil {
				return err
			}
			if !missing[string(key)] {
				return fmt.Errorf("key 0x%x is not expected", key)
			}
			delete(missing, string(key))
		}
		if len(missing) > 0 {
			return fmt.Errorf("%d of %d keys are not found", len(missing), len(v.Expected))
		}
		return nil
	}))
}

// bareProof judges a proof of which neither root nor questions are known: as a
// compact one it must decode, as a plain one there must be a root from which
// it can be read.
func bareProof(raw []byte) error {
	items, err := scale.Decode[[][]byte](raw)
	if err != nil {
		return fmt.Errorf("decode proof: %w", err)
	}
	if _, _, err := trie.DecodeCompact(items); err == nil {
		return nil
	}
	for _, item := range items {
		p, err := trie.NewProof(hash.Blake2b256(item), items, proofLimits)
		if err != nil {
			return err
		}
		p.Get(nil)
		used := 0
		for _, err := range p.Keys(nil) {
			if err == nil {
				used++
			}
			break
		}
		if used > 0 {
			return nil
		}
	}
	return errors.New("no item is a node from which the others are reached")
}
