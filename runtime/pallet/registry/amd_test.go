package registry_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devamd"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
)

// amd is a registration on a chip of AMD's; change may spoil the report.
type amd struct {
	*world
	pki  *devamd.PKI
	chip *devamd.Chip
}

var milan = snp.TCB{BootLoader: 3, SNP: 8, Microcode: 115}

func newAMD(t testing.TB) *amd {
	w := &amd{world: newWorld(t), pki: devamd.New(snp.Milan)}
	w.chip = w.pki.Chip(snp.VCEK, milan)
	w.must(w.Root(attestation.SetAnchor{ID: 1, Kind: attestation.DevelopmentAMD, Certificate: w.pki.Root(), Enabled: true}))
	w.must(w.Root(attestation.AddImage{
		Name: []byte("snp"), Version: 1, Measurement: attest.SNPMeasurement{Measurement: attest.Digest{9}}, ActiveFrom: w.Number, TierMax: 2,
	}))
	return w
}

func (w *amd) bring(ask, asvk bool) error {
	return w.Signed(chain.AccountID{77}, attestation.UploadAmd{
		Anchor: 1, Intermediate: w.pki.Intermediate(snp.VCEK), List: w.pki.List(w.Millis/1000, ask, asvk),
	})
}

func (w *amd) register(epoch uint64, change func(*devamd.Fields)) registry.Register {
	info := w.info()
	info.BootEpoch, info.ImageID = epoch, attest.ImageID(attest.SNPMeasurement{Measurement: attest.Digest{9}})
	r := registry.Register{Info: info, Nonce: [32]byte{8}, Endorsement: w.chip.Certificate()}
	config := w.registry.WorkerConfig(w.Context())
	f := devamd.Fields{
		Measurement: attest.Digest{9}, HostData: config.HostData(),
		ReportData: report.Data(&info, report.Register, w.Hash(0), w.Hash(info.RecentBlock), r.Nonce),
	}
	if change != nil {
		change(&f)
	}
	r.Quote = w.chip.Report(f)
	r.Signature = [64]byte(w.identity.Sign(info.SigningPayload(w.Hash(0))))
	return r
}

