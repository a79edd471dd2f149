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

	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/engine/comet"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/rpc"
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
	// Grandpa and Engine are the validator's keys.
	Grandpa keys.GrandpaPair
	Engine  keys.Pair
	// RPC is where the node answers; the node closes it.
	RPC net.Listener
	// Log is for the node; nil is silence.
	Log *slog.Logger
}

// Node is a node that was put together. It does nothing before Run.
type Node struct {
	cfg  Config
	db   *store.Store
	app  *engine.App
	pool *pool.Pool
	node *comet.Node
}

// New opens the node's database and resumes its chain.
func New(cfg Config) (*Node, error) {
	dir := cfg.Dir
	if dir != "" {
		dir = filepath.Join(dir, "chain")
	}
	db, err := store.Open(store.Config{Dir: dir, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	app, err := engine.NewApp(engine.Config{Spec: cfg.Spec, Runtime: runtime.New(), Store: db, Log: cfg.Log})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	n := &Node{cfg: cfg, db: db, app: app, pool: pool.New(app)}
	app.UsePool(n.pool)
	if err := n.pool.Keep(db.Space("pool")); err != nil {
		return nil, errors.Join(fmt.Errorf("resume the pool: %w", err), db.Close())
	}
	n.node, err = comet.New(comet.Config{
		App: app, Pool: n.pool, Home: cfg.Home, Validator: cfg.Engine, Grandpa: cfg.Grandpa, Local: true, Log: cfg.Log,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
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
	g.Go(func() error {
		return rpc.New(rpc.Config{App: n.app, Pool: n.pool, Syncing: n.node.Syncing, Log: n.cfg.Log}).Serve(ctx, n.cfg.RPC)
	})
	g.Go(func() error { return n.node.Run(ctx) })
	err := g.Wait()
	if cerr := n.db.Close(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("close the database: %w", cerr))
	}
	return err
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
