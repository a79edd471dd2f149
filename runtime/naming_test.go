package runtime

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/metadata"
)

// shape writes what a type's bytes are, whatever the types in it are called.
func shape(types []metadata.PortableType, id metadata.TypeID, depth int) string {
	if depth > 12 { // a type in itself
		return "…"
	}
	inner := func(id metadata.TypeID) string { return shape(types, id, depth+1) }
	fields := func(list []metadata.Field) (s string) {
		for _, f := range list {
			s += inner(f.Type) + ","
		}
		return s
	}
	switch d := types[id].Type.Def.(type) {
	case metadata.Composite:
		return "(" + fields(d.Fields) + ")"
	case metadata.VariantDef:
		s := "<"
		for _, v := range d.Variants {
			s += fmt.Sprint(v.Index, v.Name, ":", fields(v.Fields), ";")
		}
		return s + ">"
	case metadata.Sequence:
		return "[" + inner(d.Type) + "]"
	case metadata.Array:
		return fmt.Sprint("[", d.Len, inner(d.Type), "]")
	case metadata.Tuple:
		s := "("
		for _, t := range d.Types {
			s += inner(t) + ","
		}
		return s + ")"
	default:
		return fmt.Sprintf("%T%+v", d, d)
	}
}

// Clients name a type by its path and its parameters. Two types that are named
// alike would be decoded alike, as polkadot.js did with holds and freezes.
func TestTypesAreToldApart(t *testing.T) {
	seen := map[string]metadata.TypeID{}
	types := New().Metadata().Types
	for _, typ := range types {
		if len(typ.Type.Path) < 2 { // Option, Result and such, which clients know by what is in them
			continue
		}
		name := strings.Join(typ.Type.Path, "::")
		for _, p := range typ.Type.Params {
			if p.Type != nil {
				name += fmt.Sprint(" ", p.Name, *p.Type)
			}
		}
		if other, ok := seen[name]; ok && shape(types, other, 0) != shape(types, typ.ID, 0) {
			t.Errorf("types %d and %d are both %s", other, typ.ID, name)
		}
		seen[name] = typ.ID
	}
}
