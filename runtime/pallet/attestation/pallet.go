// Package attestation decides which quotes the chain believes. It keeps the
// roots of trust, the collateral that hardware vendors publish, the programs
// that workers may run, and what is demanded of a platform. Anyone may bring
// newer collateral: the chain checks the vendor's signatures itself.
package attestation

import (
	_ "embed"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/attestation/words"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// The most bytes that an image's name may have.
	MaxName uint32
	// How long platforms that a TCB recovery made out of date are borne with, in milliseconds; and as long again without new work.
	RecoveryGrace uint64
}

// AnchorKind is whose root certificate a trust anchor is.
type AnchorKind uint8

// The kinds of trust anchor.
const (
	Intel AnchorKind = iota
	AMD
	Development
	DevelopmentAMD
)

// Variants names the kinds by their numbers.
func (AnchorKind) Variants() []string {
	return []string{"Intel", "Amd", "Development", "DevelopmentAmd"}
}

// Simulated tells whether the root is that of simulated hardware.
func (k AnchorKind) Simulated() bool { return k == Development || k == DevelopmentAMD }

// ofAMD tells whether the root is of AMD's form.
func (k AnchorKind) ofAMD() bool { return k == AMD || k == DevelopmentAMD }

// Anchor is a root of trust.
type Anchor struct {
	Kind        AnchorKind
	Certificate []byte
	Enabled     bool
}

// Class tells whether the anchor's platforms keep secrets.
func (a Anchor) Class() attest.Class {
	if a.Kind.Simulated() {
		return attest.Dev
	}
	return attest.Production
}

// CAKey names an authority below an anchor.
type CAKey struct {
	Anchor uint8
	CA     attest.CA
}

// QEKey names the quoting enclaves of a kind of TEE below an anchor.
type QEKey struct {
	Anchor uint8
	TEE    attest.TEE
}

// TCBKey names a family of platforms below an anchor.
type TCBKey struct {
	Anchor uint8
	TEE    attest.TEE
	FMSPC  attest.FMSPC
}

// Recovery is when a higher evaluation number of a vendor's was first seen.
type Recovery struct {
	Eval uint32
	// At is in milliseconds since 1970; 0 for the first number of all.
	At uint64
}

// State is what the pallet stores.
type State struct {
	// Whether simulated hardware is refused for ever.
	ProductionOnly storage.Value[bool]
	// The roots of trust.
	TrustAnchors storage.OptMap[uint8, Anchor, storage.Twox64Concat]
	// What each root revoked.
	RootCrl storage.OptMap[uint8, attest.CRL, storage.Twox64Concat]
	// What each authority for platforms revoked.
	PckCrl storage.OptMap[CAKey, attest.CRL, storage.Twox64Concat]
	// What quoting enclaves must be.
	QeIdentities storage.OptMap[QEKey, attest.QEIdentity, storage.Twox64Concat]
	// The security levels of each family of platforms.
	TcbInfos storage.OptMap[TCBKey, attest.TCBInfo, storage.Blake2Concat]
	// The programs that workers may run.
	Images words.Images
	// What is demanded of every platform.
	Policy storage.Value[attest.Policy]
	// What AMD says about each product line.
	AmdAuthorities storage.OptMap[uint8, snp.Authority, storage.Twox64Concat]
	// The least firmware of each of AMD's product lines.
	AmdFirmware storage.Value[[]snp.MinTCB]
	// The authorities that a root revoked.
	RevokedAuthorities storage.OptMap[hash.H256, bool, storage.Identity]
	// When platforms of each kind were made out of date last.
	Recoveries storage.OptMap[QEKey, Recovery, storage.Twox64Concat]
	// How many blocks pass at least from when a program is added until it is admitted.
	ActivationDelay storage.Value[chain.BlockNumber]
}

