package worker

import (
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/cluster"
)

// Limits of what a worker keeps about its clusters.
const (
	maxProved = 64  // registrations that are proved in one sync
	maxGifts  = 256 // that wait for proof
	maxOffers = 4   // of one cluster
)

// membership finds what the worker has of a cluster.
func (r *round) membership(id hash.H256) *membership {
	for i := range r.core.Clusters {
		if r.core.Clusters[i].ID == id {
			return &r.core.Clusters[i]
		}
	}
	return nil
}

// join makes the worker a member of a cluster: it offers a secret, or waits for
// those of the others.
func (r *round) join(msg clusters.ClusterJoin) error {
	if r.membership(msg.Cluster) != nil {
		return nil
	}
	r.core.Clusters = append(r.core.Clusters, membership{ID: msg.Cluster, Tier: msg.Tier, Members: msg.Members, Kept: msg.Snapshot})
	if msg.Make {
		return r.offer(clusters.EpochWanted{Cluster: msg.Cluster, Attempt: msg.Attempt})
	}
	return nil
}

// offer makes a secret for a new epoch. It counts when the chain says that it
// was the first to come.
func (r *round) offer(msg clusters.EpochWanted) error {
	m := r.membership(msg.Cluster)
	if m == nil || msg.Epoch > 0 && !m.has(msg.Epoch-1) {
		return nil // it has too little of the cluster yet: others make it
	}
	o := offer{Epoch: msg.Epoch, Attempt: msg.Attempt, Lasting: stored(seal.NewSecret().Reveal()), Secret: stored(seal.NewSecret().Reveal())}
	if m.Lasting != nil {
		o.Lasting = *m.Lasting
	}
	c, err := cluster.New(m.ID, r.w.cfg.Chain.Genesis, seal.SecretFrom(o.Lasting), seal.SecretFrom(o.Secret), o.Epoch, r.w.codes)
	if err != nil {
		return err
	}
	m.Offers = append(slices.Clone(m.Offers), o)
	if len(m.Offers) > maxOffers {
		m.Offers = m.Offers[1:]
	}
	r.send(clusters.ClusterKey{Cluster: m.ID, Epoch: o.Epoch, Attempt: o.Attempt, HPKE: c.Keys()})
	return nil
}

// chosen hears whose secret is that of a new epoch. If it is the worker's own, it
// gives it to the members, and shares of all that it has to the keepers.
func (r *round) chosen(msg clusters.EpochChosen) error {
	m := r.membership(msg.Cluster)
	if m == nil {
		return nil
	}
	m.Members = msg.Members
	if err := r.giveUp(m, msg); err != nil {
		return err
	}
	i := slices.IndexFunc(m.Offers, func(o offer) bool { return o.Epoch == msg.Epoch && o.Attempt == msg.Attempt })
	var o offer
	if i >= 0 {
		o = m.Offers[i]
	}
	m.Offers = slices.DeleteFunc(slices.Clone(m.Offers), func(o offer) bool { return o.Attempt <= msg.Attempt })
	if msg.Maker != r.w.Identity() {
		return nil
	}
	c, err := cluster.New(m.ID, r.w.cfg.Chain.Genesis, seal.SecretFrom(o.Lasting), seal.SecretFrom(o.Secret), msg.Epoch, r.w.codes)
	if err != nil {
		return err
	}
	if i < 0 || clusters.HashOfKeys(c.Keys()) != msg.Keys {
		// It made the secret in a time that its disk does not know of.
		r.send(clusters.SecretWanted{Cluster: m.ID, Epoch: msg.Epoch})
		return nil
	}
	m.learn(secrets{o.Lasting, []epochSecret{{o.Epoch, o.Secret}}})
	if err := r.open(m); err != nil {
		return err
	}
	for _, member := range msg.Members {
		r.gift(gift{Kind: giftSecret, Cluster: m.ID, Tier: m.Tier, Epoch: msg.Epoch, To: member})
	}
	if len(msg.Keepers) == 0 {
		return nil
	}
	shares, err := seal.Split(scale.Marshal(m.secrets()), len(msg.Keepers), int(msg.Threshold))
	if err != nil {
		r.w.log.Warn("no shares of a cluster's secret", "cluster", m.ID, "error", err)
		return nil
	}
	for i, keeper := range msg.Keepers {
		r.gift(gift{Kind: giftShare, Cluster: m.ID, Tier: m.Tier, Epoch: msg.Epoch, Attempt: msg.Attempt, To: keeper, Share: shares[i]})
	}
	return nil
}

