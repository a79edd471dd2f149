package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

func clusterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "cluster", Short: "Clusters of workers, and the confidential money in them",
		Long: "Every cluster has a ledger that only its workers read. Tokens go in by `deposit`, which everybody sees, move by\n" +
			"`transfer`, of which nobody sees to whom and how much, and come out by `withdraw`.",
	}
	cmd.AddCommand(clusterList(), clusterCreate(), clusterStatus(), clusterAdd(), clusterRemove(), clusterRotate(), clusterRedraw(), clusterSnapshot(), clusterJudge(), clusterRecover())
	cmd.AddCommand(clusterDeposit(), clusterTransfer(), clusterWithdraw(), clusterBalance(), clusterTerms())
	return cmd
}

// clusterState is a cluster for people.
type clusterState struct {
	Cluster hash.H256      `json:"cluster"`
	Owner   keys.AccountID `json:"owner"`
	Members []string       `json:"members"`
	Ready   bool           `json:"ready"`
	Epoch   uint32         `json:"epoch"`
	Next    uint64         `json:"next"`
	Root    hash.H256      `json:"stateRoot"`
	// Escrow is what is on the chain for the ledger, Coming the part of it on its way in.
	Account keys.AccountID `json:"escrowAccount"`
	Escrow  scale.U128     `json:"escrow"`
	Coming  scale.U128     `json:"coming"`
}

func clusterList() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List the clusters, who runs them, and what is in escrow for each", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				ids, err := c.Clusters(ctx)
				if err != nil {
					return nil, nil, err
				}
				list := []clusterState{}
				for _, id := range ids {
					x, err := c.Cluster(ctx, id)
					if err != nil {
						return nil, nil, err
					}
					l, err := c.Ledger(ctx, id)
					if err != nil {
						return nil, nil, err
					}
					s := clusterState{
						Cluster: id, Owner: x.Owner, Ready: x.Ready(), Epoch: x.Epoch, Next: x.Next, Root: x.StateRoot,
						Account: words.EscrowAccount(id), Escrow: l.Escrow, Coming: l.Coming, Members: []string{},
					}
					for _, m := range x.Members {
						s.Members = append(s.Members, fmt.Sprintf("0x%x", m))
					}
					list = append(list, s)
				}
				return list, func(w io.Writer) {
					if len(list) == 0 {
						fmt.Fprintln(w, "there is no cluster")
					}
					for _, s := range list {
						fmt.Fprintf(w, "%v\n  owner    %s\n  workers  %d, epoch %d, ready %v\n  executed %d messages, state %v\n  escrow   %s in %s, of which %s are on their way in\n",
							s.Cluster, s.Owner, len(s.Members), s.Epoch, s.Ready, s.Next, s.Root, tokens(s.Escrow), s.Account, tokens(s.Coming))
					}
				}, nil
			})
		},
	}
	f.add(cmd)
	return cmd
}

// clusterFlags are those of commands about money in a cluster.
type clusterFlags struct {
	userFlags
	signerFlags
	cluster string
}

func (f *clusterFlags) add(cmd *cobra.Command) {
	f.userFlags.add(cmd)
	f.signerFlags.add(cmd)
	cmd.Flags().StringVar(&f.cluster, "cluster", "", "the cluster; the first one by default")
}

// in runs do as the account that signs, in the cluster that is meant.
func (f *clusterFlags) in(cmd *cobra.Command, do func(ctx context.Context, c *client.Client, who keys.Pair, cluster hash.H256) (any, func(io.Writer), error)) error {
	who, err := f.pair()
	if err != nil {
		return err
	}
	return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
		cluster, err := someCluster(ctx, c, f.cluster)
		if err != nil {
			return nil, nil, err
		}
		return do(ctx, c, who, cluster)
	})
}

func clusterDeposit() *cobra.Command {
	var f clusterFlags
	cmd := &cobra.Command{
		Use: "deposit AMOUNT", Short: "Put tokens into a cluster's confidential ledger", Args: cobra.ExactArgs(1),
		Example: "  tacit cluster deposit 12.5 --from //Bob",
		RunE: func(cmd *cobra.Command, args []string) error {
			amount, err := parseTokens(args[0])
			if err != nil {
				return err
			}
			return f.in(cmd, func(ctx context.Context, c *client.Client, who keys.Pair, cluster hash.H256) (any, func(io.Writer), error) {
				d, err := c.Deposit(ctx, who, cluster, amount)
				if err != nil {
					return nil, nil, err
				}
				v := map[string]any{"cluster": cluster, "account": who.AccountID(), "amount": amount, "sent": d.Sent.Hash, "seq": d.Seq, "block": d.Number}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "%s of %s are in the ledger of cluster %v\nreceipt in block %d\n", tokens(amount), who.AccountID(), cluster, d.Number)
				}, nil
			})
		},
	}
	f.add(cmd)
	return cmd
}

// amounts are the numbers in what a ledger says, which are all amounts.
var amounts = regexp.MustCompile(`[0-9]+`)

// inTokens writes the amounts in what a ledger says as people know them.
func inTokens(text string) string {
	return amounts.ReplaceAllStringFunc(text, func(digits string) string {
		n, err := scale.ParseU128(digits)
		if err != nil {
			return digits
		}
		return tokens(n)
	})
}

