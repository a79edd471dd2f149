package npos

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/scale"
)

// ErrInfeasible means that a claimed result does not follow the votes.
var ErrInfeasible = errors.New("result is not feasible")

// Check says whether a claimed result could be one of this election: as many
// winners as there are seats, or as there are candidates when they are fewer,
// each of them a candidate; voters that exist, in their order, who give to
// candidates they voted for either their whole stake or nothing; and winners
// backed by what they are given. Voters may be left out. It does not say
// whether the result is good: compare its Score for that. Errors are
// ErrInfeasible.
func Check[ID comparable](seats int, candidates []ID, voters []Voter[ID], r Result[ID]) error {
	if want := max(min(seats, len(candidates)), 0); len(r.Winners) != want {
		return fmt.Errorf("%d winners for %d seats: %w", len(r.Winners), want, ErrInfeasible)
	}
	stands := make(map[ID]bool, len(candidates))
	for _, c := range candidates {
		stands[c] = true
	}
	backed := make(map[ID]scale.U128, len(r.Winners))
	for _, w := range r.Winners {
		if !stands[w.Who] {
			return fmt.Errorf("winner %v is no candidate: %w", w.Who, ErrInfeasible)
		}
		if _, twice := backed[w.Who]; twice {
			return fmt.Errorf("%v wins twice: %w", w.Who, ErrInfeasible)
		}
		backed[w.Who] = scale.U128{}
	}
	row := 0
	for _, b := range r.Backers {
		for row < len(voters) && (voters[row].Who != b.Who || voters[row].Stake != b.Stake) {
			row++
		}
		if row == len(voters) {
			return fmt.Errorf("%v with stake %d is no voter, or not in its place: %w", b.Who, b.Stake, ErrInfeasible)
		}
		if err := b.check(voters[row].Targets, stands, backed); err != nil {
			return fmt.Errorf("voter %v: %w", b.Who, err)
		}
		row++
	}
	for _, w := range r.Winners {
		if backed[w.Who] != w.Backed {
			return fmt.Errorf("%v is backed by %s, not by %s: %w", w.Who, backed[w.Who], w.Backed, ErrInfeasible)
		}
	}
	return nil
}

// check adds what the voter gives to what backs the winners.
func (b Backer[ID]) check(targets []ID, stands map[ID]bool, backed map[ID]scale.U128) error {
	left := make(map[ID]bool, len(targets)) // candidates voted for, not yet given to
	for _, t := range targets {
		left[t] = stands[t]
	}
	var given scale.U128
	for _, e := range b.Edges {
		if !left[e.Who] {
			return fmt.Errorf("gives to %v without a vote, or twice: %w", e.Who, ErrInfeasible)
		}
		left[e.Who] = false
		if e.Amount.IsZero() {
			continue
		}
		sum, wins := backed[e.Who]
		if !wins {
			return fmt.Errorf("gives to %v, who did not win: %w", e.Who, ErrInfeasible)
		}
		backed[e.Who] = sum.AddSat(e.Amount)
		given = given.AddSat(e.Amount)
	}
	if !given.IsZero() && given != scale.U64(b.Stake) {
		return fmt.Errorf("gives %s of a stake of %d: %w", given, b.Stake, ErrInfeasible)
	}
	return nil
}
