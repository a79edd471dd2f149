package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
)

// status is what tacit cluster status --json prints.
type status struct {
	Epoch   uint32    `json:"epoch"`
	Next    uint64    `json:"next"`
	Root    hash.H256 `json:"stateRoot"`
	Members []string  `json:"members"`
	Keepers int       `json:"keepers"`
	Kept    int       `json:"registeredKeepers"`
}

// listener is the process of the network that listens on a port.
func (n *network) listener(port string) (pid int) {
	n.t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		n.t.Fatal(err)
	}
	var number int
	if _, err := fmt.Sscan(port, &number); err != nil {
		n.t.Fatal(err)
	}
	socket := ""
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 9 && f[3] == "0A" && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) {
			socket = "socket:[" + f[9] + "]"
		}
	}
	for _, pid := range n.children() {
		if slices.Contains(files(pid), socket) {
			return pid
		}
	}
	n.t.Fatalf("nobody listens on port %s", port)
	return 0
}

func files(pid int) (out []string) {
	list, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, name := range list {
		if to, err := os.Readlink(name); err == nil {
			out = append(out, to)
		}
	}
	return out
}

// destroy kills the worker at an address, and wipes its disk with the machine's
// secret on it. What tacit dev starts in its place is another worker.
func (n *network) destroy(address string) {
	n.t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		n.t.Fatal(err)
	}
	pid := n.listener(at.Port())
	dir := ""
	for _, name := range files(pid) {
		if filepath.Base(name) == "state.log" {
			dir = filepath.Dir(name)
		}
	}
	if dir == "" {
		n.t.Fatalf("the worker at %s has no disk", address)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		n.t.Fatal(err)
	}
	n.gone(pid, 5*time.Second)
	if err := os.RemoveAll(dir); err != nil {
		n.t.Fatal(err)
	}
}

// operatorOf finds the account that registered a worker of tacit dev.
func operatorOf(account keys.AccountID) (keys.Pair, error) {
	for i := range 16 {
		uri := "//Alice//worker"
		if i > 0 {
			uri = fmt.Sprintf("%s//%d", uri, i+1)
		}
		pair, err := keys.FromURI(keys.Sr25519, uri)
		if err != nil || pair.AccountID() == account {
			return pair, err
		}
	}
	return keys.Pair{}, fmt.Errorf("nobody has account %v", account)
}

