package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

// priceFlags are what an owner changes of the terms of a cluster.
type priceFlags struct{ gas, item, bytes, treasury string }

func (p *priceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.gas, "gas-price", "", "tokens for a million gas")
	cmd.Flags().StringVar(&p.item, "deposit-per-item", "", "tokens that are held for each entry that a contract stores")
	cmd.Flags().StringVar(&p.bytes, "deposit-per-byte", "", "tokens that are held for each byte of its key and value")
	cmd.Flags().StringVar(&p.treasury, "treasury", "", "account that gas is paid to, in the cluster; the signer's unless there is one")
}

// change applies the flags that are given.
func (p *priceFlags) change(t *words.Terms, owner keys.AccountID) error {
	for _, f := range []struct {
		text string
		to   *scale.U128
	}{{p.gas, &t.GasPrice}, {p.item, &t.DepositPerItem}, {p.bytes, &t.DepositPerByte}} {
		if f.text == "" {
			continue
		}
		n, err := parseTokens(f.text)
		if err != nil {
			return err
		}
		*f.to = n
	}
	if p.treasury != "" {
		id, err := parseAccount(p.treasury)
		if err != nil {
			return err
		}
		t.Treasury = id
	}
	if t.Treasury == (keys.AccountID{}) && !t.GasPrice.IsZero() {
		t.Treasury = owner
	}
	return nil
}

func clusterTerms() *cobra.Command {
	var f userFlags
	var s signerFlags
	var p priceFlags
	cmd := &cobra.Command{
		Use: "terms [CLUSTER]", Short: "Show what is paid in a cluster for gas and storage, or set it", Args: cobra.MaximumNArgs(1),
		Long: "By default nothing is paid in a cluster, and the fee of a command on the chain is all. Its owner sets prices, which apply\n" +
			"to what is sent from then on: who has contracts run pays for gas out of what he has in the cluster's ledger, and leaves a\n" +
			"deposit for what they store, which comes back when that is gone. A price that rises is announced 128 blocks before,\n" +
			"unless nobody holds anything there. Without flags the prices are shown, of the first cluster unless one is named.",
		Example: "  tacit cluster terms\n  tacit cluster terms 0x… --gas-price 0.0001 --deposit-per-item 0.001 --deposit-per-byte 0.00001 --treasury //Charlie",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := s.pair()
			if err != nil {
				return err
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				cluster, err := someCluster(ctx, c, name)
				if err != nil {
					return nil, nil, err
				}
				t, notice, err := c.Terms(ctx, cluster)
				if err != nil {
					return nil, nil, err
				}
				seq, set := uint64(0), p != (priceFlags{})
				if set {
					next := t
					if notice != nil { // what is not named stays as it is to be
						next = notice.Terms
					}
					if err := p.change(&next, who.AccountID()); err != nil {
						return nil, nil, err
					}
					if seq, notice, err = c.SetTerms(ctx, who, cluster, next); err != nil {
						return nil, nil, err
					}
					if notice == nil {
						t = next
					}
				}
				v := map[string]any{"cluster": cluster, "terms": priced(t)}
				if set && notice == nil {
					v["seq"] = seq
				}
				if notice != nil {
					v["announced"], v["from"] = priced(notice.Terms), notice.From
				}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "cluster %v\n", cluster)
					showTerms(w, t)
					switch {
					case notice != nil:
						fmt.Fprintf(w, "announced, for what is sent to it in block %d or later:\n", notice.From)
						showTerms(w, notice.Terms)
					case set:
						fmt.Fprintf(w, "from message %d of its queue on\n", seq)
					}
				}, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	p.add(cmd)
	return cmd
}

// priced is terms for machines.
func priced(t words.Terms) map[string]any {
	return map[string]any{"gasPrice": t.GasPrice, "depositPerItem": t.DepositPerItem, "depositPerByte": t.DepositPerByte, "treasury": t.Treasury}
}

func showTerms(w io.Writer, t words.Terms) {
	if t.GasPrice.IsZero() {
		fmt.Fprintln(w, "  gas      costs nothing beside the fees of the chain")
	} else {
		fmt.Fprintf(w, "  gas      %s a million, to %s\n", tokens(t.GasPrice), t.Treasury)
	}
	if t.DepositPerItem.IsZero() && t.DepositPerByte.IsZero() {
		fmt.Fprintln(w, "  storage  takes no deposit")
	} else {
		fmt.Fprintf(w, "  storage  %s an entry and %s a byte, held while it is stored\n", tokens(t.DepositPerItem), tokens(t.DepositPerByte))
	}
}
