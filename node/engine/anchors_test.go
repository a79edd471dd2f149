package engine

import (
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest/devamd"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/session"
)

// TestAnchors: what a chain's file says about roots of trust is believed as far
// as it can be true.
func TestAnchors(t *testing.T) {
	simulated, other := devpki.New(devpki.Seed).Anchor(), devpki.New("a root of somebody's").Anchor()
	for _, c := range []struct {
		name   string
		kind   ChainKind
		anchor attestation.Anchor
		want   string // part of the refusal; empty for none
	}{
		{"simulated, for development", Development, attestation.Anchor{Kind: attestation.Development, Certificate: simulated}, ""},
		{"simulated, live", Live, attestation.Anchor{Kind: attestation.Development, Certificate: simulated, Enabled: true}, "trust anchor 0 is of simulated hardware"},
		{"simulated and disabled, live", Live, attestation.Anchor{Kind: attestation.Development, Certificate: simulated}, "trust anchor 0 is of simulated hardware"},
		{"AMD's simulated, live", Live, attestation.Anchor{Kind: attestation.DevelopmentAMD, Certificate: devamd.New(snp.Milan).Root()}, "trust anchor 0 is of simulated hardware"},
		{"simulated that is called Intel's, live", Live, attestation.Anchor{Kind: attestation.Intel, Certificate: simulated, Enabled: true}, "called Intel's"},
		{"simulated that is called Intel's, for development", Development, attestation.Anchor{Kind: attestation.Intel, Certificate: simulated, Enabled: true}, "called Intel's"},
		{"another root that is called Intel's", Local, attestation.Anchor{Kind: attestation.Intel, Certificate: other, Enabled: true}, "called Intel's"},
		{"another root that is called AMD's", Local, attestation.Anchor{Kind: attestation.AMD, Certificate: devamd.New(snp.Milan).Root(), Enabled: true}, "called Amd's"},
		{"no certificate", Local, attestation.Anchor{Kind: attestation.Intel}, "called Intel's"},
	} {
		s := Spec{ID: "x", Kind: c.kind, BlockTime: 1000}
		s.Genesis.Validators = []session.Validator{{Account: [32]byte{1}}}
		s.Genesis.Attestation = attestation.Genesis{Production: c.kind == Live, Anchors: []attestation.Anchor{c.anchor}, ActivationDelay: 7}
		text, err := s.JSON()
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseSpec(text)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || strings.Count(err.Error(), c.want) != 1):
			t.Errorf("%s: got %v, want %q once", c.name, err, c.want)
		case read.Genesis.Attestation.ActivationDelay != 7:
			t.Errorf("%s: the delay is %d", c.name, read.Genesis.Attestation.ActivationDelay)
		}
	}
}
