package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/internal/strictjson"
	"github.com/tacit-network/tacit/node"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/engine/comet"
	"github.com/tacit-network/tacit/node/keystore"
)

// The folders in a node's.
const (
	keysFolder   = "keys"
	engineFolder = "engine"
)

// nodeFile is a node's configuration, node.json. Flags go before it.
type nodeFile struct {
	// Name is for people.
	Name string `json:"name"`
	// Listen is where peers connect, Peers are those to stay connected with.
	Listen string   `json:"listen"`
	Peers  []string `json:"peers"`
	// Local allows peers in private networks, and several on one address.
	Local bool `json:"local"`
	// RPC and Metrics are where the node answers; empty is nowhere.
	RPC     string `json:"rpc"`
	Metrics string `json:"metrics"`
	// Light is where light clients of Substrate chains connect; empty is nowhere.
	Light string `json:"light"`
	// StatePruning is "archive", or how many blocks' states are kept.
	StatePruning string `json:"statePruning"`
	// SnapshotBlocks is after how many blocks the state is written down for new
	// nodes; 0 is never.
	SnapshotBlocks uint32 `json:"snapshotBlocks"`
	// SyncFrom are other nodes' JSON-RPC: with them a new node begins from a
	// snapshot and does not fetch all blocks.
	SyncFrom []string `json:"syncFrom"`
}

func (f nodeFile) write(dir string) error {
	if f.StatePruning == "" {
		f.StatePruning = "archive"
	}
	return writeJSON(filepath.Join(dir, "node.json"), f)
}

var peerForm = regexp.MustCompile(`^[0-9a-f]{40}@[^\s,@]+:\d+$`)

