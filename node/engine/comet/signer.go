package comet

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cometbft/cometbft/crypto"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/scale"
)

// errConflict means that a vote would contradict an earlier one.
var errConflict = errors.New("refuse to contradict an earlier vote")

// signers are all the keys of a node. CometBFT is told of the one that is in
// the set, so that a session with another key needs no restart. It implements
// types.PrivValidator.
type signers struct {
	list []*signer
	// votes says whether a key is among those of the next height.
	votes func(public []byte) bool
}

// newSigners returns the signers of pairs, of which there is at least one.
func newSigners(pairs []keys.Pair, space *store.Space, votes func([]byte) bool) (*signers, error) {
	s := &signers{votes: votes}
	for _, pair := range pairs {
		one, err := newSigner(pair, space)
		if err != nil {
			return nil, err
		}
		s.list = append(s.list, one)
	}
	return s, nil
}

// GetPubKey implements types.PrivValidator. CometBFT asks anew after each block.
func (s *signers) GetPubKey() (crypto.PubKey, error) { return s.active().GetPubKey() }

// active is the signer whose key is in the set, else the last.
func (s *signers) active() *signer {
	for _, one := range s.list {
		if s.votes(one.pair.Public()) {
			return one
		}
	}
	return s.list[len(s.list)-1]
}

// SignVote implements types.PrivValidator.
func (s *signers) SignVote(chainID string, vote *cmtproto.Vote) error {
	for _, one := range s.list {
		if bytes.Equal(ed25519.PubKey(one.pair.Public()).Address(), vote.ValidatorAddress) {
			return one.SignVote(chainID, vote)
		}
	}
	return fmt.Errorf("sign a vote of the validator %X, whose key is not here", vote.ValidatorAddress)
}

// SignProposal implements types.PrivValidator.
func (s *signers) SignProposal(chainID string, proposal *cmtproto.Proposal) error {
	return s.active().SignProposal(chainID, proposal)
}

// signer signs CometBFT's votes and proposals with one key, and never two
// different ones in a step of a round. What was signed last is on the disk
// before a signature leaves.
type signer struct {
	pair  keys.Pair
	space *store.Space

	mu   sync.Mutex
	last step
}

// step is what was signed last. A vote that is asked for again, as after a
// crash, may differ in its time alone, and then gets the old time and signature.
type step struct {
	Height    int64
	Round     int32
	Step      uint8 // 1 proposal, 2 prevote, 3 precommit
	Content   hash.H256
	Time      int64 // nanoseconds since 1970
	Signature [64]byte
}

// newSigner returns the signer of an ed25519 pair, which notes in space, under
// its public key, what it signed last.
func newSigner(pair keys.Pair, space *store.Space) (*signer, error) {
	if pair.Scheme() != keys.Ed25519 {
		return nil, fmt.Errorf("a validator's consensus key is an ed25519 key, not %v", pair.Scheme())
	}
	s := &signer{pair: pair, space: space}
	raw, err := space.Get(pair.Public())
	if err != nil || raw == nil {
		return s, err
	}
	if s.last, err = scale.Decode[step](raw); err != nil {
		return nil, fmt.Errorf("read the last vote: %w", err)
	}
	return s, nil
}

// GetPubKey returns the public key.
func (s *signer) GetPubKey() (crypto.PubKey, error) { return ed25519.PubKey(s.pair.Public()), nil }

// SignVote signs a vote. The signature of an extension is
// made anew each time; the GRANDPA precommit inside has a guard of its own.
func (s *signer) SignVote(chainID string, vote *cmtproto.Vote) error {
	next := step{Height: vote.Height, Round: vote.Round}
	switch vote.Type {
	case cmtproto.PrevoteType:
		next.Step = 2
	case cmtproto.PrecommitType:
		next.Step = 3
	default:
		return fmt.Errorf("sign a vote of kind %v", vote.Type)
	}
	var extension []byte
	if vote.Type == cmtproto.PrecommitType && !types.ProtoBlockIDIsNil(&vote.BlockID) {
		extension = s.pair.Sign(types.VoteExtensionSignBytes(chainID, vote))
	} else if len(vote.Extension) > 0 {
		return errors.New("sign a vote: an extension where there can be none")
	}
	signature, at, err := s.sign(next, vote.Timestamp, func(at time.Time) []byte {
		v := *vote
		v.Timestamp = at
		return types.VoteSignBytes(chainID, &v)
	})
	if err != nil {
		return err
	}
	vote.Signature, vote.Timestamp, vote.ExtensionSignature = signature, at, extension
	return nil
}

// SignProposal signs a proposal.
func (s *signer) SignProposal(chainID string, proposal *cmtproto.Proposal) error {
	next := step{Height: proposal.Height, Round: proposal.Round, Step: 1}
	signature, at, err := s.sign(next, proposal.Timestamp, func(at time.Time) []byte {
		p := *proposal
		p.Timestamp = at
		return types.ProposalSignBytes(chainID, &p)
	})
	if err != nil {
		return err
	}
	proposal.Signature, proposal.Timestamp = signature, at
	return nil
}

// sign signs the bytes of a step at a time, or returns the signature and time
// that the same step got before.
func (s *signer) sign(next step, at time.Time, bytesAt func(time.Time) []byte) ([]byte, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next.Content = hash.Blake2b256(bytesAt(time.Unix(0, 0).UTC()))
	switch before := s.last.compare(next); {
	case before > 0:
		return nil, at, fmt.Errorf("%w: height %d, round %d, step %d after %d, %d, %d", errConflict,
			next.Height, next.Round, next.Step, s.last.Height, s.last.Round, s.last.Step)
	case before == 0 && next.Content != s.last.Content:
		return nil, at, fmt.Errorf("%w: height %d, round %d, step %d", errConflict, next.Height, next.Round, next.Step)
	case before == 0:
		return append([]byte(nil), s.last.Signature[:]...), time.Unix(0, s.last.Time).UTC(), nil
	}
	next.Time = at.UnixNano()
	next.Signature = [64]byte(s.pair.Sign(bytesAt(at)))
	if err := s.space.Set(s.pair.Public(), scale.Marshal(next), true); err != nil {
		return nil, at, fmt.Errorf("note what is signed: %w", err)
	}
	s.last = next
	return append([]byte(nil), next.Signature[:]...), at, nil
}

// compare is negative where l comes before the other step.
func (l step) compare(other step) int {
	switch {
	case l.Height != other.Height:
		return int(min(max(l.Height-other.Height, -1), 1))
	case l.Round != other.Round:
		return int(l.Round - other.Round)
	}
	return int(l.Step) - int(other.Step)
}
