// Package sdk is for writing confidential contracts in Go, with the stock
// toolchain:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w -buildid='
//
// A contract is one [Contract] value: its constructors, its messages and the
// names of its errors. Two exported functions, deploy and call, hand over to it.
// Arguments and results are SCALE, laid out as ink! 5 does, and selectors are
// ink!'s, so that tools for ink! contracts can talk to contracts in Go.
//
// Handlers reach the world through the [Call] they are given, so that the same
// handlers run natively over a [World] in unit tests. The package uses neither
// reflection nor fmt, which keeps contracts small, and offers no goroutines,
// clocks or randomness of its own.
package sdk

// AccountID is an account, or a contract.
type AccountID [32]byte

// Hash is a 32-byte hash.
type Hash [32]byte

// Host is the world of a call: the contract interface inside an enclave, or a
// World in a test.
type Host interface {
	Input() []byte
	Caller() AccountID
	Self() AccountID
	Value() U128
	Now() uint64 // ms since 1970, of the block
	Block() uint32
	Load(key []byte) ([]byte, bool)
	Store(key, value []byte)
	Remove(key []byte)
	Emit(topics []Hash, data []byte)
	// CallContract calls another contract of the cluster. What it changed is undone
	// unless the status is Done.
	CallContract(to AccountID, input []byte) (output []byte, status CallStatus)
	Blake2b256(data []byte) Hash
	Debug(text string)
}

// CallStatus is how a call of another contract ended.
type CallStatus uint32

// The ways in which a call ends.
const (
	Done       CallStatus = 0
	Trapped    CallStatus = 1
	Reverted   CallStatus = 2
	NoContract CallStatus = 8
)

// Call is one running call of a contract.
type Call struct {
	Host
}

// Error is an error of a contract: the number of its name in Contract.Errors.
// A message that returns one changes nothing.
type Error uint8

// Error returns a fixed text; clients show the name from the metadata.
func (e Error) Error() string { return "contract error" }

// Contract describes a contract.
type Contract struct {
	Name, Version string
	Errors        []string // names, in the order of the Error values
	Constructors  []Entry
	Messages      []Entry
}

// Entry is a constructor or a message, made by Constructor0, View0, Action1 and
// their like.
type Entry struct {
	Name, Doc string
	Args      []Param
	Result    string // its type
	Mutates   bool
	run       func(c *Call, args *Reader) ([]byte, error)
}

// Param is the name and the type of an argument, as metadata shows them.
type Param struct{ Name, Type string }

// Argument is a named argument of type T.
type Argument[T any] struct {
	name  string
	codec Codec[T]
}

// Arg names an argument.
func Arg[T any](name string, codec Codec[T]) Argument[T] { return Argument[T]{name, codec} }

func (a Argument[T]) param() Param { return Param{a.name, a.codec.Type} }

// Constructor0 is a constructor without arguments.
func Constructor0(name, doc string, do func(c *Call) error) Entry {
	return Action0(name, doc, Unit, func(c *Call) (struct{}, error) { return struct{}{}, do(c) })
}

// Constructor1 is a constructor with one argument.
func Constructor1[A any](name, doc string, a Argument[A], do func(c *Call, a A) error) Entry {
	return Action1(name, doc, a, Unit, func(c *Call, v A) (struct{}, error) { return struct{}{}, do(c, v) })
}

// View0 is a message without arguments that changes nothing.
func View0[R any](name, doc string, result Codec[R], do func(c *Call) (R, error)) Entry {
	return Entry{Name: name, Doc: doc, Result: result.Type, run: func(c *Call, args *Reader) ([]byte, error) {
		if !args.done() {
			return nil, errInput
		}
		return reply(result)(do(c))
	}}
}

// View1 is a message with one argument that changes nothing.
func View1[A, R any](name, doc string, a Argument[A], result Codec[R], do func(c *Call, a A) (R, error)) Entry {
	return Entry{Name: name, Doc: doc, Args: []Param{a.param()}, Result: result.Type, run: func(c *Call, args *Reader) ([]byte, error) {
		v := a.codec.Read(args)
		if !args.done() {
			return nil, errInput
		}
		return reply(result)(do(c, v))
	}}
}

// View2 is a message with two arguments that changes nothing.
func View2[A, B, R any](name, doc string, a Argument[A], b Argument[B], result Codec[R], do func(c *Call, a A, b B) (R, error)) Entry {
	return Entry{Name: name, Doc: doc, Args: []Param{a.param(), b.param()}, Result: result.Type, run: func(c *Call, args *Reader) ([]byte, error) {
		v := a.codec.Read(args)
		w := b.codec.Read(args)
		if !args.done() {
			return nil, errInput
		}
		return reply(result)(do(c, v, w))
	}}
}

// Action0 is a message without arguments that may change the state.
func Action0[R any](name, doc string, result Codec[R], do func(c *Call) (R, error)) Entry {
	return mutating(View0(name, doc, result, do))
}

// Action1 is a message with one argument that may change the state.
func Action1[A, R any](name, doc string, a Argument[A], result Codec[R], do func(c *Call, a A) (R, error)) Entry {
	return mutating(View1(name, doc, a, result, do))
}

// Action2 is a message with two arguments that may change the state.
func Action2[A, B, R any](name, doc string, a Argument[A], b Argument[B], result Codec[R], do func(c *Call, a A, b B) (R, error)) Entry {
	return mutating(View2(name, doc, a, b, result, do))
}

func mutating(e Entry) Entry {
	e.Mutates = true
	return e
}

func reply[R any](codec Codec[R]) func(R, error) ([]byte, error) {
	return func(v R, err error) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		return codec.Append(nil, v), nil
	}
}

// Selector begins the input of a call: the selector of a message, to which the
// caller appends arguments by their codecs.
func (c *Call) Selector(message string) []byte {
	sel := c.Blake2b256([]byte(message))
	return sel[:4:4]
}

// errInput is returned for input that is not a call of this contract.
var errInput error = inputError{}

type inputError struct{}

func (inputError) Error() string { return "input does not decode" }

// Run handles the call whose input the host has, and returns the output and
// whether the call's changes are to be dropped:
//
//	00 00 value   the result
//	00 01 error   an Error of the contract; reverts
//	01 01         the input could not be read; reverts
func (k *Contract) Run(h Host, entries []Entry) (output []byte, revert bool) {
	c := &Call{h}
	input := h.Input()
	if len(input) >= 4 {
		for i := range entries {
			e := &entries[i]
			sel := h.Blake2b256([]byte(e.Name))
			if string(sel[:4]) != string(input[:4]) {
				continue
			}
			value, err := e.run(c, &Reader{b: input[4:]})
			if err == nil {
				return append([]byte{0, 0}, value...), false
			}
			if code, ok := err.(Error); ok {
				return []byte{0, 1, byte(code)}, true
			}
			if err == errInput {
				break
			}
			panic("handler returned an error that is not an sdk.Error: " + err.Error())
		}
	}
	return []byte{1, 1}, true
}
