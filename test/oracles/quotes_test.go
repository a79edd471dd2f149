// Package oracles compares Tacit's verifier of quotes with those of others, on
// real quotes and on quotes of which single bytes were changed. It is a module of
// its own, so that nobody who builds Tacit fetches what it needs:
//
//	cd test/oracles && go test -v ./...
//
// A difference is an error unless it is named here, with the reason why Tacit's
// answer is the right one.
package oracles

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-tdx-guest/verify"
	"github.com/oasisprotocol/oasis-core/go/common/sgx/pcs"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/internal/vectors"
)

// set is a quote with its collateral.
type set struct {
	name  string
	quote []byte
	c     collateral
	at    time.Time
}

// collateral is a file *.collateral.json.
type collateral struct {
	PckCRLIssuerChain     string `json:"pck_crl_issuer_chain"`
	RootCACRL             string `json:"root_ca_crl"`
	PckCRL                string `json:"pck_crl"`
	TCBInfoIssuerChain    string `json:"tcb_info_issuer_chain"`
	TCBInfo               string `json:"tcb_info"`
	TCBInfoSignature      string `json:"tcb_info_signature"`
	QEIdentityIssuerChain string `json:"qe_identity_issuer_chain"`
	QEIdentity            string `json:"qe_identity"`
	QEIdentitySignature   string `json:"qe_identity_signature"`
}

// sets reads the vectors; the times are those of their README.
func sets(t *testing.T) (list []set) {
	t.Helper()
	dir := vectors.Dir(t)
	for name, at := range map[string]string{
		"real_sgx_v3_00a067": "2025-06-21", "sgx_v3_00606a": "2022-12-21", "real_tdx_v4_b0c06f": "2025-06-21", "real_tdx_v4_20a06f": "2025-09-04",
		"tdx_v4_c0806f": "2024-09-04", "real_tdx_v5_90c06f": "2026-02-20", "real_tdx_v5_90c06f_lowtcb": "2026-02-20",
	} {
		s := set{name: name}
		var err error
		if s.at, err = time.Parse(time.DateOnly, at); err != nil {
			t.Fatal(err)
		}
		for _, ending := range []string{".quote", ".quote.bin"} {
			if raw, err := os.ReadFile(filepath.Join(dir, "quotes", name+ending)); err == nil {
				s.quote = raw
			}
		}
		if text := strings.TrimSpace(string(s.quote)); len(text)%2 == 0 {
			if raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x")); err == nil {
				s.quote = raw
			}
		}
		text, err := os.ReadFile(filepath.Join(dir, "quotes", name+".collateral.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &s.c); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b set) int { return strings.Compare(a.name, b.name) })
	return list
}

// tacit is the collateral as Tacit takes it.
func (c collateral) tacit() *attest.Collateral {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	out := new(attest.Collateral)
	if err := json.Unmarshal(text, out); err != nil {
		return nil
	}
	return out
}

func (s set) tdx() bool { return strings.Contains(s.name, "tdx") }

// ours is Tacit's answer: nil accepts.
func (s set) ours() error {
	v := attest.Explain(attest.Case{Quote: s.quote, Collateral: s.c.tacit(), Now: uint64(s.at.Unix())})
	if v.Accept {
		return nil
	}
	return fmt.Errorf("%s", v.Reason)
}

// oasis is the answer of oasis-core, under its laxest policy.
func (s set) oasis() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	var q pcs.Quote
	if err := q.UnmarshalBinary(s.quote); err != nil {
		return err
	}
	_, err = q.Verify(&pcs.QuotePolicy{TCBValidityPeriod: 1000, TDX: &pcs.TdxQuotePolicy{}}, s.at, &pcs.TCBBundle{
		TCBInfo:      pcs.SignedTCBInfo{TCBInfo: json.RawMessage(s.c.TCBInfo), Signature: s.c.TCBInfoSignature},
		QEIdentity:   pcs.SignedQEIdentity{EnclaveIdentity: json.RawMessage(s.c.QEIdentity), Signature: s.c.QEIdentitySignature},
		Certificates: []byte(s.c.TCBInfoIssuerChain),
	})
	return err
}

// getter gives go-tdx-guest the collateral in the place of Intel's service.
type getter struct{ c collateral }

func (g getter) Get(address string) (map[string][]string, []byte, error) {
	crl := func(text string) ([]byte, error) { return hex.DecodeString(text) }
	chain := func(name, pem string) map[string][]string { return map[string][]string{name: {url.QueryEscape(pem)}} }
	switch {
	case strings.Contains(address, "/tcb?"):
		return chain("Tcb-Info-Issuer-Chain", g.c.TCBInfoIssuerChain), fmt.Appendf(nil, `{"tcbInfo":%s,"signature":"%s"}`, g.c.TCBInfo, g.c.TCBInfoSignature), nil
	case strings.Contains(address, "/qe/identity"):
		return chain("Sgx-Enclave-Identity-Issuer-Chain", g.c.QEIdentityIssuerChain), fmt.Appendf(nil, `{"enclaveIdentity":%s,"signature":"%s"}`, g.c.QEIdentity, g.c.QEIdentitySignature), nil
	case strings.Contains(address, "/pckcrl"):
		raw, err := crl(g.c.PckCRL)
		return chain("Sgx-Pck-Crl-Issuer-Chain", g.c.PckCRLIssuerChain), raw, err
	}
	raw, err := crl(g.c.RootCACRL)
	return nil, raw, err
}

// google is the answer of go-tdx-guest.
func (s set) google() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return verify.RawTdxQuote(s.quote, &verify.Options{
		GetCollateral: true, CheckRevocations: s.c.PckCRL != "", Getter: getter{s.c},
		Now: &verify.TimeSet{PckCertChain: s.at, TcbInfo: s.at, QeIdentity: s.at, PckCrl: s.at, RootCaCrl: s.at},
	})
}

