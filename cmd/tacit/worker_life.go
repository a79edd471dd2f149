package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/relay"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/worker/wire"
)

// workerRegister registers a worker, for the first time or again: the chain
// makes no difference, and the words are for people.
func workerRegister(use string) *cobra.Command {
	var f userFlags
	var s signerFlags
	var endpoints []string
	var development bool
	short := "Register a worker that runs"
	if use == "renew" {
		short = "Register a worker again before its registration ends"
	}
	cmd := &cobra.Command{
		Use: use + " URL", Short: short, Args: cobra.ExactArgs(1),
		Example: "  tacit worker " + use + " http://127.0.0.1:9945 --key-file operator.secret",
		Long: short + ". The URL is where the worker answers its relay. Its relay does the same by itself, and again before the\n" +
			"registration ends; this is for when you want to see what the chain says.",
		RunE: func(cmd *cobra.Command, args []string) error {
			operator, err := s.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				info, err := wire.NewClient(args[0], nil).Info(ctx)
				if err != nil {
					return nil, nil, hint(err, "the URL is where tacit-worker listens, as the line says that it prints when it starts")
				}
				old, known, err := registeredWorker(ctx, c, info.Identity)
				if err != nil {
					return nil, nil, err
				}
				if use == "renew" && !known {
					return nil, nil, unregistered(info.Identity)
				}
				cfg := relay.Config{Node: f.rpc, Worker: args[0], Operator: operator, Endpoints: endpoints}
				if len(endpoints) == 0 {
					cfg.Endpoints = old.Endpoints
				}
				if development {
					cfg.Collateral = &devpki.PCS{PKI: devpki.New(devpki.Seed)}
				}
				if err := relay.New(cfg).Register(ctx); err != nil {
					return nil, nil, refusedBecause(err)
				}
				w, err := c.Worker(ctx, info.Identity)
				if err != nil {
					return nil, nil, err
				}
				st, ok, err := stateOf(ctx, c, w)
				if err == nil && !ok {
					err = unregistered(info.Identity)
				}
				return st, func(out io.Writer) {
					fmt.Fprintf(out, "registered %s\nboot epoch %d, %s, tier %d, %s, until %s\n", st.Worker, st.BootEpoch, st.TEE, st.Tier, st.Status, st.Expires)
				}, err
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().StringArrayVar(&endpoints, "endpoint", nil, "URL at which users reach the worker (default as before, or the URL)")
	cmd.Flags().BoolVar(&development, "development-collateral", false, "bring what the simulated hardware's vendor publishes")
	return cmd
}

// registeredWorker returns a worker, if it is registered.
func registeredWorker(ctx context.Context, c *client.Client, id [32]byte) (client.Worker, bool, error) {
	judged, err := judge(ctx, c, id)
	if err != nil || judged == nil {
		return client.Worker{}, false, err
	}
	w, err := c.Worker(ctx, id)
	return w, err == nil, err
}

// reasons are what to do when the chain refuses a registration.
var reasons = map[string]string{
	"Attestation.BadQuote":        "the quote proves nothing: `tacit verify take` and `tacit verify quote` show which check fails",
	"Attestation.RefusedByPolicy": "the machine is genuine and not good enough, or runs another program or configuration: `tacit verify quote` shows what differs",
	"Attestation.NoCollateral":    "have the collateral of the machine's family brought to the chain; for simulated hardware --development-collateral does",
	"Attestation.UnknownAnchor":   "this chain does not trust the machine's vendor; a live chain takes no simulated hardware",
	"Attestation.UnknownImage":    "governance has to admit the program first: `tacit-worker -measure` prints what it measures to",
	"Attestation.ImageInactive":   "the program is not admitted yet, or has retired: run the one that is admitted",
	"Registry.Frozen":             "governance admits no new workers at present; those that are registered may renew",
	"Registry.PlatformFull":       "as many workers as may are registered on this machine: let one of them leave",
	"Registry.PlatformBanned":     "governance refuses this machine",
	"Registry.OlderImage":         "the worker ran a newer program before, and does not go back",
	"Registry.OldBootEpoch":       "a later instance of the worker is registered: only one may run",
	"Registry.OtherPlatform":      "the machine is out of date, and not the one on which the worker was registered: update it",
	"Registry.NotOperator":        "sign with the operator that the worker was asked to serve",
	"Registry.BadBlock":           "the node is behind, or follows another fork: `tacit chain head` shows how far it is",
}

func refusedBecause(err error) error {
	if f, ok := errors.AsType[*client.Failure](err); ok {
		if text := reasons[f.Name]; text != "" {
			return hint(err, "%s", text)
		}
	}
	return err
}

func workerDrain() *cobra.Command {
	var f userFlags
	var s signerFlags
	var off bool
	cmd := &cobra.Command{
		Use: "drain ID", Short: "Give a worker no new work, or again", Args: cobra.ExactArgs(1),
		Long: "Give a worker no new work. What it has, it goes on with; when it is in no cluster any more it can leave.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.operate(cmd, &s, args[0], func(ctx context.Context, c *client.Client, id [32]byte) (any, string, error) {
				return registry.SetDraining{Worker: id, Draining: !off}, map[bool]string{false: "gets no new work", true: "gets new work again"}[off], nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().BoolVar(&off, "off", false, "take new work again")
	return cmd
}

func workerLeave() *cobra.Command {
	var f userFlags
	var s signerFlags
	var force bool
	cmd := &cobra.Command{
		Use: "leave ID", Short: "Take a worker out", Args: cobra.ExactArgs(1),
		Long: "Take a worker out. A worker that is a member of clusters holds their keys: it leaves with --force only.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.operate(cmd, &s, args[0], func(ctx context.Context, c *client.Client, id [32]byte) (any, string, error) {
				rt := c.Runtime()
				raw, ok, err := c.Storage(ctx, rt.Clusters.Memberships.Key(id), nil)
				if err != nil {
					return nil, "", err
				}
				if ok && !force {
					list, err := rt.Clusters.Memberships.Decode(raw)
					if err == nil && len(list) > 0 {
						err = hint(fmt.Errorf("the worker is a member of %d clusters", len(list)),
							"a cluster whose last worker leaves is lost: `tacit worker drain` first, or --force")
					}
					if err != nil {
						return nil, "", err
					}
				}
				return registry.Deregister{Worker: id}, "left", nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "leave even as a member of clusters")
	return cmd
}

// operate makes a call of a worker's operator.
func (f *userFlags) operate(cmd *cobra.Command, s *signerFlags, worker string, call func(context.Context, *client.Client, [32]byte) (any, string, error)) error {
	id, err := parseWorker(worker)
	if err != nil {
		return err
	}
	operator, err := s.pair()
	if err != nil {
		return err
	}
	return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
		if _, known, err := registeredWorker(ctx, c, id); err != nil {
			return nil, nil, err
		} else if !known {
			return nil, nil, unregistered(id)
		}
		args, done, err := call(ctx, c, id)
		if err != nil {
			return nil, nil, err
		}
		in, err := c.Submit(ctx, operator, args, client.UntilInBlock)
		if err != nil {
			return nil, nil, refusedBecause(err)
		}
		v := map[string]any{"worker": fmt.Sprintf("0x%x", id), "done": done, "block": in.Number, "hash": in.Hash}
		return v, func(w io.Writer) { fmt.Fprintf(w, "worker 0x%x %s (block %d)\n", id, done, in.Number) }, nil
	})
}
