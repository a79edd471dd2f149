// Package attest checks remote attestation evidence: quotes of Intel SGX and
// TDX (DCAP formats version 3, 4 and 5), and the collateral that says which
// platforms are to be believed.
//
// AMD's SEV-SNP is the business of attest/snp.
//
// It works in two steps. Collateral (revocation lists, TCB info, the identity
// of the quoting enclave) is authenticated once, by [PrepareCollateral] or by
// its four parts, and kept decoded; the runtime keeps it as chain state. A
// quote is then checked by [VerifyQuote] against that stored form at a given
// second, which yields [Evidence]. Whether evidence is good enough is policy,
// which the chain sets, and is the business of [ApplyPolicy] alone. [Explain]
// runs the same checks for people: it goes on where verification would stop,
// and returns a tree of what it found, a [verdict.Verdict].
//
// Every function is a function of its arguments. There is no clock, no
// network, no environment and no state; crypto/x509 is not used, since what
// it accepts moves between releases of Go. Input never panics. The package
// does not fetch collateral, does not make quotes (see tee), and does not say
// which measurement is a good one.
package attest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/hash"
)

// TEE is a kind of trusted execution environment.
type TEE uint8

// The kinds of trusted execution environment that quotes come from.
const (
	SGX TEE = 0
	TDX TEE = 1
)

// String returns the vendor's short name.
func (t TEE) String() string {
	switch t {
	case SGX:
		return "SGX"
	case TDX:
		return "TDX"
	}
	return fmt.Sprintf("TEE(%d)", uint8(t))
}

// Variants names the kinds by their numbers, for SCALE.
func (TEE) Variants() []string { return []string{"Sgx", "Tdx"} }

// Status is the state of a platform's trusted computing base as Intel
// publishes it. A greater value is worse.
type Status uint8

// The states in the order in which they merge: of several, the worst stands.
const (
	UpToDate Status = iota
	SWHardeningNeeded
	ConfigurationNeeded
	ConfigurationAndSWHardeningNeeded
	OutOfDate
	OutOfDateConfigurationNeeded
	Revoked
)

var statusNames = [...]string{
	"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded",
	"OutOfDate", "OutOfDateConfigurationNeeded", "Revoked",
}

// String returns the status as Intel's TCB info spells it.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// Variants names the states by their numbers, for SCALE.
func (Status) Variants() []string { return statusNames[:] }

// UnmarshalText reads a status as Intel's TCB info spells it.
func (s *Status) UnmarshalText(text []byte) (err error) {
	*s, err = parseStatus(string(text))
	return err
}

func parseStatus(name string) (Status, error) {
	for i, n := range statusNames {
		if n == name {
			return Status(i), nil
		}
	}
	return 0, fmt.Errorf("unknown TCB status %q", name)
}

// CA names the intermediate authority that issued a platform's certificate.
// Each has a revocation list of its own.
type CA uint8

// The two authorities below Intel's SGX root that certify platforms.
const (
	PlatformCA  CA = 0
	ProcessorCA CA = 1
)

// String returns the name that Intel's provisioning service uses.
func (c CA) String() string {
	switch c {
	case PlatformCA:
		return "platform"
	case ProcessorCA:
		return "processor"
	}
	return fmt.Sprintf("CA(%d)", uint8(c))
}

// Variants names the authorities by their numbers, for SCALE.
func (CA) Variants() []string { return []string{"Platform", "Processor"} }

// FMSPC identifies a family of platforms that share their TCB levels.
type FMSPC [6]byte

// String returns the identifier in upper-case hexadecimal, as Intel writes it.
func (f FMSPC) String() string { return fmt.Sprintf("%X", f[:]) }

// ErrRevoked tells that a certificate of the chain, or the platform's TCB
// level, is revoked.
var ErrRevoked = errors.New("revoked")

// ErrExpired tells that a certificate or a part of the collateral is not in
// its window of validity at the given time.
var ErrExpired = cert.ErrExpired

// ErrNoTCBLevel tells that the platform is older than every TCB level that
// the collateral lists.
var ErrNoTCBLevel = errors.New("no matching TCB level")

// Evidence is what a valid quote proves. It says nothing about whether the
// measured program is a wanted one: that is for [ApplyPolicy].
type Evidence struct {
	TEE        TEE
	Version    uint16   // of the quote's format
	Status     Status   // worst of platform, quoting enclave and TDX module
	Advisories []string // in the order platform, quoting enclave, module
	FMSPC      FMSPC
	PPID       [16]byte // identifies the machine: never store it in clear
	PCEID      [2]byte
	CPUSVN     [16]byte
	PCESVN     uint16
	CA         CA     // that certified the machine
	Authority  []byte // serial number of that authority's certificate
	Serial     []byte // of the machine's own certificate
	ReportData [64]byte
	SGX        *SGXReport // set when TEE is SGX
	TDX        *TDXReport // set when TEE is TDX
	Eval       uint32     // least tcbEvaluationDataNumber of the collateral used
	TCBDate    uint64     // Unix seconds of the platform's TCB level
	Issued     uint64     // Unix seconds at which the older of TCB info and QE identity was issued
	Until      uint64     // Unix seconds at which the first part of the collateral ends
	QuoteHash  hash.H256  // of the signed part: signatures are malleable
}

// String says in one line what the evidence is about, for logs and tools. The
// platform's identifier is left out.
func (e *Evidence) String() string {
	s := fmt.Sprintf("%s v%d %s fmspc %s", e.TEE, e.Version, e.Status, e.FMSPC)
	if len(e.Advisories) > 0 {
		s += " (" + strings.Join(e.Advisories, ", ") + ")"
	}
	return s
}
