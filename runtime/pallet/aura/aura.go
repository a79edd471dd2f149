package aura

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// Key is the public key of every formal author: that of //Alice, whose secret
// the world knows.
var Key = Public{
	0xd4, 0x35, 0x93, 0xc7, 0x15, 0xfd, 0xd3, 0x1c, 0x61, 0x14, 0x1a, 0xbd, 0x04, 0xa9, 0x9f, 0xd6,
	0x82, 0x2c, 0x85, 0x58, 0x85, 0x4c, 0xcd, 0xe3, 0x9a, 0x56, 0x84, 0xe7, 0xa5, 0x6d, 0xa2, 0x7d,
}

// Digest is what the pallet needs of the system.
type Digest interface {
	Logs(*frame.Context) []chain.DigestItem
	DepositLog(*frame.Context, chain.DigestItem)
}

// slot is that of the header of the block under way.
func (p *Pallet) slot(ctx *frame.Context) (slot uint64, ok bool) {
	for _, item := range p.Digest.Logs(ctx) {
		pre, is := item.(chain.DigestPreRuntime)
		if !is || pre.Engine != chain.EngineAura {
			continue
		}
		slot, err := scale.Decode[uint64](pre.Data)
		if err != nil {
			panic("the header's slot does not decode")
		}
		return slot, true
	}
	return 0, false
}

// Proposer implements authorship.Slots: the header's slot is chosen so that it
// leaves, divided by the number of authorities, the proposer's index in them.
func (p *Pallet) Proposer(ctx *frame.Context) (index uint32, ok bool) {
	slot, ok := p.slot(ctx)
	n := uint64(len(p.Authorities.Get(ctx)))
	if !ok || n == 0 {
		return 0, false
	}
	return uint32(slot % n), true
}

// OnInitialize implements frame.Initializer: it takes the slot from the
// header. A block whose slot does not grow is no block.
func (p *Pallet) OnInitialize(ctx *frame.Context) frame.Weight {
	slot, ok := p.slot(ctx)
	if !ok {
		panic("the header has no slot")
	}
	if last, had := p.CurrentSlot.Find(ctx); had && slot <= last.Number {
		panic("the header's slot does not grow")
	}
	p.CurrentSlot.Put(ctx, Slot{slot})
	return frame.Time(5 * frame.Microsecond)
}

// OnNewSession says how many validators there are from now on. Who makes the
// next block was decided among those before, so that the change stands in the
// next header and counts from the one after it.
func (p *Pallet) OnNewSession(ctx *frame.Context, n int) { p.Announced.Put(ctx, uint32(n)) }

// OnFinalize implements frame.Finalizer: it puts the change that the block
// before announced into this header.
func (p *Pallet) OnFinalize(ctx *frame.Context) {
	n, due := p.NextCount.Get(ctx)
	p.NextCount.Kill(ctx)
	if next, ok := p.Announced.Get(ctx); ok {
		p.NextCount.Put(ctx, next)
		p.Announced.Kill(ctx)
	}
	if !due || int(n) == len(p.Authorities.Get(ctx)) {
		return
	}
	list := authors(int(n))
	p.Authorities.Put(ctx, list)
	log := scale.Marshal(struct {
		Kind        uint8 // 1 is AuthoritiesChange
		Authorities []Public
	}{1, list})
	p.Digest.DepositLog(ctx, chain.DigestConsensus{Engine: chain.EngineAura, Data: log})
}

// Start puts the formal authors of n validators into genesis.
func (p *Pallet) Start(ctx *frame.Context, n int) { p.Authorities.Put(ctx, authors(n)) }

func authors(n int) []Public {
	list := make([]Public, n)
	for i := range list {
		list[i] = Key
	}
	return list
}