// giveUp forgets the secret of an epoch for which another one is chosen now, and
// what began with it: the members were asked again before more than half of them
// had it, and it is never in force.
func (r *round) giveUp(m *membership, msg clusters.EpochChosen) error {
	if !m.has(msg.Epoch) {
		return nil
	}
	c, err := r.w.cluster(m, msg.Epoch)
	if err != nil || clusters.HashOfKeys(c.Keys()) == msg.Keys {
		return err
	}
	m.Epochs = slices.DeleteFunc(slices.Clone(m.Epochs), func(e epochSecret) bool { return e.Epoch == msg.Epoch })
	r.core.Gifts = slices.DeleteFunc(slices.Clone(r.core.Gifts), func(g gift) bool {
		return g.Cluster == m.ID && g.Epoch == msg.Epoch && g.Kind != giftBack
	})
	r.erased = true
	if msg.Epoch > 0 {
		return nil
	}
	m.Lasting = nil // it was the first
	if m.Open {
		m.Open = false
		r.shut(m.ID)
	}
	return nil
}

// secrets is all that a member has to know.
type secrets struct {
	Lasting stored
	Epochs  []epochSecret
}

func (m *membership) secrets() secrets { return secrets{*m.Lasting, m.Epochs} }

// learn takes secrets that the worker does not have.
func (m *membership) learn(b secrets) {
	m.Lasting = &b.Lasting
	list := slices.Clone(m.Epochs)
	for _, e := range b.Epochs {
		list = slices.DeleteFunc(list, func(o epochSecret) bool { return o.Epoch == e.Epoch })
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b epochSecret) int { return int(a.Epoch) - int(b.Epoch) })
	m.Epochs = list
}

// open begins with a cluster's queue, if that is possible without a snapshot.
func (r *round) open(m *membership) error {
	if _, first := m.secret(0); m.Open || m.Kept != nil || !first {
		return nil
	}
	to := queue.ToCluster{ID: m.ID}
	return r.openAt(m, 0, queue.Head{Hash: queue.Start(r.w.cfg.Chain.Genesis, to)})
}

func (r *round) openAt(m *membership, epoch uint32, head queue.Head) error {
	c, err := r.w.cluster(m, epoch)
	if err != nil {
		return err
	}
	m.Open, m.At = true, epoch
	r.joined[m.ID] = c
	r.core.Queues = append(r.core.Queues, position{queue.ToCluster{ID: m.ID}, head})
	return nil
}

// The kinds of gifts.
const (
	giftSecret = iota // all that the worker has, to a member
	giftShare         // a share, to a keeper
	giftBack          // a share, of a keeper to a new member
)

// gift is a secret for another worker, which gets it when the light client has
// seen who that is.
type gift struct {
	Kind           uint8
	Cluster        hash.H256
	Tier           uint8
	Epoch, Attempt uint32
	To             [32]byte
	Share          []byte
}

// Format implements fmt.Formatter.
func (gift) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// MarshalJSON implements json.Marshaler.
func (gift) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }

func (r *round) gift(g gift) {
	if g.To == r.w.Identity() {
		return
	}
	if len(r.core.Gifts) >= maxGifts {
		r.core.Gifts = r.core.Gifts[1:]
	}
	r.core.Gifts = append(slices.Clone(r.core.Gifts), g)
}

