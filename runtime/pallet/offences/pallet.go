// Package offences remembers what validators did against the rules, each thing
// once, and has them punished: the more of them did the same at the same time,
// the more each loses (pallet_offences).
//
// Other pallets report what they have proof of. Double votes in the consensus
// engine can be proven here.
package offences

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// Kind names a kind of offence.
type Kind [16]byte

// String is the name.
func (k Kind) String() string { return string(k[:]) }

// OffenceDetails is an offence of a validator.
type OffenceDetails struct {
	Offender  chain.AccountID
	Reporters []chain.AccountID
}

// Slot is a kind of offence in a time slot.
type Slot struct {
	Kind     Kind
	TimeSlot []byte
}

// State is what the pallet stores.
type State struct {
	// The offences, each under the hash of its kind, its time slot and its offender.
	Reports storage.OptMap[hash.H256, OffenceDetails, storage.Twox64Concat]
	// The offences of a kind in a time slot.
	ConcurrentReportsIndex storage.DoubleMap[Kind, []byte, []hash.H256, storage.Twox64Concat, storage.Twox64Concat]
	// The offences in a session, until it is too long ago for them to be punished.
	SessionOffences storage.Map[uint32, []Slot, storage.Twox64Concat]
	// The name by which the consensus engine knows the chain; votes are signed for it.
	EngineChain storage.Value[string]
}

// BlockPart is what a vote of the consensus engine is for.
type BlockPart struct {
	Hash       [32]byte
	PartsTotal uint32
	PartsHash  [32]byte
}

// EngineVote is a signed vote of the consensus engine.
type EngineVote struct {
	// Block is nothing for a vote for no block.
	Block *BlockPart
	// Seconds and Nanos are the time of the vote.
	Seconds   uint64
	Nanos     uint32
	Signature [64]byte
}

// EngineProof are two votes of one key at one place that differ.
type EngineProof struct {
	// Key is the ed25519 key that voted.
	Key [32]byte
	// Precommit says which kind of vote; else they are prevotes.
	Precommit bool
	Height    uint64
	Round     uint32
	First     EngineVote
	Second    EngineVote
}

// The calls.
type (
	// ReportEngineEquivocation proves that a validator voted twice in the consensus engine. The signer is rewarded.
	ReportEngineEquivocation struct{ Proof EngineProof }
	// ReportEngineEquivocationUnsigned is the same from a node, for nothing.
	ReportEngineEquivocationUnsigned struct{ Proof EngineProof }
)

// The events.
type (
	// Offence says that an offence was reported.
	Offence struct {
		Kind     Kind
		Timeslot []byte
	}
)

// The errors.
var (
	// ErrInvalidEquivocationProof means that the proof proves nothing that can be punished.
	ErrInvalidEquivocationProof = frame.NewError(10, "InvalidEquivocationProof")
	// ErrDuplicateOffenceReport means that it was reported before.
	ErrDuplicateOffenceReport = frame.NewError(11, "DuplicateOffenceReport")
)

// Pallet is the offences of one chain.
type Pallet struct {
	State
	Punisher Punisher
	Keys     Keys
	Blocks   Blocks
}

// Punisher punishes.
type Punisher interface {
	// SetSize is how many validators there were in a session; ok is false where
	// what was done in it cannot be punished any more.
	SetSize(ctx *frame.Context, session uint32) (n uint32, ok bool)
	// Punish takes a part, in billionths, of what stood behind validators.
	Punish(ctx *frame.Context, offenders []OffenceDetails, fraction, session uint32)
}

// Keys knows who served with which keys.
type Keys interface {
	SessionOf(ctx *frame.Context, number chain.BlockNumber) uint32
	// EngineOwner is who voted with a key in a session.
	EngineOwner(ctx *frame.Context, key [32]byte, session uint32) (chain.AccountID, bool)
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Offences", Source: source, State: &p.State,
		Calls: []frame.CallDef{
			frame.Call(10, p.reportEngineEquivocation, weightReport), frame.Call(11, p.reportEngineEquivocationUnsigned, weightReport),
		},
		Events: []frame.EventDef{frame.Event[Offence](0)},
		Errors: []*frame.Error{ErrInvalidEquivocationProof, ErrDuplicateOffenceReport},
	}
}
