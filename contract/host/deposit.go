package host

import (
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/scale"
)

// Prices are what is asked for what contracts store. The zero value is nothing.
type Prices struct{ Item, Byte scale.U128 }

// charge is what t costs: what is stored less counts at the price of now.
func (p Prices) charge(t tally) scale.U128 {
	cost := func(price scale.U128, n int64) (charge, refund scale.U128) {
		all, fits := price.Mul(scale.U64(uint64(max(n, -n))))
		if !fits {
			all = scale.MaxU128
		}
		if n < 0 {
			return charge, all
		}
		return all, refund
	}
	items, lessItems := cost(p.Item, t.items)
	bytes, lessBytes := cost(p.Byte, t.bytes)
	return items.AddSat(bytes).SubSat(lessItems.AddSat(lessBytes))
}

// depositLimit reads the most that a callee may have the origin charged for, all
// calls that it makes together. None, as zero, is what the origin allows. It
// returns what tells later that it took more.
func (x *execution) depositLimit(c *vm.Call, ptr uint32) (exceeded func() error, err error) {
	var most scale.U128
	if ptr != sentinel {
		b, err := c.Read(ptr, 16)
		if err != nil {
			return nil, err
		}
		if most, err = scale.Decode[scale.U128](b); err != nil {
			return nil, err
		}
	}
	before := x.t.all
	return func() error {
		more := x.t.all.minus(before)
		if !most.IsZero() && most.Less(x.env.Prices.charge(more)) {
			return trap("the callee stores more than the limit of its deposit allows")
		}
		return nil
	}, nil
}
