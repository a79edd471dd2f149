package staking

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// weighPayout counts a full page.
func (p *Pallet) weighPayout(*frame.Runtime, PayoutStakers) frame.Weight { return p.pageWeight() }

func (p *Pallet) weighPage(*frame.Runtime, PayoutStakersByPage) frame.Weight { return p.pageWeight() }

func (p *Pallet) pageWeight() frame.Weight { return payoutWeight(uint64(p.MaxExposurePageSize)) }

// payoutWeight is what a page with so many nominators weighs.
func payoutWeight(nominators uint64) frame.Weight {
	return frame.Time(frame.Microsecond * (300 + 20*nominators))
}

func (p *Pallet) payoutStakers(ctx *frame.Context, c PayoutStakers) error {
	if _, err := ctx.Signer(); err != nil {
		return err
	}
	if !p.Bonded.Has(ctx, c.ValidatorStash) {
		return ErrNotStash
	}
	meta, ok := p.ErasStakersOverview.Get(ctx, c.Era, c.ValidatorStash)
	if !ok {
		return ErrInvalidEraToReward
	}
	if page := nextUnpaid(meta, p.ClaimedRewards.Get(ctx, c.Era, c.ValidatorStash)); page != nil {
		return p.payPage(ctx, c.ValidatorStash, c.Era, *page)
	}
	return ErrAlreadyClaimed
}

// nextUnpaid is the first page that was not paid; nil means that all were.
func nextUnpaid(meta PagedExposureMetadata, claimed []uint32) *uint32 {
	for page := range pagesOf(meta) {
		if !slices.Contains(claimed, page) {
			return &page
		}
	}
	return nil
}

func (p *Pallet) payoutStakersByPage(ctx *frame.Context, c PayoutStakersByPage) error {
	if _, err := ctx.Signer(); err != nil {
		return err
	}
	return p.payPage(ctx, c.ValidatorStash, c.Era, c.Page)
}

// pagesOf is how many pages there are to claim: a validator without nominators
// has one too.
func pagesOf(m PagedExposureMetadata) uint32 { return max(m.PageCount, 1) }

// payPage pays a page, once.
func (p *Pallet) payPage(ctx *frame.Context, stash chain.AccountID, era, page uint32) error {
	current, _ := p.CurrentEra.Get(ctx)
	earned, ended := p.ErasValidatorReward.Get(ctx, era)
	meta, validated := p.ErasStakersOverview.Get(ctx, era, stash)
	switch {
	case era > current || era < current-min(current, p.HistoryDepth) || !ended || !validated:
		return ErrInvalidEraToReward
	case page >= pagesOf(meta):
		return ErrInvalidPage
	case !p.Bonded.Has(ctx, stash):
		return ErrNotStash
	}
	claimed := p.ClaimedRewards.Get(ctx, era, stash)
	if slices.Contains(claimed, page) {
		return ErrAlreadyClaimed
	}
	claimed = append(claimed, page)
	p.ClaimedRewards.Put(ctx, era, stash, claimed)
	exposure, _ := p.ErasStakersPaged.Get(ctx, era, stash, page)
	ctx.Used(payoutWeight(uint64(len(exposure.Others))))
	points := p.ErasRewardPoints.Get(ctx, era)
	mine := points.Individual.Of(stash)
	if mine == 0 || meta.Total.IsZero() { // a share of nothing would be all
		return nil
	}
	total := part(scale.U64(uint64(mine)), scale.U64(uint64(points.Total))).of(earned)
	commission := min(p.ErasValidatorPrefs.Get(ctx, era, stash).Commission, One).of(total)
	leftover := total.SubSat(commission)
	own := chain.Balance{}
	if page == 0 {
		own = meta.Own
	}
	ctx.Emit(PayoutStarted{era, stash, page, nextUnpaid(meta, claimed)})
	p.reward(ctx, stash, part(own, meta.Total).of(leftover).AddSat(part(exposure.PageTotal.AddSat(own), meta.Total).of(commission)))
	for _, o := range exposure.Others {
		p.reward(ctx, o.Who, part(o.Value, meta.Total).of(leftover))
	}
	return nil
}

// reward gives a reward to where a stash wants it. What it does not want, or
// cannot take, is not made.
func (p *Pallet) reward(ctx *frame.Context, stash chain.AccountID, amount chain.Balance) {
	dest, ok := p.Payee.Get(ctx, stash)
	if !ok {
		return
	}
	to := stash
	switch d := dest.(type) {
	case None:
		return
	case Account:
		to = d.Who
	}
	if !amount.IsZero() {
		l, bonded := p.Ledger.Get(ctx, stash)
		_, compound := dest.(Staked)
		if compound && bonded {
			if p.Money.MintHeld(ctx, stash, p.Reason, amount) != nil {
				return
			}
			old := l
			l.Total, l.Active = l.Total.AddSat(amount), l.Active.AddSat(amount)
			p.replace(ctx, old, l)
		} else if compound || p.Money.Mint(ctx, to, amount) != nil {
			return
		}
	}
	ctx.Emit(Rewarded{stash, dest, amount})
}
