package proxy

import (
	"cmp"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// weightList is what reading and changing the longest list of proxies costs.
func (p *Pallet) weightList() frame.Weight {
	return frame.Time(60*frame.Microsecond + frame.Microsecond*uint64(p.MaxProxies)/2)
}

// weightPending is what the longest list of announcements costs besides.
func (p *Pallet) weightPending() frame.Weight {
	return p.weightList().Add(frame.Time(frame.Microsecond * uint64(p.MaxPending)))
}

func (p *Pallet) weighProxy(rt *frame.Runtime, c Proxy) frame.Weight {
	return p.weightList().Add(rt.Weight(c.Call))
}

func (p *Pallet) weighAnnounced(rt *frame.Runtime, c ProxyAnnounced) frame.Weight {
	return p.weightPending().Add(rt.Weight(c.Call))
}

// find returns the first proxy of real's that is who, and of the given type if
// there is one.
func (p *Pallet) find(ctx *frame.Context, real, who chain.AccountID, force *ProxyType) (Definition, error) {
	for _, d := range p.Proxies.Get(ctx, real).List {
		if d.Delegate == who && (force == nil || d.ProxyType == *force) {
			return d, nil
		}
	}
	return Definition{}, ErrNotProxy
}

func (p *Pallet) proxy(ctx *frame.Context, c Proxy) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	real, err := frame.Lookup(c.Real)
	if err != nil {
		return err
	}
	def, err := p.find(ctx, real, who, c.ForceProxyType)
	if err != nil {
		return err
	}
	if def.Delay != 0 {
		return ErrUnannounced
	}
	p.act(ctx, def, real, c.Call)
	return nil
}

// act makes a call on behalf of real. The account is authenticated anew, so
// that nothing binds it but the filter of its own proxy.
func (p *Pallet) act(ctx *frame.Context, def Definition, real chain.AccountID, call frame.AnyCall) {
	result := scale.Ok[struct{}, frame.DispatchError](struct{}{})
	_, err := ctx.Dispatch(frame.Signed{Who: real}, call, func(c frame.AnyCall) bool { return p.allows(def.ProxyType, c) })
	if err != nil {
		result = scale.Fail[struct{}](ctx.Runtime().Reason(err))
	}
	ctx.Emit(ProxyExecuted{result})
}

// allows is the filter of a proxy: it can neither make nor remove proxies that
// may do more than itself, and only one that may do anything can remove all.
func (p *Pallet) allows(t ProxyType, call frame.AnyCall) bool {
	switch c := call.Args.(type) {
	case AddProxy:
		if !p.Permit.Includes(t, c.ProxyType) {
			return false
		}
	case RemoveProxy:
		if !p.Permit.Includes(t, c.ProxyType) {
			return false
		}
	case RemoveProxies, KillPure:
		if t != Any {
			return false
		}
	}
	return p.Permit.Allows(t, call)
}

func compare(a, b Definition) int {
	return cmp.Or(slices.Compare(a.Delegate[:], b.Delegate[:]), cmp.Compare(a.ProxyType, b.ProxyType), cmp.Compare(a.Delay, b.Delay))
}

// definition checks a call's arguments and returns the signer and the proxy.
func definition(ctx *frame.Context, delegate chain.MultiAddress, t ProxyType, delay chain.BlockNumber) (chain.AccountID, Definition, error) {
	who, err := ctx.Signer()
	if err != nil {
		return who, Definition{}, err
	}
	id, err := frame.Lookup(delegate)
	return who, Definition{id, t, delay}, err
}

func (p *Pallet) addProxy(ctx *frame.Context, c AddProxy) error {
	who, def, err := definition(ctx, c.Delegate, c.ProxyType, c.Delay)
	if err != nil {
		return err
	}
	if def.Delegate == who {
		return ErrNoSelfProxy
	}
	all := p.Proxies.Get(ctx, who)
	at, there := slices.BinarySearchFunc(all.List, def, compare)
	if there {
		return ErrDuplicate
	}
	if len(all.List) >= int(p.MaxProxies) {
		return ErrTooMany
	}
	all.List = slices.Insert(all.List, at, def)
	if err := p.setProxies(ctx, who, all); err != nil {
		return err
	}
	ctx.Emit(ProxyAdded{who, def.Delegate, def.ProxyType, def.Delay})
	return nil
}

func (p *Pallet) removeProxy(ctx *frame.Context, c RemoveProxy) error {
	who, def, err := definition(ctx, c.Delegate, c.ProxyType, c.Delay)
	if err != nil {
		return err
	}
	all := p.Proxies.Get(ctx, who)
	at, there := slices.BinarySearchFunc(all.List, def, compare)
	if !there {
		return ErrNotFound
	}
	all.List = slices.Delete(all.List, at, at+1)
	if err := p.setProxies(ctx, who, all); err != nil {
		return err
	}
	ctx.Emit(ProxyRemoved{who, def.Delegate, def.ProxyType, def.Delay})
	return nil
}

