package session

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

// serve notes who serves from a session on, and with which keys, and who does
// so no more. What was too long ago is forgotten. It is noted when the session is
// planned, so that nobody else can take keys that wait for it.
func (p *Pallet) serve(ctx *frame.Context, session uint32, before, after []Validator) {
	for _, v := range before {
		if slices.Contains(after, v) {
			continue
		}
		for _, t := range v.Keys.typed() {
			if s, ok := p.Served.Get(ctx, t); ok {
				until := session - min(session, 1)
				s.Until = &until
				p.Served.Put(ctx, t, s)
			}
		}
	}
	for _, v := range after {
		if slices.Contains(before, v) && session > 0 {
			continue
		}
		for _, t := range v.Keys.typed() {
			s, ok := p.Served.Get(ctx, t)
			if !ok || s.Owner != v.Account {
				s = Service{Owner: v.Account, From: session}
			}
			s.Until = nil
			p.Served.Put(ctx, t, s)
		}
	}
	var old []TypedKey
	for t, s := range p.Served.All(ctx) {
		if s.Until != nil && *s.Until+p.History < session {
			old = append(old, t)
		}
	}
	for _, t := range old {
		p.Served.Remove(ctx, t)
	}
}

// OwnerOf is who served with a key in a session, as far as that is known.
func (p *Pallet) OwnerOf(state storage.Reader, role KeyType, key []byte, session uint32) (who chain.AccountID, ok bool) {
	s, ok := p.Served.Get(state, TypedKey{role, key})
	if !ok || session < s.From || s.Until != nil && *s.Until < session {
		return who, false
	}
	return s.Owner, true
}

// SessionOf is the session that a block is of: its validators finalise it.
func (p *Pallet) SessionOf(ctx *frame.Context, number chain.BlockNumber) uint32 {
	return (number - min(number, 1)) / max(p.Period.Get(ctx), 1)
}

// SessionAt is the session that is under way after a block.
func (p *Pallet) SessionAt(state storage.Reader, number chain.BlockNumber) uint32 {
	return number / max(p.Period.Get(state), 1)
}

// Index is the number of the session under way.
func (p *Pallet) Index(ctx *frame.Context) uint32 { return p.CurrentIndex.Get(ctx) }

// Now are the validators of the session under way.
func (p *Pallet) Now(ctx *frame.Context) []chain.AccountID { return p.Validators.Get(ctx) }

// HasKeys says whether an account named session keys.
func (p *Pallet) HasKeys(ctx *frame.Context, who chain.AccountID) bool {
	return p.NextKeys.Has(ctx, who)
}

// Disable keeps a validator from taking part for the rest of the session, as
// far as fewer than a third are.
func (p *Pallet) Disable(ctx *frame.Context, who chain.AccountID) {
	list := p.Validators.Get(ctx)
	i := slices.Index(list, who)
	disabled := p.DisabledValidators.Get(ctx)
	at, found := slices.BinarySearch(disabled, uint32(max(i, 0)))
	if i < 0 || found || len(disabled) >= (len(list)-1)/3 {
		return
	}
	p.DisabledValidators.Put(ctx, slices.Insert(disabled, at, uint32(i)))
	ctx.Emit(ValidatorDisabled{who})
}

// IsDisabled says whether a validator may not take part.
func (p *Pallet) IsDisabled(ctx *frame.Context, who chain.AccountID) bool {
	disabled := p.DisabledValidators.Get(ctx)
	if len(disabled) == 0 {
		return false
	}
	i := slices.Index(p.Validators.Get(ctx), who)
	_, found := slices.BinarySearch(disabled, uint32(max(i, 0)))
	return i >= 0 && found
}
