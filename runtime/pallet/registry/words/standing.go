package words

import (
	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
)

// Claim is what a registration asks to be believed.
type Claim struct {
	Quote []byte
	// Endorsement is the certificate of the key that signed the quote; empty
	// where the quote has it in itself.
	Endorsement []byte
	Image       hash.H256
	Config      report.WorkerConfig
	// Renewal is that of a worker that is registered. OutdatedSince is its
	// worker's.
	Renewal       bool
	OutdatedSince uint64
}

// Proven is what a claim that is believed proves.
type Proven struct {
	Anchor     uint8
	Class      attest.Class
	TierMax    uint8
	Status     attest.Status
	Advisories []string
	FMSPC      attest.FMSPC // zero for AMD
	Machine    []byte       // the vendor's number for it: never to be stored
	ReportData [64]byte
	TCBDate    uint64 // seconds since 1970
	Eval       uint32
	Until      uint64 // seconds since 1970 at which the first part of the collateral ends
	// Certificate is of the machine, zero where the vendor numbers none of
	// them; Authority certified it.
	Certificate hash.H256
	Authority   hash.H256
	// OutdatedSince, DegradesAt and EndsAt are 0 for a platform that is not out
	// of date; milliseconds since 1970.
	OutdatedSince uint64
	DegradesAt    uint64
	EndsAt        uint64
}

// Facts are by what a registration counts, beside what it says itself.
type Facts struct {
	Now         uint64 // milliseconds since 1970
	Trusted     bool   // the root is enabled, and the authority not revoked
	ImageActive bool
	Platform    Platform
	Endorsers   Endorsers
	Stake       chain.Balance // that counts
	TierStake   chain.Balance // what tier 2 takes
}

// Standing is what a registration is worth at a moment. A greater value is
// worse.
type Standing uint8

// The standings. With those up to Degraded a worker goes on with what it has;
// only with Good it gets new work.
const (
	Good     Standing = iota
	Draining          // by its operator's wish
	Retired           // its program is not admitted any more, or not yet
	Degraded          // its platform is out of date for too long
	Expired
	Distrusted // its root is not enabled, or its authority is revoked
	Revoked    // its certificate is revoked
	Banned     // its platform is
)

// Variants names the standings by their numbers.
func (Standing) Variants() []string {
	return []string{"Good", "Draining", "Retired", "Degraded", "Expired", "Distrusted", "Revoked", "Banned"}
}

// String returns the name.
func (s Standing) String() string {
	if names := s.Variants(); int(s) < len(names) {
		return names[s]
	}
	return "Unknown"
}

// Speaks reports whether the worker's word counts on the chain.
func (s Standing) Speaks() bool { return s <= Degraded }

// TakesWork reports whether the worker may get new work and new keys.
func (s Standing) TakesWork() bool { return s == Good }

// Standing returns what the registration is worth. The worst that holds counts.
func (w *Worker) Standing(f *Facts) Standing {
	switch {
	case f.Platform.Banned:
		return Banned
	case w.Revoked:
		return Revoked
	case !f.Trusted:
		return Distrusted
	case f.Now >= w.ExpiresAt:
		return Expired
	case w.DegradesAt != 0 && f.Now >= w.DegradesAt:
		return Degraded
	case !f.ImageActive:
		return Retired
	case w.Draining:
		return Draining
	}
	return Good
}

// Reached returns the tier: 0 for simulated hardware, 1 for a vendor's, 2 where
// beside that the platform is endorsed and enough is staked.
func (w *Worker) Reached(f *Facts) uint8 {
	switch {
	case w.Class != attest.Production:
		return 0
	case w.TierMax < 2 || !f.Endorsers.Endorsed(&f.Platform) || f.Stake.Less(f.TierStake):
		return min(1, w.TierMax)
	}
	return 2
}

// Judgement is what a registration is worth at a block, and by what.
type Judgement struct {
	Standing Standing
	Tier     uint8
	Facts    Facts
}