func TestRegisterAMD(t *testing.T) {
	w := newAMD(t)
	if err := w.Signed(operator, w.register(1, nil)); !errors.Is(err, attestation.ErrNoCollateral) {
		t.Errorf("without a list: %v", err)
	}
	w.must(w.bring(false, false))
	w.must(w.Signed(operator, w.register(1, nil)))
	r, _ := w.registry.Workers.Get(w, w.id())
	if r.Anchor != 1 || r.Class != attest.Dev || r.Status != attest.UpToDate || r.Certificate != (hash.H256{}) || !w.registry.MayServe(w.Context(), w.id(), 0) {
		t.Errorf("worker %+v", r)
	}
	w.Number += 5
	for _, c := range []struct {
		name   string
		change func(*devamd.Fields)
		err    error
	}{
		{"debug", func(f *devamd.Fields) { f.Policy = 1 << 19 }, attestation.ErrRefusedByPolicy},
		{"migration agent", func(f *devamd.Fields) { f.Policy = 1 << 18 }, attestation.ErrRefusedByPolicy},
		{"privilege level", func(f *devamd.Fields) { f.VMPL = 1 }, attestation.ErrRefusedByPolicy},
		{"aliased memory", func(f *devamd.Fields) { f.PlatformInfo = 1 << 5 }, attestation.ErrRefusedByPolicy},
		{"another program", func(f *devamd.Fields) { f.Measurement[0]++ }, attestation.ErrRefusedByPolicy},
		{"another configuration", func(f *devamd.Fields) { f.HostData[0]++ }, attestation.ErrRefusedByPolicy},
		{"firmware that can be rolled back", func(f *devamd.Fields) { f.Committed = &snp.TCB{BootLoader: 3, SNP: 7, Microcode: 115} }, attestation.ErrRefusedByPolicy},
		{"masked chip", func(f *devamd.Fields) { f.MaskChip = true }, attestation.ErrRefusedByPolicy},
		{"another chip", func(f *devamd.Fields) { f.OtherChip = true }, attestation.ErrBadQuote},
		{"other firmware than certified", func(f *devamd.Fields) { f.Reported = &snp.TCB{BootLoader: 4, SNP: 8, Microcode: 115} }, attestation.ErrBadQuote},
		{"report data", func(f *devamd.Fields) { f.ReportData[0]++ }, registry.ErrWrongReportData},
	} {
		if err := w.Signed(operator, w.register(2, c.change)); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
	}
	spoil := func(f func(*registry.Register)) registry.Register {
		r := w.register(2, nil)
		f(&r)
		return r
	}
	stranger := devamd.New(snp.Milan).Chip(snp.VCEK, milan)
	for _, c := range []struct {
		name string
		call registry.Register
		err  error
	}{
		{"no certificate", spoil(func(r *registry.Register) { r.Endorsement = nil }), attestation.ErrBadQuote},
		{"cut certificate", spoil(func(r *registry.Register) { r.Endorsement = r.Endorsement[:100] }), attestation.ErrBadQuote},
		{"another chip's certificate", spoil(func(r *registry.Register) { r.Endorsement = stranger.Certificate() }), attestation.ErrBadQuote},
		{"another line's certificate", spoil(func(r *registry.Register) {
			r.Endorsement = devamd.New(snp.Genoa).Chip(snp.VCEK, milan).Certificate()
		}), attestation.ErrUnknownAnchor},
		{"a cloud's certificate", spoil(func(r *registry.Register) { r.Endorsement = w.pki.Chip(snp.VLEK, milan).Certificate() }), attestation.ErrUnknownAnchor},
		{"signature", spoil(func(r *registry.Register) { r.Quote[0x2A0] ^= 1 }), attestation.ErrBadQuote},
		{"cut report", spoil(func(r *registry.Register) { r.Quote = r.Quote[:1183] }), attestation.ErrBadQuote},
		{"a quote of Intel's", spoil(func(r *registry.Register) { r.Quote = w.good().Quote }), attestation.ErrBadQuote},
	} {
		if err := w.Signed(operator, c.call); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
	}
	intel := w.by(newIdentity(t, 61), "a machine of Intel's", 1)
	intel.Endorsement = []byte{1}
	if err := w.Signed(operator, intel); !errors.Is(err, attestation.ErrBadQuote) {
		t.Errorf("Intel's quote with a certificate beside it: %v", err)
	}
	// Firmware that is not recent enough any more.
	w.must(w.Root(attestation.SetAmdFirmware{Least: []snp.MinTCB{{Product: snp.Milan, TCB: snp.TCB{BootLoader: 3, SNP: 9, Microcode: 115}}}}))
	if err := w.Signed(operator, w.register(2, nil)); !errors.Is(err, attestation.ErrRefusedByPolicy) {
		t.Errorf("old firmware: %v", err)
	}
	for name, least := range map[string][]snp.MinTCB{
		"falls": {{Product: snp.Milan, TCB: milan}}, "forgets": nil, "another": {{Product: snp.Genoa}},
	} {
		if err := w.Root(attestation.SetAmdFirmware{Least: least}); !errors.Is(err, attestation.ErrEvalFalls) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, least := range map[string][]snp.MinTCB{"unknown": {{Product: 9}}, "twice": {{Product: snp.Milan}, {Product: snp.Milan}}} {
		if err := w.Root(attestation.SetAmdFirmware{Least: least}); !errors.Is(err, attestation.ErrBadFirmware) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUploadAMD brings AMD's lists; one that revokes the chips' authority takes
// out all that it certified.
func TestUploadAMD(t *testing.T) {
	w := newAMD(t)
	w.must(w.bring(false, false))
	w.must(w.Signed(operator, w.register(1, nil)))
	if pays, err := w.PaysFee(operator, attestation.UploadAmd{
		Anchor: 1, Intermediate: w.pki.Intermediate(snp.VCEK), List: w.pki.List(w.Millis/1000, false, false),
	}); err != nil || !pays {
		t.Errorf("the same again: pays %v, %v", pays, err)
	}
	w.Millis += day * 1000
	newer := attestation.UploadAmd{Anchor: 1, Intermediate: w.pki.Intermediate(snp.VCEK), List: w.pki.List(w.Millis/1000, false, false)}
	for name, call := range map[string]attestation.UploadAmd{
		"another authority":  {Anchor: 1, Intermediate: w.pki.Intermediate(snp.VLEK), List: newer.List},
		"no authority":       {Anchor: 1, List: newer.List},
		"another line":       {Anchor: 1, Intermediate: devamd.New(snp.Genoa).Intermediate(snp.VCEK), List: newer.List},
		"another line's":     {Anchor: 1, Intermediate: newer.Intermediate, List: devamd.New(snp.Genoa).List(w.Millis/1000, false, false)},
		"no list":            {Anchor: 1, Intermediate: newer.Intermediate},
		"a list of tomorrow": {Anchor: 1, Intermediate: newer.Intermediate, List: w.pki.List(w.Millis/1000+day, false, false)},
		"a list that ended":  {Anchor: 1, Intermediate: newer.Intermediate, List: w.pki.List(w.Millis/1000-31*day, false, false)},
		"a changed list":     {Anchor: 1, Intermediate: newer.Intermediate, List: append(bytes.Clone(newer.List[:len(newer.List)-1]), newer.List[len(newer.List)-1]^1)},
	} {
		if err := w.Signed(operator, call); !errors.Is(err, attestation.ErrBadCollateral) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, anchor := range []uint8{0, 7} {
		call := newer
		call.Anchor = anchor
		if err := w.Signed(operator, call); !errors.Is(err, attestation.ErrUnknownAnchor) {
			t.Errorf("anchor %d: %v", anchor, err)
		}
	}
	if pays, err := w.PaysFee(operator, newer); err != nil || pays {
		t.Errorf("a newer list: pays %v, %v", pays, err)
	}
	old := newer
	old.List = w.pki.List(w.Millis/1000-day, false, false)
	if err := w.Signed(operator, old); !errors.Is(err, attestation.ErrOldCollateral) {
		t.Errorf("an older list: %v", err)
	}
	w.Millis += day * 1000
	w.must(w.Signed(operator, w.register(2, nil)))
	w.Take()
	w.must(w.bring(true, false))
	if got := w.names(); !slices.Equal(got, []string{"AuthorityRevoked", "AmdUpdated"}) {
		t.Errorf("events %q", got)
	}
	if got := w.standing(); got != "speaks false works false tier 0" {
		t.Error(got)
	}
	if err := w.Signed(operator, w.register(3, nil)); !errors.Is(err, attestation.ErrBadQuote) {
		t.Errorf("it comes back: %v", err)
	}
}
