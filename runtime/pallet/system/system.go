package system

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// The well-known key of the index of the extrinsic under way.
var extrinsicIndexKey = []byte(":extrinsic_index")

func weighRemark(_ *frame.Runtime, c Remark) frame.Weight {
	return frame.Time(2*frame.Microsecond + 400*uint64(len(c.Remark)))
}

func weighRemarkWithEvent(_ *frame.Runtime, c RemarkWithEvent) frame.Weight {
	return frame.Time(8*frame.Microsecond + 1400*uint64(len(c.Remark)))
}

func weighSetStorage(_ *frame.Runtime, c SetStorage) frame.Weight {
	return frame.Time(frame.Microsecond * (3 + uint64(len(c.Items))))
}

func weighKillStorage(_ *frame.Runtime, c KillStorage) frame.Weight {
	return frame.Time(frame.Microsecond * (3 + uint64(len(c.Keys))))
}

func (p *Pallet) remark(ctx *frame.Context, _ Remark) error {
	_, err := ctx.Signer()
	return err
}

func (p *Pallet) remarkWithEvent(ctx *frame.Context, c RemarkWithEvent) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	ctx.Emit(Remarked{who, hash.Blake2b256(c.Remark)})
	return nil
}

func (p *Pallet) setStorage(ctx *frame.Context, c SetStorage) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	for _, kv := range c.Items {
		ctx.Set(kv.Key, kv.Value)
	}
	return nil
}

func (p *Pallet) killStorage(ctx *frame.Context, c KillStorage) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	for _, k := range c.Keys {
		ctx.Clear(k)
	}
	return nil
}

// Initialize begins the block with the given number.
func (p *Pallet) Initialize(ctx *frame.Context, number chain.BlockNumber, parent hash.H256, digest []chain.DigestItem) {
	p.ExecutionPhase.Put(ctx, frame.Initialization{})
	ctx.Set(extrinsicIndexKey, scale.Encode(uint32(0)))
	p.Number.Put(ctx, number)
	p.Digest.Put(ctx, Digest{digest})
	p.ParentHash.Put(ctx, parent)
	if number > 0 {
		p.BlockHash.Put(ctx, number-1, parent)
	}
	p.BlockWeight.Put(ctx, PerClassWeight{Mandatory: p.BlockWeights.BaseBlock})
	p.Events.Kill(ctx)
	p.EventCount.Kill(ctx)
	p.AllExtrinsicsLen.Kill(ctx)
}

// Begin ends the initialisation of the block, which weighed w.
func (p *Pallet) Begin(ctx *frame.Context, w frame.Weight) {
	p.use(ctx, frame.Mandatory, w)
	p.ExecutionPhase.Put(ctx, frame.ApplyExtrinsic{})
}

func (p *Pallet) use(ctx *frame.Context, class frame.Class, w frame.Weight) {
	all := p.BlockWeight.Get(ctx)
	*all.of(class) = all.of(class).Add(w)
	p.BlockWeight.Put(ctx, all)
}

// NormalWeight is what the normal calls of the block weigh so far.
func (p *Pallet) NormalWeight(ctx *frame.Context) frame.Weight { return p.BlockWeight.Get(ctx).Normal }

// Deposit stores an encoded event with its topics; the phase is added here.
func (p *Pallet) Deposit(ctx *frame.Context, record []byte) {
	if p.Number.Get(ctx) == 0 {
		return // as Substrate, genesis has no events
	}
	phase, ok := p.ExecutionPhase.Find(ctx)
	if !ok {
		phase = frame.Finalization{}
	}
	b := scale.Encode(phase)
	ctx.Append(p.Events.Key(), append(b, record...))
	p.EventCount.Put(ctx, p.EventCount.Get(ctx)+1)
}

// NoteExtrinsic keeps the bytes of the extrinsic under way, its own length
// prefix included, for the extrinsics root.
func (p *Pallet) NoteExtrinsic(ctx *frame.Context, raw []byte) {
	ctx.Set(p.ExtrinsicData.Key(p.ExtrinsicIndex(ctx)), raw)
}

