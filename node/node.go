// Package node puts the parts of a node together: the database, the
// application, the pool of transactions, the consensus engine and JSON-RPC.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/engine/comet"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/p2p"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/rpc"
	"github.com/tacit-network/tacit/node/snapshot"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
)

// Config is what a node is made of.
type Config struct {
	Spec engine.Spec
	// Dir is where the node keeps its chain; empty means memory.
	Dir string
	// Home is the folder of the consensus engine's keys and log.
	Home string
	// Keys are the validator's session keys; none is a node that only follows.
	Keys keystore.Keys
	// Listen is where peers connect, as host:port; empty is a free port of the
	// loopback. Peers are those to stay connected with, as id@host:port.
	Listen string
	Peers  []string
	// Local allows peers in private networks, and several on one address.
	Local bool
	// RPC is where the node answers; nil means nowhere. The node closes it.
	RPC net.Listener
	// Light is where light clients connect, as IP:port; empty means nowhere.
	Light string
	// Metrics is where /metrics, /health and /ready answer; nil means nowhere.
	// One node of a process may have it. The node closes it.
	Metrics net.Listener
	// SnapshotEvery is after how many blocks the state is written down for new
	// nodes; 0 means never. A node in memory serves none.
	SnapshotEvery uint32
	// SyncFrom are addresses of other nodes' JSON-RPC, from which a node whose
	// chain is empty learns what to believe of a snapshot; none fetches all blocks.
	SyncFrom []string
	// Pruning is of how many blocks the states are kept; 0 means of all.
	Pruning uint32
	// Log is for the node; nil is silence.
	Log *slog.Logger
}

// LeastPruning is the fewest blocks whose states a node keeps: a relay, a worker
// or a peer that is behind by less finds what it needs.
const LeastPruning = 256

// Node is a node that was put together. It does nothing before Run.
type Node struct {
	cfg   Config
	db    *store.Store
	app   *engine.App
	pool  *pool.Pool
	node  *comet.Node
	light *p2p.Server // nil serves no light clients
	log   *slog.Logger

	snapshots *snapshot.Folder // nil where none are made
}

