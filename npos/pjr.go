package npos

import "github.com/tacit-network/tacit/scale"

// PJR says whether a result has proportional justified representation: voters
// who agree on some candidates, and have together the stake that pays for r
// seats, are represented by at least r winners. The test is the one of section
// 5 of "Validator Election in Nominated Proof-of-Stake" (arXiv:2004.12990), at
// the threshold of all stake over the number of winners. Where it fails,
// counter is the candidate with the strongest claim to a seat, and of equals
// the first one.
//
// The test is sufficient, not necessary: few results that it refuses have the
// property nevertheless.
func PJR[ID comparable](candidates []ID, voters []Voter[ID], r Result[ID]) (counter ID, ok bool) {
	var all scale.U128
	for _, v := range voters {
		all = all.AddSat(scale.U64(v.Stake))
	}
	threshold, _ := all.DivMod(scale.U64(uint64(max(len(r.Winners), 1))))
	return PJRAt(threshold, candidates, voters, r)
}

// PJRAt is PJR at another price of a seat. The lower it is, the more a result
// must achieve.
func PJRAt[ID comparable](threshold scale.U128, candidates []ID, voters []Voter[ID], r Result[ID]) (counter ID, ok bool) {
	backed := make(map[ID]scale.U128, len(r.Winners))
	for _, w := range r.Winners {
		backed[w.Who] = w.Backed
	}
	claims := make(map[ID]scale.U128, len(candidates))
	backer := 0
	for _, v := range voters {
		var edges []Edge[ID]
		if backer < len(r.Backers) && r.Backers[backer].Who == v.Who && r.Backers[backer].Stake == v.Stake {
			edges = r.Backers[backer].Edges
			backer++
		}
		spare := slack(v.Stake, edges, backed, threshold)
		for i, t := range v.Targets {
			if _, wins := backed[t]; !wins && !contains(v.Targets[:i], t) {
				claims[t] = claims[t].AddSat(spare)
			}
		}
	}
	var most scale.U128
	ok = true
	for _, c := range candidates {
		if _, wins := backed[c]; wins {
			continue
		}
		if claim := claims[c]; claim.Cmp(threshold) >= 0 && (ok || most.Less(claim)) {
			counter, most, ok = c, claim, false
		}
	}
	return counter, ok
}

// slack is what a voter could give to another candidate without any of its
// winners falling below the threshold.
func slack[ID comparable](stake uint64, edges []Edge[ID], backed map[ID]scale.U128, threshold scale.U128) scale.U128 {
	var needed scale.U128
	for _, e := range edges {
		if b, wins := backed[e.Who]; wins {
			needed = needed.AddSat(Perbill.Mul(Perbill.Ratio(threshold, b), e.Amount))
		}
	}
	return scale.U64(stake).SubSat(needed)
}

func contains[ID comparable](list []ID, id ID) bool {
	for _, x := range list {
		if x == id {
			return true
		}
	}
	return false
}
