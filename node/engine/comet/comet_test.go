package comet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/scale"
)

func pairOf(t testing.TB, scheme keys.Scheme, uri string) keys.Pair {
	t.Helper()
	p, err := keys.FromURI(scheme, uri)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sessionOf(t testing.TB, i int) (keystore.Session, session.Validator) {
	t.Helper()
	s, v, err := keystore.DevelopValidator(fmt.Sprintf("//validator//%d", i))
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func grandpaOf(t testing.TB, i int) keys.GrandpaPair {
	s, _ := sessionOf(t, i)
	return s.Grandpa
}

func engineOf(t testing.TB, i int) keys.Pair {
	s, _ := sessionOf(t, i)
	return s.Engine
}

func specOf(t testing.TB, n int, blockTime uint64) engine.Spec {
	t.Helper()
	spec := engine.Spec{Name: "Test", ID: "test", Kind: engine.Development, Symbol: "TACIT", BlockTime: blockTime, GenesisTime: 1_700_000_000_000}
	for i := range n {
		_, v := sessionOf(t, i)
		spec.Genesis.Validators = append(spec.Genesis.Validators, v)
	}
	alice := pairOf(t, keys.Sr25519, "//Alice").AccountID()
	spec.Genesis.Balances = []runtime.Endowment{{Account: alice, Amount: runtime.Unit.MulSat(scale.U64(1000))}}
	return spec
}

// peer is one node of a test.
type peer struct {
	app  *engine.App
	pool *pool.Pool
	node *Node
	done chan error
	stop context.CancelFunc
	db   *store.Store
}

func start(t testing.TB, spec engine.Spec, i int, db store.Config, cfg Config) *peer {
	t.Helper()
	return startWith(t, runtime.New(), spec, i, db, cfg)
}

// startWith is start with a program that carries other versions of the runtime.
func startWith(t testing.TB, rt *runtime.Runtime, spec engine.Spec, i int, db store.Config, cfg Config) *peer {
	t.Helper()
	s, err := store.Open(db)
	if err != nil {
		t.Fatal(err)
	}
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: rt, Store: s})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{app: app, pool: pool.New(app), done: make(chan error, 1), db: s}
	app.UsePool(p.pool)
	p.run(t, spec, i, cfg)
	return p
}

// run lets CometBFT drive a node, until the end of the test.
func (p *peer) run(t testing.TB, spec engine.Spec, i int, cfg Config) {
	t.Helper()
	cfg.App, cfg.Pool, cfg.Local = p.app, p.pool, true
	if cfg.Validators == nil && i < len(spec.Genesis.Validators) {
		cfg.Validators, cfg.Grandpa = []keys.Pair{engineOf(t, i)}, []keys.GrandpaPair{grandpaOf(t, i)}
	}
	var err error
	if p.node, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, p.stop = context.WithCancel(context.Background())
	go func() { p.done <- p.node.Run(ctx) }()
	go func() { _ = p.pool.Run(ctx) }()
	t.Cleanup(func() {
		p.end(t)
		p.close()
	})
}

func (p *peer) close() {
	if p.db != nil {
		_ = p.db.Close()
	}
	p.db = nil
}

func (p *peer) end(t testing.TB) {
	t.Helper()
	p.stop()
	select {
	case err := <-p.done:
		if err != nil {
			t.Error(err)
		}
		p.done <- nil
	case <-time.After(20 * time.Second):
		t.Error("the node does not stop")
	}
}

// final waits until block n is final.
func (p *peer) final(t testing.TB, n chain.BlockNumber) {
	t.Helper()
	changed, stop := p.app.Hub.Listen()
	defer stop()
	deadline := time.After(40 * time.Second)
	for p.app.Final() < n {
		select {
		case <-changed:
		case err := <-p.done:
			p.done <- nil
			t.Fatalf("the node stopped at block %d: %v", p.app.Head().Number, err)
		case <-deadline:
			t.Fatalf("block %d is final after 40 s, want %d", p.app.Final(), n)
		}
	}
}

