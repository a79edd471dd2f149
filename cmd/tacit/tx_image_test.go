package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The commands of docs/operations.md by which a program of workers is admitted
// and another one retired, on a network of one validator. What moves a cluster
// from one to the other is in the story image_handover.
func TestImages(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{
		"tacit tx admit-image tacit-worker 2 --worker ./tacit-worker ", "tacit tx retire-image IMAGE HEIGHT ", "tacit cluster add --cluster CLUSTER ",
		"tacit cluster remove WORKER --cluster CLUSTER ", "tacit worker leave WORKER ",
	}
	at := 0
	for _, line := range lines {
		i := strings.Index(string(page[at:]), "\n"+line)
		if i < 0 {
			t.Fatalf("docs/operations.md does not say %q after what is before it", line)
		}
		at += i
		if out, err := run(t, append(strings.Fields(line)[1:], "--help")...); err != nil || !strings.Contains(out, strings.Join(strings.Fields(line)[:3], " ")) {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	t.Chdir(t.TempDir())
	if out, err := run(t, "init", "--validators", "1", "--workers", "0", "--out", "net"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	up, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- runNode(ctx, filepath.Join("net", "v1"), nodeFile{Listen: "127.0.0.1:0", RPC: "127.0.0.1:0", Local: true}, slog.New(slog.DiscardHandler),
			func(at nodeAt) error { up <- at.RPC; return nil })
	}()
	defer func() {
		cancel()
		<-done
	}()
	var url string
	select {
	case url = <-up:
	case err := <-done:
		t.Fatal(err)
	}
	if err := os.WriteFile("tacit-worker", []byte("the next program"), 0o700); err != nil {
		t.Fatal(err)
	}
	do := func(line string) (string, error) {
		return run(t, append(strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "tacit ")), "--from", "//Alice", "--rpc", url)...)
	}
	out, err := do(lines[0])
	if err != nil || !strings.Contains(out, ", version 2, is admitted from block ") {
		t.Fatalf("%v\n%s", err, out)
	}
	image := strings.TrimSuffix(strings.Fields(out)[1], ",")
	if out, err := do(lines[0]); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("once more: %v\n%s", err, out)
	}
	out, err = do(strings.NewReplacer("IMAGE", image, "HEIGHT", "100000").Replace(lines[1]))
	if err != nil || out != "image "+image+" is retired from block 100000 on\n" {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := do(strings.NewReplacer("IMAGE", "0x"+strings.Repeat("77", 32), "HEIGHT", "100000").Replace(lines[1])); err == nil {
		t.Errorf("an unknown image: %s", out)
	}
	for line, want := range map[string]string{
		"tx admit-image w 2": "either --worker", "tx admit-image w two --worker tacit-worker": "is no number", "tx admit-image w 2 --measurement 0xzz": "no hex",
		"tx admit-image w 2 --measurement 0x09": "is none", "tx admit-image w 2 --worker nosuch": "no such file", "tx retire-image x 5": "is no name",
		"tx retire-image " + image + " soon": "is no block number",
	} {
		if _, err := run(t, strings.Fields(line)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}
