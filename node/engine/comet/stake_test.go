package comet

import (
	"slices"
	"testing"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
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

// Blocks that end an era come in the first round, like any other, with as many
// nominators as there may be; of their sixteen votes each, four are for who
// stands.
func TestElectionMissesNoRound(t *testing.T) {
	if !long {
		t.Skip("TACIT_LONG=1 runs it")
	}
	const nominators = 22_500
	spec := specOf(t, 4, 1000)
	spec.Genesis.SessionBlocks = 2
	staked(&spec, 4)
	one := runtime.Unit.MulSat(scale.U64(1))
	for i := range nominators {
		who := chain.AccountID(hash.Blake2b256(scale.Marshal(uint32(i))))
		s := staking.Staker{Stash: who, Amount: one.MulSat(scale.U64(uint64(1 + i%100)))}
		for j := range 16 {
			target := chain.AccountID(hash.Blake2b256(scale.Marshal(uint64(i*31+j) % 2000)))
			if j < 4 {
				target = spec.Genesis.Validators[j].Account
			}
			s.Targets = append(s.Targets, target)
		}
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: who, Amount: s.Amount.MulSat(scale.U64(2))})
		spec.Genesis.Staking.Stakers = append(spec.Genesis.Staking.Stakers, s)
	}
	w := newNetwork(t, spec, 4, nil)
	const last = 26 // two eras of twelve blocks each
	w.final(last, 0, 1, 2, 3)
	w.agree(0, 1, 2, 3)
	blocks := w.peers[0].node.comet.BlockStore()
	longest, at := time.Duration(0), int64(0)
	for h := int64(2); h <= last; h++ {
		if c := blocks.LoadBlockCommit(h); c == nil || c.Round != 0 {
			t.Errorf("block %d: commit %+v, want one of round 0", h, c)
		}
		if took := blocks.LoadBlock(h).Time.Sub(blocks.LoadBlock(h - 1).Time); h > 2 && took > longest {
			longest, at = took, h
		}
	}
	state, err := w.peers[0].app.StateAt(w.peers[0].app.Head().Hash())
	if err != nil {
		t.Fatal(err)
	}
	if era, _ := w.peers[0].app.Runtime().Staking.CurrentEra.Get(state); era < 2 {
		t.Errorf("the era is %d: no election was held", era)
	}
	t.Logf("%d nominators; the longest time between blocks was %v, before block %d", nominators, longest, at)
}
