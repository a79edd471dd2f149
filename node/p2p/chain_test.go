package p2p

import (
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/scale"
)

// testChain is a chain of some validators in one process, whose sessions are
// one block long.
type testChain struct {
	testing.TB
	app   *engine.App
	pool  *pool.Pool
	solo  *engine.Solo
	spec  engine.Spec
	alice keys.Pair
	nonce uint32
	now   uint64
}

func newChain(t testing.TB, validators int, keep uint32) *testChain {
	c := &testChain{TB: t, now: 1_000_000}
	c.spec = engine.Spec{Name: "Test", ID: "test", Kind: engine.Development, Symbol: "TACIT", BlockTime: 1000}
	var pairs []keys.GrandpaPair
	for i := range validators {
		s, v, err := keystore.DevelopValidator(fmt.Sprintf("//validator//%d", i))
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, s.Grandpa)
		c.spec.Genesis.Validators = append(c.spec.Genesis.Validators, v)
	}
	alice, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		t.Fatal(err)
	}
	who := alice.AccountID()
	c.alice = alice
	c.spec.Genesis.Sudo, c.spec.Genesis.SessionBlocks = &who, 1
	c.spec.Genesis.Balances = []runtime.Endowment{{Account: who, Amount: runtime.Unit.MulSat(scale.U64(1_000_000))}}
	db, err := store.Open(store.Config{Keep: keep})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if c.app, err = engine.NewApp(engine.Config{Spec: c.spec, Runtime: runtime.New(), Store: db}); err != nil {
		t.Fatal(err)
	}
	c.pool = pool.New(c.app)
	c.app.UsePool(c.pool)
	c.solo = engine.NewSolo(c.app, pairs)
	return c
}

// step makes n blocks.
func (c *testChain) step(n int) {
	c.Helper()
	for range n {
		c.now += 1000
		if _, err := c.solo.Step(c.now); err != nil {
			c.Fatal(err)
		}
		c.pool.Finalized(c.app.Final())
	}
}

// sign signs a call of Alice.
func (c *testChain) sign(call any) []byte {
	implicit := chain.Implicit{SpecVersion: runtime.SpecVersion, TxVersion: 1, Genesis: c.app.Genesis(), EraBlock: c.app.Genesis()}
	raw := chain.SignExtrinsic(c.alice, scale.Marshal(c.app.Runtime().CallOf(call)), chain.Extra{Nonce: c.nonce}, implicit).Encode()
	c.nonce++
	return raw
}

// change plans another set: the validators with these places in genesis.
func (c *testChain) change(places ...int) {
	c.Helper()
	var list []chain.AccountID
	for _, i := range places {
		list = append(list, c.spec.Genesis.Validators[i].Account)
	}
	if _, err := c.pool.Submit(c.sign(sudo.Sudo{Call: c.app.Runtime().CallOf(session.SetValidators{Validators: list})})); err != nil {
		c.Fatal(err)
	}
}

// changes makes n blocks of which each changes the set, but for the first few.
func (c *testChain) changes(n int) {
	c.Helper()
	for i := range n {
		c.change(i%2, 2)
		c.step(1)
	}
}

// genesisSet is the set that finalises block 1, as the spec names it: the
// state of block 0 may be gone.
func (c *testChain) genesisSet() grandpa.AuthoritySet {
	var set grandpa.AuthoritySet
	for _, v := range c.spec.Genesis.Validators {
		set.Authorities = append(set.Authorities, grandpa.Authority{ID: [32]byte(v.Keys.Grandpa), Weight: 1})
	}
	return set
}

func (c *testChain) header(n chain.BlockNumber) chain.Header {
	c.Helper()
	h, err := c.app.Store().HeaderAt(n)
	if err != nil {
		c.Fatal(err)
	}
	return h
}
