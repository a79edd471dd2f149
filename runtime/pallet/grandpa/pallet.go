// Package grandpa keeps the set of GRANDPA authorities and the last proof of
// finality that a block brought (pallet_grandpa).
//
// The voting itself is the validators' matter: each signs the block before
// the one that is being decided, and the next author puts the proof into a
// block, from where every node has it.
package grandpa

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// The most authorities.
	MaxAuthorities uint32
	// For how many sets it is kept in which session each began.
	MaxSetIDSessionEntries uint64 `name:"MaxSetIdSessionEntries"`
}

// Public is the ed25519 key of an authority.
type Public [32]byte

// Authority is an authority and its weight, which is always 1.
type Authority struct {
	Key    Public `name:"-"`
	Weight uint64 `name:"-"`
}

// Justified is a block that is proven final.
type Justified struct {
	Number chain.BlockNumber
	Hash   hash.H256
	SetID  uint64
}

// PendingChange is a set of authorities that takes over at the end of a block.
type PendingChange struct {
	ScheduledAt     chain.BlockNumber
	Delay           chain.BlockNumber
	NextAuthorities []Authority
	Forced          *chain.BlockNumber
}

// EndedSet is a set of authorities that another has followed.
type EndedSet struct {
	// At is the last block that this set finalises.
	At          chain.BlockNumber
	SetID       uint64
	Authorities []Authority
}

// State is what the pallet stores.
type State struct {
	// The change that takes place at the end of this block.
	PendingChange storage.OptValue[PendingChange]
	// How often the set of authorities has changed.
	CurrentSetID storage.Value[uint64] `name:"CurrentSetId"`
	// The session in which each set began.
	SetIDSession storage.OptMap[uint64, uint32, storage.Twox64Concat] `name:"SetIdSession"`
	// The authorities.
	Authorities storage.Value[[]Authority]
	// The sets before this one whose last blocks may still need a proof.
	EndedSets storage.Value[[]EndedSet]
	// The last block of which a later one proved that it is final.
	LastJustified storage.OptValue[Justified]
}

// The calls.
type (
	// NoteJustification proves that the block two before is final; it is made by the block's author alone.
	NoteJustification struct{ Justification []byte }
	// ReportEquivocation proves that a validator voted for two blocks in one round. The signer is rewarded.
	ReportEquivocation struct {
		EquivocationProof grandpa.EquivocationProof
		// KeyOwnerProof is empty: the chain knows who had which key.
		KeyOwnerProof struct{}
	}
	// ReportEquivocationUnsigned is the same from a node, for nothing.
	ReportEquivocationUnsigned struct {
		EquivocationProof grandpa.EquivocationProof
		// KeyOwnerProof is empty: the chain knows who had which key.
		KeyOwnerProof struct{}
	}
)

// The events.
type (
	// NewAuthorities says that another set of authorities takes over.
	NewAuthorities struct{ AuthoritySet []Authority }
)

// The errors.
var (
	// ErrInvalidKeyOwnershipProof means that nobody had the key then.
	ErrInvalidKeyOwnershipProof = frame.NewError(4, "InvalidKeyOwnershipProof")
	// ErrInvalidEquivocationProof means that the proof proves nothing that can be punished.
	ErrInvalidEquivocationProof = frame.NewError(5, "InvalidEquivocationProof")
	// ErrDuplicateOffenceReport means that it was reported before.
	ErrDuplicateOffenceReport = frame.NewError(6, "DuplicateOffenceReport")
	// ErrBadJustification means that the proof does not hold.
	ErrBadJustification = frame.NewError(10, "BadJustification")
)

// Pallet is the finality of one chain.
type Pallet struct {
	Config
	State
	// Blocks tells the hashes of recent blocks, and takes the log of this one.
	Blocks Blocks
	// Votes hears of votes.
	Votes Votes
	// Offences takes reports.
	Offences Offences
}

// Votes hears of votes that stand in the chain.
type Votes interface {
	// Voted says whose votes made a block final, by their keys.
	Voted(ctx *frame.Context, target chain.BlockNumber, keys [][32]byte)
}

// Offences takes reports.
type Offences interface {
	// SessionOf is the session that a block is of.
	SessionOf(ctx *frame.Context, number chain.BlockNumber) uint32
	// Owner is who voted with a key in a session.
	Owner(ctx *frame.Context, key [32]byte, session uint32) (chain.AccountID, bool)
	// Judge says, as a validity, whether an offence could be reported.
	Judge(ctx *frame.Context, offence Equivocation) (frame.Validity, error)
	// Report reports it; false says that it is known or too old.
	Report(ctx *frame.Context, offence Equivocation, reporters ...chain.AccountID) bool
}

// Equivocation is a double vote that is proven.
type Equivocation struct {
	SetID, Round uint64
	Session      uint32
	Who          chain.AccountID
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
	HashOf(*frame.Context, chain.BlockNumber) (hash.H256, bool)
	DepositLog(*frame.Context, chain.DigestItem)
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Grandpa", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.Call(0, p.reportEquivocation, weightReport), frame.Call(1, p.reportEquivocationUnsigned, weightReport),
			frame.CallBy(10, p.noteJustification, weighJustification).Mandatory(),
		},
		Events: []frame.EventDef{frame.Event[NewAuthorities](0)},
		Errors: []*frame.Error{
			ErrInvalidKeyOwnershipProof, ErrInvalidEquivocationProof, ErrDuplicateOffenceReport, ErrBadJustification,
		},
	}
}
