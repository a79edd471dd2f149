package snp_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devamd"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/internal/vectors"
)

const now = 1795305600 // 2026-11-22

var tcb = map[snp.Product]snp.TCB{
	snp.Milan: {BootLoader: 4, SNP: 22, Microcode: 213},
	snp.Genoa: {BootLoader: 9, SNP: 21, Microcode: 72},
	snp.Turin: {FMC: 1, BootLoader: 2, TEE: 1, SNP: 4, Microcode: 80},
}

func vector(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(vectors.Dir(tb), "quotes", name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// chainOf returns AMD's certificates of a product line in DER: intermediate, root.
func chainOf(tb testing.TB, product string) (ask, ark []byte) {
	tb.Helper()
	first, rest := pem.Decode(vector(tb, "amd_ask_ark_"+product+".pem"))
	second, _ := pem.Decode(rest)
	return first.Bytes, second.Bytes
}

func verify(tb testing.TB, raw []byte, e snp.Endorsements, a snp.Anchor, at uint64) (*snp.Evidence, error) {
	tb.Helper()
	r, err := snp.ParseReport(raw)
	if err != nil {
		return nil, err
	}
	return snp.Verify(r, &e, &a, at)
}

// A report of a real Milan; what is expected is from the README beside it,
// which go-sev-guest agrees with.
func TestRealReport(t *testing.T) {
	raw, vcek := vector(t, "snp_v2_milan.report.bin"), vector(t, "snp_v2_milan.vcek.der")
	ask, ark := chainOf(t, "milan")
	pinned := snp.AMD()[0]
	for _, c := range []struct {
		name   string
		e      snp.Endorsements
		anchor snp.Anchor
	}{
		{"whole chain", snp.Endorsements{Leaf: vcek, Intermediate: ask}, snp.Anchor{Root: ark}},
		{"chain under a pinned key", snp.Endorsements{Leaf: vcek, Intermediate: ask}, pinned},
		{"VCEK alone", snp.Endorsements{Leaf: vcek}, pinned},
	} {
		for at, ok := range map[uint64]bool{1672531200: true, now: true, 1609459200: false, 2051222400: false} {
			e, err := verify(t, raw, c.e, c.anchor, at)
			if (err == nil) != ok || !ok && !errors.Is(err, attest.ErrExpired) {
				t.Errorf("%s at %d: %v", c.name, at, err)
				continue
			}
			if ok && (e.Product != snp.Milan || e.TCB != snp.TCB{BootLoader: 2, SNP: 5, Microcode: 68} || !e.Report.Debug()) {
				t.Errorf("%s: %+v", c.name, e)
			}
			v := snp.Explain(snp.Case{Report: raw, Endorsements: c.e, Anchors: []snp.Anchor{c.anchor}, Now: at})
			if v.Accept != ok || v.Genuine != ok || v.PolicyAccept {
				t.Errorf("%s at %d: explained as accept %v, policy %v: %s", c.name, at, v.Accept, v.PolicyAccept, v.Reason)
			}
			if ok && !strings.Contains(v.PolicyReason, "debug") {
				t.Errorf("policy's reason is %q", v.PolicyReason)
			}
		}
	}
	for _, other := range []string{"genoa", "turin"} {
		_, ark := chainOf(t, other)
		if _, err := verify(t, raw, snp.Endorsements{Leaf: vcek, Intermediate: ask}, snp.Anchor{Root: ark}, now); err == nil {
			t.Errorf("accepted under the root of %s", other)
		}
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if _, err := verify(t, bad, snp.Endorsements{Leaf: vcek}, pinned, now); err == nil {
			t.Errorf("byte %#x changed: accepted", i)
		}
	}
	for i := 0; i < len(vcek); i += 7 {
		bad := bytes.Clone(vcek)
		bad[i] ^= 1
		if _, err := verify(t, raw, snp.Endorsements{Leaf: bad}, pinned, now); err == nil {
			t.Errorf("byte %#x of the VCEK changed: accepted", i)
		}
	}
}

// AMD's certificates are what the pinned keys say, and hang together.
func TestAMDKeys(t *testing.T) {
	for i, name := range []string{"milan", "genoa", "turin"} {
		ask, ark := chainOf(t, name)
		p, err := snp.CheckAnchor(ark)
		if err != nil || p != snp.AMD()[i].Keys.Product || !strings.EqualFold(p.String(), name) {
			t.Errorf("root of %s: %v, %v", name, p, err)
		}
		if _, err := snp.CheckAnchor(ask); err == nil {
			t.Errorf("intermediate of %s is taken for a root", name)
		}
		keys := snp.AMD()[i].Keys
		if !bytes.Contains(ark, keys.ARK.Bytes) || !bytes.Contains(ask, keys.ASK.Bytes) {
			t.Errorf("pinned keys of %s are not AMD's", name)
		}
	}
}

func TestDevelopmentReports(t *testing.T) {
	for p := snp.Milan; p <= snp.Turin; p++ {
		pki := devamd.New(p)
		for _, kind := range []snp.KeyKind{snp.VCEK, snp.VLEK} {
			chip := pki.Chip(kind, tcb[p])
			for version := uint32(2); version <= 5; version++ {
				name := fmt.Sprintf("%s, %s, version %d", p, kind, version)
				raw := chip.Report(devamd.Fields{Version: version, ReportData: [64]byte{7}, Measurement: [48]byte{8}, HostData: [32]byte{9}})
				e, root, err := snp.Gather([][]byte{pki.List(now-86400, false, false), pki.Root(), pki.Intermediate(snp.VCEK), pki.Intermediate(snp.VLEK), chip.Certificate()})
				if err != nil || !bytes.Equal(root, pki.Root()) {
					t.Fatalf("%s: gather: %v", name, err)
				}
				got, err := verify(t, raw, e, snp.Anchor{Root: root}, now)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if got.Product != p || got.TCB != tcb[p] || !got.Listed || got.Report.ReportData != [64]byte{7} ||
					got.Report.Measurement != [48]byte{8} || got.Report.HostData != [32]byte{9} || (kind == snp.VLEK) != (got.CSP != "") {
					t.Errorf("%s: %+v", name, got)
				}
				if named, ok := got.Report.Product(); ok != (version >= 3) || ok && named != p {
					t.Errorf("%s: product %v, %v", name, named, ok)
				}
				policy := snp.Policy{VLEK: true, Least: []snp.MinTCB{{Product: p, TCB: tcb[p]}}, MinABI: snp.Firmware{Major: 1, Minor: 51}}
				if err := policy.Apply(got); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if _, err := verify(t, append(bytes.Clone(raw), 0, 0), e, snp.Anchor{Root: root}, now); err != nil {
					t.Errorf("%s: padded with zeros: %v", name, err)
				}
				if _, err := verify(t, append(bytes.Clone(raw), 0, 1), e, snp.Anchor{Root: root}, now); err == nil {
					t.Errorf("%s: followed by other bytes: accepted", name)
				}
			}
		}
	}
}

func TestNegatives(t *testing.T) {
	pki, other := devamd.New(snp.Milan), devamd.New(snp.Genoa)
	chip := pki.Chip(snp.VCEK, tcb[snp.Milan])
	cloud := pki.Chip(snp.VLEK, tcb[snp.Milan])
	vlek := snp.VLEK
	model := uint8(0x11)
	old := snp.TCB{BootLoader: 4, SNP: 21, Microcode: 213}
	whole := func(c *devamd.Chip, k snp.KeyKind) snp.Endorsements {
		return snp.Endorsements{Leaf: c.Certificate(), Intermediate: pki.Intermediate(k)}
	}
	with := func(e snp.Endorsements, list []byte) snp.Endorsements { e.List = list; return e }
	anchor := snp.Anchor{Root: pki.Root()}
	for _, c := range []struct {
		name   string
		raw    []byte
		e      snp.Endorsements
		anchor snp.Anchor
		at     uint64
		err    error
		text   string
	}{
		{"wrong chip", chip.Report(devamd.Fields{OtherChip: true}), whole(chip, snp.VCEK), anchor, now, nil, "another chip"},
		{"VCEK of another chip", chip.Report(devamd.Fields{}), whole(pki.Chip(snp.VCEK, tcb[snp.Milan]), snp.VCEK), anchor, now, nil, "does not verify"},
		{"reported TCB below the VCEK's", chip.Report(devamd.Fields{Reported: &old}), whole(chip, snp.VCEK), anchor, now, nil, "snp 21"},
		{"says VLEK, signed by VCEK", chip.Report(devamd.Fields{SigningKey: &vlek}), whole(chip, snp.VCEK), anchor, now, nil, "signed by a VLEK"},
		{"other processor", chip.Report(devamd.Fields{Model: &model}), whole(chip, snp.VCEK), anchor, now, nil, "is no Milan"},
		{"other product's root", chip.Report(devamd.Fields{}), whole(chip, snp.VCEK), snp.Anchor{Root: other.Root()}, now, nil, "is of Genoa"},
		{"other product's intermediate", chip.Report(devamd.Fields{}), snp.Endorsements{Leaf: chip.Certificate(), Intermediate: other.Intermediate(snp.VCEK)}, anchor, now, nil, "does not certify"},
		{"VCEK below the VLEKs' intermediate", chip.Report(devamd.Fields{}), whole(chip, snp.VLEK), anchor, now, nil, "does not certify"},
		{"AMD's keys", chip.Report(devamd.Fields{}), snp.Endorsements{Leaf: chip.Certificate()}, snp.AMD()[0], now, nil, "does not verify"},
		{"AMD's root key", chip.Report(devamd.Fields{}), whole(chip, snp.VCEK), snp.AMD()[0], now, nil, "does not verify"},
		{"pinned keys of a VLEK", cloud.Report(devamd.Fields{}), snp.Endorsements{Leaf: cloud.Certificate()}, snp.Anchor{Keys: pki.Keys()}, now, nil, "is missing"},
		{"no certificate", chip.Report(devamd.Fields{}), snp.Endorsements{}, anchor, now, nil, "malformed"},
		{"root in place of the leaf", chip.Report(devamd.Fields{}), snp.Endorsements{Leaf: pki.Root()}, anchor, now, nil, "P-384"},
		{"before the certificate", chip.Report(devamd.Fields{}), whole(chip, snp.VCEK), anchor, 1500000000, attest.ErrExpired, ""},
		{"after the certificate", chip.Report(devamd.Fields{}), whole(chip, snp.VCEK), anchor, 2500000000, attest.ErrExpired, ""},
		{"revoked intermediate", chip.Report(devamd.Fields{}), with(whole(chip, snp.VCEK), pki.List(now, true, false)), anchor, now, attest.ErrRevoked, ""},
		{"revoked VLEK intermediate", cloud.Report(devamd.Fields{}), with(whole(cloud, snp.VLEK), pki.List(now, false, true)), anchor, now, attest.ErrRevoked, ""},
		{"old list", chip.Report(devamd.Fields{}), with(whole(chip, snp.VCEK), pki.List(now-31*86400, false, false)), anchor, now, attest.ErrExpired, ""},
		{"list of the future", chip.Report(devamd.Fields{}), with(whole(chip, snp.VCEK), pki.List(now+86400, false, false)), anchor, now, attest.ErrExpired, ""},
		{"list of another root", chip.Report(devamd.Fields{}), with(whole(chip, snp.VCEK), other.List(now, false, false)), anchor, now, nil, "name differs"},
		{"a certificate for a list", chip.Report(devamd.Fields{}), with(whole(chip, snp.VCEK), pki.Root()), anchor, now, nil, "revocation list"},
	} {
		e, err := verify(t, c.raw, c.e, c.anchor, c.at)
		if err == nil || c.err != nil && !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, %v; want %v %q", c.name, e, err, c.err, c.text)
		}
		v := snp.Explain(snp.Case{Report: c.raw, Endorsements: c.e, Anchors: []snp.Anchor{c.anchor}, Now: c.at})
		if v.Accept || v.PolicyAccept || v.Reason == "" {
			t.Errorf("%s: explained as accepted", c.name)
		}
		if f := v.Tree.FirstFailure(); f == nil || f.Name == "verification" {
			t.Errorf("%s: the tree does not show what fails: %+v", c.name, f)
		}
	}
}

func TestPolicy(t *testing.T) {
	for _, c := range []struct {
		name    string
		product snp.Product
		kind    snp.KeyKind
		fields  devamd.Fields
		policy  snp.Policy
		want    string // part of the refusal; empty for none
	}{
		{"good", snp.Milan, snp.VCEK, devamd.Fields{}, snp.Policy{}, ""},
		{"debug", snp.Milan, snp.VCEK, devamd.Fields{Policy: 1 << 19}, snp.Policy{}, "debug"},
		{"migration agent", snp.Milan, snp.VCEK, devamd.Fields{Policy: 1 << 18}, snp.Policy{}, "migration"},
		{"reserved bit", snp.Milan, snp.VCEK, devamd.Fields{Policy: 1 << 63}, snp.Policy{}, "reserved"},
		{"old ABI", snp.Milan, snp.VCEK, devamd.Fields{}, snp.Policy{MinABI: snp.Firmware{Major: 1, Minor: 52}}, "ABI 1.51"},
		{"privilege level", snp.Milan, snp.VCEK, devamd.Fields{VMPL: 1}, snp.Policy{}, "level 1"},
		{"VLEK", snp.Milan, snp.VLEK, devamd.Fields{}, snp.Policy{}, "VLEK"},
		{"VLEK that is admitted", snp.Milan, snp.VLEK, devamd.Fields{}, snp.Policy{VLEK: true}, ""},
		{"masked chip", snp.Milan, snp.VCEK, devamd.Fields{MaskChip: true}, snp.Policy{}, "hides"},
		{"old firmware", snp.Milan, snp.VCEK, devamd.Fields{}, snp.Policy{Least: []snp.MinTCB{{Product: snp.Milan, TCB: snp.TCB{Microcode: 214}}}}, "microcode"},
		{"other product's least", snp.Milan, snp.VCEK, devamd.Fields{}, snp.Policy{Least: []snp.MinTCB{{Product: snp.Genoa, TCB: snp.TCB{Microcode: 214}}}}, ""},
		{"rollback", snp.Milan, snp.VCEK, devamd.Fields{Committed: &snp.TCB{}}, snp.Policy{}, "rolled back"},
		{"BadRAM", snp.Milan, snp.VCEK, devamd.Fields{PlatformInfo: 1 << 5}, snp.Policy{}, "BadRAM"},
		{"BadRAM that is admitted", snp.Milan, snp.VCEK, devamd.Fields{PlatformInfo: 1 << 5}, snp.Policy{Aliases: true}, ""},
		{"ciphertext on Turin", snp.Turin, snp.VCEK, devamd.Fields{PlatformInfo: 1 << 4}, snp.Policy{}, "ciphertext"},
		{"ciphertext on Milan", snp.Milan, snp.VCEK, devamd.Fields{PlatformInfo: 1 << 4}, snp.Policy{}, ""},
		{"program", snp.Milan, snp.VCEK, devamd.Fields{Measurement: [48]byte{1}}, snp.Policy{Measurements: [][]byte{make([]byte, 48)}}, "MEASUREMENT"},
		{"program that is admitted", snp.Milan, snp.VCEK, devamd.Fields{}, snp.Policy{Measurements: [][]byte{make([]byte, 48)}}, ""},
		{"configuration", snp.Milan, snp.VCEK, devamd.Fields{HostData: [32]byte{1}}, snp.Policy{HostData: &[32]byte{2}}, "HOST_DATA"},
		{"id key", snp.Milan, snp.VCEK, devamd.Fields{}, snp.Policy{IDKeys: [][48]byte{{1}}}, "ID_KEY_DIGEST"},
	} {
		pki := devamd.New(c.product)
		chip := pki.Chip(c.kind, tcb[c.product])
		all := snp.Endorsements{Leaf: chip.Certificate(), Intermediate: pki.Intermediate(c.kind), List: pki.List(now, false, false)}
		raw := chip.Report(c.fields)
		e, err := verify(t, raw, all, snp.Anchor{Root: pki.Root()}, now)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		err = c.policy.Apply(e)
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, snp.ErrPolicy) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
		v := snp.Explain(snp.Case{Report: raw, Endorsements: all, Anchors: []snp.Anchor{{Root: pki.Root()}}, Now: now, Policy: c.policy})
		if !v.Accept || v.PolicyAccept != (c.want == "") {
			t.Errorf("%s: explained as %v, %v", c.name, v.Accept, v.PolicyAccept)
		}
	}
	// Without a list the policy refuses, unless told otherwise.
	pki := devamd.New(snp.Genoa)
	chip := pki.Chip(snp.VCEK, tcb[snp.Genoa])
	e, err := verify(t, chip.Report(devamd.Fields{}), snp.Endorsements{Leaf: chip.Certificate()}, snp.Anchor{Keys: pki.Keys()}, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&snp.Policy{}).Apply(e); !errors.Is(err, snp.ErrPolicy) {
		t.Errorf("without a list: %v", err)
	}
	if err := (&snp.Policy{Unrevoked: true}).Apply(e); err != nil {
		t.Errorf("without a list that is demanded: %v", err)
	}
}

