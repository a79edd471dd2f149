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
	old, known := p.Workers.Get(ctx, info.Identity)
	frozen := p.Frozen.Get(ctx)
	renewal := known && p.standing(ctx, info.Identity, &old).Speaks()
	if frozen && !renewal {
		return ErrFrozen
	}
	config := p.WorkerConfig(ctx)
	if !ctx.VerifySignature(uint8(keys.Sr25519), info.Identity[:], info.SigningPayload(config.Genesis), c.Signature[:]) {
		return ErrBadSignature
	}
	proven, err := p.Attestation.Admit(ctx, words.Claim{
		Quote: c.Quote, Endorsement: c.Endorsement, Image: info.ImageID, Config: config, Renewal: renewal, OutdatedSince: old.OutdatedSince,
	})
	if err != nil {
		return err
	}
	if proven.ReportData != report.Data(info, report.Register, config.Genesis, recent, c.Nonce) {
		return ErrWrongReportData
	}
	// Simulated hardware keeps no secret from an older program, and developers
	// go back and forth.
	last, ran := p.LastImages.Get(ctx, info.Identity)
	if proven.Class == attest.Production && ran && last != info.ImageID && !p.Attestation.Newer(ctx, info.ImageID, last) {
		return ErrOlderImage
	}
	platform := words.PlatformID(proven.Anchor, proven.Machine)
	if renewal = renewal && platform == old.Platform; !renewal && (frozen || proven.OutdatedSince != 0) {
		// What only a registered worker may, another machine may not in its name.
		if frozen {
			return ErrFrozen
		}
		return ErrOtherPlatform
	}
	wasDegraded := renewal && p.standing(ctx, info.Identity, &old) == words.Degraded
	if err := p.occupy(ctx, info.Identity, platform, &proven); err != nil {
		return err
	}
	now := p.Clock.Time(ctx)
	w := words.Worker{
		Operator: operator, HPKE: info.HPKE, Image: info.ImageID, Platform: platform, Anchor: proven.Anchor,
		Class: proven.Class, TierMax: proven.TierMax, Status: proven.Status, Advisories: proven.Advisories,
		TCBDate: proven.TCBDate, Eval: proven.Eval, BootEpoch: info.BootEpoch, Features: info.Features,
		Block: p.Blocks.Now(ctx), AttestedAt: now,
		ExpiresAt:     min(now+p.MaxAge, proven.Until*1000+p.CollateralGrace),
		OutdatedSince: proven.OutdatedSince, DegradesAt: proven.DegradesAt,
		Certificate: proven.Certificate, Authority: proven.Authority, Draining: renewal && old.Draining,
	}
	if proven.EndsAt != 0 {
		w.ExpiresAt = min(w.ExpiresAt, proven.EndsAt)
	}
	w.Tier = w.Reached(p.facts(ctx, info.Identity, &w))
	p.Workers.Put(ctx, info.Identity, w)
	p.BootEpochs.Put(ctx, info.Identity, info.BootEpoch)
	p.LastImages.Put(ctx, info.Identity, info.ImageID)
	p.lookAgain(ctx, info.Identity, w.ExpiresAt)
	if now < w.DegradesAt && w.DegradesAt < w.ExpiresAt {
		p.lookAgain(ctx, info.Identity, w.DegradesAt)
	}
	if err := p.tell(ctx, info.Identity, clusters.Registered{BootEpoch: info.BootEpoch, Block: w.Block}); err != nil {
		return err
	}
	ctx.Emit(WorkerRegistered{
		info.Identity, operator, info.ImageID, w.Class, info.BootEpoch, w.ExpiresAt, platform, w.Status, w.Tier, renewal,
	})
	switch degraded := w.DegradesAt != 0 && now >= w.DegradesAt; {
	case degraded && !wasDegraded:
		ctx.Emit(WorkerDegraded{info.Identity})
	case !degraded && old.OutdatedSince != 0 && w.OutdatedSince == 0:
		ctx.Emit(WorkerRecovered{info.Identity})
	}
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

// remove takes a worker out. Its boot epoch and its program stay known, so that
// no earlier instance comes back.
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

func (p *Pallet) removeWorker(ctx *frame.Context, c RemoveWorker) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if !p.Workers.Has(ctx, c.Worker) {
		return ErrUnknownWorker
	}
	return p.remove(ctx, c.Worker)
}

func (p *Pallet) setDraining(ctx *frame.Context, c SetDraining) error {
	w, err := p.owned(ctx, c.Worker)
	if err != nil {
		return err
	}
	w.Draining = c.Draining
	p.Workers.Put(ctx, c.Worker, w)
	ctx.Emit(WorkerDraining(c))
	return nil
}

func (p *Pallet) freeze(ctx *frame.Context, c Freeze) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	p.Frozen.Put(ctx, c.Frozen)
	ctx.Emit(RegistrationFrozen(c))
	return nil
}

// Session returns the operator and the boot epoch of a worker that may speak
// now.
func (p *Pallet) Session(ctx *frame.Context, identity [32]byte) (operator chain.AccountID, bootEpoch uint64, ok bool) {
	w, ok := p.Workers.Get(ctx, identity)
	if !ok || !p.standing(ctx, identity, &w).Speaks() {
		return operator, 0, false
	}
	return w.Operator, w.BootEpoch, true
}

// Eligible returns the workers of at least a tier that may get new work, in the
// order of their stored keys.
func (p *Pallet) Eligible(ctx *frame.Context, tier uint8) (out [][32]byte) {
	for identity, w := range p.Workers.All(ctx) {
		if p.mayServe(ctx, identity, &w, tier) {
			out = append(out, identity)
		}
	}
	return out
}

// MayServe reports whether a worker may get work and keys of a tier now.
func (p *Pallet) MayServe(ctx *frame.Context, identity [32]byte, tier uint8) bool {
	w, ok := p.Workers.Get(ctx, identity)
	return ok && p.mayServe(ctx, identity, &w, tier)
}

func (p *Pallet) mayServe(ctx *frame.Context, identity [32]byte, w *words.Worker, tier uint8) bool {
	f := p.facts(ctx, identity, w)
	return w.Standing(f).TakesWork() && w.Reached(f) >= tier
}

// facts are those by which a registration counts now.
func (p *Pallet) facts(ctx *frame.Context, identity [32]byte, w *words.Worker) *words.Facts {
	machine, _ := p.Platforms.Get(ctx, w.Platform)
	f := &words.Facts{
		Now: p.Clock.Time(ctx), Trusted: p.Attestation.Trusted(ctx, w.Anchor, w.Authority), ImageActive: p.Attestation.Active(ctx, w.Image),
		Platform: machine, Endorsers: p.Endorsers.Get(ctx), TierStake: p.TierStake,
	}
	if s, ok := p.Stakes.Get(ctx, identity); ok && s.FreeAt == 0 && s.Owner == w.Operator {
		f.Stake = s.Amount
	}
	return f
}

func (p *Pallet) standing(ctx *frame.Context, identity [32]byte, w *words.Worker) words.Standing {
	return w.Standing(p.facts(ctx, identity, w))
}

// Judge returns what a worker's registration is worth; nil for a worker that is
// not registered.
func (p *Pallet) Judge(ctx *frame.Context, identity [32]byte) *words.Judgement {
	w, ok := p.Workers.Get(ctx, identity)
	if !ok {
		return nil
	}
	f := p.facts(ctx, identity, &w)
	return &words.Judgement{Standing: w.Standing(f), Tier: w.Reached(f), Facts: *f}
}
