package node

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/runtime/pallet/session"
)

// What the code says of a metric stands in the documentation, and the alerts
// and the dashboard ask for nothing else.
func TestMetricsDocumented(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	docs := read("../docs/metrics.md")
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Metrics]()) {
		known[f.Tag.Get("name")] = true
		if row := fmt.Sprintf("| `%s` | %s |\n", f.Tag.Get("name"), f.Tag.Get("help")); !strings.Contains(docs, row) {
			t.Errorf("docs/metrics.md has no row %s", row)
		}
	}
	for _, path := range []string{"../deploy/alerts.yml", "../deploy/grafana.json"} {
		for _, word := range strings.FieldsFunc(read(path), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
			if strings.HasPrefix(word, "tacit_") && !known[word] {
				t.Errorf("%s asks for %s, which no node tells", path, word)
			}
		}
	}
}

// A node that makes blocks answers its three paths, and stops them with itself.
func TestMetrics(t *testing.T) {
	alice, validator, err := keystore.DevelopValidator("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	spec := engine.Spec{Name: "Metrics", ID: "metrics", Kind: engine.Development, Symbol: "TACIT", BlockTime: 50, GenesisTime: 1_700_000_000_000}
	spec.Genesis.Validators = []session.Validator{validator}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Spec: spec, Home: t.TempDir(), Metrics: l, Local: true}
	cfg.Keys.Add(alice)
	n, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var g errgroup.Group
	g.Go(func() error { return n.Run(ctx) })
	changed, end := n.App().Hub.Listen()
	defer end()
	for n.App().Final() < 3 {
		select {
		case <-changed:
		case <-time.After(20 * time.Second):
			t.Fatal("no block is final")
		}
	}
	get := func(path string) (int, string) {
		res, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	code, text := get("/metrics")
	for _, want := range []string{"\ntacit_validates 1\n", "\ntacit_validators 1\n", "\ntacit_justification_lag ", "\ncometbft_consensus_height{"} {
		if code != 200 || !strings.Contains("\n"+text, want) {
			t.Errorf("/metrics: %d, no %q", code, want)
		}
	}
	for _, path := range []string{"/health", "/ready"} {
		if code, text := get(path); code != 200 || text != "{\"ok\":true}\n" {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	if code, _ := get("/other"); code != 404 {
		t.Errorf("/other: %d", code)
	}
	stop()
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get("http://" + l.Addr().String() + "/health"); err == nil {
		t.Error("it answers after its end")
	}
}
