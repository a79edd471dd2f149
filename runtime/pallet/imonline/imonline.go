package imonline

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// SigningBytes are what a heartbeat's signature is over: on another chain it
// says nothing.
func (h Heartbeat) SigningBytes(genesis [32]byte) []byte {
	return append(append([]byte("tacit/heartbeat/1"), genesis[:]...), scale.Marshal(h)...)
}

// check says whose a heartbeat is.
func (p *Pallet) check(ctx *frame.Context, c HeartbeatCall) (chain.AccountID, error) {
	session := p.Sessions.Index(ctx)
	if c.Heartbeat.SessionIndex != session {
		return chain.AccountID{}, frame.Invalid{Reason: frame.Stale{}}
	}
	who, ok := p.Sessions.Holder(ctx, c.Heartbeat.AuthorityID)
	if !ok {
		return who, ErrInvalidKey
	}
	if last, ok := p.LastSeen.Get(ctx, who); ok && last == session {
		return who, ErrDuplicatedHeartbeat
	}
	genesis, _ := p.Blocks.HashOf(ctx, 0)
	if !ctx.VerifySignature(uint8(keys.Sr25519), c.Heartbeat.AuthorityID[:], c.Heartbeat.SigningBytes(genesis), c.Signature[:]) {
		return who, frame.Invalid{Reason: frame.BadProof{}}
	}
	return who, nil
}

// ValidateBare implements frame.BareValidator.
func (p *Pallet) ValidateBare(ctx *frame.Context, _ frame.Source, call any) (frame.Validity, error) {
	c, ok := call.(HeartbeatCall)
	if !ok {
		return frame.Validity{}, frame.Unknown{Reason: frame.NoUnsignedValidator{}}
	}
	_, err := p.check(ctx, c)
	switch err {
	case nil:
	case ErrInvalidKey:
		return frame.Validity{}, frame.Invalid{Reason: frame.BadProof{}}
	case ErrDuplicatedHeartbeat:
		return frame.Validity{}, frame.Invalid{Reason: frame.Stale{}}
	default:
		return frame.Validity{}, err
	}
	v := frame.Valid()
	v.Priority = p.UnsignedPriority
	v.Longevity = uint64(max(p.Sessions.Length(ctx)/2, 1))
	v.Provides = [][]byte{append([]byte("heartbeat"), scale.Marshal(c.Heartbeat)...)}
	return v, nil
}

func (p *Pallet) heartbeat(ctx *frame.Context, c HeartbeatCall) error {
	if err := ctx.EnsureNone(); err != nil {
		return err
	}
	who, err := p.check(ctx, c)
	if err != nil {
		return err
	}
	session := p.Sessions.Index(ctx)
	p.LastSeen.Put(ctx, who, session)
	if i := slices.Index(p.Sessions.Now(ctx), who); i >= 0 {
		p.ReceivedHeartbeats.Put(ctx, session, uint32(i), true)
		p.see(ctx, who)
	}
	ctx.Emit(HeartbeatReceived{c.Heartbeat.AuthorityID})
	return nil
}

// see notes that validators were seen in this session.
func (p *Pallet) see(ctx *frame.Context, who ...chain.AccountID) {
	now := p.Sessions.Now(ctx)
	places := make(map[chain.AccountID]int, len(now))
	for i, id := range now {
		places[id] = i
	}
	seen := p.Seen.Get(ctx)
	if n := (len(now) + 7) / 8; len(seen) != n {
		seen = make([]byte, n)
	}
	for _, id := range who {
		if i, ok := places[id]; ok {
			seen[i/8] |= 1 << (i % 8)
		}
	}
	p.Seen.Put(ctx, seen)
}

// NoteAuthor says who made the block under way.
func (p *Pallet) NoteAuthor(ctx *frame.Context, who chain.AccountID) {
	session := p.Sessions.Index(ctx)
	p.AuthoredBlocks.Put(ctx, session, who, p.AuthoredBlocks.Get(ctx, session, who)+1)
	p.see(ctx, who)
}

// NoteVotes says who voted for a block's finality.
func (p *Pallet) NoteVotes(ctx *frame.Context, who []chain.AccountID) { p.see(ctx, who...) }

// present says whether the validator at a place was seen.
func present(seen []byte, i int) bool { return i/8 < len(seen) && seen[i/8]&(1<<(i%8)) != 0 }

// Missing says whether any validator was not seen in this session yet.
func (p *Pallet) Missing(ctx *frame.Context) bool {
	seen := p.Seen.Get(ctx)
	for i := range p.Sessions.Now(ctx) {
		if !present(seen, i) {
			return true
		}
	}
	return false
}

// EndSession says that a session ends; its validators are still those of now.
func (p *Pallet) EndSession(ctx *frame.Context, session uint32) {
	now, seen := p.Sessions.Now(ctx), p.Seen.Get(ctx)
	offline := []chain.AccountID{}
	for i, who := range now {
		if present(seen, i) {
			p.LastSeen.Put(ctx, who, session)
		} else {
			offline = append(offline, who)
		}
	}
	p.Seen.Kill(ctx)
	p.ReceivedHeartbeats.Clear(ctx, session)
	p.AuthoredBlocks.Clear(ctx, session)
	p.forget(ctx, session)
	switch {
	case p.Sessions.Length(ctx) < p.ShortestSession: // too short for all to be heard
	case len(offline) == 0:
		ctx.Emit(AllGood{})
	default:
		ctx.Emit(SomeOffline{offline})
		p.Offences.ReportOffline(ctx, session, offline)
	}
}

// forget removes who was not seen for long.
func (p *Pallet) forget(ctx *frame.Context, session uint32) {
	var old []chain.AccountID
	for who, last := range p.LastSeen.All(ctx) {
		if last+p.Kept < session {
			old = append(old, who)
		}
	}
	for _, who := range old {
		p.LastSeen.Remove(ctx, who)
	}
}

// SeenSince says whether an account was seen in a session or since.
func (p *Pallet) SeenSince(ctx *frame.Context, who chain.AccountID, session uint32) bool {
	last, ok := p.LastSeen.Get(ctx, who)
	return ok && last >= session
}
