package comet

import (
	"slices"
	"testing"

	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// staked lets the validators of a test stake, the first the least.
func staked(spec *engine.Spec, seats uint32) {
	spec.Genesis.Staking = staking.Genesis{ValidatorCount: seats, MinimumValidatorCount: 1}
	for i, v := range spec.Genesis.Validators {
		stake := runtime.Unit.MulSat(scale.U64(10 + uint64(i)))
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: v.Account, Amount: stake.MulSat(scale.U64(2))})
		spec.Genesis.Staking.Stakers = append(spec.Genesis.Staking.Stakers, staking.Staker{Stash: v.Account, Amount: stake})
	}
}

// A validator whose node is off for a session is chilled, and the others go on
// without it: an election comes at once.
func TestOfflineValidator(t *testing.T) {
	t.Parallel()
	spec := specOf(t, 4, 100)
	spec.Genesis.SessionBlocks = 10
	staked(&spec, 4)
	w := newNetwork(t, spec, 4, nil)
	w.final(12, 0, 1, 2, 3)
	w.peers[3].end(t)
	gone := session.EngineKey(engineOf(t, 3).Public())
	w.peers[0].until(t, "without the one that is off", func(v engine.Voters) bool { return len(v.Authorities) == 3 && !slices.Contains(v.Engine, gone) })
	w.agree(0, 1, 2)
}

// The network falls apart in the session that ends with an election and heals
// after a while: no side elects by itself, and then all have the same
// validators, one fewer, whom a light client from genesis believes.
func TestElectionInPartition(t *testing.T) {
	t.Parallel()
	spec := specOf(t, 4, 100)
	spec.Genesis.SessionBlocks = 4
	staked(&spec, 3)
	all := []int{0, 1, 2, 3}
	w := newNetwork(t, spec, 4, nil)
	w.final(17, all...) // block 20 elects, block 24 hands over
	w.hold([]int{0, 1}, true, true)
	w.still(all...)
	w.heals(all...)
	w.peers[0].until(t, "without the one with the least at stake", func(v engine.Voters) bool { return len(v.Authorities) == 3 })
	w.final(w.highest()+2, all...)
	w.agree(all...)
	head := w.peers[1].app.Head()
	state, err := w.peers[1].app.StateAt(head.Hash())
	if err != nil {
		t.Fatal(err)
	}
	least := spec.Genesis.Validators[0].Account
	for _, who := range w.peers[1].app.Runtime().Session.Validators.Get(state) {
		if who == least {
			t.Error("who has the least at stake still validates")
		}
	}
}
