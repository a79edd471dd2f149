package staking

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/scale"
)

func ids(list ...byte) []chain.AccountID {
	out := []chain.AccountID{}
	for _, b := range list {
		out = append(out, chain.AccountID{b})
	}
	return out
}

func TestChurn(t *testing.T) {
	for name, c := range map[string]struct {
		now, winners, out []chain.AccountID
		seats, fewest     int
		want              []chain.AccountID
	}{
		"nothing":                    {ids(1, 2, 3, 4), ids(4, 3, 2, 1), nil, 4, 1, ids(1, 2, 3, 4)},
		"one for one":                {ids(1, 2, 3, 4), ids(5, 2, 3, 4), ids(1), 4, 1, ids(2, 3, 4, 5)},
		"all others":                 {ids(1, 2, 3, 4), ids(5, 6, 7, 8), ids(1, 2, 3, 4), 4, 1, ids(2, 3, 4, 5)},
		"who was elected first":      {ids(1, 2, 3, 4, 5, 6, 7), ids(20, 10, 30, 1, 2, 3, 4), ids(7, 6, 5), 7, 1, ids(1, 2, 3, 4, 5, 10, 20)},
		"more seats":                 {ids(1, 2, 3, 4), ids(1, 2, 3, 4, 5, 6, 7, 8), nil, 8, 1, ids(1, 2, 3, 4, 5)},
		"fewer seats":                {ids(1, 2, 3, 4, 5, 6, 7), ids(1), ids(7, 6, 5, 4, 3, 2), 1, 1, ids(1, 2, 3, 4, 5)},
		"not below the fewest":       {ids(1, 2, 3, 4), ids(1, 2), ids(4, 3), 4, 4, ids(1, 2, 3, 4)},
		"a first to come":            {ids(1), ids(1, 2, 3), nil, 3, 1, ids(1, 2)},
		"a second":                   {ids(1, 2), ids(3, 1, 2), nil, 3, 1, ids(1, 2, 3)},
		"the only one stays":         {ids(1), ids(2), ids(1), 1, 1, ids(1)},
		"of three one goes":          {ids(1, 2, 3), ids(4, 5, 6), ids(3, 2, 1), 3, 1, ids(1, 2)},
		"of three none, all needed":  {ids(1, 2, 3), ids(4, 5, 6), ids(3, 2, 1), 3, 3, ids(1, 2, 3)},
		"fewer seats than there are": {ids(1, 2, 3), ids(1), ids(3, 2), 1, 1, ids(1, 2)},
	} {
		if got := churn(c.now, c.winners, c.out, c.seats, c.fewest); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Whoever wins, fewer than a third go and fewer than a third are new; and where
// the same win again and again, in the end it is they who validate.
func TestChurnIsSlowAndEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		n, seats := 4+r.IntN(30), 4+r.IntN(30)
		var now, winners []chain.AccountID
		for i := range n {
			now = append(now, chain.AccountID{byte(i)})
		}
		for _, i := range r.Perm(60)[:seats] {
			winners = append(winners, chain.AccountID{byte(i)})
		}
		for range 100 {
			var out []chain.AccountID
			for _, who := range now {
				if !slices.Contains(winners, who) {
					out = append(out, who)
				}
			}
			next := churn(now, winners, out, seats, 1)
			left, came := 0, 0
			for _, who := range now {
				if !slices.Contains(next, who) {
					left++
				}
			}
			for _, who := range next {
				if !slices.Contains(now, who) {
					came++
				}
			}
			if 3*left >= len(now) || 3*came >= len(next) || len(next) > max(seats, len(now)) {
				t.Fatalf("of %d %d go and %d come, for %d seats", len(now), left, came, seats)
			}
			now = next
		}
		slices.SortFunc(winners, byAccount)
		if !slices.Equal(now, winners) {
			t.Fatalf("at last %v validate, and %v won", now, winners)
		}
	}
}

// The values are from the tests of pallet_staking (inflation.rs), whose curve
// has its ideal at 50 %.
func TestEraPayout(t *testing.T) {
	half := []curvePoint{
		{0, 25000}, {500000, 100000}, {514743, 86136}, {529486, 74835}, {544229, 65623}, {558972, 58114}, {573715, 51993}, {588456, 47004},
		{603197, 42937}, {617937, 39622}, {632675, 36920}, {647415, 34717}, {662156, 32921}, {676897, 31457}, {691632, 30264}, {706375, 29291},
		{721114, 28498}, {735842, 27852}, {750579, 27325}, {765292, 26896}, {780013, 26546}, {794712, 26261}, {809448, 26028}, {824189, 25838},
		{838837, 25684}, {853524, 25558}, {868243, 25455}, {882966, 25371}, {897571, 25303}, {912311, 25247}, {926819, 25202}, {941413, 25165},
		{955889, 25135}, {970009, 25111}, {984340, 25091}, {998289, 25075}, {1000000, 25073},
	}
	const days = 24 * 60 * 60 * 1000
	for _, c := range []struct{ staked, issued, ms, want uint64 }{
		{0, 100_000, 365 * days, 2_498},
		{5_000, 100_000, 365 * days, 3_248},
		{25_000, 100_000, 365 * days, 6_246},
		{40_000, 100_000, 365 * days, 8_494},
		{50_000, 100_000, 365 * days, 9_993},
		{60_000, 100_000, 365 * days, 4_379},
		{75_000, 100_000, 365 * days, 2_733},
		{95_000, 100_000, 365 * days, 2_513},
		{100_000, 100_000, 365 * days, 2_505},
		{25_000, 100_000, days, 17},
		{50_000, 100_000, days, 27},
		{75_000, 100_000, days, 7},
		{25_000, 100_000, days / 4, 4},
		{50_000, 100_000, days / 4, 7},
		{75_000, 100_000, days / 4, 2},
	} {
		if got, _ := payoutOf(half, scale.U64(c.staked), scale.U64(c.issued), c.ms); got != scale.U64(c.want) {
			t.Errorf("of %d %d at stake for %d ms: %s, want %d", c.issued, c.staked, c.ms, got, c.want)
		}
	}
	staked, err1 := scale.ParseU128("2500000000000000000000000000")
	want, err2 := scale.ParseU128("57038500000000000000000")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if got, most := payoutOf(half, staked, staked.MulSat(scale.U64(2)), days/24); got != want || most != want {
		t.Errorf("much for an hour: %s of %s, want %s", got, most, want)
	}
}
