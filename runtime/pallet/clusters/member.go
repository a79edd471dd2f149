package clusters

import (
	"slices"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// weightMembers is what it costs to look at all workers, some thousands of them,
// to draw some, and to tell the members of a full cluster.
var weightMembers = frame.Time(50 * frame.Millisecond)

// join tells workers that they are members of a cluster, of whose list they are
// already. With first they are asked for its first secret.
func (p *Pallet) join(ctx *frame.Context, id hash.H256, c *words.Cluster, workers [][32]byte, first bool) error {
	for _, worker := range workers {
		p.Memberships.Put(ctx, worker, append(p.Memberships.Get(ctx, worker), id))
		if err := p.tell(ctx, worker, words.ClusterJoin{
			Cluster: id, Tier: c.Tier, Members: c.Members, Make: first, Attempt: c.Attempt, Snapshot: p.Snapshots.Get(ctx, id).Kept,
		}); err != nil {
			return err
		}
	}
	return nil
}

// enlist draws n more members, whom the others are to give the secrets.
func (p *Pallet) enlist(ctx *frame.Context, id hash.H256, c *words.Cluster, n int, purpose string) ([][32]byte, error) {
	drawn := p.fresh(ctx, id, c, n, purpose)
	var givers [][32]byte
	if c.Ready() { // else who makes the secret gives it to all
		givers = slices.Clone(c.Members)
	}
	c.Members = append(c.Members, drawn...)
	return drawn, p.introduce(ctx, id, c, givers, drawn)
}

// introduce tells new members of a cluster, of whose list they are already, that
// they are, and those who have the secret of its epoch to give it to them.
func (p *Pallet) introduce(ctx *frame.Context, id hash.H256, c *words.Cluster, givers, members [][32]byte) error {
	if err := p.join(ctx, id, c, members, !c.Ready()); err != nil {
		return err
	}
	for _, worker := range members {
		ctx.Emit(MemberAdded{id, worker})
		for _, giver := range givers {
			if err := p.tell(ctx, giver, words.Newcomer{Cluster: id, Epoch: c.Epoch, Member: worker}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Pallet) addMember(ctx *frame.Context, a AddMember) error {
	c, err := p.owned(ctx, a.Cluster)
	switch {
	case err != nil:
		return err
	case c.Dispute != nil:
		return ErrFrozen
	case c.Asked || c.Recovering:
		return ErrBusy
	case len(c.Members) >= int(p.MaxReplicas):
		return ErrBadReplicas
	}
	drawn, err := p.enlist(ctx, a.Cluster, &c, 1, "tacit/add/1")
	if err == nil && len(drawn) == 0 {
		err = ErrTooFewWorkers
	}
	p.Clusters.Put(ctx, a.Cluster, c)
	return err
}

// redraw replaces the members of a cluster without keys that have not answered.
// A secret that more than its maker have seen stays the one that is offered.
func (p *Pallet) redraw(ctx *frame.Context, a Redraw) error {
	c, err := p.owned(ctx, a.Cluster)
	switch {
	case err != nil:
		return err
	case c.Ready():
		return ErrReady
	}
	var answered, silent [][32]byte
	if c.Candidate != nil && len(c.Candidate.Opened) > 1 {
		answered = c.Candidate.Opened
	}
	for _, worker := range c.Members {
		if !slices.Contains(answered, worker) {
			silent = append(silent, worker)
		}
	}
	drawn := p.fresh(ctx, a.Cluster, &c, len(silent), "tacit/redraw/1")
	for _, worker := range silent {
		if err := p.dismiss(ctx, a.Cluster, &c, worker); err != nil {
			return err
		}
	}
	if len(answered) == 0 {
		c.Attempt, c.Asked, c.Candidate = c.Attempt+1, true, nil
		p.Pending.Remove(ctx, a.Cluster)
	}
	drawn = append(drawn, silent[:len(silent)-len(drawn)]...)
	c.Members = append(c.Members, drawn...)
	if err := p.introduce(ctx, a.Cluster, &c, answered, drawn); err != nil {
		return err
	}
	p.Clusters.Put(ctx, a.Cluster, c)
	return nil
}

func (p *Pallet) removeMember(ctx *frame.Context, a RemoveMember) error {
	c, err := p.owned(ctx, a.Cluster)
	switch {
	case err != nil:
		return err
	case !slices.Contains(c.Members, a.Worker):
		return ErrNotMember
	case c.Dispute != nil:
		return ErrFrozen
	}
	if err := p.needed(ctx, &c, a.Worker); err != nil {
		return err
	}
	if err := p.dismiss(ctx, a.Cluster, &c, a.Worker); err != nil {
		return err
	}
	err = p.renew(ctx, a.Cluster, &c)
	p.Clusters.Put(ctx, a.Cluster, c)
	return err
}

// needed says why a cluster cannot do without a member, nil when it can.
func (p *Pallet) needed(ctx *frame.Context, c *words.Cluster, worker [32]byte) error {
	other := func(m [32]byte) bool { return m != worker && p.Workers.Live(ctx, m) }
	switch {
	case len(c.Members) == 1:
		return ErrLastMember
	case slices.Contains(c.Holders, worker) && !slices.ContainsFunc(c.Holders, other):
		return ErrLastHolder
	}
	return nil
}

// dismiss takes a member out of a cluster. Until a new epoch begins it can read
// what comes.
func (p *Pallet) dismiss(ctx *frame.Context, id hash.H256, c *words.Cluster, worker [32]byte) error {
	c.Members, c.Holders = without(c.Members, worker), without(c.Holders, worker)
	list := slices.DeleteFunc(p.Memberships.Get(ctx, worker), func(h hash.H256) bool { return h == id })
	if len(list) == 0 {
		p.Memberships.Remove(ctx, worker)
	} else {
		p.Memberships.Put(ctx, worker, list)
	}
	ctx.Emit(MemberRemoved{id, worker})
	return p.tell(ctx, worker, words.ClusterLeft{Cluster: id})
}

// without is a list of workers without one of them.
func without(list [][32]byte, worker [32]byte) [][32]byte {
	return slices.DeleteFunc(slices.Clone(list), func(w [32]byte) bool { return w == worker })
}

func (p *Pallet) rotate(ctx *frame.Context, a Rotate) error {
	c, err := p.owned(ctx, a.Cluster)
	if err != nil {
		return err
	}
	if c.Dispute != nil {
		return ErrFrozen
	}
	err = p.renew(ctx, a.Cluster, &c)
	p.Clusters.Put(ctx, a.Cluster, c)
	return err
}

// renew asks all members for the secret of the next epoch. The first to answer
// makes it, so that none of them is needed.
func (p *Pallet) renew(ctx *frame.Context, id hash.H256, c *words.Cluster) error {
	epoch := c.Epoch
	if c.Ready() {
		epoch++
	}
	c.Attempt, c.Asked, c.Candidate = c.Attempt+1, true, nil
	ctx.Emit(EpochAsked{id, epoch})
	return p.tellAll(ctx, c, words.EpochWanted{Cluster: id, Epoch: epoch, Attempt: c.Attempt})
}

// The KEMs that a cluster must have keys for, by their registered numbers:
// the hybrid and plain X25519, with the lengths of their public keys.
var kems = map[uint16]int{0x647a: 1216, 0x0020: 32}

func (p *Pallet) clusterKey(ctx *frame.Context, worker [32]byte, m words.ClusterKey) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	epoch := c.Epoch
	if c.Ready() {
		epoch++
	}
	switch {
	case m.Attempt == c.Attempt && (c.Candidate != nil || !c.Asked):
		return nil // another was faster
	case m.Epoch != epoch || m.Attempt != c.Attempt:
		return ErrKeyKnown
	}
	if len(m.HPKE) != len(kems) || m.HPKE[0].Kem == m.HPKE[1].Kem {
		return ErrBadKey
	}
	for _, k := range m.HPKE {
		if size, known := kems[k.Kem]; !known || len(k.Key) != size {
			return ErrBadKey
		}
	}
	c.Candidate = &words.Candidate{Epoch: m.Epoch, Keys: m.HPKE, Maker: worker, Opened: [][32]byte{worker}}
	keepers := p.keepers(ctx, m.Cluster, &c)
	if len(keepers) < int(c.Threshold) {
		keepers = nil
	}
	p.Pending.Remove(ctx, m.Cluster)
	if len(keepers) > 0 {
		p.Pending.Put(ctx, m.Cluster, words.Sharing{Epoch: m.Epoch, Attempt: m.Attempt, Maker: worker, Keepers: keepers, Threshold: c.Threshold})
	}
	if err := p.tellAll(ctx, &c, words.EpochChosen{
		Cluster: m.Cluster, Epoch: m.Epoch, Attempt: m.Attempt, Maker: worker, Keys: words.HashOfKeys(m.HPKE), Members: c.Members,
		Keepers: keepers, Threshold: c.Threshold,
	}); err != nil {
		return err
	}
	err = p.begin(ctx, m.Cluster, &c)
	p.Clusters.Put(ctx, m.Cluster, c)
	return err
}

// opened hears that a member has the secret of an epoch.
func (p *Pallet) opened(ctx *frame.Context, worker [32]byte, m words.ClusterOpened) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	switch k := c.Candidate; {
	case k != nil && m.Epoch == k.Epoch:
		if m.Keys == words.HashOfKeys(k.Keys) && !slices.Contains(k.Opened, worker) {
			k.Opened = append(k.Opened, worker)
			err = p.begin(ctx, m.Cluster, &c)
		}
	case m.Epoch != c.Epoch || m.Keys != words.HashOfKeys(c.Keys):
	case c.Recovering:
		c.Recovering, c.Holders = false, [][32]byte{worker}
		ctx.Emit(ClusterRecovered{m.Cluster, worker})
		err = p.renew(ctx, m.Cluster, &c)
	case c.Ready():
		c.Holders = append(without(c.Holders, worker), worker)
		ctx.Emit(MemberReady{m.Cluster, worker, m.Epoch})
	}
	p.Clusters.Put(ctx, m.Cluster, c)
	return err
}

// begin begins the candidate's epoch when more than half of the members have its
// secret: it is not lost with one of them. From then on commands are encrypted
// to it, and the members encrypt the state to it at that place in the queue.
func (p *Pallet) begin(ctx *frame.Context, id hash.H256, c *words.Cluster) error {
	k := c.Candidate
	if k == nil || 2*len(k.Opened) <= len(c.Members) {
		return nil
	}
	first := !c.Ready()
	if s := c.Sharing; s != nil && s.Attempt != c.Attempt { // of a secret that recovers nothing from here on
		p.dropShares(ctx, id, s)
		c.Sharing = nil
	}
	c.Epoch, c.Keys, c.Holders, c.Candidate, c.Asked = k.Epoch, k.Keys, k.Opened, nil, false
	ctx.Emit(ClusterReady{id, c.Epoch, k.Maker})
	if first {
		return nil
	}
	if _, err := p.Queue.Push(ctx, queue.ToCluster{ID: id}, origin, scale.Encode[words.ClusterMessage](words.Epoch{Epoch: c.Epoch})); err != nil {
		return err
	}
	return p.askSnapshot(ctx, id, c)
}

// handOver passes sealed secrets on to the member that they are for, with the
// keys that they have to lead to: no member can give wrong ones.
func (p *Pallet) handOver(ctx *frame.Context, worker [32]byte, m words.HandOver) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	if m.To == worker || !slices.Contains(c.Members, m.To) {
		return ErrNotMember
	}
	keys := c.Keys
	switch k := c.Candidate; {
	case k != nil && k.Epoch == m.Epoch:
		keys = k.Keys
	case m.Epoch != c.Epoch || !c.Ready():
		return ErrBadKey
	}
	if len(m.Envelope) > words.MaxHandOver {
		return ErrTooLong
	}
	// Who was drawn may have become somebody else since.
	if !p.Workers.MayServe(ctx, m.To, c.Tier) {
		return ErrNotServing
	}
	return p.tell(ctx, m.To, words.ClusterSecret{Cluster: m.Cluster, Epoch: m.Epoch, From: worker, Keys: keys, Envelope: m.Envelope})
}

// handOverRefused lets everybody know that a worker does not trust another.
func (p *Pallet) handOverRefused(ctx *frame.Context, worker [32]byte, m words.HandOverRefused) error {
	c, ok := p.Clusters.Get(ctx, m.Cluster)
	switch {
	case !ok:
		return ErrNoSuchCluster
	case !slices.Contains(c.Members, worker) && (c.Sharing == nil || !slices.Contains(c.Sharing.Keepers, worker)):
		return ErrNotMember
	case len(m.Reason) > words.MaxReason:
		return ErrTooLong
	}
	ctx.Emit(HandOverRefused{m.Cluster, worker, m.To, m.Reason})
	return nil
}

// secretWanted asks the other members for what one lost.
func (p *Pallet) secretWanted(ctx *frame.Context, worker [32]byte, m words.SecretWanted) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	if m.Epoch != c.Epoch && (c.Candidate == nil || c.Candidate.Epoch != m.Epoch) {
		return nil // it will hear of later ones
	}
	if m.Epoch == c.Epoch {
		c.Holders = without(c.Holders, worker)
		p.Clusters.Put(ctx, m.Cluster, c)
	}
	for _, giver := range c.Members {
		if giver == worker {
			continue
		}
		if err := p.tell(ctx, giver, words.Newcomer{Cluster: m.Cluster, Epoch: m.Epoch, Member: worker}); err != nil {
			return err
		}
	}
	return nil
}
