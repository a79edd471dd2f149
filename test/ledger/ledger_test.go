// Package ledger tests the two halves of a cluster's money against each other:
// the pallet that keeps the escrow, and the cluster that keeps the ledger.
package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/cluster"
	"github.com/tacit-network/tacit/worker/executor"
	"github.com/tacit-network/tacit/worker/store"
)

const existential = 10

// network is the pallet over balances, and two replicas of one cluster.
type network struct {
	*frametest.Chain
	t        *testing.T
	money    *balances.Pallet
	pallet   *clusters.Pallet
	id       hash.H256
	queue    []queue.Message
	replicas [2]*replica
}

// replica is a member with its state, and what it told the chain of so far.
type replica struct {
	identity [32]byte
	cluster  *cluster.Cluster
	state    state
	done     int // messages that it executed
	told     int // messages that it told of
	given    []words.Withdrawal
	after    []mark // after each message
	receipts []words.Receipt
}

type mark struct {
	root hash.H256
	held scale.U128
}

type state map[store.Key][]byte

func (s state) Get(k store.Key) ([]byte, bool) { v, ok := s[k]; return v, ok }

func (s state) With(prefix []byte) (out []store.Key) {
	for k := range s {
		if bytes.HasPrefix(k[:], prefix) {
			out = append(out, k)
		}
	}
	return out
}

// wallet is the code of a contract that takes and gives money.
type wallet struct {
	*executor.Inside
	shelf shelf
}

// Source implements cluster.Codes.
func (w wallet) Source(ctx context.Context, code hash.H256) ([]byte, error) {
	wasm, _, err := w.shelf.Code(ctx, code)
	return wasm, err
}

// shelf has one code.
type shelf struct {
	name hash.H256
	wasm []byte
}

// Code implements executor.Source.
func (s shelf) Code(_ context.Context, code hash.H256) ([]byte, vm.Native, error) {
	if code != s.name {
		return nil, nil, cluster.NoCode{Code: code}
	}
	return s.wasm, nil, nil
}

// Keep implements executor.Source.
func (shelf) Keep(hash.H256, vm.Native) {}

func build(t *testing.T) wallet {
	t.Helper()
	wasm := filepath.Join(t.TempDir(), "wallet.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", wasm, "../../examples/wallet")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	code, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	name := hash.H256{0xc0}
	one := shelf{name, code}
	x, err := executor.NewInside(t.Context(), vm.Config{}, one)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(context.Background()) })
	return wallet{x, one}
}

func (n *network) Eligible(*frame.Context, uint8) [][32]byte {
	return [][32]byte{n.replicas[0].identity, n.replicas[1].identity}
}
func (n *network) Live(*frame.Context, [32]byte) bool            { return true }
func (n *network) MayServe(*frame.Context, [32]byte, uint8) bool { return true }
func (n *network) Slash(*frame.Context, [32]byte, *[32]byte)     {}
func (n *network) Head(*frame.Context, queue.Destination) queue.Head {
	return queue.Head{Count: uint64(len(n.queue))}
}
func (n *network) Seed(*frame.Context) hash.H256                                  { return hash.H256{7} }
func (n *network) CodeChecked(*frame.Context, hash.H256, hash.H256, bool, []byte) {}
func (n *network) Receipt(*frame.Context, hash.H256, [32]byte, words.Receipt)     {}

// Push implements clusters.Queue.
func (n *network) Push(_ *frame.Context, to queue.Destination, origin queue.MessageOrigin, payload []byte) (uint64, error) {
	if _, ok := to.(queue.ToCluster); !ok {
		return 0, nil
	}
	seq := uint64(len(n.queue))
	n.queue = append(n.queue, queue.Message{Seq: seq, Block: 1, Time: 1000, Origin: origin, Payload: payload})
	return seq, nil
}

// call makes a call of the chain. What it queued is forgotten when it fails.
func (n *network) call(who chain.AccountID, c any) error {
	before := len(n.queue)
	err := n.Signed(who, c)
	if err != nil {
		n.queue = n.queue[:before]
	}
	return err
}

