package attestation

import (
	"bytes"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

// Admit checks a claim: that its quote is genuine, good enough, and shows the
// image with the configuration. One error stands for all reasons of a kind:
// which of them a release of Go finds first must not show in the state.
func (p *Pallet) Admit(ctx *frame.Context, c words.Claim) (words.Proven, error) {
	image, ok := p.Images.Get(ctx, c.Image)
	if !ok {
		return words.Proven{}, ErrUnknownImage
	}
	if !image.ActiveAt(p.Blocks.Now(ctx)) {
		return words.Proven{}, ErrImageInactive
	}
	if m, ok := image.Measurement.(attest.SNPMeasurement); ok {
		return p.admitAmd(ctx, &c, &image, m)
	}
	return p.admitIntel(ctx, &c, &image)
}

func (p *Pallet) admitIntel(ctx *frame.Context, c *words.Claim, image *attest.Image) (none words.Proven, err error) {
	if len(c.Endorsement) > 0 {
		return none, ErrBadQuote // its quotes have their certificates in themselves
	}
	q, err := attest.ParseQuote(c.Quote)
	if err != nil {
		return none, ErrBadQuote
	}
	id, anchor, ok := p.anchorOf(ctx, q)
	if !ok {
		return none, ErrUnknownAnchor
	}
	need, err := q.Need()
	if err != nil {
		return none, ErrBadQuote
	}
	collateral, ok := p.collateral(ctx, id, anchor, need)
	if !ok {
		return none, ErrNoCollateral
	}
	e, err := q.Verify(collateral, p.seconds(ctx))
	if err != nil {
		return none, ErrBadQuote
	}
	out := words.Proven{
		Anchor: id, Status: e.Status, Advisories: e.Advisories, FMSPC: e.FMSPC, Machine: e.PPID[:], ReportData: e.ReportData,
		TCBDate: e.TCBDate, Eval: e.Eval, Until: e.Until,
		Certificate: certificate(id, issuer(e.CA), e.Serial), Authority: words.CertificateID(id, 0, e.Authority),
	}
	judged := *e
	if since, borne := p.borne(ctx, QEKey{id, e.TEE}, e.Status, c); borne {
		out.OutdatedSince, out.DegradesAt, out.EndsAt = since, since+p.RecoveryGrace, since+2*p.RecoveryGrace
		judged.Status, judged.Advisories = attest.UpToDate, nil
	}
	policy := p.Policy.Get(ctx)
	admission, err := attest.ApplyPolicy(&judged, &policy, image, c.Config.Hash(), anchor.Class())
	if err != nil {
		return none, ErrRefusedByPolicy
	}
	out.Class, out.TierMax = admission.Class, admission.Tier
	return out, nil
}

// borne tells whether a platform is out of date, and that is no reason yet to
// refuse its worker, which was registered before: only for so long after the
// vendor rated platforms anew. Since is when that was.
func (p *Pallet) borne(ctx *frame.Context, of QEKey, status attest.Status, c *words.Claim) (since uint64, ok bool) {
	if !c.Renewal || status != attest.OutOfDate && status != attest.OutOfDateConfigurationNeeded {
		return 0, false
	}
	if since = c.OutdatedSince; since == 0 {
		r, _ := p.Recoveries.Get(ctx, of)
		since = r.At
	}
	return since, since != 0 && p.Clock.Time(ctx) < since+2*p.RecoveryGrace
}

// anchorOf returns the enabled anchor that a quote says it descends from.
func (p *Pallet) anchorOf(ctx *frame.Context, q *attest.Quote) (uint8, Anchor, bool) {
	root := q.Root()
	for id, a := range p.TrustAnchors.All(ctx) {
		if a.Enabled && !a.Kind.ofAMD() && bytes.Equal(a.Certificate, root) {
			return id, a, true
		}
	}
	return 0, Anchor{}, false
}

// admitAmd judges a report of SEV-SNP. AMD rates no firmware: which is recent
// enough is the chain's own list.
func (p *Pallet) admitAmd(ctx *frame.Context, c *words.Claim, image *attest.Image, m attest.SNPMeasurement) (none words.Proven, err error) {
	report, err := snp.ParseReport(c.Quote)
	if err != nil {
		return none, ErrBadQuote
	}
	leaf, err := cert.Parse(c.Endorsement)
	if err != nil {
		return none, ErrBadQuote
	}
	id, anchor, authority, err := p.amdAnchor(ctx, leaf)
	if err != nil {
		return none, err
	}
	e, err := snp.Verify(report, &snp.Endorsements{
		Leaf: c.Endorsement, Intermediate: authority.Intermediate, List: authority.List,
	}, &snp.Anchor{Root: anchor.Certificate}, p.seconds(ctx))
	if err != nil {
		return none, ErrBadQuote
	}
	if snp.Admit(e, m, c.Config.HostData(), p.AmdFirmware.Get(ctx)) != nil {
		return none, ErrRefusedByPolicy
	}
	out := words.Proven{
		Anchor: id, Class: anchor.Class(), Status: attest.UpToDate, Machine: report.ChipID[:], ReportData: report.ReportData, Until: e.Until,
		Certificate: certificate(id, 0, leaf.Serial), Authority: words.CertificateID(id, 0, authority.Serial),
	}
	if out.Class == attest.Production {
		out.TierMax = image.TierMax
	}
	return out, nil
}

// amdAnchor finds the enabled root whose intermediate signed a chip's
// certificate.
func (p *Pallet) amdAnchor(ctx *frame.Context, leaf *cert.Certificate) (uint8, Anchor, snp.Authority, error) {
	err := error(ErrUnknownAnchor)
	for id, a := range p.TrustAnchors.All(ctx) {
		if !a.Enabled || !a.Kind.ofAMD() {
			continue
		}
		authority, ok := p.AmdAuthorities.Get(ctx, id)
		if !ok {
			err = ErrNoCollateral
			continue
		}
		if ask, bad := cert.Parse(authority.Intermediate); bad == nil && leaf.VerifyFrom(ask) == nil {
			return id, a, authority, nil
		}
	}
	return 0, Anchor{}, snp.Authority{}, err
}