// The calls.
type (
	// UploadCollateral brings what a hardware vendor says about a family of platforms. It costs nothing if any part is newer than what the chain has.
	UploadCollateral struct {
		Anchor     uint8
		Collateral attest.Collateral
	}
	// SetAnchor adds a root of trust, or enables or disables it; its certificate never changes.
	SetAnchor struct {
		ID          uint8
		Kind        AnchorKind
		Certificate []byte
		Enabled     bool
	}
	// AddImage admits a program from a block on.
	AddImage struct {
		Name             []byte
		Version          uint32
		ConsensusVersion uint32
		Measurement      attest.Measurement
		ConfigurationOk  bool
		ActiveFrom       chain.BlockNumber
		TierMax          uint8
	}
	// RetireImage refuses a program from a block on.
	RetireImage struct {
		Image hash.H256
		At    chain.BlockNumber
	}
	// SetPolicy says what is demanded of every platform. The least evaluation numbers only rise.
	SetPolicy struct{ Policy attest.Policy }
	// UploadAmd brings what AMD says about a product line: the certificate of the key that certifies its chips, and the revocation list. It costs nothing if the list is newer than what the chain has.
	UploadAmd struct {
		Anchor       uint8
		Intermediate []byte
		List         []byte
	}
	// SetAmdFirmware says which firmware of AMD's product lines is recent enough. No part of it falls.
	SetAmdFirmware struct{ Least []snp.MinTCB }
	// SetActivationDelay says how many blocks pass at least from when a program is added until it is admitted.
	SetActivationDelay struct{ Blocks chain.BlockNumber }
)

// The events.
type (
	// CollateralUpdated says that newer collateral of a family of platforms is in force.
	CollateralUpdated struct {
		Anchor     uint8
		TEE        attest.TEE
		FMSPC      attest.FMSPC
		Eval       uint32
		NextUpdate uint64
	}
	// AnchorSet says that a root of trust was added, enabled or disabled.
	AnchorSet struct {
		Anchor  uint8
		Kind    AnchorKind
		Enabled bool
	}
	// ImageAdded says that a program is admitted from a block on.
	ImageAdded struct {
		Image      hash.H256
		ActiveFrom chain.BlockNumber
	}
	// ImageRetired says that a program is refused from a block on.
	ImageRetired struct {
		Image hash.H256
		At    chain.BlockNumber
	}
	// PolicySet says that other things are demanded of platforms now.
	PolicySet struct{ Policy attest.Policy }
	// AmdUpdated says that a newer revocation list of AMD's is in force.
	AmdUpdated struct {
		Anchor     uint8
		Number     uint64
		NextUpdate uint64
	}
	// AmdFirmwareSet says that other firmware of AMD's is recent enough.
	AmdFirmwareSet struct{ Least []snp.MinTCB }
	// RecoveryBegan says that a vendor rates platforms anew. Those that are out of date now get no new work from DegradesAt on.
	RecoveryBegan struct {
		Anchor     uint8
		TEE        attest.TEE
		Eval       uint32
		DegradesAt uint64
	}
	// AuthorityRevoked says that a root revoked a certificate below it: whatever it certified counts for nothing.
	AuthorityRevoked struct {
		Anchor      uint8
		Certificate hash.H256
	}
	// CertificateRevoked says that a vendor revoked the certificate of a machine on which workers ran.
	CertificateRevoked struct {
		Anchor      uint8
		Certificate hash.H256
		Workers     uint32
	}
	// ActivationDelaySet says that another time passes until programs are admitted.
	ActivationDelaySet struct{ Blocks chain.BlockNumber }
)

