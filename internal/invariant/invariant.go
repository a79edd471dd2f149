// Package invariant says of a state of the chain what must hold after every
// block, whoever did what in it. Test networks ask it of each of their blocks;
// nothing that ships does.
package invariant

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/storage"
)

// Check reports all that does not hold:
//
//   - what is issued is what accounts have, escrow accounts among them;
//   - as much of a stash is on hold for staking as it has bonded, which is what is
//     at stake and what is being unbonded;
//   - what stands behind the validators of the planned era is the sum of their
//     exposures, and each of those that of its pages;
//   - what is in escrow for a cluster is what its escrow account has, at least.
func Check(rt *runtime.Runtime, state storage.Reader) error {
	return errors.Join(issued(rt, state), bonded(rt, state), exposed(rt, state), escrowed(rt, state))
}

func issued(rt *runtime.Runtime, state storage.Reader) error {
	var sum chain.Balance
	for _, a := range rt.System.Account.All(state) {
		sum = sum.AddSat(a.Data.Free).AddSat(a.Data.Reserved)
	}
	if n := rt.Balances.TotalIssuance.Get(state); n != sum {
		return fmt.Errorf("%s are issued, and accounts have %s", n, sum)
	}
	return nil
}

func bonded(rt *runtime.Runtime, state storage.Reader) error {
	var errs []error
	for who, l := range rt.Staking.Ledger.All(state) {
		parts, held := l.Active, chain.Balance{}
		for _, c := range l.Unlocking {
			parts = parts.AddSat(c.Value)
		}
		for _, h := range rt.Balances.Holds.Get(state, who) {
			if h.ID == rt.Staking.Reason {
				held = held.AddSat(h.Amount)
			}
		}
		if parts != l.Total || held != l.Total {
			errs = append(errs, fmt.Errorf("%s has bonded %s, in parts %s, and %s are on hold", who, l.Total, parts, held))
		}
	}
	return errors.Join(errs...)
}

func exposed(rt *runtime.Runtime, state storage.Reader) error {
	era, ok := rt.Staking.CurrentEra.Get(state)
	if !ok {
		return nil
	}
	var errs []error
	var sum chain.Balance
	for who, meta := range rt.Staking.ErasStakersOverview.Of(state, era) {
		total, count := meta.Own, 0
		for page := range meta.PageCount {
			p, _ := rt.Staking.ErasStakersPaged.Get(state, era, who, page)
			for _, o := range p.Others {
				total, count = total.AddSat(o.Value), count+1
			}
		}
		if total != meta.Total || count != int(meta.NominatorCount) {
			errs = append(errs, fmt.Errorf("%s and %d nominators stand behind %s, and not %s and %d", total, count, who, meta.Total, meta.NominatorCount))
		}
		sum = sum.AddSat(total)
	}
	if want := rt.Staking.ErasTotalStake.Get(state, era); sum != want {
		errs = append(errs, fmt.Errorf("%s stand behind the validators of era %d, and not %s", sum, era, want))
	}
	return errors.Join(errs...)
}

func escrowed(rt *runtime.Runtime, state storage.Reader) error {
	var errs []error
	for id, l := range rt.Clusters.Ledgers.All(state) {
		account := rt.System.Account.Get(state, words.EscrowAccount(id))
		if account.Data.Free.Less(l.Escrow) {
			errs = append(errs, fmt.Errorf("%s are in escrow for cluster %v, whose account has %s", l.Escrow, id, account.Data.Free))
		}
	}
	return errors.Join(errs...)
}
