// Package host is what contracts find around them: the functions that a module
// may import, and the state, caller and block that those functions show it.
//
// The functions are pallet-contracts' seal0, seal1 and seal2, so that ink!
// contracts run unmodified, and those of WASI that modules of the Go
// toolchain import, answered from virtual devices. Each is one row of a table.
// [Run] executes one export over an [Env]; the changes of a call that fails are
// dropped.
//
// The package does not know where state is stored nor how it is encrypted,
// moves no money, and lets no contract reach a clock, a network or randomness
// that differs between machines.
package host

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Limits of what one call may do.
const (
	MaxKey    = 128      // bytes of a storage key
	MaxValue  = 16 << 10 // bytes of a stored value, and of an event
	MaxInput  = 64 << 10 // bytes of input, and of output
	MaxTopics = 4        // of an event
	MaxEvents = 256      // of a call
	MaxDebug  = 64 << 10 // bytes of debug text kept
	MaxDepth  = 5        // calls inside one another
)

// State is the storage of one contract. Keys are opaque bytes of at most
// MaxKey+1.
type State interface {
	// Get returns the value, which the caller does not change, and whether there is one.
	Get(key []byte) ([]byte, bool)
	// Set and Clear may keep their arguments.
	Set(key, value []byte)
	Clear(key []byte)
}

// Contracts finds the other contracts that a contract may call.
type Contracts interface {
	// Contract returns a contract's code, compiled and by its name, and its
	// storage; found is false when there is no such contract. An error means
	// that this machine cannot execute it.
	Contract(ctx context.Context, id [32]byte) (c Contract, found bool, err error)
}

// Contract is a contract that can be called.
type Contract struct {
	Module *vm.Module
	Code   hash.H256
	State  State
}

// Env is what a call sees of the world.
type Env struct {
	State   State
	Code    hash.H256 // the name of the contract's code
	Others  Contracts // nil: there are none
	Caller  [32]byte
	Address [32]byte // of the contract
	Value   scale.U128
	Block   uint32
	Time    uint64 // ms since 1970
	Input   []byte
	// Seed makes the randomness of the call. Secret, different in every call and
	// equal on all replicas; queries take a random one.
	Seed hash.H256
}

// Event is what a contract deposited.
type Event struct {
	Contract [32]byte
	Topics   []hash.H256
	Data     []byte
}

// Result is what came of a call.
type Result struct {
	vm.Outcome
	Events []Event // of a call that did not fail
	Debug  []byte  // text for the contract's developer, never part of any outcome
}

// Run executes export of m over env with at most gas. When the call succeeds,
// its changes are in env.State; otherwise nothing is changed. An error means
// that this machine failed, not the contract.
func Run(ctx context.Context, m *vm.Module, export string, env Env, gas uint64) (Result, error) {
	if len(env.Input) > MaxInput {
		return Result{Outcome: vm.Outcome{Status: vm.Trapped, Reason: "input too long"}}, nil
	}
	t := &transaction{states: map[[32]byte]State{env.Address: env.State}, changes: map[place]change{}}
	x := &execution{t: t, env: env, origin: env.Caller, reentry: true}
	out, err := m.Execute(ctx, export, x, gas)
	if err == nil {
		err = t.fault
	}
	if err != nil {
		return Result{}, err
	}
	r := Result{Outcome: out, Debug: t.debug}
	if out.Status == vm.OK {
		t.commit()
		r.Events = t.events
	}
	return r, nil
}

// Load compiles code in the profile that it is made for. While a module
// initialises it gets the same clock and randomness everywhere.
func Load(ctx context.Context, e *vm.Engine, code []byte) (*vm.Module, error) {
	return e.Load(ctx, code, vm.ProfileOf(code), &execution{t: &transaction{}})
}

// execution is one running call of one contract; every host function works on
// it. A call that a contract makes is another execution, of the same
// transaction.
type execution struct {
	t         *transaction
	env       Env
	origin    [32]byte   // who began the transaction
	parent    *execution // who made this call
	depth     int
	readOnly  bool
	reentry   bool // the call that now runs below this one may come back
	inputRead bool
	wasi      devices
}

// transaction is what all calls of one transaction change.
type transaction struct {
	states  map[[32]byte]State
	changes map[place]change
	undo    []undo
	events  []Event
	debug   []byte
	calls   uint32
	fault   error // of this machine: nothing of the transaction counts
}

// place is where a value lies.
type place struct {
	contract [32]byte
	key      string
}

type change struct {
	value   []byte
	deleted bool
}

// undo is what a place held before a change.
type undo struct {
	at  place
	old change
	had bool
}

func (x *execution) get(key string) ([]byte, bool) {
	if c, ok := x.t.changes[place{x.env.Address, key}]; ok {
		return c.value, !c.deleted
	}
	return x.env.State.Get([]byte(key))
}

func (x *execution) put(key string, c change) {
	at := place{x.env.Address, key}
	old, had := x.t.changes[at]
	x.t.undo = append(x.t.undo, undo{at, old, had})
	x.t.changes[at] = c
}

// mark is a point that a transaction can go back to.
type mark struct{ undo, events int }

func (t *transaction) mark() mark { return mark{len(t.undo), len(t.events)} }

func (t *transaction) rollback(m mark) {
	for i := len(t.undo) - 1; i >= m.undo; i-- {
		if u := t.undo[i]; u.had {
			t.changes[u.at] = u.old
		} else {
			delete(t.changes, u.at)
		}
	}
	t.undo, t.events = t.undo[:m.undo], t.events[:m.events]
}

func (t *transaction) commit() {
	places := slices.SortedFunc(maps.Keys(t.changes), func(a, b place) int {
		return cmp.Or(bytes.Compare(a.contract[:], b.contract[:]), cmp.Compare(a.key, b.key))
	})
	for _, at := range places {
		if c := t.changes[at]; c.deleted {
			t.states[at.contract].Clear([]byte(at.key))
		} else {
			t.states[at.contract].Set([]byte(at.key), c.value)
		}
	}
}

// Memory is a State in memory.
type Memory map[string][]byte

// Get implements State.
func (m Memory) Get(key []byte) ([]byte, bool) {
	v, ok := m[string(key)]
	return v, ok
}

// Set implements State.
func (m Memory) Set(key, value []byte) { m[string(key)] = bytes.Clone(value) }

// Clear implements State.
func (m Memory) Clear(key []byte) { delete(m, string(key)) }
