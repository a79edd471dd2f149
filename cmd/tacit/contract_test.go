package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/worker/wire"
)

// A contract is built and deployed once for every version of its source that
// stays for a tick, and what fails is told and tried again with the next.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var state atomic.Value // a string
		state.Store("one")
		var told, deployed []string
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		w := watcher{
			state: func() (string, error) {
				now := state.Load().(string)
				if now == "" {
					return "", errors.New("no source")
				}
				return now, nil
			},
			ticks: ticker.C,
			deploy: func(context.Context) error {
				now := state.Load().(string)
				deployed = append(deployed, now)
				if now == "broken" {
					return errors.New("does not build")
				}
				return nil
			},
			report: func(err error) { told = append(told, err.Error()) },
		}
		done := make(chan error)
		go func() { done <- w.run(ctx) }()
		step := func(next string, ticks int) {
			state.Store(next)
			time.Sleep(time.Duration(ticks) * time.Second)
			synctest.Wait()
		}
		synctest.Wait()
		step("one", 3)
		step("half", 1) // it is being saved
		step("two", 3)
		step("broken", 3)
		step("", 3) // told once, not at each tick
		step("three", 3)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got, want := fmt.Sprint(deployed), "[one two broken three]"; got != want {
			t.Errorf("deployed %s, want %s", got, want)
		}
		if got, want := fmt.Sprint(told), "[does not build no source]"; got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	})
}

// The state of a source is another one after each change of a Go file, and of
// no other file.
func TestSourceState(t *testing.T) {
	dir := t.TempDir()
	if _, err := sourceState(dir); err == nil {
		t.Error("a folder without source has a state")
	}
	write := func(name, text string) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := sourceState(dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := write("a.go", "package a")
	if write("a.json", "{}") != first || write(".git/b.go", "x") != first {
		t.Error("files that are no source count")
	}
	second := write("sub/b.go", "package b")
	if second == first || write("a.go", "package aa") == second {
		t.Error("a change does not count")
	}
}

func TestLogLines(t *testing.T) {
	log := wire.Log{Next: 3, Entries: []wire.LogEntry{
		{Seq: 1, Block: 7, Time: 1_900_000_000_000, Level: 3, Text: []byte("hello")},
		{Seq: 2, Block: 8, Time: 1_900_000_000_000, Data: []byte{1, 2}},
	}}
	lines := logLines(nil, log)
	if got, want := fmt.Sprint(lines), "[{1 7 2030-03-17T17:46:40Z info hello} {2 8 2030-03-17T17:46:40Z event 0x0102}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What a contract logs does nothing to the terminal, and looks like no other entry.
func TestWriteLog(t *testing.T) {
	var b strings.Builder
	writeLog(&b, []logLine{
		{Seq: 1, Block: 7, Time: "now", Level: "info", Text: "Zürich → 5\t€"},
		{Seq: 2, Block: 7, Time: "now", Level: "info", Text: "x\n3  block 7  now  error  stolen"},
		{Seq: 4, Block: 7, Time: "now", Level: "info", Text: "\x1b[2J\x9b\u202e"},
	})
	want := "1  block 7  now  info  Zürich → 5\t€\n" +
		`2  block 7  now  info  "x\n3  block 7  now  error  stolen"` + "\n" +
		`4  block 7  now  info  "\x1b[2J\x9b\u202e"` + "\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// A message that ends its contract gives nothing, and has not failed.
func TestResultOf(t *testing.T) {
	m, err := abi.Parse(bundle.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		message, output, want string
		bad                   bool
	}{
		{"increment", "", "()", false},
		{"increment", "\x00\x00", "()", false},
		{"increment", "\x00", "", true},
		{"increment", "\x00\x01\x01", "", true},
		{"get", "\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00", "5", false},
		{"get", "", "", true}, // it can change nothing
	} {
		e, err := m.Message(tt.message)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := resultOf(m, e, []byte(tt.output)); got != tt.want || (err != nil) != tt.bad {
			t.Errorf("%s gave %x: %s, %v, want %s", tt.message, tt.output, got, err, tt.want)
		}
	}
}

// A new contract passes its own tests, builds, and its metadata has the
// comments of its source. A build that fails leaves what an earlier one made.
func TestNewContract(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a contract")
	}
	// As somebody may have set them who builds contracts without tacit.
	t.Setenv("GOOS", "wasip1")
	t.Setenv("GOARCH", "wasm")
	source, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "mine")
	t.Chdir(filepath.Dir(dir))
	for _, args := range [][]string{
		{"contract", "new", "mine", "--source", source},
		{"contract", "test", "mine"},
		{"contract", "build", "mine"},
	} {
		cmd := root()
		var out strings.Builder
		cmd.SetArgs(args)
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out.String())
		}
	}
	r, err := testResults(t.Context(), dir, nil)
	if err != nil || fmt.Sprint(r.Passed, r.Failed) != "[TestContract] []" {
		t.Errorf("tests: %+v, %v", r, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad_test.go"), []byte("package main\nimport \"testing\"\nfunc TestBad(t *testing.T) { t.Error(1) }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := testResults(t.Context(), dir, nil); err == nil || fmt.Sprint(r.Failed) != "[TestBad]" {
		t.Errorf("a test that fails: %+v, %v", r, err)
	}
	m, err := readMetadata(filepath.Join(dir, "mine.json"))
	if err != nil {
		t.Fatal(err)
	}
	add, err := m.Message("add")
	if err != nil || fmt.Sprint(add.Docs) != "[Adds to the number. Anybody may.]" {
		t.Errorf("add: %v %v", add, err)
	}
	built := func() string {
		code, err := os.ReadFile(filepath.Join(dir, "mine.wasm"))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", hash.Blake2b256(code))
	}
	before := built()
	for _, tt := range []struct{ source, want string }{
		{"package main\n\nfunc init() { missing() }\n", "undefined: missing"},
		// It compiles, but has one error twice.
		{"package main\n\nfunc init() { contract.Errors = append(contract.Errors, Overflow) }\n", "describe "},
	} {
		if err := os.WriteFile(filepath.Join(dir, "more.go"), []byte(tt.source), 0o600); err != nil {
			t.Fatal(err)
		}
		err := buildContract(t.Context(), dir, filepath.Join(dir, "mine"))
		if err == nil || !strings.Contains(err.Error(), tt.want) || hintOf(err) != "" {
			t.Errorf("built with %q: %v, hint %q; want %q", tt.source, err, hintOf(err), tt.want)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.part"))
	if built() != before || err != nil || len(left) > 0 {
		t.Errorf("a build that failed changed the code, or left %v, %v", left, err)
	}
}
