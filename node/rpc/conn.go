package rpc

import (
	"context"
	"net/http"
	"sync"

	"github.com/coder/websocket"
)

// call is one request, or one batch, under way.
type call struct {
	*conn
	// started are the subscriptions that begin once the answer is out.
	started []func()
}

// conn is one connection. out is nil where there can be no subscriptions.
type conn struct {
	s   *Server
	ctx context.Context
	end context.CancelFunc
	out *outbox

	following sync.WaitGroup // subscriptions and operations

	mu         sync.Mutex // guards what follows
	subs       map[string]context.CancelFunc
	heads      map[string]*chainHead
	broadcasts map[string]context.CancelFunc
	archives   int // operations of archive_v1
}

func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(maxRequest)
	ctx, end := context.WithCancel(r.Context())
	defer end()
	c := &conn{
		s: s, ctx: ctx, end: end, out: newOutbox(),
		subs: map[string]context.CancelFunc{}, heads: map[string]*chainHead{}, broadcasts: map[string]context.CancelFunc{},
	}
	var writers sync.WaitGroup
	writers.Go(func() {
		defer end()
		c.out.run(ctx, func(m []byte) error {
			ctx, cancel := context.WithTimeout(ctx, requestTime)
			defer cancel()
			return ws.Write(ctx, websocket.MessageText, m)
		})
	})
	slots := make(chan struct{}, maxAtOnce)
	var calls sync.WaitGroup
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
		calls.Go(func() {
			defer func() { <-slots }()
			one := &call{conn: c}
			if out := one.handle(body); out != nil && !c.deliver(out) {
				return
			}
			for _, start := range one.started {
				c.following.Go(func() {
					defer func() {
						if p := recover(); p != nil {
							_ = s.panicked("a subscription", p)
						}
					}()
					start()
				})
			}
		})
	}
	end()
	calls.Wait()
	c.following.Wait()
	writers.Wait()
}

// send queues news, and cuts off a reader who lets too much wait: the chain
// waits for nobody.
func (c *conn) send(m []byte) {
	if !c.out.tell(m) {
		c.cut()
	}
}

// deliver queues what was asked for. Where too much waits, it waits too, and
// nothing more is read from who does not read; in the end that one is cut off.
// false means that the connection has ended.
func (c *conn) deliver(m []byte) bool {
	ctx, cancel := context.WithTimeout(c.ctx, requestTime)
	defer cancel()
	if c.out.answer(ctx, m) {
		return true
	}
	c.cut()
	return false
}

func (c *conn) cut() {
	c.s.log.Debug("slow reader is cut off")
	c.end()
}
