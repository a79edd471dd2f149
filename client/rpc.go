package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// RPCError is an error that a node answered. The codes are Substrate's.
type RPCError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// Error implements error.
func (e *RPCError) Error() string {
	var data string
	if json.Unmarshal(e.Data, &data) == nil && data != "" {
		return fmt.Sprintf("%s: %s (%d)", e.Message, data, e.Code)
	}
	return fmt.Sprintf("%s (%d)", e.Message, e.Code)
}

// ErrClosed means that the connection to the node is gone.
var ErrClosed = errors.New("the connection to the node is closed")

// closed is why there is no more news: since ctx ended and the connection with it, or
// since the connection did.
func closed(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait for the node: %w", err)
	}
	return ErrClosed
}

// The limits of a connection.
const (
	maxMessage = 64 << 20
	maxWaiting = 4096 // notifications that wait for a slow reader
	// writeTime is how long the node may take to read a message, and farewell how
	// long who gives up a subscription waits for the node's word of it.
	writeTime = 30 * time.Second
	farewell  = 5 * time.Second
)

// RPC is a JSON-RPC connection to a node over WebSocket. It is safe for
// concurrent use.
type RPC struct {
	ws       *websocket.Conn
	farewell time.Duration

	mu    sync.Mutex // guards what follows
	id    uint64
	calls map[uint64]chan answer
	subs  map[string]*Subscription
	early map[string][]json.RawMessage // notifications before their answer
	err   error                        // why the connection ended
}

type answer struct {
	result json.RawMessage
	err    error
}

// Dial connects to a node, such as ws://127.0.0.1:9944. The caller has to call
// Run.
func Dial(ctx context.Context, url string) (*RPC, error) {
	ws, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, fmt.Errorf("connect to the node at %s: %w", url, err)
	}
	ws.SetReadLimit(maxMessage)
	return &RPC{
		ws: ws, farewell: farewell, calls: map[uint64]chan answer{}, subs: map[string]*Subscription{}, early: map[string][]json.RawMessage{},
	}, nil
}

// Run reads what the node sends until the connection or ctx ends, and closes
// the connection.
func (r *RPC) Run(ctx context.Context) error {
	defer func() { _ = r.ws.CloseNow() }()
	for {
		_, data, err := r.ws.Read(ctx)
		if err != nil {
			r.end(fmt.Errorf("%w: %w", ErrClosed, err))
			return err
		}
		var m struct {
			ID     *uint64         `json:"id"`
			Result json.RawMessage `json:"result"`
			Error  *RPCError       `json:"error"`
			Params struct {
				Subscription string          `json:"subscription"`
				Result       json.RawMessage `json:"result"`
			} `json:"params"`
		}
		if err := json.Unmarshal(data, &m); err != nil {
			r.end(fmt.Errorf("%w: the node sent no JSON-RPC", ErrClosed))
			return err
		}
		r.mu.Lock()
		if m.ID != nil {
			if c, ok := r.calls[*m.ID]; ok {
				delete(r.calls, *m.ID)
				a := answer{result: m.Result}
				if m.Error != nil {
					a.err = m.Error
				}
				c <- a
			}
		} else if s, ok := r.subs[m.Params.Subscription]; ok {
			s.push(m.Params.Result)
		} else if len(r.early) < 64 && len(r.early[m.Params.Subscription]) < 64 {
			r.early[m.Params.Subscription] = append(r.early[m.Params.Subscription], m.Params.Result)
		}
		r.mu.Unlock()
	}
}

func (r *RPC) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
	for id, c := range r.calls {
		delete(r.calls, id)
		c <- answer{err: err}
	}
	for id, s := range r.subs {
		delete(r.subs, id)
		close(s.updates)
	}
}

// Call calls a method and decodes its result into out, which may be nil.
func (r *RPC) Call(ctx context.Context, out any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	c := make(chan answer, 1)
	r.mu.Lock()
	if r.err != nil {
		r.mu.Unlock()
		return r.err
	}
	r.id++
	id := r.id
	r.calls[id] = c
	r.mu.Unlock()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if err := r.write(ctx, body); err != nil {
		r.forget(id)
		return fmt.Errorf("%s: %w", method, errors.Join(ErrClosed, err))
	}
	select {
	case a := <-c:
		if a.err != nil {
			return fmt.Errorf("%s: %w", method, a.err)
		}
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(a.result, out); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		return nil
	case <-ctx.Done():
		r.forget(id)
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

// write sends a message whole, even if ctx ends meanwhile: giving it up would
// close the connection, which is others' too.
func (r *RPC) write(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	return r.ws.Write(ctx, websocket.MessageText, body)
}

func (r *RPC) forget(id uint64) {
	r.mu.Lock()
	delete(r.calls, id)
	r.mu.Unlock()
}

// Subscription brings notifications.
type Subscription struct {
	rpc     *RPC
	id, end string
	updates chan json.RawMessage
	closing bool // guarded by the connection's lock
}

// push is called under the connection's lock. A reader who lets too much wait
// loses the oldest.
func (s *Subscription) push(m json.RawMessage) {
	for {
		select {
		case s.updates <- m:
			return
		default:
			select {
			case <-s.updates:
			default:
			}
		}
	}
}

// Updates is closed when the connection or the subscription ends.
func (s *Subscription) Updates() <-chan json.RawMessage { return s.updates }

// Subscribe subscribes by one method and will unsubscribe by another.
func (r *RPC) Subscribe(ctx context.Context, method, end string, params ...any) (*Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	// The answer is waited for even if ctx ends meanwhile: without it nobody could
	// end what the node began.
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(r.farewell, cancel) })()
	var id string
	s, err := (*Subscription)(nil), r.Call(longer, &id, method, params...)
	if err == nil {
		s, err = r.begin(id, end)
	}
	if gone := ctx.Err(); gone != nil {
		if s != nil {
			s.Close(ctx)
		}
		return nil, fmt.Errorf("%s: %w", method, gone)
	}
	return s, err
}

// begin takes the notifications of a subscription that the node told the name of.
func (r *RPC) begin(id, end string) (*Subscription, error) {
	s := &Subscription{rpc: r, id: id, end: end, updates: make(chan json.RawMessage, maxWaiting)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return nil, r.err
	}
	r.subs[id] = s
	for _, m := range r.early[id] {
		s.push(m)
	}
	delete(r.early, id)
	return s, nil
}

// Close ends the subscription, also when ctx has ended. A node that does not answer
// is not waited for long: what it then sends, nobody reads.
func (s *Subscription) Close(ctx context.Context) {
	r := s.rpc
	r.mu.Lock()
	open := r.subs[s.id] == s && !s.closing
	s.closing = true
	r.mu.Unlock()
	if !open {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.farewell)
	defer cancel()
	_ = r.Call(ctx, nil, s.end, s.id)
	// Not before, so that what came meanwhile is not kept for one of this name.
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.subs[s.id] == s {
		delete(r.subs, s.id)
		close(s.updates)
	}
}
