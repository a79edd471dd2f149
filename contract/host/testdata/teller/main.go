//go:build wasip1

// Command teller is a contract that raises somebody else's counter, makes
// contracts, becomes another one and ends.
package main

import (
	"errors"
	"unsafe"

	"github.com/tacit-network/tacit/contract/sdk"
)

var (
	refused  = sdk.NewError("Refused")
	missing  = sdk.NewError("Missing")
	failed   = sdk.NewError("Failed")
	children = sdk.NewList("children", sdk.Account)
	raised   = sdk.NewEvent("Raised", sdk.Topic("counter", sdk.Account, func(e *raise) *sdk.AccountID { return &e.counter }),
		sdk.Field("by", sdk.Uint64, func(e *raise) *uint64 { return &e.by }))
)

type raise struct {
	counter sdk.AccountID
	by      uint64
}

// increment is a message of the counter.
var increment = sdk.Remote1[uint64, struct{}]{Name: "increment", A: sdk.Uint64, Result: sdk.Unit}

var contract = sdk.Contract{
	Name:         "teller",
	Storage:      []sdk.Stored{children},
	Errors:       []*sdk.Error{refused, missing, failed},
	Events:       []sdk.EventInfo{raised.EventInfo},
	Constructors: []sdk.Entry{sdk.Constructor0("new", func(*sdk.Call) error { return nil })},
	Messages: []sdk.Entry{
		sdk.Change2("raise", sdk.Arg("counter", sdk.Account), sdk.Arg("by", sdk.Uint64), raiseIt),
		sdk.Change1("make", sdk.Arg("code", sdk.Hash256), makeOne),
		sdk.Change1("become", sdk.Arg("code", sdk.Hash256), become),
		sdk.Change0("end", func(c *sdk.Call) error { c.Terminate(c.Owner()); return nil }),
		sdk.View0("children", sdk.Vec(sdk.Account), list),
		sdk.View0("keys", sdk.Bool, keys),
		sdk.View0("who", sdk.Bytes, who),
		sdk.View0("batch", sdk.Bytes, batch),
		sdk.Change2("frugal", sdk.Arg("code", sdk.Hash256), sdk.Arg("limit", sdk.Amount), frugal),
	},
}

func raiseIt(c *sdk.Call, counter sdk.AccountID, by uint64) error {
	_, err := increment.Call(c, counter, by)
	if f, ok := err.(*sdk.Failure); ok {
		switch {
		case f.Declared && f.Code == 1:
			return refused
		case f.Status == sdk.NoContract:
			return missing
		}
		return failed
	}
	raised.Emit(c, raise{counter, by})
	c.Log(sdk.LevelInfo, "raised a counter")
	return err
}

func makeOne(c *sdk.Call, code sdk.Hash) error {
	id, err := c.Make(code, []byte{byte(children.Len(c))}, "new", nil)
	if err != nil {
		c.Log(sdk.LevelError, err.Error())
		return failed
	}
	children.Push(c, id)
	return nil
}

func become(c *sdk.Call, code sdk.Hash) error {
	if c.Caller() != c.Owner() || !c.SetCode(code) {
		return refused
	}
	return nil
}

func list(c *sdk.Call) (out []sdk.AccountID, _ error) {
	for _, id := range children.All(c) {
		out = append(out, id)
	}
	return out, nil
}

// keys signs with keys of the contract and verifies.
func keys(c *sdk.Call) (bool, error) {
	key, message := c.Key("mine"), []byte("message")
	if key == c.Key("other") {
		return false, errors.New("labels make no difference")
	}
	for scheme := range sdk.Ecdsa + 1 {
		if !c.Verify(scheme, c.PublicKey(scheme, key), message, c.Sign(scheme, key, message)) {
			return false, nil
		}
	}
	b := make([]byte, 8)
	c.Random(b)
	return string(b) != string(make([]byte, 8)), nil
}

// who tells what a contract is told of who asks, and of who answers.
func who(c *sdk.Call) ([]byte, error) {
	cert := c.Certificate()
	out := sdk.Account.Append(nil, cert.Account)
	out = append(out, byte(cert.Scheme))
	if cert.Command {
		out = append(out, 'c')
	}
	if s := cert.Session; s != nil {
		out = sdk.Uint32.Append(append(out, s.Key[:]...), s.Until)
	}
	if key, query := c.Worker(); query {
		out = append(out, key[:]...)
	}
	return out, nil
}

//go:wasmimport seal0 call_chain_extension
func extension(id uint32, in unsafe.Pointer, inLen uint32, out, outLen unsafe.Pointer) uint32

// batch asks for two pages at once, for 1,500 ms, as Phala's contracts do.
func batch(*sdk.Call) ([]byte, error) {
	in := []byte{8}
	for _, url := range []string{"https://example.org/", "https://example.com/longer"} {
		in = append(sdk.String.Append(sdk.String.Append(in, url), "GET"), 0, 0)
	}
	in = sdk.Uint64.Append(in, 1500)
	out := make([]byte, 4096)
	n := uint32(len(out))
	status := extension(22, unsafe.Pointer(&in[0]), uint32(len(in)), unsafe.Pointer(&out[0]), unsafe.Pointer(&n))
	return append(out[:n], byte(status)), nil
}

//go:wasmimport seal2 instantiate
func instantiate(code unsafe.Pointer, refTime, proof uint64, deposit, value, in unsafe.Pointer, inLen uint32, address, addressLen, out, outLen, salt unsafe.Pointer, saltLen uint32) uint32

// frugal makes a contract for which no more than so much is to be deposited.
func frugal(c *sdk.Call, code sdk.Hash, limit sdk.U128) error {
	deposit, value, in := sdk.Amount.Append(nil, limit), make([]byte, 16), c.Selector("new")
	nowhere := unsafe.Pointer(uintptr(1<<32 - 1))
	if instantiate(unsafe.Pointer(&code), 0, 0, unsafe.Pointer(&deposit[0]), unsafe.Pointer(&value[0]), unsafe.Pointer(&in[0]), uint32(len(in)),
		nowhere, nil, nowhere, nil, unsafe.Pointer(&deposit[0]), uint32(len(deposit))) != 0 {
		return failed
	}
	return nil
}

//go:wasmexport deploy
func deploy() { contract.Deploy() }

//go:wasmexport call
func call() { contract.Call() }

func main() {}
