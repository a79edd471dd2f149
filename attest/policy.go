package attest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Class tells whether a trust anchor is worth anything.
type Class uint8

// Dev anchors certify simulated hardware: their workers run, and keep no
// secret. Production anchors are a vendor's.
const (
	Dev        Class = 0
	Production Class = 1
)

// String returns the class in lower case.
func (c Class) String() string {
	if c == Production {
		return "production"
	}
	return "development"
}

// Variants names the classes by their numbers, for SCALE.
func (Class) Variants() []string { return []string{"Development", "Production"} }

// Digest is a SHA-384 measurement.
type Digest [48]byte

// Policy is what the chain demands of every platform. The zero value demands
// a platform that is up to date, with no waiver.
type Policy struct {
	Advisories []string // those that a platform may be subject to
	MinEvalSGX uint32   // least tcbEvaluationDataNumber of collateral
	MinEvalTDX uint32
	Denied     []FMSPC // families of platforms that are not admitted
}

// Image is a program that the chain admits, as its measurement shows it.
type Image struct {
	Name             string
	Version          uint32
	ConsensusVersion uint32
	Measurement      Measurement
	ConfigurationOK  bool   // admits platforms that need another configuration
	AddedAt          uint32 // block
	ActiveFrom       uint32 // block
	RetireAt         uint32 // block from which it is refused; 0 for never
	TierMax          uint8
}

// ActiveAt reports whether workers may register with the image at a block.
func (i *Image) ActiveAt(block uint32) bool {
	return block >= i.ActiveFrom && (i.RetireAt == 0 || block < i.RetireAt)
}

// Succeeds reports whether the image may take the place of another, and be given
// what that one held: neither its version nor its place in the order of
// admission is below.
func (i *Image) Succeeds(other *Image) bool {
	return i.Version >= other.Version && i.AddedAt >= other.AddedAt
}

// Measurement is what hardware says about a program: [SGXMeasurement],
// [TDXMeasurement] or [SNPMeasurement].
type Measurement interface{ measurement() }

// SGXMeasurement identifies an enclave. MRSIGNER alone never suffices.
type SGXMeasurement struct {
	MREnclave [32]byte
	MRSigner  [32]byte
	ProdID    uint16
	MinSVN    uint16
	XFRMMax   [8]byte // bits that XFRM may have
}

// TDXMeasurement identifies a trust domain.
type TDXMeasurement struct {
	MRTD            Digest
	RTMR0           []Digest // shapes of virtual machine that are admitted
	RTMR1           Digest
	RTMR2           Digest
	RTMR3           *Digest // nil: whatever the program extended it to
	AttributesMask  [8]byte
	AttributesValue [8]byte
	XFAMMax         [8]byte // bits that XFAM may have
}

// SNPMeasurement identifies a guest of SEV-SNP; attest/snp judges it.
type SNPMeasurement struct {
	Measurement Digest
	MinGuestSVN uint32
	IDKey       *Digest // digest of the key that signed the guest; nil: any, or none
}

func (SGXMeasurement) measurement() {}
func (TDXMeasurement) measurement() {}
func (SNPMeasurement) measurement() {}

var _ = scale.Enum(scale.V[Measurement]{0: SGXMeasurement{}, 1: TDXMeasurement{}, 2: SNPMeasurement{}})

// ImageID is the name of an image: blake2_256 of its measurement's encoding.
func ImageID(m Measurement) hash.H256 { return hash.Blake2b256(scale.Encode(m)) }

// Bits of TDATTRIBUTES, counted over its eight bytes.
// Intel TDX Module Base Architecture Specification, TD attributes.
const (
	tdSeptVEDisable = 28
	tdPKS           = 30
	tdKeyLocker     = 31
	tdPerfMon       = 63
)

var tdAllowed = bits(tdSeptVEDisable, tdPKS, tdKeyLocker, tdPerfMon)

func bits(list ...int) (out [8]byte) {
	for _, b := range list {
		out[b/8] |= 1 << (b % 8)
	}
	return out
}

// ErrPolicy tells that evidence is genuine, and not good enough.
var ErrPolicy = errors.New("refused by policy")

// Admission is what valid, wanted evidence entitles to.
type Admission struct {
	Class Class
	// Tier is the most that the evidence can reach: 0 for simulated hardware,
	// else what the image may.
	Tier uint8
}

