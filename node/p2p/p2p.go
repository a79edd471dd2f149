// Package p2p lets light clients that are made for Substrate follow the chain:
// a libp2p listener that speaks the protocols of Substrate that they use.
//
// Peers come over TCP or WebSocket. They are told new blocks and proofs that
// blocks are final, they ask for warp proofs, blocks and proofs of the state,
// and they send transactions, which go to the pool. Validators do not meet
// here: consensus has a network of its own, and this one only reads what it
// decided. There is no discovery: who wants to connect knows the address.
//
// All that a stranger can use up is bounded: peers, streams, memory, the size
// of messages, requests at a time, and what waits for a peer that is too slow,
// who is cut off.
//
// Specification: https://spec.polkadot.network/chap-networking
package p2p

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/gologshim"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/node/engine"
)

// The limits of a server.
const (
	maxPeers       = 256
	maxPeerStreams = 128
	maxMemory      = 512 << 20
	// keepPeers is how many of too many peers stay; those who follow the chain
	// go last, and nobody in the first moments.
	keepPeers = maxPeers * 3 / 4
	grace     = 20 * time.Second
	// patience is how long a message may take to come or to go.
	patience = 20 * time.Second
)

// Config is what a Server is made of.
type Config struct {
	App  *engine.App
	Pool Pool
	// Listen is where light clients connect, over TCP and over WebSocket, as
	// host:port; the host is an IP address, and port 0 is a free one.
	Listen string
	// KeyFile has the node's network key; it is made when it is not there.
	// Empty means a new key that is nowhere.
	KeyFile string
	// Log is for the server; nil is silence.
	Log *slog.Logger
}

// Pool takes transactions.
type Pool interface {
	// Enqueue takes a whole extrinsic of a stranger without looking at it;
	// false means that too many wait already.
	Enqueue(raw []byte) bool
}

// Server serves light clients.
type Server struct {
	host    host.Host
	app     *engine.App
	pool    Pool
	log     *slog.Logger
	answers answers
	work    chan struct{} // has room for what may be answered at a time

	mu    sync.Mutex // guards what follows
	peers map[peer.ID]*follower
	busy  map[peer.ID]int // requests under way
}

