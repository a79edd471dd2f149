package comet

import (
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
)

// ends waits until the node stops by itself, and returns why.
func (p *peer) ends(t testing.TB) error {
	t.Helper()
	select {
	case err := <-p.done:
		p.stop()
		p.done <- nil
		return err
	case <-time.After(30 * time.Second):
		t.Fatalf("the node goes on at block %d", p.app.Head().Number)
		return nil
	}
}

// A validator whose program lacks the next version stops before it, and goes on
// with another program. So does a node that fetches old blocks.
func TestOutdated(t *testing.T) {
	t.Parallel()
	next := runtime.Versions()[0]
	next.Spec, next.BatchedCalls = 2, 2
	newer := runtime.Carrying(runtime.Versions()[0], next)
	spec := specOf(t, 1, 100)
	root := pairOf(t, keys.Sr25519, "//Alice").AccountID()
	spec.Genesis.Sudo = &root
	disk, home := store.Config{Dir: "db", FS: vfs.NewMem()}, t.TempDir()
	want := engine.Outdated{Block: 8, Lacks: runtime.NoVersion{Spec: 2, Oldest: 1, Newest: 1}}

	p := start(t, spec, 0, disk, Config{Home: home})
	p.final(t, 1)
	p.send(t, "//Alice", 0, sudo.Sudo{Call: p.app.Runtime().CallOf(system.AuthorizeUpgrade{SpecVersion: 2, Height: want.Block})})
	if err := p.ends(t); !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	if got := p.app.Head().Number; got != want.Block-1 {
		t.Errorf("it stops at block %d, want %d", got, want.Block-1)
	}
	p.close()

	p = startWith(t, newer, spec, 0, disk, Config{Home: home, Listen: freeAddress(t)})
	p.final(t, want.Block+2)
	if got := p.app.Runtime().Spec(); got != 2 {
		t.Errorf("version %d is in force, want 2", got)
	}
	disk, home = store.Config{Dir: "db", FS: vfs.NewMem()}, t.TempDir()
	late := start(t, spec, 1, disk, Config{Home: home, Peers: []string{p.node.Peer()}})
	if err := late.ends(t); !errors.Is(err, want) {
		t.Fatalf("the one that fetches old blocks: %v, want %v", err, want)
	}
	late.close()
	late = startWith(t, newer, spec, 1, disk, Config{Home: home, Peers: []string{p.node.Peer()}})
	late.final(t, p.app.Final()+2)
	follow(t, late.app, late.app.Final())
}

// A node that finds nobody to fetch blocks from stops when it is told to.
func TestStopWhileSyncing(t *testing.T) {
	p := start(t, specOf(t, 2, 100), 0, store.Config{}, Config{Home: t.TempDir(), Peers: []string{"0123456789abcdef0123456789abcdef01234567@" + freeAddress(t)}})
	if !p.node.Syncing() {
		t.Fatal("it does not fetch blocks")
	}
	p.end(t)
}
