package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/internal/strictjson"
	"github.com/tacit-network/tacit/relay"
)

// relayFile is the relay's configuration, relay.json.
type relayFile struct {
	Node      string   `json:"node"`
	Worker    string   `json:"worker"`
	Endpoints []string `json:"endpoints"`
	// Collateral is "development" where the TEE is simulated, and empty where
	// somebody else brings what the hardware's vendor publishes.
	Collateral string `json:"collateral"`
}

func (f relayFile) validate() error {
	var faults []error
	for _, at := range []struct{ name, url string }{{"node", f.Node}, {"worker", f.Worker}} {
		if u, err := url.Parse(at.url); err != nil || u.Host == "" {
			faults = append(faults, fmt.Errorf("%s: %q is no URL", at.name, at.url))
		}
	}
	if f.Collateral != "" && f.Collateral != "development" {
		faults = append(faults, fmt.Errorf("collateral: %q is neither empty nor \"development\"", f.Collateral))
	}
	return errors.Join(faults...)
}

func relayCommand() *cobra.Command {
	var dir string
	var verbose, asJSON bool
	cmd := &cobra.Command{
		Use: "relay", Short: "Carry messages between a worker and the chain", Args: cobra.NoArgs,
		Example: "  tacit relay --data ./net/w1",
		Long: "Reads relay.json in the folder, and the secret of the worker's operator from operator.secret beside it. " +
			"A relay is trusted by nobody and keeps nothing: it may be stopped at any time, and two may serve one worker.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := filepath.Join(dir, "relay.json")
			data, err := os.ReadFile(path)
			if err != nil {
				return hint(err, "--data names a folder with relay.json and operator.secret; `tacit init --workers` makes one")
			}
			var f relayFile
			if err := strictjson.Decode(data, &f); err != nil {
				return wrap(path, err)
			}
			if err := f.validate(); err != nil {
				return wrap(path, err)
			}
			operator, err := (&signerFlags{keyFile: filepath.Join(dir, "operator.secret"), scheme: "sr25519"}).pair()
			if err != nil {
				return err
			}
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			cfg := relay.Config{
				Node: f.Node, Worker: f.Worker, Operator: operator, Endpoints: f.Endpoints,
				Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
			}
			if f.Collateral == "development" {
				cfg.Collateral = &devpki.PCS{PKI: devpki.New(devpki.Seed)}
			}
			at := map[string]any{"node": f.Node, "worker": f.Worker, "operator": operator.AccountID()}
			err = (&userFlags{json: asJSON}).print(cmd.OutOrStdout(), at, func(w io.Writer) {
				fmt.Fprintf(w, "relay between %s and %s, operator %s\n", f.Node, f.Worker, operator.AccountID())
			})
			if err != nil {
				return err
			}
			return relay.New(cfg).Run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&dir, "data", ".", "folder with relay.json and operator.secret")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log more")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print between whom it runs as one JSON object")
	return cmd
}
