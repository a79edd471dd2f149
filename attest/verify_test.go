package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/internal/vectors"
	"github.com/tacit-network/tacit/scale"
)

func read(tb testing.TB, name ...string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{vectors.Dir(tb), "quotes"}, name...)...))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func intelRoot(tb testing.TB) []byte {
	tb.Helper()
	certs, err := cert.ParsePEM(read(tb, "intel_sgx_root_ca.pem"), 1)
	if err != nil || len(certs) != 1 {
		tb.Fatalf("intel_sgx_root_ca.pem: %d certificates, %v", len(certs), err)
	}
	return certs[0]
}

func readCollateral(tb testing.TB, data []byte) *Collateral {
	tb.Helper()
	c := new(Collateral)
	if err := json.Unmarshal(data, c); err != nil {
		tb.Fatal(err)
	}
	return c
}

// prepare authenticates a set of vectors. Two sets have no revocation lists:
// they get empty ones, which nothing but this test can make.
func prepare(tb testing.TB, c *Collateral, anchor []byte, q *Quote, now uint64) *Prepared {
	tb.Helper()
	if len(c.RootCRL) > 0 {
		p, err := PrepareCollateral(c, anchor, now)
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	if _, err := PrepareCollateral(c, anchor, now); err == nil {
		tb.Fatal("collateral without revocation lists is accepted")
	}
	root, err := parseAnchor(anchor)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, ca, err := q.certificates()
	if err != nil {
		tb.Fatal(err)
	}
	p := &Prepared{Anchor: anchor}
	p.RootCRL = CRL{ThisUpdate: now, NextUpdate: now, Issuer: hash.Blake2b256(ca.Issuer)}
	p.PCKCRL = CRL{ThisUpdate: now, NextUpdate: now, Issuer: hash.Blake2b256(leaf.Issuer)}
	tcb, err := prepareTCBInfo(c.TCBInfo, c.TCBInfoSignature, c.TCBInfoChain, root, &p.RootCRL, now)
	if err != nil {
		tb.Fatal(err)
	}
	qe, err := prepareQEIdentity(c.QEIdentity, c.QEIdentitySig, c.QEIdentityChain, root, &p.RootCRL, now)
	if err != nil {
		tb.Fatal(err)
	}
	p.TCB, p.QE = *tcb, *qe
	return p
}

const (
	day20221221 = 1671580800
	day20240901 = 1725148800
	day20240904 = 1725408000
	day20250621 = 1750464000
	day20250904 = 1756944000
	day20260220 = 1771545600
)

// realSets are quotes of real platforms with Intel's collateral; what is
// expected is from the README beside them, which several verifiers agree on.
var realSets = []struct {
	quote, collateral string
	now               uint64
	tee               TEE
	status            Status
	advisories        []string
	err               error
}{
	{"real_sgx_v3_00a067.quote", "real_sgx_v3_00a067", day20250621, SGX, ConfigurationAndSWHardeningNeeded, []string{"INTEL-SA-00289", "INTEL-SA-00615"}, nil},
	{"sgx_v3_00606a.quote.bin", "sgx_v3_00606a", day20221221, SGX, SWHardeningNeeded, []string{"INTEL-SA-00615", "INTEL-SA-00657"}, nil},
	{"real_tdx_v4_b0c06f.quote", "real_tdx_v4_b0c06f", day20250621, TDX, UpToDate, nil, nil},
	{"real_tdx_v4_20a06f.quote", "real_tdx_v4_20a06f", day20250904, TDX, UpToDate, nil, nil},
	{"tdx_v4_c0806f.quote.bin", "tdx_v4_c0806f", day20240904, TDX, UpToDate, nil, nil},
	{"real_tdx_v5_90c06f.quote", "real_tdx_v5_90c06f", day20260220, TDX, UpToDate, nil, nil},
	{"real_tdx_v5_90c06f_lowtcb.quote", "real_tdx_v5_90c06f_lowtcb", day20260220, TDX, 0, nil, ErrNoTCBLevel},
}

func TestRealQuotes(t *testing.T) {
	for _, s := range realSets {
		t.Run(s.collateral, func(t *testing.T) {
			raw, c := read(t, s.quote), readCollateral(t, read(t, s.collateral+".collateral.json"))
			q, err := ParseQuote(raw)
			if err != nil {
				t.Fatal(err)
			}
			p := prepare(t, c, intelRoot(t), q, s.now)

			// The stored form is what chain state keeps.
			stored, err := scale.Decode[Prepared](scale.Marshal(*p))
			if err != nil {
				t.Fatal(err)
			}
			e, err := VerifyQuote(raw, &stored, s.now)
			if !errors.Is(err, s.err) || (err == nil) != (s.err == nil) {
				t.Fatalf("VerifyQuote = %v, want %v", err, s.err)
			}
			if err == nil && (e.TEE != s.tee || e.Status != s.status || !slices.Equal(e.Advisories, s.advisories)) {
				t.Errorf("evidence %v, want %v %v %v", e, s.tee, s.status, s.advisories)
			}
			if len(c.RootCRL) > 0 {
				need, err := q.Need()
				if err != nil || need != (Need{s.tee, p.TCB.FMSPC, p.CA}) {
					t.Errorf("Need = %v, %v; collateral is of %v %v", need, err, p.TCB.FMSPC, p.CA)
				}
			}
			for _, at := range []uint64{s.now - 400*86400, s.now + 400*86400} {
				if _, err := VerifyQuote(raw, p, at); err == nil {
					t.Errorf("accepted at %d, outside the collateral's window", at)
				}
				if _, err := PrepareCollateral(c, intelRoot(t), at); err == nil {
					t.Errorf("collateral accepted at %d, outside its window", at)
				}
			}
			if _, err := VerifyQuote(raw, &Prepared{Anchor: read(t, "dev", "root_ca.der")}, s.now); err == nil {
				t.Error("accepted under another root")
			}
		})
	}
}

// The quote of a TD on Google's cloud has no collateral: its chain is checked
// alone. Report data is from the file beside it.
func TestChainWithoutCollateral(t *testing.T) {
	q, err := ParseQuote(read(t, "tdx_v4_cos113.quote.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.verifyChain(intelRoot(t), day20240901); err != nil {
		t.Fatal(err)
	}
	if want := read(t, "tdx_v4_cos113.reportdata.bin"); !bytes.Equal(q.TDX.ReportData[:], want) {
		t.Errorf("report data %x, want %x", q.TDX.ReportData, want)
	}
}

type devVector struct {
	Now        uint64     `json:"now"`
	Collateral Collateral `json:"collateral"`
}

func readDev(tb testing.TB, name string) (raw []byte, v *devVector, anchor []byte) {
	tb.Helper()
	v = new(devVector)
	if err := json.Unmarshal(read(tb, "dev", name+".json"), v); err != nil {
		tb.Fatal(err)
	}
	return read(tb, "dev", name+".quote.bin"), v, read(tb, "dev", "root_ca.der")
}

func TestDevelopmentVectors(t *testing.T) {
	for _, c := range []struct {
		name string
		ok   bool
		err  error
	}{
		{"sgx_v3_ok", true, nil},
		{"tdx_v4_ok", true, nil},
		{"tdx_v5_td15_ok", true, nil},
		{"tdx_v4_truncated", false, nil},
		{"tdx_v4_revoked_pck", false, ErrRevoked},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, v, anchor := readDev(t, c.name)
			p, err := PrepareCollateral(&v.Collateral, anchor, v.Now)
			if err != nil {
				t.Fatal(err)
			}
			e, err := VerifyQuote(raw, p, v.Now)
			if (err == nil) != c.ok || (c.err != nil && !errors.Is(err, c.err)) {
				t.Fatalf("VerifyQuote = %v, %v", e, err)
			}
			if c.ok && e.Status != UpToDate {
				t.Errorf("status %v", e.Status)
			}
			if _, err := PrepareCollateral(&v.Collateral, intelRoot(t), v.Now); err == nil {
				t.Error("development collateral is accepted under Intel's root")
			}
		})
	}
}

