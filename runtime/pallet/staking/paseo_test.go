package staking_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// amount is a balance as the script writes it.
type amount = scale.U128

type exposed struct {
	Total, Own amount
	Others     []share
}

type share struct {
	Who   int
	Value amount
}

// scenario is what test/clients/frame-staking.mjs wrote down of the Rust
// runtime of Paseo's relay chain (pallet-staking 25).
type scenario struct {
	Name      string
	Exposures map[int]exposed
	Steps     []step

	Points      []uint32 // payouts
	Commissions []staking.Perbill
	Payout      amount

	Due       uint32 // slashes
	Unapplied []unapplied
	Left      []int
	Forced    string

	Many bool // an election of many
}

// unapplied is a slash that waits for its era.
type unapplied struct {
	Validator   int
	Own, Payout amount
	Others      []share
}

type step struct {
	Era              *uint32
	Note, Call       string
	Who, Of          int
	Value            amount
	Targets          []int
	Commission       staking.Perbill
	Blocked          bool
	In, Count, Round uint32
	Error            string
	Events           [][]any
	Ledger           *struct {
		Active, Total amount
		Unlocking     []struct {
			Value amount
			Era   uint32
		}
	}
}

func (s step) call() any {
	var targets []chain.MultiAddress
	for _, i := range s.Targets {
		targets = append(targets, address(i))
	}
	switch s.Call {
	case "bond":
		return staking.Bond{Value: s.Value, Payee: staking.Staked{}}
	case "bondExtra":
		return staking.BondExtra{MaxAdditional: s.Value}
	case "unbond":
		return staking.Unbond{Value: s.Value}
	case "rebond":
		return staking.Rebond{Value: s.Value}
	case "withdrawUnbonded":
		return staking.WithdrawUnbonded{}
	case "nominate":
		return staking.Nominate{Targets: targets}
	case "validate":
		return staking.Validate{Prefs: staking.ValidatorPrefs{Commission: s.Commission, Blocked: s.Blocked}}
	case "chill":
		return staking.Chill{}
	case "kick":
		return staking.Kick{Who: targets}
	case "chillOther":
		return staking.ChillOther{Stash: who(s.Of)}
	case "reapStash":
		return staking.ReapStash{Stash: who(s.Of)}
	case "setValidatorCount":
		return staking.SetValidatorCount{New: s.Count}
	case "payoutStakers":
		return staking.PayoutStakers{ValidatorStash: who(s.Of), Era: s.In}
	}
	panic(s.Call)
}

// told are the events of staking as the script writes them.
func told(events []any) [][]any {
	list := [][]any{}
	for _, e := range events {
		switch e := e.(type) {
		case staking.BondedEvent:
			list = append(list, []any{"Bonded", e.Stash, e.Amount})
		case staking.Unbonded:
			list = append(list, []any{"Unbonded", e.Stash, e.Amount})
		case staking.Withdrawn:
			list = append(list, []any{"Withdrawn", e.Stash, e.Amount})
		case staking.Chilled:
			list = append(list, []any{"Chilled", e.Stash})
		case staking.Kicked:
			list = append(list, []any{"Kicked", e.Nominator, e.Stash})
		case staking.ValidatorPrefsSet:
			list = append(list, []any{"ValidatorPrefsSet", e.Stash, fmt.Sprintf(`{"commission":%d,"blocked":%v}`, e.Prefs.Commission, e.Prefs.Blocked)})
		case staking.PayoutStarted:
			list = append(list, []any{"PayoutStarted", fmt.Sprint(e.EraIndex), e.ValidatorStash})
		case staking.Rewarded:
			list = append(list, []any{"Rewarded", e.Stash, reflect.TypeOf(e.Dest).Name(), e.Amount})
		case staking.SlashReported:
			list = append(list, []any{"SlashReported", e.Validator, fmt.Sprint(e.Fraction), fmt.Sprint(e.SlashEra)})
		case staking.ForceEraEvent:
			list = append(list, []any{"ForceEra", e.Mode.Variants()[e.Mode]})
		case staking.Slashed:
			list = append(list, []any{"Slashed", e.Staker, e.Amount})
		}
	}
	for _, row := range list {
		for i, x := range row {
			switch x := x.(type) {
			case chain.AccountID:
				row[i] = float64(indexOf(x)) // as JSON numbers come
			case chain.Balance:
				row[i] = x.String()
			}
		}
	}
	return list
}

