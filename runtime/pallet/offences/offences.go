package offences

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// The kinds.
var (
	// GrandpaEquivocation is two votes for finality.
	GrandpaEquivocation = Kind([]byte("grandpa:equivoca"))
	// EngineEquivocation is two votes in the consensus engine.
	EngineEquivocation = Kind([]byte("engine:equivocat"))
	// Offline is not being there.
	Offline = Kind([]byte("im-online:offlin"))
)

// Report is an offence that is proven.
type Report struct {
	Kind Kind
	// TimeSlot is when it was done: those who did it in the same one did it
	// together.
	TimeSlot []byte
	// Session is the one in which it was.
	Session   uint32
	Offenders []chain.AccountID
	// Reporters are rewarded.
	Reporters []chain.AccountID
	// Fraction is what each loses, in billionths, where k of n did it.
	Fraction func(k, n uint32) uint32
}

// billion is all of it.
const billion = 1_000_000_000

// Equivocation is (3k/n)² in billionths, and at most all.
func Equivocation(k, n uint32) uint32 {
	third := min(3*uint64(k)*billion/max(uint64(n), 1), billion)
	return uint32(third * third / billion)
}

// Unresponsive is nothing where at most a tenth and one are offline, and grows
// to 7 % from there, in billionths.
func Unresponsive(k, n uint32) uint32 {
	free := n/10 + 1
	if k <= free || n == 0 {
		return 0
	}
	x := min(3*uint64(k-free)*billion/uint64(n), billion)
	hi, lo := bits.Mul64(x, 7*billion/100)
	q, _ := bits.Div64(hi, lo, billion)
	return uint32(q)
}

// SlotOf is the time slot of double votes: a session. A key can sign for as many
// heights and rounds as its holder likes, and if each were an offence of its own,
// whoever has lost already could fill blocks and state with them for nothing.
func SlotOf(session uint32) []byte { return scale.Marshal(session) }

func reportID(kind Kind, slot []byte, who chain.AccountID) hash.H256 {
	return hash.Blake2b256(scale.Marshal(struct {
		Kind Kind
		Slot []byte
		Who  chain.AccountID
	}{kind, slot, who}))
}

// Known says whether an offence was reported.
func (p *Pallet) Known(ctx *frame.Context, kind Kind, slot []byte, who chain.AccountID) bool {
	return p.Reports.Has(ctx, reportID(kind, slot, who))
}

// Report takes a report and has the offenders punished, and all who did the
// same at the same time as much; it returns false when all of it is known.
func (p *Pallet) Report(ctx *frame.Context, r Report) bool {
	n, ok := p.Punisher.SetSize(ctx, r.Session)
	if !ok {
		return false
	}
	ids := p.ConcurrentReportsIndex.Get(ctx, r.Kind, r.TimeSlot)
	fresh := false
	for _, who := range r.Offenders {
		id := reportID(r.Kind, r.TimeSlot, who)
		if p.Reports.Has(ctx, id) {
			continue
		}
		fresh = true
		p.Reports.Put(ctx, id, OffenceDetails{who, append([]chain.AccountID{}, r.Reporters...)})
		ids = append(ids, id)
	}
	if !fresh {
		return false
	}
	p.ConcurrentReportsIndex.Put(ctx, r.Kind, r.TimeSlot, ids)
	slots := p.SessionOffences.Get(ctx, r.Session)
	if !slices.ContainsFunc(slots, func(s Slot) bool { return s.Kind == r.Kind && bytes.Equal(s.TimeSlot, r.TimeSlot) }) {
		p.SessionOffences.Put(ctx, r.Session, append(slots, Slot{r.Kind, r.TimeSlot}))
	}
	var all []OffenceDetails
	for _, id := range ids {
		if d, ok := p.Reports.Get(ctx, id); ok {
			all = append(all, d)
		}
	}
	ctx.Emit(Offence{r.Kind, slices.Clone(r.TimeSlot)})
	p.Punisher.Punish(ctx, all, r.Fraction(uint32(len(all)), n), r.Session)
	return true
}

// Forget removes what was reported of a session that is too long ago for it to
// be punished.
func (p *Pallet) Forget(ctx *frame.Context, session uint32) {
	for _, s := range p.SessionOffences.Get(ctx, session) {
		for _, id := range p.ConcurrentReportsIndex.Get(ctx, s.Kind, s.TimeSlot) {
			p.Reports.Remove(ctx, id)
		}
		p.ConcurrentReportsIndex.Remove(ctx, s.Kind, s.TimeSlot)
	}
	p.SessionOffences.Remove(ctx, session)
}
