package grandpa

import (
	"errors"
	"math"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/runtime/frame"
)

// A report weighs what it takes to judge a validator whom all nominate; one that
// proves nothing weighs the signatures.
var (
	weightReport  = frame.Time(300 * frame.Millisecond)
	weightRefused = frame.Time(2 * frame.Millisecond)
)

// accuse checks a proof of two votes, and returns what it proves.
func (p *Pallet) accuse(ctx *frame.Context, proof grandpa.EquivocationProof) (e Equivocation, err error) {
	if proof.Equivocation == nil {
		return e, ErrInvalidEquivocationProof
	}
	last, ok := p.SetIDSession.Get(ctx, proof.SetID)
	if !ok {
		return e, ErrInvalidEquivocationProof
	}
	first := uint32(0)
	if proof.SetID > 0 {
		if before, ok := p.SetIDSession.Get(ctx, proof.SetID-1); ok {
			first = min(before+1, last)
		}
	}
	key, round := proof.Offender()
	// A round is a block's number, but who votes twice may name any.
	session := p.Offences.SessionOf(ctx, chain.BlockNumber(min(round, math.MaxUint32)))
	e = Equivocation{SetID: proof.SetID, Round: round, Session: min(max(session, first), last)}
	if e.Who, ok = p.Offences.Owner(ctx, key, e.Session); !ok {
		return e, ErrInvalidKeyOwnershipProof
	}
	if err := proof.Check(); err != nil {
		return e, errors.Join(ErrInvalidEquivocationProof, err)
	}
	return e, nil
}

func (p *Pallet) reportEquivocation(ctx *frame.Context, c ReportEquivocation) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	return p.report(ctx, c.EquivocationProof, who)
}

func (p *Pallet) reportEquivocationUnsigned(ctx *frame.Context, c ReportEquivocationUnsigned) error {
	if err := ctx.EnsureNone(); err != nil {
		return err
	}
	return p.report(ctx, c.EquivocationProof)
}

func (p *Pallet) report(ctx *frame.Context, proof grandpa.EquivocationProof, reporters ...chain.AccountID) error {
	e, err := p.accuse(ctx, proof)
	if err == nil && !p.Offences.Report(ctx, e, reporters...) {
		err = ErrDuplicateOffenceReport
	}
	if err != nil {
		ctx.Used(weightRefused)
		return err
	}
	ctx.PaysNo() // who reports a crime pays nothing for it
	return nil
}

// ValidateBare implements frame.BareValidator.
func (p *Pallet) ValidateBare(ctx *frame.Context, _ frame.Source, call any) (frame.Validity, error) {
	c, ok := call.(ReportEquivocationUnsigned)
	if !ok {
		return frame.Validity{}, frame.Unknown{Reason: frame.NoUnsignedValidator{}}
	}
	e, err := p.accuse(ctx, c.EquivocationProof)
	if err != nil {
		return frame.Validity{}, frame.Invalid{Reason: frame.BadProof{}}
	}
	return p.Offences.Judge(ctx, e)
}
