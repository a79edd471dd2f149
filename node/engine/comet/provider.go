package comet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	cmtstate "github.com/cometbft/cometbft/proto/tendermint/state"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/trie"
)

// Source is another node that a new one asks. Nothing that it says is believed.
type Source interface {
	// SetChanges returns the blocks that ended an authority set and their
	// proofs, from the set with the given number on; some of them, in order.
	SetChanges(ctx context.Context, from uint64) ([]Proven, error)
	// Block returns the block with a number, and the proof that it is final.
	Block(ctx context.Context, number chain.BlockNumber) (Proven, error)
	// ReadProof returns a proof of keys in the state of a block.
	ReadProof(ctx context.Context, at hash.H256, keys [][]byte) ([][]byte, error)
	// EngineBlock returns CometBFT's light block of a height, in protobuf.
	EngineBlock(ctx context.Context, height int64) ([]byte, error)
}

// Proven is a header with the justification of its block.
type Proven struct {
	Header        chain.Header
	Justification []byte
}

// provider tells CometBFT what to believe before it has any state: headers that
// the node proves final from genesis by GRANDPA, and the validators that the
// state of such a header proves. It implements statesync.StateProvider.
type provider struct {
	source Source
	spec   engine.Spec
	rt     *runtime.Runtime
	params types.ConsensusParams

	mu     sync.Mutex
	stages []grandpa.LightChain // guarded by mu: the begin of each authority set, as far as they are followed
}

func newProvider(source Source, spec engine.Spec, rt *runtime.Runtime, genesis hash.H256) (*provider, error) {
	var set grandpa.AuthoritySet
	for _, v := range spec.Genesis.Validators {
		set.Authorities = append(set.Authorities, grandpa.Authority{ID: keys.GrandpaID(v.Keys.Grandpa), Weight: 1})
	}
	light, err := grandpa.NewLightChain(grandpa.Target{Hash: genesis}, set)
	if err != nil {
		return nil, err
	}
	return &provider{source: source, spec: spec, rt: rt, params: *genesisDoc(spec).ConsensusParams, stages: []grandpa.LightChain{light}}, nil
}

// final returns the header of a block, proven final.
func (p *provider) final(ctx context.Context, number chain.BlockNumber) (chain.Header, error) {
	b, err := p.source.Block(ctx, number)
	if err != nil {
		return chain.Header{}, fmt.Errorf("block %d: %w", number, err)
	}
	j, err := grandpa.DecodeJustification(b.Justification)
	if err != nil {
		return chain.Header{}, fmt.Errorf("proof of block %d: %w", number, err)
	}
	light, err := p.before(ctx, number)
	if err != nil {
		return chain.Header{}, err
	}
	if _, err := light.Step(b.Header, j); err != nil {
		return chain.Header{}, fmt.Errorf("block %d is not final: %w", number, err)
	}
	if b.Header.Number != number {
		return chain.Header{}, fmt.Errorf("block %d was asked for and %d came", number, b.Header.Number)
	}
	return b.Header, nil
}

// before returns a light chain in the authority set that finalises a block.
func (p *provider) before(ctx context.Context, number chain.BlockNumber) (grandpa.LightChain, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for last := p.stages[len(p.stages)-1]; last.Number < number; {
		changes, err := p.source.SetChanges(ctx, last.Set.ID)
		if err != nil {
			return last, fmt.Errorf("changes of the authority set: %w", err)
		}
		moved := false
		for _, c := range changes {
			if c.Header.Number >= number { // the block that ends a set is of that set
				break
			}
			proof, err := grandpa.DecodeJustification(c.Justification)
			if err != nil {
				return last, fmt.Errorf("proof of block %d: %w", c.Header.Number, err)
			}
			next, err := last.Step(c.Header, proof)
			if err != nil {
				return last, fmt.Errorf("change of set %d: %w", last.Set.ID, err)
			}
			if next.Set.ID == last.Set.ID {
				return last, fmt.Errorf("block %d ends no set", c.Header.Number)
			}
			last, moved = next, true
			p.stages = append(p.stages, next)
		}
		if !moved {
			break
		}
	}
	for _, stage := range slices.Backward(p.stages) {
		if stage.Number < number {
			return stage, nil
		}
	}
	return p.stages[0], nil
}

// AppHash implements statesync.StateProvider.
func (p *provider) AppHash(ctx context.Context, height uint64) ([]byte, error) {
	// The blocks that State needs besides must be there too.
	if _, err := p.lightBlock(ctx, int64(height)+2); err != nil {
		return nil, err
	}
	header, err := p.final(ctx, chain.BlockNumber(height))
	if err != nil {
		return nil, err
	}
	h := header.Hash()
	return h[:], nil
}

// Commit implements statesync.StateProvider.
func (p *provider) Commit(ctx context.Context, height uint64) (*types.Commit, error) {
	blocks, err := p.proven(ctx, height)
	if err != nil {
		return nil, err
	}
	return blocks[0].Commit, nil
}

// State implements statesync.StateProvider: CometBFT's state after a height.
func (p *provider) State(ctx context.Context, height uint64) (sm.State, error) {
	b, err := p.proven(ctx, height)
	if err != nil {
		return sm.State{}, err
	}
	last, current, next := b[0], b[1], b[2]
	return sm.State{
		ChainID:         p.spec.ID,
		Version:         cmtstate.Version{Consensus: current.Version, Software: version.TMCoreSemVer},
		InitialHeight:   1,
		LastBlockHeight: last.Height, LastBlockTime: last.Time, LastBlockID: last.Commit.BlockID,
		AppHash: current.AppHash, LastResultsHash: current.LastResultsHash,
		LastValidators: last.ValidatorSet, Validators: current.ValidatorSet, NextValidators: next.ValidatorSet,
		LastHeightValidatorsChanged: next.Height,
		ConsensusParams:             p.params, LastHeightConsensusParamsChanged: 1,
	}, nil
}

