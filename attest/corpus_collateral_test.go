package attest_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
)

// collateralCorpus is collateral that must be refused.
func collateralCorpus(t *testing.T) (list []bad) {
	pki := devpki.New(devpki.Seed)
	machine := pki.Platform(devpki.PlatformConfig{Machine: "corpus"})
	other := &devpki.PCS{PKI: devpki.New("another vendor"), Eval: 1}
	for _, tee := range []attest.TEE{attest.SGX, attest.TDX} {
		service := &devpki.PCS{PKI: pki}
		row := func(name, reason string, change func(c *attest.Collateral)) {
			c := service.Collateral(tee, devpki.FMSPC, devNow)
			change(c)
			_, err := attest.PrepareCollateral(c, pki.Anchor(), devNow)
			list = append(list, bad{fmt.Sprintf("%s collateral: %s", tee, name), reason, err})
		}
		foreign := other.Collateral(tee, devpki.FMSPC, devNow)
		row("as it is", "", func(*attest.Collateral) {})
		for _, f := range []struct {
			name   string
			field  func(*attest.Collateral) *[]byte
			reason string
		}{
			{"root revocation list", func(c *attest.Collateral) *[]byte { return &c.RootCRL }, "check root revocation list"},
			{"PCK revocation list", func(c *attest.Collateral) *[]byte { return &c.PCKCRL }, "check PCK revocation list"},
			{"PCK list's chain", func(c *attest.Collateral) *[]byte { return &c.PCKCRLChain }, "check PCK revocation list"},
			{"TCB info", func(c *attest.Collateral) *[]byte { return &c.TCBInfo }, "check TCB info"},
			{"TCB info's signature", func(c *attest.Collateral) *[]byte { return &c.TCBInfoSignature }, "check TCB info"},
			{"TCB info's chain", func(c *attest.Collateral) *[]byte { return &c.TCBInfoChain }, "check TCB info"},
			{"QE identity", func(c *attest.Collateral) *[]byte { return &c.QEIdentity }, "check QE identity"},
			{"QE identity's signature", func(c *attest.Collateral) *[]byte { return &c.QEIdentitySig }, "check QE identity"},
			{"QE identity's chain", func(c *attest.Collateral) *[]byte { return &c.QEIdentityChain }, "check QE identity"},
		} {
			row(f.name+" missing", f.reason, func(c *attest.Collateral) { *f.field(c) = nil })
			row(f.name+" flipped", f.reason, func(c *attest.Collateral) { b := *f.field(c); *f.field(c) = flipped(b, len(b)*2/3) })
			row(f.name+" flipped at its end", f.reason, func(c *attest.Collateral) { b := *f.field(c); *f.field(c) = flipped(b, len(b)-30) })
			row(f.name+" cut", f.reason, func(c *attest.Collateral) { b := *f.field(c); *f.field(c) = b[:len(b)/2] })
			row(f.name+" followed by a byte", f.reason, func(c *attest.Collateral) { b := *f.field(c); *f.field(c) = append(bytes.Clone(b), '1') })
			row(f.name+" of another vendor", f.reason, func(c *attest.Collateral) { *f.field(c) = *f.field(foreign) })
		}
		row("the root's list in place of the PCK list", "check PCK revocation list", func(c *attest.Collateral) { c.PCKCRL = c.RootCRL })
		row("the PCK list in place of the root's", "check root revocation list", func(c *attest.Collateral) { c.RootCRL = c.PCKCRL })
		row("QE identity in place of TCB info", "check TCB info", func(c *attest.Collateral) { c.TCBInfo, c.TCBInfoSignature = c.QEIdentity, c.QEIdentitySig })
		row("TCB info in place of QE identity", "check QE identity", func(c *attest.Collateral) { c.QEIdentity, c.QEIdentitySig = c.TCBInfo, c.TCBInfoSignature })
		row("signatures exchanged", "check TCB info", func(c *attest.Collateral) { c.TCBInfoSignature, c.QEIdentitySig = c.QEIdentitySig, c.TCBInfoSignature })
		row("signed by the PCK authority", "check TCB info", func(c *attest.Collateral) { c.TCBInfoChain = c.PCKCRLChain })
		row("QE identity of the other kind of TEE", "TCB info is of", func(c *attest.Collateral) {
			o := service.Collateral(attest.SGX+attest.TDX-tee, devpki.FMSPC, devNow)
			c.QEIdentity, c.QEIdentitySig = o.QEIdentity, o.QEIdentitySig
		})
		for _, p := range []struct {
			name   string
			part   func(c, from *attest.Collateral)
			reason string
		}{
			{"root revocation list", func(c, from *attest.Collateral) { c.RootCRL = from.RootCRL }, "check root revocation list"},
			{"PCK revocation list", func(c, from *attest.Collateral) { c.PCKCRL = from.PCKCRL }, "check PCK revocation list"},
			{"TCB info", func(c, from *attest.Collateral) { c.TCBInfo, c.TCBInfoSignature = from.TCBInfo, from.TCBInfoSignature }, "check TCB info"},
			{"QE identity", func(c, from *attest.Collateral) {
				c.QEIdentity, c.QEIdentitySig = from.QEIdentity, from.QEIdentitySig
			}, "check QE identity"},
		} {
			row(p.name+" that ended", p.reason, func(c *attest.Collateral) { p.part(c, service.Collateral(tee, devpki.FMSPC, devNow-40*day)) })
			row(p.name+" of the future", p.reason, func(c *attest.Collateral) { p.part(c, service.Collateral(tee, devpki.FMSPC, devNow+5*day)) })
		}
		for name, serial := range map[string][]byte{"PCK authority": pki.PlatformCASerial(), "TCB signer": pki.SigningSerial()} {
			revoking := &devpki.PCS{PKI: pki, RevokedRoot: [][]byte{serial}}
			row(name+" revoked", "revoked", func(c *attest.Collateral) { *c = *revoking.Collateral(tee, devpki.FMSPC, devNow) })
		}
		list = append(list, rated(t, pki, machine, tee)...)
		list = append(list, rolledBack(t, service, pki, tee)...)
	}
	return list
}

