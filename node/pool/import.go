package pool

import (
	"maps"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
)

// Imported takes out what stands in the block, tells who watches, and judges
// what is left again, as much of it as the time between blocks allows; all of
// it after a block that changed the runtime.
func (p *Pool) Imported(header chain.Header, body [][]byte) {
	block := header.Hash()
	p.mu.Lock()
	p.now = header.Number
	in, all := included{number: header.Number, block: block}, imported{number: header.Number}
	for i, raw := range body {
		id := hash.Blake2b256(raw)
		p.recent[id] = true
		all.ids = append(all.ids, id)
		e := p.txs[id]
		if e == nil {
			continue
		}
		p.remove(e)
		for _, tag := range e.validity.Provides {
			p.done[string(tag)] = true
			all.tags = append(all.tags, string(tag))
		}
		e.tell(Status{Kind: InBlock, Hash: block, Index: uint32(i)})
		for _, w := range e.watches {
			in.watches = append(in.watches, placed{w, uint32(i)})
		}
	}
	if len(in.watches) > 0 {
		p.included = append(p.included, in)
	}
	p.blocks = append(p.blocks, all)
	p.forget()
	list := p.ordered()
	most := revalidated
	if header.RuntimeUpdated() {
		most, p.upgraded = len(list), header.Number
	}
	window := make([]*entry, 0, min(len(list), most))
	for i := range min(len(list), most) {
		window = append(window, list[(p.cursor+i)%len(list)])
	}
	p.cursor += len(window)
	p.mu.Unlock()

	for _, e := range window {
		validity, err := p.judge(e.raw, frame.External, header)
		p.mu.Lock()
		if p.txs[e.id] == e {
			p.rejudged(e, validity, err)
		}
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.promote()
	p.mu.Unlock()
}

// forget lets what was long ago be submitted again.
func (p *Pool) forget() {
	for len(p.blocks) > 0 && (p.blocks[0].number+finalityBlocks <= p.now || len(p.recent) > maxRecent) {
		for _, id := range p.blocks[0].ids {
			delete(p.recent, id)
		}
		for _, tag := range p.blocks[0].tags {
			delete(p.done, tag)
		}
		p.blocks = p.blocks[1:]
	}
	maps.DeleteFunc(p.banned, func(_ hash.H256, until chain.BlockNumber) bool { return until <= p.now })
}

func (p *Pool) rejudged(e *entry, validity frame.Validity, err error) {
	switch {
	case err != nil:
		p.remove(e)
		if len(p.banned) < maxBanned {
			p.banned[e.id] = p.now + banBlocks
		}
		e.tell(Status{Kind: Invalid})
		p.demote()
	case e.until < uint64(p.now):
		p.remove(e)
		e.tell(Status{Kind: Dropped})
		p.demote()
	default:
		e.validity = validity
	}
}

// demote lets what needed a transaction that is gone wait again.
func (p *Pool) demote() {
	for again := true; again; {
		again = false
		for _, e := range p.txs {
			if e.ready && !p.satisfied(e) {
				e.ready, again = false, true
				p.waiting++
				e.tell(Status{Kind: Future})
			}
		}
	}
}

// Finalized tells who watches that blocks up to number are final.
func (p *Pool) Finalized(number chain.BlockNumber) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.included[:0]
	for _, in := range p.included {
		status := Status{Kind: Finalized, Hash: in.block}
		if in.number > number {
			if in.number+finalityBlocks > p.now {
				kept = append(kept, in)
				continue
			}
			status.Kind = FinalityTimeout
		}
		for _, w := range in.watches {
			status.Index = w.index
			w.tell(status)
		}
	}
	p.included = kept
}
