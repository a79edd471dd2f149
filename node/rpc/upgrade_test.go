package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/rpc"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// talk is one WebSocket, whose notifications are kept while an answer is
// awaited.
type talk struct {
	*testing.T
	ctx  context.Context
	ws   *websocket.Conn
	told []json.RawMessage
}

// read reads one message; a notification is kept.
func (c *talk) read() (answer json.RawMessage, failure string, ok bool) {
	c.Helper()
	_, data, err := c.ws.Read(c.ctx)
	if err != nil {
		c.Fatal(err)
	}
	var m struct {
		ID     *int            `json:"id"`
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
		Params struct {
			Result json.RawMessage `json:"result"`
		} `json:"params"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		c.Fatal(err)
	}
	if m.ID == nil {
		c.told = append(c.told, m.Params.Result)
		return nil, "", false
	}
	return m.Result, string(m.Error), true
}

// ask calls a method and returns its answer, or else its error.
func (c *talk) ask(method string, params ...any) (json.RawMessage, string) {
	c.Helper()
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": append([]any{}, params...)})
	if err != nil {
		c.Fatal(err)
	}
	if err := c.ws.Write(c.ctx, websocket.MessageText, request); err != nil {
		c.Fatal(err)
	}
	for {
		if answer, failure, ok := c.read(); ok {
			return answer, failure
		}
	}
}

// spec reads the spec version out of a runtime version.
func (c *talk) spec(version json.RawMessage) uint32 {
	c.Helper()
	var v struct {
		SpecVersion uint32 `json:"specVersion"`
	}
	if err := json.Unmarshal(version, &v); err != nil {
		c.Fatal(err)
	}
	return v.SpecVersion
}

// Over an upgrade the subscription tells the new version, each block answers
// with the version that is in force after it, its code and its metadata, and
// what is signed for the old version is refused as Substrate refuses it.
func TestUpgrade(t *testing.T) {
	next := runtime.Versions()[0]
	next.Spec, next.BatchedCalls = 2, 2
	validator, public, err := keystore.DevelopValidator("//validator//0")
	if err != nil {
		t.Fatal(err)
	}
	alice := pair(t, "//Alice")
	root := alice.AccountID()
	spec := engine.Spec{Name: "Upgrade", ID: "upgrade", Kind: engine.Development, Symbol: "TACIT", BlockTime: 1000}
	spec.Genesis.Validators, spec.Genesis.Sudo = append(spec.Genesis.Validators, public), &root
	spec.Genesis.Balances = []runtime.Endowment{{Account: root, Amount: runtime.Unit.MulSat(scale.U64(1000))}}
	db, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.Carrying(runtime.Versions()[0], next), Store: db})
	if err != nil {
		t.Fatal(err)
	}
	p := pool.New(app)
	app.UsePool(p)
	solo := engine.NewSolo(app, []keys.GrandpaPair{validator.Grandpa})
	step := func() {
		t.Helper()
		if _, err := solo.Step(1_750_000_000_000 + 1000*uint64(app.Head().Number)); err != nil {
			t.Fatal(err)
		}
	}
	sign := func(spec, nonce uint32, call any) string {
		implicit := chain.Implicit{SpecVersion: spec, TxVersion: 1, Genesis: app.Genesis(), EraBlock: app.Genesis()}
		return hexOf(chain.SignExtrinsic(alice, scale.Marshal(app.Runtime().CallOf(call)), chain.Extra{Nonce: nonce}, implicit).Encode())
	}
	server := httptest.NewServer(rpc.New(rpc.Config{App: app, Pool: p}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(16 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	c := &talk{T: t, ctx: ctx, ws: ws}

	c.ask("state_subscribeRuntimeVersion")
	for len(c.told) < 1 {
		c.read()
	}
	upgrade := sudo.Sudo{Call: app.Runtime().CallOf(system.AuthorizeUpgrade{SpecVersion: 2, Height: 3})}
	if _, failure := c.ask("author_submitExtrinsic", sign(1, 0, upgrade)); failure != "" {
		t.Fatal(failure)
	}
	for range 5 {
		step()
	}
	for len(c.told) < 2 {
		c.read()
	}
	if len(c.told) != 2 || c.spec(c.told[0]) != 1 || c.spec(c.told[1]) != 2 {
		t.Errorf("the subscription told %s", c.told)
	}
	seen := map[string]uint32{} // code and metadata, and of which version
	for number := range uint32(6) {
		want := uint32(1)
		if number >= 3 {
			want = 2
		}
		at, _ := c.ask("chain_getBlockHash", number)
		if got, failure := c.ask("state_getRuntimeVersion", at); failure != "" || c.spec(got) != want {
			t.Errorf("block %d: %s %s, want version %d", number, got, failure, want)
		}
		for _, question := range [][]any{
			{"state_getStorageHash", hexOf(runtime.CodeKey), at}, {"state_getMetadata", at}, {"state_call", "Core_version", "0x", at},
			{"state_call", "Metadata_metadata_at_version", "0x0f000000", at},
		} {
			got, failure := c.ask(question[0].(string), question[1:]...)
			id := fmt.Sprintf("%v %s", question[:len(question)-1], got)
			if of, known := seen[id]; failure != "" || known && of != want {
				t.Errorf("block %d: %v: %s is version %d's, want version %d", number, question, failure, of, want)
			}
			seen[id] = want
		}
	}
	if len(seen) != 8 {
		t.Errorf("four questions have %d answers over two versions, want 8", len(seen))
	}
	const bad = `{"code":1010,"message":"Invalid Transaction","data":"Transaction has a bad signature"}`
	if _, failure := c.ask("author_submitExtrinsic", sign(1, 1, system.Remark{})); failure != bad {
		t.Errorf("signed for version 1: %s, want %s", failure, bad)
	}
	if _, failure := c.ask("author_submitExtrinsic", sign(2, 1, system.Remark{})); failure != "" {
		t.Errorf("signed for version 2: %s", failure)
	}
}
