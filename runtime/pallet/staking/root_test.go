package staking_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
)

func TestRoot(t *testing.T) {
	w := quorum(t)
	ctx := w.Context()
	for _, call := range []any{
		staking.IncreaseValidatorCount{Additional: 1}, staking.ScaleValidatorCount{Factor: 50}, staking.ForceNewEra{}, staking.ForceNewEraAlways{},
		staking.ForceNoEras{}, staking.SetInvulnerables{}, staking.SetMinCommission{New: 1}, staking.ForceUnstake{Stash: who(1)},
	} {
		if err := w.Signed(who(1), call); !errors.Is(err, frame.ErrBadOrigin{}) {
			t.Errorf("%T by anybody: %v", call, err)
		}
	}
	w.must(w.Root(staking.SetValidatorCount{New: 6}))
	w.must(w.Root(staking.ScaleValidatorCount{Factor: 50}))
	w.must(w.Root(staking.IncreaseValidatorCount{Additional: 3}))
	if got := w.staking.ValidatorCount.Get(ctx); got != 12 {
		t.Errorf("%d validators are wanted", got)
	}
	if err := w.Root(staking.IncreaseValidatorCount{Additional: 1000}); !errors.Is(err, staking.ErrTooManyValidators) {
		t.Errorf("too many: %v", err)
	}
	// The modes of eras.
	w.must(w.Root(staking.ForceNoEras{}))
	for range 9 {
		w.rotate()
	}
	if w.active() != 0 {
		t.Error("an era began")
	}
	w.must(w.Root(staking.ForceNewEra{}))
	w.rotate()
	w.rotate()
	if mode := w.staking.ForceEra.Get(ctx); w.active() != 1 || mode != staking.NotForcing {
		t.Errorf("era %d, %v", w.active(), mode)
	}
	w.must(w.Root(staking.ForceNewEraAlways{}))
	for range 4 {
		w.rotate()
	}
	if w.active() != 4 {
		t.Errorf("era %d after four sessions", w.active())
	}
	if weight := w.staking.Weigh(ctx, w.session+2); weight.RefTime < frame.Millisecond {
		t.Errorf("an election weighs %v", weight)
	}
	// Who is invulnerable is not slashed.
	w.must(w.Root(staking.SetInvulnerables{Invulnerables: []chain.AccountID{who(2)}}))
	w.Take()
	w.accuse(1, 11, 2)
	if reported := did[staking.SlashReported](w); len(reported) != 0 {
		t.Errorf("reported %v", reported)
	}
	// All of a stash is free at once.
	w.must(w.Root(staking.ForceUnstake{Stash: who(1)}))
	if _, ok := w.staking.Ledger.Get(ctx, who(1)); ok || w.staking.Validators.Has(ctx, who(1)) || !w.money.OnHold(ctx, who(1), config.Reason).IsZero() {
		t.Error("the stash is there")
	}
}

// Rewards go where the stash says, and above the limit to the treasury.
func TestDestinations(t *testing.T) {
	w := quorum(t)
	ctx := w.Context()
	w.must(w.Root(staking.SetStakingConfigs{
		MinNominatorBond: staking.Noop[chain.Balance]{}, MinValidatorBond: staking.Noop[chain.Balance]{}, MaxNominatorCount: staking.Noop[uint32]{},
		MaxValidatorCount: staking.Noop[uint32]{}, ChillThreshold: staking.Noop[staking.Percent]{}, MinCommission: staking.Noop[staking.Perbill]{},
		MaxStakedRewards: staking.Set[staking.Percent]{To: 10},
	}))
	for i, payee := range []staking.RewardDestination{staking.Staked{}, staking.Stash{}, staking.Account{Who: who(9)}, staking.None{}, staking.Controller{}} {
		w.must(w.Signed(who(i), staking.SetPayee{Payee: payee}))
		w.staking.Credit(ctx, 20, who(i))
	}
	w.Take()
	w.era()
	paid := did[staking.EraPaid](w)[0]
	if !paid.ValidatorPayout.MulSat(n(8)).Less(paid.Remainder) {
		t.Errorf("of %s and %s the stakers get more than a tenth", paid.ValidatorPayout, paid.Remainder)
	}
	share, _ := paid.ValidatorPayout.DivMod(n(5))
	before := map[int]chain.Balance{}
	for _, i := range []int{0, 1, 2, 3, 4, 9} {
		before[i] = w.money.Total(ctx, who(i))
	}
	for i := range 5 {
		w.must(w.Signed(who(11), staking.PayoutStakers{ValidatorStash: who(i)}))
	}
	var got []int
	for _, i := range []int{0, 1, 2, 3, 4, 9} {
		if gain := w.money.Total(ctx, who(i)).SubSat(before[i]); gain == share {
			got = append(got, i)
		} else if !gain.IsZero() {
			t.Errorf("%d gets %s of %s", i, gain, share)
		}
	}
	if want := []int{0, 1, 4, 9}; !slices.Equal(got, want) {
		t.Errorf("%v are paid, want %v", got, want)
	}
	if l := w.ledger(0); l.Active != tokens(100).AddSat(share) {
		t.Errorf("the bond is %s", l.Active)
	}
}

