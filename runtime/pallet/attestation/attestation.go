package attestation

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
)

// Genesis is what the pallet begins with.
type Genesis struct {
	// Production refuses simulated hardware, now and for ever.
	Production bool
	Anchors    []Anchor // their numbers are their places
	Images     []attest.Image
	Policy     attest.Policy
}

// Start writes the state of block 0. It returns an error when g is no good
// state to begin with.
func (p *Pallet) Start(ctx *frame.Context, g Genesis) error {
	p.ProductionOnly.Put(ctx, g.Production)
	p.Policy.Put(ctx, g.Policy)
	if len(g.Anchors) > 255 {
		return fmt.Errorf("genesis has %d trust anchors", len(g.Anchors))
	}
	for i, a := range g.Anchors {
		if err := p.anchor(ctx, uint8(i), a); err != nil {
			return fmt.Errorf("genesis, trust anchor %d: %w", i, err)
		}
	}
	for _, image := range g.Images {
		if _, err := p.image(ctx, image); err != nil {
			return fmt.Errorf("genesis, image %.64q: %w", image.Name, err)
		}
	}
	return nil
}

func (p *Pallet) seconds(ctx *frame.Context) uint64 { return p.Clock.Time(ctx) / 1000 }

func (p *Pallet) uploadCollateral(ctx *frame.Context, c UploadCollateral) error {
	if _, err := ctx.Signer(); err != nil {
		return err
	}
	anchor, ok := p.TrustAnchors.Get(ctx, c.Anchor)
	if !ok || !anchor.Enabled {
		return ErrUnknownAnchor
	}
	// One error for all reasons: which of them a release of Go finds first
	// must not show in the state.
	new, err := attest.PrepareCollateral(&c.Collateral, anchor.Certificate, p.seconds(ctx))
	if err != nil {
		return ErrBadCollateral
	}
	newer, err := p.store(ctx, c.Anchor, new)
	if err != nil {
		return ErrOldCollateral
	}
	if newer {
		ctx.Emit(CollateralUpdated{c.Anchor, new.TCB.TEE, new.TCB.FMSPC, new.TCB.Eval, new.TCB.NextUpdate})
		ctx.PaysNo()
	}
	return nil
}

// store puts each part that is newer into its place; none may be older.
func (p *Pallet) store(ctx *frame.Context, anchor uint8, new *attest.Prepared) (newer bool, err error) {
	ca, qe := CAKey{anchor, new.CA}, QEKey{anchor, new.QE.TEE}
	tcb := TCBKey{anchor, new.TCB.TEE, new.TCB.FMSPC}
	oldRoot, hadRoot := p.RootCrl.Get(ctx, anchor)
	oldPCK, hadPCK := p.PckCrl.Get(ctx, ca)
	oldQE, hadQE := p.QeIdentities.Get(ctx, qe)
	oldTCB, hadTCB := p.TcbInfos.Get(ctx, tcb)
	for _, part := range []struct {
		had    bool
		newer  func() (bool, error)
		update func()
	}{
		{hadRoot, func() (bool, error) { return new.RootCRL.Supersedes(&oldRoot) }, func() { p.RootCrl.Put(ctx, anchor, new.RootCRL) }},
		{hadPCK, func() (bool, error) { return new.PCKCRL.Supersedes(&oldPCK) }, func() { p.PckCrl.Put(ctx, ca, new.PCKCRL) }},
		{hadQE, func() (bool, error) { return new.QE.Supersedes(&oldQE) }, func() { p.QeIdentities.Put(ctx, qe, new.QE) }},
		{hadTCB, func() (bool, error) { return new.TCB.Supersedes(&oldTCB) }, func() { p.TcbInfos.Put(ctx, tcb, new.TCB) }},
	} {
		better := true
		if part.had {
			if better, err = part.newer(); err != nil {
				return false, err
			}
		}
		if better {
			part.update()
			newer = true
		}
	}
	return newer, nil
}

func (p *Pallet) setAnchor(ctx *frame.Context, c SetAnchor) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if old, ok := p.TrustAnchors.Get(ctx, c.ID); ok && (old.Kind != c.Kind || !bytes.Equal(old.Certificate, c.Certificate)) {
		return ErrBadAnchor
	}
	if err := p.anchor(ctx, c.ID, Anchor{c.Kind, c.Certificate, c.Enabled}); err != nil {
		return err
	}
	ctx.Emit(AnchorSet{c.ID, c.Kind, c.Enabled})
	return nil
}

func (p *Pallet) anchor(ctx *frame.Context, id uint8, a Anchor) error {
	if a.Kind == Development && p.ProductionOnly.Get(ctx) {
		return ErrDevelopmentAnchor
	}
	// The verifier knows no other roots than those of Intel's form.
	if a.Kind == AMD || attest.CheckAnchor(a.Certificate) != nil {
		return ErrBadAnchor
	}
	p.TrustAnchors.Put(ctx, id, a)
	return nil
}

