// Package lookup finds in a state what clients of the JSON-RPC groups chainHead
// and archive ask for: values, hashes and Merkle values of keys, all that is
// under a prefix, and what differs between two states. It knows the words of
// these groups, and nothing of connections or blocks.
//
// The runtime has no child tries, so that in one there is nothing to find.
package lookup

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/trie"
)

// The size of a page, and how many items a list may have.
const (
	PageItems = 1000
	PageBytes = 128 << 10
	maxItems  = 4096
)

// Kind says what is to be told of a key. See
// https://paritytech.github.io/json-rpc-interface-spec/api/chainHead_v1_storage.html.
type Kind string

// The kinds.
const (
	Value             Kind = "value"
	Hash              Kind = "hash"
	ClosestMerkle     Kind = "closestDescendantMerkleValue"
	DescendantsValues Kind = "descendantsValues"
	DescendantsHashes Kind = "descendantsHashes"
)

// Item is one thing to be found. Check makes it ready.
type Item struct {
	Key  string `json:"key"`
	Type Kind   `json:"type"`
	// Start is the key after which descendants begin; empty is the first.
	Start string `json:"paginationStartKey"`

	key, start []byte
}

// Prefix asks for all that is under a prefix.
func Prefix(prefix []byte) []Item { return []Item{{Type: DescendantsValues, key: prefix}} }

// Descendants says whether one item can find many keys.
func (i Item) Descendants() bool { return i.Type == DescendantsValues || i.Type == DescendantsHashes }

// Check says what is wrong with items.
func Check(items []Item) (err error) {
	if len(items) > maxItems {
		return fmt.Errorf("%d items are more than %d", len(items), maxItems)
	}
	for n := range items {
		i := &items[n]
		if i.key, err = unhex(i.Key); err != nil {
			return fmt.Errorf("the key of item %d is not hex", n+1)
		}
		if i.start, err = unhex(i.Start); err != nil {
			return fmt.Errorf("paginationStartKey of item %d is not hex", n+1)
		}
		if !i.Descendants() && i.Type != Value && i.Type != Hash && i.Type != ClosestMerkle {
			return fmt.Errorf("item %d has the type %q, which does not exist", n+1, i.Type)
		}
		if i.Start != "" && !i.Descendants() {
			return fmt.Errorf("item %d has no descendants to begin after paginationStartKey", n+1)
		}
	}
	return nil
}

func unhex(s string) ([]byte, error) { return hex.DecodeString(strings.TrimPrefix(s, "0x")) }

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }

// Found is what an item found under one key.
type Found struct {
	Key     string `json:"key"`
	Value   string `json:"value,omitempty"`
	Hash    string `json:"hash,omitempty"`
	Closest string `json:"closestDescendantMerkleValue,omitempty"`
}

func (f Found) size() int { return len(f.Key) + len(f.Value) + len(f.Hash) + len(f.Closest) }

// Lookup finds items page by page. Between pages it holds nothing of the state.
type Lookup struct {
	items []Item
	after []byte // the last key found under the first item; nil before there is one
}

// New returns a Lookup of items, which were checked.
func New(items []Item) *Lookup { return &Lookup{items: items} }

// Page returns what comes next, and whether that was all. t is each time the
// same state.
func (l *Lookup) Page(t *trie.Trie) (list []Found, done bool) {
	size := 0
	for len(l.items) > 0 {
		f, ok := l.next(t)
		if !ok {
			l.items, l.after = l.items[1:], nil
			continue
		}
		list = append(list, f)
		if size += f.size(); size >= PageBytes || len(list) >= PageItems {
			return list, false
		}
	}
	return list, true
}

// next finds one thing more under the first item.
func (l *Lookup) next(t *trie.Trie) (f Found, ok bool) {
	i := &l.items[0]
	var key []byte
	switch {
	case !i.Descendants():
		key, ok = i.key, l.after == nil
	case l.after == nil && (len(i.start) == 0 || bytes.Compare(i.start, i.key) < 0) && t.Has(i.key):
		key, ok = i.key, true
	default:
		key, ok = t.NextKey(slices.MaxFunc([][]byte{i.key, i.start, l.after}, bytes.Compare))
		ok = ok && bytes.HasPrefix(key, i.key)
	}
	if !ok {
		return Found{}, false
	}
	l.after = append([]byte{}, key...)
	f.Key = hexOf(key)
	if i.Type == ClosestMerkle {
		merkle, ok := t.ClosestMerkle(key)
		f.Closest = hexOf(merkle)
		return f, ok
	}
	value, ok := t.Get(key)
	if i.Type == Value || i.Type == DescendantsValues {
		f.Value = hexOf(value)
	} else {
		f.Hash = hash.Blake2b256(value).String()
	}
	return f, ok
}
