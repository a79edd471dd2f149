package comet

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/internal/invariant"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
)

// link carries what two nodes say to each other. Either direction can be
// held, as by a router that drops all: what was said meanwhile comes later.
// A link that is cut has no connection at all.
type link struct {
	listener net.Listener
	to       string

	mu     sync.Mutex // guards what follows
	turned *sync.Cond
	held   [2]bool // from the one that dials, and to it
	cut    bool
	open   map[net.Conn]bool
}

func newLink(t testing.TB, to string) *link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &link{listener: l, to: to, open: map[net.Conn]bool{}}
	k.turned = sync.NewCond(&k.mu)
	go k.serve()
	t.Cleanup(func() {
		_ = l.Close()
		k.turn(false, false, true)
	})
	return k
}

func (k *link) serve() {
	for {
		from, err := k.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", k.to)
		if err != nil {
			_ = from.Close()
			continue
		}
		k.mu.Lock()
		if k.cut {
			_, _ = from.Close(), to.Close()
		}
		k.open[from], k.open[to] = true, true
		k.mu.Unlock()
		go k.carry(to, from, 0)
		go k.carry(from, to, 1)
	}
}

func (k *link) carry(to, from net.Conn, direction int) {
	defer func() {
		_, _ = to.Close(), from.Close()
		k.mu.Lock()
		delete(k.open, from)
		k.mu.Unlock()
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		k.mu.Lock()
		for k.held[direction] && !k.cut {
			k.turned.Wait()
		}
		cut := k.cut
		k.mu.Unlock()
		if cut || err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// turn says which directions are held, and whether the link is cut.
func (k *link) turn(from, to, cut bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held, k.cut = [2]bool{from, to}, cut
	if cut {
		for c := range k.open {
			_ = c.Close()
		}
	}
	k.turned.Broadcast()
}

// network is validators, each pair of which has a link.
type network struct {
	testing.TB
	peers []*peer
	links map[[2]int]*link // from the one that dials, which is the later one
}

// newNetwork starts n validators; with makes what is different about one.
func newNetwork(t testing.TB, spec engine.Spec, n int, with func(i int, cfg *Config) *runtime.Runtime) *network {
	t.Helper()
	return newNetworkOn(t, spec, n, store.Config{}, with)
}

// newNetworkOn is newNetwork with other stores.
func newNetworkOn(t testing.TB, spec engine.Spec, n int, disk store.Config, with func(i int, cfg *Config) *runtime.Runtime) *network {
	t.Helper()
	w := &network{TB: t, links: map[[2]int]*link{}}
	for i := range n {
		cfg := Config{Home: t.TempDir(), Listen: freeAddress(t)}
		for j, other := range w.peers {
			id, address, _ := strings.Cut(other.node.Peer(), "@")
			k := newLink(t, address)
			w.links[[2]int{i, j}] = k
			cfg.Peers = append(cfg.Peers, id+"@"+k.listener.Addr().String())
		}
		rt := runtime.New()
		if with != nil {
			rt = with(i, &cfg)
		}
		w.peers = append(w.peers, startWith(t, rt, spec, i, disk, cfg))
	}
	return w
}

// hold lets nothing pass that side says to the others, nor, unless deaf is
// false, what they say to it.
func (w *network) hold(side []int, mute, deaf bool) {
	inside := map[int]bool{}
	for _, i := range side {
		inside[i] = true
	}
	for pair, k := range w.links {
		switch {
		case inside[pair[0]] == inside[pair[1]]:
		case inside[pair[0]]:
			k.turn(mute, deaf, false)
		default:
			k.turn(deaf, mute, false)
		}
	}
}

// heal lets all pass again.
func (w *network) heal() {
	for _, k := range w.links {
		k.turn(false, false, false)
	}
}

// cut ends all connections of a node, and takes no new one.
func (w *network) cut(node int) {
	for pair, k := range w.links {
		if pair[0] == node || pair[1] == node {
			k.turn(false, false, true)
		}
	}
}

// final waits until block n is final everywhere.
func (w *network) final(n chain.BlockNumber, nodes ...int) {
	w.Helper()
	for _, i := range nodes {
		w.peers[i].final(w, n)
	}
}

// highest is the highest head.
func (w *network) highest() (n chain.BlockNumber) {
	for _, p := range w.peers {
		n = max(n, p.app.Head().Number)
	}
	return n
}

// still waits until no node has made a block for several blocks' time. None may
// make more than the block that was under way.
func (w *network) still(nodes ...int) {
	w.Helper()
	most, heads := w.highest()+1, map[int]chain.BlockNumber{}
	for since := time.Now(); time.Since(since) < time.Second; time.Sleep(20 * time.Millisecond) {
		for _, i := range nodes {
			got := w.peers[i].app.Head().Number
			if got > most {
				w.Fatalf("node %d came to block %d without a majority; %d was under way", i, got, most)
			}
			if got != heads[i] {
				heads[i], since = got, time.Now()
			}
		}
	}
}

// agree is same, asks what must hold after every block of which there is a state,
// and leads a light client over each node's blocks.
func (w *network) agree(nodes ...int) {
	w.Helper()
	w.same(nodes...)
	first := w.peers[nodes[0]].app
	for n := chain.BlockNumber(1); n <= first.Head().Number; n++ {
		hash, err := first.Store().HashOf(n)
		if err != nil {
			w.Fatal(err)
		}
		state, err := first.StateAt(hash)
		if err != nil {
			continue // it is pruned
		}
		if err := invariant.Check(first.Runtime(), state); err != nil {
			w.Errorf("after block %d: %v", n, err)
		}
	}
	for _, i := range nodes {
		follow(w, w.peers[i].app, min(w.peers[i].app.Final(), w.peers[nodes[0]].app.Final()))
	}
}

// same compares all blocks of the nodes.
func (w *network) same(nodes ...int) {
	w.Helper()
	for _, i := range nodes {
		p, first := w.peers[i], w.peers[nodes[0]]
		for n := chain.BlockNumber(0); n <= min(p.app.Head().Number, first.app.Head().Number); n++ {
			got, err := p.app.Store().HashOf(n)
			if err != nil {
				w.Fatal(err)
			}
			if want, err := first.app.Store().HashOf(n); err != nil || got != want {
				w.Fatalf("node %d has another block %d than node %d: %v, %v", i, n, nodes[0], got, want)
			}
		}
	}
}

// healing is within how much time a network must go on after a partition.
const healing = 10 * time.Second

// heals heals the network and waits until two more blocks are final everywhere.
func (w *network) heals(nodes ...int) {
	w.Helper()
	target := w.highest() + 2
	start := time.Now()
	w.heal()
	w.final(target, nodes...)
	if took := time.Since(start); took > healing {
		w.Errorf("it took %v to heal", took)
	}
}

// However the network falls apart, no two sides decide, the side with more than
// two thirds goes on if there is one, and all go on together afterwards.
func TestPartitions(t *testing.T) {
	all := []int{0, 1, 2, 3}
	w := newNetwork(t, specOf(t, 4, 100), 4, nil)
	w.final(2, all...)

	t.Run("2 and 2", func(t *testing.T) {
		w.TB = t
		w.hold([]int{0, 1}, true, true)
		w.still(all...)
		w.heals(all...)
		w.agree(all...)
	})
	t.Run("3 and 1", func(t *testing.T) {
		w.TB = t
		w.hold([]int{3}, true, true)
		w.final(w.highest()+4, 0, 1, 2)
		w.still(3)
		w.heals(all...)
		w.agree(all...)
	})
	t.Run("one is mute", func(t *testing.T) {
		w.TB = t
		w.hold([]int{2}, true, false)
		w.final(w.highest()+4, 0, 1, 3)
		w.heals(all...)
		w.agree(all...)
	})
	t.Run("one is deaf", func(t *testing.T) {
		w.TB = t
		w.hold([]int{1}, false, true)
		w.final(w.highest()+4, 0, 2, 3)
		w.still(1)
		w.heals(all...)
		w.agree(all...)
	})
	t.Run("two are deaf to the others", func(t *testing.T) {
		if !long {
			t.Skip("TACIT_LONG=1 runs it")
		}
		w.TB = t
		w.hold([]int{0, 3}, false, true)
		w.still(0, 3)
		w.heals(all...)
		w.agree(all...)
	})
	t.Run("one is cut off", func(t *testing.T) {
		w.TB = t
		w.cut(0)
		w.final(w.highest()+4, 1, 2, 3)
		w.still(0)
		w.heals(all...)
		w.agree(all...)
	})
}