// validate reports every fault.
func (f nodeFile) validate() error {
	var faults []error
	for _, at := range []struct{ name, address string }{{"listen", f.Listen}, {"rpc", f.RPC}, {"metrics", f.Metrics}} {
		if _, _, err := net.SplitHostPort(at.address); at.address != "" && err != nil {
			faults = append(faults, fmt.Errorf("%s: %q is not host:port", at.name, at.address))
		}
	}
	if host, _, err := net.SplitHostPort(f.Light); f.Light != "" && (err != nil || net.ParseIP(host) == nil) {
		faults = append(faults, fmt.Errorf("light: %q is not IP:port", f.Light))
	}
	for _, p := range f.Peers {
		if !peerForm.MatchString(p) {
			faults = append(faults, fmt.Errorf("peers: %q is not id@host:port", p))
		}
	}
	for _, u := range f.SyncFrom {
		if at, err := url.Parse(u); err != nil || at.Host == "" {
			faults = append(faults, fmt.Errorf("syncFrom: %q is no URL", u))
		}
	}
	if _, err := f.pruning(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// pruning is how many blocks' states are kept; 0 is all.
func (f nodeFile) pruning() (uint32, error) {
	if f.StatePruning == "" || f.StatePruning == "archive" {
		return 0, nil
	}
	n, err := strconv.ParseUint(f.StatePruning, 10, 32)
	if err != nil || n < node.LeastPruning {
		return 0, fmt.Errorf("statePruning: %q is neither \"archive\" nor a number of blocks from %d", f.StatePruning, node.LeastPruning)
	}
	return uint32(n), nil
}

func nodeCommand() *cobra.Command {
	var dir, logForm string
	var verbose, asJSON bool
	flags := nodeFile{}
	cmd := &cobra.Command{
		Use: "node", Short: "Run one node of a network", Args: cobra.NoArgs,
		Example: "  tacit init --validators 4 --out ./net\n  tacit node --data ./net/v1",
		Long: "Reads spec.json and node.json in the folder, and the session keys in its folder keys; without keys the node only follows. " +
			"It ends with an error when its consensus stops, and can be started again after any crash.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			log, err := newLog(os.Stderr, logForm, level)
			if err != nil {
				return err
			}
			f, err := readNodeFile(dir)
			if err != nil {
				return err
			}
			for name, field := range map[string]*string{"rpc": &f.RPC, "listen": &f.Listen, "metrics": &f.Metrics, "light": &f.Light, "state-pruning": &f.StatePruning} {
				if cmd.Flags().Changed(name) {
					*field = cmd.Flag(name).Value.String()
				}
			}
			if cmd.Flags().Changed("snapshot-blocks") {
				f.SnapshotBlocks = flags.SnapshotBlocks
			}
			f.Peers, f.SyncFrom = append(f.Peers, flags.Peers...), append(f.SyncFrom, flags.SyncFrom...)
			if err := f.validate(); err != nil {
				return err
			}
			return runNode(cmd.Context(), dir, f, log, func(v nodeAt) error { return (&userFlags{json: asJSON}).print(cmd.OutOrStdout(), v, v.text) })
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&dir, "data", ".", "the node's folder")
	fl.StringVar(&flags.RPC, "rpc", "", "where JSON-RPC answers, before what node.json says; empty is nowhere")
	fl.StringVar(&flags.Listen, "listen", "", "where peers connect")
	fl.StringVar(&flags.Metrics, "metrics", "", "where /metrics, /health and /ready answer")
	fl.StringVar(&flags.Light, "light", "", "where light clients such as smoldot connect, as IP:port")
	fl.StringVar(&flags.StatePruning, "state-pruning", "", "archive, or how many blocks' states are kept")
	fl.Uint32Var(&flags.SnapshotBlocks, "snapshot-blocks", 0, "after how many blocks the state is written down for new nodes; 0 is never")
	fl.StringSliceVar(&flags.SyncFrom, "sync-from", nil, "JSON-RPC of another node: a new node then begins from a snapshot")
	fl.StringSliceVar(&flags.Peers, "peer", nil, "one more peer, as id@host:port")
	fl.StringVar(&logForm, "log", "text", "text or json")
	fl.BoolVar(&verbose, "verbose", false, "log more")
	fl.BoolVar(&asJSON, "json", false, "print where the node answers as one JSON object")
	return cmd
}

func newLog(w io.Writer, form string, level slog.Level) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level}
	switch form {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, hint(fmt.Errorf("--log %q", form), "it is text or json")
}

// readNodeFile reads node.json. A folder without one has the defaults.
func readNodeFile(dir string) (nodeFile, error) {
	f := nodeFile{Listen: "127.0.0.1:26656", RPC: "127.0.0.1:9944", Local: true}
	path := filepath.Join(dir, "node.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = strictjson.Decode(data, &f)
	}
	return f, wrap(path, err)
}

// nodeAt is where a node answers.
type nodeAt struct {
	Chain   string    `json:"chain"`
	Genesis hash.H256 `json:"genesis"`
	Peer    string    `json:"peer"`
	RPC     string    `json:"rpc,omitempty"`
	Metrics string    `json:"metrics,omitempty"`
	Light   []string  `json:"light,omitempty"`
}

func (n nodeAt) text(w io.Writer) {
	fmt.Fprintf(w, "chain    %s, genesis %v\npeer     %s\n", n.Chain, n.Genesis, n.Peer)
	if n.RPC != "" {
		fmt.Fprintf(w, "rpc      %s\n", n.RPC)
	}
	if n.Metrics != "" {
		fmt.Fprintf(w, "metrics  %s\n", n.Metrics)
	}
	for _, a := range n.Light {
		fmt.Fprintf(w, "light    %s\n", a)
	}
}

// runNode runs the node of a folder until ctx ends.
func runNode(ctx context.Context, dir string, f nodeFile, log *slog.Logger, started func(nodeAt) error) error {
	if os.Getenv("GODEBUG") != "" {
		return hint(errors.New("GODEBUG is set; it would change what all nodes must do alike"), "unset GODEBUG")
	}
	path := filepath.Join(dir, "spec.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return hint(err, "--data names a node's folder with the chain's spec.json; `tacit init` makes some")
	}
	spec, err := engine.ParseSpec(data)
	if err != nil {
		return wrap(path, err)
	}
	keep, err := f.pruning()
	if err != nil {
		return err
	}
	cfg := node.Config{
		Spec: spec, Dir: dir, Home: filepath.Join(dir, engineFolder), Listen: f.Listen, Peers: f.Peers, Local: f.Local,
		Light: f.Light, Pruning: keep, SnapshotEvery: f.SnapshotBlocks, SyncFrom: f.SyncFrom, Log: log,
	}
	if cfg.Keys, err = keystore.Load(filepath.Join(dir, keysFolder)); err != nil {
		return err
	}
	if f.RPC != "" {
		if cfg.RPC, err = listen("--rpc", f.RPC); err != nil {
			return err
		}
		defer cfg.RPC.Close()
	}
	if f.Metrics != "" {
		if cfg.Metrics, err = listen("--metrics", f.Metrics); err != nil {
			return err
		}
		defer cfg.Metrics.Close()
	}
	n, err := node.New(cfg)
	if errors.Is(err, syscall.EAGAIN) { // of the lock
		return hint(err, "is another `tacit node` running on %s?", dir)
	}
	if err != nil {
		return hintUpgrade(err)
	}
	at := nodeAt{Chain: spec.ID, Genesis: n.App().Genesis(), Peer: n.Peer(), Light: n.Light()}
	if cfg.RPC != nil {
		at.RPC = "ws://" + cfg.RPC.Addr().String()
	}
	if cfg.Metrics != nil {
		at.Metrics = "http://" + cfg.Metrics.Addr().String() + "/metrics"
	}
	if err := started(at); err != nil {
		return err
	}
	err = n.Run(ctx)
	if errors.Is(err, comet.ErrHalted) {
		return hint(err, "the others go on without this node; `docs/operations.md` tells what to do")
	}
	return hintUpgrade(err)
}

// hintUpgrade says what to do about a runtime that the program lacks.
func hintUpgrade(err error) error {
	if _, ok := errors.AsType[engine.Outdated](err); ok {
		return hint(err, "start a newer tacit on the same folder; nothing was lost")
	}
	return err
}
