// Package snp checks attestation reports of AMD SEV-SNP, versions 2 to 5, and
// the certificates that they hang on: a chip's VCEK or a cloud's VLEK, AMD's
// intermediate key, and the root key of each product line.
//
// [ParseReport] decodes, [Verify] checks a report against [Endorsements] at a
// given second and yields [Evidence], [Policy] says what is good enough, and
// [Explain] does all of it for people, as a tree. AMD publishes no levels as
// Intel does: which firmware is recent enough is policy, by [TCB].
//
// Every function is a function of its arguments, input never panics, and
// nothing is fetched. Quotes of Intel's are the business of attest.
//
// https://docs.amd.com/v/u/en-US/56860 is the ABI, 57230 the certificates.
package snp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ReportSize is the size of a report in bytes, the same in all versions.
const ReportSize = 1184

const (
	signedSize      = 0x2A0
	signatureField  = 72 // bytes of each number, little endian
	ecdsaP384SHA384 = 1
)

// Bits of a guest's policy.
const (
	policySMT            = 1 << 16
	policyReservedOne    = 1 << 17
	policyMigrateMA      = 1 << 18
	policyDebug          = 1 << 19
	policySingleSocket   = 1 << 20
	policyReservedZeroes = ^uint64(1<<26 - 1)
)

// Bits of PLATFORM_INFO.
const (
	platformCiphertextHiding = 1 << 4
	platformAliasCheck       = 1 << 5
)

// KeyKind is which key signed a report.
type KeyKind uint8

// The keys that sign reports.
const (
	VCEK KeyKind = 0 // of one chip
	VLEK KeyKind = 1 // of one cloud
)

// String returns AMD's name of the key.
func (k KeyKind) String() string {
	switch k {
	case VCEK:
		return "VCEK"
	case VLEK:
		return "VLEK"
	}
	return fmt.Sprintf("KeyKind(%d)", uint8(k))
}

// Product is a line of processors that has a root key of its own.
type Product uint8

// The lines of processors with SEV-SNP.
const (
	Milan Product = iota + 1
	Genoa         // Bergamo and Siena as well
	Turin
)

// String returns AMD's name of the line.
func (p Product) String() string {
	switch p {
	case Milan:
		return "Milan"
	case Genoa:
		return "Genoa"
	case Turin:
		return "Turin"
	}
	return fmt.Sprintf("Product(%d)", uint8(p))
}

// TCB is the security version of each part of a chip's firmware. FMC is of
// Turin only.
type TCB struct {
	FMC, BootLoader, TEE, SNP, Microcode uint8
}

// Reaches reports whether no part of t is below that of least.
func (t TCB) Reaches(least TCB) bool { return t.Lacks(least) == "" }

// Lacks names the first part of t that is below that of least, or is empty.
func (t TCB) Lacks(least TCB) string {
	for _, part := range []struct {
		name       string
		have, want uint8
	}{
		{"FMC", t.FMC, least.FMC}, {"boot loader", t.BootLoader, least.BootLoader}, {"TEE", t.TEE, least.TEE},
		{"SNP firmware", t.SNP, least.SNP}, {"microcode", t.Microcode, least.Microcode},
	} {
		if part.have < part.want {
			return part.name
		}
	}
	return ""
}

// String writes the versions as AMD's tools do.
func (t TCB) String() string {
	s := fmt.Sprintf("bl %d, tee %d, snp %d, ucode %d", t.BootLoader, t.TEE, t.SNP, t.Microcode)
	if t.FMC > 0 {
		s = fmt.Sprintf("fmc %d, %s", t.FMC, s)
	}
	return s
}

// tcbOf reads TCB_VERSION, whose parts stand elsewhere on Turin:
//
//	Milan, Genoa: boot loader, TEE, 4 reserved, SNP, microcode
//	Turin:        FMC, boot loader, TEE, SNP, 3 reserved, microcode
func tcbOf(b [8]byte, p Product) TCB {
	if p == Turin {
		return TCB{FMC: b[0], BootLoader: b[1], TEE: b[2], SNP: b[3], Microcode: b[7]}
	}
	return TCB{BootLoader: b[0], TEE: b[1], SNP: b[6], Microcode: b[7]}
}

// Firmware is a version of AMD's firmware.
type Firmware struct{ Major, Minor, Build uint8 }

// Report is a decoded, not yet believed report.
//
//	000 version u32, guest SVN u32, policy u64, family id [16], image id [16]
//	030 VMPL u32, signature algorithm u32, current TCB [8], platform info u64
//	048 flags u32: author key, masked chip id, signing key; 4 reserved
//	050 report data [64], measurement [48], host data [32]
//	0E0 id key digest [48], author key digest [48], report id [32], agent's report id [32]
//	180 reported TCB [8]; from version 3: family, model, stepping; reserved to 1A0
//	1A0 chip id [64], committed TCB [8], current and committed firmware [4] each
//	1F0 launch TCB [8]; from version 5: mitigations at launch u64, now u64; reserved to 2A0
//	2A0 signature: r [72], s [72], little endian; reserved to 4A0
//
// SEV Secure Nested Paging Firmware ABI Specification, table ATTESTATION_REPORT.
type Report struct {
	Version         uint32
	GuestSVN        uint32
	Policy          uint64
	FamilyID        [16]byte
	ImageID         [16]byte
	VMPL            uint32
	PlatformInfo    uint64
	AuthorKey       bool    // a digest of the author's key is in the report
	MaskChipKey     bool    // the chip's identifier is left out
	SigningKey      KeyKind // which key signed
	ReportData      [64]byte
	Measurement     [48]byte
	HostData        [32]byte
	IDKeyDigest     [48]byte
	AuthorKeyDigest [48]byte
	ReportID        [32]byte
	ReportIDMA      [32]byte
	Family          uint8 // of the processor; 0 before version 3
	Model           uint8
	Stepping        uint8
	ChipID          [64]byte
	Current         Firmware
	Committed       Firmware
	LaunchFixes     uint64 // mitigation vectors, from version 5
	CurrentFixes    uint64

	currentTCB, reportedTCB, committedTCB, launchTCB [8]byte

	signed    []byte
	signature [96]byte // r ‖ s, big endian
}

