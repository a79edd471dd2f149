package sdktest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// Limits, as package host has them.
const (
	maxDepth  = 5
	maxKey    = 128
	maxValue  = 16 << 10
	maxInput  = 64 << 10
	maxLine   = 1 << 10
	maxEvents = 256

	maxRequests = 5
)

// transaction is what all calls of one transaction change.
type transaction struct {
	w         *World
	query     bool
	contracts map[sdk.AccountID]*instance
	balances  map[sdk.AccountID]sdk.U128
	events    []Event
	lines     []Line
	requests  int    // over HTTP
	random    uint64 // bytes of randomness that were read, in blocks
}

// frame is one running call of one contract: sdk.Host.
type frame struct {
	t            *transaction
	parent       *frame
	depth        int
	self, caller sdk.AccountID
	value        sdk.U128
	input        []byte
	readOnly     bool
	constructing bool
	reentry      bool // the call below may come back
}

var _ sdk.Host = (*frame)(nil)

// trapped is the panic of a call that breaks a rule.
type trapped string

// ended is the panic of a contract that terminated.
type ended struct{}

// move gives amount of what from holds to to, if it holds as much.
func (t *transaction) move(from, to sdk.AccountID, amount sdk.U128) bool {
	left, enough := t.balances[from].Sub(amount)
	if !enough {
		return false
	}
	t.balances[from] = left
	more, fits := t.balances[to].Add(amount)
	if !fits { // so much is never given to anybody
		panic(trapped("more money than there is"))
	}
	t.balances[to] = more
	return true
}

// call runs a message. What it changed is undone unless it is done.
func (t *transaction) call(parent *frame, caller, to sdk.AccountID, flags sdk.CallFlags, value sdk.U128, input []byte) ([]byte, sdk.CallStatus, string) {
	c := t.contracts[to]
	if c == nil || c.ended || parent.making(to) {
		return nil, sdk.NoContract, "there is no such contract"
	}
	f := &frame{t: t, parent: parent, self: to, caller: caller, value: value, input: input, reentry: true}
	k := t.w.codes[c.code].contract
	return t.run(f, flags, k, k.Messages)
}

func (t *transaction) instantiate(parent *frame, deployer, owner sdk.AccountID, name sdk.Hash, value sdk.U128, salt, input []byte) (sdk.AccountID, []byte, sdk.CallStatus, string) {
	k := t.w.codes[name]
	if k == nil {
		return sdk.AccountID{}, nil, sdk.NoCode, "there is no such code"
	}
	id := sdk.AccountID(hash.Blake2b256(deployer[:], name[:], salt))
	if t.contracts[id] != nil {
		panic(trapped("the contract exists"))
	}
	t.contracts[id] = &instance{code: name, owner: owner, state: map[string]string{}}
	f := &frame{t: t, parent: parent, self: id, caller: deployer, value: value, input: input, reentry: true, constructing: true}
	out, status, why := t.run(f, 0, k.contract, k.contract.Constructors)
	if status != sdk.Done {
		delete(t.contracts, id)
	}
	return id, out, status, why
}

func (t *transaction) run(f *frame, flags sdk.CallFlags, k *sdk.Contract, entries []sdk.Entry) (out []byte, status sdk.CallStatus, why string) {
	f.readOnly = flags&sdk.ReadOnly != 0
	if f.parent != nil {
		f.depth, f.readOnly = f.parent.depth+1, f.readOnly || f.parent.readOnly
	}
	before, balances, events := copied(t.contracts), maps.Clone(t.balances), len(t.events)
	if !t.move(f.caller, f.self, f.value) {
		return nil, sdk.TransferFailed, "the caller holds less than the value"
	}
	defer func() {
		// A contract that panics traps, and its caller goes on.
		switch fault := recover().(type) {
		case nil:
		case ended:
			out, status = nil, sdk.Done
		case trapped:
			out, status, why = nil, sdk.Trapped, string(fault)
		default:
			out, status, why = nil, sdk.Trapped, fmt.Sprintf("panic: %v\n%s", fault, debug.Stack())
		}
		if status != sdk.Done {
			t.contracts, t.balances, t.events = before, balances, t.events[:events]
		}
	}()
	out, revert := k.Run(f, entries)
	if len(out) > maxInput {
		panic(trapped("output too long"))
	}
	if revert {
		status = sdk.Reverted
	}
	return out, status, why
}

