package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/keys"
)

// maxProposal is the most bytes of transactions in a proposal.
const maxProposal = 4 << 20

// Solo drives an App alone: the same execution, the same precommits and the
// same justifications as among validators, and nobody to agree with. Its clock
// is the caller's, so that the same calls make the same chain.
type Solo struct {
	app  *App
	keys []keys.GrandpaPair
}

// NewSolo returns a driver that signs with the keys of all validators, also of
// those that are not in the set yet.
func NewSolo(app *App, validators []keys.GrandpaPair) *Solo { return &Solo{app, validators} }

// Step makes one block with the given time in milliseconds since 1970, and
// with it finalises the block before, as the votes for the next block do.
func (s *Solo) Step(ms uint64) (chain.Header, error) {
	a := s.app
	head := a.Head()
	voters, err := a.Voters(head.Number)
	if err != nil {
		return chain.Header{}, err
	}
	n := len(voters.Authorities)
	in := Input{Time: ms, Proposer: int(head.Number) % n, Validators: n, Txs: a.Build(maxProposal)}
	if in.Txs, err = a.Propose(in); err != nil {
		return chain.Header{}, fmt.Errorf("own proposal: %w", err)
	}
	if err := s.finalize(head); err != nil {
		return chain.Header{}, err
	}
	staged, err := a.Execute(in)
	if err != nil {
		return chain.Header{}, err
	}
	if err := a.Commit(); err != nil {
		return chain.Header{}, err
	}
	return staged.Header, nil
}

func (s *Solo) finalize(target chain.Header) error {
	if target.Number == 0 {
		return nil
	}
	set, err := s.app.Voters(target.Number)
	if err != nil {
		return err
	}
	goal, round := grandpa.TargetOf(target), uint64(target.Number)
	var votes []grandpa.SignedPrecommit
	for _, k := range s.keys {
		if slices.ContainsFunc(set.Authorities, func(a grandpa.Authority) bool { return a.ID == k.ID() }) {
			votes = append(votes, grandpa.Sign(k, goal, round, set.ID))
		}
	}
	j, err := grandpa.Assemble(round, goal, set.AuthoritySet, votes)
	if err != nil {
		return fmt.Errorf("justify block %d: %w", target.Number, err)
	}
	return s.app.Finalize(target.Number, j.Encode())
}

// Run makes a block each time tick brings the time, until ctx ends.
func (s *Solo) Run(ctx context.Context, tick <-chan time.Time) error {
	last := uint64(0)
	if now, err := s.app.Time(); err == nil {
		last = now
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case t := <-tick:
			last = max(last+1, uint64(t.UnixMilli()))
			if _, err := s.Step(last); err != nil {
				return err
			}
		}
	}
}
