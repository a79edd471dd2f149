package words_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

// Fees and what an amount pays for, as integers of any size have them.
func TestFee(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	unit := big.NewInt(words.GasUnit)
	dearest, _ := words.MaxPrice.Uint64()
	for range 20_000 {
		price, gas := rng.Uint64N(dearest+1)>>rng.IntN(61), rng.Uint64()>>rng.IntN(64)
		terms := words.Terms{GasPrice: scale.U64(price)}
		want := new(big.Int).Mul(new(big.Int).SetUint64(price), new(big.Int).SetUint64(gas))
		want.Add(want, big.NewInt(words.GasUnit-1)).Div(want, unit)
		if got := terms.Fee(gas); got.Big().Cmp(want) != 0 {
			t.Fatalf("%d gas at %d cost %v, want %v", gas, price, got, want)
		}
		amount := scale.U128{Hi: rng.Uint64() >> rng.IntN(64), Lo: rng.Uint64() >> rng.IntN(64)}
		if rng.IntN(2) == 0 {
			amount.Hi = 0
		}
		got := terms.Affords(amount, gas)
		if amount.Less(terms.Fee(got)) || got > gas {
			t.Fatalf("%v at %d is said to pay for %d gas, no more than %d", amount, price, got, gas)
		}
		if got < gas && amount.Cmp(terms.Fee(got+1)) >= 0 {
			t.Fatalf("%v at %d pays for more than %d gas", amount, price, got)
		}
	}
}

func ExampleTerms_Fee() {
	t := words.Terms{GasPrice: scale.U64(40)}
	fmt.Println(t.Fee(0), t.Fee(1), t.Fee(340_000), t.Affords(scale.U64(100), 2_000_000_000))
	// Output: 0 1 14 2500000
}
