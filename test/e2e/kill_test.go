package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// moments are when something is killed, from the start on. The demo takes two
// to three seconds: before the first block, while the worker registers, while
// the code goes up, around the command and its receipt.
var moments = []time.Duration{
	150 * time.Millisecond, 500 * time.Millisecond, 900 * time.Millisecond, 1400 * time.Millisecond, 2000 * time.Millisecond, 2600 * time.Millisecond,
}

// The worker is killed during the demo: it is started again, registers as
// another instance, and the demo ends as if nothing had been.
func TestWorkerKilledDuringDemo(t *testing.T) {
	long(t)
	for _, moment := range moments {
		t.Run(fmt.Sprint(moment), func(t *testing.T) {
			n := start(t, built(t), t.TempDir(), "--json")
			time.Sleep(moment)
			n.killWorker()
			r := n.result()
			if r.Counter != 5 {
				t.Errorf("the counter is %d, want 5", r.Counter)
			}
		})
	}
}

// The worker is killed again and again after the demo, with commands before
// and after.
func TestWorkerKilledAfterDemo(t *testing.T) {
	long(t)
	n := start(t, built(t), t.TempDir(), "--json")
	r := n.result()
	want := 5
	for i := range 3 {
		n.killWorker()
		n.tacit(r, "contract", "call", r.Contract, "increment", fmt.Sprint(i+1), "--from", "//Bob")
		want += i + 1
		if got := n.counter(r); got != fmt.Sprint(want) {
			t.Errorf("after %d kills the counter is %s, want %d", i+1, got, want)
		}
	}
}

// All of tacit dev is killed at any moment and started again on the same
// folder: the same chain goes on, with the same worker, and what was counted
// was counted once.
func TestNetworkKilled(t *testing.T) {
	long(t)
	for _, moment := range moments {
		t.Run(fmt.Sprint(moment), func(t *testing.T) {
			data := t.TempDir()
			n := start(t, built(t), data, "--json")
			time.Sleep(moment)
			n.kill()
			first := start(t, built(t), data, "--json", "--once").result()
			// What was sent before the end was counted, or was not sent.
			if first.Counter != 5 && first.Counter != 10 {
				t.Errorf("the counter is %d, want 5 or 10", first.Counter)
			}
			second := start(t, built(t), data, "--json", "--once").result()
			resumed(t, first, second)
		})
	}
}

// All of it is killed after the demo, and once more right after it resumed.
func TestNetworkKilledAfterDemo(t *testing.T) {
	long(t)
	data := t.TempDir()
	n := start(t, built(t), data, "--json")
	last := n.result()
	if last.Counter != 5 {
		t.Fatalf("the counter is %d, want 5", last.Counter)
	}
	for range 3 {
		n.kill()
		n = start(t, built(t), data, "--json")
		next := n.result()
		resumed(t, last, next)
		last = next
	}
}

// resumed checks that one run went on where another ended.
func resumed(t *testing.T, before, after outcome) {
	t.Helper()
	if after.Genesis != before.Genesis || after.Worker != before.Worker || after.Contract != before.Contract {
		t.Errorf("another network: %+v, want that of %+v", after, before)
	}
	if after.Counter != before.Counter+5 {
		t.Errorf("the counter is %d, want %d", after.Counter, before.Counter+5)
	}
	if after.Finalized <= before.Finalized {
		t.Errorf("block %d is final, before it was %d", after.Finalized, before.Finalized)
	}
}

// The network is started with a worker that was built anew: its image is added
// by Sudo, which is said, and it goes on with the state.
func TestNewImage(t *testing.T) {
	long(t)
	data := t.TempDir()
	before := start(t, built(t), data, "--json", "--once").result()
	bin := filepath.Join(t.TempDir(), "bin")
	if err := os.CopyFS(bin, os.DirFS(built(t))); err != nil {
		t.Fatal(err)
	}
	// A byte at the end changes the measurement and nothing else.
	f, err := os.OpenFile(filepath.Join(bin, "tacit-worker"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte{0}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	n := start(t, bin, data, "--once")
	n.wait("the end", func() bool { return strings.Contains(n.out.String(), "From start") })
	for _, want := range []string{
		"the worker was built anew: //Alice added the image", "by Sudo", before.Contract, before.Worker, "Alice asks get(): 10.", "refused, NotOwner",
	} {
		if !strings.Contains(n.out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, n.out)
		}
	}
	n.kill()
	resumed(t, outcome{before.Counter + 5, "", before.Contract, before.Worker, before.Genesis, before.Finalized, ""},
		start(t, bin, data, "--json", "--once").result())
}
