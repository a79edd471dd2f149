package staking

import (
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/npos"
	"github.com/tacit-network/tacit/scale"
)

func chunks(eraAndValue ...uint64) []UnlockChunk {
	list := []UnlockChunk{}
	for i := 0; i < len(eraAndValue); i += 2 {
		list = append(list, UnlockChunk{scale.U64(eraAndValue[i+1]), uint32(eraAndValue[i])})
	}
	return list
}

// The values are from pallet_staking's proportional_ledger_slash_works and
// proportional_slash_stop_slashing_if_remaining_zero, where a bond takes 3 eras.
func TestLedgerSlash(t *testing.T) {
	most := scale.U64(^uint64(0)).MulSat(scale.U64(2))
	for name, c := range map[string]struct {
		active       uint64
		unlocking    []UnlockChunk
		amount       chain.Balance
		dust         uint64
		era          uint32
		want, left   chain.Balance
		leftUnbonded []UnlockChunk
	}{
		"no more than asked":      {20, chunks(1, 10, 2, 10), scale.U64(18), 1, 0, scale.U64(18), scale.U64(2), chunks(1, 10, 2, 10)},
		"nothing unbonds":         {10, nil, scale.U64(5), 1, 0, scale.U64(5), scale.U64(5), nil},
		"more than there is":      {5, nil, scale.U64(11), 1, 0, scale.U64(5), chain.Balance{}, nil},
		"all chunks":              {0, chunks(4, 10, 5, 10), scale.U64(20), 0, 0, scale.U64(20), chain.Balance{}, nil},
		"the last two":            {0, chunks(4, 100, 5, 100, 6, 100, 7, 100), scale.U64(140), 0, 3, scale.U64(140), chain.Balance{}, chunks(4, 100, 5, 100, 6, 30, 7, 30)},
		"odd":                     {0, chunks(4, 100, 5, 100, 6, 100, 7, 100), scale.U64(15), 0, 3, scale.U64(15), chain.Balance{}, chunks(4, 100, 5, 100, 6, 92, 7, 93)},
		"half":                    {500, chunks(4, 40, 5, 100, 6, 10, 7, 250), scale.U64(450), 0, 0, scale.U64(450), scale.U64(250), chunks(4, 20, 5, 50, 6, 5, 7, 125)},
		"half, and dust":          {500, chunks(4, 40, 5, 100, 6, 10, 7, 250), scale.U64(450), 25, 0, scale.U64(450), scale.U64(250), chunks(5, 50, 7, 150)},
		"older ones after others": {500, chunks(4, 40, 5, 100, 6, 10, 7, 250), scale.U64(810), 0, 3, scale.U64(810), chain.Balance{}, chunks(4, 40, 5, 50)},
		"older ones become dust":  {100, chunks(4, 100, 5, 100, 6, 100, 7, 100), scale.U64(351), 50, 3, scale.U64(400), chain.Balance{}, chunks(4, 100)},
		"above 64 bits":           {100, []UnlockChunk{{scale.U64(100), 4}, {most, 5}, {scale.U64(100), 6}, {scale.U64(100), 7}}, most, 0, 0, most, chain.Balance{}, chunks(5, 368, 7, 32)},
	} {
		l := Ledger{Active: scale.U64(c.active), Total: scale.U64(c.active)}
		for _, u := range c.unlocking {
			l.Unlocking, l.Total = append(l.Unlocking, u), l.Total.AddSat(u.Value)
		}
		before := l.Total
		l.slash(c.amount, scale.U64(c.dust), c.era+3)
		if name == "above 64 bits" { // what is left is told by the share, which the test there computes
			share := npos.Perquintill.MulCeil(ratioUp(c.amount, before), most)
			c.leftUnbonded[0].Value = most.SubSat(share)
			c.left = scale.U64(c.active).SubSat(npos.Perquintill.MulCeil(ratioUp(c.amount, before), scale.U64(c.active)))
		}
		if got := before.SubSat(l.Total); got != c.want || l.Active != c.left || len(l.Unlocking)+len(c.leftUnbonded) > 0 && !reflect.DeepEqual(l.Unlocking, c.leftUnbonded) {
			t.Errorf("%s: %s slashed of %s, %s and %v left; want %s, %s and %v", name, got, before, l.Active, l.Unlocking, c.want, c.left, c.leftUnbonded)
		}
	}
}

// A share is rounded up however small the numbers are. A third, rounded up, is
// more than a third, and a third of what is at stake, rounded up again, one
// unit more (from_rational_with_rounding and mul_ceil of sp-arithmetic).
func TestSlashedSharesRoundUp(t *testing.T) {
	l := Ledger{Active: scale.U64(30_000), Total: scale.U64(90_000), Unlocking: chunks(5, 60_000)}
	l.slash(scale.U64(30_000), scale.U64(1), 5)
	if want := (Ledger{Active: scale.U64(19_999), Total: scale.U64(60_000), Unlocking: chunks(5, 40_001)}); !reflect.DeepEqual(l, want) {
		t.Errorf("got %+v, want %+v", l, want)
	}
	r := rand.New(rand.NewPCG(1, 2))
	one := new(big.Int).SetUint64(uint64(npos.Perquintill))
	for range 20_000 {
		b := scale.U128{Lo: r.Uint64(), Hi: r.Uint64()}
		for range r.IntN(128) {
			b, _ = b.DivMod(scale.U64(2))
		}
		a, _ := scale.U128{Lo: r.Uint64(), Hi: r.Uint64()}.DivMod(scale.U64(1 + r.Uint64N(1<<r.IntN(63))))
		if !b.IsZero() {
			_, a = a.DivMod(b)
		}
		want := new(big.Int).Set(one)
		if a.Less(b) {
			want.Mul(one, a.Big())
			want.Add(want, new(big.Int).Sub(b.Big(), big.NewInt(1)))
			want.Div(want, b.Big())
		}
		if got := ratioUp(a, b); new(big.Int).SetUint64(got).Cmp(want) != 0 {
			t.Fatalf("%s / %s is %d, want %s", a, b, got, want)
		}
	}
}
