package main

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devamd"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/attest/verdict"
	"github.com/tacit-network/tacit/internal/vectors"
	"github.com/tacit-network/tacit/tee/sim"
)

// verifyQuote runs `tacit verify quote --json` and reads the one object that it
// prints. The command fails exactly when it does not accept.
func verifyQuote(t *testing.T, args ...string) *verdict.Verdict {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := root()
	cmd.SetArgs(append([]string{"verify", "quote", "--json"}, args...))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	err := cmd.ExecuteContext(t.Context())
	v := new(verdict.Verdict)
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	if jerr := d.Decode(v); jerr != nil {
		t.Fatalf("%v: not one object: %v; %v", args, jerr, err)
	}
	if _, jerr := d.Token(); !errors.Is(jerr, io.EOF) {
		t.Errorf("%v: something follows the object", args)
	}
	if (err == nil) != v.Accept || err != nil && (!errors.Is(err, errNotAccepted) || hintOf(err) == "") {
		t.Errorf("%v: accept is %v, the command ends with %v, hint %q", args, v.Accept, err, hintOf(err))
	}
	text, terr := run(t, append([]string{"verify", "quote"}, args...)...)
	if (terr == nil) != v.Accept || !strings.Contains(text, "✓") && !strings.Contains(text, "✗") {
		t.Errorf("%v: without --json: %v\n%s", args, terr, text)
	}
	return v
}