// outcome is what somebody says, in short.
func outcome(err error) string {
	if err == nil {
		return "accept"
	}
	return "refuse: " + strings.ReplaceAll(err.Error(), "\n", "; ")
}

// TestReal compares the answers about the real quotes, as they are and outside
// the time of their collateral.
func TestReal(t *testing.T) {
	for _, s := range sets(t) {
		for _, shift := range []time.Duration{0, -365 * 24 * time.Hour, 2 * 365 * 24 * time.Hour} {
			moved := s
			moved.at = s.at.Add(shift)
			compare(t, fmt.Sprintf("%s at %s", s.name, moved.at.Format(time.DateOnly)), moved)
		}
	}
}

// TestChanged compares them about quotes and collateral of which one byte was
// changed.
func TestChanged(t *testing.T) {
	for _, s := range sets(t) {
		for i := 0; i < len(s.quote); i += 61 {
			changed := s
			changed.quote = slices.Clone(s.quote)
			changed.quote[i] ^= 1
			compare(t, fmt.Sprintf("%s, byte %d of the quote", s.name, i), changed)
		}
		for _, n := range []int{1, 100, len(s.quote) / 2} {
			changed := s
			changed.quote = s.quote[:len(s.quote)-n]
			compare(t, fmt.Sprintf("%s, %d bytes cut off", s.name, n), changed)
		}
		parts := map[string]func(*collateral) *string{
			"TCB info":                     func(c *collateral) *string { return &c.TCBInfo },
			"QE identity":                  func(c *collateral) *string { return &c.QEIdentity },
			"the TCB info's signature":     func(c *collateral) *string { return &c.TCBInfoSignature },
			"the QE identity's signature":  func(c *collateral) *string { return &c.QEIdentitySignature },
			"the list of revoked PCKs":     func(c *collateral) *string { return &c.PckCRL },
			"the list of revoked CAs":      func(c *collateral) *string { return &c.RootCACRL },
			"the chain of the TCB info":    func(c *collateral) *string { return &c.TCBInfoIssuerChain },
			"the chain of the QE identity": func(c *collateral) *string { return &c.QEIdentityIssuerChain },
		}
		for name, part := range parts {
			size := len(*part(&s.c))
			for k := range 9 {
				if size == 0 {
					break
				}
				changed := s
				p := part(&changed.c)
				b := []byte(*p)
				at := (2*k + 1) * size / 18
				for b[at] < '0' || b[at] > '8' { // a digit stays a digit, of JSON, hex and base 64
					if at++; at == len(b) {
						break
					}
				}
				if at == len(b) {
					continue
				}
				b[at]++
				*p = string(b)
				compare(t, fmt.Sprintf("%s, %s, letter %d", s.name, name, at), changed)
			}
		}
	}
}

// compare holds the answers of all that judge such a quote against each other.
func compare(t *testing.T, what string, s set) {
	t.Helper()
	ours := s.ours()
	for name, judge := range map[string]func() error{"oasis-core": s.oasis, "go-tdx-guest": s.google} {
		if name == "go-tdx-guest" && !s.tdx() {
			continue
		}
		theirs := judge()
		if (ours == nil) == (theirs == nil) {
			continue
		}
		if why := known(name, what, ours, theirs); why != "" {
			counts[name+": "+why]++
			continue
		}
		t.Errorf("%s\n  tacit        %s\n  %-12s %s", what, outcome(ours), name, outcome(theirs))
	}
}

// counts are the differences that are named, and how often each came.
var counts = map[string]int{}

// known names a difference and says why Tacit is right; empty is an unknown one.
func known(oracle, what string, ours, theirs error) string {
	says := func(err error, words ...string) bool {
		return err != nil && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(err.Error(), w) })
	}
	switch oracle {
	case "oasis-core":
		switch {
		case ours == nil && says(theirs, "unexpected trailing data"):
			return "refuses a quote that zeros follow, as it comes from the kernel's interface of fixed size"
		case ours == nil && says(theirs, "unsupported quote version 5"):
			return "does not know quotes of version 5"
		case ours == nil && says(theirs, "TCB is not up to date"):
			return "refuses by the TCB status; to Tacit what was verified and what a policy admits are two questions"
		case theirs == nil && says(ours, "end of validity"):
			return "goes by the age of collateral; Tacit by the end that Intel signed, and by the age as policy"
		case theirs == nil && strings.Contains(what, "the chain of the QE identity"):
			return "is given one chain for both parts of the collateral here"
		case theirs == nil && strings.Contains(what, "the list of revoked"):
			return "does not look at lists of revoked certificates"
		}
	case "go-tdx-guest":
		if theirs == nil && says(ours, "followed by bytes that are not zero") {
			return "takes a quote that anything follows, so that one quote has many forms"
		}
	}
	return ""
}

func TestMain(m *testing.M) {
	code := m.Run()
	for why, n := range counts {
		fmt.Printf("%4d  %s\n", n, why)
	}
	os.Exit(code)
}
