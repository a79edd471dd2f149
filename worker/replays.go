package worker

import (
	"sync"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// maxReplays is how many queries are remembered at least; at most it is twice as
// many, which takes some megabytes.
const maxReplays = 1 << 17

// replays remembers the nonces of the last queries, so that what somebody heard
// on the way is not answered again. The zero value is ready.
//
// It is this process's memory alone: who can start the worker again can play
// them again. See docs/security.md for what that gives.
type replays struct {
	mu          sync.Mutex
	now, before map[[16]byte]struct{} // guarded by mu
}

// nonceOf names the pair of who asks and its nonce.
func nonceOf(origin keys.AccountID, nonce [16]byte) [16]byte {
	return hash.Blake2b128(origin[:], nonce[:])
}

// take notes a query; ok is false when it was noted before.
func (r *replays) take(key [16]byte) (ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, now := r.now[key]
	_, before := r.before[key]
	if now || before {
		return false
	}
	if r.now == nil || len(r.now) == maxReplays {
		r.now, r.before = map[[16]byte]struct{}{}, r.now
	}
	r.now[key] = struct{}{}
	return true
}

// drop forgets a query that was not answered, so that it can be asked again.
func (r *replays) drop(key [16]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.now, key)
	delete(r.before, key)
}
