package gateway

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	chainruntime "github.com/tacit-network/tacit/runtime"
)

// slowNode answers everything with a hash, but for what it is asked by the method
// slow: it says that it was asked, and answers once it may.
func slowNode(ctx context.Context, t *testing.T, slow string, was, may chan struct{}) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		for {
			_, body, err := ws.Read(ctx)
			var a struct {
				ID     uint64 `json:"id"`
				Method string `json:"method"`
				Params []any  `json:"params"`
			}
			if err != nil || json.Unmarshal(body, &a) != nil {
				return
			}
			var result any = hash.H256{1}
			switch {
			case a.Method == "state_getRuntimeVersion":
				v := chainruntime.New().System.Version
				result = map[string]any{"specName": v.SpecName, "specVersion": v.SpecVersion}
			case a.Method == slow && len(a.Params) == 0:
				was <- struct{}{}
				<-may
			}
			_ = ws.Write(ctx, websocket.MessageText, encode(map[string]any{"jsonrpc": "2.0", "id": a.ID, "result": result}))
		}
	}))
	t.Cleanup(srv.Close)
	return "ws" + srv.URL[len("http"):]
}

// A client that ends a subscription while the node is being asked for it keeps its
// connection.
func TestUnsubscribeAtOnce(t *testing.T) {
	alice, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		slow, begin, end string
		params           []any
	}{
		{"chain_subscribeNewHeads", "chain_subscribeNewHeads", "chain_unsubscribeNewHeads", nil},
		{"chain_getBlockHash", "state_subscribeStorage", "state_unsubscribeStorage", []any{[]string{}}},
	} {
		t.Run(tt.begin, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			was, may := make(chan struct{}, 1), make(chan struct{})
			url := slowNode(ctx, t, tt.slow, was, may)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			up, done := make(chan *Gateway, 1), make(chan error, 1)
			go func() {
				done <- client.With(ctx, url, func(ctx context.Context, c *client.Client) error {
					g, err := New(Config{Client: c, Payer: alice})
					if err != nil {
						return err
					}
					up <- g
					return g.Serve(ctx, l)
				})
			}()
			defer func() { cancel(); <-done }()
			var g *Gateway
			select {
			case g = <-up:
			case err := <-done:
				t.Fatal(err)
			}
			for running := false; !running; runtime.Gosched() {
				g.mu.Lock()
				running = g.ctx != nil
				g.mu.Unlock()
			}
			rpc, err := client.Dial(ctx, "ws://"+l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() { defer close(ended); _ = rpc.Run(ctx) }()
			defer func() { cancel(); <-ended }()
			sub, err := rpc.Subscribe(ctx, tt.begin, tt.end, tt.params...)
			if err != nil {
				t.Fatal(err)
			}
			<-was
			sub.Close(ctx)
			close(may)
			for subs := 1; subs > 0 && ctx.Err() == nil; runtime.Gosched() {
				g.mu.Lock()
				subs = g.subs
				g.mu.Unlock()
			}
			var name string
			if err := rpc.Call(ctx, &name, "system_chain"); err != nil || name == "" {
				t.Errorf("%q, %v", name, err)
			}
		})
	}
}
