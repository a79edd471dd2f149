package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ports finds n ports in a row that are free now. They lie below those that the
// system gives to who connects, which could take one meanwhile.
func ports(t *testing.T, n int) int {
	t.Helper()
search:
	for range 50 {
		first := 10_000 + rand.IntN(20_000)
		for i := range n {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+i)))
			if err != nil {
				continue search
			}
			_ = l.Close()
		}
		return first
	}
	t.Fatal("no free ports")
	return 0
}

// validators is a network of processes that tacit init prepared.
type validators struct {
	t     *testing.T
	bin   string
	dirs  []string
	nodes []*network
	base  int // port of the first node, for its peers
	rpc   int // and of its JSON-RPC
	watch int // and of its metrics
}

// run runs tacit with arguments, and returns what it prints.
func (v *validators) run(args ...string) string {
	v.t.Helper()
	out, err := exec.Command(filepath.Join(v.bin, "tacit"), args...).CombinedOutput()
	if err != nil {
		v.t.Fatalf("tacit %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// start starts the node in folder i.
func (v *validators) start(i int, flags ...string) { v.startWith(nil, i, flags...) }

// startWith is start, with more in its environment.
func (v *validators) startWith(env []string, i int, flags ...string) {
	v.t.Helper()
	args := append([]string{"node", "--data", v.dirs[i], "--verbose"}, flags...)
	n := &network{t: v.t, bin: v.bin, cmd: exec.Command(filepath.Join(v.bin, "tacit"), args...), out: &output{}, log: &output{}, done: make(chan error, 1)}
	n.cmd.Stdout, n.cmd.Stderr = n.out, n.log
	n.cmd.Env = append(os.Environ(), env...)
	if err := n.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	go func() { n.done <- n.cmd.Wait() }()
	v.t.Cleanup(func() {
		n.kill()
		n.check()
	})
	for len(v.nodes) <= i {
		v.nodes = append(v.nodes, nil)
	}
	v.nodes[i] = n
}

// heads is what tacit chain head says.
type heads struct {
	Newest struct {
		Number uint32 `json:"number"`
	} `json:"head"`
	Final struct {
		Number uint32 `json:"number"`
	} `json:"finalized"`
}

func (v *validators) url(i int) string { return fmt.Sprintf("ws://127.0.0.1:%d", v.rpc+i) }

// final asks node i for the newest final block; 0 while it does not answer.
func (v *validators) final(i int) uint32 {
	out, err := exec.Command(filepath.Join(v.bin, "tacit"), "chain", "head", "--json", "--rpc", v.url(i)).Output()
	if err != nil {
		return 0
	}
	var h heads
	if err := json.Unmarshal(out, &h); err != nil {
		v.t.Fatalf("%v: %s", err, out)
	}
	return h.Final.Number
}

// metric reads a number of node i, or -1.
func (v *validators) metric(i int, name string) float64 {
	res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", v.watch+i))
	if err != nil {
		return -1
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			f, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				v.t.Fatal(err)
			}
			return f
		}
	}
	return -1
}

// on waits until node i has k more final blocks.
func (v *validators) on(i int, k uint32) {
	v.t.Helper()
	from := uint32(0)
	v.nodes[i].wait("an answer", func() bool { from = v.final(i); return from > 0 })
	v.nodes[i].wait(fmt.Sprintf("%d more final blocks after %d", k, from), func() bool { return v.final(i) >= from+k })
}

// peerOf is the address that a node tells peers to connect to.
func peerOf(n *network) string {
	_, peer, _ := strings.Cut(n.out.String(), "peer     ")
	peer, _, _ = strings.Cut(peer, "\n")
	return peer
}

// four starts four validators with blocks of 300 ms, with ports for two more.
func four(t *testing.T) *validators {
	t.Helper()
	base := ports(t, 18)
	v := &validators{t: t, bin: built(t), base: base, rpc: base + 6, watch: base + 12}
	dir := filepath.Join(t.TempDir(), "net")
	v.run("init", "--validators", "4", "--out", dir, "--block-time", "300ms", "--session-blocks", "8", "--no-elections",
		"--p2p-port", strconv.Itoa(base), "--rpc-port", strconv.Itoa(v.rpc), "--metrics-port", strconv.Itoa(v.watch))
	for i := range 4 {
		v.dirs = append(v.dirs, filepath.Join(dir, fmt.Sprintf("v%d", i+1)))
		v.start(i)
	}
	return v
}

// Four validators in processes of their own; one is killed, all are killed,
// one joins by command, one takes other keys, and one begins from a snapshot.
func TestValidators(t *testing.T) {
	long(t)
	v := four(t)
	dir, base := filepath.Dir(v.dirs[0]), v.base
	v.on(0, 3)

	// One is killed: the others go on, and it comes back.
	v.nodes[3].kill()
	v.on(0, 3)
	v.start(3, "--state-pruning", "256")
	v.on(3, 3)
	// All are killed.
	for _, n := range v.nodes {
		n.kill()
	}
	for i := range 4 {
		v.start(i)
	}
	v.on(2, 3)

	// A fifth node follows, names its keys and is voted in.
	five := filepath.Join(dir, "v5")
	if err := os.MkdirAll(five, 0o700); err != nil {
		t.Fatal(err)
	}
	spec, err := os.ReadFile(filepath.Join(dir, "spec.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(five, "spec.json"), spec, 0o600); err != nil {
		t.Fatal(err)
	}
	v.run("key", "session", "--data", five, "--new")
	v.dirs = append(v.dirs, five)
	v.start(4, "--listen", fmt.Sprintf("127.0.0.1:%d", base+4), "--rpc", fmt.Sprintf("127.0.0.1:%d", v.rpc+4),
		"--metrics", fmt.Sprintf("127.0.0.1:%d", v.watch+4), "--peer", peerOf(v.nodes[0]))
	v.on(4, 3)
	v.run("tx", "set-keys", "--data", five, "--from", "//Eve", "--rpc", v.url(4))
	set := []string{"tx", "set-validators", "//Eve", "--rpc", v.url(4)}
	for i := range 4 {
		var key struct {
			Address string `json:"address"`
		}
		out := v.run("key", "inspect", "--key-file", filepath.Join(v.dirs[i], "account.secret"), "--json")
		if err := json.Unmarshal([]byte(out), &key); err != nil {
			t.Fatal(err)
		}
		set = append(set, key.Address)
	}
	v.run(set...)
	v.nodes[4].wait("the fifth validator", func() bool { return v.metric(4, "tacit_validates") == 1 && v.metric(4, "tacit_validators") == 5 })
	v.on(4, 4)

	// The first takes other keys, and goes on with them after a restart.
	v.run("key", "session", "--data", v.dirs[0], "--new")
	v.nodes[0].kill()
	v.start(0)
	v.on(0, 1)
	before := v.metric(0, "tacit_grandpa_set_id")
	v.run("tx", "set-keys", "--data", v.dirs[0], "--key-file", filepath.Join(v.dirs[0], "account.secret"), "--rpc", v.url(0))
	v.nodes[0].wait("another set", func() bool { return v.metric(0, "tacit_grandpa_set_id") > before })
	v.on(0, 5)
	if v.metric(0, "tacit_validates") != 1 {
		t.Error("the first does not validate with its new keys")
	}

	// A sixth begins from a snapshot, and has no block before it.
	six := filepath.Join(dir, "v6")
	if err := os.MkdirAll(six, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(six, "spec.json"), spec, 0o600); err != nil {
		t.Fatal(err)
	}
	v.nodes[1].kill()
	v.start(1, "--snapshot-blocks", "15")
	v.nodes[1].wait("a snapshot", func() bool {
		made, _ := filepath.Glob(filepath.Join(v.dirs[1], "snapshots", "[0-9]*"))
		return len(made) > 0
	})
	v.dirs = append(v.dirs, six)
	v.start(5, "--listen", fmt.Sprintf("127.0.0.1:%d", base+5), "--rpc", fmt.Sprintf("127.0.0.1:%d", v.rpc+5),
		"--metrics", fmt.Sprintf("127.0.0.1:%d", v.watch+5), "--peer", peerOf(v.nodes[1]), "--sync-from", v.url(1))
	v.on(5, 3)
	out, err := exec.Command(filepath.Join(v.bin, "tacit"), "chain", "block", "1", "--rpc", v.url(5)).CombinedOutput()
	if err == nil {
		t.Errorf("the node that began from a snapshot has block 1:\n%s", out)
	}
	for i, n := range v.nodes {
		said := ""
		n.wait(fmt.Sprintf("node %d to be ready", i+1), func() bool {
			res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/ready", v.watch+i))
			if err != nil {
				return false
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			said = string(text)
			return err == nil && res.StatusCode == http.StatusOK
		})
		if said != "{\"ok\":true}\n" {
			t.Errorf("node %d is ready and says %q", i+1, said)
		}
	}
	// Stopped by a signal it ends well.
	n := v.nodes[1]
	if err := n.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-n.done:
		n.done <- err
		if err != nil {
			t.Errorf("tacit node ended with %v after Ctrl-C\n%s", err, tail(n.log.String()))
		}
	case <-time.After(20 * time.Second):
		t.Error("tacit node does not end after Ctrl-C")
	}
}
