package gateway

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/client"
)

// The limits of what clients may do.
const (
	maxRequest       = 12 << 20
	maxBatch         = 100
	maxAtOnce        = 16  // requests of a connection
	maxSubscriptions = 128 // of all connections
	maxWaiting       = 256 // messages for a reader who is slow
	maxKeys          = 100
	requestTime      = time.Minute
)

// The numbers of errors, as Substrate has them; that for an account without a
// key is the gateway's own.
const (
	codeParse   = -32700
	codeRequest = -32600
	codeMethod  = -32601
	codeParams  = -32602
	codeServer  = -32000
	codeNoKey   = -32010
	codeFormat  = 1001
	codeInvalid = 1010
	codeKnown   = 1013
	codeFull    = 1016
)

// method answers one call.
type method func(ctx context.Context, c *conn, a args) (any, error)

// Serve answers on l until ctx or the connection to the node ends, and what was
// under way has ended too.
func (g *Gateway) Serve(ctx context.Context, l net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	g.mu.Lock()
	g.ctx = ctx
	g.mu.Unlock()
	srv := &http.Server{
		Handler: g, ReadHeaderTimeout: requestTime, ReadTimeout: requestTime, IdleTimeout: requestTime, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
	}
	group.Go(func() error { return g.follow(ctx) })
	group.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the gateway: %w", err)
		}
		return nil
	})
	<-ctx.Done()
	_ = srv.Close()
	err := group.Wait()
	g.mu.Lock()
	g.ctx = nil
	g.mu.Unlock()
	g.work.Wait()
	return err
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.open.Add(1) > int64(g.cfg.Connections) {
		g.open.Add(-1)
		http.Error(w, "too many connections", http.StatusServiceUnavailable)
		return
	}
	defer g.open.Add(-1)
	_, leave, ok := g.enter()
	if !ok {
		http.Error(w, errStopped.Error(), http.StatusServiceUnavailable)
		return
	}
	defer leave()
	switch origin := r.Header.Get("Origin"); {
	case !g.allowed(r):
		http.Error(w, "pages of this origin may not use the gateway: see --origin", http.StatusForbidden)
		return
	case r.Header.Get("Upgrade") != "":
		g.socket(w, r)
		return
	case origin != "":
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Headers", "content-type")
		w.Header().Set("Vary", "Origin")
	}
	switch r.Method {
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			http.Error(w, "the request is too long", http.StatusRequestEntityTooLarge)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if out := g.handle(r.Context(), &conn{g: g}, body); out != nil {
			_, _ = w.Write(out)
		}
	default:
		http.Error(w, "this is JSON-RPC: POST a request, or open a WebSocket", http.StatusMethodNotAllowed)
	}
}

// localOrigin says whether a page is of this machine.
func localOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// conn is one connection. out is nil where there can be no subscriptions.
type conn struct {
	g    *Gateway
	ctx  context.Context
	end  context.CancelFunc
	out  chan []byte
	subs sync.WaitGroup

	mu    sync.Mutex // guards what follows
	named map[string]context.CancelFunc
}

func (g *Gateway) socket(w http.ResponseWriter, r *http.Request) {
	// The origin is checked already.
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(maxRequest)
	ctx, end := context.WithCancel(r.Context())
	c := &conn{g: g, ctx: ctx, end: end, out: make(chan []byte, maxWaiting), named: map[string]context.CancelFunc{}}
	var others sync.WaitGroup
	others.Go(func() {
		defer end()
		for {
			select {
			case <-ctx.Done():
				return
			case m := <-c.out:
				if ws.Write(ctx, websocket.MessageText, m) != nil {
					return
				}
			}
		}
	})
	slots := make(chan struct{}, maxAtOnce)
	for {
		_, body, err := ws.Read(ctx)
		if err != nil {
			break
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			continue
		}
		others.Go(func() {
			defer func() { <-slots }()
			if out := g.handle(ctx, c, body); out != nil {
				c.deliver(out)
			}
		})
	}
	end()
	others.Wait()
	c.subs.Wait()
}

// deliver queues an answer, and waits for room: who does not read is asked
// nothing more.
func (c *conn) deliver(m []byte) {
	select {
	case c.out <- m:
	case <-c.ctx.Done():
	}
}

// send queues news, and cuts off a reader who lets too much wait.
func (c *conn) send(m []byte) {
	select {
	case c.out <- m:
	case <-c.ctx.Done():
	default:
		c.g.log.Debug("slow reader is cut off")
		c.end()
	}
}

// subscribe runs f beside until the subscription or the connection ends. What f
// pushes goes out as notifications named name, all after the answer with the
// subscription's id, which is sent first.
func (c *conn) subscribe(name string, f func(ctx context.Context, push func(any))) (started, error) {
	if c.out == nil {
		return started{}, &client.RPCError{Code: codeServer, Message: "subscriptions need a WebSocket"}
	}
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	if c.g.subs >= maxSubscriptions {
		return started{}, &client.RPCError{Code: codeServer, Message: fmt.Sprintf("there are %d subscriptions already", maxSubscriptions)}
	}
	c.g.subs++
	id := fmt.Sprintf("%x", c.g.ids.Add(1))
	ctx, cancel := context.WithCancel(c.ctx)
	c.mu.Lock()
	c.named[id] = cancel
	c.mu.Unlock()
	return started{id, func() {
		c.subs.Go(func() {
			defer c.g.release()
			defer c.drop(id)
			defer c.g.caught(name)
			f(ctx, func(result any) {
				c.send(encode(map[string]any{
					"jsonrpc": "2.0", "method": name, "params": map[string]any{"subscription": id, "result": result},
				}))
			})
		})
	}}, nil
}

