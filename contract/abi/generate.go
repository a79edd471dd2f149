package abi

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/hash"
)

// Generate returns the metadata of a contract in Go, as indented JSON, for the
// code with the given hash.
func Generate(k *sdk.Contract, code hash.H256, compiler string) ([]byte, error) {
	g := &generator{ids: map[string]uint32{}}
	m := &Metadata{
		Source:   Source{Hash: code.String(), Language: "Go", Compiler: compiler},
		Contract: Info{Name: k.Name, Version: k.Version, Authors: []string{}},
		Version:  5,
	}
	unit := g.add("()", Type{Def: Def{Tuple: &[]uint32{}}})
	lang := g.add("LangError", Type{Path: []string{"ink_primitives", "LangError"}, Def: Def{
		Variant: &Variants{[]Variant{{Name: "CouldNotReadInput", Index: 1}}}}})
	failure := Type{Path: []string{k.Name, "Error"}, Def: Def{Variant: &Variants{}}}
	for i, name := range k.Errors {
		failure.Def.Variant.Variants = append(failure.Def.Variant.Variants, Variant{Name: name, Index: uint8(i)})
	}
	fail := g.add("Error", failure)

	entry := func(e sdk.Entry, isDefault bool) (*Entry, error) {
		sel := hash.Blake2b256([]byte(e.Name))
		out := &Entry{Label: e.Name, Selector: "0x" + hex.EncodeToString(sel[:4]), Args: []Arg{}, Mutates: e.Mutates, Default: isDefault, Docs: []string{e.Doc}}
		for _, a := range e.Args {
			id, err := g.named(a.Type)
			if err != nil {
				return nil, fmt.Errorf("argument %s of %s: %w", a.Name, e.Name, err)
			}
			out.Args = append(out.Args, Arg{a.Name, TypeRef{id, []string{displayName(a.Type)}}})
		}
		ok, err := g.named(e.Result)
		if err != nil {
			return nil, fmt.Errorf("result of %s: %w", e.Name, err)
		}
		inner := g.result(ok, fail)
		out.Return = &TypeRef{g.result(inner, lang), []string{"ink", "MessageResult"}}
		return out, nil
	}
	for i, e := range k.Constructors {
		c, err := entry(e, i == 0)
		if err != nil {
			return nil, err
		}
		c.Return.DisplayName = []string{"ink_primitives", "ConstructorResult"}
		m.Spec.Constructors = append(m.Spec.Constructors, c)
	}
	for _, e := range k.Messages {
		c, err := entry(e, false)
		if err != nil {
			return nil, err
		}
		m.Spec.Messages = append(m.Spec.Messages, c)
	}
	if err := g.environment(m); err != nil {
		return nil, err
	}
	m.Spec.Events, m.Spec.Docs = []any{}, []string{}
	m.Spec.LangError = &TypeRef{lang, []string{"ink", "LangError"}}
	m.Storage = &Storage{Root{RootKey: "0x00000000", Layout: map[string]any{"leaf": map[string]any{"key": "0x00000000", "ty": unit}}, Type: unit}}
	m.Types = g.types
	out, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write contract metadata: %w", err)
	}
	return append(out, '\n'), nil
}

// environment names the types that ink!'s tools ask for.
func (g *generator) environment(m *Metadata) error {
	m.Spec.Environment = map[string]any{"maxEventTopics": 4, "staticBufferSize": 16384}
	for _, f := range [][2]string{
		{"accountId", "AccountId"}, {"balance", "u128"}, {"blockNumber", "u32"},
		{"timestamp", "u64"}, {"hash", "[u8; 32]"}, {"chainExtension", "()"},
	} {
		id, err := g.named(f[1])
		if err != nil {
			return err
		}
		m.Spec.Environment[f[0]] = TypeRef{id, []string{f[1]}}
	}
	return nil
}

type generator struct {
	types []Typed
	ids   map[string]uint32
}

func (g *generator) add(name string, t Type) uint32 {
	id := uint32(len(g.types))
	g.types = append(g.types, Typed{id, t})
	g.ids[name] = id
	return id
}

// named returns the type that the SDK calls name.
func (g *generator) named(name string) (uint32, error) {
	if id, ok := g.ids[name]; ok {
		return id, nil
	}
	switch name {
	case "bool", "u8", "u16", "u32", "u64", "u128":
		return g.add(name, Type{Def: Def{Primitive: name}}), nil
	case "String":
		return g.add(name, Type{Def: Def{Primitive: "str"}}), nil
	case "[u8; 32]":
		b, err := g.named("u8")
		return g.add(name, Type{Def: Def{Array: &Array{32, b}}}), err
	case "AccountId":
		b, err := g.named("[u8; 32]")
		return g.add(name, Type{Path: []string{"ink_primitives", "types", "AccountId"}, Def: Def{
			Composite: &Composite{[]Field{{Type: b, TypeName: "[u8; 32]"}}}}}), err
	}
	if elem, ok := strings.CutPrefix(name, "Vec<"); ok {
		id, err := g.named(strings.TrimSuffix(elem, ">"))
		return g.add(name, Type{Def: Def{Sequence: &Elem{id}}}), err
	}
	return 0, fmt.Errorf("type %q has no metadata", name)
}

func (g *generator) result(ok, fail uint32) uint32 {
	name := fmt.Sprintf("Result<%d,%d>", ok, fail)
	if id, there := g.ids[name]; there {
		return id
	}
	return g.add(name, Type{Path: []string{"Result"}, Params: []TypeParam{{"T", &ok}, {"E", &fail}}, Def: Def{Variant: &Variants{[]Variant{
		{Name: "Ok", Index: 0, Fields: []Field{{Type: ok}}},
		{Name: "Err", Index: 1, Fields: []Field{{Type: fail}}},
	}}}})
}

func displayName(t string) string { return strings.TrimSuffix(strings.TrimPrefix(t, "Vec<"), ">") }
