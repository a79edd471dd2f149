package rpc_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tacit-network/tacit/node/rpc"
)

// The limits of chainHead_v1, as chainhead.go has them.
const (
	firstFinal = 16
	maxPinned  = 512
)

// event reads an event of chainHead_v1_follow.
func event(t *testing.T, ctx context.Context, ws *websocket.Conn) (e struct {
	Event, BlockHash, ParentBlockHash, BestBlockHash string
	FinalizedBlockHashes, PrunedBlockHashes          []string
}) {
	t.Helper()
	_, data, err := ws.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Params struct{ Result json.RawMessage }
	}
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(m.Params.Result, &e); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return e
}

// A client that never unpins is stopped. Until then the events hold what the
// specification of chainHead_v1_follow guarantees: parents are known, the best
// block was told, what becomes final was told before, in order.
func TestFollowUntilStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	n := newNode(t)
	for range firstFinal + 5 {
		n.step()
	}
	ws := n.dial(ctx)
	id := strings.Split(ask(t, ctx, ws, `{"jsonrpc":"2.0","id":1,"method":"chainHead_v1_follow","params":[true]}`), `"`)[9]
	first := event(t, ctx, ws)
	if first.Event != "initialized" || len(first.FinalizedBlockHashes) != firstFinal {
		t.Fatalf("the first event is %+v", first)
	}
	told := map[string]bool{}
	final := first.FinalizedBlockHashes
	for _, h := range final {
		told[h] = true
	}
	made := n.app.Head().Number
	for {
		e := event(t, ctx, ws)
		switch e.Event {
		case "newBlock":
			if !told[e.ParentBlockHash] || told[e.BlockHash] {
				t.Fatalf("%+v: its parent was not told, or it was", e)
			}
			told[e.BlockHash] = true
		case "bestBlockChanged":
			if !told[e.BestBlockHash] || slices.Contains(final, e.BestBlockHash) {
				t.Fatalf("%+v: it was not told, or is final", e)
			}
			n.step()
		case "finalized":
			final = append(final, e.FinalizedBlockHashes...)
			if len(e.PrunedBlockHashes) > 0 || !told[final[len(final)-1]] {
				t.Fatalf("%+v", e)
			}
		case "stop":
			if len(told) != maxPinned {
				t.Errorf("stopped with %d blocks, want %d", len(told), maxPinned)
			}
			for i, h := range final {
				if want, err := n.app.Store().HashOf(made - firstFinal + uint32(i)); err != nil || want.String() != h {
					t.Fatalf("the final block %d is %s, want %v (%v)", i, h, want, err)
				}
			}
			// Its blocks are gone with it.
			got := ask(t, ctx, ws, fmt.Sprintf(`{"jsonrpc":"2.0","id":2,"method":"chainHead_v1_header","params":[%q,%q]}`, id, final[0]))
			if got != `{"jsonrpc":"2.0","id":2,"result":null}` {
				t.Error(got)
			}
			return
		default:
			t.Fatalf("%+v", e)
		}
	}
}

// One that unpins what is final goes on.
func TestFollowUnpinning(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	n := newNode(t)
	ws := n.dial(ctx)
	id := strings.Split(ask(t, ctx, ws, `{"jsonrpc":"2.0","id":1,"method":"chainHead_v1_follow","params":[false]}`), `"`)[9]
	last := event(t, ctx, ws).FinalizedBlockHashes[0]
	for range maxPinned + 10 {
		n.step()
		for e := event(t, ctx, ws); e.Event != "bestBlockChanged"; e = event(t, ctx, ws) {
			if e.Event != "finalized" {
				continue
			}
			got := ask(t, ctx, ws, fmt.Sprintf(`{"jsonrpc":"2.0","id":2,"method":"chainHead_v1_unpin","params":[%q,%q]}`, id, last))
			for !strings.Contains(got, `"id":2`) { // events may come between
				if strings.Contains(got, `"stop"`) {
					t.Fatal("it stopped")
				}
				_, data, err := ws.Read(ctx)
				if err != nil {
					t.Fatal(err)
				}
				got = string(data)
			}
			if got != `{"jsonrpc":"2.0","id":2,"result":null}` {
				t.Fatal(got)
			}
			last = e.FinalizedBlockHashes[0]
			break
		}
	}
}

