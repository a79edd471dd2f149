package engine_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
)

// plan submits that the validators with these places in genesis are the set.
func (n *net) plan(spec engine.Spec, nonce uint32, places []int) {
	n.Helper()
	var list []chain.AccountID
	for _, i := range places {
		list = append(list, spec.Genesis.Validators[i].Account)
	}
	call := sudo.Sudo{Call: n.app.Runtime().CallOf(session.SetValidators{Validators: list})}
	if _, err := n.pool.Submit(n.sign(account(n, "//Alice"), nonce, call)); err != nil {
		n.Fatal(err)
	}
}

// Sets change in blocks that follow each other, grow and shrink, and a light
// client from genesis follows them all. The formal Aura authors change one
// block later than the voters.
func TestSetChanges(t *testing.T) {
	pairs, spec := validators(t, 4)
	alice := account(t, "//Alice").AccountID()
	spec.Genesis.Sudo, spec.Genesis.SessionBlocks = &alice, 1
	c := openChain(t, spec, pairs, vfs.NewMem())
	c.step()
	for i, set := range [][]int{{0, 1}, {1, 2, 3}, {3}, {0, 1, 2, 3}, {2, 0}, {2, 0}} {
		c.plan(spec, uint32(i), set)
		c.step()
	}
	for range 4 {
		c.step()
	}
	set, err := c.app.Voters(0)
	if err != nil {
		t.Fatal(err)
	}
	light, err := grandpa.NewLightChain(grandpa.Target{Hash: c.app.Genesis()}, set.AuthoritySet)
	if err != nil {
		t.Fatal(err)
	}
	var sizes, authors []int
	n := 4
	for i := chain.BlockNumber(1); i <= c.app.Final(); i++ {
		h, err := c.app.Store().HeaderAt(i)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := c.app.Store().Justification(i)
		if err != nil {
			t.Fatal(err)
		}
		j, err := grandpa.DecodeJustification(raw)
		if err != nil {
			t.Fatal(err)
		}
		voters, err := c.app.Voters(i)
		if err != nil || len(voters.Engine) != len(voters.Authorities) {
			t.Fatal(voters, err)
		}
		sizes, authors = append(sizes, len(voters.Authorities)), append(authors, n)
		if light, err = light.Step(h, j); err != nil {
			t.Fatalf("block %d: %v", i, err)
		}
		// The author's place, as a client that knows Aura finds it.
		slot, _ := chain.AuraSlotOf(h)
		if makers, _ := c.app.Voters(i - 1); i > 1 && int(slot%uint64(n)) >= len(makers.Authorities) {
			t.Errorf("block %d: slot %d of %d authors, and %d voters", i, slot, n, len(makers.Authorities))
		}
		for _, item := range h.Digest {
			if change, ok := item.(chain.DigestConsensus); ok && change.Engine == chain.EngineAura {
				n = int(change.Data[1]) / 4 // Compact
			}
		}
	}
	// Block 2 plans, 3 queues, 4 hands over, and the new set finalises from 5.
	// The last plan is the set that is there: nothing changes.
	if got, want := fmt.Sprint(sizes), "[4 4 4 4 2 3 1 4 2 2]"; got != want {
		t.Errorf("the voters are %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(authors), "[4 4 4 4 4 2 3 1 4 2]"; got != want {
		t.Errorf("the authors are %s, want %s", got, want)
	}
	if last, err := c.app.Voters(c.app.Head().Number); err != nil || last.ID != 5 {
		t.Errorf("the set is number %d, %v", last.ID, err)
	}
}