// rated has every status of platform, quoting enclave and module, under a
// policy that waives nothing.
func rated(t *testing.T, pki *devpki.PKI, machine *devpki.Platform, tee attest.TEE) (list []bad) {
	quote := forms[0].quote(machine)
	if tee == attest.TDX {
		quote = forms[3].quote(machine)
	}
	for status := attest.UpToDate; status <= attest.Revoked; status++ {
		for _, whose := range []string{"platform", "quoting enclave", "module"} {
			service := &devpki.PCS{PKI: pki}
			switch whose {
			case "platform":
				service.Rated = status.String()
			case "quoting enclave":
				service.QERated = status.String()
			case "module":
				if tee == attest.SGX {
					continue
				}
				service.ModuleRated = status.String()
			}
			p, err := attest.PrepareCollateral(service.Collateral(tee, devpki.FMSPC, devNow), pki.Anchor(), devNow)
			if err != nil {
				t.Fatal(err)
			}
			reason := "platform is " + status.String()
			e, err := attest.VerifyQuote(quote, p, devNow)
			switch {
			case status == attest.Revoked:
				reason = "revoked"
			case err != nil:
				t.Fatal(err)
			case status == attest.UpToDate:
				reason = ""
			}
			if err == nil {
				image := &attest.Image{Measurement: attest.SGXMeasurement{}}
				if tee == attest.TDX {
					image.Measurement = attest.TDXMeasurement{RTMR0: []attest.Digest{{}}}
				}
				_, err = attest.ApplyPolicy(e, &attest.Policy{}, image, attest.Digest{}, attest.Production)
			}
			list = append(list, bad{fmt.Sprintf("%s: %s of the %s", tee, status, whose), reason, err})
		}
	}
	return list
}

// rolledBack has parts that are older than what they would replace.
func rolledBack(t *testing.T, service *devpki.PCS, pki *devpki.PKI, tee attest.TEE) (list []bad) {
	prepare := func(s *devpki.PCS, issued uint64) *attest.Prepared {
		p, err := attest.PrepareCollateral(s.Collateral(tee, devpki.FMSPC, issued), pki.Anchor(), devNow)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	now, yesterday := prepare(service, devNow), prepare(service, devNow-day)
	evaluated := prepare(&devpki.PCS{PKI: pki, Eval: 1}, devNow)
	add := func(name, reason string, f func() (bool, error)) {
		_, err := f()
		list = append(list, bad{fmt.Sprintf("%s rolled back: %s", tee, name), reason, err})
	}
	const old = "older"
	add("root list of yesterday", old, func() (bool, error) { return yesterday.RootCRL.Supersedes(&now.RootCRL) })
	add("PCK list of yesterday", old, func() (bool, error) { return yesterday.PCKCRL.Supersedes(&now.PCKCRL) })
	add("TCB info of yesterday", old, func() (bool, error) { return yesterday.TCB.Supersedes(&now.TCB) })
	add("QE identity of yesterday", old, func() (bool, error) { return yesterday.QE.Supersedes(&now.QE) })
	add("TCB info of a lower evaluation", old, func() (bool, error) { return now.TCB.Supersedes(&evaluated.TCB) })
	add("QE identity of a lower evaluation", old, func() (bool, error) { return now.QE.Supersedes(&evaluated.QE) })
	add("the same again", "", func() (bool, error) { return now.TCB.Supersedes(&now.TCB) })
	return list
}
