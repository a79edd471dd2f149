package metadata

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/tacit-network/tacit/scale"
)

// Form is how a Go type is shown to clients where its shape alone does not say
// enough. The zero Form is the shape alone.
type Form struct {
	// Path is the name by which clients know the type.
	Path []string
	// Params are its generic parameters.
	Params []FormParam
	// Def, when not nil, stands for the shape.
	Def func(r *Registry) TypeDef
	// Names are the names of an enum's variants where they are not those of
	// the Go types.
	Names map[reflect.Type]string
	// Docs are the type's comments.
	Docs []string
	// As, when not nil, is the type that clients see in place of this one, with
	// which it has its bytes in common.
	As reflect.Type
}

// FormParam is a generic parameter; a nil Type is one that is not known.
type FormParam struct {
	Name string
	Type reflect.Type
}

// Naming tells the form of a type; ok is false for one that has none.
type Naming func(t reflect.Type) (form Form, ok bool)

// Registry numbers types. The zero value is not usable; see NewRegistry.
type Registry struct {
	naming Naming
	ids    map[any]TypeID
	types  []PortableType
}

// NewRegistry returns an empty Registry.
func NewRegistry(naming Naming) *Registry {
	return &Registry{naming: naming, ids: map[any]TypeID{}}
}

// Types returns what was registered, by rising number.
func (r *Registry) Types() []PortableType { return r.types }

// compactOf is the key of the compact form of a type.
type compactOf struct{ t reflect.Type }

// Of returns the number of T.
func Of[T any](r *Registry) TypeID { return r.ID(reflect.TypeFor[T]()) }

// ID returns the number of t and registers it, and what it is made of, when it
// is new. It panics when t has no SCALE form.
func (r *Registry) ID(t reflect.Type) TypeID {
	if form, ok := r.naming(t); ok && form.As != nil {
		return r.ID(form.As)
	}
	return r.Add(t, func() Type { return r.describe(t) })
}

// Add registers the type that make describes under key, once. What key is
// matters to the caller alone.
func (r *Registry) Add(key any, make func() Type) TypeID {
	if id, ok := r.ids[key]; ok {
		return id
	}
	id := TypeID(len(r.types))
	r.ids[key] = id
	r.types = append(r.types, PortableType{ID: id})
	r.types[id].Type = normal(make())
	return id
}

// normal replaces nil slices, which SCALE does not know, by empty ones.
func normal(t Type) Type {
	if v, ok := t.Def.(VariantDef); ok && v.Variants == nil {
		t.Def = VariantDef{[]Variant{}}
	}
	return t
}

func (r *Registry) describe(t reflect.Type) Type {
	form, named := r.naming(t)
	out := Type{Path: form.Path, Docs: form.Docs}
	for _, p := range form.Params {
		param := TypeParam{Name: p.Name}
		if p.Type != nil {
			id := r.ID(p.Type)
			param.Type = &id
		}
		out.Params = append(out.Params, param)
	}
	switch {
	case form.Def != nil:
		out.Def = form.Def(r)
	case t == reflect.TypeFor[scale.U128]():
		out.Def = Primitive{U128}
	case isResult(t):
		r.result(t, &out)
	case t.Kind() == reflect.Pointer:
		inner := r.ID(t.Elem())
		out.Path, out.Params = []string{"Option"}, []TypeParam{{"T", &inner}}
		out.Def = VariantDef{[]Variant{{Name: "None"}, {Name: "Some", Index: 1, Fields: []Field{{Type: inner}}}}}
	case t.Kind() == reflect.Struct && t.NumField() == 0 && !named:
		out.Def = Tuple{}
	case t.Kind() == reflect.Struct:
		out.Def = Composite{r.Fields(t, nil)}
	case t.Kind() == reflect.Interface:
		out.Def = r.enum(t, form)
	case t.Kind() == reflect.Uint8 && t.Implements(reflect.TypeFor[scale.Units]()):
		var v VariantDef
		for i, name := range reflect.Zero(t).Interface().(scale.Units).Variants() {
			if name != "" {
				v.Variants = append(v.Variants, Variant{Name: name, Index: uint8(i)})
			}
		}
		out.Def = v
	case named:
		out.Def = Composite{[]Field{{Type: r.Add(shapeOf{t}, func() Type { return Type{Def: r.shape(t)} })}}}
	default:
		out.Def = r.shape(t)
	}
	return out
}