// acted reads the outcome of a transfer or a withdrawal: what is left.
func acted(out *client.Outcome) (left scale.U128, err error) {
	if out.Reply.Status != 0 {
		text := inTokens(string(out.Reply.Error))
		if text == "" {
			text = fmt.Sprintf("it ended with status %d", out.Reply.Status)
		}
		return left, hint(fmt.Errorf("the cluster refused: %s", text), "`tacit cluster balance` shows what there is, `tacit cluster deposit` adds to it")
	}
	return scale.Decode[scale.U128](out.Reply.Output)
}

func clusterTransfer() *cobra.Command {
	var f clusterFlags
	cmd := &cobra.Command{
		Use: "transfer TO AMOUNT", Short: "Give tokens to an account or a contract of a cluster, in secret", Args: cobra.ExactArgs(2),
		Example: "  tacit cluster transfer //Charlie 3 --from //Bob",
		RunE: func(cmd *cobra.Command, args []string) error {
			to, amount, err := toAmount(args)
			if err != nil {
				return err
			}
			return f.in(cmd, func(ctx context.Context, c *client.Client, who keys.Pair, cluster hash.H256) (any, func(io.Writer), error) {
				out, err := c.Transact(ctx, who, cluster, words.Transfer{To: to, Amount: amount})
				if err != nil {
					return nil, nil, err
				}
				left, err := acted(out)
				v := map[string]any{"cluster": cluster, "from": who.AccountID(), "to": to, "amount": amount, "left": left, "sent": out.Sent.Hash, "block": out.Number}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "gave %s to %s; %s are left\nreceipt in block %d; everybody else saw %d bytes of ciphertext\n",
						tokens(amount), to, tokens(left), out.Number, len(out.Envelope))
				}, err
			})
		},
	}
	f.add(cmd)
	return cmd
}

func toAmount(args []string) (to keys.AccountID, amount scale.U128, err error) {
	if to, err = parseAccount(args[0]); err != nil {
		return to, amount, err
	}
	amount, err = parseTokens(args[1])
	return to, amount, err
}

func clusterWithdraw() *cobra.Command {
	var f clusterFlags
	var to string
	cmd := &cobra.Command{
		Use: "withdraw AMOUNT", Short: "Take tokens out of a cluster's ledger, to an account of the chain", Args: cobra.ExactArgs(1),
		Example: "  tacit cluster withdraw 3 --from //Charlie\n  tacit cluster withdraw 3 --from //Charlie --to 5Grw…",
		RunE: func(cmd *cobra.Command, args []string) error {
			amount, err := parseTokens(args[0])
			if err != nil {
				return err
			}
			var other *keys.AccountID
			if to != "" {
				id, err := parseAccount(to)
				if err != nil {
					return err
				}
				other = &id
			}
			return f.in(cmd, func(ctx context.Context, c *client.Client, who keys.Pair, cluster hash.H256) (any, func(io.Writer), error) {
				receiver := who.AccountID()
				if other != nil {
					receiver = *other
				}
				out, err := c.Transact(ctx, who, cluster, words.Withdraw{To: receiver, Amount: amount})
				if err != nil {
					return nil, nil, err
				}
				left, err := acted(out)
				if err != nil {
					return nil, nil, err
				}
				if r := out.Returned; r != nil {
					return nil, nil, hint(fmt.Errorf("%s cannot take %s (%s): it went back into the ledger", receiver, tokens(amount), c.Runtime().Explain(r.Error)),
						"an account holds 0.001 TACIT at least, or nothing")
				}
				if out.Paid == nil {
					return nil, nil, errors.New("the chain says nothing of the withdrawal")
				}
				v := map[string]any{"cluster": cluster, "from": who.AccountID(), "to": receiver, "amount": amount, "left": left, "sent": out.Sent.Hash, "block": out.Number}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "paid %s to %s on the chain; %s are left in the ledger\nblock %d\n", tokens(amount), receiver, tokens(left), out.Number)
				}, nil
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&to, "to", "", "the account that is paid; the signer's own by default")
	return cmd
}

func clusterBalance() *cobra.Command {
	var f clusterFlags
	var of string
	cmd := &cobra.Command{
		Use: "balance", Short: "Ask what the signer, or a contract of the signer's, holds in a cluster; nobody else can", Args: cobra.NoArgs,
		Example: "  tacit cluster balance --from //Bob\n  tacit cluster balance --of 0x…",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var other *keys.AccountID
			if of != "" {
				id, err := parseAccount(of)
				if err != nil {
					return err
				}
				other = &id
			}
			return f.in(cmd, func(ctx context.Context, c *client.Client, who keys.Pair, cluster hash.H256) (any, func(io.Writer), error) {
				holder := who.AccountID()
				if other != nil {
					holder = *other
				}
				// As of the newest block, so that it shows what the last command did.
				head, err := c.Header(ctx, nil)
				if err != nil {
					return nil, nil, err
				}
				n, err := c.LedgerBalance(ctx, who, cluster, head.Number, holder)
				if err != nil {
					if wire.KindOf(err) == wire.KindNotOwner {
						err = hint(err, "sign as the holder, or as whoever made the contract, with --from or --key-file")
					}
					return nil, nil, err
				}
				v := map[string]any{"cluster": cluster, "account": holder, "balance": n}
				return v, func(w io.Writer) { fmt.Fprintf(w, "%s in cluster %v\n", tokens(n), cluster) }, nil
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&of, "of", "", "a contract that the signer made")
	return cmd
}
