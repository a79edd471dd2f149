// Package sdktest runs contracts in Go without WebAssembly, enclave and chain,
// for their unit tests: a [World] is a cluster in memory, with accounts, a clock
// that the test sets, contracts that call each other, events and logs.
//
// Calls are written as on the command line, arguments and results as text, and
// go through the contract's metadata: a test sees what users will see. Rules are
// those of package host, but for gas: calls that nest too deep, come back
// unasked, or store too much trap; what a call that fails changed is undone.
package sdktest

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// World is a cluster in memory. A test makes it with New, and may change its
// fields between calls.
type World struct {
	Time   uint64 // ms since 1970
	Block  uint32
	Events []Event // of calls that succeeded
	Lines  []Line  // that contracts logged, also in calls that failed
	Debug  []string
	// Web answers the HTTP requests of queries; nil: no server can be reached.
	Web func(sdk.Request) sdk.Response
	// Worker is the key of the worker that answers queries.
	Worker [32]byte
	// Session signs the queries of all accounts; nil: they do so themselves.
	Session *sdk.Session

	tb        testing.TB
	codes     map[sdk.Hash]*code
	contracts map[sdk.AccountID]*instance
	balances  map[sdk.AccountID]sdk.U128
	cache     map[string]cached
	calls     uint64 // so many were made: randomness and addresses follow from it
}

// Event is an event, as its contract's metadata writes it.
type Event struct {
	Contract sdk.AccountID
	Text     string
}

// Line is a line of a contract's log.
type Line struct {
	Contract sdk.AccountID
	Level    sdk.Level
	Text     string
}

type code struct {
	contract *sdk.Contract
	meta     *abi.Metadata
}

type instance struct {
	code  sdk.Hash
	owner sdk.AccountID
	ended bool
	state map[string]string
}

type cached struct {
	value string
	until uint64
}

// ErrTrapped is wrapped by the error of a call that broke a rule or panicked.
var ErrTrapped = errors.New("the contract trapped")

// New returns an empty world at the beginning of 2030, block 1. Faults of the
// test itself end it.
func New(tb testing.TB) *World {
	return &World{
		Time: uint64(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()), Block: 1, tb: tb,
		codes: map[sdk.Hash]*code{}, contracts: map[sdk.AccountID]*instance{}, balances: map[sdk.AccountID]sdk.U128{}, cache: map[string]cached{},
	}
}

// Pass lets time pass, and a block.
func (w *World) Pass(d time.Duration) {
	w.Time += uint64(d.Milliseconds())
	w.Block++
}

// Give puts tokens into the ledger, as a deposit does.
func (w *World) Give(to sdk.AccountID, amount uint64) {
	w.tb.Helper()
	sum, fits := w.balances[to].Add(sdk.U128{Lo: amount})
	if !fits {
		w.tb.Fatal("nobody can hold so much")
	}
	w.balances[to] = sum
}

// Balance is what an account or a contract holds in the ledger.
func (w *World) Balance(of sdk.AccountID) sdk.U128 { return w.balances[of] }

// Account is a development account: Alice, Bob or any other name.
func Account(name string) sdk.AccountID {
	p, err := keys.FromURI(keys.Sr25519, "//"+name)
	if err != nil {
		panic(fmt.Sprintf("account %q: %v", name, err))
	}
	return sdk.AccountID(p.AccountID())
}

// Text is an account or a contract as arguments and results write it.
func Text(id sdk.AccountID) string { return keys.AccountID(id).String() }

// Code makes a contract's code known, and returns the name by which contracts
// use it. Each k is a code of its own, whatever it is called.
func (w *World) Code(k *sdk.Contract) sdk.Hash {
	w.tb.Helper()
	id := sdk.Hash(hash.Blake2b256([]byte("code"), []byte(k.Name), []byte(k.Version)))
	for w.codes[id] != nil && w.codes[id].contract != k {
		id = sdk.Hash(hash.Blake2b256(id[:]))
	}
	if w.codes[id] == nil {
		m, err := abi.Describe(k, abi.Docs{})
		if err != nil {
			w.tb.Fatalf("contract %s: %v", k.Name, err)
		}
		w.codes[id] = &code{k, m}
	}
	return id
}

