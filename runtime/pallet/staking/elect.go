package staking

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/npos"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// elected is a validator of the next era and what stands behind it.
type elected struct {
	who        chain.AccountID
	total, own chain.Balance
	others     []IndividualExposure
}

// elect elects the validators of the next era, sorted by account; ok is false
// where they are too few.
//
// The election is Phragmén's, over all candidates and votes. How many of the
// validators may change at once is limited, so that a set of which many are not
// online in truth cannot stop the chain: where more would, the newcomers that
// were elected first come in, and the others wait. What stands behind the
// validators is then the result of the election among these alone.
func (p *Pallet) elect(ctx *frame.Context) ([]elected, bool) {
	fewest := max(p.MinimumValidatorCount.Get(ctx), 1)
	b := p.ballot(ctx)
	r := b.run(int(p.ValidatorCount.Get(ctx)), b.candidates)
	var winners []chain.AccountID
	for _, w := range r.Winners {
		if !w.Backed.IsZero() {
			winners = append(winners, w.Who)
		}
	}
	if len(winners) < int(fewest) {
		return nil, false
	}
	set := p.renew(ctx, b, winners)
	if !sameMembers(set, r.Winners) {
		b.ensure(ctx, p, set)
		r = b.run(len(set), set)
	}
	p.MinimumActiveStake.Put(ctx, b.leastBond)
	return b.exposures(r), len(set) >= int(fewest)
}

func sameMembers(set []chain.AccountID, winners []npos.Winner[chain.AccountID]) bool {
	return len(set) == len(winners) && !slices.ContainsFunc(winners, func(w npos.Winner[chain.AccountID]) bool {
		return !slices.Contains(set, w.Who)
	})
}

// The reasons to let a validator go before another, the best first.
const (
	isGone  = iota // was not seen online in the last era
	hasLeft        // is no candidate any more
	hasLost        // was not elected
)

// renew returns the validators of the next era, sorted by account: winners, as
// far as not too many change.
func (p *Pallet) renew(ctx *frame.Context, b *ballot, winners []chain.AccountID) []chain.AccountID {
	stands := make(map[chain.AccountID]bool, len(b.candidates))
	for _, who := range b.candidates {
		stands[who] = true
	}
	var now, out []chain.AccountID
	var reasons [hasLost + 1][]chain.AccountID
	for _, who := range p.Sessions.Now(ctx) {
		now = append(now, who)
		reason := hasLost
		switch {
		case slices.Contains(winners, who):
			continue
		case !p.eligible(ctx, who):
			reason = isGone
		case !stands[who]:
			reason = hasLeft
		}
		reasons[reason] = append(reasons[reason], who)
	}
	for _, list := range reasons {
		out = append(out, list...)
	}
	return churn(now, winners, out, int(p.ValidatorCount.Get(ctx)), int(max(p.MinimumValidatorCount.Get(ctx), 1)))
}

// churn lets some of now go, those who come first in out, and some of winners
// in: fewer than a third of those of now go, and fewer than a third of the next
// are new. Of a set of fewer than four, where that would be none, one may come
// or one may go.
func churn(now, winners, out []chain.AccountID, seats, fewest int) []chain.AccountID {
	var in []chain.AccountID
	for _, w := range winners {
		if !slices.Contains(now, w) {
			in = append(in, w)
		}
	}
	if n := len(now); n < 4 {
		switch {
		case len(in) > 0 && n < seats:
			in, out = in[:1], nil
		case n-1 >= fewest:
			in, out = nil, out[:min(len(out), 1)]
		default:
			in, out = nil, nil
		}
	} else {
		out = out[:min(len(out), (n-1)/3)]
		kept := n - len(out)
		in = in[:max(min(len(in), seats-kept, (kept-1)/2), 0)]
		for kept+len(in) < fewest && len(out) > 0 {
			out, kept = out[:len(out)-1], kept+1
		}
	}
	set := slices.Clone(in)
	for _, who := range now {
		if !slices.Contains(out, who) {
			set = append(set, who)
		}
	}
	slices.SortFunc(set, byAccount)
	return set
}

