package staking

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/scale"
)

// curvePoint is a point of the reward curve, in millionths: which part of all
// tokens is at stake, and by which part all tokens grow in a year.
type curvePoint struct{ staked, yearly uint64 }

// curve is Polkadot's of 2020: at least 2.5 %, at most 10 % where 75 % of all
// tokens are at stake, and half as much less of it for each 5 % more, in 40
// pieces (pallet_staking_reward_curve).
var curve = []curvePoint{
	{0, 25000}, {750000, 100000}, {758333, 91817}, {766666, 84528}, {774999, 78033}, {783331, 72248}, {791663, 67094},
	{799996, 62502}, {808328, 58411}, {816661, 54766}, {824993, 51519}, {833325, 48626}, {841656, 46049}, {849988, 43753},
	{858321, 41707}, {866651, 39885}, {874984, 38261}, {883313, 36815}, {891646, 35526}, {899976, 34378}, {908308, 33355},
	{916636, 32444}, {924968, 31632}, {933295, 30909}, {941619, 30265}, {949946, 29691}, {958265, 29180}, {966598, 28724},
	{974925, 28318}, {983258, 27956}, {991578, 27634}, {999899, 27347}, {1000000, 27343},
}

// year is a Julian year in milliseconds.
const year = 31_557_600_000

// eraPayout is what an era's stakers earn, and what is made in all
// (compute_total_payout of pallet_staking).
func eraPayout(staked, issued chain.Balance, ms uint64) (payout, most chain.Balance) {
	return payoutOf(curve, staked, issued, ms)
}

func payoutOf(curve []curvePoint, staked, issued chain.Balance, ms uint64) (payout, most chain.Balance) {
	share := part(scale.U64(ms), scale.U64(year))
	top := uint64(0)
	for _, point := range curve {
		top = max(top, point.yearly)
	}
	return share.of(yearly(curve, staked, issued)), share.of(Perbill(top * 1000).of(issued))
}

// yearly is by how much all tokens grow in a year, with staked of them at stake
// (PiecewiseLinear::calculate_for_fraction_times_denominator).
//
// Preconditions: the curve begins where nothing is at stake.
func yearly(curve []curvePoint, staked, issued chain.Balance) chain.Balance {
	n := least(staked, issued)
	for i, next := range curve {
		if !n.Less(Perbill(next.staked * 1000).of(issued)) {
			continue
		}
		last := curve[i-1]
		dx, dy := next.staked-last.staked, max(next.yearly, last.yearly)-min(next.yearly, last.yearly)
		delta := n.SubSat(Perbill(last.staked * 1000).of(issued))
		moved := times(delta, dy, dx)
		base := Perbill(last.yearly * 1000).of(issued)
		if next.yearly > last.yearly {
			return base.AddSat(moved)
		}
		return base.SubSat(moved)
	}
	return Perbill(curve[len(curve)-1].yearly * 1000).of(issued)
}

// times returns x · p / q with the whole part of x and its rest rounded down
// apart (multiply_by_rational_saturating).
func times(x chain.Balance, p, q uint64) chain.Balance {
	whole, rest := x.DivMod(scale.U64(q))
	return whole.MulSat(scale.U64(p)).AddSat(scale.U64(rest.Lo * p / q))
}
