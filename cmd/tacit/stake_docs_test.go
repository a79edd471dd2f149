package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// Every command that docs/staking.md shows is run as it stands, one after the
// other, on a network of one validator; `# fails` says that it does. The second
// node that the page starts is elected, and pays out what was earned.
func TestStakingDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/staking.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if out, err := run(t, "init", "--validators", "1", "--out", "net", "--block-time", "100ms", "--session-blocks", "10"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	done := make(chan error, 2)
	start := func(dir string, f nodeFile) nodeAt {
		up := make(chan nodeAt, 1)
		if f.Listen, err = freeAddress(); err != nil {
			t.Fatal(err)
		}
		f.RPC, f.Local = "127.0.0.1:0", true
		go func() {
			done <- runNode(ctx, dir, f, slog.New(slog.DiscardHandler), func(at nodeAt) error { up <- at; return nil })
		}()
		select {
		case at := <-up:
			return at
		case err := <-done:
			t.Fatal(err)
			return nodeAt{}
		}
	}
	nodes := 1
	first := start(filepath.Join("net", "v1"), nodeFile{})
	t.Cleanup(func() {
		cancel()
		for range nodes {
			if err := <-done; err != nil {
				t.Errorf("a node ends with %v", err)
			}
		}
	})
	spec, err := os.ReadFile(filepath.Join("net", "spec.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("mine", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("mine", "spec.json"), spec, 0o600); err != nil {
		t.Fatal(err)
	}
	commands, code := 0, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "```" {
			code = !code
			continue
		}
		words, ok := strings.CutPrefix(line, "tacit ")
		if !code || !ok {
			continue
		}
		commands++
		words, comment, _ := strings.Cut(words, "#")
		args := strings.Fields(words)
		switch {
		case args[0] == "node":
			start("mine", nodeFile{Peers: []string{first.Peer}})
			nodes++
			continue
		case args[0] == "key":
		default:
			args = append(args, "--rpc", first.RPC)
		}
		if args[1] == "payout" { // once there is something, and //Bob validates
			await(t, first.RPC)
		}
		out, err := run(t, args...)
		if fails := strings.Contains(comment, "fails"); fails != (err != nil) {
			t.Fatalf("%s: %v %s\n%s", line, err, hintOf(err), out)
		}
	}
	if commands < 12 {
		t.Errorf("%d commands found", commands)
	}
}

// await waits until //Bob validates, and //Alice's network has paid an era.
func await(t *testing.T, rpc string) {
	t.Helper()
	bob, err := keys.FromURI(keys.Sr25519, "//Bob")
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		out, err := run(t, "stake", "validators", "--json", "--rpc", rpc)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var list struct {
			Validators []struct {
				Account   keys.AccountID
				Validates bool
			}
		}
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			t.Fatal(err)
		}
		for _, v := range list.Validators {
			if v.Account == bob.AccountID() && v.Validates {
				return
			}
		}
		last = out
	}
	t.Fatalf("//Bob was never elected:\n%s", last)
}

// What a withdrawal says is what became free, and not what could have.
func TestWithdrawn(t *testing.T) {
	if got := withdrawn(&client.Included{Events: []any{staking.Withdrawn{Amount: scale.U64(2_500_000_000_000)}}}); got != "2.5 TACIT are free" {
		t.Error(got)
	}
	if got := withdrawn(&client.Included{}); !strings.Contains(got, "nothing became free") {
		t.Error(got)
	}
}
