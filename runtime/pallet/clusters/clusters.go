package clusters

import (
	"encoding/binary"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// origin is how the pallet signs its messages.
var origin = queue.OriginPallet{Name: []byte("Clusters")}

func (p *Pallet) create(ctx *frame.Context, c Create) error {
	owner, err := ctx.Signer()
	if err != nil {
		return err
	}
	if c.Replicas == 0 || c.Replicas > p.MaxReplicas {
		return ErrBadReplicas
	}
	// One keeper alone would be a member by another name.
	if c.Keepers > words.MaxKeepers || c.Threshold > c.Keepers || c.Keepers > 0 && c.Threshold < 2 {
		return ErrBadThreshold
	}
	if c.Tier > maxTier {
		return ErrTooFewWorkers // before anybody is looked at
	}
	pool := p.eligible(ctx, c.Tier)
	if len(pool) < int(c.Replicas) {
		return ErrTooFewWorkers
	}
	if err := p.Money.Reserve(ctx, owner, p.ClusterDeposit); err != nil {
		return err
	}
	count := p.ClusterCount.Get(ctx)
	p.ClusterCount.Put(ctx, count+1)
	id := hash.Blake2b256([]byte(chain.ContextCluster), owner[:], scale.Encode(count))
	if err := p.Money.Transfer(ctx, owner, words.EscrowAccount(id), p.EscrowDeposit, true); err != nil {
		return err
	}
	cluster := words.Cluster{
		Owner: owner, Keys: []words.HPKEKey{}, Tier: c.Tier, Keepers: c.Keepers, Threshold: c.Threshold, Attempt: 1, Asked: true,
		Members: draw(pool, int(c.Replicas), hash.Blake2b256(id[:], bytesOf(p.Seed.Seed(ctx)))),
	}
	p.Clusters.Put(ctx, id, cluster)
	ctx.Emit(ClusterCreated{id, owner, cluster.Members})
	return p.join(ctx, id, &cluster, cluster.Members, true)
}

func bytesOf(h hash.H256) []byte { return h[:] }

// draw takes n of pool without putting back, or all when there are fewer, each
// with the same chance, by numbers that follow from seed: anybody can draw again
// and compare.
func draw(pool [][32]byte, n int, seed hash.H256) [][32]byte {
	pool = slices.Clone(pool)
	n = min(n, len(pool))
	for i := range n {
		seed = hash.Blake2b256(seed[:])
		// The remainder's bias is below 2^-48 for pools under 65,536.
		j := i + int(binary.LittleEndian.Uint64(seed[:8])%uint64(len(pool)-i))
		pool[i], pool[j] = pool[j], pool[i]
	}
	return pool[:n]
}

// eligible returns who may be drawn.
func (p *Pallet) eligible(ctx *frame.Context, tier uint8) (out [][32]byte) {
	for _, worker := range p.Workers.Eligible(ctx, tier) {
		if !p.Deviants.Has(ctx, worker) {
			out = append(out, worker)
		}
	}
	return out
}

// maxTier is the best that a worker can be: on endorsed hardware, with stake.
const maxTier = 2

// fresh draws n workers that are no members of a cluster, for a purpose. Those
// that keep shares of its secrets, or are to, are the last to be drawn.
func (p *Pallet) fresh(ctx *frame.Context, id hash.H256, c *words.Cluster, n int, purpose string) [][32]byte {
	made, _ := p.Pending.Get(ctx, id)
	keepers := made.Keepers
	if c.Sharing != nil {
		keepers = append(slices.Clip(keepers), c.Sharing.Keepers...)
	}
	var first, last [][32]byte
	for _, w := range p.eligible(ctx, c.Tier) {
		switch {
		case slices.Contains(c.Members, w), c.Dispute != nil && heard(c.Dispute, w): // nobody judges himself
		case slices.Contains(keepers, w):
			last = append(last, w)
		default:
			first = append(first, w)
		}
	}
	seed := hash.Blake2b256([]byte(purpose), id[:], bytesOf(p.Seed.Seed(ctx)))
	out := draw(first, n, seed)
	return append(out, draw(last, n-len(out), seed)...)
}

// tell puts a message into a worker's queue.
func (p *Pallet) tell(ctx *frame.Context, worker [32]byte, m words.WorkerMessage) error {
	_, err := p.Queue.Push(ctx, queue.ToWorker{Identity: worker}, origin, scale.Encode(m))
	return err
}

// tellAll puts a message into the queues of a cluster's members.
func (p *Pallet) tellAll(ctx *frame.Context, c *words.Cluster, m words.WorkerMessage) error {
	for _, worker := range c.Members {
		if err := p.tell(ctx, worker, m); err != nil {
			return err
		}
	}
	return nil
}

// Receive acts on what a worker says; see the queue's Receiver. ok is false
// for bytes that are no message.
func (p *Pallet) Receive(ctx *frame.Context, worker [32]byte, payload []byte) (ok bool, err error) {
	m, err := scale.Decode[words.UpMessage](payload)
	if err != nil {
		return false, nil
	}
	switch m := m.(type) {
	case words.ClusterKey:
		return true, p.clusterKey(ctx, worker, m)
	case words.Receipts:
		return true, p.receipts(ctx, worker, m)
	case words.CodeChecked:
		c, err := p.member(ctx, worker, m.Cluster)
		if err == nil && c.Dispute == nil {
			p.Contracts.CodeChecked(ctx, m.Cluster, m.Hash, m.OK, m.Reason)
		}
		return true, err
	case words.HandOver:
		return true, p.handOver(ctx, worker, m)
	case words.ClusterOpened:
		return true, p.opened(ctx, worker, m)
	case words.HandOverRefused:
		return true, p.handOverRefused(ctx, worker, m)
	case words.ShareSealed:
		return true, p.shareSealed(ctx, worker, m)
	case words.ShareGiven:
		return true, p.shareGiven(ctx, worker, m)
	case words.SnapshotMade:
		return true, p.snapshotMade(ctx, worker, m)
	case words.SnapshotChunk:
		return true, p.snapshotChunk(ctx, worker, m)
	case words.SecretWanted:
		return true, p.secretWanted(ctx, worker, m)
	}
	return true, nil
}

func (p *Pallet) member(ctx *frame.Context, worker [32]byte, id hash.H256) (words.Cluster, error) {
	c, ok := p.Clusters.Get(ctx, id)
	if !ok {
		return c, ErrNoSuchCluster
	}
	if !slices.Contains(c.Members, worker) {
		return c, ErrNotMember
	}
	return c, nil
}

// owned returns a cluster of the signer; root may do all that owners may.
func (p *Pallet) owned(ctx *frame.Context, id hash.H256) (words.Cluster, error) {
	c, ok := p.Clusters.Get(ctx, id)
	if !ok {
		return c, ErrNoSuchCluster
	}
	if ctx.EnsureRoot() == nil {
		return c, nil
	}
	who, err := ctx.Signer()
	if err == nil && who != c.Owner {
		err = ErrNotOwner
	}
	return c, err
}

// receipts takes what a member says of the cluster's queue. The first to come
// so far is believed; who comes later is compared, message by message. What they
// disagree about is settled by fresh members.
func (p *Pallet) receipts(ctx *frame.Context, worker [32]byte, m words.Receipts) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	switch {
	case m.From >= m.Next || uint64(len(m.Roots)) != m.Next-m.From || m.Roots[len(m.Roots)-1] != m.StateRoot,
		len(m.Roots) > words.MaxReceipts:
		return ErrTooLong
	case m.Next > p.Queue.Head(ctx, queue.ToCluster{ID: m.Cluster}).Count:
		return ErrGap // of messages that there are not yet
	}
	if c.Dispute != nil {
		if err := p.testify(ctx, worker, &c, m); err != nil || c.Dispute != nil {
			return err
		}
		// Settled by this message: the rest of it counts.
	}
	if seq, differ := p.compare(ctx, worker, &c, m); differ {
		if s := p.Snapshots.Get(ctx, m.Cluster).Kept; s != nil && seq < s.Next {
			return p.outvote(ctx, worker, &c, m, seq)
		}
		return p.freeze(ctx, worker, &c, m, seq)
	}
	if m.Next <= c.Next {
		return nil
	}
	if m.From > c.Next {
		return ErrGap
	}
	since := c.Next
	for seq := since; seq < m.Next; seq++ {
		p.Roots.Put(ctx, m.Cluster, seq, words.Claim{Root: m.Roots[seq-m.From], By: [][32]byte{worker}})
		if seq >= uint64(p.MaxClaims) {
			p.Roots.Remove(ctx, m.Cluster, seq-uint64(p.MaxClaims))
		}
	}
	for _, r := range m.Receipts {
		if r.Seq >= since && r.Seq < m.Next {
			p.Contracts.Receipt(ctx, m.Cluster, worker, r)
		}
	}
	c.Next, c.StateRoot = m.Next, m.StateRoot
	p.Clusters.Put(ctx, m.Cluster, c)
	if err := p.settle(ctx, m, since); err != nil {
		return err
	}
	return p.snapshotDue(ctx, m.Cluster, &c)
}

