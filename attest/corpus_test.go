package attest_test

import (
	"bytes"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
)

// bad is one thing that must not be accepted, and why it is not: a part of the
// error. Without a reason it is accepted.
type bad struct {
	name   string
	reason string
	err    error
}

// part is a named range of a quote's bytes.
type part struct {
	name     string
	from, to int
	reason   string // why a quote is refused in which one of its bits is another
}

// form is a kind of quote.
type form struct {
	name    string
	version uint16
	tee     attest.TEE
	td15    bool
}

var forms = []form{
	{"SGX 3", 3, attest.SGX, false}, {"SGX 4", 4, attest.SGX, false}, {"SGX 5", 5, attest.SGX, false},
	{"TDX 4", 4, attest.TDX, false}, {"TDX 5, TD 1.0", 5, attest.TDX, false}, {"TDX 5, TD 1.5", 5, attest.TDX, true},
}

func (f form) quote(m *devpki.Platform) []byte {
	if f.tee == attest.SGX {
		return m.QuoteSGX(f.version, &attest.SGXReport{Attributes: [16]byte{5}})
	}
	return m.QuoteTDX(f.version, f.td15, &attest.TDXReport{TCBSVN: m.TCBSVN(), Attributes: [8]byte{3: 0x10}})
}

// parts is the layout of the form, from Intel's quoting libraries' references
// (see attest.Quote), not from the parser.
func (f form) parts(quote []byte) (list []part) {
	at := 0
	add := func(name string, size int, reason string) {
		list = append(list, part{name, at, at + size, reason})
		at += size
	}
	const signed, bound = "check quote: ", "it is not about the attestation key"
	at = 2 // the version has rows of its own
	add("key type", 2, "attestation key type")
	add("TEE type", 4, "TEE type")
	add("QE and PCE versions", 4, signed)
	add("vendor", 16, "vendor id")
	add("user data", 20, signed)
	if f.version == 5 {
		add("body type", 2, "quote body type")
		add("body size", 4, "quote body type")
	}
	body := [][2]any{
		{"CPUSVN", 16}, {"MISCSELECT", 4}, {"reserved 1", 28}, {"ATTRIBUTES", 16}, {"MRENCLAVE", 32}, {"reserved 2", 32}, {"MRSIGNER", 32},
		{"reserved 3", 96}, {"ISVPRODID", 2}, {"ISVSVN", 2}, {"reserved 4", 60}, {"REPORTDATA", 64},
	}
	enclave := body
	if f.tee == attest.TDX {
		body = [][2]any{
			{"TEE_TCB_SVN", 16}, {"MRSEAM", 48}, {"MRSIGNERSEAM", 48}, {"SEAMATTRIBUTES", 8}, {"TDATTRIBUTES", 8}, {"XFAM", 8}, {"MRTD", 48},
			{"MRCONFIGID", 48}, {"MROWNER", 48}, {"MROWNERCONFIG", 48}, {"RTMR0", 48}, {"RTMR1", 48}, {"RTMR2", 48}, {"RTMR3", 48}, {"REPORTDATA", 64},
		}
		if f.td15 {
			body = append(body, [2]any{"TEE_TCB_SVN_2", 16}, [2]any{"MRSERVICETD", 48})
		}
	}
	for _, b := range body {
		add(b[0].(string), b[1].(int), signed)
	}
	at += 4 // the length has rows of its own
	add("signature r", 32, signed)
	add("signature s", 32, signed)
	add("attestation key x", 32, bound)
	add("attestation key y", 32, bound)
	if f.version >= 4 {
		add("outer certification data's type", 2, "in place of a QE report")
		at += 4
	}
	for _, b := range enclave {
		add("QE "+b[0].(string), b[1].(int), "check QE report: ")
	}
	add("QE report's signature r", 32, "check QE report: ")
	add("QE report's signature s", 32, "check QE report: ")
	at += 2
	add("QE authentication data", int(binary.LittleEndian.Uint16(quote[at-2:])), bound)
	add("certification data's type", 2, "in place of a PCK chain")
	return list
}

