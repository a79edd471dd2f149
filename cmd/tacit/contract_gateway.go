package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/client/gateway"
	"github.com/tacit-network/tacit/keys"
)

func contractGateway() *cobra.Command {
	var f userFlags
	var s signerFlags
	var cluster, listen string
	var accounts, origins []string
	cmd := &cobra.Command{
		Use: "gateway", Short: "Let @polkadot/api-contract and dedot reach a cluster, encrypted, from this machine", Args: cobra.NoArgs,
		Example: "  tacit contract gateway --key-file payer.key --account-file alice.key",
		Long: "It answers as a chain with pallet-contracts does. What clients sign is sealed to the cluster and travels in commands of\n" +
			"the account of --from or --key-file, which pays for them. A cluster tells an account's balance and runs dry runs as it for\n" +
			"its holder alone: name the keys of such accounts with --account-file, or have wallets sign certificates.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			payer, err := s.pair()
			if err != nil {
				return err
			}
			var others []keys.Pair
			for _, file := range accounts {
				p, err := (&signerFlags{keyFile: file, passwordFile: s.passwordFile, scheme: s.scheme}).pair()
				if err != nil {
					return fmt.Errorf("--account-file %s: %w", file, err)
				}
				others = append(others, p)
			}
			l, err := listenHere(listen)
			if err != nil {
				return err
			}
			defer l.Close()
			return client.With(cmd.Context(), f.rpc, func(ctx context.Context, c *client.Client) error {
				id, err := someCluster(ctx, c, cluster)
				if err != nil {
					return err
				}
				g, err := gateway.New(gateway.Config{
					Client: c, Cluster: id, Payer: payer, Accounts: others, Origins: origins,
					Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)),
				})
				if err != nil {
					return err
				}
				v := map[string]any{"gateway": "ws://" + l.Addr().String(), "cluster": id, "payer": payer.AccountID()}
				if err := f.print(cmd.OutOrStdout(), v, func(w io.Writer) {
					fmt.Fprintf(w, "gateway  %s\ncluster  %v\npayer    %v\n", v["gateway"], id, payer.AccountID())
				}); err != nil {
					return err
				}
				return g.Serve(ctx, l)
			})
		},
	}
	s.add(cmd)
	cmd.Flags().StringVar(&f.rpc, "rpc", "ws://127.0.0.1:9944", "address of the node")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object, where the gateway is")
	cmd.Flags().StringVar(&cluster, "cluster", "", "the cluster; the first one by default")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9955", "address of this machine where clients come")
	cmd.Flags().StringArrayVar(&accounts, "account-file", nil, "file with the secret of an account in whose name the gateway may ask; may stand several times")
	cmd.Flags().StringArrayVar(&origins, "origin", nil, "origin of web pages that may use the gateway, such as https://ui.example, beside those of this machine")
	return cmd
}
