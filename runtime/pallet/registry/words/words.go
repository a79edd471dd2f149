// Package words has what both the chain and the enclave say of registered
// workers, and where the chain keeps it. The handlers are in the pallet, which
// the enclave does not link.
package words

import (
	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/storage"
)

// MaxEndpoints and MaxEndpoint bound the addresses that a worker publishes:
// how many, and how many bytes each.
const (
	MaxEndpoints = 4
	MaxEndpoint  = 128
)

// Worker is a registered worker. Times are in milliseconds since 1970.
type Worker struct {
	Operator   chain.AccountID
	HPKE       []report.HPKEKey
	Image      hash.H256
	Platform   hash.H256
	Anchor     uint8
	Class      attest.Class
	Tier       uint8
	Status     attest.Status
	Advisories []string
	TCBDate    uint64 // in seconds since 1970, as the vendor dates it
	Eval       uint32
	BootEpoch  uint64
	Features   uint32
	// Block and AttestedAt are of the registration.
	Block      chain.BlockNumber
	AttestedAt uint64
	// ExpiresAt is when the registration is worth nothing any more.
	ExpiresAt uint64
}

// LiveAt reports whether the registration counts at a time.
func (w *Worker) LiveAt(millis uint64) bool { return millis < w.ExpiresAt }

// Platform is a machine with trusted hardware.
type Platform struct {
	FMSPC   attest.FMSPC
	Workers uint32
	Banned  bool
}

// PlatformID names a machine without telling its vendor's number for it:
// blake2_256("platform" ‖ anchor ‖ PPID).
func PlatformID(anchor uint8, ppid [16]byte) hash.H256 {
	return hash.Blake2b256([]byte("platform"), []byte{anchor}, ppid[:])
}

// State is what pallet Registry stores.
type State struct {
	// The registered workers, by their identity keys.
	Workers storage.OptMap[[32]byte, Worker, storage.Blake2Concat]
	// The addresses at which each worker answers queries.
	Endpoints storage.Map[[32]byte, [][]byte, storage.Blake2Concat]
	// The last boot epoch of each worker that was ever registered.
	BootEpochs storage.OptMap[[32]byte, uint64, storage.Blake2Concat]
	// The machines that workers ran on.
	Platforms storage.OptMap[hash.H256, Platform, storage.Identity]
	// The validators of block 0, from which workers follow the chain.
	FirstAuthorities storage.Value[[]report.Authority]
}

// NewState returns the items, bound to their places.
func NewState() *State {
	s := new(State)
	storage.Bind("Registry", s)
	return s
}
