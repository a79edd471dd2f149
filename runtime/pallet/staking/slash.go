package staking

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/npos"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// Offender is who did harm, and who reported it.
type Offender struct {
	Who       chain.AccountID
	Reporters []chain.AccountID
}

// SetSize is how many validators there were in a session; ok is false where
// what was done in it cannot be punished any more.
func (p *Pallet) SetSize(ctx *frame.Context, session uint32) (n uint32, ok bool) {
	era, ok := p.eraOf(ctx, session)
	if !ok {
		return 0, false
	}
	for range p.ErasStakersOverview.Of(ctx, era) {
		n++
	}
	return n, n > 0
}

// eraOf is the era that a session was in, as far back as bonds can be slashed.
func (p *Pallet) eraOf(ctx *frame.Context, session uint32) (uint32, bool) {
	for _, b := range slices.Backward(p.BondedEras.Get(ctx)) {
		if b.Session <= session {
			return b.Era, true
		}
	}
	return 0, false
}

// Punish slashes offenders by a part of what stood behind them in a session, at
// once or after the time in which that can be cancelled. They validate no more
// as soon as can be (on_offence of pallet_staking).
func (p *Pallet) Punish(ctx *frame.Context, offenders []Offender, fraction Perbill, session uint32) {
	active, ok := p.ActiveEra.Get(ctx)
	era, known := p.eraOf(ctx, session)
	if !ok || !known {
		ctx.Emit(OldSlashingReportDiscarded{session})
		return
	}
	spared, room := p.Invulnerables.Get(ctx), p.room()
	due := p.docket(ctx, era, active.Index)
	for _, o := range offenders {
		if slices.Contains(spared, o.Who) {
			continue
		}
		if o.Reporters == nil {
			o.Reporters = []chain.AccountID{}
		}
		c := crime{who: o.Who, fraction: fraction, era: era, window: active.Index - min(active.Index, p.BondingDuration), now: active.Index}
		size := p.stakes(ctx, era, o.Who)
		if prior, ok := p.ValidatorSlashInEra.Get(ctx, era, o.Who); ok && fraction <= prior.Fraction {
			size = 1 // none is looked at
		}
		if !room.take(size) {
			p.wait(ctx, c, o.Reporters)
			ctx.Emit(SlashReported{o.Who, fraction, era})
			continue
		}
		slash, ok := p.judge(ctx, c)
		ctx.Emit(SlashReported{o.Who, fraction, era})
		if ok {
			p.sentence(ctx, due, era, slash, o.Reporters)
		}
	}
	due.close(ctx, p)
}

// crime is one offence to be judged.
type crime struct {
	who              chain.AccountID
	fraction         Perbill
	era, window, now uint32
}

// exposure is all that stood behind a validator in an era.
func (p *Pallet) exposure(ctx *frame.Context, era uint32, who chain.AccountID) (PagedExposureMetadata, []IndividualExposure) {
	meta, _ := p.ErasStakersOverview.Get(ctx, era, who)
	var others []IndividualExposure
	for page := range meta.PageCount {
		e, _ := p.ErasStakersPaged.Get(ctx, era, who, page)
		others = append(others, e.Others...)
	}
	return meta, others
}

// judge says how much is to be slashed beyond what was before; ok is false for
// nothing (compute_slash).
func (p *Pallet) judge(ctx *frame.Context, c crime) (slash UnappliedSlash, ok bool) {
	meta, others := p.exposure(ctx, c.era, c.who)
	if c.fraction.of(meta.Total).IsZero() {
		s := p.spansOf(ctx, c.who, c.window)
		if span, ok := s.at(c.era); ok && span == s.SpanIndex {
			s.end(c.now)
			p.expel(ctx, c.who)
		}
		s.save(ctx, p)
		return slash, false
	}
	prior, _ := p.ValidatorSlashInEra.Get(ctx, c.era, c.who)
	if c.fraction <= prior.Fraction {
		return slash, false
	}
	own := c.fraction.of(meta.Own)
	p.ValidatorSlashInEra.Put(ctx, c.era, c.who, EraSlash{c.fraction, own})
	slash = UnappliedSlash{Validator: c.who, Others: []OtherSlash{}}
	s := p.spansOf(ctx, c.who, c.window)
	if span, ok := s.charge(ctx, p, c.era, own); ok && span == s.SpanIndex {
		s.end(c.now)
		p.expel(ctx, c.who)
	}
	s.save(ctx, p)
	slash.Own, slash.Payout = s.charged, s.reward
	for _, o := range others {
		loss, _ := p.NominatorSlashInEra.Get(ctx, c.era, o.Who)
		loss = loss.AddSat(c.fraction.of(o.Value).SubSat(prior.Fraction.of(o.Value)))
		p.NominatorSlashInEra.Put(ctx, c.era, o.Who, loss)
		s := p.spansOf(ctx, o.Who, c.window)
		if span, ok := s.charge(ctx, p, c.era, loss); ok && span == s.SpanIndex {
			s.end(c.now)
		}
		s.save(ctx, p)
		slash.Others = append(slash.Others, OtherSlash{o.Who, s.charged})
		slash.Payout = slash.Payout.AddSat(s.reward)
	}
	return slash, true
}

