package staking_test

import (
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
)

// The end of a session after which four in ten of 500 validators, whom 5000
// nominate, were offline: it is judged in the block that begins the next one.
func BenchmarkOutage(b *testing.B) {
	const validators, nominators = 500, 5000
	holds, g := map[int]chain.Balance{}, staking.Genesis{ValidatorCount: validators, MinimumValidatorCount: 1}
	var all []int
	for i := range validators + nominators {
		holds[i] = tokens(200)
		s := staking.Staker{Stash: who(i), Amount: tokens(100)}
		if i >= validators {
			for j := range 16 {
				s.Targets = append(s.Targets, who((i*31+j*j*127)%validators))
			}
		} else {
			all = append(all, i)
		}
		g.Stakers = append(g.Stakers, s)
	}
	w := newWorld(b, config, holds)
	w.begin(g, all...)
	r := offences.Report{Kind: offences.Offline, Fraction: offences.Unresponsive}
	for i := range validators * 4 / 10 {
		r.Offenders = append(r.Offenders, who(i))
	}
	for b.Loop() {
		ctx := w.Context()
		ctx.Begin()
		if !w.offences.Report(ctx, r) {
			b.Fatal("the report is not taken")
		}
		ctx.Rollback()
	}
}
