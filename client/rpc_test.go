package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// asked is a request as a node reads it.
type asked struct {
	ID     uint64            `json:"id"`
	Method string            `json:"method"`
	Params []json.RawMessage `json:"params"`
}

// talk is a node's end of a connection.
type talk struct {
	ctx context.Context
	ws  *websocket.Conn
}

func (k talk) say(v map[string]any) {
	v["jsonrpc"] = "2.0"
	body, _ := json.Marshal(v) // it is JSON
	_ = k.ws.Write(k.ctx, websocket.MessageText, body)
}

func (k talk) answer(a asked, result any) { k.say(map[string]any{"id": a.ID, "result": result}) }

func (k talk) news(id, result string) {
	k.say(map[string]any{"method": "news", "params": map[string]any{"subscription": id, "result": result}})
}

// connected connects to a node that hands each request to f, one after the other.
func connected(t *testing.T, f func(talk, asked)) (context.Context, *RPC) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		for {
			_, body, err := ws.Read(ctx)
			var a asked
			if err != nil || json.Unmarshal(body, &a) != nil {
				return
			}
			f(talk{ctx, ws}, a)
		}
	}))
	rpc, err := Dial(ctx, "ws"+srv.URL[len("http"):])
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = rpc.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; srv.Close() })
	return ctx, rpc
}

// The connection is everybody's: a call that is given up leaves it to the others.
func TestCallGivenUp(t *testing.T) {
	ctx, rpc := connected(t, func(k talk, a asked) { k.answer(a, a.Method) })
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for range 64 {
		if err := rpc.Call(gone, nil, "given_up"); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	for range 64 {
		brief, cancel := context.WithCancel(ctx)
		go cancel()
		if err := rpc.Call(brief, nil, "brief"); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	var out string
	if err := rpc.Call(ctx, &out, "another"); err != nil || out != "another" {
		t.Errorf("%q, %v", out, err)
	}
}

// A subscription that is given up while the node begins it is ended there.
func TestSubscribeGivenUp(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan string, 1)
	later := make(chan struct{})
	ctx, rpc := connected(t, func(k talk, a asked) {
		switch a.Method {
		case "begin":
			close(begun)
			<-later
			k.answer(a, "seven")
		case "end":
			ended <- string(a.Params[0])
			k.answer(a, true)
		}
	})
	brief, cancel := context.WithCancel(ctx)
	failed := make(chan error, 1)
	go func() {
		_, err := rpc.Subscribe(brief, "begin", "end")
		failed <- err
	}()
	<-begun
	cancel()
	close(later)
	select {
	case id := <-ended:
		if id != `"seven"` {
			t.Errorf("%s is ended", id)
		}
	case <-time.After(10 * time.Second):
		t.Error("it goes on")
	}
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// What the node sends of a subscription that ends takes no room from the news of
// others that come before their name.
func TestLateNews(t *testing.T) {
	n := 0
	ctx, rpc := connected(t, func(k talk, a asked) {
		switch a.Method {
		case "begin":
			n++
			k.news(fmt.Sprint(n), "first")
			k.answer(a, fmt.Sprint(n))
		case "end":
			var id string
			_ = json.Unmarshal(a.Params[0], &id)
			k.news(id, "late")
			k.answer(a, true)
		}
	})
	for i := range 100 {
		sub, err := rpc.Subscribe(ctx, "begin", "end")
		if err != nil {
			t.Fatal(err)
		}
		select {
		case m := <-sub.Updates():
			if string(m) != `"first"` {
				t.Errorf("subscription %d begins with %s", i, m)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("the news of subscription %d are lost", i)
		}
		sub.Close(ctx)
	}
}

// A node that does not answer is not waited for without end, and a subscription
// may be closed twice.
func TestSilentNode(t *testing.T) {
	ctx, rpc := connected(t, func(k talk, a asked) {
		if a.Method == "begin" {
			k.answer(a, "one")
		}
	})
	rpc.farewell = 20 * time.Millisecond
	sub, err := rpc.Subscribe(ctx, "begin", "end")
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { sub.Close(ctx); sub.Close(ctx); close(closed) }()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits")
	}
	if _, open := <-sub.Updates(); open {
		t.Error("its updates are not closed")
	}
}

// Who waited too long is told that, although the connection ends at the same time.
func TestWaitedTooLong(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		sub := &Subscription{rpc: &RPC{}, updates: make(chan json.RawMessage)}
		close(sub.updates)
		if _, err := (&Sent{sub: sub}).Wait(ctx, UntilFinal); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}
