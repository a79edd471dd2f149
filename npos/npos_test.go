package npos

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/scale"
)

// votes are the input of an election, made from bytes or from a seed.
type votes struct {
	seats      int
	candidates []int
	voters     []Voter[int]
}

// decodeVotes makes any bytes an election: few candidates, so that they meet,
// and stakes from nothing to the greatest.
func decodeVotes(data []byte) votes {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b)
	}
	v := votes{seats: next() % 8}
	for i := range next() % 12 {
		v.candidates = append(v.candidates, i)
	}
	for who := 100; len(data) > 0 && who < 160; who++ {
		var stake [8]byte
		n := next() % 9
		data = data[copy(stake[:n], data):]
		voter := Voter[int]{Who: who, Stake: binary.LittleEndian.Uint64(stake[:])}
		if n == 8 {
			voter.Stake |= 1 << 63
		}
		for range next() % 7 {
			voter.Targets = append(voter.Targets, next()%14) // some are no candidates
		}
		v.voters = append(v.voters, voter)
	}
	return v
}

func randomVotes(r *rand.Rand, candidates, voters, seats, most int) votes {
	v := votes{seats: seats}
	for i := range candidates {
		v.candidates = append(v.candidates, i)
	}
	for i := range voters {
		voter := Voter[int]{Who: candidates + i, Stake: 1e10 + r.Uint64N(1e14)}
		for range 1 + r.IntN(most) {
			voter.Targets = append(voter.Targets, r.IntN(candidates))
		}
		v.voters = append(v.voters, voter)
	}
	return v
}

// plainPhragmen is the definition: every round adds up every score anew, in
// numbers of any size that are cut to 128 bits where the rules say so.
func plainPhragmen(v votes) []int {
	most := scale.MaxU128.Big()
	cut := func(n *big.Int) *big.Int {
		if n.Cmp(most) > 0 {
			return most
		}
		return n
	}
	index := map[int]int{}
	for i, c := range v.candidates {
		index[c] = i
	}
	approval := make([]*big.Int, len(v.candidates))
	for i := range approval {
		approval[i] = new(big.Int)
	}
	targets := make([][]int, len(v.voters))
	loads := make([]*big.Int, len(v.voters))
	for i, voter := range v.voters {
		loads[i] = new(big.Int)
		for _, t := range voter.Targets {
			if c, ok := index[t]; ok && !slices.Contains(targets[i], c) {
				targets[i] = append(targets[i], c)
				approval[c].Add(approval[c], new(big.Int).SetUint64(voter.Stake))
			}
		}
	}
	var winners []int
	for len(winners) < min(v.seats, len(v.candidates)) {
		scores := make([]*big.Int, len(v.candidates))
		for c := range scores {
			if approval[c].Sign() > 0 {
				scores[c] = new(big.Int).Div(most, approval[c])
			}
		}
		for i, voter := range v.voters {
			for _, c := range targets[i] {
				if scores[c] != nil {
					term := new(big.Int).Mul(loads[i], new(big.Int).SetUint64(voter.Stake))
					scores[c] = cut(new(big.Int).Add(scores[c], cut(term.Div(term, approval[c]))))
				}
			}
		}
		best := -1
		for c := range scores {
			if slices.Contains(winners, c) {
				continue
			}
			if best < 0 || scores[c] != nil && (scores[best] == nil || scores[c].Cmp(scores[best]) < 0) {
				best = c
			}
		}
		score := scores[best]
		if score == nil {
			score = most
		}
		for i := range v.voters {
			if slices.Contains(targets[i], best) {
				loads[i] = score
			}
		}
		winners = append(winners, best)
	}
	return winners
}

func numbers[ID comparable](r Result[ID]) (ids []ID) {
	for _, w := range r.Winners {
		ids = append(ids, w.Who)
	}
	return ids
}