// The rows of the README beside the vectors, with what it expects.
func TestVerifyVectors(t *testing.T) {
	dir := filepath.Join(vectors.Dir(t), "quotes")
	file := func(name string) string { return filepath.Join(dir, name) }
	set := func(quote, name string) []string {
		return []string{file(quote), "--collateral", file(name + ".collateral.json")}
	}
	milan := []string{file("snp_v2_milan.report.bin"), "--collateral", file("snp_v2_milan.vcek.der")}
	both, err := os.ReadFile(file("amd_ask_ark_milan.pem"))
	if err != nil {
		t.Fatal(err)
	}
	_, second := pem.Decode(both)
	ark := write(t, "ark.pem", second)
	dev := func(name, at string) []string {
		return []string{file("dev/" + name + ".quote.bin"), "--collateral", file("dev/" + name + ".json"), "--anchor", file("dev/root_ca.der"), "--at", at}
	}
	now := func(name string) string {
		var v struct{ Now json.Number }
		data, err := os.ReadFile(file("dev/" + name + ".json"))
		if err != nil || json.Unmarshal(data, &v) != nil {
			t.Fatal(name, err)
		}
		return v.Now.String()
	}
	for _, c := range []struct {
		name       string
		args       []string
		accept     bool
		policy     bool
		status     string
		advisories []string
		fmspc      string
		reason     string // part of it, of the policy's where the quote is accepted
	}{
		{"SGX v3 00A067", append(set("real_sgx_v3_00a067.quote", "real_sgx_v3_00a067"), "--at", "2025-06-21T00:00:00Z"), true, false,
			"ConfigurationAndSWHardeningNeeded", []string{"INTEL-SA-00289", "INTEL-SA-00615"}, "00A067110000", "TCB status"},
		{"SGX v3 00606A, no list", append(set("sgx_v3_00606a.quote.bin", "sgx_v3_00606a"), "--at", "1671580800"), true, false,
			"SWHardeningNeeded", []string{"INTEL-SA-00615", "INTEL-SA-00657"}, "00606A000000", "INTEL-SA-00615"},
		{"TDX v4 B0C06F", append(set("real_tdx_v4_b0c06f.quote", "real_tdx_v4_b0c06f"), "--at", "2025-06-21T00:00:00Z"), true, true,
			"UpToDate", nil, "B0C06F000000", "accepted"},
		{"TDX v4 20A06F", append(set("real_tdx_v4_20a06f.quote", "real_tdx_v4_20a06f"), "--at", "2025-09-04T00:00:00Z"), true, true,
			"UpToDate", nil, "20A06F000000", "accepted"},
		{"TDX v4 20A06F, three weeks later", append(set("real_tdx_v4_20a06f.quote", "real_tdx_v4_20a06f"), "--at", "2025-09-25T00:00:00Z"), true, false,
			"UpToDate", nil, "20A06F000000", "too old"},
		{"TDX v4 C0806F, no list", append(set("tdx_v4_c0806f.quote.bin", "tdx_v4_c0806f"), "--at", "1725408000"), true, false,
			"UpToDate", nil, "C0806F000000", "revocation"},
		{"TDX v5 90C06F", append(set("real_tdx_v5_90c06f.quote", "real_tdx_v5_90c06f"), "--at", "2026-02-20T00:00:00Z"), true, true,
			"UpToDate", nil, "90C06F000000", "accepted"},
		{"TDX v5 90C06F low", append(set("real_tdx_v5_90c06f_lowtcb.quote", "real_tdx_v5_90c06f_lowtcb"), "--at", "2026-02-20T00:00:00Z"), false, false,
			"", nil, "90C06F000000", "no matching TCB level"},
		{"TDX v4 without collateral", []string{file("tdx_v4_cos113.quote.bin"), "--at", "2024-09-01"}, false, false, "", nil, "00806F050000", "collateral: there is none"},
		{"collateral of another family", append(set("real_tdx_v4_b0c06f.quote", "real_tdx_v4_20a06f"), "--at", "2025-09-04"), false, false, "", nil, "B0C06F000000", "FMSPC 20A06F000000"},
		{"collateral of SGX for TDX", append(set("real_tdx_v4_b0c06f.quote", "real_sgx_v3_00a067"), "--at", "2025-06-21"), false, false, "", nil, "B0C06F000000", "it is of SGX"},
		{"wrong anchor", append(set("real_tdx_v4_b0c06f.quote", "real_tdx_v4_b0c06f"), "--at", "2025-06-21", "--anchor", file("dev/root_ca.der")), false, false, "", nil, "B0C06F000000", "another root"},
		{"Intel's anchor by name", append(set("real_tdx_v4_b0c06f.quote", "real_tdx_v4_b0c06f"), "--at", "2025-06-21", "--anchor", file("intel_sgx_root_ca.pem")), true, true, "UpToDate", nil, "B0C06F000000", "accepted"},
		{"too late", append(set("real_tdx_v4_b0c06f.quote", "real_tdx_v4_b0c06f"), "--at", "2025-08-21"), false, false, "", nil, "B0C06F000000", "ended 32 days ago"},
		{"collateral of the future", append(set("real_tdx_v4_b0c06f.quote", "real_tdx_v4_b0c06f"), "--at", "2025-06-19"), false, false, "", nil, "B0C06F000000", "too early"},

		{"SNP 2023", append(milan, "--at", "2023-01-01"), true, false, "Unrated", nil, "", "debug"},
		{"SNP 2026, whole chain", append(milan, "--anchor", file("amd_ask_ark_milan.pem"), "--at", "2026-11-22"), true, false, "Unrated", nil, "", "debug"},
		{"SNP, chain as collateral", append(milan, "--collateral", file("amd_ask_ark_milan.pem"), "--at", "2026-11-22"), true, false, "Unrated", nil, "", "debug"},
		{"SNP, root alone as anchor", append(milan, "--anchor", ark, "--at", "2026-11-22"), true, false, "Unrated", nil, "", "debug"},
		{"SNP 2021", append(milan, "--at", "2021-01-01"), false, false, "", nil, "", "too early"},
		{"SNP 2035", append(milan, "--at", "2035-01-01"), false, false, "", nil, "", "ended"},
		{"SNP under Genoa's root", append(milan, "--anchor", file("amd_ask_ark_genoa.pem"), "--at", "2026-11-22"), false, false, "", nil, "", "Genoa"},
		{"SNP without certificate", []string{file("snp_v2_milan.report.bin"), "--at", "2026-11-22"}, false, false, "", nil, "", "no certificate"},

		{"dev SGX", dev("sgx_v3_ok", now("sgx_v3_ok")), true, true, "UpToDate", nil, "", "accepted"},
		{"dev TDX v4", dev("tdx_v4_ok", now("tdx_v4_ok")), true, true, "UpToDate", nil, "", "accepted"},
		{"dev TDX v5", dev("tdx_v5_td15_ok", now("tdx_v5_td15_ok")), true, true, "UpToDate", nil, "", "accepted"},
		{"dev truncated", dev("tdx_v4_truncated", now("tdx_v4_truncated")), false, false, "", nil, "", "ends early"},
		{"dev revoked", dev("tdx_v4_revoked_pck", now("tdx_v4_revoked_pck")), false, false, "", nil, "", "PCK certificate is revoked"},
		{"dev under Intel's root", dev("tdx_v4_ok", now("tdx_v4_ok"))[:3], false, false, "", nil, "", "Intel's root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := verifyQuote(t, c.args...)
			reason := v.Reason
			if v.Accept {
				reason = v.PolicyReason
			}
			if v.Accept != c.accept || v.PolicyAccept != c.policy || v.Status != c.status || !slices.Equal(v.Advisories, c.advisories) ||
				c.fmspc != "" && v.FMSPC != c.fmspc || !strings.Contains(reason, c.reason) {
				t.Errorf("accept %v, policy %v, status %q, advisories %v, FMSPC %s, reason %q; want %+v",
					v.Accept, v.PolicyAccept, v.Status, v.Advisories, v.FMSPC, reason, c)
			}
		})
	}
	for _, name := range []string{"sgx_v3_00606a", "tdx_v4_c0806f"} {
		v := verifyQuote(t, append(set(name+".quote.bin", name), "--at", map[string]string{"sgx_v3_00606a": "1671580800", "tdx_v4_c0806f": "1725408000"}[name])...)
		if lists := v.Tree.Find("revocation lists"); lists == nil || lists.State != verdict.NotChecked || len(lists.Checks) != 2 {
			t.Errorf("%s: missing lists show as %+v", name, lists)
		}
	}
	// A log of the machine, which leads to its registers.
	f, err := os.Open(file("tdx_v4_cos113.ccel.bin.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	log, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	logFile := write(t, "ccel", log)
	v := verifyQuote(t, file("tdx_v4_cos113.quote.bin"), "--at", "2024-09-01", "--event-log", logFile)
	if c := v.Tree.Find("event log"); c == nil || c.State != verdict.Passed {
		t.Errorf("event log: %+v", c)
	}
	for _, name := range []string{"quote", "QE report", "PCK chain"} {
		want := verdict.Passed
		if name == "QE report" {
			want = verdict.NotChecked // its identity is collateral
		}
		if c := v.Tree.Find(name); c == nil || c.State != want {
			t.Errorf("without collateral, %s: %+v", name, c)
		}
	}
	if data, err := os.ReadFile(file("tdx_v4_cos113.reportdata.bin")); err != nil || v.ReportData != hex.EncodeToString(data) {
		t.Errorf("report data %s, %v", v.ReportData, err)
	}
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const verifyNow = 1795305600 // 2026-11-22

// devQuote writes a quote of a simulated platform, its collateral and root.
func devQuote(t *testing.T, debug bool) (quote, collateral, anchor string, raw []byte) {
	t.Helper()
	pki := devpki.New(devpki.Seed)
	machine := pki.Platform(devpki.PlatformConfig{Machine: "verify"})
	r := &attest.TDXReport{TCBSVN: machine.TCBSVN(), MRTD: attest.Digest{1}}
	r.Attributes[3] = 0x10
	if debug {
		r.Attributes[0] = 1
	}
	raw = machine.QuoteTDX(5, true, r)
	service := devpki.PCS{PKI: pki}
	return write(t, "quote", raw), write(t, "collateral.json", service.Document(attest.TDX, devpki.FMSPC, verifyNow)),
		write(t, "root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pki.Anchor()})), raw
}

// Whatever is signed and was changed since is refused, and the tree names it.
func TestVerifyTampered(t *testing.T) {
	quote, collateral, anchor, raw := devQuote(t, false)
	document, err := os.ReadFile(collateral)
	if err != nil {
		t.Fatal(err)
	}
	// Version 5: header 48, descriptor 6, TD 1.5 report 648, length 4.
	const auth = 48 + 6 + 648 + 4
	judge := func(name, quote, collateral, check string) {
		t.Helper()
		v := verifyQuote(t, quote, "--collateral", collateral, "--anchor", anchor, "--at", "1795305600")
		if c := v.Tree.Find(check); v.Accept || v.PolicyAccept || v.Reason == "" || c == nil || c.State != verdict.Failed {
			t.Errorf("%s: accept %v, reason %q, %s is %+v", name, v.Accept, v.Reason, check, c)
		}
	}
	for _, c := range []struct {
		name  string
		at    int
		check string
	}{
		{"user data of the header", 30, "quote"},
		{"TEE_TCB_SVN", 54, "quote"},
		{"MRTD", 54 + 136, "quote"},
		{"report data", 54 + 520, "quote"},
		{"MRSERVICETD", 54 + 600, "quote"},
		{"signature", auth, "quote"},
		{"attestation key", auth + 64, "QE report"},
		{"QE report", auth + 134, "QE report"},
		{"QE report data", auth + 134 + 320, "QE report"},
		{"QE report's signature", auth + 134 + 384, "QE report"},
		{"QE auth data", auth + 134 + 384 + 64 + 2, "QE report"},
	} {
		bad := bytes.Clone(raw)
		bad[c.at] ^= 1
		judge(c.name, write(t, "quote", bad), collateral, c.check)
	}
	for i := range 3 { // PCK certificate, authority, root: a letter of the signature
		text := bytes.Split(bytes.Clone(raw), []byte("-----END"))
		at := len(text[i]) - 20
		text[i][at] = map[bool]byte{true: 'B', false: 'A'}[text[i][at] == 'A']
		judge("certificate "+strconv.Itoa(i), write(t, "quote", bytes.Join(text, []byte("-----END"))), collateral, "PCK chain")
	}
	for member, check := range map[string]string{
		"tcb_info": "TCB info", "tcb_info_signature": "TCB info", "tcb_info_issuer_chain": "TCB info",
		"qe_identity": "QE identity", "qe_identity_signature": "QE identity", "qe_identity_issuer_chain": "QE identity",
		"root_ca_crl": "root revocation list", "pck_crl": "PCK revocation list", "pck_crl_issuer_chain": "PCK revocation list",
	} {
		var members map[string]string
		if err := json.Unmarshal(document, &members); err != nil {
			t.Fatal(err)
		}
		text := []byte(members[member])
		at := bytes.LastIndexAny(text, "01234567") // of the hexadecimal, of a number, or of base64
		if end := bytes.Index(text, []byte("-----END")); end > 0 {
			at = bytes.LastIndexAny(text[:end-8], "01234567")
		}
		text[at] ^= 1
		members[member] = string(text)
		bad, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		judge(member, quote, write(t, "c", bad), check)
	}
}

// Quotes come as binary and in every usual form of hexadecimal.
func TestVerifyForms(t *testing.T) {
	_, collateral, anchor, raw := devQuote(t, false)
	text := hex.EncodeToString(raw)
	var lines strings.Builder
	for i := 0; i < len(text); i += 64 {
		lines.WriteString("  " + text[i:min(i+64, len(text))] + "\r\n")
	}
	for name, data := range map[string]string{
		"binary": string(raw), "padded": string(raw) + "\x00\x00", "hexadecimal": text, "0x": "0x" + text + "\n",
		"upper case": "0X" + strings.ToUpper(text), "lines": lines.String(),
	} {
		v := verifyQuote(t, write(t, "q", []byte(data)), "--collateral", collateral, "--anchor", anchor, "--at", "2026-11-22T01:00:00+01:00")
		if !v.Accept || !v.PolicyAccept || !v.Simulated || v.At != "2026-11-22T00:00:00Z" {
			t.Errorf("%s: %v %v %v at %s: %s", name, v.Accept, v.PolicyAccept, v.Simulated, v.At, v.Reason)
		}
	}
}

// The flags of the policy.
func TestVerifyPolicy(t *testing.T) {
	quote, collateral, anchor, _ := devQuote(t, true)
	base := []string{quote, "--collateral", collateral, "--anchor", anchor, "--at", "1795305600"}
	if v := verifyQuote(t, base...); !v.Accept || v.PolicyAccept || !v.Debug || !strings.Contains(v.PolicyReason, "debug mode") {
		t.Errorf("a debug trust domain: %+v", v)
	}
	if v := verifyQuote(t, quote, "--collateral", collateral, "--at", "1795305600"); v.Accept || !v.Simulated || !strings.Contains(v.Reason, "Intel's root") {
		t.Errorf("under Intel's root: %+v", v)
	}
	quote, collateral, anchor, _ = devQuote(t, false)
	base = []string{quote, "--collateral", collateral, "--anchor", anchor, "--at", "1795305600"}
	mrtd := "01" + strings.Repeat("0", 94)
	for _, c := range []struct {
		flags []string
		ok    bool
	}{
		{nil, true},
		{[]string{"--measurement", "0x" + mrtd}, true},
		{[]string{"--measurement", strings.Repeat("a", 64), "--measurement", mrtd}, true},
		{[]string{"--measurement", strings.Repeat("0", 96)}, false},
		{[]string{"--max-age", "24h"}, false},
		{[]string{"--min-evaluation", "18"}, true},
		{[]string{"--min-evaluation", "19"}, false},
		{[]string{"--allow-fmspc", "00A067110000"}, false},
		{[]string{"--allow-fmspc", "00A067110000", "--allow-fmspc", "444556000001"}, true},
		{[]string{"--max-age", "60h", "--allow-status", "OutOfDate", "--allow-advisory", "INTEL-SA-00289"}, true},
	} {
		if v := verifyQuote(t, append(base, c.flags...)...); !v.Accept || v.PolicyAccept != c.ok {
			t.Errorf("%v: policy %v: %s", c.flags, v.PolicyAccept, v.PolicyReason)
		}
	}
}

// A report of SEV-SNP with all that there can be, in one file and in several.
func TestVerifySNP(t *testing.T) {
	pki := devamd.New(snp.Turin)
	chip := pki.Chip(snp.VLEK, snp.TCB{FMC: 1, BootLoader: 2, TEE: 1, SNP: 4, Microcode: 80})
	report := write(t, "report", chip.Report(devamd.Fields{Version: 5}))
	var bundle bytes.Buffer
	for _, der := range [][]byte{chip.Certificate(), pki.Intermediate(snp.VCEK), pki.Intermediate(snp.VLEK)} {
		pem.Encode(&bundle, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	args := []string{report, "--collateral", write(t, "bundle.pem", bundle.Bytes()), "--anchor", write(t, "ark.der", pki.Root()), "--at", "1795305600"}
	if v := verifyQuote(t, args...); !v.Accept || v.PolicyAccept || v.Product != "Turin" {
		t.Errorf("report: %+v", v)
	}
	args = append(args, "--collateral", write(t, "crl.der", pki.List(verifyNow, false, false)), "--allow-vlek")
	if v := verifyQuote(t, args...); !v.Accept || !v.PolicyAccept {
		t.Errorf("with a list, and a policy that lets VLEKs in: %s", v.PolicyReason)
	}
	args[len(args)-2] = write(t, "crl.der", pki.List(verifyNow, false, true))
	if v := verifyQuote(t, args...); v.Accept || !strings.Contains(v.Reason, "revoked") {
		t.Errorf("revoked: %+v", v)
	}
}

// What is misused fails before anything is verified, and says what to do.
func TestVerifyMisuse(t *testing.T) {
	quote, collateral, anchor, raw := devQuote(t, false)
	report := write(t, "report", append([]byte{2, 0, 0, 0}, make([]byte, 1180)...))
	for _, c := range []struct {
		args       []string
		want, hint string
	}{
		{[]string{"nowhere"}, "no such file", "--help"},
		{[]string{}, "accepts 1 arg(s)", "--help"},
		{[]string{write(t, "empty", nil)}, "is empty", ""},
		{[]string{write(t, "words", []byte("hello, this is no quote"))}, "is not a quote", "hardware returns"},
		{[]string{write(t, "json", []byte(`{"a":1}`))}, "is not a quote", "hardware returns"},
		{[]string{quote, "--at", "yesterday"}, "is no time", "2026-11-22T12:00:00Z"},
		{[]string{quote, "--at", "2026-11-22 12:00"}, "is no time", "2026-11-22T12:00:00Z"},
		{[]string{quote, "--at", "1795305600000"}, "milliseconds", "seconds since 1970"},
		{[]string{quote, "--at", "1950-01-01T00:00:00Z"}, "before 1970", ""},
		{[]string{quote, "--collateral", "nowhere"}, "no such file", ""},
		{[]string{quote, "--collateral", quote}, "read ", "collateral is one JSON object"},
		{[]string{quote, "--collateral", write(t, "c", []byte(`{"tcb_info":"x"}`))}, "no qe_identity", "collateral is"},
		{[]string{quote, "--collateral", write(t, "c", []byte(`{"collateral":[]}`))}, "is no object", "collateral is"},
		{[]string{quote, "--collateral", collateral, "--collateral", collateral}, "one file", "leave"},
		{[]string{quote, "--anchor", collateral}, "no certificate", "DER or PEM"},
		{[]string{quote, "--anchor", write(t, "a", raw[:0x30])}, "no certificate", "DER or PEM"},
		{[]string{quote, "--anchor", write(t, "a", devamd.New(snp.Milan).Root())}, "trust anchor", "SGX root certificate"},
		{[]string{quote, "--allow-status", "Fine"}, "no status", "SWHardeningNeeded"},
		{[]string{quote, "--allow-status", "Revoked"}, "no status", "SWHardeningNeeded"},
		{[]string{quote, "--measurement", "12"}, "no measurement", "digits"},
		{[]string{quote, "--allow-fmspc", "12"}, "no family", "12 hexadecimal digits"},
		{[]string{quote, "--max-age", "0s"}, "too short", "168h"},
		{[]string{report, "--anchor", anchor}, "no root certificate of AMD's", "ARK"},
		{[]string{report, "--collateral", collateral}, "no certificate", "DER or PEM"},
		{[]string{report, "--collateral", write(t, "d", []byte{0x30, 0})}, "neither a certificate", "VCEK"},
		{[]string{report, "--event-log", collateral}, "no event log", "--event-log"},
	} {
		out, err := run(t, append([]string{"verify", "quote"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(hintOf(err), c.hint) || out != "" {
			t.Errorf("%v: %v, hint %q, output %q; want %q, hint %q", c.args, err, hintOf(err), out, c.want, c.hint)
		}
	}
	// With --json there is one object, whatever happens.
	v := new(verdict.Verdict)
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs([]string{"verify", "quote", "nowhere", "--json"})
	cmd.SetOut(&out)
	if err := cmd.ExecuteContext(t.Context()); err == nil || json.Unmarshal(out.Bytes(), v) != nil || v.Accept || !strings.Contains(v.Reason, "no such file") {
		t.Errorf("%v: %s", err, &out)
	}
	// A quote that is cut is a quote, and the verdict says what is wrong.
	for _, n := range []int{10, 48, 1000, len(raw) - 1} {
		if v := verifyQuote(t, write(t, "cut", raw[:n]), "--anchor", anchor); v.Accept || !strings.Contains(v.Reason, "ends early") {
			t.Errorf("cut at %d: %s", n, v.Reason)
		}
	}
	if v := verifyQuote(t, write(t, "cut", append([]byte{3, 0, 0, 0}, make([]byte, 500)...))); v.Accept || !strings.Contains(v.Reason, "504 of 1184 bytes") {
		t.Errorf("a report that is cut: %s", v.Reason)
	}
}

// A quote that is taken is verified as any other.
func TestVerifyTake(t *testing.T) {
	machine, err := sim.Open(sim.Config{Secret: make([]byte, 32), MRTD: attest.Digest{1}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "quote")
	if n, err := takeQuote(machine.Backend(), file, "0x0102"); err != nil || n < 4000 {
		t.Fatal(n, err)
	}
	_, collateral, anchor, _ := devQuote(t, false)
	v := verifyQuote(t, file, "--collateral", collateral, "--anchor", anchor, "--at", "1795305600")
	if !v.Accept || !v.PolicyAccept || !strings.HasPrefix(v.ReportData, "010200") {
		t.Errorf("%+v", v)
	}
	for _, data := range []string{"x", strings.Repeat("0", 130)} {
		if _, err := takeQuote(machine.Backend(), file, data); err == nil || hintOf(err) == "" {
			t.Errorf("report data %q: %v", data, err)
		}
	}
	if _, err := run(t, "verify", "take", file, "--tee", "sgx"); err == nil || !strings.Contains(hintOf(err), "tdx or snp") {
		t.Errorf("other hardware: %v", err)
	}
	if _, err := os.Stat("/sys/kernel/config/tsm/report"); err == nil {
		return // this may be a confidential VM
	}
	for _, kind := range []string{"tdx", "snp"} {
		if _, err := run(t, "verify", "take", file, "--tee", kind); err == nil || !strings.Contains(err.Error(), "configfs-tsm") || !strings.Contains(hintOf(err), "confidential VM") {
			t.Errorf("%s: %v, hint %q", kind, err, hintOf(err))
		}
	}
}
