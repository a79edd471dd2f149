// Package comet drives an engine.App among validators with CometBFT, in this
// process: CometBFT decides which block comes next, and the votes for it carry
// the precommits that prove the block before final.
//
// Proposals and votes go in and out over CometBFT's own network; the App
// executes what was decided. CometBFT keeps its data in the node's store. Its
// RPC and its index are off, and its mempool is the node's pool.
package comet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/consensus"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/proxy"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/types"

	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/snapshot"
	"github.com/tacit-network/tacit/runtime/pallet/session"
)

// Config is what a Node is made of.
type Config struct {
	// App is the application, of which the Node becomes the only driver.
	App *engine.App
	// Pool is the node's; nil takes no transactions of peers.
	Pool Pool
	// Home is the folder of the network key, of the consensus log and of the
	// address book. It is made. Empty is a fresh folder that Run removes, for
	// a store in memory.
	Home string
	// Validators are a validator's ed25519 keys for consensus: the one that is
	// in the set signs. None is a node that only follows.
	Validators []keys.Pair
	// Grandpa are a validator's keys for finality: the one that is in the set
	// signs, another can wait for a session that has it.
	Grandpa []keys.GrandpaPair
	// Listen is where peers connect, as host:port. Default 127.0.0.1:0.
	Listen string
	// Peers are peers to stay connected with, as id@host:port.
	Peers []string
	// Local allows peers in private networks, and several on one address.
	Local bool
	// Snapshots are what this node serves to new ones; nil is none.
	Snapshots *snapshot.Folder
	// SyncFrom lets a node whose chain is empty begin from a snapshot of its
	// peers, with what this source proves; nil fetches all blocks.
	SyncFrom Source
	// Metrics lets CometBFT count in Prometheus' default registry. One Node of a
	// process may.
	Metrics bool
	// Log is for the engine; nil is silence.
	Log *slog.Logger
}

// Identity returns the id by which peers know the node with this home folder,
// and makes its network key when there is none.
func Identity(home string) (string, error) {
	dir := filepath.Join(home, "config")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the engine's folder: %w", err)
	}
	key, err := p2p.LoadOrGenNodeKey(filepath.Join(dir, "node_key.json"))
	if err != nil {
		return "", fmt.Errorf("make the network key: %w", err)
	}
	return string(key.ID()), nil
}

// Node is CometBFT over an App.
type Node struct {
	app    *engine.App
	abci   *application
	comet  *node.Node
	state  *consensus.State
	states sm.Store
	listen string
	remove string // a folder that Run removes
	log    *slog.Logger
}

// ErrHalted means that the consensus of this node stopped by itself: its state
// or its votes are not those of the others, or its disk failed.
var ErrHalted = errors.New("the consensus of this node has stopped")

// New makes a Node and brings the App up to what CometBFT decided before. Run
// starts it.
func New(cfg Config) (_ *Node, err error) {
	defer func() { // CometBFT panics about what it finds at its start
		if r := recover(); r != nil {
			err = fmt.Errorf("start CometBFT: %v", r)
		}
	}()
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	remove := ""
	if cfg.Home == "" {
		if cfg.Home, err = os.MkdirTemp("", "tacit-engine-"); err != nil {
			return nil, fmt.Errorf("make the engine's folder: %w", err)
		}
		remove = cfg.Home
	}
	for _, dir := range []string{"config", "data"} {
		if err := os.MkdirAll(filepath.Join(cfg.Home, dir), 0o700); err != nil {
			return nil, fmt.Errorf("make the engine's folder: %w", err)
		}
	}
	conf := settings(cfg)
	pairs := cfg.Validators
	if len(pairs) == 0 { // CometBFT wants a key; a fresh one is in no set
		fresh, err := keys.NewPair(keys.Ed25519, [32]byte(ed25519.GenPrivKey()[:32]))
		if err != nil {
			return nil, err
		}
		pairs = []keys.Pair{fresh}
	}
	validator, err := newSigners(pairs, cfg.App.Store().Space("signer"), func(public []byte) bool {
		set, err := cfg.App.Voters(cfg.App.Head().Number)
		return err == nil && slices.Contains(set.Engine, session.EngineKey(public))
	})
	if err != nil {
		return nil, err
	}
	nodeKey, err := p2p.LoadOrGenNodeKey(conf.NodeKeyFile())
	if err != nil {
		return nil, fmt.Errorf("make the network key: %w", err)
	}
	guards := map[keys.GrandpaID]*guard{}
	for _, pair := range cfg.Grandpa {
		if guards[pair.ID()], err = newGuard(pair, cfg.App.Store().Space("guard")); err != nil {
			return nil, err
		}
	}
	n := &Node{app: cfg.App, log: log, remove: remove}
	n.abci = newApplication(cfg.App, cfg.Pool, guards, log)
	n.abci.snapshots = cfg.Snapshots
	n.abci.wait = &conf.Consensus.TimeoutCommit
	var options []node.Option
	if cfg.SyncFrom != nil && cfg.App.Head().Number == 0 {
		p, err := newProvider(cfg.SyncFrom, cfg.App.Spec(), cfg.App.Runtime(), cfg.App.Genesis())
		if err != nil {
			return nil, err
		}
		conf.StateSync.Enable, conf.StateSync.DiscoveryTime = true, 5*time.Second // the least
		options = append(options, node.StateProvider(p))
	}
	databases := func(ctx *config.DBContext) (dbm.DB, error) {
		return database{cfg.App.Store().Space(ctx.ID)}, nil
	}
	n.comet, err = node.NewNode(conf, validator, nodeKey, proxy.NewConnSyncLocalClientCreator(n.abci),
		func() (*types.GenesisDoc, error) { return genesisDoc(cfg.App.Spec()), nil },
		databases, node.DefaultMetricsProvider(conf.Instrumentation), logger{log: log, failed: n.abci.fault.set}, options...)
	if err != nil {
		return nil, fmt.Errorf("start CometBFT: %w", err)
	}
	env, err := n.comet.ConfigureRPC()
	if err != nil {
		return nil, fmt.Errorf("start CometBFT: %w", err)
	}
	state, ok := env.ConsensusState.(*consensus.State)
	if !ok {
		return nil, fmt.Errorf("start CometBFT: its consensus is a %T", env.ConsensusState)
	}
	n.state, n.states = state, env.StateStore
	n.listen = strings.TrimPrefix(conf.P2P.ListenAddress, "tcp://")
	n.abci.justify, n.abci.accuse = n.justify, n.accuse
	n.justify()
	return n, nil
}

