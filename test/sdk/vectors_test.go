// Package sdk makes the vectors that the TypeScript SDK is tested with: what a
// node of this repository says, and what Go's own light client reads in it.
package sdk

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/scale"
)

var rewrite = flag.Bool("rewrite", false, "write the vectors anew")

// justified is a header and its proof, as tacit_setChanges gives them.
type justified struct {
	Header        string `json:"header"`
	Justification string `json:"justification"`
}

// proven is a value of a state, or none, and the proof of it.
type proven struct {
	Key   string   `json:"key"`
	Value *string  `json:"value"`
	Proof []string `json:"proof"`
}

// light is a chain whose validators change, as a light client sees it.
type light struct {
	Genesis     string      `json:"genesis"`
	Header      string      `json:"genesis_header"`
	Authorities []string    `json:"authorities"`
	Changes     []justified `json:"changes"`
	Last        justified   `json:"last"`
	SetID       uint64      `json:"set_id"`
	Reads       []proven    `json:"reads"`
}

func text(b []byte) string { return "0x" + hex.EncodeToString(b) }

func justify(t *testing.T, app *engine.App, n chain.BlockNumber) justified {
	t.Helper()
	h, err := app.Store().HeaderAt(n)
	if err != nil {
		t.Fatal(err)
	}
	j, err := app.Store().Justification(n)
	if err != nil {
		t.Fatal(err)
	}
	return justified{text(h.Encode()), text(j)}
}

// changing makes a chain of six validators, of which sudo plans four others now
// and then. Sudo signs by ed25519, whose signatures are the same each time.
func changing(t *testing.T) *engine.App {
	t.Helper()
	root, err := keys.FromURI(keys.Ed25519, "//Root")
	if err != nil {
		t.Fatal(err)
	}
	sudoer := root.AccountID()
	spec := engine.Spec{Name: "SDK", ID: "sdk", Kind: engine.Development, Symbol: "TACIT", BlockTime: 1000}
	spec.Genesis.Sudo, spec.Genesis.SessionBlocks = &sudoer, 4
	spec.Genesis.Balances = []runtime.Endowment{{Account: sudoer, Amount: runtime.Unit.MulSat(scale.U64(1000))}}
	var pairs []keys.GrandpaPair
	var who []chain.AccountID
	for i := range 6 {
		s, validator, err := keystore.DevelopValidator(fmt.Sprintf("//validator//%d", i))
		if err != nil {
			t.Fatal(err)
		}
		pairs, who = append(pairs, s.Grandpa), append(who, validator.Account)
		spec.Genesis.Validators = append(spec.Genesis.Validators, validator)
	}
	db, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db})
	if err != nil {
		t.Fatal(err)
	}
	p := pool.New(app)
	app.UsePool(p)
	solo := engine.NewSolo(app, pairs)
	for n := range 30 {
		if n%8 == 2 {
			nonce := uint32(n / 8)
			call := sudo.Sudo{Call: app.Runtime().CallOf(session.SetValidators{Validators: who[nonce%2 : 4+nonce%2]})}
			implicit := chain.Implicit{SpecVersion: runtime.SpecVersion, TxVersion: runtime.TransactionVersion, Genesis: app.Genesis(), EraBlock: app.Genesis()}
			tx := chain.SignExtrinsic(root, scale.Marshal(app.Runtime().CallOf(call)), chain.Extra{Nonce: nonce}, implicit).Encode()
			if _, err := p.Submit(tx); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := solo.Step(1_700_000_000_000 + 1000*uint64(n)); err != nil {
			t.Fatal(err)
		}
	}
	return app
}

// TestLight holds sdk/ts/testdata/light.json to what a chain gives whose
// validators change; the SDK's own tests read it.
func TestLight(t *testing.T) {
	app := changing(t)
	genesis, err := app.Store().HeaderAt(0)
	if err != nil {
		t.Fatal(err)
	}
	first := genesis.Hash()
	v := light{Genesis: text(first[:]), Header: text(genesis.Encode())}
	set, err := app.Voters(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range set.Authorities {
		v.Authorities = append(v.Authorities, text(a.ID[:]))
	}
	for id := uint64(0); ; id++ {
		n, err := app.Store().SetEnd(id)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		v.Changes = append(v.Changes, justify(t, app, n))
		v.SetID = id + 1
	}
	last := app.Final()
	v.Last = justify(t, app, last)
	header, err := app.Store().HeaderAt(last)
	if err != nil {
		t.Fatal(err)
	}
	state, err := app.StateAt(header.Hash())
	if err != nil {
		t.Fatal(err)
	}
	rt := app.Runtime()
	wanted := [][]byte{rt.Grandpa.CurrentSetID.Key(), rt.Timestamp.Now.Key(), []byte(":code"), []byte("nothing"), rt.System.Account.Prefix()}
	for key := range state.Iterate(rt.System.Account.Prefix()) {
		wanted = append(wanted, bytes.Clone(key))
		if len(wanted) == 8 {
			break
		}
	}
	for _, key := range wanted {
		p := proven{Key: text(key)}
		for _, item := range state.Prove([][]byte{key}) {
			p.Proof = append(p.Proof, text(item))
		}
		if value, ok := state.Get(key); ok {
			s := text(value)
			p.Value = &s
		}
		if string(key) != ":code" { // it is long
			v.Reads = append(v.Reads, p)
		}
	}
	if len(v.Changes) < 2 {
		t.Fatalf("the chain has only %d changes of validators", len(v.Changes))
	}
	hold(t, "light.json", v)
}

// hold compares a file of vectors with what they are now.
func hold(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("..", "..", "sdk", "ts", "testdata", name)
	if *rewrite {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: go test ./test/sdk -rewrite", path)
	}
}
