package staking

import (
	"bytes"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// NewSession implements session.Manager: it is asked, one session before, who
// validates in a session, and holds an election where an era is to begin with
// it.
func (p *Pallet) NewSession(ctx *frame.Context, session uint32) ([]chain.AccountID, bool) {
	if !p.due(ctx, session) {
		return nil, false
	}
	mode := p.ForceEra.Get(ctx)
	set, ok := p.elect(ctx)
	if !ok {
		ctx.Emit(StakingElectionFailed{})
		return nil, false
	}
	ctx.Emit(StakersElected{})
	p.plan(ctx, session, set)
	if mode == ForceNew {
		p.setForce(ctx, NotForcing)
	}
	// The same validators in another order would be another set, for nothing.
	now := slices.Clone(p.Sessions.Now(ctx))
	next := make([]chain.AccountID, len(set))
	for i, e := range set {
		next[i] = e.who
	}
	slices.SortFunc(now, byAccount)
	return next, !slices.Equal(now, next)
}

// due says whether an era is to begin with a session, if enough are elected.
func (p *Pallet) due(ctx *frame.Context, session uint32) bool {
	if p.ValidatorCount.Get(ctx) == 0 {
		return false
	}
	era, had := p.CurrentEra.Get(ctx)
	if !had {
		return true
	}
	start, _ := p.ErasStartSessionIndex.Get(ctx, era)
	switch p.ForceEra.Get(ctx) {
	case ForceNone:
		return false
	case NotForcing:
		return session-min(start, session) >= p.SessionsPerEra
	}
	return true
}

// Weigh is what it weighs to ask who validates in a session: an election by how
// many vote, stand and sit (see BenchmarkElectionBlock).
func (p *Pallet) Weigh(ctx *frame.Context, session uint32) frame.Weight {
	weight := frame.Time(20 * frame.Microsecond)
	if !p.due(ctx, session) {
		return weight
	}
	nominators, candidates := uint64(p.CounterForNominators.Get(ctx)), uint64(p.CounterForValidators.Get(ctx))
	return weight.Add(frame.Time(frame.Microsecond * (1000 + 25*nominators + 50*candidates + 100*uint64(p.ValidatorCount.Get(ctx)))))
}

// WeighStart is what it weighs to begin a session: what is slashed as an era
// begins, and what the era before had no room for.
func (p *Pallet) WeighStart(ctx *frame.Context, session uint32) (weight frame.Weight) {
	next, begins := p.begins(ctx, session)
	if begins && (p.UnappliedSlashes.Has(ctx, next) || next > 0 && p.UnappliedSlashes.Has(ctx, next-1)) {
		return WeightJudge
	}
	return weight
}

func byAccount(a, b chain.AccountID) int { return bytes.Compare(a[:], b[:]) }

// plan begins an era with a session, as far as who validates in it goes.
func (p *Pallet) plan(ctx *frame.Context, session uint32, set []elected) {
	era, had := p.CurrentEra.Get(ctx)
	if had {
		era++
	}
	p.CurrentEra.Put(ctx, era)
	p.ErasStartSessionIndex.Put(ctx, era, session)
	if era > p.HistoryDepth {
		p.forget(ctx, era-p.HistoryDepth-1)
	}
	var total chain.Balance
	for _, e := range set {
		total = total.AddSat(e.total)
		p.expose(ctx, era, e)
	}
	p.ErasTotalStake.Put(ctx, era, total)
	var ranked []chain.AccountID
	for who := range p.ErasStakersOverview.Of(ctx, era) {
		ranked = append(ranked, who)
	}
	if had {
		for who := range p.ErasStakersOverview.Of(ctx, era-1) {
			ranked = append(ranked, who)
		}
	}
	for _, who := range ranked {
		p.rankCandidate(ctx, who)
	}
}

// expose stores what stands behind a validator in an era.
func (p *Pallet) expose(ctx *frame.Context, era uint32, e elected) {
	size := int(p.MaxExposurePageSize)
	meta := PagedExposureMetadata{
		Total: e.total, Own: e.own, NominatorCount: uint32(len(e.others)), PageCount: uint32((len(e.others) + size - 1) / size),
	}
	p.ErasStakersOverview.Put(ctx, era, e.who, meta)
	for page := range meta.PageCount {
		others := e.others[int(page)*size : min(len(e.others), (int(page)+1)*size)]
		sum := chain.Balance{}
		for _, o := range others {
			sum = sum.AddSat(o.Value)
		}
		p.ErasStakersPaged.Put(ctx, era, e.who, page, ExposurePage{sum, others})
	}
	prefs, ok := p.Validators.Find(ctx, e.who)
	if !ok && era > 0 { // it stays although it chilled
		prefs = p.ErasValidatorPrefs.Get(ctx, era-1, e.who)
	}
	p.ErasValidatorPrefs.Put(ctx, era, e.who, prefs)
}

// forget removes all about an era.
func (p *Pallet) forget(ctx *frame.Context, era uint32) {
	p.ErasStakersOverview.Clear(ctx, era)
	p.ErasStakersPaged.Clear(ctx, era)
	p.ClaimedRewards.Clear(ctx, era)
	p.ErasValidatorPrefs.Clear(ctx, era)
	p.ErasValidatorReward.Remove(ctx, era)
	p.ErasRewardPoints.Remove(ctx, era)
	p.ErasTotalStake.Remove(ctx, era)
	p.ErasStartSessionIndex.Remove(ctx, era)
}

// StartSession implements session.Manager: an era that was planned begins with
// its session.
func (p *Pallet) StartSession(ctx *frame.Context, session uint32) {
	if next, ok := p.begins(ctx, session); ok {
		start, _ := p.ErasStartSessionIndex.Get(ctx, next)
		p.startEra(ctx, next, start)
	}
}

// begins is the era that is next, and whether it begins with a session.
func (p *Pallet) begins(ctx *frame.Context, session uint32) (next uint32, ok bool) {
	if active, ok := p.ActiveEra.Get(ctx); ok {
		next = active.Index + 1
	}
	start, planned := p.ErasStartSessionIndex.Get(ctx, next)
	return next, planned && start <= session
}

func (p *Pallet) startEra(ctx *frame.Context, era, session uint32) {
	p.ActiveEra.Put(ctx, ActiveEraInfo{Index: era})
	bonded := append(p.BondedEras.Get(ctx), BondedEra{era, session})
	for len(bonded) > 0 && bonded[0].Era+p.BondingDuration < era {
		p.ValidatorSlashInEra.Clear(ctx, bonded[0].Era)
		p.NominatorSlashInEra.Clear(ctx, bonded[0].Era)
		bonded = bonded[1:]
	}
	p.BondedEras.Put(ctx, bonded)
	if left := p.UnappliedSlashes.Get(ctx, era-min(era, 1)); era > 0 && len(left) > 0 { // an era was too short for all of them
		p.UnappliedSlashes.Remove(ctx, era-1)
		p.UnappliedSlashes.Put(ctx, era, append(left, p.UnappliedSlashes.Get(ctx, era)...))
	}
	p.applyDue(ctx, era)
}

// OnFinalize implements frame.Finalizer: once the time is known, so is when the
// era began.
func (p *Pallet) OnFinalize(ctx *frame.Context) {
	if active, ok := p.ActiveEra.Get(ctx); ok && active.Start == nil {
		now := p.Clock.Time(ctx)
		active.Start = &now
		p.ActiveEra.Put(ctx, active)
	}
}

// EndSession implements session.Manager: where the next session begins another
// era, it is told what was earned in this one.
func (p *Pallet) EndSession(ctx *frame.Context, session uint32) {
	active, ok := p.ActiveEra.Get(ctx)
	if !ok {
		return
	}
	if next, ok := p.ErasStartSessionIndex.Get(ctx, active.Index+1); ok && next == session+1 {
		p.endEra(ctx, active)
	}
}

func (p *Pallet) endEra(ctx *frame.Context, active ActiveEraInfo) {
	if active.Start == nil {
		return
	}
	now := p.Clock.Time(ctx) // the block before's, since this one's is not set yet
	staked, issued := p.ErasTotalStake.Get(ctx, active.Index), p.Money.Issuance(ctx)
	payout, most := eraPayout(staked, issued, now-min(*active.Start, now))
	if limit, ok := p.MaxStakedRewards.Get(ctx); ok {
		payout = least(payout, limit.of(most))
	}
	rest := most.SubSat(payout)
	p.ErasValidatorReward.Put(ctx, active.Index, payout)
	if err := ctx.Try(func() error {
		if err := p.Money.Issue(ctx, rest); err != nil {
			return err
		}
		return p.Treasury.Take(ctx, rest)
	}); err != nil {
		rest = chain.Balance{}
	}
	ctx.Emit(EraPaid{active.Index, payout, rest})
}

// Credit gives validators points for what they did, in the era under way. Who
// is not among its validators, or is disabled, gets none.
func (p *Pallet) Credit(ctx *frame.Context, points uint32, who ...chain.AccountID) {
	active, ok := p.ActiveEra.Get(ctx)
	if !ok {
		return
	}
	era := p.ErasRewardPoints.Get(ctx, active.Index)
	for _, id := range who {
		i, found := era.Individual.find(id)
		if p.Sessions.IsDisabled(ctx, id) || !found && !p.ErasStakersOverview.Has(ctx, active.Index, id) {
			continue
		}
		if !found {
			era.Individual = slices.Insert(era.Individual, i, Points{Who: id})
		}
		if era.Total > ^uint32(0)-points { // shares must not change
			break
		}
		era.Individual[i].Points += points
		era.Total += points
	}
	p.ErasRewardPoints.Put(ctx, active.Index, era)
}

func (m PointMap) find(who chain.AccountID) (int, bool) {
	return slices.BinarySearchFunc(m, who, func(p Points, id chain.AccountID) int { return byAccount(p.Who, id) })
}
