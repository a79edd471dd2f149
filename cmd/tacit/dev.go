package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/relay"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/web"
)

// devOptions are the flags of tacit dev.
type devOptions struct {
	demo             string
	once, json       bool
	data             string
	rpc, console     string
	worker, light    string
	blockTime        time.Duration
	validators       int
	workers          int
	verbose          bool
	privateHTTP      bool
	started          time.Time
	out              io.Writer
	log              *slog.Logger
	lines            *devLines
	rpcURL, pageURL  string
	lightAt          []string
	rpcReady, worked time.Duration
}

func devCommand() *cobra.Command {
	o := &devOptions{started: processStart()}
	cmd := &cobra.Command{
		Use: "dev", Short: "Run the whole network on this machine: a validator, a worker, its relay and the console",
		Example: "  tacit dev --demo hello\n  tacit dev --data ./mychain", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.out = cmd.OutOrStdout()
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.demo, "demo", "", "tell a story: hello deploys a confidential counter and calls it")
	f.BoolVar(&o.once, "once", false, "exit when the demo is over; with an error if any step failed")
	f.BoolVar(&o.json, "json", false, "print one JSON object when the demo is over, and nothing else")
	f.StringVar(&o.data, "data", "", "keep everything in this folder, and go on from there the next time")
	f.StringVar(&o.rpc, "rpc", "127.0.0.1:9944", "where the node answers; port 0 picks a free one")
	f.StringVar(&o.console, "console", "127.0.0.1:8080", "where the console is; port 0 picks a free one")
	f.StringVar(&o.worker, "worker", "127.0.0.1:0", "where the worker answers; port 0 picks a free one")
	f.StringVar(&o.light, "light", "127.0.0.1:0", "where light clients such as smoldot connect; port 0 picks a free one, nothing is nowhere")
	f.DurationVar(&o.blockTime, "block-time", 200*time.Millisecond, "time from block to block, for a new chain")
	f.IntVar(&o.validators, "validators", 1, "how many validators a new chain has; all run in this process")
	f.IntVar(&o.workers, "workers", 1, "how many workers run, each in a process and on a simulated machine of its own")
	f.BoolVar(&o.privateHTTP, "private-http", false, "let contracts' queries reach this machine and its networks over HTTP")
	f.BoolVar(&o.verbose, "verbose", false, "print the log")
	return cmd
}

// say prints a line for people.
func (o *devOptions) say(format string, args ...any) {
	if !o.json {
		fmt.Fprintf(o.out, format+"\n", args...)
	}
}

