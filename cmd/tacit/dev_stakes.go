package main

import (
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// How test networks stake.
var (
	firstStake   = runtime.Unit.MulSat(scale.U64(100_000))
	leastStake   = runtime.Unit.MulSat(scale.U64(1_000))
	leastBacking = runtime.Unit.MulSat(scale.U64(10))
)

// seats is how many validators a test network wants: all who stake.
const seats = 100

// holdElections lets the validators of genesis stake, so that from then on elections
// say who validates.
//
// Preconditions: their accounts hold more than firstStake.
func holdElections(g *runtime.Genesis) {
	g.Staking = staking.Genesis{
		ValidatorCount: seats, MinimumValidatorCount: 1, MinNominatorBond: leastBacking, MinValidatorBond: leastStake,
		SlashRewardFraction: staking.One / 10,
	}
	for _, v := range g.Validators {
		g.Staking.Stakers = append(g.Staking.Stakers, staking.Staker{Stash: v.Account, Amount: firstStake})
	}
}
