package staking_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// swift has short eras, few nominators and small pages, so that limits are met.
var swift = func() staking.Config {
	c := config
	c.HistoryDepth, c.SessionsPerEra, c.BondingDuration, c.SlashDeferDuration = 6, 2, 4, 3
	c.MaxExposurePageSize, c.MaxUnlockingChunks, c.MaxElectingVoters, c.MaxElectableTargets, c.MaxJudgedStakes = 2, 3, 12, 8, 5
	return c
}()

const people = 24

// model is what must hold of all that happens to stakes, told by the events.
type model struct {
	*world
	r    *rand.Rand
	paid map[string]bool // a page of an era's validator
	// unbonded is, by stash, what may be withdrawn from which era on.
	unbonded map[int]map[uint32]chain.Balance
}

// Thousands of random calls, sessions and offences: no token is made or lost,
// as much is held as is bonded, nothing is withdrawn early, nobody is slashed by
// more than he has bonded, no page of rewards is paid twice, nobody's call changes another's ledger, and what stands behind
// validators is what stakers have.
func TestInvariants(t *testing.T) {
	seeds := uint64(6)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			holds := map[int]chain.Balance{}
			g := staking.Genesis{ValidatorCount: 5, MinimumValidatorCount: 2, SlashRewardFraction: staking.One / 10, MinNominatorBond: tokens(2), MinValidatorBond: tokens(5)}
			for i := range people {
				holds[i] = tokens(1000)
				if i < 6 {
					g.Stakers = append(g.Stakers, staking.Staker{Stash: who(i), Amount: tokens(100 + uint64(i))})
				}
			}
			w := newWorld(t, swift, holds)
			w.begin(g, 0, 1, 2, 3, 4)
			m := &model{world: w, r: rand.New(rand.NewPCG(seed, 7)), paid: map[string]bool{}, unbonded: map[int]map[uint32]chain.Balance{}}
			for range 1500 {
				m.step()
				if t.Failed() {
					return
				}
			}
		})
	}
}

func (m *model) pick() int { return m.r.IntN(people) }

func (m *model) amount() chain.Balance {
	return scale.U64(m.r.Uint64N(200 * deposit))
}

// step does one thing and checks all.
func (m *model) step() {
	ctx := m.Context()
	m.Take()
	before := m.ledgers()
	i, what := m.pick(), m.r.IntN(100)
	var call any
	switch {
	case what < 12:
		call = staking.Bond{Value: m.amount(), Payee: []staking.RewardDestination{staking.Staked{}, staking.Stash{}, staking.None{}, staking.Account{Who: who(m.pick())}}[m.r.IntN(4)]}
	case what < 18:
		call = staking.BondExtra{MaxAdditional: m.amount()}
	case what < 30:
		call = staking.Unbond{Value: m.amount()}
	case what < 36:
		call = staking.Rebond{Value: m.amount()}
	case what < 46:
		call = staking.WithdrawUnbonded{NumSlashingSpans: uint32(m.r.IntN(9))}
	case what < 52:
		call = staking.Validate{Prefs: staking.ValidatorPrefs{Commission: staking.Perbill(m.r.Uint32()), Blocked: m.r.IntN(9) == 0}}
	case what < 66:
		var targets []chain.MultiAddress
		for range m.r.IntN(18) {
			targets = append(targets, address(m.pick()))
		}
		call = staking.Nominate{Targets: targets}
	case what < 68:
		call = staking.Chill{}
	case what < 70:
		call = staking.Kick{Who: []chain.MultiAddress{address(m.pick()), address(m.pick())}}
	case what < 80:
		call = staking.PayoutStakersByPage{ValidatorStash: who(m.pick()), Era: m.active() - min(m.active(), uint32(m.r.IntN(8))), Page: uint32(m.r.IntN(3))}
	case what < 82:
		call = staking.ReapStash{Stash: who(m.pick()), NumSlashingSpans: 9}
	case what < 84:
		call = staking.ChillOther{Stash: who(m.pick())}
	case what < 87:
		m.offend()
	case what < 89:
		m.gone[who(i)] = !m.gone[who(i)]
	case what < 90:
		m.keyless[who(i)] = !m.keyless[who(i)]
	case what < 91:
		call = staking.SetPayee{Payee: staking.Account{Who: chain.AccountID{0xff, byte(m.r.IntN(3))}}} // dead, maybe
	case what < 92:
		call = balances.TransferAll{Dest: address(m.pick())}
	case what < 95:
		m.govern()
	default:
		era, _ := m.staking.CurrentEra.Get(ctx)
		m.rotate()
		m.elected()
		if planned, _ := m.staking.CurrentEra.Get(ctx); planned != era {
			m.once(planned)
		}
		m.staking.Credit(ctx, 20, m.now[m.r.IntN(len(m.now))])
		m.staking.Credit(ctx, 1, m.now...)
	}
	if call != nil {
		err := m.Signed(who(i), call)
		m.alone(i, call, before, err)
		if err != nil {
			m.Take() // what is undone
		}
	}
	m.follow(before)
	m.check()
}

