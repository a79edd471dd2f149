package p2p

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/scale"
)

// serve runs a server for the chain until the test ends.
func (c *testChain) serve(t *testing.T) *Server {
	t.Helper()
	s, err := New(Config{App: c.app, Pool: c.pool, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// client is a peer that is no code of ours but for the messages.
type client struct {
	*testing.T
	host.Host
	server *Server
	in     map[string]chan []byte // what came on streams that the server opened
	mute   bool                   // it does not answer handshakes
}

// connect connects over WebSocket, or over TCP.
func connect(t *testing.T, s *Server, ws, mute bool) *client {
	t.Helper()
	h, err := libp2p.New(
		libp2p.NoListenAddrs, libp2p.Transport(tcp.NewTCPTransport), libp2p.Transport(websocket.New),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport), libp2p.DisableRelay(),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	c := &client{T: t, Host: h, server: s, in: map[string]chan []byte{}, mute: mute}
	for name, handshake := range map[string][]byte{protocolAnnounces: c.status(), protocolGrandpa: {2}} {
		in := make(chan []byte, 1000)
		c.in[name] = in
		h.SetStreamHandler(s.protocol(name), func(st network.Stream) {
			if _, err := readMessage(st, 1000, free); err != nil || c.mute {
				return
			}
			if err := writeMessage(st, handshake); err != nil {
				return
			}
			for {
				raw, err := readMessage(st, 1<<20, free)
				if err != nil {
					return
				}
				in <- raw
			}
		})
	}
	for _, a := range s.Addresses() {
		if strings.Contains(a, "/ws/") != ws {
			continue
		}
		info, err := peer.AddrInfoFromString(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Connect(t.Context(), *info); err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Fatalf("no address in %v", s.Addresses())
	return nil
}

func free(int) error { return nil }

func (c *client) status() []byte {
	g := c.server.app.Genesis()
	return scale.Marshal(status{roleLight, 0, g, g})
}

func (c *client) open(name string) network.Stream {
	c.Helper()
	st, err := c.NewStream(c.Context(), c.server.host.ID(), c.server.protocol(name))
	if err != nil {
		c.Fatal(err)
	}
	_ = st.SetDeadline(time.Now().Add(10 * time.Second))
	return st
}

// greet opens a notification stream and returns the server's handshake.
func (c *client) greet(name string, handshake []byte) (network.Stream, []byte) {
	c.Helper()
	st := c.open(name)
	if err := writeMessage(st, handshake); err != nil {
		c.Fatal(err)
	}
	raw, err := readMessage(st, 1000, free)
	if err != nil {
		c.Fatalf("%s: %v", name, err)
	}
	return st, raw
}

// ask makes a request.
func (c *client) ask(name string, raw []byte) ([]byte, error) {
	c.Helper()
	st := c.open(name)
	defer st.Close()
	if err := writeMessage(st, raw); err != nil {
		return nil, err
	}
	if err := st.CloseWrite(); err != nil {
		return nil, err
	}
	return readMessage(st, 16<<20, free)
}

// next is the next message of a protocol.
func (c *client) next(name string) []byte {
	c.Helper()
	select {
	case raw := <-c.in[name]:
		return raw
	case <-time.After(10 * time.Second):
		c.Fatalf("nothing on %s", name)
		return nil
	}
}

// A light client follows blocks and finality across changes of the set, over
// both transports, and its transaction gets into a block.
func TestFollow(t *testing.T) {
	for name, ws := range map[string]bool{"WebSocket": true, "TCP": false} {
		t.Run(name, func(t *testing.T) {
			c := newChain(t, 3, 0)
			c.step(2)
			s := c.serve(t)
			l := connect(t, s, ws, false)
			_, raw := l.greet(protocolAnnounces, l.status())
			if st, err := decodeStatus(raw); err != nil || st != (status{roleFull, 2, c.app.Head().Hash(), c.app.Genesis()}) {
				t.Fatal(st, err)
			}
			l.greet(protocolGrandpa, []byte{2})
			txs, _ := l.greet(protocolTransactions, []byte{2})
			if got, want := l.next(protocolGrandpa), neighbour(0, 1); !bytes.Equal(got, want) {
				t.Errorf("neighbour packet %x, want %x", got, want)
			}
			if s.Followers() != 1 {
				t.Errorf("%d followers", s.Followers())
			}
			light, err := grandpa.NewLightChain(grandpa.TargetOf(c.header(1)), c.genesisSet())
			if err != nil {
				t.Fatal(err)
			}
			headers := map[hash.H256]chain.Header{c.app.Head().Hash(): c.app.Head()}
			for i := range 6 {
				c.change(i%2, 2)
				c.step(1)
				h, rest, err := chain.DecodeHeaderPrefix(l.next(protocolAnnounces))
				if err != nil || h.Hash() != c.app.Head().Hash() || !bytes.Equal(rest, []byte{1, 0}) {
					t.Fatal(h, rest, err)
				}
				headers[h.Hash()] = h
				raw := l.next(protocolGrandpa)
				if raw[0] != grandpaCommit {
					t.Fatalf("%x", raw)
				}
				set, e, err := grandpa.DecodeFullCommit(raw[1:])
				if err != nil || set != light.Set.ID {
					t.Fatalf("set %d, want %d: %v", set, light.Set.ID, err)
				}
				j := grandpa.Justification{Round: e.Round, Commit: e.Commit}
				if light, err = light.Step(headers[e.Commit.Target.Hash], j); err != nil {
					t.Fatal(err)
				}
				if got, want := l.next(protocolGrandpa), neighbour(light.Set.ID, light.Number); !bytes.Equal(got, want) {
					t.Errorf("neighbour packet %x, want %x", got, want)
				}
			}
			if light.Set.ID < 3 {
				t.Errorf("it ended in set %d", light.Set.ID)
			}
			pay := c.sign(balances.TransferKeepAlive{Dest: chain.AddressID{ID: c.spec.Genesis.Validators[0].Account}, Value: runtime.Unit})
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go func() { _ = c.pool.Run(ctx) }()
			if err := writeMessage(txs, append([]byte{4}, pay...)); err != nil {
				t.Fatal(err)
			}
			for i := 0; ; i++ {
				if len(c.pool.Pending()) == 1 {
					break
				}
				if i == 1000 {
					t.Fatal("the transaction is not in the pool")
				}
				time.Sleep(10 * time.Millisecond)
			}
			// The requests are answered on the same connection.
			g := c.app.Genesis()
			raw, err = l.ask(protocolWarp, g[:])
			if err != nil {
				t.Fatal(err)
			}
			proof, err := grandpa.DecodeWarpProof(raw)
			if err != nil || len(proof.Fragments) < 3 {
				t.Errorf("%d fragments, %v", len(proof.Fragments), err)
			}
			top := c.app.Head().Hash()
			if raw, err = l.ask(protocolBlocks, ask(wantHeader, top[:], nil, 1, 3)); err != nil || len(readBlocks(t, raw)) != 3 {
				t.Errorf("%d bytes of blocks, %v", len(raw), err)
			}
			if raw, err = l.ask(protocolLight, lightRead(2, 3, top[:], runtime.CodeKey)); err != nil || len(raw) < 10_000 {
				t.Errorf("%d bytes of a proof, %v", len(raw), err)
			}
			if raw, err = l.ask(protocolLight, lightRead(4, 6, top[:], runtime.CodeKey)); !errors.Is(err, io.EOF) {
				t.Errorf("a child trie: %x, %v", raw, err)
			}
		})
	}
}

// Garbage on any protocol ends its stream, and nothing else.
func TestGarbage(t *testing.T) {
	c := newChain(t, 1, 0)
	c.step(3)
	s := c.serve(t)
	g := c.app.Genesis()
	var other hash.H256
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x0f}
	long := func(n int) []byte {
		return append([]byte{byte(n) | 0x80, byte(n>>7) | 0x80, byte(n >> 14)}, make([]byte, n)...)
	}
	framed := func(raw []byte) []byte {
		var b bytes.Buffer
		_ = writeMessage(&b, raw)
		return b.Bytes()
	}
	requests := []string{protocolWarp, protocolBlocks, protocolLight}
	greetings := []string{protocolGrandpa, protocolTransactions}
	type row struct {
		name, protocol string
		raw            []byte
	}
	var rows []row
	for _, p := range append(append(requests, greetings...), protocolAnnounces) {
		rows = append(rows,
			row{"nothing", p, nil}, row{"half a length", p, []byte{0x80}}, row{"a length of 4 GB", p, huge},
			row{"an endless length", p, bytes.Repeat([]byte{0x80}, 20)}, row{"a padded length", p, []byte{0x81, 0x00, 2}},
			row{"less than it says", p, []byte{40, 1, 2, 3}}, row{"only ones", p, framed(bytes.Repeat([]byte{0xff}, 60))},
			row{"too much", p, long(1<<20 + 1)})
	}
	for _, p := range greetings {
		rows = append(rows, row{"an empty handshake", p, []byte{0}}, row{"an unknown role", p, []byte{1, 3}}, row{"a long handshake", p, framed([]byte{2, 2})})
	}
	rows = append(rows,
		row{"another chain", protocolAnnounces, framed(scale.Marshal(status{roleLight, 0, g, other}))},
		row{"an unknown role", protocolAnnounces, framed(scale.Marshal(status{0, 0, g, g}))},
		row{"a byte too much", protocolAnnounces, framed(append(scale.Marshal(status{roleLight, 0, g, g}), 0))},
		row{"no first block", protocolBlocks, framed([]byte{0x08, 0x01})},
		row{"two first blocks", protocolBlocks, framed(ask(wantHeader, g[:], []byte{1}, 0, 1))},
		row{"a short hash", protocolBlocks, framed(ask(wantHeader, g[:5], nil, 0, 1))},
		row{"a long number", protocolBlocks, framed(ask(wantHeader, nil, make([]byte, 9), 0, 1))},
		row{"a number of 40 bits", protocolBlocks, framed(ask(wantHeader, nil, []byte{0, 0, 0, 0, 1}, 0, 1))},
		row{"another direction", protocolBlocks, framed(ask(wantHeader, g[:], nil, 2, 1))},
		row{"a cut field", protocolBlocks, framed([]byte{0x12, 32, 1})},
		row{"no question", protocolLight, framed([]byte{0x28, 1})},
		row{"two questions", protocolLight, framed(append(lightRead(2, 3, g[:]), lightRead(2, 3, g[:])...))},
		row{"a short block hash", protocolLight, framed(lightRead(2, 3, g[:7]))},
		row{"too many keys", protocolLight, framed(lightRead(2, 3, g[:], make([][]byte, maxProofKeys+1)...))},
	)
	l := connect(t, s, false, false)
	l.greet(protocolAnnounces, l.status())
	for _, r := range rows {
		who := l
		if r.protocol == protocolAnnounces { // it would end what l follows
			who = connect(t, s, false, false)
		}
		st := who.open(r.protocol)
		if _, err := st.Write(r.raw); err == nil {
			_ = st.CloseWrite()
		}
		if raw, err := readMessage(st, 1<<20, free); err == nil {
			t.Errorf("%s, %s: answered by %x", r.protocol, r.name, raw)
		} else if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s, %s: the stream stays open", r.protocol, r.name)
		}
	}
	// After handshakes, too.
	for _, r := range []row{
		{"no transactions", protocolTransactions, framed([]byte{0xff})}, {"cut transactions", protocolTransactions, framed([]byte{8, 4, 1})},
		{"bytes left over", protocolTransactions, framed([]byte{0, 1})}, {"too many", protocolTransactions, framed(append([]byte{0x05, 0x04}, make([]byte, 257)...))},
		{"a huge message", protocolTransactions, huge}, {"a huge message", protocolGrandpa, huge},
	} {
		st, _ := l.greet(r.protocol, []byte{2})
		if _, err := st.Write(r.raw); err != nil {
			t.Fatal(err)
		}
		if n, err := st.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s, %s: %d bytes, %v", r.protocol, r.name, n, err)
		}
	}
	// The server and the connection are as they were.
	if raw, err := l.ask(protocolBlocks, ask(wantHeader, g[:], nil, 0, 2)); err != nil || len(readBlocks(t, raw)) != 2 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	c.step(1)
	if h, _, err := chain.DecodeHeaderPrefix(l.next(protocolAnnounces)); err != nil || h.Number != 4 {
		t.Errorf("block %d, %v", h.Number, err)
	}
}

// What comes before block-announces is refused.
func TestOrder(t *testing.T) {
	c := newChain(t, 1, 0)
	l := connect(t, c.serve(t), true, false)
	for _, p := range []string{protocolGrandpa, protocolTransactions} {
		st := l.open(p)
		if err := writeMessage(st, []byte{2}); err != nil {
			t.Fatal(err)
		}
		if raw, err := readMessage(st, 100, free); err == nil {
			t.Errorf("%s: %x", p, raw)
		}
	}
}

// A peer that does not take what it is told is cut off, and the others are
// told on time.
func TestSlowPeer(t *testing.T) {
	c := newChain(t, 1, 0)
	s := c.serve(t)
	slow, other := connect(t, s, true, true), connect(t, s, true, false)
	slow.greet(protocolAnnounces, slow.status())
	other.greet(protocolAnnounces, other.status())
	for i := range maxWaiting + 10 {
		c.step(1)
		if h, _, err := chain.DecodeHeaderPrefix(other.next(protocolAnnounces)); err != nil || h.Number != chain.BlockNumber(i+1) {
			t.Fatal(h.Number, err)
		}
	}
	for i := 0; s.host.Network().Connectedness(slow.ID()) == network.Connected; i++ {
		if i == 1000 {
			t.Fatal("the slow peer is still there")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A peer has so many requests under way, and floods nobody.
func TestBusyPeer(t *testing.T) {
	c := newChain(t, 1, 0)
	s := c.serve(t)
	l, other := connect(t, s, false, false), connect(t, s, false, false)
	for range maxRequests {
		st := l.open(protocolWarp)
		if _, err := st.Write([]byte{32}); err != nil { // and never the rest
			t.Fatal(err)
		}
	}
	for i := 0; ; i++ {
		s.mu.Lock()
		n := s.busy[l.ID()]
		s.mu.Unlock()
		if n == maxRequests {
			break
		}
		if i == 1000 {
			t.Fatalf("%d requests under way", n)
		}
		time.Sleep(10 * time.Millisecond)
	}
	g := c.app.Genesis()
	if _, err := l.ask(protocolWarp, g[:]); err == nil {
		t.Error("one more was answered")
	}
	if _, err := other.ask(protocolWarp, g[:]); err != nil {
		t.Errorf("another peer: %v", err)
	}
	// Messages without end on a stream that nobody listens to.
	l.greet(protocolAnnounces, l.status())
	st, _ := l.greet(protocolGrandpa, []byte{2})
	for range burst + 10 {
		if err := writeMessage(st, []byte{0}); err != nil {
			break
		}
	}
	if _, err := st.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a flood: %v", err)
	}
}

// There is room for so many peers, and one more is not let in.
func TestMaxPeers(t *testing.T) {
	s := newChain(t, 1, 0).serve(t)
	for i := range maxPeers + 1 {
		at := ma.StringCast(fmt.Sprintf("/ip4/10.%d.%d.1/tcp/1000", i/200, i%200))
		conn, err := s.host.Network().ResourceManager().OpenConnection(network.DirInbound, true, at)
		if err == nil { // its handshake is over
			err = conn.SetPeer(peer.ID(fmt.Sprint(i)))
		}
		if refused := err != nil; refused != (i == maxPeers) {
			t.Fatalf("peer %d: %v", i, err)
		}
	}
}

// The largest answer gets through, also several times at once.
func TestLargestAnswer(t *testing.T) {
	c := newChain(t, 1, 0)
	s := c.serve(t)
	large := make([]byte, grandpa.MaxWarpProof)
	handle := s.request(64, func([]byte) ([]byte, error) { return large, nil })
	s.host.SetStreamHandler(s.protocol("large"), func(st network.Stream) {
		if err := handle(st); err != nil {
			t.Error(err)
		}
		_ = st.Close()
	})
	l := connect(t, s, true, false)
	done := make(chan error)
	for range 4 {
		go func() {
			raw, err := l.ask("large", nil)
			if err == nil && len(raw) != len(large) {
				err = fmt.Errorf("%d bytes", len(raw))
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	c := newChain(t, 1, 0)
	path := filepath.Join(t.TempDir(), "folder", "light.key")
	var log bytes.Buffer
	id := func() string {
		s, err := New(Config{App: c.app, Pool: c.pool, Listen: "127.0.0.1:0", KeyFile: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer s.host.Close()
		for _, a := range s.Addresses() {
			if !strings.HasPrefix(a, "/ip4/127.0.0.1/tcp/") || !strings.HasSuffix(a, "/p2p/"+s.ID()) {
				t.Errorf("address %s", a)
			}
		}
		return s.ID()
	}
	first := id()
	if again := id(); again != first {
		t.Errorf("%s after a restart, and %s before", again, first)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file has mode %v, %v", info.Mode(), err)
	}
	secret, err := os.ReadFile(path)
	if err != nil || strings.Contains(log.String(), strings.TrimSpace(string(secret))) {
		t.Error("the key is in the log")
	}
	for name, spoil := range map[string]func() error{
		"others can read": func() error { return os.Chmod(path, 0o644) },
		"32 bytes":        func() error { return errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("12"), 0o600)) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{App: c.app, Pool: c.pool, Listen: "127.0.0.1:0", KeyFile: path}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestListenFaults(t *testing.T) {
	c := newChain(t, 1, 0)
	for _, address := range []string{"", "127.0.0.1", "localhost:0", "127.0.0.1:70000", "127.0.0.1:x", "192.0.2.1:0"} {
		if _, err := New(Config{App: c.app, Pool: c.pool, Listen: address}); err == nil {
			t.Errorf("%q: no error", address)
		}
	}
}

func ExampleServer_Addresses() {
	c := newChain(&testing.T{}, 1, 0)
	s, err := New(Config{App: c.app, Pool: c.pool, Listen: "127.0.0.1:0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.host.Close()
	for _, a := range s.Addresses() {
		fmt.Println(strings.Split(a, "/")[1:4], strings.Contains(a, "/ws/"))
	}
	// Output:
	// [ip4 127.0.0.1 tcp] true
	// [ip4 127.0.0.1 tcp] false
}
