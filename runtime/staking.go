package runtime

import (
	"math"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/grandpa"
	"github.com/tacit-network/tacit/runtime/pallet/imonline"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// The indices that pallets must know of themselves.
const stakingIndex = 6

// Eras, in sessions and eras.
const (
	sessionsPerEra  = 6
	bondingDuration = 28
)

// The points for what validators do.
const (
	pointsForBlock = 20
	pointsForVote  = 1
)

// stakes makes the pallets that decide who validates, and binds them.
func (r *Runtime) stakes() {
	r.Offences = &offences.Pallet{Punisher: punisher{r}, Keys: owners{r}, Blocks: r.System}
	r.ImOnline = &imonline.Pallet{
		Config:   imonline.Config{UnsignedPriority: math.MaxUint64, ShortestSession: 8, Kept: 2 * sessionsPerEra},
		Sessions: presence{r}, Blocks: genesisHash{r}, Offences: absence{r},
	}
	r.Staking = &staking.Pallet{
		Config: staking.Config{
			HistoryDepth: 84, SessionsPerEra: sessionsPerEra, BondingDuration: bondingDuration, SlashDeferDuration: bondingDuration - 1,
			MaxExposurePageSize: 512, MaxUnlockingChunks: 32, MaxNominations: 16, MaxElectingVoters: 22_500, MaxElectableTargets: 2000,
			MaxValidators: maxValidators, MaxJudgedStakes: 25_000, ExistentialDeposit: existentialDeposit, Reason: frame.HoldReason{Pallet: stakingIndex},
		},
		Money: r.Balances, Treasury: r.Treasury, Sessions: r.Session, Alive: r.ImOnline, Clock: r.Timestamp,
	}
	r.Session.Manager = manager{r}
	r.Authorship.Events = activity{r}
	r.Grandpa.Votes, r.Grandpa.Offences = activity{r}, owners{r}
}

// manager tells of sessions who was there in them, and asks staking who
// validates in the next.
type manager struct{ *Runtime }

// NewSession implements session.Manager.
func (m manager) NewSession(ctx *frame.Context, index uint32) ([]chain.AccountID, bool) {
	return m.Staking.NewSession(ctx, index)
}

// Weigh implements session.Manager.
func (m manager) Weigh(ctx *frame.Context, index uint32) frame.Weight {
	return m.Staking.Weigh(ctx, index)
}

// WeighEnd implements session.Manager.
func (m manager) WeighEnd(ctx *frame.Context, index uint32) frame.Weight {
	weight := m.Staking.WeighStart(ctx, index+1)
	if m.ImOnline.Missing(ctx) {
		weight = weight.Add(staking.WeightJudge)
	}
	return weight
}

// EndSession implements session.Manager.
func (m manager) EndSession(ctx *frame.Context, index uint32) {
	if index > m.Session.History {
		m.Offences.Forget(ctx, index-m.Session.History-1)
	}
	m.ImOnline.EndSession(ctx, index)
	m.Staking.EndSession(ctx, index)
}

// StartSession implements session.Manager.
func (m manager) StartSession(ctx *frame.Context, index uint32) { m.Staking.StartSession(ctx, index) }

// activity is what validators do, for which they get points.
type activity struct{ *Runtime }

// NoteAuthor implements authorship.Events.
func (a activity) NoteAuthor(ctx *frame.Context, who chain.AccountID) {
	a.ImOnline.NoteAuthor(ctx, who)
	a.Staking.Credit(ctx, pointsForBlock, who)
}

// Voted implements grandpa.Votes.
func (a activity) Voted(ctx *frame.Context, target chain.BlockNumber, voted [][32]byte) {
	accounts, keys := a.Session.Finalisers(ctx, target)
	by := make(map[session.GrandpaKey]chain.AccountID, len(keys))
	for i, k := range keys {
		by[k.Grandpa] = accounts[i]
	}
	var who []chain.AccountID
	for _, key := range voted {
		if id, ok := by[key]; ok {
			who = append(who, id)
		}
	}
	a.ImOnline.NoteVotes(ctx, who)
	a.Staking.Credit(ctx, pointsForVote, who...)
}

// presence says who can be seen online.
type presence struct{ *Runtime }

// Index implements imonline.Sessions.
func (p presence) Index(ctx *frame.Context) uint32 { return p.Session.Index(ctx) }

// Length implements imonline.Sessions.
func (p presence) Length(ctx *frame.Context) chain.BlockNumber { return p.Session.Period.Get(ctx) }

// Now implements imonline.Sessions.
func (p presence) Now(ctx *frame.Context) []chain.AccountID { return p.Session.Now(ctx) }

// Holder implements imonline.Sessions.
func (p presence) Holder(ctx *frame.Context, key imonline.Public) (who chain.AccountID, ok bool) {
	return p.Present(ctx, key)
}

// Present says who shows by heartbeats under a beacon key that it is there: who
// named the key, if it validates or wants to, or who serves with it still.
func (r *Runtime) Present(state storage.Reader, key [32]byte) (who chain.AccountID, ok bool) {
	if who, ok = r.Session.KeyOwner.Get(state, session.TypedKey{Type: session.BeaconType, Key: key[:]}); ok {
		return who, r.Holds(state, who)
	}
	return r.Session.OwnerOf(state, session.BeaconType, key[:], r.Session.CurrentIndex.Get(state))
}

// Holds says whether an account validates or wants to.
func (r *Runtime) Holds(state storage.Reader, who chain.AccountID) bool {
	return r.Staking.Validators.Has(state, who) || slices.Contains(r.Session.Validators.Get(state), who)
}

// absence reports who was not online.
type absence struct{ *Runtime }

// ReportOffline implements imonline.Offences.
func (a absence) ReportOffline(ctx *frame.Context, index uint32, who []chain.AccountID) {
	a.Offences.Report(ctx, offences.Report{
		Kind: offences.Offline, TimeSlot: scale.Marshal(index), Session: index, Offenders: who, Fraction: offences.Unresponsive,
	})
}

// genesisHash is the chain's, by which heartbeats are bound to it.
type genesisHash struct{ *Runtime }

// HashOf implements imonline.Blocks.
func (g genesisHash) HashOf(ctx *frame.Context, number chain.BlockNumber) ([32]byte, bool) {
	return g.System.HashOf(ctx, number)
}

// owners knows whose keys did what.
type owners struct{ *Runtime }

// SessionOf implements offences.Keys and grandpa.Offences.
func (o owners) SessionOf(ctx *frame.Context, number chain.BlockNumber) uint32 {
	return o.Session.SessionOf(ctx, number)
}

// EngineOwner implements offences.Keys.
func (o owners) EngineOwner(ctx *frame.Context, key [32]byte, index uint32) (chain.AccountID, bool) {
	return o.Session.OwnerOf(ctx, session.EngineType, key[:], index)
}

// Owner implements grandpa.Offences.
func (o owners) Owner(ctx *frame.Context, key [32]byte, index uint32) (chain.AccountID, bool) {
	return o.Session.OwnerOf(ctx, session.GrandpaType, key[:], index)
}

// Judge implements grandpa.Offences.
func (o owners) Judge(ctx *frame.Context, e grandpa.Equivocation) (frame.Validity, error) {
	slot := offences.SlotOf(e.Session)
	if _, ok := punisher(o).SetSize(ctx, e.Session); !ok || o.Offences.Known(ctx, offences.GrandpaEquivocation, slot, e.Who) {
		return frame.Validity{}, frame.Invalid{Reason: frame.Stale{}}
	}
	return offences.ReportValidity(offences.GrandpaEquivocation, slot, e.Who), nil
}

// Report implements grandpa.Offences.
func (o owners) Report(ctx *frame.Context, e grandpa.Equivocation, reporters ...chain.AccountID) bool {
	return o.Offences.Report(ctx, offences.Report{
		Kind: offences.GrandpaEquivocation, TimeSlot: offences.SlotOf(e.Session), Session: e.Session, Offenders: []chain.AccountID{e.Who},
		Reporters: reporters, Fraction: offences.Equivocation,
	})
}

// punisher is staking.
type punisher struct{ *Runtime }

// SetSize implements offences.Punisher. What was reported of sessions before
// those of the history is forgotten, however long the eras became, so that it
// could be reported again.
func (p punisher) SetSize(ctx *frame.Context, index uint32) (uint32, bool) {
	if now := p.Session.Index(ctx); index < now-min(now, p.Session.History) {
		return 0, false
	}
	return p.Staking.SetSize(ctx, index)
}

// Punish implements offences.Punisher.
func (p punisher) Punish(ctx *frame.Context, list []offences.OffenceDetails, fraction, index uint32) {
	var who []staking.Offender
	for _, d := range list {
		who = append(who, staking.Offender{Who: d.Offender, Reporters: d.Reporters})
	}
	p.Staking.Punish(ctx, who, staking.Perbill(fraction), index)
}
