package worker

import (
	"slices"

	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/cluster"
)

// join makes the worker a member of a cluster. The first member makes the
// secret, publishes its keys, and gives it to the others: that they are
// registered, and with which keys, the chain said in the same message, which
// this worker's light client proved.
func (r *round) join(msg clusters.ClusterJoin) error {
	for _, c := range r.core.Clusters {
		if c.ID == msg.Cluster {
			return nil
		}
	}
	m := membership{ID: msg.Cluster, Epoch: msg.Epoch}
	for _, member := range msg.Members {
		m.Members = append(m.Members, member.Identity)
	}
	r.core.Clusters = append(r.core.Clusters, m)
	if !msg.First {
		return nil
	}
	c, err := r.open(&r.core.Clusters[len(r.core.Clusters)-1], seal.NewSecret())
	if err != nil {
		return err
	}
	r.send(clusters.ClusterKey{Cluster: m.ID, Epoch: m.Epoch, HPKE: c.Keys()})
	for _, member := range msg.Members {
		if member.Identity != r.w.Identity() {
			r.give(r.core.Clusters[len(r.core.Clusters)-1], member)
		}
	}
	return nil
}

// open takes a cluster's secret and begins with its queue.
func (r *round) open(m *membership, secret seal.Secret) (*cluster.Cluster, error) {
	c, err := cluster.New(m.ID, r.w.cfg.Chain.Genesis, secret, m.Epoch, r.w.codes)
	if err != nil {
		return nil, err
	}
	b := stored(secret.Reveal())
	m.Secret = &b
	r.joined[m.ID] = c
	to := queue.ToCluster{ID: m.ID}
	r.core.Queues = append(r.core.Queues, position{to, queue.Head{Hash: queue.Start(r.w.cfg.Chain.Genesis, to)}})
	return c, nil
}

// handOverContext binds a sealed secret to the chain, the cluster and its
// epoch, to who gives (as origin) and who takes (in place of a contract).
func (r *round) handOverContext(m membership, from, to [32]byte) seal.Context {
	return seal.Context{Genesis: r.w.cfg.Chain.Genesis, Target: m.ID, Contract: to, Origin: from, Epoch: m.Epoch}
}

// give seals the cluster's secret to another member, by the strongest of its
// keys.
func (r *round) give(m membership, to clusters.Member) {
	for _, suite := range seal.Suites {
		for _, k := range to.HPKE {
			if k.Kem != suite.KEM() {
				continue
			}
			key, err := seal.ParsePublicKey(k.Kem, k.Key)
			if err != nil {
				continue
			}
			context := r.handOverContext(m, r.w.Identity(), to.Identity)
			envelope, err := seal.Seal(key, seal.InfoHandOver, m.Epoch, context.AAD(), m.Secret[:])
			if err != nil {
				continue
			}
			r.send(clusters.HandOver{Cluster: m.ID, Epoch: m.Epoch, To: to.Identity, Envelope: envelope})
			return
		}
	}
	r.w.log.Warn("a member of the cluster has no key to give the secret to", "cluster", m.ID)
}

// receive takes a cluster's secret from another member, if it leads to the keys
// that the chain has.
func (r *round) receive(msg clusters.ClusterSecret) error {
	i := slices.IndexFunc(r.core.Clusters, func(m membership) bool { return m.ID == msg.Cluster })
	if i < 0 {
		return nil
	}
	m := r.core.Clusters[i]
	if m.Secret != nil || m.Epoch != msg.Epoch || !slices.Contains(m.Members, msg.From) {
		return nil
	}
	secret, ok := r.unseal(m, msg)
	if !ok {
		r.w.log.Warn("a secret of a cluster is not one", "cluster", m.ID)
		return nil
	}
	_, err := r.open(&r.core.Clusters[i], secret)
	return err
}

func (r *round) unseal(m membership, msg clusters.ClusterSecret) (seal.Secret, bool) {
	e, err := seal.ParseEnvelope(msg.Envelope)
	if err != nil {
		return seal.Secret{}, false
	}
	b, err := r.w.hpke[e.Suite].Open(seal.InfoHandOver, r.handOverContext(m, msg.From, r.w.Identity()).AAD(), e)
	if err != nil || len(b) != 32 {
		return seal.Secret{}, false
	}
	secret := seal.SecretFrom([32]byte(b))
	c, err := cluster.New(m.ID, r.w.cfg.Chain.Genesis, secret, m.Epoch, r.w.codes)
	if err != nil {
		return seal.Secret{}, false
	}
	same := hash.Blake2b256(scale.Marshal(c.Keys())) == hash.Blake2b256(scale.Marshal(msg.Keys))
	return secret, same
}
