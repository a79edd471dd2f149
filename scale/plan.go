package scale

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"sync"
)

// plan is how one Go type is written and read.
type plan struct {
	encode func(dst []byte, v reflect.Value) []byte
	decode func(d *Decoder, v reflect.Value) error
	// least is the least number of bytes that a value takes.
	least int
}

var (
	plans        sync.Map // reflect.Type → *plan
	encoderType  = reflect.TypeFor[Encoder]()
	unmarshalers = reflect.TypeFor[Unmarshaler]()
	unitType     = reflect.TypeFor[Units]()
	u128Type     = reflect.TypeFor[U128]()
)

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := makePlan(t)
	plans.Store(t, p)
	return p
}

func makePlan(t reflect.Type) *plan {
	if p := customPlan(t); p != nil {
		return p
	}
	if t.Kind() == reflect.Uint8 && t.Implements(unitType) {
		return unitPlan(t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolPlan
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return uintPlan(t.Bits() / 8)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intPlan(t.Bits() / 8)
	case reflect.String:
		return stringPlan
	case reflect.Array:
		return arrayPlan(t)
	case reflect.Slice:
		return slicePlan(t)
	case reflect.Pointer:
		return optionPlan(t)
	case reflect.Struct:
		return structPlan(t)
	case reflect.Interface:
		return enumPlan(t)
	}
	panic(fmt.Sprintf("scale: %v has no SCALE form", t))
}

// customPlan serves types that write and read themselves; one that only does
// one of the two gets the other from its Go type.
func customPlan(t reflect.Type) *plan {
	writes := t.Implements(encoderType) && t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface
	reads := t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(unmarshalers)
	if !writes && !reads {
		return nil
	}
	p := &plan{
		encode: func(dst []byte, v reflect.Value) []byte { return v.Interface().(Encoder).EncodeSCALE(dst) },
		decode: func(d *Decoder, v reflect.Value) error { return v.Addr().Interface().(Unmarshaler).DecodeSCALE(d) },
	}
	if t == u128Type {
		p.least = 16
	}
	if !writes || !reads {
		panic(fmt.Sprintf("scale: %v implements only one of Encoder and Unmarshaler", t))
	}
	return p
}

var boolPlan = &plan{
	encode: func(dst []byte, v reflect.Value) []byte { return AppendBool(dst, v.Bool()) },
	decode: func(d *Decoder, v reflect.Value) error {
		b, err := d.Bool()
		v.SetBool(b)
		return err
	},
	least: 1,
}

// unitPlan serves enums without fields.
func unitPlan(t reflect.Type) *plan {
	names := reflect.Zero(t).Interface().(Units).Variants()
	return &plan{
		encode: func(dst []byte, v reflect.Value) []byte { return append(dst, byte(v.Uint())) },
		decode: func(d *Decoder, v reflect.Value) error {
			b, err := d.Byte()
			if err != nil {
				return err
			}
			if int(b) >= len(names) || names[b] == "" {
				return fmt.Errorf("scale: %d is no variant of %v", b, t)
			}
			v.SetUint(uint64(b))
			return nil
		},
		least: 1,
	}
}

func uintPlan(size int) *plan {
	return &plan{
		encode: func(dst []byte, v reflect.Value) []byte { return appendUint(dst, v.Uint(), size) },
		decode: func(d *Decoder, v reflect.Value) error {
			n, err := d.uint(size)
			if err != nil {
				return err
			}
			v.SetUint(n)
			return nil
		},
		least: size,
	}
}

func intPlan(size int) *plan {
	shift := 64 - 8*size
	return &plan{
		encode: func(dst []byte, v reflect.Value) []byte { return appendUint(dst, uint64(v.Int()), size) },
		decode: func(d *Decoder, v reflect.Value) error {
			n, err := d.uint(size)
			if err != nil {
				return err
			}
			v.SetInt(int64(n<<shift) >> shift)
			return nil
		},
		least: size,
	}
}

func appendUint(dst []byte, n uint64, size int) []byte {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	return append(dst, b[:size]...)
}

func (d *Decoder) uint(size int) (uint64, error) {
	b, err := d.Bytes(size)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], b)
	return binary.LittleEndian.Uint64(wide[:]), nil
}

