package attest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/scale"
)

func goodTDX() (*attest.Evidence, *attest.Image) {
	r := &attest.TDXReport{MRTD: attest.Digest{1}, MRConfigID: attest.Digest{9}}
	r.Attributes[3] = 0x10 // SEPT_VE_DISABLE
	r.XFAM = [8]byte{0xE7}
	for i := range r.RTMR {
		r.RTMR[i] = attest.Digest{byte(10 + i)}
	}
	image := &attest.Image{Name: "worker", TierMax: 2, Measurement: attest.TDXMeasurement{
		MRTD: attest.Digest{1}, RTMR0: []attest.Digest{{77}, {10}}, RTMR1: attest.Digest{11}, RTMR2: attest.Digest{12},
		XFAMMax: [8]byte{0xFF},
	}}
	return &attest.Evidence{TEE: attest.TDX, TDX: r, Eval: 18}, image
}

func goodSGX() (*attest.Evidence, *attest.Image) {
	r := &attest.SGXReport{MREnclave: [32]byte{1}, MRSigner: [32]byte{2}, ProdID: 3, SVN: 4}
	r.Attributes = [16]byte{0: 5, 8: 3}
	image := &attest.Image{Name: "enclave", TierMax: 1, Measurement: attest.SGXMeasurement{
		MREnclave: [32]byte{1}, MRSigner: [32]byte{2}, ProdID: 3, MinSVN: 4, XFRMMax: [8]byte{0xE7},
	}}
	return &attest.Evidence{TEE: attest.SGX, SGX: r, Eval: 18}, image
}

