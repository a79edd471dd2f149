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

// subscribe runs f in the background, once the answer is out, until the subscription or the connection
// ends; what f pushes goes out as notifications named name.
func (c *call) subscribe(name string, f func(ctx context.Context, push func(any))) (any, error) {
	if c.out == nil {
		return nil, &Error{Code: codeServer, Message: "subscriptions need a WebSocket"}
	}
	id := fmt.Sprintf("%x", c.s.ids.Add(1))
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
		f(ctx, func(result any) {
			n := notification{Version: "2.0", Method: name}
			n.Params.Subscription, n.Params.Result = id, result
			c.send(encode(n))
		})
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
	for {
		f()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}
