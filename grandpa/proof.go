package grandpa

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// MaxWarpProof is the most bytes that a warp proof may have.
const MaxWarpProof = 8 << 20

// ErrWarp means that a warp proof does not hold.
var ErrWarp = errors.New("bad warp proof")

// ErrEquivocation means that an equivocation proof proves nothing.
var ErrEquivocation = errors.New("no equivocation")

// FinalityProof is the answer of grandpa_proveFinality.
type FinalityProof struct {
	// Block is the block that the justification is for.
	Block         hash.H256
	Justification []byte
	// UnknownHeaders go from the block that was asked for to Block.
	UnknownHeaders []chain.Header
}

// DecodeFinalityProof reads a proof, and refuses bytes left over.
func DecodeFinalityProof(raw []byte) (FinalityProof, error) {
	p, err := scale.Decode[FinalityProof](raw)
	if err != nil {
		return FinalityProof{}, fmt.Errorf("decode finality proof: %w", err)
	}
	return p, nil
}

// Verify checks the proof by Substrate's rules and that its headers are a
// chain that ends in the justified block.
func (p FinalityProof) Verify(set AuthoritySet) (Target, error) {
	j, err := DecodeJustification(p.Justification)
	if err != nil {
		return Target{}, err
	}
	target := j.Commit.Target
	if target.Hash != p.Block {
		return Target{}, fmt.Errorf("finality proof of %v: %w", p.Block, ErrTarget)
	}
	for i, h := range p.UnknownHeaders {
		last := i == len(p.UnknownHeaders)-1
		if last && TargetOf(h) != target || !last && p.UnknownHeaders[i+1].ParentHash != h.Hash() {
			return Target{}, fmt.Errorf("finality proof of %v: header %d does not lead there: %w", p.Block, i, ErrTarget)
		}
	}
	return target, j.Evidence().Substrate(set, target)
}

// Fragment is a header with its justification.
type Fragment struct {
	Header        chain.Header
	Justification Justification
}

// WarpProof leads from one set of authorities to a later one: a fragment for
// each change, and at last one for the newest final block, if Finished.
type WarpProof struct {
	Fragments []Fragment
	Finished  bool
}

// Encode returns the proof's SCALE bytes.
func (p WarpProof) Encode() []byte { return scale.Marshal(p) }

// DecodeWarpProof reads a proof, and refuses bytes left over.
func DecodeWarpProof(raw []byte) (WarpProof, error) {
	if len(raw) > MaxWarpProof {
		return WarpProof{}, fmt.Errorf("decode warp proof: %d bytes are too many", len(raw))
	}
	p, err := scale.Decode[WarpProof](raw)
	if err != nil {
		return WarpProof{}, fmt.Errorf("decode warp proof: %w", err)
	}
	return p, nil
}

// Verify follows the proof by Substrate's rules, which do not follow forced
// changes, and returns the set that it leads to and the last header.
func (p WarpProof) Verify(set AuthoritySet) (AuthoritySet, chain.Header, error) {
	if len(p.Fragments) == 0 {
		return set, chain.Header{}, fmt.Errorf("%w: it is empty", ErrWarp)
	}
	for i, f := range p.Fragments {
		if err := f.Justification.Evidence().Substrate(set, TargetOf(f.Header)); err != nil {
			return set, chain.Header{}, fmt.Errorf("%w: fragment %d, set %d: %w", ErrWarp, i, set.ID, err)
		}
		logs, _ := Logs(f.Header) // others pass over what they cannot read
		if change, _ := FindChanges(logs); change != nil {
			set = AuthoritySet{set.ID + 1, change.Next}
		} else if i < len(p.Fragments)-1 || !p.Finished {
			return set, chain.Header{}, fmt.Errorf("%w: fragment %d changes no set", ErrWarp, i)
		}
	}
	return set, p.Fragments[len(p.Fragments)-1].Header, nil
}

