// Package gateway runs a contract gateway against a chain, a relay and a worker in
// this process.
package gateway

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/client/gateway"
	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/test/story"
)

const setting = `
chain validators=2 sudo=Alice Alice=1000 Bob=1000 operator=1000
block
worker w1 endpoint=real
relay w1
settle
cluster c by=Alice
settle
`

// stage is a gateway that answers, and a client of it that is no SDK.
type stage struct {
	t       *testing.T
	ctx     context.Context
	url     string // http
	node    string
	rpc     *client.RPC
	genesis hash.H256
	cluster hash.H256
}

func pair(t *testing.T, name string) keys.Pair {
	t.Helper()
	p, err := keys.FromURI(keys.Sr25519, "//"+name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// begin starts the world, as it is after more of a story, and a gateway, which
// Alice pays for and which has Bob's key.
func begin(t *testing.T, more ...string) *stage {
	t.Helper()
	w, _ := story.Begin(t, setting+strings.Join(more, "")+"deposit 100 by=Bob\nsettle\n")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	s := &stage{t: t, ctx: ctx, cluster: w.Cluster("c"), node: w.Node()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + l.Addr().String()
	ended := make(chan error, 3)
	up := make(chan *gateway.Gateway, 1)
	go func() { ended <- w.Run(ctx) }()
	go func() {
		ended <- client.With(ctx, w.Node(), func(ctx context.Context, c *client.Client) error {
			g, err := gateway.New(gateway.Config{
				Client: c, Cluster: s.cluster, Payer: pair(t, "Alice"), Accounts: []keys.Pair{pair(t, "Bob")}, Origins: []string{"https://ui.example"},
			})
			if err != nil {
				return err
			}
			up <- g
			return g.Serve(ctx, l)
		})
	}()
	select {
	case g := <-up:
		s.genesis = g.Genesis()
	case err := <-ended:
		t.Fatal(err)
	}
	for s.rpc == nil {
		if s.rpc, err = client.Dial(ctx, "ws"+s.url[len("http"):]); err != nil && !strings.Contains(err.Error(), "503") {
			t.Fatal(err)
		}
	}
	go func() { _ = s.rpc.Run(ctx); ended <- nil }()
	t.Cleanup(func() {
		cancel()
		for range 3 {
			if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		}
	})
	return s
}

func (s *stage) ask(out any, method string, params ...any) {
	s.t.Helper()
	if err := s.rpc.Call(s.ctx, out, method, params...); err != nil {
		s.t.Fatal(err)
	}
}

// refused returns what the gateway says against a call.
func (s *stage) refused(method string, params ...any) string {
	s.t.Helper()
	err := s.rpc.Call(s.ctx, nil, method, params...)
	if err == nil {
		s.t.Errorf("%s %v is not refused", method, params)
		return ""
	}
	return err.Error()
}

func text(b []byte) string { return "0x" + hex.EncodeToString(b) }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (s *stage) sign(who keys.Pair, nonce uint32, call frame.RuntimeCall) []byte {
	return chain.SignExtrinsic(who, frame.EncodeCall(call), chain.Extra{Nonce: nonce}, chain.Implicit{
		SpecVersion: frame.SpecVersion, TxVersion: frame.TransactionVersion, Genesis: s.genesis, EraBlock: s.genesis,
	}).Encode()
}

// send submits an extrinsic and follows it to the end.
func (s *stage) send(raw []byte) (statuses string, events []byte) {
	s.t.Helper()
	return s.follow(s.watch(raw), raw)
}

func (s *stage) watch(raw []byte) *client.Subscription {
	s.t.Helper()
	sub, err := s.rpc.Subscribe(s.ctx, "author_submitAndWatchExtrinsic", "author_unwatchExtrinsic", text(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	return sub
}

// follow returns an extrinsic's statuses by name, and the events of its block that
// are its own, without their first phase.
func (s *stage) follow(sub *client.Subscription, raw []byte) (statuses string, events []byte) {
	s.t.Helper()
	defer sub.Close(s.ctx)
	var names []string
	for m := range sub.Updates() {
		var word string
		if json.Unmarshal(m, &word) == nil {
			if names = append(names, word); word == "invalid" {
				return strings.Join(names, " "), nil
			}
			continue
		}
		var at map[string]hash.H256
		if err := json.Unmarshal(m, &at); err != nil {
			s.t.Fatal(err)
		}
		for name, block := range at {
			if names = append(names, name); name == "inBlock" {
				events = s.events(block, raw)
			} else {
				return strings.Join(names, " "), events
			}
		}
	}
	s.t.Fatalf("the subscription ended after %v", names)
	return "", nil
}

// events finds an extrinsic in its block and the events with its phase.
func (s *stage) events(at hash.H256, raw []byte) []byte {
	s.t.Helper()
	var block struct {
		Block struct {
			Header     struct{ Number string }
			Extrinsics []string
		}
	}
	s.ask(&block, "chain_getBlock", at)
	var holder struct{ Events storage.Value[[]byte] }
	storage.Bind("System", &holder)
	var found string
	s.ask(&found, "state_getStorage", text(holder.Events.Key()), at)
	for i, x := range block.Block.Extrinsics {
		if x == text(raw) {
			phase := binary.LittleEndian.AppendUint32([]byte{0}, uint32(i))
			_, after, ok := bytes.Cut(unhex(s.t, found), phase)
			if !ok {
				s.t.Fatalf("no event of extrinsic %d in %s", i, found)
			}
			return after
		}
	}
	s.t.Fatalf("block %s has %d extrinsics, and not this one", block.Block.Header.Number, len(block.Block.Extrinsics))
	return nil
}

func (s *stage) account(who keys.Pair) frame.Account {
	s.t.Helper()
	var holder struct {
		Account storage.Map[keys.AccountID, []byte, storage.Blake2Concat]
	}
	storage.Bind("System", &holder)
	var out string
	s.ask(&out, "state_getStorage", text(holder.Account.Key(who.AccountID())))
	d := scale.NewDecoder(unhex(s.t, out))
	var info struct {
		Nonce, Consumers, Providers, Sufficients uint32
		Free                                     scale.U128
	}
	if err := d.Value(&info); err != nil {
		s.t.Fatal(err)
	}
	return frame.Account{Nonce: info.Nonce, Free: info.Free}
}

// call makes a dry run.
func (s *stage) call(who keys.Pair, id hash.H256, input []byte) frame.CallResult {
	s.t.Helper()
	var out string
	s.ask(&out, "state_call", frame.MethodCall, text(scale.Marshal(frame.CallArgs{Origin: who.AccountID(), Dest: keys.AccountID(id), InputData: input})))
	r, err := scale.Decode[frame.CallResult](unhex(s.t, out))
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func code(t *testing.T, language string) []byte {
	t.Helper()
	var file io.Reader
	path := map[string]string{"Go": "../../examples/hello/bundle/hello.wasm.gz", "AssemblyScript": "../../examples/hello/assemblyscript/hello.wasm"}[language]
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if file = f; strings.HasSuffix(path, ".gz") {
		if file, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var plenty = frame.Weight{RefTime: 100_000_000_000, ProofSize: 1 << 16}

// The selectors of hello, from examples/hello/bundle/hello.json.
var (
	selNew       = []byte{0x9b, 0xae, 0x9d, 0x5e}
	selIncrement = []byte{0x12, 0xbd, 0x51, 0xd3}
	selGet       = []byte{0x2f, 0x86, 0x5b, 0xd9}
)

// Clients that ask before they send, and tell by a hash which runtime there is, as
// polkadot-api does, get the verdicts that sending gets.
func TestJudged(t *testing.T) {
	s := begin(t)
	bob := pair(t, "Bob")
	var code [2]string
	s.ask(&code[0], "state_getStorage", text(runtime.CodeKey))
	s.ask(&code[1], "state_getStorageHash", text(runtime.CodeKey))
	if sum := hash.Blake2b256(unhex(t, code[0])); len(code[0]) < 1000 || code[1] != sum.String() {
		t.Errorf("the runtime's hash is %s, of %d digits", code[1], len(code[0]))
	}
	call := frame.Call{Dest: chain.AddressID{}, GasLimit: plenty, Data: []byte{1}}
	judge := func(raw []byte) string {
		t.Helper()
		var out string
		at := hash.H256{1}
		s.ask(&out, "state_call", "TaggedTransactionQueue_validate_transaction", text(slices.Concat([]byte{2}, raw, at[:])))
		return out
	}
	tag := func(nonce byte) []byte {
		who := bob.AccountID()
		return append(who[:], nonce, 0, 0, 0)
	}
	// ValidTransaction: priority, requires, provides, longevity, propagate.
	valid := func(requires ...[]byte) []byte {
		out := append([]byte{0, 1, 0, 0, 0, 0, 0, 0, 0}, byte(4*len(requires)))
		for _, tag := range requires {
			out = append(append(out, 36*4), tag...)
		}
		return out
	}
	end := append(bytes.Repeat([]byte{0xff}, 8), 1)
	good := s.sign(bob, 0, call)
	altered := bytes.Clone(good)
	altered[len(altered)-1] ^= 4
	if got, want := judge(good), text(slices.Concat(valid(), []byte{4, 36 * 4}, tag(0), end)); got != want {
		t.Errorf("what is good: %s, want %s", got, want)
	}
	if got, want := judge(s.sign(bob, 2, call)), text(slices.Concat(valid(tag(1)), []byte{4, 36 * 4}, tag(2), end)); got != want {
		t.Errorf("what comes early: %s, want %s", got, want)
	}
	// InvalidTransaction by its number in sp_runtime.
	if got := judge(altered); got != "0x010004" {
		t.Errorf("altered: %s, want BadProof", got)
	}
	if got := judge(chain.Bare(frame.EncodeCall(call))); got != "0x010000" {
		t.Errorf("nobody's: %s, want Call", got)
	}
	if statuses, _ := s.send(good); statuses != "ready inBlock finalized" {
		t.Errorf("what is good: %s", statuses)
	}
	if got := judge(good); got != "0x010003" {
		t.Errorf("again: %s, want Stale", got)
	}
	for _, input := range []string{"0x", "0x02", text(make([]byte, 32)), text(append([]byte{3}, make([]byte, 64)...))} {
		if got := s.refused("state_call", "TaggedTransactionQueue_validate_transaction", input); !strings.Contains(got, "do not decode") {
			t.Errorf("%s: %s", input, got)
		}
	}
	if got := s.refused("state_call", "TaggedTransactionQueue_validate_transaction", text(make([]byte, 64))); !strings.Contains(got, "1001") {
		t.Errorf("noise: %s", got)
	}
}

// Contracts are made and called by what a wallet signs; the node sees no call.
func TestGateway(t *testing.T) {
	s := begin(t)
	bob := pair(t, "Bob")
	unit := scale.U64(1_000_000_000_000)
	if got := s.account(bob); got != (frame.Account{Free: unit.MulSat(scale.U64(100))}) {
		t.Errorf("Bob has %+v", got)
	}
	nonce := uint32(0)
	do := func(call frame.RuntimeCall) []byte {
		t.Helper()
		statuses, events := s.send(s.sign(bob, nonce, call))
		nonce++
		if statuses != "ready inBlock finalized" {
			t.Fatalf("%T: %s", call, statuses)
		}
		return events
	}
	for _, language := range []string{"Go", "AssemblyScript"} {
		source := code(t, language)
		name := client.CodeName(client.Pack(source))
		id := words.ContractID(bob.AccountID(), name, s.cluster, []byte(language))
		events := do(frame.InstantiateWithCode{GasLimit: plenty, Code: source, Data: selNew, Salt: []byte(language)})
		want := scale.Append([]byte{frame.Contracts, frame.IndexCodeStored}, frame.CodeStored{CodeHash: name, Uploader: bob.AccountID()})
		if !bytes.HasPrefix(events, want) || !bytes.Contains(events, scale.Append([]byte{frame.Contracts, frame.IndexInstantiated},
			frame.Instantiated{Deployer: bob.AccountID(), Contract: keys.AccountID(id)})) {
			t.Errorf("%s: events %x", language, events)
		}
		input := binary.LittleEndian.AppendUint64(bytes.Clone(selIncrement), 7)
		if r := s.call(bob, id, input); !r.Result.OK {
			t.Errorf("%s: a dry run gives %+v", language, r)
		}
		do(frame.Call{Dest: chain.AddressID{ID: keys.AccountID(id)}, GasLimit: plenty, Data: input})
		if r := s.call(bob, id, selGet); !r.Result.OK || !bytes.Equal(r.Result.Value.Data, append([]byte{0, 0}, input[4:]...)) {
			t.Errorf("%s: the counter is %+v", language, r)
		}
		if r := s.call(pair(t, "Alice"), id, selGet); r.Result.OK && bytes.Equal(r.Result.Value.Data, append([]byte{0, 0}, input[4:]...)) {
			t.Errorf("%s: Alice reads Bob's counter", language)
		}
	}
	secret := []byte("what nobody beside Bob and the enclave may see")
	events := do(frame.Call{Dest: chain.AddressID{}, GasLimit: plenty, Data: secret})
	if want := []byte{frame.System, 1, 3, frame.Contracts, byte(frame.ErrContractNotFound)}; !bytes.HasPrefix(events, want) {
		t.Errorf("a call of nobody: events %x, want %x", events, want)
	}
	if got := s.account(bob); got.Nonce != nonce {
		t.Errorf("Bob's nonce is %d, want %d", got.Nonce, nonce)
	}
	var next uint32
	if s.ask(&next, "system_accountNextIndex", bob.AccountID()); next != nonce {
		t.Errorf("Bob's next nonce is %d, want %d", next, nonce)
	}
	s.unseen(secret, binary.LittleEndian.AppendUint64(bytes.Clone(selIncrement), 7))
}

// unseen checks that no block of the chain has the bytes.
func (s *stage) unseen(secrets ...[]byte) {
	s.t.Helper()
	err := client.With(s.ctx, s.node, func(ctx context.Context, c *client.Client) error {
		size := 0
		for at := (*hash.H256)(nil); ; {
			b, err := c.Block(ctx, at)
			if err != nil || b.Header.Number == 0 {
				if size < 10_000 {
					s.t.Errorf("the chain has %d bytes of extrinsics", size)
				}
				return err
			}
			for _, x := range b.Body {
				size += len(x)
				for _, secret := range secrets {
					if bytes.Contains(x, secret) {
						s.t.Errorf("block %d has %q in the clear", b.Header.Number, secret)
					}
				}
			}
			at = &b.Header.ParentHash
		}
	})
	if err != nil {
		s.t.Error(err)
	}
}

// What is wrong is refused with a word, and strangers do not get in.
func TestRefused(t *testing.T) {
	s := begin(t)
	bob, charlie := pair(t, "Bob"), pair(t, "Charlie")
	call := frame.Call{Dest: chain.AddressID{}, GasLimit: plenty, Data: []byte{1}}
	good := s.sign(bob, 0, call)
	altered := bytes.Clone(good)
	altered[len(altered)-1] ^= 4
	late := s.sign(bob, 1, call)
	for _, tt := range []struct {
		name, method string
		params       []any
		want         string
	}{
		{"noise", "author_submitExtrinsic", []any{"0x0102"}, "1001"},
		{"no hex", "author_submitExtrinsic", []any{"zz"}, "not hex"},
		{"nothing", "author_submitExtrinsic", nil, "parameter 1 is missing"},
		{"altered", "author_submitExtrinsic", []any{text(altered)}, "1010"},
		{"nobody's", "author_submitExtrinsic", []any{text(chain.Bare(frame.EncodeCall(call)))}, "nobody signed"},
		{"a code that is none", "author_submitExtrinsic", []any{text(s.sign(bob, 0, frame.UploadCode{Code: []byte("noise")}))}, "no worker would run"},
		{"an empty code", "author_submitExtrinsic", []any{text(s.sign(bob, 0, frame.UploadCode{Code: []byte{}}))}, "the code is empty"},
		{"no method", "state_traceBlock", nil, "-32601"},
		{"no API", "state_call", []any{"BlockBuilder_apply_extrinsic", "0x"}, "has no BlockBuilder"},
		{"what a contract stores", "state_call", []any{"ContractsApi_get_storage", "0x"}, "tells nobody"},
		{"short arguments", "state_call", []any{frame.MethodCall, "0x00"}, "do not decode"},
		{"a dry run as another", "state_call", []any{frame.MethodCall, text(scale.Marshal(frame.CallArgs{Origin: charlie.AccountID()}))}, "in the name of"},
		{"another's nonce", "state_call", []any{"AccountNonceApi_account_nonce", charlie.AccountID().Hex()}, "in the name of"},
		{"many keys", "state_queryStorageAt", []any{make([]string, 101)}, "101 keys"},
		{"a certificate of another", "tacit_certify", []any{charlie.AccountID(), 100, "sr25519", text(bob.Sign([]byte("x")))}, "is not"},
		{"no scheme", "tacit_certify", []any{charlie.AccountID(), 100, "rsa", "0x"}, "parameter 3"},
	} {
		if got := s.refused(tt.method, tt.params...); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %q", tt.name, got, tt.want)
		}
	}
	// One of the future waits for the one before it.
	early := s.watch(late)
	if m := <-early.Updates(); string(m) != `"future"` {
		t.Errorf("what comes too early is %s", m)
	}
	if got := s.refused("author_submitExtrinsic", text(late)); !strings.Contains(got, "1013") {
		t.Errorf("twice: %s", got)
	}
	if statuses, _ := s.send(good); statuses != "ready inBlock finalized" {
		t.Errorf("what is good: %s", statuses)
	}
	if statuses, _ := s.follow(early, late); statuses != "ready inBlock finalized" {
		t.Errorf("what came too early: %s", statuses)
	}
	if got := s.refused("author_submitExtrinsic", text(good)); !strings.Contains(got, "outdated") {
		t.Errorf("again: %s", got)
	}
	var words struct {
		Text  string
		Until uint32
	}
	s.ask(&words, "tacit_certificateText", charlie.AccountID())
	s.ask(nil, "tacit_certify", charlie.AccountID(), words.Until, "sr25519", text(charlie.Sign([]byte("<Bytes>"+words.Text+"</Bytes>"))))
	if got := s.account(charlie); got != (frame.Account{}) {
		t.Errorf("Charlie has %+v", got)
	}
	for _, row := range []struct {
		origin string
		want   int
	}{
		{"", 200}, {"http://localhost:3000", 200}, {"http://127.0.0.1:8080", 200}, {"http://[::1]:1", 200}, {"https://ui.example", 200},
		{"https://evil.example", 403}, {"http://localhost.evil.example", 403}, {"null", 403}, {"http://10.0.0.1", 403},
	} {
		r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.url, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"system_chain"}`))
		if err != nil {
			t.Fatal(err)
		}
		if row.origin != "" {
			r.Header.Set("Origin", row.origin)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != row.want {
			t.Errorf("POST from %q: %d, want %d", row.origin, resp.StatusCode, row.want)
		}
		ws, _, err := websocket.Dial(s.ctx, "ws"+s.url[len("http"):], &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {row.origin}}})
		if (err == nil) != (row.want == 200) {
			t.Errorf("WebSocket from %q: %v", row.origin, err)
		}
		if err == nil {
			_ = ws.CloseNow()
		}
	}
}

// Batches, notifications and subscriptions are answered, and bounded.
func TestTransport(t *testing.T) {
	s := begin(t)
	post := func(body string) string {
		t.Helper()
		resp, err := http.Post(s.url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	one := `{"jsonrpc":"2.0","id":1,"method":"system_peers"}`
	for _, tt := range []struct{ name, body, want string }{
		{"noise", "{", "-32700"},
		{"no request", "{}", "-32600"},
		{"an empty batch", "[]", "1 to 100"},
		{"a batch that is too long", "[" + strings.Repeat(one+",", 100) + one + "]", "1 to 100"},
		{"a batch", "[" + one + "," + one + "]", `[{"jsonrpc":"2.0","id":1,"result":[]},{"jsonrpc":"2.0","id":1,"result":[]}]`},
		{"a notification", `{"jsonrpc":"2.0","method":"system_peers"}`, ""},
		{"named parameters", `{"jsonrpc":"2.0","id":1,"method":"system_peers","params":{"a":1}}`, "must be an array"},
		{"a subscription by POST", `{"jsonrpc":"2.0","id":1,"method":"chain_subscribeNewHeads"}`, "need a WebSocket"},
		{"block 0", `{"jsonrpc":"2.0","id":1,"method":"chain_getBlockHash","params":["0x0"]}`, s.genesis.String()},
		{"a block that there is not", `{"jsonrpc":"2.0","id":1,"method":"chain_getBlock","params":["0x` + strings.Repeat("11", 32) + `"]}`, `"result":null`},
	} {
		if got := post(tt.body); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %s, want %q", tt.name, got, tt.want)
		}
	}
	var list []*client.Subscription
	for {
		sub, err := s.rpc.Subscribe(s.ctx, "state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion")
		if err != nil {
			if !strings.Contains(err.Error(), "128 subscriptions") {
				t.Error(err)
			}
			break
		}
		list = append(list, sub)
	}
	if len(list) != 128 {
		t.Errorf("%d subscriptions", len(list))
	}
	for _, sub := range list {
		sub.Close(s.ctx)
	}
	// Their ends are told beside the answers to unsubscribe.
	for {
		sub, err := s.rpc.Subscribe(s.ctx, "chain_subscribeNewHeads", "chain_unsubscribeNewHeads")
		if err != nil {
			continue
		}
		for range 3 {
			if m, ok := <-sub.Updates(); !ok || !bytes.Contains(m, []byte(`"number"`)) {
				t.Fatalf("got %s %v", m, ok)
			}
		}
		return
	}
}
