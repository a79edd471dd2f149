package system

import (
	"math"
	"reflect"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// The shapes of what transactions carry; they are those of FRAME's extensions.
type (
	mortality struct {
		Era chain.Era `name:"-"`
	}
	nonce struct {
		Nonce uint32 `scale:"compact" name:"-"`
	}
)

// Extensions returns the first seven of a transaction's extensions, in the
// order that clients expect.
func (p *Pallet) Extensions() []frame.Extension {
	return []frame.Extension{
		{Name: "CheckNonZeroSender", Validate: func(_ *frame.Context, tx *frame.Tx) (frame.Validity, error) {
			if tx.Signer == (chain.AccountID{}) {
				return frame.Validity{}, frame.Invalid{Reason: frame.BadSigner{}}
			}
			return frame.Valid(), nil
		}},
		{Name: "CheckSpecVersion", Implicit: reflect.TypeFor[uint32]()},
		{Name: "CheckTxVersion", Implicit: reflect.TypeFor[uint32]()},
		{Name: "CheckGenesis", Implicit: reflect.TypeFor[hash.H256]()},
		{Name: "CheckMortality", Extra: reflect.TypeFor[mortality](), Implicit: reflect.TypeFor[hash.H256](), Validate: p.checkMortality},
		{Name: "CheckNonce", Extra: reflect.TypeFor[nonce](), Validate: p.checkNonce, Prepare: p.spendNonce},
		{Name: "CheckWeight", Validate: p.checkWeight, Prepare: p.spendWeight},
	}
}

// Implicit returns what a transaction's signature covers besides its bytes:
// the versions, the genesis hash and the hash of the block where its life
// began.
func (p *Pallet) Implicit(ctx *frame.Context, era chain.Era) (chain.Implicit, error) {
	birth := era.Birth(uint64(p.Number.Get(ctx)))
	block, ok := p.BlockHash.Find(ctx, chain.BlockNumber(birth))
	if !ok || birth > math.MaxUint32 {
		return chain.Implicit{}, frame.Invalid{Reason: frame.AncientBirthBlock{}}
	}
	return chain.Implicit{
		SpecVersion: p.Version.SpecVersion, TxVersion: p.Version.TransactionVersion,
		Genesis: p.BlockHash.Get(ctx, 0), EraBlock: block,
	}, nil
}

func (p *Pallet) checkMortality(ctx *frame.Context, tx *frame.Tx) (frame.Validity, error) {
	now := uint64(p.Number.Get(ctx))
	v := frame.Valid()
	if death := tx.Extra.Era.Death(now); death != math.MaxUint64 {
		v.Longevity = death - min(now, death)
	}
	return v, nil
}

func (p *Pallet) checkNonce(ctx *frame.Context, tx *frame.Tx) (frame.Validity, error) {
	info := p.Account.Get(ctx, tx.Signer)
	if info.Providers == 0 && info.Sufficients == 0 {
		return frame.Validity{}, frame.Invalid{Reason: frame.Payment{}}
	}
	if tx.Extra.Nonce < info.Nonce {
		return frame.Validity{}, frame.Invalid{Reason: frame.Stale{}}
	}
	v := frame.Valid()
	v.Provides = [][]byte{nonceTag(tx.Signer, tx.Extra.Nonce)}
	if tx.Extra.Nonce > info.Nonce {
		v.Requires = [][]byte{nonceTag(tx.Signer, tx.Extra.Nonce-1)}
	}
	return v, nil
}

func nonceTag(who chain.AccountID, nonce uint32) []byte {
	return scale.AppendUint32(append([]byte{}, who[:]...), nonce)
}

func (p *Pallet) spendNonce(ctx *frame.Context, tx *frame.Tx) error {
	info := p.Account.Get(ctx, tx.Signer)
	switch {
	case tx.Extra.Nonce < info.Nonce:
		return frame.Invalid{Reason: frame.Stale{}}
	case tx.Extra.Nonce > info.Nonce:
		return frame.Invalid{Reason: frame.Future{}}
	}
	info.Nonce++
	p.Account.Put(ctx, tx.Signer, info)
	return nil
}

func (p *Pallet) checkWeight(_ *frame.Context, tx *frame.Tx) (frame.Validity, error) {
	return frame.Valid(), p.fits(tx.Info, tx.Len)
}

// fits refuses what is too large for an empty block.
func (p *Pallet) fits(info frame.DispatchInfo, length int) error {
	limit := p.BlockWeights.of(info.Class).MaxExtrinsic
	most := p.BlockLength.Max.Normal
	if info.Class != frame.Normal {
		most = p.BlockLength.Max.Operational
	}
	if limit != nil && info.Weight.Exceeds(*limit) || uint64(length) > uint64(most) {
		return frame.Invalid{Reason: frame.ExhaustsResources{}}
	}
	return nil
}

func (p *Pallet) spendWeight(ctx *frame.Context, tx *frame.Tx) error {
	return p.Spend(ctx, tx.Info, tx.Len)
}

// Spend takes a call's weight and length from what the block may still have,
// or refuses it. What is mandatory is never refused.
func (p *Pallet) Spend(ctx *frame.Context, info frame.DispatchInfo, length int) error {
	all := p.BlockWeight.Get(ctx)
	used, limits := all.of(info.Class), p.BlockWeights.of(info.Class)
	sum := used.Add(info.Weight).Add(limits.BaseExtrinsic)
	soFar, _ := p.AllExtrinsicsLen.Find(ctx)
	size := uint64(soFar) + uint64(length)
	if info.Class != frame.Mandatory {
		if limits.MaxTotal != nil && sum.Exceeds(*limits.MaxTotal) {
			return frame.Invalid{Reason: frame.ExhaustsResources{}}
		}
		total := all.Total().Add(info.Weight).Add(limits.BaseExtrinsic)
		overReserve := limits.Reserved == nil || sum.Exceeds(*limits.Reserved)
		if total.Exceeds(p.BlockWeights.MaxBlock) && overReserve {
			return frame.Invalid{Reason: frame.ExhaustsResources{}}
		}
		most := p.BlockLength.Max.Normal
		if info.Class == frame.Operational {
			most = p.BlockLength.Max.Operational
		}
		if size > uint64(most) {
			return frame.Invalid{Reason: frame.ExhaustsResources{}}
		}
	}
	*used = sum
	p.BlockWeight.Put(ctx, all)
	p.AllExtrinsicsLen.Put(ctx, uint32(min(size, math.MaxUint32)))
	return nil
}
