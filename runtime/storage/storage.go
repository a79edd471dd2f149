// Package storage is how the runtime keeps things: typed items under
// Substrate's key layout, over the one interface through which the runtime
// reaches the world.
//
// A pallet declares its items as the fields of a struct, and Bind gives each
// its place: twox128(pallet) ‖ twox128(item) ‖ hashed keys. The same items
// serve whoever only reads, such as a light client that checks a proof of
// Key(k) and decodes what it finds.
//
// Reads return values and no errors: what is absent is the zero value, and
// bytes that do not decode are a fault of the state, which is a panic with a
// Fault that the block executor recovers. Overlay is the native Host; what
// lies under it (a trie, a proof) is the node's matter.
package storage

import (
	"fmt"
	"iter"
	"reflect"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Reader reads the state.
type Reader interface {
	// Get returns the value under key. The caller must not change it.
	Get(key []byte) (value []byte, ok bool)
	// NextKey returns the least key that is greater than key.
	NextKey(key []byte) (next []byte, ok bool)
}

// Store reads and changes the state.
type Store interface {
	Reader
	// Set puts value under key; it keeps neither slice.
	Set(key, value []byte)
	// Clear removes key.
	Clear(key []byte)
}

// Host is the runtime's only door to the world. It has the shape of the
// functions ext_* that a Substrate host offers to a Wasm runtime.
type Host interface {
	Store
	// Append adds one encoded item to the Vec under key, as
	// ext_storage_append does.
	Append(key, item []byte)
	// Root is the root of the state with all changes, in the given state
	// version.
	Root(version uint8) hash.H256
	// Begin opens a transaction inside the one that is open.
	Begin()
	// Commit keeps what was changed since the last Begin.
	Commit()
	// Rollback undoes what was changed since the last Begin.
	Rollback()
	// VerifySignature checks an account's signature; scheme is 0 ed25519,
	// 1 sr25519, 2 ecdsa. The account of an ecdsa key is the BLAKE2b-256 of
	// the key, and what is signed the BLAKE2b-256 of message.
	VerifySignature(scheme uint8, account, message, signature []byte) bool
	// IndexSet keeps value beside the state, as ext_offchain_index_set does.
	// It is part of the block, but of no proof.
	IndexSet(key, value []byte)
}

// Fault is the panic of an item whose bytes do not decode.
type Fault struct {
	Item string
	Err  error
}

// Error implements error.
func (f Fault) Error() string { return fmt.Sprintf("stored %s is corrupt: %v", f.Item, f.Err) }

// Unwrap returns the decoder's error.
func (f Fault) Unwrap() error { return f.Err }

// item is the place of one storage item.
type item struct {
	pallet, name string
	prefix       [32]byte
}

func (i *item) bind(pallet, name string) {
	p, n := hash.Twox128([]byte(pallet)), hash.Twox128([]byte(name))
	*i = item{pallet: pallet, name: name}
	copy(i.prefix[:16], p[:])
	copy(i.prefix[16:], n[:])
}

func (i *item) key() []byte {
	if i.name == "" {
		panic("storage: an item is used before Bind")
	}
	return append(make([]byte, 0, 96), i.prefix[:]...)
}

func decode[T any](i *item, b []byte) T {
	v, err := scale.Decode[T](b)
	if err != nil {
		panic(Fault{i.pallet + "." + i.name, err})
	}
	return v
}

// Value is one value; absent means the zero value.
type Value[T any] struct{ item }

// Key is where the value lies.
func (v *Value[T]) Key() []byte { return v.key() }

// Get returns the value.
func (v *Value[T]) Get(s Reader) T {
	x, _ := v.Find(s)
	return x
}

// Find returns the value and whether it is there.
func (v *Value[T]) Find(s Reader) (x T, ok bool) {
	b, ok := s.Get(v.key())
	if !ok {
		return x, false
	}
	return decode[T](&v.item, b), true
}

// Put stores x.
func (v *Value[T]) Put(s Store, x T) { s.Set(v.key(), scale.Encode(x)) }

// Kill removes the value.
func (v *Value[T]) Kill(s Store) { s.Clear(v.key()) }

// Decode reads the bytes of a value, as found in a proof.
func (v *Value[T]) Decode(b []byte) (T, error) { return scale.Decode[T](b) }

// OptValue is a value that may be absent; metadata says Optional.
type OptValue[T any] struct{ Value[T] }

// Get returns the value and whether it is there.
func (v *OptValue[T]) Get(s Reader) (x T, ok bool) { return v.Find(s) }

// Map is a value per key; absent means the zero value.
type Map[K, V any, H Hasher] struct{ item }

// Key is where the value of k lies.
func (m *Map[K, V, H]) Key(k K) []byte {
	var h H
	return h.AppendHashed(m.key(), scale.Encode(k))
}

// Prefix is the part of the key that all entries share.
func (m *Map[K, V, H]) Prefix() []byte { return m.key() }

// Get returns the value of k.
func (m *Map[K, V, H]) Get(s Reader, k K) V {
	v, _ := m.Find(s, k)
	return v
}

// Find returns the value of k and whether it is there.
func (m *Map[K, V, H]) Find(s Reader, k K) (v V, ok bool) {
	b, ok := s.Get(m.Key(k))
	if !ok {
		return v, false
	}
	return decode[V](&m.item, b), true
}

// Has says whether k has a value.
func (m *Map[K, V, H]) Has(s Reader, k K) bool {
	_, ok := s.Get(m.Key(k))
	return ok
}

// Put stores v under k.
func (m *Map[K, V, H]) Put(s Store, k K, v V) { s.Set(m.Key(k), scale.Encode(v)) }

// Remove removes k.
func (m *Map[K, V, H]) Remove(s Store, k K) { s.Clear(m.Key(k)) }

// Decode reads the bytes of a value, as found in a proof.
func (m *Map[K, V, H]) Decode(b []byte) (V, error) { return scale.Decode[V](b) }

// All runs over the entries in the order of their stored keys. Entries may be
// removed while it runs.
func (m *Map[K, V, H]) All(s Reader) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		var h H
		for k, b := range entries(s, m.key()) {
			raw, ok := h.Key(k)
			if !ok {
				panic(Fault{m.pallet + "." + m.name, fmt.Errorf("key %x is too short", k)})
			}
			if !yield(decode[K](&m.item, raw), decode[V](&m.item, b)) {
				return
			}
		}
	}
}

