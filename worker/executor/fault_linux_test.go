//go:build amd64 || arm64

package executor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
)

// trialOf begins an input that an executor of this program does something about
// before it runs it.
const trialOf = "\x00trial "

// misdeeds are what executors do. Those that end the process do not return.
var misdeeds = map[string]func(){
	"panic": func() { abandon(errors.New("a panic")) },
	"panic of the compiler": func() {
		if os.Args[2] == engineCompiler {
			abandon(errors.New("a panic"))
		}
	},
	"memory": func() { hoard = make([]byte, 2<<30) },
	"kill":   func() { _ = unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGKILL) },
	"exit":   func() { os.Exit(0) },
	"wait":   wait,
	"nonsense": func() {
		for fd := firstLane; fd < firstLane+commandLanes; fd++ {
			_, _ = unix.Write(fd, bytes.Repeat([]byte{0xff}, 64))
		}
		wait()
	},
	"socket":          func() { _, _ = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0) },
	"execute":         func() { _ = unix.Exec("/bin/true", []string{"true"}, nil) },
	"trace":           func() { _ = unix.PtraceAttach(1) },
	"signal":          func() { _ = unix.Kill(os.Getppid(), 0) },
	"signal a thread": func() { _ = unix.Tgkill(os.Getppid(), os.Getppid(), 0) },
}

// attempts are what fails in an executor, and does not end it.
var attempts = map[string]func() error{
	"open": func() error {
		_, err := os.Open("/etc/passwd")
		return err
	},
	"create": func() error { return os.WriteFile("/tmp/executor", nil, 0o600) },
	"list": func() error {
		_, err := os.ReadDir("/")
		return err
	},
	"fork": func() error {
		_, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		return errno
	},
	"limits": func() error { return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: 1 << 40, Max: 1 << 40}) },
}

var hoard []byte

// abandon panics where nobody recovers.
func abandon(err error) {
	go panic(err)
	wait()
}

func wait() { select {} }

func misbehave(input []byte) {
	name, ok := strings.CutPrefix(string(input), trialOf)
	if !ok {
		return
	}
	if do, ok := attempts[name]; ok {
		if err := do(); !errors.Is(err, unix.EPERM) {
			abandon(fmt.Errorf("%s: %w", name, err))
		}
		return
	}
	misdeeds[name]()
}

// What an executor must not do fails, or is the last that it does.
func TestConfined(t *testing.T) {
	x := isolated(t, vm.Config{}, newLibrary(t, "hello"))
	w := newWorld()
	for name := range attempts {
		// The input is none that the contract understands, and it answers.
		if out, err := w.call(x, "hello", "call", 1, []byte(trialOf+name), nil); err != nil || out.Status != vm.Reverted {
			t.Errorf("%s does not just fail: %s", name, show(out, err))
		}
	}
	for _, name := range []string{"socket", "execute", "trace", "signal", "signal a thread"} {
		if out, err := w.call(x, "hello", "call", 1, []byte(trialOf+name), nil); err != nil || out.Reason != LostReason {
			t.Errorf("%s does not end it: %s", name, show(out, err))
		}
	}
	p, err := x.process(false)
	if err != nil {
		t.Fatal(err)
	}
	proc := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	threads, err := filepath.Glob(proc + "task/*/status")
	if err != nil || len(threads) == 0 {
		t.Fatalf("%d threads, %v", len(threads), err)
	}
	for _, file := range threads {
		status, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for _, line := range []string{"Seccomp:\t2\n", "NoNewPrivs:\t1\n"} {
			if !strings.Contains(string(status), line) {
				t.Errorf("%s lacks %q", file, line)
			}
		}
	}
	if os.Getuid() != 0 {
		return // the rest is hidden from everybody else
	}
	if env, err := os.ReadFile(proc + "environ"); err != nil || len(env) > 0 {
		t.Errorf("environment %q, %v", env, err)
	}
	files, err := filepath.Glob(proc + "fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		to, err := os.Readlink(f)
		switch {
		case err != nil, strings.HasPrefix(to, "socket:"), strings.HasPrefix(to, "/memfd:"), to == os.DevNull, strings.HasSuffix(to, "/pagemap"),
			strings.HasPrefix(to, "anon_inode:"):
		default:
			t.Errorf("file %s is open", to)
		}
	}
}