var stringPlan = &plan{
	encode: func(dst []byte, v reflect.Value) []byte {
		return append(AppendCompact(dst, uint64(v.Len())), v.String()...)
	},
	decode: func(d *Decoder, v reflect.Value) error {
		b, err := d.ByteSlice()
		if err != nil {
			return err
		}
		v.SetString(string(b))
		return nil
	},
	least: 1,
}

func arrayPlan(t reflect.Type) *plan {
	n := t.Len()
	if t.Elem().Kind() == reflect.Uint8 && customPlan(t.Elem()) == nil {
		return &plan{
			encode: func(dst []byte, v reflect.Value) []byte {
				start := len(dst)
				dst = append(dst, make([]byte, n)...)
				reflect.Copy(reflect.ValueOf(dst[start:]), v)
				return dst
			},
			decode: func(d *Decoder, v reflect.Value) error {
				b, err := d.Bytes(n)
				if err != nil {
					return err
				}
				reflect.Copy(v, reflect.ValueOf(b))
				return nil
			},
			least: n,
		}
	}
	elem := planOf(t.Elem())
	return &plan{
		encode: func(dst []byte, v reflect.Value) []byte {
			for i := range n {
				dst = elem.encode(dst, v.Index(i))
			}
			return dst
		},
		decode: func(d *Decoder, v reflect.Value) error {
			for i := range n {
				if err := d.into(v.Index(i)); err != nil {
					return at(fmt.Sprintf("[%d]", i), err)
				}
			}
			return nil
		},
		least: n * elem.least,
	}
}

func slicePlan(t reflect.Type) *plan {
	if t.Elem().Kind() == reflect.Uint8 && customPlan(t.Elem()) == nil {
		return &plan{
			encode: func(dst []byte, v reflect.Value) []byte { return AppendBytes(dst, v.Bytes()) },
			decode: func(d *Decoder, v reflect.Value) error {
				b, err := d.ByteSlice()
				if err != nil {
					return err
				}
				v.SetBytes(b)
				return nil
			},
			least: 1,
		}
	}
	// The element's plan is looked up late, so that a type may hold slices of itself.
	return &plan{
		encode: func(dst []byte, v reflect.Value) []byte {
			elem := planOf(t.Elem())
			n := v.Len()
			dst = AppendCompact(dst, uint64(n))
			for i := range n {
				dst = elem.encode(dst, v.Index(i))
			}
			return dst
		},
		decode: func(d *Decoder, v reflect.Value) error {
			n, err := d.Len(planOf(t.Elem()).least)
			if err != nil {
				return err
			}
			// Elements may be larger in memory than in the input: grow as they come.
			v.Set(reflect.MakeSlice(t, 0, min(n, 256)))
			for i := range n {
				if v.Len() == v.Cap() {
					v.Grow(1)
				}
				v.SetLen(i + 1)
				if err := d.into(v.Index(i)); err != nil {
					return at(fmt.Sprintf("[%d]", i), err)
				}
			}
			return nil
		},
		least: 1,
	}
}

func optionPlan(t reflect.Type) *plan {
	return &plan{
		encode: func(dst []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return append(dst, 0)
			}
			return planOf(t.Elem()).encode(append(dst, 1), v.Elem())
		},
		decode: func(d *Decoder, v reflect.Value) error {
			some, err := d.Byte()
			switch {
			case err != nil:
				return err
			case some > 1:
				return fmt.Errorf("scale: %d is no variant of Option", some)
			case some == 0:
				v.SetZero()
				return nil
			}
			p := reflect.New(t.Elem())
			if err := d.into(p.Elem()); err != nil {
				return err
			}
			v.Set(p)
			return nil
		},
		least: 1,
	}
}

