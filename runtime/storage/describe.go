package storage

import (
	"reflect"

	"github.com/tacit-network/tacit/scale"
)

// Entry describes one item to metadata.
type Entry struct {
	// Name is the item's, Field that of its Go field.
	Name, Field string
	// Optional says that an absent value is none, and not the zero value.
	Optional bool
	// Hashers and Keys are empty for a plain value.
	Hashers []uint8
	Keys    []reflect.Type
	Value   reflect.Type
	// Default is the encoded zero value, or 00 when Optional.
	Default []byte
}

// Describe describes the items of the struct that state points to, in order.
func Describe(state any) []Entry {
	v := reflect.ValueOf(state).Elem()
	list := make([]Entry, 0, v.NumField())
	for i := range v.NumField() {
		f := v.Type().Field(i)
		e := v.Field(i).Addr().Interface().(interface{ describe() Entry }).describe()
		e.Name, e.Field = nameOf(f), f.Name
		list = append(list, e)
	}
	return list
}

func (v *Value[T]) describe() Entry {
	return Entry{Value: reflect.TypeFor[T](), Default: zero[T]()}
}

func (v *OptValue[T]) describe() Entry { return optional(Entry{Value: reflect.TypeFor[T]()}) }

func (m *Map[K, V, H]) describe() Entry {
	e := m.types()
	e.Default = zero[V]()
	return e
}

func (m *Map[K, V, H]) types() Entry {
	var h H
	return Entry{
		Hashers: []uint8{h.Index()}, Keys: []reflect.Type{reflect.TypeFor[K]()}, Value: reflect.TypeFor[V](),
	}
}

// A value that may be absent needs no zero value, which a struct with an enum
// inside does not have.
func (m *OptMap[K, V, H]) describe() Entry { return optional(m.types()) }

func (m *DoubleMap[K1, K2, V, H1, H2]) describe() Entry {
	e := m.types()
	e.Default = zero[V]()
	return e
}

func (m *DoubleMap[K1, K2, V, H1, H2]) types() Entry {
	var a H1
	var b H2
	return Entry{
		Hashers: []uint8{a.Index(), b.Index()},
		Keys:    []reflect.Type{reflect.TypeFor[K1](), reflect.TypeFor[K2]()},
		Value:   reflect.TypeFor[V](),
	}
}

func (m *OptDoubleMap[K1, K2, V, H1, H2]) describe() Entry { return optional(m.types()) }

func optional(e Entry) Entry {
	e.Optional, e.Default = true, []byte{0}
	return e
}

// zero is the encoded zero value; an enum has none unless it is optional, so
// its first variant stands for it.
func zero[T any]() []byte {
	var v T
	if reflect.TypeFor[T]().Kind() == reflect.Interface {
		return []byte{scale.Variants(reflect.TypeFor[T]())[0].Index}
	}
	return scale.Encode(v)
}
