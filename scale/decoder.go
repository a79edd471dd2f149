package scale

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
)

// ErrShort means that the input ends before the value does.
var ErrShort = errors.New("scale: input ends early")

// ErrTrailing means that bytes are left after the value.
var ErrTrailing = errors.New("scale: bytes are left over")

// ErrCompact means that a compact integer is not in its shortest form, or is
// too large for its type.
var ErrCompact = errors.New("scale: compact integer is not canonical")

const (
	maxDepth   = 128     // nested values; Substrate stops calls at 256 levels
	maxEmpties = 1 << 16 // elements of a Vec whose elements take no bytes
)

// Decoder reads values from a slice of bytes.
type Decoder struct {
	data  []byte
	depth int
	// Table is for types that need to know more than their bytes, as a call
	// needs the runtime that it is a call of. It is handed on to nested values.
	Table any
}

// NewDecoder returns a Decoder of data, which it aliases.
func NewDecoder(data []byte) *Decoder { return &Decoder{data: data} }

// Value reads one value into what v points to.
func (d *Decoder) Value(v any) error {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		panic("scale: decode into something that is not a pointer")
	}
	return d.into(rv.Elem())
}

func (d *Decoder) into(v reflect.Value) error {
	if d.depth >= maxDepth {
		return fmt.Errorf("scale: values nest deeper than %d", maxDepth)
	}
	d.depth++
	err := planOf(v.Type()).decode(d, v)
	d.depth--
	return err
}

// Enter counts one more level of nesting and returns the function that leaves
// it. Types that read themselves and may nest call it.
func (d *Decoder) Enter(limit int) (leave func(), err error) {
	if d.depth >= limit || d.depth >= maxDepth {
		return nil, fmt.Errorf("scale: values nest deeper than %d", min(limit, maxDepth))
	}
	d.depth++
	return func() { d.depth-- }, nil
}

// Remaining is how many bytes are left.
func (d *Decoder) Remaining() int { return len(d.data) }

// Rest returns all bytes that are left, as a part of the input.
func (d *Decoder) Rest() []byte {
	b := d.data
	d.data = nil
	return b
}

// Peek returns all bytes that are left without consuming them.
func (d *Decoder) Peek() []byte { return d.data }

// Finish returns ErrTrailing unless all input was read.
func (d *Decoder) Finish() error {
	if len(d.data) != 0 {
		return fmt.Errorf("%w: %d", ErrTrailing, len(d.data))
	}
	return nil
}

// Byte reads one byte.
func (d *Decoder) Byte() (byte, error) {
	if len(d.data) == 0 {
		return 0, ErrShort
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b, nil
}

// Bytes reads n bytes, as a part of the input that the caller must not change.
func (d *Decoder) Bytes(n int) ([]byte, error) {
	if n < 0 || n > len(d.data) {
		return nil, ErrShort
	}
	b := d.data[:n:n]
	d.data = d.data[n:]
	return b, nil
}

// Uint16 reads a fixed-width u16.
func (d *Decoder) Uint16() (uint16, error) {
	b, err := d.Bytes(2)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint16(b), nil
}

// Uint32 reads a fixed-width u32.
func (d *Decoder) Uint32() (uint32, error) {
	b, err := d.Bytes(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

// Uint64 reads a fixed-width u64.
func (d *Decoder) Uint64() (uint64, error) {
	b, err := d.Bytes(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// Bool reads a bool, which is 00 or 01 and nothing else.
func (d *Decoder) Bool() (bool, error) {
	b, err := d.Byte()
	if err != nil {
		return false, err
	}
	if b > 1 {
		return false, fmt.Errorf("scale: %d is no bool", b)
	}
	return b == 1, nil
}

// Compact reads a compact integer of at most 64 bits.
func (d *Decoder) Compact() (uint64, error) {
	u, err := d.CompactU128()
	if err != nil {
		return 0, err
	}
	if u.Hi != 0 {
		return 0, fmt.Errorf("%w: over 64 bits", ErrCompact)
	}
	return u.Lo, nil
}

// CompactU128 reads a compact integer of at most 128 bits. Forms that are not
// the shortest are refused, as parity-scale-codec refuses them.
func (d *Decoder) CompactU128() (U128, error) {
	first, err := d.Byte()
	if err != nil {
		return U128{}, err
	}
	switch first & 3 {
	case 0:
		return U64(uint64(first >> 2)), nil
	case 1:
		b, err := d.Byte()
		if err != nil {
			return U128{}, err
		}
		n := uint64(first)>>2 | uint64(b)<<6
		if n < 1<<6 {
			return U128{}, ErrCompact
		}
		return U64(n), nil
	case 2:
		b, err := d.Bytes(3)
		if err != nil {
			return U128{}, err
		}
		n := uint64(first)>>2 | uint64(b[0])<<6 | uint64(b[1])<<14 | uint64(b[2])<<22
		if n < 1<<14 {
			return U128{}, ErrCompact
		}
		return U64(n), nil
	}
	n := int(first>>2) + 4
	if n > 16 {
		return U128{}, fmt.Errorf("%w: over 128 bits", ErrCompact)
	}
	b, err := d.Bytes(n)
	if err != nil {
		return U128{}, err
	}
	var wide [16]byte
	copy(wide[:], b)
	u := U128{Lo: binary.LittleEndian.Uint64(wide[:8]), Hi: binary.LittleEndian.Uint64(wide[8:])}
	if b[n-1] == 0 || u.Hi == 0 && u.Lo < 1<<30 {
		return U128{}, ErrCompact
	}
	return u, nil
}

// Len reads the length of a Vec whose elements take at least elem bytes each,
// and refuses one that the rest of the input cannot hold.
func (d *Decoder) Len(elem int) (int, error) {
	n, err := d.Compact()
	if err != nil {
		return 0, err
	}
	limit := uint64(maxEmpties)
	if elem > 0 {
		limit = uint64(len(d.data) / elem)
	}
	if n > limit {
		return 0, fmt.Errorf("%w: %d elements", ErrShort, n)
	}
	return int(n), nil
}

// ByteSlice reads a Vec<u8> and returns a copy.
func (d *Decoder) ByteSlice() ([]byte, error) {
	n, err := d.Len(1)
	if err != nil {
		return nil, err
	}
	b, err := d.Bytes(n)
	if err != nil {
		return nil, err
	}
	return append(make([]byte, 0, n), b...), nil
}

// pathError says in which field or element a decoder failed.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

func at(path string, err error) error {
	if inner, ok := err.(*pathError); ok {
		return &pathError{path + inner.path, inner.err}
	}
	return &pathError{path, err}
}
