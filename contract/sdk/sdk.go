// Package sdk is for writing confidential contracts in Go, with the stock
// toolchain:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w -buildid='
//
// A contract is one [Contract] value: its constructors, its messages, its
// events, its errors and what it stores. Two exported functions, deploy and
// call, hand over to it. Arguments, results, events and stored values are SCALE,
// laid out as ink! 5 does, and selectors are ink!'s, so that tools for ink!
// contracts can talk to contracts in Go.
//
// Handlers reach the world through the [Call] they are given, so that the same
// handlers run natively over package sdktest. The package uses neither
// reflection nor fmt, which keeps contracts small, and offers no goroutines
// and no clocks of its own.
package sdk

// AccountID is an account, or a contract.
type AccountID [32]byte

// Hash is a 32-byte hash.
type Hash [32]byte

// Host is the world of a call: the contract interface inside an enclave, or a
// sdktest.World in a test.
type Host interface {
	// Input is what the call was given.
	Input() []byte
	// Caller is the account or contract that made the call.
	Caller() AccountID
	// Self is the contract, Owner who made it.
	Self() AccountID
	Owner() AccountID
	// Value is what the caller gave to the contract with the call, which has it.
	Value() U128
	// Balance is what the contract holds.
	Balance() U128
	// Transfer gives something of it to an account or a contract, which does not
	// run. It is false when the contract holds less.
	Transfer(to AccountID, amount U128) bool
	// Now is the block's time in ms since 1970, Block its number.
	Now() uint64
	Block() uint32
	// InTransaction is false in a query, whose changes are dropped.
	InTransaction() bool
	// Certificate tells who began the transaction and how that is known. Of a call
	// that another contract makes, the caller is that contract.
	Certificate() Certificate
	// Worker is the public key of the worker that answers a query, sr25519. Commands
	// have none: replicas have each their own, and must agree.
	Worker() (key [32]byte, query bool)

	Load(key []byte) ([]byte, bool)
	Store(key, value []byte)
	Remove(key []byte)
	// Emit deposits an event. Its owner finds it in the contract's log.
	Emit(topics []Hash, data []byte)
	// Log writes a line for the contract's owner, who alone can read it. It stays
	// when the call fails.
	Log(level Level, text string)
	// Debug writes text that a test shows, and nobody else.
	Debug(text string)

	// CallContract calls another contract of the cluster and gives it value. What it
	// changed is undone, and the value comes back, unless the status is Done.
	CallContract(to AccountID, flags CallFlags, value U128, input []byte) (output []byte, status CallStatus)
	// Instantiate makes a contract of a code that the cluster knows, and gives it
	// value. Its owner is this contract's.
	Instantiate(code Hash, value U128, salt, input []byte) (made AccountID, output []byte, status CallStatus)
	// SetCode gives this contract another code from the next call on. It is false
	// when the cluster does not know the code.
	SetCode(code Hash) bool
	// Terminate ends this contract for ever and gives what it holds to heir. It does
	// not return.
	Terminate(heir AccountID)

	Blake2b256(data []byte) Hash
	// Random fills b with what nobody could foretell when the command was sent; it
	// is the same on all replicas.
	Random(b []byte)
	// Key returns a secret of this contract: always the same for a label.
	Key(label string) [32]byte
	PublicKey(scheme Scheme, key [32]byte) []byte
	Sign(scheme Scheme, key [32]byte, message []byte) []byte
	Verify(scheme Scheme, public, message, signature []byte) bool

	// Fetch makes an HTTP request. Queries alone can: in a command the status is
	// FetchUnavailable.
	Fetch(r Request) Response

	// CacheSet remembers a value on this machine for some seconds; CacheGet finds
	// it again. Commands find nothing: what one machine remembers must not decide.
	CacheSet(key, value []byte, seconds uint64) bool
	CacheGet(key []byte) ([]byte, bool)
}

// Certificate is who began a transaction, and how that is known.
type Certificate struct {
	Account AccountID
	// Command tells that the account signed the command. Else it is a query, of
	// which the rest tells.
	Command bool
	// Scheme is that of the account's signature of the query, if there is no session.
	Scheme Scheme
	// Session is what signed the query for the account, which had signed that it may;
	// nil: the account itself did.
	Session *Session
}

// Session is a key, sr25519, that asks in the name of an account.
type Session struct {
	Key   [32]byte
	Until uint32 // the last block in which it may
}

// Level is the level of a line of the log.
type Level uint8

// The levels.
const (
	LevelError Level = 1
	LevelWarn  Level = 2
	LevelInfo  Level = 3
	LevelDebug Level = 4
)

// Scheme is a kind of signature.
type Scheme uint8

// The schemes.
const (
	Ed25519 Scheme = 0
	Sr25519 Scheme = 1
	Ecdsa   Scheme = 2
)

// Call is one running call of a contract.
type Call struct {
	Host
}

// Contract describes a contract.
type Contract struct {
	Name, Version string
	Storage       []Stored
	Errors        []*Error
	Events        []EventInfo
	Constructors  []Entry
	Messages      []Entry
}

// Error is an error of a contract. A message that returns one changes nothing.
type Error struct{ name string }

// NewError returns an error, which is to be listed in Contract.Errors. Callers
// are told its place in that list, and metadata its name.
func NewError(name string) *Error { return &Error{name} }

// Error returns the name.
func (e *Error) Error() string { return e.name }

// errInput is returned for input that is not a call of this contract.
var errInput error = NewError("input does not decode")

// Run handles the call whose input the host has, and returns the output and
// whether the call's changes are to be dropped:
//
//	00 00 value   the result
//	00 01 error   the place of an Error of the contract; reverts
//	01 01         the input could not be read; reverts
//
// A call that gives money to an entry that is not Payable traps.
func (k *Contract) Run(h Host, entries []Entry) (output []byte, revert bool) {
	c := &Call{h}
	input := h.Input()
	if len(input) >= 4 {
		for i := range entries {
			e := &entries[i]
			if sel := h.Blake2b256([]byte(e.Name)); string(sel[:4]) != string(input[:4]) {
				continue
			}
			if !e.Payable && !h.Value().IsZero() {
				panic(e.Name + " takes no money")
			}
			value, err := e.run(c, &Reader{b: input[4:]})
			if err == nil {
				return append([]byte{0, 0}, value...), false
			}
			if err == errInput {
				break
			}
			for i, known := range k.Errors {
				if err == error(known) {
					return []byte{0, 1, byte(i)}, true
				}
			}
			panic("handler returned an error that the contract does not list: " + err.Error())
		}
	}
	return []byte{1, 1}, true
}