// Deploy makes a contract by its first constructor, and returns its name. A
// constructor that fails ends the test.
func (w *World) Deploy(from string, k *sdk.Contract, args ...string) sdk.AccountID {
	w.tb.Helper()
	id, err := w.TryDeploy(from, k, args...)
	if err != nil {
		w.tb.Fatalf("deploy %s: %v", k.Name, err)
	}
	return id
}

// TryDeploy is Deploy for constructors that may fail.
func (w *World) TryDeploy(from string, k *sdk.Contract, args ...string) (sdk.AccountID, error) {
	w.tb.Helper()
	return w.DeployPaying(from, 0, k, args...)
}

// DeployPaying is TryDeploy that gives the contract something of what from
// holds.
func (w *World) DeployPaying(from string, value uint64, k *sdk.Contract, args ...string) (sdk.AccountID, error) {
	w.tb.Helper()
	name := w.Code(k)
	entry, err := w.codes[name].meta.Constructor("")
	if err != nil {
		w.tb.Fatal(err)
	}
	input, err := w.codes[name].meta.Encode(entry, args)
	if err != nil {
		w.tb.Fatal(err)
	}
	who := Account(from)
	t := w.begin(false)
	id, out, status, why := t.instantiate(nil, who, who, name, sdk.U128{Lo: value}, fmt.Append(nil, w.calls), input)
	_, err = w.end(t, w.codes[name].meta, entry, out, status, why)
	return id, err
}

// Call sends a command, and returns what the contract gave. The error is an
// *abi.ContractError when the contract answered with one of its own.
func (w *World) Call(from string, to sdk.AccountID, message string, args ...string) (string, error) {
	w.tb.Helper()
	return w.do(false, from, sdk.U128{}, to, message, args)
}

// Pay is Call that gives the contract something of what from holds.
func (w *World) Pay(from string, value uint64, to sdk.AccountID, message string, args ...string) (string, error) {
	w.tb.Helper()
	return w.do(false, from, sdk.U128{Lo: value}, to, message, args)
}

// Query asks a contract; nothing of it is kept.
func (w *World) Query(from string, to sdk.AccountID, message string, args ...string) (string, error) {
	w.tb.Helper()
	return w.do(true, from, sdk.U128{}, to, message, args)
}

func (w *World) do(query bool, from string, value sdk.U128, to sdk.AccountID, message string, args []string) (string, error) {
	w.tb.Helper()
	c := w.contracts[to]
	if c == nil || c.ended {
		return "", errors.New("there is no such contract")
	}
	meta := w.codes[c.code].meta
	entry, err := meta.Message(message)
	if err != nil {
		w.tb.Fatal(err)
	}
	input, err := meta.Encode(entry, args)
	if err != nil {
		w.tb.Fatal(err)
	}
	t := w.begin(query)
	out, status, why := t.call(nil, Account(from), to, 0, value, input)
	return w.end(t, meta, entry, out, status, why)
}

// Refused tells whether err is the error of a contract with that name.
func Refused(err error, name string) bool {
	e, ok := errors.AsType[*abi.ContractError](err)
	return ok && e.Name == name
}

// begin begins a transaction.
func (w *World) begin(query bool) *transaction {
	w.calls++
	return &transaction{w: w, query: query, contracts: copied(w.contracts), balances: maps.Clone(w.balances)}
}

func copied(m map[sdk.AccountID]*instance) map[sdk.AccountID]*instance {
	out := make(map[sdk.AccountID]*instance, len(m))
	for id, c := range m {
		d := *c
		d.state = maps.Clone(c.state)
		out[id] = &d
	}
	return out
}

// end keeps what a transaction changed, if it is to be kept, and reads its
// output.
func (w *World) end(t *transaction, meta *abi.Metadata, entry *abi.Entry, out []byte, status sdk.CallStatus, why string) (string, error) {
	if !t.query {
		w.Lines = append(w.Lines, t.lines...)
	}
	switch status {
	case sdk.Done:
		if !t.query {
			w.contracts, w.balances = t.contracts, t.balances
			w.Events = append(w.Events, t.events...)
		}
		if out == nil { // the contract ended
			return "()", nil
		}
	case sdk.Reverted:
	case sdk.TransferFailed:
		return "", errors.New(why)
	default:
		return "", fmt.Errorf("%w: %s", ErrTrapped, why)
	}
	return meta.Decode(entry, out)
}
