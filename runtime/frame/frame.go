// Package frame is what pallets are made with: the declaration of a pallet,
// the context that a call runs in, dispatch with rollback, and the metadata
// that comes out of the same declarations.
//
// A pallet is a Go struct per call, event and error, a State struct of
// storage items, a Config struct of constants, and one table, which its
// Declare returns. What is public of a pallet stands in its pallet.go: the
// comments there become the metadata's docs. New compiles the pallets of a
// chain into a Runtime, which decodes, dispatches and describes calls.
//
// The package knows no consensus: headers, digests and authorship are pallets'
// and the runtime's matter. It is pure: no clock, no randomness, no
// goroutine, and no order that differs between two runs.
package frame

import (
	"fmt"
	"reflect"

	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// Module is a pallet of a chain.
type Module interface {
	// Declare declares the pallet. It is called once, when the runtime is made.
	Declare() Pallet
}

// The hooks that a Module may have besides.
type (
	// Initializer is called before the extrinsics of a block.
	Initializer interface{ OnInitialize(*Context) Weight }
	// Finalizer is called after the extrinsics of a block.
	Finalizer interface{ OnFinalize(*Context) }
	// BareValidator judges calls that come without a signature. A call of a
	// pallet that is no BareValidator is never taken bare.
	BareValidator interface {
		// ValidateBare returns why call may enter the pool or a block; it must
		// refuse all that it does not know.
		ValidateBare(ctx *Context, source Source, call any) (Validity, error)
	}
	// Inherent is a pallet whose calls the block's author makes.
	Inherent interface {
		// IsInherent says whether call is made by the author of a block alone.
		IsInherent(call any) bool
	}
)

// Pallet is the declaration of a pallet.
type Pallet struct {
	// Name is the pallet's in metadata and storage keys.
	Name string
	// Crate is the first part of its types' paths; empty means pallet_ and
	// the name in snake_case.
	Crate string
	// Source is the text of pallet.go, whose comments are the docs.
	Source string
	// State points to the struct of storage items.
	State any
	// Config is the struct of constants.
	Config any
	Calls  []CallDef
	Events []EventDef
	Errors []*Error
	// Holds and Freezes name what the pallet holds or freezes money for; a
	// reason's number is its index.
	Holds, Freezes []string
}

// CallDef is one row of the table of calls; see Call.
type CallDef struct {
	index  uint8
	name   string
	typ    reflect.Type
	decode func(*scale.Decoder) (any, error)
	run    func(*Context, any) error
	weight func(*Runtime, any) Weight
	class  func(*Runtime, any) Class
	pays   Pays
}

// Call declares a call of fixed weight. Its name is that of C in snake_case,
// its arguments are C's fields.
func Call[C any](index uint8, run func(*Context, C) error, weight Weight) CallDef {
	return CallBy(index, run, func(*Runtime, C) Weight { return weight })
}

// CallBy declares a call whose weight depends on its arguments.
func CallBy[C any](index uint8, run func(*Context, C) error, weight func(*Runtime, C) Weight) CallDef {
	return CallDef{
		index: index, name: snake(reflect.TypeFor[C]().Name()), typ: reflect.TypeFor[C](),
		decode: func(d *scale.Decoder) (any, error) {
			var c C
			err := d.Value(&c)
			return c, err
		},
		run:    func(ctx *Context, c any) error { return run(ctx, c.(C)) },
		weight: func(rt *Runtime, c any) Weight { return weight(rt, c.(C)) },
		class:  always(Normal),
	}
}

// CallWith declares a call that makes other calls: its weight depends on its
// arguments, and its class is that of the calls which inner returns.
func CallWith[C any](index uint8, run func(*Context, C) error, weight func(*Runtime, C) Weight, inner func(C) []AnyCall) CallDef {
	def := CallBy(index, run, weight)
	def.class = func(rt *Runtime, c any) Class { return rt.classOf(inner(c.(C))) }
	return def
}

func always(class Class) func(*Runtime, any) Class {
	return func(*Runtime, any) Class { return class }
}

// classOf is Operational if all calls are. What is mandatory counts as normal
// inside another call, since only as itself must a block hold it.
func (rt *Runtime) classOf(calls []AnyCall) Class {
	for _, call := range calls {
		if def, err := rt.def(call); err != nil || def.class(rt, call.Args) != Operational {
			return Normal
		}
	}
	return Operational
}

// Named gives a call a name that its type cannot have.
func (c CallDef) Named(name string) CallDef { c.name = name; return c }

// Operational marks a call that may use the part of a block that normal ones
// leave free.
func (c CallDef) Operational() CallDef { c.class = always(Operational); return c }

// Mandatory marks a call that a block must hold, whatever it weighs.
func (c CallDef) Mandatory() CallDef { c.class = always(Mandatory); return c }

// Free marks a call that costs no fee.
func (c CallDef) Free() CallDef { c.pays = PaysNo; return c }

// EventDef is one row of the table of events; see Event.
type EventDef struct {
	index uint8
	typ   reflect.Type
	name  string
}

// Event declares an event. Its name is that of E, without the suffix Event.
func Event[E any](index uint8) EventDef {
	t := reflect.TypeFor[E]()
	name := t.Name()
	if n := len(name) - len("Event"); n > 0 && name[n:] == "Event" {
		name = name[:n]
	}
	return EventDef{index, t, name}
}

// Error is an error of a pallet, known by its identity.
type Error struct {
	Index uint8
	Name  string
}

// NewError makes an error for a pallet's table.
func NewError(index uint8, name string) *Error { return &Error{index, name} }

// Error implements error.
func (e *Error) Error() string { return e.Name }

// At is a pallet with its index, which never changes.
type At struct {
	Index  uint8
	Module Module
}

// Config is what a chain is made of.
type Config struct {
	Pallets []At
	// Deposit stores an event that was emitted.
	Deposit func(ctx *Context, record []byte)
	// Extensions are those of signed transactions, in order.
	Extensions []Extension
	APIs       []API
	// Naming shows Go types to clients; see package metadata.
	Naming Naming
	// Extrinsic is the type by which runtime APIs take a whole extrinsic.
	// Clients see it as UncheckedExtrinsic, and send it as it is.
	Extrinsic reflect.Type
}

// pallet is a compiled Pallet.
type pallet struct {
	Pallet
	index  uint8
	module Module
	calls  [256]*CallDef
	crate  string
}

// Runtime is a compiled chain. It does not change once made, and is safe for
// concurrent use.
type Runtime struct {
	config  Config
	pallets []*pallet // in declared order
	byIndex [256]*pallet
	events  map[reflect.Type][2]uint8
	calls   map[reflect.Type][2]uint8
	errors  map[*Error]uint8
	methods map[string]*method
}

// New compiles a chain. It panics on a declaration that contradicts itself,
// such as an index that stands twice.
func New(config Config) *Runtime {
	rt := &Runtime{
		config: config, events: map[reflect.Type][2]uint8{}, calls: map[reflect.Type][2]uint8{},
		errors: map[*Error]uint8{}, methods: map[string]*method{},
	}
	for _, at := range config.Pallets {
		p := &pallet{Pallet: at.Module.Declare(), index: at.Index, module: at.Module}
		if rt.byIndex[at.Index] != nil {
			panic(fmt.Sprintf("frame: two pallets have the index %d", at.Index))
		}
		if p.crate = p.Crate; p.crate == "" {
			p.crate = "pallet_" + snake(p.Name)
		}
		if p.State != nil {
			storage.Bind(p.Name, p.State)
		}
		rt.byIndex[at.Index] = p
		rt.pallets = append(rt.pallets, p)
		rt.table(p)
	}
	for _, api := range config.APIs {
		for i := range api.Methods {
			m := &api.Methods[i]
			rt.methods[api.Name+"_"+m.name] = &method{m, api.Name}
		}
	}
	return rt
}

func (rt *Runtime) table(p *pallet) {
	for i := range p.Calls {
		c := &p.Calls[i]
		if p.calls[c.index] != nil {
			panic(fmt.Sprintf("frame: %s has two calls %d", p.Name, c.index))
		}
		p.calls[c.index] = c
		rt.calls[c.typ] = [2]uint8{p.index, c.index}
	}
	var seen [256]bool
	for _, e := range p.Events {
		if seen[e.index] {
			panic(fmt.Sprintf("frame: %s has two events %d", p.Name, e.index))
		}
		seen[e.index] = true
		rt.events[e.typ] = [2]uint8{p.index, e.index}
	}
	seen = [256]bool{}
	for _, e := range p.Errors {
		if seen[e.Index] {
			panic(fmt.Sprintf("frame: %s has two errors %d", p.Name, e.Index))
		}
		seen[e.Index] = true
		rt.errors[e] = p.index
	}
}

// Names returns the pallet's and the error's name of a module error, for
// people; ok is false when the runtime has none such.
func (rt *Runtime) Names(e ModuleError) (pallet, name string, ok bool) {
	p := rt.byIndex[e.Index]
	if p == nil {
		return "", "", false
	}
	for _, known := range p.Errors {
		if known.Index == e.Error[0] {
			return p.Name, known.Name, true
		}
	}
	return p.Name, "", false
}

// Event decodes the event that d begins with, as the Go type that declared it.
func (rt *Runtime) Event(d *scale.Decoder) (any, error) {
	pi, err := d.Byte()
	if err != nil {
		return nil, err
	}
	ei, err := d.Byte()
	if err != nil {
		return nil, err
	}
	if p := rt.byIndex[pi]; p != nil {
		for _, e := range p.Events {
			if e.index == ei {
				v := reflect.New(e.typ)
				if err := d.Value(v.Interface()); err != nil {
					return nil, fmt.Errorf("event %s.%s: %w", p.Name, e.name, err)
				}
				return v.Elem().Interface(), nil
			}
		}
	}
	return nil, fmt.Errorf("the runtime has no event %d.%d", pi, ei)
}

// EventName returns the names of the event's pallet and its own.
func (rt *Runtime) EventName(event any) (pallet, name string) {
	at, ok := rt.events[reflect.TypeOf(event)]
	if !ok {
		return "", ""
	}
	p := rt.byIndex[at[0]]
	for _, e := range p.Events {
		if e.index == at[1] {
			return p.Name, e.name
		}
	}
	return p.Name, ""
}