// undeferred is four validators whose slashes are not deferred.
func undeferred(t *testing.T) *world {
	t.Helper()
	c, holds := config, map[int]chain.Balance{}
	c.SlashDeferDuration = 0
	g := staking.Genesis{ValidatorCount: 4}
	for i := range 4 {
		holds[i] = tokens(500)
		g.Stakers = append(g.Stakers, staking.Staker{Stash: who(i), Amount: tokens(100)})
	}
	w := newWorld(t, c, holds)
	w.begin(g, 0, 1, 2, 3)
	return w
}

// Without a deferral a slash is at once.
func TestSlashAtOnce(t *testing.T) {
	w := undeferred(t)
	w.accuse(1, 3, 0)
	if got := w.ledger(0).Total; got != tokens(100).SubSat(n(5625*deposit/100)) {
		t.Errorf("%s are left", got)
	}
	w.accuse(1, 3, 1) // the second in the same round: all of both
	for i := range 2 {
		if l := w.ledger(i); !l.Total.IsZero() {
			t.Errorf("%d has %s left", i, l.Total)
		}
	}
}

// Who lost the whole bond still gets, into the bond, what it earned before.
func TestRewardsAfterTheWholeBond(t *testing.T) {
	w := undeferred(t)
	w.staking.Credit(w.Context(), 20, who(0))
	w.era()
	w.accuse(1, 3, 0, 1) // two of four: all of both
	if l := w.ledger(0); !l.Total.IsZero() {
		t.Fatalf("%s are left", l.Total)
	}
	w.Take()
	w.must(w.Signed(who(3), staking.PayoutStakers{ValidatorStash: who(0)}))
	paid := did[staking.Rewarded](w)
	if len(paid) != 1 || paid[0].Amount.IsZero() {
		t.Fatalf("rewarded %v", paid)
	}
	l, held := w.ledger(0), w.money.OnHold(w.Context(), who(0), w.staking.Reason)
	if l.Total != paid[0].Amount || l.Active != l.Total || held != l.Total {
		t.Errorf("of a reward of %s, %s are bonded, %s count and %s are held", paid[0].Amount, l.Total, l.Active, held)
	}
	if total := w.money.Total(w.Context(), who(0)); total != tokens(400).AddSat(l.Total) {
		t.Errorf("it has %s", total)
	}
}

// configs are the settings of staking as they are.
func configs() staking.SetStakingConfigs {
	return staking.SetStakingConfigs{
		MinNominatorBond: staking.Noop[chain.Balance]{}, MinValidatorBond: staking.Noop[chain.Balance]{}, MaxNominatorCount: staking.Noop[uint32]{},
		MaxValidatorCount: staking.Noop[uint32]{}, ChillThreshold: staking.Noop[staking.Percent]{}, MinCommission: staking.Noop[staking.Perbill]{},
		MaxStakedRewards: staking.Noop[staking.Percent]{},
	}
}

// A part of a number of stakers is rounded to the nearest, as pallet_staking
// multiplies a Percent: 35 % of five are two, and no more than two nominate.
func TestChillThresholdRounds(t *testing.T) {
	w := quorum(t, func(g *staking.Genesis) {
		for i := 8; i < 10; i++ {
			g.Stakers = append(g.Stakers, staking.Staker{Stash: who(i), Amount: tokens(10), Targets: []chain.AccountID{who(1)}})
		}
	})
	c := configs()
	c.MinNominatorBond, c.MaxNominatorCount = staking.Set[chain.Balance]{To: tokens(20)}, staking.Set[uint32]{To: 5}
	c.ChillThreshold = staking.Set[staking.Percent]{To: 35}
	w.must(w.Root(c))
	if err := w.Signed(who(11), staking.ChillOther{Stash: who(8)}); !errors.Is(err, staking.ErrCannotChillOther) {
		t.Errorf("at the threshold: %v", err)
	}
	c = configs()
	c.ChillThreshold = staking.Set[staking.Percent]{To: 30} // of five: 1.5, of which the lower
	w.must(w.Root(c))
	w.must(w.Signed(who(11), staking.ChillOther{Stash: who(8)}))
}

// Root is told, too, that a stash is none, and cannot ask for more commission
// than there is.
func TestRootErrs(t *testing.T) {
	w := quorum(t)
	if err := w.Root(staking.ForceUnstake{Stash: who(9)}); !errors.Is(err, staking.ErrNotStash) {
		t.Errorf("unstaking one that has nothing at stake: %v", err)
	}
	c := configs()
	c.MinCommission = staking.Set[staking.Perbill]{To: 2 * staking.One}
	w.must(w.Root(c))
	w.must(w.Signed(who(1), staking.Validate{Prefs: staking.ValidatorPrefs{Commission: staking.One}}))
}
