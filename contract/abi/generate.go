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
func Generate(k *sdk.Contract, docs Docs, code hash.H256, compiler string) ([]byte, error) {
	m, err := Describe(k, docs)
	if err != nil {
		return nil, err
	}
	m.Source = Source{Hash: code.String(), Language: "Go", Compiler: compiler}
	out, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write contract metadata: %w", err)
	}
	return append(out, '\n'), nil
}

// Describe returns the metadata of a contract in Go.
func Describe(k *sdk.Contract, docs Docs) (*Metadata, error) {
	if err := check(k); err != nil {
		return nil, err
	}
	g := &generator{ids: map[string]uint32{}, made: map[string]*sdk.Type{}, name: k.Name}
	m := &Metadata{Contract: Info{Name: k.Name, Version: k.Version, Authors: []string{}}, Version: 5}
	unit := g.add("()", Type{Def: Def{Tuple: &[]uint32{}}})
	lang := g.add("LangError", Type{Path: []string{"ink_primitives", "LangError"}, Def: Def{
		Variant: &Variants{[]Variant{{Name: "CouldNotReadInput", Index: 1}}}}})
	failure := Type{Path: []string{k.Name, "Error"}, Def: Def{Variant: &Variants{}}}
	for i, e := range k.Errors {
		failure.Def.Variant.Variants = append(failure.Def.Variant.Variants, Variant{Name: e.Error(), Index: uint8(i), Docs: docs.Errors[e.Error()]})
	}
	fail := g.add("Error", failure)
	for i, e := range k.Constructors {
		c, err := g.entry(e, docs, fail, lang)
		if err != nil {
			return nil, err
		}
		c.Default = i == 0
		c.Return.DisplayName = []string{"ink_primitives", "ConstructorResult"}
		m.Spec.Constructors = append(m.Spec.Constructors, c)
	}
	for _, e := range k.Messages {
		c, err := g.entry(e, docs, fail, lang)
		if err != nil {
			return nil, err
		}
		m.Spec.Messages = append(m.Spec.Messages, c)
	}
	m.Spec.Events = []*Event{}
	for _, e := range k.Events {
		event, err := g.event(e, docs)
		if err != nil {
			return nil, err
		}
		m.Spec.Events = append(m.Spec.Events, event)
	}
	if err := g.environment(m); err != nil {
		return nil, err
	}
	m.Spec.Docs = list(docs.Contract)
	m.Spec.LangError = &TypeRef{lang, []string{"ink", "LangError"}}
	var err error
	if m.Storage, err = g.storage(k, unit); err != nil {
		return nil, err
	}
	m.Types = g.types
	return m, nil
}

// list is not nil: tools want an empty list.
func list(docs []string) []string {
	if docs == nil {
		return []string{}
	}
	return docs
}

func (g *generator) entry(e sdk.Entry, docs Docs, fail, lang uint32) (*Entry, error) {
	sel := hash.Blake2b256([]byte(e.Name))
	out := &Entry{
		Label: e.Name, Selector: "0x" + hex.EncodeToString(sel[:4]), Args: []Arg{}, Mutates: e.Mutates, Payable: e.Payable,
		Docs: list(docs.Entries[e.Name]),
	}
	for _, a := range e.Args {
		ref, err := g.ref(a.Type)
		if err != nil {
			return nil, fmt.Errorf("argument %s of %s: %w", a.Name, e.Name, err)
		}
		out.Args = append(out.Args, Arg{a.Name, ref})
	}
	ok, err := g.named(e.Result)
	if err != nil {
		return nil, fmt.Errorf("result of %s: %w", e.Name, err)
	}
	inner := g.result(ok, fail)
	out.Return = &TypeRef{g.result(inner, lang), []string{"ink", "MessageResult"}}
	return out, nil
}

func (g *generator) event(e sdk.EventInfo, docs Docs) (*Event, error) {
	topic := hash.Blake2b256([]byte(e.Signature()))
	out := &Event{Args: []EventArg{}, Docs: list(docs.Events[e.Name]), Label: e.Name, ModulePath: g.name, SignatureTopic: topic.String()}
	for i, f := range e.Fields {
		ref, err := g.ref(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %s of event %s: %w", f.Name, e.Name, err)
		}
		out.Args = append(out.Args, EventArg{Docs: []string{}, Indexed: e.Topics[i], Label: f.Name, Type: ref})
	}
	return out, nil
}

// environment names the types that ink!'s tools ask for.
func (g *generator) environment(m *Metadata) error {
	m.Spec.Environment = map[string]any{"maxEventTopics": 4, "staticBufferSize": 16384}
	for _, f := range []struct {
		name string
		t    *sdk.Type
	}{
		{"accountId", sdk.Account.Type}, {"balance", sdk.Amount.Type}, {"blockNumber", sdk.Uint32.Type},
		{"timestamp", sdk.Uint64.Type}, {"hash", sdk.Hash256.Type}, {"chainExtension", sdk.Unit.Type},
	} {
		ref, err := g.ref(f.t)
		if err != nil {
			return err
		}
		m.Spec.Environment[f.name] = ref
	}
	return nil
}

