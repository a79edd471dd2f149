package rpc_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/coder/websocket"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/rpc"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

var rewrite = flag.Bool("rewrite", false, "write what the server answers into the conversations")

// patience bounds every wait for the server.
const patience = 20 * time.Second

// node is a chain of three validators behind a server. Its accounts sign by
// ed25519, which makes the same bytes each time.
type node struct {
	testing.TB
	app   *engine.App
	pool  *pool.Pool
	solo  *engine.Solo
	url   string // of its port, without the scheme
	now   uint64
	words map[string]string // what $words stand for
}

func pair(t testing.TB, uri string) keys.Pair {
	t.Helper()
	p, err := keys.FromURI(keys.Ed25519, uri)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newNode(t testing.TB) *node {
	spec := engine.Spec{Name: "Conversation", ID: "conversation", Kind: engine.Development, Symbol: "TACIT", BlockTime: 1000}
	var voters []keys.GrandpaPair
	for i := range 3 {
		s, validator, err := keystore.DevelopValidator(fmt.Sprintf("//validator//%d", i))
		if err != nil {
			t.Fatal(err)
		}
		voters = append(voters, s.Grandpa)
		spec.Genesis.Validators = append(spec.Genesis.Validators, validator)
	}
	alice, bob := pair(t, "//Alice"), pair(t, "//Bob")
	spec.Genesis.Balances = []runtime.Endowment{{Account: alice.AccountID(), Amount: runtime.Unit.MulSat(scale.U64(1000))}}
	db, err := store.Open(store.Config{Dir: "chain", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{TB: t, app: app, pool: pool.New(app), solo: engine.NewSolo(app, voters), now: 1_750_000_000_000, words: map[string]string{}}
	app.UsePool(n.pool)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.url = l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	light := func() []string {
		return []string{"/ip4/192.0.2.1/tcp/30333/ws/p2p/12D3KooWNaH3c1rLeGH5vqgYz9g71bt3YjmvCmk1ckH4HqaFGpfv"}
	}
	go func() { done <- rpc.New(rpc.Config{App: app, Pool: n.pool, Light: light}).Serve(ctx, l) }()
	t.Cleanup(func() { // before the database closes
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})

	rt := app.Runtime()
	n.name("Alice", hexOf(alice.Public()))
	n.name("Bob", hexOf(bob.Public()))
	n.name("AliceAddress", alice.AccountID().String())
	n.name("accountOfAlice", hexOf(rt.System.Account.Key(alice.AccountID())))
	n.name("accountOfBob", hexOf(rt.System.Account.Key(bob.AccountID())))
	n.name("numberKey", hexOf(rt.System.Number.Key()))
	pay := balances.TransferKeepAlive{Dest: chain.AddressID{ID: bob.AccountID()}, Value: runtime.Unit}
	for i := range 4 {
		n.name("pay"+strconv.Itoa(i), hexOf(n.sign(alice, uint32(i), 0, pay)))
	}
	n.name("payMore", hexOf(n.sign(alice, 1, 5, pay)))
	n.name("payMore2", hexOf(n.sign(alice, 2, 5, pay)))
	n.name("broke", hexOf(n.sign(bob, 0, 0, pay)))
	forged := n.sign(alice, 0, 0, pay)
	forged[50] ^= 1
	n.name("forged", hexOf(forged))
	n.name("short", hexOf(forged[:60]))
	n.name("tooMuch", hexOf(n.sign(alice, 0, 0, system.Remark{Remark: make([]byte, 4<<20)})))
	n.name("time", hexOf(scale.AppendBytes(nil, rt.Bare(rt.SetTime(5)))))
	n.learn()
	return n
}

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }

func (n *node) sign(who keys.Pair, nonce uint32, tip uint64, call any) []byte {
	implicit := chain.Implicit{
		SpecVersion: runtime.SpecVersion, TxVersion: runtime.TransactionVersion, Genesis: n.app.Genesis(), EraBlock: n.app.Genesis(),
	}
	extra := chain.Extra{Nonce: nonce, Tip: scale.U64(tip)}
	return chain.SignExtrinsic(who, scale.Marshal(n.app.Runtime().CallOf(call)), extra, implicit).Encode()
}

// name lets $word stand for a text, and where it is hex $hash-of-word for its
// hash.
func (n *node) name(word, text string) {
	n.words[word] = text
	if raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x")); err == nil && len(raw) > 64 {
		n.words["hash-of-"+word] = hash.Blake2b256(raw).String()
	}
}

// learn names the newest block.
func (n *node) learn() {
	h := n.app.Head()
	n.words[fmt.Sprintf("block%d", h.Number)] = h.Hash().String()
	n.words[fmt.Sprintf("state%d", h.Number)] = h.StateRoot.String()
}

func (n *node) step() {
	n.Helper()
	n.now += 1000
	if _, err := n.solo.Step(n.now); err != nil {
		n.Fatal(err)
	}
	n.pool.Finalized(n.app.Final())
	n.learn()
}

// longest are the words, those first that others begin with.
func (n *node) longest(by func(word string) int) (list []string) {
	for w := range n.words {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b string) int {
		if d := by(b) - by(a); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return list
}

func (n *node) expand(text string) string {
	for _, w := range n.longest(func(w string) int { return len(w) }) {
		text = strings.ReplaceAll(text, "$"+w, n.words[w])
	}
	return text
}

var (
	hexes = regexp.MustCompile(`0x[0-9a-f]*`)
	lists = regexp.MustCompile(`\[(\d+,\d+,\d+,\d+),[\d,]{20,}\]`)
)

// shorten writes words for what they stand for, and leaves out most of other
// long bytes, which any change of the runtime changes.
func (n *node) shorten(text string) string {
	known := map[string]string{}
	for _, w := range n.longest(func(w string) int { return len(w) }) {
		known[n.words[w]] = "$" + w
	}
	text = hexes.ReplaceAllStringFunc(text, func(s string) string {
		if w, ok := known[s]; ok {
			return w
		}
		if len(s) > 40 { // more than 19 bytes
			return "0x…"
		}
		return s
	})
	return lists.ReplaceAllString(text, "[$1,…]")
}

// dial opens a WebSocket.
func (n *node) dial(ctx context.Context) *websocket.Conn {
	n.Helper()
	ws, _, err := websocket.Dial(ctx, "ws://"+n.url, nil)
	if err != nil {
		n.Fatal(err)
	}
	ws.SetReadLimit(64 << 20)
	n.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

func (n *node) post(body string) string {
	n.Helper()
	resp, err := http.Post("http://"+n.url, "application/json", strings.NewReader(body))
	if err != nil {
		n.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		n.Fatal(err)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, bytes.TrimSpace(out))
}

// converse plays a conversation and returns it with the server's answers:
//
//	--> what goes over the WebSocket     <-- what comes back
//	==> what is posted by HTTP           <== the status and what comes back
//	block [n]                            blocks are made
//	wait n                               that many notifications come
func (n *node) converse(text string) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws := n.dial(ctx)
	var out strings.Builder
	read := func(answer bool) {
		_, data, err := ws.Read(ctx)
		if err != nil {
			n.Fatalf("after\n%s\nthe server does not answer: %v", out.String(), err)
		}
		if news := bytes.Contains(data, []byte(`"params":{"subscription"`)); news == answer {
			n.Fatalf("after\n%s\na wait counts wrongly, since there came %s", out.String(), data)
		}
		fmt.Fprintf(&out, "<-- %s\n", n.shorten(string(data)))
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		if word == "<--" || word == "<==" {
			continue
		}
		out.WriteString(line + "\n")
		count, err := strconv.Atoi(rest)
		if err != nil {
			count = 1
		}
		switch word {
		case "-->":
			if err := ws.Write(ctx, websocket.MessageText, []byte(n.expand(rest))); err != nil {
				n.Fatal(err)
			}
			read(true)
		case "==>":
			fmt.Fprintf(&out, "<== %s\n", n.shorten(n.post(n.expand(rest))))
		case "block":
			for range count {
				n.step()
			}
		case "wait":
			for range count {
				read(false)
			}
		default:
			if word != "" && !strings.HasPrefix(word, "#") {
				n.Fatalf("a conversation has no line %q", line)
			}
		}
	}
	return out.String()
}

func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.rpc")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".rpc"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			said := newNode(t).converse(string(text))
			if said == string(text) {
				return
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(said), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			got, want := strings.Split(said, "\n"), strings.Split(string(text), "\n")
			for i := range got {
				if i >= len(want) || got[i] != want[i] {
					t.Fatalf("line %d:\n got %s\nwant %s\n(-rewrite writes it anew)", i+1, got[i], strings.Join(want[min(i, len(want)):min(i+1, len(want))], ""))
				}
			}
			t.Fatalf("the conversation has %d lines, want %d", len(got), len(want))
		})
	}
}
