package clusters_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

const existential = 10

var alice, bob, carol = chain.AccountID{1}, chain.AccountID{2}, chain.AccountID{3}

// world is a chain with the pallet, a cluster of two, and what was queued to it.
type world struct {
	*frametest.Chain
	t       testing.TB
	money   *balances.Pallet
	pallet  *clusters.Pallet
	cluster hash.H256
	queued  []words.ClusterMessage
	told    []told
	pool    [][32]byte
	dead    map[[32]byte]bool
	ahead   uint64 // messages that the queue has beside those that were pushed
	done    []words.Receipt
	slashed []slashed
}

// slashed is a worker that was, and who first said what stands.
type slashed struct{ worker, first [32]byte }

// pool is the workers that there are.
var pool = [][32]byte{{0xa}, {0xb}}

func (w *world) Eligible(*frame.Context, uint8) [][32]byte { return w.pool }
func (w *world) Live(_ *frame.Context, id [32]byte) bool   { return !w.dead[id] }
func (w *world) MayServe(_ *frame.Context, id [32]byte, _ uint8) bool {
	return !w.dead[id]
}
func (w *world) Slash(_ *frame.Context, worker [32]byte, first *[32]byte) {
	s := slashed{worker: worker}
	if first != nil {
		s.first = *first
	}
	w.slashed = append(w.slashed, s)
}
func (w *world) Head(*frame.Context, queue.Destination) queue.Head {
	return queue.Head{Count: uint64(len(w.queued)) + w.ahead}
}
func (w *world) Seed(*frame.Context) hash.H256                                  { return hash.H256{7} }
func (w *world) CodeChecked(*frame.Context, hash.H256, hash.H256, bool, []byte) {}
func (w *world) Receipt(_ *frame.Context, _ hash.H256, _ [32]byte, r words.Receipt) {
	w.done = append(w.done, r)
}

// Push implements clusters.Queue: a queue that remembers what is for the cluster.
func (w *world) Push(_ *frame.Context, to queue.Destination, from queue.MessageOrigin, payload []byte) (uint64, error) {
	if worker, ok := to.(queue.ToWorker); ok {
		m, err := scale.Decode[words.WorkerMessage](payload)
		w.told = append(w.told, told{worker.Identity, m})
		return 0, err
	}
	m, err := scale.Decode[words.ClusterMessage](payload)
	if err != nil {
		return 0, err
	}
	if _, user := m.(words.Transact); !user {
		if p, ok := from.(queue.OriginPallet); !ok || string(p.Name) != "Clusters" {
			return 0, errors.New("money comes from another origin than the pallet")
		}
	}
	w.queued = append(w.queued, m)
	return uint64(len(w.queued) - 1), nil
}

// told is what the chain told a worker.
type told struct {
	worker  [32]byte
	message words.WorkerMessage
}

func newWorld(t testing.TB) *world { return newWorldOf(t, pool, clusters.Create{Replicas: 2}) }

