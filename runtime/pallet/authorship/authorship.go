package authorship

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// Find returns the account of the author of the block under way; ok is false
// when he has none.
func (p *Pallet) Find(ctx *frame.Context) (who chain.AccountID, ok bool) {
	if who, ok = p.Author.Get(ctx); ok {
		return who, true
	}
	index, ok := p.Slots.Proposer(ctx)
	if !ok {
		return who, false
	}
	if who, ok = p.Authors.AuthorOf(ctx, index); ok {
		p.Author.Put(ctx, who)
	}
	return who, ok
}

// OnInitialize implements frame.Initializer: it finds the author once.
func (p *Pallet) OnInitialize(ctx *frame.Context) frame.Weight {
	if who, ok := p.Find(ctx); ok && p.Events != nil {
		p.Events.NoteAuthor(ctx, who)
	}
	return frame.Time(60 * frame.Microsecond)
}

// OnFinalize implements frame.Finalizer: the author is none of the next block.
func (p *Pallet) OnFinalize(ctx *frame.Context) { p.Author.Kill(ctx) }
