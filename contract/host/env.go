// Package host is what contracts find around them: the functions that a module
// may import, and the state, caller and block that those functions show it.
//
// The functions are pallet-contracts' seal0, seal1 and seal2, so that ink!
// contracts run unmodified, the module tacit of this network (randomness, keys,
// sealed logs, the cache), and those of WASI that modules of the Go toolchain
// import, answered from virtual devices. Each is one row of a table.
// [Run] executes one export over an [Env]; the changes of a call that fails are
// dropped.
//
// The package does not know where state and money are kept nor how they are
// encrypted, and lets no command reach a clock, a network or randomness that
// differs between machines.
package host

import (
	"bytes"
	"context"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
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
	MaxLine   = 1 << 10  // bytes of a line of the log
	MaxLines  = 64       // of the log, of a call
	MaxSalt   = 128      // bytes of the salt of a contract that a contract makes

	// MaxStorage is the most bytes that a contract may store, of which each entry
	// costs entrySize beside its key and its value.
	MaxStorage = 256 << 20
	entrySize  = 64

	// MaxCluster is the most bytes that the contracts of a cluster may store
	// together, as they lie on the disk. Each entry costs clusterEntry beside its
	// key and its value: the contract's name and what encryption adds. Contracts
	// that are made, with what is kept of their storage, and balances count too.
	MaxCluster      = 1 << 30
	clusterEntry    = 102
	clusterContract = 432
	clusterBalance  = 118

	// MaxWritten is the most bytes that a call may write to storage, all calls
	// that it makes together. Each write counts as an entry does, one that is
	// taken back or overwritten too.
	MaxWritten = 16 << 20
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

// Contracts is the cluster around a contract: the contracts and codes that it
// may use, and those that it makes. An error means that this machine cannot
// execute what it was asked for.
type Contracts interface {
	Records
	Codes
}

// Record is what a cluster keeps about a contract beside its storage.
type Record struct {
	Code  hash.H256
	Owner [32]byte // who made it; of one that a contract made, that contract's owner
	Ended bool
	Heir  [32]byte // who gets what a contract has that now ends; it is not kept
}

// contract is a contract that can be called.
type contract struct {
	Record
	state State
}

// Env is what a call sees of the world.
type Env struct {
	State   State
	Code    hash.H256 // the name of the contract's code
	Owner   [32]byte  // who made the contract
	Others  Contracts // nil: there are none
	Caller  [32]byte
	Address [32]byte   // of the contract
	Cluster [32]byte   // that the contract is in
	Value   scale.U128 // that the caller gives to the contract
	Block   uint32
	Time    uint64 // ms since 1970
	Input   []byte
	// Seed makes the randomness of the call. Secret, different in every call and
	// equal on all replicas; queries take a random one.
	Seed hash.H256
	// Query tells that nothing of the call will be kept.
	Query bool
	// Keys returns the key from which a contract derives its own. Secret, and
	// equal on all replicas; nil: there are none.
	Keys func(contract [32]byte) [32]byte
	// Cache is what contracts remember on this machine; nil: nothing. Only queries
	// reach it.
	Cache Cache
	// Worker is the public key of the worker that answers. Queries alone see it:
	// replicas of a command have each its own.
	Worker [32]byte
	// Proof is how it is known that the account asks which began the transaction.
	Proof Proof
	// Web makes HTTP requests; nil: there is no network. Only queries reach it.
	Web Web
	// Money is what everybody holds; nil: nothing.
	Money Money
	// Quota is the most that a contract may store; 0: MaxStorage.
	Quota uint64
	// Stored is how much the cluster stores already, see MaxCluster.
	Stored uint64
	// Prices are what whoever began the transaction is charged for what contracts
	// store. Here they count for the limits of callees alone.
	Prices Prices
}

// Proof is how it is known who asks. The zero value is that of commands: the
// account signed what the chain took, or an extrinsic inside of it.
type Proof struct {
	Kind   uint8
	Scheme keys.Scheme // of the account's signature, of ProofSigned
	Key    [32]byte    // sr25519, of ProofSession
	Until  uint32      // the last block in which Key is good
}

// Kinds of proofs.
const (
	ProofCommand = 0
	ProofSigned  = 1 // the account signed the query
	ProofSession = 2 // a key did that the account named in a certificate
)

// Cache keeps values of contracts for a while on this machine alone.
type Cache interface {
	Get(contract [32]byte, key []byte) ([]byte, bool)
	// Set is false when there is no more room. The value is kept until the time, in ms.
	Set(contract [32]byte, key, value []byte, until uint64) bool
	Remove(contract [32]byte, key []byte)
}

// Event is what a contract deposited.
type Event struct {
	Contract [32]byte
	Topics   []hash.H256
	Data     []byte
}

// Line is a line of a contract's log, for its owner's eyes.
type Line struct {
	Contract [32]byte
	Level    uint8 // 1 error, 2 warning, 3 information, 4 and 5 for developers
	Text     []byte
}

// Growth is how much more a contract stores after a call, or less: entries, and
// bytes of their keys and values. Of one that ended it says who gets what it had.
type Growth struct {
	Contract     [32]byte
	Items, Bytes int64
	Ended        bool
	Heir         [32]byte // of one that ended
}

// Result is what came of a call.
type Result struct {
	vm.Outcome
	// Grown are the contracts, each once, that store more or less after a call that
	// did not fail, or that ended.
	Grown  []Growth
	Events []Event // of a call that did not fail
	Lines  []Line  // of the log, of a call that failed too
	Debug  []byte  // text for the contract's developer, never part of any outcome
}

// Run executes export of m over env with at most gas. When the call succeeds,
// its changes are in env.State; otherwise nothing is changed. An error means
// that this machine failed, not the contract.
func Run(ctx context.Context, m *vm.Module, export string, env Env, gas uint64) (Result, error) {
	if len(env.Input) > MaxInput {
		return Result{Outcome: vm.Outcome{Status: vm.Trapped, Reason: "input too long"}}, nil
	}
	t := newTransaction(env)
	if !t.move(env.Caller, env.Address, env.Value) {
		reason := "the caller holds less than the value"
		if _, enough := t.balance(env.Caller).Sub(env.Value); enough {
			reason = tooFull
		}
		return Result{Outcome: vm.Outcome{Status: vm.Reverted, Reason: reason}}, nil
	}
	x := &execution{t: t, env: env, origin: env.Caller, reentry: true, constructing: export == "deploy"}
	out, err := m.Execute(ctx, export, x, gas)
	if err == nil {
		err = t.fault
	}
	if err != nil {
		return Result{}, err
	}
	r := Result{Outcome: out, Debug: t.debug, Lines: t.lines}
	if out.Status == vm.OK {
		r.Grown = t.commit(env.Others)
		r.Events = t.events
	}
	return r, nil
}

// Load compiles code in the profile that it is made for. While a module
// initialises it gets the same clock and randomness everywhere.
func Load(ctx context.Context, e *vm.Engine, code []byte) (*vm.Module, error) {
	m, _, err := LoadNative(ctx, e, code, nil)
	return m, err
}

// LoadNative is Load with machine code of an earlier one; see vm.Engine.
func LoadNative(ctx context.Context, e *vm.Engine, code []byte, native vm.Native) (*vm.Module, vm.Native, error) {
	return e.LoadNative(ctx, code, vm.ProfileOf(code), &execution{t: &transaction{}}, native)
}

// Check says why no worker would run code, nil when they would.
func Check(ctx context.Context, code []byte) error {
	engine, err := NewEngine(ctx, vm.Config{})
	if err != nil {
		return err
	}
	defer func() { _ = engine.Close(ctx) }()
	_, err = vm.Instrument(code, vm.ProfileOf(code), engine.Imports())
	return err
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
