package grandpa

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// The ways in which a justification is not valid, under the names that the
// bridge pallets of Substrate give them.
var (
	ErrTarget            = errors.New("InvalidJustificationTarget")
	ErrDuplicateAncestry = errors.New("DuplicateVotesAncestries")
	ErrRedundantVote     = errors.New("RedundantAuthorityVote")
	ErrUnknownAuthority  = errors.New("UnknownAuthorityVote")
	ErrDuplicateVote     = errors.New("DuplicateAuthorityVote")
	ErrUnrelatedVote     = errors.New("UnrelatedAncestryVote")
	ErrSignature         = errors.New("InvalidAuthoritySignature")
	ErrLowWeight         = errors.New("TooLowCumulativeWeight")
	ErrRedundantAncestry = errors.New("RedundantVotesAncestries")
)

// Verify checks a justification of a chain of ours: the commit's target is the
// header, hash and number; all votes are for it and there are no ancestries;
// every voter is of the set and votes once; there is not one vote more than
// the threshold needs; and every signature holds.
func Verify(j Justification, set AuthoritySet, header chain.Header) error {
	return VerifyTarget(j, set, TargetOf(header))
}

// VerifyTarget is Verify for who knows the hash and the number of the header,
// and that they belong together.
func VerifyTarget(j Justification, set AuthoritySet, target Target) error {
	if j.Commit.Target != target {
		return fmt.Errorf("justification of %v for header %v: %w", j.Commit.Target, target, ErrTarget)
	}
	if len(j.Ancestries) > 0 {
		return fmt.Errorf("justification of %v: %w", target, ErrRedundantAncestry)
	}
	for i, v := range j.Commit.Precommits {
		if v.Target != target {
			return fmt.Errorf("justification of %v: vote %d is for %v: %w", target, i, v.Target, ErrUnrelatedVote)
		}
	}
	return Evidence{j.Round, j.Commit, nil}.Bridge(set, target)
}

// Link is a header of the ancestries, of which only the hashes count.
type Link struct {
	Hash, Parent hash.H256
}

// Evidence is a justification whose ancestries were hashed, so that it serves
// chains with headers of other forms, too.
type Evidence struct {
	Round  uint64
	Commit Commit
	Links  []Link
}

// Evidence hashes the ancestries.
func (j Justification) Evidence() Evidence {
	e := Evidence{j.Round, j.Commit, nil}
	for _, h := range j.Ancestries {
		e.Links = append(e.Links, Link{h.Hash(), h.ParentHash})
	}
	return e
}

// Bridge checks by the strict rules of Substrate's bridge pallets. Votes may be
// for descendants of the target, given the headers between, and nothing may be
// more than is needed.
func (e Evidence) Bridge(set AuthoritySet, target Target) error {
	fail := func(i int, err error) error {
		return fmt.Errorf("justification of %v: vote %d of %d: %w", target, i, len(e.Commit.Precommits), err)
	}
	if e.Commit.Target != target {
		return fmt.Errorf("justification of %v instead of %v: %w", e.Commit.Target, target, ErrTarget)
	}
	voters, threshold, err := set.voters()
	if err != nil {
		return err
	}
	parents := make(map[hash.H256]hash.H256, len(e.Links))
	for _, l := range e.Links {
		if _, twice := parents[l.Hash]; twice {
			return fmt.Errorf("justification of %v: %w", target, ErrDuplicateAncestry)
		}
		parents[l.Hash] = l.Parent
	}
	visited := make(map[hash.H256]bool, len(e.Links))
	seen := make(map[keys.GrandpaID]bool, len(e.Commit.Precommits))
	var batch keys.Ed25519Batch
	weight := uint64(0)
	structural := error(nil)
	for i, v := range e.Commit.Precommits {
		w, known := voters[v.ID]
		switch {
		case weight >= threshold:
			structural = fail(i, ErrRedundantVote)
		case !known:
			structural = fail(i, ErrUnknownAuthority)
		case seen[v.ID]:
			structural = fail(i, ErrDuplicateVote)
		case v.Target.Number < target.Number || !walk(v.Target.Hash, target.Hash, parents, visited):
			structural = fail(i, ErrUnrelatedVote)
		}
		if structural != nil {
			break
		}
		seen[v.ID] = true
		batch.Add(v.ID, PrecommitPayload(v.Target, e.Round, set.ID), v.Signature[:])
		weight += w
	}
	// A signature before the first structural fault is the earlier fault; it
	// only matters for the name that the refusal gets.
	if structural == nil && weight < threshold {
		structural = fmt.Errorf("justification of %v: weight %d of %d: %w", target, weight, threshold, ErrLowWeight)
	}
	if structural == nil && len(visited) < len(e.Links) {
		structural = fmt.Errorf("justification of %v: %w", target, ErrRedundantAncestry)
	}
	if !batch.Verify() {
		return fail(batch.Culprit(), ErrSignature)
	}
	return structural
}

// walk goes from one block down to its ancestor and marks the way. It says
// whether it arrived.
func walk(from, to hash.H256, parents map[hash.H256]hash.H256, visited map[hash.H256]bool) bool {
	var way []hash.H256
	for at := from; at != to && !visited[at]; {
		parent, ok := parents[at]
		if !ok || len(way) > len(parents) {
			return false
		}
		way = append(way, at)
		at = parent
	}
	for _, h := range way {
		visited[h] = true
	}
	return true
}

// voters returns the weight of every voter: without those of weight 0, and
// with repeated ones added up.
func (s AuthoritySet) voters() (map[keys.GrandpaID]uint64, uint64, error) {
	threshold, err := s.Threshold()
	if err != nil {
		return nil, 0, err
	}
	m := make(map[keys.GrandpaID]uint64, len(s.Authorities))
	for _, a := range s.Authorities {
		if a.Weight > 0 {
			m[a.ID] += a.Weight
		}
	}
	return m, threshold, nil
}

// Smoldot checks by the rules of the light client smoldot: every voter is of
// the set and votes once, there are enough of them, and signatures hold.
// Weights and ancestries are not looked at.
func (e Evidence) Smoldot(set AuthoritySet) error {
	known := map[keys.GrandpaID]bool{}
	for _, a := range set.Authorities {
		known[a.ID] = true
	}
	seen := map[keys.GrandpaID]bool{}
	var batch keys.Ed25519Batch
	for i, v := range e.Commit.Precommits {
		if seen[v.ID] {
			return fmt.Errorf("vote %d: %w", i, ErrDuplicateVote)
		}
		if !known[v.ID] {
			return fmt.Errorf("vote %d: %w", i, ErrUnknownAuthority)
		}
		seen[v.ID] = true
		batch.Add(v.ID, PrecommitPayload(v.Target, e.Round, set.ID), v.Signature[:])
	}
	if len(seen) < len(set.Authorities)*2/3+1 {
		return fmt.Errorf("%d votes of %d authorities: %w", len(seen), len(set.Authorities), ErrLowWeight)
	}
	if !batch.Verify() {
		return fmt.Errorf("vote %d: %w", batch.Culprit(), ErrSignature)
	}
	return nil
}
