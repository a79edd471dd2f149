package grandpa

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
)

// ErrStep means that a light chain does not follow to a header.
var ErrStep = errors.New("the light chain does not follow")

// LightChain is all that a light client keeps of a chain: the last block that
// it believes in, and who finalises the next ones. It is a value, which SCALE
// encodes, so that it can be sealed and stored. Make the first with
// NewLightChain.
type LightChain struct {
	Number chain.BlockNumber
	Hash   hash.H256
	Set    AuthoritySet
}

// NewLightChain starts at a checkpoint that the caller believes for reasons of
// its own: the block, and the set that finalises the blocks after it.
func NewLightChain(checkpoint Target, set AuthoritySet) (LightChain, error) {
	if err := set.Check(); err != nil {
		return LightChain{}, fmt.Errorf("start light chain at %v: %w", checkpoint, err)
	}
	return LightChain{checkpoint.Number, checkpoint.Hash, set}, nil
}

// Step believes a header that is justified by the present set, and takes over
// the set that the header hands on to. It refuses what could lead astray: a
// number that does not grow, logs that it cannot read, forced changes, delays,
// and sets that no honest chain has. The light chain that it is called on
// stays as it is.
func (l LightChain) Step(header chain.Header, j Justification) (LightChain, error) {
	if header.Number <= l.Number {
		return l, fmt.Errorf("%w to block %d from %d", ErrStep, header.Number, l.Number)
	}
	if err := Verify(j, l.Set, header); err != nil {
		return l, fmt.Errorf("%w to block %d: set %d: %w", ErrStep, header.Number, l.Set.ID, err)
	}
	logs, err := Logs(header)
	if err != nil {
		return l, fmt.Errorf("%w to block %d: %w", ErrStep, header.Number, err)
	}
	next := LightChain{header.Number, header.Hash(), l.Set}
	scheduled, forced := FindChanges(logs)
	if forced != nil {
		return l, fmt.Errorf("%w to block %d: it forces a change of authorities", ErrStep, header.Number)
	}
	if scheduled == nil {
		return next, nil
	}
	if scheduled.Delay != 0 {
		return l, fmt.Errorf("%w to block %d: its change of authorities is delayed by %d", ErrStep, header.Number, scheduled.Delay)
	}
	next.Set = AuthoritySet{l.Set.ID + 1, scheduled.Next}
	if err := next.Set.Check(); err != nil {
		return l, fmt.Errorf("%w to block %d: %w", ErrStep, header.Number, err)
	}
	return next, nil
}