// shapeOf is the key of what lies under a named type that is no struct.
type shapeOf struct{ t reflect.Type }

var primitives = map[reflect.Kind]PrimitiveKind{
	reflect.Bool: Bool, reflect.String: Str,
	reflect.Uint8: U8, reflect.Uint16: U16, reflect.Uint32: U32, reflect.Uint64: U64,
	reflect.Int8: I8, reflect.Int16: I16, reflect.Int32: I32, reflect.Int64: I64,
}

func (r *Registry) shape(t reflect.Type) TypeDef {
	if kind, ok := primitives[t.Kind()]; ok {
		return Primitive{kind}
	}
	switch t.Kind() {
	case reflect.Array:
		return Array{uint32(t.Len()), r.ID(t.Elem())}
	case reflect.Slice:
		return Sequence{r.ID(t.Elem())}
	}
	panic(fmt.Sprintf("metadata: %v has no form", t))
}

func isResult(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == "github.com/tacit-network/tacit/scale" && strings.HasPrefix(t.Name(), "Result[")
}

func (r *Registry) result(t reflect.Type, out *Type) {
	ok, bad := r.ID(t.Field(1).Type), r.ID(t.Field(2).Type)
	out.Path, out.Params = []string{"Result"}, []TypeParam{{"T", &ok}, {"E", &bad}}
	out.Def = VariantDef{[]Variant{
		{Name: "Ok", Fields: []Field{{Type: ok}}}, {Name: "Err", Index: 1, Fields: []Field{{Type: bad}}},
	}}
}

func (r *Registry) enum(t reflect.Type, form Form) TypeDef {
	variants := scale.Variants(t)
	if variants == nil {
		panic(fmt.Sprintf("metadata: %v is not registered with scale.Enum", t))
	}
	var def VariantDef
	for _, v := range variants {
		name := form.Names[v.Type]
		if name == "" {
			name = v.Type.Name()
		}
		def.Variants = append(def.Variants, Variant{Name: name, Index: v.Index, Fields: r.Fields(v.Type, nil)})
	}
	return def
}

// Fields describes the fields of the struct t, or of a variant that is no
// struct; docs are the comments by Go field name.
func (r *Registry) Fields(t reflect.Type, docs map[string][]string) []Field {
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[scale.U128]() {
		return []Field{{Type: r.Add(shapeOf{t}, func() Type { return r.bare(t) })}}
	}
	var list []Field
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("scale")
		if tag == "-" {
			continue
		}
		out := Field{Docs: docs[f.Name]}
		if tag == "compact" {
			out.Type = r.Add(compactOf{f.Type}, func() Type { return Type{Def: Compact{r.ID(f.Type)}} })
		} else {
			out.Type = r.ID(f.Type)
		}
		name := f.Tag.Get("name")
		if name == "" {
			name = Snake(f.Name)
		}
		if name != "-" {
			out.Name = &name
		}
		list = append(list, out)
	}
	return list
}

func (r *Registry) bare(t reflect.Type) Type {
	if t == reflect.TypeFor[scale.U128]() {
		return Type{Def: Primitive{U128}}
	}
	return Type{Def: r.shape(t)}
}

// Snake turns a Go name into snake_case: PaysFee is pays_fee, SetID is set_id.
func Snake(name string) string {
	var b strings.Builder
	rs := []rune(name)
	for i, c := range rs {
		if unicode.IsUpper(c) {
			edge := i > 0 && (!unicode.IsUpper(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1]))
			if edge {
				b.WriteByte('_')
			}
			c = unicode.ToLower(c)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Variants returns the Go types of the variants of the enum T.
func Variants[T any]() []reflect.Type {
	var list []reflect.Type
	for _, v := range scale.Variants(reflect.TypeFor[T]()) {
		list = append(list, v.Type)
	}
	return list
}
