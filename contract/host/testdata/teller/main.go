//go:build wasip1

// Command teller is a contract that raises somebody else's counter.
package main

import "github.com/tacit-network/tacit/contract/sdk"

const refused sdk.Error = 0

var contract = sdk.Contract{
	Name:         "teller",
	Errors:       []string{"Refused"},
	Constructors: []sdk.Entry{sdk.Constructor0("new", "", func(*sdk.Call) error { return nil })},
	Messages: []sdk.Entry{
		sdk.Action2("raise", "", sdk.Arg("counter", sdk.Account), sdk.Arg("by", sdk.Uint64), sdk.Uint32, raise),
	},
}

func raise(c *sdk.Call, counter sdk.AccountID, by uint64) (uint32, error) {
	_, status := c.CallContract(counter, sdk.Uint64.Append(c.Selector("increment"), by))
	if status == sdk.Reverted {
		return 0, refused
	}
	return uint32(status), nil
}

//go:wasmexport deploy
func deploy() { contract.Deploy() }

//go:wasmexport call
func call() { contract.Call() }

func main() {}