// govern does what root may.
func (m *model) govern() {
	var call any
	configs := staking.SetStakingConfigs{
		MinNominatorBond: staking.Noop[chain.Balance]{}, MinValidatorBond: staking.Noop[chain.Balance]{}, MaxNominatorCount: staking.Noop[uint32]{},
		MaxValidatorCount: staking.Noop[uint32]{}, ChillThreshold: staking.Noop[staking.Percent]{}, MinCommission: staking.Noop[staking.Perbill]{},
		MaxStakedRewards: staking.Noop[staking.Percent]{},
	}
	switch m.r.IntN(10) {
	case 0:
		call = staking.ForceUnstake{Stash: who(m.pick()), NumSlashingSpans: 9}
	case 1:
		call = staking.CancelDeferredSlash{Era: m.active() + uint32(m.r.IntN(5)), SlashIndices: []uint32{uint32(m.r.IntN(2))}}
	case 2:
		call = staking.SetValidatorCount{New: 3 + uint32(m.r.IntN(5))}
	case 3:
		configs.MaxNominatorCount, configs.MaxValidatorCount = staking.Set[uint32]{To: uint32(m.r.IntN(9))}, staking.Set[uint32]{To: 3 + uint32(m.r.IntN(6))}
		call = configs
	case 4:
		configs.MaxNominatorCount, configs.MaxValidatorCount = staking.Remove[uint32]{}, staking.Remove[uint32]{}
		call = configs
	case 5:
		configs.MinNominatorBond, configs.MinValidatorBond = staking.Set[chain.Balance]{To: m.amount()}, staking.Set[chain.Balance]{To: m.amount()}
		configs.ChillThreshold = staking.Set[staking.Percent]{To: staking.Percent(m.r.IntN(101))}
		call = configs
	case 6:
		configs.MinNominatorBond, configs.MinValidatorBond = staking.Remove[chain.Balance]{}, staking.Remove[chain.Balance]{}
		call = configs
	case 7:
		call = []any{staking.ForceNewEra{}, staking.ForceNewEraAlways{}, staking.ForceNoEras{}}[m.r.IntN(3)]
	case 8:
		m.staking.ForceEra.Put(m.Context(), staking.NotForcing)
		return
	case 9:
		call = staking.SetInvulnerables{Invulnerables: []chain.AccountID{who(m.pick())}}
	}
	if m.Root(call) != nil {
		m.Take() // what is undone
	}
}

// offend reports that some validators did something in a session not long ago.
func (m *model) offend() {
	r := offences.Report{
		Kind: offences.GrandpaEquivocation, TimeSlot: scale.Marshal(uint32(m.r.IntN(50))), Session: m.session - min(m.session, uint32(m.r.IntN(10))),
		Reporters: []chain.AccountID{who(m.pick())}, Fraction: offences.Equivocation,
	}
	for range 1 + m.r.IntN(2) {
		r.Offenders = append(r.Offenders, m.now[m.r.IntN(len(m.now))])
	}
	m.offences.Report(m.Context(), r)
}

func (m *model) ledgers() map[int]staking.Ledger {
	all := map[int]staking.Ledger{}
	for id, l := range m.staking.Ledger.All(m.Context()) {
		all[indexOf(id)] = l
	}
	return all
}

