package host

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// purse is Money in memory.
type purse map[[32]byte]scale.U128

func (p purse) Balance(id [32]byte) scale.U128 { return p[id] }

func (p purse) SetBalance(id [32]byte, n scale.U128) {
	if p[id] = n; n.IsZero() {
		delete(p, id)
	}
}

func (p purse) sum() (all scale.U128) {
	for _, n := range p {
		all = all.AddSat(n)
	}
	return all
}

var (
	bob    = [32]byte{0xb0}
	shop   = [32]byte{5}    // a contract that takes what it is given
	closed = [32]byte{6}    // a contract that has ended
	picky  = [32]byte{7}    // a contract that reverts
	ending = [32]byte{8}    // a contract that ends in favour of bob
	payer  = [32]byte{0xaa} // who calls
)

// Where the programs below keep an amount.
const atAmount = 240

// rich runs a program as the contract me, which has 100, called by payer, who
// gives value of 50.
func rich(t *testing.T, name string, value uint64, p *program) (Result, purse) {
	t.Helper()
	r, env := both(t, name, "call", p.module(), func(e *vm.Engine) Env {
		o := world(t, e, p.module())
		o.contracts[shop] = Contract{Record{Code: libCode}, load(t, e, start(libCode).do("seal0.value_transferred", atOut, atSize).do("seal0.balance", atOut+16, atSize).give(atOut, 32).module()), Memory{}}
		o.contracts[closed] = Contract{Record: Record{Code: libCode, Ended: true}}
		o.contracts[picky] = Contract{Record{Code: libCode}, load(t, e, start(libCode).do("seal0.seal_return", 1, atText, 4).module()), Memory{}}
		o.contracts[ending] = Contract{Record{Code: libCode}, load(t, e, start(libCode).put(atAddress, bob[:]).do("seal1.terminate", atAddress).module()), Memory{}}
		c := o.contracts[me]
		return Env{
			State: c.State, Code: c.Code, Owner: c.Owner, Others: o, Caller: payer, Address: me, Value: scale.U64(value), Seed: hash.H256{7},
			Money: purse{me: scale.U64(100), payer: scale.U64(50), closed: scale.U64(1)},
		}
	})
	return r, env.Money.(purse)
}

func amount(n uint64) []byte { return scale.Marshal(scale.U64(n)) }

func hexAmount(n uint64) string { return hex.EncodeToString(amount(n)) }

