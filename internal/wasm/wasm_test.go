package wasm

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/test/story"
	"github.com/tacit-network/tacit/test/traffic"
	"github.com/tacit-network/tacit/trie"
)

// state is a trie under an overlay.
type state struct{ *trie.Trie }

func (s state) RootWith(changes []storage.Change, _ uint8) hash.H256 {
	t := s.Snapshot()
	for _, c := range changes {
		if c.Deleted {
			t.Delete(c.Key)
		} else {
			t.Put(c.Key, c.Value)
		}
	}
	return t.Root()
}

func verify(scheme uint8, account, message, signature []byte) bool {
	return len(account) == 32 && keys.VerifyAccount(keys.Scheme(scheme), keys.AccountID(account), message, signature)
}

// outcome is all that a call leaves behind.
type outcome struct {
	Out            []byte
	Err            string
	Changes, Index []storage.Change
}

func after(o *storage.Overlay, out []byte, err error) outcome {
	r := outcome{Out: out, Changes: o.Changes(), Index: o.Index()}
	if err != nil {
		r.Err = err.Error()
	}
	return r
}

// The blocks of all stories, executed once more by the native runtime and by
// the one in WebAssembly, on the states before them: every result, every
// change, every root and every word beside the state is the same. So are the
// answers of other methods, and what both say about blocks that are wrong.
//
// It takes about a minute, most of it to build and to compile the module. The
// instance serves all blocks: the runtime in it does not change once made, and
// a call that depended on one before would differ from the native one.
func TestStoriesInWebAssembly(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the runtime for WebAssembly")
	}
	ctx := context.Background()
	start := time.Now()
	code, err := Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("built %d kB in %v", len(code)>>10, time.Since(start).Round(time.Millisecond))
	start = time.Now()
	m, err := New(ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(ctx)
	t.Logf("compiled in %v", time.Since(start).Round(time.Millisecond))
	for _, name := range []string{"first_light", "transactions", "attestation", "light_client", "confidential", "restarts"} {
		t.Run(name, func(t *testing.T) {
			app := story.Play(t, filepath.Join("..", "..", "test", "story", "testdata", name+".story"), false).App()
			start := time.Now()
			replay(t, m, app)
			t.Logf("%d blocks in %v", app.Head().Number, time.Since(start).Round(time.Millisecond))
		})
	}
	t.Run("random transactions", func(t *testing.T) {
		blocks := 25
		if os.Getenv("TACIT_LONG") == "1" {
			blocks = 1000
		}
		app := random(t, blocks, 100)
		start := time.Now()
		replay(t, m, app)
		t.Logf("%d blocks in %v", blocks, time.Since(start).Round(time.Millisecond))
	})
}

// random makes a chain of random transactions.
func random(t *testing.T, blocks, size int) *engine.App {
	spec := engine.Spec{Name: "Random", ID: "random", Kind: engine.Development, Symbol: "TACIT", BlockTime: 1000}
	_, validator, err := keystore.DevelopValidator("//validator//0")
	if err != nil {
		t.Fatal(err)
	}
	spec.Genesis.Validators = append(spec.Genesis.Validators, validator)
	if err := traffic.Endow(&spec.Genesis); err != nil {
		t.Fatal(err)
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
	source, err := traffic.New(app.Runtime(), app.Genesis(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range blocks {
		at := app.Head().Hash()
		txs, err := source.Block(size, func(who chain.AccountID) (uint32, error) { return app.Nonce(at, who) })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := app.Execute(engine.Input{Time: 1_000_000 + 1000*uint64(i), Validators: 1, Txs: txs}); err != nil {
			t.Fatal(err)
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	return app
}

func replay(t *testing.T, m *Machine, app *engine.App) {
	native := runtime.New()
	both := func(before *trie.Trie, method string, args []byte) outcome {
		t.Helper()
		o := storage.NewOverlay(state{before}, verify)
		out, err := native.Call(o, method, args)
		want := after(o, out, err)
		o = storage.NewOverlay(state{before}, verify)
		out, err = m.Call(context.Background(), o, method, args)
		got := after(o, out, err)
		if !bytes.Equal(got.Out, want.Out) || got.Err != want.Err || !reflect.DeepEqual(got.Changes, want.Changes) || !reflect.DeepEqual(got.Index, want.Index) {
			t.Fatalf("%s differs\nWebAssembly %x %q, %d changes\nnative      %x %q, %d changes", method,
				got.Out, got.Err, len(got.Changes), want.Out, want.Err, len(want.Changes))
		}
		return want
	}
	before := app.Genesis()
	for n := chain.BlockNumber(1); n <= app.Head().Number; n++ {
		parent, err := app.StateAt(before)
		if err != nil {
			t.Fatal(err)
		}
		block, err := load(app, n)
		if err != nil {
			t.Fatal(err)
		}
		res := both(parent, "Core_execute_block", scale.Marshal(block))
		if res.Err != "" {
			t.Fatalf("block %d: %s", n, res.Err)
		}
		if root := (state{parent}).RootWith(res.Changes, 1); root != block.Header.StateRoot {
			t.Fatalf("block %d has the root %v, want %v", n, root, block.Header.StateRoot)
		}
		for _, x := range block.Extrinsics {
			both(parent, "TaggedTransactionQueue_validate_transaction",
				append(scale.AppendBytes([]byte{byte(frame.External)}, x), before[:]...))
		}
		if n == 3 {
			others(t, both, parent, block)
		}
		before = block.Header.Hash()
	}
}

// others are methods that do not execute blocks, and blocks that are wrong.
func others(t *testing.T, both func(*trie.Trie, string, []byte) outcome, parent *trie.Trie, block runtime.Block) {
	for _, method := range []string{"Core_version", "Metadata_metadata", "Metadata_metadata_versions", "GrandpaApi_grandpa_authorities", "AuraApi_authorities"} {
		if res := both(parent, method, nil); res.Err != "" {
			t.Errorf("%s: %s", method, res.Err)
		}
	}
	both(parent, "AccountNonceApi_account_nonce", make([]byte, 32))
	both(parent, "AccountNonceApi_account_nonce", make([]byte, 31))
	both(parent, "Core_no_such_method", nil)
	wrong := block
	wrong.Header.StateRoot[0] ^= 1
	if res := both(parent, "Core_execute_block", scale.Marshal(wrong)); res.Err == "" {
		t.Error("a block with a wrong state root is executed")
	}
	wrong = block
	wrong.Extrinsics = append([]runtime.Extrinsic{{4, 250, 0}}, block.Extrinsics...)
	if res := both(parent, "Core_execute_block", scale.Marshal(wrong)); res.Err == "" {
		t.Error("a block with a call that is none is executed")
	}
}

func load(app *engine.App, n chain.BlockNumber) (b runtime.Block, err error) {
	if b.Header, err = app.Store().HeaderAt(n); err != nil {
		return b, err
	}
	body, err := app.Store().Body(b.Header.Hash())
	if err != nil {
		return b, err
	}
	for _, whole := range body {
		d := scale.NewDecoder(whole)
		x, err := d.ByteSlice()
		if err != nil {
			return b, err
		}
		b.Extrinsics = append(b.Extrinsics, x)
	}
	return b, nil
}
