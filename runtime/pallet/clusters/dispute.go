package clusters

import (
	"errors"
	"slices"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

// freeze stops a cluster whose members disagree, and draws as many fresh workers
// as it has members, or all that there are, to execute the queue again from the
// last state that all agreed on.
func (p *Pallet) freeze(ctx *frame.Context, worker [32]byte, c *words.Cluster, m words.Receipts, seq uint64) error {
	before, _ := p.Roots.Get(ctx, m.Cluster, seq)
	other := m.Roots[seq-m.From]
	ctx.Emit(RootsDiffer{m.Cluster, seq + 1, worker, other})
	c.Dispute = &words.Dispute{Seq: seq, Claims: []words.Claim{before, {Root: other, By: [][32]byte{worker}}}}
	for _, claim := range c.Dispute.Claims {
		for _, by := range claim.By {
			p.accuse(ctx, m.Cluster, by)
		}
	}
	c.Asked, c.Candidate = false, nil
	err := p.appoint(ctx, m.Cluster, c)
	if err == nil {
		ctx.Emit(ClusterFrozen{m.Cluster, seq, c.Dispute.Judges})
	}
	p.Clusters.Put(ctx, m.Cluster, *c)
	return err
}

// appoint draws judges. They are members from then on.
func (p *Pallet) appoint(ctx *frame.Context, id hash.H256, c *words.Cluster) error {
	n := min(len(c.Members)-len(c.Dispute.Judges), int(p.MaxReplicas))
	drawn, err := p.enlist(ctx, id, c, n, "tacit/judge/1")
	c.Dispute.Judges = append(c.Dispute.Judges, drawn...)
	return err
}

// judge draws more judges: for the owner at any time, for everybody when none of
// those that were drawn is there any more. Those of them that are gone, and said
// nothing, are judges no longer: else they hold up the others.
func (p *Pallet) judge(ctx *frame.Context, j Judge) error {
	c, err := p.owned(ctx, j.Cluster)
	switch {
	case err != nil && !errors.Is(err, ErrNotOwner):
		return err
	case c.Dispute == nil:
		return ErrNotFrozen
	case err != nil && slices.ContainsFunc(c.Dispute.Judges, func(w [32]byte) bool { return p.Workers.Live(ctx, w) }):
		return err
	}
	d := c.Dispute
	before := d.Judges
	d.Judges = slices.DeleteFunc(slices.Clone(before), func(w [32]byte) bool { return !p.Workers.Live(ctx, w) && !heard(d, w) })
	for _, worker := range before {
		if slices.Contains(d.Judges, worker) || !slices.Contains(c.Members, worker) {
			continue
		}
		if err := p.dismiss(ctx, j.Cluster, &c, worker); err != nil {
			return err
		}
	}
	n := len(d.Judges)
	switch {
	case n < 2*int(p.MaxReplicas):
		if err := p.appoint(ctx, j.Cluster, &c); err != nil {
			return err
		}
		if len(d.Judges) == len(before) && n == len(before) {
			return ErrTooFewWorkers
		}
	case n == len(before):
		return ErrBadReplicas
	}
	p.Clusters.Put(ctx, j.Cluster, c)
	return p.settled(ctx, j.Cluster, &c)
}

// heard tells whether a worker said something of what is disputed.
func heard(d *words.Dispute, worker [32]byte) bool {
	return slices.ContainsFunc(d.Claims, func(k words.Claim) bool { return slices.Contains(k.By, worker) })
}

// testify takes what a member of a frozen cluster says. What more than half of
// the judges say stands.
func (p *Pallet) testify(ctx *frame.Context, worker [32]byte, c *words.Cluster, m words.Receipts) error {
	d := c.Dispute
	if d.Seq < m.From || d.Seq >= m.Next {
		return nil // of what is agreed, or of what comes later and has to be said again
	}
	root := m.Roots[d.Seq-m.From]
	// Who said two things deviates whatever stands; more of them say nothing new.
	if said := slices.DeleteFunc(slices.Clone(d.Claims), func(k words.Claim) bool { return !slices.Contains(k.By, worker) }); len(said) > 1 {
		return nil
	}
	i := slices.IndexFunc(d.Claims, func(k words.Claim) bool { return k.Root == root })
	if i < 0 {
		i, d.Claims = len(d.Claims), append(d.Claims, words.Claim{Root: root})
	}
	claim := &d.Claims[i]
	if !slices.Contains(claim.By, worker) {
		claim.By = append(claim.By, worker)
		p.accuse(ctx, m.Cluster, worker)
	}
	p.Clusters.Put(ctx, m.Cluster, *c)
	return p.settled(ctx, m.Cluster, c)
}

// settled thaws a cluster when more than half of the judges say the same.
func (p *Pallet) settled(ctx *frame.Context, id hash.H256, c *words.Cluster) error {
	for _, claim := range c.Dispute.Claims {
		votes := 0
		for _, judge := range c.Dispute.Judges {
			if slices.Contains(claim.By, judge) {
				votes++
			}
		}
		if 2*votes > len(c.Dispute.Judges) {
			return p.thaw(ctx, id, c, claim.Root)
		}
	}
	return nil
}

// thaw lets a state stand, and takes out who said otherwise.
func (p *Pallet) thaw(ctx *frame.Context, id hash.H256, c *words.Cluster, root hash.H256) error {
	d := c.Dispute
	c.Dispute = nil
	p.acquit(ctx, id, d)
	ctx.Emit(ClusterThawed{id, d.Seq, root})
	recorded, _ := p.Roots.Get(ctx, id, d.Seq)
	if recorded.Root != root {
		// What was believed from that message on is forgotten: the judge says it
		// anew.
		for seq := d.Seq; seq < c.Next; seq++ {
			p.Roots.Remove(ctx, id, seq)
		}
		c.Next, c.StateRoot = d.Seq, hash.H256{}
		if d.Seq > 0 {
			before, _ := p.Roots.Get(ctx, id, d.Seq-1)
			c.StateRoot = before.Root
		}
	}
	deviants, first := verdict(d, root)
	for _, v := range deviants {
		p.Deviants.Put(ctx, v.worker, id)
		ctx.Emit(MemberDeviated{id, v.worker, d.Seq, v.root})
		if slices.Contains(c.Members, v.worker) {
			if err := p.dismiss(ctx, id, c, v.worker); err != nil {
				return err
			}
		}
		p.Workers.Slash(ctx, v.worker, first)
	}
	err := p.renew(ctx, id, c)
	p.Clusters.Put(ctx, id, *c)
	return err
}

// deviant is a worker, and the state that it said.
type deviant struct {
	worker [32]byte
	root   hash.H256
}

// verdict names who said anything but root, each once, and who of the others was
// the first to say it; nil when there is none.
func verdict(d *words.Dispute, root hash.H256) (deviants []deviant, first *[32]byte) {
	found := func(worker [32]byte) bool {
		return slices.ContainsFunc(deviants, func(v deviant) bool { return v.worker == worker })
	}
	for _, claim := range d.Claims {
		for _, worker := range claim.By {
			if claim.Root != root && !found(worker) {
				deviants = append(deviants, deviant{worker, claim.Root})
			}
		}
	}
	for _, claim := range d.Claims {
		if i := slices.IndexFunc(claim.By, func(worker [32]byte) bool { return !found(worker) }); claim.Root == root && i >= 0 {
			first = &claim.By[i]
		}
	}
	return deviants, first
}

// accuse notes that it is open whether what a worker said of a frozen cluster is
// true, also where it is no member any more.
func (p *Pallet) accuse(ctx *frame.Context, id hash.H256, worker [32]byte) {
	if list := p.Accusations.Get(ctx, worker); !slices.Contains(list, id) {
		p.Accusations.Put(ctx, worker, append(list, id))
	}
}

// acquit forgets who said something in a dispute that is over.
func (p *Pallet) acquit(ctx *frame.Context, id hash.H256, d *words.Dispute) {
	for _, claim := range d.Claims {
		for _, worker := range claim.By {
			list := slices.DeleteFunc(p.Accusations.Get(ctx, worker), func(h hash.H256) bool { return h == id })
			if len(list) == 0 {
				p.Accusations.Remove(ctx, worker)
			} else {
				p.Accusations.Put(ctx, worker, list)
			}
		}
	}
}

// Accused tells whether it is open whether what a worker said of a cluster's
// state is true.
func (p *Pallet) Accused(ctx *frame.Context, worker [32]byte) bool {
	return len(p.Accusations.Get(ctx, worker)) > 0
}
