package npos

import (
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/scale"
)

// The oracle is the rules a second time, word for word and slowly: numbers of
// any size, cut to 128 bits where the rules say so, every round over all edges,
// one by one where the rules go one by one (sp-npos-elections and sp-arithmetic
// of polkadot-sdk).
type oracle struct {
	candidates []*oCandidate
	voters     []*oVoter
	winners    []int
}

type oCandidate struct {
	approval, backed *big.Int
	n, d             *big.Int // its score
	elected          bool
}

type oVoter struct {
	row         int
	stake, load *big.Int
	edges       []*oEdge
}

type oEdge struct {
	at           int
	c            *oCandidate
	load, weight *big.Int
}

var (
	oMost = scale.MaxU128.Big()
	oOne  = big.NewInt(1)
)

// cut128 is a number, cut to what 128 bits hold.
func cut128(n *big.Int) *big.Int {
	switch {
	case n.Sign() < 0:
		return new(big.Int)
	case n.Cmp(oMost) > 0:
		return oMost
	}
	return n
}

func plus(a, b *big.Int) *big.Int  { return cut128(new(big.Int).Add(a, b)) }
func minus(a, b *big.Int) *big.Int { return cut128(new(big.Int).Sub(a, b)) }
func times(a, b *big.Int) *big.Int { return cut128(new(big.Int).Mul(a, b)) }

// timesOver is a · b / c, rounded down; all ones where c is 0 or it does not fit.
func timesOver(a, b, c *big.Int) *big.Int {
	if c.Sign() == 0 {
		return oMost
	}
	p := new(big.Int).Mul(a, b)
	return cut128(p.Div(p, c))
}

func newOracle(v votes) *oracle {
	o := &oracle{}
	index := map[int]int{}
	for i, c := range v.candidates {
		index[c] = i
		o.candidates = append(o.candidates, &oCandidate{approval: new(big.Int), backed: new(big.Int)})
	}
	for row, voter := range v.voters {
		x := &oVoter{row: row, stake: new(big.Int).SetUint64(voter.Stake), load: new(big.Int)}
		seen := map[int]bool{}
		for _, t := range voter.Targets {
			at, ok := index[t]
			if seen[t] || !ok {
				continue
			}
			seen[t] = true
			c := o.candidates[at]
			c.approval = plus(c.approval, x.stake)
			x.edges = append(x.edges, &oEdge{at, c, new(big.Int), new(big.Int)})
		}
		if len(x.edges) > 0 {
			o.voters = append(o.voters, x)
		}
	}
	return o
}

func (o *oracle) phragmen(seats int) {
	for range min(seats, len(o.candidates)) {
		for _, c := range o.candidates {
			switch {
			case c.elected:
			case c.approval.Sign() == 0:
				c.n, c.d = oMost, oOne
			default:
				c.n, c.d = new(big.Int).Div(oMost, c.approval), oMost
			}
		}
		for _, v := range o.voters {
			for _, e := range v.edges {
				if !e.c.elected && e.c.approval.Sign() > 0 {
					e.c.n = plus(e.c.n, timesOver(v.load, v.stake, e.c.approval))
				}
			}
		}
		best := -1
		for i, c := range o.candidates {
			if !c.elected && (best < 0 || new(big.Int).Mul(c.n, o.candidates[best].d).Cmp(new(big.Int).Mul(o.candidates[best].n, c.d)) < 0) {
				best = i
			}
		}
		w := o.candidates[best]
		w.elected = true
		o.winners = append(o.winners, best)
		for _, v := range o.voters {
			for _, e := range v.edges {
				if e.at == best {
					e.load, v.load = minus(w.n, v.load), w.n
				}
			}
		}
	}
	for _, v := range o.voters {
		for _, e := range v.edges {
			if e.c.elected {
				e.weight = timesOver(v.stake, e.load, v.load)
			}
			e.c.backed = plus(e.c.backed, e.weight)
		}
		v.edges = slices.DeleteFunc(v.edges, func(e *oEdge) bool { return e.weight.Sign() == 0 })
		v.normalize()
	}
}