// Peer is the address under which others name this node, as id@host:port.
func (n *Node) Peer() string { return fmt.Sprintf("%s@%s", n.comet.NodeInfo().ID(), n.listen) }

// Peers is how many peers are connected.
func (n *Node) Peers() int { return n.comet.Switch().Peers().Size() }

// Refusals is how many votes of others came without a good GRANDPA precommit,
// and how many precommits the node's own guard refused to sign.
func (n *Node) Refusals() (votes, guard uint64) {
	return n.abci.refusedVotes.Load(), n.abci.guardStops.Load()
}

// Syncing says whether the node fetches old blocks from peers.
func (n *Node) Syncing() bool {
	return n.comet.ConsensusReactor().WaitSync()
}

// Run takes part in consensus until ctx ends. It returns engine.Outdated before
// a block that needs a newer program, and ErrHalted, with the cause if it is
// known, when the consensus stops by itself. A Node runs once.
func (n *Node) Run(ctx context.Context) error {
	if n.remove != "" {
		defer os.RemoveAll(n.remove)
	}
	n.abci.syncing = n.Syncing
	n.abci.pace.forget()
	if err := n.comet.Start(); err != nil {
		return fmt.Errorf("start CometBFT: %w", err)
	}
	changed, ignore := n.app.Hub.Listen()
	defer ignore()
	halted := make(chan struct{})
	go func() {
		n.state.Wait()
		close(halted)
	}()
	result := n.watch(ctx, changed, halted)
	// What fetches old blocks must end before the peers go: CometBFT v0.40.0
	// panics (blocksync, PopRequest) when it loses the peer of a block that it is
	// about to keep.
	if sync, ok := n.comet.Switch().Reactor("BLOCKSYNC"); ok && n.Syncing() {
		if err := sync.Stop(); err != nil {
			n.log.Debug("stop block sync", "err", err)
		}
	}
	if err := n.comet.Stop(); err != nil && result == nil {
		result = fmt.Errorf("stop CometBFT: %w", err)
	}
	n.comet.Wait()
	if n.Syncing() { // the consensus never began
		return result
	}
	if err := n.state.Stop(); err == nil {
		n.log.Debug("the consensus began while the node stopped")
	}
	<-halted
	return result
}

