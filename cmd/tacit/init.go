package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/engine/comet"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/scale"
)

// initOptions are the flags of tacit init.
type initOptions struct {
	out, id                  string
	validators, workers      int
	blockTime                time.Duration
	sessionBlocks            uint32
	hosts                    []string
	p2pPort, rpcPort, metric int
	lightPort                int
	workerBinary             string
	noElections              bool
}

func initCommand() *cobra.Command {
	var o initOptions
	var f userFlags
	cmd := &cobra.Command{
		Use: "init", Short: "Write the keys, the chain spec and the configuration of a new test network", Args: cobra.NoArgs,
		Example: "  tacit init --validators 4 --out ./net\n  tacit node --data ./net/v1",
		Long: "Writes one folder a validator: its session keys in files of their own, its network key, the secret of its account, " +
			"the chain spec and node.json. The development accounts are endowed, and //Alice has Sudo: it is a network for tests.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			made, err := o.run(cmd.Context())
			if err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), made, func(w io.Writer) {
				fmt.Fprintf(w, "chain %s, genesis %v\n\nOne command a terminal:\n", made.Chain, made.Genesis)
				for _, dir := range made.Validators {
					fmt.Fprintf(w, "  tacit node --data %s\n", dir)
				}
				for _, dir := range made.Workers {
					fmt.Fprintf(w, "  tacit-worker -config %s\n  tacit relay --data %s\n", filepath.Join(dir, "worker.json"), dir)
				}
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&o.out, "out", "", "folder to write into; it must be empty or not there")
	fl.StringVar(&o.id, "chain-id", "tacit-local", "the chain's name for programs")
	fl.IntVar(&o.validators, "validators", 4, "how many validators")
	fl.IntVar(&o.workers, "workers", 0, "how many workers with simulated TEEs to prepare")
	fl.DurationVar(&o.blockTime, "block-time", time.Second, "time from block to block")
	fl.Uint32Var(&o.sessionBlocks, "session-blocks", 600, "blocks in a session")
	fl.BoolVar(&o.noElections, "no-elections", false, "let Sudo say who validates by tacit tx set-validators, instead of elections by stake")
	fl.StringSliceVar(&o.hosts, "hosts", nil, "names of the validators' machines; without them all run on this one, with ports that count up")
	fl.IntVar(&o.p2pPort, "p2p-port", 26656, "port for peers")
	fl.IntVar(&o.rpcPort, "rpc-port", 9944, "port for JSON-RPC")
	fl.IntVar(&o.metric, "metrics-port", 9615, "port for /metrics, /health and /ready")
	fl.IntVar(&o.lightPort, "light-port", 0, "port for light clients such as smoldot; 0 serves none")
	fl.StringVar(&o.workerBinary, "worker-binary", "", "tacit-worker whose measurement genesis admits; the one beside tacit when left out")
	fl.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

// network is what tacit init made.
type network struct {
	Chain      string   `json:"chain"`
	Genesis    string   `json:"genesis"`
	Spec       string   `json:"spec"`
	Validators []string `json:"validators"`
	Workers    []string `json:"workers"`
}

func (o *initOptions) check() error {
	var faults []error
	if o.out == "" {
		faults = append(faults, errors.New("--out is missing"))
	}
	if o.validators < 1 || o.validators > 100 {
		faults = append(faults, fmt.Errorf("--validators %d is not in 1…100", o.validators))
	}
	if o.workers < 0 || o.workers > 100 {
		faults = append(faults, fmt.Errorf("--workers %d is not in 0…100", o.workers))
	}
	if len(o.hosts) > 0 && len(o.hosts) != o.validators {
		faults = append(faults, fmt.Errorf("--hosts names %d machines for %d validators", len(o.hosts), o.validators))
	}
	if entries, err := os.ReadDir(o.out); err == nil && len(entries) > 0 {
		faults = append(faults, fmt.Errorf("--out: %s is not empty", o.out))
	}
	return hint(errors.Join(faults...), "`tacit init --help` tells how it is used")
}

// validatorFiles is one validator while its network is made.
type validatorFiles struct {
	dir     string
	session keystore.Session
	account keys.AccountID
	phrase  string
	peer    string
}

func (o *initOptions) run(ctx context.Context) (made network, err error) {
	if err := o.check(); err != nil {
		return made, err
	}
	spec, err := o.spec(ctx)
	if err != nil {
		return made, err
	}
	var list []validatorFiles
	for i := range o.validators {
		v, err := o.validator(i)
		if err != nil {
			return made, err
		}
		list = append(list, v)
		spec.Genesis.Validators = append(spec.Genesis.Validators, v.session.Validator(v.account))
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: v.account, Amount: wealth})
	}
	if !o.noElections {
		holdElections(&spec.Genesis)
	}
	operators, err := o.operators(&spec)
	if err != nil {
		return made, err
	}
	if err := spec.Validate(); err != nil {
		return made, err
	}
	genesis, err := spec.GenesisHash(runtime.New())
	if err != nil {
		return made, err
	}
	made = network{Chain: spec.ID, Genesis: genesis.String(), Spec: filepath.Join(o.out, "spec.json")}
	data, err := spec.JSON()
	if err != nil {
		return made, err
	}
	if err := writeWhole(made.Spec, data); err != nil {
		return made, err
	}
	for i, v := range list {
		if err := writeWhole(filepath.Join(v.dir, "spec.json"), data); err != nil {
			return made, err
		}
		if err := o.configuration(i, list).write(v.dir); err != nil {
			return made, err
		}
		made.Validators = append(made.Validators, v.dir)
	}
	for i, phrase := range operators {
		dir := filepath.Join(o.out, fmt.Sprintf("w%d", i+1))
		if err := o.worker(dir, i, phrase, genesis, spec); err != nil {
			return made, err
		}
		made.Workers = append(made.Workers, dir)
	}
	return made, nil
}

