package client

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// entries reads all values under a prefix at a block, by the account that their
// keys end with, in the order of the keys.
func entries[V any](ctx context.Context, c *Client, prefix []byte, at hash.H256) (who []chain.AccountID, values []V, err error) {
	const page = 500
	var start any
	for {
		var keys []string
		if err := c.Call(ctx, &keys, "state_getKeysPaged", "0x"+hex.EncodeToString(prefix), page, start, at); err != nil {
			return nil, nil, err
		}
		if len(keys) == 0 {
			return who, values, nil
		}
		var answer []struct {
			Changes [][2]*string `json:"changes"`
		}
		if err := c.Call(ctx, &answer, "state_queryStorageAt", keys, at); err != nil {
			return nil, nil, err
		}
		if len(answer) != 1 || len(answer[0].Changes) != len(keys) {
			return nil, nil, errors.New("the node left out values")
		}
		for _, kv := range answer[0].Changes {
			if kv[0] == nil || kv[1] == nil {
				return nil, nil, errors.New("the node has no value for one of its keys")
			}
			key, err := unhex(*kv[0])
			if err != nil || len(key) < 32 {
				return nil, nil, fmt.Errorf("the node's key %q is none", *kv[0])
			}
			raw, err := unhex(*kv[1])
			if err != nil {
				return nil, nil, err
			}
			v, err := scale.Decode[V](raw)
			if err != nil {
				return nil, nil, err
			}
			who, values = append(who, chain.AccountID(key[len(key)-32:])), append(values, v)
		}
		if len(keys) < page {
			return who, values, nil
		}
		start = keys[len(keys)-1]
	}
}

// Era is where staking stands.
type Era struct {
	// Active is the era whose validators validate, Planned the newest one.
	Active, Planned uint32
	// Session is the session under way, Starts the one with which Active began,
	// Length how many an era has.
	Session, Starts, Length uint32
	// Seats is how many validators are wanted; 0 means that there are no
	// elections.
	Seats uint32
	// Staked is what stands behind all validators, Issued how much there is.
	Staked, Issued         chain.Balance
	Candidates, Nominators uint32
	LeastNominatorBond     chain.Balance
	LeastValidatorBond     chain.Balance
	// Paid is what the era before Active earned.
	Paid chain.Balance
}

// get reads the value of a storage item; what is absent is the zero value.
func get[V any](ctx context.Context, c *Client, key []byte, at hash.H256, errs *error) V {
	v, _, err := Find[V](ctx, c, key, &at)
	if err != nil && *errs == nil {
		*errs = err
	}
	return v
}

// Era returns where staking stands at the newest block.
func (c *Client) Era(ctx context.Context) (e Era, at hash.H256, err error) {
	head, err := c.Header(ctx, nil)
	if err != nil {
		return e, at, err
	}
	at = head.Hash()
	s := c.Runtime().Staking
	e.Length = s.SessionsPerEra
	e.Active = get[staking.ActiveEraInfo](ctx, c, s.ActiveEra.Key(), at, &err).Index
	e.Planned = get[uint32](ctx, c, s.CurrentEra.Key(), at, &err)
	e.Session = get[uint32](ctx, c, c.Runtime().Session.CurrentIndex.Key(), at, &err)
	e.Starts = get[uint32](ctx, c, s.ErasStartSessionIndex.Key(e.Active), at, &err)
	e.Seats = get[uint32](ctx, c, s.ValidatorCount.Key(), at, &err)
	e.Staked = get[chain.Balance](ctx, c, s.ErasTotalStake.Key(e.Active), at, &err)
	e.Issued = get[chain.Balance](ctx, c, c.Runtime().Balances.TotalIssuance.Key(), at, &err)
	e.Candidates = get[uint32](ctx, c, s.CounterForValidators.Key(), at, &err)
	e.Nominators = get[uint32](ctx, c, s.CounterForNominators.Key(), at, &err)
	e.LeastNominatorBond = get[chain.Balance](ctx, c, s.MinNominatorBond.Key(), at, &err)
	e.LeastValidatorBond = get[chain.Balance](ctx, c, s.MinValidatorBond.Key(), at, &err)
	if e.Active > 0 {
		e.Paid = get[chain.Balance](ctx, c, s.ErasValidatorReward.Key(e.Active-1), at, &err)
	}
	return e, at, err
}

// Validator is who validates, or wants to.
type Validator struct {
	Account chain.AccountID
	Prefs   staking.ValidatorPrefs
	// Wants says that it is a candidate for the next era, Validates that it
	// validates in this one.
	Wants, Validates bool
	// Own and Total stand behind it in this era.
	Own, Total chain.Balance
	Nominators uint32
	// Points are what it did in this era.
	Points uint32
	// Seen is the last session before this one in which it was online; nil
	// means that it was not lately.
	Seen *uint32
}