func judge(t *testing.T, v votes) {
	t.Helper()
	plain := Phragmen(v.seats, v.candidates, v.voters, Balancing{})
	if got, want := numbers(plain), plainPhragmen(v); !slices.Equal(got, want) {
		t.Fatalf("%+v: incremental elects %v, plain %v", v, got, want)
	}
	balanced := Phragmen(v.seats, v.candidates, v.voters, Balancing{Iterations: 5})
	if !slices.Equal(numbers(plain), numbers(balanced)) {
		t.Fatalf("%+v: balancing changes the winners", v)
	}
	if balanced.Score().Least.Less(plain.Score().Least) {
		t.Fatalf("%+v: balancing lowers the least support from %v to %v", v, plain.Score().Least, balanced.Score().Least)
	}
	mms := PhragMMS(v.seats, v.candidates, v.voters, Balancing{Iterations: 3}, Perbill)
	for name, r := range map[string]Result[int]{
		"plain": plain, "balanced": balanced,
		"rounded": balanced.Rounded(Perbill), "percent": plain.Rounded(Percent),
	} {
		if err := Check(v.seats, v.candidates, v.voters, r); err != nil {
			t.Fatalf("%s of %+v: %v", name, v, err)
		}
	}
	if err := Check(len(mms.Winners), v.candidates, v.voters, mms); err != nil {
		t.Fatalf("PhragMMS of %+v: %v", v, err)
	}
	for _, r := range []Result[int]{plain, balanced, mms} {
		wins := numbers(r)
		for _, b := range r.Backers {
			var sum scale.U128
			won := false
			for _, e := range b.Edges {
				sum = sum.AddSat(e.Amount)
				won = won || slices.Contains(wins, e.Who)
			}
			if won && sum != scale.U64(b.Stake) {
				t.Fatalf("%+v: voter %d of stake %d gives %v", v, b.Who, b.Stake, sum)
			}
		}
		for _, a := range r.Assignments(PerU16) {
			var sum uint64
			for _, s := range a.Shares {
				sum += s.Parts
			}
			if sum != uint64(PerU16) {
				t.Fatalf("%+v: shares of %d sum to %d", v, a.Who, sum)
			}
		}
		for i, s := range r.Supports() {
			if s.Who != r.Winners[i].Who || s.Total != r.Winners[i].Backed {
				t.Fatalf("%+v: winner %v has support %v", v, r.Winners[i], s)
			}
		}
	}
}

func FuzzElection(f *testing.F) {
	f.Add([]byte{2, 3, 1, 10, 2, 0, 1, 1, 20, 2, 0, 2, 1, 30, 2, 1, 2})
	f.Add([]byte{7, 3, 8, 255, 255, 255, 255, 255, 255, 255, 255, 3, 0, 1, 2, 0, 2, 1, 2})
	f.Fuzz(func(t *testing.T, data []byte) { judge(t, decodeVotes(data)) })
}

func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		data := make([]byte, r.IntN(400))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		judge(t, decodeVotes(data))
	}
	for range 20 {
		judge(t, randomVotes(r, 5+r.IntN(40), r.IntN(200), r.IntN(20), 16))
	}
}

// The order of voters changes rounding alone; that of candidates, ties alone.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		v := randomVotes(r, 30, 150, 10, 8)
		want := Phragmen(v.seats, v.candidates, v.voters, Balancing{})
		w := votes{v.seats, slices.Clone(v.candidates), slices.Clone(v.voters)}
		r.Shuffle(len(w.voters), func(i, j int) { w.voters[i], w.voters[j] = w.voters[j], w.voters[i] })
		r.Shuffle(len(w.candidates), func(i, j int) { w.candidates[i], w.candidates[j] = w.candidates[j], w.candidates[i] })
		got := Phragmen(w.seats, w.candidates, w.voters, Balancing{})
		if !reflect.DeepEqual(got.Winners, want.Winners) {
			t.Errorf("got %v, want %v", got.Winners, want.Winners)
		}
		byName := func(a, b Backer[int]) int { return cmp.Compare(a.Who, b.Who) }
		slices.SortFunc(got.Backers, byName)
		slices.SortFunc(want.Backers, byName)
		if !reflect.DeepEqual(got.Backers, want.Backers) {
			t.Error("edges depend on the order")
		}
	}
	equals := []Voter[int]{{1, 10, []int{1}}, {2, 10, []int{2}}, {3, 10, []int{3}}}
	for _, candidates := range [][]int{{1, 2, 3}, {2, 3, 1}, {3, 1, 2}} {
		if got := numbers(Phragmen(2, candidates, equals, Balancing{})); !slices.Equal(got, candidates[:2]) {
			t.Errorf("of %v the winners are %v", candidates, got)
		}
	}
}

