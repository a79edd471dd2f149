package staking

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// spans are the slashing spans of a stash under work.
type spans struct {
	SlashingSpans
	stash           chain.AccountID
	window          uint32
	changed         bool
	charged, reward chain.Balance
}

func (p *Pallet) spansOf(ctx *frame.Context, stash chain.AccountID, window uint32) *spans {
	s, ok := p.SlashingSpans.Get(ctx, stash)
	if !ok {
		s = SlashingSpans{LastStart: window, Prior: []uint32{}}
	}
	return &spans{SlashingSpans: s, stash: stash, window: window}
}

// at returns the span that an era is in.
func (s *spans) at(era uint32) (index uint32, ok bool) {
	start, index := s.LastStart, s.SpanIndex
	if start <= era {
		return index, true
	}
	for _, length := range s.Prior {
		end := start
		start, index = start-length, index-1
		if start <= era && era < end {
			return index, true
		}
	}
	return 0, false
}

// end ends the present span with an era.
func (s *spans) end(now uint32) {
	if now+1 <= s.LastStart {
		return
	}
	s.Prior = slices.Insert(s.Prior, 0, now+1-s.LastStart)
	s.LastStart = now + 1
	s.SpanIndex++
	s.changed = true
}

// rewardFirst is the part of the reporters' part that they get each time.
const rewardFirst Perbill = One / 2

// charge says that by now amount is the slash for an era. What is charged is by
// how much that is more than what was in the span that the era is in.
func (s *spans) charge(ctx *frame.Context, p *Pallet, era uint32, amount chain.Balance) (span uint32, ok bool) {
	if span, ok = s.at(era); !ok {
		return 0, false
	}
	key := SpanKey{s.stash, span}
	record := p.SpanSlash.Get(ctx, key)
	if amount.Less(record.Slashed) {
		return span, true
	}
	if record.Slashed.Less(amount) {
		s.charged = s.charged.AddSat(amount.SubSat(record.Slashed))
		record.Slashed = amount
		s.LastNonzeroSlash = max(s.LastNonzeroSlash, era)
		s.changed = true
	}
	reward := rewardFirst.of(p.SlashRewardFraction.Get(ctx).of(amount).SubSat(record.PaidOut))
	record.PaidOut = record.PaidOut.AddSat(reward)
	s.reward = s.reward.AddSat(reward)
	if s.changed || !reward.IsZero() {
		s.changed = true
		p.SpanSlash.Put(ctx, key, record)
	}
	return span, true
}

// save stores the spans that changed, without those that are too old.
func (s *spans) save(ctx *frame.Context, p *Pallet) {
	if !s.changed {
		return
	}
	start, keep := s.LastStart, 0
	for _, length := range s.Prior {
		if start <= s.window {
			break
		}
		start -= length
		keep++
	}
	first := s.SpanIndex - uint32(len(s.Prior))
	for i := range uint32(len(s.Prior) - keep) {
		p.SpanSlash.Remove(ctx, SpanKey{s.stash, first + i})
	}
	s.Prior = s.Prior[:keep]
	s.LastStart = max(s.LastStart, s.window)
	p.SlashingSpans.Put(ctx, s.stash, s.SlashingSpans)
}

// spanCount is how many slashing spans a stash has.
func (p *Pallet) spanCount(ctx *frame.Context, stash chain.AccountID) uint32 {
	s, ok := p.SlashingSpans.Get(ctx, stash)
	if !ok {
		return 0
	}
	return uint32(len(s.Prior)) + 1
}

func (p *Pallet) clearSpans(ctx *frame.Context, stash chain.AccountID) {
	s, ok := p.SlashingSpans.Get(ctx, stash)
	if !ok {
		return
	}
	for i := range uint32(len(s.Prior)) + 1 {
		p.SpanSlash.Remove(ctx, SpanKey{stash, s.SpanIndex - i})
	}
	p.SlashingSpans.Remove(ctx, stash)
}
