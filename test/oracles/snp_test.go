package oracles

import (
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
	"github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/verify"

	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/internal/vectors"
)

// report is a report of SEV-SNP with what AMD says of the machine.
type report struct {
	raw, vcek, ask, ark []byte
	at                  time.Time
}

func (r report) ours() error {
	e, _, err := snp.Gather([][]byte{r.vcek, r.ask, r.ark})
	if err != nil {
		return err
	}
	anchors := snp.AMD()
	if a, err := snp.NewAnchor(r.ark); err == nil && a.Keys != nil { // as tacit verify quote does
		anchors = append([]snp.Anchor{a}, anchors...)
	}
	v := snp.Explain(snp.Case{Report: r.raw, Endorsements: e, Anchors: anchors, Now: uint64(r.at.Unix())})
	if v.Accept {
		return nil
	}
	return fmt.Errorf("%s", v.Reason)
}

func (r report) google() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	message, err := abi.ReportToProto(r.raw)
	if err != nil {
		return err
	}
	product, err := kds.ParseProductName("Milan-B0", abi.VcekReportSigner)
	if err != nil {
		return err
	}
	return verify.SnpAttestation(&sevsnp.Attestation{
		Report: message, Product: product, CertificateChain: &sevsnp.CertificateChain{VcekCert: r.vcek, AskCert: r.ask, ArkCert: r.ark},
	}, &verify.Options{DisableCertFetching: true, Now: r.at, Product: product})
}

// TestReport compares the answers about a report of a Milan machine, at several
// times and with single bytes changed, with those of go-sev-guest.
func TestReport(t *testing.T) {
	dir := filepath.Join(vectors.Dir(t), "quotes")
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := report{raw: read("snp_v2_milan.report.bin"), vcek: read("snp_v2_milan.vcek.der"), at: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)}
	chain := read("amd_ask_ark_milan.pem")
	for _, into := range []*[]byte{&good.ask, &good.ark} {
		block, rest := pem.Decode(chain)
		if block == nil {
			t.Fatal("the chain is cut off")
		}
		*into, chain = block.Bytes, rest
	}
	compare := func(what string, r report) {
		t.Helper()
		ours, theirs := r.ours(), r.google()
		if (ours == nil) == (theirs == nil) {
			return
		}
		if why := knownReport(what, ours, theirs); why != "" {
			counts["go-sev-guest: "+why]++
			return
		}
		t.Errorf("%s\n  tacit        %s\n  go-sev-guest %s", what, outcome(ours), outcome(theirs))
	}
	for _, year := range []int{2021, 2023, 2026, 2035} {
		r := good
		r.at = time.Date(year, 1, 2, 0, 0, 0, 0, time.UTC)
		compare(fmt.Sprint("in ", year), r)
	}
	for i := range len(good.raw) {
		r := good
		r.raw = slices.Clone(good.raw)
		r.raw[i] ^= 1
		compare(fmt.Sprintf("byte %d of the report", i), r)
	}
	for name, part := range map[string]func(*report) *[]byte{
		"VCEK": func(r *report) *[]byte { return &r.vcek }, "ASK": func(r *report) *[]byte { return &r.ask }, "ARK": func(r *report) *[]byte { return &r.ark },
	} {
		for i := 0; i < len(*part(&good)); i += 7 {
			r := good
			p := part(&r)
			*p = slices.Clone(*p)
			(*p)[i] ^= 1
			compare(fmt.Sprintf("byte %d of the %s", i, name), r)
		}
	}
}

// knownReport is known for reports.
func knownReport(what string, ours, theirs error) string {
	if theirs == nil && strings.Contains(what, "of the ARK") && strings.Contains(ours.Error(), "trust anchor") {
		return "does not check that a root whose key it knows signed its certificate"
	}
	return ""
}
