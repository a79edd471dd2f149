package grandpa

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// The ways in which Substrate's own rules refuse a justification.
var (
	ErrInvalidCommit = errors.New("invalid commit")
	ErrBadSignature  = errors.New("invalid signature")
	ErrUnused        = errors.New("unused headers")
)

// Substrate checks by the rules of Substrate's client: votes are counted by
// GHOST over the tree that they span, whoever votes for two blocks counts for
// all, and votes beyond the threshold or by strangers do no harm. It is for
// chains that are not ours.
func (e Evidence) Substrate(set AuthoritySet, target Target) error {
	if e.Commit.Target != target {
		return fmt.Errorf("justification of %v instead of %v: %w", e.Commit.Target, target, ErrInvalidCommit)
	}
	voters, threshold, err := set.voters()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidCommit, err)
	}
	parents := make(map[hash.H256]hash.H256, len(e.Links))
	for _, l := range e.Links {
		parents[l.Hash] = l.Parent
	}
	if err := e.ghost(voters, threshold, parents); err != nil {
		return err
	}
	var batch keys.Ed25519Batch
	for _, v := range e.Commit.Precommits {
		batch.Add(v.ID, PrecommitPayload(v.Target, e.Round, set.ID), v.Signature[:])
	}
	if !batch.Verify() {
		return fmt.Errorf("vote %d of %d: %w", batch.Culprit(), batch.Len(), ErrBadSignature)
	}
	base := lowest(e.Commit.Precommits).Hash
	visited := map[hash.H256]bool{}
	for i, v := range e.Commit.Precommits {
		if !walk(v.Target.Hash, base, parents, visited) {
			return fmt.Errorf("vote %d has no way to the lowest: %w", i, ErrInvalidCommit)
		}
	}
	if len(visited) != len(parents) {
		return fmt.Errorf("%d of %d: %w", len(parents)-len(visited), len(parents), ErrUnused)
	}
	return nil
}

// lowest is the first of the votes with the least number.
func lowest(votes []SignedPrecommit) Target {
	base := votes[0].Target
	for _, v := range votes[1:] {
		if v.Target.Number < base.Number {
			base = v.Target
		}
	}
	return base
}

// tally is what GHOST knows of a block: the weight of those who vote for it or
// above it.
type tally struct {
	number   uint32
	weight   uint64
	children []hash.H256
}

// ghost finds the highest block that has the threshold, which must be the
// commit's target.
func (e Evidence) ghost(voters map[keys.GrandpaID]uint64, threshold uint64, parents map[hash.H256]hash.H256) error {
	var votes []SignedPrecommit
	for _, v := range e.Commit.Precommits {
		if _, known := voters[v.ID]; known {
			votes = append(votes, v)
		}
	}
	if len(votes) == 0 {
		return fmt.Errorf("no voter is of the set: %w", ErrInvalidCommit)
	}
	base := lowest(votes)
	tree := map[hash.H256]*tally{base.Hash: {number: base.Number}}
	first := map[keys.GrandpaID]Target{}
	double := map[keys.GrandpaID]bool{}
	for _, v := range votes {
		if old, voted := first[v.ID]; !voted {
			first[v.ID] = v.Target
		} else if old != v.Target {
			double[v.ID] = true
		}
		if err := graft(tree, v.Target, base, parents); err != nil {
			return err
		}
	}
	everywhere := uint64(0) // the weight of those who vote for two blocks
	for id := range double {
		everywhere += voters[id]
	}
	for id, t := range first {
		if double[id] {
			continue
		}
		for at := t.Hash; ; at = parents[at] {
			tree[at].weight += voters[id]
			if at == base.Hash {
				break
			}
		}
	}
	if tree[base.Hash].weight+everywhere < threshold {
		return fmt.Errorf("weight %d of %d: %w", tree[base.Hash].weight+everywhere, threshold, ErrInvalidCommit)
	}
	best := base.Hash
descend:
	for {
		for _, child := range tree[best].children {
			if tree[child].weight+everywhere >= threshold {
				best = child
				continue descend
			}
		}
		break
	}
	if got := (Target{best, tree[best].number}); got != e.Commit.Target {
		return fmt.Errorf("the votes are for %v: %w", got, ErrInvalidCommit)
	}
	return nil
}

// graft adds a block and those between it and the base to the tree.
func graft(tree map[hash.H256]*tally, target, base Target, parents map[hash.H256]hash.H256) error {
	var way []hash.H256
	at := target.Hash
	for tree[at] == nil {
		parent, ok := parents[at]
		if !ok || len(way) > len(parents) {
			return fmt.Errorf("vote for %v has no way to %v: %w", target, base, ErrInvalidCommit)
		}
		way = append(way, at)
		at = parent
	}
	for i := len(way) - 1; i >= 0; i-- {
		below := tree[at]
		below.children = append(below.children, way[i])
		tree[way[i]] = &tally{number: below.number + 1}
		at = way[i]
	}
	if len(way) > 0 {
		tree[target.Hash].number = target.Number
	}
	return nil
}