func TestApplyPolicy(t *testing.T) {
	type change func(e *attest.Evidence, p *attest.Policy, i *attest.Image)
	rtmr3 := attest.Digest{13}
	other := attest.Digest{14}
	for _, c := range []struct {
		name string
		make func() (*attest.Evidence, *attest.Image)
		ok   bool
		f    change
	}{
		{"good trust domain", goodTDX, true, func(*attest.Evidence, *attest.Policy, *attest.Image) {}},
		{"good enclave", goodSGX, true, func(*attest.Evidence, *attest.Policy, *attest.Image) {}},
		{"debug trust domain", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.Attributes[0] = 1 }},
		{"other bit under the host's control", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.Attributes[0] = 0x80 }},
		{"no SEPT_VE_DISABLE", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.Attributes[3] = 0 }},
		{"migratable", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.Attributes[3] |= 0x20 }},
		{"service TD", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.MRServiceTD[47] = 1 }},
		{"owner", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.MROwner[0] = 1 }},
		{"owner's configuration", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.MROwnerConfig[0] = 1 }},
		{"SEAM signer", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.MRSignerSEAM[0] = 1 }},
		{"MRTD", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.MRTD[47] ^= 1 }},
		{"RTMR0", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.RTMR[0][47] ^= 1 }},
		{"RTMR1", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.RTMR[1][47] ^= 1 }},
		{"RTMR2", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.RTMR[2][47] ^= 1 }},
		{"RTMR3 that is fixed", goodTDX, false, func(_ *attest.Evidence, _ *attest.Policy, i *attest.Image) {
			m := i.Measurement.(attest.TDXMeasurement)
			m.RTMR3 = &other
			i.Measurement = m
		}},
		{"RTMR3 as it is", goodTDX, true, func(_ *attest.Evidence, _ *attest.Policy, i *attest.Image) {
			m := i.Measurement.(attest.TDXMeasurement)
			m.RTMR3 = &rtmr3
			i.Measurement = m
		}},
		{"another chain's configuration", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.MRConfigID[0]++ }},
		{"XFAM", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.TDX.XFAM[1] = 1 }},
		{"image of an enclave", goodTDX, false, func(_ *attest.Evidence, _ *attest.Policy, i *attest.Image) { _, g := goodSGX(); *i = *g }},
		{"image of a trust domain", goodSGX, false, func(_ *attest.Evidence, _ *attest.Policy, i *attest.Image) { _, g := goodTDX(); *i = *g }},
		{"no measurement", goodTDX, false, func(_ *attest.Evidence, _ *attest.Policy, i *attest.Image) { i.Measurement = nil }},
		{"debug enclave", goodSGX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.SGX.Attributes[0] |= 2 }},
		{"enclave not initialised", goodSGX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.SGX.Attributes[0] &^= 1 }},
		{"MRENCLAVE", goodSGX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.SGX.MREnclave[31] = 1 }},
		{"old enclave", goodSGX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) { e.SGX.SVN = 3 }},
		{"hardening", goodTDX, false, func(e *attest.Evidence, _ *attest.Policy, _ *attest.Image) {
			e.Status, e.Advisories = attest.SWHardeningNeeded, []string{"A"}
		}},
		{"hardening that is waived", goodTDX, true, func(e *attest.Evidence, p *attest.Policy, _ *attest.Image) {
			e.Status, e.Advisories, p.Advisories = attest.SWHardeningNeeded, []string{"A"}, []string{"B", "A"}
		}},
		{"configuration", goodTDX, false, func(e *attest.Evidence, p *attest.Policy, _ *attest.Image) {
			e.Status, e.Advisories, p.Advisories = attest.ConfigurationNeeded, []string{"A"}, []string{"A"}
		}},
		{"configuration that the image admits", goodTDX, true, func(e *attest.Evidence, p *attest.Policy, i *attest.Image) {
			e.Status, e.Advisories, p.Advisories, i.ConfigurationOK = attest.ConfigurationNeeded, []string{"A"}, []string{"A"}, true
		}},
		{"out of date", goodTDX, false, func(e *attest.Evidence, p *attest.Policy, i *attest.Image) {
			e.Status, e.Advisories, p.Advisories, i.ConfigurationOK = attest.OutOfDate, []string{"A"}, []string{"A"}, true
		}},
		{"old collateral", goodTDX, false, func(_ *attest.Evidence, p *attest.Policy, _ *attest.Image) { p.MinEvalTDX = 19 }},
		{"old collateral of the other kind", goodTDX, true, func(_ *attest.Evidence, p *attest.Policy, _ *attest.Image) { p.MinEvalSGX = 19 }},
		{"denied family", goodTDX, false, func(e *attest.Evidence, p *attest.Policy, _ *attest.Image) {
			e.FMSPC, p.Denied = attest.FMSPC{6}, []attest.FMSPC{{5}, {6}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, image := c.make()
			p := new(attest.Policy)
			c.f(e, p, image)
			a, err := attest.ApplyPolicy(e, p, image, attest.Digest{9}, attest.Production)
			if (err == nil) != c.ok || (err != nil && !errors.Is(err, attest.ErrPolicy)) {
				t.Fatalf("ApplyPolicy = %v, %v", a, err)
			}
			if c.ok && a.Tier != image.TierMax {
				t.Errorf("tier %d, want %d", a.Tier, image.TierMax)
			}
			if a, err := attest.ApplyPolicy(e, p, image, attest.Digest{9}, attest.Dev); c.ok && (err != nil || a.Tier != 0) {
				t.Errorf("under a development anchor: %v, %v; want tier 0", a, err)
			}
		})
	}
}

func TestImage(t *testing.T) {
	_, image := goodTDX()
	back, err := scale.Decode[attest.Image](scale.Marshal(*image))
	if err != nil || back.Measurement.(attest.TDXMeasurement).MRTD != (attest.Digest{1}) {
		t.Errorf("decoded %+v, %v", back, err)
	}
	image.ActiveFrom, image.RetireAt = 10, 20
	for block, want := range map[uint32]bool{9: false, 10: true, 19: true, 20: false} {
		if image.ActiveAt(block) != want {
			t.Errorf("ActiveAt(%d) = %v", block, !want)
		}
	}
}

func ExampleApplyPolicy() {
	evidence, image := goodTDX()
	evidence.TDX.Attributes[0] = 1
	_, err := attest.ApplyPolicy(evidence, &attest.Policy{}, image, attest.Digest{9}, attest.Dev)
	fmt.Println(err)
	// Output: refused by policy: trust domain is in debug mode
}
