package sdk

import "iter"

// rootKey is the four bytes under which a name's values are stored: ink! numbers
// what a contract stores so too. It is the FNV-1a hash of the name; that two
// names of one contract have one key is found when it is built.
func rootKey(name string) []byte {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return appendNumber(nil, uint64(h), 4)
}

// Layout tells metadata where something is stored.
type Layout struct {
	Name  string
	Key   [4]byte // the key of a cell and of a list's length, and the start of every other
	Kind  string  // Cell, Map or List
	Index *Type   // of a map
	Value *Type
}

// Stored is something that a contract stores.
type Stored interface{ Layout() Layout }

// Cell is one stored value.
type Cell[T any] struct {
	name  string
	key   []byte
	codec Codec[T]
}

// NewCell returns the cell with a name.
func NewCell[T any](name string, codec Codec[T]) Cell[T] {
	return Cell[T]{name, rootKey(name), codec}
}

// Layout implements Stored.
func (x Cell[T]) Layout() Layout {
	return Layout{x.name, [4]byte(x.key), "Cell", nil, x.codec.Type}
}

// Get returns the value, the zero value before one is set.
func (x Cell[T]) Get(c *Call) T {
	v, _ := load(c, x.key, x.codec)
	return v
}

// Has tells whether a value is set.
func (x Cell[T]) Has(c *Call) bool { _, ok := c.Load(x.key); return ok }

// Set stores v.
func (x Cell[T]) Set(c *Call, v T) { c.Store(x.key, x.codec.Append(nil, v)) }

// Clear forgets the value.
func (x Cell[T]) Clear(c *Call) { c.Remove(x.key) }

// Map stores a value for every key, each by itself.
type Map[K, V any] struct {
	name  string
	root  []byte
	key   Codec[K]
	value Codec[V]
}

// NewMap returns the map with a name.
func NewMap[K, V any](name string, key Codec[K], value Codec[V]) Map[K, V] {
	return Map[K, V]{name, rootKey(name), key, value}
}

// Layout implements Stored.
func (m Map[K, V]) Layout() Layout {
	return Layout{m.name, [4]byte(m.root), "Map", m.key.Type, m.value.Type}
}

// at is the root's key and that of the entry.
func (m Map[K, V]) at(k K) []byte { return m.key.Append(append([]byte(nil), m.root...), k) }

// Get returns the value of k, the zero value when there is none.
func (m Map[K, V]) Get(c *Call, k K) V {
	v, _ := load(c, m.at(k), m.value)
	return v
}

// Find returns the value of k and whether there is one.
func (m Map[K, V]) Find(c *Call, k K) (V, bool) { return load(c, m.at(k), m.value) }

// Has tells whether k has a value.
func (m Map[K, V]) Has(c *Call, k K) bool { _, ok := c.Load(m.at(k)); return ok }

// Set stores v for k.
func (m Map[K, V]) Set(c *Call, k K, v V) { c.Store(m.at(k), m.value.Append(nil, v)) }

// Remove forgets k.
func (m Map[K, V]) Remove(c *Call, k K) { c.Remove(m.at(k)) }

// List stores values in order, each by itself, and how many there are.
type List[T any] struct {
	length Cell[uint32]
	items  Map[uint32, T]
}

// NewList returns the list with a name.
func NewList[T any](name string, codec Codec[T]) List[T] {
	return List[T]{NewCell(name, Uint32), NewMap(name, Uint32, codec)}
}

// Layout implements Stored.
func (l List[T]) Layout() Layout {
	return Layout{l.items.name, [4]byte(l.items.root), "List", nil, l.items.value.Type}
}

// Len is how many values there are.
func (l List[T]) Len(c *Call) uint32 { return l.length.Get(c) }

// Get returns value i and whether there is one.
func (l List[T]) Get(c *Call, i uint32) (v T, ok bool) {
	if i >= l.Len(c) {
		return v, false
	}
	return l.items.Find(c, i)
}

// Set replaces value i. It is false when there is none.
func (l List[T]) Set(c *Call, i uint32, v T) bool {
	if i >= l.Len(c) {
		return false
	}
	l.items.Set(c, i, v)
	return true
}

// Push appends v and returns where it is.
func (l List[T]) Push(c *Call, v T) uint32 {
	n := l.Len(c)
	if n+1 == 0 {
		panic("list is full")
	}
	l.items.Set(c, n, v)
	l.length.Set(c, n+1)
	return n
}

// Pop removes the last value and returns it, and whether there was one.
func (l List[T]) Pop(c *Call) (v T, ok bool) {
	n := l.Len(c)
	if n == 0 {
		return v, false
	}
	v, _ = l.items.Find(c, n-1)
	l.items.Remove(c, n-1)
	l.length.Set(c, n-1)
	return v, true
}

// Remove removes value i, puts the last one in its place, and is false when
// there is none.
func (l List[T]) Remove(c *Call, i uint32) bool {
	n := l.Len(c)
	if i >= n {
		return false
	}
	last, _ := l.Pop(c)
	if i+1 < n {
		l.items.Set(c, i, last)
	}
	return true
}

// All gives the values in order, reading each when it is asked for. The list is
// not to become shorter meanwhile.
func (l List[T]) All(c *Call) iter.Seq2[uint32, T] {
	return func(yield func(uint32, T) bool) {
		for i := range l.Len(c) {
			if v, _ := l.items.Find(c, i); !yield(i, v) {
				return
			}
		}
	}
}

func load[T any](c *Call, key []byte, codec Codec[T]) (v T, ok bool) {
	b, ok := c.Load(key)
	if !ok {
		return v, false
	}
	r := &Reader{b: b}
	v = codec.Read(r)
	if !r.done() {
		panic("stored value does not decode")
	}
	return v, true
}
