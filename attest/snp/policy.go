package snp

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/verdict"
)

// MinTCB is the least firmware of a product.
type MinTCB struct {
	Product Product
	TCB     TCB
}

// Policy is what is demanded of a machine and its guest. The zero value is a
// production policy: no debugging, no migration, a key of the chip's own, a
// machine whose memory was checked for aliases, revocation looked up.
type Policy struct {
	Measurements [][]byte   // that are admitted; nil leaves the program unjudged
	HostData     *[32]byte  // the hash of the configuration; nil for any
	IDKeys       [][48]byte // digests of keys that may have signed the guest; nil for any
	Least        []MinTCB   // products that are not listed may have any
	MinABI       Firmware   // least ABI version that the guest demands; Build is not used
	VLEK         bool       // a cloud's key will do
	Aliases      bool       // admits machines whose memory was not checked (BadRAM)
	Unrevoked    bool       // admits evidence without AMD's revocation list
}

// ErrPolicy tells that evidence is genuine, and not good enough.
var ErrPolicy = attest.ErrPolicy

// Apply reports, as an [ErrPolicy], why evidence is not good enough.
func (p *Policy) Apply(e *Evidence) error {
	all := verdict.Group("", p.measurement(e.Report), p.check(e))
	if f := all.FirstFailure(); f != nil {
		return fmt.Errorf("%w: %s", ErrPolicy, f.Reason())
	}
	return nil
}

func (p *Policy) measurement(r *Report) *verdict.Check {
	q := attest.Requirements{Measurements: p.Measurements}
	host := verdict.Pass("HOST_DATA", fmt.Sprintf("%x", r.HostData))
	if p.HostData != nil && *p.HostData != r.HostData {
		host = verdict.Fail("HOST_DATA", "HOST_DATA", "it is of another configuration", "start the guest with the configuration that is expected")
	}
	id := verdict.Pass("ID_KEY_DIGEST", fmt.Sprintf("%x", r.IDKeyDigest))
	if p.IDKeys != nil && !slices.Contains(p.IDKeys, r.IDKeyDigest) {
		id = verdict.Fail("ID_KEY_DIGEST", "ID_KEY_DIGEST", "the guest is not signed by a key that is admitted", "sign the guest with an admitted key")
	}
	return verdict.Group("measurement", q.CheckMeasurement("MEASUREMENT", r.Measurement[:]), host, id,
		verdict.Pass("report data", fmt.Sprintf("%x", r.ReportData)))
}

// check judges all but the program.
func (p *Policy) check(e *Evidence) *verdict.Check {
	q := attest.Requirements{Unrevoked: p.Unrevoked}
	return verdict.Group("policy", p.guest(e.Report), p.key(e), p.firmware(e), p.machine(e), q.CheckListed(e.Listed))
}

// guest judges what the guest lets its host do.
func (p *Policy) guest(r *Report) *verdict.Check {
	const name, advice = "guest policy", "start the guest with another policy: what may be looked into keeps no secret"
	major, minor := uint8(r.Policy>>8), uint8(r.Policy)
	var err error
	switch {
	case r.Debug():
		err = errors.New("the host may debug the guest")
	case r.Policy&policyMigrateMA != 0:
		err = errors.New("a migration agent may be bound to the guest")
	case r.Policy&policyReservedOne == 0 || r.Policy&policyReservedZeroes != 0:
		err = errors.New("reserved bits of the policy are not as they must be")
	case major < p.MinABI.Major || major == p.MinABI.Major && minor < p.MinABI.Minor:
		err = fmt.Errorf("the guest demands ABI %d.%d only, %d.%d is needed", major, minor, p.MinABI.Major, p.MinABI.Minor)
	case r.VMPL != 0:
		err = fmt.Errorf("the report was asked for at privilege level %d, not 0", r.VMPL)
	}
	if err != nil {
		return verdict.Fail(name, "POLICY", err.Error(), advice)
	}
	return verdict.Pass(name, fmt.Sprintf("%#x, no debugging", r.Policy))
}

// key judges which key signed, and whose.
func (p *Policy) key(e *Evidence) *verdict.Check {
	const name = "signing key"
	switch {
	case e.Report.SigningKey == VLEK && !p.VLEK:
		return verdict.Fail(name, "SIGNING_KEY", "it is the cloud's VLEK, which names no chip", "ask the host for a report by the chip's VCEK")
	case zero(e.Report.ChipID[:]) && e.Report.SigningKey == VCEK:
		return verdict.Fail(name, "CHIP_ID", "the machine hides its identifier", "have the host's MASK_CHIP_ID turned off")
	}
	return verdict.Pass(name, e.Report.SigningKey.String())
}

// firmware judges the versions of the firmware.
func (p *Policy) firmware(e *Evidence) *verdict.Check {
	const name, advice = "firmware", "update the machine's firmware, commit it, and get a VCEK for it"
	r := e.Report
	current, committed := r.CurrentTCB(e.Product), r.CommittedTCB(e.Product)
	for _, m := range p.Least {
		if part := e.TCB.Lacks(m.TCB); m.Product == e.Product && part != "" {
			c := verdict.Fail(name, part, "it is older than is admitted", advice)
			c.Have, c.Want = e.TCB.String(), "at least "+m.TCB.String()
			return c
		}
	}
	if current != committed || r.Current != r.Committed {
		c := verdict.Fail(name, "COMMITTED_TCB", "the firmware can be rolled back", advice)
		c.Have, c.Want = committed.String(), current.String()
		return c
	}
	return verdict.Pass(name, e.TCB.String())
}

// machine judges how the machine is set up.
func (p *Policy) machine(e *Evidence) *verdict.Check {
	const name = "machine"
	info := e.Report.PlatformInfo
	switch {
	case !p.Aliases && info&platformAliasCheck == 0:
		return verdict.Fail(name, "PLATFORM_INFO", "its memory was not checked for aliases (BadRAM)", "update the machine's firmware to one that checks them")
	case e.Product == Turin && info&platformCiphertextHiding == 0:
		return verdict.Fail(name, "PLATFORM_INFO", "its host can read ciphertext", "turn on ciphertext hiding in the machine's firmware")
	}
	return verdict.Pass(name, fmt.Sprintf("platform info %#x", info))
}
