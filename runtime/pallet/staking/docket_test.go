package staking_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// crowd is a chain of many validators, each with a few of many nominators.
func crowd(tb testing.TB, c staking.Config, validators, nominators, votes int) *world {
	holds, g := map[int]chain.Balance{}, staking.Genesis{ValidatorCount: uint32(validators), MinimumValidatorCount: 1, SlashRewardFraction: staking.One / 10}
	var all []int
	for i := range validators + nominators {
		holds[i] = tokens(200)
		s := staking.Staker{Stash: who(i), Amount: tokens(100)}
		if i >= validators {
			for j := range votes {
				s.Targets = append(s.Targets, who((i*31+j*j*127)%validators))
			}
		} else {
			all = append(all, i)
		}
		g.Stakers = append(g.Stakers, s)
	}
	w := newWorld(tb, c, holds)
	w.begin(g, all...)
	return w
}

// equivocate reports that validators voted twice, one after the other.
func (w *world) equivocate(slot uint32, count int, after func()) {
	for i := range count {
		w.offences.Report(w.Context(), offences.Report{
			Kind: offences.GrandpaEquivocation, TimeSlot: scale.Marshal(slot), Offenders: []chain.AccountID{who(i)},
			Reporters: []chain.AccountID{who(i + 1)}, Fraction: offences.Equivocation,
		})
		after()
	}
}

// due are the stakes that are slashed by an era, by validator.
func (w *world) due(era uint32) map[chain.AccountID][]string {
	all := map[chain.AccountID][]string{}
	for _, u := range w.staking.UnappliedSlashes.Get(w.Context(), era) {
		all[u.Validator] = append(all[u.Validator], fmt.Sprint(u.Own, u.Others))
	}
	return all
}

// However many validators do the same, each one's loss stands once, and what is
// stored grows as they do.
func TestManyOffendersOneSlashEach(t *testing.T) {
	const validators, offenders = 60, 40
	w := crowd(t, config, validators, 120, 4)
	w.equivocate(1, offenders, func() {})
	list := w.staking.UnappliedSlashes.Get(w.Context(), config.SlashDeferDuration+1)
	if len(list) != offenders {
		t.Fatalf("%d slashes wait, want %d", len(list), offenders)
	}
	for _, u := range list { // more than a third: all of it
		meta, _ := w.staking.ErasStakersOverview.Get(w.Context(), 0, u.Validator)
		sum := u.Own
		for _, o := range u.Others {
			sum = sum.AddSat(o.Value)
		}
		if sum != meta.Total {
			t.Errorf("%d loses %s of %s", indexOf(u.Validator), sum, meta.Total)
		}
	}
}

// However little room a block has, all who offend lose as much in the end, and
// validate no more at once; and what is due is slashed before it can be
// withdrawn.
func TestRoomChangesNothing(t *testing.T) {
	c := config
	c.SessionsPerEra, c.BondingDuration, c.SlashDeferDuration = 1, 2, 1
	const validators, offenders = 30, 9
	run := func(judged uint32) (*world, map[chain.AccountID][]string) {
		c := c
		c.MaxJudgedStakes = judged
		w := crowd(t, c, validators, 60, 4)
		longest := 0
		w.equivocate(1, offenders, func() {
			waiting := 0
			for key := range w.staking.WaitingOffences.All(w.Context()) {
				waiting++
				if w.staking.Validators.Has(w.Context(), key.Who) {
					t.Errorf("with room for %d, %d validates on", judged, indexOf(key.Who))
				}
			}
			longest = max(longest, waiting)
		})
		if judged < 100 && longest == 0 {
			t.Errorf("with room for %d none waits", judged)
		}
		for range 50 {
			w.staking.OnInitialize(w.Context())
		}
		for range w.staking.WaitingOffences.All(w.Context()) {
			t.Errorf("with room for %d some wait for ever", judged)
		}
		return w, w.due(2)
	}
	_, want := run(25_000)
	w, got := run(12)
	if len(want) != offenders || !reflect.DeepEqual(got, want) {
		t.Fatalf("with little room\n%v\nwith much\n%v", got, want)
	}
	w.must(w.Signed(who(0), staking.Unbond{Value: tokens(50)})) // may be withdrawn in era 2
	w.staking.ForceEra.Put(w.Context(), staking.ForceAlways)
	for w.active() < 2 {
		w.rotate()
	}
	if len(w.due(2)) == 0 {
		t.Fatal("all is slashed at once")
	}
	before := w.ledger(0).Total
	w.must(w.Signed(who(0), staking.WithdrawUnbonded{NumSlashingSpans: 9}))
	if w.ledger(0).Total != before {
		t.Error("it is withdrawn before all is slashed")
	}
	for range 50 {
		w.staking.OnInitialize(w.Context())
	}
	if len(w.due(2)) > 0 {
		t.Error("some is never slashed")
	}
	w.must(w.Signed(who(0), staking.WithdrawUnbonded{NumSlashingSpans: 9}))
	if w.ledger(0).Total == before {
		t.Error("it can never be withdrawn")
	}
}

