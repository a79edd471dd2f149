package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/queue"
	queuewords "github.com/tacit-network/tacit/runtime/pallet/queue/words"
)

func clusterCreate() *cobra.Command {
	var f userFlags
	var s signerFlags
	var create clusters.Create
	cmd := &cobra.Command{
		Use: "create", Short: "Make a cluster of workers that the chain draws", Args: cobra.NoArgs,
		Long: "Each of the --replicas workers runs all contracts of the cluster. Of its secrets, --keepers others that are drawn hold\n" +
			"shares, of which --threshold together recover them when all replicas are lost; see `tacit cluster recover`.",
		Example: "  tacit cluster create\n  tacit cluster create --replicas 3 --keepers 3 --threshold 2",
		RunE: func(cmd *cobra.Command, _ []string) error {
			who, err := s.pair()
			if err != nil {
				return err
			}
			if create.Keepers == 0 {
				create.Threshold = 0
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				id, err := c.CreateClusterOf(ctx, who, create)
				if err != nil {
					return nil, nil, err
				}
				workers, err := c.Workers(ctx)
				if err != nil {
					return nil, nil, err
				}
				others := max(len(workers)-int(create.Replicas), 0)
				warning := shareWarning(create, others)
				v := map[string]any{
					"cluster": id, "owner": who.AccountID(), "replicas": create.Replicas, "keepers": min(others, int(create.Keepers)),
					"threshold": create.Threshold, "warning": warning,
				}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "cluster %v of %d workers is ready\n", id, create.Replicas)
					if warning != "" {
						fmt.Fprintln(w, warning)
					}
				}, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().Uint16Var(&create.Replicas, "replicas", 1, "how many workers run the cluster's contracts, each all of them")
	cmd.Flags().Uint8Var(&create.Tier, "tier", 0, "the least tier of workers that see the cluster's secrets; 0 takes simulated hardware")
	cmd.Flags().Uint8Var(&create.Keepers, "keepers", 3, "how many other workers hold shares of its secrets; 0 for none")
	cmd.Flags().Uint8Var(&create.Threshold, "threshold", 2, "how many of the shares recover the secrets")
	return cmd
}

// shareWarning says what a cluster's shares do not guard against; others is how
// many workers there are beside its members.
func shareWarning(c clusters.Create, others int) string {
	n, t := min(others, int(c.Keepers)), int(c.Threshold)
	switch {
	case c.Keepers == 0:
		return "nobody keeps shares of its secrets, as --keepers says: losing its workers' disks loses it"
	case n < t:
		return fmt.Sprintf("nobody keeps shares of its secrets (%d other workers, %d are needed): losing its workers' disks loses it", n, t)
	case n < t+1:
		return fmt.Sprintf("%d workers keep shares of its secrets and all of them are needed: losing one of them and its workers' disks loses it", n)
	}
	return ""
}

// memberFlags are those of commands about a cluster's workers.
type memberFlags struct{ clusterFlags }

// change is a command that makes a call about a cluster and waits for an event.
func change(use, short, example string, args cobra.PositionalArgs,
	call func(cluster hash.H256, args []string) (any, error), done func(cluster hash.H256, event any) (string, bool)) *cobra.Command {
	var f memberFlags
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.in(cmd, func(ctx context.Context, c *client.Client, who keys.Pair, cluster hash.H256) (any, func(io.Writer), error) {
				what, err := call(cluster, args)
				if err != nil {
					return nil, nil, err
				}
				text := ""
				event, err := c.Change(ctx, who, what, func(event any) (ok bool) {
					text, ok = done(cluster, event)
					return ok
				})
				return map[string]any{"cluster": cluster, "event": event}, func(w io.Writer) { fmt.Fprintln(w, text) }, err
			})
		},
	}
	f.add(cmd)
	return cmd
}

func clusterAdd() *cobra.Command {
	var f memberFlags
	cmd := &cobra.Command{
		Use: "add", Short: "Have the chain draw another worker into a cluster", Example: "  tacit cluster add", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.in(cmd, func(ctx context.Context, c *client.Client, who keys.Pair, cluster hash.H256) (any, func(io.Writer), error) {
				before, err := c.Cluster(ctx, cluster)
				if err != nil {
					return nil, nil, err
				}
				n := newcomer{cluster: cluster, givers: before.Members}
				event, err := c.Change(ctx, who, clusters.AddMember{Cluster: cluster}, n.settled)
				if n.refusals != nil && !n.ready {
					err = hint(errors.Join(append([]error{err}, n.refusals...)...), "`tacit cluster remove 0x%x` takes the worker out again", n.worker)
				}
				return map[string]any{"cluster": cluster, "event": event}, func(w io.Writer) {
					fmt.Fprintf(w, "worker 0x%x has the cluster's secrets\n", n.worker)
				}, err
			})
		},
	}
	f.add(cmd)
	return cmd
}

