package sdk

// U128 is an amount.
type U128 struct{ Lo, Hi uint64 }

// Reader reads arguments. After a fault every read gives zero, and the call is
// refused in the end.
type Reader struct {
	b   []byte
	bad bool
}

func (r *Reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *Reader) number(n uint64) (v uint64) {
	for i, c := range r.take(n) {
		v |= uint64(c) << (8 * i)
	}
	return v
}

// length reads the compact length of a list or text.
func (r *Reader) length() uint64 {
	first := r.number(1)
	switch first & 3 {
	case 0:
		return first >> 2
	case 1:
		n := (first | r.number(1)<<8) >> 2
		r.bad = r.bad || n < 1<<6
		return n
	case 2:
		n := (first | r.number(3)<<8) >> 2
		r.bad = r.bad || n < 1<<14
		return n
	}
	r.bad = true // nothing of a gigabyte fits into a call
	return 0
}

func (r *Reader) done() bool { return !r.bad && len(r.b) == 0 }

func appendLength(dst []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(dst, byte(n<<2))
	case n < 1<<14:
		return append(dst, byte(n<<2)|1, byte(n>>6))
	}
	return append(dst, byte(n<<2)|2, byte(n>>6), byte(n>>14), byte(n>>22))
}

func appendNumber(dst []byte, v uint64, n int) []byte {
	for range n {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

// Codec is how a type is written in SCALE, and its name in metadata.
type Codec[T any] struct {
	Type   string
	Append func(dst []byte, v T) []byte
	Read   func(r *Reader) T
}

// The types of arguments, results and stored values.
var (
	Unit = Codec[struct{}]{"()",
		func(dst []byte, _ struct{}) []byte { return dst },
		func(*Reader) struct{} { return struct{}{} }}
	Bool = Codec[bool]{"bool",
		func(dst []byte, v bool) []byte {
			if v {
				return append(dst, 1)
			}
			return append(dst, 0)
		},
		func(r *Reader) bool {
			v := r.number(1)
			r.bad = r.bad || v > 1
			return v == 1
		}}
	Uint8 = Codec[uint8]{"u8",
		func(dst []byte, v uint8) []byte { return append(dst, v) },
		func(r *Reader) uint8 { return uint8(r.number(1)) }}
	Uint32 = Codec[uint32]{"u32",
		func(dst []byte, v uint32) []byte { return appendNumber(dst, uint64(v), 4) },
		func(r *Reader) uint32 { return uint32(r.number(4)) }}
	Uint64 = Codec[uint64]{"u64",
		func(dst []byte, v uint64) []byte { return appendNumber(dst, v, 8) },
		func(r *Reader) uint64 { return r.number(8) }}
	Amount = Codec[U128]{"u128",
		func(dst []byte, v U128) []byte { return appendNumber(appendNumber(dst, v.Lo, 8), v.Hi, 8) },
		func(r *Reader) U128 { return U128{r.number(8), r.number(8)} }}
	Account = Codec[AccountID]{"AccountId",
		func(dst []byte, v AccountID) []byte { return append(dst, v[:]...) },
		func(r *Reader) (v AccountID) { copy(v[:], r.take(32)); return v }}
	Bytes = Codec[[]byte]{"Vec<u8>",
		func(dst, v []byte) []byte { return append(appendLength(dst, len(v)), v...) },
		func(r *Reader) []byte { return append([]byte(nil), r.take(r.length())...) }}
	String = Codec[string]{"String",
		func(dst []byte, v string) []byte { return append(appendLength(dst, len(v)), v...) },
		func(r *Reader) string { return string(r.take(r.length())) }}
)

// Cell is one stored value.
type Cell[T any] struct {
	key   string
	codec Codec[T]
}

// NewCell returns the cell that is stored under key.
func NewCell[T any](key string, codec Codec[T]) Cell[T] { return Cell[T]{key, codec} }

// Get returns the value, the zero value before one is set.
func (x Cell[T]) Get(c *Call) T { return load(c, []byte(x.key), x.codec) }

// Set stores v.
func (x Cell[T]) Set(c *Call, v T) { c.Store([]byte(x.key), x.codec.Append(nil, v)) }

// Map stores a value for every key.
type Map[K, V any] struct {
	prefix string
	key    Codec[K]
	value  Codec[V]
}

// NewMap returns the map whose entries are stored under prefix and their keys.
// No prefix or cell key may be the start of another.
func NewMap[K, V any](prefix string, key Codec[K], value Codec[V]) Map[K, V] {
	return Map[K, V]{prefix, key, value}
}

func (m Map[K, V]) at(k K) []byte { return m.key.Append([]byte(m.prefix), k) }

// Get returns the value of k, the zero value when there is none.
func (m Map[K, V]) Get(c *Call, k K) V { return load(c, m.at(k), m.value) }

// Has tells whether k has a value.
func (m Map[K, V]) Has(c *Call, k K) bool { _, ok := c.Load(m.at(k)); return ok }

// Set stores v for k.
func (m Map[K, V]) Set(c *Call, k K, v V) { c.Store(m.at(k), m.value.Append(nil, v)) }

// Remove forgets k.
func (m Map[K, V]) Remove(c *Call, k K) { c.Remove(m.at(k)) }

func load[T any](c *Call, key []byte, codec Codec[T]) (v T) {
	b, ok := c.Load(key)
	if !ok {
		return v
	}
	r := &Reader{b: b}
	v = codec.Read(r)
	if !r.done() {
		panic("stored value does not decode")
	}
	return v
}
