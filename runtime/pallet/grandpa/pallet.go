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

// State is what the pallet stores.
type State struct {
	// How often the set of authorities has changed.
	CurrentSetID storage.Value[uint64] `name:"CurrentSetId"`
	// The authorities.
	Authorities storage.Value[[]Authority]
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
	// Blocks tells the hashes of recent blocks.
	Blocks Blocks
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
	HashOf(*frame.Context, chain.BlockNumber) (hash.H256, bool)
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