func newNetwork(t *testing.T, people []chain.AccountID) *network {
	t.Helper()
	n := &network{Chain: frametest.New(t), t: t, replicas: [2]*replica{{identity: [32]byte{0xa}, state: state{}}, {identity: [32]byte{0xb}, state: state{}}}}
	sys := &system.Pallet{}
	n.money = &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: scale.U64(existential)}}
	n.pallet = &clusters.Pallet{
		Config:  clusters.Config{MaxReplicas: 2, EscrowDeposit: scale.U64(existential), MaxEnvelope: 64 << 10},
		Workers: n, Queue: n, Money: n.money, Blocks: n, Seed: n, Contracts: n,
	}
	n.Start(frame.At{Index: 0, Module: sys}, frame.At{Index: 3, Module: n.money}, frame.At{Index: 23, Module: n.pallet})
	for _, who := range people {
		if err := n.money.Endow(n.Context(), who, scale.U64(1000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.call(people[0], clusters.Create{Replicas: 2}); err != nil {
		t.Fatal(err)
	}
	for id := range n.pallet.Clusters.All(n.Context()) {
		n.id = id
	}
	codes := build(t)
	for _, r := range n.replicas {
		var err error
		if r.cluster, err = cluster.New(n.id, n.Hash(0), seal.SecretFrom([32]byte{3}), seal.SecretFrom([32]byte{3}), 0, codes); err != nil {
			t.Fatal(err)
		}
	}
	c, _ := n.pallet.Clusters.Get(n.Context(), n.id)
	if err := n.say(c.Members[0], words.ClusterKey{Cluster: n.id, Attempt: 1, HPKE: n.replicas[0].cluster.Keys()}); err != nil {
		t.Fatal(err)
	}
	if err := n.say(c.Members[1], words.ClusterOpened{Cluster: n.id, Keys: words.HashOfKeys(n.replicas[0].cluster.Keys())}); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *network) say(worker [32]byte, m words.UpMessage) error {
	ctx, before := n.Context(), len(n.queue)
	err := ctx.Try(func() error {
		_, err := n.pallet.Receive(ctx, worker, scale.Encode(m))
		return err
	})
	if err != nil {
		n.queue = n.queue[:before]
	}
	return err
}

// envelope seals what somebody asks of the cluster, or of a contract.
func (n *network) envelope(who chain.AccountID, target hash.H256, kind uint8, input []byte) []byte {
	n.t.Helper()
	k := n.replicas[0].cluster.Keys()[1] // plain X25519, which is fast
	to, err := seal.ParsePublicKey(k.Kem, k.Key)
	if err != nil {
		n.t.Fatal(err)
	}
	e, err := seal.SealMessage(to, seal.InfoCommand, seal.Context{Genesis: n.Hash(0), Target: n.id, Contract: target, Origin: who},
		seal.Message{Kind: kind, Nonce: seal.NewNonce(), Reply: seal.KeyOf(to), Input: input})
	if err != nil {
		n.t.Fatal(err)
	}
	return e
}

// execute lets a replica do the next messages.
func (n *network) execute(r *replica, most int) {
	n.t.Helper()
	for ; r.done < len(n.queue) && most > 0; most-- {
		tx, err := r.cluster.Begin(r.state)
		if err != nil {
			n.t.Fatal(err)
		}
		m := n.queue[r.done]
		res, err := r.cluster.Execute(context.Background(), tx, m, hash.H256{byte(m.Seq), byte(m.Seq >> 8)})
		if err != nil {
			n.t.Fatal(err)
		}
		changes, err := tx.Changes()
		if err != nil {
			n.t.Fatal(err)
		}
		for _, c := range changes {
			if c.Value == nil {
				delete(r.state, c.Key)
			} else {
				r.state[c.Key] = c.Value
			}
		}
		r.done++
		root, err := tx.Root(uint64(r.done))
		if err != nil {
			n.t.Fatal(err)
		}
		r.after = append(r.after, mark{root, tx.Held()})
		r.receipts = append(r.receipts, *res.Receipt)
		if res.Withdrawal != nil {
			r.given = append(r.given, *res.Withdrawal)
		}
	}
}

// tell lets a replica tell the chain of some of what it did.
func (n *network) tell(r *replica, most int) {
	n.t.Helper()
	next := min(r.told+most, r.done)
	if next == r.told {
		return
	}
	m := words.Receipts{
		Cluster: n.id, From: uint64(r.told), Next: uint64(next), StateRoot: r.after[next-1].root, Held: r.after[next-1].held,
		Receipts: r.receipts[r.told:next],
	}
	for _, a := range r.after[r.told:next] {
		m.Roots = append(m.Roots, a.root)
	}
	for _, w := range r.given {
		if w.Seq >= m.From && w.Seq < m.Next {
			m.Withdrawals = append(m.Withdrawals, w)
		}
	}
	if err := n.say(r.identity, m); err != nil {
		n.t.Fatalf("messages %d to %d: %v", m.From, m.Next, err)
	}
	r.told = next
}

// Accounts deposit, pay each other and a contract, take out of it, and withdraw,
// to accounts that are there and to such as are not, while two replicas execute
// and tell of it at paces of their own. At every moment the tokens of the chain
// are all there, and in the end the ledger is what is in escrow.
func TestNothingIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a contract")
	}
	rng := rand.New(rand.NewPCG(21, 22))
	people := []chain.AccountID{{1}, {2}, {3}}
	n := newNetwork(t, people)
	to := append(people[:3:3], chain.AccountID{4}, chain.AccountID{5}, words.EscrowAccount(n.id))
	issued := n.money.TotalIssuance.Get(n.Context())

	code, owner := hash.H256{0xc0}, people[0]
	contract := words.ContractID(owner, code, n.id, nil)
	selector := func(name string) []byte { h := hash.Blake2b256([]byte(name)); return h[:4] }
	made := words.Instantiate{Contract: contract, Deployer: owner, Code: code, Envelope: n.envelope(owner, contract, seal.KindCall, append(selector("new"), 12, 'T', 'E', 'A'))}
	if _, err := n.Push(nil, queue.ToCluster{ID: n.id}, queue.OriginAccount{ID: owner}, scale.Encode[words.ClusterMessage](made)); err != nil {
		t.Fatal(err)
	}
	act := func(who chain.AccountID, a words.Action) {
		e := n.envelope(who, n.id, seal.KindLedger, scale.Encode(a))
		if err := n.call(who, clusters.Transact{Cluster: n.id, Envelope: e}); err != nil {
			t.Fatal(err)
		}
	}
	var last []byte
	for step := range 1500 {
		who, amount := people[rng.IntN(3)], scale.U64(rng.Uint64N(30))
		switch rng.IntN(10) {
		case 0, 1:
			err := n.call(who, clusters.Deposit{Cluster: n.id, Value: amount})
			if err != nil && !errors.Is(err, clusters.ErrNothing) && !errors.Is(err, frame.ErrToken{Kind: frame.FundsUnavailable}) && !errors.Is(err, frame.ErrToken{Kind: frame.NotExpendable}) {
				t.Fatal(err)
			}
		case 2:
			act(who, words.Transfer{To: append(to, chain.AccountID(contract))[rng.IntN(7)], Amount: amount})
		case 3:
			act(who, words.Withdraw{To: to[rng.IntN(len(to))], Amount: amount})
		case 4:
			act(who, words.Call{Contract: contract, Value: amount, Input: selector("deposit")})
		case 5:
			act(who, words.Call{Contract: contract, Input: append(selector("withdraw"), scale.Marshal(amount)...)})
		case 6:
			// Again what was sent before, or for a message that takes no money.
			if last != nil && rng.IntN(2) == 0 {
				if err := n.call(who, clusters.Transact{Cluster: n.id, Envelope: last}); err != nil {
					t.Fatal(err)
				}
			}
			last = n.envelope(who, n.id, seal.KindLedger, scale.Encode[words.Action](words.Call{Contract: contract, Value: amount, Input: selector("mine")}))
			if err := n.call(who, clusters.Transact{Cluster: n.id, Envelope: last}); err != nil {
				t.Fatal(err)
			}
		case 7, 8:
			n.execute(n.replicas[rng.IntN(2)], 1+rng.IntN(8))
		case 9:
			n.tell(n.replicas[rng.IntN(2)], 1+rng.IntN(40))
		}
		n.check(fmt.Sprint("step ", step), issued, to)
	}
	// What comes back is executed too, until nothing is on its way.
	for range 5 {
		for _, r := range n.replicas {
			n.execute(r, len(n.queue))
			for r.told < r.done {
				n.tell(r, 40)
			}
		}
	}
	n.check("in the end", issued, to)
	l := n.pallet.Ledgers.Get(n.Context(), n.id)
	a, b := n.replicas[0].after, n.replicas[1].after
	if !l.Coming.IsZero() || l.Escrow != a[len(a)-1].held || l.Escrow.IsZero() {
		t.Errorf("in escrow are %v, of which %v are coming, and the ledger has %v", l.Escrow, l.Coming, a[len(a)-1].held)
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("after message %d the replicas are at %v and %v", i, a[i], b[i])
		}
	}
	// The sum of what everybody holds is what the ledger says that it is.
	sum := scale.U128{}
	for _, who := range append(to[:5:5], chain.AccountID(contract)) {
		held, err := n.replicas[0].cluster.Balance(n.replicas[0].state, holder(who, contract, owner), who)
		if err != nil {
			t.Fatal(err)
		}
		sum = sum.AddSat(held)
	}
	escrow, err := n.replicas[0].cluster.Balance(n.replicas[0].state, words.EscrowAccount(n.id), words.EscrowAccount(n.id))
	if err != nil {
		t.Fatal(err)
	}
	if sum = sum.AddSat(escrow); sum != l.Escrow {
		t.Errorf("everybody together holds %v, in escrow are %v", sum, l.Escrow)
	}
	if paid := len(n.replicas[0].given); paid < 30 {
		t.Errorf("only %d withdrawals", paid)
	}
}

// holder is who may ask what who holds.
func holder(who chain.AccountID, contract hash.H256, owner chain.AccountID) chain.AccountID {
	if who == chain.AccountID(contract) {
		return owner
	}
	return who
}

// check compares the chain's books.
func (n *network) check(when string, issued scale.U128, people []chain.AccountID) {
	n.t.Helper()
	ctx := n.Context()
	if now := n.money.TotalIssuance.Get(ctx); now != issued {
		n.t.Fatalf("%s: %v tokens are issued, were %v", when, now, issued)
	}
	sum := scale.U128{}
	for _, who := range people {
		sum = sum.AddSat(n.money.Total(ctx, who))
	}
	if sum != issued {
		n.t.Fatalf("%s: accounts have %v of %v tokens", when, sum, issued)
	}
	l := n.pallet.Ledgers.Get(ctx, n.id)
	if has := n.money.Total(ctx, words.EscrowAccount(n.id)); has != l.Escrow.AddSat(scale.U64(existential)) {
		n.t.Fatalf("%s: the escrow's account has %v, in escrow are %v", when, has, l.Escrow)
	}
}
