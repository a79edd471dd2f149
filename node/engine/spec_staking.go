package engine

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
)

// stakingJSON is how staking begins. Amounts are in the smallest unit, parts in
// billionths.
type stakingJSON struct {
	ValidatorCount        uint32          `json:"validatorCount"`
	MinimumValidatorCount uint32          `json:"minimumValidatorCount"`
	MinNominatorBond      chain.Balance   `json:"minNominatorBond"`
	MinValidatorBond      chain.Balance   `json:"minValidatorBond"`
	MinCommission         staking.Perbill `json:"minCommission"`
	SlashRewardFraction   staking.Perbill `json:"slashRewardFraction"`
	MaxNominators         uint32          `json:"maxNominators,omitempty"`
	MaxValidators         uint32          `json:"maxValidators,omitempty"`
	Stakers               []stakerJSON    `json:"stakers"`
}

// stakerJSON validates, or nominates if it has whom.
type stakerJSON struct {
	Stash      keys.AccountID   `json:"stash"`
	Amount     chain.Balance    `json:"amount"`
	Nominates  []keys.AccountID `json:"nominates,omitempty"`
	Commission staking.Perbill  `json:"commission,omitempty"`
}

// stakingOf is nil for a chain whose validators root chooses.
func stakingOf(g staking.Genesis) *stakingJSON {
	if g.ValidatorCount == 0 && len(g.Stakers) == 0 {
		return nil
	}
	j := &stakingJSON{
		g.ValidatorCount, g.MinimumValidatorCount, g.MinNominatorBond, g.MinValidatorBond, g.MinCommission, g.SlashRewardFraction,
		g.MaxNominators, g.MaxValidators, []stakerJSON{},
	}
	for _, s := range g.Stakers {
		j.Stakers = append(j.Stakers, stakerJSON{s.Stash, s.Amount, s.Targets, s.Commission})
	}
	return j
}

func (j stakingJSON) genesis() staking.Genesis {
	g := staking.Genesis{
		ValidatorCount: j.ValidatorCount, MinimumValidatorCount: j.MinimumValidatorCount, MinNominatorBond: j.MinNominatorBond,
		MinValidatorBond: j.MinValidatorBond, MinCommission: j.MinCommission, SlashRewardFraction: j.SlashRewardFraction,
		MaxNominators: j.MaxNominators, MaxValidators: j.MaxValidators,
	}
	for _, s := range j.Stakers {
		g.Stakers = append(g.Stakers, staking.Staker{Stash: s.Stash, Amount: s.Amount, Targets: s.Nominates, Commission: s.Commission})
	}
	return g
}