// give makes the gifts whose takers the chain's state was shown to know, or
// refuses them.
func (r *round) give(p proved) {
	var wait []gift
	for _, g := range r.core.Gifts {
		record, ok := p.workers[g.To]
		if ok && record != nil && record.Image != r.w.cfg.ImageID {
			_, theirs := p.images[record.Image]
			_, ours := p.images[r.w.cfg.ImageID]
			ok = theirs && ours
		}
		if !ok {
			wait = append(wait, g)
			continue
		}
		if reason := r.refusal(g, record, p); reason != "" {
			r.w.log.Warn("a secret is not given", "cluster", g.Cluster, "reason", reason)
			r.send(clusters.HandOverRefused{Cluster: g.Cluster, To: g.To, Reason: []byte(reason)})
			continue
		}
		r.deliver(g, record)
	}
	r.core.Gifts = wait
}

// refusal says why a worker is not trusted with a secret.
func (r *round) refusal(g gift, w *registry.Worker, p proved) string {
	switch {
	case w == nil:
		return "it is not registered"
	case !w.LiveAt(r.core.Time):
		return "its attestation has expired"
	case w.Tier < g.Tier:
		return fmt.Sprintf("its tier is %d, the cluster's %d", w.Tier, g.Tier)
	case w.Image != r.w.cfg.ImageID:
		return succession(p.images[w.Image], p.images[r.w.cfg.ImageID], p.block)
	}
	return ""
}

// succession says why a worker of one program does not give secrets to one of
// another at a block: only a program that the chain admits, and that is no older,
// is given them.
func succession(theirs, ours *attest.Image, block chain.BlockNumber) string {
	switch {
	case theirs == nil:
		return "its program is none that the chain knows"
	case ours == nil:
		return "this worker's program is none that the chain knows"
	case !theirs.ActiveAt(block):
		return "its program is not admitted at present"
	case !theirs.Succeeds(ours):
		return "it runs an older program"
	}
	return ""
}

// deliver seals a gift to the strongest of the keys that the taker attested.
func (r *round) deliver(g gift, to *registry.Worker) {
	body, info := g.Share, seal.InfoShare
	if g.Kind == giftSecret {
		m := r.membership(g.Cluster)
		if m == nil || m.Lasting == nil {
			return // it is no member any more
		}
		body, info = scale.Marshal(m.secrets()), seal.InfoHandOver
	}
	for _, suite := range seal.Suites {
		for _, k := range to.HPKE {
			if k.KEM != suite.KEM() {
				continue
			}
			key, err := seal.ParsePublicKey(k.KEM, k.Key)
			if err != nil {
				continue
			}
			envelope, err := seal.Seal(key, info, g.Epoch, r.handOverContext(g.Cluster, g.Epoch, r.w.Identity(), g.To).AAD(), body)
			if err != nil || len(envelope) > clusters.MaxHandOver {
				continue
			}
			switch g.Kind {
			case giftSecret:
				r.send(clusters.HandOver{Cluster: g.Cluster, Epoch: g.Epoch, To: g.To, Envelope: envelope})
			case giftShare:
				r.send(clusters.ShareSealed{Cluster: g.Cluster, Epoch: g.Epoch, Attempt: g.Attempt, To: g.To, Envelope: envelope})
			case giftBack:
				r.send(clusters.ShareGiven{Cluster: g.Cluster, Epoch: g.Epoch, Attempt: g.Attempt, To: g.To, Envelope: envelope})
			}
			return
		}
	}
	r.w.log.Warn("a worker has no key to give a secret to", "cluster", g.Cluster)
}

// handOverContext binds a sealed secret to the chain, the cluster and its
// epoch, to who gives (as origin) and who takes (in place of a contract).
func (r *round) handOverContext(id hash.H256, epoch uint32, from, to [32]byte) seal.Context {
	return seal.Context{Genesis: r.w.cfg.Chain.Genesis, Target: id, Contract: to, Origin: from, Epoch: epoch}
}

