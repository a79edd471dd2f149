package attest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/verdict"
)

const (
	devNow = 1795305600 // 2026-11-22
	day    = 86400
)

// bench is a platform with its collateral, and a case that is accepted.
type bench struct {
	pki     *devpki.PKI
	machine *devpki.Platform
	service *devpki.PCS
}

func newBench(fault devpki.Fault, fmspc attest.FMSPC) *bench {
	b := &bench{pki: devpki.New(devpki.Seed)}
	b.machine = b.pki.Platform(devpki.PlatformConfig{Machine: "bench", Fault: fault, FMSPC: fmspc})
	b.service = &devpki.PCS{PKI: b.pki}
	return b
}

func (b *bench) tdx() []byte {
	r := &attest.TDXReport{TCBSVN: b.machine.TCBSVN()}
	r.Attributes[3] = 0x10
	return b.machine.QuoteTDX(4, false, r)
}

func (b *bench) judge(quote []byte, tee attest.TEE, fmspc attest.FMSPC, issued, at uint64) (*attest.Evidence, *verdict.Verdict, error) {
	c := b.service.Collateral(tee, fmspc, issued)
	v := attest.Explain(attest.Case{Quote: quote, Collateral: c, Anchor: b.pki.Anchor(), Now: at})
	p, err := attest.PrepareCollateral(c, b.pki.Anchor(), at)
	if err != nil {
		return nil, v, err
	}
	e, err := attest.VerifyQuote(quote, p, at)
	return e, v, err
}

// Each case is something that a published verifier decides wrongly: it accepts
// what it must refuse, or refuses what it must accept. Which one does, and in
// what version, is what running them against such vectors showed.
func TestDefectsOfOtherVerifiers(t *testing.T) {
	letters := attest.FMSPC{0xAB, 0xCD, 0xEF, 0, 0, 1}
	good := newBench(devpki.NoFault, attest.FMSPC{})
	for _, c := range []struct {
		name   string
		bench  *bench
		quote  func(*bench) []byte
		tee    attest.TEE
		fmspc  attest.FMSPC
		issued uint64
		set    func(*bench)
		err    error
		refuse string // part of an error that has no name
		status attest.Status
	}{
		{name: "old PCE is refused (oasis-core 25.2 accepts it)", bench: newBench(devpki.OldPCE, attest.FMSPC{}), err: attest.ErrNoTCBLevel},
		{name: "new PCE is accepted (oasis-core 25.2 refuses it)", bench: newBench(devpki.NewPCE, attest.FMSPC{})},
		{name: "revoked PCK is refused (oasis-core accepts it)", bench: newBench(devpki.NoFault, attest.FMSPC{}),
			set: func(b *bench) { b.service.RevokedPCK = [][]byte{b.machine.Serial()} }, err: attest.ErrRevoked},
		{name: "revoked PCK authority is refused (oasis-core accepts it)", bench: newBench(devpki.NoFault, attest.FMSPC{}),
			set: func(b *bench) { b.service.RevokedRoot = [][]byte{b.pki.PlatformCASerial()} }, err: attest.ErrRevoked},
		{name: "collateral of the future is refused (go-tdx-guest accepts it)", bench: newBench(devpki.NoFault, attest.FMSPC{}),
			issued: devNow + 5*day, err: attest.ErrExpired},
		{name: "FMSPC in capitals (go-tdx-guest 0.3.1 refuses it)", bench: newBench(devpki.NoFault, letters), fmspc: letters},
		{name: "FMSPC in small letters", bench: newBench(devpki.NoFault, letters), fmspc: letters, set: func(b *bench) { b.service.LowerCase = true }},
		{name: "old platform with a new module is out of date (go-tdx-guest's main hides it)", bench: newBench(devpki.OutOfDate, attest.FMSPC{}), status: attest.OutOfDate},
		{name: "new platform with an old module is out of date", bench: newBench(devpki.OldModule, attest.FMSPC{}), status: attest.OutOfDate},
		{name: "padding of zeros is accepted (oasis-core's strict parser refuses it)", bench: newBench(devpki.NoFault, attest.FMSPC{}),
			quote: func(b *bench) []byte { return append(b.tdx(), make([]byte, 300)...) }},
		{name: "other padding is refused", bench: newBench(devpki.NoFault, attest.FMSPC{}),
			quote: func(b *bench) []byte { return append(b.tdx(), 0, 0, 1) }, refuse: "not zero"},
		{name: "TD 1.5 in version 5 is accepted (oasis-core has no version 5)", bench: newBench(devpki.NoFault, attest.FMSPC{}),
			quote: func(b *bench) []byte {
				return b.machine.QuoteTDX(5, true, &attest.TDXReport{TCBSVN: b.machine.TCBSVN(), Attributes: [8]byte{3: 0x10}})
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.set != nil {
				c.set(c.bench)
			}
			if c.fmspc == (attest.FMSPC{}) {
				c.fmspc = devpki.FMSPC
			}
			if c.issued == 0 {
				c.issued = devNow
			}
			if c.quote == nil {
				c.quote = (*bench).tdx
			}
			e, v, err := c.bench.judge(c.quote(c.bench), attest.TDX, c.fmspc, c.issued, devNow)
			refused := c.err != nil || c.refuse != ""
			if (err != nil) != refused || c.err != nil && !errors.Is(err, c.err) || c.refuse != "" && !strings.Contains(err.Error(), c.refuse) {
				t.Fatalf("%v, %v; want %v %q", e, err, c.err, c.refuse)
			}
			if !refused && e.Status != c.status {
				t.Errorf("status %v, want %v", e.Status, c.status)
			}
			if v.Accept == refused || v.PolicyAccept != (!refused && c.status == attest.UpToDate) {
				t.Errorf("explained as %v, policy %v: %s; %s", v.Accept, v.PolicyAccept, v.Reason, v.PolicyReason)
			}
		})
	}
	// A debug trust domain is genuine, and the policy's to refuse
	// (go-tdx-guest leaves it to another package).
	debug := good.machine.QuoteTDX(4, false, &attest.TDXReport{TCBSVN: good.machine.TCBSVN(), Attributes: [8]byte{1, 0, 0, 0x10}})
	if _, v, err := good.judge(debug, attest.TDX, devpki.FMSPC, devNow, devNow); err != nil || !v.Accept || v.PolicyAccept || !strings.Contains(v.PolicyReason, "debug") {
		t.Errorf("debug: %v, %+v", err, v)
	}
	// Lists that are missing, unreadable or foreign are noticed (dcap-qvl for
	// JavaScript ignores all three).
	for name, list := range map[string][]byte{"unreadable": {1, 2, 3}, "foreign": good.service.Collateral(attest.TDX, devpki.FMSPC, devNow).RootCRL, "missing": nil} {
		c := good.service.Collateral(attest.TDX, devpki.FMSPC, devNow)
		c.PCKCRL = list
		if _, err := attest.PrepareCollateral(c, good.pki.Anchor(), devNow); err == nil {
			t.Errorf("%s list is accepted", name)
		}
		v := attest.Explain(attest.Case{Quote: good.tdx(), Collateral: c, Anchor: good.pki.Anchor(), Now: devNow})
		if v.PolicyAccept || v.Accept != (name == "missing") {
			t.Errorf("%s list: explained as %v, policy %v", name, v.Accept, v.PolicyAccept)
		}
	}
}

