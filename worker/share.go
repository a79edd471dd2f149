package worker

import (
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/seal"
)

// heldShare is a share that a fresh member of a lost cluster was given.
type heldShare struct {
	Cluster hash.H256
	Attempt uint32
	From    [32]byte
	Share   []byte
}

// Format implements fmt.Formatter.
func (heldShare) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// MarshalJSON implements json.Marshaler.
func (heldShare) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }

// surrender makes a keeper's share ready for the fresh members of a cluster that
// lost all others, whom the light client has yet to see.
func (r *round) surrender(msg clusters.ShareWanted) {
	share, ok := r.unseal(msg.Cluster, msg.Epoch, msg.From, seal.InfoShare, msg.Envelope)
	if !ok {
		r.w.log.Warn("a share does not open", "cluster", msg.Cluster)
		return
	}
	for _, taker := range msg.Takers {
		if taker == r.w.Identity() { // a keeper that was drawn has its own
			r.hold(heldShare{msg.Cluster, msg.Attempt, taker, share})
			continue
		}
		r.gift(gift{Kind: giftBack, Cluster: msg.Cluster, Tier: msg.Tier, Epoch: msg.Epoch, Attempt: msg.Attempt, To: taker, Share: share})
	}
}

func (r *round) hold(h heldShare) {
	list := slices.DeleteFunc(slices.Clone(r.core.Shares), func(o heldShare) bool {
		return o.Cluster == h.Cluster && (o.From == h.From || o.Attempt != h.Attempt)
	})
	if len(list) < maxGifts {
		r.core.Shares = append(list, h)
	}
}

// recover takes a share and, when there are enough, makes the cluster's secrets
// of them. Wrong shares among them are found by trying others.
func (r *round) recover(msg clusters.Share) error {
	m := r.membership(msg.Cluster)
	if m == nil {
		return nil
	}
	if _, known := m.secret(msg.Epoch); known {
		return nil
	}
	share, ok := r.unseal(msg.Cluster, msg.Sharing, msg.From, seal.InfoShare, msg.Envelope)
	if !ok || len(share) > clusters.MaxHandOver {
		r.w.log.Warn("a share does not open", "cluster", msg.Cluster)
		return nil
	}
	r.hold(heldShare{msg.Cluster, msg.Attempt, msg.From, share})
	var have [][]byte
	for _, h := range r.core.Shares {
		if h.Cluster == msg.Cluster && h.Attempt == msg.Attempt && len(have) < clusters.MaxKeepers {
			have = append(have, h.Share)
		}
	}
	var err error
	choose(len(have), int(msg.Threshold), func(some []int) bool {
		var part [][]byte
		for _, i := range some {
			part = append(part, have[i])
		}
		b, wrong := seal.Combine(part)
		if wrong != nil {
			return false
		}
		err = r.take(m, b, msg.Epoch, msg.Keys)
		_, known := m.secret(msg.Epoch)
		return known || err != nil
	})
	return err
}

// drop forgets the shares of a cluster's secrets, which the worker has now, or is
// not to have any more.
func (r *round) drop(cluster hash.H256) {
	r.core.Shares = slices.DeleteFunc(slices.Clone(r.core.Shares), func(h heldShare) bool { return h.Cluster == cluster })
}

// choose calls try with every choice of k of n, until it is content.
func choose(n, k int, try func([]int) bool) {
	var next func(from int, some []int) bool
	next = func(from int, some []int) bool {
		if len(some) == k {
			return try(some)
		}
		for i := from; i < n; i++ {
			if next(i+1, append(some, i)) {
				return true
			}
		}
		return false
	}
	if k > 0 {
		next(0, nil)
	}
}

// erase drops the secrets of epochs that no more than history needs: the state
// has moved on, and the chain has a snapshot of it.
func (r *round) erase() {
	for i := range r.core.Clusters {
		m := &r.core.Clusters[i]
		p := r.clusterPosition(m.ID)
		if m.Kept == nil || p == nil || p.Head.Count < m.Kept.Next || m.At < m.Kept.Epoch {
			continue
		}
		keep := slices.DeleteFunc(slices.Clone(m.Epochs), func(e epochSecret) bool { return e.Epoch < m.Kept.Epoch })
		if len(keep) < len(m.Epochs) {
			m.Epochs, r.erased = keep, true
		}
	}
}