// Truncations to every length are errors and nothing worse.
func TestTruncated(t *testing.T) {
	pki := devamd.New(snp.Turin)
	chip := pki.Chip(snp.VCEK, tcb[snp.Turin])
	raw := chip.Report(devamd.Fields{Version: 5})
	for n := range raw {
		if _, err := snp.ParseReport(raw[:n]); err == nil {
			t.Errorf("%d bytes are accepted", n)
		}
	}
}

func FuzzParseReport(f *testing.F) {
	pki := devamd.New(snp.Milan)
	raw := pki.Chip(snp.VCEK, tcb[snp.Milan]).Report(devamd.Fields{Version: 4})
	for _, n := range []int{len(raw), 0, 4, 0x1A0, 0x2A0, len(raw) - 1} {
		f.Add(raw[:n])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := snp.ParseReport(raw)
		if err == nil && (r.Version < 2 || !snp.IsReport(raw)) {
			t.Error("accepted as what it is not")
		}
	})
}

func FuzzGather(f *testing.F) {
	pki := devamd.New(snp.Milan)
	chip := pki.Chip(snp.VCEK, tcb[snp.Milan])
	raw := chip.Report(devamd.Fields{})
	f.Add(chip.Certificate(), pki.Intermediate(snp.VCEK))
	f.Add(pki.Chip(snp.VLEK, tcb[snp.Milan]).Certificate(), pki.List(now, true, true))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		e, _, err := snp.Gather([][]byte{a, b})
		if err != nil {
			return
		}
		v := snp.Explain(snp.Case{Report: raw, Endorsements: e, Anchors: snp.AMD(), Now: now})
		if v.Accept {
			t.Error("accepted under AMD's root")
		}
	})
}

