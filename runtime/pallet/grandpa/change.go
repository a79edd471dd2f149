package grandpa

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
)

// endedFor is how many blocks after its last a set is remembered; a block
// proves the block two before.
const endedFor = 4

// OnNewSession hands over to the authorities of a session at the end of this
// block, where they are others (pallet_grandpa's on_new_session). This block is
// the last that the set before finalises.
func (p *Pallet) OnNewSession(ctx *frame.Context, changed bool, index uint32, next [][32]byte) {
	id := p.CurrentSetID.Get(ctx)
	if changed {
		now := p.Blocks.Now(ctx)
		kept := slices.DeleteFunc(p.EndedSets.Get(ctx), func(e EndedSet) bool { return e.At+endedFor < now })
		p.EndedSets.Put(ctx, append(kept, EndedSet{now, id, p.Authorities.Get(ctx)}))
		list := make([]Authority, len(next))
		for i, key := range next {
			list[i] = Authority{key, 1}
		}
		p.PendingChange.Put(ctx, PendingChange{ScheduledAt: now, NextAuthorities: list})
		id++
		p.CurrentSetID.Put(ctx, id)
	}
	p.SetIDSession.Put(ctx, id, index)
	if old := int64(id) - int64(p.MaxSetIDSessionEntries); changed && old >= 0 {
		p.SetIDSession.Remove(ctx, uint64(old))
	}
}

// OnFinalize implements frame.Finalizer: a pending change stands in the header,
// from where light clients take it, and takes place.
func (p *Pallet) OnFinalize(ctx *frame.Context) {
	change, ok := p.PendingChange.Get(ctx)
	if !ok {
		return
	}
	scheduled := grandpa.ScheduledChange{Delay: change.Delay}
	for _, a := range change.NextAuthorities {
		scheduled.Next = append(scheduled.Next, grandpa.Authority{ID: keys.GrandpaID(a.Key), Weight: a.Weight})
	}
	p.Blocks.DepositLog(ctx, chain.DigestItem(grandpa.LogItem(scheduled)))
	p.Authorities.Put(ctx, change.NextAuthorities)
	ctx.Emit(NewAuthorities{change.NextAuthorities})
	p.PendingChange.Kill(ctx)
}
