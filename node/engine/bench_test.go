package engine_test

import (
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/scale"
)

// BenchmarkTransfers executes and keeps blocks of a thousand transfers that no
// pool has seen: signatures, fees, events, state root and commit. It reports
// transfers a second.
func BenchmarkTransfers(b *testing.B) {
	for _, accounts := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(accounts), func(b *testing.B) { benchmarkTransfers(b, accounts) })
	}
}

func benchmarkTransfers(b *testing.B, accounts int) {
	const each = 1000
	_, spec := validators(b, 1)
	var senders []keys.Pair
	for i := range accounts {
		var seed [32]byte
		copy(seed[:], fmt.Sprintf("bench %d", i))
		var who chain.AccountID = seed
		if i < each {
			p, err := keys.NewPair(keys.Sr25519, seed)
			if err != nil {
				b.Fatal(err)
			}
			senders, who = append(senders, p), p.AccountID()
		}
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: who, Amount: runtime.Unit.MulSat(scale.U64(1000))})
	}
	db, err := store.Open(store.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db})
	if err != nil {
		b.Fatal(err)
	}
	n := &net{app: app}
	block := func(nonce uint32) (txs [][]byte) {
		for i, from := range senders {
			to := spec.Genesis.Balances[1+(i*7919+int(nonce)*13)%accounts].Account
			call := balances.TransferKeepAlive{Dest: chain.AddressID{ID: to}, Value: scale.U64(1)}
			txs = append(txs, n.sign(from, nonce, call))
		}
		return txs
	}
	blocks := make([][][]byte, b.N)
	for i := range blocks {
		blocks[i] = block(uint32(i))
	}
	b.ResetTimer()
	for i, txs := range blocks {
		staged, err := app.Execute(engine.Input{Time: uint64(1_700_000_000_000 + i*1000), Validators: 1, Txs: txs})
		if err != nil {
			b.Fatal(err)
		}
		for j, refused := range staged.Refused {
			if refused != nil {
				b.Fatalf("transfer %d: %v", j, refused)
			}
		}
		if err := app.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*each)/b.Elapsed().Seconds(), "transfers/s")
}
