// Package timestamp keeps the time of the block, which the consensus engine
// agrees on and the author puts first into the block (pallet_timestamp).
package timestamp

import (
	_ "embed"

	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// The least time between two blocks, in milliseconds.
	MinimumPeriod uint64
}

// State is what the pallet stores.
type State struct {
	// The time of this block, in milliseconds since 1970.
	Now storage.Value[uint64]
	// Whether the time was set in this block.
	DidUpdate storage.Value[bool]
}

// The calls.
type (
	// Set sets the time of the block; it is made by the block's author alone.
	Set struct {
		Now uint64 `scale:"compact"`
	}
)

// Pallet is the clock of one chain.
type Pallet struct {
	Config
	State
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Timestamp", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{frame.Call(0, p.set, frame.Time(10*frame.Microsecond)).Mandatory()},
	}
}
