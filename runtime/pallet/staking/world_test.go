package staking_test

import (
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/treasury"
	"github.com/tacit-network/tacit/scale"
)

// deposit is the existential deposit, which is Paseo's.
const deposit = 10_000_000_000

func n(x uint64) chain.Balance { return scale.U64(x) }

// tokens are so many deposits.
func tokens(x uint64) chain.Balance { return n(x).MulSat(n(deposit)) }

// who is account i, as frame-staking.mjs numbers them.
func who(i int) (id chain.AccountID) {
	id[2], id[3], id[31] = byte((i+1)>>8), byte(i+1), 1
	return id
}

func indexOf(id chain.AccountID) int { return int(id[2])<<8 + int(id[3]) - 1 }

func address(i int) chain.MultiAddress { return chain.AddressID{ID: who(i)} }

// world is staking over real money and offences, with sessions that the test
// moves and people who are online as it says.
type world struct {
	*frametest.Chain
	tb       testing.TB
	money    *balances.Pallet
	sys      *system.Pallet
	pot      *treasury.Pallet
	staking  *staking.Pallet
	offences *offences.Pallet

	session  uint32
	now      []chain.AccountID // who validates
	queued   []chain.AccountID // who does in the next session
	gone     map[chain.AccountID]bool
	keyless  map[chain.AccountID]bool
	disabled []chain.AccountID
}

func (w *world) Index(*frame.Context) uint32                                   { return w.session }
func (w *world) Now(*frame.Context) []chain.AccountID                          { return w.now }
func (w *world) HasKeys(_ *frame.Context, id chain.AccountID) bool             { return !w.keyless[id] }
func (w *world) Disable(_ *frame.Context, id chain.AccountID)                  { w.disabled = append(w.disabled, id) }
func (w *world) SeenSince(_ *frame.Context, id chain.AccountID, _ uint32) bool { return !w.gone[id] }
func (w *world) IsDisabled(_ *frame.Context, id chain.AccountID) bool {
	return slices.Contains(w.disabled, id)
}

// sessions gives the world as what staking needs, whose Now is of others.
type sessions struct{ *world }

func (s sessions) Now(*frame.Context) []chain.AccountID { return s.now }

// punisher binds offences to staking.
type punisher struct{ *world }

func (p punisher) SetSize(ctx *frame.Context, session uint32) (uint32, bool) {
	return p.staking.SetSize(ctx, session)
}

func (p punisher) Punish(ctx *frame.Context, list []offences.OffenceDetails, fraction, session uint32) {
	var all []staking.Offender
	for _, d := range list {
		all = append(all, staking.Offender{Who: d.Offender, Reporters: d.Reporters})
	}
	p.staking.Punish(ctx, all, staking.Perbill(fraction), session)
}

// config is Paseo's.
var config = staking.Config{
	HistoryDepth: 84, SessionsPerEra: 6, BondingDuration: 28, SlashDeferDuration: 27, MaxExposurePageSize: 512, MaxUnlockingChunks: 32,
	MaxNominations: 16, MaxElectingVoters: 22_500, MaxElectableTargets: 2000, MaxValidators: 1000, MaxJudgedStakes: 25_000, ExistentialDeposit: n(deposit),
	Reason: frame.HoldReason{Pallet: 6},
}

// newWorld is a chain on which accounts hold something.
func newWorld(tb testing.TB, c staking.Config, holds map[int]chain.Balance) *world {
	w := &world{Chain: frametest.New(tb), tb: tb, sys: &system.Pallet{}, gone: map[chain.AccountID]bool{}, keyless: map[chain.AccountID]bool{}}
	pot := treasury.PalletID{ID: [8]byte([]byte("py/trsry"))}
	w.money = &balances.Pallet{Accounts: w.sys, Config: balances.Config{ExistentialDeposit: n(deposit), MaxLocks: 9, MaxFreezes: 9, MaxHolds: 9}}
	w.pot = &treasury.Pallet{Config: treasury.Config{PotAccount: treasury.Account(pot)}, Money: w.money, Blocks: w.sys}
	w.staking = &staking.Pallet{Config: c, Money: w.money, Treasury: w.pot, Sessions: sessions{w}, Alive: w, Clock: w.Chain}
	w.offences = &offences.Pallet{Punisher: punisher{w}}
	w.Start(frame.At{Index: 0, Module: w.sys}, frame.At{Index: 3, Module: w.money}, frame.At{Index: 6, Module: w.staking},
		frame.At{Index: 7, Module: w.offences}, frame.At{Index: 11, Module: w.pot})
	ctx := w.Context()
	if err := w.money.Endow(ctx, w.pot.PotAccount, n(deposit)); err != nil {
		tb.Fatal(err)
	}
	for _, i := range sortedKeys(holds) {
		if err := w.money.Endow(ctx, who(i), holds[i]); err != nil {
			tb.Fatal(err)
		}
	}
	return w
}

func sortedKeys[V any](m map[int]V) []int {
	var keys []int
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// begin begins staking with stakers, of whom some validate.
func (w *world) begin(g staking.Genesis, validate ...int) {
	w.tb.Helper()
	for _, i := range validate {
		w.now = append(w.now, who(i))
	}
	w.queued = w.now
	if err := w.staking.Start(w.Context(), g); err != nil {
		w.tb.Fatal(err)
	}
	w.staking.OnFinalize(w.Context())
	w.Take()
}

// rotate begins the next session, as pallet Session does.
func (w *world) rotate() {
	ctx := w.Context()
	w.Number += 10
	w.Millis += 60_000
	w.staking.OnInitialize(ctx)
	w.staking.EndSession(ctx, w.session)
	w.now = w.queued
	w.session++
	w.staking.StartSession(ctx, w.session)
	if next, ok := w.staking.NewSession(ctx, w.session+1); ok {
		w.queued, w.disabled = next, nil
	}
	w.staking.OnFinalize(ctx)
}

// era goes on until another era begins.
func (w *world) era() {
	before := w.active()
	for w.active() == before {
		w.rotate()
	}
}

func (w *world) active() uint32 {
	a, _ := w.staking.ActiveEra.Get(w.Context())
	return a.Index
}

func (w *world) ledger(i int) staking.Ledger {
	l, _ := w.staking.Ledger.Get(w.Context(), who(i))
	return l
}
