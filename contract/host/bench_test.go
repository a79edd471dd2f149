package host

import (
	"context"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// BenchmarkSmall is a call of a small contract as ink! makes them: it reads its
// input and its caller, reads, changes and hashes values, and deposits an event.
// Each call is fully isolated.
func BenchmarkSmall(b *testing.B) {
	ctx := context.Background()
	e, err := NewEngine(ctx, vm.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close(ctx)
	p := start(libCode).store(600, 64).do("seal0.input", 700, 600).do("seal0.caller", atOut, atSize).
		do("seal0.hash_blake2_256", atOut, 32, 300).store(604, 64).
		do("seal1.get_storage", 300, 32, 400, 604).do("seal1.get_storage", 700, 32, 400, 604).
		do("seal2.set_storage", 300, 32, atText, 16).do("seal2.set_storage", 700, 32, atText, 16).
		do("seal0.deposit_event", 0, 0, atOut, 64).give(atText, 1)
	m := load(b, e, p.module())
	env := Env{State: Memory{}, Caller: alice, Address: me, Input: make([]byte, 36), Seed: hash.H256{7}}
	for b.Loop() {
		if r, err := Run(ctx, m, "call", env, 1e9); err != nil || r.Status != vm.OK {
			b.Fatal(r.Reason, err)
		}
	}
}
