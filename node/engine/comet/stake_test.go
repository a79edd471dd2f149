package comet

import (
	"testing"

	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// The network falls apart in the session that ends with an election and heals
// after a while: no side elects by itself, and then all have the same
// validators, one fewer, whom a light client from genesis believes.
func TestElectionInPartition(t *testing.T) {
	t.Parallel()
	spec := specOf(t, 4, 100)
	spec.Genesis.SessionBlocks = 4
	spec.Genesis.Staking = staking.Genesis{ValidatorCount: 3, MinimumValidatorCount: 1}
	for i, v := range spec.Genesis.Validators {
		stake := runtime.Unit.MulSat(scale.U64(10 + uint64(i)))
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: v.Account, Amount: stake.MulSat(scale.U64(2))})
		spec.Genesis.Staking.Stakers = append(spec.Genesis.Staking.Stakers, staking.Staker{Stash: v.Account, Amount: stake})
	}
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
