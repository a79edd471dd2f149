package rpc

import (
	"context"
	"fmt"
)

type notification struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  struct {
		Subscription string `json:"subscription"`
		Result       any    `json:"result"`
	} `json:"params"`
}

func newNotification(method, subscription string, result any) []byte {
	n := notification{Version: "2.0", Method: method}
	n.Params.Subscription, n.Params.Result = subscription, result
	return encode(n)
}

var errNoSocket = &Error{Code: codeServer, Message: "subscriptions need a WebSocket"}

// newID returns what names a subscription or an operation.
func (s *Server) newID() string { return fmt.Sprintf("%x", s.ids.Add(1)) }

// subscribe runs f in the background, once the answer is out, until the
// subscription or the connection ends; what f pushes goes out as notifications
// named name. A reader who is slower than the news is cut off.
func (c *call) subscribe(name string, f func(ctx context.Context, push func(any))) (any, error) {
	return c.begin(func(ctx context.Context, id string) {
		f(ctx, func(result any) { c.send(newNotification(name, id, result)) })
	})
}

// stream is subscribe for what a client asked for, and not for news: it waits
// for a reader who is slow. What f pushes is false when the connection ends.
func (c *call) stream(name string, f func(ctx context.Context, push func(any) bool)) (any, error) {
	return c.begin(func(ctx context.Context, id string) {
		f(ctx, func(result any) bool { return c.deliver(newNotification(name, id, result)) })
	})
}

func (c *call) begin(f func(ctx context.Context, id string)) (any, error) {
	if c.out == nil {
		return nil, errNoSocket
	}
	id := c.s.newID()
	ctx, cancel := context.WithCancel(c.ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.subs) >= maxSubscriptions {
		cancel()
		return nil, &Error{Code: codeLimit, Message: fmt.Sprintf("more than %d subscriptions", maxSubscriptions)}
	}
	c.subs[id] = cancel
	c.started = append(c.started, func() {
		defer c.drop(id)
		f(ctx, id)
	})
	return id, nil
}

// drop ends a subscription; false means that there was none.
func (c *conn) drop(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	cancel, ok := c.subs[id]
	if ok {
		cancel()
		delete(c.subs, id)
	}
	return ok
}

func unsubscribe(c *call, a args) (any, error) {
	id, err := a.str(0)
	if err != nil {
		return nil, err
	}
	return c.drop(id), nil
}

// follow calls f at once and after each change of the chain until ctx ends.
func (s *Server) follow(ctx context.Context, f func()) {
	changed, stop := s.app.Hub.Listen()
	defer stop()
	for ctx.Err() == nil {
		f()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}
