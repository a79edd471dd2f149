package frame

import (
	"reflect"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// Naming shows Go types to clients; see package metadata.
type Naming = metadata.Naming

func snake(name string) string { return metadata.Snake(name) }

// The keys under which the runtime's own types are registered.
type (
	callType  struct{ pallet string }
	eventType struct{ pallet string }
	errorType struct{ pallet string }
	allErrors struct{}
	extraType struct{}
)

// anyEvent stands for RuntimeEvent in the types of storage.
type anyEvent struct{}

// EventRecord is one event as System.Events keeps it.
type EventRecord struct {
	Phase  Phase
	Event  anyEvent
	Topics []([32]byte)
}

// Phase is when in a block an event happened (frame_system::Phase).
type Phase interface{ isPhase() }

// The phases.
type (
	// ApplyExtrinsic is the execution of the extrinsic with this index.
	ApplyExtrinsic struct {
		Index uint32 `name:"-"`
	}
	// Finalization is the end of the block.
	Finalization struct{}
	// Initialization is the start of the block.
	Initialization struct{}
)

func (ApplyExtrinsic) isPhase() {}
func (Finalization) isPhase()   {}
func (Initialization) isPhase() {}

var _ = scale.Enum(scale.V[Phase]{0: ApplyExtrinsic{}, 1: Finalization{}, 2: Initialization{}})

// builder makes metadata of a Runtime.
type builder struct {
	rt   *Runtime
	reg  *metadata.Registry
	docs map[*pallet]docs
}

// Metadata describes the runtime to clients.
func (rt *Runtime) Metadata() *metadata.Metadata {
	b := &builder{rt: rt, docs: map[*pallet]docs{}}
	b.reg = metadata.NewRegistry(b.naming)
	for _, p := range rt.pallets {
		b.docs[p] = parseDocs(p.Source)
	}
	m := &metadata.Metadata{}
	for _, p := range rt.pallets {
		m.Pallets = append(m.Pallets, b.pallet(p))
	}
	m.Call, m.Event, m.Error = b.calls(), b.events(), b.errors()
	m.Extrinsic = b.extrinsic(m.Call)
	m.Runtime = b.reg.Add("Runtime", func() metadata.Type {
		return metadata.Type{Path: []string{"tacit_runtime", "Runtime"}, Def: metadata.Composite{}}
	})
	for _, api := range rt.config.APIs {
		out := metadata.API{Name: api.Name, Docs: doc(api.Doc)}
		for _, fn := range api.Methods {
			method := metadata.Method{Name: fn.name, Output: b.reg.ID(fn.out), Docs: doc(fn.doc)}
			for i := range fn.in.NumField() {
				f := fn.in.Field(i)
				method.Inputs = append(method.Inputs, metadata.Param{Name: snake(f.Name), Type: b.reg.ID(f.Type)})
			}
			out.Methods = append(out.Methods, method)
		}
		m.APIs = append(m.APIs, out)
	}
	m.Types = b.reg.Types()
	return m
}

func doc(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// naming adds the types that stand for all calls and all events to those that
// the chain names.
func (b *builder) naming(t reflect.Type) (metadata.Form, bool) {
	switch t {
	case reflect.TypeFor[AnyCall]():
		return metadata.Form{
			Path: []string{"tacit_runtime", "RuntimeCall"},
			Def:  func(*metadata.Registry) metadata.TypeDef { return b.outer(b.callTypes()) },
		}, true
	case reflect.TypeFor[anyEvent]():
		return metadata.Form{
			Path: []string{"tacit_runtime", "RuntimeEvent"},
			Def:  func(*metadata.Registry) metadata.TypeDef { return b.outer(b.eventTypes()) },
		}, true
	case reflect.TypeFor[EventRecord]():
		event, hash := reflect.TypeFor[anyEvent](), reflect.TypeFor[[32]byte]()
		return metadata.Form{
			Path:   []string{"frame_system", "EventRecord"},
			Params: []metadata.FormParam{{Name: "E", Type: event}, {Name: "T", Type: hash}},
		}, true
	case reflect.TypeFor[HoldReason]():
		return b.reasons("HoldReason", func(p *pallet) []string { return p.Holds }), true
	case reflect.TypeFor[FreezeReason]():
		return b.reasons("FreezeReason", func(p *pallet) []string { return p.Freezes }), true
	case reflect.TypeFor[Phase]():
		return metadata.Form{Path: []string{"frame_system", "Phase"}}, true
	}
	return b.rt.config.Naming(t)
}

// reasons is the enum of all pallets' reasons to hold or to freeze.
func (b *builder) reasons(name string, of func(*pallet) []string) metadata.Form {
	return metadata.Form{
		Path: []string{"tacit_runtime", "Runtime" + name},
		Def: func(r *metadata.Registry) metadata.TypeDef {
			var list []inner
			for _, p := range b.rt.pallets {
				if len(of(p)) == 0 {
					continue
				}
				var def metadata.VariantDef
				for i, reason := range of(p) {
					def.Variants = append(def.Variants, metadata.Variant{Name: reason, Index: uint8(i)})
				}
				list = append(list, inner{p, r.Add(name+" "+p.Name, func() metadata.Type {
					return metadata.Type{Path: []string{p.crate, "pallet", name}, Def: def}
				})})
			}
			return b.outer(list)
		},
	}
}

func (b *builder) calls() metadata.TypeID  { return metadata.Of[AnyCall](b.reg) }
func (b *builder) events() metadata.TypeID { return metadata.Of[anyEvent](b.reg) }

func (b *builder) errors() metadata.TypeID {
	return b.reg.Add(allErrors{}, func() metadata.Type {
		var types []inner
		for _, p := range b.rt.pallets {
			if id := b.errorOf(p); id != nil {
				types = append(types, inner{p, *id})
			}
		}
		return metadata.Type{Path: []string{"tacit_runtime", "RuntimeError"}, Def: b.outer(types)}
	})
}

// inner is the call, event or error type of one pallet.
type inner struct {
	p  *pallet
	id metadata.TypeID
}

func (b *builder) outer(types []inner) metadata.TypeDef {
	var def metadata.VariantDef
	for _, t := range types {
		def.Variants = append(def.Variants, metadata.Variant{
			Name: t.p.Name, Index: t.p.index, Fields: []metadata.Field{{Type: t.id}},
		})
	}
	return def
}

func (b *builder) callTypes() []inner {
	var list []inner
	for _, p := range b.rt.pallets {
		if id := b.callOf(p); id != nil {
			list = append(list, inner{p, *id})
		}
	}
	return list
}

func (b *builder) eventTypes() []inner {
	var list []inner
	for _, p := range b.rt.pallets {
		if id := b.eventOf(p); id != nil {
			list = append(list, inner{p, *id})
		}
	}
	return list
}

func (b *builder) callOf(p *pallet) *metadata.TypeID {
	if len(p.Calls) == 0 {
		return nil
	}
	id := b.reg.Add(callType{p.Name}, func() metadata.Type {
		var def metadata.VariantDef
		for _, c := range p.Calls {
			name := c.typ.Name()
			def.Variants = append(def.Variants, metadata.Variant{
				Name: c.name, Index: c.index, Docs: b.docs[p][name], Fields: b.reg.Fields(c.typ, b.docs[p].fields(name)),
			})
		}
		return metadata.Type{Path: []string{p.crate, "pallet", "Call"}, Def: def, Docs: []string{"The calls of " + p.Name + "."}}
	})
	return &id
}

func (b *builder) eventOf(p *pallet) *metadata.TypeID {
	if len(p.Events) == 0 {
		return nil
	}
	id := b.reg.Add(eventType{p.Name}, func() metadata.Type {
		var def metadata.VariantDef
		for _, e := range p.Events {
			name := e.typ.Name()
			def.Variants = append(def.Variants, metadata.Variant{
				Name: e.name, Index: e.index, Docs: b.docs[p][name], Fields: b.reg.Fields(e.typ, b.docs[p].fields(name)),
			})
		}
		return metadata.Type{Path: []string{p.crate, "pallet", "Event"}, Def: def, Docs: []string{"The events of " + p.Name + "."}}
	})
	return &id
}

func (b *builder) errorOf(p *pallet) *metadata.TypeID {
	if len(p.Errors) == 0 {
		return nil
	}
	id := b.reg.Add(errorType{p.Name}, func() metadata.Type {
		var def metadata.VariantDef
		for _, e := range p.Errors {
			def.Variants = append(def.Variants, metadata.Variant{Name: e.Name, Index: e.Index, Docs: b.docs[p]["Err"+e.Name]})
		}
		return metadata.Type{Path: []string{p.crate, "pallet", "Error"}, Def: def, Docs: []string{"The errors of " + p.Name + "."}}
	})
	return &id
}

func (b *builder) pallet(p *pallet) metadata.Pallet {
	out := metadata.Pallet{
		Name: p.Name, Index: p.index, Calls: b.callOf(p), Event: b.eventOf(p), Error: b.errorOf(p), Docs: b.docs[p][""],
	}
	if p.State != nil {
		out.Storage = &metadata.Storage{Prefix: p.Name}
		state := reflect.TypeOf(p.State).Elem().Name()
		for _, e := range storage.Describe(p.State) {
			out.Storage.Entries = append(out.Storage.Entries, b.entry(e, b.docs[p][state+"."+e.Field]))
		}
	}
	if p.Config != nil {
		v := reflect.ValueOf(p.Config)
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Tag.Get("scale") == "-" || !f.IsExported() {
				continue
			}
			name := f.Name
			if n := f.Tag.Get("name"); n != "" {
				name = n
			}
			out.Constants = append(out.Constants, metadata.Constant{
				Name: name, Type: b.reg.ID(f.Type), Value: scale.Marshal(v.Field(i).Interface()),
				Docs: b.docs[p][v.Type().Name()+"."+f.Name],
			})
		}
	}
	return out
}

// tupleOf is the key of the tuple that a map of several keys has; c is nil for
// two.
type tupleOf struct{ a, b, c reflect.Type }

func (b *builder) entry(e storage.Entry, docs []string) metadata.StorageEntry {
	out := metadata.StorageEntry{Name: e.Name, Modifier: metadata.Default, Default: e.Default, Docs: docs}
	if e.Optional {
		out.Modifier = metadata.Optional
	}
	value := b.reg.ID(e.Value)
	switch len(e.Keys) {
	case 0:
		out.Type = metadata.Plain{Type: value}
	case 1:
		out.Type = metadata.MapType{Hashers: e.Hashers, Key: b.reg.ID(e.Keys[0]), Value: value}
	default:
		key := tupleOf{a: e.Keys[0], b: e.Keys[1]}
		if len(e.Keys) > 2 {
			key.c = e.Keys[2]
		}
		keys := b.reg.Add(key, func() metadata.Type {
			var tuple metadata.Tuple
			for _, k := range e.Keys {
				tuple.Types = append(tuple.Types, b.reg.ID(k))
			}
			return metadata.Type{Def: tuple}
		})
		out.Type = metadata.MapType{Hashers: e.Hashers, Key: keys, Value: value}
	}
	return out
}

func (b *builder) unit() metadata.TypeID { return metadata.Of[struct{}](b.reg) }

func (b *builder) extrinsic(call metadata.TypeID) metadata.Extrinsic {
	x := metadata.Extrinsic{
		Version: 4, Call: call,
		Address: metadata.Of[chain.MultiAddress](b.reg), Signature: metadata.Of[chain.MultiSignature](b.reg),
	}
	var extra metadata.Tuple
	for _, e := range b.rt.config.Extensions {
		ext := metadata.SignedExtension{Identifier: e.Name, AdditionalSigned: b.unit()}
		if e.Implicit != nil {
			ext.AdditionalSigned = b.reg.ID(e.Implicit)
		}
		ext.Type = b.reg.Add("extension "+e.Name, func() metadata.Type {
			t := metadata.Type{Path: []string{"tacit_runtime", "extension", e.Name}, Def: metadata.Composite{}}
			if e.Extra != nil {
				t.Def = metadata.Composite{Fields: b.reg.Fields(e.Extra, nil)}
			}
			return t
		})
		x.Extensions = append(x.Extensions, ext)
		extra.Types = append(extra.Types, ext.Type)
	}
	x.Extra = b.reg.Add(extraType{}, func() metadata.Type { return metadata.Type{Def: extra} })
	x.Type = b.reg.Add(b.rt.config.Extrinsic, func() metadata.Type {
		return metadata.Type{
			Path: []string{"sp_runtime", "generic", "unchecked_extrinsic", "UncheckedExtrinsic"},
			Params: []metadata.TypeParam{
				{Name: "Address", Type: &x.Address}, {Name: "Call", Type: &x.Call},
				{Name: "Signature", Type: &x.Signature}, {Name: "Extra", Type: &x.Extra},
			},
			Def: metadata.Composite{Fields: []metadata.Field{{Type: b.reg.Add("bytes", func() metadata.Type {
				return metadata.Type{Def: metadata.Sequence{Type: metadata.Of[uint8](b.reg)}}
			})}}},
		}
	})
	return x
}