func TestGather(t *testing.T) {
	milan, genoa := devamd.New(snp.Milan), devamd.New(snp.Genoa)
	chip := genoa.Chip(snp.VCEK, tcb[snp.Genoa])
	e, root, err := snp.Gather([][]byte{
		milan.Root(), milan.Intermediate(snp.VCEK), genoa.Intermediate(snp.VLEK), genoa.Intermediate(snp.VCEK),
		milan.Intermediate(snp.VLEK), genoa.Root(), genoa.List(now, false, false), milan.List(now, false, false), chip.Certificate(),
	})
	if err != nil || !bytes.Equal(root, genoa.Root()) || !bytes.Equal(e.Intermediate, genoa.Intermediate(snp.VCEK)) || !bytes.Equal(e.Leaf, chip.Certificate()) {
		t.Errorf("the chip's own are not found: %v", err)
	}
	if _, err := verify(t, chip.Report(devamd.Fields{}), e, snp.Anchor{Root: root}, now); err != nil {
		t.Errorf("with what was gathered: %v", err)
	}
	if _, _, err := snp.Gather([][]byte{slices.Repeat([]byte{1}, 100)}); err == nil {
		t.Error("rubbish is gathered")
	}
	// A chain that somebody changed is not passed over: it would be as if it had
	// not been given, and the pinned keys would be believed.
	renamed := bytes.ReplaceAll(genoa.Intermediate(snp.VCEK), []byte("SEV-Genoa"), []byte("SEV-Genob"))
	unsigned := slices.Clone(genoa.Root())
	unsigned[len(unsigned)-1] ^= 1
	for name, ders := range map[string][][]byte{
		"an intermediate of another name":     {chip.Certificate(), renamed, genoa.Root()},
		"a root that did not sign itself":     {chip.Certificate(), genoa.Intermediate(snp.VCEK), unsigned},
		"a root of no product of AMD's":       {chip.Certificate(), bytes.ReplaceAll(genoa.Root(), []byte("ARK-Genoa"), []byte("ARK-Genob"))},
		"the chip's certificate, of no owner": {bytes.ReplaceAll(chip.Certificate(), []byte("SEV-VCEK"), []byte("SEW-VCEK"))},
	} {
		if e, _, err := snp.Gather(ders); err == nil && e.Leaf != nil {
			t.Errorf("%s is passed over", name)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	pki := devamd.New(snp.Milan)
	chip := pki.Chip(snp.VCEK, tcb[snp.Milan])
	raw := chip.Report(devamd.Fields{})
	e, a := snp.Endorsements{Leaf: chip.Certificate(), Intermediate: pki.Intermediate(snp.VCEK)}, snp.Anchor{Root: pki.Root()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verify(b, raw, e, a, now); err != nil {
			b.Fatal(err)
		}
	}
}

func Example() {
	pki := devamd.New(snp.Genoa)
	chip := pki.Chip(snp.VCEK, snp.TCB{BootLoader: 9, SNP: 21, Microcode: 72})
	report, err := snp.ParseReport(chip.Report(devamd.Fields{Version: 3, Policy: 1 << 19}))
	if err != nil {
		fmt.Println(err)
		return
	}
	endorsements := snp.Endorsements{Leaf: chip.Certificate(), Intermediate: pki.Intermediate(snp.VCEK)}
	evidence, err := snp.Verify(report, &endorsements, &snp.Anchor{Root: pki.Root()}, 1795305600)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(evidence.Product, evidence.TCB)
	fmt.Println((&snp.Policy{}).Apply(evidence))
	// Output:
	// Genoa bl 9, tee 0, snp 21, ucode 72
	// refused by policy: guest policy: the host may debug the guest
}
