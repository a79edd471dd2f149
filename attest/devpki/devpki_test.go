package devpki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
)

const now = 1795305600 // 2026-11-22

func report() *attest.TDXReport {
	r := &attest.TDXReport{TCBSVN: [16]byte{5, 1, 5}}
	r.Attributes[3] = 0x10
	r.ReportData[0] = 7
	return r
}

func prepare(t testing.TB, s *devpki.PCS, tee attest.TEE, fmspc attest.FMSPC, at uint64) *attest.Prepared {
	t.Helper()
	p, err := attest.PrepareCollateral(s.Collateral(tee, fmspc, at), s.PKI.Anchor(), at)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFormats(t *testing.T) {
	pki := devpki.New(devpki.Seed)
	m := pki.Platform(devpki.PlatformConfig{Machine: "a"})
	s := &devpki.PCS{PKI: pki}
	for _, c := range []struct {
		name string
		tee  attest.TEE
		raw  []byte
	}{
		{"SGX v3", attest.SGX, m.QuoteSGX(3, &attest.SGXReport{ReportData: [64]byte{7}})},
		{"SGX v4", attest.SGX, m.QuoteSGX(4, &attest.SGXReport{ReportData: [64]byte{7}})},
		{"SGX v5", attest.SGX, m.QuoteSGX(5, &attest.SGXReport{ReportData: [64]byte{7}})},
		{"TDX v4", attest.TDX, m.QuoteTDX(4, false, report())},
		{"TDX v5 1.0", attest.TDX, m.QuoteTDX(5, false, report())},
		{"TDX v5 1.5", attest.TDX, m.QuoteTDX(5, true, report())},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := prepare(t, s, c.tee, devpki.FMSPC, now)
			e, err := attest.VerifyQuote(c.raw, p, now)
			if err != nil {
				t.Fatal(err)
			}
			if e.Status != attest.UpToDate || e.ReportData[0] != 7 || e.PPID != m.PPID() || e.FMSPC != devpki.FMSPC || e.TEE != c.tee {
				t.Errorf("evidence %v, report data %x", e, e.ReportData)
			}
		})
	}
}

// TestNegatives has one case for each way in which a platform or its
// collateral can be bad, among them all that some public verifier accepts.
func TestNegatives(t *testing.T) {
	pki := devpki.New(devpki.Seed)
	type quoteOf func(m *devpki.Platform) []byte
	plain := func(m *devpki.Platform) []byte {
		r := report()
		r.TCBSVN = m.TCBSVN()
		return m.QuoteTDX(4, false, r)
	}
	for _, c := range []struct {
		name   string
		fault  devpki.Fault
		quote  quoteOf
		pcs    func(m *devpki.Platform, s *devpki.PCS)
		status attest.Status
		err    error
		refuse bool // with an error that has no name
	}{
		{name: "good"},
		{name: "one old component", fault: devpki.OldSVN, status: attest.SWHardeningNeeded},
		{name: "old platform, module up to date", fault: devpki.OutOfDate, status: attest.OutOfDate},
		{name: "old module, platform up to date", fault: devpki.OldModule, status: attest.OutOfDate},
		{name: "old PCE", fault: devpki.OldPCE, err: attest.ErrNoTCBLevel},
		{name: "new PCE", fault: devpki.NewPCE},
		{name: "below all levels", fault: devpki.Ancient, err: attest.ErrNoTCBLevel},
		{name: "TCB recovery", pcs: func(_ *devpki.Platform, s *devpki.PCS) { s.Recovery = true }, status: attest.OutOfDate},
		{name: "revoked platform", pcs: func(m *devpki.Platform, s *devpki.PCS) { s.RevokedPCK = [][]byte{m.Serial()} }, err: attest.ErrRevoked},
		{name: "unknown module version", quote: func(m *devpki.Platform) []byte {
			r := report()
			r.TCBSVN[1] = 9
			return m.QuoteTDX(4, false, r)
		}, refuse: true},
		{name: "module of another signer", quote: func(m *devpki.Platform) []byte {
			r := report()
			r.MRSignerSEAM[0] = 1
			return m.QuoteTDX(4, false, r)
		}, refuse: true},
		{name: "module with attributes", quote: func(m *devpki.Platform) []byte {
			r := report()
			r.SEAMAttributes[0] = 1
			return m.QuoteTDX(4, false, r)
		}, refuse: true},
		{name: "platform of another hierarchy", quote: func(*devpki.Platform) []byte {
			return plain(devpki.New("another").Platform(devpki.PlatformConfig{}))
		}, refuse: true},
		{name: "platform of another family", quote: func(*devpki.Platform) []byte {
			return plain(pki.Platform(devpki.PlatformConfig{FMSPC: attest.FMSPC{1}}))
		}, refuse: true},
		{name: "enclave in place of a trust domain", quote: func(m *devpki.Platform) []byte {
			return m.QuoteSGX(3, &attest.SGXReport{})
		}, refuse: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := pki.Platform(devpki.PlatformConfig{Machine: "m", Fault: c.fault})
			s := &devpki.PCS{PKI: pki}
			if c.pcs != nil {
				c.pcs(m, s)
			}
			if c.quote == nil {
				c.quote = plain
			}
			e, err := attest.VerifyQuote(c.quote(m), prepare(t, s, attest.TDX, devpki.FMSPC, now), now)
			switch {
			case c.refuse || c.err != nil:
				if err == nil || (c.err != nil && !errors.Is(err, c.err)) {
					t.Errorf("VerifyQuote = %v, %v; want error %v", e, err, c.err)
				}
			case err != nil:
				t.Error(err)
			case e.Status != c.status:
				t.Errorf("status %v, want %v", e.Status, c.status)
			}
		})
	}
}

