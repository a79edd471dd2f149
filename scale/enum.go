package scale

import (
	"fmt"
	"reflect"
	"sync"
)

// Units is implemented by an enum whose variants have no fields: a type over
// uint8 that names its variants by index. An empty name is no variant.
type Units interface {
	Variants() []string
}

// V lists the variants of the sealed interface T, each under its index.
type V[T any] map[uint8]T

// Registered is what Enum returns, so that it can stand in a var declaration.
type Registered struct{}

var enums sync.Map // reflect.Type of the interface → *enum

type enum struct {
	byIndex map[uint8]reflect.Type
	byType  map[reflect.Type]uint8
}

// Enum registers the variants of the sealed interface T:
//
//	var _ = scale.Enum(scale.V[MultiAddress]{0: ID{}, 1: Index{}})
//
// A variant is encoded as its index and then its fields. It panics when T is
// no interface or is registered twice.
func Enum[T any](variants V[T]) Registered {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Interface {
		panic(fmt.Sprintf("scale: %v is no interface", t))
	}
	e := &enum{map[uint8]reflect.Type{}, map[reflect.Type]uint8{}}
	for index, v := range variants {
		vt := reflect.TypeOf(v)
		if _, twice := e.byType[vt]; twice {
			panic(fmt.Sprintf("scale: %v stands twice in %v", vt, t))
		}
		e.byIndex[index], e.byType[vt] = vt, index
	}
	if _, twice := enums.LoadOrStore(t, e); twice {
		panic(fmt.Sprintf("scale: %v is registered twice", t))
	}
	return Registered{}
}

// Variant is one variant of a registered enum.
type Variant struct {
	Index uint8
	Type  reflect.Type
}

// Variants returns the variants of the enum t by rising index, or nil when t
// is not registered.
func Variants(t reflect.Type) []Variant {
	e, ok := enumOf(t)
	if !ok {
		return nil
	}
	var list []Variant
	for i := range 256 {
		if vt, ok := e.byIndex[uint8(i)]; ok {
			list = append(list, Variant{uint8(i), vt})
		}
	}
	return list
}

func enumOf(t reflect.Type) (*enum, bool) {
	e, ok := enums.Load(t)
	if !ok {
		return nil, false
	}
	return e.(*enum), true
}
