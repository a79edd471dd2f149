package abi

import (
	"fmt"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/hash"
)

// check refuses a contract in Go of which callers could not tell one thing from
// another: of two messages with one selector the second would never run.
func check(k *sdk.Contract) error {
	for _, list := range []struct {
		what    string
		entries []sdk.Entry
	}{{"constructors", k.Constructors}, {"messages", k.Messages}} {
		selectors := map[[4]byte]string{}
		for _, e := range list.entries {
			h := hash.Blake2b256([]byte(e.Name))
			selector := [4]byte(h[:4])
			if other, taken := selectors[selector]; taken {
				return fmt.Errorf("the %s %s and %s have one selector; rename one", list.what, other, e.Name)
			}
			selectors[selector] = e.Name
		}
	}
	events := map[string]bool{}
	for _, e := range k.Events {
		if events[e.Signature()] {
			return fmt.Errorf("two events are %s; rename one", e.Signature())
		}
		events[e.Signature()] = true
	}
	var names []string
	for _, e := range k.Errors {
		names = append(names, e.Error())
	}
	return distinct("errors", names)
}

// distinct refuses a name that is there twice, and more names than one byte
// numbers.
func distinct(what string, names []string) error {
	const most = 256
	if len(names) > most {
		return fmt.Errorf("%d %s, %d are the most", len(names), what, most)
	}
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			return fmt.Errorf("two %s are called %s; rename one", what, n)
		}
		seen[n] = true
	}
	return nil
}