// elected are the voter's edges to winners.
func (v *oVoter) elected() (list []*oEdge) {
	for _, e := range v.edges {
		if e.c.elected {
			list = append(list, e)
		}
	}
	return list
}

func (v *oVoter) normalize() {
	list := v.elected()
	var weights []*big.Int
	for _, e := range list {
		weights = append(weights, e.weight)
	}
	weights, ok := oNormalize(weights, v.stake)
	if !ok {
		return
	}
	for i, e := range list {
		e.c.backed = plus(minus(e.c.backed, e.weight), weights[i])
		e.weight = weights[i]
	}
}

// oNormalize is normalize, one unit after the other.
func oNormalize(values []*big.Int, target *big.Int) ([]*big.Int, bool) {
	sum := new(big.Int)
	order := make([]int, len(values))
	out := make([]*big.Int, len(values))
	for i, v := range values {
		sum.Add(sum, v)
		order[i], out[i] = i, new(big.Int).Set(v)
	}
	if sum.Cmp(oMost) > 0 {
		return nil, false
	}
	if len(values) == 0 || sum.Cmp(target) == 0 {
		return out, true
	}
	slices.SortStableFunc(order, func(a, b int) int { return values[a].Cmp(values[b]) })
	count := big.NewInt(int64(len(values)))
	step, left := new(big.Int).DivMod(new(big.Int).Abs(new(big.Int).Sub(target, sum)), count, new(big.Int))
	if sum.Cmp(target) < 0 {
		at, share := 0, new(big.Int).Div(target, count)
		add := func(n *big.Int) {
			v := out[order[at]]
			if v.Add(v, n); v.Cmp(share) >= 0 {
				at = (at + 1) % len(order)
			}
		}
		for i := 0; step.Sign() > 0 && i < len(order); i++ {
			add(step)
		}
		for ; left.Sign() > 0; left.Sub(left, oOne) {
			add(oOne)
		}
		return out, true
	}
	at, floor := len(order)-1, new(big.Int).Set(values[order[0]])
	back := func() { at = (at + len(order) - 1) % len(order) }
	for i := 0; step.Sign() > 0 && i < len(order); i++ {
		v := out[order[at]]
		if v.Cmp(step) < 0 {
			left.Add(left, new(big.Int).Sub(step, v))
			v.SetInt64(0)
		} else {
			v.Sub(v, step)
		}
		if v.Cmp(floor) <= 0 {
			back()
		}
	}
	for left.Sign() > 0 {
		v := out[order[at]]
		if v.Sign() == 0 {
			back()
			continue
		}
		v.Sub(v, oOne)
		left.Sub(left, oOne)
		if v.Cmp(floor) <= 0 {
			back()
		}
	}
	return out, true
}

func (o *oracle) balance(b Balancing) {
	tolerance := b.Tolerance.Big()
	for range b.Iterations {
		most := new(big.Int)
		for _, v := range o.voters {
			if d := v.balance(tolerance); d.Cmp(most) > 0 {
				most = d
			}
		}
		if most.Cmp(tolerance) <= 0 {
			return
		}
	}
}

func (v *oVoter) balance(tolerance *big.Int) *big.Int {
	list := v.elected()
	if len(list) < 2 {
		return new(big.Int)
	}
	used, least := new(big.Int), list[0].c.backed
	var most *big.Int
	for _, e := range list {
		used = plus(used, e.weight)
		if e.c.backed.Cmp(least) < 0 {
			least = e.c.backed
		}
		if e.weight.Sign() > 0 && (most == nil || e.c.backed.Cmp(most) > 0) {
			most = e.c.backed
		}
	}
	difference := v.stake
	if most != nil {
		difference = plus(minus(most, least), minus(v.stake, used))
		if difference.Cmp(tolerance) < 0 {
			return difference
		}
	}
	for _, e := range list {
		e.c.backed = minus(e.c.backed, e.weight)
		e.weight = new(big.Int)
	}
	slices.SortStableFunc(list, func(a, b *oEdge) int { return a.c.backed.Cmp(b.c.backed) })
	below, last := new(big.Int), len(list)-1
	for i, e := range list {
		if minus(times(e.c.backed, big.NewInt(int64(i))), below).Cmp(v.stake) > 0 {
			last = max(i-1, 0)
			break
		}
		below = plus(below, e.c.backed)
	}
	height, ways := list[last].c.backed, big.NewInt(int64(last+1))
	each := new(big.Int).Div(minus(plus(v.stake, below), times(height, ways)), ways)
	for _, e := range list[:last+1] {
		e.weight = minus(plus(each, height), e.c.backed)
		e.c.backed = plus(e.c.backed, e.weight)
	}
	v.normalize()
	return difference
}

