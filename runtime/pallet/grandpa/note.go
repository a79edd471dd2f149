package grandpa

import (
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

// weighJustification is what the signatures cost to check.
func weighJustification(_ *frame.Runtime, c NoteJustification) frame.Weight {
	const vote = 132 // bytes
	return frame.Time(50*frame.Microsecond + uint64(len(c.Justification)/vote+1)*25*frame.Microsecond)
}

func (p *Pallet) noteJustification(ctx *frame.Context, c NoteJustification) error {
	if err := ctx.EnsureNone(); err != nil {
		return err
	}
	now := p.Blocks.Now(ctx)
	j, err := grandpa.DecodeJustification(c.Justification)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadJustification, err)
	}
	target := j.Commit.Target
	h, ok := p.Blocks.HashOf(ctx, target.Number)
	if now < 2 || target.Number != now-2 || !ok || h != target.Hash {
		return fmt.Errorf("a proof of block %d in block %d: %w", target.Number, now, ErrBadJustification)
	}
	set := p.SetFor(ctx, target.Number)
	if err := grandpa.VerifyTarget(j, set, target); err != nil {
		return fmt.Errorf("%w: %w", ErrBadJustification, err)
	}
	p.LastJustified.Put(ctx, Justified{target.Number, target.Hash, set.ID})
	if p.Votes != nil {
		var voted [][32]byte
		for _, v := range j.Commit.Precommits {
			voted = append(voted, v.ID)
		}
		p.Votes.Voted(ctx, target.Number, voted)
	}
	return nil
}

// IsInherent implements frame.Inherent.
func (p *Pallet) IsInherent(call any) bool {
	_, ok := call.(NoteJustification)
	return ok
}

// Set returns the authorities.
func (p *Pallet) Set(ctx storage.Reader) grandpa.AuthoritySet {
	return setOf(p.CurrentSetID.Get(ctx), p.Authorities.Get(ctx))
}

// SetFor returns the authorities that finalise a block that is not long ago:
// those of the state before it.
func (p *Pallet) SetFor(ctx storage.Reader, target chain.BlockNumber) grandpa.AuthoritySet {
	for _, e := range p.EndedSets.Get(ctx) {
		if target <= e.At {
			return setOf(e.SetID, e.Authorities)
		}
	}
	return p.Set(ctx)
}

func setOf(id uint64, list []Authority) grandpa.AuthoritySet {
	set := grandpa.AuthoritySet{ID: id}
	for _, a := range list {
		set.Authorities = append(set.Authorities, grandpa.Authority{ID: keys.GrandpaID(a.Key), Weight: a.Weight})
	}
	return set
}