func TestRevokedSigners(t *testing.T) {
	pki := devpki.New(devpki.Seed)
	raw := pki.Platform(devpki.PlatformConfig{}).QuoteTDX(4, false, report())
	for name, serial := range map[string][]byte{"PCK authority": pki.PlatformCASerial(), "TCB signing": pki.SigningSerial()} {
		s := &devpki.PCS{PKI: pki, RevokedRoot: [][]byte{serial}}
		if _, err := attest.PrepareCollateral(s.Collateral(attest.TDX, devpki.FMSPC, now), pki.Anchor(), now); !errors.Is(err, attest.ErrRevoked) {
			t.Errorf("%s revoked: collateral: %v", name, err)
		}
		// The list arrives after the rest was stored.
		p := prepare(t, &devpki.PCS{PKI: pki}, attest.TDX, devpki.FMSPC, now)
		p.RootCRL.Revoked = [][]byte{serial}
		if _, err := attest.VerifyQuote(raw, p, now); !errors.Is(err, attest.ErrRevoked) {
			t.Errorf("%s revoked: quote: %v", name, err)
		}
	}
}

func TestCollateralWindow(t *testing.T) {
	pki := devpki.New(devpki.Seed)
	s := &devpki.PCS{PKI: pki}
	c := s.Collateral(attest.TDX, devpki.FMSPC, now)
	for _, at := range []uint64{now - 3*86400, now + 29*86400} {
		if _, err := attest.PrepareCollateral(c, pki.Anchor(), at); !errors.Is(err, attest.ErrExpired) {
			t.Errorf("collateral of %d at %d: %v", now, at, err)
		}
	}
	// Collateral is the same all day, and newer the next day.
	same := s.Collateral(attest.TDX, devpki.FMSPC, now+86399)
	if !bytes.Equal(c.TCBInfo, same.TCBInfo) || !bytes.Equal(c.PCKCRL, same.PCKCRL) || !bytes.Equal(c.TCBInfoSignature, same.TCBInfoSignature) {
		t.Error("collateral changes within a day")
	}
	old := prepare(t, s, attest.TDX, devpki.FMSPC, now)
	next := prepare(t, s, attest.TDX, devpki.FMSPC, now+86400)
	if newer, err := next.TCB.Supersedes(&old.TCB); !newer || err != nil {
		t.Errorf("the next day's TCB info: %v, %v", newer, err)
	}
	if newer, err := next.PCKCRL.Supersedes(&old.PCKCRL); !newer || err != nil {
		t.Errorf("the next day's revocation list: %v, %v", newer, err)
	}
	if _, err := old.QE.Supersedes(&next.QE); !errors.Is(err, attest.ErrRollback) {
		t.Errorf("an old QE identity over a new one: %v", err)
	}
	doc := new(attest.Collateral)
	if err := json.Unmarshal(s.Document(attest.TDX, devpki.FMSPC, now), doc); err != nil || !bytes.Equal(doc.PCKCRL, c.PCKCRL) {
		t.Errorf("document: %v", err)
	}
}

// The standard library reads the certificates, and finds what we mean.
func TestAgainstX509(t *testing.T) {
	pki := devpki.New(devpki.Seed)
	if !bytes.Equal(pki.Anchor(), devpki.New(devpki.Seed).Anchor()) {
		t.Error("the root differs from one making to the next")
	}
	root, err := x509.ParseCertificate(pki.Anchor())
	if err != nil {
		t.Fatal(err)
	}
	if err := root.CheckSignatureFrom(root); err != nil {
		t.Error(err)
	}
	if !root.IsCA || root.MaxPathLen != 1 || root.Subject.CommonName != "Intel SGX Root CA" || !slices.Equal(root.Subject.Organization, []string{"Tacit Development (NOT Intel)"}) {
		t.Errorf("root: %+v", root.Subject)
	}
	crl, err := x509.ParseRevocationList((&devpki.PCS{PKI: pki, RevokedRoot: [][]byte{pki.SigningSerial()}}).Collateral(attest.TDX, devpki.FMSPC, now).RootCRL)
	if err != nil {
		t.Fatal(err)
	}
	if err := crl.CheckSignatureFrom(root); err != nil || len(crl.RevokedCertificateEntries) != 1 {
		t.Errorf("root's list: %v, %d entries", err, len(crl.RevokedCertificateEntries))
	}
}

func Example() {
	pki := devpki.New(devpki.Seed)
	machine := pki.Platform(devpki.PlatformConfig{Machine: "example"})
	quote := machine.QuoteTDX(4, false, &attest.TDXReport{TCBSVN: machine.TCBSVN()})

	service := devpki.PCS{PKI: pki}
	const now = 1795305600
	collateral, err := attest.PrepareCollateral(service.Collateral(attest.TDX, devpki.FMSPC, now), pki.Anchor(), now)
	if err != nil {
		fmt.Println(err)
		return
	}
	evidence, err := attest.VerifyQuote(quote, collateral, now)
	fmt.Println(evidence, err)
	// Output: TDX v4 UpToDate fmspc 444556000001 <nil>
}
