package grandpa

import (
	"fmt"

	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
)

// Start puts the first authorities into genesis. It refuses a set that no
// light client would take.
func (p *Pallet) Start(ctx *frame.Context, set [][32]byte) error {
	if len(set) > int(p.MaxAuthorities) {
		return fmt.Errorf("%d authorities are more than %d", len(set), p.MaxAuthorities)
	}
	list := make([]Authority, len(set))
	for i, key := range set {
		if keys.IsLowOrder(key) {
			return fmt.Errorf("the key %x of an authority is of low order", key)
		}
		for _, other := range set[:i] {
			if other == key {
				return fmt.Errorf("the authority %x stands twice", key)
			}
		}
		list[i] = Authority{key, 1}
	}
	p.Authorities.Put(ctx, list)
	p.SetIDSession.Put(ctx, 0, 0)
	return nil
}