// setProxies stores who's proxies, with the deposit that they need.
func (p *Pallet) setProxies(ctx *frame.Context, who chain.AccountID, all Proxies) (err error) {
	if all.Deposit, err = p.redeposit(ctx, who, all.Deposit, p.forProxies(len(all.List))); err != nil {
		return err
	}
	if len(all.List) == 0 {
		p.Proxies.Remove(ctx, who)
		return nil
	}
	p.Proxies.Put(ctx, who, all)
	return nil
}

// redeposit brings what is reserved of who from old to what is needed.
func (p *Pallet) redeposit(ctx *frame.Context, who chain.AccountID, old, needed chain.Balance) (chain.Balance, error) {
	if err := p.Money.Reserve(ctx, who, needed.SubSat(old)); err != nil {
		return old, err
	}
	p.Money.Unreserve(ctx, who, old.SubSat(needed))
	return needed, nil
}

func (p *Pallet) forProxies(n int) chain.Balance {
	return deposit(p.ProxyDepositBase, p.ProxyDepositFactor, n)
}

func (p *Pallet) forAnnouncements(n int) chain.Balance {
	return deposit(p.AnnouncementDepositBase, p.AnnouncementDepositFactor, n)
}

func deposit(base, factor chain.Balance, n int) chain.Balance {
	if n == 0 {
		return chain.Balance{}
	}
	return base.AddSat(factor.MulSat(scale.U64(uint64(n))))
}

func (p *Pallet) removeProxies(ctx *frame.Context, _ RemoveProxies) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	all := p.Proxies.Get(ctx, who)
	p.Proxies.Remove(ctx, who)
	p.Money.Unreserve(ctx, who, all.Deposit)
	return nil
}

// Pure is the account that spawner makes in a transaction of the given block
// and index.
func Pure(spawner chain.AccountID, t ProxyType, index uint16, height chain.BlockNumber, extrinsic uint32) chain.AccountID {
	return chain.AccountID(hash.Blake2b256(
		[]byte("modlpy/proxy____"), spawner[:], scale.Encode(height), scale.Encode(extrinsic), scale.Encode(t), scale.Encode(index),
	))
}

func (p *Pallet) createPure(ctx *frame.Context, c CreatePure) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	pure := Pure(who, c.ProxyType, c.Index, p.Blocks.Now(ctx), p.Blocks.ExtrinsicIndex(ctx))
	if _, there := p.Proxies.Find(ctx, pure); there {
		return ErrDuplicate
	}
	if p.MaxProxies == 0 {
		return ErrTooMany
	}
	needed := p.forProxies(1)
	if err := p.Money.Reserve(ctx, who, needed); err != nil {
		return err
	}
	p.Proxies.Put(ctx, pure, Proxies{[]Definition{{who, c.ProxyType, c.Delay}}, needed})
	ctx.Emit(PureCreated{pure, who, c.ProxyType, c.Index})
	return nil
}

func (p *Pallet) killPure(ctx *frame.Context, c KillPure) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	spawner, err := frame.Lookup(c.Spawner)
	if err != nil {
		return err
	}
	if Pure(spawner, c.ProxyType, c.Index, c.Height, c.ExtIndex) != who {
		return ErrNoPermission
	}
	all := p.Proxies.Get(ctx, who)
	p.Proxies.Remove(ctx, who)
	p.Money.Unreserve(ctx, spawner, all.Deposit)
	ctx.Emit(PureKilled{who, spawner, c.ProxyType, c.Index})
	return nil
}

func (p *Pallet) pokeDeposit(ctx *frame.Context, _ PokeDeposit) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	poke := func(kind DepositKind, old, needed chain.Balance) error {
		if old == needed {
			return nil
		}
		if _, err := p.redeposit(ctx, who, old, needed); err != nil {
			return err
		}
		ctx.Emit(DepositPoked{who, kind, old, needed})
		ctx.PaysNo()
		return nil
	}
	if all, there := p.Proxies.Find(ctx, who); there {
		needed := p.forProxies(len(all.List))
		if err := poke(ForProxies, all.Deposit, needed); err != nil {
			return err
		}
		p.Proxies.Put(ctx, who, Proxies{all.List, needed})
	}
	if all, there := p.Announcements.Find(ctx, who); there {
		needed := p.forAnnouncements(len(all.List))
		if err := poke(ForAnnouncements, all.Deposit, needed); err != nil {
			return err
		}
		p.Announcements.Put(ctx, who, Announcements{all.List, needed})
	}
	return nil
}
