package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/test/story"
	"github.com/tacit-network/tacit/web"
)

// The console is for this machine alone, and says what it lacks.
func TestConsoleRefuses(t *testing.T) {
	for _, row := range []struct{ line, want, hint string }{
		{"--listen 0.0.0.0:0", "no address of this machine alone", "127.0.0.1"},
		{"--listen nowhere", "--listen: ", "127.0.0.1"},
		{"--listen 127.0.0.1:0 --rpc ws://127.0.0.1:1", "connection refused", "tacit dev"},
		{"here", "unknown command", "--help"},
	} {
		_, err := run(t, append([]string{"console"}, strings.Fields(row.line)...)...)
		if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(hintOf(err), row.hint) {
			t.Errorf("%s: %v, hint %q", row.line, err, hintOf(err))
		}
	}
}

// It serves the page for a node, with where the chain's workers answer, and ends
// when it is told to.
func TestConsoleServes(t *testing.T) {
	w, _ := story.Begin(t, strings.Replace(cluster, "worker w1", "worker w1 endpoint=real", 1))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, out := io.Pipe()
	cmd := root()
	cmd.SetArgs([]string{"console", "--listen", "127.0.0.1:0", "--json", "--rpc", w.Node()})
	cmd.SetOut(out)
	done := make(chan error, 1)
	go func() { done <- cmd.ExecuteContext(ctx) }()
	var at struct{ Console, RPC, Chain string }
	if err := json.NewDecoder(r).Decode(&at); err != nil {
		t.Fatal(err)
	}
	get := func(path string) (string, http.Header) {
		t.Helper()
		resp, err := http.Get(at.Console + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", path, resp.Status, err)
		}
		return string(data), resp.Header
	}
	text, _ := get("/config.json")
	var c web.Config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if c.RPC != w.Node() || at.RPC != w.Node() || c.Chain != at.Chain || c.Chain == "" || c.Development != nil || len(c.Workers) != 1 || len(c.Code) != 66 {
		t.Errorf("the page is told %+v", c)
	}
	page, header := get("/")
	policy := strings.Fields(strings.ReplaceAll(header.Get("Content-Security-Policy"), ";", " "))
	if !strings.Contains(page, "<html") || !slices.Contains(policy, strings.TrimSuffix(w.Node(), "/")) || !slices.Contains(policy, c.Workers[0]) {
		t.Errorf("the page may speak to %v, and is %.60q", policy, page)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
