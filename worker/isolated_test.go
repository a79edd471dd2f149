package worker

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/worker/executor"
)

// isolate has all tests of this package run contracts in processes of their
// own, as the program does; TestIsolated sets it.
var isolate = flag.Bool("isolated", false, "run contracts in processes of their own")

func TestMain(m *testing.M) {
	if executor.Asked() {
		executor.Main()
	}
	os.Exit(m.Run())
}

// Contracts in a process of their own do what they do in the worker's, over a
// restart too. Machine code lies sealed on the disk: what the host makes of the
// files costs time, and nothing else.
func TestIsolated(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are not confined here")
	}
	was := *isolate
	*isolate = true
	t.Cleanup(func() { *isolate = was })
	s := newStory(t)
	alice, bob := account(t, "//Alice"), account(t, "//Bob")
	s.instantiate(alice)
	seq := s.command(bob, "increment", "5")
	s.bring()
	if r := s.receipts[seq]; r.Status != words.StatusOK {
		t.Fatalf("receipt %+v", r)
	}
	s.expect(s.query(alice, "get"), "5")
	kept, err := filepath.Glob(filepath.Join(s.dir, "native", "*"))
	if err != nil || len(kept) != 1 && runtime.GOARCH == "amd64" {
		t.Fatalf("machine code of %d codes is kept, %v", len(kept), err)
	}
	for name, damage := range map[string]func(b []byte) []byte{
		"as it was": func(b []byte) []byte { return b },
		"changed":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut off":   func(b []byte) []byte { return b[:len(b)/2] },
		"empty":     func([]byte) []byte { return nil },
		"in clear":  func(b []byte) []byte { return make([]byte, len(b)) },
	} {
		for _, file := range kept {
			before := readFile(t, file)
			if err := os.WriteFile(file, damage(readFile(t, file)), 0o600); err != nil {
				t.Fatal(err)
			}
			s.restart()
			s.expect(s.query(alice, "get"), "5")
			after := readFile(t, file)
			if same := string(after) == string(before); same != (name == "as it was") {
				t.Errorf("%s: the file is the same: %v", name, same)
			}
		}
	}
}