func (o *devOptions) run(ctx context.Context) error {
	if o.demo != "" && o.demo != "hello" {
		return hint(fmt.Errorf("there is no demo %q", o.demo), "the demo is called hello")
	}
	if o.validators < 1 || o.validators > len(engine.DevelopmentNames) {
		return hint(fmt.Errorf("--validators %d", o.validators), "1 to %d are possible", len(engine.DevelopmentNames))
	}
	if o.workers < 1 || o.workers > maxDevWorkers {
		return hint(fmt.Errorf("--workers %d", o.workers), "1 to %d are possible", maxDevWorkers)
	}
	if o.demo == "" && (o.once || o.json) {
		return hint(errors.New("--once and --json need a demo"), "add --demo hello")
	}
	if os.Getenv("GODEBUG") != "" {
		return hint(errors.New("GODEBUG is set; it would change what all nodes must do alike"), "unset GODEBUG")
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	o.lines = &devLines{}
	o.log = slog.New(slog.NewMultiHandler(
		slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}), slog.NewTextHandler(&o.lines.node, &slog.HandlerOptions{Level: slog.LevelInfo}),
	))
	dir := o.data
	if dir == "" {
		temp, err := os.MkdirTemp("", "tacit-dev-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		dir = temp
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	binary, err := workerBinary(ctx, o)
	if err != nil {
		return err
	}
	measurement, err := measure(binary)
	if err != nil {
		return err
	}
	spec, err := o.spec(dir, measurement)
	if err != nil {
		return err
	}
	return o.network(ctx, dir, binary, measurement, spec)
}

// network runs all parts until ctx ends, the demo is over, or a part fails.
func (o *devOptions) network(ctx context.Context, dir, binary string, measurement attest.TDXMeasurement, spec engine.Spec) error {
	rpc, err := listen("--rpc", o.rpc)
	if err != nil {
		return err
	}
	defer rpc.Close()
	page, err := listen("--console", o.console)
	if err != nil {
		return err
	}
	defer page.Close()
	o.rpcURL, o.pageURL = "ws://"+rpc.Addr().String(), "http://"+page.Addr().String()
	state := ""
	if o.data != "" {
		state = dir
	}
	nodes, err := o.nodes(dir, state, spec, rpc)
	if err != nil {
		return err
	}
	n := nodes[0]
	o.lightAt = n.Light()
	var enclaves []*process
	for i := range o.workers {
		p := &process{
			binary: binary, dir: filepath.Join(dir, "worker"), listen: o.worker, log: o.log, verbose: o.verbose, privateHTTP: o.privateHTTP,
			genesis: n.App().Genesis(), authorities: firstAuthorities(spec), up: make(chan struct{}),
		}
		if i == 0 {
			p.lines = &o.lines.worker
		} else {
			p.dir, p.listen = fmt.Sprintf("%s-%d", p.dir, i+1), "127.0.0.1:0"
		}
		enclaves = append(enclaves, p)
	}
	enclave := enclaves[0]
	operator, err := devOperator(0)
	if err != nil {
		return err
	}
	// The first worker's are those that the console can make.
	faults := &faults{rpc: o.rpcURL, enclave: enclave, operator: operator, lines: o.lines, relay: newSwitch(), token: rand.Text()}
	over, end := context.WithCancel(ctx)
	defer end()
	g, ctx := errgroup.WithContext(over)
	for _, n := range nodes {
		g.Go(func() error { return part("node", n.Run(ctx)) })
	}
	g.Go(func() error { return part("console", o.serveConsole(ctx, page, enclave, dir, faults)) })
	for i, p := range enclaves {
		operator, err := devOperator(i)
		if err != nil {
			return err
		}
		g.Go(func() error { return part("worker", p.run(ctx)) })
		g.Go(func() error {
			select {
			case <-ctx.Done():
				return nil
			case <-p.up:
			}
			r := relay.New(relay.Config{
				Node: o.rpcURL, Worker: p.url(), Operator: operator, Collateral: &devpki.PCS{PKI: devpki.New(devpki.Seed)}, Logger: o.log,
			})
			if i == 0 {
				return part("relay", faults.relay.run(ctx, r.Run))
			}
			return part("relay", r.Run(ctx))
		})
	}
	g.Go(func() error {
		err := o.story(ctx, n.App().Genesis(), dir, enclaves, measurement)
		if err != nil || o.once {
			end()
		}
		return err
	})
	err = g.Wait()
	if errors.Is(err, context.Canceled) && over.Err() != nil {
		err = nil
	}
	if err == nil && !o.once {
		o.say("\nstopped")
	}
	return err
}

// part names the part of the network that failed.
func part(name string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

func listen(flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, hint(fmt.Errorf("%s: %w", flag, err), "is something running there already? Choose another address with %s 127.0.0.1:0", flag)
	}
	return l, nil
}

// nodes makes the nodes of all validators. The first one answers at rpc.
func (o *devOptions) nodes(dir, state string, spec engine.Spec, rpc net.Listener) (nodes []*node.Node, err error) {
	var peers []string
	for i := range spec.Genesis.Validators {
		s, err := keystore.Develop(engine.DevelopmentNames[i])
		if err != nil {
			return nil, err
		}
		cfg := node.Config{Spec: spec, Dir: state, Home: filepath.Join(dir, "engine"), RPC: rpc, Light: o.light, Peers: peers, Local: true, Log: o.log}
		cfg.Keys.Add(s)
		if i > 0 {
			name := fmt.Sprintf("validator-%d", i+1)
			cfg.RPC, cfg.Light, cfg.Home = nil, "", filepath.Join(dir, name, "engine")
			if state != "" {
				cfg.Dir = filepath.Join(state, name)
			}
		}
		if len(spec.Genesis.Validators) > 1 {
			if cfg.Listen, err = freeAddress(); err != nil {
				return nil, err
			}
		}
		n, err := node.New(cfg)
		if errors.Is(err, syscall.EAGAIN) { // of the lock
			return nil, hint(err, "is another `tacit dev` running on %s?", dir)
		}
		if err != nil {
			return nil, err
		}
		nodes, peers = append(nodes, n), append(peers, n.Peer())
	}
	return nodes, nil
}

// freeAddress returns an address of the loopback that is free now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// firstAuthorities are the GRANDPA keys from which a worker's light client
// begins.
func firstAuthorities(spec engine.Spec) [][32]byte {
	var list [][32]byte
	for _, v := range spec.Genesis.Validators {
		list = append(list, v.Keys.Grandpa)
	}
	return list
}

// wrap puts a name before an error.
func wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// spec reads the chain's spec from dir, or makes one with this worker's
// measurement in genesis.
func (o *devOptions) spec(dir string, measurement attest.TDXMeasurement) (engine.Spec, error) {
	path := filepath.Join(dir, "spec.json")
	if data, err := os.ReadFile(path); err == nil {
		spec, err := engine.ParseSpec(data)
		return spec, hint(wrap(path, err), "is %s a folder of `tacit dev`? Name another with --data", dir)
	} else if !errors.Is(err, os.ErrNotExist) {
		return engine.Spec{}, err
	}
	spec, err := devSpec(measurement, o.blockTime, o.validators)
	if err != nil {
		return spec, err
	}
	data, err := spec.JSON()
	if err != nil {
		return spec, err
	}
	return spec, writeWhole(path, data)
}

// writeWhole writes a file so that, whenever this program is killed, there is
// all of it or nothing.
func writeWhole(path string, data []byte) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// maxDevWorkers is the most workers of a development network.
const maxDevWorkers = 16

// devOperator is whose account registers and pays for a worker, by its number.
func devOperator(i int) (keys.Pair, error) {
	if i == 0 {
		return keys.FromURI(keys.Sr25519, "//Alice//worker")
	}
	return keys.FromURI(keys.Sr25519, fmt.Sprintf("//Alice//worker//%d", i+1))
}

// devSpec is the spec of a development chain. Its validators are those of the
// first development accounts.
func devSpec(measurement attest.TDXMeasurement, blockTime time.Duration, validators int) (engine.Spec, error) {
	accounts, err := devAccounts()
	if err != nil {
		return engine.Spec{}, err
	}
	g := runtime.Genesis{
		SpecVersion: runtime.SpecVersion, Sudo: &accounts[0].Address, SessionBlocks: 50,
		Attestation: attestation.Genesis{
			Anchors: []attestation.Anchor{{Kind: attestation.Development, Certificate: devpki.New(devpki.Seed).Anchor(), Enabled: true}},
			Images:  []attest.Image{{Name: "tacit-worker", Version: 1, ConsensusVersion: 1, Measurement: measurement}},
		},
	}
	for i := range maxDevWorkers {
		operator, err := devOperator(i)
		if err != nil {
			return engine.Spec{}, err
		}
		g.Balances = append(g.Balances, runtime.Endowment{Account: operator.AccountID(), Amount: wealth})
	}
	for _, a := range accounts {
		g.Balances = append(g.Balances, runtime.Endowment{Account: a.Address, Amount: wealth})
	}
	for _, name := range engine.DevelopmentNames[:validators] {
		_, v, err := keystore.DevelopValidator(name)
		if err != nil {
			return engine.Spec{}, err
		}
		g.Validators = append(g.Validators, v)
	}
	holdElections(&g)
	return engine.Spec{
		Name: "Tacit Development", ID: "tacit-dev", Kind: engine.Development, Symbol: "TACIT",
		BlockTime: uint64(blockTime / time.Millisecond), GenesisTime: uint64(time.Now().UnixMilli()), Genesis: g,
	}, nil
}

// story waits until the network is up, tells about it, and runs the demo.
func (o *devOptions) story(ctx context.Context, genesis hash.H256, dir string, enclaves []*process, measurement attest.TDXMeasurement) error {
	return client.With(ctx, o.rpcURL, func(ctx context.Context, c *client.Client) error {
		o.rpcReady = time.Since(o.started)
		if err := o.banner(genesis, measurement); err != nil {
			return err
		}
		if err := o.admit(ctx, c, measurement); err != nil {
			return err
		}
		if o.demo == "" {
			for _, p := range enclaves {
				w, err := o.registered(ctx, c, p)
				if err != nil {
					return err
				}
				o.say("worker      0x%x registered in block %d, %s", w.Identity, w.Info.Block, simulated)
			}
			o.say("\nPress Ctrl-C to stop.")
			return nil
		}
		result, err := o.hello(ctx, c, enclaves[0], dir)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if o.json {
			enc := json.NewEncoder(o.out)
			enc.SetIndent("", "  ")
			return enc.Encode(result)
		}
		if !o.once {
			o.say("\nEverything stays up: open %s, or press Ctrl-C to stop.", o.pageURL)
		}
		return nil
	})
}

func (o *devOptions) banner(genesis hash.H256, measurement attest.TDXMeasurement) error {
	accounts, err := devAccounts()
	if err != nil {
		return err
	}
	o.say("Tacit development network · %s", simulated)
	o.say("")
	o.say("rpc         %s", o.rpcURL)
	o.say("console     %s", o.pageURL)
	if len(o.lightAt) > 0 {
		o.say("light       %s", o.lightAt[0])
	}
	o.say("chain       tacit-dev, genesis %v", genesis)
	o.say("worker      measures to %x", measurement.MRTD)
	o.say("")
	o.say("Development accounts, whose secrets everybody knows:")
	for _, a := range accounts {
		o.say("  %-10s %s  %s", a.Name, a.Address, a.Public)
	}
	o.say("")
	return nil
}

// admit adds the worker's image by Sudo where genesis has another one.
func (o *devOptions) admit(ctx context.Context, c *client.Client, measurement attest.TDXMeasurement) error {
	id := attest.ImageID(measurement)
	_, known, err := client.Find[attest.Image](ctx, c, c.Runtime().Attestation.Images.Key(id), nil)
	if err != nil || known {
		return err
	}
	alice, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		return err
	}
	add := attestation.AddImage{Name: []byte("tacit-worker"), Version: 1, ConsensusVersion: 1, Measurement: measurement}
	in, err := c.Submit(ctx, alice, sudo.Sudo{Call: c.Runtime().CallOf(add)}, client.UntilInBlock)
	if err != nil {
		return err
	}
	if done, ok := client.Event[sudo.Sudid](in); !ok || !done.SudoResult.OK {
		return fmt.Errorf("the chain did not take the worker's new image: %v", done.SudoResult.Err)
	}
	o.say("image       the worker was built anew: //Alice added the image %v by Sudo", id.Short())
	return nil
}

// registered waits until the chain has the worker that runs now, and its
// address.
func (o *devOptions) registered(ctx context.Context, c *client.Client, enclave *process) (client.Worker, error) {
	for {
		select {
		case <-ctx.Done():
			return client.Worker{}, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		info, err := enclave.info(ctx)
		if err != nil {
			continue // it is starting
		}
		w, err := c.Worker(ctx, info.Identity)
		if err == nil && w.Info.BootEpoch == info.BootEpoch && len(w.Endpoints) > 0 {
			o.worked = time.Since(o.started)
			return w, nil
		}
	}
}

// serveConsole serves the console's page, what it has to know, and what it may
// break.
func (o *devOptions) serveConsole(ctx context.Context, l net.Listener, enclave *process, dir string, f *faults) error {
	handler := web.WithActions(func() any { return o.consoleConfig(enclave, dir, f.token) }, f.token, f.actions())
	return serveHTTP(ctx, l, handler)
}
