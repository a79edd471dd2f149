package engine_test

import (
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/scale"
)

// electing is a chain of five who stake for four seats, with an election in
// each session of two blocks.
func electing(t *testing.T) ([]keys.GrandpaPair, engine.Spec) {
	pairs, spec := validators(t, 5)
	g := &spec.Genesis
	alice := account(t, "//Alice").AccountID()
	g.Sudo, g.SessionBlocks = &alice, 2
	g.Staking = staking.Genesis{ValidatorCount: 4, MinimumValidatorCount: 3}
	for _, v := range g.Validators {
		g.Balances = append(g.Balances, runtime.Endowment{Account: v.Account, Amount: runtime.Unit.MulSat(scale.U64(1000))})
		g.Staking.Stakers = append(g.Staking.Stakers, staking.Staker{Stash: v.Account, Amount: runtime.Unit.MulSat(scale.U64(10))})
	}
	return pairs, spec
}

// A light client that knows the authorities of genesis alone follows a hundred
// elections that change the validators, by the blocks that change them and the
// proofs of these, in one step for each.
func TestHundredElections(t *testing.T) {
	pairs, spec := electing(t)
	c := openChain(t, spec, pairs, vfs.NewMem())
	c.step()
	force := sudo.Sudo{Call: c.app.Runtime().CallOf(staking.ForceNewEraAlways{})}
	if _, err := c.pool.Submit(c.sign(account(t, "//Alice"), 0, force)); err != nil {
		t.Fatal(err)
	}
	set, err := c.app.Voters(0)
	if err != nil {
		t.Fatal(err)
	}
	light, err := grandpa.NewLightChain(grandpa.Target{Hash: c.app.Genesis()}, set.AuthoritySet)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 5)
	for i := range names {
		names[i] = engine.DevelopmentNames[i]
	}
	changes, nonces := 0, map[string]uint32{"//Alice": 1}
	for last := chain.BlockNumber(0); changes < 100; {
		if c.app.Head().Number > 1000 {
			t.Fatalf("%d changes in %d blocks", changes, c.app.Head().Number)
		}
		// Who does not validate bonds more than any who does.
		state, err := c.app.StateAt(c.app.Head().Hash())
		if err != nil {
			t.Fatal(err)
		}
		now := c.app.Runtime().Session.Validators.Get(state)
		for i, v := range spec.Genesis.Validators {
			if slices.Contains(now, v.Account) || c.app.Head().Number%4 != 1 {
				continue
			}
			c.seen(state, v.Account)
			_ = i
		}
		c.step()
		for final := c.app.Final(); last < final; last++ {
			h, err := c.app.Store().HeaderAt(last + 1)
			if err != nil {
				t.Fatal(err)
			}
			logs, err := grandpa.Logs(h)
			if err != nil {
				t.Fatal(err)
			}
			if scheduled, _ := grandpa.FindChanges(logs); scheduled == nil {
				continue
			}
			raw, err := c.app.Store().Justification(h.Number)
			if err != nil {
				t.Fatal(err)
			}
			j, err := grandpa.DecodeJustification(raw)
			if err != nil {
				t.Fatal(err)
			}
			if light, err = light.Step(h, j); err != nil {
				t.Fatalf("block %d: %v", h.Number, err)
			}
			changes++
		}
	}
	_ = nonces
}