// chain replaces the certificates of a quote.
func chain(quote []byte, change func(der [][]byte) [][]byte) []byte {
	i := bytes.Index(quote, []byte("-----BEGIN"))
	var der [][]byte
	for rest := quote[i:]; ; {
		block, more := pem.Decode(rest)
		if block == nil {
			break
		}
		der, rest = append(der, block.Bytes), more
	}
	var text []byte
	for _, d := range change(der) {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d})...)
	}
	text = append(text, 0)
	grown := len(text) - (len(quote) - i)
	out := append(bytes.Clone(quote[:i]), text...)
	// The lengths that hold it: its own, and those around it.
	add := func(at int) {
		binary.LittleEndian.PutUint32(out[at:], uint32(int(binary.LittleEndian.Uint32(out[at:]))+grown))
	}
	add(i - 4)
	version := binary.LittleEndian.Uint16(out)
	length := 48 + 384
	switch tdx := out[4] == 0x81; {
	case tdx && version == 4:
		length = 48 + 584
	case version == 5:
		length = 48 + 6 + int(binary.LittleEndian.Uint32(out[50:]))
	}
	add(length)
	if version >= 4 {
		add(length + 4 + 128 + 2)
	}
	return out
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// corpus is everything about quotes and collateral that must be refused, and
// some that must not.
func corpus(t *testing.T) (list []bad) {
	pki := devpki.New(devpki.Seed)
	machine := pki.Platform(devpki.PlatformConfig{Machine: "corpus"})
	service := &devpki.PCS{PKI: pki}
	prepared := map[attest.TEE]*attest.Prepared{}
	for _, tee := range []attest.TEE{attest.SGX, attest.TDX} {
		p, err := attest.PrepareCollateral(service.Collateral(tee, devpki.FMSPC, devNow), pki.Anchor(), devNow)
		if err != nil {
			t.Fatal(err)
		}
		prepared[tee] = p
	}
	for _, f := range forms {
		quote := f.quote(machine)
		row := func(name, reason string, quote []byte) {
			_, err := attest.VerifyQuote(quote, prepared[f.tee], devNow)
			list = append(list, bad{f.name + ": " + name, reason, err})
		}
		row("as it is", "", quote)
		for _, p := range f.parts(quote) {
			row(p.name+" flipped", p.reason, flipped(quote, p.from))
			row(p.name+" flipped at its end", p.reason, flipped(quote, p.to-1))
			row("cut before "+p.name, "ends early", quote[:p.from])
		}
		end := f.parts(quote)[len(f.parts(quote))-1].to
		row("cut in the certificates", "ends early", quote[:end+100])
		row("cut by a byte", "ends early", quote[:len(quote)-1])
		row("nothing", "ends early", nil)
		row("padded with a zero", "", append(bytes.Clone(quote), 0))
		row("padded with zeros as hardware does", "", append(bytes.Clone(quote), make([]byte, 448)...))
		row("padded with a one", "bytes that are not zero", append(bytes.Clone(quote), 1))
		row("padded with zeros and data", "bytes that are not zero", append(bytes.Clone(quote), 0, 0, 0, 7))
		row("twice", "bytes that are not zero", append(bytes.Clone(quote), quote...))
		row("too large", "is above 16384", append(bytes.Clone(quote), make([]byte, 16<<10)...))
		for version, reason := range map[uint16]string{0: "version 0", 1: "version 1", 2: "version 2", 6: "version 6", 259: "version 259"} {
			other := bytes.Clone(quote)
			binary.LittleEndian.PutUint16(other, version)
			if f.tee == attest.TDX && version < 4 {
				reason = "TEE type 0x81 in a quote of version"
			}
			row(fmt.Sprintf("called version %d", version), reason, other)
		}
		row("leaf's signature", "check PCK certificate: ", chain(quote, func(d [][]byte) [][]byte {
			return [][]byte{flipped(d[0], len(d[0])-3), d[1], d[2]}
		}))
		row("authority's signature", "check PCK authority: ", chain(quote, func(d [][]byte) [][]byte {
			return [][]byte{d[0], flipped(d[1], len(d[1])-3), d[2]}
		}))
		row("root's signature", "does not end at the trust anchor", chain(quote, func(d [][]byte) [][]byte {
			return [][]byte{d[0], d[1], flipped(d[2], len(d[2])-3)}
		}))
		row("chain in another order", "", chain(quote, func(d [][]byte) [][]byte { return d }))
		list[len(list)-1].name = f.name + ": chain written anew"
		row("leaf and authority exchanged", "check PCK authority: ", chain(quote, func(d [][]byte) [][]byte { return [][]byte{d[1], d[0], d[2]} }))
		row("no root", "2 certificates, not 3", chain(quote, func(d [][]byte) [][]byte { return d[:2] }))
		row("one certificate more", "4 certificates, not 3", chain(quote, func(d [][]byte) [][]byte { return append(slices.Clone(d), d[2]) }))
		row("leaf cut", "read PCK certificate: ", chain(quote, func(d [][]byte) [][]byte { return [][]byte{d[0][:len(d[0])-1], d[1], d[2]} }))
		strange := devpki.New("another vendor").Platform(devpki.PlatformConfig{Machine: "corpus"})
		row("of another hierarchy", "does not end at the trust anchor", f.quote(strange))
		row("another hierarchy's leaf under this one", "check PCK certificate: ", chain(quote, func(d [][]byte) [][]byte {
			var leaf []byte
			chain(f.quote(strange), func(o [][]byte) [][]byte { leaf = o[0]; return o })
			return [][]byte{leaf, d[1], d[2]}
		}))
		row("another machine's leaf", "check QE report: ", chain(quote, func(d [][]byte) [][]byte {
			var leaf []byte
			chain(f.quote(pki.Platform(devpki.PlatformConfig{Machine: "other"})), func(o [][]byte) [][]byte { leaf = o[0]; return o })
			return [][]byte{leaf, d[1], d[2]}
		}))
		row("of another family of platforms", "TCB info of", f.quote(pki.Platform(devpki.PlatformConfig{Machine: "corpus", FMSPC: attest.FMSPC{9}})))
		for fault, reason := range map[devpki.Fault]string{
			devpki.OldSVN: "", devpki.OutOfDate: "", devpki.Ancient: "no matching TCB level", devpki.OldPCE: "no matching TCB level", devpki.NewPCE: "",
		} {
			row(fmt.Sprintf("fault %d of the platform", fault), reason, f.quote(pki.Platform(devpki.PlatformConfig{Machine: "corpus", Fault: fault})))
		}
		other := attest.SGX + attest.TDX - f.tee
		_, err := attest.VerifyQuote(quote, prepared[other], devNow)
		list = append(list, bad{f.name + ": collateral of the other kind of TEE", "collateral is not of", err})
	}
	return list
}

// TestCorpus has more than 200 cases, each with its reason.
func TestCorpus(t *testing.T) {
	list := corpus(t)
	list = append(append(list, collateralCorpus(t)...), policyCorpus()...)
	refused := 0
	seen := map[string]bool{}
	for _, c := range list {
		if seen[c.name] {
			t.Errorf("two cases are called %q", c.name)
		}
		seen[c.name] = true
		switch {
		case c.reason == "" && c.err != nil:
			t.Errorf("%s: refused: %v", c.name, c.err)
		case c.reason != "" && c.err == nil:
			t.Errorf("%s: accepted; want %q", c.name, c.reason)
		case c.reason != "" && !strings.Contains(c.err.Error(), c.reason):
			t.Errorf("%s: %v; want %q", c.name, c.err, c.reason)
		}
		if c.reason != "" {
			refused++
		}
	}
	if refused < 200 {
		t.Errorf("%d cases", refused)
	}
	t.Logf("%d cases, %d of them refused", len(list), refused)
}
