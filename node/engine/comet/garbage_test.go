package comet

import (
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/conn"
	types "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/tacit-network/tacit/node/store"
)

// channels are all that CometBFT v0.40.0 listens on: peer exchange, consensus
// (state, data, votes, vote sets), mempool, evidence, block sync, snapshots and
// their chunks.
var channels = []byte{0x00, 0x20, 0x21, 0x22, 0x23, 0x30, 0x38, 0x40, 0x60, 0x61}

// noise is a message of given bytes.
type noise []byte

func (noise) Reset()                     {}
func (noise) String() string             { return "noise" }
func (noise) ProtoMessage()              {}
func (n noise) Marshal() ([]byte, error) { return n, nil }

// babbler is a peer that does all of the handshake and then sends noise.
type babbler struct {
	p2p.BaseReactor
	channel byte
	say     []noise
	said    chan bool
}

func (b *babbler) GetChannels() (list []*conn.ChannelDescriptor) {
	for _, id := range channels {
		list = append(list, &conn.ChannelDescriptor{ID: id, Priority: 1, SendQueueCapacity: 100, RecvMessageCapacity: 1 << 22, MessageType: &types.Block{}})
	}
	return list
}

func (b *babbler) AddPeer(peer p2p.Peer) {
	for _, n := range b.say {
		peer.TrySend(p2p.Envelope{ChannelID: b.channel, Message: n})
	}
	close(b.said)
}

func (b *babbler) Receive(p2p.Envelope) {}

// noises are bytes that are no message, and bytes that begin as one.
func noises(random *rand.Rand) (list []noise) {
	bytes := func(n int) noise {
		b := make(noise, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	for range 4 {
		list = append(list, bytes(1+random.IntN(200)))
		size := random.IntN(100)
		list = append(list, append(noise{byte(1+random.IntN(12))<<3 | 2, byte(size)}, bytes(size)...))
		list = append(list, append(noise{byte(1+random.IntN(12))<<3 | 2, 0xff, 0xff, 0xff, 0x7f}, bytes(size)...)) // says it is long
		list = append(list, noise{byte(1+random.IntN(12))<<3 | 2, 0})                                              // an empty one
	}
	return append(list, bytes(100_000), noise{})
}

// A peer that sends garbage, on whatever channel, before the handshake or after
// it, is no trouble to a validator: it goes on, and keeps other peers.
func TestGarbageOfPeers(t *testing.T) {
	spec := specOf(t, 1, 100)
	listen := freeAddress(t)
	p := start(t, spec, 0, store.Config{}, Config{Home: t.TempDir(), Listen: listen})
	other := start(t, spec, 9, store.Config{}, Config{Home: t.TempDir(), Listen: freeAddress(t), Peers: []string{p.node.Peer()}})
	other.final(t, 2)
	random := rand.New(rand.NewPCG(7, 7))
	for i := range 20 { // no handshake at all, or a begun one
		c, err := net.Dial("tcp", listen)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range noises(random)[:1+i%9] {
			if _, err := c.Write(n); err != nil {
				break // it hung up, which is right
			}
		}
		if i%2 == 0 {
			_ = c.Close()
		} else {
			defer c.Close()
		}
	}
	info, ok := p.node.comet.NodeInfo().(p2p.DefaultNodeInfo)
	if !ok {
		t.Fatalf("the node's info is a %T", p.node.comet.NodeInfo())
	}
	target, err := p2p.NewNetAddressString(p.node.Peer())
	if err != nil {
		t.Fatal(err)
	}
	connected := 0
	for _, channel := range channels {
		for _, n := range noises(random) {
			key := p2p.NodeKey{PrivKey: ed25519.GenPrivKey()}
			own := info
			own.DefaultNodeID, own.ListenAddr, own.Channels, own.Moniker = key.ID(), freeAddress(t), channels, "babbler"
			cfg := config.DefaultP2PConfig()
			cfg.AllowDuplicateIP = true
			sw := p2p.NewSwitch(cfg, p2p.NewMultiplexTransport(own, key, p2p.MConnConfig(cfg)))
			sw.SetNodeKey(&key)
			sw.SetNodeInfo(own)
			b := &babbler{channel: channel, say: []noise{n, n[:len(n)/2]}, said: make(chan bool)}
			b.BaseReactor = *p2p.NewBaseReactor("babbler", b)
			sw.AddReactor("babbler", b)
			if err := sw.Start(); err != nil {
				t.Fatal(err)
			}
			if err := sw.DialPeerWithAddress(target); err == nil {
				select {
				case <-b.said:
					connected++
				case <-time.After(5 * time.Second):
					t.Errorf("channel %#x: no peer", channel)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if err := sw.Stop(); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d peers sent noise", connected)
	if want := len(channels) * 16; connected < want {
		t.Errorf("only %d peers were let in, want %d", connected, want)
	}
	p.final(t, p.app.Final()+3)
	other.final(t, p.app.Final())
	if peers := p.node.Peers(); peers < 1 {
		t.Errorf("%d peers are left", peers)
	}
}
