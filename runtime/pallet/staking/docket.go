package staking

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// WeightJudge is what it weighs to judge, or to slash, as many stakes as are at
// once at most (see BenchmarkOutage).
var WeightJudge = frame.Time(300 * frame.Millisecond)

// room is how many stakes may still be judged, or slashed.
type room struct{ all, left int }

func (p *Pallet) room() *room { return &room{int(p.MaxJudgedStakes), int(p.MaxJudgedStakes)} }

// take takes some, and says whether there was room for them. There is for those
// behind one validator, however many they are.
func (r *room) take(n int) bool {
	if n > r.left && r.left < r.all {
		return false
	}
	r.left -= min(n, r.left)
	return true
}

// stakes is how many stand behind a validator in an era.
func (p *Pallet) stakes(ctx *frame.Context, era uint32, who chain.AccountID) int {
	meta, _ := p.ErasStakersOverview.Get(ctx, era, who)
	return 1 + int(meta.NominatorCount)
}

// wait has an offence judged in a later block. If the offender did more than
// that in the era, the greater counts. It validates no more from now on.
func (p *Pallet) wait(ctx *frame.Context, c crime, reporters []chain.AccountID) {
	key := EraOffender{c.era, c.who}
	if w, ok := p.WaitingOffences.Get(ctx, key); !ok || w.Fraction < c.fraction {
		p.WaitingOffences.Put(ctx, key, WaitingOffence{c.fraction, reporters})
	}
	s := p.spansOf(ctx, c.who, c.window)
	if span, ok := s.at(c.era); ok && span == s.SpanIndex {
		p.expel(ctx, c.who)
	}
}

// OnInitialize implements frame.Initializer: it slashes what is due, and judges
// what waits, as far as there is room.
func (p *Pallet) OnInitialize(ctx *frame.Context) frame.Weight {
	active, ok := p.ActiveEra.Get(ctx)
	if !ok {
		return frame.Time(5 * frame.Microsecond)
	}
	weight := frame.Time(20 * frame.Microsecond)
	if p.UnappliedSlashes.Has(ctx, active.Index) {
		p.applyDue(ctx, active.Index)
		weight = weight.Add(WeightJudge)
	}
	if p.judgeWaiting(ctx, active.Index) {
		weight = weight.Add(WeightJudge)
	}
	return weight
}

// judgeWaiting judges offences of an era that wait, and says whether any did.
func (p *Pallet) judgeWaiting(ctx *frame.Context, now uint32) bool {
	var list []EraOffender
	var waiting []WaitingOffence
	room := p.room()
	for key, w := range p.WaitingOffences.All(ctx) {
		if len(list) > 0 && list[0].Era != key.Era || !room.take(p.stakes(ctx, key.Era, key.Who)) {
			break
		}
		list, waiting = append(list, key), append(waiting, w)
	}
	if len(list) == 0 {
		return false
	}
	era := list[0].Era
	due := p.docket(ctx, era, now)
	for i, o := range list {
		p.WaitingOffences.Remove(ctx, o)
		c := crime{who: o.Who, fraction: waiting[i].Fraction, era: era, window: now - min(now, p.BondingDuration), now: now}
		if slash, ok := p.judge(ctx, c); ok {
			p.sentence(ctx, due, era, slash, waiting[i].Reporters)
		}
	}
	due.close(ctx, p)
	return true
}

// sentence slashes at once or later.
func (p *Pallet) sentence(ctx *frame.Context, due *docket, era uint32, slash UnappliedSlash, reporters []chain.AccountID) {
	slash.Reporters = slices.Clone(reporters)
	if p.SlashDeferDuration == 0 {
		p.apply(ctx, slash, era)
		return
	}
	due.add(slash)
}

// docket are the slashes that wait for an era, under work: where many offend the
// list is long.
type docket struct {
	era     uint32
	list    []UnappliedSlash
	changed bool
}

// docket is where what is judged now of an era waits.
func (p *Pallet) docket(ctx *frame.Context, era, now uint32) *docket {
	due := max(era+p.SlashDeferDuration+1, now+1)
	return &docket{era: due, list: p.UnappliedSlashes.Get(ctx, due)}
}

// add adds to the slash of a validator for the same reporters, if there is one:
// the more offend, the more all lose, and a slash for each time would be as many
// as the square of the offenders.
func (d *docket) add(slash UnappliedSlash) {
	d.changed = true
	for i := range d.list {
		if d.list[i].merge(slash) {
			return
		}
	}
	d.list = append(d.list, slash)
}

func (d *docket) close(ctx *frame.Context, p *Pallet) {
	if d.changed {
		p.UnappliedSlashes.Put(ctx, d.era, d.list)
	}
}

// merge adds another slash of the same for the same, and says whether it is one.
func (u *UnappliedSlash) merge(more UnappliedSlash) bool {
	if u.Validator != more.Validator || !slices.Equal(u.Reporters, more.Reporters) ||
		!slices.EqualFunc(u.Others, more.Others, func(a, b OtherSlash) bool { return a.Who == b.Who }) {
		return false
	}
	u.Own, u.Payout = u.Own.AddSat(more.Own), u.Payout.AddSat(more.Payout)
	for i, o := range more.Others {
		u.Others[i].Value = u.Others[i].Value.AddSat(o.Value)
	}
	return true
}

// applyDue slashes what is due in an era, as much of it as there is room for.
// Until all is, nothing can be withdrawn.
func (p *Pallet) applyDue(ctx *frame.Context, era uint32) {
	list, room := p.UnappliedSlashes.Get(ctx, era), p.room()
	for len(list) > 0 {
		if !room.take(1 + len(list[0].Others)) {
			p.UnappliedSlashes.Put(ctx, era, list)
			return
		}
		p.apply(ctx, list[0], era-min(era, p.SlashDeferDuration+1))
		list = list[1:]
	}
	p.UnappliedSlashes.Remove(ctx, era)
}
