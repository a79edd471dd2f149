package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/worker/wire"
)

func build(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program")
	}
	bin := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

const configuration = `{"dir": %q, "exit_on_eof": true, "chain": {
  "genesis": "0x0101010101010101010101010101010101010101010101010101010101010101",
  "authorities": [{"key": "0x88dc3417d5058ec4b4503e0c12ea1a0a89be200fe98922423d4334014fa6b0ee", "weight": 1}]}}`

// The program says where it listens, answers, keeps its identity over a kill,
// and ends with its input.
func TestRun(t *testing.T) {
	bin := build(t, "worker")
	dir := t.TempDir()
	var identity [32]byte
	for round := range 2 {
		cmd := exec.Command(bin, "-config", "-")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var logged bytes.Buffer
		cmd.Stderr = &logged
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(configuration, "%q", `"`+dir+`"`, 1)
		if _, err := in.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadBytes('\n')
		if err != nil {
			t.Fatalf("%v: %s", err, logged.Bytes())
		}
		var l Listening
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		info, err := wire.NewClient(l.URL, nil).Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if info.Identity != l.Identity || !info.Simulated || info.BootEpoch != uint64(round+1) || info.ImageID != l.Image {
			t.Errorf("info %+v, line %s", info, line)
		}
		if round == 0 {
			identity = info.Identity
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			continue
		}
		if info.Identity != identity {
			t.Error("the identity did not survive")
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("end of input: %v: %s", err, logged.Bytes())
		}
	}
}

// Two builds are the same file, so that anybody can measure what runs.
func TestReproducible(t *testing.T) {
	a, err := os.ReadFile(build(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(build(t, "b"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("two builds differ")
	}
	t.Logf("%d bytes", len(a))
}

func TestRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		text, want string
	}{
		"no chain":      {`{"dir": "x"}`, "chain.genesis is missing"},
		"unknown field": {`{"folder": "x"}`, "unknown field"},
		"hardware":      {`{"tee": "sgx"}`, "is none of"},
		"noise":         {`{`, "read configuration"},
	} {
		err := run([]string{"-config", "-"}, strings.NewReader(tt.text), &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	t.Setenv("GODEBUG", "gctrace=1")
	if err := run([]string{"-measure"}, nil, &bytes.Buffer{}); err == nil {
		t.Error("GODEBUG is accepted")
	}
}