func (p *Pallet) addImage(ctx *frame.Context, c AddImage) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	id, err := p.image(ctx, attest.Image{
		Name: string(c.Name), Version: c.Version, ConsensusVersion: c.ConsensusVersion, Measurement: c.Measurement,
		ConfigurationOK: c.ConfigurationOk, ActiveFrom: c.ActiveFrom, TierMax: c.TierMax,
	})
	if err != nil {
		return err
	}
	ctx.Emit(ImageAdded{id, c.ActiveFrom})
	return nil
}

func (p *Pallet) image(ctx *frame.Context, image attest.Image) (hash.H256, error) {
	if image.Measurement == nil || len(image.Name) == 0 || len(image.Name) > int(p.MaxName) {
		return hash.H256{}, ErrBadImage
	}
	id := attest.ImageID(image.Measurement)
	if p.Images.Has(ctx, id) {
		return id, ErrImageExists
	}
	image.AddedAt = p.Blocks.Now(ctx)
	p.Images.Put(ctx, id, image)
	return id, nil
}

func (p *Pallet) retireImage(ctx *frame.Context, c RetireImage) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	image, ok := p.Images.Get(ctx, c.Image)
	if !ok {
		return ErrUnknownImage
	}
	image.RetireAt = max(c.At, p.Blocks.Now(ctx))
	p.Images.Put(ctx, c.Image, image)
	ctx.Emit(ImageRetired{c.Image, image.RetireAt})
	return nil
}

func (p *Pallet) setPolicy(ctx *frame.Context, c SetPolicy) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	old := p.Policy.Get(ctx)
	if c.Policy.MinEvalSGX < old.MinEvalSGX || c.Policy.MinEvalTDX < old.MinEvalTDX {
		return ErrEvalFalls
	}
	p.Policy.Put(ctx, c.Policy)
	ctx.Emit(PolicySet(c))
	return nil
}

// Active reports whether workers may run an image at this block.
func (p *Pallet) Active(ctx *frame.Context, image hash.H256) bool {
	i, ok := p.Images.Get(ctx, image)
	return ok && i.ActiveAt(p.Blocks.Now(ctx))
}

// Trusted reports whether an anchor is enabled.
func (p *Pallet) Trusted(ctx *frame.Context, anchor uint8) bool {
	a, ok := p.TrustAnchors.Get(ctx, anchor)
	return ok && a.Enabled
}

// Admit checks a quote, and that it shows the image with the configuration
// whose hash is config. It returns what the quote proves, what that entitles
// to, and the anchor that it descends from.
func (p *Pallet) Admit(ctx *frame.Context, quote []byte, image hash.H256, config attest.Digest) (*attest.Evidence, attest.Admission, uint8, error) {
	fail := func(err error) (*attest.Evidence, attest.Admission, uint8, error) {
		return nil, attest.Admission{}, 0, err
	}
	program, ok := p.Images.Get(ctx, image)
	if !ok {
		return fail(ErrUnknownImage)
	}
	if !program.ActiveAt(p.Blocks.Now(ctx)) {
		return fail(ErrImageInactive)
	}
	q, err := attest.ParseQuote(quote)
	if err != nil {
		return fail(ErrBadQuote)
	}
	id, anchor, ok := p.anchorOf(ctx, q)
	if !ok {
		return fail(ErrUnknownAnchor)
	}
	need, err := q.Need()
	if err != nil {
		return fail(ErrBadQuote)
	}
	collateral, ok := p.collateral(ctx, id, anchor, need)
	if !ok {
		return fail(ErrNoCollateral)
	}
	evidence, err := q.Verify(collateral, p.seconds(ctx))
	if err != nil {
		return fail(ErrBadQuote)
	}
	policy := p.Policy.Get(ctx)
	admission, err := attest.ApplyPolicy(evidence, &policy, &program, config, anchor.Class())
	if errors.Is(err, attest.ErrPolicy) {
		return fail(ErrRefusedByPolicy)
	}
	return evidence, admission, id, nil
}

// anchorOf returns the enabled anchor that a quote says it descends from.
func (p *Pallet) anchorOf(ctx *frame.Context, q *attest.Quote) (uint8, Anchor, bool) {
	root := q.Root()
	for id, a := range p.TrustAnchors.All(ctx) {
		if a.Enabled && bytes.Equal(a.Certificate, root) {
			return id, a, true
		}
	}
	return 0, Anchor{}, false
}

func (p *Pallet) collateral(ctx *frame.Context, id uint8, anchor Anchor, need attest.Need) (*attest.Prepared, bool) {
	c := &attest.Prepared{Anchor: anchor.Certificate, CA: need.CA}
	var ok [4]bool
	c.RootCRL, ok[0] = p.RootCrl.Get(ctx, id)
	c.PCKCRL, ok[1] = p.PckCrl.Get(ctx, CAKey{id, need.CA})
	c.QE, ok[2] = p.QeIdentities.Get(ctx, QEKey{id, need.TEE})
	c.TCB, ok[3] = p.TcbInfos.Get(ctx, TCBKey{id, need.TEE, need.FMSPC})
	return c, ok == [4]bool{true, true, true, true}
}