// proven returns CometBFT's blocks of a height and of the two after it. The
// first two are signed by the validators that the state of the final block at
// height proves, and the second names that block.
func (p *provider) proven(ctx context.Context, height uint64) ([3]*types.LightBlock, error) {
	var out [3]*types.LightBlock
	header, err := p.final(ctx, chain.BlockNumber(height))
	if err != nil {
		return out, err
	}
	sets, err := p.sets(ctx, header)
	if err != nil {
		return out, err
	}
	for i := range out {
		b, err := p.lightBlock(ctx, int64(height)+int64(i))
		if err != nil {
			return out, err
		}
		if !sameValidators(b.ValidatorSet, sets[i]) {
			return out, fmt.Errorf("the validators of height %d are not those of the chain", b.Height)
		}
		if i < 2 {
			if err := b.ValidatorSet.VerifyCommitLight(p.spec.ID, b.Commit.BlockID, b.Height, b.Commit); err != nil {
				return out, fmt.Errorf("commit of height %d: %w", b.Height, err)
			}
		}
		out[i] = b
	}
	if hash.H256(out[1].AppHash) != header.Hash() {
		return out, fmt.Errorf("height %d follows block %X, not %v", out[1].Height, out[1].AppHash, header.Hash())
	}
	if out[1].LastBlockID.Hash.String() != out[0].Hash().String() {
		return out, fmt.Errorf("height %d does not follow height %d", out[1].Height, out[0].Height)
	}
	return out, nil
}

// sets proves who votes at the height of a final block and at the two after it.
func (p *provider) sets(ctx context.Context, header chain.Header) (sets [3][]session.EngineKey, err error) {
	s := &p.rt.Session.State
	nodes, err := p.source.ReadProof(ctx, header.Hash(), [][]byte{s.ActiveKeys.Key(), s.EndedSets.Key()})
	if err != nil {
		return sets, fmt.Errorf("read proof at block %d: %w", header.Number, err)
	}
	values, err := trie.ReadProof(header.StateRoot, nodes, s.ActiveKeys.Key(), s.EndedSets.Key())
	if err != nil {
		return sets, fmt.Errorf("read proof at block %d: %w", header.Number, err)
	}
	active, err := s.ActiveKeys.Decode(values[0])
	if err != nil {
		return sets, fmt.Errorf("session keys of block %d: %w", header.Number, err)
	}
	var ended []session.Ended
	if values[1] != nil {
		if ended, err = s.EndedSets.Decode(values[1]); err != nil {
			return sets, fmt.Errorf("ended sets of block %d: %w", header.Number, err)
		}
	}
	for i := range sets {
		// Who votes at a height finalises the block before it.
		target := header.Number - min(header.Number, 1) + chain.BlockNumber(i)
		list := active
		if e, ok := session.EndedAt(ended, target); ok {
			list = e.Keys
		}
		for _, k := range list {
			sets[i] = append(sets[i], k.Engine)
		}
	}
	return sets, nil
}

// lightBlock fetches CometBFT's block of a height and checks that its parts
// belong together.
func (p *provider) lightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	raw, err := p.source.EngineBlock(ctx, height)
	if err != nil {
		return nil, fmt.Errorf("height %d: %w", height, err)
	}
	var message cmtproto.LightBlock
	if err := message.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("height %d: %w", height, err)
	}
	b, err := types.LightBlockFromProto(&message)
	if err == nil {
		err = b.ValidateBasic(p.spec.ID)
	}
	if err == nil && b.Height != height {
		err = fmt.Errorf("height %d came", b.Height)
	}
	if err != nil {
		return nil, fmt.Errorf("height %d: %w", height, err)
	}
	return b, nil
}

func sameValidators(set *types.ValidatorSet, want []session.EngineKey) bool {
	if len(set.Validators) != len(want) {
		return false
	}
	for _, v := range set.Validators {
		key := v.PubKey.Bytes()
		if v.VotingPower != 1 || len(key) != 32 || !slices.Contains(want, session.EngineKey(key)) {
			return false
		}
	}
	return true
}

// errNoBlock means that the engine does not have a height.
var errNoBlock = errors.New("the engine does not have this height")

// EngineBlock returns CometBFT's light block of a height, in protobuf, for
// nodes that begin from a snapshot.
func (n *Node) EngineBlock(height int64) ([]byte, error) {
	meta, commit := n.comet.BlockStore().LoadBlockMeta(height), n.comet.BlockStore().LoadBlockCommit(height)
	if commit == nil { // of the newest block the commit stands in no block yet
		commit = n.comet.BlockStore().LoadSeenCommit(height)
	}
	if meta == nil || commit == nil {
		return nil, fmt.Errorf("height %d: %w", height, errNoBlock)
	}
	set, err := n.states.LoadValidators(height)
	if err != nil {
		return nil, fmt.Errorf("height %d: %w", height, err)
	}
	b := types.LightBlock{SignedHeader: &types.SignedHeader{Header: &meta.Header, Commit: commit}, ValidatorSet: set}
	message, err := b.ToProto()
	if err != nil {
		return nil, err
	}
	return message.Marshal()
}
