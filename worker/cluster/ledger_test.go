package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// book is a cluster with a ledger, and who talks to it.
type book struct {
	t   *testing.T
	c   *Cluster
	m   memory
	seq uint64
	key seal.PrivateKey
	// last is the envelope that was sent last.
	last []byte
}

var (
	ann, ben = keys.AccountID{1}, keys.AccountID{2}
	pallet   = queue.OriginPallet{Name: []byte("Clusters")}
)

// put changes the stored state by no message.
func (b *book) put(change func(*Tx)) {
	b.t.Helper()
	tx, err := b.c.Begin(b.m)
	if err != nil {
		b.t.Fatal(err)
	}
	change(tx)
	b.m.apply(changed(b.t, tx))
}

func newBook(t *testing.T) *book {
	t.Helper()
	c, _ := testCluster(t)
	k, err := seal.GenerateKey(seal.X25519)
	if err != nil {
		t.Fatal(err)
	}
	return &book{t: t, c: c, m: memory{}, key: k}
}

// send executes a message and keeps what it changes.
func (b *book) send(from queue.MessageOrigin, m words.ClusterMessage) Result {
	b.t.Helper()
	tx, err := b.c.Begin(b.m)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := b.c.Execute(context.Background(), tx, queue.Message{Seq: b.seq, Origin: from, Payload: scale.Encode(m)}, hash.H256{byte(b.seq)})
	if err != nil {
		b.t.Fatal(err)
	}
	b.seq++
	b.m.apply(changed(b.t, tx))
	return r
}

func (b *book) seal(from keys.AccountID, target hash.H256, kind uint8, input []byte) []byte {
	b.t.Helper()
	var err error
	b.last, err = seal.SealMessage(b.c.hpke[seal.X25519].Public(), seal.InfoCommand, seal.Context{
		Genesis: b.c.genesis, Target: b.c.id, Contract: target, Origin: from,
	}, seal.Message{Kind: kind, Nonce: seal.NewNonce(), Reply: seal.KeyOf(b.key.Public()), Input: input})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.last
}

func (b *book) act(from keys.AccountID, a words.Action) Result {
	b.t.Helper()
	return b.send(queue.OriginAccount{ID: from}, words.Transact{Envelope: b.seal(from, b.c.id, seal.KindLedger, scale.Encode(a))})
}

// words is how a message ended.
func (b *book) words(r Result) string {
	b.t.Helper()
	status := r.Receipt.Status.Variants()[r.Receipt.Status]
	if len(r.Receipt.Output) == 0 {
		return strings.TrimSpace(status + " " + string(r.Receipt.Error))
	}
	var reply seal.Reply
	if err := b.key.OpenReply(seal.InfoReply, hash.Blake2b256(b.last), r.Receipt.Output, &reply); err != nil {
		b.t.Fatal(err)
	}
	if len(reply.Error) > 0 {
		return status + " " + string(reply.Error)
	}
	n, err := scale.Decode[scale.U128](reply.Output)
	if err != nil {
		b.t.Fatal(err)
	}
	return status + " " + n.String()
}

func (b *book) balance(who keys.AccountID) uint64 {
	b.t.Helper()
	n, err := b.c.Balance(b.m, who, who)
	if err != nil {
		b.t.Fatal(err)
	}
	v, _ := n.Uint64()
	return v
}

func (b *book) held() uint64 {
	b.t.Helper()
	tx, err := b.c.Begin(b.m)
	if err != nil {
		b.t.Fatal(err)
	}
	v, _ := tx.Held().Uint64()
	return v
}

func u(n uint64) scale.U128 { return scale.U64(n) }