// Every byte of a quote matters: the signed ones, the signatures and keys, and
// the certificates. Only the user data of the header and such are signed too,
// so there is no byte that may change, but the PEM text has several forms.
func TestTamperedQuote(t *testing.T) {
	for _, name := range []string{"sgx_v3_ok", "tdx_v4_ok", "tdx_v5_td15_ok"} {
		t.Run(name, func(t *testing.T) {
			raw, v, anchor := readDev(t, name)
			p, err := PrepareCollateral(&v.Collateral, anchor, v.Now)
			if err != nil {
				t.Fatal(err)
			}
			end := bytes.Index(raw, []byte("-----BEGIN"))
			step := 1
			if testing.Short() {
				step = 13
			}
			for i := 0; i < len(raw); i += step {
				if i >= end && i%29 != 0 {
					continue
				}
				bad := bytes.Clone(raw)
				bad[i] ^= 1
				if e, err := VerifyQuote(bad, p, v.Now); err == nil && !sameChain(raw, bad) {
					t.Errorf("byte %d changed: accepted as %v", i, e)
				}
			}
			for _, tail := range [][]byte{{0}, make([]byte, 100)} {
				if _, err := VerifyQuote(append(bytes.Clone(raw), tail...), p, v.Now); err != nil {
					t.Errorf("%d bytes of padding: %v", len(tail), err)
				}
			}
			if _, err := VerifyQuote(append(bytes.Clone(raw), 0, 1), p, v.Now); err == nil {
				t.Error("padding that is not zero is accepted")
			}
		})
	}
}

