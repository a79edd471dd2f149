package attest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest/eventlog"
	"github.com/tacit-network/tacit/attest/verdict"
)

// agree checks that what is explained is what is verified, and that a refusal
// is in the tree, not only above it.
func agree(t *testing.T, what string, c Case) *verdict.Verdict {
	t.Helper()
	v := Explain(c)
	var err error
	if c.Collateral == nil {
		err = errNoCollateral
	} else if p, perr := prepareCollateral(c.Collateral, c.Anchor, c.Now, true); perr != nil {
		err = perr
	} else {
		if q, qerr := ParseQuote(c.Quote); qerr == nil && len(c.Collateral.PCKCRL) == 0 {
			if leaf, _, lerr := q.certificates(); lerr == nil {
				p.PCKCRL.Issuer = issuerHash(leaf)
			}
		}
		_, err = VerifyQuote(c.Quote, p, c.Now)
	}
	if v.Accept != (err == nil) {
		t.Errorf("%s: explained as accept %v (%s), verified as %v", what, v.Accept, v.Reason, err)
	}
	if f := v.Tree.FirstFailure(); !v.Accept && (f == nil || f.Name == "verification" || v.Reason == "") {
		t.Errorf("%s: the tree does not show why: %v", what, err)
	}
	if v.Accept && !v.Genuine {
		t.Errorf("%s: accepted, and not genuine", what)
	}
	if v.PolicyAccept && !v.Accept {
		t.Errorf("%s: the policy accepts what is not accepted", what)
	}
	var text strings.Builder
	if _, err := v.WriteTo(&text); err != nil || strings.Count(text.String(), "\n") < 2 {
		t.Errorf("%s: written as %q, %v", what, &text, err)
	}
	return v
}

// The sets of the README beside the vectors: what it expects, a year before and
// after, each part of the collateral changed, and the quote changed all over.
func TestExplainRealQuotes(t *testing.T) {
	root := intelRoot(t)
	for _, s := range realSets {
		t.Run(s.collateral, func(t *testing.T) {
			raw, collateral := read(t, s.quote), readCollateral(t, read(t, s.collateral+".collateral.json"))
			base := Case{Quote: raw, Collateral: collateral, Anchor: root, Now: s.now}
			v := agree(t, "as it is", base)
			if v.Accept != (s.err == nil) || v.Accept && (v.Status != s.status.String() || !slices.Equal(v.Advisories, s.advisories)) {
				t.Errorf("%+v", v)
			}
			if s.err != nil && !strings.Contains(v.Reason, s.err.Error()) {
				t.Errorf("reason %q", v.Reason)
			}
			lists := v.Tree.Find("revocation lists")
			if (lists.State == verdict.NotChecked) != (len(collateral.RootCRL) == 0) {
				t.Errorf("revocation lists: %v", lists.State)
			}
			if len(collateral.RootCRL) == 0 && v.PolicyAccept {
				t.Error("a production policy accepts a platform of which nobody knows whether it is revoked")
			}
			// Intel's root is the default.
			pinned := base
			pinned.Anchor = nil
			if w := Explain(pinned); w.Accept != v.Accept || w.Status != v.Status {
				t.Errorf("under Intel's key: %+v", w)
			}
			for _, at := range []uint64{0, s.now - 400*secondsOfDay, s.now + 400*secondsOfDay, 1 << 60} {
				c := base
				c.Now = at
				if v := agree(t, "at another time", c); v.Accept {
					t.Errorf("accepted at %d", at)
				}
			}
			for i := range raw {
				if i%97 != 0 && i > 700 || i%13 != 0 {
					continue
				}
				c := base
				c.Quote = bytes.Clone(raw)
				c.Quote[i] ^= 1
				agree(t, "a byte changed", c)
			}
			for _, n := range []int{0, 1, 47, 48, 432, 632, 1000, len(raw) / 2} {
				c := base
				c.Quote = raw[:n]
				if v := agree(t, "cut", c); v.Accept {
					t.Errorf("%d bytes accepted", n)
				}
			}
			for _, part := range collateralParts(collateral) {
				for _, bad := range [][]byte{nil, (*part)[:len(*part)/2], flip(*part, len(*part)/2)} {
					was := *part
					*part = bad
					agree(t, "collateral changed", base)
					*part = was
				}
			}
			c := base
			c.Collateral = nil
			if v := agree(t, "no collateral", c); v.Accept || !v.Genuine || v.Tree.Find("PCK chain").State != verdict.Passed {
				t.Errorf("without collateral: %+v", v)
			}
		})
	}
}

