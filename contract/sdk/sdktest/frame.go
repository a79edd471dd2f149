package sdktest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tacit-network/tacit/contract/abi"
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
	maxLines  = 64
	maxEvents = 256
	maxSalt   = 128
	maxCodes  = 12
	maxRandom = 64 << 10

	maxWritten = 16 << 20
	entrySize  = 64 + 1 // beside key and value: what each costs, and the mark of its key

	maxRequests = 5
	maxSeconds  = 365 * 24 * 3600 // in the cache
)

// unknownFlags is the least of the flags of calls that package host does not know.
const unknownFlags = 32

// transaction is what all calls of one transaction change.
type transaction struct {
	w         *World
	query     bool
	contracts map[sdk.AccountID]*instance
	balances  map[sdk.AccountID]sdk.U128
	events    []Event
	lines     []Line
	codes     []sdk.Hash // that ran
	written   int        // bytes, also by what was undone
	requests  int        // over HTTP
	random    uint64     // bytes of randomness that were read, in blocks
}

// frame is one running call of one contract: sdk.Host.
type frame struct {
	t            *transaction
	meta         *abi.Metadata // of the code that runs
	parent       *frame
	depth        int
	self, caller sdk.AccountID
	value        sdk.U128
	input        []byte
	readOnly     bool
	constructing bool
	reentry      bool // the call below may come back
	over         any  // how the call ended; only deferred functions of the contract still run
}

var _ sdk.Host = (*frame)(nil)

// trapped is the panic of a call that breaks a rule.
type trapped string

// ended is the panic of a contract that terminated.
type ended struct{}

// stop ends the call. In an enclave nothing of the contract runs any more; here
// its deferred functions do, which change nothing of how it ended.
func (f *frame) stop(how any) {
	f.over = how
	panic(how)
}

func (f *frame) trap(why string) { f.stop(trapped(why)) }

// goesOn refuses what a deferred function does after the end of its call.
func (f *frame) goesOn() {
	if f.over != nil {
		panic(f.over)
	}
}

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
	k := t.w.codes[c.code]
	f := &frame{t: t, meta: k.meta, parent: parent, self: to, caller: caller, value: value, input: input, reentry: true}
	return t.run(f, flags, c.code, k.contract.Messages)
}

func (t *transaction) instantiate(parent *frame, deployer, owner sdk.AccountID, name sdk.Hash, value sdk.U128, salt, input []byte) (sdk.AccountID, []byte, sdk.CallStatus, string) {
	k := t.w.codes[name]
	if k == nil {
		return sdk.AccountID{}, nil, sdk.NoCode, "there is no such code"
	}
	id := sdk.AccountID(hash.Blake2b256(deployer[:], name[:], salt))
	if t.contracts[id] != nil {
		parent.trap("the contract exists")
	}
	t.contracts[id] = &instance{code: name, owner: owner, state: map[string]string{}}
	f := &frame{t: t, meta: k.meta, parent: parent, self: id, caller: deployer, value: value, input: input, reentry: true, constructing: true}
	out, status, why := t.run(f, 0, name, k.contract.Constructors)
	if status != sdk.Done {
		delete(t.contracts, id)
	}
	return id, out, status, why
}

