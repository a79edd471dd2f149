package attestation

import (
	"bytes"
	"fmt"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/chain"
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
	// ActivationDelay is how many blocks pass at least until a program that is
	// added later is admitted.
	ActivationDelay chain.BlockNumber
}

// Start writes the state of block 0. It returns an error when g is no good
// state to begin with.
func (p *Pallet) Start(ctx *frame.Context, g Genesis) error {
	p.ProductionOnly.Put(ctx, g.Production)
	p.Policy.Put(ctx, g.Policy)
	p.ActivationDelay.Put(ctx, g.ActivationDelay)
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
	if a.Kind.Simulated() && p.ProductionOnly.Get(ctx) {
		return ErrDevelopmentAnchor
	}
	err := attest.CheckAnchor(a.Certificate)
	if a.Kind.ofAMD() {
		_, err = snp.CheckAnchor(a.Certificate)
	}
	if err != nil {
		return ErrBadAnchor
	}
	p.TrustAnchors.Put(ctx, id, a)
	return nil
}

func (p *Pallet) addImage(ctx *frame.Context, c AddImage) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if delay := p.ActivationDelay.Get(ctx); delay > 0 && c.ActiveFrom < p.Blocks.Now(ctx)+delay {
		return ErrTooSoon
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

func (p *Pallet) setActivationDelay(ctx *frame.Context, c SetActivationDelay) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	p.ActivationDelay.Put(ctx, c.Blocks)
	ctx.Emit(ActivationDelaySet(c))
	return nil
}

func (p *Pallet) setAmdFirmware(ctx *frame.Context, c SetAmdFirmware) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	for i, m := range c.Least {
		if m.Product < snp.Milan || m.Product > snp.Turin {
			return ErrBadFirmware
		}
		for _, other := range c.Least[:i] {
			if other.Product == m.Product {
				return ErrBadFirmware
			}
		}
	}
	for _, old := range p.AmdFirmware.Get(ctx) {
		kept := false
		for _, m := range c.Least {
			kept = kept || m.Product == old.Product && m.TCB.Reaches(old.TCB)
		}
		if !kept {
			return ErrEvalFalls
		}
	}
	p.AmdFirmware.Put(ctx, c.Least)
	ctx.Emit(AmdFirmwareSet(c))
	return nil
}

// Active reports whether workers may run an image at this block.
func (p *Pallet) Active(ctx *frame.Context, image hash.H256) bool {
	i, ok := p.Images.Get(ctx, image)
	return ok && i.ActiveAt(p.Blocks.Now(ctx))
}

// Newer reports whether an image may take the place of another: neither its
// version nor its place in the order of admission is below.
func (p *Pallet) Newer(ctx *frame.Context, image, than hash.H256) bool {
	a, okA := p.Images.Get(ctx, image)
	b, okB := p.Images.Get(ctx, than)
	return okA && (!okB || a.Succeeds(&b))
}

// Trusted reports whether an anchor is enabled, and an authority below it is
// not revoked.
func (p *Pallet) Trusted(ctx *frame.Context, anchor uint8, authority hash.H256) bool {
	a, ok := p.TrustAnchors.Get(ctx, anchor)
	return ok && a.Enabled && !p.RevokedAuthorities.Has(ctx, authority)
}
