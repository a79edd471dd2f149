// Package gateway lets clients that expect a chain with pallet-contracts, such as
// @polkadot/api-contract and dedot, reach a cluster of confidential contracts. It
// runs on the user's own machine.
//
// JSON-RPC of the cluster's contract runtime comes in. A signed extrinsic is
// sealed to the cluster and goes to the node as a command; its receipt is opened
// and becomes the extrinsic's events. A state_call becomes an encrypted query of a
// worker. What of a chain is public (headers, finality, time) is the node's. The
// node never sees a call in the clear; the gateway does, which is why it belongs
// to who makes the calls.
//
// The runtime's blocks are the chain's, with its own block 0. The body and the
// events of a block are of those extrinsics that this gateway sealed and that have
// their receipts in it; other states of the past are not kept, and what is asked
// about them is answered as of now.
//
// The package executes nothing and believes no worker: answers are signed. It keeps
// keys in memory alone.
package gateway

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	words "github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// Config is what a Gateway is made of.
type Config struct {
	// Client is connected to a node.
	Client *client.Client
	// Cluster is the cluster that clients see.
	Cluster hash.H256
	// Payer signs the commands in which extrinsics travel, and pays for them. It
	// may ask in its own name too.
	Payer keys.Pair
	// Accounts are others in whose names the gateway may ask.
	Accounts []keys.Pair
	// Origins are those of web pages that may use the gateway, such as
	// https://ui.example, beside pages of this machine.
	Origins []string
	// Connections is how many may be open; 0 means 64.
	Connections int
	// Log is for the gateway; nil is silence.
	Log *slog.Logger
}

// Gateway answers clients.
type Gateway struct {
	cfg     Config
	client  *client.Client
	log     *slog.Logger
	first   chain.Header // block 0 of the contract runtime
	genesis hash.H256    // its hash
	session keys.Pair    // the key that certificates are for
	methods map[string]method
	open    atomic.Int64
	ids     atomic.Uint64
	final   atomic.Uint32 // the newest final block
	news    news
	blocks  blocks
	sending sync.Mutex         // held while the payer's transactions are made
	known   map[hash.H256]bool // codes that the cluster was told of; guarded by sending

	work sync.WaitGroup // what is under way, which Serve waits for

	mu      sync.Mutex      // guards what follows
	ctx     context.Context // of Serve; nil when it does not run
	askers  map[keys.AccountID]wire.Asker
	pending map[hash.H256]*submission
	subs    int
}

// New returns a Gateway of a cluster.
func New(cfg Config) (*Gateway, error) {
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // does not fail
	session, err := keys.NewPair(keys.Sr25519, seed)
	if err != nil {
		return nil, fmt.Errorf("make a session key: %w", err)
	}
	g := &Gateway{
		cfg: cfg, client: cfg.Client, log: cfg.Log, first: words.First(cfg.Client.Genesis(), cfg.Cluster), session: session,
		askers: map[keys.AccountID]wire.Asker{}, pending: map[hash.H256]*submission{}, known: map[hash.H256]bool{}, methods: map[string]method{},
	}
	g.cfg.Connections = cmp.Or(cfg.Connections, 64)
	g.genesis = g.first.Hash()
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	for _, p := range append([]keys.Pair{cfg.Payer}, cfg.Accounts...) {
		g.askers[p.AccountID()] = wire.By(p)
	}
	for _, group := range []map[string]method{
		g.chainMethods(), g.systemMethods(), g.stateMethods(), g.authorMethods(), g.certificateMethods(), {"rpc_methods": g.rpcMethods},
	} {
		for name, m := range group {
			g.methods[name] = m
		}
	}
	return g, nil
}

// Genesis is the hash of block 0 of the contract runtime.
func (g *Gateway) Genesis() hash.H256 { return g.genesis }

// follow learns what is final until ctx or the connection to the node ends.
func (g *Gateway) follow(ctx context.Context) error {
	sub, err := g.client.Subscribe(ctx, "chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads")
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer sub.Close(context.WithoutCancel(ctx))
	for {
		select {
		case <-ctx.Done():
			return nil
		case m, ok := <-sub.Updates():
			if !ok {
				return client.ErrClosed
			}
			n, err := numberOf(m)
			if err != nil {
				return err
			}
			g.final.Store(n)
			g.news.tell()
		}
	}
}

// numberOf reads the number in a header.
func numberOf(m json.RawMessage) (n chain.BlockNumber, err error) {
	var h struct {
		Number string `json:"number"`
	}
	if err := json.Unmarshal(m, &h); err != nil {
		return 0, fmt.Errorf("a header of the node: %w", err)
	}
	if _, err := fmt.Sscanf(h.Number, "0x%x", &n); err != nil {
		return 0, fmt.Errorf("block number %q: %w", h.Number, err)
	}
	return n, nil
}

// errNoKey means that the gateway cannot ask in an account's name.
func errNoKey(who keys.AccountID) error {
	return &client.RPCError{Code: codeNoKey, Message: "the gateway may not ask in the name of " + who.String(), Data: quote(
		"a cluster tells an account its balance and its nonce, and runs its calls, for the account alone: " +
			"start the gateway with its --key-file, or sign a certificate (tacit_certificateText, tacit_certify)")}
}

func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string is always JSON
	return b
}

// asker is who asks in an account's name.
func (g *Gateway) asker(who keys.AccountID) (wire.Asker, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, ok := g.askers[who]
	return a, ok
}

// ask asks the cluster in an account's name, as of what is final now.
func (g *Gateway) ask(ctx context.Context, who keys.AccountID, method string, args []byte) ([]byte, error) {
	a, ok := g.asker(who)
	if !ok {
		return nil, errNoKey(who)
	}
	return g.client.AskRuntime(ctx, a, g.cfg.Cluster, g.final.Load(), words.StateCall{Method: method, Args: args})
}

// account asks what an account holds and which nonce is its next.
func (g *Gateway) account(ctx context.Context, who keys.AccountID) (words.Account, error) {
	out, err := g.ask(ctx, who, words.MethodAccount, who[:])
	if err != nil {
		return words.Account{}, err
	}
	return scale.Decode[words.Account](out)
}

// contract asks for the name of a contract's code, nil when there is no such
// contract.
func (g *Gateway) contract(ctx context.Context, id keys.AccountID) (*hash.H256, error) {
	out, err := g.ask(ctx, g.cfg.Payer.AccountID(), words.MethodContract, id[:])
	if err != nil {
		return nil, err
	}
	return scale.Decode[*hash.H256](out)
}

// news wakes those who wait for something new.
type news struct {
	mu sync.Mutex
	c  chan struct{} // guarded by mu; closed by the next tell
}

// next is closed when there is something new.
func (n *news) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.c == nil {
		n.c = make(chan struct{})
	}
	return n.c
}

func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.c != nil {
		close(n.c)
		n.c = nil
	}
}

// errStopped means that the gateway does not run.
var errStopped = errors.New("the gateway stops")

// enter says that something is under way until leave is called; false means that
// Serve does not run.
func (g *Gateway) enter() (ctx context.Context, leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx == nil {
		return nil, nil, false
	}
	g.work.Add(1)
	return g.ctx, g.work.Done, true
}

// allowed says whether a web page of an origin may use the gateway. What is no
// web page has none.
func (g *Gateway) allowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || localOrigin(origin) || slices.Contains(g.cfg.Origins, origin)
}
