package staking

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

func (p *Pallet) validate(ctx *frame.Context, c Validate) error {
	l, err := p.ledgerOf(ctx)
	if err != nil {
		return err
	}
	c.Prefs.Commission = min(c.Prefs.Commission, One)
	switch {
	case l.Active.Less(p.MinValidatorBond.Get(ctx)):
		return ErrInsufficientBond
	case c.Prefs.Commission < p.MinCommission.Get(ctx):
		return ErrCommissionTooLow
	}
	if !p.Validators.Has(ctx, l.Stash) {
		if err := p.makeSeat(ctx, l); err != nil {
			return err
		}
	}
	p.removeNominator(ctx, l.Stash)
	p.addValidator(ctx, l.Stash, c.Prefs)
	ctx.Emit(ValidatorPrefsSet{l.Stash, c.Prefs})
	return nil
}

func (p *Pallet) mostValidators(ctx *frame.Context) uint32 {
	if n, ok := p.MaxValidatorsCount.Get(ctx); ok {
		return min(n, p.MaxElectableTargets)
	}
	return p.MaxElectableTargets
}

func (p *Pallet) mostNominators(ctx *frame.Context) uint32 {
	if n, ok := p.MaxNominatorsCount.Get(ctx); ok {
		return min(n, p.MaxElectingVoters)
	}
	return p.MaxElectingVoters
}

// makeSeat lets a stash be a candidate where there are as many as may be: the
// one whose place is worth the least goes, if that is less than the bond. Bonds
// of dust so cannot keep others out, and who is elected by others' stakes cannot
// be driven out by less.
func (p *Pallet) makeSeat(ctx *frame.Context, l Ledger) error {
	if p.CounterForValidators.Get(ctx) < p.mostValidators(ctx) {
		return nil
	}
	for poorest := range p.CandidateRanks.All(ctx) {
		if mine := rank(l.Stash, l.Active); slices.Compare(poorest.Stake[:], mine.Stake[:]) >= 0 {
			break
		}
		p.chillStash(ctx, poorest.Who)
		return nil
	}
	return ErrTooManyValidators
}

func (p *Pallet) addValidator(ctx *frame.Context, stash chain.AccountID, prefs ValidatorPrefs) {
	added := !p.Validators.Has(ctx, stash)
	p.Validators.Put(ctx, stash, prefs)
	if added {
		p.CounterForValidators.Put(ctx, p.CounterForValidators.Get(ctx)+1)
		p.rankCandidate(ctx, stash)
	}
}

// rankCandidate says anew what a candidate's place is worth; whoever is none
// has no rank.
func (p *Pallet) rankCandidate(ctx *frame.Context, who chain.AccountID) {
	before, ranked := p.CandidateStakes.Get(ctx, who)
	if !p.Validators.Has(ctx, who) {
		if ranked {
			p.CandidateRanks.Remove(ctx, rank(who, before))
			p.CandidateStakes.Remove(ctx, who)
		}
		return
	}
	l, _ := p.Ledger.Get(ctx, who)
	era, _ := p.CurrentEra.Get(ctx)
	elected, _ := p.ErasStakersOverview.Get(ctx, era, who)
	worth := l.Active
	if worth.Less(elected.Total) {
		worth = elected.Total
	}
	if ranked && before == worth {
		return
	}
	if ranked {
		p.CandidateRanks.Remove(ctx, rank(who, before))
	}
	p.CandidateStakes.Put(ctx, who, worth)
	p.CandidateRanks.Put(ctx, rank(who, worth), true)
}

// removeValidator says whether the stash wanted to validate.
func (p *Pallet) removeValidator(ctx *frame.Context, stash chain.AccountID) bool {
	if !p.Validators.Has(ctx, stash) {
		return false
	}
	p.Validators.Remove(ctx, stash)
	p.rankCandidate(ctx, stash)
	p.CounterForValidators.Put(ctx, p.CounterForValidators.Get(ctx)-1)
	return true
}

func weighNominate(_ *frame.Runtime, c Nominate) frame.Weight {
	return frame.Time(frame.Microsecond * (150 + 15*uint64(len(c.Targets))))
}

func (p *Pallet) nominate(ctx *frame.Context, c Nominate) error {
	l, err := p.ledgerOf(ctx)
	if err != nil {
		return err
	}
	old, was := p.Nominators.Get(ctx, l.Stash)
	switch {
	case l.Active.Less(p.MinNominatorBond.Get(ctx)):
		return ErrInsufficientBond
	case len(c.Targets) == 0:
		return ErrEmptyTargets
	case len(c.Targets) > int(p.MaxNominations):
		return ErrTooManyTargets
	}
	era, _ := p.CurrentEra.Get(ctx)
	n := Nominations{SubmittedIn: era}
	for _, address := range c.Targets {
		target, err := frame.Lookup(address)
		if err != nil {
			return err
		}
		if !slices.Contains(old.Targets, target) && p.Validators.Get(ctx, target).Blocked {
			return ErrBadTarget
		}
		n.Targets = append(n.Targets, target)
	}
	if !was {
		if err := p.makePlace(ctx, l); err != nil {
			return err
		}
	}
	p.removeValidator(ctx, l.Stash)
	p.addNominator(ctx, l, n)
	return nil
}

