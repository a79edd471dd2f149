package attest_test

import (
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
)

// TestExplainPrepared: with collateral that was authenticated before, the tree
// accepts what verification accepts, and the same as with its documents.
func TestExplainPrepared(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault devpki.Fault
		set   func(b *bench)
		at    uint64 // of the judgement
		fail  string // the check that fails first; empty for none
	}{
		{"good", 0, nil, devNow, ""},
		{"old component", devpki.OldSVN, nil, devNow, ""},
		{"out of date", devpki.OutOfDate, nil, devNow, ""},
		{"old module", devpki.OldModule, nil, devNow, ""},
		{"old PCE", devpki.OldPCE, nil, devNow, "TCB level"},
		{"ancient", devpki.Ancient, nil, devNow, "TCB level"},
		{"revoked", 0, func(b *bench) { b.service.RevokedPCK = [][]byte{b.machine.Serial()} }, devNow, "PCK revocation list"},
		{"collateral that ended", 0, nil, devNow + 29*day, "TCB info"},
		{"in the past", 0, nil, devNow - 5*day, "TCB info"},
	} {
		b := newBench(c.fault, attest.FMSPC{})
		if c.set != nil {
			c.set(b)
		}
		documents := b.service.Collateral(attest.TDX, devpki.FMSPC, devNow)
		prepared, err := attest.PrepareCollateral(documents, b.pki.Anchor(), devNow)
		if err != nil {
			t.Fatal(err)
		}
		_, verified := attest.VerifyQuote(b.tdx(), prepared, c.at)
		v := attest.Explain(attest.Case{Quote: b.tdx(), Prepared: prepared, Now: c.at})
		with := attest.Explain(attest.Case{Quote: b.tdx(), Collateral: documents, Anchor: b.pki.Anchor(), Now: c.at})
		got := ""
		if f := v.Tree.FirstFailure(); !v.Accept && f != nil {
			got = f.Name
		}
		if v.Accept != (verified == nil) || v.Accept != with.Accept || got != c.fail || v.Status != with.Status {
			t.Errorf("%s: accept %v, verified %v, with documents %v; %q fails, want %q", c.name, v.Accept, verified, with.Accept, got, c.fail)
		}
	}
}
