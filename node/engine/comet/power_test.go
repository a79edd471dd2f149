package comet

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
)

// long is set for the tests that take long.
var long = os.Getenv("TACIT_LONG") == "1"

// promised is what a node said to others, and must not forget.
type promised struct {
	head   chain.BlockNumber // was kept
	signed uint64            // the newest block that the guard signed
}

// moment is what is left of a disk when the power fails, and what the node had
// promised by then.
type moment struct {
	promised
	before errorfs.Op
	disk   *vfs.MemFS
}

// watch returns a disk of which the moment before each write is kept. What was
// not synced is lost, or is not. Some of it is not tried: Pebble relies on the
// sync of a new file for its name in the folder too, as disks do, and this one
// does not.
func watch(now func() promised) (fs *errorfs.FS, moments *[]moment) {
	disk := vfs.NewCrashableMem()
	var mu sync.Mutex
	var list []moment
	random := rand.New(rand.NewPCG(1, 2))
	return errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			mu.Lock()
			defer mu.Unlock()
			// The promise is read first: what is promised meanwhile was synced.
			was := now()
			left := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: len(list) % 2 * 100, RNG: random})
			list = append(list, moment{was, op, left})
		}
		return nil
	})), &list
}

// alone drives an App with the guard of one validator, as Comet does: each
// block is signed when it is kept.
type alone struct {
	testing.TB
	app   *engine.App
	pool  *pool.Pool
	solo  *engine.Solo
	guard *guard
	db    *store.Store
}

