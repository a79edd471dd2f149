package comet

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
)

// CometBFT's log of votes lost its end, or has rubbish there: the node starts,
// keeps its blocks and goes on.
func TestBrokenLog(t *testing.T) {
	spec, home, fs := specOf(t, 1, 60), t.TempDir(), vfs.NewMem()
	log := filepath.Join(home, "data", "cs.wal", "wal")
	hashes := map[chain.BlockNumber]hash.H256{}
	for i, harm := range []func(b []byte) []byte{
		func(b []byte) []byte { return b },
		func(b []byte) []byte { return b[:len(b)-3] },
		func(b []byte) []byte { return b[:len(b)-200] },
		func(b []byte) []byte { b[len(b)-50] ^= 0xff; return b },
		func(b []byte) []byte { return append(b, bytes.Repeat([]byte{0xa5}, 100)...) },
	} {
		if i > 0 {
			b, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(log, harm(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := start(t, spec, 0, store.Config{Dir: "db", FS: fs}, Config{Home: home})
		p.final(t, p.app.Head().Number+3)
		p.end(t)
		for n := chain.BlockNumber(0); n <= p.app.Head().Number; n++ {
			h, err := p.app.Store().HashOf(n)
			if err != nil {
				t.Fatal(err)
			}
			if was, known := hashes[n]; known && was != h {
				t.Errorf("harm %d: block %d is %v, was %v", i, n, h, was)
			}
			hashes[n] = h
		}
		p.close()
	}
}

// Whichever byte of the database changes on the disk, the node either says what
// is wrong or makes the same block as without.
func TestCorruptDatabase(t *testing.T) {
	fs := vfs.NewMem()
	a := openAlone(t, fs)
	nothing := func(chain.Header) {}
	for n := range uint32(6) {
		if _, err := a.pool.Submit(transfer(t, a.app, n)); err != nil {
			t.Fatal(err)
		}
		a.step(nothing, nothing)
	}
	_ = a.db.Close()
	_ = openAlone(t, fs).db.Close() // Pebble writes its tables when it opens
	files, err := fs.List("db")
	if err != nil {
		t.Fatal(err)
	}
	next := func(fs vfs.FS) (h hash.H256, err error) {
		db, err := store.Open(store.Config{Dir: "db", FS: fs, Keep: 4})
		if err != nil {
			return h, err
		}
		defer func() { _ = db.Close() }()
		app, err := engine.NewApp(engine.Config{Spec: specOf(t, 1, 1000), Runtime: runtime.New(), Store: db})
		if err != nil {
			return h, err
		}
		s, err := app.Execute(engine.Input{Time: 1_700_000_100_000, Validators: 1, Txs: [][]byte{transfer(t, app, 6)}})
		if err != nil {
			return h, err
		}
		return s.Header.Hash(), app.Commit()
	}
	clone := func(name string, at int64, part int64) vfs.FS {
		to := vfs.NewMem()
		if _, err := vfs.Clone(fs, to, "db", "db"); err != nil {
			t.Fatal(err)
		}
		if name == "" {
			return to
		}
		f, err := to.OpenReadWrite(to.PathJoin("db", name), vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1)
		offset := info.Size() * at / part
		if _, err := f.ReadAt(b, offset); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte{b[0] ^ 0x10}, offset); err != nil {
			t.Fatal(err)
		}
		return to
	}
	want, err := next(clone("", 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	places := int64(6)
	if long {
		places = 100
	}
	tables, told := 0, 0
	for _, name := range files {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		tables++
		for at := range places {
			switch got, err := next(clone(name, at, places)); {
			case err != nil:
				told++
			case got != want:
				t.Errorf("%s, place %d of %d: block 7 is %v, want %v, and no word of it", name, at, places, got, want)
			}
		}
	}
	t.Logf("%d tables, %d of %d faults were told", tables, told, tables*int(places))
	if tables == 0 || told == 0 {
		t.Error("nothing was harmed")
	}
}

// A node whose disk is full ends with a word on it, and goes on when there is
// room again.
func TestFullDisk(t *testing.T) {
	const env = "TACIT_TEST_FULL"
	if home := os.Getenv(env); home != "" {
		var full atomic.Bool
		disk := errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if full.Load() && (op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpCreate) {
				return syscall.ENOSPC
			}
			return nil
		}))
		p := start(t, specOf(t, 1, 60), 0, store.Config{Dir: filepath.Join(home, "db"), FS: disk}, Config{Home: home})
		p.final(t, p.app.Head().Number+3)
		full.Store(true)
		t.Fatal(p.ends(t))
	}
	home := t.TempDir()
	for range 2 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestFullDisk$")
		cmd.Env = append(os.Environ(), env+"="+home)
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || !bytes.Contains(out, []byte("no space left on device")) {
			t.Fatalf("it ends with %v:\n%s", err, out)
		}
	}
	p := start(t, specOf(t, 1, 60), 0, store.Config{Dir: filepath.Join(home, "db")}, Config{Home: home})
	at := p.app.Head().Number
	if at < 6 {
		t.Errorf("it starts at block %d", at)
	}
	p.final(t, at+2)
	follow(t, p.app, at+2)
}
