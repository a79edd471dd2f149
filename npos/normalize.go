package npos

import (
	"slices"

	"github.com/tacit-network/tacit/scale"
)

// normalize changes the values until they sum to the target: too little is
// made up from the least value upwards, too much is taken from the greatest
// downwards. It is false, and nothing changes, if the values sum to more than
// the limit.
func normalize(values []scale.U128, target, limit scale.U128) bool {
	var total scale.U128
	for _, v := range values {
		var ok bool
		if total, ok = total.Add(v); !ok || limit.Less(total) {
			return false
		}
	}
	if len(values) == 0 || total == target {
		return true
	}
	order := make([]int, len(values)) // of the values, from the least; equal ones as they stand
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return values[a].Cmp(values[b]) })
	if total.Less(target) {
		bump(values, order, target, target.SubSat(total))
	} else {
		cut(values, order, total.SubSat(target))
	}
	return true
}

// bump adds what is missing: an equal step as often as there are values, then
// the rest one by one, always to the value at hand, which is the next one as
// soon as it has reached its share of the target.
func bump(values []scale.U128, order []int, target, missing scale.U128) {
	count := scale.U64(uint64(len(values)))
	step, rest := missing.DivMod(count)
	share, _ := target.DivMod(count)
	at := 0
	add := func(n scale.U128) {
		v := &values[order[at]]
		*v = v.AddSat(n)
		if !v.Less(share) {
			at = (at + 1) % len(order)
		}
	}
	if !step.IsZero() {
		for range order {
			add(step)
		}
	}
	for n := rest.Lo; n > 0; n-- {
		add(scale.U64(1))
	}
}

// cut takes what is too much, likewise, from the greatest value downwards to
// the least value that there was. What a value cannot give is left to the
// others.
func cut(values []scale.U128, order []int, excess scale.U128) {
	one := scale.U64(1)
	step, rest := excess.DivMod(scale.U64(uint64(len(values))))
	floor := values[order[0]]
	at := len(order) - 1
	back := func() {
		if at--; at < 0 {
			at = len(order) - 1
		}
	}
	if !step.IsZero() {
		for range order {
			v := &values[order[at]]
			rest = rest.AddSat(step.SubSat(*v))
			*v = v.SubSat(step)
			if v.Cmp(floor) <= 0 {
				back()
			}
		}
	}
	for !rest.IsZero() {
		v := &values[order[at]]
		switch {
		case v.IsZero():
			back()
		case floor.Less(*v):
			// One by one down to the floor, at once.
			n := v.SubSat(floor)
			if rest.Less(n) {
				n = rest
			}
			*v, rest = v.SubSat(n), rest.SubSat(n)
			if v.Cmp(floor) <= 0 {
				back()
			}
		default:
			if n := turns(values, floor, rest); !n.IsZero() {
				for i := range values {
					if !values[i].IsZero() {
						values[i], rest = values[i].SubSat(n), rest.SubSat(n)
					}
				}
				continue
			}
			*v, rest = v.SubSat(one), rest.SubSat(one)
			back()
		}
	}
}

// turns is how often each value that is not 0 gives one in turn before one of
// them is used up, or the rest is. It is 0 while a value above the floor would
// give more than that.
func turns(values []scale.U128, floor, rest scale.U128) scale.U128 {
	least, givers := scale.MaxU128, uint64(0)
	for _, v := range values {
		if floor.Less(v) {
			return scale.U128{}
		}
		if !v.IsZero() {
			givers++
			if v.Less(least) {
				least = v
			}
		}
	}
	n, _ := rest.DivMod(scale.U64(max(givers, 1)))
	if least.Less(n) {
		return least
	}
	return n
}