func (t *transaction) run(f *frame, flags sdk.CallFlags, name sdk.Hash, entries []sdk.Entry) (out []byte, status sdk.CallStatus, why string) {
	f.readOnly = flags&sdk.ReadOnly != 0
	if f.parent != nil {
		f.depth, f.readOnly = f.parent.depth+1, f.readOnly || f.parent.readOnly
	}
	before, balances, events := copied(t.contracts), maps.Clone(t.balances), len(t.events)
	if !t.move(f.caller, f.self, f.value) {
		return nil, sdk.TransferFailed, "the caller holds less than the value"
	}
	if !slices.Contains(t.codes, name) {
		if len(t.codes) >= maxCodes {
			f.parent.trap("too many codes in one transaction")
		}
		t.codes = append(t.codes, name)
	}
	defer func() {
		// A contract that panics traps, and its caller goes on.
		fault := recover()
		if f.over != nil {
			fault = f.over
		}
		switch fault := fault.(type) {
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
	out, revert := t.w.codes[name].contract.Run(f, entries)
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
	f.goesOn()
	if f.readOnly {
		f.trap(what + " in a read-only call")
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
	f.checkKey(key)
	v, ok := f.mine().state[string(key)]
	return []byte(v), ok
}

func (f *frame) checkKey(key []byte) {
	if len(key) > maxKey {
		f.trap("storage key too long")
	}
}

func (f *frame) Store(key, value []byte) {
	f.checkKey(key)
	f.changes("state changed")
	if len(value) > maxValue {
		f.trap("value too long")
	}
	f.writes(key, value)
	f.mine().state[string(key)] = string(value)
}

// writes counts what is written, as package host does.
func (f *frame) writes(key, value []byte) {
	if f.t.written += entrySize + len(key) + len(value); f.t.written > maxWritten {
		f.trap("the call writes too much")
	}
}

func (f *frame) Remove(key []byte) {
	f.checkKey(key)
	f.changes("state changed")
	f.writes(key, nil)
	delete(f.mine().state, string(key))
}

func (f *frame) Emit(topics []sdk.Hash, data []byte) {
	f.changes("event")
	if len(data) > maxValue || len(topics) > 4 {
		f.trap("event too long")
	}
	if len(f.t.events) >= maxEvents {
		f.trap("too many events")
	}
	list := make([]hash.H256, len(topics))
	for i, t := range topics {
		list[i] = hash.H256(t)
	}
	text, err := f.meta.DecodeEvent(list, data)
	if err != nil {
		text = fmt.Sprintf("%x (%v)", data, err)
	}
	f.t.events = append(f.t.events, Event{f.self, text})
}

func (f *frame) Log(level sdk.Level, text string) {
	f.goesOn()
	if len(text) > maxLine {
		f.trap("line of the log too long")
	}
	if level >= sdk.LevelError && level <= sdk.LevelDebug+1 && utf8.ValidString(text) && len(f.t.lines) < maxLines {
		f.t.lines = append(f.t.lines, Line{f.self, level, text})
	}
}

func (f *frame) Debug(text string) {
	f.t.w.Debug = append(f.t.w.Debug, strings.TrimSuffix(text, "\n"))
}

func (f *frame) CallContract(to sdk.AccountID, flags sdk.CallFlags, value sdk.U128, input []byte) ([]byte, sdk.CallStatus) {
	f.goesOn()
	if flags >= unknownFlags {
		f.trap("unknown call flags")
	}
	if !value.IsZero() {
		f.changes("money moved")
		if flags&sdk.ReadOnly != 0 {
			f.trap("money moved in a read-only call")
		}
	}
	f.below(input)
	f.reentry = flags&sdk.AllowReentry != 0
	defer func() { f.reentry = true }()
	for g := f; g != nil; g = g.parent {
		if g.self == to && !g.reentry {
			f.trap("the callee does not allow to be entered again")
		}
	}
	out, status, _ := f.t.call(f, f.self, to, flags, value, append([]byte(nil), input...))
	return out, status
}

// below refuses a call that is one too deep, or is given too much.
func (f *frame) below(input []byte) {
	if f.depth+1 >= maxDepth {
		f.trap("calls nest too deep")
	}
	if len(input) > maxInput {
		f.trap("input too long")
	}
}

func (f *frame) Instantiate(code sdk.Hash, value sdk.U128, salt, input []byte) (sdk.AccountID, []byte, sdk.CallStatus) {
	f.changes("contract made")
	if len(salt) > maxSalt {
		f.trap("salt too long")
	}
	f.below(input)
	id, out, status, _ := f.t.instantiate(f, f.self, f.Owner(), code, value, salt, append([]byte(nil), input...))
	if status != sdk.Done {
		id = sdk.AccountID{}
	}
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
		f.trap("contract ended in its constructor")
	}
	for g := f.parent; g != nil; g = g.parent {
		if g.self == f.self {
			f.trap("contract ended while another call of it runs")
		}
	}
	held, other := f.Balance(), f.t.contracts[heir]
	if !held.IsZero() && (heir == f.self || other != nil && other.ended) {
		f.trap("the money of the contract would be lost")
	}
	f.t.move(f.self, heir, held)
	f.mine().ended, f.mine().state = true, nil
	f.stop(ended{})
}

func (f *frame) Blake2b256(data []byte) sdk.Hash { return sdk.Hash(hash.Blake2b256(data)) }

// Random gives the same in every run of a test, and other bytes in every call.
func (f *frame) Random(b []byte) {
	if len(b) > maxRandom {
		f.trap("too much randomness")
	}
	for len(b) > 0 {
		f.t.random++
		seed := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, f.t.w.calls), f.t.random)
		h := hash.Blake2b256([]byte("random"), seed)
		b = b[copy(b, h[:]):]
	}
}

func (f *frame) Key(label string) [32]byte {
	if len(label) > maxKey {
		f.trap("label of a key too long")
	}
	return hash.Blake2b256([]byte("key"), f.self[:], []byte(label))
}

func (f *frame) pair(scheme sdk.Scheme, key [32]byte) keys.Pair {
	if scheme > sdk.Ecdsa {
		f.trap("unknown kind of signature")
	}
	p, err := keys.NewPair(keys.Scheme(scheme), key)
	if err != nil {
		f.trap("the key is none")
	}
	return p
}

func (f *frame) PublicKey(scheme sdk.Scheme, key [32]byte) []byte {
	return f.pair(scheme, key).Public()
}

func (f *frame) Sign(scheme sdk.Scheme, key [32]byte, message []byte) []byte {
	return f.pair(scheme, key).Sign(message)
}

func (f *frame) Verify(scheme sdk.Scheme, public, message, signature []byte) bool {
	return scheme <= sdk.Ecdsa && keys.Verify(keys.Scheme(scheme), public, message, signature)
}

func (f *frame) Fetch(r sdk.Request) sdk.Response {
	switch f.t.requests++; {
	case !f.t.query:
		return sdk.Response{Status: sdk.FetchUnavailable, Reason: "there is no network in commands"}
	case f.t.requests > maxRequests:
		f.trap("too many requests in one query")
	case f.t.w.Web == nil:
		return sdk.Response{Status: sdk.FetchFailed, Reason: "the server cannot be reached"}
	}
	return f.t.w.Web(r)
}

func (f *frame) CacheSet(key, value []byte, seconds uint64) bool {
	f.goesOn()
	if len(key) > maxKey || len(value) > maxValue {
		f.trap("cached value too long")
	}
	if f.t.query {
		f.t.w.cache[string(f.self[:])+string(key)] = cached{string(value), f.t.w.Time + min(seconds, maxSeconds)*1000}
	}
	return true
}

func (f *frame) CacheGet(key []byte) ([]byte, bool) {
	if len(key) > maxKey {
		f.trap("cached value too long")
	}
	v, ok := f.t.w.cache[string(f.self[:])+string(key)]
	if !f.t.query || !ok || v.until <= f.t.w.Time {
		return nil, false
	}
	return []byte(v.value), true
}
