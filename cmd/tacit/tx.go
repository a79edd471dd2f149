package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/payment"
)

func txCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "tx", Short: "Transactions"}
	cmd.AddCommand(txTransfer(), txSetKeys(), txSetValidators(), txAuthorizeUpgrade(), txAdmitImage(), txRetireImage(), txCollateral())
	return cmd
}

func txTransfer() *cobra.Command {
	var f userFlags
	var s signerFlags
	var death, final bool
	cmd := &cobra.Command{
		Use: "transfer TO AMOUNT", Short: "Move tokens to another account", Args: cobra.ExactArgs(2),
		Example: "  tacit tx transfer //Bob 12.5",
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := parseAccount(args[0])
			if err != nil {
				return err
			}
			amount, err := parseTokens(args[1])
			if err != nil {
				return err
			}
			from, err := s.pair()
			if err != nil {
				return err
			}
			var call any = balances.TransferKeepAlive{Dest: chain.AddressID{ID: to}, Value: amount}
			if death {
				call = balances.TransferAllowDeath{Dest: chain.AddressID{ID: to}, Value: amount}
			}
			until := client.UntilInBlock
			if final {
				until = client.UntilFinal
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				in, err := c.Submit(ctx, from, call, until)
				if err != nil {
					return nil, nil, err
				}
				fee, _ := client.Event[payment.TransactionFeePaid](in)
				v := map[string]any{
					"hash": in.Hash, "block": in.Block, "number": in.Number, "from": from.AccountID(), "to": to,
					"amount": amount, "fee": fee.ActualFee, "final": final,
				}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "moved %s from %s to %s\nblock %d %v, transaction %v, fee %s\n",
						tokens(amount), from.AccountID(), to, in.Number, in.Block, in.Hash, tokens(fee.ActualFee))
				}, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().BoolVar(&death, "allow-death", false, "allow that the sender's account ends")
	cmd.Flags().BoolVar(&final, "final", false, "wait until the block is final")
	return cmd
}
