package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/hash"
)

// The verbs about money, as users type them, with a worker that is killed in
// between; and a receipt that is verified by a program which has no network.
func TestMoney(t *testing.T) {
	long(t)
	n := start(t, built(t), t.TempDir(), "--json")
	r := n.result()
	run := func(args ...string) map[string]any {
		t.Helper()
		out, err := exec.Command(filepath.Join(n.bin, "tacit"), append(args, "--json", "--rpc", r.RPC)...).Output()
		if err != nil {
			t.Fatalf("tacit %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		var v map[string]any
		if err := json.Unmarshal(out, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	holds := func(who, want string) {
		t.Helper()
		n.wait(who+" to hold "+want, func() bool { return run("cluster", "balance", "--from", who)["balance"] == want })
	}
	own, ok := run("cluster", "create")["cluster"].(string)
	if _, err := hash.ParseH256(own); err != nil || !ok {
		t.Errorf("a cluster of one's own: %q, %v", own, err)
	}
	run("cluster", "deposit", "1", "--cluster", own)
	if n := run("cluster", "balance", "--cluster", own)["balance"]; n != "1000000000000" {
		t.Errorf("%v are in the cluster of one's own", n)
	}
	run("cluster", "deposit", "10", "--from", "//Bob")
	holds("//Bob", "10000000000000")
	if left := run("cluster", "transfer", "//Charlie", "3.5", "--from", "//Bob")["left"]; left != "6500000000000" {
		t.Errorf("%v are left", left)
	}
	n.killWorker()
	holds("//Charlie", "3500000000000")
	run("cluster", "withdraw", "1.5", "--from", "//Charlie", "--to", "//Nobody")
	holds("//Charlie", "2000000000000")
	if free := run("account", "balance", "//Nobody")["free"]; free != "1500000000000" {
		t.Errorf("Nobody has %v", free)
	}
	out, err := exec.Command(filepath.Join(n.bin, "tacit"), "cluster", "withdraw", "9", "--from", "//Charlie", "--rpc", r.RPC).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "holds 2 TACIT in the cluster, less than 9 TACIT") || !strings.Contains(string(out), "hint:") {
		t.Errorf("more than there is: %v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "receipt.json")
	n.tacit(r, "contract", "call", r.Contract, "increment", "1", "--from", "//Bob", "--save", file)
	verified, err := exec.Command(filepath.Join(n.bin, "tacit"), "verify", "receipt", file, "--json").Output()
	if err != nil || !strings.Contains(string(verified), `"valid": true`) || !strings.Contains(string(verified), `"simulated": true`) {
		t.Errorf("receipt: %v\n%s", err, verified)
	}
}