func TestEdgesOfInput(t *testing.T) {
	one := []Voter[string]{{"v", 5, []string{"a", "x", "a"}}, {"w", 7, []string{"x"}}, {"z", 0, []string{"b"}}}
	for _, c := range []struct {
		name       string
		seats      int
		candidates []string
		voters     []Voter[string]
		phragmen   []string
		mms        []string
		backers    int
	}{
		{"nothing", 3, nil, nil, nil, nil, 0},
		{"no seats", 0, []string{"a", "b"}, one, nil, nil, 2},
		{"seats below zero", -1, []string{"a", "b"}, one, nil, nil, 2},
		{"no voters", 1, []string{"a", "b"}, nil, []string{"a"}, nil, 0},
		{"more seats than candidates", 9, []string{"b", "a"}, one, []string{"a", "b"}, []string{"a"}, 2},
		{"unknown targets alone", 1, []string{"c"}, one, []string{"c"}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Phragmen(c.seats, c.candidates, c.voters, Balancing{Iterations: 2})
			if !slices.Equal(numbers(r), c.phragmen) || len(r.Backers) != c.backers {
				t.Errorf("got %+v, want winners %v and %d backers", r, c.phragmen, c.backers)
			}
			if r := PhragMMS(c.seats, c.candidates, c.voters, Balancing{}, Perbill); !slices.Equal(numbers(r), c.mms) {
				t.Errorf("PhragMMS: got %+v, want %v", r, c.mms)
			}
			if c.seats <= 0 && r.Score() != (Score{}) {
				t.Errorf("nobody scores %v", r.Score())
			}
		})
	}
}