// alone checks that a call changed the ledger of who made it, at most; rewards
// are added to those of others, and who reaps may remove one.
func (m *model) alone(i int, call any, before map[int]staking.Ledger, err error) {
	m.tb.Helper()
	after := m.ledgers()
	for j := range people {
		if reflect.DeepEqual(before[j], after[j]) {
			continue
		}
		_, pays := call.(staking.PayoutStakersByPage)
		r, reaps := call.(staking.ReapStash)
		switch {
		case err != nil:
			m.tb.Errorf("%T failed with %v and changed the ledger of %d", call, err, j)
		case j == i, pays && before[j].Active.Less(after[j].Active), reaps && r.Stash == who(j):
		default:
			m.tb.Errorf("%T by %d changed the ledger of %d", call, i, j)
		}
	}
}

// follow learns from the events what was unbonded, withdrawn, paid and slashed.
func (m *model) follow(before map[int]staking.Ledger) {
	for _, e := range m.Take() {
		switch e := e.(type) {
		case staking.PayoutStarted:
			claimed := m.staking.ClaimedRewards.Get(m.Context(), e.EraIndex, e.ValidatorStash)
			key := fmt.Sprint(e.EraIndex, e.ValidatorStash, claimed[len(claimed)-1])
			if m.paid[key] {
				m.tb.Errorf("paid twice: %s", key)
			}
			m.paid[key] = true
		case staking.Slashed:
			i := indexOf(e.Staker)
			if l := before[i]; l.Total.Less(e.Amount) {
				m.tb.Errorf("%d had %s bonded, and %s are slashed", i, l.Total, e.Amount)
			} else {
				l.Total = l.Total.SubSat(e.Amount)
				before[i] = l
			}
		case staking.Unbonded:
			i := indexOf(e.Stash)
			if m.unbonded[i] == nil {
				m.unbonded[i] = map[uint32]chain.Balance{}
			}
			era, _ := m.staking.CurrentEra.Get(m.Context())
			m.unbonded[i][era+swift.BondingDuration] = m.unbonded[i][era+swift.BondingDuration].AddSat(e.Amount)
		case staking.Withdrawn:
			i, ripe := indexOf(e.Stash), chain.Balance{}
			for era, amount := range m.unbonded[i] {
				if era <= m.active() {
					ripe = ripe.AddSat(amount)
					delete(m.unbonded[i], era)
				}
			}
			// What is at stake and too little to stay goes with the last of it.
			if ripe.AddSat(n(deposit)).Less(e.Amount) {
				m.tb.Errorf("%d withdraws %s and %s is ripe", i, e.Amount, ripe)
			}
		}
	}
}

// check checks what must always hold.
func (m *model) check() {
	ctx := m.Context()
	sum := chain.Balance{}
	for id := range m.sys.Account.All(ctx) {
		sum = sum.AddSat(m.money.Total(ctx, id))
	}
	if issued := m.money.Issuance(ctx); issued != sum {
		m.tb.Errorf("%s are issued and %s are there", issued, sum)
	}
	nominators := 0
	for id, l := range m.staking.Ledger.All(ctx) {
		parts := l.Active
		for i, c := range l.Unlocking {
			parts = parts.AddSat(c.Value)
			if i > 0 && c.Era <= l.Unlocking[i-1].Era {
				m.tb.Errorf("the chunks of %d are not in order", indexOf(id))
			}
		}
		if held := m.money.OnHold(ctx, id, swift.Reason); parts != l.Total || held != l.Total {
			m.tb.Errorf("of %d %s are held, %s are bonded in parts, and %s in all", indexOf(id), held, parts, l.Total)
		}
	}
	ranked, candidates := m.ranked(m.staking.NominatorRanks), m.ranked(m.staking.CandidateRanks)
	for id := range m.staking.Nominators.All(ctx) {
		nominators++
		l, ok := m.staking.Ledger.Get(ctx, id)
		if rank, there := ranked[id]; !ok || !there || rank != l.Active || m.staking.Validators.Has(ctx, id) {
			m.tb.Errorf("nominator %d has %s at stake and the rank of %s", indexOf(id), l.Active, rank)
		}
	}
	if uint32(nominators) != m.staking.CounterForNominators.Get(ctx) || len(ranked) != nominators || nominators > int(swift.MaxElectingVoters) {
		m.tb.Errorf("%d nominators, %d ranks, and %d counted", nominators, len(ranked), m.staking.CounterForNominators.Get(ctx))
	}
	validators := uint32(0)
	era, _ := m.staking.CurrentEra.Get(ctx)
	for id := range m.staking.Validators.All(ctx) {
		validators++
		elected, _ := m.staking.ErasStakersOverview.Get(ctx, era, id)
		worth := m.ledger(indexOf(id)).Active
		if worth.Less(elected.Total) {
			worth = elected.Total
		}
		if rank, there := candidates[id]; !there || rank != worth {
			m.tb.Errorf("candidate %d is worth %s and has the rank of %s", indexOf(id), worth, rank)
		}
	}
	if validators != m.staking.CounterForValidators.Get(ctx) || len(candidates) != int(validators) || validators > swift.MaxElectableTargets {
		m.tb.Errorf("%d validators, %d ranks, and %d counted", validators, len(candidates), m.staking.CounterForValidators.Get(ctx))
	}
	m.exposed()
}

