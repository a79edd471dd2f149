// Package rpc answers JSON-RPC 2.0 over WebSocket and HTTP on one port, with
// the methods and the numbers of Substrate, and a few of Tacit's own for
// relays.
//
// A method is a row in the table of its group's file. Whatever a stranger
// sends is bounded: connections, subscriptions, the size of a request, the
// length of a batch, and what waits for a reader that is too slow, who is cut
// off.
package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/pool"
)

// The limits of a server.
const (
	maxRequest       = 12 << 20
	maxBatch         = 100
	maxSubscriptions = 256
	maxAtOnce        = 16
	requestTime      = 30 * time.Second
)

// Config is what a Server is made of.
type Config struct {
	App  *engine.App
	Pool *pool.Pool
	// Peers is how many peers the node has; nil means that it needs none.
	Peers func() int
	// Syncing says whether the node fetches old blocks; nil means that it does
	// not.
	Syncing func() bool
	// EngineBlock returns the consensus engine's light block of a height; nil
	// means that there is no engine.
	EngineBlock func(height int64) ([]byte, error)
	// Connections is how many may be open; 0 means 1,024.
	Connections int
	// Unsafe allows what only the node's operator should do. The zero value
	// refuses it.
	Unsafe bool
	// Light are the multiaddresses for light clients; nil means none.
	Light func() []string
	// Patience is how long a request may take to arrive, and how long a
	// connection without one is kept; 0 means 30 seconds. WebSockets stay.
	Patience time.Duration
	// Log is for the server; nil is silence.
	Log *slog.Logger
}

// Server answers requests.
type Server struct {
	cfg     Config
	app     *engine.App
	pool    *pool.Pool
	log     *slog.Logger
	methods map[string]method
	began   chain.BlockNumber // the head when the server was made
	open    atomic.Int64
	ids     atomic.Uint64

	// under is held for reading by all that is under way, so that Serve returns
	// after it.
	under  sync.RWMutex
	closed bool // guarded by under
}

// method answers one call.
type method func(c *call, a args) (any, error)

// New returns a Server.
func New(cfg Config) *Server {
	if cfg.Patience == 0 {
		cfg.Patience = requestTime
	}
	if cfg.Connections == 0 {
		cfg.Connections = 1024
	}
	s := &Server{cfg: cfg, app: cfg.App, pool: cfg.Pool, log: cfg.Log, methods: map[string]method{}, began: cfg.App.Head().Number}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for _, group := range []map[string]method{
		s.systemMethods(), s.chainMethods(), s.stateMethods(), s.authorMethods(), s.paymentMethods(), s.grandpaMethods(),
		s.chainSpecMethods(), s.chainHeadMethods(), s.transactionMethods(), s.archiveMethods(), s.tacitMethods(),
		{"rpc_methods": s.rpcMethods},
	} {
		for name, m := range group {
			s.methods[name] = m
		}
	}
	return s
}

// Serve answers on l until ctx ends and all that was under way has ended too:
// nothing reads the database any more when it returns.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: s.cfg.Patience, ReadTimeout: s.cfg.Patience, IdleTimeout: s.cfg.Patience, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve JSON-RPC: %w", err)
	case <-ctx.Done():
		// Open sockets end with ctx; those that do not are closed.
		_ = srv.Close()
		<-done
		s.under.Lock()
		defer s.under.Unlock()
		s.closed = true
		return nil
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.open.Add(1) > int64(s.cfg.Connections) {
		s.open.Add(-1)
		http.Error(w, "too many connections", http.StatusServiceUnavailable)
		return
	}
	defer s.open.Add(-1)
	s.under.RLock()
	defer s.under.RUnlock()
	if s.closed {
		http.Error(w, "the node stops", http.StatusServiceUnavailable)
		return
	}
	if r.Header.Get("Upgrade") != "" {
		s.socket(w, r)
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "content-type")
	switch {
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet && r.URL.Path == "/health":
		h.Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.health())
	case r.Method != http.MethodPost:
		http.Error(w, "this is JSON-RPC: POST a request, or open a WebSocket", http.StatusMethodNotAllowed)
	default:
		s.post(w, r)
	}
}

func (s *Server) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the request is too long", http.StatusRequestEntityTooLarge)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTime)
	defer cancel()
	c := &call{conn: &conn{s: s, ctx: ctx}}
	w.Header().Set("Content-Type", "application/json")
	if out := c.handle(body); out != nil {
		_, _ = w.Write(out)
	}
}

type request struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

type response struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

// null is a result that is there and says nothing.
var null = json.RawMessage("null")

// handle answers a request or a batch; nil means that there is no answer.
func (c *call) handle(body []byte) []byte {
	fail := func(code int, message string) []byte {
		return encode(response{Version: "2.0", ID: null, Error: &Error{Code: code, Message: message}})
	}
	if len(body) > 0 && firstByte(body) == '[' {
		var batch []json.RawMessage
		if err := json.Unmarshal(body, &batch); err != nil {
			return fail(codeParse, "Parse error")
		}
		if len(batch) == 0 || len(batch) > maxBatch {
			return fail(codeRequest, fmt.Sprintf("a batch has 1 to %d requests", maxBatch))
		}
		var answers []json.RawMessage
		for _, one := range batch {
			if out := c.one(one); out != nil {
				answers = append(answers, out)
			}
		}
		if answers == nil {
			return nil
		}
		return encode(answers)
	}
	if !json.Valid(body) {
		return fail(codeParse, "Parse error")
	}
	return c.one(body)
}

func firstByte(b []byte) byte {
	for _, c := range b {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}

func (c *call) one(body []byte) []byte {
	var r request
	if err := json.Unmarshal(body, &r); err != nil || r.Method == "" {
		return encode(response{Version: "2.0", ID: null, Error: &Error{Code: codeRequest, Message: "Invalid request"}})
	}
	out := response{Version: "2.0", ID: r.ID}
	result, err := c.answer(r)
	switch {
	case err != nil:
		if e, ok := errors.AsType[*Error](err); ok {
			out.Error = e
		} else {
			out.Error = &Error{Code: codeServer, Message: err.Error()}
		}
	case result == nil:
		out.Result = null
	default:
		out.Result = result
	}
	if r.ID == nil {
		return nil
	}
	return encode(out)
}

func (c *call) answer(r request) (result any, err error) {
	m, ok := c.s.methods[r.Method]
	if !ok {
		return nil, &Error{Code: codeMethod, Message: "Method not found"}
	}
	params, err := arguments(r.Method, r.Params)
	if err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, c.s.panicked(r.Method, p)
		}
	}()
	return m(c, params)
}

// panicked is the answer when a bug made what runs for a client panic.
func (s *Server) panicked(what string, p any) *Error {
	s.log.Warn("a method panicked", "method", what, "panic", p, "stack", string(debug.Stack()))
	return &Error{Code: codeInternal, Message: "Internal error"}
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("rpc: encode %T: %v", v, err))
	}
	return b
}
