package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
)

func txSetKeys() *cobra.Command {
	var f userFlags
	var s signerFlags
	var dir string
	cmd := &cobra.Command{
		Use: "set-keys", Short: "Name a node's newest session keys as those that the signer validates with", Args: cobra.NoArgs,
		Example: "  tacit tx set-keys --data ./net/v1 --key-file ./net/v1/account.secret",
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := s.pair()
			if err != nil {
				return err
			}
			k, err := keystore.Newest(filepath.Join(dir, keysFolder))
			if err != nil {
				return hint(err, "`tacit key session --data %s --new` makes keys", dir)
			}
			call := session.SetKeys{Keys: k.Public(), Proof: k.Prove(from.AccountID())}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				in, err := c.Submit(ctx, from, call, client.UntilInBlock)
				if err != nil {
					return nil, nil, err
				}
				v := map[string]any{"account": from.AccountID(), "grandpa": k.Grandpa.ID(), "block": in.Block, "number": in.Number}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "%s validates with the GRANDPA key %v from the session after the next\nblock %d %v\n",
						from.AccountID(), k.Grandpa.ID(), in.Number, in.Block)
				}, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().StringVar(&dir, "data", ".", "the node's folder")
	return cmd
}

func txSetValidators() *cobra.Command {
	var f userFlags
	var s signerFlags
	cmd := &cobra.Command{
		Use: "set-validators ACCOUNT...", Short: "Plan, by Sudo, who validates from the session after the next", Args: cobra.MinimumNArgs(1),
		Long:    "Only the Sudo key of a test chain may. Each account needs session keys, which `tacit tx set-keys` names.",
		Example: "  tacit tx set-validators 5Grw… 5FHn… 5FLS…",
		RunE: func(cmd *cobra.Command, args []string) error {
			var list []chain.AccountID
			for _, a := range args {
				who, err := parseAccount(a)
				if err != nil {
					return err
				}
				list = append(list, who)
			}
			from, err := s.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				call := sudo.Sudo{Call: c.Runtime().CallOf(session.SetValidators{Validators: list})}
				in, err := c.Submit(ctx, from, call, client.UntilInBlock)
				if err != nil {
					return nil, nil, err
				}
				if done, ok := client.Event[sudo.Sudid](in); !ok || !done.SudoResult.OK {
					return nil, nil, hint(errors.New("the chain did not take the validators"), "each needs session keys (`tacit tx set-keys`), and none may stand twice")
				}
				v := map[string]any{"validators": list, "block": in.Block, "number": in.Number}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "%d validators from the session after the next\nblock %d %v\n", len(list), in.Number, in.Block)
				}, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	return cmd
}
