// Command hello is the first confidential contract: a counter that everybody
// may raise and only its owner may read.
//
// Built for wasip1 it is the contract. Run natively it prints the contract's
// metadata:
//
//	go run ./examples/hello hello.wasm
package main

import "github.com/tacit-network/tacit/contract/sdk"

// Errors of the contract.
var (
	NotOwner = sdk.NewError("NotOwner") // only the owner may read the counter
	Overflow = sdk.NewError("Overflow") // the counter would not fit
)

var (
	owner = sdk.NewCell("owner", sdk.Account)
	count = sdk.NewCell("count", sdk.Uint64)
)

var contract = sdk.Contract{
	Name:         "hello",
	Version:      "1.0.0",
	Storage:      []sdk.Stored{owner, count},
	Errors:       []*sdk.Error{NotOwner, Overflow},
	Constructors: []sdk.Entry{sdk.Constructor0("new", create)},
	Messages: []sdk.Entry{
		sdk.Change1("increment", sdk.Arg("by", sdk.Uint64), increment),
		sdk.View0("get", sdk.Uint64, get),
	},
}

// Makes a counter at zero that belongs to the caller.
func create(c *sdk.Call) error {
	owner.Set(c, c.Caller())
	count.Set(c, 0)
	return nil
}

// Raises the counter. Anybody may.
func increment(c *sdk.Call, by uint64) error {
	n := count.Get(c)
	if n+by < n {
		return Overflow
	}
	count.Set(c, n+by)
	return nil
}

// Reads the counter. Only its owner may.
func get(c *sdk.Call) (uint64, error) {
	if c.Caller() != owner.Get(c) {
		return 0, NotOwner
	}
	return count.Get(c), nil
}