// What is due in an era and is not slashed before the next one begins is slashed
// before what could be withdrawn in either is.
func TestShortErasDoNotSaveFromSlashes(t *testing.T) {
	c := config
	c.SessionsPerEra, c.BondingDuration, c.SlashDeferDuration, c.MaxJudgedStakes = 1, 2, 1, 12
	const offenders = 9
	w := crowd(t, c, 30, 60, 4)
	w.equivocate(1, offenders, func() {})
	for i := range offenders {
		w.must(w.Signed(who(i), staking.Unbond{Value: tokens(100)})) // may be withdrawn in era 2
	}
	for range 50 {
		w.staking.OnInitialize(w.Context())
	}
	due := map[int]chain.Balance{}
	for _, u := range w.staking.UnappliedSlashes.Get(w.Context(), 2) {
		due[indexOf(u.Validator)] = due[indexOf(u.Validator)].AddSat(u.Own)
	}
	w.Take()
	w.staking.ForceEra.Put(w.Context(), staking.ForceAlways)
	for w.active() < 3 {
		w.rotate()
	}
	if weight := w.staking.WeighStart(w.Context(), w.session+1); len(w.due(3)) == 0 || weight != staking.WeightJudge {
		t.Fatalf("%d slashes are left, which weigh %v", len(w.due(3)), weight)
	}
	withdraw := func() {
		for i := range offenders {
			if err := w.Signed(who(i), staking.WithdrawUnbonded{NumSlashingSpans: 9}); err != nil && !errors.Is(err, staking.ErrNotController) {
				t.Fatal(err)
			}
		}
	}
	withdraw()
	for range 50 {
		w.staking.OnInitialize(w.Context())
	}
	withdraw()
	slashed := map[int]chain.Balance{}
	for _, e := range did[staking.Slashed](w) {
		slashed[indexOf(e.Staker)] = slashed[indexOf(e.Staker)].AddSat(e.Amount)
	}
	for i := range offenders {
		if _, bonded := w.staking.Ledger.Get(w.Context(), who(i)); bonded || due[i].IsZero() || slashed[i] != due[i] {
			t.Errorf("%d loses %s of %s, and is bonded still: %v", i, slashed[i], due[i], bonded)
		}
	}
}

// The end of a session after which four in ten of 500 validators, whom 5000
// nominate, were offline: it is judged in the block that begins the next one.
func BenchmarkOutage(b *testing.B) {
	w := crowd(b, config, 500, 5000, 16)
	r := offences.Report{Kind: offences.Offline, Fraction: offences.Unresponsive}
	stakes := 0
	for i := range 200 {
		r.Offenders = append(r.Offenders, who(i))
		meta, _ := w.staking.ErasStakersOverview.Get(w.Context(), 0, who(i))
		stakes += 1 + int(meta.NominatorCount)
	}
	for b.Loop() {
		ctx := w.Context()
		ctx.Begin()
		if !w.offences.Report(ctx, r) {
			b.Fatal("the report is not taken")
		}
		ctx.Rollback()
	}
	b.ReportMetric(float64(stakes), "stakes")
}

// A third of 600 validators, whom 22,500 nominate, vote twice and are reported
// one by one: how long the last report takes, and how much the chain stores.
func BenchmarkThird(b *testing.B) {
	w := crowd(b, config, 600, 22_500, 16)
	w.equivocate(1, 200, func() {})
	r := offences.Report{Kind: offences.GrandpaEquivocation, TimeSlot: scale.Marshal(uint32(1)), Offenders: []chain.AccountID{who(300)}, Fraction: offences.Equivocation}
	for b.Loop() {
		ctx := w.Context()
		ctx.Begin()
		w.offences.Report(ctx, r)
		ctx.Rollback()
	}
	b.ReportMetric(float64(len(scale.Marshal(w.staking.UnappliedSlashes.Get(w.Context(), config.SlashDeferDuration+1)))), "B-stored")
}