// ApplyPolicy decides whether evidence admits a worker that says it runs the
// image. Config is what MRCONFIGID must be, the hash of the configuration that
// the chain expects; class is that of the anchor the evidence was checked
// under. Whether the image is active is the caller's to check. Every refusal
// is an [ErrPolicy].
func ApplyPolicy(e *Evidence, p *Policy, image *Image, config Digest, class Class) (Admission, error) {
	if err := applyPolicy(e, p, image, config); err != nil {
		return Admission{}, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	if class != Production {
		return Admission{Class: class}, nil
	}
	return Admission{Class: class, Tier: image.TierMax}, nil
}

func applyPolicy(e *Evidence, p *Policy, image *Image, config Digest) error {
	if err := p.status(e, image.ConfigurationOK); err != nil {
		return err
	}
	least := p.MinEvalSGX
	if e.TEE == TDX {
		least = p.MinEvalTDX
	}
	if e.Eval < least {
		return fmt.Errorf("collateral has evaluation number %d, at least %d is needed", e.Eval, least)
	}
	if slices.Contains(p.Denied, e.FMSPC) {
		return fmt.Errorf("platforms of FMSPC %s are denied", e.FMSPC)
	}
	switch m := image.Measurement.(type) {
	case SGXMeasurement:
		if e.SGX == nil {
			return errors.New("image is of SGX")
		}
		return m.admits(e.SGX)
	case TDXMeasurement:
		if e.TDX == nil {
			return errors.New("image is of TDX")
		}
		return m.admits(e.TDX, config)
	case SNPMeasurement:
		return errors.New("image is of SEV-SNP")
	}
	return errors.New("image has no measurement")
}

func (p *Policy) status(e *Evidence, configurationOK bool) error {
	switch e.Status {
	case UpToDate:
	case SWHardeningNeeded:
	case ConfigurationNeeded, ConfigurationAndSWHardeningNeeded:
		if !configurationOK {
			return fmt.Errorf("platform is %s", e.Status)
		}
	default:
		return fmt.Errorf("platform is %s", e.Status)
	}
	for _, a := range e.Advisories {
		if !slices.Contains(p.Advisories, a) {
			return fmt.Errorf("platform is subject to %s", a)
		}
	}
	if e.Status != UpToDate && len(e.Advisories) == 0 {
		return fmt.Errorf("platform is %s for an unnamed reason", e.Status)
	}
	return nil
}

func (m *SGXMeasurement) admits(r *SGXReport) error {
	if err := r.sound(); err != nil {
		return err
	}
	switch {
	case r.MREnclave != m.MREnclave || r.MRSigner != m.MRSigner || r.ProdID != m.ProdID:
		return errors.New("measurement differs")
	case r.SVN < m.MinSVN:
		return fmt.Errorf("enclave has security version %d, at least %d is needed", r.SVN, m.MinSVN)
	case !within([8]byte(r.Attributes[8:]), m.XFRMMax):
		return errors.New("XFRM has other features")
	}
	return nil
}

// sound checks what every enclave must be that is to keep a secret, whatever
// its program.
func (r *SGXReport) sound() error {
	switch {
	case r.Debug():
		return errors.New("enclave is in debug mode")
	case r.Attributes[0]&sgxInit == 0:
		return errors.New("enclave is not initialised")
	case r.MiscSelect != [4]byte{}:
		return errors.New("MISCSELECT is set")
	}
	return nil
}

func (m *TDXMeasurement) admits(r *TDXReport, config Digest) error {
	if err := r.sound(); err != nil {
		return err
	}
	switch {
	case !matches(r.Attributes[:], m.AttributesMask[:], m.AttributesValue[:]):
		return errors.New("TDATTRIBUTES differs")
	case !within(r.XFAM, m.XFAMMax):
		return errors.New("XFAM has other features")
	case r.MRTD != m.MRTD || r.RTMR[1] != m.RTMR1 || r.RTMR[2] != m.RTMR2 || !slices.Contains(m.RTMR0, r.RTMR[0]):
		return errors.New("measurement differs")
	case m.RTMR3 != nil && r.RTMR[3] != *m.RTMR3:
		return errors.New("RTMR3 differs")
	case !bytes.Equal(r.MRConfigID[:], config[:]):
		return errors.New("MRCONFIGID is of another configuration")
	}
	return nil
}

// sound checks what every trust domain must be that is to keep a secret,
// whatever its program.
func (r *TDXReport) sound() error {
	switch {
	case r.Debug():
		return errors.New("trust domain is in debug mode")
	case r.Attributes[3]&(1<<(tdSeptVEDisable-24)) == 0:
		return errors.New("SEPT_VE_DISABLE is not set")
	case !within(r.Attributes, tdAllowed):
		return errors.New("TDATTRIBUTES has other bits")
	case r.MRSignerSEAM != Digest{}:
		return errors.New("TDX module is not Intel's")
	case r.MRServiceTD != Digest{}:
		return errors.New("a service trust domain is bound")
	case r.MROwner != Digest{} || r.MROwnerConfig != Digest{}:
		return errors.New("MROWNER is set")
	}
	return nil
}

// within reports whether have has no bit that allowed lacks.
func within(have, allowed [8]byte) bool {
	for i := range have {
		if have[i]&^allowed[i] != 0 {
			return false
		}
	}
	return true
}
