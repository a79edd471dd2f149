package cluster

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// deposits executes n messages that bring a token each, with a commit after every
// so many, and returns the roots after them.
func deposits(t *testing.T, c *Cluster, s shelf, n, every int) (roots []hash.H256) {
	t.Helper()
	m := queue.Message{Origin: pallet, Payload: scale.Encode[words.ClusterMessage](words.Deposit{From: ann, Amount: scale.U64(1)})}
	for len(roots) < n {
		tx, err := c.Begin(s)
		if err != nil {
			t.Fatal(err)
		}
		for range min(every, n-len(roots)) {
			if _, err := c.Execute(context.Background(), tx, m, hash.H256{}); err != nil {
				t.Fatal(err)
			}
			roots = append(roots, rooted(t, tx, 1))
		}
		s.apply(changed(t, tx))
	}
	return roots
}

// keptOf counts what a contract stores, and what it logged.
func keptOf(t *testing.T, c *Cluster, s shelf, id hash.H256) (stored, logged int) {
	t.Helper()
	same := map[string][]byte{}
	for k, box := range s {
		name, value, err := c.vault.open(k, box)
		if err != nil {
			t.Fatal(err)
		}
		same[name] = value
	}
	for name := range same {
		if strings.HasPrefix(name, dataName(id)) {
			stored++
		}
		if strings.HasPrefix(name, logName(id)) {
			logged++
		}
	}
	return stored, logged
}

// What ended contracts store is removed by the messages that follow, so much by
// each, one contract after the other, and nothing else is. Replicas agree after every one of
// them, however they commit, whether they have the tries in memory, and where
// they began.
func TestEnded(t *testing.T) {
	c, s := inEpoch(t, 0), shelf{}
	const many = 3*maxCleared + 5
	gone, full, empty, lives := hash.H256{1}, hash.H256{2}, hash.H256{3}, hash.H256{4}
	stores := map[hash.H256]int{gone: many, full: 2 * maxCleared, lives: 10}
	tx, err := c.Begin(s)
	if err != nil {
		t.Fatal(err)
	}
	all := contracts{c, tx}
	for _, id := range []hash.H256{gone, full, empty, lives} {
		all.Put(id, host.Record{Code: hash.H256{9}, Owner: ann})
		for i := range stores[id] {
			all.State(id).Set(fmt.Append(nil, "key", i), bytesOf(i, 100))
		}
		for range 3 {
			tx.log(1, 1, host.Result{Lines: []host.Line{{Contract: id, Text: []byte("a line")}}})
		}
	}
	s.apply(changed(t, tx))
	if tx, err = c.Begin(s); err != nil {
		t.Fatal(err)
	}
	for _, id := range []hash.H256{gone, full, empty} {
		contracts{c, tx}.Put(id, host.Record{Ended: true})
	}
	s.apply(changed(t, tx))
	before := tx.kept

	one, other := shelf(maps.Clone(s)), shelf(maps.Clone(s))
	want := deposits(t, inEpoch(t, 0), other, 12, 5)
	left := func(stored, logged int, ids ...hash.H256) {
		t.Helper()
		for _, id := range ids {
			if s, l := keptOf(t, c, one, id); s != stored || l != logged {
				t.Errorf("contract %d stores %d entries and has a log of %d, want %d, %d", id[0], s, l, stored, logged)
			}
		}
	}
	step := func(i int) {
		t.Helper()
		if got := deposits(t, c, one, 1, 1)[0]; got != want[i] {
			t.Fatalf("after message %d the root is %v, that of another replica %v", i, got, want[i])
		}
	}
	for i := range 3 {
		step(i)
		left(many-(i+1)*maxCleared, 4, gone)
	}
	left(2*maxCleared, 4, full)
	c = inEpoch(t, 0) // a process that begins anew
	step(3)
	left(0, 0, gone)
	step(4)
	left(maxCleared, 4, full)
	// A replica that begins here, with a snapshot.
	snap, chunks := taken(t, c, one, 9)
	c, one = inEpoch(t, 0), shelf{}
	if err := restored(c, snap, &Restoring{}, one, chunks...); err != nil {
		t.Fatal(err)
	}
	for i := 5; i < 12; i++ {
		step(i)
	}
	left(0, 0, gone, full, empty)
	left(10, 4, lives)
	if tx, err = c.Begin(one); err != nil {
		t.Fatal(err)
	}
	if was := measured(t, c, one); tx.kept != was || tx.kept.State+100*(many+2*maxCleared) > before.State {
		t.Errorf("the sizes are %+v, were %+v before, and what is there has %+v", tx.kept, before, was)
	}
	// Nothing tells that they ever stored something, but that their addresses are taken.
	plain := map[string][]byte{balanceName(ann): scale.Marshal(scale.U64(12)), heldName: scale.Marshal(scale.U64(12))}
	for _, id := range []hash.H256{gone, full, empty} {
		plain[contractName(id)] = []byte{}
	}
	plain[contractName(lives)] = append(append([]byte{9}, make([]byte, 31)...), ann[:]...)
	for i := range stores[lives] {
		plain[dataName(lives)+fmt.Sprint("key", i)] = bytesOf(i, 100)
	}
	if want := plainRoot(plain); tx.root != want {
		t.Errorf("the root is %v, want %v", tx.root, want)
	}
}

// A message whose code is not here clears nothing: it comes again.
func TestEndedWaits(t *testing.T) {
	c, _ := testCluster(t)
	s, id := shelf{}, hash.H256{1}
	tx, err := c.Begin(s)
	if err != nil {
		t.Fatal(err)
	}
	contracts{c, tx}.State(id).Set([]byte("key"), []byte("value"))
	contracts{c, tx}.Put(id, host.Record{Ended: true})
	root := rooted(t, tx, 1)
	m := queue.Message{Origin: queue.OriginAccount{ID: ann}, Payload: scale.Encode[words.ClusterMessage](words.Code{Hash: hash.H256{7}})}
	if _, err := c.Execute(context.Background(), tx, m, hash.H256{}); err == nil {
		t.Fatal("a code is here that is not")
	}
	if rooted(t, tx, 1) != root {
		t.Error("a message that was not executed changed something")
	}
	m.Payload = []byte("noise")
	if _, err := c.Execute(context.Background(), tx, m, hash.H256{}); err != nil || rooted(t, tx, 1) == root {
		t.Errorf("a message that means nothing clears nothing (%v)", err)
	}
}