// started is the answer to a subscription, and what begins once it is out.
type started struct {
	id    string
	begin func()
}

// abandon gives a subscription up that was not begun.
func (c *conn) abandon(s started) {
	c.drop(s.id)
	c.g.release()
}

func (g *Gateway) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.subs--
}

// drop ends a subscription; false means that there was none.
func (c *conn) drop(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	cancel, ok := c.named[id]
	if ok {
		cancel()
		delete(c.named, id)
	}
	return ok
}

func unsubscribe(_ context.Context, c *conn, a args) (any, error) {
	id, err := param[string](a, 0)
	if err != nil {
		return nil, err
	}
	return c.drop(id), nil
}

func (g *Gateway) caught(what string) {
	if p := recover(); p != nil {
		g.log.Warn("a method panicked", "method", what, "panic", p, "stack", string(debug.Stack()))
	}
}

type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

type response struct {
	Version string           `json:"jsonrpc"`
	ID      json.RawMessage  `json:"id"`
	Result  any              `json:"result,omitempty"`
	Error   *client.RPCError `json:"error,omitempty"`
}

var null = json.RawMessage("null")

func failure(id json.RawMessage, code int, message string) []byte {
	return encode(response{Version: "2.0", ID: id, Error: &client.RPCError{Code: code, Message: message}})
}

// handle answers a request or a batch; nil means that there is no answer.
func (g *Gateway) handle(ctx context.Context, c *conn, body []byte) []byte {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	var batch []json.RawMessage
	if json.Unmarshal(body, &batch) != nil {
		return g.one(ctx, c, body)
	}
	if len(batch) == 0 || len(batch) > maxBatch {
		return failure(null, codeRequest, fmt.Sprintf("a batch has 1 to %d requests", maxBatch))
	}
	var answers []json.RawMessage
	for _, r := range batch {
		if out := g.one(ctx, c, r); out != nil {
			answers = append(answers, out)
		}
	}
	if answers == nil {
		return nil
	}
	return encode(answers)
}

func (g *Gateway) one(ctx context.Context, c *conn, body []byte) []byte {
	var r request
	if err := json.Unmarshal(body, &r); err != nil {
		return failure(null, codeParse, "Parse error")
	}
	if r.Method == "" {
		return failure(null, codeRequest, "Invalid request")
	}
	result, err := g.call(ctx, c, r)
	out := response{Version: "2.0", ID: r.ID, Result: result}
	if err != nil {
		e, ok := errors.AsType[*client.RPCError](err)
		if !ok {
			e = &client.RPCError{Code: codeServer, Message: err.Error()}
		}
		out.Result, out.Error = nil, e
	} else if s, ok := result.(started); ok {
		// The answer goes first, so that the client knows whose the news are.
		out.Result = s.id
		c.deliver(encode(out))
		s.begin()
		return nil
	} else if result == nil {
		out.Result = null
	}
	if r.ID == nil {
		return nil
	}
	return encode(out)
}

func (g *Gateway) call(ctx context.Context, c *conn, r request) (result any, err error) {
	m, ok := g.methods[r.Method]
	if !ok {
		return nil, &client.RPCError{Code: codeMethod, Message: "Method not found"}
	}
	var a args
	if len(r.Params) > 0 && json.Unmarshal(r.Params, &a) != nil {
		return nil, badParams("params must be an array")
	}
	defer func() {
		if p := recover(); p != nil {
			g.log.Warn("a method panicked", "method", r.Method, "panic", p, "stack", string(debug.Stack()))
			result, err = nil, &client.RPCError{Code: codeServer, Message: "Internal error"}
		}
	}()
	return m(ctx, c, a)
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("gateway: encode %T: %v", v, err))
	}
	return b
}

// args are the parameters of a call.
type args []json.RawMessage

func (a args) has(i int) bool { return i < len(a) && string(a[i]) != "null" }

func badParams(format string, v ...any) error {
	return &client.RPCError{Code: codeParams, Message: fmt.Sprintf(format, v...)}
}

// param reads the i-th parameter, which must be there.
func param[T any](a args, i int) (v T, err error) {
	if !a.has(i) {
		return v, badParams("parameter %d is missing", i+1)
	}
	if err := json.Unmarshal(a[i], &v); err != nil {
		return v, badParams("parameter %d does not belong there", i+1)
	}
	return v, nil
}

// bytesAt reads hex.
func bytesAt(a args, i int) ([]byte, error) {
	s, err := param[string](a, i)
	if err != nil {
		return nil, err
	}
	return unhex(s)
}

func unhex(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		return nil, badParams("%.20q is not hex", s)
	}
	return b, nil
}

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }

func (g *Gateway) rpcMethods(context.Context, *conn, args) (any, error) {
	names := make([]string, 0, len(g.methods))
	for name := range g.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return map[string]any{"methods": names}, nil
}