// wealth is what a test network endows each of its accounts with.
var wealth = runtime.Unit.MulSat(scale.U64(1_000_000))

// spec is the chain without its validators.
func (o *initOptions) spec(ctx context.Context) (engine.Spec, error) {
	accounts, err := devAccounts()
	if err != nil {
		return engine.Spec{}, err
	}
	g := runtime.Genesis{
		SpecVersion: runtime.SpecVersion, Sudo: &accounts[0].Address, SessionBlocks: o.sessionBlocks,
		Attestation: attestation.Genesis{
			Anchors: []attestation.Anchor{{Kind: attestation.Development, Certificate: devpki.New(devpki.Seed).Anchor(), Enabled: true}},
		},
	}
	for _, a := range accounts {
		g.Balances = append(g.Balances, runtime.Endowment{Account: a.Address, Amount: wealth})
	}
	if o.workers > 0 || o.workerBinary != "" {
		binary := o.workerBinary
		if binary == "" {
			if binary, err = workerBinary(ctx, &devOptions{json: true}); err != nil {
				return engine.Spec{}, err
			}
		}
		m, err := measure(binary)
		if err != nil {
			return engine.Spec{}, err
		}
		g.Attestation.Images = []attest.Image{{Name: "tacit-worker", Version: 1, ConsensusVersion: 1, Measurement: m}}
	}
	return engine.Spec{
		Name: "Tacit " + o.id, ID: o.id, Kind: engine.Local, Symbol: "TACIT", BlockTime: uint64(o.blockTime / time.Millisecond),
		GenesisTime: uint64(time.Now().UnixMilli()), Genesis: g,
	}, nil
}

// validator makes the keys of one validator.
func (o *initOptions) validator(i int) (v validatorFiles, err error) {
	v.dir = filepath.Join(o.out, fmt.Sprintf("v%d", i+1))
	if v.session, err = keystore.New(); err != nil {
		return v, err
	}
	if err := v.session.Write(filepath.Join(v.dir, keysFolder)); err != nil {
		return v, err
	}
	if v.phrase, v.account, err = newAccount(); err != nil {
		return v, err
	}
	if err := writeWhole(filepath.Join(v.dir, "account.secret"), []byte(v.phrase+"\n")); err != nil {
		return v, err
	}
	id, err := comet.Identity(filepath.Join(v.dir, engineFolder))
	if err != nil {
		return v, err
	}
	host, port := "127.0.0.1", o.p2pPort+i
	if len(o.hosts) > 0 {
		host, port = o.hosts[i], o.p2pPort
	}
	v.peer = id + "@" + net.JoinHostPort(host, strconv.Itoa(port))
	return v, nil
}

func newAccount() (phrase string, account chain.AccountID, err error) {
	if phrase, err = keys.NewPhrase(); err != nil {
		return "", account, err
	}
	pair, err := keys.FromURI(keys.Sr25519, phrase)
	if err != nil {
		return "", account, err
	}
	return phrase, pair.AccountID(), nil
}

// configuration is the node.json of validator i.
func (o *initOptions) configuration(i int, all []validatorFiles) nodeFile {
	host, step := "127.0.0.1", i
	if len(o.hosts) > 0 {
		host, step = "0.0.0.0", 0
	}
	at := func(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
	f := nodeFile{
		Name: fmt.Sprintf("v%d", i+1), Listen: at(o.p2pPort + step), RPC: at(o.rpcPort + step), Metrics: at(o.metric + step), Local: true,
		Peers: []string{}, SnapshotBlocks: 1000, SyncFrom: []string{},
	}
	if o.lightPort > 0 {
		f.Light = at(o.lightPort + step)
	}
	for j, v := range all {
		if j != i {
			f.Peers = append(f.Peers, v.peer)
		}
	}
	return f
}

// operators makes the accounts of the workers' operators, and endows them.
func (o *initOptions) operators(spec *engine.Spec) (phrases []string, err error) {
	for range o.workers {
		phrase, account, err := newAccount()
		if err != nil {
			return nil, err
		}
		phrases = append(phrases, phrase)
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: account, Amount: wealth})
	}
	return phrases, nil
}

// worker writes the folder of one worker and of its relay.
func (o *initOptions) worker(dir string, i int, phrase string, genesis hash.H256, spec engine.Spec) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(dir, "operator.secret"), []byte(phrase+"\n")); err != nil {
		return err
	}
	listen := net.JoinHostPort("127.0.0.1", strconv.Itoa(9100+i))
	node := net.JoinHostPort("127.0.0.1", strconv.Itoa(o.rpcPort+i%o.validators))
	if len(o.hosts) > 0 {
		listen, node = "127.0.0.1:9100", net.JoinHostPort(o.hosts[i%o.validators], strconv.Itoa(o.rpcPort))
	}
	err := writeJSON(filepath.Join(dir, "worker.json"), map[string]any{
		"dir": "state", "listen": listen, "chain": workerChain(genesis, firstAuthorities(spec)),
	})
	if err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "relay.json"), relayFile{
		Node: "ws://" + node, Worker: "http://" + listen, Endpoints: []string{}, Collateral: "development",
	})
}

// workerChain is a chain as the worker's configuration names it.
func workerChain(genesis hash.H256, authorities [][32]byte) map[string]any {
	list := make([]map[string]any, len(authorities))
	for i, a := range authorities {
		list[i] = map[string]any{"key": hash.H256(a), "weight": 1}
	}
	return map[string]any{"genesis": genesis, "authorities": list}
}

// writeJSON writes v so that there is all of it or nothing.
func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(path, append(data, '\n'))
}
