package offences

import (
	"encoding/binary"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
)

// A report weighs what it takes to judge a validator whom all nominate; one that
// proves nothing weighs the signatures.
var (
	weightReport  = frame.Time(300 * frame.Millisecond)
	weightRefused = frame.Time(2 * frame.Millisecond)
)

// SignBytes are what a vote's signature is over: CometBFT's CanonicalVote in
// protocol buffers, after its length.
//
//	1 type varint · 2 height sfixed64 · 3 round sfixed64 · 4 block id ·
//	5 time {1 seconds, 2 nanos} · 6 chain id
//
// https://github.com/cometbft/cometbft/blob/v0.40.0/proto/tendermint/types/canonical.proto
func (e EngineProof) SignBytes(v EngineVote, chainID string) []byte {
	kind := byte(1)
	if e.Precommit {
		kind = 2
	}
	b := []byte{0x08, kind}
	fixed := func(tag byte, n uint64) {
		if n != 0 {
			b = binary.LittleEndian.AppendUint64(append(b, tag), n)
		}
	}
	fixed(0x11, e.Height)
	fixed(0x19, uint64(e.Round))
	if v.Block != nil {
		parts := number(nil, 0x08, uint64(v.Block.PartsTotal))
		parts = field(parts, 0x12, v.Block.PartsHash[:])
		b = field(b, 0x22, field(field(nil, 0x0a, v.Block.Hash[:]), 0x12, parts))
	}
	b = field(b, 0x2a, number(number(nil, 0x08, v.Seconds), 0x10, uint64(v.Nanos)))
	if chainID != "" {
		b = field(b, 0x32, []byte(chainID))
	}
	return append(binary.AppendUvarint(nil, uint64(len(b))), b...)
}

func number(b []byte, tag byte, n uint64) []byte {
	if n == 0 {
		return b
	}
	return binary.AppendUvarint(append(b, tag), n)
}

func field(b []byte, tag byte, data []byte) []byte {
	return append(binary.AppendUvarint(append(b, tag), uint64(len(data))), data...)
}

// same says whether two votes are for the same.
func same(a, b EngineVote) bool {
	return a.Block == nil && b.Block == nil || a.Block != nil && b.Block != nil && *a.Block == *b.Block
}

// accuse checks a proof, and returns what it proves.
func (p *Pallet) accuse(ctx *frame.Context, e EngineProof) (Report, error) {
	if e.Height == 0 || e.Height > uint64(p.Blocks.Now(ctx))+1 || same(e.First, e.Second) {
		return Report{}, ErrInvalidEquivocationProof
	}
	// Who votes at a height are those who finalise the block before it.
	session := p.Keys.SessionOf(ctx, chain.BlockNumber(e.Height-1))
	who, ok := p.Keys.EngineOwner(ctx, e.Key, session)
	if !ok {
		return Report{}, ErrInvalidEquivocationProof
	}
	r := Report{
		Kind: EngineEquivocation, TimeSlot: SlotOf(session),
		Session: session, Offenders: []chain.AccountID{who}, Fraction: Equivocation,
	}
	if _, ok := p.Punisher.SetSize(ctx, session); !ok {
		return r, ErrInvalidEquivocationProof
	}
	if p.Known(ctx, r.Kind, r.TimeSlot, who) {
		return r, ErrDuplicateOffenceReport
	}
	id := p.EngineChain.Get(ctx)
	for _, v := range []EngineVote{e.First, e.Second} {
		if !ctx.VerifySignature(uint8(keys.Ed25519), e.Key[:], e.SignBytes(v, id), v.Signature[:]) {
			return r, ErrInvalidEquivocationProof
		}
	}
	return r, nil
}

func (p *Pallet) reportEngineEquivocation(ctx *frame.Context, c ReportEngineEquivocation) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	return p.engineReport(ctx, c.Proof, who)
}

func (p *Pallet) reportEngineEquivocationUnsigned(ctx *frame.Context, c ReportEngineEquivocationUnsigned) error {
	if err := ctx.EnsureNone(); err != nil {
		return err
	}
	return p.engineReport(ctx, c.Proof)
}

func (p *Pallet) engineReport(ctx *frame.Context, e EngineProof, reporters ...chain.AccountID) error {
	r, err := p.accuse(ctx, e)
	r.Reporters = reporters
	if err == nil && !p.Report(ctx, r) {
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
	c, ok := call.(ReportEngineEquivocationUnsigned)
	if !ok {
		return frame.Validity{}, frame.Unknown{Reason: frame.NoUnsignedValidator{}}
	}
	r, err := p.accuse(ctx, c.Proof)
	switch err {
	case nil:
	case ErrDuplicateOffenceReport:
		return frame.Validity{}, frame.Invalid{Reason: frame.Stale{}}
	default:
		return frame.Validity{}, frame.Invalid{Reason: frame.BadProof{}}
	}
	return ReportValidity(r.Kind, r.TimeSlot, r.Offenders[0]), nil
}

// ReportValidity is that of a bare report of one offence.
func ReportValidity(kind Kind, slot []byte, who chain.AccountID) frame.Validity {
	v := frame.Valid()
	id := reportID(kind, slot, who)
	v.Priority, v.Longevity, v.Provides = ^uint64(0), 1024, [][]byte{append([]byte("offence"), id[:]...)}
	return v
}
