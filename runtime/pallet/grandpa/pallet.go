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
)

// The events.
type (
	// NewAuthorities says that another set of authorities takes over.
	NewAuthorities struct{ AuthoritySet []Authority }
)

// The errors.
var (
	// ErrBadJustification means that the proof does not hold.
	ErrBadJustification = frame.NewError(10, "BadJustification")
)

// Pallet is the finality of one chain.
type Pallet struct {
	Config
	State
	// Blocks tells the hashes of recent blocks, and takes the log of this one.
	Blocks Blocks
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
		Calls:  []frame.CallDef{frame.CallBy(10, p.noteJustification, weighJustification).Mandatory()},
		Events: []frame.EventDef{frame.Event[NewAuthorities](0)},
		Errors: []*frame.Error{ErrBadJustification},
	}
}