// Equivocation is two different votes of one authority in one round:
// PrevoteEquivocation or PrecommitEquivocation.
type Equivocation interface{ votes() (byte, TwoVotes) }

// TwoVotes are the votes of an Equivocation.
type TwoVotes struct {
	Round           uint64
	ID              keys.GrandpaID
	First           Target
	FirstSignature  [64]byte
	Second          Target
	SecondSignature [64]byte
}

// PrevoteEquivocation is an equivocation of prevotes.
type PrevoteEquivocation struct{ TwoVotes TwoVotes }

// PrecommitEquivocation is an equivocation of precommits.
type PrecommitEquivocation struct{ TwoVotes TwoVotes }

func (e PrevoteEquivocation) votes() (byte, TwoVotes)   { return kindPrevote, e.TwoVotes }
func (e PrecommitEquivocation) votes() (byte, TwoVotes) { return kindPrecommit, e.TwoVotes }

var _ = scale.Enum(scale.V[Equivocation]{0: PrevoteEquivocation{}, 1: PrecommitEquivocation{}})

// EquivocationProof is what an offence report of GRANDPA carries.
type EquivocationProof struct {
	SetID        uint64
	Equivocation Equivocation
}

// Offender is who voted twice, in the round that is returned with it.
func (p EquivocationProof) Offender() (keys.GrandpaID, uint64) {
	_, v := p.Equivocation.votes()
	return v.ID, v.Round
}

// Check says whether the votes differ and both signatures hold.
func (p EquivocationProof) Check() error {
	if p.Equivocation == nil {
		return fmt.Errorf("%w: there are no votes", ErrEquivocation)
	}
	kind, v := p.Equivocation.votes()
	switch {
	case v.First == v.Second:
		return fmt.Errorf("%w: the votes are for one block", ErrEquivocation)
	case !v.ID.Verify(payload(kind, v.First, v.Round, p.SetID), v.FirstSignature[:]):
		return fmt.Errorf("%w: the first signature does not hold", ErrEquivocation)
	case !v.ID.Verify(payload(kind, v.Second, v.Round, p.SetID), v.SecondSignature[:]):
		return fmt.Errorf("%w: the second signature does not hold", ErrEquivocation)
	}
	return nil
}

// FullCommit is a commit as it is gossiped, with signatures apart from votes.
type FullCommit struct {
	Round, SetID uint64
	Target       Target
	Votes        []Target
	Auth         []struct {
		Signature [64]byte
		ID        keys.GrandpaID
	}
}

// DecodeFullCommit reads a gossiped commit, whose two lists must be of one
// length, and returns the id of the set and the commit as evidence.
func DecodeFullCommit(raw []byte) (setID uint64, e Evidence, err error) {
	if len(raw) > MaxJustification {
		return 0, Evidence{}, fmt.Errorf("decode commit: %d bytes are too many", len(raw))
	}
	c, err := scale.Decode[FullCommit](raw)
	if err == nil && len(c.Votes) != len(c.Auth) {
		err = fmt.Errorf("%d votes and %d signatures", len(c.Votes), len(c.Auth))
	}
	if err != nil {
		return 0, Evidence{}, fmt.Errorf("decode commit: %w", err)
	}
	e = Evidence{Round: c.Round, Commit: Commit{Target: c.Target}}
	for i, t := range c.Votes {
		e.Commit.Precommits = append(e.Commit.Precommits, SignedPrecommit{t, c.Auth[i].Signature, c.Auth[i].ID})
	}
	return c.SetID, e, nil
}

// EncodeFullCommit returns the gossip form of a justification's commit.
func EncodeFullCommit(setID uint64, j Justification) []byte {
	c := FullCommit{Round: j.Round, SetID: setID, Target: j.Commit.Target}
	for _, v := range j.Commit.Precommits {
		c.Votes = append(c.Votes, v.Target)
		c.Auth = append(c.Auth, struct {
			Signature [64]byte
			ID        keys.GrandpaID
		}{v.Signature, v.ID})
	}
	return scale.Marshal(c)
}
