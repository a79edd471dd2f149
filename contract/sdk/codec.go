package sdk

// U128 is an amount.
type U128 struct{ Lo, Hi uint64 }

// Add returns a + b, and whether that is an amount.
func (a U128) Add(b U128) (sum U128, ok bool) {
	sum = U128{a.Lo + b.Lo, a.Hi + b.Hi}
	if sum.Lo < a.Lo {
		sum.Hi++
	}
	return sum, !sum.Less(a)
}

// Sub returns a - b, and whether that is an amount.
func (a U128) Sub(b U128) (diff U128, ok bool) {
	diff = U128{a.Lo - b.Lo, a.Hi - b.Hi}
	if a.Lo < b.Lo {
		diff.Hi--
	}
	return diff, !a.Less(b)
}

// Less tells whether a is less than b.
func (a U128) Less(b U128) bool { return a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo }

// IsZero tells whether a is nothing.
func (a U128) IsZero() bool { return a == U128{} }

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

// Type describes a type to metadata: a basic one by its name alone, a list or
// an option by what it is of, a struct by its fields, an enum by its variants.
type Type struct {
	Name     string
	Of       *Type
	Fields   []Param
	Variants []string
}

// String is the name of the type: "u64", "Vec<u64>", "Bid".
func (t *Type) String() string {
	if t.Of == nil {
		return t.Name
	}
	return t.Name + "<" + t.Of.String() + ">"
}

// Codec is how a type is written in SCALE, and what metadata says about it.
type Codec[T any] struct {
	Type   *Type
	Append func(dst []byte, v T) []byte
	Read   func(r *Reader) T
}

// The basic types of arguments, results, events and stored values.
var (
	Unit = Codec[struct{}]{&Type{Name: "()"},
		func(dst []byte, _ struct{}) []byte { return dst },
		func(*Reader) struct{} { return struct{}{} }}
	Bool = Codec[bool]{&Type{Name: "bool"},
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
	Uint8 = Codec[uint8]{&Type{Name: "u8"},
		func(dst []byte, v uint8) []byte { return append(dst, v) },
		func(r *Reader) uint8 { return uint8(r.number(1)) }}
	Uint16 = Codec[uint16]{&Type{Name: "u16"},
		func(dst []byte, v uint16) []byte { return appendNumber(dst, uint64(v), 2) },
		func(r *Reader) uint16 { return uint16(r.number(2)) }}
	Uint32 = Codec[uint32]{&Type{Name: "u32"},
		func(dst []byte, v uint32) []byte { return appendNumber(dst, uint64(v), 4) },
		func(r *Reader) uint32 { return uint32(r.number(4)) }}
	Uint64 = Codec[uint64]{&Type{Name: "u64"},
		func(dst []byte, v uint64) []byte { return appendNumber(dst, v, 8) },
		func(r *Reader) uint64 { return r.number(8) }}
	Amount = Codec[U128]{&Type{Name: "u128"},
		func(dst []byte, v U128) []byte { return appendNumber(appendNumber(dst, v.Lo, 8), v.Hi, 8) },
		func(r *Reader) U128 { return U128{r.number(8), r.number(8)} }}
	Account = Codec[AccountID]{&Type{Name: "AccountId"},
		func(dst []byte, v AccountID) []byte { return append(dst, v[:]...) },
		func(r *Reader) (v AccountID) { copy(v[:], r.take(32)); return v }}
	Hash256 = Codec[Hash]{&Type{Name: "Hash"},
		func(dst []byte, v Hash) []byte { return append(dst, v[:]...) },
		func(r *Reader) (v Hash) { copy(v[:], r.take(32)); return v }}
	Bytes = Codec[[]byte]{&Type{Name: "Vec", Of: Uint8.Type},
		func(dst, v []byte) []byte { return append(appendLength(dst, len(v)), v...) },
		func(r *Reader) []byte { return append([]byte(nil), r.take(r.length())...) }}
	String = Codec[string]{&Type{Name: "String"},
		func(dst []byte, v string) []byte { return append(appendLength(dst, len(v)), v...) },
		func(r *Reader) string { return string(r.take(r.length())) }}
)

// Vec is the codec of a list that is read and written as a whole. Long lists
// are stored better as a List.
func Vec[T any](of Codec[T]) Codec[[]T] {
	return Codec[[]T]{&Type{Name: "Vec", Of: of.Type},
		func(dst []byte, v []T) []byte {
			dst = appendLength(dst, len(v))
			for i := range v {
				dst = of.Append(dst, v[i])
			}
			return dst
		},
		func(r *Reader) (v []T) {
			n := r.length()
			if n > uint64(len(r.b)) { // every element has a byte at least
				r.bad = true
			}
			for range n {
				if r.bad {
					return nil
				}
				v = append(v, of.Read(r))
			}
			return v
		}}
}

// Optional is a value, or none.
type Optional[T any] struct {
	Value T
	Some  bool
}

// Some is v.
func Some[T any](v T) Optional[T] { return Optional[T]{v, true} }

// Option is the codec of a value that may be missing.
func Option[T any](of Codec[T]) Codec[Optional[T]] {
	return Codec[Optional[T]]{&Type{Name: "Option", Of: of.Type},
		func(dst []byte, v Optional[T]) []byte {
			if !v.Some {
				return append(dst, 0)
			}
			return of.Append(append(dst, 1), v.Value)
		},
		func(r *Reader) (v Optional[T]) {
			if v.Some = Bool.Read(r); v.Some {
				v.Value = of.Read(r)
			}
			return v
		}}
}

// FieldOf is a field of struct S.
type FieldOf[S any] struct {
	param  Param
	topic  bool
	append func(dst []byte, s *S) []byte
	read   func(r *Reader, s *S)
}

// Field is a field of a struct, or of an event. at returns where it lies.
func Field[S, T any](name string, codec Codec[T], at func(s *S) *T) FieldOf[S] {
	return FieldOf[S]{Param{name, codec.Type}, false,
		func(dst []byte, s *S) []byte { return codec.Append(dst, *at(s)) },
		func(r *Reader, s *S) { *at(s) = codec.Read(r) }}
}

// Struct is the codec of a struct.
func Struct[S any](name string, fields ...FieldOf[S]) Codec[S] {
	t := &Type{Name: name, Fields: params(fields)}
	return Codec[S]{t,
		func(dst []byte, s S) []byte {
			for i := range fields {
				dst = fields[i].append(dst, &s)
			}
			return dst
		},
		func(r *Reader) (s S) {
			for i := range fields {
				fields[i].read(r, &s)
			}
			return s
		}}
}

func params[S any](fields []FieldOf[S]) []Param {
	list := []Param{} // not nil: a struct without fields is one
	for i := range fields {
		list = append(list, fields[i].param)
	}
	return list
}

// Enum is the codec of an enum without values: its numbers are the places in
// variants. One that has no place there panics when it is written: stored, it
// could never be read again.
func Enum[E ~uint8](name string, variants ...string) Codec[E] {
	return Codec[E]{&Type{Name: name, Variants: variants},
		func(dst []byte, v E) []byte {
			if int(v) >= len(variants) {
				panic(name + " has no such variant")
			}
			return append(dst, byte(v))
		},
		func(r *Reader) E {
			v := r.number(1)
			r.bad = r.bad || v >= uint64(len(variants))
			return E(v)
		}}
}
