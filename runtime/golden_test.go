package runtime_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime"
)

var rewrite = flag.Bool("rewrite", false, "write the golden file anew")

// What clients see of the runtime, as text: a change of a name, an index, a
// type or a storage key shows in the diff.
func TestGolden(t *testing.T) {
	m := runtime.New().Metadata()
	types := map[metadata.TypeID]metadata.Type{}
	for _, p := range m.Types {
		types[p.ID] = p.Type
	}
	var b strings.Builder
	for _, p := range m.Pallets {
		fmt.Fprintf(&b, "%d %s\n", p.Index, p.Name)
		variants(&b, types, "call", p.Calls)
		variants(&b, types, "event", p.Event)
		variants(&b, types, "error", p.Error)
		for _, c := range p.Constants {
			fmt.Fprintf(&b, "  constant %s %s = 0x%x\n", c.Name, name(types, c.Type), c.Value)
		}
		if p.Storage == nil {
			continue
		}
		for _, e := range p.Storage.Entries {
			switch s := e.Type.(type) {
			case metadata.Plain:
				fmt.Fprintf(&b, "  storage %s %s\n", e.Name, name(types, s.Type))
			case metadata.MapType:
				fmt.Fprintf(&b, "  storage %s %v %s → %s\n", e.Name, s.Hashers, name(types, s.Key), name(types, s.Value))
			}
		}
	}
	for _, api := range m.APIs {
		for _, f := range api.Methods {
			fmt.Fprintf(&b, "api %s_%s", api.Name, f.Name)
			for _, in := range f.Inputs {
				fmt.Fprintf(&b, " %s %s,", in.Name, name(types, in.Type))
			}
			fmt.Fprintf(&b, " → %s\n", name(types, f.Output))
		}
	}
	fmt.Fprintf(&b, "metadata 14 %v\nmetadata 15 %v\n", hash.Blake2b256(m.EncodeV14()), hash.Blake2b256(m.EncodeV15()))
	const golden = "testdata/metadata.golden"
	if *rewrite {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, old := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(old)) {
		if i >= len(got) || i >= len(old) || got[i] != old[i] {
			t.Fatalf("line %d of %s changed; go test ./runtime -run Golden -rewrite, and look at the diff", i+1, golden)
		}
	}
}

func variants(b *strings.Builder, types map[metadata.TypeID]metadata.Type, kind string, id *metadata.TypeID) {
	if id == nil {
		return
	}
	for _, v := range types[*id].Def.(metadata.VariantDef).Variants {
		fmt.Fprintf(b, "  %s %d %s", kind, v.Index, v.Name)
		for _, f := range v.Fields {
			field := "_"
			if f.Name != nil {
				field = *f.Name
			}
			fmt.Fprintf(b, " %s:%s", field, name(types, f.Type))
		}
		b.WriteString("\n")
	}
}

// name is a type for people.
func name(types map[metadata.TypeID]metadata.Type, id metadata.TypeID) string {
	t := types[id]
	switch d := t.Def.(type) {
	case metadata.Primitive:
		return []string{"bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "u256", "i8", "i16", "i32", "i64", "i128", "i256"}[d.Kind]
	case metadata.Sequence:
		return "[" + name(types, d.Type) + "]"
	case metadata.Array:
		return fmt.Sprintf("[%s;%d]", name(types, d.Type), d.Len)
	case metadata.Compact:
		return "compact " + name(types, d.Type)
	case metadata.Tuple:
		var parts []string
		for _, x := range d.Types {
			parts = append(parts, name(types, x))
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	if len(t.Path) == 0 {
		return "struct"
	}
	full := strings.Join(t.Path, "::")
	if full == "Option" || full == "Result" {
		for i, p := range t.Params {
			if i > 0 {
				full += ","
			}
			full += " " + name(types, *p.Type)
		}
	}
	return full
}