// making tells whether the constructor of a contract runs.
func (f *frame) making(id sdk.AccountID) bool {
	for g := f; g != nil; g = g.parent {
		if g.constructing && g.self == id {
			return true
		}
	}
	return false
}

func (f *frame) mine() *instance { return f.t.contracts[f.self] }

func (f *frame) changes(what string) {
	if f.readOnly {
		panic(trapped(what + " in a read-only call"))
	}
}

func (f *frame) Input() []byte {
	return f.input
}

func (f *frame) Caller() sdk.AccountID { return f.caller }
func (f *frame) Self() sdk.AccountID   { return f.self }
func (f *frame) Owner() sdk.AccountID  { return f.mine().owner }
func (f *frame) Value() sdk.U128       { return f.value }
func (f *frame) Balance() sdk.U128     { return f.t.balances[f.self] }
func (f *frame) Now() uint64           { return f.t.w.Time }
func (f *frame) Block() uint32         { return f.t.w.Block }
func (f *frame) InTransaction() bool   { return !f.t.query }

func (f *frame) Worker() (key [32]byte, query bool) {
	if f.t.query {
		key = f.t.w.Worker
	}
	return key, f.t.query
}

func (f *frame) Certificate() sdk.Certificate {
	first := f
	for first.parent != nil {
		first = first.parent
	}
	c := sdk.Certificate{Account: first.caller, Command: !f.t.query}
	if f.t.query {
		c.Scheme, c.Session = sdk.Sr25519, f.t.w.Session
	}
	if c.Session != nil {
		c.Scheme = 0
	}
	return c
}

func (f *frame) Transfer(to sdk.AccountID, amount sdk.U128) bool {
	f.changes("money moved") // nothing, too
	if c := f.t.contracts[to]; c != nil && c.ended {
		return false
	}
	return f.t.move(f.self, to, amount)
}

func (f *frame) Load(key []byte) ([]byte, bool) {
	checkKey(key)
	v, ok := f.mine().state[string(key)]
	return []byte(v), ok
}

func checkKey(key []byte) {
	if len(key) > maxKey {
		panic(trapped("storage key too long"))
	}
}

func (f *frame) Store(key, value []byte) {
	checkKey(key)
	f.changes("state changed")
	if len(value) > maxValue {
		panic(trapped("value too long"))
	}
	f.mine().state[string(key)] = string(value)
}

func (f *frame) Remove(key []byte) {
	checkKey(key)
	f.changes("state changed")
	delete(f.mine().state, string(key))
}

func (f *frame) Emit(topics []sdk.Hash, data []byte) {
	f.changes("event")
	if len(data) > maxValue || len(topics) > 4 {
		panic(trapped("event too long"))
	}
	if len(f.t.events) >= maxEvents {
		panic(trapped("too many events"))
	}
	list := make([]hash.H256, len(topics))
	for i, t := range topics {
		list[i] = hash.H256(t)
	}
	text, err := f.t.w.codes[f.mine().code].meta.DecodeEvent(list, data)
	if err != nil {
		text = fmt.Sprintf("%x (%v)", data, err)
	}
	f.t.events = append(f.t.events, Event{f.self, text})
}

func (f *frame) Log(level sdk.Level, text string) {
	if len(text) > maxLine {
		panic(trapped("line of the log too long"))
	}
	if utf8.ValidString(text) {
		f.t.lines = append(f.t.lines, Line{f.self, level, text})
	}
}

func (f *frame) Debug(text string) {
	f.t.w.Debug = append(f.t.w.Debug, strings.TrimSuffix(text, "\n"))
}

func (f *frame) CallContract(to sdk.AccountID, flags sdk.CallFlags, value sdk.U128, input []byte) ([]byte, sdk.CallStatus) {
	if !value.IsZero() {
		f.changes("money moved")
		if flags&sdk.ReadOnly != 0 {
			panic(trapped("money moved in a read-only call"))
		}
	}
	if f.depth+1 >= maxDepth {
		panic(trapped("calls nest too deep"))
	}
	if len(input) > maxInput {
		panic(trapped("input too long"))
	}
	f.reentry = flags&sdk.AllowReentry != 0
	defer func() { f.reentry = true }()
	for g := f; g != nil; g = g.parent {
		if g.self == to && !g.reentry {
			panic(trapped("the callee does not allow to be entered again"))
		}
	}
	out, status, _ := f.t.call(f, f.self, to, flags, value, append([]byte(nil), input...))
	return out, status
}