func loadPaseo(t *testing.T) []scenario {
	raw, err := os.ReadFile("testdata/paseo.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Scenarios []scenario }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Scenarios
}

// paseoWorld has the stakers of the script's genesis.
func paseoWorld(t *testing.T) *world {
	holds, g := map[int]chain.Balance{}, staking.Genesis{ValidatorCount: 7, MinimumValidatorCount: 1, SlashRewardFraction: 100_000_000}
	for i := range 10 {
		g.Stakers = append(g.Stakers, staking.Staker{Stash: who(i), Amount: tokens(1000 + 100*uint64(i))})
	}
	for i := range 6 {
		s := staking.Staker{Stash: who(10 + i), Amount: tokens(500 + 37*uint64(i))}
		for _, j := range []int{i, (i*3 + 1) % 10, (i + 5) % 10} {
			if !slices.Contains(s.Targets, who(j)) {
				s.Targets = append(s.Targets, who(j))
			}
		}
		g.Stakers = append(g.Stakers, s)
	}
	for i, s := range g.Stakers {
		holds[i] = s.Amount.AddSat(tokens(1000))
	}
	for i := range 10 {
		holds[16+i] = tokens(101_000)
	}
	w := newWorld(t, config, holds)
	w.begin(g, 3, 4, 5, 6, 7, 8, 9)
	return w
}

// The same calls end as on Paseo, with the same events and the same ledgers.
func TestPaseo(t *testing.T) {
	for _, sc := range loadPaseo(t) {
		t.Run(sc.Name, func(t *testing.T) {
			if sc.Many {
				electMany(t, sc)
				return
			}
			w := paseoWorld(t)
			ctx := w.Context()
			checkExposures(t, w, sc)
			if sc.Points != nil {
				w.earned(sc)
			}
			for _, s := range sc.Steps {
				if s.Era != nil {
					w.staking.CurrentEra.Put(ctx, *s.Era)
					w.staking.ActiveEra.Put(ctx, staking.ActiveEraInfo{Index: *s.Era})
					continue
				}
				w.Take()
				failure := ""
				if s.Call == "reportEquivocation" {
					if !w.offences.Report(ctx, offences.Report{
						Kind: offences.GrandpaEquivocation, TimeSlot: scale.Marshal(s.Round), Offenders: []chain.AccountID{who(s.Of)},
						Reporters: []chain.AccountID{who(s.Who)}, Fraction: offences.Equivocation,
					}) {
						failure = "DuplicateOffenceReport"
					}
				} else if err := w.Signed(who(s.Who), s.call()); err != nil {
					failure = strings.TrimPrefix(w.Runtime.Explain(w.Runtime.Reason(err)), "Staking.")
				}
				if failure != s.Error {
					t.Errorf("%s, %s: failed with %q, want %q", s.Call, s.Note, failure, s.Error)
				}
				if got := told(w.Take()); !reflect.DeepEqual(got, s.Events) {
					t.Errorf("%s, %s: events\n got %v\nwant %v", s.Call, s.Note, got, s.Events)
				}
				checkLedger(t, w, s)
			}
			checkSlashes(t, w, sc)
		})
	}
}

// electMany holds the election that the runtime of Paseo held at its genesis: 40
// candidates, 80 nominators with up to sixteen votes, 16 seats. Those elected
// validate already, so that no limit on changes hides a difference.
func electMany(t *testing.T, sc scenario) {
	holds, g := map[int]chain.Balance{}, staking.Genesis{ValidatorCount: 16}
	for i := range 40 {
		g.Stakers = append(g.Stakers, staking.Staker{Stash: who(i), Amount: tokens(1000 + uint64(i)*7919%613)})
	}
	for j := range 80 {
		s := staking.Staker{Stash: who(40 + j), Amount: tokens(100 + uint64(j)*104729%977).AddSat(n(uint64(j)))}
		for k := range 16 {
			if target := who((j*31 + k*k*7 + k) % 40); !slices.Contains(s.Targets, target) {
				s.Targets = append(s.Targets, target)
			}
		}
		g.Stakers = append(g.Stakers, s)
	}
	for i, s := range g.Stakers {
		holds[i] = s.Amount.AddSat(tokens(1000))
	}
	w := newWorld(t, config, holds)
	w.begin(g, sortedKeys(sc.Exposures)...)
	w.era()
	checkExposures(t, w, sc)
}

// earned sets what was earned in era 0, as the script does.
func (w *world) earned(sc scenario) {
	ctx := w.Context()
	p := staking.EraRewardPoints{}
	for i, points := range sc.Points {
		w.staking.ErasValidatorPrefs.Put(ctx, 0, who(i), staking.ValidatorPrefs{Commission: sc.Commissions[i]})
		p.Individual = append(p.Individual, staking.Points{Who: who(i), Points: points})
		p.Total += points
	}
	w.staking.ErasRewardPoints.Put(ctx, 0, p)
	w.staking.ErasValidatorReward.Put(ctx, 0, sc.Payout)
	w.staking.CurrentEra.Put(ctx, 1)
	w.staking.ActiveEra.Put(ctx, staking.ActiveEraInfo{Index: 1})
}

func checkExposures(t *testing.T, w *world, sc scenario) {
	t.Helper()
	got := map[int]exposed{}
	era := w.active()
	for id, meta := range w.staking.ErasStakersOverview.Of(w.Context(), era) {
		e := exposed{Total: meta.Total, Own: meta.Own}
		for page := range meta.PageCount {
			p, _ := w.staking.ErasStakersPaged.Get(w.Context(), era, id, page)
			for _, o := range p.Others {
				e.Others = append(e.Others, share{indexOf(o.Who), o.Value})
			}
		}
		got[indexOf(id)] = e
	}
	for _, list := range []map[int]exposed{got, sc.Exposures} { // the order is of the voters, which differs
		for _, e := range list {
			slices.SortFunc(e.Others, func(a, b share) int { return a.Who - b.Who })
		}
	}
	if !reflect.DeepEqual(got, sc.Exposures) {
		t.Errorf("exposures\n got %v\nwant %v", got, sc.Exposures)
	}
}

func checkLedger(t *testing.T, w *world, s step) {
	t.Helper()
	l, ok := w.staking.Ledger.Get(w.Context(), who(s.Who))
	if ok != (s.Ledger != nil) {
		t.Errorf("%s, %s: has a ledger: %v", s.Call, s.Note, ok)
		return
	}
	if !ok {
		return
	}
	same := l.Active == s.Ledger.Active && l.Total == s.Ledger.Total && len(l.Unlocking) == len(s.Ledger.Unlocking)
	for i, c := range s.Ledger.Unlocking {
		same = same && l.Unlocking[i] == staking.UnlockChunk(c)
	}
	if !same {
		t.Errorf("%s, %s: the ledger is %+v, want %+v", s.Call, s.Note, l, *s.Ledger)
	}
	if held := w.money.OnHold(w.Context(), who(s.Who), config.Reason); held != l.Total {
		t.Errorf("%s, %s: %s is held for a bond of %s", s.Call, s.Note, held, l.Total)
	}
}

// sums are slashes by validator, as ours are; Paseo's runtime stores one each
// time that there is one more of those who did the same.
func sums(list []unapplied) (all []unapplied) {
	for _, u := range list {
		i := slices.IndexFunc(all, func(a unapplied) bool { return a.Validator == u.Validator })
		if i < 0 {
			u.Others = slices.Clone(u.Others)
			all = append(all, u)
			continue
		}
		all[i].Own, all[i].Payout = all[i].Own.AddSat(u.Own), all[i].Payout.AddSat(u.Payout)
		for j, o := range u.Others {
			all[i].Others[j].Value = all[i].Others[j].Value.AddSat(o.Value)
		}
	}
	return all
}

func checkSlashes(t *testing.T, w *world, sc scenario) {
	t.Helper()
	if sc.Due == 0 {
		return
	}
	ctx := w.Context()
	list, due := w.staking.UnappliedSlashes.Get(ctx, sc.Due), sums(sc.Unapplied)
	if len(list) != len(due) {
		t.Fatalf("%d slashes are due, want %d", len(list), len(due))
	}
	for i, want := range due {
		var others []share
		for _, o := range list[i].Others {
			others = append(others, share{indexOf(o.Who), o.Value})
		}
		for _, l := range [][]share{others, want.Others} {
			slices.SortFunc(l, func(a, b share) int { return a.Who - b.Who })
		}
		if got := list[i]; indexOf(got.Validator) != want.Validator || got.Own != want.Own || got.Payout != want.Payout || !reflect.DeepEqual(others, want.Others) {
			t.Errorf("slash %d is %+v, want %+v", i, got, want)
		}
	}
	var left []int
	for _, i := range []int{3, 4, 5} {
		if w.staking.Validators.Has(ctx, who(i)) {
			left = append(left, i)
		}
	}
	if len(left) != len(sc.Left) || w.staking.ForceEra.Get(ctx).Variants()[w.staking.ForceEra.Get(ctx)] != sc.Forced {
		t.Errorf("%v still validate and eras are %v; want %v and %s", left, w.staking.ForceEra.Get(ctx), sc.Left, sc.Forced)
	}
}
