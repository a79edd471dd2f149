// Package words has what both the chain and the enclave say of registered
// workers, where the chain keeps it, and by what rules a registration counts.
// The handlers are in the pallet, which the enclave does not link.
package words

import (
	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// MaxEndpoints and MaxEndpoint bound the addresses that a worker publishes:
// how many, and how many bytes each.
const (
	MaxEndpoints = 4
	MaxEndpoint  = 128
)

// Worker is a registered worker. Times are in milliseconds since 1970.
type Worker struct {
	Operator chain.AccountID
	HPKE     []report.HPKEKey
	Image    hash.H256
	Platform hash.H256
	Anchor   uint8
	Class    attest.Class
	// Tier is the one that it reached when its registration, its stake or its
	// platform changed last, TierMax the most that its hardware and its image
	// can reach.
	Tier       uint8
	TierMax    uint8
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
	// OutdatedSince is when a TCB recovery made the platform out of date,
	// DegradesAt from when on it gets no new work for that; 0 for neither.
	OutdatedSince uint64
	DegradesAt    uint64
	// Certificate and Authority name, as [CertificateID] does, the machine's
	// certificate and the one that certified it.
	Certificate hash.H256
	Authority   hash.H256
	// Revoked tells that the vendor revoked the machine's certificate since.
	Revoked bool
	// Draining tells that the operator wants no new work.
	Draining bool
}

// LiveAt reports whether the registration has not ended at a time.
func (w *Worker) LiveAt(millis uint64) bool { return millis < w.ExpiresAt && !w.Revoked }

// Platform is a machine with trusted hardware.
type Platform struct {
	FMSPC   attest.FMSPC // zero for AMD
	Workers uint32
	Banned  bool
	// Cap is how many workers may run on it at a time; 0 for the chain's usual
	// number.
	Cap uint32
	// Endorsements are of those who know where the machine stands.
	Endorsements []chain.AccountID
}

// PlatformID names a machine without telling its vendor's number for it:
// blake2_256("platform" ‖ anchor ‖ PPID or CHIP_ID).
func PlatformID(anchor uint8, machine []byte) hash.H256 {
	return hash.Blake2b256([]byte("platform"), []byte{anchor}, machine)
}

// CertificateID names a certificate below a root by its serial number:
// blake2_256("certificate" ‖ anchor ‖ issuer ‖ serial). Issuer is 0 for the
// root itself, 1 and 2 for Intel's authorities for platforms and processors.
func CertificateID(anchor, issuer uint8, serial []byte) hash.H256 {
	return hash.Blake2b256([]byte("certificate"), []byte{anchor, issuer}, serial)
}

// Endorsers are the accounts whose word on machines counts, and how many of
// them it takes.
type Endorsers struct {
	Accounts []chain.AccountID
	Quorum   uint32
}

// Endorsed reports whether enough of the endorsers of today vouch for a machine.
func (e *Endorsers) Endorsed(p *Platform) bool {
	n := uint32(0)
	for _, a := range e.Accounts {
		for _, b := range p.Endorsements {
			if a == b {
				n++
			}
		}
	}
	return e.Quorum > 0 && n >= e.Quorum
}

// Stake is what an operator left as a pledge for a worker.
type Stake struct {
	Owner  chain.AccountID
	Amount chain.Balance
	// FreeAt is the block from which on it can be taken back; 0 while it counts.
	FreeAt chain.BlockNumber
}

// Percent is a part in hundredths.
type Percent uint8

// Of returns the part of an amount, rounded down.
func (p Percent) Of(n chain.Balance) chain.Balance {
	part, _ := n.MulDiv(scale.U64(uint64(min(p, 100))), scale.U64(100)) // at most n
	return part
}

// Slashing is what a worker's word that turned out false costs.
type Slashing struct {
	// Deviation is the part of the pledge for the worker that is taken.
	Deviation Percent
	// Reward is the part of that which goes to who first said what stands.
	Reward Percent
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
	// The last program of each worker that was ever registered.
	LastImages storage.OptMap[[32]byte, hash.H256, storage.Blake2Concat]
	// The workers on each machine.
	PlatformWorkers storage.Map[hash.H256, [][32]byte, storage.Identity]
	// The workers that each machine's certificate stands for.
	Certificates storage.Map[hash.H256, [][32]byte, storage.Identity]
	// Those whose word on machines counts.
	Endorsers storage.Value[Endorsers]
	// What operators left as pledges for workers.
	Stakes storage.OptMap[[32]byte, Stake, storage.Blake2Concat]
	// Whether only workers that are registered may register again.
	Frozen storage.Value[bool]
	// The workers to be looked at again, by the minute since 1970.
	Deadlines storage.DoubleMap[uint64, [32]byte, bool, storage.Twox64Concat, storage.Blake2Concat]
	// The first minute whose workers were not looked at again.
	NextDeadline storage.Value[uint64]
	// What a deviation costs, where governance said so. Else the pallet's constants do.
	Slashing storage.OptValue[Slashing]
}

// NewState returns the items, bound to their places.
func NewState() *State {
	s := new(State)
	storage.Bind("Registry", s)
	return s
}
