package lookup

import (
	"fmt"
	"iter"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/trie"
)

// Difference is what archive_v1_storageDiff is asked for. CheckDifferences
// makes it ready.
type Difference struct {
	Key        string  `json:"key"`
	ReturnType Kind    `json:"returnType"`
	ChildTrie  *string `json:"childTrieKey"`

	prefix []byte
}

// CheckDifferences says what is wrong with a list, and returns those that are
// not about child tries.
func CheckDifferences(list []Difference) (kept []Difference, err error) {
	if len(list) > maxItems {
		return nil, fmt.Errorf("%d items are more than %d", len(list), maxItems)
	}
	for n, d := range list {
		if d.prefix, err = unhex(d.Key); err != nil {
			return nil, fmt.Errorf("the key of item %d is not hex", n+1)
		}
		if d.ReturnType != Value && d.ReturnType != Hash {
			return nil, fmt.Errorf("item %d has the returnType %q, which does not exist", n+1, d.ReturnType)
		}
		if d.ChildTrie == nil {
			kept = append(kept, d)
		} else if _, err := unhex(*d.ChildTrie); err != nil {
			return nil, fmt.Errorf("childTrieKey of item %d is not hex", n+1)
		}
	}
	return kept, nil
}

// Changed is one key whose value differs. What was deleted comes with the value
// that it had.
type Changed struct {
	Event string `json:"event"`
	Key   string `json:"key"`
	Value string `json:"value,omitempty"`
	Hash  string `json:"hash,omitempty"`
	Type  string `json:"type"`
}

// Between yields what differs between two states.
func (d Difference) Between(older, newer *trie.Trie) iter.Seq[Changed] {
	return func(yield func(Changed) bool) {
		for c := range trie.Diff(older, newer, d.prefix) {
			out, value := Changed{Event: "storageDiff", Key: hexOf(c.Key), Type: "modified"}, c.New
			switch {
			case !c.Had:
				out.Type = "added"
			case !c.Has:
				out.Type, value = "deleted", c.Old
			}
			if d.ReturnType == Value {
				out.Value = hexOf(value)
			} else {
				out.Hash = hash.Blake2b256(value).String()
			}
			if !yield(out) {
				return
			}
		}
	}
}
