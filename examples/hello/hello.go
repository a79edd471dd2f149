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
const (
	NotOwner sdk.Error = iota // only the owner may read the counter
	Overflow                  // the counter would not fit
)

var (
	owner = sdk.NewCell("owner", sdk.Account)
	count = sdk.NewCell("count", sdk.Uint64)
)

var contract = sdk.Contract{
	Name:    "hello",
	Version: "1.0.0",
	Errors:  []string{"NotOwner", "Overflow"},
	Constructors: []sdk.Entry{
		sdk.Constructor0("new", "Makes a counter at zero that belongs to the caller.", create),
	},
	Messages: []sdk.Entry{
		sdk.Action1("increment", "Raises the counter. Anybody may.", sdk.Arg("by", sdk.Uint64), sdk.Unit, increment),
		sdk.View0("get", "Reads the counter. Only its owner may.", sdk.Uint64, get),
	},
}

func create(c *sdk.Call) error {
	owner.Set(c, c.Caller())
	count.Set(c, 0)
	return nil
}

func increment(c *sdk.Call, by uint64) (struct{}, error) {
	n := count.Get(c)
	if n+by < n {
		return struct{}{}, Overflow
	}
	count.Set(c, n+by)
	return struct{}{}, nil
}

func get(c *sdk.Call) (uint64, error) {
	if c.Caller() != owner.Get(c) {
		return 0, NotOwner
	}
	return count.Get(c), nil
}
