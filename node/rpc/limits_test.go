package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tacit-network/tacit/node/rpc"
)

// The limits, as server.go has them.
const (
	maxRequest       = 12 << 20
	maxBatch         = 100
	maxSubscriptions = 256
	maxConnections   = 1024 // without another Config.Connections
)

// ask sends one request and reads one message.
func ask(t *testing.T, ctx context.Context, ws *websocket.Conn, request string) string {
	t.Helper()
	if err := ws.Write(ctx, websocket.MessageText, []byte(request)); err != nil {
		t.Fatal(err)
	}
	_, data, err := ws.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func call(id int, method string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":[]}`, id, method)
}

// alive checks that the server answers somebody else.
func (n *node) alive() {
	n.Helper()
	if got := n.post(call(1, "system_chain")); got != `200 {"jsonrpc":"2.0","id":1,"result":"Conversation"}` {
		n.Errorf("the server answers somebody else: %s", got)
	}
}

func TestBatchTooLong(t *testing.T) {
	n := newNode(t)
	batch := func(size int) string {
		list := make([]string, size)
		for i := range list {
			list[i] = call(i, "system_name")
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	if got := n.post(batch(maxBatch)); strings.Count(got, "Tacit Node") != maxBatch {
		t.Errorf("a batch of %d has %d answers", maxBatch, strings.Count(got, "Tacit Node"))
	}
	want := `200 {"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a batch has 1 to 100 requests"}}`
	if got := n.post(batch(maxBatch + 1)); got != want {
		t.Errorf("got %.200s, want %s", got, want)
	}
}

func TestTooManySubscriptions(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := newNode(t)
	ws := n.dial(ctx)
	for i := range maxSubscriptions {
		// Final blocks, of which there is one: each tells it and is silent.
		if got := ask(t, ctx, ws, call(i, "chain_subscribeFinalizedHeads")); !strings.Contains(got, `"result":"`) {
			t.Fatalf("subscription %d: %s", i+1, got)
		}
		if _, _, err := ws.Read(ctx); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"jsonrpc":"2.0","id":7,"error":{"code":-32005,"message":"more than 256 subscriptions"}}`
	if got := ask(t, ctx, ws, call(7, "chain_subscribeFinalizedHeads")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// One ends, and there is room for another. Another connection has its own.
	if got := ask(t, ctx, ws, `{"jsonrpc":"2.0","id":8,"method":"chain_unsubscribeFinalizedHeads","params":["1"]}`); !strings.Contains(got, "true") {
		t.Error(got)
	}
	if got := ask(t, ctx, ws, call(9, "chain_subscribeFinalizedHeads")); !strings.Contains(got, `"result":"`) {
		t.Error(got)
	}
	if got := ask(t, ctx, n.dial(ctx), call(1, "chain_subscribeFinalizedHeads")); !strings.Contains(got, `"result":"`) {
		t.Error(got)
	}
}

func TestHugeBody(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := newNode(t)
	huge := `{"jsonrpc":"2.0","id":1,"method":"system_name","params":["` + strings.Repeat("x", maxRequest) + `"]}`
	if got := n.post(huge); got != "413 the request is too long" {
		t.Errorf("by HTTP: %.100s", got)
	}
	ws := n.dial(ctx)
	// The server may close before it has read all.
	_ = ws.Write(ctx, websocket.MessageText, []byte(huge))
	if _, data, err := ws.Read(ctx); err == nil {
		t.Errorf("by WebSocket: %.100s", data)
	} else if ctx.Err() != nil {
		t.Error("by WebSocket: the server waits for more")
	}
	n.alive()
}

func TestOtherThanPost(t *testing.T) {
	n := newNode(t)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		req, err := http.NewRequest(method, "http://"+n.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d", method, resp.StatusCode)
		}
	}
	resp, err := http.Get("http://" + n.url + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var health struct {
		IsSyncing *bool `json:"isSyncing"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&health); err != nil || health.IsSyncing == nil || *health.IsSyncing {
		t.Errorf("health: %v %+v", err, health)
	}
}

// A reader who subscribes to much and reads nothing is cut off, and nobody
// waits for it.
func TestSlowReader(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	n := newNode(t)
	slow := n.dial(ctx)
	for i := range maxSubscriptions {
		if err := slow.Write(ctx, websocket.MessageText, []byte(call(i, "chain_subscribeNewHeads"))); err != nil {
			t.Fatal(err)
		}
	}
	// Blocks come until what waits for the reader is more than the operating
	// system and the server keep. Writing tells when the server has closed.
	began := time.Now()
	cut := false
	for range 2000 {
		n.step()
		if err := slow.Write(ctx, websocket.MessageText, []byte(call(1, "system_name"))); err != nil {
			cut = true
			break
		}
	}
	if !cut {
		t.Fatal("a reader who reads nothing is not cut off")
	}
	t.Logf("cut off after %d blocks, %v", n.app.Head().Number, time.Since(began).Round(time.Millisecond))
	n.alive()
}

// When the server returns, nothing reads the database any more, whoever is
// connected; newNode closes it then, and a read after that would panic.
func TestServeEndsWithSubscriptions(t *testing.T) {
	for range 20 {
		t.Run("", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			n := newNode(t)
			ws := n.dial(ctx)
			for i := range 50 {
				if err := ws.Write(ctx, websocket.MessageText, []byte(call(i, "chain_subscribeNewHeads"))); err != nil {
					t.Fatal(err)
				}
			}
			for range 10 {
				n.step()
			}
		})
	}
}

// Who is slow to send a request, or sends none, is hung up on; a WebSocket may
// be silent.
func TestSlowSender(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := newNode(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- rpc.New(rpc.Config{App: n.app, Pool: n.pool, Patience: 200 * time.Millisecond}).Serve(serve, l)
	}()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	ws, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	for name, text := range map[string]string{
		"nothing": "", "half a head": "POST / HTTP/1.1\r\nHost: x\r\n",
		"half a body":  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
		"nothing more": "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("%s: the connection is not closed: %v", name, err)
		}
		_ = c.Close()
	}
	if got := ask(t, ctx, ws, call(1, "system_chain")); !strings.Contains(got, "Conversation") {
		t.Errorf("the silent WebSocket answers %s", got)
	}
}

func TestQueryStorageTooMuch(t *testing.T) {
	n := newNode(t)
	for range 16 {
		n.step()
	}
	keys := strings.TrimSuffix(strings.Repeat(`"0x00",`, 4096), ",")
	got := n.post(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"state_queryStorage","params":[[%s],%q]}`, keys, n.app.Genesis()))
	if !strings.Contains(got, "4096 keys in 17 blocks are more than 65536 values") {
		t.Errorf("got %.200s", got)
	}
}

// Beyond the most connections there is a clear answer, and room again when one
// has gone.
func TestTooManyConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("opens a thousand connections")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	n := newNode(t)
	var open []*websocket.Conn
	for range maxConnections {
		ws, _, err := websocket.Dial(ctx, "ws://"+n.url, nil)
		if err != nil {
			t.Fatalf("connection %d: %v", len(open)+1, err)
		}
		open = append(open, ws)
	}
	_, resp, err := websocket.Dial(ctx, "ws://"+n.url, nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more: %v %v", resp, err)
	}
	for _, ws := range open {
		_ = ws.CloseNow()
	}
	for ctx.Err() == nil { // the server sees that they have gone
		if ws, _, err := websocket.Dial(ctx, "ws://"+n.url, nil); err == nil {
			_ = ws.CloseNow()
			return
		}
	}
	t.Error("there is no room after all have gone")
}

// Who asks for much and reads late gets all of it: more than may wait is not
// made before.
func TestSlowAsker(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	n := newNode(t)
	ws := n.dial(ctx)
	const calls = 1000 // of 80 KiB and more each
	sent := make(chan error, 1)
	go func() {
		for i := range calls {
			if err := ws.Write(ctx, websocket.MessageText, []byte(call(i, "state_getMetadata"))); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for range 100 { // time for all that can wait
		n.step()
		n.alive()
	}
	seen, total := map[int]bool{}, 0
	for range calls {
		_, data, err := ws.Read(ctx)
		if err != nil {
			t.Fatalf("after %d answers: %v", len(seen), err)
		}
		var answer struct {
			ID     int
			Result string
		}
		if err := json.Unmarshal(data, &answer); err != nil || len(answer.Result) < 10_000 {
			t.Fatalf("%v: %.200s", err, data)
		}
		seen[answer.ID] = true
		total += len(data)
	}
	if err := <-sent; err != nil || len(seen) != calls {
		t.Errorf("%d answers, %v", len(seen), err)
	}
	if total < 64<<20 {
		t.Errorf("%d bytes are no test", total)
	}
}
