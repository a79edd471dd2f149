package registry

import (
	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
)

// Start writes the state of block 0: the validators by their GRANDPA keys.
func (p *Pallet) Start(ctx *frame.Context, authorities [][32]byte) {
	list := make([]report.Authority, len(authorities))
	for i, key := range authorities {
		list[i] = report.Authority{Key: key, Weight: 1}
	}
	p.FirstAuthorities.Put(ctx, list)
}

// WorkerConfig is the configuration that workers of this chain are launched
// with: they follow it from block 0.
func (p *Pallet) WorkerConfig(ctx *frame.Context) report.WorkerConfig {
	genesis, _ := p.Blocks.HashOf(ctx, 0)
	return report.WorkerConfig{Genesis: genesis, Authorities: p.FirstAuthorities.Get(ctx), CheckpointHash: genesis}
}

func (p *Pallet) register(ctx *frame.Context, c Register) error {
	operator, err := ctx.Signer()
	if err != nil {
		return err
	}
	info := &c.Info
	if info.Check() != nil {
		return ErrBadInfo
	}
	if info.Operator != operator {
		return ErrNotOperator
	}
	recent, ok := p.recent(ctx, info.RecentBlock)
	if !ok {
		return ErrBadBlock
	}
	if last, known := p.BootEpochs.Get(ctx, info.Identity); known && info.BootEpoch <= last {
		return ErrOldBootEpoch
	}
	config := p.WorkerConfig(ctx)
	if !ctx.VerifySignature(uint8(keys.Sr25519), info.Identity[:], info.SigningPayload(config.Genesis), c.Signature[:]) {
		return ErrBadSignature
	}
	evidence, admission, anchor, err := p.Attestation.Admit(ctx, c.Quote, info.ImageID, config.Hash())
	if err != nil {
		return err
	}
	if evidence.ReportData != report.Data(info, report.Register, config.Genesis, recent, c.Nonce) {
		return ErrWrongReportData
	}
	platform, err := p.occupy(ctx, info.Identity, evidence, anchor)
	if err != nil {
		return err
	}
	now := p.Clock.Time(ctx)
	w := words.Worker{
		Operator: operator, HPKE: info.HPKE, Image: info.ImageID, Platform: platform, Anchor: anchor,
		Class: admission.Class, Tier: admission.Tier, Status: evidence.Status, Advisories: evidence.Advisories,
		TCBDate: evidence.TCBDate, Eval: evidence.Eval, BootEpoch: info.BootEpoch, Features: info.Features,
		Block: p.Blocks.Now(ctx), AttestedAt: now,
		ExpiresAt: min(now+p.MaxAge, evidence.Until*1000+p.CollateralGrace),
	}
	p.Workers.Put(ctx, info.Identity, w)
	p.BootEpochs.Put(ctx, info.Identity, info.BootEpoch)
	if err := p.tell(ctx, info.Identity, clusters.Registered{BootEpoch: info.BootEpoch, Block: w.Block}); err != nil {
		return err
	}
	ctx.Emit(WorkerRegistered{info.Identity, operator, info.ImageID, admission.Class, info.BootEpoch, w.ExpiresAt})
	return nil
}

// recent returns the hash of a block that is not too old to be bound by a
// quote.
func (p *Pallet) recent(ctx *frame.Context, number chain.BlockNumber) (hash.H256, bool) {
	now := p.Blocks.Now(ctx)
	if number >= now || now-number > p.MaxBlockAge {
		return hash.H256{}, false
	}
	return p.Blocks.HashOf(ctx, number)
}

// occupy counts a worker on the machine that its quote shows, and off the one
// that it was on.
func (p *Pallet) occupy(ctx *frame.Context, worker [32]byte, e *attest.Evidence, anchor uint8) (hash.H256, error) {
	id := words.PlatformID(anchor, e.PPID)
	machine, _ := p.Platforms.Get(ctx, id)
	if machine.Banned {
		return id, ErrPlatformBanned
	}
	p.vacate(ctx, worker)
	machine, _ = p.Platforms.Get(ctx, id)
	machine.FMSPC = e.FMSPC
	machine.Workers++
	p.Platforms.Put(ctx, id, machine)
	return id, nil
}