func (f *frame) Instantiate(code sdk.Hash, value sdk.U128, salt, input []byte) (sdk.AccountID, []byte, sdk.CallStatus) {
	f.changes("contract made")
	if f.depth+1 >= maxDepth {
		panic(trapped("calls nest too deep"))
	}
	id, out, status, _ := f.t.instantiate(f, f.self, f.Owner(), code, value, salt, append([]byte(nil), input...))
	return id, out, status
}

func (f *frame) SetCode(code sdk.Hash) bool {
	f.changes("code changed")
	if f.t.w.codes[code] == nil {
		return false
	}
	f.mine().code = code
	return true
}

func (f *frame) Terminate(heir sdk.AccountID) {
	f.changes("contract ended")
	if f.constructing {
		panic(trapped("contract ended in its constructor"))
	}
	for g := f.parent; g != nil; g = g.parent {
		if g.self == f.self {
			panic(trapped("contract ended while another call of it runs"))
		}
	}
	held, other := f.Balance(), f.t.contracts[heir]
	if !held.IsZero() && (heir == f.self || other != nil && other.ended) {
		panic(trapped("the money of the contract would be lost"))
	}
	f.t.move(f.self, heir, held)
	f.mine().ended, f.mine().state = true, nil
	panic(ended{})
}

func (f *frame) Blake2b256(data []byte) sdk.Hash { return sdk.Hash(hash.Blake2b256(data)) }

// Random gives the same in every run of a test, and other bytes in every call.
func (f *frame) Random(b []byte) {
	for len(b) > 0 {
		f.t.random++
		seed := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, f.t.w.calls), f.t.random)
		h := hash.Blake2b256([]byte("random"), seed)
		b = b[copy(b, h[:]):]
	}
}

func (f *frame) Key(label string) [32]byte {
	if len(label) > maxKey {
		panic(trapped("label of a key too long"))
	}
	return hash.Blake2b256([]byte("key"), f.self[:], []byte(label))
}

func pair(scheme sdk.Scheme, key [32]byte) keys.Pair {
	if scheme > sdk.Ecdsa {
		panic(trapped("unknown kind of signature"))
	}
	p, err := keys.NewPair(keys.Scheme(scheme), key)
	if err != nil {
		panic(trapped("the key is none"))
	}
	return p
}

func (f *frame) PublicKey(scheme sdk.Scheme, key [32]byte) []byte { return pair(scheme, key).Public() }

func (f *frame) Sign(scheme sdk.Scheme, key [32]byte, message []byte) []byte {
	return pair(scheme, key).Sign(message)
}

func (f *frame) Verify(scheme sdk.Scheme, public, message, signature []byte) bool {
	return scheme <= sdk.Ecdsa && keys.Verify(keys.Scheme(scheme), public, message, signature)
}

func (f *frame) Fetch(r sdk.Request) sdk.Response {
	switch f.t.requests++; {
	case !f.t.query:
		return sdk.Response{Status: sdk.FetchUnavailable, Reason: "there is no network in commands"}
	case f.t.requests > maxRequests:
		panic(trapped("too many requests in one query"))
	case f.t.w.Web == nil:
		return sdk.Response{Status: sdk.FetchFailed, Reason: "the server cannot be reached"}
	}
	return f.t.w.Web(r)
}

func (f *frame) CacheSet(key, value []byte, seconds uint64) bool {
	if f.t.query {
		f.t.w.cache[string(f.self[:])+string(key)] = cached{string(value), f.t.w.Time + seconds*1000}
	}
	return true
}

func (f *frame) CacheGet(key []byte) ([]byte, bool) {
	v, ok := f.t.w.cache[string(f.self[:])+string(key)]
	if !f.t.query || !ok || v.until <= f.t.w.Time {
		return nil, false
	}
	return []byte(v.value), true
}