// newcomer is a worker that a call drew into a cluster, and what becomes of it.
type newcomer struct {
	cluster hash.H256
	givers  [][32]byte // who were members before
	drawn   bool
	worker  [32]byte
	ready   bool
	// refusals are the reasons of the givers who gave it no secrets; the others may.
	refusals []error
	refused  [][32]byte
}

// settled says, of events from those of the call on, which one decides.
func (n *newcomer) settled(event any) bool {
	switch e := event.(type) {
	case clusters.MemberAdded:
		if e.Cluster == n.cluster && !n.drawn {
			n.drawn, n.worker = true, e.Worker
		}
	case clusters.MemberReady:
		n.ready = n.drawn && e.Cluster == n.cluster && e.Worker == n.worker
		return n.ready
	case clusters.HandOverRefused:
		if !n.drawn || e.Cluster != n.cluster || e.To != n.worker || slices.Contains(n.refused, e.Worker) {
			return false
		}
		n.refused = append(n.refused, e.Worker)
		n.refusals = append(n.refusals, fmt.Errorf("worker 0x%x was refused the secrets by 0x%x: %s", e.To, e.Worker, e.Reason))
		return !slices.ContainsFunc(n.givers, func(g [32]byte) bool { return !slices.Contains(n.refused, g) })
	}
	return false
}

// newEpoch waits for the next epoch.
func newEpoch(id hash.H256, event any) (string, bool) {
	e, ok := event.(clusters.ClusterReady)
	return fmt.Sprintf("the cluster is in epoch %d, whose key worker 0x%x made", e.Epoch, e.Worker), ok && e.Cluster == id
}

func clusterRemove() *cobra.Command {
	return change("remove WORKER", "Take a worker out of a cluster; the others begin a new epoch", "  tacit cluster remove 0x…", cobra.ExactArgs(1),
		func(id hash.H256, args []string) (any, error) {
			worker, err := hash.ParseH256(args[0])
			return clusters.RemoveMember{Cluster: id, Worker: worker}, err
		}, newEpoch)
}

func clusterRotate() *cobra.Command {
	return change("rotate", "Begin a new epoch of a cluster, with new keys and shares", "  tacit cluster rotate", cobra.NoArgs,
		func(id hash.H256, _ []string) (any, error) { return clusters.Rotate{Cluster: id}, nil }, newEpoch)
}

func clusterRedraw() *cobra.Command {
	return change("redraw", "Draw other workers for a new cluster, for those that do not answer", "  tacit cluster redraw --cluster 0x…", cobra.NoArgs,
		func(id hash.H256, _ []string) (any, error) { return clusters.Redraw{Cluster: id}, nil }, newEpoch)
}

func clusterSnapshot() *cobra.Command {
	return change("snapshot", "Have a cluster's workers put an encrypted snapshot of its state on the chain", "  tacit cluster snapshot", cobra.NoArgs,
		func(id hash.H256, _ []string) (any, error) { return clusters.TakeSnapshot{Cluster: id}, nil },
		newSnapshot())
}

// newSnapshot waits for the snapshot that a call asks for, and not for one that was
// under way.
func newSnapshot() func(id hash.H256, event any) (string, bool) {
	var least uint64 // the number after that of the message that asks; 0 until it is there
	return func(id hash.H256, event any) (string, bool) {
		switch e := event.(type) {
		case queue.MessagePushed:
			if least == 0 && e.To == (queuewords.ToCluster{ID: id}) {
				least = e.Seq + 1
			}
		case clusters.SnapshotKept:
			return fmt.Sprintf("the chain has snapshot %v of the state after %d messages", e.Name, e.Next), least > 0 && e.Cluster == id && e.Next >= least
		}
		return "", false
	}
}

func clusterJudge() *cobra.Command {
	return change("judge", "Draw more workers to settle what the members of a frozen cluster disagree about", "  tacit cluster judge", cobra.NoArgs,
		func(id hash.H256, _ []string) (any, error) { return clusters.Judge{Cluster: id}, nil },
		func(id hash.H256, event any) (string, bool) {
			e, ok := event.(clusters.ClusterThawed)
			return fmt.Sprintf("settled: the state after message %d is %v", e.Seq, e.Root), ok && e.Cluster == id
		})
}

