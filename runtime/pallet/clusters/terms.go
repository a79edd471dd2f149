package clusters

import (
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// setTerms keeps what is paid in a cluster, for everybody to read, and tells the
// cluster, whose members change to it at the same message.
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
	seq, err := p.Queue.Push(ctx, queue.ToCluster{ID: s.Cluster}, origin, scale.Encode[words.ClusterMessage](s.Terms))
	if err != nil {
		return err
	}
	p.Terms.Put(ctx, s.Cluster, s.Terms)
	ctx.Emit(TermsSet{s.Cluster, s.Terms, seq})
	return nil
}
