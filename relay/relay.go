// Package relay carries what a worker and the chain have to say to each other.
//
// From the node come final headers with their justifications, read proofs,
// queues and codes, which go to the worker; from the worker come messages,
// which go to the chain as transactions that need no signature of the relay's.
// It registers the worker by its operator's key, and brings the collateral that
// the chain checks quotes against.
//
// A relay holds no secret of the worker's and is believed by nobody: it can
// delay and nothing else. It keeps no state: it may die at any time, run twice,
// and finds out from both sides what is to be done.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/worker/wire"
)

// Config says between whom a relay runs. Node, Worker and Operator are needed.
type Config struct {
	Node     string // URL of the node's JSON-RPC, ws://…
	Worker   string // URL of the worker, http://…
	Operator keys.Pair
	// Endpoints are the URLs that users reach the worker at; Worker when empty.
	Endpoints []string
	// Collateral is what a hardware vendor publishes; nil brings none. Anchor is
	// the number of that vendor's root on the chain.
	Collateral Collateral
	Anchor     uint8
	Retry      time.Duration // after a failure; 0 means half a second
	// Runtime is the newest version that the program carries; nil means
	// runtime.New().
	Runtime *runtime.Runtime
	Logger  *slog.Logger // nil is silence
}

// Collateral is where a hardware vendor's word on a family of platforms is
// fetched.
type Collateral interface {
	Collateral(tee attest.TEE, fmspc attest.FMSPC, now uint64) *attest.Collateral
}

// Relay runs between one node and one worker.
type Relay struct {
	cfg   Config
	log   *slog.Logger
	ahead uint64 // messages of a queue in one request, at most
	whole int    // of them as a whole, to begin with
	pause pause
}

// New returns a relay.
func New(cfg Config) *Relay {
	if cfg.Retry == 0 {
		cfg.Retry = 500 * time.Millisecond
	}
	if len(cfg.Endpoints) == 0 {
		cfg.Endpoints = []string{cfg.Worker}
	}
	if cfg.Runtime == nil {
		cfg.Runtime = runtime.New()
	}
	r := &Relay{cfg: cfg, log: cfg.Logger, ahead: maxAhead, whole: leastWhole}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	return r
}

// Run relays until ctx ends. Whatever fails, it begins again.
func (r *Relay) Run(ctx context.Context) error {
	last := ""
	for ctx.Err() == nil {
		err := client.Speaking(ctx, r.cfg.Node, r.cfg.Runtime, func(ctx context.Context, c *client.Client) error {
			return r.session(c).run(ctx)
		})
		if ctx.Err() != nil {
			break
		}
		// The same failure again and again is told once.
		if err != nil && err.Error() != last {
			last = err.Error()
			r.log.Warn("relay begins again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(r.cfg.Retry):
		}
	}
	return nil
}

// Once does all that is to be done at one time, and returns: one step of Run,
// for whoever decides when there is one.
func (r *Relay) Once(ctx context.Context) error {
	return client.Speaking(ctx, r.cfg.Node, r.cfg.Runtime, func(ctx context.Context, c *client.Client) error {
		s := r.session(c)
		if err := s.meet(ctx); err != nil {
			return err
		}
		return s.cycle(ctx)
	})
}

// Register registers the worker, or registers it again, whether or not it is
// time to.
func (r *Relay) Register(ctx context.Context) error {
	return client.Speaking(ctx, r.cfg.Node, r.cfg.Runtime, func(ctx context.Context, c *client.Client) error {
		s := r.session(c)
		if err := s.meet(ctx); err != nil {
			return err
		}
		now, _, err := client.Find[uint64](ctx, c, c.Runtime().Timestamp.Now.Key(), nil)
		if err != nil {
			return err
		}
		return s.registerNow(ctx, now/1000)
	})
}

// session is one connection to the node.
type session struct {
	*Relay
	node   *client.Client
	worker *wire.Client
	info   wire.Info
	again  bool                         // the worker stopped at a message that it can go on with
	sent   map[uint64]chain.BlockNumber // messages up by number, and the block when they were sent
	pace   pace
	tail   tail
}

func (r *Relay) session(c *client.Client) *session {
	return &session{Relay: r, node: c, worker: wire.NewClient(r.cfg.Worker, nil), sent: map[uint64]chain.BlockNumber{}, pace: pace(r.whole)}
}

// meet learns who the worker is.
func (s *session) meet(ctx context.Context) (err error) {
	if s.info, err = s.worker.Info(ctx); err != nil {
		return err
	}
	if s.info.Genesis != s.node.Genesis() {
		return fmt.Errorf("the worker follows chain %v, the node %v", s.info.Genesis, s.node.Genesis())
	}
	return nil
}

// errRestarted ends a session when the worker is another instance than before.
var errRestarted = errors.New("the worker was started again")

func (s *session) run(ctx context.Context) error {
	sub, err := s.node.Subscribe(ctx, "chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads")
	if err != nil {
		return err
	}
	defer sub.Close(context.WithoutCancel(ctx))
	if err := s.meet(ctx); err != nil {
		return err
	}
	for {
		// Several final blocks at once are one: the newest is asked for.
		if err := s.cycle(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, open := <-sub.Updates():
			if !open {
				return client.ErrClosed
			}
		case <-time.After(10 * time.Second):
		}
		for drained := false; !drained; {
			select {
			case _, open := <-sub.Updates():
				drained = !open
			default:
				drained = true
			}
		}
	}
}

// cycle does all that is to be done at one time.
func (s *session) cycle(ctx context.Context) error {
	if err := s.register(ctx); err != nil {
		return err
	}
	// A worker that is far behind, or needs codes, takes several steps. What it
	// has to say after one does not wait for the others.
	for {
		more, err := s.sync(ctx)
		if err != nil {
			return err
		}
		if err := s.up(ctx); err != nil || !more {
			return err
		}
	}
}

func (s *session) codes(ctx context.Context, need []hash.H256) error {
	for _, code := range need {
		var parts []bytes
		if err := s.node.Call(ctx, &parts, "tacit_codeBytes", code); err != nil {
			return err
		}
		if len(parts) == 0 {
			return fmt.Errorf("the node does not have code %v", code)
		}
		chunks := make([][]byte, len(parts))
		for i, p := range parts {
			chunks[i] = p
		}
		if err := s.worker.Code(ctx, wire.Code{Hash: code, Chunks: chunks}); err != nil {
			return err
		}
		s.log.Debug("code brought", "code", code)
	}
	return nil
}
