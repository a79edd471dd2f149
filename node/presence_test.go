package node

import (
	"log/slog"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// A node shows once a session that a validator and a candidate are there, of
// whom the candidate then is elected; for keys that nobody votes with it says
// nothing.
func TestHeartbeats(t *testing.T) {
	spec := engine.Spec{Name: "Test", ID: "test", Kind: engine.Development, Symbol: "TACIT", BlockTime: 1000, GenesisTime: 1_700_000_000_000}
	spec.Genesis.SessionBlocks = 10
	spec.Genesis.Staking = staking.Genesis{ValidatorCount: 5, MinimumValidatorCount: 1}
	var grandpas []keys.GrandpaPair
	var beacons []keys.Pair
	var who []chain.AccountID
	for i, name := range engine.DevelopmentNames[:4] {
		s, v, err := keystore.DevelopValidator(name)
		if err != nil {
			t.Fatal(err)
		}
		grandpas, beacons, who = append(grandpas, s.Grandpa), append(beacons, s.Beacon), append(who, v.Account)
		if i < 2 {
			spec.Genesis.Validators = append(spec.Genesis.Validators, v)
		}
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: v.Account, Amount: runtime.Unit.MulSat(scale.U64(1000))})
		if i < 3 { // Charlie waits; Dave has nothing at stake
			spec.Genesis.Staking.Stakers = append(spec.Genesis.Staking.Stakers, staking.Staker{Stash: v.Account, Amount: runtime.Unit})
		}
	}
	db, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db})
	if err != nil {
		t.Fatal(err)
	}
	txs := pool.New(app)
	app.UsePool(txs)
	solo := engine.NewSolo(app, grandpas)
	sent := 0
	p := &presence{app: app, pairs: beacons, log: slog.New(slog.DiscardHandler), sent: map[[32]byte]chain.BlockNumber{}, submit: func(whole []byte) error {
		sent++
		_, err := txs.Submit(whole)
		return err
	}}
	step := func() {
		t.Helper()
		if err := p.beat(); err != nil {
			t.Fatal(err)
		}
		if _, err := solo.Step(spec.GenesisTime + 1000*uint64(app.Head().Number+1)); err != nil {
			t.Fatal(err)
		}
	}
	// Charlie names his keys before he can be seen.
	charlie, err := keys.FromURI(keys.Sr25519, "//Charlie")
	if err != nil {
		t.Fatal(err)
	}
	s, err := keystore.Develop("//Charlie")
	if err != nil {
		t.Fatal(err)
	}
	setKeys(t, app, txs, charlie, s)
	for range 9 {
		step()
	}
	state, err := app.StateAt(app.Head().Hash())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, true, true, false} {
		if _, ok := app.Runtime().ImOnline.LastSeen.Get(state, who[i]); ok != want {
			t.Errorf("%s was seen: %v", engine.DevelopmentNames[i], ok)
		}
	}
	if sent != 3 {
		t.Errorf("%d heartbeats in a session", sent)
	}
	for app.Head().Number < 62 {
		step()
	}
	if state, err = app.StateAt(app.Head().Hash()); err != nil {
		t.Fatal(err)
	}
	if now := app.Runtime().Session.Validators.Get(state); len(now) != 3 {
		t.Errorf("%d validators", len(now))
	}
}

// setKeys lets an account name its session keys.
func setKeys(t *testing.T, app *engine.App, txs *pool.Pool, who keys.Pair, s keystore.Session) {
	t.Helper()
	call := session.SetKeys{Keys: s.Public(), Proof: s.Prove(who.AccountID())}
	x := chain.SignExtrinsic(who, scale.Marshal(app.Runtime().CallOf(call)), chain.Extra{}, chain.Implicit{
		SpecVersion: runtime.SpecVersion, TxVersion: runtime.TransactionVersion, Genesis: app.Genesis(), EraBlock: app.Genesis(),
	})
	if _, err := txs.Submit(x.Encode()); err != nil {
		t.Fatal(err)
	}
}