// Whatever is signed must not change, in any format.
func TestTamperedFormats(t *testing.T) {
	b := newBench(devpki.NoFault, attest.FMSPC{})
	report := &attest.TDXReport{TCBSVN: b.machine.TCBSVN()}
	for name, q := range map[string]struct {
		raw []byte
		tee attest.TEE
	}{
		"SGX v3":        {b.machine.QuoteSGX(3, &attest.SGXReport{}), attest.SGX},
		"SGX v4":        {b.machine.QuoteSGX(4, &attest.SGXReport{}), attest.SGX},
		"SGX v5":        {b.machine.QuoteSGX(5, &attest.SGXReport{}), attest.SGX},
		"TDX v4":        {b.machine.QuoteTDX(4, false, report), attest.TDX},
		"TDX v5 TD 1.0": {b.machine.QuoteTDX(5, false, report), attest.TDX},
		"TDX v5 TD 1.5": {b.machine.QuoteTDX(5, true, report), attest.TDX},
	} {
		c := b.service.Collateral(q.tee, devpki.FMSPC, devNow)
		p, err := attest.PrepareCollateral(c, b.pki.Anchor(), devNow)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := attest.VerifyQuote(q.raw, p, devNow); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pem := bytes.Index(q.raw, []byte("-----BEGIN"))
		for i := 0; i < pem; i += 3 { // hits each field of more than two bytes
			bad := bytes.Clone(q.raw)
			bad[i] ^= 0x10
			if _, err := attest.VerifyQuote(bad, p, devNow); err == nil {
				t.Errorf("%s: byte %d changed: accepted", name, i)
			}
		}
		for n := range q.raw {
			if n > pem && n%31 != 0 {
				continue
			}
			if _, err := attest.ParseQuote(q.raw[:n]); err == nil {
				t.Errorf("%s: %d bytes are accepted", name, n)
			}
		}
	}
}

