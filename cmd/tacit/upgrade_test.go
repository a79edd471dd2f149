package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime"
)

// A node whose program lacks the version that was authorized ends with an error
// that says so, before the block, and each time that it is started.
func TestUpgradeUnknown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "net")
	if out, err := run(t, "init", "--validators", "1", "--workers", "0", "--out", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	v1 := filepath.Join(dir, "v1")
	up, done := make(chan string, 2), make(chan error, 1)
	start := func() {
		done <- runNode(ctx, v1, nodeFile{Listen: "127.0.0.1:0", RPC: "127.0.0.1:0", Local: true}, slog.New(slog.DiscardHandler),
			func(at nodeAt) error { up <- at.RPC; return nil })
	}
	go start()
	var url string
	select {
	case url = <-up:
	case err := <-done:
		t.Fatal(err)
	}
	if _, err := run(t, "tx", "authorize-upgrade", "1", "9", "--from", "//Alice", "--rpc", url); err == nil || !strings.Contains(hintOf(err), "above 1") {
		t.Errorf("version 1 once more: %v, hint %q", err, hintOf(err))
	}
	out, err := run(t, "tx", "authorize-upgrade", "2", "9", "--from", "//Alice", "--rpc", url)
	if err != nil || !strings.HasPrefix(out, "spec version 2 follows block 9\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	want := engine.Outdated{Block: 9, Lacks: runtime.NoVersion{Spec: 2, Oldest: 1, Newest: 1}}
	for range 2 {
		if err := <-done; !errors.Is(err, want) || !strings.Contains(hintOf(err), "a newer tacit") {
			t.Fatalf("the node ends with %v, hint %q; want %v", err, hintOf(err), want)
		}
		go start()
	}
	<-done
}
