package comet

import (
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// accuse puts the double votes that CometBFT found, and that stand in a block,
// into the pool as reports to the chain. All nodes make the same ones.
func (n *Node) accuse(height int64) {
	block := n.comet.BlockStore().LoadBlock(height)
	if block == nil || n.abci.pool == nil {
		return
	}
	rt := n.app.Runtime()
	for _, e := range block.Evidence.Evidence {
		d, ok := e.(*types.DuplicateVoteEvidence)
		if !ok {
			continue
		}
		key, ok, err := n.served(d.VoteA.ValidatorAddress)
		if err != nil {
			n.log.Warn("a double vote cannot be reported", "block", height, "err", err)
		}
		if !ok {
			continue
		}
		proof := proofOf(key, d.VoteA, d.VoteB)
		n.abci.pool.Enqueue(scale.AppendBytes(nil, rt.Bare(offences.ReportEngineEquivocationUnsigned{Proof: proof})))
	}
}

// served finds the engine key with an address among those that served for as
// long as that can be punished. The newest state knows them; that of the votes'
// time may not be kept.
func (n *Node) served(address []byte) (key session.EngineKey, ok bool, err error) {
	defer trie.Catch(&err)
	state, err := n.app.StateAt(n.app.Head().Hash())
	if err != nil {
		return key, false, err
	}
	for t := range n.app.Runtime().Session.Served.All(state) {
		if t.Type != session.EngineType || len(t.Key) != len(key) {
			continue
		}
		if key = session.EngineKey(t.Key); addressOf(key) == string(address) {
			return key, true, nil
		}
	}
	return key, false, nil
}

// proofOf is what the chain wants to see of two votes of a key.
func proofOf(key [32]byte, a, b *types.Vote) offences.EngineProof {
	return offences.EngineProof{
		Key: key, Precommit: a.Type == cmtproto.PrecommitType, Height: uint64(a.Height), Round: uint32(a.Round),
		First: voteOf(a), Second: voteOf(b),
	}
}

func voteOf(v *types.Vote) offences.EngineVote {
	out := offences.EngineVote{Seconds: uint64(v.Timestamp.Unix()), Nanos: uint32(v.Timestamp.Nanosecond())}
	if id := v.BlockID; !id.IsZero() && len(id.Hash) == 32 && len(id.PartSetHeader.Hash) == 32 {
		out.Block = &offences.BlockPart{
			Hash: [32]byte(id.Hash), PartsTotal: id.PartSetHeader.Total, PartsHash: [32]byte(id.PartSetHeader.Hash),
		}
	}
	copy(out.Signature[:], v.Signature)
	return out
}