func TestRequirements(t *testing.T) {
	type change func(b *bench, c *attest.Case)
	sgx := func(r attest.SGXReport) change {
		return func(b *bench, c *attest.Case) {
			c.Quote, c.Collateral = b.machine.QuoteSGX(3, &r), b.service.Collateral(attest.SGX, devpki.FMSPC, devNow)
		}
	}
	for _, c := range []struct {
		name  string
		fault devpki.Fault
		set   change
		want  string // part of the policy's refusal; empty for none
	}{
		{"good", 0, nil, ""},
		{"hardening", devpki.OldSVN, nil, "TACIT-DEV-00001"},
		{"hardening that is waived", devpki.OldSVN, func(_ *bench, c *attest.Case) { c.Requirements.Advisories = []string{"TACIT-DEV-00001"} }, ""},
		{"out of date", devpki.OutOfDate, func(_ *bench, c *attest.Case) {
			c.Requirements.Advisories = []string{"TACIT-DEV-00001", "TACIT-DEV-00002"}
		}, "UpToDate belongs"},
		{"out of date, which is admitted", devpki.OutOfDate, func(_ *bench, c *attest.Case) {
			c.Requirements.Advisories = []string{"TACIT-DEV-00001", "TACIT-DEV-00002"}
			c.Requirements.Statuses = []attest.Status{attest.OutOfDate}
		}, ""},
		{"out of date since 14 days", devpki.OutOfDate, func(_ *bench, c *attest.Case) { c.Requirements.RecoveryAt = devNow - 14*day }, ""},
		{"out of date since longer", devpki.OutOfDate, func(_ *bench, c *attest.Case) { c.Requirements.RecoveryAt = devNow - 14*day - 1 }, "OutOfDate"},
		{"out of date since longer than is borne", devpki.OutOfDate, func(_ *bench, c *attest.Case) {
			c.Requirements.RecoveryAt, c.Requirements.Grace = devNow-2*day, day
		}, "OutOfDate"},
		{"out of date in the future", devpki.OutOfDate, func(_ *bench, c *attest.Case) { c.Requirements.RecoveryAt = devNow + 1 }, "OutOfDate"},
		{"evaluation number", 0, func(_ *bench, c *attest.Case) { c.Requirements.MinEvalTDX = 19 }, "at least 19"},
		{"evaluation number of the other kind", 0, func(_ *bench, c *attest.Case) { c.Requirements.MinEvalSGX = 19 }, ""},
		{"denied family", 0, func(_ *bench, c *attest.Case) { c.Requirements.Denied = []attest.FMSPC{devpki.FMSPC} }, "FMSPC"},
		{"family that is not allowed", 0, func(_ *bench, c *attest.Case) { c.Requirements.Allowed = []attest.FMSPC{{1}} }, "FMSPC"},
		{"family that is allowed", 0, func(_ *bench, c *attest.Case) { c.Requirements.Allowed = []attest.FMSPC{{1}, devpki.FMSPC} }, ""},
		{"collateral of two days", 0, func(_ *bench, c *attest.Case) { c.Requirements.MaxAge = 2*day - 1 }, "too old"},
		{"collateral of two days, which is fresh enough", 0, func(_ *bench, c *attest.Case) { c.Requirements.MaxAge = 2 * day }, ""},
		{"collateral of eight days", 0, func(b *bench, c *attest.Case) {
			c.Collateral = b.service.Collateral(attest.TDX, devpki.FMSPC, devNow-6*day)
		}, "too old"},
		{"no list", 0, func(_ *bench, c *attest.Case) { c.Collateral.PCKCRL = nil }, "not looked up"},
		{"no list, and none demanded", 0, func(_ *bench, c *attest.Case) {
			c.Collateral.PCKCRL, c.Requirements.Unrevoked = nil, true
		}, ""},
		{"attribute that is demanded", 0, func(_ *bench, c *attest.Case) {
			c.Requirements.Attributes, c.Requirements.AttributesMask = [8]byte{3: 0x10}, [8]byte{3: 0xFF}
		}, ""},
		{"attribute that is not there", 0, func(_ *bench, c *attest.Case) {
			c.Requirements.Attributes, c.Requirements.AttributesMask = [8]byte{3: 0x50}, [8]byte{3: 0xFF}
		}, "TDATTRIBUTES"},
		{"features", 0, func(b *bench, c *attest.Case) {
			c.Quote = b.machine.QuoteTDX(4, false, &attest.TDXReport{TCBSVN: b.machine.TCBSVN(), Attributes: [8]byte{3: 0x10}, XFAM: [8]byte{0xE7, 2}})
			c.Requirements.Features = &[8]byte{0xFF}
		}, "XFAM"},
		{"features that are admitted", 0, func(b *bench, c *attest.Case) {
			c.Quote = b.machine.QuoteTDX(4, false, &attest.TDXReport{TCBSVN: b.machine.TCBSVN(), Attributes: [8]byte{3: 0x10}, XFAM: [8]byte{0xE7}})
			c.Requirements.Features = &[8]byte{0xFF}
		}, ""},
		{"debug enclave", 0, sgx(attest.SGXReport{Attributes: [16]byte{3}}), "debug"},
		{"enclave that is not initialised", 0, sgx(attest.SGXReport{}), "not initialised"},
		{"enclave", 0, sgx(attest.SGXReport{Attributes: [16]byte{0: 5, 8: 3}}), ""},
		{"program", 0, func(_ *bench, c *attest.Case) { c.Requirements.Measurements = [][]byte{make([]byte, 47)} }, "MRTD"},
		{"program that is admitted", 0, func(_ *bench, c *attest.Case) { c.Requirements.Measurements = [][]byte{{1}, make([]byte, 48)} }, ""},
		{"a log that is none", 0, func(_ *bench, c *attest.Case) { c.EventLog = []byte{1} }, "event log"},
	} {
		b := newBench(c.fault, attest.FMSPC{})
		x := attest.Case{Quote: b.tdx(), Collateral: b.service.Collateral(attest.TDX, devpki.FMSPC, devNow), Anchor: b.pki.Anchor(), Now: devNow}
		if c.set != nil {
			c.set(b, &x)
		}
		v := attest.Explain(x)
		if !v.Accept || v.PolicyAccept != (c.want == "") || !strings.Contains(v.PolicyReason, c.want) {
			t.Errorf("%s: accept %v (%s), policy %v (%s); want %q", c.name, v.Accept, v.Reason, v.PolicyAccept, v.PolicyReason, c.want)
		}
	}
}