func TestLedger(t *testing.T) {
	b := newBook(t)
	ended, gone := hash.H256{0xe}, hash.H256{0xf}
	tx, err := b.c.Begin(b.m)
	if err != nil {
		t.Fatal(err)
	}
	contracts{b.c, tx}.Put(ended, host.Record{Ended: true})
	b.m.apply(changed(b.t, tx))
	max := scale.MaxU128
	other := newBook(t)
	other.c.id = hash.H256{9}
	steps := []struct {
		name       string
		do         func() Result
		want       string
		ann, ben   uint64
		held       uint64
		withdrawal string
	}{
		{"nobody has anything", func() Result { return b.act(ann, words.Transfer{To: ben, Amount: u(1)}) }, "Reverted the account holds 0 in the cluster, less than 1", 0, 0, 0, ""},
		{"deposit", func() Result { return b.send(pallet, words.Deposit{From: ann, Amount: u(100)}) }, "Ok", 100, 0, 100, ""},
		{"deposit by an account", func() Result {
			return b.send(queue.OriginAccount{ID: ann}, words.Deposit{From: ann, Amount: u(100)})
		}, "Rejected money comes from the chain alone", 100, 0, 100, ""},
		{"deposit by another pallet", func() Result {
			return b.send(queue.OriginPallet{Name: []byte("Contracts")}, words.Return{To: ann, Amount: u(100)})
		}, "Rejected money comes from the chain alone", 100, 0, 100, ""},
		{"transfer", func() Result { return b.act(ann, words.Transfer{To: ben, Amount: u(30)}) }, "Ok 70", 70, 30, 100, ""},
		{"the same again", func() Result { return b.send(queue.OriginAccount{ID: ann}, words.Transact{Envelope: b.last}) }, "Rejected the nonce was used before", 70, 30, 100, ""},
		{"the same by another", func() Result { return b.send(queue.OriginAccount{ID: ben}, words.Transact{Envelope: b.last}) }, "Rejected the envelope does not open for this account and contract", 70, 30, 100, ""},
		{"for another cluster", func() Result {
			return b.send(queue.OriginAccount{ID: ann}, words.Transact{Envelope: other.seal(ann, other.c.id, seal.KindLedger, scale.Encode[words.Action](words.Transfer{To: ben, Amount: u(1)}))})
		}, "Rejected the envelope does not open for this account and contract", 70, 30, 100, ""},
		{"a call's kind", func() Result {
			return b.send(queue.OriginAccount{ID: ann}, words.Transact{Envelope: b.seal(ann, b.c.id, seal.KindCall, nil)})
		}, "Rejected messages of this kind are not offered yet", 70, 30, 100, ""},
		{"no action", func() Result {
			return b.send(queue.OriginAccount{ID: ann}, words.Transact{Envelope: b.seal(ann, b.c.id, seal.KindLedger, []byte{9})})
		}, "Reverted the action does not decode", 70, 30, 100, ""},
		{"a byte too much", func() Result {
			return b.send(queue.OriginAccount{ID: ann}, words.Transact{Envelope: b.seal(ann, b.c.id, seal.KindLedger, append(scale.Encode[words.Action](words.Transfer{To: ben, Amount: u(1)}), 0))})
		}, "Reverted the action does not decode", 70, 30, 100, ""},
		{"by a pallet", func() Result { return b.send(pallet, words.Transact{Envelope: b.last}) }, "Rejected only accounts may call", 70, 30, 100, ""},
		{"overdraw", func() Result { return b.act(ann, words.Transfer{To: ben, Amount: u(71)}) }, "Reverted the account holds 70 in the cluster, less than 71", 70, 30, 100, ""},
		{"more than there can be", func() Result { return b.act(ann, words.Transfer{To: ben, Amount: max}) }, "Reverted the account holds 70 in the cluster, less than " + max.String(), 70, 30, 100, ""},
		{"nothing", func() Result { return b.act(ann, words.Transfer{To: ben}) }, "Reverted there is nothing to transfer", 70, 30, 100, ""},
		{"to itself", func() Result { return b.act(ann, words.Transfer{To: ann, Amount: u(70)}) }, "Ok 70", 70, 30, 100, ""},
		{"more than it has to itself", func() Result { return b.act(ann, words.Transfer{To: ann, Amount: u(71)}) }, "Reverted the account holds 70 in the cluster, less than 71", 70, 30, 100, ""},
		{"to a contract that ended", func() Result { return b.act(ann, words.Transfer{To: keys.AccountID(ended), Amount: u(1)}) }, "Reverted the receiver is a contract that has ended", 70, 30, 100, ""},
		{"call of nobody", func() Result { return b.act(ann, words.Call{Contract: gone, Value: u(1)}) }, "Reverted there is no such contract", 70, 30, 100, ""},
		{"withdraw", func() Result { return b.act(ann, words.Withdraw{To: ben, Amount: u(20)}) }, "Ok 50", 50, 30, 80, "20 of message 19"},
		{"the same withdrawal again", func() Result { return b.send(queue.OriginAccount{ID: ann}, words.Transact{Envelope: b.last}) }, "Rejected the nonce was used before", 50, 30, 80, ""},
		{"withdraw more", func() Result { return b.act(ann, words.Withdraw{To: ben, Amount: u(51)}) }, "Reverted the account holds 50 in the cluster, less than 51", 50, 30, 80, ""},
		{"withdraw nothing", func() Result { return b.act(ann, words.Withdraw{To: ben}) }, "Reverted there is nothing to withdraw", 50, 30, 80, ""},
		{"withdraw to the escrow", func() Result { return b.act(ann, words.Withdraw{To: words.EscrowAccount(b.c.id), Amount: u(1)}) }, "Reverted the receiver is the escrow of the cluster", 50, 30, 80, ""},
		{"returned", func() Result { return b.send(pallet, words.Return{Seq: 19, To: ann, Amount: u(20)}) }, "Ok", 70, 30, 100, ""},
		{"withdraw the last", func() Result { return b.act(ben, words.Withdraw{To: ann, Amount: u(30)}) }, "Ok 0", 70, 0, 70, "30 of message 25"},
	}
	for _, s := range steps {
		r := s.do()
		if got := b.words(r); got != s.want {
			t.Errorf("%s: %s, want %s", s.name, got, s.want)
		}
		if b.balance(ann) != s.ann || b.balance(ben) != s.ben || b.held() != s.held {
			t.Errorf("%s: ann has %d, ben %d, all %d, want %d, %d, %d", s.name, b.balance(ann), b.balance(ben), b.held(), s.ann, s.ben, s.held)
		}
		got := ""
		if w := r.Withdrawal; w != nil {
			got = fmt.Sprintf("%v of message %d", w.Amount, w.Seq)
		}
		if got != s.withdrawal {
			t.Errorf("%s: withdrawn %q, want %q", s.name, got, s.withdrawal)
		}
		if r.Receipt.Contract != b.c.id {
			t.Errorf("%s: the receipt names %v", s.name, r.Receipt.Contract)
		}
	}
	// What the account that has nothing left occupied is free again.
	if _, there := b.m[b.c.vault.key(balanceName(ben))]; there {
		t.Error("a balance of nothing is stored")
	}
}