// sameChain reports whether two quotes differ only in the text around the same
// certificates, such as one line end for another.
func sameChain(a, b []byte) bool {
	x, err1 := ParseQuote(a)
	y, err2 := ParseQuote(b)
	return err1 == nil && err2 == nil && slices.EqualFunc(x.chain, y.chain, bytes.Equal) &&
		bytes.Equal(x.signed, y.signed) && bytes.Equal(x.signature, y.signature) && bytes.Equal(x.qeRaw, y.qeRaw)
}

func TestTamperedCollateral(t *testing.T) {
	_, v, anchor := readDev(t, "tdx_v4_ok")
	_, other, _ := readDev(t, "sgx_v3_ok")
	if _, err := PrepareCollateral(&v.Collateral, anchor, v.Now); err != nil {
		t.Fatal(err)
	}
	parts := map[string]func(*Collateral) *[]byte{
		"root CRL":              func(c *Collateral) *[]byte { return &c.RootCRL },
		"PCK CRL":               func(c *Collateral) *[]byte { return &c.PCKCRL },
		"PCK CRL chain":         func(c *Collateral) *[]byte { return &c.PCKCRLChain },
		"TCB info":              func(c *Collateral) *[]byte { return &c.TCBInfo },
		"TCB info signature":    func(c *Collateral) *[]byte { return &c.TCBInfoSignature },
		"TCB info chain":        func(c *Collateral) *[]byte { return &c.TCBInfoChain },
		"QE identity":           func(c *Collateral) *[]byte { return &c.QEIdentity },
		"QE identity signature": func(c *Collateral) *[]byte { return &c.QEIdentitySig },
		"QE identity chain":     func(c *Collateral) *[]byte { return &c.QEIdentityChain },
	}
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			original := *part(&v.Collateral)
			refused := func(what string, bad []byte) {
				t.Helper()
				c := v.Collateral
				*part(&c) = bad
				if _, err := PrepareCollateral(&c, anchor, v.Now); err == nil {
					t.Errorf("%s: accepted", what)
				}
			}
			refused("missing", nil)
			refused("cut", original[:len(original)/2])
			for i := 0; i < len(original); i += 1 + len(original)/60 {
				bad := bytes.Clone(original)
				bad[i] ^= 1
				if x, err := cert.ParsePEM(bad, 4); err == nil && len(x) == 2 {
					y, _ := cert.ParsePEM(original, 4)
					if slices.EqualFunc(x, y, bytes.Equal) {
						continue // another line end
					}
				}
				refused("changed", bad)
			}
		})
	}
	mixed := v.Collateral
	mixed.TCBInfo, mixed.TCBInfoSignature = other.Collateral.TCBInfo, other.Collateral.TCBInfoSignature
	if _, err := PrepareCollateral(&mixed, anchor, v.Now); err == nil {
		t.Error("TCB info of SGX beside a QE identity of TDX is accepted")
	}
	swapped := v.Collateral
	swapped.PCKCRL = swapped.RootCRL
	if _, err := PrepareCollateral(&swapped, anchor, v.Now); err == nil {
		t.Error("the root's revocation list is accepted as that of the PCK authority")
	}
}

func TestSupersedes(t *testing.T) {
	old := &TCBInfo{Eval: 5, IssueDate: 100}
	for _, c := range []struct {
		eval  uint32
		issue uint64
		newer bool
		ok    bool
	}{
		{5, 100, false, true}, {5, 101, true, true}, {6, 100, true, true},
		{4, 200, false, false}, {6, 99, false, false}, {5, 99, false, false},
	} {
		newer, err := (&TCBInfo{Eval: c.eval, IssueDate: c.issue}).Supersedes(old)
		if newer != c.newer || (err == nil) != c.ok || (err != nil && !errors.Is(err, ErrRollback)) {
			t.Errorf("eval %d of %d: %v, %v", c.eval, c.issue, newer, err)
		}
		newer, err = (&CRL{Number: uint64(c.eval), ThisUpdate: c.issue}).Supersedes(&CRL{Number: 5, ThisUpdate: 100})
		if newer != c.newer || (err == nil) != c.ok {
			t.Errorf("list %d of %d: %v, %v", c.eval, c.issue, newer, err)
		}
	}
}

func BenchmarkVerifyQuote(b *testing.B) {
	raw, v, anchor := readDev(b, "tdx_v4_ok")
	p, err := PrepareCollateral(&v.Collateral, anchor, v.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := VerifyQuote(raw, p, v.Now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrepareCollateral(b *testing.B) {
	_, v, anchor := readDev(b, "tdx_v4_ok")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := PrepareCollateral(&v.Collateral, anchor, v.Now); err != nil {
			b.Fatal(err)
		}
	}
}