// Debug reports whether the host may look into the guest.
func (r *Report) Debug() bool { return r.Policy&policyDebug != 0 }

// ReportedTCB is the version that the signing key is of. Which bytes mean what
// depends on the product.
func (r *Report) ReportedTCB(p Product) TCB { return tcbOf(r.reportedTCB, p) }

// CurrentTCB is the version that runs.
func (r *Report) CurrentTCB(p Product) TCB { return tcbOf(r.currentTCB, p) }

// CommittedTCB is the version below which the firmware cannot be rolled back.
func (r *Report) CommittedTCB(p Product) TCB { return tcbOf(r.committedTCB, p) }

// LaunchTCB is the version at which the guest was started.
func (r *Report) LaunchTCB(p Product) TCB { return tcbOf(r.launchTCB, p) }

// Product returns the line of the processor as the report names it; false
// before version 3, which does not, and for a line that is not known.
func (r *Report) Product() (Product, bool) {
	switch {
	case r.Version < 3:
	case r.Family == 0x19 && r.Model <= 0x0F:
		return Milan, true
	case r.Family == 0x19 && (r.Model >= 0x10 && r.Model <= 0x1F || r.Model >= 0xA0 && r.Model <= 0xAF):
		return Genoa, true
	case r.Family == 0x1A && r.Model <= 0x11:
		return Turin, true
	}
	return 0, false
}

// IsReport reports whether bytes look like a report, whole or not: a known
// version, and none of the header of Intel's quotes.
func IsReport(raw []byte) bool {
	if len(raw) < 4 {
		return false
	}
	v := binary.LittleEndian.Uint32(raw)
	return v >= 2 && v <= 5
}

// ParseReport decodes a report without believing any of it. Bytes behind it
// are accepted only when all are zero.
func ParseReport(raw []byte) (*Report, error) {
	if len(raw) < ReportSize {
		return nil, fmt.Errorf("report ends early: %d of %d bytes", len(raw), ReportSize)
	}
	if len(raw) > 16<<10 || !zero(raw[ReportSize:]) {
		return nil, errors.New("report is followed by bytes that are not zero")
	}
	raw = raw[:ReportSize:ReportSize]
	le := binary.LittleEndian
	r := &Report{
		Version: le.Uint32(raw), GuestSVN: le.Uint32(raw[4:]), Policy: le.Uint64(raw[8:]),
		VMPL: le.Uint32(raw[0x30:]), PlatformInfo: le.Uint64(raw[0x40:]), signed: raw[:signedSize],
	}
	if r.Version < 2 || r.Version > 5 {
		return nil, fmt.Errorf("report version %d is not known", r.Version)
	}
	if alg := le.Uint32(raw[0x34:]); alg != ecdsaP384SHA384 {
		return nil, fmt.Errorf("signature algorithm %d is not ECDSA P-384 with SHA-384", alg)
	}
	flags := le.Uint32(raw[0x48:])
	r.AuthorKey, r.MaskChipKey = flags&1 != 0, flags&2 != 0
	switch key := flags >> 2 & 7; key {
	case 0, 1:
		r.SigningKey = KeyKind(key)
	default:
		return nil, fmt.Errorf("report is signed by no key that is known: %d", key)
	}
	for _, f := range []struct {
		dst []byte
		at  int
	}{
		{r.FamilyID[:], 0x10}, {r.ImageID[:], 0x20}, {r.currentTCB[:], 0x38}, {r.ReportData[:], 0x50}, {r.Measurement[:], 0x90},
		{r.HostData[:], 0xC0}, {r.IDKeyDigest[:], 0xE0}, {r.AuthorKeyDigest[:], 0x110}, {r.ReportID[:], 0x140},
		{r.ReportIDMA[:], 0x160}, {r.reportedTCB[:], 0x180}, {r.ChipID[:], 0x1A0}, {r.committedTCB[:], 0x1E0}, {r.launchTCB[:], 0x1F0},
	} {
		copy(f.dst, raw[f.at:])
	}
	if r.Version >= 3 {
		r.Family, r.Model, r.Stepping = raw[0x188], raw[0x189], raw[0x18A]
	}
	r.Current = Firmware{Build: raw[0x1E8], Minor: raw[0x1E9], Major: raw[0x1EA]}
	r.Committed = Firmware{Build: raw[0x1EC], Minor: raw[0x1ED], Major: raw[0x1EE]}
	if r.Version >= 5 {
		r.LaunchFixes, r.CurrentFixes = le.Uint64(raw[0x1F8:]), le.Uint64(raw[0x200:])
	}
	// What is signed cannot be varied, what is not must not be.
	if !zero(raw[signedSize+2*signatureField:]) {
		return nil, errors.New("bytes behind the signature are not zero")
	}
	for i := range 2 {
		n := raw[signedSize+i*signatureField:][:signatureField]
		if !zero(n[48:]) {
			return nil, errors.New("signature is longer than the curve's numbers")
		}
		for k := range 48 {
			r.signature[i*48+47-k] = n[k]
		}
	}
	return r, nil
}

func zero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}
