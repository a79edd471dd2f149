package host

import (
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/scale"
)

// A call stores no more than its caller allows it to have the origin charged for,
// with all that it calls: else the caller traps, as in pallet-contracts. None is
// no limit.
func TestDepositLimit(t *testing.T) {
	const atLimit, skip = 512, 0xffffffff
	limited := func(p *program, to [32]byte, limit int) *program {
		at := skip
		if limit >= 0 {
			at = 1024 + 16*limit
			p.put(at, amount(uint64(limit)))
		}
		return p.put(600, to[:]).ask(atOut, "seal2.call", flagAllowReentry, 600, int64(0), int64(0), at, atValue, 0, 0, skip, 0)
	}
	tree := func(limit int) *program { // calls shop, which stores 1 item of 7 bytes
		return limited(start(libCode), shop, limit)
	}
	middle := [32]byte{9}
	exceeded := "the callee stores more than the limit of its deposit allows"
	make2 := func(limit int) *program {
		return start(childCode).put(atLimit, amount(uint64(limit))).
			ask(atOut, "seal2.instantiate", atCode, int64(0), int64(0), atLimit, atValue, 0, 0, skip, 0, skip, 0, atKey, 3)
	}
	for _, tt := range []struct {
		name  string
		p     *program
		want  string // the call's code, or why it trapped
		price uint64 // of an item; a byte costs 1
	}{
		{"enough", tree(17), "00000000", 10},
		{"one less", tree(16), exceeded, 10},
		{"none", tree(-1), "00000000", 10},
		{"nothing is none", tree(0), "00000000", 10},
		{"what it costs nothing", tree(1), "00000000", 0},
		{"what the caller stores", limited(start(libCode).do("seal2.set_storage", atKey, 2, 0, 200), shop, 17), "00000000", 10},
		{"what the caller clears", limited(start(libCode).do("seal1.clear_storage", atKey, 1), shop, 16), exceeded, 10},
		{"a second time", limited(limited(start(libCode), shop, 17), shop, 1), "00000000", 10},
		{"the callee reverts", limited(start(libCode), picky, 1), "02000000", 10},
		{"the callee ends", limited(start(libCode), ending, 1), "00000000", 10},
		{"the callee clears", limited(start(libCode).do("seal2.set_storage", atKey, 1, 0, 20), bob, 1), "00000000", 10},
		{"a callee's callee", limited(start(libCode), middle, 17), "00000000", 10},
		{"a callee's callee, one less", limited(start(libCode), middle, 16), exceeded, 10},
		{"a contract is made", make2(17), "00000000", 10},
		{"a contract is made, one less", make2(16), exceeded, 10},
		{"no amount", start(libCode).put(600, shop[:]).ask(atOut, "seal2.call", 0, 600, int64(0), int64(0), 65530, atValue, 0, 0, skip, 0), "out of bounds memory access", 10},
	} {
		code := tt.p.give(atOut, 4).module()
		r, env := both(t, tt.name, "call", code, func(e *vm.Engine) Env {
			o := world(t, e, code)
			stores := func() *program { return start(libCode).do("seal2.set_storage", atKey, 3, atText, 4) }
			for id, p := range map[[32]byte]*program{
				shop: stores(), picky: stores().do("seal0.seal_return", 1, 0, 0), ending: stores().put(atAddress, bob[:]).do("seal1.terminate", atAddress),
				middle: limited(start(libCode), shop, 1000), bob: stores().do("seal1.clear_storage", atKey, 3),
			} {
				o.contracts[id] = Contract{Record{Code: libCode}, load(t, e, p.module()), Memory{}}
			}
			return Env{
				State: Memory{"\x01k": make([]byte, 20)}, Others: o, Caller: alice, Address: me, Owner: alice,
				Prices: Prices{Item: scale.U64(tt.price), Byte: scale.U64(min(tt.price, 1))},
			}
		})
		status := vm.OK
		if _, err := hex.DecodeString(tt.want); err != nil {
			status = vm.Trapped
		}
		expect(t, tt.name, r, status, tt.want)
		if s := fmt.Sprintf("%q", env.State); status == vm.Trapped && s != fmt.Sprintf("%q", Memory{"\x01k": make([]byte, 20)}) {
			t.Errorf("%s: the caller stores %s", tt.name, s)
		}
	}
}

// Whatever the prices, a charge is an amount, and nothing where more goes than comes.
func TestCharge(t *testing.T) {
	most := Prices{Item: scale.MaxU128, Byte: scale.MaxU128}
	dear := Prices{Item: scale.U64(5), Byte: scale.U64(2)}
	for _, tt := range []struct {
		p    Prices
		t    tally
		want scale.U128
	}{
		{dear, tally{3, 7}, scale.U64(29)},
		{dear, tally{3, -7}, scale.U64(1)},
		{dear, tally{-3, 7}, scale.U64(0)},
		{dear, tally{-3, 8}, scale.U64(1)},
		{dear, tally{-3, -7}, scale.U128{}},
		{Prices{}, tally{3, 7}, scale.U128{}},
		{most, tally{2, 2}, scale.MaxU128},
		{most, tally{2, -2}, scale.U128{}},
	} {
		if got := tt.p.charge(tt.t); got != tt.want {
			t.Errorf("%+v costs %v, want %v", tt.t, got, tt.want)
		}
	}
}