func openAlone(t testing.TB, fs vfs.FS) *alone {
	t.Helper()
	db, err := store.Open(store.Config{Dir: "db", FS: fs, Keep: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	app, err := engine.NewApp(engine.Config{Spec: specOf(t, 1, 1000), Runtime: runtime.New(), Store: db})
	if err != nil {
		t.Fatal(err)
	}
	a := &alone{TB: t, app: app, pool: pool.New(app), db: db, solo: engine.NewSolo(app, []keys.GrandpaPair{grandpaOf(t, 0)})}
	app.UsePool(a.pool)
	if a.guard, err = newGuard(grandpaOf(t, 0), db.Space("guard")); err != nil {
		t.Fatal(err)
	}
	return a
}

// step makes a block, and then signs it.
func (a *alone) step(kept, signed func(chain.Header)) {
	a.Helper()
	h, err := a.solo.Step(1_700_000_000_000 + 1000*uint64(a.app.Head().Number+1))
	if err != nil {
		a.Fatal(err)
	}
	kept(h)
	if _, err := a.guard.sign(grandpa.TargetOf(h), 0); err != nil {
		a.Fatal(err)
	}
	signed(h)
}

// The power fails before each write of the database: of blocks, proofs, pruned
// states and what the guard notes. What was promised is there afterwards, the
// state is whole, and the chain goes on.
func TestPowerLoss(t *testing.T) {
	blocks := chain.BlockNumber(10)
	if long {
		blocks = 100
	}
	var mu sync.Mutex
	var now promised
	fs, moments := watch(func() promised {
		mu.Lock()
		defer mu.Unlock()
		return now
	})
	a := openAlone(t, fs)
	hashes := map[chain.BlockNumber]hash.H256{0: a.app.Genesis()}
	for n := chain.BlockNumber(1); n <= blocks; n++ {
		if n%4 == 0 { // what Pebble does when it opens is among the writes
			_ = a.db.Close()
			a = openAlone(t, fs)
		}
		if _, err := a.pool.Submit(transfer(t, a.app, uint32(n-1))); err != nil {
			t.Fatal(err)
		}
		a.step(func(h chain.Header) {
			mu.Lock()
			defer mu.Unlock()
			now.head, hashes[n] = n, h.Hash()
		}, func(h chain.Header) {
			mu.Lock()
			defer mu.Unlock()
			now.signed = uint64(h.Number)
		})
	}
	_ = a.db.Close()

	checked := 0
	for i, m := range *moments {
		again := openAlone(t, m.disk)
		head := again.app.Head()
		if head.Number < m.head || head.Hash() != hashes[head.Number] {
			t.Fatalf("moment %d, before %v %s: the head is block %d %v, and block %d was kept", i, m.before.Kind, m.before.Path, head.Number, head.Hash(), m.head)
		}
		if got := again.guard.last.Round; got < m.signed {
			t.Fatalf("moment %d: the guard knows of block %d, and signed block %d", i, got, m.signed)
		}
		if m.signed > 0 {
			if _, err := again.guard.sign(grandpa.Target{Number: uint32(m.signed), Hash: hash.H256{1}}, 0); err == nil {
				t.Fatalf("moment %d: the guard signs another block %d", i, m.signed)
			}
		}
		state, err := again.app.StateAt(head.Hash())
		if err != nil {
			t.Fatal(err)
		}
		if root := state.Root(); root != head.StateRoot {
			t.Fatalf("moment %d: the state has the root %v, want %v", i, root, head.StateRoot)
		}
		for range state.Iterate(nil) { // it panics about what is not there
			checked++
		}
		for range 2 {
			again.step(func(chain.Header) {}, func(chain.Header) {})
		}
		_ = again.db.Close()
	}
	t.Logf("%d writes, %d values read", len(*moments), checked)
	if len(*moments) < int(blocks)*2 {
		t.Errorf("only %d writes were seen", len(*moments))
	}
}

// leftover is what is left of a node's database and of CometBFT's log.
type leftover struct {
	home string
	disk *vfs.MemFS
}

// The power fails while CometBFT drives the node. Started again, with its log
// and the database as they were at one moment, it keeps to what it voted for,
// and goes on.
func TestPowerLossOfValidator(t *testing.T) {
	count, every := 6, 17
	if long {
		count, every = 60, 7
	}
	spec, home, disk := specOf(t, 1, 60), t.TempDir(), vfs.NewCrashableMem()
	var mu sync.Mutex
	var list []leftover
	writes := 0
	fs := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if writes++; writes < 100 || writes%every != 0 || len(list) >= count {
			return nil
		}
		for { // the log must be that of the moment
			to := t.TempDir()
			before, left := sizes(home), disk.CrashClone(vfs.CrashCloneCfg{})
			if err := os.CopyFS(to, os.DirFS(home)); err == nil && sizes(home) == before && sizes(to) == before {
				list = append(list, leftover{to, left})
				return nil
			}
		}
	}))
	p := start(t, spec, 0, store.Config{Dir: "db", FS: fs}, Config{Home: home})
	enough := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(list) >= count
	}
	for n := chain.BlockNumber(1); !enough(); n++ {
		p.final(t, n)
	}
	p.final(t, p.app.Final()+3)
	p.end(t)
	for i, s := range list {
		db, err := store.Open(store.Config{Dir: "db", FS: s.disk})
		if err != nil {
			t.Fatal(err)
		}
		voted, err := newSigner(engineOf(t, 0), db.Space("signer"))
		if err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
		again := start(t, spec, 0, store.Config{Dir: "db", FS: s.disk}, Config{Home: s.home})
		head := again.app.Head().Number
		again.final(t, head+3)
		again.end(t)
		same := head // what it kept is what it had
		if voted.last.Step == 3 {
			same = max(same, chain.BlockNumber(voted.last.Height))
		}
		for n := chain.BlockNumber(0); n <= same; n++ {
			want, err := p.app.Store().HashOf(n)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.app.Store().HashOf(n); err != nil || got != want {
				t.Errorf("leftover %d at block %d, voted at %d: block %d is %v, was %v: %v", i, head, voted.last.Height, n, got, want, err)
			}
		}
		follow(t, again.app, again.app.Final())
		again.close()
	}
}

// sizes sums up how long a folder's files are.
func sizes(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}