// New opens the node's database and resumes its chain.
func New(cfg Config) (*Node, error) {
	dir := cfg.Dir
	if dir != "" {
		dir = filepath.Join(dir, "chain")
	}
	if cfg.Pruning > 0 && cfg.Pruning < LeastPruning {
		return nil, fmt.Errorf("states of %d blocks are to be kept, %d are the least", cfg.Pruning, LeastPruning)
	}
	db, err := store.Open(store.Config{Dir: dir, Keep: cfg.Pruning, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	app, err := engine.NewApp(engine.Config{Spec: cfg.Spec, Runtime: runtime.New(), Store: db, Log: cfg.Log})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	n := &Node{cfg: cfg, db: db, app: app, pool: pool.New(app), log: log}
	app.UsePool(n.pool)
	if err := n.pool.Keep(db.Space("pool")); err != nil {
		return nil, errors.Join(fmt.Errorf("resume the pool: %w", err), db.Close())
	}
	if cfg.SnapshotEvery > 0 && cfg.Dir != "" {
		if n.snapshots, err = snapshot.OpenFolder(filepath.Join(cfg.Dir, "snapshots"), keptSnapshots); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	var from comet.Source
	if len(cfg.SyncFrom) > 0 {
		from = newSource(cfg.SyncFrom)
	}
	n.node, err = comet.New(comet.Config{
		Snapshots: n.snapshots, SyncFrom: from,
		App: app, Pool: n.pool, Home: cfg.Home, Validators: cfg.Keys.Engine, Grandpa: cfg.Keys.Grandpa,
		Listen: cfg.Listen, Peers: append(slices.Clone(cfg.Spec.Peers), cfg.Peers...), Local: cfg.Local, Metrics: cfg.Metrics != nil, Log: cfg.Log,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if cfg.Light != "" {
		lc := p2p.Config{App: app, Pool: n.pool, Listen: cfg.Light, Log: cfg.Log}
		if cfg.Dir != "" {
			lc.KeyFile = filepath.Join(cfg.Dir, "light.key")
		}
		if n.light, err = p2p.New(lc); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return n, nil
}

// App returns the node's application.
func (n *Node) App() *engine.App { return n.app }

// Run runs the node until ctx ends or a part of it fails, and closes it.
func (n *Node) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.pool.Run(ctx) })
	g.Go(func() error { return n.finality(ctx) })
	g.Go(func() error { return n.report(ctx) })
	if len(n.cfg.Keys.Beacon) > 0 {
		p := &presence{app: n.app, submit: n.submit, pairs: n.cfg.Keys.Beacon, log: n.log, sent: map[[32]byte]chain.BlockNumber{}}
		g.Go(func() error { return p.run(ctx, n.node.Syncing) })
	}
	if n.snapshots != nil {
		g.Go(func() error { return n.photograph(ctx) })
	}
	if n.cfg.RPC != nil {
		g.Go(func() error {
			return rpc.New(rpc.Config{App: n.app, Pool: n.pool, Peers: n.peers(), Syncing: n.node.Syncing, EngineBlock: n.node.EngineBlock, Light: n.Light, Log: n.cfg.Log}).Serve(ctx, n.cfg.RPC)
		})
	}
	if n.light != nil {
		g.Go(func() error { return n.light.Run(ctx) })
	}
	if n.cfg.Metrics != nil {
		g.Go(func() error { return n.serveMetrics(ctx, n.cfg.Metrics) })
	}
	g.Go(func() error { return n.node.Run(ctx) })
	err := g.Wait()
	if cerr := n.db.Close(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("close the database: %w", cerr))
	}
	return err
}

// submit gives the pool a transaction of this node's own.
func (n *Node) submit(whole []byte) error {
	_, err := n.pool.Submit(whole)
	return err
}

// Peer is the address under which other nodes reach this one.
func (n *Node) Peer() string { return n.node.Peer() }

// Light are the multiaddresses under which light clients reach the node,
// WebSocket first; none where it serves none.
func (n *Node) Light() []string {
	if n.light == nil {
		return []string{}
	}
	return n.light.Addresses()
}

// peers counts the peers, for a node that should have some.
func (n *Node) peers() func() int {
	if len(n.cfg.Spec.Genesis.Validators) == 1 && len(n.cfg.Keys.Engine) > 0 {
		return nil // it makes blocks alone
	}
	return n.node.Peers
}

// keptSnapshots is how many snapshots a node keeps.
const keptSnapshots = 3

// photograph writes the state down after each so many final blocks. A snapshot
// that fails is told, and tried with the next.
func (n *Node) photograph(ctx context.Context) error {
	changed, stop := n.app.Hub.Listen()
	defer stop()
	done := n.app.Final() / n.cfg.SnapshotEvery
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		if now := n.app.Final() / n.cfg.SnapshotEvery; now > done {
			done = now
			if err := n.app.Snapshot(now*n.cfg.SnapshotEvery, n.snapshots); err != nil {
				n.log.Warn("no snapshot was made", "block", now*n.cfg.SnapshotEvery, "err", err)
			}
		}
	}
}

// reportEvery is how often the log says how far the node is.
const reportEvery = 10 * time.Second

// report logs how far the node is.
func (n *Node) report(ctx context.Context) error {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		m := n.Metrics()
		n.log.Info("progress", "head", uint64(m.Head), "final", uint64(m.Final), "peers", int(m.Peers), "set", uint64(m.SetID),
			"validates", m.Validates > 0, "syncing", m.Syncing > 0, "pool", int(m.Ready+m.Future))
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// finality tells the pool what is final.
func (n *Node) finality(ctx context.Context) error {
	changed, stop := n.app.Hub.Listen()
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			n.pool.Finalized(n.app.Final())
		}
	}
}