// Validators returns all validators and candidates, those with most behind them
// first.
func (c *Client) Validators(ctx context.Context) ([]Validator, Era, error) {
	e, at, err := c.Era(ctx)
	if err != nil {
		return nil, e, err
	}
	s := c.Runtime().Staking
	by := map[chain.AccountID]*Validator{}
	of := func(who chain.AccountID) *Validator {
		if by[who] == nil {
			by[who] = &Validator{Account: who}
		}
		return by[who]
	}
	who, prefs, err := entries[staking.ValidatorPrefs](ctx, c, s.Validators.Prefix(), at)
	if err != nil {
		return nil, e, err
	}
	for i, id := range who {
		v := of(id)
		v.Prefs, v.Wants = prefs[i], true
	}
	who, exposures, err := entries[staking.PagedExposureMetadata](ctx, c, s.ErasStakersOverview.PrefixOf(e.Active), at)
	if err != nil {
		return nil, e, err
	}
	for i, id := range who {
		v := of(id)
		v.Own, v.Total, v.Nominators = exposures[i].Own, exposures[i].Total, exposures[i].NominatorCount
	}
	for _, id := range get[[]chain.AccountID](ctx, c, c.Runtime().Session.Validators.Key(), at, &err) {
		of(id).Validates = true
	}
	for _, p := range get[staking.EraRewardPoints](ctx, c, s.ErasRewardPoints.Key(e.Active), at, &err).Individual {
		of(p.Who).Points = p.Points
	}
	if err != nil {
		return nil, e, err
	}
	who, seen, err := entries[uint32](ctx, c, c.Runtime().ImOnline.LastSeen.Prefix(), at)
	for i, id := range who {
		if by[id] != nil {
			by[id].Seen = &seen[i]
		}
	}
	var list []Validator
	for _, v := range by {
		list = append(list, *v)
	}
	slices.SortFunc(list, func(a, b Validator) int {
		if c := b.Total.Cmp(a.Total); c != 0 {
			return c
		}
		return bytes.Compare(a.Account[:], b.Account[:])
	})
	return list, e, err
}

// Nominator is who nominates whom.
type Nominator struct {
	Account chain.AccountID
	Active  chain.Balance
	Targets []chain.AccountID
}

// Nominators returns all nominators, those with most at stake first.
func (c *Client) Nominators(ctx context.Context) ([]Nominator, error) {
	head, err := c.Header(ctx, nil)
	if err != nil {
		return nil, err
	}
	at, s := head.Hash(), c.Runtime().Staking
	_, ledgers, err := entries[staking.Ledger](ctx, c, s.Ledger.Prefix(), at)
	if err != nil {
		return nil, err
	}
	active := map[chain.AccountID]chain.Balance{}
	for _, l := range ledgers {
		active[l.Stash] = l.Active
	}
	who, nominations, err := entries[staking.Nominations](ctx, c, s.Nominators.Prefix(), at)
	list := make([]Nominator, len(who))
	for i, id := range who {
		list[i] = Nominator{id, active[id], nominations[i].Targets}
	}
	slices.SortStableFunc(list, func(a, b Nominator) int { return b.Active.Cmp(a.Active) })
	return list, err
}

// Stash is what an account has at stake, and does with it.
type Stash struct {
	Ledger staking.Ledger
	Payee  staking.RewardDestination
	// Prefs are nil for one that is no candidate, Targets for one that does not
	// nominate.
	Prefs   *staking.ValidatorPrefs
	Targets []chain.AccountID
	// Spans is how many slashing spans it has.
	Spans uint32
}

// Stash returns a stash; ok is false for an account with nothing at stake.
func (c *Client) Stash(ctx context.Context, who chain.AccountID) (s Stash, ok bool, err error) {
	head, err := c.Header(ctx, nil)
	if err != nil {
		return s, false, err
	}
	at, p := head.Hash(), c.Runtime().Staking
	if s.Ledger, ok, err = Find[staking.Ledger](ctx, c, p.Ledger.Key(who), &at); err != nil || !ok {
		return s, false, err
	}
	s.Payee = get[staking.RewardDestination](ctx, c, p.Payee.Key(who), at, &err)
	s.Targets = get[staking.Nominations](ctx, c, p.Nominators.Key(who), at, &err).Targets
	spans, slashed, e := Find[staking.SlashingSpans](ctx, c, p.SlashingSpans.Key(who), &at)
	if slashed {
		s.Spans = uint32(len(spans.Prior)) + 1
	}
	prefs, wants, e2 := Find[staking.ValidatorPrefs](ctx, c, p.Validators.Key(who), &at)
	if wants {
		s.Prefs = &prefs
	}
	return s, true, errors.Join(err, e, e2)
}

// Unpaid is a page of rewards that nobody has had paid.
type Unpaid struct {
	Era, Page uint32
}

// Unpaid returns the pages of a validator that can be had paid, the oldest
// first.
func (c *Client) Unpaid(ctx context.Context, validator chain.AccountID) (list []Unpaid, err error) {
	e, at, err := c.Era(ctx)
	if err != nil {
		return nil, err
	}
	s := c.Runtime().Staking
	for era := e.Active - min(e.Active, s.HistoryDepth); era < e.Active; era++ {
		m, ok, err := Find[staking.PagedExposureMetadata](ctx, c, s.ErasStakersOverview.Key(era, validator), &at)
		if err != nil {
			return nil, err
		}
		_, ended, err := Find[chain.Balance](ctx, c, s.ErasValidatorReward.Key(era), &at)
		if err != nil {
			return nil, err
		}
		if !ok || !ended {
			continue
		}
		claimed, _, err := Find[[]uint32](ctx, c, s.ClaimedRewards.Key(era, validator), &at)
		if err != nil {
			return nil, err
		}
		for page := range max(m.PageCount, 1) {
			if !slices.Contains(claimed, page) {
				list = append(list, Unpaid{era, page})
			}
		}
	}
	return list, nil
}
