package staking_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// quorum is a chain with validators 0…4 and the candidates 5…7, who bonded more.
func quorum(t *testing.T, change ...func(*staking.Genesis)) *world {
	holds, g := map[int]chain.Balance{}, staking.Genesis{ValidatorCount: 5, MinimumValidatorCount: 3, SlashRewardFraction: staking.One / 10}
	for i := range 12 {
		holds[i] = tokens(5000)
		if i < 8 {
			g.Stakers = append(g.Stakers, staking.Staker{Stash: who(i), Amount: tokens(100 + 10*uint64(i))})
		}
	}
	for _, f := range change {
		f(&g)
	}
	w := newWorld(t, config, holds)
	w.begin(g, 0, 1, 2, 3, 4)
	return w
}

// did returns the events of the given kind since the last time.
func did[E any](w *world) (list []E) {
	for _, e := range w.Events {
		if e, ok := e.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

func (w *world) validators() (list []int) {
	for _, id := range w.now {
		list = append(list, indexOf(id))
	}
	return list
}

func (w *world) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

// Those with more at stake come in, one in each era, and those with less go.
func TestEras(t *testing.T) {
	w := quorum(t)
	var sets [][]int
	for range 5 {
		w.era()
		sets = append(sets, w.validators())
	}
	want := [][]int{{1, 2, 3, 4, 7}, {2, 3, 4, 6, 7}, {3, 4, 5, 6, 7}, {3, 4, 5, 6, 7}, {3, 4, 5, 6, 7}}
	if !reflect.DeepEqual(sets, want) {
		t.Errorf("validators %v, want %v", sets, want)
	}
	ctx := w.Context()
	if start, _ := w.staking.ErasStartSessionIndex.Get(ctx, 5); start != 30 || w.session != 30 {
		t.Errorf("era 5 begins with session %d of %d", start, w.session)
	}
}

// Whoever has to stay although it nominates by now stands behind itself, and
// not behind others with the same tokens as well.
func TestWhoStaysVotesOnce(t *testing.T) {
	w := quorum(t)
	for i := range 4 {
		w.must(w.Signed(who(i), staking.Nominate{Targets: []chain.MultiAddress{address(7)}}))
	}
	w.era()
	ctx, stays := w.Context(), 0
	stands := map[chain.AccountID]chain.Balance{}
	for _, id := range w.now {
		meta, _ := w.staking.ErasStakersOverview.Get(ctx, w.active(), id)
		stands[id] = stands[id].AddSat(meta.Own)
		for page := range meta.PageCount {
			e, _ := w.staking.ErasStakersPaged.Get(ctx, w.active(), id, page)
			for _, o := range e.Others {
				stands[o.Who] = stands[o.Who].AddSat(o.Value)
			}
		}
		if indexOf(id) < 4 {
			stays++
			if meta.Own != w.ledger(indexOf(id)).Active {
				t.Errorf("%d validates, and stands behind itself with %s", indexOf(id), meta.Own)
			}
		}
	}
	if stays == 0 {
		t.Fatal("none of those who nominate had to stay")
	}
	for i := range 8 {
		if all, bond := stands[who(i)], w.ledger(i).Active; bond.Less(all) {
			t.Errorf("%d has bonded %s and stands behind validators with %s", i, bond, all)
		}
	}
}

func TestElectionsThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*world)
		want []int
		ok   bool
	}{
		"all chilled": {func(w *world) {
			for i := range 8 {
				w.must(w.Signed(who(i), staking.Chill{}))
			}
		}, []int{0, 1, 2, 3, 4}, false},
		"fewer than the fewest": {func(w *world) {
			for i := range 6 {
				w.must(w.Signed(who(i), staking.Chill{}))
			}
		}, []int{0, 1, 2, 3, 4}, false},
		"none was seen": {func(w *world) {
			for i := range 8 {
				w.gone[who(i)] = true
			}
		}, []int{0, 1, 2, 3, 4}, false},
		"none has keys": {func(w *world) {
			for i := range 8 {
				w.keyless[who(i)] = true
			}
		}, []int{0, 1, 2, 3, 4}, false},
		"the rich were not seen": {func(w *world) {
			w.gone[who(7)], w.gone[who(6)] = true, true
		}, []int{1, 2, 3, 4, 5}, true},
		"who is gone goes first": {func(w *world) { w.gone[who(4)] = true }, []int{0, 1, 2, 3, 7}, true},
		"who left goes next":     {func(w *world) { w.must(w.Signed(who(3), staking.Chill{})) }, []int{0, 1, 2, 4, 7}, true},
		"a validator leaves with all": {func(w *world) {
			w.must(w.Signed(who(2), staking.Chill{}))
			w.must(w.Signed(who(2), staking.Unbond{Value: tokens(10_000)}))
		}, []int{0, 1, 3, 4, 7}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := quorum(t)
			c.do(w)
			w.Take()
			for range 7 {
				w.rotate()
			}
			if failed := len(did[staking.StakingElectionFailed](w)) > 0; failed == c.ok {
				t.Errorf("it failed: %v", failed)
			}
			if got := w.validators(); !slices.Equal(got, c.want) {
				t.Errorf("validators %v, want %v", got, c.want)
			}
			if a, _ := w.staking.ActiveEra.Get(w.Context()); (a.Index == 1) != c.ok {
				t.Errorf("the era is %d", a.Index)
			}
		})
	}
}