// unseal opens what another worker sealed to this one.
func (r *round) unseal(id hash.H256, epoch uint32, from [32]byte, info string, envelope []byte) ([]byte, bool) {
	e, err := seal.ParseEnvelope(envelope)
	if err != nil {
		return nil, false
	}
	b, err := r.w.hpke[e.Suite].Open(info, r.handOverContext(id, epoch, from, r.w.Identity()).AAD(), e)
	return b, err == nil
}

// receive takes a cluster's secrets from another member, if they lead to the keys
// that the chain has.
func (r *round) receive(msg clusters.ClusterSecret) error {
	m := r.membership(msg.Cluster)
	if m == nil || !slices.Contains(m.Members, msg.From) || msg.From == r.w.Identity() {
		return nil
	}
	if _, known := m.secret(msg.Epoch); known {
		return nil
	}
	b, ok := r.unseal(m.ID, msg.Epoch, msg.From, seal.InfoHandOver, msg.Envelope)
	if !ok {
		r.w.log.Warn("a secret of a cluster does not open", "cluster", m.ID)
		return nil
	}
	return r.take(m, b, msg.Epoch, msg.Keys)
}

// take learns a bundle whose secret of an epoch leads to the keys.
func (r *round) take(m *membership, b []byte, epoch uint32, keys []clusters.HPKEKey) error {
	got, err := scale.Decode[secrets](b)
	if err != nil || len(got.Epochs) == 0 || m.Lasting != nil && *m.Lasting != got.Lasting {
		return nil
	}
	// What is said to be later than the epoch was never in force, and what is here
	// was shown to be right.
	got.Epochs = slices.DeleteFunc(got.Epochs, func(e epochSecret) bool { return e.Epoch > epoch || m.has(e.Epoch) })
	next := *m
	next.learn(got)
	secret, ok := next.secret(epoch)
	if !ok {
		return nil
	}
	c, err := cluster.New(m.ID, r.w.cfg.Chain.Genesis, seal.SecretFrom(got.Lasting), seal.SecretFrom(secret), epoch, r.w.codes)
	if err != nil {
		return nil
	}
	opened := clusters.HashOfKeys(c.Keys())
	if opened != clusters.HashOfKeys(keys) {
		r.w.log.Warn("a secret of a cluster is not one", "cluster", m.ID)
		return nil
	}
	*m = next
	r.drop(m.ID)
	r.send(clusters.ClusterOpened{Cluster: m.ID, Epoch: epoch, Keys: opened})
	return r.open(m)
}

// newcomer makes ready what another member is given.
func (r *round) newcomer(msg clusters.Newcomer) {
	m := r.membership(msg.Cluster)
	if m == nil {
		return
	}
	if !slices.Contains(m.Members, msg.Member) {
		m.Members = append(slices.Clone(m.Members), msg.Member)
	}
	if _, has := m.secret(msg.Epoch); has {
		r.gift(gift{Kind: giftSecret, Cluster: m.ID, Tier: m.Tier, Epoch: msg.Epoch, To: msg.Member})
	}
}

// leave forgets a cluster, its secrets and its state.
func (r *round) leave(id hash.H256) {
	m := r.membership(id)
	if m == nil {
		return
	}
	r.abandon(m)
	r.core.Clusters = slices.DeleteFunc(r.core.Clusters, func(m membership) bool { return m.ID == id })
	r.shut(id)
	r.drop(id)
	r.core.Gifts = slices.DeleteFunc(slices.Clone(r.core.Gifts), func(g gift) bool { return g.Cluster == id && g.Kind != giftBack })
	r.erased = true
	if err := r.dropMade(id); err != nil {
		r.w.log.Warn("a snapshot is not found", "cluster", id, "error", err)
	}
}

// shut drops the state of a cluster.
func (r *round) shut(id hash.H256) {
	r.core.Queues = slices.DeleteFunc(r.core.Queues, func(p position) bool { return p.To == queue.ToCluster{ID: id} })
	r.left = append(r.left, id)
	delete(r.joined, id)
}