func clusterRecover() *cobra.Command {
	var f memberFlags
	cmd := &cobra.Command{
		Use: "recover", Short: "Give a cluster that lost all its workers to fresh ones, by the shares that others keep", Args: cobra.NoArgs,
		Long: "All members are replaced. The keepers give their shares to the fresh workers once they have seen their attestation; these\n" +
			"take the state from the last snapshot and the commands since, and begin a new epoch.",
		Example: "  tacit cluster recover\n  tacit cluster status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.in(cmd, func(ctx context.Context, c *client.Client, who keys.Pair, cluster hash.H256) (any, func(io.Writer), error) {
				if err := c.Recover(ctx, who, cluster); err != nil {
					return nil, nil, hint(err, "`tacit cluster status` says who keeps shares; bring their workers back")
				}
				r, err := c.Replicas(ctx, cluster)
				return kept(cluster, r), func(w io.Writer) {
					fmt.Fprintf(w, "recovered by %d fresh workers, in epoch %d\n", len(r.Cluster.Members), r.Cluster.Epoch)
				}, err
			})
		},
	}
	f.add(cmd)
	return cmd
}

// replicasState is client.Replicas for people.
type replicasState struct {
	Cluster   hash.H256 `json:"cluster"`
	Epoch     uint32    `json:"epoch"`
	Next      uint64    `json:"next"`
	Root      hash.H256 `json:"stateRoot"`
	Members   []string  `json:"members"`
	Holders   []string  `json:"holders"` // the members that have the secrets
	Alive     int       `json:"registeredMembers"`
	Keepers   int       `json:"keepers"`
	Kept      int       `json:"registeredKeepers"`
	Threshold uint8     `json:"threshold"`
	Snapshot  uint64    `json:"snapshotNext"`
	Frozen    bool      `json:"frozen"`
}

func kept(id hash.H256, r client.Replicas) replicasState {
	out := replicasState{
		Cluster: id, Epoch: r.Cluster.Epoch, Next: r.Cluster.Next, Root: r.Cluster.StateRoot, Alive: len(r.Members),
		Keepers: len(r.Keepers), Kept: len(r.Alive), Frozen: r.Cluster.Dispute != nil, Members: []string{}, Holders: []string{},
	}
	if r.Cluster.Sharing != nil {
		out.Threshold = r.Cluster.Sharing.Threshold
	}
	if r.Kept != nil {
		out.Snapshot = r.Kept.Next
	}
	for _, m := range r.Cluster.Members {
		out.Members = append(out.Members, fmt.Sprintf("0x%x", m))
	}
	for _, m := range r.Cluster.Holders {
		out.Holders = append(out.Holders, fmt.Sprintf("0x%x", m))
	}
	return out
}

func clusterStatus() *cobra.Command {
	var f memberFlags
	cmd := &cobra.Command{
		Use: "status", Short: "Tell how well a cluster is kept: its workers, snapshot and shares", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.in(cmd, func(ctx context.Context, c *client.Client, _ keys.Pair, cluster hash.H256) (any, func(io.Writer), error) {
				r, err := c.Replicas(ctx, cluster)
				s := kept(cluster, r)
				return s, func(w io.Writer) {
					fmt.Fprintf(w, "%v\n  epoch %d, %d messages executed, state %v\n", cluster, s.Epoch, s.Next, s.Root)
					for _, m := range s.Members {
						has := ""
						if !slices.Contains(s.Holders, m) {
							has = ", which does not have the secrets yet"
						}
						fmt.Fprintf(w, "  member   %s%s\n", m, has)
					}
					fmt.Fprintf(w, "  %d of %d members are registered\n", s.Alive, len(s.Members))
					if s.Frozen {
						fmt.Fprintln(w, "  FROZEN: its members disagree about its state")
					}
					if r.Kept != nil {
						fmt.Fprintf(w, "  snapshot after %d messages, %d chunks\n", s.Snapshot, r.Kept.Chunks)
					} else {
						fmt.Fprintln(w, "  no snapshot: fresh workers execute all messages")
					}
					if s.Keepers == 0 {
						fmt.Fprintln(w, "  nobody keeps shares of its secrets: losing its workers' disks loses it")
					} else {
						fmt.Fprintf(w, "  shares with %d workers, of whom %d are registered and %d are needed\n", s.Keepers, s.Kept, s.Threshold)
					}
				}, err
			})
		},
	}
	f.add(cmd)
	return cmd
}
