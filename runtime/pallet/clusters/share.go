package clusters

import (
	"slices"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

// keepers draws who is to keep shares of a cluster's secrets: workers that are
// no members, as many as there are and are wanted.
func (p *Pallet) keepers(ctx *frame.Context, id hash.H256, c *words.Cluster) [][32]byte {
	pool := slices.DeleteFunc(p.eligible(ctx, c.Tier), func(w [32]byte) bool { return slices.Contains(c.Members, w) })
	return draw(pool, int(c.Keepers), hash.Blake2b256([]byte("tacit/keepers/1"), id[:], bytesOf(p.Seed.Seed(ctx))))
}

// shareSealed keeps a share. The shares that were made at once count when all
// are there; those before count until then, or until their epoch is over.
func (p *Pallet) shareSealed(ctx *frame.Context, worker [32]byte, m words.ShareSealed) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	made, ok := p.Pending.Get(ctx, m.Cluster)
	switch {
	case !ok || made.Epoch != m.Epoch || made.Attempt != m.Attempt || made.Maker != worker || !slices.Contains(made.Keepers, m.To):
		return ErrBadKey
	case len(m.Envelope) > words.MaxHandOver:
		return ErrTooLong
	}
	// Of those before, the one that counts stays.
	list := slices.DeleteFunc(p.Shares.Get(ctx, m.Cluster, m.To), func(s words.SealedShare) bool {
		return c.Sharing == nil || s.Attempt != c.Sharing.Attempt
	})
	list = append(list, words.SealedShare{Epoch: m.Epoch, Attempt: m.Attempt, Envelope: m.Envelope})
	p.Shares.Put(ctx, m.Cluster, m.To, list)
	for _, keeper := range made.Keepers {
		if _, ok := shareOf(p.Shares.Get(ctx, m.Cluster, keeper), m.Attempt); !ok {
			return nil
		}
	}
	if c.Sharing != nil {
		for _, keeper := range c.Sharing.Keepers {
			if !slices.Contains(made.Keepers, keeper) {
				p.Shares.Remove(ctx, m.Cluster, keeper)
			}
		}
	}
	for _, keeper := range made.Keepers {
		s, _ := shareOf(p.Shares.Get(ctx, m.Cluster, keeper), m.Attempt)
		p.Shares.Put(ctx, m.Cluster, keeper, []words.SealedShare{s})
	}
	p.Pending.Remove(ctx, m.Cluster)
	c.Sharing = &made
	p.Clusters.Put(ctx, m.Cluster, c)
	ctx.Emit(SharesKept{m.Cluster, uint8(len(made.Keepers)), made.Threshold})
	return nil
}

// dropShares removes the shares that were made at once.
func (p *Pallet) dropShares(ctx *frame.Context, id hash.H256, made *words.Sharing) {
	for _, keeper := range made.Keepers {
		list := slices.DeleteFunc(p.Shares.Get(ctx, id, keeper), func(s words.SealedShare) bool { return s.Attempt == made.Attempt })
		if len(list) == 0 {
			p.Shares.Remove(ctx, id, keeper)
		} else {
			p.Shares.Put(ctx, id, keeper, list)
		}
	}
}

// shareOf finds the share of an attempt.
func shareOf(list []words.SealedShare, attempt uint32) (words.SealedShare, bool) {
	i := slices.IndexFunc(list, func(s words.SealedShare) bool { return s.Attempt == attempt })
	if i < 0 {
		return words.SealedShare{}, false
	}
	return list[i], true
}

// alive returns who of those that keep shares of a cluster is registered.
func (p *Pallet) alive(ctx *frame.Context, c *words.Cluster) (out [][32]byte) {
	if c.Sharing == nil {
		return nil
	}
	for _, keeper := range c.Sharing.Keepers {
		if p.Workers.Live(ctx, keeper) {
			out = append(out, keeper)
		}
	}
	return out
}

// recover replaces all members of a cluster by fresh workers, to which the
// keepers give their shares once they have seen their attestation. Then a new
// epoch begins, whose keys the members before do not learn.
func (p *Pallet) recover(ctx *frame.Context, r Recover) error {
	c, err := p.owned(ctx, r.Cluster)
	if err != nil {
		return err
	}
	keepers := p.alive(ctx, &c)
	switch {
	case !c.Ready():
		return ErrNotReady
	case c.Sharing == nil || len(keepers) < int(c.Sharing.Threshold):
		return ErrTooFewShares
	}
	drawn := p.fresh(ctx, r.Cluster, &c, len(c.Members), "tacit/recover/1")
	if len(drawn) == 0 {
		return ErrTooFewWorkers
	}
	for _, worker := range c.Members {
		if err := p.dismiss(ctx, r.Cluster, &c, worker); err != nil {
			return err
		}
	}
	if c.Dispute != nil {
		p.acquit(ctx, r.Cluster, c.Dispute)
	}
	c.Members, c.Asked, c.Candidate, c.Recovering, c.Dispute = drawn, false, nil, true, nil
	p.Pending.Remove(ctx, r.Cluster)
	if err := p.join(ctx, r.Cluster, &c, drawn, false); err != nil {
		return err
	}
	for _, keeper := range keepers {
		share, ok := shareOf(p.Shares.Get(ctx, r.Cluster, keeper), c.Sharing.Attempt)
		if !ok {
			continue
		}
		if err := p.tell(ctx, keeper, words.ShareWanted{
			Cluster: r.Cluster, Tier: c.Tier, Epoch: share.Epoch, Attempt: share.Attempt, From: c.Sharing.Maker, Envelope: share.Envelope, Takers: drawn,
		}); err != nil {
			return err
		}
	}
	p.Clusters.Put(ctx, r.Cluster, c)
	ctx.Emit(ClusterRecovering{r.Cluster, drawn, uint8(len(keepers))})
	return nil
}

// shareGiven passes a keeper's share on to the fresh member that it is for.
func (p *Pallet) shareGiven(ctx *frame.Context, worker [32]byte, m words.ShareGiven) error {
	c, ok := p.Clusters.Get(ctx, m.Cluster)
	switch {
	case !ok:
		return ErrNoSuchCluster
	case c.Sharing == nil || m.Epoch != c.Sharing.Epoch || m.Attempt != c.Sharing.Attempt || !slices.Contains(c.Sharing.Keepers, worker),
		!slices.Contains(c.Members, m.To):
		return ErrNotMember
	case len(m.Envelope) > words.MaxHandOver:
		return ErrTooLong
	}
	return p.tell(ctx, m.To, words.Share{
		Cluster: m.Cluster, Sharing: m.Epoch, Attempt: m.Attempt, From: worker, Threshold: c.Sharing.Threshold,
		Epoch: c.Epoch, Keys: c.Keys, Envelope: m.Envelope,
	})
}