// The tree says how far a platform is behind.
func TestBehind(t *testing.T) {
	b := newBench(devpki.OutOfDate, attest.FMSPC{})
	_, v, err := b.judge(b.tdx(), attest.TDX, devpki.FMSPC, devNow, devNow)
	if err != nil {
		t.Fatal(err)
	}
	// By its construction: two below in the first two components, and a level
	// of 2025-03-13 where the best is of 2026-08-13.
	c := v.Tree.Find("TCB level")
	if c.State != verdict.Warned || c.Field != "SGX TCB component 1" || c.Have != "3" || c.Want != "at least 5" || !strings.Contains(c.Behind, "518 days") {
		t.Errorf("%+v", c)
	}
	b = newBench(devpki.OldModule, attest.FMSPC{})
	_, v, _ = b.judge(b.tdx(), attest.TDX, devpki.FMSPC, devNow, devNow)
	if c := v.Tree.Find("TDX module"); c.State != verdict.Warned || c.Have != "2" || c.Want != "at least 5" || !strings.Contains(c.Behind, "days") {
		t.Errorf("%+v", c)
	}
	if !slices.Equal(v.Advisories, []string{"TACIT-DEV-00003"}) || v.Status != "OutOfDate" {
		t.Errorf("%v %v", v.Advisories, v.Status)
	}
}

func ExampleExplain() {
	pki := devpki.New(devpki.Seed)
	machine := pki.Platform(devpki.PlatformConfig{Machine: "example", Fault: devpki.OldPCE})
	service := devpki.PCS{PKI: pki}
	const now = 1795305600
	verdict := attest.Explain(attest.Case{
		Quote:      machine.QuoteSGX(3, &attest.SGXReport{}),
		Collateral: service.Collateral(attest.SGX, devpki.FMSPC, now),
		Anchor:     pki.Anchor(),
		Now:        now,
	})
	verdict.Tree.Find("TCB level").Write(os.Stdout)
	fmt.Println(verdict.Accept)
	// Output:
	// ✗ TCB level: no matching TCB level
	//       PCESVN: is 4, at least 13 belongs
	//       behind: PCESVN by 9
	//       do: update the machine's firmware, microcode and TDX module: it is older than all that its vendor still rates
	// false
}
