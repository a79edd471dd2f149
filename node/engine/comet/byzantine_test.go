package comet

import (
	"bytes"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// spoil lets a node extend its votes with what is no precommit for the block
// before, each time in another way, and believe that it is one. It does so from
// when on is set.
func (p *peer) spoil(t testing.TB, key keys.Pair, on *atomic.Bool) {
	a, count := p.node.abci, 0
	address := ed25519.PubKey(key.Public()).Address()
	a.extension = func(precommit [64]byte) []byte {
		good := append([]byte{extensionVersion}, precommit[:]...)
		if !on.Load() {
			return good
		}
		count++
		var bad []byte
		switch count % 4 {
		case 0: // CometBFT itself sends no vote without an extension
		case 1:
			bad = bytes.Clone(good)
			bad[40] ^= 1
		case 2:
			bad = append([]byte{extensionVersion + 1}, precommit[:]...)
		case 3:
			bad = append(good, make([]byte, 200<<10)...)
		}
		// An honest program checks its own before it sends it.
		a.mu.Lock()
		defer a.mu.Unlock()
		a.goodFor = int64(p.app.Head().Number) + 1
		a.good = map[hash.H256]bool{hash.Blake2b256(address, bad): true}
		return bad
	}
}

// votesOf counts in how many of the commits of the blocks after from, up to to,
// a node has the vote of a validator.
func (p *peer) votesOf(t testing.TB, validator int, from, to chain.BlockNumber) (count int) {
	t.Helper()
	address := ed25519.PubKey(engineOf(t, validator).Public()).Address()
	for h := int64(from) + 1; h <= int64(to); h++ {
		commit := p.node.comet.BlockStore().LoadBlockExtendedCommit(h)
		if commit == nil {
			t.Fatalf("no commit of block %d", h)
			return 0
		}
		for _, s := range commit.ExtendedSignatures {
			if s.BlockIDFlag == types.BlockIDFlagCommit && bytes.Equal(s.ValidatorAddress, address) {
				count++
			}
		}
	}
	return count
}

// The votes of one validator that sends bad extensions do not count, and the
// chain goes on and is final without them. Two of four stop it, and nothing is
// final that should not be.
func TestBadExtensions(t *testing.T) {
	var bad [2]atomic.Bool
	w := newNetwork(t, specOf(t, 4, 200), 4, nil)
	w.peers[3].spoil(t, engineOf(t, 3), &bad[0])
	w.peers[2].spoil(t, engineOf(t, 2), &bad[1])
	for n := chain.BlockNumber(3); ; n++ { // the others may begin without it
		w.final(n, 0, 1, 2, 3)
		if w.peers[0].votesOf(t, 3, 0, n) > 0 {
			break
		}
		if n > 30 {
			t.Fatal("the vote of validator 3 never counts")
		}
	}

	bad[0].Store(true)
	from := w.highest() + 1
	w.final(from+8, 0, 1, 2, 3)
	for _, i := range []int{0, 1, 2} {
		if n := w.peers[i].votesOf(t, 3, from, from+8); n > 0 {
			t.Errorf("node %d counted %d votes with bad extensions", i, n)
		}
		if refused, _ := w.peers[i].node.Refusals(); refused == 0 {
			t.Errorf("node %d refused no vote", i)
		}
	}
	w.agree(0, 1, 2)
	w.same(0, 1, 2, 3)

	bad[1].Store(true)
	w.still(0, 1)
	for i, p := range w.peers {
		if honest := w.peers[0].app.Head().Number; p.app.Final() > honest {
			t.Errorf("block %d is final for node %d, and the honest are at %d", p.app.Final(), i, honest)
		}
	}
	w.agree(0, 1)
	w.same(0, 1, 2, 3)
}

// A validator whose program computes another state than the others' stops by
// itself, and signs no block of its own for finality. The others go on.
func TestOtherState(t *testing.T) {
	t.Parallel()
	const height = 5
	other := runtime.Versions()[0]
	other.Spec, other.BatchedCalls = 2, 2
	theirs := other
	theirs.BatchedCalls = 3
	spec := specOf(t, 4, 200)
	root := pairOf(t, keys.Sr25519, "//Alice").AccountID()
	spec.Genesis.Sudo = &root
	w := newNetwork(t, spec, 4, func(i int, _ *Config) *runtime.Runtime {
		if i == 3 { // its second version is not theirs
			return runtime.Carrying(runtime.Versions()[0], other)
		}
		return runtime.Carrying(runtime.Versions()[0], theirs)
	})
	w.final(1, 0, 1, 2, 3)
	upgrade := system.AuthorizeUpgrade{SpecVersion: 2, Height: w.highest() + height}
	w.peers[0].send(t, "//Alice", 0, sudo.Sudo{Call: w.peers[0].app.Runtime().CallOf(upgrade)})
	if err := w.peers[3].ends(t); !errors.Is(err, ErrHalted) || !strings.Contains(err.Error(), "AppHash") {
		t.Errorf("the one with another state ends with %v, want %v for its AppHash", err, ErrHalted)
	}
	w.final(upgrade.Height+3, 0, 1, 2)
	w.agree(0, 1, 2)
	alone := w.peers[3]
	if got := alone.app.Head().Number; got != upgrade.Height {
		t.Errorf("it stops at block %d, want %d", got, upgrade.Height)
	}
	want, err := w.peers[0].app.Store().HashOf(upgrade.Height)
	if err != nil || alone.app.Head().Hash() == want {
		t.Errorf("its block %d is not another one than %v: %v", upgrade.Height, want, err)
	}
	// For the block before, which is everybody's, it signed; for its own not.
	g := alone.node.abci.guards[grandpaOf(t, 3).ID()]
	if g.last.Round >= uint64(upgrade.Height) || alone.app.Final() >= upgrade.Height {
		t.Errorf("it signed block %d, and block %d is final for it", g.last.Round, alone.app.Final())
	}
}

// A validator that votes for two blocks in one round is found out: the proof
// comes into a block, the chain is told and slashes, and nobody stops.
func TestDoubleVote(t *testing.T) {
	t.Parallel()
	spec := specOf(t, 4, 300)
	spec.Genesis.Staking = staking.Genesis{ValidatorCount: 4}
	for _, v := range spec.Genesis.Validators {
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: v.Account, Amount: runtime.Unit.MulSat(scale.U64(10))})
		spec.Genesis.Staking.Stakers = append(spec.Genesis.Staking.Stakers, staking.Staker{Stash: v.Account, Amount: runtime.Unit})
	}
	w := newNetwork(t, spec, 3, nil) // the test is the fourth
	w.final(2, 0, 1, 2)
	public := ed25519.PubKey(engineOf(t, 3).Public())
	vote := func(height int64, round int32, index int32, block byte) *types.Vote {
		v := &types.Vote{
			Type: cmtproto.PrevoteType, Height: height, Round: round, Timestamp: time.Now(), ValidatorAddress: public.Address(), ValidatorIndex: index,
			BlockID: types.BlockID{Hash: bytes.Repeat([]byte{block}, 32), PartSetHeader: types.PartSetHeader{Total: 1, Hash: bytes.Repeat([]byte{block}, 32)}},
		}
		v.Signature = engineOf(t, 3).Sign(types.VoteSignBytes(spec.ID, v.ToProto()))
		return v
	}
	// The round may end while the votes are made: some are for the next height.
	for range 20 {
		state := w.peers[0].node.state.GetRoundState()
		index, _ := state.Validators.GetByAddress(public.Address())
		for _, block := range []byte{1, 2} {
			if _, err := w.peers[0].node.state.AddVote(vote(state.Height, state.Round, index, block), "somebody"); err != nil {
				t.Fatal(err)
			}
		}
		w.final(w.peers[0].app.Final()+1, 0)
		if found(t, w.peers[0], public) {
			break
		}
	}
	w.final(w.highest()+2, 0, 1, 2)
	for i, p := range w.peers {
		if !found(t, p, public) {
			t.Errorf("node %d has no block with the proof", i)
		}
	}
	w.final(w.highest()+3, 0, 1, 2)
	w.agree(0, 1, 2)
	for i, p := range w.peers {
		state, err := p.app.StateAt(p.app.Head().Hash())
		if err != nil {
			t.Fatal(err)
		}
		who := spec.Genesis.Validators[3].Account
		slash, ok := p.app.Runtime().Staking.ValidatorSlashInEra.Get(state, 0, who)
		if !ok || slash.Fraction != 562_500_000 { // (3/4)²
			t.Errorf("on node %d the slash is %+v", i, slash)
		}
	}
}