// The errors.
var (
	// ErrUnknownAnchor means that there is no such root of trust, or that it is not enabled.
	ErrUnknownAnchor = frame.NewError(0, "UnknownAnchor")
	// ErrBadAnchor means that the certificate cannot be a root of trust, or is another than before.
	ErrBadAnchor = frame.NewError(1, "BadAnchor")
	// ErrDevelopmentAnchor means that this chain refuses simulated hardware.
	ErrDevelopmentAnchor = frame.NewError(2, "DevelopmentAnchor")
	// ErrBadCollateral means that the collateral is not signed as it must be, is out of its time, or is incomplete.
	ErrBadCollateral = frame.NewError(3, "BadCollateral")
	// ErrOldCollateral means that the chain has newer collateral.
	ErrOldCollateral = frame.NewError(4, "OldCollateral")
	// ErrNoCollateral means that the chain has no collateral for the platform.
	ErrNoCollateral = frame.NewError(5, "NoCollateral")
	// ErrBadQuote means that the quote does not prove anything: it is malformed, not signed as it must be, or of a revoked platform.
	ErrBadQuote = frame.NewError(6, "BadQuote")
	// ErrRefusedByPolicy means that the quote is genuine, and the platform or the program is not admitted.
	ErrRefusedByPolicy = frame.NewError(7, "RefusedByPolicy")
	// ErrUnknownImage means that there is no such program.
	ErrUnknownImage = frame.NewError(8, "UnknownImage")
	// ErrImageInactive means that the program is not admitted yet, or no longer.
	ErrImageInactive = frame.NewError(9, "ImageInactive")
	// ErrImageExists means that the program is known already.
	ErrImageExists = frame.NewError(10, "ImageExists")
	// ErrBadImage means that the description of the program makes no sense.
	ErrBadImage = frame.NewError(11, "BadImage")
	// ErrEvalFalls means that a least evaluation number would become lower.
	ErrEvalFalls = frame.NewError(12, "EvalFalls")
	// ErrTooSoon means that the program would be admitted before users had time to leave.
	ErrTooSoon = frame.NewError(13, "TooSoon")
	// ErrBadFirmware means that firmware is listed twice, or of a product line that is not known.
	ErrBadFirmware = frame.NewError(14, "BadFirmware")
)

// Pallet is the judge of quotes of one chain.
type Pallet struct {
	Config
	State
	Blocks  Blocks
	Clock   Clock
	Workers Workers
}

// Workers is what the pallet needs of the registry.
type Workers interface {
	// Revoke takes out the workers that a machine's certificate stands for, and
	// returns how many there were.
	Revoke(ctx *frame.Context, certificate hash.H256) uint32
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
}

// Clock tells the time of the block in milliseconds since 1970.
type Clock interface{ Time(*frame.Context) uint64 }

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	admin := frame.Time(100 * frame.Microsecond)
	return frame.Pallet{
		Name: "Attestation", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.CallBy(0, p.uploadCollateral, func(_ *frame.Runtime, c UploadCollateral) frame.Weight {
				return uploadWeight(len(c.Collateral.RootCRL) + len(c.Collateral.PCKCRL))
			}),
			frame.Call(1, p.setAnchor, frame.Time(frame.Millisecond)),
			frame.Call(2, p.addImage, admin),
			frame.Call(3, p.retireImage, admin),
			frame.Call(4, p.setPolicy, admin),
			frame.CallBy(5, p.uploadAmd, func(_ *frame.Runtime, c UploadAmd) frame.Weight { return uploadWeight(len(c.List)) }),
			frame.Call(6, p.setAmdFirmware, admin),
			frame.Call(7, p.setActivationDelay, admin),
		},
		Events: []frame.EventDef{
			frame.Event[CollateralUpdated](0), frame.Event[AnchorSet](1), frame.Event[ImageAdded](2),
			frame.Event[ImageRetired](3), frame.Event[PolicySet](4),
			frame.Event[AmdUpdated](5), frame.Event[AmdFirmwareSet](6), frame.Event[RecoveryBegan](7), frame.Event[AuthorityRevoked](8),
			frame.Event[CertificateRevoked](9), frame.Event[ActivationDelaySet](10),
		},
		Errors: []*frame.Error{
			ErrUnknownAnchor, ErrBadAnchor, ErrDevelopmentAnchor, ErrBadCollateral, ErrOldCollateral, ErrNoCollateral,
			ErrBadQuote, ErrRefusedByPolicy, ErrUnknownImage, ErrImageInactive, ErrImageExists, ErrBadImage, ErrEvalFalls,
			ErrTooSoon, ErrBadFirmware,
		},
	}
}
