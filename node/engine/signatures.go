package engine

import (
	"runtime"
	"sync"

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
func (m *signatures) prepare(list []signature) {
	next := make(chan signature)
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		wait.Go(func() {
			for s := range next {
				if key := s.key(); !m.known(key) && s.holds() {
					m.note(key)
				}
			}
		})
	}
	for _, s := range list {
		next <- s
	}
	close(next)
	wait.Wait()
}
