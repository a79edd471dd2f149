package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/attest/verdict"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/test/story"
)

// live runs tacit while the world's chain makes blocks.
func live(t *testing.T, w *story.World, line string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Live(ctx) }()
	out, err := run(t, append(strings.Fields(line), "--rpc", w.Node())...)
	cancel()
	if failed := <-done; failed != nil {
		t.Fatal(failed)
	}
	return out, err
}

const firstDays = `
chain validators=2 sudo=Alice Alice=1000 operator=1000 Bob=100
block
worker w1
relay w1
block
`

// TestWorkerLife goes through the verbs of a worker's life on a chain that runs.
func TestWorkerLife(t *testing.T) {
	w, _ := story.Begin(t, `
chain validators=2 sudo=Alice Alice=1000 operator=1000 Bob=100
block 2
worker w1
`)
	url, identity := w.Enclave("w1")
	id := fmt.Sprintf("0x%x", identity)
	for _, step := range []struct{ line, want, fails, hint string }{
		{"worker renew " + url + " --from //operator", "", "no worker " + id + " is registered", "worker register"},
		{"worker status " + id, "", "no worker " + id, "worker status"},
		{"worker register " + url + " --from //operator", "", "Attestation.NoCollateral", "--development-collateral"},
		{"worker register " + url + " --from //operator --development-collateral --endpoint https://w1.example", "boot epoch 1, SIMULATED TEE", "", ""},
		{"worker status " + id, "standing  Good", "", ""},
		{"worker renew " + url + " --from //operator", "boot epoch 2", "", ""},
		{"worker drain " + id + " --from //Bob", "", "Registry.NotOperator", "operator"},
		{"worker drain " + id + " --from //operator", "gets no new work", "", ""},
		{"worker status", "standing  Draining", "", ""},
		{"verify worker " + id, "! standing: Draining", "", ""},
		{"worker drain " + id + " --from //operator --off", "gets new work again", "", ""},
		{"worker leave 0x12 --from //operator", "", "is no worker", "worker status"},
		{"worker leave " + id + " --from //operator", id + " left", "", ""},
		{"worker leave " + id + " --from //operator", "", "no worker", ""},
		{"verify worker " + id, "", "no worker", "worker register"},
		{"worker register http://127.0.0.1:1 --from //operator", "", "connection refused", ""},
	} {
		out, err := live(t, w, step.line)
		switch {
		case step.fails == "" && (err != nil || !strings.Contains(out, step.want)):
			t.Fatalf("%s: %v\n%s", step.line, err, out)
		case step.fails != "" && (err == nil || !strings.Contains(err.Error(), step.fails) || !strings.Contains(hintOf(err), step.hint)):
			t.Fatalf("%s: got %v, hint %q; want %q, hint %q", step.line, err, hintOf(err), step.fails, step.hint)
		}
	}
}

// A worker that is a member of a cluster leaves with --force only.
func TestLeaveCluster(t *testing.T) {
	w, _ := story.Begin(t, firstDays+"cluster one\nblock\n")
	_, identity := w.Enclave("w1")
	id := fmt.Sprintf("0x%x", identity)
	if _, err := live(t, w, "worker leave "+id+" --from //operator"); err == nil || !strings.Contains(hintOf(err), "--force") {
		t.Errorf("it leaves its cluster: %v", err)
	}
	if out, err := live(t, w, "worker leave "+id+" --from //operator --force"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// mute is where something listens that never answers.
func mute(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

// Workers that are silent do not keep one from hearing of the others, and one that
// left is not shown.
func TestSilentWorkers(t *testing.T) {
	w, _ := story.Begin(t, firstDays)
	url, identity := w.Enclave("w1")
	silent := client.Worker{Identity: identity, Endpoints: []string{mute(t)}}
	list := []client.Worker{silent, {}, silent, silent, silent, silent, {Identity: identity}, {Identity: identity, Endpoints: []string{url}}}
	err := client.With(t.Context(), w.Node(), func(ctx context.Context, c *client.Client) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		states, err := statesOf(ctx, c, list)
		if err != nil {
			return err
		}
		if len(states) != len(list)-1 || states[0].Block != nil || states[5].Endpoints == nil || states[6].Block == nil {
			t.Errorf("%+v", states)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestVerifyWorker: the tree shows what is wrong, and the command fails where
// the registration does not hold.
func TestVerifyWorker(t *testing.T) {
	for _, c := range []struct {
		name, then string
		refused    string // name of the check that fails first; empty for none
		shows      string
	}{
		{"good", "", "", "✓ standing: Good"},
		{"simulated", "", "", "SIMULATED TEE"},
		{"days left", "", "", "0 days left)"},
		{"revoked", "collateral revoke=w1\nblock", "PCK revocation list", "✗ standing: Revoked"},
		{"banned", "call sudo(ban(w1))\nblock", "standing", "governance refuses it"},
		{"expired", "days 2\nblock", "standing", "ended"},
		{"retired", "call sudo(retire(12))\nblock 10", "", "! standing: Retired"},
		{"to retire", "call sudo(retire(500))\nblock", "", "it retires at block 500"},
		{"recovery", "collateral recovery=yes\ndays 1 w1\nblock", "", "! TCB recovery"},
		{"degraded", "collateral recovery=yes\ndays 16 w1\nblock", "", "! standing: Degraded"},
		{"another instance", "restart w1\nrelay w1\nblock", "", "✓ boot epoch: 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, told := story.Begin(t, firstDays+c.then+"\n")
			_, identity := w.Enclave("w1")
			line := fmt.Sprintf("verify worker %x --rpc %s", identity, w.Node())
			out, err := run(t, strings.Fields(line)...)
			if (c.refused != "") != errors.Is(err, errNotGood) || err != nil && c.refused == "" || !strings.Contains(out, c.shows) {
				t.Errorf("%v; the tree lacks %q:\n%s\n%s", err, c.shows, out, told)
			}
			out, _ = run(t, append(strings.Fields(line), "--json")...)
			var v verdict.Verdict
			if err := json.Unmarshal([]byte(out), &v); err != nil {
				t.Fatal(err)
			}
			if v.PolicyAccept != (c.refused == "") || !v.Simulated || !strings.Contains(v.PolicyReason, c.refused) {
				t.Errorf("policy_accept %v: %s", v.PolicyAccept, v.PolicyReason)
			}
		})
	}
}
