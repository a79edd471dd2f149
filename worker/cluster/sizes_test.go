package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/store"
)

// measured are the sizes of a state by what lies there.
func measured(t *testing.T, c *Cluster, s shelf) (out sizes) {
	t.Helper()
	for k, box := range s {
		name, _, err := c.vault.open(k, box)
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(store.Change{Key: k, Value: box}.Size())
		switch {
		case name == rootName, classOf(name) == inner:
		case besideRoot(name):
			out.Logs += n
		default:
			out.State += n
		}
	}
	return out
}

// The counted sizes are those of what lies there, in another epoch and from a
// snapshot too.
func TestSizes(t *testing.T) {
	c, s := inEpoch(t, 0), shelf{}
	agree := func(what string, c *Cluster, s shelf) {
		t.Helper()
		tx, err := c.Begin(s)
		if err != nil {
			t.Fatal(err)
		}
		if want := measured(t, c, s); tx.kept != want || want.State == 0 || want.Logs == 0 {
			t.Errorf("%s: counted %+v, want %+v", what, tx.kept, want)
		}
	}
	rng := rand.New(rand.NewPCG(11, 12))
	for range 30 {
		tx, err := c.Begin(s)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			o := tx.overlay()
			for range rng.IntN(6) {
				name := fmt.Sprintf("data%0*d", 1+90*rng.IntN(2), rng.IntN(30))
				if rng.IntN(3) == 0 {
					o.set(name, nil)
				} else {
					o.set(name, make([]byte, rng.IntN(300)))
				}
			}
			o.setBeside(fmt.Sprint("log", rng.IntN(5)), make([]byte, rng.IntN(50)))
			if rng.IntN(3) > 0 {
				tx.merge(o)
			}
		}
		s.apply(changed(t, tx))
		agree("written", c, s)
	}
	snap, chunks := taken(t, c, s, 9)
	from := shelf{}
	if err := restored(c, snap, &Restoring{}, from, chunks...); err != nil {
		t.Fatal(err)
	}
	fresh := inEpoch(t, 0)
	agree("restored", fresh, from)
	for what, state := range map[string]shelf{"moved": s, "restored and moved": from} {
		next := inEpoch(t, 1)
		changes, _, err := c.Move(state, next, 10)
		if err != nil {
			t.Fatal(err)
		}
		state.apply(changes)
		agree(what, next, state)
	}
}

// What an older program kept is no state.
func TestOlderState(t *testing.T) {
	c := inEpoch(t, 0)
	for _, n := range []int{32, 48} {
		s := shelf{}
		s.apply([]store.Change{c.vault.put(rootName, make([]byte, n))})
		if _, err := c.Begin(s); !errors.Is(err, errOlder) {
			t.Errorf("a root of %d bytes: %v", n, err)
		}
	}
	for _, b := range [][]byte{{}, make([]byte, 49), append([]byte{rootVersion}, make([]byte, 46)...)} {
		s := shelf{}
		s.apply([]store.Change{c.vault.put(rootName, b)})
		if _, err := c.Begin(s); !errors.Is(err, errState) || errors.Is(err, errOlder) {
			t.Errorf("a root %x: %v", b, err)
		}
	}
}

// filled makes a cluster's state so large, as far as it knows.
func (b *book) filled(n uint64) {
	b.t.Helper()
	tx, err := b.c.Begin(b.m)
	if err != nil {
		b.t.Fatal(err)
	}
	tx.kept.State = n
	b.m.apply(changed(b.t, tx))
}