// A command that ends its executor each time has trapped, with all of its gas
// used and nothing changed. One that ends it by a fault of the compiler has the
// outcome that it has anywhere else. Nothing else is disturbed.
func TestEnds(t *testing.T) {
	x := isolated(t, vm.Config{}, newLibrary(t, "hello"))
	w := newWorld()
	run := func(export string, input []byte, change func(*host.Env)) string {
		t.Helper()
		return show(w.call(x, "hello", export, 1, input, change))
	}
	query := func(e *host.Env) { e.Query = true }
	run("deploy", message("new"), nil)
	want := run("call", message("get"), query)
	queries := x.running[true].cmd.Process.Pid
	state := w.String()
	for _, name := range []string{"panic", "memory", "kill", "exit", "nonsense"} {
		lost := show(host.Result{Outcome: vm.Outcome{Status: vm.Trapped, Gas: 2e9, Reason: "the executor ended while the command ran"}}, nil)
		if got := run("call", []byte(trialOf+name), nil); got != lost {
			t.Errorf("%s: got %s, want %s", name, got, lost)
		}
		if got := run("call", message("get"), query); got != want || w.String() != state || x.running[true].cmd.Process.Pid != queries {
			t.Errorf("after %s: %s, want %s; state %s, want %s", name, got, want, w, state)
		}
	}
	plain := run("call", []byte("\x00tribl panic of the compiler"), nil)
	if got := run("call", []byte(trialOf+"panic of the compiler"), nil); got != plain {
		t.Errorf("interpreted: %s, want %s", got, plain)
	}
	// A query is answered by an error, and the next by what it asks.
	run("call", message("get"), nil)
	commands := x.running[false].cmd.Process.Pid
	if _, err := w.call(x, "hello", "call", 1, []byte(trialOf+"panic"), query); !errors.Is(err, ErrEnded) {
		t.Errorf("a query that ends its executor: %v", err)
	}
	if got := run("call", message("get"), query); got != want || x.running[false].cmd.Process.Pid != commands {
		t.Errorf("after a query: %s, want %s", got, want)
	}
}

// An executor that is killed in the middle of a command is not missed: the
// command has the outcome that it has anywhere else.
func TestKilled(t *testing.T) {
	x := isolated(t, vm.Config{}, newLibrary(t, "hello"))
	undisturbed, w := newWorld(), newWorld()
	for _, w := range []*world{undisturbed, w} {
		if out, err := w.call(x, "hello", "deploy", 1, message("new"), nil); err != nil || out.Status != vm.OK {
			t.Fatal(show(out, err))
		}
	}
	want := show(undisturbed.call(x, "hello", "call", 1, message("increment", number(3)), nil))
	killed := 0
	w.onGet = func() {
		if killed++; killed == 1 {
			if err := syscall.Kill(x.running[false].cmd.Process.Pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
	}
	if got := show(w.call(x, "hello", "call", 1, message("increment", number(3)), nil)); got != want || killed < 2 || w.String() != undisturbed.String() {
		t.Errorf("after %d reads: %s, want %s; state %s, want %s", killed, got, want, w, undisturbed)
	}
}

// A machine that is merely slow makes no receipt: there is an error, and the
// command can be executed later.
func TestSlow(t *testing.T) {
	x, err := NewIsolated(Config{Patience: time.Second}, newLibrary(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close(context.Background())
	if out, err := newWorld().call(x, "hello", "call", 1, []byte(trialOf+"wait"), nil); err == nil || !strings.Contains(err.Error(), "not done after 1s") {
		t.Error(show(out, err))
	}
}

// A code that ends whatever compiles it can never run; others can.
func TestBomb(t *testing.T) {
	l := newLibrary(t, "hello")
	l.codes[codeOf("bomb")] = []byte(trialOf + "panic")
	x := isolated(t, vm.Config{}, l)
	for range 2 {
		if err := x.Load(context.Background(), codeOf("bomb")); !errors.Is(err, vm.ErrRefused) || !strings.Contains(err.Error(), "cannot compile") {
			t.Errorf("got %v", err)
		}
	}
	if err := x.Load(context.Background(), codeOf("hello")); err != nil {
		t.Error(err)
	}
}

// More queries than there are lanes are told so.
func TestLanes(t *testing.T) {
	l := newLibrary(t, "hello")
	x, err := NewIsolated(Config{Queries: 1}, l, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close(context.Background())
	w := newWorld()
	if out, err := w.call(x, "hello", "deploy", 1, message("new"), nil); err != nil || out.Status != vm.OK {
		t.Fatal(show(out, err))
	}
	query := func(e *host.Env) { e.Query = true }
	inside := false
	w.onGet = func() {
		if inside {
			return
		}
		inside = true
		if _, err := w.call(x, "hello", "call", 1, message("get"), query); !errors.Is(err, ErrBusy) {
			t.Errorf("a second query: %v", err)
		}
	}
	if out, err := w.call(x, "hello", "call", 1, message("get"), query); err != nil || out.Status != vm.OK || !inside {
		t.Error(show(out, err))
	}
	p, err := x.process(true)
	if err != nil {
		t.Fatal(err)
	}
	w.onGet = p.kill
	if _, err := w.call(x, "hello", "call", 1, message("get"), query); !errors.Is(err, ErrEnded) {
		t.Errorf("a query that is killed: %v", err)
	}
	if err := x.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.call(x, "hello", "call", 1, message("get"), nil); err == nil {
		t.Error("a closed executor runs")
	}
}