// ranked are the stakes that ranks tell.
func (m *model) ranked(ranks storage.Map[staking.Rank, bool, storage.Identity]) map[chain.AccountID]chain.Balance {
	stakes := map[chain.AccountID]chain.Balance{}
	for r := range ranks.All(m.Context()) {
		stake := chain.Balance{}
		for _, b := range r.Stake {
			stake = stake.MulSat(n(256)).AddSat(n(uint64(b)))
		}
		stakes[r.Who] = stake
	}
	return stakes
}

// exposed checks that what stands behind the validators of the planned era is
// of theirs and their nominators', is whole, and that too many did not change.
func (m *model) exposed() {
	ctx := m.Context()
	era, _ := m.staking.CurrentEra.Get(ctx)
	sum, set := chain.Balance{}, 0
	for id, meta := range m.staking.ErasStakersOverview.Of(ctx, era) {
		set++
		total, count := meta.Own, 0
		for page := range meta.PageCount {
			p, _ := m.staking.ErasStakersPaged.Get(ctx, era, id, page)
			part := chain.Balance{}
			for _, o := range p.Others {
				part = part.AddSat(o.Value)
			}
			if part != p.PageTotal || len(p.Others) > int(swift.MaxExposurePageSize) {
				m.tb.Errorf("page %d of %d has %s for %s", page, indexOf(id), part, p.PageTotal)
			}
			total, count = total.AddSat(part), count+len(p.Others)
		}
		if total != meta.Total || count != int(meta.NominatorCount) {
			m.tb.Errorf("%d stands on %s and not %s", indexOf(id), total, meta.Total)
		}
		sum = sum.AddSat(total)
	}
	if sum != m.staking.ErasTotalStake.Get(ctx, era) || set == 0 {
		m.tb.Errorf("%d validators stand on %s and not %s", set, sum, m.staking.ErasTotalStake.Get(ctx, era))
	}
	in, out := 0, 0
	for _, id := range m.queued {
		if !slices.Contains(m.now, id) {
			in++
		}
	}
	for _, id := range m.now {
		if !slices.Contains(m.queued, id) {
			out++
		}
	}
	if now, next := len(m.now), len(m.queued); now >= 4 && (3*in >= next || 3*out >= now) || now < 4 && in+out > 1 {
		m.tb.Errorf("of %d validators %d go, and of %d %d are new", now, out, next, in)
	}
}

// once checks that nobody stands behind the validators of an era that was just
// planned with more than is at stake.
func (m *model) once(era uint32) {
	ctx := m.Context()
	stands := map[chain.AccountID]chain.Balance{}
	for id, meta := range m.staking.ErasStakersOverview.Of(ctx, era) {
		stands[id] = stands[id].AddSat(meta.Own)
		for page := range meta.PageCount {
			p, _ := m.staking.ErasStakersPaged.Get(ctx, era, id, page)
			for _, o := range p.Others {
				stands[o.Who] = stands[o.Who].AddSat(o.Value)
			}
		}
	}
	for id, all := range stands {
		if active := m.ledger(indexOf(id)).Active; active.Less(all) {
			m.tb.Errorf("%d has %s at stake and stands behind validators with %s", indexOf(id), active, all)
		}
	}
}

// elected checks that who is new in the next session was seen online.
func (m *model) elected() {
	for _, id := range m.queued {
		if !slices.Contains(m.now, id) && m.gone[id] {
			m.tb.Errorf("%d was elected and was not seen", indexOf(id))
		}
	}
}