// Money moves as pallet-contracts' documentation of its functions says, with its
// numbers for what fails.
func TestMoney(t *testing.T) {
	pay := func(to [32]byte, n uint64) *program {
		return start(libCode).put(atAddress, to[:]).put(atAmount, amount(n))
	}
	call := func(to [32]byte, n uint64, flags int) *program {
		return pay(to, n).ask(atOut, "seal1.call", flags, atAddress, int64(0), atAmount, 0, 0, 0xffffffff, 0)
	}
	tests := []struct {
		name   string
		value  uint64
		p      *program
		status vm.Status
		want   string
		me     uint64
		payer  uint64
		other  [32]byte
		others uint64
	}{
		{"balance", 0, start(libCode).do("seal0.balance", atOut, atSize).give(atOut, 16), vm.OK, hexAmount(100), 100, 50, bob, 0},
		{"balance with the value", 7, start(libCode).do("seal0.seal_balance", atOut, atSize).give(atOut, 16), vm.OK, hexAmount(107), 107, 43, bob, 0},
		{"value", 7, start(libCode).do("seal0.value_transferred", atOut, atSize).give(atOut, 16), vm.OK, hexAmount(7), 107, 43, bob, 0},
		{"minimum", 0, start(libCode).do("seal0.minimum_balance", atOut, atSize).give(atOut, 16), vm.OK, hexAmount(1), 100, 50, bob, 0},
		{"the caller has too little", 51, start(libCode), vm.Reverted, "the caller holds less than the value", 100, 50, bob, 0},
		{"a call that fails keeps no value", 7, start(libCode).do("seal0.seal_return", 1, 0, 0), vm.Reverted, "", 100, 50, bob, 0},
		{"transfer", 0, pay(bob, 30).ask(atOut, "seal0.transfer", atAddress, 32, atAmount, 16).give(atOut, 4), vm.OK, "00000000", 70, 50, bob, 30},
		{"transfer of all", 0, pay(bob, 100).ask(atOut, "seal0.seal_transfer", atAddress, 32, atAmount, 16).give(atOut, 4), vm.OK, "00000000", 0, 50, bob, 100},
		{"transfer of more", 0, pay(bob, 101).ask(atOut, "seal0.transfer", atAddress, 32, atAmount, 16).give(atOut, 4), vm.OK, "05000000", 100, 50, bob, 0},
		{"transfer of nothing", 0, pay(bob, 0).ask(atOut, "seal0.transfer", atAddress, 32, atAmount, 16).give(atOut, 4), vm.OK, "00000000", 100, 50, bob, 0},
		{"transfer to itself", 0, pay(me, 100).ask(atOut, "seal0.transfer", atAddress, 32, atAmount, 16).give(atOut, 4), vm.OK, "00000000", 100, 50, bob, 0},
		{"transfer to a contract that ended", 0, pay(closed, 1).ask(atOut, "seal0.transfer", atAddress, 32, atAmount, 16).give(atOut, 4), vm.OK, "05000000", 100, 50, closed, 1},
		{"transfer and trap", 0, pay(bob, 30).do("seal0.transfer", atAddress, 32, atAmount, 16).do("seal0.seal_return", 2, 0, 0), vm.Trapped, "unknown return flags", 100, 50, bob, 0},
		{"call", 0, call(shop, 30, 0).give(atOut, 4), vm.OK, "00000000", 70, 50, shop, 30},
		{"call with more", 0, call(shop, 101, 0).give(atOut, 4), vm.OK, "05000000", 100, 50, shop, 0},
		{"call of nobody", 0, call(bob, 1, 0).give(atOut, 4), vm.OK, "08000000", 100, 50, bob, 0},
		{"read-only call with a value", 0, call(shop, 30, flagReadOnly).give(atOut, 4), vm.Trapped, readOnlyMoney, 100, 50, shop, 0},
		{"read-only call without one", 0, call(shop, 0, flagReadOnly).give(atOut, 4), vm.OK, "00000000", 100, 50, shop, 0},
		{"call that reverts", 0, call(picky, 30, 0).give(atOut, 4), vm.OK, "02000000", 100, 50, picky, 0},
		{"call of what sees it", 0, pay(shop, 30).store(atSize, 32).ask(atNothing, "seal1.call", 0, atAddress, int64(0), atAmount, 0, 0, atOut, atSize).give(atOut, 32), vm.OK, hexAmount(30) + hexAmount(30), 70, 50, shop, 30},
		{"instantiate", 0, start(childCode).put(atAmount, amount(30)).ask(atOut, "seal1.instantiate", atCode, int64(0), atAmount, 0, 0, 0xffffffff, 0, 0xffffffff, 0, atKey, 3).give(atOut, 4),
			vm.OK, "00000000", 70, 50, hash.Blake2b256(me[:], childCode[:], []byte("key")), 30},
		{"instantiate with more", 0, start(childCode).put(atAmount, amount(101)).ask(atOut, "seal1.instantiate", atCode, int64(0), atAmount, 0, 0, 0xffffffff, 0, 0xffffffff, 0, atKey, 3).give(atOut, 4),
			vm.OK, "05000000", 100, 50, hash.Blake2b256(me[:], childCode[:], []byte("key")), 0},
		{"constructor that reverts", 0, start(badCode).put(atAmount, amount(30)).ask(atOut, "seal1.instantiate", atCode, int64(0), atAmount, 0, 0, 0xffffffff, 0, 0xffffffff, 0, atKey, 3).give(atOut, 4),
			vm.OK, "02000000", 100, 50, hash.Blake2b256(me[:], badCode[:], []byte("key")), 0},
		{"terminate", 0, pay(bob, 0).do("seal1.terminate", atAddress), vm.OK, "", 0, 50, bob, 100},
		{"terminate for itself", 0, pay(me, 0).do("seal1.terminate", atAddress), vm.Trapped, "the money of the contract would be lost", 100, 50, bob, 0},
		{"terminate for what ended", 0, pay(closed, 0).do("seal1.terminate", atAddress), vm.Trapped, "the money of the contract would be lost", 100, 50, closed, 1},
		{"a callee ends with what it was given", 0, call(ending, 30, 0).give(atOut, 4), vm.OK, "00000000", 70, 50, bob, 30},
		{"and can be given nothing more", 0, call(ending, 30, 0).ask(atOut, "seal0.transfer", atAddress, 32, atAmount, 16).give(atOut, 4), vm.OK, "05000000", 70, 50, ending, 0},
	}
	for _, tt := range tests {
		r, p := rich(t, tt.name, tt.value, tt.p)
		expect(t, tt.name, r, tt.status, tt.want)
		got := fmt.Sprint(p[me], p[payer], p[tt.other])
		if want := fmt.Sprint(tt.me, tt.payer, tt.others); got != want {
			t.Errorf("%s: me, payer and the other have %s, want %s", tt.name, got, want)
		}
		if p.sum() != scale.U64(151) {
			t.Errorf("%s: %v tokens are left of 151", tt.name, p.sum())
		}
	}
	// Nothing moves in a call that is to change nothing; not even nothing does.
	for n := range uint64(2) {
		inner := pay(bob, n).do("seal0.transfer", atAddress, 32, atAmount, 16)
		r, env := both(t, "read only", "call", call(shop, 0, flagReadOnly).give(atOut, 4).module(), func(e *vm.Engine) Env {
			o := world(t, e, inner.module())
			o.contracts[shop] = Contract{Record{Code: libCode}, load(t, e, inner.module()), Memory{}}
			return Env{State: Memory{}, Others: o, Address: me, Money: purse{shop: scale.U64(1)}}
		})
		expect(t, fmt.Sprint("read only, of ", n), r, vm.OK, "01000000")
		if env.Money.(purse)[shop] != scale.U64(1) {
			t.Error("money moved in a read-only call")
		}
	}
	// Nobody has more than an amount can be.
	most := scale.MaxU128
	over := pay(bob, 1).ask(atOut, "seal0.transfer", atAddress, 32, atAmount, 16).give(atOut, 4).module()
	r, env := both(t, "overflow", "call", over, func(e *vm.Engine) Env {
		return Env{State: Memory{}, Others: world(t, e, over), Address: me, Money: purse{me: scale.U64(1), bob: most}}
	})
	expect(t, "overflow", r, vm.OK, "05000000")
	if p := env.Money.(purse); p[bob] != most || p[me] != scale.U64(1) {
		t.Errorf("overflow: %v", p)
	}
}