// outvote takes out a member that says something else than the record of a message
// before the kept snapshot. More than half of the members made that, and who would
// judge begins with it: nobody can say any more who is right, and so nobody is
// slashed. Whom the cluster cannot do without stays.
func (p *Pallet) outvote(ctx *frame.Context, worker [32]byte, c *words.Cluster, m words.Receipts, seq uint64) error {
	ctx.Emit(RootsDiffer{m.Cluster, seq + 1, worker, m.Roots[seq-m.From]})
	if p.needed(ctx, c, worker) != nil {
		return nil
	}
	if err := p.dismiss(ctx, m.Cluster, c, worker); err != nil {
		return err
	}
	err := p.renew(ctx, m.Cluster, c)
	p.Clusters.Put(ctx, m.Cluster, *c)
	return err
}

// compare compares what a member says with what others said before. It returns
// the first message about which they differ.
func (p *Pallet) compare(ctx *frame.Context, worker [32]byte, c *words.Cluster, m words.Receipts) (seq uint64, differ bool) {
	for seq := m.From; seq < min(m.Next, c.Next); seq++ {
		claim, ok := p.Roots.Get(ctx, m.Cluster, seq)
		if !ok {
			continue // too long ago
		}
		if claim.Root != m.Roots[seq-m.From] {
			return seq, true
		}
		if !slices.Contains(claim.By, worker) {
			claim.By = append(claim.By, worker)
			p.Roots.Put(ctx, m.Cluster, seq, claim)
		}
	}
	return 0, false
}

// Ready returns ErrNotReady, ErrFrozen or ErrNoSuchCluster unless commands can be
// sent to the cluster. Terms that are due it sends first.
func (p *Pallet) Ready(ctx *frame.Context, id hash.H256) error {
	c, ok := p.Clusters.Get(ctx, id)
	switch {
	case !ok:
		return ErrNoSuchCluster
	case !c.Ready():
		return ErrNotReady
	case c.Dispute != nil:
		return ErrFrozen
	}
	return p.applyDue(ctx, id)
}