func TestCheck(t *testing.T) {
	candidates := []int{1, 2, 3}
	voters := []Voter[int]{{10, 10, []int{1, 2}}, {20, 20, []int{1, 3}}, {30, 30, []int{2, 3, 9}}}
	n := scale.U64
	good := func() Result[int] { return Phragmen(2, candidates, voters, Balancing{}) }
	if err := Check(2, candidates, voters, good()); err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func(*Result[int]){
		"a winner too few":        func(r *Result[int]) { r.Winners = r.Winners[:1] },
		"a winner twice":          func(r *Result[int]) { r.Winners[1] = r.Winners[0] },
		"a stranger wins":         func(r *Result[int]) { r.Winners[1].Who = 9 },
		"another candidate wins":  func(r *Result[int]) { r.Winners[1].Who = 1 },
		"more backing":            func(r *Result[int]) { r.Winners[0].Backed = n(99) },
		"a voter left out":        func(r *Result[int]) { r.Backers = r.Backers[1:] },
		"a voter of another name": func(r *Result[int]) { r.Backers[0].Who = 11 },
		"more stake":              func(r *Result[int]) { r.Backers[0].Stake = 11 },
		"voters out of order":     func(r *Result[int]) { slices.Reverse(r.Backers) },
		"a voter twice":           func(r *Result[int]) { r.Backers = append(r.Backers, r.Backers[2]) },
		"part of the stake":       func(r *Result[int]) { r.Backers[0].Edges[0].Amount = n(9); r.Winners[1].Backed = n(24) },
		"an edge without a vote":  func(r *Result[int]) { r.Backers[0].Edges[0].Who = 3 },
		"an edge to a stranger":   func(r *Result[int]) { r.Backers[2].Edges[0].Who = 9 },
		"an edge twice":           func(r *Result[int]) { r.Backers[2].Edges[1].Who = 2 },
		"an edge to a loser":      func(r *Result[int]) { r.Backers[0].Edges[0].Who = 1 },
	} {
		r := good()
		forge(&r)
		if err := Check(2, candidates, voters, r); !errors.Is(err, ErrInfeasible) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPJR(t *testing.T) {
	candidates := []int{1, 2, 3, 4}
	voters := []Voter[int]{{10, 60, []int{1, 2}}, {20, 40, []int{3}}, {30, 0, []int{4}}}
	fair := Phragmen(2, candidates, voters, Balancing{})
	if who, ok := PJR(candidates, voters, fair); !ok {
		t.Errorf("%d is not represented in %v", who, numbers(fair))
	}
	// Who has 60 of 100 must not stay without a winner.
	unfair := Phragmen(2, []int{3, 4}, voters, Balancing{})
	if who, ok := PJR(candidates, voters, unfair); ok || who != 1 {
		t.Errorf("got %d, %v, want 1, the first of those that the majority wants", who, ok)
	}
	// At 40 a seat, 40 of stake deserve one too; at 61, nobody deserves one.
	both := Phragmen(2, []int{1, 2}, voters, Balancing{})
	if who, ok := PJRAt(scale.U64(40), candidates, voters, both); ok || who != 3 {
		t.Errorf("got %d, %v, want 3", who, ok)
	}
	if who, ok := PJRAt(scale.U64(61), candidates, voters, unfair); !ok {
		t.Errorf("%d is not represented at 61", who)
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		v := randomVotes(r, 40, 200, 12, 10)
		for _, b := range []Balancing{{}, {Iterations: 10}} {
			if who, ok := PJR(v.candidates, v.voters, Phragmen(v.seats, v.candidates, v.voters, b)); !ok {
				t.Errorf("%d is not represented", who)
			}
		}
	}
}

func FuzzMulDiv(f *testing.F) {
	top := ^uint64(0)
	f.Add(top, top, top, top, top)
	f.Add(top, top, top, uint64(0), uint64(1)<<63)
	f.Add(uint64(0), top, top, top, top-1)
	f.Add(uint64(5), uint64(7), uint64(3), uint64(0), uint64(0))
	f.Fuzz(func(t *testing.T, aLo, aHi, b, cLo, cHi uint64) {
		a, c := scale.U128{Lo: aLo, Hi: aHi}, scale.U128{Lo: cLo, Hi: cHi}
		product := new(big.Int).Mul(a.Big(), new(big.Int).SetUint64(b))
		want := new(big.Int).Set(product)
		if !c.IsZero() {
			want.Div(want, c.Big())
		}
		if most := scale.MaxU128.Big(); want.Cmp(most) > 0 {
			want = most
		}
		if got := mulDiv(a, b, c); got.Big().Cmp(want) != 0 {
			t.Errorf("%v · %d / %v: got %v, want %v", a, b, c, got, want)
		}
		other := new(big.Int).Mul(c.Big(), new(big.Int).SetUint64(aHi))
		if got, want := cmpProducts(a, scale.U64(b), c, scale.U64(aHi)), product.Cmp(other); got != want {
			t.Errorf("%v · %d with %v · %d: got %d, want %d", a, b, c, aHi, got, want)
		}
		x := new(big.Int).Mul(c.Big(), a.Big())
		if got, want := cmpProducts(a, c, a, scale.U64(b)), x.Cmp(product); got != want {
			t.Errorf("%v · %v with %v · %d: got %d, want %d", a, c, a, b, got, want)
		}
	})
}

func TestMulDivWide(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	wide := func() scale.U128 {
		n := scale.U128{Lo: r.Uint64(), Hi: r.Uint64() >> r.IntN(64)}
		if r.IntN(4) == 0 {
			n.Hi = ^uint64(0) << r.IntN(64)
		}
		if r.IntN(4) == 0 {
			n.Lo = ^uint64(0)
		}
		return n
	}
	for range 200_000 {
		a, b, c := wide(), wide().Hi, wide()
		want, ok := a.MulDiv(scale.U64(b), c)
		if !ok && !c.IsZero() {
			want = scale.MaxU128
		}
		if got := mulDiv(a, b, c); got != want && !c.IsZero() {
			t.Fatalf("%v · %d / %v: got %v, want %v", a, b, c, got, want)
		}
	}
}

// plainNormalize moves what is missing or too much as the rules tell it, one
// by one.
func plainNormalize(values []uint64, target uint64) []uint64 {
	out := slices.Clone(values)
	var sum uint64
	order := make([]int, len(values))
	for i, v := range values {
		sum += v
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	count := uint64(len(values))
	if count == 0 || sum == target {
		return out
	}
	if sum < target {
		step, left, at := (target-sum)/count, (target-sum)%count, 0
		for n := uint64(0); n < count+left; n++ {
			by := uint64(1)
			if n < count {
				if by = step; step == 0 {
					continue
				}
			}
			if out[order[at]] += by; out[order[at]] >= target/count {
				at = (at + 1) % len(order)
			}
		}
		return out
	}
	step, left, at, floor := (sum-target)/count, (sum-target)%count, len(order)-1, values[order[0]]
	back := func() { at = (at + len(order) - 1) % len(order) }
	for n := uint64(0); n < count && step > 0; n++ {
		v := &out[order[at]]
		if *v < step {
			left += step - *v
			*v = 0
		} else {
			*v -= step
		}
		if *v <= floor {
			back()
		}
	}
	for left > 0 {
		v := &out[order[at]]
		if *v == 0 {
			back()
			continue
		}
		*v--
		left--
		if *v <= floor {
			back()
		}
	}
	return out
}

func FuzzNormalize(f *testing.F) {
	f.Add([]byte{8, 9, 7, 10}, uint16(40))
	f.Add([]byte{1, 100, 100}, uint16(10))
	f.Add([]byte{1, 8, 9}, uint16(1))
	f.Add([]byte{250, 3, 0, 250, 17}, uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, target uint16) {
		if len(data) > 64 {
			return
		}
		var plain []uint64
		var got []scale.U128
		for i, b := range data {
			n := uint64(b) << (i % 3 * 2)
			plain = append(plain, n)
			got = append(got, scale.U64(n))
		}
		want := plainNormalize(plain, uint64(target))
		if !normalize(got, scale.U64(uint64(target)), scale.MaxU128) {
			t.Fatal("refused")
		}
		for i := range want {
			if got[i] != scale.U64(want[i]) {
				t.Fatalf("%v to %d: got %v, want %v", plain, target, got, want)
			}
		}
	})
}

// Values far from the target take no longer than others. The numbers of the
// first two are those of sp-arithmetic's tests.
func TestNormalizeFarOff(t *testing.T) {
	n := scale.U64
	for _, c := range []struct {
		in     []scale.U128
		target scale.U128
		want   []scale.U128
	}{
		{[]scale.U128{n(1), n(100), n(100)}, n(10), []scale.U128{n(1), n(9), n(0)}},
		{[]scale.U128{n(1), n(8), n(9)}, n(1), []scale.U128{n(0), n(1), n(0)}},
		{[]scale.U128{{Hi: 1 << 60}, {Hi: 1 << 61}, {Hi: 1 << 61}}, n(7), nil},
		{[]scale.U128{n(3), {Hi: 1 << 61}, {Hi: 1 << 62}}, n(0), nil},
		{[]scale.U128{n(3), n(0)}, scale.MaxU128, nil},
	} {
		got := slices.Clone(c.in)
		if !normalize(got, c.target, scale.MaxU128) {
			t.Fatalf("%v is refused", c.in)
		}
		var sum scale.U128
		for _, v := range got {
			sum = sum.AddSat(v)
		}
		if sum != c.target || c.want != nil && !slices.Equal(got, c.want) {
			t.Errorf("%v to %v: got %v, want %v", c.in, c.target, got, c.want)
		}
	}
}

func ExamplePhragmen() {
	voters := []Voter[string]{
		{Who: "Ann", Stake: 10, Targets: []string{"x", "y"}},
		{Who: "Bob", Stake: 20, Targets: []string{"x", "z"}},
		{Who: "Cem", Stake: 30, Targets: []string{"y", "z"}},
	}
	r := Phragmen(2, []string{"x", "y", "z"}, voters, Balancing{Iterations: 4})
	for _, s := range r.Supports() {
		fmt.Println(s.Who, "has", s.Total, "from", s.Edges)
	}
	// Output:
	// z has 30 from [{Bob 20} {Cem 10}]
	// y has 30 from [{Ann 10} {Cem 20}]
}

func BenchmarkSnapshots(b *testing.B) {
	snapshots(b, func(name string, s snapshot) {
		voters := voterList(s.Voters)
		b.Run(name+"/phragmen", func(b *testing.B) {
			for b.Loop() {
				Phragmen(s.Desired, s.Candidates, voters, Balancing{})
			}
		})
		b.Run(name+"/balanced", func(b *testing.B) {
			for b.Loop() {
				Phragmen(s.Desired, s.Candidates, voters, Balancing{Iterations: 10})
			}
		})
		b.Run(name+"/phragmms", func(b *testing.B) {
			for b.Loop() {
				PhragMMS(s.Desired, s.Candidates, voters, Balancing{Iterations: 10}, Perbill)
			}
		})
	})
}

func BenchmarkPhragmen(b *testing.B) {
	for _, size := range []struct{ voters, candidates, seats int }{{22_500, 2_000, 600}, {100_000, 3_000, 1_000}} {
		v := crowd(size.voters, size.candidates, size.seats)
		b.Run(fmt.Sprintf("%d voters %d candidates %d seats", size.voters, size.candidates, size.seats), func(b *testing.B) {
			for b.Loop() {
				Phragmen(v.seats, v.candidates, v.voters, Balancing{})
			}
		})
	}
}
