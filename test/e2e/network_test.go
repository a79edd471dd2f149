// Package e2e holds the tests that start the built programs as users do.
package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tacit-network/tacit/examples/hello/bundle"
)

// long skips what starts processes, unless the whole check is wanted.
func long(t *testing.T) {
	if os.Getenv("TACIT_E2E") == "" {
		t.Skip("starts and kills whole networks: set TACIT_E2E=1, as .ci/run does")
	}
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("finds a program's children in /proc, which is not here")
	}
}

// binaries builds both programs, once.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tacit-e2e-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("make", "-C", filepath.Join("..", ".."), "--no-print-directory", "build").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("make build: %w: %s", err, out)
	}
	return dir, os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "bin")))
})

func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("TACIT_E2E") != "" {
		if dir, err := binaries(); err == nil {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

// built returns the folder with the programs, which are this test's own.
func built(t *testing.T) string {
	t.Helper()
	dir, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// outcome is what tacit dev --json prints.
type outcome struct {
	Counter   uint64 `json:"counter"`
	Stranger  string `json:"stranger"`
	Contract  string `json:"contract"`
	Worker    string `json:"worker"`
	Genesis   string `json:"genesis"`
	Finalized uint32 `json:"finalized_number"`
	RPC       string `json:"rpc"`
}

// network is one run of tacit dev.
type network struct {
	t    *testing.T
	bin  string
	cmd  *exec.Cmd
	out  *output
	log  *output
	done chan error
}

// output is what a process wrote so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start runs the demo of tacit dev on the data folder.
func start(t *testing.T, bin, data string, flags ...string) *network {
	t.Helper()
	args := append([]string{"dev", "--demo", "hello", "--data", data, "--verbose", "--rpc", "127.0.0.1:0", "--console", "127.0.0.1:0"}, flags...)
	n := &network{t: t, bin: bin, cmd: exec.Command(filepath.Join(bin, "tacit"), args...), out: &output{}, log: &output{}, done: make(chan error, 1)}
	n.cmd.Stdout, n.cmd.Stderr = n.out, n.log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { n.done <- n.cmd.Wait() }()
	t.Cleanup(func() {
		n.kill()
		n.check()
	})
	return n
}

// check fails when the log has an error: nothing that happens here is a
// reason for an operator to act.
func (n *network) check() {
	for line := range strings.Lines(n.log.String()) {
		if strings.Contains(line, "level=ERROR") || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			n.t.Errorf("in the log: %s", strings.TrimSpace(line))
		}
	}
}

// patience is how long one thing may take before it counts as hung.
const patience = 4 * time.Minute

// wait waits until what returns true, or fails when it takes too long or the
// network ends before.
func (n *network) wait(what string, ready func() bool) {
	n.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !ready() {
		select {
		case err := <-n.done:
			n.done <- err
			if ready() {
				return
			}
			n.t.Fatalf("tacit dev ended (%v) before %s\n%s%s", err, what, n.out, tail(n.log.String()))
		case <-late:
			n.t.Fatalf("waited too long for %s\n%s%s", what, n.out, tail(n.log.String()))
		case <-tick.C:
		}
	}
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

// result waits for the end of the demo, which runs with --json.
func (n *network) result() (r outcome) {
	n.t.Helper()
	n.wait("the end of the demo", func() bool { return json.Unmarshal([]byte(n.out.String()), &r) == nil })
	if r.Stranger != "NotOwner" {
		n.t.Errorf("the stranger was answered %q", r.Stranger)
	}
	return r
}

// kill kills tacit, and waits until the worker has ended by itself: its input
// has ended.
func (n *network) kill() {
	select {
	case err := <-n.done:
		n.done <- err
		return
	default:
	}
	children := n.children()
	_ = n.cmd.Process.Kill()
	err := <-n.done
	n.done <- err
	for _, pid := range children {
		if !n.gone(pid, 20*time.Second) {
			n.t.Errorf("the worker outlives tacit dev")
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// children are the processes that tacit started.
func (n *network) children() (pids []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", n.cmd.Process.Pid))
	for _, name := range lists {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func (n *network) gone(pid int, patience time.Duration) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || bytes.Contains(state, []byte(") Z ")) {
			return true
		}
	}
	return false
}

// killWorker kills the worker, as soon as there is one.
func (n *network) killWorker() {
	n.t.Helper()
	var pids []int
	n.wait("a worker", func() bool { pids = n.children(); return len(pids) > 0 })
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			n.t.Logf("kill the worker: %v", err)
		}
		n.gone(pid, 5*time.Second)
	}
}

// tacit runs a command against the network and returns what it printed.
func (n *network) tacit(r outcome, args ...string) string {
	n.t.Helper()
	meta := filepath.Join(n.t.TempDir(), "hello.json")
	if err := os.WriteFile(meta, bundle.Metadata(), 0o600); err != nil {
		n.t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(n.bin, "tacit"), append(args, "--rpc", r.RPC, "--metadata", meta)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		n.t.Fatalf("tacit %s: %v\n%s%s", strings.Join(args, " "), err, out, tail(n.log.String()))
	}
	return string(out)
}

// counter asks for the counter as its owner.
func (n *network) counter(r outcome) string {
	n.t.Helper()
	var answer struct {
		Result json.RawMessage `json:"result"`
	}
	out := n.tacit(r, "contract", "query", r.Contract, "get", "--json")
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		n.t.Fatalf("%v: %s", err, out)
	}
	return strings.Trim(string(answer.Result), "\"")
}