// ExtrinsicIndex is the index in the block of the extrinsic under way.
//
// Preconditions: the block has begun and its extrinsics have not ended.
func (p *Pallet) ExtrinsicIndex(ctx *frame.Context) uint32 {
	b, _ := ctx.Get(extrinsicIndexKey)
	index, err := scale.Decode[uint32](b)
	if err != nil {
		panic(storage.Fault{Item: ":extrinsic_index", Err: err})
	}
	return index
}

// NoteResult ends the extrinsic under way with its event and moves on to the
// next.
func (p *Pallet) NoteResult(ctx *frame.Context, failure error, info frame.DispatchInfo, post frame.PostInfo) {
	actual := post.Actual(info)
	limits := p.BlockWeights.of(info.Class)
	if spare := info.Weight.RefTime - actual.RefTime; spare > 0 {
		all := p.BlockWeight.Get(ctx)
		w := all.of(info.Class)
		w.RefTime -= min(spare, w.RefTime)
		p.BlockWeight.Put(ctx, all)
	}
	out := frame.DispatchInfo{Weight: actual.Add(limits.BaseExtrinsic), Class: info.Class, PaysFee: post.Fee(info)}
	if failure == nil {
		ctx.Emit(ExtrinsicSuccess{out})
	} else {
		ctx.Emit(ExtrinsicFailed{ctx.Runtime().Reason(failure), out})
	}
	index := p.ExtrinsicIndex(ctx)
	ctx.Set(extrinsicIndexKey, scale.Encode(index+1))
	p.ExecutionPhase.Put(ctx, frame.ApplyExtrinsic{Index: index + 1})
}

// EndExtrinsics ends the part of the block that has extrinsics.
func (p *Pallet) EndExtrinsics(ctx *frame.Context) {
	count := p.ExtrinsicIndex(ctx)
	ctx.Clear(extrinsicIndexKey)
	p.ExtrinsicCount.Put(ctx, count)
	p.ExecutionPhase.Put(ctx, frame.Finalization{})
}

// Finalize ends the block and returns its header, without a seal.
func (p *Pallet) Finalize(ctx *frame.Context) chain.Header {
	p.ExecutionPhase.Kill(ctx)
	p.AllExtrinsicsLen.Kill(ctx)
	count, _ := p.ExtrinsicCount.Find(ctx)
	p.ExtrinsicCount.Kill(ctx)
	number := p.Number.Get(ctx)
	raws := make([][]byte, count)
	for i := range raws {
		key := p.ExtrinsicData.Key(uint32(i))
		raw, _ := ctx.Get(key)
		raws[i] = append([]byte{}, raw...)
		ctx.Clear(key)
	}
	digest := p.Digest.Get(ctx)
	if old := int64(number) - int64(p.BlockHashCount) - 1; old > 0 { // genesis stays
		p.BlockHash.Remove(ctx, chain.BlockNumber(old))
	}
	return chain.Header{
		ParentHash: p.ParentHash.Get(ctx), Number: number,
		ExtrinsicsRoot: trie.OrderedRoot(trie.V0, raws),
		StateRoot:      ctx.Root(p.Version.SystemVersion),
		Digest:         digest.Logs,
	}
}

// DepositLog adds an item to the header's digest.
func (p *Pallet) DepositLog(ctx *frame.Context, item chain.DigestItem) {
	d := p.Digest.Get(ctx)
	d.Logs = append(d.Logs, item)
	p.Digest.Put(ctx, d)
}

// Now returns the number of the block under way.
func (p *Pallet) Now(ctx *frame.Context) chain.BlockNumber { return p.Number.Get(ctx) }

// HashOf returns the hash of a recent block, or ok false when it is too old
// or not yet there.
func (p *Pallet) HashOf(ctx *frame.Context, number chain.BlockNumber) (h hash.H256, ok bool) {
	return p.BlockHash.Find(ctx, number)
}

// Logs returns the digest of the block under way.
func (p *Pallet) Logs(ctx *frame.Context) []chain.DigestItem { return p.Digest.Get(ctx).Logs }
