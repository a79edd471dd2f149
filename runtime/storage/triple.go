package storage

import (
	"reflect"

	"github.com/tacit-network/tacit/scale"
)

// OptTripleMap is a value per three keys, which may be absent; metadata says
// Optional.
type OptTripleMap[K1, K2, K3, V any, H1, H2, H3 Hasher] struct{ item }

// Key is where the value of (a, b, c) lies.
func (m *OptTripleMap[K1, K2, K3, V, H1, H2, H3]) Key(a K1, b K2, c K3) []byte {
	var h2 H2
	var h3 H3
	return h3.AppendHashed(h2.AppendHashed(m.PrefixOf(a), scale.Encode(b)), scale.Encode(c))
}

// PrefixOf is the part of the key that all entries of a share.
func (m *OptTripleMap[K1, K2, K3, V, H1, H2, H3]) PrefixOf(a K1) []byte {
	var h H1
	return h.AppendHashed(m.key(), scale.Encode(a))
}

// Get returns the value of (a, b, c) and whether it is there.
func (m *OptTripleMap[K1, K2, K3, V, H1, H2, H3]) Get(s Reader, a K1, b K2, c K3) (v V, ok bool) {
	raw, ok := s.Get(m.Key(a, b, c))
	if !ok {
		return v, false
	}
	return decode[V](&m.item, raw), true
}

// Put stores v under (a, b, c).
func (m *OptTripleMap[K1, K2, K3, V, H1, H2, H3]) Put(s Store, a K1, b K2, c K3, v V) {
	s.Set(m.Key(a, b, c), scale.Encode(v))
}

// Clear removes all entries of a.
func (m *OptTripleMap[K1, K2, K3, V, H1, H2, H3]) Clear(s Store, a K1) {
	clearPrefix(s, m.PrefixOf(a))
}

func (m *OptTripleMap[K1, K2, K3, V, H1, H2, H3]) describe() Entry {
	var a H1
	var b H2
	var c H3
	return optional(Entry{
		Hashers: []uint8{a.Index(), b.Index(), c.Index()},
		Keys:    []reflect.Type{reflect.TypeFor[K1](), reflect.TypeFor[K2](), reflect.TypeFor[K3]()},
		Value:   reflect.TypeFor[V](),
	})
}

// clearPrefix removes all keys that begin with prefix. It finds them first:
// looking for the next key costs more while keys change.
func clearPrefix(s Store, prefix []byte) {
	var found [][]byte
	for key := prefix; ; {
		next, ok := s.NextKey(key)
		if !ok || len(next) < len(prefix) || string(next[:len(prefix)]) != string(prefix) {
			break
		}
		found = append(found, next)
		key = next
	}
	for _, key := range found {
		s.Clear(key)
	}
}
