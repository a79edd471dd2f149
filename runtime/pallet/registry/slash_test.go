package registry_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/treasury"
	"github.com/tacit-network/tacit/scale"
)

var rival = chain.AccountID{0x52}

// bank is a world with real accounts: two workers of operator and one of rival.
type bank struct {
	*world
	money   *balances.Pallet
	pot     chain.AccountID
	workers [3][32]byte
}

const dust = 10 // the existential deposit

func newBank(t *testing.T) *bank {
	sys := &system.Pallet{}
	b := &bank{money: &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: scale.U64(dust), MaxHolds: 4}}}
	id := treasury.PalletID{ID: [8]byte([]byte("py/trsry"))}
	b.pot = treasury.Account(id)
	pot := &treasury.Pallet{Config: treasury.Config{PalletID: id, PayoutPeriod: 1, PotAccount: b.pot}, Money: b.money, Blocks: sys}
	b.world = newWorld(t, frame.At{Index: 0, Module: sys}, frame.At{Index: 3, Module: b.money}, frame.At{Index: 11, Module: pot})
	b.registry.Money, b.registry.Treasury = b.money, pot
	for _, who := range []chain.AccountID{operator, rival} {
		b.must(b.money.Endow(b.Context(), who, scale.U64(10_000)))
	}
	b.must(b.Signed(operator, b.instance(1)))
	b.workers[0] = b.id()
	for i, who := range []chain.AccountID{operator, rival} {
		pair := newIdentity(t, byte(31+i))
		b.workers[1+i] = [32]byte(pair.Public())
		b.must(b.Signed(who, b.of(pair, who)))
	}
	b.Take()
	return b
}

// of is a registration of an identity by an operator.
func (b *bank) of(pair keys.Pair, who chain.AccountID) registry.Register {
	before := b.identity
	defer func() { b.identity = before }()
	b.identity = pair
	info := b.info()
	info.Operator = who
	b.tee.Secret = pair.Public()
	return b.registration(info, b.Hash(0), b.Hash(info.RecentBlock))
}

// total is what an account has, on hold or not.
func (b *bank) total(who chain.AccountID) uint64 {
	n, _ := b.money.Total(b.Context(), who).Uint64()
	return n
}

// check compares what there is with what is somewhere, and what is on hold with
// the pledges for it.
func (b *bank) check(what string) {
	b.tb.Helper()
	issued, _ := b.money.Issuance(b.Context()).Uint64()
	if sum := b.total(operator) + b.total(rival) + b.total(b.pot); sum != issued {
		b.tb.Fatalf("%s: %d are in accounts, %d issued", what, sum, issued)
	}
	pledged := map[chain.AccountID]uint64{}
	for _, s := range b.registry.Stakes.All(b.Context()) {
		pledged[s.Owner] += s.Amount.Lo
	}
	for _, who := range []chain.AccountID{operator, rival} {
		held, _ := b.money.OnHold(b.Context(), who, frame.HoldReason{Pallet: registry.Index}).Uint64()
		if held != pledged[who] {
			b.tb.Fatalf("%s: %d are on hold, %d pledged", what, held, pledged[who])
		}
	}
}

func (b *bank) pledge(i int) uint64 {
	s, _ := b.registry.Stakes.Get(b.Context(), b.workers[i])
	return s.Amount.Lo
}