// What is unsafe is refused unless the node was started to allow it.
func TestUnsafe(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	n := newNode(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- rpc.New(rpc.Config{App: n.app, Pool: n.pool, Unsafe: true, Syncing: func() bool { return true }}).Serve(serve, l)
	}()
	n.url = l.Addr().String()
	ws := n.dial(ctx)
	ask := func(text string) string { return n.shorten(ask(t, ctx, ws, n.expand(text))) }
	for _, c := range []struct{ request, want string }{
		{`{"jsonrpc":"2.0","id":1,"method":"author_submitExtrinsic","params":["$pay0"]}`, `{"jsonrpc":"2.0","id":1,"result":"$hash-of-pay0"}`},
		{`{"jsonrpc":"2.0","id":2,"method":"author_submitExtrinsic","params":["$pay1"]}`, `{"jsonrpc":"2.0","id":2,"result":"$hash-of-pay1"}`},
		{
			`{"jsonrpc":"2.0","id":3,"method":"author_removeExtrinsic","params":[[{"hash":"$hash-of-pay0"},{"extrinsic":"$pay1"},{"hash":"$block0"}]]}`,
			`{"jsonrpc":"2.0","id":3,"result":["$hash-of-pay0","$hash-of-pay1"]}`,
		},
		{`{"jsonrpc":"2.0","id":4,"method":"author_pendingExtrinsics","params":[]}`, `{"jsonrpc":"2.0","id":4,"result":[]}`},
		{
			`{"jsonrpc":"2.0","id":5,"method":"author_removeExtrinsic","params":[[{}]]}`,
			`{"jsonrpc":"2.0","id":5,"error":{"code":-32602,"message":"Invalid params","data":"item 1 has neither hash nor extrinsic"}}`,
		},
		{`{"jsonrpc":"2.0","id":6,"method":"system_health","params":[]}`, `{"jsonrpc":"2.0","id":6,"result":{"isSyncing":true,"peers":0,"shouldHavePeers":false}}`},
	} {
		if got := ask(c.request); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.request, got, c.want)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Sockets that say nothing do not hold up a block. They are opened by another
// process, as one may not open enough files for both ends of ten thousand:
// TACIT_IDLE_SOCKETS=10000 go test -run Idle -v.
func TestIdleSockets(t *testing.T) {
	count := 200
	if number := os.Getenv("TACIT_IDLE_SOCKETS"); number != "" {
		if _, err := fmt.Sscan(number, &count); err != nil {
			t.Fatal(err)
		}
	}
	if url := os.Getenv("TACIT_IDLE_URL"); url != "" {
		idle(t, url, count)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	n := newNode(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- rpc.New(rpc.Config{App: n.app, Pool: n.pool, Connections: count + 10}).Serve(serve, l)
	}()
	n.url = l.Addr().String()
	block := func() time.Duration {
		began := time.Now()
		for range 50 {
			n.step()
		}
		return time.Since(began) / 50
	}
	block()
	alone := block()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestIdleSockets$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), "TACIT_IDLE_URL=ws://"+n.url, fmt.Sprintf("TACIT_IDLE_SOCKETS=%d", count))
	end, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "open\n" {
		t.Fatalf("the process with the sockets says %q, %v", line, err)
	}
	crowded := block()
	began := time.Now()
	n.alive()
	t.Logf("a block takes %v alone and %v with %d sockets; a request %v", alone, crowded, count, time.Since(began))
	if crowded > 2*alone+5*time.Millisecond {
		t.Errorf("a block takes %v with %d sockets, and %v alone", crowded, count, alone)
	}
	_ = end.Close()
	_ = cmd.Wait() // it is gone with its sockets, whatever it thinks of that
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// idle opens sockets and keeps them until the standard input ends.
func idle(t *testing.T, url string, count int) {
	for i := range count {
		ws, _, err := websocket.Dial(t.Context(), url, nil)
		if err != nil {
			t.Fatalf("socket %d: %v", i+1, err)
		}
		defer ws.CloseNow()
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// post asks without a network.
func post(s *rpc.Server, body string) string {
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
	return strings.TrimSpace(rec.Body.String())
}

// Whatever is sent, there is JSON with an answer for it, or nothing for what
// is a notification, and no internal error.
func FuzzRequest(f *testing.F) {
	n := newNode(f)
	n.step()
	server := rpc.New(rpc.Config{App: n.app, Pool: n.pool})
	var list struct{ Result struct{ Methods []string } }
	if err := json.Unmarshal([]byte(post(server, call(1, "rpc_methods"))), &list); err != nil {
		f.Fatal(err)
	}
	for _, m := range list.Result.Methods {
		f.Add(call(1, m))
		f.Add(n.expand(fmt.Sprintf(`{"jsonrpc":"2.0","id":"a","method":%q,"params":["$block1","$numberKey","0x",null,1]}`, m)))
		f.Add(n.expand(fmt.Sprintf(`{"jsonrpc":"2.0","id":null,"method":%q,"params":["$pay0",[{"key":"0x","type":"descendantsValues"}],{}]}`, m)))
		f.Add(fmt.Sprintf(`[{"method":%q,"params":[["0x00"],9999999999999999999,-1,1e99]},7,{}]`, m))
		f.Add(fmt.Sprintf(`{"jsonrpc":"2.0","id":3,"method":%q,"params":{"hash":"0x","items":[]}}`, m))
	}
	f.Add("[]")
	f.Add("\x00")
	f.Fuzz(func(t *testing.T, body string) {
		out := post(server, body)
		if out != "" && !json.Valid([]byte(out)) {
			t.Fatalf("%q is answered %q", body, out)
		}
		if strings.Contains(out, `"code":-32603`) {
			t.Fatalf("%q is answered %q", body, out)
		}
	})
}
