// Package grandpa is the finality of Substrate chains as rules over bytes:
// votes, justifications, sets of authorities, and a light chain that follows
// finality from one set to the next.
//
// Votes go in and a justification comes out; a justification, a header and a
// set go in, and belief comes out. Chains of our own are checked by one strict
// rule, Verify; the more lenient rules of other implementations are there for
// other chains, and as a measure in tests.
//
// The rules are functions of their arguments: no network, no clock, no store,
// no rounds of voting. The package makes no blocks final by itself.
//
// Specification: https://spec.polkadot.network/sect-finality
package grandpa

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// MaxJustification is the most bytes that a justification may have.
const MaxJustification = 4 << 20

// ErrVotes means that the votes do not reach the threshold.
var ErrVotes = errors.New("too few votes")

// Target is a block that is voted for.
type Target struct {
	Hash   hash.H256
	Number chain.BlockNumber
}

// String is the block's number and hash.
func (t Target) String() string { return fmt.Sprintf("%d %v", t.Number, t.Hash) }

// TargetOf is the target that names the header.
func TargetOf(h chain.Header) Target { return Target{h.Hash(), h.Number} }

// SignedPrecommit is one authority's vote (132 bytes).
type SignedPrecommit struct {
	Target    Target
	Signature [64]byte
	ID        keys.GrandpaID
}

// Commit is a target and the votes for it.
type Commit struct {
	Target     Target
	Precommits []SignedPrecommit
}

// Justification proves that a block is final to whoever knows the set of
// authorities. The id of the set is not inside, but in what is signed.
type Justification struct {
	Round  uint64
	Commit Commit
	// Ancestries are the headers from the commit's target up to votes above it.
	Ancestries []chain.Header
}

// Encode returns the justification's SCALE bytes.
func (j Justification) Encode() []byte { return scale.Marshal(j) }

// DecodeJustification reads a justification, and refuses bytes left over.
func DecodeJustification(raw []byte) (Justification, error) {
	if len(raw) > MaxJustification {
		return Justification{}, fmt.Errorf("decode justification: %d bytes are too many", len(raw))
	}
	j, err := scale.Decode[Justification](raw)
	if err != nil {
		return Justification{}, fmt.Errorf("decode justification: %w", err)
	}
	return j, nil
}

// The kinds of votes, as they stand in what is signed.
const (
	kindPrevote   = 0
	kindPrecommit = 1
)

// PrecommitPayload is what a precommit signs (53 bytes):
//
//	01 ‖ hash[32] ‖ number u32 ‖ round u64 ‖ set id u64
func PrecommitPayload(target Target, round, setID uint64) []byte {
	return payload(kindPrecommit, target, round, setID)
}

func payload(kind byte, target Target, round, setID uint64) []byte {
	b := append(make([]byte, 0, 53), kind)
	b = append(b, target.Hash[:]...)
	b = scale.AppendUint32(b, target.Number)
	b = scale.AppendUint64(b, round)
	return scale.AppendUint64(b, setID)
}

// Sign makes the pair's vote.
func Sign(pair keys.GrandpaPair, target Target, round, setID uint64) SignedPrecommit {
	return SignedPrecommit{target, pair.Sign(PrecommitPayload(target, round, setID)), pair.ID()}
}

// Assemble makes the minimal justification of a block: votes sorted by
// authority id, and no more than the threshold needs. Votes for other blocks,
// by strangers, and repeated ones are left out. With which authority the choice
// begins goes around with the rounds, so that none is left out in all of them.
//
// Preconditions: the votes' signatures were checked.
func Assemble(round uint64, target Target, set AuthoritySet, votes []SignedPrecommit) (Justification, error) {
	weights := map[keys.GrandpaID]uint64{}
	for _, a := range set.Authorities {
		weights[a.ID] = a.Weight
	}
	threshold, err := set.Threshold()
	if err != nil {
		return Justification{}, err
	}
	sorted := slices.Clone(votes)
	byID := func(a, b SignedPrecommit) int { return bytes.Compare(a.ID[:], b.ID[:]) }
	slices.SortStableFunc(sorted, byID)
	j := Justification{Round: round, Commit: Commit{Target: target}}
	total, n := uint64(0), uint64(len(sorted))
	for i := range n {
		v := sorted[(round%n+i)%n]
		weight := weights[v.ID]
		if v.Target != target || weight == 0 || total >= threshold {
			continue
		}
		delete(weights, v.ID)
		total += weight
		j.Commit.Precommits = append(j.Commit.Precommits, v)
	}
	if total < threshold {
		return Justification{}, fmt.Errorf("justify block %v: weight %d of %d: %w", target, total, threshold, ErrVotes)
	}
	slices.SortFunc(j.Commit.Precommits, byID)
	return j, nil
}