// follow leads a light client from genesis over all final blocks.
func follow(t testing.TB, app *engine.App, to chain.BlockNumber) {
	t.Helper()
	set, err := app.Voters(0)
	if err != nil {
		t.Fatal(err)
	}
	light, err := grandpa.NewLightChain(grandpa.Target{Hash: app.Genesis()}, set.AuthoritySet)
	if err != nil {
		t.Fatal(err)
	}
	for i := chain.BlockNumber(1); i <= to; i++ {
		h, err := app.Store().HeaderAt(i)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := app.Store().Justification(i)
		if err != nil {
			t.Fatal(err)
		}
		j, err := grandpa.DecodeJustification(raw)
		if err != nil {
			t.Fatal(err)
		}
		if light, err = light.Step(h, j); err != nil {
			t.Fatal(err)
		}
	}
}

func transfer(t testing.TB, app *engine.App, nonce uint32) []byte {
	t.Helper()
	call := balances.TransferKeepAlive{Dest: chain.AddressID{ID: pairOf(t, keys.Sr25519, "//Bob").AccountID()}, Value: runtime.Unit}
	implicit := chain.Implicit{SpecVersion: runtime.SpecVersion, TxVersion: 1, Genesis: app.Genesis(), EraBlock: app.Genesis()}
	return chain.SignExtrinsic(pairOf(t, keys.Sr25519, "//Alice"), scale.Marshal(app.Runtime().CallOf(call)), chain.Extra{Nonce: nonce}, implicit).Encode()
}

func TestOneValidator(t *testing.T) {
	spec, home, fs := specOf(t, 1, 100), t.TempDir(), vfs.NewMem()
	p := start(t, spec, 0, store.Config{Dir: "db", FS: fs}, Config{Home: home})
	p.final(t, 2)
	if _, err := p.pool.Submit(transfer(t, p.app, 0)); err != nil {
		t.Fatal(err)
	}
	p.final(t, p.app.Head().Number+3)
	alice := pairOf(t, keys.Sr25519, "//Alice").AccountID()
	if nonce, err := p.app.Nonce(p.app.Head().Hash(), alice); err != nil || nonce != 1 {
		t.Errorf("Alice's nonce is %d, %v", nonce, err)
	}
	p.end(t)
	follow(t, p.app, p.app.Final())
	before := p.app.Head().Number
	p.close()

	again := start(t, spec, 0, store.Config{Dir: "db", FS: fs}, Config{Home: home})
	again.final(t, before+3)
	follow(t, again.app, before+3)
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Four validators and a node that only follows agree, carry a transaction of
// one to the others, and go on without one of them.
func TestNetwork(t *testing.T) {
	spec := specOf(t, 4, 300)
	var peers []*peer
	var known []string
	for i := range 5 {
		p := start(t, spec, i, store.Config{}, Config{Home: t.TempDir(), Listen: freeAddress(t), Peers: known})
		known = append(known, p.node.Peer())
		peers = append(peers, p)
	}
	for _, p := range peers {
		p.final(t, 3)
	}
	if _, err := peers[4].pool.Submit(transfer(t, peers[4].app, 0)); err != nil {
		t.Fatal(err)
	}
	alice := pairOf(t, keys.Sr25519, "//Alice").AccountID()
	for n := peers[0].app.Final(); ; n++ {
		peers[0].final(t, n)
		if nonce, err := peers[0].app.Nonce(peers[0].app.Head().Hash(), alice); err != nil || nonce == 1 {
			break
		}
		if n > 40 {
			t.Fatal("the transaction is in no block")
		}
	}
	peers[3].end(t)
	at := peers[0].app.Final()
	for i, p := range []*peer{peers[0], peers[1], peers[2], peers[4]} {
		p.final(t, at+4)
		follow(t, p.app, at+4)
		want, _ := peers[0].app.Store().HashOf(at + 4)
		if got, err := p.app.Store().HashOf(at + 4); err != nil || got != want {
			t.Errorf("peer %d has block %v, want %v", i, got, want)
		}
	}
}

// A node that is killed at any moment goes on where it was.
func TestKill(t *testing.T) {
	const env = "TACIT_TEST_KILL"
	if home := os.Getenv(env); home != "" {
		p := start(t, specOf(t, 1, 50), 0, store.Config{Dir: filepath.Join(home, "db")}, Config{Home: home})
		for n := p.app.Final() + 1; ; n++ {
			p.final(t, n)
			fmt.Printf("final %d\n", n)
		}
	}
	home := t.TempDir()
	for round := range 4 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKill$")
		cmd.Env = append(os.Environ(), env+"="+home)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, seen := bufio.NewScanner(out), 0
		var said strings.Builder
		for seen < 5+round && lines.Scan() {
			said.WriteString(lines.Text() + "\n")
			if strings.HasPrefix(lines.Text(), "final ") {
				seen++
			}
		}
		// The moment of the kill is somewhere in a block.
		time.Sleep(time.Duration(7*round) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if seen < 5+round {
			t.Fatalf("round %d: the node says only:\n%s", round, said.String())
		}
	}
	// CometBFT can stop itself between any two of its steps.
	for index := range 9 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKill$")
		cmd.Env = append(os.Environ(), env+"="+home, fmt.Sprintf("FAIL_TEST_INDEX=%d", index))
		if out, err := cmd.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("FAIL_TEST_INDEX")) && !bytes.Contains(out, []byte("fail-test")) {
			t.Fatalf("fail point %d: %v:\n%s", index, err, out)
		}
	}
	p := start(t, specOf(t, 1, 50), 0, store.Config{Dir: filepath.Join(home, "db")}, Config{Home: home})
	at := p.app.Head().Number
	if at < 20 {
		t.Errorf("after all kills the head is %d", at)
	}
	p.final(t, at+2)
	follow(t, p.app, at+2)
}