// parts is p/q in parts of an accuracy, rounded down.
func (a Accuracy) parts(p, q *big.Int) *big.Int {
	one := new(big.Int).SetUint64(uint64(a))
	if q.Sign() == 0 || p.Cmp(q) > 0 {
		return one
	}
	return timesOver(p, one, q)
}

func (o *oracle) phragmms(seats int, b Balancing, a Accuracy) {
	one := new(big.Int).SetUint64(uint64(a))
	for range seats {
		for _, c := range o.candidates {
			c.d = one
		}
		for _, v := range o.voters {
			shares := new(big.Int)
			for _, e := range v.elected() {
				shares = plus(shares, a.parts(e.weight, e.c.backed))
			}
			for _, e := range v.edges {
				if !e.c.elected {
					e.c.d = plus(e.c.d, shares)
				}
			}
		}
		best, n, d := -1, new(big.Int), oOne
		for i, c := range o.candidates {
			if c.n = times(c.approval, one); !c.elected && c.approval.Sign() > 0 && new(big.Int).Mul(c.n, d).Cmp(new(big.Int).Mul(n, c.d)) > 0 {
				best, n, d = i, c.n, c.d
			}
		}
		if best < 0 {
			return
		}
		w := o.candidates[best]
		cutoff, rest := new(big.Int).DivMod(n, d, new(big.Int))
		if rest.Cmp(new(big.Int).Div(d, big.NewInt(2))) > 0 {
			cutoff.Add(cutoff, oOne)
		}
		for _, v := range o.voters {
			at := slices.IndexFunc(v.edges, func(e *oEdge) bool { return e.c == w })
			if at < 0 {
				continue
			}
			used := new(big.Int)
			for _, e := range v.edges {
				used = plus(used, e.weight)
			}
			gives := minus(v.stake, used)
			w.backed = plus(w.backed, gives)
			for i, e := range v.edges {
				if i == at || e.weight.Sign() == 0 || e.c.backed.Cmp(cutoff) <= 0 {
					continue
				}
				take := new(big.Int).Div(times(e.weight, cutoff), e.c.backed)
				e.weight, e.c.backed = minus(e.weight, take), minus(e.c.backed, take)
				w.backed, gives = plus(w.backed, take), plus(gives, take)
			}
			v.edges[at].weight = gives
		}
		w.elected = true
		o.winners = append(o.winners, best)
		o.balance(b)
	}
}

func u128(n *big.Int) scale.U128 {
	return scale.U128{Lo: new(big.Int).And(n, new(big.Int).SetUint64(^uint64(0))).Uint64(), Hi: new(big.Int).Rsh(n, 64).Uint64()}
}

func (o *oracle) result(v votes) (r Result[int]) {
	r.Winners, r.Backers = []Winner[int]{}, []Backer[int]{}
	for _, w := range o.winners {
		r.Winners = append(r.Winners, Winner[int]{v.candidates[w], u128(o.candidates[w].backed)})
	}
	for _, x := range o.voters {
		b := Backer[int]{v.voters[x.row].Who, v.voters[x.row].Stake, []Edge[int]{}}
		for _, e := range x.edges {
			b.Edges = append(b.Edges, Edge[int]{v.candidates[e.at], u128(e.weight)})
		}
		r.Backers = append(r.Backers, b)
	}
	return r
}