// Every worker of a cluster is killed and its disk wiped. `tacit cluster recover`
// brings it back on others, with the state that the chain has the root of; and
// when too few of those that kept shares are left, it says how many there are.
func TestRecover(t *testing.T) {
	long(t)
	n := start(t, built(t), t.TempDir(), "--json", "--workers", "8")
	r := n.result()
	code := filepath.Join(t.TempDir(), "hello.wasm")
	wasm, err := bundle.Code()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(code, wasm, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(v any, args ...string) {
		t.Helper()
		out, err := exec.Command(filepath.Join(n.bin, "tacit"), append(args, "--json", "--rpc", r.RPC)...).CombinedOutput()
		if err == nil {
			err = json.Unmarshal(out, v)
		}
		if err != nil {
			t.Fatalf("tacit %s: %v\n%s%s", strings.Join(args, " "), err, out, tail(n.log.String()))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	workers := func() (list []client.Worker) {
		t.Helper()
		err := client.With(ctx, r.RPC, func(ctx context.Context, c *client.Client) (err error) {
			list, err = c.Workers(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	n.wait("all workers", func() bool { return len(workers()) == 8 })

	var made struct {
		Cluster hash.H256 `json:"cluster"`
		Warning string    `json:"warning"`
	}
	run(&made, "cluster", "create", "--replicas", "2", "--keepers", "3", "--threshold", "2")
	if made.Warning != "" {
		t.Errorf("with three keepers: %s", made.Warning)
	}
	id := made.Cluster.String()
	state := func() (s status) { run(&s, "cluster", "status", "--cluster", id); return s }
	n.wait("shares", func() bool { return state().Kept == 3 })
	own := r
	var instance struct {
		Contract string `json:"contract"`
	}
	meta := filepath.Join(t.TempDir(), "hello.json")
	if err := os.WriteFile(meta, bundle.Metadata(), 0o600); err != nil {
		t.Fatal(err)
	}
	run(&instance, "contract", "instantiate", code, "--metadata", meta, "--cluster", id)
	own.Contract = instance.Contract
	n.tacit(own, "contract", "call", own.Contract, "increment", "5", "--from", "//Bob")
	n.tacit(own, "contract", "call", own.Contract, "increment", "7", "--from", "//Bob")

	before := state()
	gone := map[[32]byte]bool{} // they stay registered, and are drawn like others
	destroy := func(w client.Worker) {
		t.Helper()
		if !gone[w.Identity] {
			n.destroy(string(w.Endpoints[0]))
		}
		gone[w.Identity] = true
	}
	wipe := func(members []string) {
		t.Helper()
		for _, w := range workers() {
			if slices.Contains(members, fmt.Sprintf("0x%x", w.Identity)) {
				destroy(w)
			}
		}
	}
	wipe(before.Members)
	var after status
	run(&after, "cluster", "recover", "--cluster", id, "--wait", "3m")
	if after.Epoch != before.Epoch+1 || slices.ContainsFunc(after.Members, func(m string) bool { return slices.Contains(before.Members, m) }) {
		t.Errorf("recovered: %+v, before %+v", after, before)
	}
	n.wait("the counter", func() bool { return n.counter(own) == "12" })

	// A fresh worker came to the root that the lost ones had.
	err = client.With(ctx, r.RPC, func(ctx context.Context, c *client.Client) error {
		claim, _, err := client.Find[words.Claim](ctx, c, c.Runtime().Clusters.Roots.Key(made.Cluster, before.Next-1), nil)
		if err != nil {
			return err
		}
		fresh := slices.ContainsFunc(claim.By, func(w [32]byte) bool { return slices.Contains(after.Members, fmt.Sprintf("0x%x", w)) })
		if claim.Root != before.Root || !fresh {
			t.Errorf("after message %d the root is %v by %x, want %v", before.Next-1, claim.Root, claim.By, before.Root)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n.tacit(own, "contract", "call", own.Contract, "increment", "30", "--from", "//Bob")
	if got := n.counter(own); got != "42" {
		t.Errorf("the counter is %s, want 42", got)
	}

	// Too few of those that keep shares are left: it says how many, and changes
	// nothing.
	n.wait("shares", func() bool { return state().Kept == 3 })
	err = client.With(ctx, r.RPC, func(ctx context.Context, c *client.Client) error {
		kept, err := c.Replicas(ctx, made.Cluster)
		if err != nil {
			return err
		}
		wipe(after.Members)
		for _, w := range workers() {
			if !slices.Contains(kept.Keepers[:2], w.Identity) {
				continue
			}
			operator, err := operatorOf(w.Info.Operator)
			if err != nil {
				return err
			}
			destroy(w)
			if _, err := c.Submit(ctx, operator, registry.Deregister{Worker: w.Identity}, client.UntilFinal); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	last := state()
	out, err := exec.Command(filepath.Join(n.bin, "tacit"), "cluster", "recover", "--cluster", id, "--rpc", r.RPC).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "1 of the 3 workers that keep shares of cluster "+id+" are registered; 2 are needed") {
		t.Errorf("recover with one keeper: %v\n%s", err, out)
	}
	if now := state(); now.Epoch != last.Epoch || !slices.Equal(now.Members, last.Members) {
		t.Errorf("a refused recovery made %+v of %+v", now, last)
	}

	// A cluster whose shares nobody keeps. Workers that are gone may be drawn for
	// it, and others in their place.
	run(&made, "cluster", "create", "--keepers", "0", "--wait", "3m")
	if !strings.Contains(made.Warning, "nobody keeps shares") {
		t.Errorf("without keepers: %q", made.Warning)
	}
	out, err = exec.Command(filepath.Join(n.bin, "tacit"), "cluster", "recover", "--cluster", made.Cluster.String(), "--rpc", r.RPC).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "nobody keeps shares") {
		t.Errorf("recover it: %v\n%s", err, out)
	}
}
