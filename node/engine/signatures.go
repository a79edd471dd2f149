package engine

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// signature is one that is to be checked.
type signature struct {
	scheme                      uint8
	account, message, signature []byte
}

func (s signature) key() hash.H256 {
	return hash.Blake2b256([]byte{s.scheme}, s.account, s.signature, s.message)
}

func (s signature) holds() bool {
	return len(s.account) == 32 && keys.VerifyAccount(keys.Scheme(s.scheme), keys.AccountID(s.account), s.message, s.signature)
}

// generation is how many signatures one generation of the memory holds.
const generation = 1 << 16

// signatures remembers which signatures hold: one that the pool has checked is
// not checked again in the proposal, and a proposal's not in the block. Those
// that do not hold are not remembered. It is safe for concurrent use.
type signatures struct {
	mu         sync.Mutex
	young, old map[hash.H256]struct{}
}

func newSignatures() *signatures { return &signatures{young: map[hash.H256]struct{}{}} }

// verify checks a signature as the runtime's host function.
func (m *signatures) verify(scheme uint8, account, message, sig []byte) bool {
	s := signature{scheme, account, message, sig}
	key := s.key()
	if m.known(key) {
		return true
	}
	if !s.holds() {
		return false
	}
	m.note(key)
	return true
}

func (m *signatures) known(key hash.H256) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.young[key]; ok {
		return true
	}
	_, ok := m.old[key]
	return ok
}

func (m *signatures) note(key hash.H256) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.young) >= generation {
		m.young, m.old = make(map[hash.H256]struct{}, generation), m.young
	}
	m.young[key] = struct{}{}
}

// prepare checks signatures on all processors and remembers those that hold.
// For each it calls also, at the same time as for others.
func (m *signatures) prepare(list []signature, also func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(list); i = int(next.Add(1)) - 1 {
				if key := list[i].key(); !m.known(key) && list[i].holds() {
					m.note(key)
				}
				also(i)
			}
		})
	}
	wait.Wait()
}
