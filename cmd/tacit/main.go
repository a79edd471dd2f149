// Command tacit is the node, the tools of a user and the tools of an operator
// in one binary.
//
// Each verb is a file of this folder and a line of the table below; what a
// verb does is in the packages under it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// commands are the verbs, in the order in which help shows them.
var commands = []func() *cobra.Command{
	devCommand, initCommand, nodeCommand, relayCommand, consoleCommand, keyCommand, accountCommand, txCommand, chainCommand, contractCommand, clusterCommand,
	workerCommand, verifyCommand, doctorCommand, imageCommand, inspectCommand, stakeCommand, benchCommand,
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "tacit",
		Short:         "Confidential contracts on a proof-of-stake chain",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	for _, make := range commands {
		cmd.AddCommand(make())
	}
	strict(cmd)
	return cmd
}

// strict makes all commands below cmd tell where to read how they are used when
// their arguments are others, and lets those that only group others refuse a
// word that they do not know.
func strict(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
	cmd.SetFlagErrorFunc(misused)
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error { return misused(c, check(c, args)) }
	}
	if cmd.HasSubCommands() {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return misused(c, fmt.Errorf("%s has no command %q", c.CommandPath(), args[0]))
		}
		cmd.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		cmd.DisableFlagsInUseLine = true
	}
}

func misused(c *cobra.Command, err error) error {
	return hint(err, "`%s --help` tells how it is used", c.CommandPath())
}

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

// Unwrap returns the error.
func (h hinted) Unwrap() error { return h.error }

func hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return hinted{err, fmt.Sprintf(format, args...)}
}

// hintOf finds what to do about an error, for those that say nothing themselves.
func hintOf(err error) string {
	if h, ok := errors.AsType[hinted](err); ok {
		return h.hint
	}
	for _, h := range hints {
		if strings.Contains(err.Error(), h.text) {
			return h.hint
		}
	}
	return ""
}

// means is what an account needs that has too little in a cluster for what it
// wants done there.
const means = "`tacit cluster terms` shows what the cluster asks, `tacit cluster balance` what the account has there, `tacit cluster deposit` adds to it"

// hints are what to do about errors of the node and of workers, by a part of
// their text. The first that fits is taken.
var hints = []struct{ text, hint string }{
	{"connection refused", "is a node running? Start one with `tacit dev`, or name another with --rpc"},
	{"listen for light clients", "is something running there already? Choose another IP:port with --light"},
	{"Clusters.Nothing", "the amount is to be more than nothing"},
	{"the caller holds less than the value", "`tacit cluster balance` shows what the account has in the cluster, `tacit cluster deposit` adds to it"},
	{cannotPayGas, means}, {cannotPayStorage, means}, {"can pay for no more gas", means}, {"pay for reading it", means}, {cannotPayCode, means},
	{"no worker answered", "`tacit worker status` shows the workers and how far they are"},
	{"deadline exceeded", "it took longer than --wait allows"},
	{"WebSocket", "--rpc names a node, such as ws://127.0.0.1:9944"},
	{"Inability to pay", "the account has too little to pay the fee: `tacit account balance` shows what it has"},
	{"FundsUnavailable", "the account has too little: `tacit account balance` shows what it has"},
	{"Arithmetic.Underflow", "the amount is more than there is in all: `tacit account balance` shows what the account has"},
	{"NotExpendable", "the account would end: leave something in it, or use --allow-death"},
	{"BelowMinimum", "an account holds 0.001 TACIT at least, or nothing"},
	{"Transaction is outdated", "the nonce is used: somebody else signs with this account at the same time; try again"},
	{"TooFewWorkers", "fewer workers are registered than the cluster needs: `tacit worker status` lists them"},
	{"Clusters.NotOwner", "only the cluster's owner may do this: `tacit cluster list` shows who that is"},
	{"Clusters.BadTerms", "a price is at most 1000000 TACIT, and --treasury an account that can take out what it gets"},
	{"Clusters.Ready", "the cluster has its keys, and its workers stay: `tacit cluster status` names them"},
	{"Clusters.LastHolder", "the others do not have its secrets yet: `tacit cluster status` says who has; wait, or `tacit cluster recover` where it is gone for good"},
	{"Clusters.NotReady", "the cluster has no keys yet: wait, or have others drawn for workers that do not answer with `tacit cluster redraw`"},
	{"NotOwner", "only the account that made the contract may do this"},
	{"CodeNotFound", "`tacit contract upload` puts a code on the chain and prints its hash"},
	{"NoSuchCluster", "leave --cluster out to take the first one, or make one with `tacit cluster create`"},
	{"there is no contract", "a contract is named by what `tacit contract instantiate` printed, on this chain; of one that another contract made, name the --cluster"},
	{"the node has no block", "`tacit chain head` shows the newest block"},
	{"there is no block", "`tacit chain head` shows the newest block"},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	err := root().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "tacit:", printable(err.Error()))
	if h := hintOf(err); h != "" {
		fmt.Fprintln(os.Stderr, "hint:", h)
	}
	os.Exit(1)
}