// Where the candidates are back, so are the eras.
func TestElectionAfterFailure(t *testing.T) {
	w := quorum(t)
	for i := range 8 {
		w.gone[who(i)] = true
	}
	for range 9 {
		w.rotate()
	}
	clear(w.gone)
	w.rotate()
	w.rotate()
	if w.active() != 1 {
		t.Errorf("after %d sessions the era is %d", w.session, w.active())
	}
}

// What an era earns follows its curve, and what the stakers do not get is the
// treasury's; each gets by its points and what stands behind it, once, and only
// within the depth of history.
func TestRewards(t *testing.T) {
	w := quorum(t, func(g *staking.Genesis) {
		g.Stakers[1].Commission = staking.One / 10
		g.Stakers = append(g.Stakers, staking.Staker{Stash: who(8), Amount: tokens(1000), Targets: []chain.AccountID{who(1), who(2)}})
	})
	ctx := w.Context()
	w.staking.Credit(ctx, 60, who(1))
	w.staking.Credit(ctx, 20, who(2), who(7)) // 7 does not validate
	w.Take()
	w.era()
	paid := did[staking.EraPaid](w)
	if len(paid) != 1 || paid[0].ValidatorPayout.IsZero() {
		t.Fatalf("paid %+v", paid)
	}
	if points := w.staking.ErasRewardPoints.Get(ctx, 0); points.Total != 80 || len(points.Individual) != 2 {
		t.Fatalf("points %+v", points)
	}
	if got := w.money.Total(ctx, w.pot.PotAccount); got != paid[0].Remainder.AddSat(n(deposit)) {
		t.Errorf("the treasury has %s", got)
	}
	before := w.money.Issuance(ctx)
	for i, want := range map[int]error{1: nil, 2: nil, 3: nil, 7: staking.ErrInvalidEraToReward, 8: staking.ErrInvalidEraToReward, 9: staking.ErrNotStash} {
		if err := w.Signed(who(11), staking.PayoutStakers{ValidatorStash: who(i), Era: 0}); !errors.Is(err, want) {
			t.Errorf("payout of %d: %v, want %v", i, err, want)
		}
		if want != nil {
			continue
		}
		if err := w.Signed(who(11), staking.PayoutStakers{ValidatorStash: who(i), Era: 0}); !errors.Is(err, staking.ErrAlreadyClaimed) {
			t.Errorf("payout of %d again: %v", i, err)
		}
	}
	made := w.money.Issuance(ctx).SubSat(before)
	if short := paid[0].ValidatorPayout.SubSat(made); paid[0].ValidatorPayout.Less(made) || n(10_000).Less(short) {
		t.Errorf("%s was made of %s", made, paid[0].ValidatorPayout)
	}
	for name, c := range map[string]struct {
		era, page uint32
		want      error
	}{
		"the era under way": {1, 0, staking.ErrInvalidEraToReward}, "an era to come": {9, 0, staking.ErrInvalidEraToReward},
		"no such page": {0, 1, staking.ErrInvalidPage}, "paid": {0, 0, staking.ErrAlreadyClaimed},
	} {
		if err := w.Signed(who(11), staking.PayoutStakersByPage{ValidatorStash: who(1), Era: c.era, Page: c.page}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for w.active() <= config.HistoryDepth {
		w.era()
	}
	if err := w.Signed(who(11), staking.PayoutStakersByPage{ValidatorStash: who(4)}); !errors.Is(err, staking.ErrInvalidEraToReward) {
		t.Errorf("an era that is forgotten: %v", err)
	}
	if _, there := w.staking.ErasTotalStake.Find(ctx, 0); there {
		t.Error("era 0 is not forgotten")
	}
}

func (w *world) accuse(slot uint32, reporter int, offenders ...int) bool {
	r := offences.Report{
		Kind: offences.EngineEquivocation, TimeSlot: scale.Marshal(slot), Session: w.session, Reporters: []chain.AccountID{who(reporter)}, Fraction: offences.Equivocation,
	}
	for _, i := range offenders {
		r.Offenders = append(r.Offenders, who(i))
	}
	return w.offences.Report(w.Context(), r)
}

// A slash waits for its era, in which it takes of all who stood behind the
// validator, of what they unbonded since too, and rewards the reporter; the
// greatest in a span counts alone.
func TestSlash(t *testing.T) {
	w := quorum(t, func(g *staking.Genesis) {
		g.Stakers = append(g.Stakers, staking.Staker{Stash: who(8), Amount: tokens(50), Targets: []chain.AccountID{who(2)}})
	})
	ctx := w.Context()
	// 1 of 5: (3/5)², of 120 own and 50 behind.
	if !w.accuse(1, 11, 2) || w.accuse(1, 11, 2) {
		t.Fatal("the report is not taken once")
	}
	if w.staking.Validators.Has(ctx, who(2)) || w.staking.ForceEra.Get(ctx) != staking.ForceNew || !slices.Contains(w.disabled, who(2)) {
		t.Error("the offender can go on")
	}
	w.accuse(2, 11, 2) // no more than the first
	w.must(w.Signed(who(8), staking.Unbond{Value: tokens(50)}))
	w.must(w.Signed(who(2), staking.Unbond{Value: tokens(120)}))
	for w.active() < config.SlashDeferDuration {
		w.era()
	}
	if w.ledger(2).Total != tokens(120) || w.ledger(8).Total != tokens(50) {
		t.Fatal("it came too early")
	}
	for w.active() < config.SlashDeferDuration+1 {
		w.must(w.Signed(who(8), staking.WithdrawUnbonded{})) // to no avail
		w.rotate()
	}
	slashed := did[staking.Slashed](w)
	want := []staking.Slashed{{Staker: who(2), Amount: scale.U64(432 * deposit / 10)}, {Staker: who(8), Amount: tokens(18)}}
	if !reflect.DeepEqual(slashed, want) {
		t.Errorf("slashed %+v, want %+v", slashed, want)
	}
	// Half of a tenth of 61.2.
	if got := w.money.Total(ctx, who(11)); got != tokens(5000).AddSat(scale.U64(306*deposit/100)) {
		t.Errorf("the reporter has %s", got)
	}
	if got := w.ledger(8).Total; got != tokens(32) {
		t.Errorf("the nominator has %s left", got)
	}
}

func TestCancelledSlash(t *testing.T) {
	w := quorum(t)
	w.accuse(1, 11, 2)
	w.accuse(2, 11, 1, 3)
	due := config.SlashDeferDuration + 1
	for name, c := range map[string]struct {
		indices []uint32
		want    error
	}{
		"none": {nil, staking.ErrEmptyTargets}, "unsorted": {[]uint32{1, 0}, staking.ErrNotSortedAndUnique},
		"twice": {[]uint32{1, 1}, staking.ErrNotSortedAndUnique}, "not there": {[]uint32{0, 7}, staking.ErrInvalidSlashIndex},
	} {
		if err := w.Root(staking.CancelDeferredSlash{Era: due, SlashIndices: c.indices}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if err := w.Signed(who(1), staking.CancelDeferredSlash{Era: due, SlashIndices: []uint32{0}}); !errors.Is(err, frame.ErrBadOrigin{}) {
		t.Errorf("by anybody: %v", err)
	}
	w.must(w.Root(staking.CancelDeferredSlash{Era: due, SlashIndices: []uint32{0, 2}}))
	for w.active() < due {
		w.era()
	}
	if slashed := did[staking.Slashed](w); len(slashed) != 1 || slashed[0].Staker != who(1) {
		t.Errorf("slashed %+v", slashed)
	}
}

// Too late a report, and one of a session that cannot be, do nothing.
func TestOldOffence(t *testing.T) {
	w := quorum(t)
	for w.active() < config.BondingDuration+1 {
		w.era()
	}
	w.session = 0
	if w.accuse(1, 11, 2) {
		t.Error("an old report is taken")
	}
}

// Many small bonds do not keep a greater one out, and one as small not in.
func TestDustCannotFlood(t *testing.T) {
	c, holds := config, map[int]chain.Balance{}
	c.MaxElectingVoters = 50
	for i := range 60 {
		holds[i] = tokens(100)
	}
	w := newWorld(t, c, holds)
	w.now = []chain.AccountID{who(0)}
	vote := func(i int, bond uint64) error {
		w.must(w.Signed(who(i), staking.Bond{Value: tokens(bond), Payee: staking.Stash{}}))
		return w.Signed(who(i), staking.Nominate{Targets: []chain.MultiAddress{address(0)}})
	}
	for i := 1; i <= 50; i++ {
		w.must(vote(i, 2))
	}
	if err := vote(51, 2); !errors.Is(err, staking.ErrTooManyNominators) {
		t.Errorf("one more of the same: %v", err)
	}
	w.Take()
	w.must(vote(52, 3))
	if chilled := did[staking.Chilled](w); len(chilled) != 1 || w.staking.CounterForNominators.Get(w.Context()) != 50 {
		t.Errorf("chilled %v", chilled)
	}
	if !w.staking.Nominators.Has(w.Context(), who(52)) {
		t.Error("the greater bond does not count")
	}
}

// Candidates of dust do not fill the places: a greater bond takes the place of
// the least, unless others' stakes have elected that one.
func TestDustCannotStand(t *testing.T) {
	c, holds := config, map[int]chain.Balance{}
	c.MaxElectableTargets = 20
	for i := range 60 {
		holds[i] = tokens(1000)
	}
	w := newWorld(t, c, holds)
	g := staking.Genesis{ValidatorCount: 4, MinimumValidatorCount: 1}
	for i := range 4 {
		g.Stakers = append(g.Stakers, staking.Staker{Stash: who(i), Amount: tokens(1)})
	}
	g.Stakers = append(g.Stakers, staking.Staker{Stash: who(4), Amount: tokens(900), Targets: []chain.AccountID{who(0), who(1), who(2)}})
	w.begin(g, 0, 1, 2, 3)
	stand := func(i int, bond uint64) error {
		w.must(w.Signed(who(i), staking.Bond{Value: tokens(bond), Payee: staking.Stash{}}))
		return w.Signed(who(i), staking.Validate{})
	}
	for i := 5; i < 21; i++ {
		w.must(stand(i, 2))
	}
	if err := stand(21, 1); !errors.Is(err, staking.ErrTooManyValidators) {
		t.Errorf("as little as the least: %v", err)
	}
	w.Take()
	w.must(stand(22, 3)) // in place of validator 3, on whom nothing stands but its own
	for i := 23; i < 39; i++ {
		w.must(stand(i, 3)) // in place of all the dust
	}
	if chilled := did[staking.Chilled](w); len(chilled) != 17 || chilled[0].Stash != who(3) {
		t.Errorf("%d chilled: %v", len(chilled), chilled)
	}
	if err := stand(40, 290); err != nil {
		t.Errorf("a great bond: %v", err)
	}
	for i := range 3 { // they are worth what stands behind them, and 300 do
		if !w.staking.Validators.Has(w.Context(), who(i)) {
			t.Errorf("elected %d was driven out", i)
		}
	}
	// Nobody stands behind them any more: they are worth what they bonded.
	w.must(w.Signed(who(4), staking.Chill{}))
	w.era()
	w.era()
	w.Take()
	w.must(stand(41, 4))
	if chilled := did[staking.Chilled](w); len(chilled) != 1 || w.staking.CounterForValidators.Get(w.Context()) != 20 {
		t.Errorf("chilled %v", chilled)
	}
	for i := range 3 {
		if e, _ := w.staking.CandidateStakes.Get(w.Context(), who(i)); e != (chain.Balance{}) && e != tokens(1) {
			t.Errorf("candidate %d is worth %s", i, e)
		}
	}
}

func TestRefusals(t *testing.T) {
	w := quorum(t, func(g *staking.Genesis) {
		g.MinNominatorBond, g.MinValidatorBond, g.MinCommission, g.MaxValidators = tokens(10), tokens(50), staking.One/20, 8
		for i := range g.Stakers {
			g.Stakers[i].Commission = staking.One / 20
		}
	})
	w.must(w.Signed(who(9), staking.Bond{Value: tokens(5), Payee: staking.Staked{}}))
	w.must(w.Signed(who(10), staking.Bond{Value: tokens(80), Payee: staking.Staked{}}))
	seventeen := make([]chain.MultiAddress, 17)
	for i := range seventeen {
		seventeen[i] = address(i % 8)
	}
	fair := staking.ValidatorPrefs{Commission: staking.One / 10}
	for _, c := range []struct {
		name string
		who  int
		call any
		want error
	}{
		{"too little to nominate", 9, staking.Nominate{Targets: seventeen[:1]}, staking.ErrInsufficientBond},
		{"too little to validate", 9, staking.Validate{Prefs: fair}, staking.ErrInsufficientBond},
		{"too low a commission", 10, staking.Validate{}, staking.ErrCommissionTooLow},
		{"too many validators", 10, staking.Validate{Prefs: fair}, staking.ErrTooManyValidators},
		{"seventeen", 10, staking.Nominate{Targets: seventeen}, staking.ErrTooManyTargets},
		{"an address that is none", 10, staking.Nominate{Targets: []chain.MultiAddress{chain.AddressRaw{}}}, frame.ErrCannotLookup{}},
		{"bonded by another", 10, staking.Bond{Value: tokens(1), Payee: staking.Stash{}}, staking.ErrAlreadyBonded},
		{"nothing is unbonded", 10, staking.Rebond{Value: tokens(1)}, staking.ErrNoUnlockChunk},
		{"below what a validator needs", 7, staking.Unbond{Value: tokens(160)}, staking.ErrInsufficientBond},
		{"not chilled by others", 10, staking.ChillOther{Stash: who(7)}, staking.ErrCannotChillOther},
		{"a controller", 10, staking.SetController{}, staking.ErrAlreadyPaired},
		{"the fewest validators", 10, staking.SetValidatorCount{New: 1}, frame.ErrBadOrigin{}},
		{"no eras", 10, staking.ForceNoEras{}, frame.ErrBadOrigin{}},
		{"configuration", 10, staking.SetStakingConfigs{
			MinNominatorBond: staking.Noop[chain.Balance]{}, MinValidatorBond: staking.Noop[chain.Balance]{}, MaxNominatorCount: staking.Noop[uint32]{},
			MaxValidatorCount: staking.Noop[uint32]{}, ChillThreshold: staking.Noop[staking.Percent]{}, MinCommission: staking.Noop[staking.Perbill]{},
			MaxStakedRewards: staking.Noop[staking.Percent]{},
		}, frame.ErrBadOrigin{}},
	} {
		if err := w.Signed(who(c.who), c.call); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if err := w.Root(staking.SetValidatorCount{New: 1001}); !errors.Is(err, staking.ErrTooManyValidators) {
		t.Errorf("more validators than can be: %v", err)
	}
	// Where there are too many, those below the least may be chilled.
	w.must(w.Root(staking.SetStakingConfigs{
		MinNominatorBond: staking.Noop[chain.Balance]{}, MinValidatorBond: staking.Set[chain.Balance]{To: tokens(150)}, MaxNominatorCount: staking.Noop[uint32]{},
		MaxValidatorCount: staking.Set[uint32]{To: 9}, ChillThreshold: staking.Set[staking.Percent]{To: 80}, MinCommission: staking.Set[staking.Perbill]{To: staking.One / 8},
		MaxStakedRewards: staking.Remove[staking.Percent]{},
	}))
	w.must(w.Signed(who(10), staking.ChillOther{Stash: who(1)}))
	if err := w.Signed(who(10), staking.ChillOther{Stash: who(7)}); !errors.Is(err, staking.ErrCannotChillOther) {
		t.Errorf("one that bonded enough: %v", err)
	}
	w.must(w.Signed(who(10), staking.ForceApplyMinCommission{ValidatorStash: who(7)}))
	if got := w.staking.Validators.Get(w.Context(), who(7)).Commission; got != staking.One/8 {
		t.Errorf("the commission is %d", got)
	}
}
