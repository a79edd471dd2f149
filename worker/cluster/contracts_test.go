package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/store"
)

// library is Codes that are never run: one is there, one is refused, and others
// have to be brought.
type library struct{ there, bad hash.H256 }

func (l library) Load(_ context.Context, code hash.H256) error {
	switch code {
	case l.there:
		return nil
	case l.bad:
		return fmt.Errorf("%w: bad", vm.ErrRefused)
	}
	return NoCode{code}
}

func (l library) Run(context.Context, hash.H256, string, host.Env, host.Records, uint64) (host.Result, error) {
	panic("nothing runs here")
}

func (l library) Source(_ context.Context, code hash.H256) ([]byte, error) {
	if code == l.there {
		return []byte("some wasm"), nil
	}
	return nil, NoCode{code}
}

func testCluster(t testing.TB) (*Cluster, library) {
	t.Helper()
	l := library{hash.H256{0xc0}, hash.H256{0xc1}}
	c, err := New(hash.H256{1}, hash.H256{2}, seal.SecretFrom([32]byte{3}), seal.SecretFrom([32]byte{3}), 0, l)
	if err != nil {
		t.Fatal(err)
	}
	return c, l
}

// Contracts use the codes that the cluster was told of and can run, and no
// other: one that is unknown is not waited for.
func TestCodes(t *testing.T) {
	ctx := context.Background()
	c, l := testCluster(t)
	tx, err := c.Begin(memory{})
	if err != nil {
		t.Fatal(err)
	}
	x := contracts{c, tx}
	known := func(code hash.H256) bool {
		t.Helper()
		ok, err := x.Code(ctx, code)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if known(l.there) || known(hash.H256{9}) {
		t.Error("codes are known that nobody told of")
	}
	asks := queue.Message{Origin: queue.OriginAccount{ID: ann}}
	if checked, err := c.check(ctx, tx, queue.Message{Origin: pallet}, words.Code{Hash: l.there}); err != nil || checked.OK || known(l.there) {
		t.Errorf("asked by nobody: %+v %v", checked, err)
	}
	for code, ok := range map[hash.H256]bool{l.there: true, l.bad: false} {
		checked, err := c.check(ctx, tx, asks, words.Code{Hash: code})
		if err != nil || checked.OK != ok || known(code) != ok {
			t.Errorf("code %v: %+v %v, known %v", code, checked, err, known(code))
		}
	}
	if size, ok := tx.codeSize(l.there); !ok || size != uint32(len("some wasm")) {
		t.Errorf("the code is kept with a size of %d bytes, %v", size, ok)
	}
	if _, err := c.check(ctx, tx, asks, words.Code{Hash: hash.H256{9}}); !errors.Is(err, ErrNoCode) {
		t.Errorf("a code that is to be brought: %v", err)
	}
	if a, b := x.Address([32]byte{1}, l.there, []byte("salt")), words.ContractID([32]byte{1}, l.there, hash.H256{1}, []byte("salt")); a != b {
		t.Errorf("address %x, the chain says %x", a, b)
	}
}

// What is kept of contracts: made, changed, ended, and from before they had
// owners.
func TestContracts(t *testing.T) {
	ctx := context.Background()
	c, l := testCluster(t)
	m := memory{}
	tx, err := c.Begin(m)
	if err != nil {
		t.Fatal(err)
	}
	x := contracts{c, tx}
	live, ended, old, damaged := hash.H256{1}, hash.H256{2}, hash.H256{3}, hash.H256{4}
	record := host.Record{Code: l.there, Owner: [32]byte{7}}
	x.Put(live, record)
	x.Put(ended, record)
	x.Put(ended, host.Record{Code: l.there, Ended: true})
	tx.set(contractName(old), l.there[:])
	tx.set(contractName(damaged), []byte("short"))
	m.apply(changed(t, tx))
	for id, want := range map[hash.H256]struct {
		found bool
		host.Record
	}{live: {true, record}, ended: {false, host.Record{Ended: true}}, old: {true, host.Record{Code: l.there}}, {9}: {}} {
		got, found, err := x.Contract(ctx, id)
		if err != nil || found != want.found || got != want.Record {
			t.Errorf("contract %v: %+v %v %v, want %+v", id, got, found, err, want)
		}
		if has, err := c.Has(m, id); err != nil || has != want.found {
			t.Errorf("contract %v is there: %v, %v", id, has, err)
		}
	}
	if _, _, err := x.Contract(ctx, damaged); !errors.Is(err, errState) {
		t.Errorf("a damaged record: %v", err)
	}
}

// Keys are another one for every contract and cluster, and the same in all
// epochs.
func TestContractKeys(t *testing.T) {
	key := func(secret byte, epoch uint32, id byte) [32]byte {
		c, err := New(hash.H256{1}, hash.H256{2}, seal.SecretFrom([32]byte{secret}), seal.SecretFrom([32]byte{secret}), epoch, library{})
		if err != nil {
			t.Fatal(err)
		}
		return c.contractKey([32]byte{id})
	}
	if key(1, 0, 1) != key(1, 5, 1) || key(1, 0, 1) == key(1, 0, 2) || key(1, 0, 1) == key(2, 0, 1) {
		t.Error("keys do not follow from cluster and contract alone")
	}
}

// A log keeps its last entries, for the owner alone, encrypted, and beside the
// root.
func TestLog(t *testing.T) {
	c, l := testCluster(t)
	owner, id := keys.AccountID{7}, hash.H256{1}
	m := memory{}
	tx, err := c.Begin(m)
	if err != nil {
		t.Fatal(err)
	}
	contracts{c, tx}.Put(id, host.Record{Code: l.there, Owner: owner})
	root := rooted(t, tx, 0)
	lines := host.Result{Lines: []host.Line{{Contract: id, Level: 3, Text: []byte("a line")}}}
	failed := lines
	failed.Status = vm.Reverted
	failed.Events = []host.Event{{Contract: id}}
	tx.log(1, 1000, failed)
	done := host.Result{Events: []host.Event{
		{Contract: id, Topics: []hash.H256{{5}}, Data: []byte("an event")},
		{Contract: id, Data: make([]byte, maxLogEvent+1)},
	}}
	tx.log(2, 2000, done)
	if rooted(t, tx, 0) != root {
		t.Error("the log is in the root")
	}
	n := len(tx.beside)
	tx.log(2, 2000, host.Result{Lines: []host.Line{{Contract: hash.H256{9}, Text: []byte("nobody said that")}}})
	if len(tx.beside) != n {
		t.Error("what a contract said that is not there is kept")
	}
	m.apply(changed(t, tx))
	for _, box := range m {
		if strings.Contains(string(box), "a line") {
			t.Error("a line lies in the clear")
		}
	}
	read := func(from uint64) string {
		t.Helper()
		log, err := c.Log(m, id, owner, from)
		if err != nil {
			t.Fatal(err)
		}
		s := fmt.Sprint(log.Next, ":")
		for _, e := range log.Entries {
			s += fmt.Sprintf(" %d/%d/%d/%s%s", e.Seq, e.Block, e.Level, e.Text, e.Data)
		}
		return s
	}
	if got, want := read(0), "2: 0/1/3/a line 1/2/0/an event"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := read(1), "2: 1/2/0/an event"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := read(1 << 63); got != "2:" {
		t.Errorf("from far away: %s", got)
	}
	for name, who := range map[string]keys.AccountID{"somebody": {8}, "nobody": {}} {
		if _, err := c.Log(m, id, who, 0); !errors.Is(err, ErrNotOwner) {
			t.Errorf("%s reads the log: %v", name, err)
		}
	}
	if _, err := c.Log(m, hash.H256{9}, owner, 0); !errors.Is(err, ErrNotOwner) {
		t.Errorf("the log of no contract: %v", err)
	}
	for range maxEntries {
		if tx, err = c.Begin(m); err != nil {
			t.Fatal(err)
		}
		tx.log(3, 3000, lines)
		m.apply(changed(t, tx))
	}
	log, err := c.Log(m, id, owner, 0)
	if err != nil || len(log.Entries) != maxEntries || log.Entries[0].Seq != 2 || log.Next != 2+maxEntries {
		t.Errorf("%d entries are kept, from %d on, next %d: %v", len(log.Entries), log.Entries[0].Seq, log.Next, err)
	}
	delete(m, c.vault.key(entryName(id, 5)))
	if _, err := c.Log(m, id, owner, 0); !errors.Is(err, errState) {
		t.Errorf("an entry that was taken away: %v", err)
	}
}

// The cache is bounded by contract and by their number, and forgets in time.
func TestCache(t *testing.T) {
	c := newCache()
	big := make([]byte, 10_000)
	n := 0
	for ; c.at(0).Set([32]byte{1}, fmt.Append(nil, n), big, 1000); n++ {
		if n > maxCached/len(big) {
			t.Fatal("a contract caches without end")
		}
	}
	if _, ok := c.at(0).Get([32]byte{1}, []byte("0")); !ok || n < 100 {
		t.Errorf("%d values are cached", n)
	}
	if _, ok := c.at(0).Get([32]byte{2}, []byte("0")); ok {
		t.Error("a contract finds what another one cached")
	}
	if _, ok := c.at(1000).Get([32]byte{1}, []byte("0")); ok {
		t.Error("a value outlives its time")
	}
	if !c.at(1000).Set([32]byte{1}, []byte("new"), big, 2000) {
		t.Error("what has expired takes room")
	}
	// Replacing and removing give the room back.
	for range 1000 {
		if !c.at(1000).Set([32]byte{1}, []byte("new"), big, 2000) {
			t.Fatal("replacing takes room")
		}
	}
	c.at(1000).Remove([32]byte{1}, []byte("new"))
	if k := c.contracts[[32]byte{1}]; k.size != 0 {
		t.Errorf("%d bytes are left", k.size)
	}
	for i := range maxCachedContract {
		c.at(1000).Set([32]byte{9, byte(i)}, []byte("k"), nil, 2000)
	}
	if c.at(1000).Set([32]byte{8}, []byte("k"), nil, 2000) {
		t.Error("too many contracts cache")
	}
	if !c.at(2000).Set([32]byte{8}, []byte("k"), nil, 3000) {
		t.Error("contracts whose values have expired take room")
	}
}

var _ Reader = memory(map[store.Key][]byte{})
