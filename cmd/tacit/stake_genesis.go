package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/npos"
	"github.com/tacit-network/tacit/scale"
)

// A case with nominators is an election at the genesis of a real runtime: the
// accounts are numbers, first the candidates', then the nominators', and the
// candidates stand in the order of the runtime's storage. Candidates vote for
// themselves. Votes weigh a share of the stake when all that is issued has more
// than 64 bits, and the chain stores ratios in billionths.

// genesisBalance is what each account has there beside its stake.
var genesisBalance = scale.U64(10_000_000_000_000)

// nominator is a nominator in a file: [stake, [numbers of candidates]].
type nominator struct {
	stake   scale.U128
	targets []int
}

// UnmarshalJSON reads a row of two.
func (n *nominator) UnmarshalJSON(data []byte) error {
	var parts []json.RawMessage
	var stake number
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) != 2 {
		return fmt.Errorf("%s is no nominator: a nominator is [stake, [numbers of candidates]]", clip(data))
	}
	if err := json.Unmarshal(parts[0], &stake); err != nil {
		return fmt.Errorf("stake of a nominator: %w", err)
	}
	n.stake = stake.U128
	if err := json.Unmarshal(parts[1], &n.targets); err != nil {
		return fmt.Errorf("votes of a nominator: %w", err)
	}
	return nil
}

// genesisAccount is the account of a number.
func genesisAccount(number int) []byte {
	account := make([]byte, 32)
	binary.BigEndian.PutUint32(account, uint32(number+1))
	account[31] = 1
	return account
}

// genesis reads candidates and nominators.
func (c votingCase) genesis(e *election) error {
	var stakes []number
	if err := json.Unmarshal(*c.Candidates, &stakes); err != nil {
		return fmt.Errorf("stakes of candidates: %w", err)
	}
	var issued scale.U128
	for _, s := range stakes {
		issued = issued.AddSat(s.U128).AddSat(genesisBalance)
	}
	for _, n := range *c.Nominators {
		issued = issued.AddSat(n.stake).AddSat(genesisBalance)
	}
	if f, _ := issued.DivMod(scale.U64(^uint64(0))); e.factor.Less(f) {
		e.factor = f
	}
	weight := func(stake scale.U128) uint64 {
		w, _ := stake.DivMod(e.factor)
		if n, fits := w.Uint64(); fits {
			return n
		}
		return ^uint64(0)
	}
	name := func(number int) identity { return identity(strconv.Itoa(number)) }

	order := make([]int, len(stakes))
	places := make([][]byte, len(stakes))
	for i, s := range stakes {
		who := genesisAccount(i)
		place := hash.Twox64(who)
		order[i], places[i] = i, append(place[:], who...)
		e.voters = append(e.voters, npos.Voter[identity]{Who: name(i), Stake: weight(s.U128), Targets: []identity{name(i)}})
	}
	slices.SortFunc(order, func(a, b int) int { return bytes.Compare(places[a], places[b]) })
	for _, i := range order {
		e.candidates = append(e.candidates, name(i))
	}
	for i, n := range *c.Nominators {
		targets := make([]identity, len(n.targets))
		for k, t := range n.targets {
			targets[k] = name(t)
		}
		e.voters = append(e.voters, npos.Voter[identity]{Who: name(len(stakes) + i), Stake: weight(n.stake), Targets: targets})
	}
	e.stored = true
	return nil
}

// amounts gives the result as it is stored, in the amounts of the file.
func (e election) amounts(r npos.Result[identity]) npos.Result[identity] {
	if e.stored {
		r = r.Rounded(npos.Perbill)
	}
	if e.factor == scale.U64(1) {
		return r
	}
	for i := range r.Winners {
		r.Winners[i].Backed = r.Winners[i].Backed.MulSat(e.factor)
	}
	for _, b := range r.Backers {
		for i := range b.Edges {
			b.Edges[i].Amount = b.Edges[i].Amount.MulSat(e.factor)
		}
	}
	return r
}
