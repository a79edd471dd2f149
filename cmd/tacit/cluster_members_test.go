package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/queue"
	queuewords "github.com/tacit-network/tacit/runtime/pallet/queue/words"
)

// Who makes a cluster is told when losing its workers loses it: with nobody who
// keeps shares, with fewer than are needed, and with none to spare.
func TestShareWarning(t *testing.T) {
	for _, tt := range []struct {
		keepers, threshold uint8
		others             int
		want               string
	}{
		{0, 0, 5, "nobody keeps shares of its secrets, as --keepers says"},
		{3, 2, 0, "nobody keeps shares of its secrets (0 other workers, 2 are needed)"},
		{3, 2, 1, "nobody keeps shares of its secrets (1 other workers, 2 are needed)"},
		{3, 2, 2, "2 workers keep shares of its secrets and all of them are needed"},
		{3, 3, 9, "3 workers keep shares of its secrets and all of them are needed"},
		{3, 2, 3, ""},
		{3, 2, 9, ""},
	} {
		got := shareWarning(clusters.Create{Keepers: tt.keepers, Threshold: tt.threshold}, tt.others)
		if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%d of %d with %d others: %q, want %q", tt.threshold, tt.keepers, tt.others, got, tt.want)
		}
	}
}

// A member is added when the worker that the call drew has the secrets, not when
// another has, and in vain only when all who could give them refuse.
func TestNewcomer(t *testing.T) {
	c, other := hash.H256{1}, hash.H256{2}
	ours, theirs, a, b := [32]byte{7}, [32]byte{8}, [32]byte{0xa}, [32]byte{0xb}
	added := clusters.MemberAdded{Cluster: c, Worker: ours}
	ready := clusters.MemberReady{Cluster: c, Worker: ours}
	refuses := func(id hash.H256, by, to [32]byte) any {
		return clusters.HandOverRefused{Cluster: id, Worker: by, To: to, Reason: []byte("no")}
	}
	for _, tt := range []struct {
		name     string
		events   []any
		at       int // the event that decides; -1 for none
		ready    bool
		refusals int
	}{
		{"ready", []any{added, ready}, 1, true, 0},
		{"another is ready", []any{added, clusters.MemberReady{Cluster: c, Worker: theirs}}, -1, false, 0},
		{"in another cluster", []any{added, clusters.MemberReady{Cluster: other, Worker: ours}}, -1, false, 0},
		{"before it is drawn", []any{ready, added}, -1, false, 0},
		{"another is drawn later", []any{added, clusters.MemberAdded{Cluster: c, Worker: theirs}, ready}, 2, true, 0},
		{"drawn into another cluster", []any{clusters.MemberAdded{Cluster: other, Worker: theirs}, added, ready}, 2, true, 0},
		{"one refuses", []any{added, refuses(c, a, ours)}, -1, false, 1},
		{"one refuses again and again", []any{added, refuses(c, a, ours), refuses(c, a, ours)}, -1, false, 1},
		{"one refuses, another gives", []any{added, refuses(c, a, ours), ready}, 2, true, 1},
		{"all refuse", []any{added, refuses(c, a, ours), refuses(c, b, ours)}, 2, false, 2},
		{"others are refused", []any{added, refuses(c, a, theirs), refuses(other, b, ours)}, -1, false, 0},
	} {
		n, at := newcomer{cluster: c, givers: [][32]byte{a, b}}, -1
		for i, e := range tt.events {
			if n.settled(e) {
				at = i
				break
			}
		}
		if at != tt.at || n.ready != tt.ready || len(n.refusals) != tt.refusals {
			t.Errorf("%s: event %d decides, ready %v, refusals %v", tt.name, at, n.ready, n.refusals)
		}
	}
}

// A snapshot that was asked for is not one of an older state, which was under way.
func TestNewSnapshot(t *testing.T) {
	c, other := hash.H256{1}, hash.H256{2}
	asks := func(id hash.H256, seq uint64) any {
		return queue.MessagePushed{To: queuewords.ToCluster{ID: id}, Seq: seq}
	}
	keeps := func(id hash.H256, next uint64) any { return clusters.SnapshotKept{Cluster: id, Next: next} }
	for _, tt := range []struct {
		name   string
		events []any
		at     int
	}{
		{"as asked", []any{asks(c, 9), keeps(c, 10)}, 1},
		{"of an older state first", []any{asks(c, 9), keeps(c, 7), keeps(c, 10)}, 2},
		{"of a newer one", []any{asks(c, 9), asks(c, 40), keeps(c, 41)}, 2},
		{"of another cluster", []any{asks(c, 9), keeps(other, 10)}, -1},
		{"asked of another cluster", []any{asks(other, 2), asks(c, 9), keeps(c, 3)}, -1},
		{"to a worker", []any{queue.MessagePushed{To: queuewords.ToWorker{}, Seq: 1}, asks(c, 9), keeps(c, 3)}, -1},
	} {
		done, at := newSnapshot(), -1
		for i, e := range tt.events {
			if _, ok := done(c, e); ok {
				at = i
				break
			}
		}
		if at != tt.at {
			t.Errorf("%s: event %d ends it, want %d", tt.name, at, tt.at)
		}
	}
}

// A list of nobody is a list.
func TestNobodyJSON(t *testing.T) {
	out, err := json.Marshal(kept(hash.H256{}, client.Replicas{}))
	if err != nil || strings.Contains(string(out), "null") {
		t.Errorf("%s %v", out, err)
	}
}
