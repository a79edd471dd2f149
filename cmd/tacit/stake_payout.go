package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
)

// mostPayouts is how many pages one command has paid.
const mostPayouts = 100

func payoutCommand() *cobra.Command {
	var f userFlags
	var s signerFlags
	var era uint32
	cmd := &cobra.Command{
		Use: "payout VALIDATOR", Short: "Have the rewards of a validator and of who nominated it paid", Args: cobra.ExactArgs(1),
		Long: "Anybody may have rewards paid, to whom they belong. All that were not are: the pages of one era, or of all eras that the chain remembers, " +
			"up to 100 at once.",
		Example: "  tacit stake payout //Alice --from //Bob\n  tacit stake payout 5Grw… --era 12",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := parseAccount(args[0])
			if err != nil {
				return err
			}
			from, err := s.pair()
			if err != nil {
				return err
			}
			one := cmd.Flags().Changed("era")
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				unpaid, err := c.Unpaid(ctx, who)
				if err != nil {
					return nil, nil, err
				}
				var calls []any
				pages := []client.Unpaid{}
				for _, u := range unpaid {
					if (!one || u.Era == era) && len(calls) < mostPayouts {
						calls = append(calls, staking.PayoutStakersByPage{ValidatorStash: who, Era: u.Era, Page: u.Page})
						pages = append(pages, u)
					}
				}
				rewarded, total := 0, chain.Balance{}
				if len(calls) > 0 {
					in, err := c.SubmitAll(ctx, from, calls, client.UntilInBlock)
					if err != nil {
						return nil, nil, explained(err)
					}
					for _, x := range in {
						for _, e := range x.Events {
							if r, ok := e.(staking.Rewarded); ok {
								rewarded, total = rewarded+1, total.AddSat(r.Amount)
							}
						}
					}
				}
				return map[string]any{"validator": who, "pages": pages, "rewards": rewarded, "total": total}, func(w io.Writer) {
					if len(pages) == 0 {
						fmt.Fprintln(w, "there is nothing to pay")
						return
					}
					fmt.Fprintf(w, "%d rewards of %s in all, of %d pages from era %d on\n", rewarded, tokens(total), len(pages), pages[0].Era)
				}, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().Uint32Var(&era, "era", 0, "one era alone; all by default")
	return cmd
}
