package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/test/story"
)

const cluster = `
chain validators=2 sudo=Alice Alice=1000 operator=1000
block
worker w1
relay w1
settle
cluster c by=Alice
settle
`

// A gateway is for this machine alone, and says what it lacks.
func TestGatewayRefuses(t *testing.T) {
	w, _ := story.Begin(t, cluster)
	empty, _ := story.Begin(t, "chain validators=2 Alice=1000")
	bad := filepath.Join(t.TempDir(), "bad.key")
	if err := os.WriteFile(bad, []byte("no secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ line, want, hint string }{
		{"--listen 0.0.0.0:0 --rpc " + w.Node(), "no address of this machine alone", "everybody who reaches"},
		{"--listen :0 --rpc " + w.Node(), "no address of this machine alone", "everybody who reaches"},
		{"--listen nowhere --rpc " + w.Node(), "--listen: ", "127.0.0.1:9955"},
		{"--listen 127.0.0.1:0 --account-file nowhere.key --rpc " + w.Node(), "--account-file nowhere.key", ""},
		{"--listen 127.0.0.1:0 --account-file " + bad + " --rpc " + w.Node(), "--account-file " + bad, ""},
		{"--listen 127.0.0.1:0 --from secret --rpc " + w.Node(), "no development account", "--key-file"},
		{"--listen 127.0.0.1:0 --cluster c --rpc " + w.Node(), "", "64 hex digits"},
		{"--listen 127.0.0.1:0 --rpc " + empty.Node(), "no cluster", "cluster create"},
		{"--listen 127.0.0.1:0 --rpc ws://127.0.0.1:1", "connection refused", "tacit dev"},
	} {
		out, err := run(t, append([]string{"contract", "gateway"}, strings.Fields(row.line)...)...)
		if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(hintOf(err), row.hint) {
			t.Errorf("%s: %v, hint %q\n%s", row.line, err, hintOf(err), out)
		}
	}
}

// It says where it is, answers there, and ends when it is told to.
func TestGatewayServes(t *testing.T) {
	w, _ := story.Begin(t, cluster)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, out := io.Pipe()
	cmd := root()
	cmd.SetArgs([]string{"contract", "gateway", "--listen", "127.0.0.1:0", "--json", "--rpc", w.Node()})
	cmd.SetOut(out)
	done := make(chan error, 1)
	go func() { done <- cmd.ExecuteContext(ctx) }()
	said := make([]byte, 4096)
	n, err := r.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	var at struct{ Gateway string }
	if err := json.Unmarshal(said[:n], &at); err != nil {
		t.Fatalf("%v: %s", err, said[:n])
	}
	url := at.Gateway
	var chain string
	for chain == "" {
		err := func() error {
			rpc, err := client.Dial(ctx, url)
			if err != nil {
				return err
			}
			inner, end := context.WithCancel(ctx)
			defer end()
			go func() { _ = rpc.Run(inner) }()
			return rpc.Call(ctx, &chain, "system_chain")
		}()
		if err != nil && !strings.Contains(err.Error(), "503") {
			t.Fatal(err)
		}
	}
	if id := w.Cluster("c"); chain != "Tacit cluster "+id.String()[:10] {
		t.Errorf("it is %q", chain)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
