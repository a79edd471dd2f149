package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

// after is Follow from a transaction on: without what its block has before it.
func (c *Client) after(ctx context.Context, in *Included, f func(chain.Header, []Record) (bool, error)) error {
	return c.Follow(ctx, in.Number, func(h chain.Header, events []Record) (bool, error) {
		if h.Hash() == in.Block {
			events = slices.DeleteFunc(events, func(r Record) bool {
				switch p := r.Phase.(type) {
				case frame.ApplyExtrinsic:
					return int(p.Index) < in.Index
				case frame.Initialization:
					return true
				}
				return false
			})
		}
		return f(h, events)
	})
}

// Change makes a call about a cluster, such as clusters.AddMember, and waits for
// the first of the events that done accepts. It sees those of the call first, and
// then what happens after it.
func (c *Client) Change(ctx context.Context, owner keys.Pair, call any, done func(event any) bool) (any, error) {
	in, err := c.Submit(ctx, owner, call, UntilInBlock)
	if err != nil {
		return nil, err
	}
	var found any
	err = c.after(ctx, in, func(_ chain.Header, events []Record) (bool, error) {
		for _, r := range events {
			if done(r.Event) {
				found = r.Event
				return true, nil
			}
		}
		return false, nil
	})
	return found, err
}

// How many blocks workers have to answer before others are drawn: with the first
// keys of a cluster, and with those of one that they get from its keepers.
const (
	answerBlocks  = 30
	recoverBlocks = 90
)

// insist waits until a cluster has new keys, after a transaction. A worker that was
// drawn for it may be gone for good: after so many blocks it makes a call that
// draws others, and gives these half as many more.
func (c *Client) insist(ctx context.Context, owner keys.Pair, id hash.H256, in *Included, wait chain.BlockNumber, again any) error {
	end := in.Number + wait
	return c.after(ctx, in, func(h chain.Header, events []Record) (bool, error) {
		for _, r := range events {
			if e, ok := r.Event.(clusters.ClusterReady); ok && e.Cluster == id {
				return true, nil
			}
		}
		if h.Number < end {
			return false, nil
		}
		wait += wait / 2
		end = h.Number + wait
		_, err := c.Submit(ctx, owner, again, UntilInBlock)
		if errors.As(err, new(*Failure)) {
			err = nil // they answered just now, or there are no others
		}
		return false, err
	})
}

// Replicas is what the chain knows of how well a cluster is kept.
type Replicas struct {
	Cluster words.Cluster
	// Members are those of its members that are registered, Keepers those who keep
	// shares of its secrets, and Alive those of them that are registered.
	Members, Keepers, Alive [][32]byte
	// Kept is its newest snapshot, nil when there is none.
	Kept *words.Snapshot
}

// Replicas returns how well a cluster is kept.
func (c *Client) Replicas(ctx context.Context, id hash.H256) (out Replicas, err error) {
	if out.Cluster, err = c.Cluster(ctx, id); err != nil {
		return out, err
	}
	s, _, err := Find[words.Snapshots](ctx, c, c.Runtime().Clusters.Snapshots.Key(id), nil)
	if err != nil {
		return out, err
	}
	out.Kept = s.Kept
	if out.Members, err = c.live(ctx, out.Cluster.Members); err != nil {
		return out, err
	}
	if out.Cluster.Sharing != nil {
		out.Keepers = out.Cluster.Sharing.Keepers
		out.Alive, err = c.live(ctx, out.Keepers)
	}
	return out, err
}

func (c *Client) live(ctx context.Context, list [][32]byte) (out [][32]byte, err error) {
	now, _, err := Find[uint64](ctx, c, c.Runtime().Timestamp.Now.Key(), nil)
	if err != nil {
		return nil, err
	}
	for _, id := range list {
		w, ok, err := Find[registry.Worker](ctx, c, c.Runtime().Registry.Workers.Key(id), nil)
		if err != nil {
			return nil, err
		}
		if ok && w.LiveAt(now) {
			out = append(out, id)
		}
	}
	return out, nil
}

// Recover replaces all members of a cluster by fresh workers, and waits until one
// of them has its secrets and they have a new epoch. It refuses when too few of
// those that keep shares are there.
func (c *Client) Recover(ctx context.Context, owner keys.Pair, id hash.H256) error {
	r, err := c.Replicas(ctx, id)
	if err != nil {
		return err
	}
	need := 0
	if r.Cluster.Sharing != nil {
		need = int(r.Cluster.Sharing.Threshold)
	}
	if need == 0 {
		return fmt.Errorf("nobody keeps shares of the secrets of cluster %v", id)
	}
	if len(r.Alive) < need {
		return fmt.Errorf("%d of the %d workers that keep shares of cluster %v are registered; %d are needed", len(r.Alive), len(r.Keepers), id, need)
	}
	call := clusters.Recover{Cluster: id}
	in, err := c.Submit(ctx, owner, call, UntilInBlock)
	if err != nil {
		return err
	}
	return c.insist(ctx, owner, id, in, recoverBlocks, call)
}
