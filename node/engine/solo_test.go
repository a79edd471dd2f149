package engine_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/scale"
)

// net is a chain of n validators under one driver.
type net struct {
	*testing.T
	app  *engine.App
	pool *pool.Pool
	solo *engine.Solo
	now  uint64
}

func validators(t testing.TB, n int) (pairs []keys.GrandpaPair, spec engine.Spec) {
	spec = engine.Spec{Name: "Test", ID: "test", Kind: engine.Development, Symbol: "TACIT", BlockTime: 1000}
	for i := range n {
		s, validator, err := keystore.DevelopValidator(fmt.Sprintf("//validator//%d", i))
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, s.Grandpa)
		spec.Genesis.Validators = append(spec.Genesis.Validators, validator)
	}
	alice := account(t, "//Alice")
	spec.Genesis.Balances = []runtime.Endowment{{Account: alice.AccountID(), Amount: runtime.Unit.MulSat(scale.U64(1000))}}
	return pairs, spec
}

func account(t testing.TB, uri string) keys.Pair {
	p, err := keys.FromURI(keys.Sr25519, uri)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func open(t *testing.T, n int, fs vfs.FS) *net {
	pairs, spec := validators(t, n)
	return openChain(t, spec, pairs, fs)
}

func openChain(t *testing.T, spec engine.Spec, pairs []keys.GrandpaPair, fs vfs.FS) *net {
	db, err := store.Open(store.Config{Dir: "chain", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db})
	if err != nil {
		t.Fatal(err)
	}
	p := pool.New(app)
	app.UsePool(p)
	return &net{T: t, app: app, pool: p, solo: engine.NewSolo(app, pairs), now: 1_000_000 + uint64(app.Head().Number)*1000}
}

func (n *net) step() chain.Header {
	n.Helper()
	n.now += 1000
	h, err := n.solo.Step(n.now)
	if err != nil {
		n.Fatal(err)
	}
	n.pool.Finalized(n.app.Final())
	return h
}

func (n *net) sign(who keys.Pair, nonce uint32, call any) []byte {
	implicit := chain.Implicit{SpecVersion: runtime.SpecVersion, TxVersion: 1, Genesis: n.app.Genesis(), EraBlock: n.app.Genesis()}
	return chain.SignExtrinsic(who, scale.Marshal(n.app.Runtime().CallOf(call)), chain.Extra{Nonce: nonce}, implicit).Encode()
}

func (n *net) pay(nonce uint32) []byte {
	return n.sign(account(n, "//Alice"), nonce, balances.TransferKeepAlive{
		Dest: chain.AddressID{ID: account(n, "//Bob").AccountID()}, Value: runtime.Unit,
	})
}

func kinds(w *pool.Watch) (list []pool.Kind) {
	for {
		select {
		case s, ok := <-w.Statuses():
			if !ok {
				return list
			}
			list = append(list, s.Kind)
		default:
			return list
		}
	}
}

func equal(a, b []pool.Kind) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// A light client that knows genesis alone follows every block.
func TestLightClientFollows(t *testing.T) {
	n := open(t, 4, vfs.NewMem())
	for range 10 {
		n.step()
	}
	if got := n.app.Final(); got != 9 {
		t.Fatalf("block %d is final after 10 blocks, want 9", got)
	}
	set, err := n.app.Voters(0)
	if err != nil {
		t.Fatal(err)
	}
	light, err := grandpa.NewLightChain(grandpa.Target{Hash: n.app.Genesis()}, set.AuthoritySet)
	if err != nil {
		t.Fatal(err)
	}
	for i := chain.BlockNumber(1); i <= 9; i++ {
		h, err := n.app.Store().HeaderAt(i)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := n.app.Store().Justification(i)
		if err != nil {
			t.Fatal(err)
		}
		j, err := grandpa.DecodeJustification(raw)
		if err != nil {
			t.Fatal(err)
		}
		if light, err = light.Step(h, j); err != nil {
			t.Fatalf("block %d: %v", i, err)
		}
		if len(j.Commit.Precommits) != 3 {
			t.Errorf("block %d has %d votes, 3 of 4 are the fewest", i, len(j.Commit.Precommits))
		}
		seal := [32]byte(account(t, "//Alice").AccountID())
		if !chain.VerifyAuraSeal(h, seal) {
			t.Errorf("block %d has no formal seal", i)
		}
	}
	// From block 3 on, each block proves that the one two before is final.
	body, err := n.app.Store().Body(n.app.Head().Hash())
	if err != nil || len(body) != 2 {
		t.Errorf("block 10 has %d extrinsics, %v; want the time and a proof", len(body), err)
	}
}

func TestPoolStatuses(t *testing.T) {
	n := open(t, 1, vfs.NewMem())
	n.step()
	later, err := n.pool.SubmitAndWatch(n.pay(1))
	if err != nil {
		t.Fatal(err)
	}
	if got := kinds(later); !equal(got, []pool.Kind{pool.Future}) {
		t.Fatalf("nonce 1 before 0: %v", got)
	}
	first, err := n.pool.SubmitAndWatch(n.pay(0))
	if err != nil {
		t.Fatal(err)
	}
	n.step()
	if got := kinds(first); !equal(got, []pool.Kind{pool.Ready, pool.Broadcast, pool.InBlock}) {
		t.Errorf("first: %v", got)
	}
	n.step()
	if got := kinds(first); !equal(got, []pool.Kind{pool.Finalized}) {
		t.Errorf("first, a block later: %v", got)
	}
	if got := kinds(later); !equal(got, []pool.Kind{pool.Ready, pool.Broadcast, pool.InBlock, pool.Finalized}) {
		t.Errorf("later: %v", got)
	}
}

func TestPoolRefuses(t *testing.T) {
	n := open(t, 1, vfs.NewMem())
	n.step()
	if _, err := n.pool.Submit(n.pay(0)); err != nil {
		t.Fatal(err)
	}
	forged := n.pay(1)
	forged[60] ^= 1
	good := n.pay(0)
	for _, c := range []struct {
		name string
		tx   []byte
		want error
	}{
		{"known", nil, pool.ErrPriority{}},
		{"forged", forged, frame.Invalid{Reason: frame.BadProof{}}},
		{"no money", n.sign(account(t, "//Bob"), 0, balances.Burn{}), frame.Invalid{Reason: frame.Payment{}}},
		{"truncated", good[:len(good)-1], pool.ErrFormat},
		{"inherent", scale.AppendBytes(nil, n.app.Runtime().Bare(n.app.Runtime().SetTime(1))), frame.Invalid{Reason: frame.MandatoryValidation{}}},
	} {
		if c.tx == nil { // a second transfer of the same nonce, signed anew
			c.tx = n.pay(0)
			if _, err := n.pool.Submit(c.tx); err == nil {
				t.Errorf("%s: taken", c.name)
			} else if _, low := errors.AsType[pool.ErrPriority](err); !low && !errors.Is(err, pool.ErrKnown) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if _, err := n.pool.Submit(c.tx); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	n.step()
	if _, err := n.pool.Submit(n.pay(0)); !errors.Is(err, frame.Invalid{Reason: frame.Stale{}}) {
		t.Errorf("used nonce: %v", err)
	}
}

// What was synced is there after a crash, and the chain goes on from there.
func TestRestart(t *testing.T) {
	fs := vfs.NewCrashableMem()
	n := open(t, 1, fs)
	for range 5 {
		n.step()
	}
	want := n.app.Head()
	again := open(t, 1, fs.CrashClone(vfs.CrashCloneCfg{}))
	if got := again.app.Head(); got.Hash() != want.Hash() {
		t.Fatalf("the head after a crash is %d, want %d", got.Number, want.Number)
	}
	again.now = n.now
	again.step()
	if h := again.step(); h.Number != 7 {
		t.Errorf("after the crash comes block %d", h.Number)
	}
}

func TestOtherChainRefused(t *testing.T) {
	fs := vfs.NewMem()
	db, err := store.Open(store.Config{Dir: "chain", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, spec := validators(t, 1)
	if _, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db}); err != nil {
		t.Fatal(err)
	}
	_, spec = validators(t, 2)
	if _, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db}); err == nil {
		t.Error("a database of another chain is taken")
	}
}

// A state that was pruned is told as such, and the newest ones answer.
func TestPrunedState(t *testing.T) {
	pairs, spec := validators(t, 1)
	db, err := store.Open(store.Config{Keep: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db})
	if err != nil {
		t.Fatal(err)
	}
	solo := engine.NewSolo(app, pairs)
	for i := range uint64(10) {
		if _, err := solo.Step(1_000_000 + i*1000); err != nil {
			t.Fatal(err)
		}
	}
	for n := range chain.BlockNumber(11) {
		h, err := db.HashOf(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := app.Nonce(h, account(t, "//Alice").AccountID()); errors.Is(err, store.ErrPruned) != (n < 7) || (err != nil) != (n < 7) {
			t.Errorf("block %d of 10: %v", n, err)
		}
	}
}