// New listens. It answers before Run already, but tells nothing new.
func New(cfg Config) (*Server, error) {
	// libp2p has a log of its own, in which strangers can cause errors.
	gologshim.SetDefaultHandler(slog.DiscardHandler)
	key, err := networkKey(cfg.KeyFile)
	if err != nil {
		return nil, err
	}
	const streams, peerMemory = maxPeers * maxPeerStreams / 4, maxMemory / 8
	onePeer := rcmgr.ResourceLimits{
		Conns: 4, ConnsInbound: 4, Streams: maxPeerStreams + 16, StreamsInbound: maxPeerStreams, StreamsOutbound: 16, Memory: peerMemory,
	}
	all := rcmgr.ResourceLimits{
		Conns: maxPeers, ConnsInbound: maxPeers, ConnsOutbound: rcmgr.BlockAllLimit, FD: 2 * maxPeers,
		Streams: streams, StreamsInbound: streams, StreamsOutbound: streams, Memory: maxMemory,
	}
	limits := rcmgr.PartialLimitConfig{
		System: all, ProtocolDefault: all, PeerDefault: onePeer, ProtocolPeerDefault: onePeer,
	}.Build(rcmgr.DefaultLimits.Scale(maxMemory, 2*maxPeers))
	resources, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits), rcmgr.WithMetricsDisabled())
	if err != nil {
		return nil, fmt.Errorf("limit light clients: %w", err)
	}
	connections, err := connmgr.NewConnManager(keepPeers, maxPeers-maxPeers/8, connmgr.WithGracePeriod(grace))
	if err != nil {
		return nil, fmt.Errorf("limit light clients: %w", err)
	}
	h, err := libp2p.New(
		libp2p.Identity(key), libp2p.NoListenAddrs, libp2p.UserAgent("tacit"),
		libp2p.Transport(tcp.NewTCPTransport), libp2p.Transport(websocket.New), libp2p.ShareTCPListener(),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, muxer{}),
		libp2p.ResourceManager(resources), libp2p.ConnectionManager(connections),
		libp2p.DisableRelay(), libp2p.DisableMetrics(), libp2p.DisableIdentifyAddressDiscovery(),
	)
	if err != nil {
		return nil, fmt.Errorf("start libp2p: %w", err)
	}
	s := &Server{
		host: h, app: cfg.App, pool: cfg.Pool, log: cfg.Log, answers: answers{cfg.App, grandpa.MaxWarpProof},
		work: make(chan struct{}, maxAtOnce), peers: map[peer.ID]*follower{}, busy: map[peer.ID]int{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.serve()
	if err := s.listen(cfg.Listen); err != nil {
		_ = h.Close()
		return nil, err
	}
	return s, nil
}

// listen listens for TCP and WebSocket on one port.
func (s *Server) listen(address string) error {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen for light clients: %w", err)
	}
	ip := net.ParseIP(name)
	number, err := strconv.ParseUint(port, 10, 16)
	if ip == nil || err != nil {
		return fmt.Errorf("listen for light clients: %q is not an IP address and a port", address)
	}
	at, err := manet.FromNetAddr(&net.TCPAddr{IP: ip, Port: int(number)})
	if err != nil {
		return fmt.Errorf("listen for light clients: %w", err)
	}
	if err := s.host.Network().Listen(at); err != nil {
		return fmt.Errorf("listen for light clients at %s: %w", address, err)
	}
	at = s.host.Network().ListenAddresses()[0]
	if err := s.host.Network().Listen(at.Encapsulate(ma.StringCast("/ws"))); err != nil {
		return fmt.Errorf("listen for light clients at %s, WebSocket: %w", address, err)
	}
	return nil
}

// Addresses are the multiaddresses under which the server is reached,
// WebSocket first.
func (s *Server) Addresses() []string {
	var ws, plain []string
	for _, a := range s.host.Addrs() {
		text := a.String() + "/p2p/" + s.host.ID().String()
		if _, err := a.ValueForProtocol(ma.P_WS); err == nil {
			ws = append(ws, text)
		} else {
			plain = append(plain, text)
		}
	}
	return append(ws, plain...)
}

// ID is the name of the server's network key.
func (s *Server) ID() string { return s.host.ID().String() }

// Followers is how many light clients follow the chain.
func (s *Server) Followers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.peers)
}

// Run tells followers what is new, until ctx ends, and closes the server.
func (s *Server) Run(ctx context.Context) error {
	defer s.host.Close()
	return s.follow(ctx)
}

// The protocols, after the genesis hash.
const (
	protocolAnnounces    = "block-announces/1"
	protocolTransactions = "transactions/1"
	protocolGrandpa      = "grandpa/1"
	protocolWarp         = "sync/warp"
	protocolBlocks       = "sync/2"
	protocolLight        = "light/2"
)

func (s *Server) protocol(name string) protocol.ID {
	genesis := s.app.Genesis()
	return protocol.ID("/" + hex.EncodeToString(genesis[:]) + "/" + name)
}

// serve sets the handlers of all protocols.
func (s *Server) serve() {
	for name, handle := range map[string]func(network.Stream) error{
		protocolAnnounces:    s.announces,
		protocolTransactions: s.transactions,
		protocolGrandpa:      s.grandpa,
		protocolWarp:         s.request(64, s.answers.warp),
		protocolBlocks:       s.request(4<<10, s.answers.blocks),
		protocolLight:        s.request(1<<20, s.answers.light),
	} {
		s.host.SetStreamHandler(s.protocol(name), func(st network.Stream) {
			if err := handle(st); err != nil {
				s.log.Debug("light client", "peer", st.Conn().RemotePeer().String(), "protocol", name, "err", err)
				_ = st.Reset()
				return
			}
			_ = st.Close()
		})
	}
}