// expel lets a validator validate no more: not in this session, and not in the
// next era, which comes at once.
func (p *Pallet) expel(ctx *frame.Context, who chain.AccountID) {
	p.chillStash(ctx, who)
	p.Sessions.Disable(ctx, who)
	if p.ForceEra.Get(ctx) == NotForcing {
		p.setForce(ctx, ForceNew)
	}
}

// apply takes what is to be slashed. Reporters get their part, the treasury the
// rest.
func (p *Pallet) apply(ctx *frame.Context, u UnappliedSlash, era uint32) {
	taken := p.slash(ctx, u.Validator, u.Own, era)
	for _, o := range u.Others {
		taken = taken.AddSat(p.slash(ctx, o.Who, o.Value, era))
	}
	if n := uint64(len(u.Reporters)); n > 0 {
		each, _ := least(u.Payout, taken).DivMod(scale.U64(n))
		for _, who := range u.Reporters {
			if p.Money.Deposit(ctx, who, each) == nil {
				taken = taken.SubSat(each)
			}
		}
	}
	if err := p.Treasury.Take(ctx, taken); err != nil {
		p.Money.Drop(ctx, taken)
	}
}

// slash takes up to amount of a stash's bond, and returns what it took, which
// is in no account then.
func (p *Pallet) slash(ctx *frame.Context, stash chain.AccountID, amount chain.Balance, era uint32) chain.Balance {
	l, ok := p.Ledger.Get(ctx, stash)
	if !ok || amount.IsZero() {
		return chain.Balance{}
	}
	before := l.Total
	l.slash(amount, p.ExistentialDeposit, era+p.BondingDuration)
	value := before.SubSat(l.Total)
	if value.IsZero() {
		return value
	}
	p.store(ctx, l)
	taken := p.Money.SlashHeld(ctx, stash, p.Reason, value)
	ctx.Emit(Slashed{stash, taken})
	return taken
}

// slash takes amount out of a ledger: from what is at stake and from what was
// unbonded since, as to their shares, and then from what was before. Too little
// to be of use goes with it (StakingLedger::slash).
func (l *Ledger) slash(amount, dust chain.Balance, since uint32) {
	order := make([]int, 0, len(l.Unlocking))
	first := slices.IndexFunc(l.Unlocking, func(c UnlockChunk) bool { return c.Era >= since })
	var ratio uint64 // in parts of npos.Perquintill, rounded up; 0 takes what is at stake first
	if first >= 0 {
		affected := l.Active
		for i := first; i < len(l.Unlocking); i++ {
			affected = affected.AddSat(l.Unlocking[i].Value)
			order = append(order, i)
		}
		ratio = ratioUp(amount, affected)
		for i := first - 1; i >= 0; i-- {
			order = append(order, i)
		}
	} else {
		for i := len(l.Unlocking) - 1; i >= 0; i-- {
			order = append(order, i)
		}
	}
	take := func(from *chain.Balance) {
		slash := amount
		if ratio > 0 {
			slash = npos.Perquintill.MulCeil(ratio, *from)
		}
		slash = least(slash, least(*from, amount))
		*from = from.SubSat(slash)
		if from.Less(dust) {
			slash, *from = slash.AddSat(*from), chain.Balance{}
		}
		l.Total = l.Total.SubSat(slash)
		amount = amount.SubSat(slash)
	}
	take(&l.Active)
	for _, i := range order {
		if amount.IsZero() {
			break
		}
		take(&l.Unlocking[i].Value)
	}
	l.Unlocking = slices.DeleteFunc(l.Unlocking, func(c UnlockChunk) bool { return c.Value.IsZero() })
}

// ratioUp is a/b in parts of npos.Perquintill, rounded up, and at most one.
func ratioUp(a, b chain.Balance) uint64 {
	one := uint64(npos.Perquintill)
	if !a.Less(b) {
		return one
	}
	down := npos.Perquintill.Ratio(a, b)
	if npos.Perquintill.MulFloor(down, b).Less(a) { // unless it is exact
		return down + 1
	}
	return down
}
