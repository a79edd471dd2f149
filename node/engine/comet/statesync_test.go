package comet

import (
	"context"
	"errors"
	"strings"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/snapshot"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/scale"
)

// asked is a Source that asks a node in this process.
type asked struct{ *peer }

func (a asked) Block(_ context.Context, n chain.BlockNumber) (p Proven, err error) {
	if p.Header, err = a.app.Store().HeaderAt(n); err == nil {
		p.Justification, err = a.app.Store().Justification(n)
	}
	return p, err
}

func (a asked) SetChanges(ctx context.Context, from uint64) (list []Proven, err error) {
	for id := from; ; id++ {
		n, err := a.app.Store().SetEnd(id)
		if errors.Is(err, store.ErrNotFound) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		p, err := a.Block(ctx, n)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
}

func (a asked) ReadProof(_ context.Context, at hash.H256, keys [][]byte) ([][]byte, error) {
	state, err := a.app.StateAt(at)
	if err != nil {
		return nil, err
	}
	return state.Prove(keys), nil
}

func (a asked) EngineBlock(_ context.Context, height int64) ([]byte, error) {
	return a.node.EngineBlock(height)
}

// lying is a Source that changes what another says.
type lying struct {
	Source
	block  func(*Proven)
	proof  func([][]byte) [][]byte
	engine func([]byte, int64) []byte
	sets   func([]Proven) []Proven
}

func (l lying) Block(ctx context.Context, n chain.BlockNumber) (Proven, error) {
	p, err := l.Source.Block(ctx, n)
	if l.block != nil {
		l.block(&p)
	}
	return p, err
}

func (l lying) SetChanges(ctx context.Context, from uint64) ([]Proven, error) {
	list, err := l.Source.SetChanges(ctx, from)
	if l.sets != nil {
		list = l.sets(list)
	}
	return list, err
}

func (l lying) ReadProof(ctx context.Context, at hash.H256, keys [][]byte) ([][]byte, error) {
	nodes, err := l.Source.ReadProof(ctx, at, keys)
	if l.proof != nil {
		nodes = l.proof(nodes)
	}
	return nodes, err
}

func (l lying) EngineBlock(ctx context.Context, height int64) ([]byte, error) {
	raw, err := l.Source.EngineBlock(ctx, height)
	if l.engine != nil {
		raw = l.engine(raw, height)
	}
	return raw, err
}

// A node begins from a snapshot that was made after the validators had changed,
// has none of the blocks before it, and follows the chain from there. What a
// source that lies says is refused.
func TestStateSync(t *testing.T) {
	spec := specOf(t, 4, 200)
	root := pairOf(t, keys.Sr25519, "//Alice").AccountID()
	spec.Genesis.Sudo, spec.Genesis.SessionBlocks = &root, 3
	folder, err := snapshot.OpenFolder(t.TempDir(), 3)
	if err != nil {
		t.Fatal(err)
	}
	var peers []*peer
	var known []string
	for i := range 4 {
		p := start(t, spec, i, store.Config{}, Config{Home: t.TempDir(), Listen: freeAddress(t), Peers: known, Snapshots: folder})
		known, peers = append(known, p.node.Peer()), append(peers, p)
	}
	peers[0].final(t, 2)
	var list []chain.AccountID
	for i := range 3 {
		list = append(list, spec.Genesis.Validators[i].Account)
	}
	peers[0].send(t, "//Alice", 0, sudo.Sudo{Call: peers[0].app.Runtime().CallOf(session.SetValidators{Validators: list})})
	changed := func() bool {
		v, err := peers[0].app.Voters(peers[0].app.Head().Number)
		return err == nil && len(v.Authorities) == 3
	}
	for n := peers[0].app.Final(); !changed(); n++ {
		peers[0].final(t, n+1)
	}
	at := peers[0].app.Head().Number
	peers[0].final(t, at+1)
	if err := peers[0].app.Snapshot(at, folder); err != nil {
		t.Fatal(err)
	}
	peers[0].final(t, at+3)

	fresh := start(t, spec, 9, store.Config{}, Config{Home: t.TempDir(), Listen: freeAddress(t), Peers: known, SyncFrom: asked{peers[0]}})
	fresh.final(t, at+4)
	if _, err := fresh.app.Store().HeaderAt(1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it fetched block 1: %v", err)
	}
	for n := at; n <= at+4; n++ {
		want, _ := peers[0].app.Store().HashOf(n)
		if got, err := fresh.app.Store().HashOf(n); err != nil || got != want {
			t.Errorf("block %d is %v, want %v: %v", n, got, want, err)
		}
	}
	if free, err := fresh.app.Nonce(fresh.app.Head().Hash(), root); err != nil || free != 1 {
		t.Errorf("the nonce of //Alice is %d, %v", free, err)
	}

	honest := asked{peers[0]}
	header, _ := peers[0].app.Store().HeaderAt(at)
	ask := func(s Source) error {
		p, err := newProvider(s, spec, runtime.New(), peers[0].app.Genesis())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.AppHash(t.Context(), uint64(at)); err != nil {
			return err
		}
		_, err = p.State(t.Context(), uint64(at))
		return err
	}
	if err := ask(honest); err != nil {
		t.Fatal(err)
	}
	other, err := honest.EngineBlock(t.Context(), int64(at)-1)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		lie  lying
		want string
	}{
		"a header of its own": {lying{block: func(p *Proven) { p.Header.StateRoot[0] ^= 1 }}, "InvalidJustificationTarget"},
		"another block":       {lying{block: func(p *Proven) { *p, _ = honest.Block(t.Context(), at+1) }}, "was asked for"},
		"a forged signature":  {lying{block: func(p *Proven) { p.Justification[len(p.Justification)-40] ^= 1 }}, "not final"},
		"no set change":       {lying{sets: func([]Proven) []Proven { return nil }}, "not final"},
		"a set that does not end": {lying{sets: func([]Proven) []Proven {
			p, _ := honest.Block(t.Context(), 1)
			return []Proven{p}
		}}, "ends no set"},
		"a proof that lacks a node": {lying{proof: func(n [][]byte) [][]byte { return n[1:] }}, "incomplete"},
		"other validators": {lying{engine: func(raw []byte, height int64) []byte {
			if height == int64(at) {
				return other
			}
			return raw
		}}, "came"},
		"a changed block": {lying{engine: func(raw []byte, _ int64) []byte {
			raw = append([]byte{}, raw...)
			raw[len(raw)/2] ^= 1
			return raw
		}}, ""},
		"nothing": {lying{engine: func([]byte, int64) []byte { return nil }}, ""},
	} {
		row.lie.Source = honest
		if err := ask(row.lie); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", name, err, row.want)
		}
	}

	// What strangers offer.
	a := newApplication(fresh.app, nil, nil, fresh.node.log)
	offer := func(change func(*abci.Snapshot)) abci.ResponseOfferSnapshot_Result {
		res, err := peers[0].node.abci.ListSnapshots(t.Context(), nil)
		if err != nil || len(res.Snapshots) != 1 {
			t.Fatalf("%d snapshots, %v", len(res.Snapshots), err)
		}
		s := *res.Snapshots[0]
		change(&s)
		h := header.Hash()
		answer, err := a.OfferSnapshot(t.Context(), &abci.RequestOfferSnapshot{Snapshot: &s, AppHash: h[:]})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Result
	}
	if got := offer(func(*abci.Snapshot) {}); got != abci.ResponseOfferSnapshot_ACCEPT {
		t.Errorf("a good snapshot: %v", got)
	}
	for name, change := range map[string]func(*abci.Snapshot){
		"format":   func(s *abci.Snapshot) { s.Format = 9 },
		"height":   func(s *abci.Snapshot) { s.Height++ },
		"chunks":   func(s *abci.Snapshot) { s.Chunks++ },
		"hash":     func(s *abci.Snapshot) { s.Hash = make([]byte, 32) },
		"metadata": func(s *abci.Snapshot) { s.Metadata = scale.Marshal(uint64(1)) },
	} {
		if got := offer(change); got != abci.ResponseOfferSnapshot_REJECT && got != abci.ResponseOfferSnapshot_REJECT_FORMAT {
			t.Errorf("another %s: %v", name, got)
		}
	}
}
