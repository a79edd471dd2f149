// Package words has what the enclave reads of pallet Attestation: which programs
// the chain admits. The rest, and the handlers, are in the pallet, which the
// enclave does not link.
package words

import (
	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/storage"
)

// Images are the programs that workers may run, by their names.
type Images = storage.OptMap[hash.H256, attest.Image, storage.Identity]

// State is what of the pallet's storage workers read.
type State struct {
	// The programs that workers may run.
	Images Images
}

// NewState returns the items, bound to their places.
func NewState() *State {
	s := new(State)
	storage.Bind("Attestation", s)
	return s
}