// watch waits for a reason to stop.
func (n *Node) watch(ctx context.Context, changed, halted <-chan struct{}) error {
	for {
		if err := n.app.Outdated(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			continue
		case <-n.abci.fault.found:
		case <-halted:
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := n.app.Outdated(); err != nil {
			return err
		}
		err := fmt.Errorf("after block %d: %w", n.app.Head().Number, ErrHalted)
		if cause := n.abci.fault.cause(); cause != nil {
			err = fmt.Errorf("%w: %w", err, cause)
		}
		return err
	}
}

// justify makes the justifications of blocks below the head out of the votes
// for the block after each. Votes that came late were never checked, so each
// is checked here.
func (n *Node) justify() {
	head := n.app.Head().Number
	for number := max(n.app.Final()+1, 1); number < head; number++ {
		header, set, err := n.abci.target(int64(number) + 1)
		if err != nil {
			n.log.Warn("a block cannot be justified", "block", number, "err", err)
			return
		}
		var votes []grandpa.SignedPrecommit
		if commit := n.comet.BlockStore().LoadBlockExtendedCommit(int64(number) + 1); commit != nil {
			for _, v := range commit.ExtendedSignatures {
				if v.BlockIDFlag != types.BlockIDFlagCommit {
					continue
				}
				if vote, ok := set.precommit(header, v.ValidatorAddress, v.Extension); ok {
					votes = append(votes, vote)
				}
			}
		}
		j, err := grandpa.Assemble(uint64(number), grandpa.TargetOf(header), set.AuthoritySet, votes)
		if err == nil {
			err = n.app.Finalize(number, j.Encode())
		} else if errors.Is(err, grandpa.ErrVotes) {
			// The votes are not here; a later block brings the proof. One that
			// hands over to other authorities must not be passed by.
			logs, e := grandpa.Logs(header)
			if scheduled, _ := grandpa.FindChanges(logs); e == nil && scheduled == nil {
				continue
			}
			return
		}
		if err != nil {
			n.log.Warn("a block cannot be justified", "block", number, "err", err)
			return
		}
	}
}

// settings are CometBFT's, which follow from the chain's block time.
func settings(cfg Config) *config.Config {
	c := config.DefaultConfig()
	c.SetRoot(cfg.Home)
	c.RPC.ListenAddress = ""
	c.TxIndex.Indexer = "null"
	c.Storage.DiscardABCIResponses = true
	c.Instrumentation.Prometheus, c.Instrumentation.PrometheusListenAddr = cfg.Metrics, ""
	c.BlockSync.AdaptiveSync = false

	c.Mempool.Type = config.MempoolTypeApp
	c.Mempool.ReapInterval = 100 * time.Millisecond
	c.Mempool.MaxTxBytes = 1 << 20
	c.Mempool.MaxBatchBytes = 1 << 20
	c.Mempool.SeenCacheSize = 200_000

	listen := cfg.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	c.P2P.ListenAddress = "tcp://" + listen
	c.P2P.PersistentPeers = strings.Join(cfg.Peers, ",")
	c.P2P.FlushThrottleTimeout = 5 * time.Millisecond
	c.P2P.MaxPacketMsgPayloadSize = 16384
	c.P2P.SendRate, c.P2P.RecvRate = 20<<20, 20<<20
	c.P2P.AllowDuplicateIP = cfg.Local
	c.P2P.AddrBookStrict = !cfg.Local
	c.P2P.PexReactor = !cfg.Local

	spec := cfg.App.Spec()
	t := c.Consensus
	t.CreateEmptyBlocks, t.CreateEmptyBlocksInterval = true, 0
	t.SkipTimeoutCommit = false
	t.PeerGossipSleepDuration = 10 * time.Millisecond
	t.DoubleSignCheckHeight = 0
	t.TimeoutCommit = paceOf(spec).wait
	t.TimeoutPropose, t.TimeoutProposeDelta = 500*time.Millisecond, 200*time.Millisecond
	t.TimeoutPrevote, t.TimeoutPrevoteDelta = 200*time.Millisecond, 100*time.Millisecond
	if spec.Interval() >= time.Second {
		t.TimeoutPropose, t.TimeoutProposeDelta = time.Second, 300*time.Millisecond
		t.TimeoutPrevote, t.TimeoutPrevoteDelta = 300*time.Millisecond, 150*time.Millisecond
	}
	t.TimeoutPrecommit, t.TimeoutPrecommitDelta = t.TimeoutPrevote, t.TimeoutPrevoteDelta
	return c
}

// paceOf returns the pace of a chain whose blocks take what proposing and
// voting do.
func paceOf(spec engine.Spec) *pace {
	overhead := 50 * time.Millisecond
	if len(spec.Genesis.Validators) == 1 {
		overhead = 12 * time.Millisecond
	}
	return newPace(spec.Interval(), overhead)
}

// Limits of blocks, in bytes.
const (
	maxBlock    = 4 << 20
	maxEvidence = 256 << 10
)

// genesisDoc is what CometBFT must know of the chain.
func genesisDoc(spec engine.Spec) *types.GenesisDoc {
	params := types.DefaultConsensusParams()
	params.ABCI.VoteExtensionsEnableHeight = 1
	params.Block.MaxBytes, params.Block.MaxGas = maxBlock, -1
	evidence := spec.EvidenceLimits()
	params.Evidence = types.EvidenceParams{MaxAgeNumBlocks: int64(evidence.Blocks), MaxAgeDuration: evidence.Age, MaxBytes: maxEvidence}
	doc := &types.GenesisDoc{
		GenesisTime:     time.UnixMilli(int64(spec.GenesisTime)).UTC(),
		ChainID:         spec.ID,
		InitialHeight:   1,
		ConsensusParams: params,
	}
	for i, v := range spec.Genesis.Validators {
		public := ed25519.PubKey(v.Keys.Engine[:])
		doc.Validators = append(doc.Validators, types.GenesisValidator{
			Address: public.Address(), PubKey: public, Power: 1, Name: fmt.Sprintf("validator %d", i),
		})
	}
	return doc
}
