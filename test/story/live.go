package story

import (
	"context"
	"testing"
	"time"

	"github.com/tacit-network/tacit/hash"
)

// Begin returns the world that a story's text leaves, for tests of programs
// that speak to its node. What the story printed comes with it.
func Begin(t testing.TB, text string) (*World, string) {
	t.Helper()
	w := newWorld(t)
	return w, w.play(text)
}

// Play goes on with a story, and returns it with what happened.
func (w *World) Play(text string) string { return w.play(text) }

// Node is where the node answers.
func (w *World) Node() string { return "ws" + w.rpc.URL[len("http"):] }

// Enclave is where a worker answers, and its identity.
func (w *World) Enclave(name string) (url string, identity [32]byte) {
	e := w.workers[name]
	return e.server.URL, e.worker.Identity()
}

// Live makes a block whenever a transaction waits, until ctx ends. Nothing else
// may be done with the world meanwhile.
func (w *World) Live(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if len(w.pool.Pending()) == 0 {
				continue
			}
			if err := w.step(); err != nil {
				return err
			}
		}
	}
}

// Run makes blocks and lets all relays run, until ctx ends. Nothing else may be
// done with the world meanwhile.
func (w *World) Run(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := w.settle(nil); err != nil {
				return err
			}
		}
	}
}

// Cluster is a cluster by its name in the story.
func (w *World) Cluster(name string) hash.H256 { return w.clusters[name] }

// Now is the time of the newest block, in milliseconds since 1970.
func (w *World) Now() uint64 { return w.now }
