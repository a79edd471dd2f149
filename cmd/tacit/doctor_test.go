package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/attest/verdict"
	"github.com/tacit-network/tacit/test/story"
)

// well is a doctor of a machine that is a guest of TDX, with some files.
func well(t *testing.T, files ...string) *doctor {
	t.Helper()
	d := &doctor{root: t.TempDir(), getenv: func(string) string { return "" }, now: time.Now, data: t.TempDir(), rpc: "ws://127.0.0.1:1", wait: 10 * time.Second}
	for _, f := range append([]string{"proc/sys/kernel/osrelease=6.12.3-cloud\n"}, files...) {
		name, text, _ := strings.Cut(f, "=")
		path := filepath.Join(d.root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func tree(c *verdict.Check) string {
	var b strings.Builder
	_ = c.Write(&b)
	return b.String()
}

func TestDoctorMachine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tdx := []string{"dev/tdx_guest", "sys/kernel/config/tsm/report/x"}
	for _, c := range []struct {
		name   string
		files  []string
		change func(*doctor)
		check  string
		state  verdict.State
		shows  string
	}{
		{"guest of TDX", tdx, nil, "TEE", verdict.Passed, "a guest of TDX"},
		{"guest of SEV-SNP", []string{"dev/sev-guest"}, nil, "TEE", verdict.Passed, "a guest of SEV-SNP"},
		{"no TEE", nil, nil, "TEE", verdict.Warned, "no confidential VM"},
		{"kernel", tdx, nil, "kernel", verdict.Passed, "Linux 6.12"},
		{"old kernel", []string{"proc/sys/kernel/osrelease=6.1.0-56-cloud"}, nil, "kernel", verdict.Warned, "is 6.1, at least 6.7 belongs"},
		{"odd kernel", []string{"proc/sys/kernel/osrelease=none"}, nil, "kernel", verdict.NotChecked, "is no version"},
		{"configfs", tdx, nil, "configfs-tsm", verdict.Passed, "tsm/report"},
		{"no configfs", []string{"dev/tdx_guest"}, nil, "configfs-tsm", verdict.Failed, "mount -t configfs"},
		{"no reports", []string{"dev/tdx_guest", "sys/kernel/config/x"}, nil, "configfs-tsm", verdict.Failed, "load the module"},
		{"nothing to ask", nil, nil, "configfs-tsm", verdict.NotChecked, ""},
		{"no GODEBUG", nil, nil, "GODEBUG", verdict.Passed, "not set"},
		{"GODEBUG", nil, func(d *doctor) { d.getenv = func(string) string { return "x509negativeserial=1" } }, "GODEBUG", verdict.Failed, "unset GODEBUG"},
		{"folder", nil, nil, "disk", verdict.Passed, "free"},
		{"no folder", nil, func(d *doctor) { d.data = filepath.Join(d.data, "nowhere") }, "disk", verdict.Failed, "--data names"},
		{"taken port", nil, func(d *doctor) { d.ports = []string{taken.Addr().String()} }, "ports", verdict.Passed, "something listens"},
		{"no port", nil, func(d *doctor) { d.ports = []string{"127.0.0.1:70000"} }, "ports", verdict.Failed, "choose another"},
		{"free port", nil, func(d *doctor) { d.ports = []string{"127.0.0.1:0"} }, "ports", verdict.Warned, "start what is to listen"},
		{"no port named", nil, nil, "ports", verdict.NotChecked, "--port"},
		{"no node", nil, nil, "node", verdict.Failed, "is the node running?"},
	} {
		d := well(t, c.files...)
		if c.change != nil {
			c.change(d)
		}
		all := d.examine(t.Context())
		got := all.Find(c.check)
		if got == nil || got.State != c.state && !(c.check == "disk" && got.State == verdict.Warned) || !strings.Contains(tree(got), c.shows) {
			t.Errorf("%s: want %q %v:\n%s", c.name, c.shows, c.state, tree(all))
		}
	}
}

// TestDoctorChain looks at a node and a worker that run.
func TestDoctorChain(t *testing.T) {
	for _, c := range []struct {
		name, then string
		change     func(d *doctor, at time.Time)
		check      string
		state      verdict.State
		shows      string
	}{
		{"node", "", nil, "node", verdict.Passed, "the newest block is of"},
		{"stands still", "", func(d *doctor, at time.Time) { d.now = func() time.Time { return at.Add(5 * time.Minute) } }, "progress and clock", verdict.Failed, "two thirds"},
		{"clock behind", "", func(d *doctor, at time.Time) { d.now = func() time.Time { return at.Add(-5 * time.Minute) } }, "progress and clock", verdict.Failed, "set the clock"},
		{"worker", "relay w1", nil, "worker", verdict.Warned, "SIMULATED"},
		{"worker's registration", "relay w1", nil, "registration", verdict.Warned, "✓ standing: Good"},
		{"worker far behind", "block 40", nil, "follows the chain", verdict.Failed, "is its relay running?"},
		{"worker started again", "restart w1", nil, "boot epoch", verdict.Failed, "only one may run"},
		{"worker banned", "call sudo(ban(w1))", nil, "standing", verdict.Failed, "governance refuses it"},
		{"worker that left", "call leave(w1) by=operator", nil, "registration", verdict.Failed, "tacit worker register"},
		{"no worker", "", func(d *doctor, _ time.Time) { d.worker = "http://127.0.0.1:1" }, "answers", verdict.Failed, "is tacit-worker running?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := story.Begin(t, firstDays+c.then+"\n")
			d := well(t)
			d.rpc = w.Node()
			d.worker, _ = w.Enclave("w1")
			at := time.UnixMilli(int64(w.Now()))
			d.now = func() time.Time { return at.Add(time.Second) }
			if c.change != nil {
				c.change(d, at)
			}
			all := d.examine(t.Context())
			got := all.Find(c.check)
			if got == nil || got.State != c.state || !strings.Contains(tree(got), c.shows) {
				t.Errorf("want %q %v:\n%s", c.shows, c.state, tree(all))
			}
		})
	}
}

// A worker that is silent is told of as that, and not as a node that is away.
func TestDoctorSilentWorker(t *testing.T) {
	w, _ := story.Begin(t, firstDays)
	d := well(t)
	d.rpc, d.worker, d.wait = w.Node(), mute(t), 2*time.Second
	at := time.UnixMilli(int64(w.Now()))
	d.now = func() time.Time { return at.Add(time.Second) }
	all := d.examine(t.Context())
	node, answers := all.Find("node"), all.Find("answers")
	if node == nil || node.State != verdict.Passed || answers == nil || answers.State != verdict.Failed {
		t.Errorf("%s", tree(all))
	}
}

func TestDoctorCommand(t *testing.T) {
	w, _ := story.Begin(t, firstDays)
	url, _ := w.Enclave("w1")
	line := fmt.Sprintf("doctor --json --data %s --rpc %s --worker %s", t.TempDir(), w.Node(), url)
	out, err := run(t, strings.Fields(line)...)
	var c verdict.Check
	if bad := json.Unmarshal([]byte(out), &c); bad != nil {
		t.Fatalf("%v\n%s", bad, out)
	}
	// The story's time is long ago.
	if !errors.Is(err, errSick) || c.FirstFailure() == nil || c.FirstFailure().Name != "progress and clock" || hintOf(err) == "" {
		t.Errorf("%v\n%s", err, out)
	}
}