// A cluster that is full has no more messages of accounts, and no codes, but
// what the chain gives them; that makes no difference between replicas.
func TestFull(t *testing.T) {
	b := newBook(t)
	_, l := testCluster(t)
	b.send(pallet, words.Deposit{From: ann, Amount: u(10)})
	b.filled(maxState - 1)
	if got := b.words(b.act(ann, words.Transfer{To: ben, Amount: u(1)})); got != "Ok 9" {
		t.Errorf("with room: %s", got)
	}
	before := len(b.m)
	if got := b.words(b.act(ann, words.Transfer{To: ben, Amount: u(1)})); got != "Rejected the cluster stores too much" {
		t.Errorf("full: %s", got)
	}
	if r := b.send(queue.OriginAccount{ID: ann}, words.Code{Hash: l.there}); r.Checked.OK || string(r.Checked.Reason) != tooFull {
		t.Errorf("a code: %+v", r.Checked)
	}
	if len(b.m) != before {
		t.Errorf("%d parts, want %d", len(b.m), before)
	}
	if b.send(pallet, words.Deposit{From: ann, Amount: u(1)}); b.balance(ann) != 10 {
		t.Errorf("balance %d, want 10", b.balance(ann))
	}
}

// A cluster whose contracts store as much as they may makes no contract that
// stores something, and those that are there go on with what they have.
func TestFullForContracts(t *testing.T) {
	c := newChain(t)
	alice := pair(t, keys.Sr25519, "//Alice")
	made := []byte{0x9b, 0xae, 0x9d, 0x5e} // selectors, from examples/hello/bundle/hello.json
	more := binary.LittleEndian.AppendUint64([]byte{0x12, 0xbd, 0x51, 0xd3}, 5)
	id := words.ContractID(alice.AccountID(), inGo, c.c.id, []byte("one"))
	nonce := uint32(0)
	do := func(what string, call frame.RuntimeCall, want int) {
		t.Helper()
		if got := c.bring(scale.Marshal(c.sign(alice, nonce, call, 0, 0))).failure(t); got != want {
			t.Errorf("%s: error %d, want %d", what, got, want)
		}
		nonce++
	}
	do("with room", instantiate(inGo, "one", made), -1)
	do("the first number", to(id, more), -1)
	c.filled(host.MaxCluster)
	do("full", instantiate(inGo, "two", made), int(frame.ErrContractTrapped))
	do("another number", to(id, more), -1)
}

// What no log has place for is not logged; what takes the place of an older
// entry is.
func TestFullLogs(t *testing.T) {
	c, _ := testCluster(t)
	m, id := memory{}, hash.H256{7}
	tx, err := c.Begin(m)
	if err != nil {
		t.Fatal(err)
	}
	contracts{c, tx}.Put(id, host.Record{Code: hash.H256{1}, Owner: ann})
	line := func(n int) {
		tx.log(1, 2, host.Result{Lines: []host.Line{{Contract: id, Level: 3, Text: make([]byte, n)}}})
	}
	for range maxEntries {
		line(10)
	}
	next := func() uint64 { return nextEntry(tx.getBeside(logName(id))) }
	root := rooted(t, tx, 1)
	tx.kept.Logs = maxLogs
	if line(11); next() != maxEntries {
		t.Errorf("%d entries, want %d", next(), maxEntries)
	}
	if line(10); next() != maxEntries+1 || tx.kept.Logs != maxLogs {
		t.Errorf("%d entries of %d bytes", next(), tx.kept.Logs)
	}
	if rooted(t, tx, 1) != root {
		t.Error("the root depends on logs")
	}
}

// What a cluster stores at most fits into a snapshot, although a chunk has less
// than it has place for when the next entry is large.
func TestSnapshotFits(t *testing.T) {
	name := dataName(hash.H256{}) + string(make([]byte, host.MaxKey+1))
	largest := len(scale.AppendBytes(scale.AppendBytes(nil, []byte(name)), make([]byte, host.MaxValue)))
	// Beyond maxState are what the last message wrote, and what the chain gives to
	// accounts: this is four million of them.
	const most = maxState + maxLogs + 2*host.MaxWritten + 1<<29
	if room := words.MaxSnapshotChunks * (chunkRoom - largest); room < most {
		t.Errorf("a snapshot has %d bytes, want %d", room, most)
	}
}