func TestGuard(t *testing.T) {
	s, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pair := grandpaOf(t, 0)
	target := func(n uint32, b byte) grandpa.Target { return grandpa.Target{Hash: hash.H256{b}, Number: n} }
	for i, row := range []struct {
		target grandpa.Target
		set    uint64
		ok     bool
	}{
		{target(5, 1), 0, true}, {target(5, 1), 0, true}, {target(5, 2), 0, false}, {target(4, 1), 0, false},
		{target(6, 1), 0, true}, {target(7, 1), 1, true}, {target(8, 1), 0, false}, {target(7, 2), 1, false}, {target(7, 1), 1, true},
	} {
		g, err := newGuard(pair, s.Space("guard")) // as after a restart
		if err != nil {
			t.Fatal(err)
		}
		sig, err := g.sign(row.target, row.set)
		if (err == nil) != row.ok {
			t.Errorf("row %d: %v", i, err)
		}
		if err == nil && !pair.ID().Verify(grandpa.PrecommitPayload(row.target, uint64(row.target.Number), row.set), sig[:]) {
			t.Errorf("row %d: the signature does not hold", i)
		}
	}
}

func TestSigner(t *testing.T) {
	s, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pair, space := engineOf(t, 0), s.Space("signer")
	vote := func(height int64, round int32, kind cmtproto.SignedMsgType, block byte, at int64) *cmtproto.Vote {
		v := &cmtproto.Vote{Height: height, Round: round, Type: kind, Timestamp: time.Unix(at, 5).UTC()}
		v.BlockID.Hash = bytes.Repeat([]byte{block}, 32)
		v.BlockID.PartSetHeader = cmtproto.PartSetHeader{Total: 1, Hash: bytes.Repeat([]byte{block}, 32)}
		return v
	}
	var first *cmtproto.Vote
	for i, row := range []struct {
		vote *cmtproto.Vote
		ok   bool
	}{
		{vote(5, 0, cmtproto.PrevoteType, 1, 10), true},
		{vote(5, 0, cmtproto.PrevoteType, 1, 11), true}, // the same later
		{vote(5, 0, cmtproto.PrevoteType, 2, 10), false},
		{vote(5, 0, cmtproto.PrecommitType, 1, 12), true},
		{vote(5, 0, cmtproto.PrevoteType, 1, 12), false},
		{vote(5, 1, cmtproto.PrevoteType, 2, 13), true},
		{vote(5, 0, cmtproto.PrecommitType, 1, 12), false},
		{vote(4, 7, cmtproto.PrecommitType, 1, 12), false},
		{vote(6, 0, cmtproto.PrevoteType, 1, 12), true},
	} {
		g, err := newSigner(pair, space) // as after a restart
		if err != nil {
			t.Fatal(err)
		}
		if err := g.SignVote("test", row.vote); (err == nil) != row.ok {
			t.Errorf("row %d: %v", i, err)
		}
		if !row.ok {
			continue
		}
		public, _ := g.GetPubKey()
		if !public.VerifySignature(types.VoteSignBytes("test", row.vote), row.vote.Signature) {
			t.Errorf("row %d: the signature does not hold", i)
		}
		switch i {
		case 0:
			first = row.vote
		case 1:
			if !row.vote.Timestamp.Equal(first.Timestamp) || !bytes.Equal(row.vote.Signature, first.Signature) {
				t.Error("the same vote later gets another signature")
			}
		}
	}
	if other, err := newSigner(engineOf(t, 1), space); err != nil || other.SignVote("test", vote(1, 0, cmtproto.PrevoteType, 1, 1)) != nil {
		t.Errorf("another key cannot sign what this one did not: %v", err)
	}
	if _, err := newSigner(pairOf(t, keys.Sr25519, "//Alice"), space); err == nil {
		t.Error("an sr25519 key is taken")
	}
}

