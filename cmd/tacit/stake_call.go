package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
)

// stakeTx is a command that signs one call of staking.
type stakeTx struct {
	use, short, long, example string
	args                      cobra.PositionalArgs
	flags                     func(*cobra.Command)
	// check looks at the arguments and flags before anything is asked of a node.
	check func(args []string) error
	// call makes the call; said is what is printed when it is done.
	call func(ctx context.Context, c *client.Client, who chain.AccountID, args []string) (call any, said string, err error)
	// done, where there is one, says instead what came of it.
	done func(*client.Included) string
}

func (s stakeTx) command() *cobra.Command {
	var f userFlags
	var signer signerFlags
	cmd := &cobra.Command{
		Use: s.use, Short: s.short, Long: s.long, Example: s.example, Args: s.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if s.check != nil {
				if err := s.check(args); err != nil {
					return err
				}
			}
			from, err := signer.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				call, said, err := s.call(ctx, c, from.AccountID(), args)
				if err != nil {
					return nil, nil, err
				}
				in, err := c.Submit(ctx, from, call, client.UntilInBlock)
				if err != nil {
					return nil, nil, explained(err)
				}
				if s.done != nil {
					said = s.done(in)
				}
				v := map[string]any{"account": from.AccountID(), "done": said, "block": in.Block, "number": in.Number, "hash": in.Hash}
				return v, func(w io.Writer) { fmt.Fprintf(w, "%s\nblock %d %v\n", said, in.Number, in.Block) }, nil
			})
		},
	}
	f.add(cmd)
	signer.add(cmd)
	if s.flags != nil {
		s.flags(cmd)
	}
	return cmd
}

// amountFirst checks an amount.
func amountFirst(args []string) error {
	_, err := parseTokens(args[0])
	return err
}

// advice is what to do about the errors of staking.
var advice = map[string]string{
	"Staking.NotController":      "nothing is bonded: `tacit stake bond AMOUNT` comes first",
	"Staking.NotStash":           "nothing is bonded: `tacit stake bond AMOUNT` comes first",
	"Staking.InsufficientBond":   "`tacit stake status` tells the least bonds; chill before you unbond below them",
	"Staking.TooManyNominators":  "there are as many nominators as can be, and all have more at stake",
	"Staking.TooManyValidators":  "there are as many candidates as can be",
	"Staking.BadTarget":          "one of the validators takes no new nominations",
	"Staking.NoMoreChunks":       "too much is being unbonded apart: `tacit stake withdraw` once some of it is free",
	"Staking.AlreadyClaimed":     "somebody had it paid already",
	"Staking.InvalidEraToReward": "the era is not over, or too long ago, or the account did not validate in it",
	"Staking.CommissionTooLow":   "the chain has a least commission",
}

// explained adds what to do about a failure.
func explained(err error) error {
	if failure, ok := errors.AsType[*client.Failure](err); ok && advice[failure.Name] != "" {
		return hint(err, "%s", advice[failure.Name])
	}
	return err
}

// bondCommand bonds, or more if something is bonded.
func bondCommand() *cobra.Command {
	rewards, chosen := "", func() bool { return false }
	return stakeTx{
		use: "bond AMOUNT", short: "Put tokens at stake, or more of them", args: cobra.ExactArgs(1), example: "  tacit stake bond 1000 --from //Bob",
		flags: func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&rewards, "rewards", "staked", "where rewards go: staked adds them to the bond, stash leaves them free; or an account, or none")
			chosen = func() bool { return cmd.Flags().Changed("rewards") }
		},
		check: func(args []string) error {
			if _, err := parsePayee(rewards); err != nil {
				return err
			}
			return amountFirst(args)
		},
		call: func(ctx context.Context, c *client.Client, who chain.AccountID, args []string) (any, string, error) {
			amount, err := parseTokens(args[0])
			if err != nil {
				return nil, "", err
			}
			payee, err := parsePayee(rewards)
			if err != nil {
				return nil, "", err
			}
			_, bonded, err := c.Stash(ctx, who)
			if err != nil {
				return nil, "", err
			}
			if bonded && chosen() {
				return nil, "", hint(errors.New("something is bonded already, and --rewards is for the first bond"), "`tacit stake payee %s` changes where rewards go", rewards)
			}
			if bonded {
				return staking.BondExtra{MaxAdditional: amount}, fmt.Sprintf("%s more are at stake", tokens(amount)), nil
			}
			return staking.Bond{Value: amount, Payee: payee}, fmt.Sprintf("%s are at stake", tokens(amount)), nil
		},
	}.command()
}

func payeeCommand() *cobra.Command {
	return stakeTx{
		use: "payee WHERE", short: "Say where rewards go: staked, stash, none, or an account", args: cobra.ExactArgs(1),
		example: "  tacit stake payee stash --from //Bob\n  tacit stake payee //Dave --from //Bob",
		check:   func(args []string) error { _, err := parsePayee(args[0]); return err },
		call: func(_ context.Context, _ *client.Client, _ chain.AccountID, args []string) (any, string, error) {
			payee, err := parsePayee(args[0])
			return staking.SetPayee{Payee: payee}, "rewards go to " + args[0], err
		},
	}.command()
}

func parsePayee(s string) (staking.RewardDestination, error) {
	switch s {
	case "staked":
		return staking.Staked{}, nil
	case "stash":
		return staking.Stash{}, nil
	case "none":
		return staking.None{}, nil
	}
	who, err := parseAccount(s)
	return staking.Account{Who: who}, hint(err, "rewards go to staked, stash, none or an account")
}

