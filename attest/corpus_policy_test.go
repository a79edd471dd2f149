package attest_test

import (
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest"
)

// policyCorpus is evidence that is genuine and must not admit a worker.
func policyCorpus() (list []bad) {
	config := attest.Digest{7}
	measured := attest.TDXMeasurement{
		MRTD: attest.Digest{1}, RTMR0: []attest.Digest{{2}, {3}}, RTMR1: attest.Digest{4}, RTMR2: attest.Digest{5}, RTMR3: &attest.Digest{6},
		XFAMMax: [8]byte{0xE7},
	}
	sound := func() *attest.Evidence {
		return &attest.Evidence{TEE: attest.TDX, Eval: 18, FMSPC: attest.FMSPC{1}, TDX: &attest.TDXReport{
			Attributes: [8]byte{3: 0x10}, XFAM: [8]byte{0xE7}, MRTD: measured.MRTD, MRConfigID: config,
			RTMR: [4][48]byte{measured.RTMR0[1], measured.RTMR1, measured.RTMR2, *measured.RTMR3},
		}}
	}
	row := func(name, reason string, change func(e *attest.Evidence, p *attest.Policy, i *attest.Image)) {
		e, p, i := sound(), &attest.Policy{}, &attest.Image{Measurement: measured}
		change(e, p, i)
		_, err := attest.ApplyPolicy(e, p, i, config, attest.Production)
		list = append(list, bad{"policy: " + name, reason, err})
	}
	row("as it is", "", func(*attest.Evidence, *attest.Policy, *attest.Image) {})
	// TDATTRIBUTES: bits 0 to 7 are debugging, 28 must be set; of the others
	// only 30, 31 and 63 may. Intel TDX Module Base Architecture, TD attributes.
	for bit := range 64 {
		reason := "TDATTRIBUTES has other bits"
		switch {
		case bit < 8:
			reason = "debug mode"
		case bit == 28:
			reason = "SEPT_VE_DISABLE is not set"
		case slices.Contains([]int{30, 31, 63}, bit):
			reason = ""
		}
		row(fmt.Sprintf("bit %d of TDATTRIBUTES is another", bit), reason, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) {
			e.TDX.Attributes[bit/8] ^= 1 << (bit % 8)
		})
	}
	for bit := range 64 {
		reason := "XFAM has other features"
		if bit < 8 {
			reason = "" // as far as the image says, XFAM may have fewer
			if bit == 3 || bit == 4 {
				reason = "XFAM has other features"
			}
		}
		row(fmt.Sprintf("bit %d of XFAM is another", bit), reason, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) {
			e.TDX.XFAM[bit/8] ^= 1 << (bit % 8)
		})
	}
	for _, c := range []struct {
		name, reason string
		change       func(r *attest.TDXReport)
	}{
		{"MRTD", "measurement differs", func(r *attest.TDXReport) { r.MRTD[47]++ }},
		{"RTMR0 of another machine", "measurement differs", func(r *attest.TDXReport) { r.RTMR[0][0]++ }},
		{"RTMR0 of the other admitted machine", "", func(r *attest.TDXReport) { r.RTMR[0] = measured.RTMR0[0] }},
		{"RTMR1", "measurement differs", func(r *attest.TDXReport) { r.RTMR[1][0]++ }},
		{"RTMR2", "measurement differs", func(r *attest.TDXReport) { r.RTMR[2][0]++ }},
		{"RTMR3", "RTMR3 differs", func(r *attest.TDXReport) { r.RTMR[3][0]++ }},
		{"configuration of another chain", "MRCONFIGID is of another configuration", func(r *attest.TDXReport) { r.MRConfigID[0]++ }},
		{"module of somebody's", "TDX module is not Intel's", func(r *attest.TDXReport) { r.MRSignerSEAM[0] = 1 }},
		{"migration trust domain", "a service trust domain is bound", func(r *attest.TDXReport) { r.MRServiceTD[0] = 1 }},
		{"owner", "MROWNER is set", func(r *attest.TDXReport) { r.MROwner[0] = 1 }},
		{"owner's configuration", "MROWNER is set", func(r *attest.TDXReport) { r.MROwnerConfig[0] = 1 }},
	} {
		row(c.name, c.reason, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { c.change(e.TDX) })
	}
	row("evaluation below the least", "at least 19 is needed", func(_ *attest.Evidence, p *attest.Policy, _ *attest.Image) { p.MinEvalTDX = 19 })
	row("denied family", "are denied", func(_ *attest.Evidence, p *attest.Policy, _ *attest.Image) { p.Denied = []attest.FMSPC{{2}, {1}} })
	row("an advisory that is not waived", "is subject to B", func(e *attest.Evidence, p *attest.Policy, _ *attest.Image) {
		e.Status, e.Advisories, p.Advisories = attest.SWHardeningNeeded, []string{"A", "B"}, []string{"A"}
	})
	row("advisories that are waived", "", func(e *attest.Evidence, p *attest.Policy, _ *attest.Image) {
		e.Status, e.Advisories, p.Advisories = attest.SWHardeningNeeded, []string{"A", "B"}, []string{"B", "A"}
	})
	row("no advisory named", "for an unnamed reason", func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.Status = attest.SWHardeningNeeded })
	row("configuration that the program does not bear", "ConfigurationNeeded", func(e *attest.Evidence, p *attest.Policy, _ *attest.Image) {
		e.Status, e.Advisories, p.Advisories = attest.ConfigurationNeeded, []string{"A"}, []string{"A"}
	})
	row("configuration that the program bears", "", func(e *attest.Evidence, p *attest.Policy, i *attest.Image) {
		e.Status, e.Advisories, p.Advisories, i.ConfigurationOK = attest.ConfigurationNeeded, []string{"A"}, []string{"A"}, true
	})
	row("an enclave's program", "image is of SGX", func(_ *attest.Evidence, _ *attest.Policy, i *attest.Image) { i.Measurement = attest.SGXMeasurement{} })
	row("AMD's program", "image is of SEV-SNP", func(_ *attest.Evidence, _ *attest.Policy, i *attest.Image) { i.Measurement = attest.SNPMeasurement{} })
	row("no program", "no measurement", func(_ *attest.Evidence, _ *attest.Policy, i *attest.Image) { i.Measurement = nil })
	enclave := attest.SGXMeasurement{MREnclave: [32]byte{1}, MRSigner: [32]byte{2}, ProdID: 3, MinSVN: 4, XFRMMax: [8]byte{3}}
	for _, c := range []struct {
		name, reason string
		change       func(r *attest.SGXReport)
	}{
		{"as it is", "", func(*attest.SGXReport) {}},
		{"debug", "debug mode", func(r *attest.SGXReport) { r.Attributes[0] |= 2 }},
		{"not initialised", "not initialised", func(r *attest.SGXReport) { r.Attributes[0] &^= 1 }},
		{"MISCSELECT", "MISCSELECT is set", func(r *attest.SGXReport) { r.MiscSelect[0] = 1 }},
		{"another program of the signer's", "measurement differs", func(r *attest.SGXReport) { r.MREnclave[0]++ }},
		{"another signer", "measurement differs", func(r *attest.SGXReport) { r.MRSigner[0]++ }},
		{"another product", "measurement differs", func(r *attest.SGXReport) { r.ProdID++ }},
		{"older version", "at least 4 is needed", func(r *attest.SGXReport) { r.SVN = 3 }},
		{"newer version", "", func(r *attest.SGXReport) { r.SVN = 5 }},
		{"other features", "XFRM has other features", func(r *attest.SGXReport) { r.Attributes[8] = 7 }},
	} {
		row("enclave: "+c.name, c.reason, func(e *attest.Evidence, _ *attest.Policy, i *attest.Image) {
			r := &attest.SGXReport{Attributes: [16]byte{0: 5, 8: 3}, MREnclave: enclave.MREnclave, MRSigner: enclave.MRSigner, ProdID: 3, SVN: 4}
			c.change(r)
			*e, i.Measurement = attest.Evidence{TEE: attest.SGX, SGX: r}, enclave
		})
	}
	return list
}
