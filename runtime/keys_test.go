package runtime_test

import (
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/runtime/pallet/session"
)

// However many validators take their session keys out at once, fewer than a
// third of them go with a change: they serve with the keys that they have until
// the elections let them go.
func TestPurgedKeysLeaveSlowly(t *testing.T) {
	const validators, purged = 9, 4
	x := stakers(t, validators)
	x.block()
	var txs [][]byte
	for i := range purged {
		txs = append(txs, x.sign(pair(t, fmt.Sprintf("//v%d", i)), 0, session.PurgeKeys{}))
	}
	results, _ := x.block(txs...)
	for _, r := range results {
		if !r.OK || !r.Value.OK {
			t.Fatal(x.rt.Explain(r.Value.Err))
		}
	}
	before, least := len(x.rt.Session.Validators.Get(x.state)), validators
	for x.head.Number < 250 {
		x.block()
		now := len(x.rt.Session.Validators.Get(x.state))
		if gone := before - now; 3*gone >= before {
			t.Fatalf("block %d: of %d validators %d are left", x.head.Number, before, now)
		}
		before, least = now, min(least, now)
	}
	if least != validators-purged {
		t.Errorf("at last %d validate, and %d have keys", least, validators-purged)
	}
}