// Balances are told to whom they concern.
func TestBalance(t *testing.T) {
	b := newBook(t)
	mine := hash.H256{5}
	tx, err := b.c.Begin(b.m)
	if err != nil {
		t.Fatal(err)
	}
	contracts{b.c, tx}.Put(mine, host.Record{Owner: ann})
	ledger{tx}.SetBalance(mine, u(7))
	b.m.apply(changed(b.t, tx))
	for _, tt := range []struct {
		who  keys.AccountID
		of   [32]byte
		want string
	}{
		{ann, ann, "0 <nil>"}, {ann, mine, "7 <nil>"}, {ben, mine, "0 " + ErrNotHolder.Error()}, {ann, ben, "0 " + ErrNotHolder.Error()},
		{ann, hash.H256{6}, "0 " + ErrNotHolder.Error()},
	} {
		n, err := b.c.Balance(b.m, tt.who, tt.of)
		if got := fmt.Sprintf("%v %v", n, err); got != tt.want {
			t.Errorf("%x asks for %x: %s, want %s", tt.who[:1], tt.of[:1], got, tt.want)
		}
	}
}

// Whatever is asked of a ledger, its balances are what a plain map says, their
// sum is what was brought less what was withdrawn, and another replica comes to
// the same root.
func TestLedgerKeepsAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	a, b := newBook(t), newBook(t)
	people := []keys.AccountID{{1}, {2}, {3}, {4}}
	model := map[keys.AccountID]uint64{}
	in, out := uint64(0), uint64(0)
	for i := range 300 {
		who, to, n := people[rng.IntN(4)], people[rng.IntN(4)], rng.Uint64N(30)
		var m words.ClusterMessage
		var from queue.MessageOrigin = queue.OriginAccount{ID: who}
		switch rng.IntN(4) {
		case 0:
			from, m = pallet, words.Deposit{From: who, Amount: u(n)}
			model[who] += n
			in += n
		case 1, 2:
			m = words.Transact{Envelope: a.seal(who, a.c.id, seal.KindLedger, scale.Encode[words.Action](words.Transfer{To: to, Amount: u(n)}))}
			if model[who] >= n {
				model[who] -= n
				model[to] += n
			}
		case 3:
			m = words.Transact{Envelope: a.seal(who, a.c.id, seal.KindLedger, scale.Encode[words.Action](words.Withdraw{To: to, Amount: u(n)}))}
			if model[who] >= n {
				model[who] -= n
				out += n
			}
		}
		r := a.send(from, m)
		again := b.send(from, m)
		if !reflect.DeepEqual(r.Withdrawal, again.Withdrawal) {
			t.Fatalf("message %d: replicas withdraw %+v and %+v", i, r.Withdrawal, again.Withdrawal)
		}
		x, err := a.c.Begin(a.m)
		if err != nil {
			t.Fatal(err)
		}
		y, err := b.c.Begin(b.m)
		if err != nil {
			t.Fatal(err)
		}
		if rooted(t, x, a.seq) != rooted(t, y, b.seq) {
			t.Fatalf("message %d: replicas reach %v and %v", i, rooted(t, x, a.seq), rooted(t, y, b.seq))
		}
		if a.held() != in-out {
			t.Fatalf("message %d: %d are held, %d were brought and %d withdrawn", i, a.held(), in, out)
		}
		for _, p := range people {
			if a.balance(p) != model[p] {
				t.Fatalf("message %d: account %d has %d, want %d", i, p[0], a.balance(p), model[p])
			}
		}
	}
}
