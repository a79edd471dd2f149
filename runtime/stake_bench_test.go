package runtime_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// electorate is a chain on which so many want to validate on so many seats, and
// so many nominate sixteen of them each, in the block before its first election.
// All validators and candidates were seen.
func electorate(b *testing.B, nominators, candidates, seats int) *tester {
	b.Helper()
	x := &tester{rt: runtime.New(), state: trie.New(trie.V1)}
	name := func(kind string, i int) chain.AccountID {
		return chain.AccountID(hash.Blake2b256([]byte(kind), binary.LittleEndian.AppendUint32(nil, uint32(i))))
	}
	keys := func(i int) session.Keys {
		return session.Keys{Grandpa: [32]byte(name("grandpa", i)), Engine: [32]byte(name("engine", i)), Beacon: [32]byte(name("beacon", i))}
	}
	g := runtime.Genesis{SessionBlocks: 2, Staking: staking.Genesis{ValidatorCount: uint32(seats), MinimumValidatorCount: 1}}
	stake := func(who chain.AccountID, i int, targets []chain.AccountID) {
		amount := runtime.Unit.AddSat(scale.U64(uint64(i) * 7_919_000_003 % 900_000_000_000))
		g.Balances = append(g.Balances, runtime.Endowment{Account: who, Amount: amount.MulSat(scale.U64(2))})
		g.Staking.Stakers = append(g.Staking.Stakers, staking.Staker{Stash: who, Amount: amount, Targets: targets})
	}
	for i := range candidates {
		stake(name("validator", i), i, nil)
		if i < seats {
			g.Validators = append(g.Validators, session.Validator{Account: name("validator", i), Keys: keys(i)})
		}
	}
	for i := range nominators {
		var targets []chain.AccountID
		for j := range 16 {
			targets = append(targets, name("validator", (i*31+j*j*127+i*j)%candidates))
		}
		stake(name("nominator", i), i, targets)
	}
	o := storage.NewOverlay(backend{x.state}, verify)
	if err := x.rt.Build(o, g); err != nil {
		b.Fatal(err)
	}
	for i := range candidates {
		x.rt.Session.NextKeys.Put(o, name("validator", i), keys(i))
		x.rt.ImOnline.LastSeen.Put(o, name("validator", i), 4)
	}
	x.rt.Session.CurrentIndex.Put(o, 4)
	x.rt.System.Number.Put(o, 9)
	apply(x.state, o.Changes())
	x.state.Root()
	return x
}

// election begins the block with the election, and returns the state it leads to.
func (x *tester) election(b *testing.B) *trie.Trie {
	b.Helper()
	state := x.state.Snapshot()
	o := storage.NewOverlay(backend{state}, verify)
	header := chain.Header{Number: 10, Digest: []chain.DigestItem{chain.AuraPreRuntime(1 << 20)}}
	for _, call := range []struct {
		method string
		args   []byte
	}{
		{"Core_initialize_block", scale.Marshal(header)},
		{"BlockBuilder_apply_extrinsic", scale.AppendBytes(nil, x.rt.Bare(x.rt.SetTime(1_700_000_000_000)))},
		{"BlockBuilder_finalize_block", nil},
	} {
		if _, err := x.rt.Call(o, call.method, call.args); err != nil {
			b.Fatal(err)
		}
	}
	apply(state, o.Changes())
	state.Root()
	return state
}

// The whole block that ends an era and elects the next validators: reading all
// votes from the state, Phragmén (twice, since not all winners may come at
// once), storing what stands behind each, and the root.
func BenchmarkElectionBlock(b *testing.B) {
	for _, c := range []struct{ nominators, candidates, seats int }{{1000, 100, 50}, {5000, 500, 150}, {22_500 - 2000, 2000, 600}, {22_500, 2000, 600}} {
		b.Run(fmt.Sprintf("%d/%d/%d", c.nominators, c.candidates, c.seats), func(b *testing.B) {
			x := electorate(b, c.nominators, c.candidates, c.seats)
			for b.Loop() {
				state := x.election(b)
				if era, _ := x.rt.Staking.CurrentEra.Get(state); era != 1 {
					b.Fatalf("the era is %d", era)
				}
			}
		})
	}
}

// A page of 512 nominators, whose rewards are added to their bonds.
func BenchmarkPayout(b *testing.B) {
	x := electorate(b, 512, 1, 1)
	o := storage.NewOverlay(backend{x.state}, verify)
	ctx := x.rt.Context(o)
	var validator chain.AccountID
	for id, meta := range x.rt.Staking.ErasStakersOverview.Of(o, 0) {
		if validator = id; meta.NominatorCount != 512 {
			b.Fatalf("%d nominators", meta.NominatorCount)
		}
	}
	x.rt.Staking.Credit(ctx, 20, validator)
	x.rt.Staking.ErasValidatorReward.Put(o, 0, runtime.Unit.MulSat(scale.U64(1000)))
	apply(x.state, o.Changes())
	x.state.Root()
	call := x.rt.CallOf(staking.PayoutStakersByPage{ValidatorStash: validator})
	for b.Loop() {
		o := storage.NewOverlay(backend{x.state}, verify)
		ctx := x.rt.Context(o)
		if _, err := ctx.Dispatch(frame.Signed{Who: validator}, call); err != nil {
			b.Fatal(err)
		}
	}
}
