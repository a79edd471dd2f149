package engine

import (
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// What a chain spec says about staking comes back as it was, and what cannot
// be is no genesis.
func TestStakingSpec(t *testing.T) {
	_, v, err := keystore.DevelopValidator("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	rich := runtime.Unit.MulSat(scale.U64(100))
	bob := chain.AccountID{2}
	spec := func() Spec {
		return Spec{ID: "test", Kind: Development, BlockTime: 1000, Genesis: runtime.Genesis{
			Validators: []session.Validator{v}, Balances: []runtime.Endowment{{Account: v.Account, Amount: rich}, {Account: bob, Amount: rich}},
			Staking: staking.Genesis{
				ValidatorCount: 3, MinimumValidatorCount: 1, MinNominatorBond: runtime.Unit, MinValidatorBond: runtime.Unit, MinCommission: 5,
				SlashRewardFraction: 7, MaxNominators: 8, MaxValidators: 9,
				Stakers: []staking.Staker{{Stash: v.Account, Amount: runtime.Unit, Commission: 6}, {Stash: bob, Amount: runtime.Unit, Targets: []chain.AccountID{v.Account}}},
			},
		}}
	}
	whole := spec()
	data, err := whole.JSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseSpec(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Genesis.Staking, whole.Genesis.Staking) {
		t.Errorf("got %+v, want %+v", again.Genesis.Staking, whole.Genesis.Staking)
	}
	if _, err := whole.GenesisHash(runtime.New()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*staking.Genesis){
		"more than there is":         func(g *staking.Genesis) { g.Stakers[1].Amount = rich.MulSat(scale.U64(2)) },
		"twice":                      func(g *staking.Genesis) { g.Stakers[1].Stash = v.Account },
		"dust":                       func(g *staking.Genesis) { g.Stakers[0].Amount = scale.U64(1) },
		"below the least":            func(g *staking.Genesis) { g.MinValidatorBond = rich },
		"a commission below it":      func(g *staking.Genesis) { g.MinCommission = 50 },
		"more at least than at most": func(g *staking.Genesis) { g.MinimumValidatorCount = 4 },
		"too many seats":             func(g *staking.Genesis) { g.ValidatorCount = 1001 },
		"too many nominees":          func(g *staking.Genesis) { g.Stakers[1].Targets = make([]chain.AccountID, 17) },
	} {
		s := spec()
		spoil(&s.Genesis.Staking)
		if _, err := s.GenesisHash(runtime.New()); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
