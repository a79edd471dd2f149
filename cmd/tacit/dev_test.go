package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/node/store"
)

// A folder that another process has is not touched, and the error says why.
func TestDataInUse(t *testing.T) {
	if dir := os.Getenv("TACIT_TEST_HOLD"); dir != "" { // the other process
		if _, err := store.Open(store.Config{Dir: filepath.Join(dir, "chain")}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("open")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	dir := t.TempDir()
	other := exec.Command(os.Args[0], "-test.run=^TestDataInUse$")
	other.Env = append(os.Environ(), "TACIT_TEST_HOLD="+dir)
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = in.Close(), other.Wait() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	spec, err := devSpec(attest.TDXMeasurement{}, time.Second, 1)
	if err != nil {
		t.Fatal(err)
	}
	o := &devOptions{data: dir, rpc: "127.0.0.1:0", console: "127.0.0.1:0", out: io.Discard, log: slog.New(slog.DiscardHandler)}
	err = o.network(t.Context(), dir, "no-worker", attest.TDXMeasurement{}, spec)
	if err == nil || !strings.Contains(hintOf(err), "another `tacit dev`") {
		t.Errorf("got %v, hint %q", err, hintOf(err))
	}
	o.rpc = "nowhere"
	err = o.network(t.Context(), dir, "no-worker", attest.TDXMeasurement{}, spec)
	if err == nil || !strings.Contains(err.Error(), "--rpc: ") || !strings.Contains(hintOf(err), "--rpc 127.0.0.1:0") {
		t.Errorf("got %v, hint %q", err, hintOf(err))
	}
}

// What is no spec is told, and what does not say where the demo's contract is
// means that there is none.
func TestDataForeign(t *testing.T) {
	dir := t.TempDir()
	o := &devOptions{blockTime: time.Second, validators: 1}
	if err := writeWhole(filepath.Join(dir, "spec.json"), []byte("{")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.spec(dir, attest.TDXMeasurement{}); err == nil || !strings.Contains(hintOf(err), "--data") {
		t.Errorf("half a spec: %v, hint %q", err, hintOf(err))
	}
	for _, text := range []string{"", "{", "{}", `{"contract": "0x01"}`} {
		if err := writeWhole(deployedPath(dir), []byte(text)); err != nil {
			t.Fatal(err)
		}
		if d, ok := loadDeployed(dir); ok {
			t.Errorf("%q is %v", text, d)
		}
	}
}

// A worker that does not start, or ends, is quoted.
func TestWorkerEnds(t *testing.T) {
	for name, tt := range map[string]struct{ script, want string }{
		"before it listens": {"echo first >&2; echo the last word >&2; exit 1", "did not start: the last word"},
		"without a word":    {"exit 3", "did not start: EOF\nexit status 3"},
		"later":             {`echo '{"url": "http://127.0.0.1:1"}'; echo a fault >&2; exit 2`, "exit status 2: a fault"},
	} {
		program := filepath.Join(t.TempDir(), "worker")
		if err := os.WriteFile(program, []byte("#!/bin/sh\n"+tt.script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		p := &process{binary: program, dir: t.TempDir(), log: slog.New(slog.DiscardHandler), up: make(chan struct{})}
		if err := p.one(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
	}
}

func TestLastLine(t *testing.T) {
	var l lastLine
	for _, part := range []string{"one\ntw", "o\n", "", "\nthree\n", strings.Repeat("x", 4000)} {
		_, _ = l.Write([]byte(part)) // it takes everything
	}
	if got := l.String(); got != strings.Repeat("x", 1<<10) {
		t.Errorf("%d bytes: %.20q", len(got), got)
	}
	_, _ = l.Write([]byte("\nshort\n"))
	if got := l.String(); got != "short" {
		t.Errorf("got %q", got)
	}
}