// rounded gives the voters' edges in parts, and what they are after that.
func (o *oracle) rounded(v votes, a Accuracy) (shares []Assignment[int], edges []Backer[int]) {
	one := new(big.Int).SetUint64(uint64(a))
	for _, x := range o.voters {
		var parts, amounts []*big.Int
		var who []int
		for _, e := range x.edges {
			if p := a.parts(e.weight, x.stake); p.Sign() > 0 {
				parts, who = append(parts, p), append(who, v.candidates[e.at])
			}
		}
		if len(parts) == 0 {
			continue
		}
		parts, _ = oNormalize(parts, one)
		as := Assignment[int]{Who: v.voters[x.row].Who}
		b := Backer[int]{Who: as.Who, Stake: v.voters[x.row].Stake}
		for i, p := range parts {
			as.Shares = append(as.Shares, Share[int]{who[i], p.Uint64()})
			// To the nearest, and of two to the lower.
			amount, rest := new(big.Int).DivMod(new(big.Int).Mul(p, x.stake), one, new(big.Int))
			if rest.Cmp(new(big.Int).Div(one, big.NewInt(2))) > 0 {
				amount.Add(amount, oOne)
			}
			amounts = append(amounts, amount)
		}
		amounts, _ = oNormalize(amounts, x.stake)
		for i, n := range amounts {
			b.Edges = append(b.Edges, Edge[int]{who[i], u128(n)})
		}
		shares, edges = append(shares, as), append(edges, b)
	}
	return shares, edges
}

// extreme are votes with what elections seldom have: stakes of nothing, of one,
// of all that fits, equal ones; few candidates, the same voter twice.
func extreme(r *rand.Rand) votes {
	v := votes{seats: r.IntN(7)}
	for i := range r.IntN(7) {
		v.candidates = append(v.candidates, i)
	}
	r.Shuffle(len(v.candidates), func(i, j int) { v.candidates[i], v.candidates[j] = v.candidates[j], v.candidates[i] })
	kind := r.IntN(5)
	for range r.IntN(14) {
		x := Voter[int]{Who: 100 + r.IntN(10)}
		switch k := kind; k {
		case 0:
			x.Stake = uint64(r.IntN(4))
		case 1:
			x.Stake = ^uint64(0) - uint64(r.IntN(3))
		case 2:
			x.Stake = r.Uint64() >> r.IntN(65)
		case 3:
			x.Stake = 1 << r.IntN(64)
		default:
			x.Stake = []uint64{0, 1, 2, 3, 10, 1e9, 1e9 + 1, 1 << 63, ^uint64(0)}[r.IntN(9)]
		}
		for range r.IntN(8) {
			x.Targets = append(x.Targets, r.IntN(9))
		}
		v.voters = append(v.voters, x)
	}
	return v
}

// Winners, what backs them, edges, and what ratios make of them are the
// oracle's, for every way to elect.
func TestOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	rounds := 20_000
	if testing.Short() {
		rounds = 3000
	}
	for n := range rounds {
		v := extreme(r)
		if n%50 == 0 {
			v = randomVotes(r, 1+r.IntN(12), r.IntN(40), r.IntN(9), 1+r.IntN(6))
		}
		b := Balancing{Iterations: r.IntN(5), Tolerance: scale.U64(uint64(r.IntN(3)) << r.IntN(40))}
		a := []Accuracy{Percent, PerU16, Permill, Perbill, Perquintill}[r.IntN(5)]
		o := newOracle(v)
		var got Result[int]
		way := "phragmms"
		if r.IntN(3) > 0 {
			way = "phragmen"
			o.phragmen(v.seats)
			o.balance(b)
			got = Phragmen(v.seats, v.candidates, v.voters, b)
		} else {
			o.phragmms(v.seats, b, a)
			got = PhragMMS(v.seats, v.candidates, v.voters, b, a)
		}
		if want := o.result(v); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s of %+v, %+v, %d:\ngot  %+v\nwant %+v", way, v, b, a, got, want)
		}
		shares, edges := o.rounded(v, a)
		if got := got.Assignments(a); !reflect.DeepEqual(got, shares) {
			t.Fatalf("%s of %+v, %+v, %d: assignments\ngot  %+v\nwant %+v", way, v, b, a, got, shares)
		}
		if got := got.Rounded(a).Backers; !reflect.DeepEqual(got, edges) {
			t.Fatalf("%s of %+v, %+v, %d: rounded\ngot  %+v\nwant %+v", way, v, b, a, got, edges)
		}
	}
}