func newWorldOf(t testing.TB, pool [][32]byte, create clusters.Create) *world {
	t.Helper()
	w := &world{Chain: frametest.New(t), t: t, pool: pool, dead: map[[32]byte]bool{}, ahead: 1000}
	sys := &system.Pallet{}
	w.money = &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: scale.U64(existential)}}
	w.pallet = &clusters.Pallet{
		Config:  clusters.Config{MaxReplicas: 4, ClusterDeposit: scale.U64(100), EscrowDeposit: scale.U64(existential), MaxEnvelope: 1000, SnapshotEvery: 1000, MaxClaims: 100, TermsNotice: 50},
		Workers: w, Queue: w, Money: w.money, Blocks: w, Seed: w, Contracts: w,
	}
	w.Start(frame.At{Index: 0, Module: sys}, frame.At{Index: 3, Module: w.money}, frame.At{Index: 23, Module: w.pallet})
	for _, who := range []chain.AccountID{alice, bob} {
		if err := w.money.Endow(w.Context(), who, scale.U64(10_000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Signed(alice, create); err != nil {
		t.Fatal(err)
	}
	for id := range w.pallet.Clusters.All(w.Context()) {
		w.cluster = id
	}
	if err := w.Signed(bob, clusters.Deposit{Cluster: w.cluster, Value: scale.U64(50)}); !errors.Is(err, clusters.ErrNotReady) {
		t.Errorf("a deposit into a cluster without keys: %v", err)
	}
	c, _ := w.pallet.Clusters.Get(w.Context(), w.cluster)
	if err := w.say(c.Members[0], w.key(0, 1)); err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Members[1:] {
		if err := w.say(m, words.ClusterOpened{Cluster: w.cluster, Keys: words.HashOfKeys(w.key(0, 1).HPKE)}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// key offers a secret for an epoch.
func (w *world) key(epoch, attempt uint32) words.ClusterKey {
	return words.ClusterKey{Cluster: w.cluster, Epoch: epoch, Attempt: attempt, HPKE: []words.HPKEKey{{Kem: 0x647a, Key: make([]byte, 1216)}, {Kem: 0x20, Key: make([]byte, 32)}}}
}

func (w *world) state() words.Cluster {
	c, _ := w.pallet.Clusters.Get(w.Context(), w.cluster)
	return c
}

// say brings what a member says, as the queue does: whole or not at all.
func (w *world) say(worker [32]byte, m words.UpMessage) error {
	ctx := w.Context()
	return ctx.Try(func() error {
		_, err := w.pallet.Receive(ctx, worker, scale.Encode(m))
		return err
	})
}

func (w *world) free(who chain.AccountID) uint64 {
	n, _ := w.money.Total(w.Context(), who).Uint64()
	return n
}

func (w *world) ledger() words.Ledger { return w.pallet.Ledgers.Get(w.Context(), w.cluster) }

func (w *world) receipts(from, next uint64, held int, list ...words.Withdrawal) words.Receipts {
	m := words.Receipts{Cluster: w.cluster, From: from, Next: next, StateRoot: hash.H256{byte(next)}, Held: scale.U64(uint64(held)), Withdrawals: list}
	for seq := from; seq < next; seq++ {
		m.Roots = append(m.Roots, hash.H256{byte(seq + 1)})
		m.Receipts = append(m.Receipts, words.Receipt{Seq: seq})
	}
	return m
}

func withdrawal(seq uint64, to chain.AccountID, amount uint64) words.Withdrawal {
	return words.Withdrawal{Seq: seq, From: alice, To: to, Amount: scale.U64(amount)}
}

// What a member says about money is taken when it adds up, once, and otherwise
// nothing of it is.
func TestEscrow(t *testing.T) {
	w := newWorld(t)
	mine := words.EscrowAccount(w.cluster)
	deposit := func(who chain.AccountID, n uint64) error {
		return w.Signed(who, clusters.Deposit{Cluster: w.cluster, Value: scale.U64(n)})
	}
	steps := []struct {
		name          string
		do            func() error
		want          error
		escrow        uint64
		coming        uint64
		alice, carol  uint64
		queued, heard int
	}{
		{"nothing", func() error { return deposit(alice, 0) }, clusters.ErrNothing, 0, 0, 9990, 0, 0, 0},
		{"nowhere", func() error { return w.Signed(alice, clusters.Deposit{Cluster: hash.H256{5}, Value: scale.U64(1)}) }, clusters.ErrNoSuchCluster, 0, 0, 9990, 0, 0, 0},
		{"more than there is", func() error { return deposit(alice, 9991) }, frame.ErrToken{Kind: frame.FundsUnavailable}, 0, 0, 9990, 0, 0, 0},
		{"all, so that the account would end", func() error { return deposit(bob, 10_000) }, frame.ErrToken{Kind: frame.NotExpendable}, 0, 0, 9990, 0, 0, 0},
		{"a deposit", func() error { return deposit(alice, 500) }, nil, 500, 500, 9490, 0, 1, 0},
		{"one of dust", func() error { return deposit(alice, 1) }, nil, 501, 501, 9489, 0, 2, 0},
		{"by a stranger", func() error { return w.say([32]byte{1}, w.receipts(0, 1, 500)) }, clusters.ErrNotMember, 501, 501, 9489, 0, 2, 0},
		{"more than was brought", func() error { return w.say(pool[0], w.receipts(0, 1, 501)) }, clusters.ErrUnbacked, 501, 501, 9489, 0, 2, 0},
		{"less than was brought", func() error { return w.say(pool[0], w.receipts(0, 1, 499)) }, clusters.ErrUnbacked, 501, 501, 9489, 0, 2, 0},
		{"as much as was brought", func() error { return w.say(pool[0], w.receipts(0, 1, 500)) }, nil, 501, 1, 9489, 0, 2, 1},
		{"again", func() error { return w.say(pool[0], w.receipts(0, 1, 500)) }, nil, 501, 1, 9489, 0, 2, 1},
		{"the rest, from further back", func() error { return w.say(pool[1], w.receipts(0, 2, 501)) }, nil, 501, 0, 9489, 0, 2, 2},
		{"a gap", func() error { return w.say(pool[1], w.receipts(3, 4, 501)) }, clusters.ErrGap, 501, 0, 9489, 0, 2, 2},
		{"a withdrawal", func() error { return w.say(pool[0], w.receipts(2, 3, 401, withdrawal(2, carol, 100))) }, nil, 401, 0, 9489, 100, 2, 3},
		{"of which another member tells", func() error { return w.say(pool[1], w.receipts(2, 3, 401, withdrawal(2, carol, 100))) }, nil, 401, 0, 9489, 100, 2, 3},
		{"and once more in what follows", func() error { return w.say(pool[1], w.receipts(2, 4, 401, withdrawal(2, carol, 100))) }, nil, 401, 0, 9489, 100, 2, 4},
		{"that the ledger still has", func() error { return w.say(pool[0], w.receipts(4, 5, 401, withdrawal(4, carol, 100))) }, clusters.ErrUnbacked, 401, 0, 9489, 100, 2, 4},
		{"more than there is", func() error { return w.say(pool[0], w.receipts(4, 5, 0, withdrawal(4, carol, 402))) }, clusters.ErrUnbacked, 401, 0, 9489, 100, 2, 4},
		{"one message twice", func() error {
			return w.say(pool[0], w.receipts(4, 5, 399, withdrawal(4, carol, 1), withdrawal(4, carol, 1)))
		}, clusters.ErrUnbacked, 401, 0, 9489, 100, 2, 4},
		{"in another order", func() error {
			return w.say(pool[0], w.receipts(4, 6, 399, withdrawal(5, carol, 1), withdrawal(4, carol, 1)))
		}, clusters.ErrUnbacked, 401, 0, 9489, 100, 2, 4},
		{"of a later message", func() error { return w.say(pool[0], w.receipts(4, 5, 400, withdrawal(5, carol, 1))) }, clusters.ErrUnbacked, 401, 0, 9489, 100, 2, 4},
		{"too many", func() error {
			return w.say(pool[0], w.receipts(4, 5, 401, make([]words.Withdrawal, words.MaxWithdrawals+1)...))
		}, clusters.ErrTooLong, 401, 0, 9489, 100, 2, 4},
		{"to a dead account, less than it needs", func() error {
			return w.say(pool[0], w.receipts(4, 5, 392, withdrawal(4, chain.AccountID{4}, 9)))
		}, nil, 401, 9, 9489, 100, 3, 5},
		{"what came back", func() error { return w.say(pool[0], w.receipts(5, 6, 401)) }, nil, 401, 0, 9489, 100, 3, 6},
		{"to the escrow itself", func() error { return w.say(pool[0], w.receipts(6, 7, 301, withdrawal(6, mine, 100))) }, nil, 401, 100, 9489, 100, 4, 7},
		{"more than is left of it", func() error { return w.say(pool[0], w.receipts(7, 8, 0, withdrawal(7, carol, 402))) }, clusters.ErrUnbacked, 401, 100, 9489, 100, 4, 7},
		{"most of it", func() error { return w.say(pool[0], w.receipts(7, 8, 100, withdrawal(7, carol, 301))) }, nil, 100, 0, 9489, 401, 4, 8},
		{"the last", func() error { return w.say(pool[0], w.receipts(8, 9, 0, withdrawal(8, carol, 100))) }, nil, 0, 0, 9489, 501, 4, 9},
		{"long envelope", func() error {
			return w.Signed(alice, clusters.Transact{Cluster: w.cluster, Envelope: make([]byte, 1001)})
		}, clusters.ErrTooLong, 0, 0, 9489, 501, 4, 9},
		{"an action", func() error { return w.Signed(alice, clusters.Transact{Cluster: w.cluster, Envelope: []byte{1}}) }, nil, 0, 0, 9489, 501, 5, 9},
	}
	for _, s := range steps {
		queued, done := len(w.queued), len(w.done)
		err := s.do()
		if err != nil { // what is undone in the chain
			w.queued, w.done = w.queued[:queued], w.done[:done]
		}
		l := w.ledger()
		got := fmt.Sprintf("%v: escrow %v, coming %v, alice %d, carol %d, %d queued, %d receipts", err, l.Escrow, l.Coming, w.free(alice), w.free(carol), len(w.queued), len(w.done))
		want := fmt.Sprintf("%v: escrow %d, coming %d, alice %d, carol %d, %d queued, %d receipts", s.want, s.escrow, s.coming, s.alice, s.carol, s.queued, s.heard)
		if got != want || !errors.Is(err, s.want) {
			t.Fatalf("%s:\n got %s\nwant %s", s.name, got, want)
		}
		if got := w.free(mine); got != s.escrow+existential {
			t.Fatalf("%s: the escrow's account has %d, and %d is in escrow", s.name, got, s.escrow)
		}
	}
	if want := (words.Return{Seq: 4, To: alice, Amount: scale.U64(9)}); w.queued[2] != want {
		t.Errorf("returned %+v, want %+v", w.queued[2], want)
	}
}

// Whatever accounts and members do, the account of the escrow has what the
// ledger is worth, no token comes up and none is lost. The ledger is a plain map
// here; members tell of what they executed in pieces of any size, in turn, also
// of what the other has told of.
func TestNothingIsLost(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	w := newWorld(t)
	users := []chain.AccountID{alice, bob, carol, {4}, {5}, words.EscrowAccount(w.cluster)}
	issued := w.money.TotalIssuance.Get(w.Context())
	inside := map[chain.AccountID]uint64{}
	var given []words.Withdrawal // by the message
	var held []int               // after each message
	executed := func() int {
		sum := 0
		for _, n := range inside {
			sum += int(n)
		}
		return sum
	}
	asked := map[int]words.Withdrawal{}
	execute := func() {
		for seq := len(held); seq < len(w.queued); seq++ {
			switch m := w.queued[seq].(type) {
			case words.Deposit:
				n, _ := m.Amount.Uint64()
				inside[m.From] += n
			case words.Return:
				n, _ := m.Amount.Uint64()
				inside[m.To] += n
			case words.Transact:
				x := asked[seq]
				if n, _ := x.Amount.Uint64(); n > 0 && inside[x.From] >= n {
					inside[x.From] -= n
					given = append(given, x)
				}
			}
			held = append(held, executed())
		}
	}
	told := [2]int{}
	for range 3000 {
		who := users[rng.IntN(3)]
		switch rng.IntN(4) {
		case 0:
			_ = w.Signed(who, clusters.Deposit{Cluster: w.cluster, Value: scale.U64(rng.Uint64N(40))})
		case 1:
			seq := len(w.queued)
			if w.Signed(who, clusters.Transact{Cluster: w.cluster}) == nil {
				asked[seq] = words.Withdrawal{Seq: uint64(seq), From: who, To: users[rng.IntN(len(users))], Amount: scale.U64(rng.Uint64N(40))}
			}
		case 2:
			execute()
		case 3:
			i := rng.IntN(2)
			from := told[i]
			if from == len(held) {
				continue
			}
			next := from + 1 + rng.IntN(len(held)-from)
			m := w.receipts(uint64(from), uint64(next), held[next-1])
			for _, x := range given {
				if x.Seq >= m.From && x.Seq < m.Next {
					m.Withdrawals = append(m.Withdrawals, x)
				}
			}
			err := w.say(pool[i], m)
			told[i] = next
			if err != nil && !errors.Is(err, clusters.ErrGap) && len(m.Withdrawals) <= words.MaxWithdrawals {
				t.Fatalf("messages %d to %d: %v", from, next, err)
			}
			if errors.Is(err, clusters.ErrGap) {
				t.Fatalf("a gap at %d", from)
			}
		}
		l := w.ledger()
		escrow, _ := l.Escrow.Uint64()
		if got := w.free(words.EscrowAccount(w.cluster)); got != escrow+existential {
			t.Fatalf("the escrow's account has %d, the ledger %d", got, escrow)
		}
		if got := w.money.TotalIssuance.Get(w.Context()); got != issued {
			t.Fatalf("%v tokens are issued, were %v", got, issued)
		}
		sum := scale.U128{}
		for _, u := range append(users[:5:5], words.EscrowAccount(w.cluster)) {
			sum = sum.AddSat(w.money.Total(w.Context(), u))
		}
		if sum != issued {
			t.Fatalf("%v tokens are there, %v are issued", sum, issued)
		}
	}
	if len(given) < 50 {
		t.Errorf("only %d withdrawals", len(given))
	}
}
