package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/imonline"
	"github.com/tacit-network/tacit/runtime/pallet/session"
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

// outsiders lets who does not validate next show that it is there, and bond
// more than all others, so that it wins the next election.
func (n *net) outsiders(spec engine.Spec) {
	n.Helper()
	state, err := n.app.StateAt(n.app.Head().Hash())
	if err != nil {
		n.Fatal(err)
	}
	rt := n.app.Runtime()
	queued := rt.Session.QueuedKeys.Get(state)
	for i, v := range spec.Genesis.Validators {
		if slices.ContainsFunc(queued, func(q session.Validator) bool { return q.Account == v.Account }) {
			continue
		}
		name := fmt.Sprintf("//validator//%d", i)
		s, err := keystore.Develop(name)
		if err != nil {
			n.Fatal(err)
		}
		h := imonline.Heartbeat{SessionIndex: rt.Session.CurrentIndex.Get(state), AuthorityID: imonline.Public(v.Keys.Beacon)}
		beat := imonline.HeartbeatCall{Heartbeat: h, Signature: [64]byte(s.Beacon.Sign(h.SigningBytes(n.app.Genesis())))}
		_, _ = n.pool.Submit(scale.AppendBytes(nil, rt.Bare(beat))) // once a session; again it is refused
		nonce, err := n.app.Nonce(n.app.Head().Hash(), v.Account)
		if err != nil {
			n.Fatal(err)
		}
		_, _ = n.pool.Submit(n.sign(account(n, name), nonce, staking.BondExtra{MaxAdditional: runtime.Unit}))
	}
}

// A light client that knows the authorities of genesis alone follows a hundred
// elections that change them, in one step for each: the block that changes them
// and its proof.
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
	changes := 0
	for last := chain.BlockNumber(0); changes < 100; {
		if c.app.Head().Number > 1000 {
			t.Fatalf("%d changes in %d blocks", changes, c.app.Head().Number)
		}
		c.outsiders(spec)
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
}
