package system

import (
	"math"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// maxConsumers is how many consumers an account may have (MaxConsumers).
const maxConsumers = 16

// Info returns an account.
func (p *Pallet) Info(ctx *frame.Context, who chain.AccountID) frame.AccountInfo {
	return p.Account.Get(ctx, who)
}

// PutData stores what an account holds. An account without provider and
// without own right to be is not stored.
func (p *Pallet) PutData(ctx *frame.Context, who chain.AccountID, data frame.AccountData) {
	info := p.Account.Get(ctx, who)
	if info.Providers == 0 && info.Sufficients == 0 {
		p.Account.Remove(ctx, who)
		return
	}
	info.Data = data
	p.Account.Put(ctx, who, info)
}

// Provide gives an account one more reason to exist; the first makes it.
func (p *Pallet) Provide(ctx *frame.Context, who chain.AccountID) {
	info := p.Account.Get(ctx, who)
	fresh := info.Providers == 0 && info.Sufficients == 0
	if info.Providers < math.MaxUint32 {
		info.Providers++
	}
	p.Account.Put(ctx, who, info)
	if fresh {
		ctx.Emit(NewAccount{who})
	}
}

// Unprovide takes a reason to exist away. The account ends with the last one,
// which stays while somebody consumes the account.
func (p *Pallet) Unprovide(ctx *frame.Context, who chain.AccountID) error {
	info, ok := p.Account.Find(ctx, who)
	switch {
	case !ok:
		return nil
	case info.Providers <= 1 && info.Consumers > 0:
		return frame.ErrConsumerRemaining{}
	case info.Providers <= 1 && info.Sufficients == 0:
		p.Account.Remove(ctx, who)
		ctx.Emit(KilledAccount{who})
		return nil
	}
	info.Providers -= min(info.Providers, 1)
	p.Account.Put(ctx, who, info)
	return nil
}

// Consume notes that something rests on an account, which must exist.
func (p *Pallet) Consume(ctx *frame.Context, who chain.AccountID) error {
	info := p.Account.Get(ctx, who)
	if info.Providers == 0 {
		return frame.ErrNoProviders{}
	}
	if info.Consumers >= maxConsumers {
		return frame.ErrTooManyConsumers{}
	}
	info.Consumers++
	p.Account.Put(ctx, who, info)
	return nil
}

// Unconsume takes back what Consume noted.
func (p *Pallet) Unconsume(ctx *frame.Context, who chain.AccountID) {
	info := p.Account.Get(ctx, who)
	info.Consumers -= min(info.Consumers, 1)
	p.Account.Put(ctx, who, info)
}