func collateralParts(c *Collateral) []*[]byte {
	return []*[]byte{
		&c.RootCRL, &c.PCKCRL, &c.PCKCRLChain, &c.TCBInfo, &c.TCBInfoSignature, &c.TCBInfoChain,
		&c.QEIdentity, &c.QEIdentitySig, &c.QEIdentityChain,
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	if at < len(b) {
		b[at] ^= 1
	}
	return b
}

// One list may be missing while the other is there: that one is still checked.
func TestOneListMissing(t *testing.T) {
	raw, dev, anchor := readDev(t, "tdx_v4_revoked_pck")
	c := Case{Quote: raw, Collateral: &dev.Collateral, Anchor: anchor, Now: dev.Now}
	dev.Collateral.RootCRL = nil
	v := agree(t, "no root list", c)
	if v.Accept || !strings.Contains(v.Reason, "PCK certificate is revoked") {
		t.Errorf("%+v", v)
	}
	if f := v.Tree.FirstFailure(); f.Name != "PCK revocation list" || f.Field != "serial number" || f.Advice == "" {
		t.Errorf("%+v", f)
	}
	if v.Tree.Find("root revocation list").State != verdict.NotChecked {
		t.Error("the missing list is not shown as such")
	}
}

// Whether the signatures hold is told apart from whether the platform is good.
func TestGenuine(t *testing.T) {
	raw := read(t, "tdx_v4_cos113.quote.bin")
	for _, c := range []struct {
		name string
		c    Case
		want bool
	}{
		{"real quote without collateral", Case{Quote: raw, Now: day20240901}, true},
		{"after its certificate", Case{Quote: raw, Now: day20240901 + 20*365*secondsOfDay}, false},
		{"changed", Case{Quote: flip(raw, 100), Now: day20240901}, false},
		{"another root", Case{Quote: raw, Anchor: read(t, "dev", "root_ca.der"), Now: day20240901}, false},
		{"no quote", Case{Quote: raw[:100], Now: day20240901}, false},
	} {
		if v := Explain(c.c); v.Genuine != c.want || v.Accept {
			t.Errorf("%s: genuine %v, accept %v", c.name, v.Genuine, v.Accept)
		}
	}
	sgx := Explain(Case{Quote: read(t, "sgx_v3_00606a.quote.bin"), EventLog: []byte{1}, Now: day20221221})
	if c := sgx.Tree.Find("event log"); c == nil || c.State != verdict.Failed {
		t.Errorf("the event log of an enclave: %+v", c)
	}
}

// What differs is named, with how far it is behind.
func TestFirstFailure(t *testing.T) {
	s := realSets[6] // no level matches
	v := Explain(Case{
		Quote: read(t, s.quote), Collateral: readCollateral(t, read(t, s.collateral+".collateral.json")), Anchor: intelRoot(t), Now: s.now,
	})
	f := v.Tree.FirstFailure()
	// The quote's PCK has 3 in its eighth component, the lowest level of the TCB info 5.
	if f.Name != "TCB level" || f.Field != "SGX TCB component 8" || f.Have != "3" || f.Want != "at least 5" || f.Behind == "" || f.Advice == "" {
		t.Errorf("%+v", f)
	}
	v = Explain(Case{
		Quote: read(t, s.quote), Collateral: readCollateral(t, read(t, s.collateral+".collateral.json")), Anchor: intelRoot(t), Now: s.now + 90*secondsOfDay,
	})
	f = v.Tree.Find("TCB info")
	if f.State != verdict.Failed || f.Field != "end of validity" || *f.DaysLeft != -62 || f.Behind != "ended 61 days ago" {
		t.Errorf("%+v", f)
	}
}

// The log of a machine of Google's cloud: its 43 lines, one of which is not
// measured, lead to RTMR0 to RTMR3 of its quote.
func TestEventLog(t *testing.T) {
	r, err := gzip.NewReader(bytes.NewReader(read(t, "tdx_v4_cos113.ccel.bin.gz")))
	if err != nil {
		t.Fatal(err)
	}
	log, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	q, err := ParseQuote(read(t, "tdx_v4_cos113.quote.bin"))
	if err != nil {
		t.Fatal(err)
	}
	events, err := eventlog.Parse(log)
	if err != nil {
		t.Fatal(err)
	}
	got := eventlog.Replay(events)
	for i, want := range q.TDX.RTMR {
		if got[i] != want {
			t.Errorf("RTMR%d: %x, want %x", i, got[i], want)
		}
	}
	if c := q.TDX.checkLog(log); c.State != verdict.Passed {
		t.Errorf("%+v", c)
	}
	// The first measured event's digest: changed, the register differs.
	at := bytes.Index(log, events[0].Digest[:])
	if c := q.TDX.checkLog(flip(log, at)); c.State != verdict.Failed || c.Field != "RTMR0" {
		t.Errorf("changed: %+v", c)
	}
	for _, n := range []int{0, 7, 31, 40, 60, 65, 100, 200, 1000} {
		if _, err := eventlog.Parse(log[:n]); err == nil && n < 65 {
			t.Errorf("%d bytes are accepted", n)
		}
		q.TDX.checkLog(log[:n])
	}
	if _, err := eventlog.Parse(bytes.Repeat([]byte{1}, 100)); err == nil {
		t.Error("rubbish is a log")
	}
}

func FuzzExplain(f *testing.F) {
	for _, n := range []string{"sgx_v3_ok", "tdx_v4_ok", "tdx_v5_td15_ok"} {
		raw, dev, _ := readDev(f, n)
		doc, err := json.Marshal(&dev.Collateral)
		if err != nil {
			f.Fatal(err)
		}
		for _, cut := range []int{len(raw), len(raw) - 1, 48, 436, 636, 1000, 3000} {
			f.Add(raw[:cut], doc)
		}
	}
	f.Fuzz(func(t *testing.T, raw, doc []byte) {
		c := Case{Quote: raw, Collateral: new(Collateral), Now: day20260220}
		if json.Unmarshal(doc, c.Collateral) != nil {
			c.Collateral = nil
		}
		v := Explain(c)
		if q, err := ParseQuote(raw); err == nil {
			c.Anchor = q.Root()
			v = Explain(c)
		}
		if v.Accept {
			if p, err := prepareCollateral(c.Collateral, c.Anchor, c.Now, true); err != nil {
				t.Error(errors.Join(errors.New("accepted with bad collateral"), err))
			} else if p == nil {
				t.Error("accepted without collateral")
			}
		}
	})
}
