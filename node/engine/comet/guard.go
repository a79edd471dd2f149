package comet

import (
	"fmt"
	"sync"

	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/scale"
)

// guard signs precommits with one key, and never two different ones in a round.
// What was signed last is on the disk before a signature leaves.
type guard struct {
	pair  keys.GrandpaPair
	space *store.Space

	mu   sync.Mutex
	last signed
	any  bool
}

// signed is the last vote.
type signed struct {
	SetID, Round uint64
	Hash         hash.H256
}

// key is where the guard notes what it signed.
func (g *guard) key() []byte {
	id := g.pair.ID()
	return id[:]
}

func newGuard(pair keys.GrandpaPair, space *store.Space) (*guard, error) {
	g := &guard{pair: pair, space: space}
	raw, err := space.Get(g.key())
	if err != nil {
		return nil, fmt.Errorf("read what was signed last: %w", err)
	}
	if raw != nil {
		if g.last, err = scale.Decode[signed](raw); err != nil {
			return nil, fmt.Errorf("read what was signed last: %w", err)
		}
		g.any = true
	}
	return g, nil
}

// sign signs the precommit for a target in the round of the target's number.
// It refuses rounds before the last, and another block in the last.
func (g *guard) sign(target grandpa.Target, setID uint64) (sig [64]byte, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := signed{setID, uint64(target.Number), target.Hash}
	if g.any {
		back := next.SetID < g.last.SetID || next.SetID == g.last.SetID && next.Round < g.last.Round
		other := next.SetID == g.last.SetID && next.Round == g.last.Round && next.Hash != g.last.Hash
		if back || other {
			return sig, fmt.Errorf("refuse to sign block %v of set %d after block %d %v of set %d",
				target, setID, g.last.Round, g.last.Hash, g.last.SetID)
		}
	}
	if !g.any || next != g.last {
		if err := g.space.Set(g.key(), scale.Marshal(next), true); err != nil {
			return sig, fmt.Errorf("note what is signed: %w", err)
		}
		g.last, g.any = next, true
	}
	return g.pair.Sign(grandpa.PrecommitPayload(target, next.Round, setID)), nil
}
