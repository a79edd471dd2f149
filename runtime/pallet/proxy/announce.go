package proxy

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// pair checks a call's argument, and returns the signer and the other account.
func pair(ctx *frame.Context, other chain.MultiAddress) (who, id chain.AccountID, err error) {
	if who, err = ctx.Signer(); err != nil {
		return who, id, err
	}
	id, err = frame.Lookup(other)
	return who, id, err
}

func (p *Pallet) announce(ctx *frame.Context, c Announce) error {
	who, real, err := pair(ctx, c.Real)
	if err != nil {
		return err
	}
	if _, err := p.find(ctx, real, who, nil); err != nil {
		return err
	}
	all := p.Announcements.Get(ctx, who)
	if len(all.List) >= int(p.MaxPending) {
		return ErrTooMany
	}
	all.List = append(all.List, Announcement{real, c.CallHash, p.Blocks.Now(ctx)})
	if all.Deposit, err = p.redeposit(ctx, who, all.Deposit, p.forAnnouncements(len(all.List))); err != nil {
		return err
	}
	p.Announcements.Put(ctx, who, all)
	ctx.Emit(Announced{real, who, c.CallHash})
	return nil
}

func (p *Pallet) removeAnnouncement(ctx *frame.Context, c RemoveAnnouncement) error {
	who, real, err := pair(ctx, c.Real)
	if err != nil {
		return err
	}
	return p.settle(ctx, who, func(a Announcement) bool { return a.Real == real && a.CallHash == c.CallHash })
}

func (p *Pallet) rejectAnnouncement(ctx *frame.Context, c RejectAnnouncement) error {
	who, delegate, err := pair(ctx, c.Delegate)
	if err != nil {
		return err
	}
	return p.settle(ctx, delegate, func(a Announcement) bool { return a.Real == who && a.CallHash == c.CallHash })
}

// settle removes those of a proxy's announcements that are done; there must be
// one.
func (p *Pallet) settle(ctx *frame.Context, proxy chain.AccountID, done func(Announcement) bool) (err error) {
	all := p.Announcements.Get(ctx, proxy)
	before := len(all.List)
	if all.List = slices.DeleteFunc(all.List, done); len(all.List) == before {
		return ErrNotFound
	}
	if all.Deposit, err = p.redeposit(ctx, proxy, all.Deposit, p.forAnnouncements(len(all.List))); err != nil {
		return err
	}
	if len(all.List) == 0 {
		p.Announcements.Remove(ctx, proxy)
		return nil
	}
	p.Announcements.Put(ctx, proxy, all)
	return nil
}

func (p *Pallet) proxyAnnounced(ctx *frame.Context, c ProxyAnnounced) error {
	_, delegate, err := pair(ctx, c.Delegate)
	if err != nil {
		return err
	}
	real, err := frame.Lookup(c.Real)
	if err != nil {
		return err
	}
	def, err := p.find(ctx, real, delegate, c.ForceProxyType)
	if err != nil {
		return err
	}
	id, now := hash.Blake2b256(scale.Encode(c.Call)), p.Blocks.Now(ctx)
	if err := p.settle(ctx, delegate, func(a Announcement) bool {
		return a.Real == real && a.CallHash == id && now-min(a.Height, now) >= def.Delay
	}); err != nil {
		return ErrUnannounced
	}
	p.act(ctx, def, real, c.Call)
	return nil
}
