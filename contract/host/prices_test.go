package host

import (
	"context"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// BenchmarkPrices is what the prices of host functions are made from: each is
// called with as much work as its arguments can make until 10⁸ gas are gone, which
// stand for 10 ms. What is reported is how many times as long it takes; a price is
// too low where that is much above 1.
func BenchmarkPrices(b *testing.B) {
	const gas = 100_000_000
	ctx := context.Background()
	for name, p := range storms() {
		b.Run(name, func(b *testing.B) {
			e := engines(b)[0]
			code := p.loop().module()
			o := world(b, e, code)
			c := o.contracts[me]
			env := Env{State: c.State, Code: c.Code, Owner: c.Owner, Others: o, Caller: alice, Address: me, Seed: hash.H256{7}, Keys: secret}
			for b.Loop() {
				if r, err := Run(ctx, c.Module, "call", env, gas); err != nil || r.Status == vm.OK {
					b.Fatal(r.Status, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(10*time.Millisecond), "times")
		})
	}
}
