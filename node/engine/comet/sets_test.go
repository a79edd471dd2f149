package comet

import (
	"slices"
	"testing"

	"github.com/cometbft/cometbft/types"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/scale"
)

// send signs a call and gives it to a node.
func (p *peer) send(t testing.TB, uri string, nonce uint32, call any) {
	t.Helper()
	implicit := chain.Implicit{SpecVersion: runtime.SpecVersion, TxVersion: 1, Genesis: p.app.Genesis(), EraBlock: p.app.Genesis()}
	tx := chain.SignExtrinsic(pairOf(t, keys.Sr25519, uri), scale.Marshal(p.app.Runtime().CallOf(call)), chain.Extra{Nonce: nonce}, implicit)
	if _, err := p.pool.Submit(tx.Encode()); err != nil {
		t.Fatal(err)
	}
}

// until waits until the voters are as wanted, and three blocks more are final.
func (p *peer) until(t testing.TB, what string, want func(engine.Voters) bool) {
	t.Helper()
	for n, end := p.app.Final(), p.app.Final()+60; n < end; n++ {
		p.final(t, n)
		if v, err := p.app.Voters(p.app.Head().Number); err == nil && want(v) {
			p.final(t, p.app.Head().Number+3)
			return
		}
	}
	t.Fatalf("60 blocks later: not %s", what)
}

// A validator joins, one that is off is removed, and one takes other keys: its
// node has both and goes on. A light client from genesis follows all of it.
func TestSetChanges(t *testing.T) {
	spec := specOf(t, 4, 200)
	root := pairOf(t, keys.Sr25519, "//Alice").AccountID()
	spec.Genesis.Sudo, spec.Genesis.SessionBlocks = &root, 4
	joining, joins := sessionOf(t, 4)
	plenty := runtime.Unit.MulSat(scale.U64(100))
	fresh, err := keystore.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []chain.AccountID{joins.Account, spec.Genesis.Validators[0].Account} {
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: who, Amount: plenty})
	}
	var peers []*peer
	var known []string
	for i := range 5 {
		cfg := Config{Home: t.TempDir(), Listen: freeAddress(t), Peers: known}
		if i == 0 {
			cfg.Validators = []keys.Pair{engineOf(t, 0), fresh.Engine}
			cfg.Grandpa = []keys.GrandpaPair{grandpaOf(t, 0), fresh.Grandpa}
		}
		if i == 4 { // it follows, and has the keys that it will need
			cfg.Validators, cfg.Grandpa = []keys.Pair{joining.Engine}, []keys.GrandpaPair{joining.Grandpa}
		}
		p := start(t, spec, i, store.Config{}, cfg)
		known, peers = append(known, p.node.Peer()), append(peers, p)
	}
	peers[4].final(t, 2)
	plan := func(nonce uint32, places ...int) {
		var list []chain.AccountID
		for _, i := range places {
			_, v := sessionOf(t, i)
			list = append(list, v.Account)
		}
		peers[0].send(t, "//Alice", nonce, sudo.Sudo{Call: peers[0].app.Runtime().CallOf(session.SetValidators{Validators: list})})
	}
	has := func(v engine.Voters, key keys.Pair) bool {
		return slices.Contains(v.Engine, session.EngineKey(key.Public()))
	}

	peers[4].send(t, "//validator//4", 0, session.SetKeys{Keys: joining.Public(), Proof: joining.Prove(joins.Account)})
	peers[0].until(t, "with the keys of the one that joins", func(engine.Voters) bool {
		account, err := peers[0].app.Nonce(peers[0].app.Head().Hash(), joins.Account)
		return err == nil && account == 1
	})
	plan(0, 0, 1, 2, 3, 4)
	peers[0].until(t, "five voters", func(v engine.Voters) bool { return len(v.Authorities) == 5 })

	peers[3].end(t)
	plan(1, 0, 1, 2, 4)
	peers[0].until(t, "without the one that is off", func(v engine.Voters) bool { return len(v.Authorities) == 4 && has(v, joining.Engine) })

	_, zero := sessionOf(t, 0)
	peers[0].send(t, "//validator//0", 0, session.SetKeys{Keys: fresh.Public(), Proof: fresh.Prove(zero.Account)})
	peers[0].until(t, "other keys", func(v engine.Voters) bool { return has(v, fresh.Engine) && !has(v, engineOf(t, 0)) })

	at := peers[0].app.Final()
	for _, i := range []int{0, 1, 2, 4} {
		peers[i].final(t, at)
		follow(t, peers[i].app, at)
	}
	// The node votes with its new key.
	voted := false
	for height := at - 2; height <= at; height++ {
		commit := peers[1].node.comet.BlockStore().LoadBlockCommit(int64(height))
		voted = voted || slices.ContainsFunc(commit.Signatures, func(s types.CommitSig) bool {
			return string(s.ValidatorAddress) == addressOf(fresh.Public().Engine) && len(s.Signature) > 0
		})
	}
	if !voted {
		t.Error("nobody votes with the new key")
	}
}