// storage lays out what the contract stores: each thing under a root of its own.
func (g *generator) storage(k *sdk.Contract, unit uint32) (*Storage, error) {
	type leaf struct {
		Key  string `json:"key"`
		Type uint32 `json:"ty"`
	}
	fields := []any{}
	names := map[[4]byte]string{}
	for _, s := range k.Storage {
		l := s.Layout()
		if other, taken := names[l.Key]; taken {
			return nil, fmt.Errorf("%s and %s of the storage have one key; rename one", other, l.Name)
		}
		names[l.Key] = l.Name
		value, err := g.named(l.Value)
		if err != nil {
			return nil, fmt.Errorf("storage %s: %w", l.Name, err)
		}
		whole := value
		if l.Kind != "Cell" {
			whole = g.add("storage "+l.Name, Type{Path: []string{"tacit", "sdk", l.Kind}, Params: []TypeParam{{"V", &value}}, Def: Def{Composite: &Composite{}}})
		}
		if l.Index != nil {
			index, err := g.named(l.Index)
			if err != nil {
				return nil, fmt.Errorf("storage %s: %w", l.Name, err)
			}
			g.types[whole].Type.Params = []TypeParam{{"K", &index}, {"V", &value}}
		}
		key := "0x" + hex.EncodeToString(l.Key[:])
		fields = append(fields, map[string]any{"name": l.Name, "layout": map[string]any{"root": Root{
			RootKey: key, Layout: map[string]any{"leaf": leaf{key, value}}, Type: whole,
		}}})
	}
	layout := map[string]any{"struct": map[string]any{"name": k.Name, "fields": fields}}
	return &Storage{Root{RootKey: "0x00000000", Layout: layout, Type: unit}}, nil
}

type generator struct {
	name  string // of the contract
	types []Typed
	ids   map[string]uint32
	made  map[string]*sdk.Type // structs and enums
}

func (g *generator) add(name string, t Type) uint32 {
	id := uint32(len(g.types))
	g.types = append(g.types, Typed{id, t})
	g.ids[name] = id
	return id
}

func (g *generator) ref(t *sdk.Type) (TypeRef, error) {
	id, err := g.named(t)
	return TypeRef{id, []string{t.Name}}, err
}

// named returns the number of a type of the SDK.
func (g *generator) named(t *sdk.Type) (uint32, error) {
	name := t.String()
	own := t.Fields != nil || t.Variants != nil // the contract's, whatever it is called
	if t.Of != nil {
		if _, err := g.named(t.Of); err != nil { // also when there is a list of what is called so
			return 0, err
		}
	}
	if id, ok := g.ids[name]; ok {
		if old := g.made[name]; old != t && (old != nil || own) {
			return 0, fmt.Errorf("two types are called %s; rename one", name)
		}
		return id, nil
	}
	switch {
	case own:
	case name == "bool", name == "u8", name == "u16", name == "u32", name == "u64", name == "u128":
		return g.add(name, Type{Def: Def{Primitive: name}}), nil
	case name == "String":
		return g.add(name, Type{Def: Def{Primitive: "str"}}), nil
	case name == "AccountId", name == "Hash":
		return g.bytes32(name, "ink_primitives", "types", name)
	}
	switch {
	case t.Of != nil:
		return g.generic(name, t)
	case t.Fields != nil:
		fields := []Field{}
		for _, f := range t.Fields {
			id, err := g.named(f.Type)
			if err != nil {
				return 0, fmt.Errorf("field %s of %s: %w", f.Name, name, err)
			}
			fields = append(fields, Field{Name: f.Name, Type: id, TypeName: f.Type.String()})
		}
		g.made[name] = t
		return g.add(name, Type{Path: []string{g.name, name}, Def: Def{Composite: &Composite{fields}}}), nil
	case t.Variants != nil:
		if err := distinct("variants of "+name, t.Variants); err != nil {
			return 0, err
		}
		variants := []Variant{}
		for i, v := range t.Variants {
			variants = append(variants, Variant{Name: v, Index: uint8(i)})
		}
		g.made[name] = t
		return g.add(name, Type{Path: []string{g.name, name}, Def: Def{Variant: &Variants{variants}}}), nil
	}
	return 0, fmt.Errorf("type %q has no metadata", name)
}

func (g *generator) bytes32(name string, path ...string) (uint32, error) {
	b, err := g.named(sdk.Uint8.Type)
	if err != nil {
		return 0, err
	}
	array, ok := g.ids["[u8; 32]"]
	if !ok {
		array = g.add("[u8; 32]", Type{Def: Def{Array: &Array{32, b}}})
	}
	return g.add(name, Type{Path: path, Def: Def{Composite: &Composite{[]Field{{Type: array, TypeName: "[u8; 32]"}}}}}), nil
}

func (g *generator) generic(name string, t *sdk.Type) (uint32, error) {
	of, err := g.named(t.Of)
	if err != nil {
		return 0, err
	}
	if t.Name == "Vec" {
		return g.add(name, Type{Def: Def{Sequence: &Elem{of}}}), nil
	}
	if t.Name != "Option" {
		return 0, fmt.Errorf("type %q has no metadata", name)
	}
	return g.add(name, Type{Path: []string{"Option"}, Params: []TypeParam{{"T", &of}}, Def: Def{Variant: &Variants{[]Variant{
		{Name: "None", Index: 0},
		{Name: "Some", Index: 1, Fields: []Field{{Type: of}}},
	}}}}), nil
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

// words splits the text of a comment into the lines that metadata has.
func words(text string) []string {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