type field struct {
	index int
	name  string
	plan  *plan
}

func structPlan(t reflect.Type) *plan {
	fields, least := make([]field, 0, t.NumField()), 0
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("scale")
		if tag == "-" {
			continue
		}
		if !f.IsExported() {
			panic(fmt.Sprintf("scale: %v.%s is not exported", t, f.Name))
		}
		p := (*plan)(nil)
		switch tag {
		case "":
			p = planOf(f.Type)
		case "compact":
			p = compactPlan(f.Type)
		default:
			panic(fmt.Sprintf("scale: %v.%s has the unknown tag %q", t, f.Name, tag))
		}
		fields = append(fields, field{i, f.Name, p})
		least += p.least
	}
	name := t.String()
	return &plan{
		encode: func(dst []byte, v reflect.Value) []byte {
			for _, f := range fields {
				dst = f.plan.encode(dst, v.Field(f.index))
			}
			return dst
		},
		decode: func(d *Decoder, v reflect.Value) error {
			if d.depth >= maxDepth {
				return fmt.Errorf("scale: values nest deeper than %d", maxDepth)
			}
			d.depth++
			for _, f := range fields {
				if err := f.plan.decode(d, v.Field(f.index)); err != nil {
					return at(name+"."+f.name, err)
				}
			}
			d.depth--
			return nil
		},
		least: least,
	}
}

func compactPlan(t reflect.Type) *plan {
	if t == u128Type {
		return &plan{
			encode: func(dst []byte, v reflect.Value) []byte {
				return AppendCompactU128(dst, v.Interface().(U128))
			},
			decode: func(d *Decoder, v reflect.Value) error {
				n, err := d.CompactU128()
				if err != nil {
					return err
				}
				v.Set(reflect.ValueOf(n))
				return nil
			},
			least: 1,
		}
	}
	switch t.Kind() {
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
	default:
		panic(fmt.Sprintf("scale: %v has no compact form", t))
	}
	most := uint64(math.MaxUint64) >> (64 - t.Bits())
	return &plan{
		encode: func(dst []byte, v reflect.Value) []byte { return AppendCompact(dst, v.Uint()) },
		decode: func(d *Decoder, v reflect.Value) error {
			n, err := d.Compact()
			if err != nil {
				return err
			}
			if n > most {
				return fmt.Errorf("%w: over %d bits", ErrCompact, t.Bits())
			}
			v.SetUint(n)
			return nil
		},
		least: 1,
	}
}

func enumPlan(t reflect.Type) *plan {
	return &plan{
		encode: func(dst []byte, v reflect.Value) []byte {
			e, ok := enumOf(t)
			if !ok {
				panic(fmt.Sprintf("scale: %v is not registered with Enum", t))
			}
			if v.IsNil() {
				panic(fmt.Sprintf("scale: nil is no variant of %v", t))
			}
			inner := v.Elem()
			index, ok := e.byType[inner.Type()]
			if !ok {
				panic(fmt.Sprintf("scale: %v is no variant of %v", inner.Type(), t))
			}
			return planOf(inner.Type()).encode(append(dst, index), inner)
		},
		decode: func(d *Decoder, v reflect.Value) error {
			e, ok := enumOf(t)
			if !ok {
				panic(fmt.Sprintf("scale: %v is not registered with Enum", t))
			}
			index, err := d.Byte()
			if err != nil {
				return err
			}
			vt, ok := e.byIndex[index]
			if !ok {
				return fmt.Errorf("scale: %d is no variant of %v", index, t)
			}
			p := reflect.New(vt)
			if err := d.into(p.Elem()); err != nil {
				return err
			}
			v.Set(p.Elem())
			return nil
		},
		least: 1,
	}
}
