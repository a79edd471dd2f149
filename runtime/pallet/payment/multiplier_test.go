package payment_test

import (
	"testing"

	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/payment"
	"github.com/tacit-network/tacit/scale"
)

func number(t *testing.T, s string) payment.Multiplier {
	t.Helper()
	n, err := scale.ParseU128(s)
	if err != nil {
		t.Fatal(err)
	}
	return payment.Multiplier{Inner: n}
}

// What the Rust runtime of Paseo (spec 1001002, SlowAdjustingFeeUpdate) left in
// NextFeeMultiplier when it ended a block of the given weight.
func TestMultiplier(t *testing.T) {
	adjust := payment.Adjustment{Target: 25, Variable: payment.Ratio(75, 1_000_000), Min: payment.Ratio(1, 10), Max: payment.Multiplier{Inner: scale.MaxU128}}
	most := frame.Weight{RefTime: 1_500_000_000_000, ProofSize: 13_835_058_055_282_163_711}
	for _, c := range []struct {
		name, before string
		time, proof  uint64
		after        string
	}{
		{"empty", "1000000000000000000", 0, 0, "999981250175781250"},
		{"full", "1000000000000000000", 1_500_000_000_000, 0, "1000056251582031250"},
		{"as it should be", "1000000000000000000", 375_000_000_000, 0, "1000000000000000000"},
		{"a little more", "1000000000000000000", 375_012_345_678, 0, "1000000000617283900"},
		{"half", "3141592653589793238", 750_000_000_007, 1000, "3141651559004282226"},
		{"the proof is greater", "3141592653589793238", 500_000_000_000, 6_917_529_027_641_081_855, "3141651559004281123"},
		{"the time is greater", "123456789012345678", 300_000_000_000, 1_537_228_672_809_129_301, "123456326050254938"},
		{"at the least", "100000000000000000", 0, 0, "100000000000000000"},
		{"below the least", "0", 0, 0, "100000000000000000"},
		{"more than a block holds", "99999999999999999999999999", 3_000_000_000_000, 13_835_058_055_282_163_711, "100005625158203124999999998"},
		{"at the most", "340282366920938463463374607431768211455", 1_500_000_000_000, 13_835_058_055_282_163_711, "340282366920938463463374607431768211455"},
		{"down from the most", "340282366920938463463374607431768211455", 0, 0, "340275986686373955677505883438550183514"},
	} {
		got := adjust.Next(number(t, c.before), frame.Weight{RefTime: c.time, ProofSize: c.proof}, most)
		if want := number(t, c.after); got != want {
			t.Errorf("%s: %s becomes %s, want %s", c.name, c.before, got.Inner, want.Inner)
		}
	}
}
