package pool

import (
	"cmp"
	"slices"

	"github.com/tacit-network/tacit/node/store"
)

// room returns what must go so that there is room for e when old is replaced:
// what is worth less than e, and the least. ok is false when that is not
// enough. What others here need stays.
func (p *Pool) room(e *entry, old []*entry) (worse []*entry, ok bool) {
	bytes, ready, waiting := p.bytes+len(e.raw), len(p.txs)-p.waiting, p.waiting
	count := func(e *entry, by int) {
		if e.ready {
			ready += by
		} else {
			waiting += by
		}
	}
	count(e, 1)
	for _, o := range old {
		bytes -= len(o.raw)
		count(o, -1)
	}
	fits := func() bool { return bytes <= maxBytes && ready <= maxReady && waiting <= maxFuture }
	if fits() {
		return nil, true
	}
	// A pool that is full of better ones is the common case of a flood, and
	// must cost little.
	if !p.holdsWorse(e) {
		return nil, false
	}
	needed := map[string]bool{}
	for _, o := range p.txs {
		for _, tag := range o.validity.Requires {
			needed[string(tag)] = true
		}
	}
	for _, tag := range e.validity.Requires {
		needed[string(tag)] = true
	}
	var list []*entry
	for _, o := range p.txs {
		free := !slices.ContainsFunc(o.validity.Provides, func(tag []byte) bool { return needed[string(tag)] })
		if free && o.validity.Priority < e.validity.Priority && !slices.Contains(old, o) {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b *entry) int { // the youngest of equals first
		return cmp.Or(cmp.Compare(a.validity.Priority, b.validity.Priority), cmp.Compare(b.seq, a.seq))
	})
	for _, o := range list {
		// Another of the other kind helps only where bytes are short.
		if o.ready != e.ready && bytes <= maxBytes {
			continue
		}
		worse = append(worse, o)
		bytes -= len(o.raw)
		count(o, -1)
		if fits() {
			return worse, true
		}
	}
	return nil, false
}

// holdsWorse says whether any transaction here is worth less than e.
func (p *Pool) holdsWorse(e *entry) bool {
	for _, o := range p.txs {
		if o.validity.Priority < e.validity.Priority {
			return true
		}
	}
	return false
}

// Keep submits what was kept in the space, and keeps from now on what users of
// this node submit there, until it is in a block or refused. It is called once,
// before Run.
func (p *Pool) Keep(space *store.Space) error {
	list, err := all(space)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.kept = space
	p.mu.Unlock()
	for id, raw := range list {
		if _, err := p.Submit(raw); err != nil {
			if err := space.Delete([]byte(id), false); err != nil {
				return err
			}
		}
	}
	return nil
}

func all(space *store.Space) (map[string][]byte, error) {
	it, err := space.Iterate(nil, nil, false)
	if err != nil {
		return nil, err
	}
	list := map[string][]byte{}
	for ; it.Valid(); it.Next() {
		list[string(it.Key())] = it.Value()
	}
	if err := it.Error(); err != nil {
		_ = it.Close()
		return nil, err
	}
	return list, it.Close()
}
