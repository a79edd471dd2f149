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
	return p.createForTier(ctx, CreateForTier{Replicas: c.Replicas})
}

func (p *Pallet) createForTier(ctx *frame.Context, c CreateForTier) error {
	owner, err := ctx.Signer()
	if err != nil {
		return err
	}
	if c.Replicas == 0 || c.Replicas > p.MaxReplicas {
		return ErrBadReplicas
	}
	pool := p.Workers.Eligible(ctx, c.Tier)
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
	members := draw(pool, int(c.Replicas), hash.Blake2b256(id[:], bytesOf(p.Seed.Seed(ctx))))
	cluster := words.Cluster{Owner: owner, Keys: []words.HPKEKey{}, Tier: c.Tier}
	for _, m := range members {
		cluster.Members = append(cluster.Members, m.Identity)
		p.Memberships.Put(ctx, m.Identity, append(p.Memberships.Get(ctx, m.Identity), id))
	}
	p.Clusters.Put(ctx, id, cluster)
	ctx.Emit(ClusterCreated{id, owner, cluster.Members})
	for i, m := range members {
		join := words.ClusterJoin{Cluster: id, Members: members, First: i == 0}
		if _, err := p.Queue.Push(ctx, queue.ToWorker{Identity: m.Identity}, origin, scale.Encode[words.WorkerMessage](join)); err != nil {
			return err
		}
	}
	return nil
}

func bytesOf(h hash.H256) []byte { return h[:] }

// draw takes n of pool without putting back, each with the same chance, by
// numbers that follow from seed: anybody can draw again and compare.
func draw(pool []words.Member, n int, seed hash.H256) []words.Member {
	pool = slices.Clone(pool)
	for i := range n {
		seed = hash.Blake2b256(seed[:])
		// The remainder's bias is below 2^-48 for pools under 65,536.
		j := i + int(binary.LittleEndian.Uint64(seed[:8])%uint64(len(pool)-i))
		pool[i], pool[j] = pool[j], pool[i]
	}
	return pool[:n]
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
		if _, err := p.member(ctx, worker, m.Cluster); err != nil {
			return true, err
		}
		p.Contracts.CodeChecked(ctx, m.Cluster, m.Hash, m.OK, m.Reason)
	case words.HandOver:
		return true, p.handOver(ctx, worker, m)
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

// The KEMs that a cluster must have keys for, by their registered numbers:
// the hybrid and plain X25519, with the lengths of their public keys.
var kems = map[uint16]int{0x647a: 1216, 0x0020: 32}

func (p *Pallet) clusterKey(ctx *frame.Context, worker [32]byte, m words.ClusterKey) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	if c.Members[0] != worker {
		return ErrNotMember // the first member makes the secret
	}
	if m.Epoch != c.Epoch || c.Ready() {
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
	c.Keys = m.HPKE
	p.Clusters.Put(ctx, m.Cluster, c)
	ctx.Emit(ClusterReady{m.Cluster, m.Epoch, worker})
	return nil
}

// handOver passes a sealed secret on to the member that it is for, with the
// keys that it has to lead to: no member can give a wrong one.
func (p *Pallet) handOver(ctx *frame.Context, worker [32]byte, m words.HandOver) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	if m.To == worker || !slices.Contains(c.Members, m.To) {
		return ErrNotMember
	}
	if m.Epoch != c.Epoch || !c.Ready() || len(m.Envelope) > words.MaxHandOver {
		return ErrBadKey
	}
	// Who was drawn may have become somebody else since.
	if !p.Workers.MayServe(ctx, m.To, c.Tier) {
		return ErrNotServing
	}
	_, err = p.Queue.Push(ctx, queue.ToWorker{Identity: m.To}, origin, scale.Encode[words.WorkerMessage](words.ClusterSecret{
		Cluster: m.Cluster, Epoch: m.Epoch, From: worker, Keys: c.Keys, Envelope: m.Envelope,
	}))
	return err
}

// receipts takes what a member says of the cluster's queue. The first to come
// so far is believed; who comes later is compared.
func (p *Pallet) receipts(ctx *frame.Context, worker [32]byte, m words.Receipts) error {
	c, err := p.member(ctx, worker, m.Cluster)
	if err != nil {
		return err
	}
	if m.Next <= c.Next {
		if m.Next == c.Next && m.StateRoot != c.StateRoot {
			ctx.Emit(RootsDiffer{m.Cluster, m.Next, worker, m.StateRoot})
		}
		return nil
	}
	if m.From > c.Next {
		return ErrGap
	}
	since := c.Next
	for _, r := range m.Receipts {
		if r.Seq >= since && r.Seq < m.Next {
			p.Contracts.Receipt(ctx, m.Cluster, worker, r)
		}
	}
	c.Next, c.StateRoot = m.Next, m.StateRoot
	p.Clusters.Put(ctx, m.Cluster, c)
	return p.settle(ctx, m, since)
}

// Ready returns ErrNotReady or ErrNoSuchCluster unless commands can be sent to
// the cluster.
func (p *Pallet) Ready(ctx *frame.Context, id hash.H256) error {
	c, ok := p.Clusters.Get(ctx, id)
	switch {
	case !ok:
		return ErrNoSuchCluster
	case !c.Ready():
		return ErrNotReady
	}
	return nil
}