// makePlace lets a stash nominate where there are as many nominators as may
// be: the one with the least at stake goes, if that is less. Bonds of dust so
// cannot keep others out.
func (p *Pallet) makePlace(ctx *frame.Context, l Ledger) error {
	if p.CounterForNominators.Get(ctx) < p.mostNominators(ctx) {
		return nil
	}
	for poorest := range p.NominatorRanks.All(ctx) {
		if mine := rank(l.Stash, l.Active); slices.Compare(poorest.Stake[:], mine.Stake[:]) >= 0 {
			break
		}
		p.chillStash(ctx, poorest.Who)
		return nil
	}
	return ErrTooManyNominators
}

func (p *Pallet) addNominator(ctx *frame.Context, l Ledger, n Nominations) {
	if !p.Nominators.Has(ctx, l.Stash) {
		p.CounterForNominators.Put(ctx, p.CounterForNominators.Get(ctx)+1)
		p.NominatorRanks.Put(ctx, rank(l.Stash, l.Active), true)
	}
	p.Nominators.Put(ctx, l.Stash, n)
}

// removeNominator says whether the stash nominated.
func (p *Pallet) removeNominator(ctx *frame.Context, stash chain.AccountID) bool {
	if !p.Nominators.Has(ctx, stash) {
		return false
	}
	if l, ok := p.Ledger.Get(ctx, stash); ok {
		p.NominatorRanks.Remove(ctx, rank(stash, l.Active))
	}
	p.Nominators.Remove(ctx, stash)
	p.CounterForNominators.Put(ctx, p.CounterForNominators.Get(ctx)-1)
	return true
}

func (p *Pallet) chill(ctx *frame.Context, _ Chill) error {
	l, err := p.ledgerOf(ctx)
	if err != nil {
		return err
	}
	p.chillStash(ctx, l.Stash)
	return nil
}

func (p *Pallet) chillStash(ctx *frame.Context, stash chain.AccountID) {
	validated, nominated := p.removeValidator(ctx, stash), p.removeNominator(ctx, stash)
	if validated || nominated {
		ctx.Emit(Chilled{stash})
	}
}

func (p *Pallet) chillOther(ctx *frame.Context, c ChillOther) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	l, ok := p.Ledger.Get(ctx, c.Stash)
	if !ok {
		return ErrNotController
	}
	if who != c.Stash {
		threshold, set := p.ChillThreshold.Get(ctx)
		var most, have uint32
		limited := false
		switch {
		case p.Nominators.Has(ctx, c.Stash):
			most, limited = p.MaxNominatorsCount.Get(ctx)
			have = p.CounterForNominators.Get(ctx)
		case p.Validators.Has(ctx, c.Stash):
			most, limited = p.MaxValidatorsCount.Get(ctx)
			have = p.CounterForValidators.Get(ctx)
		}
		few := threshold.of(scale.U64(uint64(most)))
		if !set || !limited || !few.Less(scale.U64(uint64(have))) || !l.Active.Less(p.leastBond(ctx, c.Stash)) {
			return ErrCannotChillOther
		}
	}
	p.chillStash(ctx, c.Stash)
	return nil
}

func weighKick(_ *frame.Runtime, c Kick) frame.Weight {
	return frame.Time(frame.Microsecond * (60 + 60*uint64(len(c.Who))))
}

func (p *Pallet) kick(ctx *frame.Context, c Kick) error {
	l, err := p.ledgerOf(ctx)
	if err != nil {
		return err
	}
	for _, address := range c.Who {
		who, err := frame.Lookup(address)
		if err != nil {
			return err
		}
		n, ok := p.Nominators.Get(ctx, who)
		if !ok {
			continue
		}
		i := slices.Index(n.Targets, l.Stash)
		if i < 0 {
			continue
		}
		n.Targets[i] = n.Targets[len(n.Targets)-1] // as Vec::swap_remove does
		n.Targets = n.Targets[:len(n.Targets)-1]
		p.Nominators.Put(ctx, who, n)
		ctx.Emit(Kicked{who, l.Stash})
	}
	return nil
}

func (p *Pallet) forceApplyMinCommission(ctx *frame.Context, c ForceApplyMinCommission) error {
	if _, err := ctx.Signer(); err != nil {
		return err
	}
	prefs, ok := p.Validators.Find(ctx, c.ValidatorStash)
	if !ok {
		return ErrNotStash
	}
	if low := p.MinCommission.Get(ctx); prefs.Commission < low {
		prefs.Commission = low
		p.Validators.Put(ctx, c.ValidatorStash, prefs)
		ctx.Emit(ValidatorPrefsSet{c.ValidatorStash, prefs})
	}
	return nil
}
