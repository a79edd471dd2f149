package engine_test

import (
	"os"
	goruntime "runtime"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/test/traffic"
)

// busy begins a chain for random transactions.
func busy(t *testing.T) *engine.App {
	t.Helper()
	_, spec := validators(t, 4)
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
	return app
}

// makeBlock makes a block of the transactions, and returns its hash and how many
// stand in it.
func makeBlock(t *testing.T, app *engine.App, txs [][]byte) (h hash.H256, kept int) {
	t.Helper()
	number := int(app.Head().Number)
	s, err := app.Execute(engine.Input{Time: 1_000_000 + 1000*uint64(number), Proposer: number % 4, Validators: 4, Txs: txs})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	return s.Header.Hash(), len(s.Body) - 1
}

// Random transactions lead to the same blocks on one processor and on all, and
// when they are executed again.
//
// TACIT_LONG=1 takes 100,000 of them; the tests of internal/wasm compare with
// WebAssembly.
func TestDeterminism(t *testing.T) {
	blocks, size := 20, 500
	switch {
	case os.Getenv("TACIT_LONG") == "1":
		blocks = 200
	case testing.Short():
		blocks = 4
	}
	first := busy(t)
	source, err := traffic.New(first.Runtime(), first.Genesis(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var bodies [][][]byte
	var want []hash.H256
	total := 0
	for range blocks {
		at := first.Head().Hash()
		txs, err := source.Block(size, func(who chain.AccountID) (uint32, error) { return first.Nonce(at, who) })
		if err != nil {
			t.Fatal(err)
		}
		h, kept := makeBlock(t, first, txs)
		bodies, want, total = append(bodies, txs), append(want, h), total+kept
	}
	t.Logf("%d of %d transactions stand in blocks", total, blocks*size)
	if total < blocks*size/2 {
		t.Error("too few of them are good")
	}
	for _, processors := range []int{1, max(4, goruntime.NumCPU())} {
		func() {
			defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(processors))
			again := busy(t)
			for i, txs := range bodies {
				if h, _ := makeBlock(t, again, slices.Clone(txs)); h != want[i] {
					t.Fatalf("with %d processors block %d is %v, want %v", processors, i+1, h, want[i])
				}
			}
		}()
	}
}
