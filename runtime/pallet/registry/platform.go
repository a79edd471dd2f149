package registry

import (
	"slices"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

// occupy puts a worker on the machine that its quote shows, and takes it off
// the one that it was on.
func (p *Pallet) occupy(ctx *frame.Context, worker [32]byte, id hash.H256, proven *words.Proven) error {
	machine, _ := p.Platforms.Get(ctx, id)
	if machine.Banned {
		return ErrPlatformBanned
	}
	p.vacate(ctx, worker)
	machine, _ = p.Platforms.Get(ctx, id)
	most := machine.Cap
	if most == 0 {
		most = p.MaxPerPlatform
	}
	if machine.Workers >= most {
		return ErrPlatformFull
	}
	machine.FMSPC = proven.FMSPC
	p.setWorkers(ctx, id, machine, append(p.PlatformWorkers.Get(ctx, id), worker))
	if proven.Certificate != (hash.H256{}) {
		p.Certificates.Put(ctx, proven.Certificate, append(p.Certificates.Get(ctx, proven.Certificate), worker))
	}
	return nil
}

// setWorkers puts down a machine and the workers on it.
func (p *Pallet) setWorkers(ctx *frame.Context, id hash.H256, machine words.Platform, list [][32]byte) {
	machine.Workers = uint32(len(list))
	p.Platforms.Put(ctx, id, machine)
	if len(list) == 0 {
		p.PlatformWorkers.Remove(ctx, id)
	} else {
		p.PlatformWorkers.Put(ctx, id, list)
	}
}

// vacate takes a worker off its machine, and off its machine's certificate.
func (p *Pallet) vacate(ctx *frame.Context, worker [32]byte) {
	w, ok := p.Workers.Get(ctx, worker)
	if !ok {
		return
	}
	same := func(other [32]byte) bool { return other == worker }
	if list := p.PlatformWorkers.Get(ctx, w.Platform); slices.Contains(list, worker) {
		machine, _ := p.Platforms.Get(ctx, w.Platform)
		p.setWorkers(ctx, w.Platform, machine, slices.DeleteFunc(list, same))
	}
	if list := p.Certificates.Get(ctx, w.Certificate); slices.Contains(list, worker) {
		if list = slices.DeleteFunc(list, same); len(list) == 0 {
			p.Certificates.Remove(ctx, w.Certificate)
		} else {
			p.Certificates.Put(ctx, w.Certificate, list)
		}
	}
}

// Revoke takes out the workers that a machine's certificate stands for, and
// returns how many there were. They stay on record, and their machine may come
// back with another certificate.
func (p *Pallet) Revoke(ctx *frame.Context, certificate hash.H256) uint32 {
	list := p.Certificates.Get(ctx, certificate)
	for _, worker := range list {
		w, ok := p.Workers.Get(ctx, worker)
		if !ok {
			continue
		}
		p.vacate(ctx, worker)
		w.Revoked, w.Tier = true, 0
		p.Workers.Put(ctx, worker, w)
		ctx.Emit(WorkerRevoked{worker, w.Platform})
		// The machine is told through its queue like everybody. That cannot
		// fail for a message of this size.
		_ = p.tell(ctx, worker, clusters.Removed{})
	}
	return uint32(len(list))
}

func (p *Pallet) banPlatform(ctx *frame.Context, c BanPlatform) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	// Its workers stay on record, and count for nothing: see words.Standing. A
	// machine may be banned before it comes.
	machine, _ := p.Platforms.Get(ctx, c.Platform)
	machine.Banned = c.Banned
	p.Platforms.Put(ctx, c.Platform, machine)
	ctx.Emit(PlatformBanned(c))
	return nil
}

func (p *Pallet) setPlatformCap(ctx *frame.Context, c SetPlatformCap) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	machine, ok := p.Platforms.Get(ctx, c.Platform)
	if !ok {
		return ErrUnknownPlatform
	}
	machine.Cap = c.Cap
	p.Platforms.Put(ctx, c.Platform, machine)
	ctx.Emit(PlatformCapSet(c))
	return nil
}

func (p *Pallet) setEndorsers(ctx *frame.Context, c SetEndorsers) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if len(c.Accounts) > int(p.MaxEndorsers) || int(c.Quorum) > len(c.Accounts) {
		return ErrBadEndorsers
	}
	for i, a := range c.Accounts {
		if slices.Contains(c.Accounts[:i], a) {
			return ErrBadEndorsers
		}
	}
	p.Endorsers.Put(ctx, words.Endorsers(c))
	ctx.Emit(EndorsersSet(c))
	return nil
}

func (p *Pallet) endorse(ctx *frame.Context, c Endorse) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	endorsers := p.Endorsers.Get(ctx)
	if !slices.Contains(endorsers.Accounts, who) {
		return ErrNotEndorser
	}
	machine, ok := p.Platforms.Get(ctx, c.Platform)
	if !ok {
		return ErrUnknownPlatform
	}
	// The word of those who are no endorsers any more is forgotten, which
	// bounds the list.
	list := machine.Endorsements[:0]
	for _, a := range machine.Endorsements {
		if a != who && slices.Contains(endorsers.Accounts, a) {
			list = append(list, a)
		}
	}
	if c.Endorsed {
		list = append(list, who)
	}
	machine.Endorsements = list
	p.Platforms.Put(ctx, c.Platform, machine)
	ctx.Emit(PlatformEndorsed{c.Platform, who, c.Endorsed})
	for _, worker := range p.PlatformWorkers.Get(ctx, c.Platform) {
		p.retier(ctx, worker)
	}
	return nil
}

// retier puts down the tier that a worker reaches now.
func (p *Pallet) retier(ctx *frame.Context, worker [32]byte) {
	w, ok := p.Workers.Get(ctx, worker)
	if !ok {
		return
	}
	if tier := w.Reached(p.facts(ctx, worker, &w)); tier != w.Tier {
		w.Tier = tier
		p.Workers.Put(ctx, worker, w)
		ctx.Emit(TierChanged{worker, tier})
	}
}