// Whatever programs do with money, none comes up and none is lost.
func TestMoneyIsKept(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for round := range 25 {
		p := start(childCode)
		for range 12 {
			to := [][32]byte{bob, shop, closed, picky, ending, me, payer}[rng.IntN(7)]
			at := 512 + 64*rng.IntN(40)
			p.put(at, to[:]).put(at+32, amount(rng.Uint64N(60)))
			switch rng.IntN(8) {
			case 0, 1, 2:
				p.do("seal0.transfer", at, 32, at+32, 16)
			case 3, 4, 5:
				p.do("seal1.call", flagAllowReentry*rng.IntN(2), at, int64(rng.IntN(3))*100_000_000, at+32, 0, 0, 0xffffffff, 0)
			case 6:
				p.do("seal1.instantiate", atCode, int64(0), at+32, 0, 0, 0xffffffff, 0, 0xffffffff, 0, at, 1)
			case 7:
				if rng.IntN(4) == 0 {
					p.do("seal1.terminate", at)
				}
			}
		}
		r, left := rich(t, fmt.Sprint("round ", round), rng.Uint64N(60), p)
		if left.sum() != scale.U64(151) {
			t.Fatalf("round %d: %v %s, %v tokens are left of 151", round, r.Status, r.Reason, left.sum())
		}
	}
}
