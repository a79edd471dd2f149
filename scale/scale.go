// Package scale is SCALE, the binary codec of Substrate: Go values go in,
// bytes come out, and back.
//
// Values are described by their Go types. A struct is its exported fields in
// order, a slice is a Vec, an array is an array, a pointer is an Option, a
// string is a Str, and a sealed interface that is registered with Enum is an
// enum. The field tag `scale:"compact"` asks for the compact form of an
// integer, and `scale:"-"` leaves a field out. A type whose form is none of
// these implements Encoder and Unmarshaler. Int and uint have no size that
// all machines share, so they are refused, as are maps and floats.
//
// A plan is made once per type and kept. What comes from a stranger is
// bounded: no length is believed before it is compared with the bytes that
// are left, no non-minimal compact form is taken, and nesting is limited.
//
// The package knows nothing of chains: no hash, no account, no block.
//
// Specification: https://spec.polkadot.network/id-cryptography-encoding
package scale

import (
	"fmt"
	"reflect"
)

// Encoder is implemented by a type that writes itself.
type Encoder interface {
	// EncodeSCALE appends the value's bytes to dst and returns the longer slice.
	EncodeSCALE(dst []byte) []byte
}

// Unmarshaler is implemented by a pointer to a type that reads itself.
type Unmarshaler interface {
	// DecodeSCALE reads the value from d. It keeps nothing of d's input
	// unless it copies it.
	DecodeSCALE(d *Decoder) error
}

// Marshal returns v's bytes. It panics when v's type has no SCALE form, which
// is a bug of the program and never a matter of the value.
func Marshal(v any) []byte { return Append(nil, v) }

// Append appends v's bytes to dst. It panics as Marshal does.
func Append(dst []byte, v any) []byte {
	rv := reflect.ValueOf(v)
	if !rv.IsValid() {
		panic("scale: cannot encode an untyped nil")
	}
	if e, ok := v.(Encoder); ok && rv.Kind() != reflect.Pointer {
		return e.EncodeSCALE(dst)
	}
	return planOf(rv.Type()).encode(dst, rv)
}

// Unmarshal reads all of data into what v points to. Bytes that are left over
// are an error. What v pointed to before is overwritten, and is undefined
// after an error.
func Unmarshal(data []byte, v any) error {
	d := NewDecoder(data)
	if err := d.Value(v); err != nil {
		return err
	}
	return d.Finish()
}

// Decode reads all of data as a T.
func Decode[T any](data []byte) (T, error) {
	var v T
	if err := Unmarshal(data, &v); err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

// Encode returns the bytes of v as a T, which may be a registered interface.
func Encode[T any](v T) []byte { return appendAt(nil, &v) }

// Result is Rust's Result: OK tells which of the two fields holds.
type Result[T, E any] struct {
	// OK says that Value holds; else Err does.
	OK    bool
	Value T
	Err   E
}

// Ok is the good Result.
func Ok[T, E any](v T) Result[T, E] { return Result[T, E]{OK: true, Value: v} }

// Fail is the bad Result.
func Fail[T, E any](e E) Result[T, E] { return Result[T, E]{Err: e} }

// EncodeSCALE implements Encoder.
func (r Result[T, E]) EncodeSCALE(dst []byte) []byte {
	if r.OK {
		return appendAt(append(dst, 0), &r.Value)
	}
	return appendAt(append(dst, 1), &r.Err)
}

// DecodeSCALE implements Unmarshaler.
func (r *Result[T, E]) DecodeSCALE(d *Decoder) error {
	tag, err := d.Byte()
	if err != nil {
		return err
	}
	*r = Result[T, E]{OK: tag == 0}
	switch tag {
	case 0:
		return d.Value(&r.Value)
	case 1:
		return d.Value(&r.Err)
	}
	return fmt.Errorf("scale: %d is no variant of Result", tag)
}

// appendAt appends what p points to, so that an interface type keeps its plan.
func appendAt(dst []byte, p any) []byte {
	v := reflect.ValueOf(p).Elem()
	return planOf(v.Type()).encode(dst, v)
}