// A precommit that is not the one for the block before, by the voter, is no
// extension.
func TestExtension(t *testing.T) {
	spec := specOf(t, 2, 1000)
	s, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: s})
	if err != nil {
		t.Fatal(err)
	}
	g, err := newGuard(grandpaOf(t, 0), s.Space("guard"))
	if err != nil {
		t.Fatal(err)
	}
	a := newApplication(app, nil, map[keys.GrandpaID]*guard{g.pair.ID(): g}, slog.New(slog.DiscardHandler))
	res, err := a.ExtendVote(t.Context(), &abci.RequestExtendVote{Height: 1})
	if err != nil {
		t.Fatal(err)
	}
	good := res.VoteExtension
	address := func(i int) []byte { return ed25519.PubKey(engineOf(t, i).Public()).Address() }
	other := grandpaOf(t, 0).Sign(grandpa.PrecommitPayload(grandpa.Target{Number: 0}, 0, 0))
	for name, row := range map[string]struct {
		address, extension []byte
		want               bool
	}{
		"good": {address(0), good, true}, "again": {address(0), good, true}, "other voter": {address(1), good, false},
		"stranger": {address(2), good, false}, "empty": {address(0), nil, false}, "longer": {address(0), append(bytes.Clone(good), 0), false},
		"version": {address(0), append([]byte{2}, good[1:]...), false}, "other block": {address(0), append([]byte{1}, other[:]...), false},
	} {
		res, err := a.VerifyVoteExtension(t.Context(), &abci.RequestVerifyVoteExtension{Height: 1, ValidatorAddress: row.address, VoteExtension: row.extension})
		if err != nil || (res.Status == abci.ResponseVerifyVoteExtension_ACCEPT) != row.want {
			t.Errorf("%s: %v, %v", name, res.Status, err)
		}
	}
}

// A state that is not the others' stops this node's consensus, and Run says so.
func TestHalt(t *testing.T) {
	p := start(t, specOf(t, 1, 100), 0, store.Config{}, Config{Home: t.TempDir()})
	p.final(t, 2)
	g := p.node.abci.guards[grandpaOf(t, 0).ID()]
	g.mu.Lock()
	g.last.Round = 1 << 40 // as if the key had signed elsewhere
	g.mu.Unlock()
	select {
	case err := <-p.done:
		if !errors.Is(err, ErrHalted) {
			t.Errorf("got %v", err)
		}
		p.done <- nil
	case <-time.After(20 * time.Second):
		t.Error("the node goes on")
	}
}
