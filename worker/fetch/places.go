package fetch

import (
	"context"
	"sync"
)

// places are those of requests that run: so many in all, and so many of each
// contract, so that a contract with slow servers leaves some to others.
type places struct {
	all, each int

	mu    sync.Mutex
	used  int              // guarded by mu
	taken map[[32]byte]int // guarded by mu; without zeros
}

func (p *places) take(contract [32]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used >= p.all || p.taken[contract] >= p.each {
		return false
	}
	p.used++
	p.taken[contract]++
	return true
}

func (p *places) leave(contract [32]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used--
	if p.taken[contract]--; p.taken[contract] == 0 {
		delete(p.taken, contract)
	}
}

type contractKey struct{}

// For returns a context whose requests are those of a contract: the one that was
// asked, whichever others it calls.
func For(ctx context.Context, contract [32]byte) context.Context {
	return context.WithValue(ctx, contractKey{}, contract)
}

// named is the contract of a context, zero for none.
func named(ctx context.Context) [32]byte {
	contract, _ := ctx.Value(contractKey{}).([32]byte)
	return contract
}
