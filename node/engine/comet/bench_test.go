package comet

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/snapshot"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
)

// BenchmarkStateSync begins a node from the snapshot of a chain with a million
// accounts, and reports the seconds until it has a final block of its own: five
// of them are CometBFT's search for snapshots. Making the chain takes a minute
// and is not counted. Run it with -benchtime 1x.
func BenchmarkStateSync(b *testing.B) {
	spec := specOf(b, 1, 1000)
	for i := range 1_000_000 {
		e := runtime.Endowment{Amount: runtime.Unit}
		binary.LittleEndian.PutUint32(e.Account[:], uint32(i))
		spec.Genesis.Balances = append(spec.Genesis.Balances, e)
	}
	folder, err := snapshot.OpenFolder(b.TempDir(), 3)
	if err != nil {
		b.Fatal(err)
	}
	a := start(b, spec, 0, store.Config{Dir: b.TempDir()}, Config{Home: b.TempDir(), Listen: freeAddress(b), Snapshots: folder})
	a.final(b, 2)
	at := a.app.Final()
	began := time.Now()
	if err := a.app.Snapshot(at, folder); err != nil {
		b.Fatal(err)
	}
	wrote := time.Since(began)
	a.final(b, at+3)
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		db, err := store.Open(store.Config{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db})
		if err != nil {
			b.Fatal(err)
		}
		fresh := &peer{app: app, pool: pool.New(app), done: make(chan error, 1), db: db}
		b.StartTimer()
		began := time.Now()
		fresh.run(b, spec, 9, Config{Home: b.TempDir(), Listen: freeAddress(b), Peers: []string{a.node.Peer()}, SyncFrom: asked{a}})
		for app.Final() < at+1 && time.Since(began) < 5*time.Minute {
			time.Sleep(10 * time.Millisecond)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-to-final")
		b.ReportMetric(wrote.Seconds(), "s-to-write-it")
		if app.Final() < at+1 {
			b.Fatalf("after %v it has block %d", time.Since(began), app.Final())
		}
	}
}