// eligible says whether an account can validate: it named session keys, and was
// seen online within the last era.
func (p *Pallet) eligible(ctx *frame.Context, who chain.AccountID) bool {
	session := p.Sessions.Index(ctx)
	return p.Sessions.HasKeys(ctx, who) && p.Alive.SeenSince(ctx, who, session-min(session, p.SessionsPerEra))
}

// ballot is the candidates and votes of an election.
type ballot struct {
	candidates []chain.AccountID
	voters     []npos.Voter[chain.AccountID]
	// unit is how much of the token counts as one.
	unit      chain.Balance
	leastBond chain.Balance
}

// ballot collects the candidates, in the order of their storage, and the votes:
// each candidate's for itself, and then the nominators'.
func (p *Pallet) ballot(ctx *frame.Context) *ballot {
	// Votes have 64 bits (U128CurrencyToVote).
	unit, _ := p.Money.Issuance(ctx).DivMod(scale.U64(^uint64(0)))
	b := &ballot{unit: unit}
	if unit.IsZero() {
		b.unit = scale.U64(1)
	}
	for who := range p.Validators.All(ctx) {
		l, bonded := p.Ledger.Get(ctx, who)
		if !bonded || !p.eligible(ctx, who) {
			continue
		}
		b.candidates = append(b.candidates, who)
		b.vote(who, l.Active, []chain.AccountID{who})
	}
	for who, n := range p.Nominators.All(ctx) {
		if l, bonded := p.Ledger.Get(ctx, who); bonded {
			b.vote(who, l.Active, n.Targets)
		}
	}
	return b
}

func (b *ballot) vote(who chain.AccountID, bond chain.Balance, targets []chain.AccountID) {
	if len(b.voters) == 0 || bond.Less(b.leastBond) {
		b.leastBond = bond
	}
	votes, _ := bond.DivMod(b.unit)
	n, fits := votes.Uint64()
	if !fits { // more than there is of the token
		n = ^uint64(0)
	}
	b.voters = append(b.voters, npos.Voter[chain.AccountID]{Who: who, Stake: n, Targets: targets})
}

// ensure gives those who stay without being candidates the vote for
// themselves that candidates have, in place of their nominations if they
// nominate by now: a bond stands behind validators once.
func (b *ballot) ensure(ctx *frame.Context, p *Pallet, set []chain.AccountID) {
	for _, who := range set {
		if slices.Contains(b.candidates, who) {
			continue
		}
		own := []chain.AccountID{who}
		if i := slices.IndexFunc(b.voters, func(v npos.Voter[chain.AccountID]) bool { return v.Who == who }); i >= 0 {
			b.voters[i].Targets = own
		} else if l, ok := p.Ledger.Get(ctx, who); ok {
			b.vote(who, l.Active, own)
		}
	}
}

// run elects among candidates.
func (b *ballot) run(seats int, candidates []chain.AccountID) npos.Result[chain.AccountID] {
	return npos.Phragmen(seats, candidates, b.voters, npos.Balancing{})
}

// exposures are the winners, sorted by account, and what stands behind them, as
// exactly as on chains that keep shares in billionths.
func (b *ballot) exposures(r npos.Result[chain.AccountID]) []elected {
	var list []elected
	for _, s := range r.Rounded(npos.Perbill).Supports() {
		e := elected{who: s.Who, others: []IndividualExposure{}}
		for _, edge := range s.Edges {
			value := edge.Amount.MulSat(b.unit)
			e.total = e.total.AddSat(value)
			if edge.Who == s.Who {
				e.own = e.own.AddSat(value)
			} else {
				e.others = append(e.others, IndividualExposure{edge.Who, value})
			}
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b elected) int { return byAccount(a.who, b.who) })
	return list
}
