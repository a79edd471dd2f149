package attestation

import (
	"bytes"
	"slices"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

// entrySize is about how many bytes of a revocation list an entry takes: its
// serial number of 20 bytes, a date, and what DER puts around them.
const entrySize = 39

// sweep is what it costs to look for the workers that one entry takes out, and
// to take one out.
const (
	lookUp  = 20 * frame.Microsecond
	takeOut = 100 * frame.Microsecond
)

// uploadWeight is what an upload weighs whose lists have so many bytes, when
// each entry takes a worker out.
func uploadWeight(lists int) frame.Weight {
	return frame.Time(3*frame.Millisecond + uint64(lists/entrySize)*(lookUp+takeOut))
}

func (p *Pallet) uploadCollateral(ctx *frame.Context, c UploadCollateral) error {
	if _, err := ctx.Signer(); err != nil {
		return err
	}
	anchor, ok := p.TrustAnchors.Get(ctx, c.Anchor)
	if !ok || !anchor.Enabled || anchor.Kind.ofAMD() {
		return ErrUnknownAnchor
	}
	// One error for all reasons: which of them a release of Go finds first
	// must not show in the state.
	new, err := attest.PrepareCollateral(&c.Collateral, anchor.Certificate, p.seconds(ctx))
	if err != nil {
		return ErrBadCollateral
	}
	newer, swept, err := p.store(ctx, c.Anchor, new)
	if err != nil {
		return ErrOldCollateral
	}
	ctx.Used(frame.Time(3*frame.Millisecond + swept))
	if newer {
		ctx.Emit(CollateralUpdated{c.Anchor, new.TCB.TEE, new.TCB.FMSPC, new.TCB.Eval, new.TCB.NextUpdate})
		ctx.PaysNo()
	}
	return nil
}

// store puts each part that is newer into its place; none may be older. What
// newer lists revoke is out at once; swept is what that cost.
func (p *Pallet) store(ctx *frame.Context, anchor uint8, new *attest.Prepared) (newer bool, swept uint64, err error) {
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
		{hadRoot, func() (bool, error) { return new.RootCRL.Supersedes(&oldRoot) }, func() {
			p.RootCrl.Put(ctx, anchor, new.RootCRL)
			swept += p.sweep(ctx, anchor, 0, oldRoot.Revoked, new.RootCRL.Revoked)
		}},
		{hadPCK, func() (bool, error) { return new.PCKCRL.Supersedes(&oldPCK) }, func() {
			p.PckCrl.Put(ctx, ca, new.PCKCRL)
			swept += p.sweep(ctx, anchor, issuer(new.CA), oldPCK.Revoked, new.PCKCRL.Revoked)
		}},
		{hadQE, func() (bool, error) { return new.QE.Supersedes(&oldQE) }, func() { p.QeIdentities.Put(ctx, qe, new.QE) }},
		{hadTCB, func() (bool, error) { return new.TCB.Supersedes(&oldTCB) }, func() { p.TcbInfos.Put(ctx, tcb, new.TCB) }},
	} {
		better := true
		if part.had {
			if better, err = part.newer(); err != nil {
				return false, 0, err
			}
		}
		if better {
			part.update()
			newer = true
		}
	}
	p.noteEval(ctx, qe, max(new.TCB.Eval, new.QE.Eval))
	return newer, swept, nil
}

// issuer is the number by which [words.CertificateID] knows an authority.
func issuer(ca attest.CA) uint8 { return uint8(ca) + 1 }

// noteEval begins a recovery when the evaluation number is higher than all that
// were seen.
func (p *Pallet) noteEval(ctx *frame.Context, of QEKey, eval uint32) {
	old, known := p.Recoveries.Get(ctx, of)
	switch {
	case !known:
		p.Recoveries.Put(ctx, of, Recovery{Eval: eval})
	case eval > old.Eval:
		now := p.Clock.Time(ctx)
		p.Recoveries.Put(ctx, of, Recovery{eval, now})
		ctx.Emit(RecoveryBegan{of.Anchor, of.TEE, eval, now + p.RecoveryGrace})
	}
}

// sweep acts on what a list revokes that the one before it did not, and returns
// what that weighed. Both are sorted.
func (p *Pallet) sweep(ctx *frame.Context, anchor, issuer uint8, old, new [][]byte) (weight uint64) {
	for _, serial := range new {
		if _, known := slices.BinarySearchFunc(old, serial, bytes.Compare); known {
			continue
		}
		id := words.CertificateID(anchor, issuer, serial)
		weight += lookUp
		if issuer == 0 {
			p.RevokedAuthorities.Put(ctx, id, true)
			ctx.Emit(AuthorityRevoked{anchor, id})
		}
		if n := p.Workers.Revoke(ctx, id); n > 0 {
			weight += uint64(n) * takeOut
			ctx.Emit(CertificateRevoked{anchor, id, n})
		}
	}
	return weight
}

func (p *Pallet) uploadAmd(ctx *frame.Context, c UploadAmd) error {
	if _, err := ctx.Signer(); err != nil {
		return err
	}
	anchor, ok := p.TrustAnchors.Get(ctx, c.Anchor)
	if !ok || !anchor.Enabled || !anchor.Kind.ofAMD() {
		return ErrUnknownAnchor
	}
	new, err := snp.PrepareAuthority(c.Intermediate, c.List, anchor.Certificate, p.seconds(ctx))
	if err != nil {
		return ErrBadCollateral
	}
	old, had := p.AmdAuthorities.Get(ctx, c.Anchor)
	newer := true
	if had {
		if newer, err = new.Supersedes(&old); err != nil {
			return ErrOldCollateral
		}
	}
	swept := uint64(0)
	if newer {
		p.AmdAuthorities.Put(ctx, c.Anchor, *new)
		// The root signs AMD's only list, which revokes authorities and chips.
		swept = p.sweep(ctx, c.Anchor, 0, old.Revoked, new.Revoked)
		ctx.Emit(AmdUpdated{c.Anchor, new.Number, new.NextUpdate})
		ctx.PaysNo()
	}
	ctx.Used(frame.Time(3*frame.Millisecond + swept))
	return nil
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

// certificate names a machine's certificate; zero for one without a number.
func certificate(anchor, issuer uint8, serial []byte) hash.H256 {
	if len(serial) == 0 {
		return hash.H256{}
	}
	return words.CertificateID(anchor, issuer, serial)
}
