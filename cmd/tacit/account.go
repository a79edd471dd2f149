package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
)

// devAccount is a development account for people.
type devAccount struct {
	Name    string         `json:"name"`
	Address keys.AccountID `json:"address"`
	Public  string         `json:"publicKey"`
}

func devAccounts() ([]devAccount, error) {
	var list []devAccount
	for _, name := range engine.DevelopmentNames {
		p, err := keys.FromURI(keys.Sr25519, name)
		if err != nil {
			return nil, err
		}
		list = append(list, devAccount{name, p.AccountID(), p.AccountID().Hex()})
	}
	return list, nil
}

func accountCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "account", Short: "Accounts and what they hold"}
	cmd.AddCommand(accountList(), accountBalance())
	return cmd
}

func accountList() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List the development accounts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := devAccounts()
			if err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), list, func(w io.Writer) {
				for _, a := range list {
					fmt.Fprintf(w, "%-10s %s  %s\n", a.Name, a.Address, a.Public)
				}
			})
		},
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print a JSON array")
	return cmd
}

// parseAccount reads an address, a public key or a development name.
func parseAccount(s string) (keys.AccountID, error) {
	if len(s) > 2 && s[:2] == "//" {
		p, err := keys.FromURI(keys.Sr25519, s)
		if err != nil {
			return keys.AccountID{}, err
		}
		return p.AccountID(), nil
	}
	id, err := keys.ParseAccountID(s)
	return id, hint(err, "an account is an address (5Grw…), a public key (0x…) or a development name (//Alice)")
}

func accountBalance() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "balance ACCOUNT", Short: "Show what an account holds", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := parseAccount(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				info, err := c.Account(ctx, who)
				v := map[string]any{
					"address": who, "nonce": info.Nonce, "free": info.Data.Free, "reserved": info.Data.Reserved, "frozen": info.Data.Frozen,
				}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "account   %s\nfree      %s\nreserved  %s\nnonce     %d\n",
						who, tokens(info.Data.Free), tokens(info.Data.Reserved), info.Nonce)
				}, err
			})
		},
	}
	f.add(cmd)
	return cmd
}