// OptMap is a Map whose values may be absent; metadata says Optional.
type OptMap[K, V any, H Hasher] struct{ Map[K, V, H] }

// Get returns the value of k and whether it is there.
func (m *OptMap[K, V, H]) Get(s Reader, k K) (v V, ok bool) { return m.Find(s, k) }

// DoubleMap is a value per pair of keys; absent means the zero value.
type DoubleMap[K1, K2, V any, H1, H2 Hasher] struct{ item }

// Key is where the value of (a, b) lies.
func (m *DoubleMap[K1, K2, V, H1, H2]) Key(a K1, b K2) []byte {
	var h H2
	return h.AppendHashed(m.PrefixOf(a), scale.Encode(b))
}

// PrefixOf is the part of the key that all entries of a share.
func (m *DoubleMap[K1, K2, V, H1, H2]) PrefixOf(a K1) []byte {
	var h H1
	return h.AppendHashed(m.key(), scale.Encode(a))
}

// Get returns the value of (a, b).
func (m *DoubleMap[K1, K2, V, H1, H2]) Get(s Reader, a K1, b K2) V {
	v, _ := m.Find(s, a, b)
	return v
}

// Find returns the value of (a, b) and whether it is there.
func (m *DoubleMap[K1, K2, V, H1, H2]) Find(s Reader, a K1, b K2) (v V, ok bool) {
	raw, ok := s.Get(m.Key(a, b))
	if !ok {
		return v, false
	}
	return decode[V](&m.item, raw), true
}

// Has says whether (a, b) has a value.
func (m *DoubleMap[K1, K2, V, H1, H2]) Has(s Reader, a K1, b K2) bool {
	_, ok := s.Get(m.Key(a, b))
	return ok
}

// Put stores v under (a, b).
func (m *DoubleMap[K1, K2, V, H1, H2]) Put(s Store, a K1, b K2, v V) {
	s.Set(m.Key(a, b), scale.Encode(v))
}

// Remove removes (a, b).
func (m *DoubleMap[K1, K2, V, H1, H2]) Remove(s Store, a K1, b K2) { s.Clear(m.Key(a, b)) }

// Of runs over the entries of a in the order of their stored keys.
func (m *DoubleMap[K1, K2, V, H1, H2]) Of(s Reader, a K1) iter.Seq2[K2, V] {
	return func(yield func(K2, V) bool) {
		var h H2
		for k, b := range entries(s, m.PrefixOf(a)) {
			raw, ok := h.Key(k)
			if !ok {
				panic(Fault{m.pallet + "." + m.name, fmt.Errorf("key %x is too short", k)})
			}
			if !yield(decode[K2](&m.item, raw), decode[V](&m.item, b)) {
				return
			}
		}
	}
}

// OptDoubleMap is a DoubleMap whose values may be absent; metadata says Optional.
type OptDoubleMap[K1, K2, V any, H1, H2 Hasher] struct{ DoubleMap[K1, K2, V, H1, H2] }

// Get returns the value of (a, b) and whether it is there.
func (m *OptDoubleMap[K1, K2, V, H1, H2]) Get(s Reader, a K1, b K2) (v V, ok bool) {
	return m.Find(s, a, b)
}

// Clear removes all entries of a.
func (m *DoubleMap[K1, K2, V, H1, H2]) Clear(s Store, a K1) { clearPrefix(s, m.PrefixOf(a)) }

// entries runs over the keys under prefix, without it, and their values.
func entries(s Reader, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		key := prefix
		for {
			next, ok := s.NextKey(key)
			if !ok || len(next) < len(prefix) || string(next[:len(prefix)]) != string(prefix) {
				return
			}
			v, ok := s.Get(next)
			if !ok {
				panic(Fault{"iteration", fmt.Errorf("key %x has no value", next)})
			}
			if !yield(next[len(prefix):], v) {
				return
			}
			key = next
		}
	}
}

// Bind gives each item of the struct that state points to its place. An
// item's name is its field's, or that of the tag `name`.
func Bind(pallet string, state any) {
	v := reflect.ValueOf(state).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		b, ok := v.Field(i).Addr().Interface().(interface{ bind(pallet, name string) })
		if !ok {
			panic(fmt.Sprintf("storage: %s.%s is no storage item", pallet, f.Name))
		}
		b.bind(pallet, nameOf(f))
	}
}

func nameOf(f reflect.StructField) string {
	if name := f.Tag.Get("name"); name != "" {
		return name
	}
	return f.Name
}
