// Package aura gives each block a slot, so that light clients that know Aura
// follow this chain. Nothing rests on it: validators agree by the consensus
// engine, and what is final is final by GRANDPA alone. The key that formally
// seals blocks is known to everybody (pallet_aura).
package aura

import (
	_ "embed"

	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// The length of a slot in milliseconds.
	SlotDuration uint64
}

// Public is the public key of a formal author.
type Public [32]byte

// State is what the pallet stores.
type State struct {
	// The formal authors: one for each validator, all with the same key.
	Authorities storage.Value[[]Public]
	// The slot of this block.
	CurrentSlot storage.Value[Slot]
	// How many formal authors there are after the next block, as this one says.
	Announced storage.OptValue[uint32]
	// How many formal authors there are after this block, as the one before said.
	NextCount storage.OptValue[uint32]
}

// Slot is a span of time in which one author may make a block.
type Slot struct {
	Number uint64 `name:"-"`
}

// Pallet is the slots of one chain.
type Pallet struct {
	Config
	State
	// Digest tells the log of the block under way.
	Digest Digest
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{Name: "Aura", Source: source, State: &p.State, Config: p.Config}
}