// A double vote that comes to light late is reported by nodes, too, that do not
// keep the states of that time any more.
func TestOldDoubleVote(t *testing.T) {
	t.Parallel()
	spec := specOf(t, 4, 100)
	staked(&spec, 4)
	w := newNetworkOn(t, spec, 3, store.Config{Keep: 4}, nil) // the test is the fourth
	const height = 3
	w.final(height+10, 0, 1, 2)
	var set []*types.Validator
	for _, v := range spec.Genesis.Validators {
		set = append(set, types.NewValidator(ed25519.PubKey(v.Keys.Engine[:]), 1))
	}
	validators := types.NewValidatorSet(set)
	public := ed25519.PubKey(engineOf(t, 3).Public())
	index, _ := validators.GetByAddress(public.Address())
	vote := func(block byte) *types.Vote {
		v := &types.Vote{
			Type: cmtproto.PrevoteType, Height: height, Timestamp: time.Now(), ValidatorAddress: public.Address(), ValidatorIndex: index,
			BlockID: types.BlockID{Hash: bytes.Repeat([]byte{block}, 32), PartSetHeader: types.PartSetHeader{Total: 1, Hash: bytes.Repeat([]byte{block}, 32)}},
		}
		v.Signature = engineOf(t, 3).Sign(types.VoteSignBytes(spec.ID, v.ToProto()))
		return v
	}
	node := w.peers[0].node.comet
	evidence, err := types.NewDuplicateVoteEvidence(vote(1), vote(2), node.BlockStore().LoadBlockMeta(height).Header.Time, validators)
	if err != nil {
		t.Fatal(err)
	}
	if err := node.EvidencePool().AddEvidence(evidence); err != nil {
		t.Fatal(err)
	}
	w.final(w.highest()+6, 0, 1, 2)
	if !found(t, w.peers[0], public) {
		t.Fatal("no block has the proof")
	}
	state, err := w.peers[0].app.StateAt(w.peers[0].app.Head().Hash())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := w.peers[0].app.Runtime().Staking.ValidatorSlashInEra.Get(state, 0, spec.Genesis.Validators[3].Account); !ok {
		t.Error("it is not slashed")
	}
}

// found says whether the proof of a double vote is in a block.
func found(t testing.TB, p *peer, public ed25519.PubKey) bool {
	t.Helper()
	for h := int64(1); h <= int64(p.app.Head().Number); h++ {
		block := p.node.comet.BlockStore().LoadBlock(h)
		if block == nil {
			t.Fatalf("no block %d", h)
			return false
		}
		for _, e := range block.Evidence.Evidence {
			if d, ok := e.(*types.DuplicateVoteEvidence); ok && bytes.Equal(d.VoteA.ValidatorAddress, public.Address()) {
				return true
			}
		}
	}
	return false
}
