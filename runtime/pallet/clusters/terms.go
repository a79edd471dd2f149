package clusters

import (
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// setTerms sets what is paid in a cluster. A price that rises is announced: what
// was signed before is not to be paid for as its sender could not know, out of all
// that he holds in the cluster. Where nobody holds anything it applies at once.
func (p *Pallet) setTerms(ctx *frame.Context, s SetTerms) error {
	if _, err := p.owned(ctx, s.Cluster); err != nil {
		return err
	}
	if !s.Terms.Valid(s.Cluster) {
		return ErrBadTerms
	}
	if err := p.Ready(ctx, s.Cluster); err != nil {
		return err
	}
	if !s.Terms.Dearer(p.Terms.Get(ctx, s.Cluster)) || p.Ledgers.Get(ctx, s.Cluster).Escrow.IsZero() {
		return p.apply(ctx, s.Cluster, s.Terms)
	}
	from := p.Blocks.Now(ctx) + p.TermsNotice
	p.Notices.Put(ctx, s.Cluster, words.Notice{Terms: s.Terms, From: from})
	ctx.Emit(TermsAnnounced{s.Cluster, s.Terms, from})
	return nil
}

// apply keeps what is paid in a cluster, for everybody to read, and tells the
// cluster, whose members change to it at the same message. What was announced is
// announced no more.
func (p *Pallet) apply(ctx *frame.Context, id hash.H256, terms words.Terms) error {
	p.Notices.Remove(ctx, id)
	seq, err := p.Queue.Push(ctx, queue.ToCluster{ID: id}, origin, scale.Encode[words.ClusterMessage](terms))
	if err != nil {
		return err
	}
	p.Terms.Put(ctx, id, terms)
	ctx.Emit(TermsSet{id, terms, seq})
	return nil
}

// applyDue applies terms that were announced for a block up to this one.
func (p *Pallet) applyDue(ctx *frame.Context, id hash.H256) error {
	n, ok := p.Notices.Get(ctx, id)
	if !ok || p.Blocks.Now(ctx) < n.From {
		return nil
	}
	return p.apply(ctx, id, n.Terms)
}