func TestSlash(t *testing.T) {
	for name, c := range map[string]struct {
		slashing              *registry.SetSlashing // nil: the constants' 100 and 10
		notice                bool
		reporter              int // of workers; -1 is none
		left, operator, rival uint64
		pot                   uint64
	}{
		"a stranger reports": {reporter: 2, operator: 9_000, rival: 10_100, pot: 900},
		"under notice":       {notice: true, reporter: 2, operator: 9_000, rival: 10_100, pot: 900},
		"nobody reports":     {reporter: -1, operator: 9_000, rival: 10_000, pot: 1000},
		"its owner reports":  {reporter: 1, operator: 9_000, rival: 10_000, pot: 1000},
		"a third": {
			slashing: &registry.SetSlashing{Deviation: 33, Reward: 50}, reporter: 2, left: 670, operator: 9_670, rival: 10_165, pot: 165,
		},
		"nothing": {slashing: &registry.SetSlashing{Reward: 50}, reporter: 2, left: 1000, operator: 10_000, rival: 10_000},
		"dust ends with the treasury that has no account": {
			slashing: &registry.SetSlashing{Deviation: 1, Reward: 50}, reporter: 2, left: 990, operator: 9_990, rival: 10_005, pot: 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBank(t)
			if c.slashing != nil {
				b.must(b.Root(*c.slashing))
			}
			b.must(b.Signed(operator, registry.Stake{Worker: b.workers[0], Amount: scale.U64(1000)}))
			b.must(b.Signed(operator, registry.Stake{Worker: b.workers[1], Amount: scale.U64(500)}))
			if c.notice {
				b.must(b.Signed(operator, registry.Unstake{Worker: b.workers[0]}))
				b.Number += 60 // it could be taken back by now
			}
			b.Take()
			var first *[32]byte
			if c.reporter >= 0 {
				first = &b.workers[c.reporter]
			}
			b.registry.Slash(b.Context(), b.workers[0], first)
			b.check("after")
			if b.pledge(0) != c.left || b.pledge(1) != 500 {
				t.Errorf("pledged %d and %d, want %d and 500", b.pledge(0), b.pledge(1), c.left)
			}
			if o, r, pot := b.total(operator), b.total(rival), b.total(b.pot); o != c.operator || r != c.rival || pot != c.pot {
				t.Errorf("operator %d, rival %d, treasury %d; want %d, %d, %d", o, r, pot, c.operator, c.rival, c.pot)
			}
			var told []registry.WorkerSlashed
			for _, e := range b.Take() {
				if s, ok := e.(registry.WorkerSlashed); ok {
					told = append(told, s)
				}
			}
			if c.left == 1000 {
				if len(told) != 0 {
					t.Errorf("told of %+v", told)
				}
			} else if len(told) != 1 || told[0].Amount != scale.U64(1000-c.left) || told[0].Reward != scale.U64(c.rival-10_000) {
				t.Errorf("told %+v", told)
			}
			b.registry.Slash(b.Context(), b.workers[2], first) // it has no pledge
			b.check("of nothing")
		})
	}
}

// A pledge stays while it is open whether its worker lied.
func TestAccused(t *testing.T) {
	b := newBank(t)
	b.must(b.Signed(operator, registry.Stake{Worker: b.workers[0], Amount: scale.U64(1000)}))
	b.must(b.Signed(operator, registry.Unstake{Worker: b.workers[0]}))
	b.Number += 50
	b.accused = b.workers[0]
	if err := b.Signed(operator, registry.WithdrawStake{Worker: b.workers[0]}); !errors.Is(err, registry.ErrAccused) {
		t.Errorf("while accused: %v", err)
	}
	b.accused = [32]byte{}
	b.must(b.Signed(operator, registry.WithdrawStake{Worker: b.workers[0]}))
	b.check("after")
}

func TestSetSlashing(t *testing.T) {
	b := newBank(t)
	if err := b.Signed(operator, registry.SetSlashing{}); err == nil {
		t.Error("anyone says what a deviation costs")
	}
	for _, bad := range []registry.SetSlashing{{Deviation: 101}, {Reward: 101}} {
		if err := b.Root(bad); !errors.Is(err, registry.ErrBadPercent) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if words.Percent(100).Of(scale.MaxU128) != scale.MaxU128 || words.Percent(10).Of(scale.U64(19)) != scale.U64(1) {
		t.Error("a part of an amount is another")
	}
}

// Whatever is pledged, taken back and slashed in whatever order, no token is lost
// or made, and no slash takes more than the pledge for its worker.
func TestSlashInvariant(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		b := newBank(t)
		slashes := 0
		for range 200 {
			i := random.IntN(3)
			who := operator
			if i == 2 {
				who = rival
			}
			switch random.IntN(6) {
			case 0, 1: // refused when there is too little, or under notice
				_ = b.Signed(who, registry.Stake{Worker: b.workers[i], Amount: scale.U64(random.Uint64N(3000))})
			case 2:
				_ = b.Signed(who, registry.Unstake{Worker: b.workers[i]})
			case 3:
				b.Number += chain.BlockNumber(random.IntN(60))
				_ = b.Signed(who, registry.WithdrawStake{Worker: b.workers[i]})
			case 4:
				b.must(b.Root(registry.SetSlashing{Deviation: words.Percent(random.IntN(101)), Reward: words.Percent(random.IntN(101))}))
			case 5:
				var before [3]uint64
				for k := range before {
					before[k] = b.pledge(k)
				}
				first := &b.workers[random.IntN(3)]
				b.registry.Slash(b.Context(), b.workers[i], first)
				for k := range before {
					if now := b.pledge(k); now > before[k] || k != i && now != before[k] {
						t.Fatalf("seed %d: a slash of %d turned pledge %d from %d into %d", seed, i, k, before[k], now)
					}
				}
				if b.pledge(i) < before[i] {
					slashes++
				}
			}
			b.check("seed")
		}
		if slashes == 0 {
			t.Errorf("seed %d slashed nothing", seed)
		}
	}
}
