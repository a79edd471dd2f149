package trie

import (
	"bytes"
	"iter"
)

// NextKey returns the least key that is greater than key.
func (t *Trie) NextKey(key []byte) (next []byte, ok bool) {
	var buf, pathBuf [128]byte
	path := t.after(t.root, pathBuf[:0], appendNibbles(buf[:0], key))
	if path == nil {
		return nil, false
	}
	return packNibbles(make([]byte, 0, len(path)/2), path), true
}

// after returns the least path of a value in the subtree n that is greater
// than key, given as nibbles, or nil.
func (t *Trie) after(n *node, path, key []byte) []byte {
	if n = t.resolve(n, path); n == nil {
		return nil
	}
	full := append(path, n.partial...)
	common := commonPrefix(full, key)
	switch {
	case common == len(full) && common < len(key):
		if n.children == nil {
			return nil
		}
		from := int(key[common])
		if found := t.after(n.children[from], append(full, byte(from)), key); found != nil {
			return found
		}
		return t.firstBelow(n, full, from+1)
	case common == len(full): // the node of the key itself
		return t.firstBelow(n, full, 0)
	case common == len(key) || full[common] > key[common]:
		return t.first(n, path)
	}
	return nil
}

// first returns the least path of a value in the subtree n.
func (t *Trie) first(n *node, path []byte) []byte {
	n = t.resolve(n, path)
	full := append(path, n.partial...)
	if n.hasValue {
		return full
	}
	return t.firstBelow(n, full, 0)
}

func (t *Trie) firstBelow(n *node, full []byte, from int) []byte {
	if n.children == nil {
		return nil
	}
	for i := from; i < 16; i++ {
		if c := n.children[i]; c != nil {
			return t.first(c, append(full, byte(i)))
		}
	}
	return nil
}

// Iterate yields all entries whose keys start with prefix, by rising keys. The
// caller owns the keys and must not change the values, nor the trie meanwhile.
func (t *Trie) Iterate(prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		t.walk(t.root, nil, appendNibbles(nil, prefix), func(n *node, path []byte) bool {
			return yield(packNibbles(nil, path), t.valueOf(n, path))
		})
	}
}

// Keys yields all keys that start with prefix, rising, and loads no long value.
func (t *Trie) Keys(prefix []byte) iter.Seq[[]byte] {
	return func(yield func(key []byte) bool) {
		t.walk(t.root, nil, appendNibbles(nil, prefix), func(_ *node, path []byte) bool {
			return yield(packNibbles(nil, path))
		})
	}
}

// walk visits the nodes with values in the subtree n and says whether to go on.
func (t *Trie) walk(n *node, path, prefix []byte, visit func(n *node, path []byte) bool) bool {
	if n = t.resolve(n, path); n == nil {
		return true
	}
	full := append(path[:len(path):len(path)], n.partial...)
	if common := commonPrefix(full, prefix); common < len(prefix) {
		if common < len(full) || n.children == nil {
			return true
		}
		i := prefix[common]
		return t.walk(n.children[i], append(full, i), prefix, visit)
	}
	if n.hasValue && !visit(n, full) {
		return false
	}
	if n.children == nil {
		return true
	}
	for i, c := range n.children {
		if c != nil && !t.walk(c, append(full[:len(full):len(full)], byte(i)), prefix, visit) {
			return false
		}
	}
	return true
}

// Entry is a key with its value.
type Entry struct{ Key, Value []byte }

// compareEntries orders entries by key.
func compareEntries(a, b Entry) int { return bytes.Compare(a.Key, b.Key) }