func (p *Pallet) vacate(ctx *frame.Context, worker [32]byte) {
	w, ok := p.Workers.Get(ctx, worker)
	if !ok {
		return
	}
	machine, ok := p.Platforms.Get(ctx, w.Platform)
	if !ok || machine.Workers == 0 {
		return
	}
	machine.Workers--
	p.Platforms.Put(ctx, w.Platform, machine)
}

// tell puts a message into a worker's queue.
func (p *Pallet) tell(ctx *frame.Context, worker [32]byte, m clusters.WorkerMessage) error {
	_, err := p.Queue.Push(ctx, queue.ToWorker{Identity: worker}, queue.OriginPallet{Name: []byte("Registry")}, scale.Encode(m))
	return err
}

// owned returns a worker of the signer.
func (p *Pallet) owned(ctx *frame.Context, worker [32]byte) (words.Worker, error) {
	who, err := ctx.Signer()
	if err != nil {
		return words.Worker{}, err
	}
	w, ok := p.Workers.Get(ctx, worker)
	switch {
	case !ok:
		return w, ErrUnknownWorker
	case w.Operator != who:
		return w, ErrNotOperator
	}
	return w, nil
}

func (p *Pallet) setEndpoints(ctx *frame.Context, c SetEndpoints) error {
	if _, err := p.owned(ctx, c.Worker); err != nil {
		return err
	}
	if len(c.Endpoints) > words.MaxEndpoints {
		return ErrBadEndpoints
	}
	for _, e := range c.Endpoints {
		if len(e) == 0 || len(e) > words.MaxEndpoint {
			return ErrBadEndpoints
		}
		for _, b := range e {
			if b <= ' ' || b > '~' { // an address is printable ASCII without spaces
				return ErrBadEndpoints
			}
		}
	}
	if len(c.Endpoints) == 0 {
		p.Endpoints.Remove(ctx, c.Worker)
	} else {
		p.Endpoints.Put(ctx, c.Worker, c.Endpoints)
	}
	ctx.Emit(EndpointsSet{c.Worker})
	return nil
}

func (p *Pallet) deregister(ctx *frame.Context, c Deregister) error {
	if _, err := p.owned(ctx, c.Worker); err != nil {
		return err
	}
	return p.remove(ctx, c.Worker)
}

// remove takes a worker out. Its boot epoch stays known, so that no earlier
// instance comes back.
func (p *Pallet) remove(ctx *frame.Context, worker [32]byte) error {
	p.vacate(ctx, worker)
	p.Workers.Remove(ctx, worker)
	p.Endpoints.Remove(ctx, worker)
	if err := p.tell(ctx, worker, clusters.Removed{}); err != nil {
		return err
	}
	ctx.Emit(WorkerRemoved{worker})
	return nil
}

func (p *Pallet) banPlatform(ctx *frame.Context, c BanPlatform) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	machine, ok := p.Platforms.Get(ctx, c.Platform)
	if !ok {
		return ErrUnknownPlatform
	}
	// Its workers stay on record, and count for nothing: see live.
	machine.Banned = c.Banned
	p.Platforms.Put(ctx, c.Platform, machine)
	ctx.Emit(PlatformBanned(c))
	return nil
}

// live reports whether a worker's registration counts now.
func (p *Pallet) live(ctx *frame.Context, w *words.Worker) bool {
	if !w.LiveAt(p.Clock.Time(ctx)) || !p.Attestation.Trusted(ctx, w.Anchor) {
		return false
	}
	machine, _ := p.Platforms.Get(ctx, w.Platform)
	return !machine.Banned
}

// Session returns the operator and the boot epoch of a worker that may speak
// now.
func (p *Pallet) Session(ctx *frame.Context, identity [32]byte) (operator chain.AccountID, bootEpoch uint64, ok bool) {
	w, ok := p.Workers.Get(ctx, identity)
	if !ok || !p.live(ctx, &w) {
		return operator, 0, false
	}
	return w.Operator, w.BootEpoch, true
}

// Eligible returns the workers that may get new work, in the order of their
// stored keys.
func (p *Pallet) Eligible(ctx *frame.Context) []clusters.Member {
	var out []clusters.Member
	for identity, w := range p.Workers.All(ctx) {
		if !p.live(ctx, &w) || !p.Attestation.Active(ctx, w.Image) {
			continue
		}
		m := clusters.Member{Identity: identity}
		for _, k := range w.HPKE {
			m.HPKE = append(m.HPKE, clusters.HPKEKey{Kem: k.KEM, Key: k.Key})
		}
		out = append(out, m)
	}
	return out
}
