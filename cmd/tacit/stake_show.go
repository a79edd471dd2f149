package main

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
)

// percent is a part in billionths for people.
func percent(p staking.Perbill) string {
	text := fmt.Sprintf("%d.%07d", p/10_000_000, p%10_000_000)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + " %"
}

func stakeValidators() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "validators", Short: "List who validates, and who wants to", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				list, era, err := c.Validators(ctx)
				if err != nil {
					return nil, nil, err
				}
				rows := []map[string]any{}
				for _, v := range list {
					rows = append(rows, map[string]any{
						"account": v.Account, "validates": v.Validates, "candidate": v.Wants, "total": v.Total, "own": v.Own, "nominators": v.Nominators,
						"commission": v.Prefs.Commission, "blocked": v.Prefs.Blocked, "points": v.Points, "seenInSession": v.Seen,
					})
				}
				return map[string]any{"era": era.Active, "validators": rows}, func(w io.Writer) {
					for _, v := range list {
						fmt.Fprintf(w, "%s  %-9s  behind it %s, own %s, %d nominators, commission %s, %d points\n",
							v.Account, does(v, era), tokens(v.Total), tokens(v.Own), v.Nominators, percent(v.Prefs.Commission), v.Points)
					}
					if era.Seats == 0 {
						fmt.Fprintln(w, "There are no elections on this chain: Sudo says who validates.")
					}
				}, nil
			})
		},
	}
	f.add(cmd)
	return cmd
}

// does says what a validator does.
func does(v client.Validator, e client.Era) string {
	switch {
	case v.Validates && (v.Wants || e.Seats == 0):
		return "validates"
	case v.Validates:
		return "leaves"
	case v.Seen == nil || *v.Seen+e.Length < e.Session:
		return "not seen"
	}
	return "waits"
}

func stakeNominators() *cobra.Command {
	var f userFlags
	var of string
	cmd := &cobra.Command{
		Use: "nominators", Short: "List who nominates whom", Args: cobra.NoArgs,
		Example: "  tacit stake nominators\n  tacit stake nominators --of //Bob",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var target *chain.AccountID
			if of != "" {
				id, err := parseAccount(of)
				if err != nil {
					return err
				}
				target = &id
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				list, err := c.Nominators(ctx)
				if err != nil {
					return nil, nil, err
				}
				rows := []map[string]any{}
				var text strings.Builder
				for _, n := range list {
					if target != nil && !slices.Contains(n.Targets, *target) {
						continue
					}
					rows = append(rows, map[string]any{"account": n.Account, "active": n.Active, "targets": n.Targets})
					fmt.Fprintf(&text, "%s  %s for %s\n", n.Account, tokens(n.Active), names(n.Targets))
				}
				return rows, func(w io.Writer) {
					if len(rows) == 0 {
						fmt.Fprintln(w, "nobody nominates")
					}
					fmt.Fprint(w, text.String())
				}, nil
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&of, "of", "", "only those who nominate this account")
	return cmd
}

func names(list []chain.AccountID) string {
	var parts []string
	for _, id := range list {
		parts = append(parts, id.String())
	}
	return strings.Join(parts, ", ")
}

func stakeStatus() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "status [ACCOUNT]", Short: "Show the era, or what an account has at stake", Args: cobra.MaximumNArgs(1),
		Example: "  tacit stake status\n  tacit stake status //Alice",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return f.run(cmd, eraStatus)
			}
			who, err := parseAccount(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				return stashStatus(ctx, c, who)
			})
		},
	}
	f.add(cmd)
	return cmd
}

func eraStatus(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
	e, _, err := c.Era(ctx)
	if err != nil {
		return nil, nil, err
	}
	v := map[string]any{
		"elections": e.Seats > 0, "activeEra": e.Active, "plannedEra": e.Planned, "session": e.Session, "eraStartSession": e.Starts, "seats": e.Seats,
		"staked": e.Staked, "issued": e.Issued, "candidates": e.Candidates, "nominators": e.Nominators,
		"minNominatorBond": e.LeastNominatorBond, "minValidatorBond": e.LeastValidatorBond, "lastEraPaid": e.Paid,
	}
	return v, func(w io.Writer) {
		if e.Seats == 0 {
			fmt.Fprintf(w, "session     %d\nThere are no elections on this chain: Sudo says who validates.\n", e.Session)
			return
		}
		fmt.Fprintf(w, "era         %d, session %d of %d\nplanned     era %d\n", e.Active, e.Session-e.Starts+1, e.Length, e.Planned)
		fmt.Fprintf(w, "seats       %d, %d candidates, %d nominators\n", e.Seats, e.Candidates, e.Nominators)
		fmt.Fprintf(w, "staked      %s of %s\n", tokens(e.Staked), tokens(e.Issued))
		fmt.Fprintf(w, "least bond  %s to nominate, %s to validate\nlast era    earned %s\n", tokens(e.LeastNominatorBond), tokens(e.LeastValidatorBond), tokens(e.Paid))
	}, nil
}

func stashStatus(ctx context.Context, c *client.Client, who chain.AccountID) (any, func(io.Writer), error) {
	s, ok, err := c.Stash(ctx, who)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return map[string]any{"account": who, "bonded": false}, func(w io.Writer) { fmt.Fprintf(w, "%s has nothing at stake\n", who) }, nil
	}
	unpaid, err := c.Unpaid(ctx, who)
	if err != nil {
		return nil, nil, err
	}
	role := "neither validates nor nominates"
	if s.Prefs != nil {
		role = "wants to validate, for a commission of " + percent(s.Prefs.Commission)
	} else if s.Targets != nil {
		role = "nominates " + names(s.Targets)
	}
	unlocking := []map[string]any{}
	for _, u := range s.Ledger.Unlocking {
		unlocking = append(unlocking, map[string]any{"value": u.Value, "era": u.Era})
	}
	rewards := reflect.TypeOf(s.Payee).Name()
	// A list of nothing is a list.
	v := map[string]any{
		"account": who, "bonded": true, "total": s.Ledger.Total, "active": s.Ledger.Active, "unlocking": unlocking, "validates": s.Prefs,
		"nominates": append([]chain.AccountID{}, s.Targets...), "payee": rewards, "slashingSpans": s.Spans, "unpaid": append([]client.Unpaid{}, unpaid...),
	}
	return v, func(w io.Writer) {
		fmt.Fprintf(w, "account   %s\nbonded    %s, of which %s counts\nrole      %s\nrewards   %s\n", who, tokens(s.Ledger.Total), tokens(s.Ledger.Active), role, rewards)
		for _, u := range s.Ledger.Unlocking {
			fmt.Fprintf(w, "unbonding %s, free from era %d on\n", tokens(u.Value), u.Era)
		}
		if len(unpaid) > 0 {
			fmt.Fprintf(w, "unpaid    %d pages of rewards, the first of era %d (`tacit stake payout %s`)\n", len(unpaid), unpaid[0].Era, who)
		}
	}, nil
}