func validateCommand() *cobra.Command {
	commission, blocked := "", false
	return stakeTx{
		use: "validate", short: "Stand for election as a validator", args: cobra.NoArgs,
		long: "Makes the signer, which has tokens at stake and named session keys (`tacit tx set-keys`), a candidate. Its node must run with these keys: " +
			"it shows the chain once a session that it is there, and who was not seen within an era is not elected.",
		example: "  tacit stake validate --commission 5 --key-file ./mine/account.secret",
		flags: func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&commission, "commission", "0", "percent of the rewards that the validator takes before all share")
			cmd.Flags().BoolVar(&blocked, "blocked", false, "take no new nominations")
		},
		check: func([]string) error {
			_, err := parsePercent(commission)
			return err
		},
		call: func(ctx context.Context, c *client.Client, who chain.AccountID, _ []string) (any, string, error) {
			part, err := parsePercent(commission)
			if err != nil {
				return nil, "", err
			}
			keys, err := c.Keys(ctx, c.Runtime().Session.NextKeys.Key(who))
			if err == nil && len(keys) == 0 {
				err = hint(fmt.Errorf("%s has no session keys", who), "`tacit tx set-keys --data FOLDER` names those of its node first")
			}
			return staking.Validate{Prefs: staking.ValidatorPrefs{Commission: part, Blocked: blocked}}, fmt.Sprintf("%s stands for election, for a commission of %s", who, percent(part)), err
		},
	}.command()
}

// parsePercent reads a percentage of at most seven decimals.
func parsePercent(s string) (staking.Perbill, error) {
	whole, rest, dot := strings.Cut(s, ".")
	n, err := strconv.ParseUint(whole+(rest + "0000000")[:7], 10, 32)
	if err != nil || len(rest) > 7 || dot && rest == "" || n > uint64(staking.One) {
		return 0, hint(fmt.Errorf("%q is no percentage", s), "--commission is 0 to 100, with at most seven decimals")
	}
	return staking.Perbill(n), nil
}

func nominateCommand() *cobra.Command {
	return stakeTx{
		use: "nominate VALIDATOR...", short: "Vote for up to sixteen validators", args: cobra.RangeArgs(1, 16), example: "  tacit stake nominate //Alice //Bob --from //Charlie",
		check: func(args []string) error {
			for _, a := range args {
				if _, err := parseAccount(a); err != nil {
					return err
				}
			}
			return nil
		},
		call: func(_ context.Context, _ *client.Client, _ chain.AccountID, args []string) (any, string, error) {
			var call staking.Nominate
			for _, a := range args {
				who, err := parseAccount(a)
				if err != nil {
					return nil, "", err
				}
				call.Targets = append(call.Targets, chain.AddressID{ID: who})
			}
			return call, fmt.Sprintf("%d nominated, from the next election on", len(call.Targets)), nil
		},
	}.command()
}

func chillCommand() *cobra.Command {
	return stakeTx{
		use: "chill", short: "Validate or nominate no more; what is at stake stays", args: cobra.NoArgs,
		call: func(context.Context, *client.Client, chain.AccountID, []string) (any, string, error) {
			return staking.Chill{}, "neither validates nor nominates, from the next election on", nil
		},
	}.command()
}

func unbondCommand() *cobra.Command {
	return stakeTx{
		use: "unbond AMOUNT", short: "Take tokens from stake; they are free some eras later", args: cobra.ExactArgs(1), check: amountFirst,
		call: func(ctx context.Context, c *client.Client, _ chain.AccountID, args []string) (any, string, error) {
			amount, err := parseTokens(args[0])
			if err != nil {
				return nil, "", err
			}
			e, _, err := c.Era(ctx)
			if err != nil {
				return nil, "", err
			}
			free := e.Planned + c.Runtime().Staking.BondingDuration
			return staking.Unbond{Value: amount}, fmt.Sprintf("%s are free from era %d on (now it is era %d): `tacit stake withdraw` then", tokens(amount), free, e.Active), nil
		},
	}.command()
}

func rebondCommand() *cobra.Command {
	return stakeTx{
		use: "rebond AMOUNT", short: "Put tokens that are being unbonded at stake again", args: cobra.ExactArgs(1), check: amountFirst,
		call: func(_ context.Context, _ *client.Client, _ chain.AccountID, args []string) (any, string, error) {
			amount, err := parseTokens(args[0])
			return staking.Rebond{Value: amount}, fmt.Sprintf("up to %s are at stake again", tokens(amount)), err
		},
	}.command()
}

// withdrawn says what became free.
func withdrawn(in *client.Included) string {
	if e, ok := client.Event[staking.Withdrawn](in); ok {
		return fmt.Sprintf("%s are free", tokens(e.Amount))
	}
	return "nothing became free: either nothing is left at stake, or slashes that are due come first (then try again in the next block)"
}

func withdrawCommand() *cobra.Command {
	return stakeTx{
		use: "withdraw", short: "Free what was unbonded long enough ago", args: cobra.NoArgs,
		call: func(ctx context.Context, c *client.Client, who chain.AccountID, _ []string) (any, string, error) {
			s, ok, err := c.Stash(ctx, who)
			if err == nil && !ok {
				err = hint(fmt.Errorf("%s has nothing at stake", who), "`tacit stake status ACCOUNT` tells what one has")
			}
			if err != nil {
				return nil, "", err
			}
			e, _, err := c.Era(ctx)
			ripe := s.Ledger.Total.IsZero() // nothing is left: it ends
			for _, u := range s.Ledger.Unlocking {
				ripe = ripe || u.Era <= e.Active
			}
			if err == nil && !ripe {
				err = hint(errors.New("nothing is free yet"), "`tacit stake status %s` tells from which era on it is", who)
			}
			return staking.WithdrawUnbonded{NumSlashingSpans: s.Spans}, "", err
		},
		done: withdrawn,
	}.command()
}
