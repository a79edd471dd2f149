package snp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/hash"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Endorsements are the certificates and lists that a report is checked with,
// in DER. Nil parts are missing.
type Endorsements struct {
	// Leaf is the VCEK or VLEK.
	Leaf []byte
	// Intermediate is the certificate of the key that signed the leaf: ASK, or
	// ASVK for a VLEK. When it is missing, the key of Anchor must be pinned.
	Intermediate []byte
	// List is AMD's revocation list of the product, which the root signs.
	List []byte
}

// Anchor is what is trusted for one product: its root certificate (ARK) in DER,
// or the public keys of root and intermediate.
type Anchor struct {
	Root []byte
	Keys *Keys // used where certificates are missing
}

// Keys are the public keys of a product line.
type Keys struct {
	Product Product
	ARK     cert.Key
	ASK     cert.Key
}

// The content bytes of AMD's object identifiers, 1.3.6.1.4.1.3704.1.
var (
	oidProduct    = amd(2)
	oidBootLoader = amd(3, 1)
	oidTEE        = amd(3, 2)
	oidSNP        = amd(3, 3)
	oidMicrocode  = amd(3, 8)
	oidFMC        = amd(3, 9)
	oidHardwareID = amd(4)
	oidCSP        = amd(5)
)

func amd(arcs ...byte) []byte {
	return append([]byte{0x2B, 0x06, 0x01, 0x04, 0x01, 0x9C, 0x78, 0x01}, arcs...)
}

// Evidence is what a valid report proves.
type Evidence struct {
	Report  *Report
	Product Product
	CSP     string // the cloud whose VLEK signed; empty for a VCEK
	TCB     TCB    // the reported one, which the leaf is made for
	// Listed tells that AMD's revocation list was looked up.
	Listed     bool
	Until      uint64    // Unix seconds at which the first certificate or list ends
	ReportHash hash.H256 // of the signed part: signatures are malleable
}

// Platform names the machine without telling its identifier; zero when the
// report masks it.
func (e *Evidence) Platform() hash.H256 {
	if zero(e.Report.ChipID[:]) {
		return hash.H256{}
	}
	return hash.Blake2b256([]byte("platform"), e.Report.ChipID[:])
}

// leaf is a VCEK's or VLEK's certificate with what AMD says in it.
type leaf struct {
	*cert.Certificate
	kind     KeyKind
	product  Product
	tcb      TCB
	hardware []byte // chip id, of a VCEK
	csp      string
}

// parseLeaf reads a VCEK or VLEK certificate.
func parseLeaf(der []byte) (*leaf, error) {
	c, err := cert.Parse(der)
	if err != nil {
		return nil, err
	}
	l := &leaf{Certificate: c}
	if c.Key.Kind != cert.P384 {
		return nil, fmt.Errorf("its key is of %s, not P-384", c.Key.Kind)
	}
	switch c.CommonName() {
	case "SEV-VCEK":
		l.kind = VCEK
	case "SEV-VLEK":
		l.kind = VLEK
	default:
		return nil, fmt.Errorf("%.64q is neither a VCEK nor a VLEK", c.CommonName())
	}
	name, ok := text(c.Extension(oidProduct))
	if !ok {
		return nil, errors.New("it does not name the product")
	}
	if l.product, ok = productOf(name); !ok {
		return nil, fmt.Errorf("product %.32q is not known", name)
	}
	for _, part := range []struct {
		dst *uint8
		oid []byte
	}{
		{&l.tcb.BootLoader, oidBootLoader}, {&l.tcb.TEE, oidTEE}, {&l.tcb.SNP, oidSNP}, {&l.tcb.Microcode, oidMicrocode}, {&l.tcb.FMC, oidFMC},
	} {
		if &l.tcb.FMC == part.dst && l.product != Turin {
			continue
		}
		if *part.dst, ok = number(c.Extension(part.oid)); !ok {
			return nil, errors.New("it lacks a security version")
		}
	}
	if l.kind == VLEK {
		if l.csp, ok = text(c.Extension(oidCSP)); !ok || l.csp == "" {
			return nil, errors.New("it does not name the cloud")
		}
		return l, nil
	}
	if l.hardware, ok = hardwareID(c.Extension(oidHardwareID), l.product); !ok {
		return nil, errors.New("it does not name the chip")
	}
	return l, nil
}

// productOf reads "Milan-B0" and the like: the line, and a stepping.
func productOf(name string) (Product, bool) {
	line, _, _ := strings.Cut(name, "-")
	for p := Milan; p <= Turin; p++ {
		if line == p.String() {
			return p, true
		}
	}
	// Bergamo and Siena are endorsed as Genoa.
	return 0, false
}

func text(der []byte) (string, bool) {
	s := cryptobyte.String(der)
	var v cryptobyte.String
	if !s.ReadASN1(&v, asn1.IA5String) || !s.Empty() || len(v) > 64 {
		return "", false
	}
	return string(v), true
}

func number(der []byte) (uint8, bool) {
	s := cryptobyte.String(der)
	var n uint64
	ok := s.ReadASN1Integer(&n) && s.Empty() && n <= 255
	return uint8(n), ok
}

// hardwareID reads a chip's identifier, of 64 bytes, or of 8 on Turin. AMD puts
// the bytes into the extension as they are; an octet string around them is
// taken as well.
func hardwareID(value []byte, p Product) ([]byte, bool) {
	size := 64
	if p == Turin {
		size = 8
	}
	if len(value) == size {
		return value, true
	}
	s := cryptobyte.String(value)
	var v cryptobyte.String
	if s.ReadASN1(&v, asn1.OCTET_STRING) && s.Empty() && len(v) == size {
		return v, true
	}
	return nil, false
}

// parseAuthority reads ARK, ASK or ASVK.
func parseAuthority(der []byte) (*cert.Certificate, error) {
	c, err := cert.Parse(der)
	if err != nil {
		return nil, err
	}
	if c.Key.Kind != cert.RSA || !c.IsCA || c.Usage&cert.CertSign == 0 {
		return nil, errors.New("it is no authority of AMD's form")
	}
	return c, nil
}

// CheckAnchor reports why a certificate cannot be a product's root: it must
// be self-signed, and named as AMD names them.
func CheckAnchor(der []byte) (Product, error) {
	c, err := parseAuthority(der)
	if err != nil {
		return 0, fmt.Errorf("read trust anchor: %w", err)
	}
	line, ok := strings.CutPrefix(c.CommonName(), "ARK-")
	p, known := productOf(line)
	if !ok || !known {
		return 0, fmt.Errorf("read trust anchor: %.64q is no root of AMD's", c.CommonName())
	}
	if err := c.VerifyFrom(c); err != nil {
		return 0, fmt.Errorf("read trust anchor: %w", err)
	}
	return p, nil
}

// intermediateName is what the certificate of a product's intermediate key is
// called.
func intermediateName(kind KeyKind, p Product) string {
	if kind == VLEK {
		return "SEV-VLEK-" + p.String()
	}
	return "SEV-" + p.String()
}

// Verify checks a report against its endorsements at a Unix second. What it
// returns is true of the machine, whatever the policy: that a guest may be
// debugged is no error here.
func Verify(r *Report, e *Endorsements, a *Anchor, now uint64) (*Evidence, error) {
	l, err := parseLeaf(e.Leaf)
	if err != nil {
		return nil, fmt.Errorf("read signing key's certificate: %w", err)
	}
	if err := l.CheckAt(now); err != nil {
		return nil, fmt.Errorf("check %s: %w", l.kind, err)
	}
	out := &Evidence{Report: r, Product: l.product, CSP: l.csp, TCB: l.tcb, Until: l.NotAfter, ReportHash: hash.Blake2b256(r.signed)}
	if err := checkChain(l, e, a, now, out); err != nil {
		return nil, err
	}
	if err := l.Key.VerifyRaw(r.signed, r.signature[:]); err != nil {
		return nil, fmt.Errorf("check report: %w", err)
	}
	if field, err := l.matches(r); err != nil {
		return nil, fmt.Errorf("check %s: %w", field, err)
	}
	return out, nil
}

// checkChain checks who signed the leaf, up to the anchor.
func checkChain(l *leaf, e *Endorsements, a *Anchor, now uint64, out *Evidence) error {
	root, err := a.root(l.product)
	if err != nil {
		return err
	}
	if root != nil {
		if err := root.CheckAt(now); err != nil {
			return fmt.Errorf("check root: %w", err)
		}
		out.Until = min(out.Until, root.NotAfter)
	}
	if e.Intermediate == nil {
		if a.Keys == nil || a.Keys.Product != l.product || l.kind == VLEK {
			return errors.New("the certificate of the intermediate key is missing")
		}
		if e.List != nil {
			return errors.New("a revocation list needs the root's and the intermediate's certificates")
		}
		if l.IssuerName() != intermediateName(l.kind, l.product) {
			return errors.New("check leaf: issuer's name differs")
		}
		if err := l.VerifyKey(&a.Keys.ASK); err != nil {
			return fmt.Errorf("check %s: %w", l.kind, err)
		}
		return nil
	}
	ask, err := parseAuthority(e.Intermediate)
	if err != nil {
		return fmt.Errorf("read intermediate: %w", err)
	}
	if err := checkIntermediate(ask, l.kind, l.product, root, a, now); err != nil {
		return fmt.Errorf("check intermediate: %w", err)
	}
	out.Until = min(out.Until, ask.NotAfter)
	if err := l.VerifyFrom(ask); err != nil {
		return fmt.Errorf("check %s: %w", l.kind, err)
	}
	if e.List == nil {
		return nil
	}
	list, err := checkList(e.List, root, now)
	if err != nil {
		return fmt.Errorf("check revocation list: %w", err)
	}
	if list.Contains(ask.Serial) || len(l.Serial) > 0 && list.Contains(l.Serial) {
		return fmt.Errorf("check chain: %w", attest.ErrRevoked)
	}
	out.Listed, out.Until = true, min(out.Until, list.NextUpdate)
	return nil
}

// root returns the root's certificate, or nil where only its key is trusted.
func (a *Anchor) root(p Product) (*cert.Certificate, error) {
	if a.Root == nil {
		if a.Keys == nil || a.Keys.Product != p {
			return nil, fmt.Errorf("there is no trust anchor for %s", p)
		}
		return nil, nil
	}
	line, err := CheckAnchor(a.Root)
	if err != nil {
		return nil, err
	}
	if line != p {
		return nil, fmt.Errorf("the trust anchor is of %s, the report of %s", line, p)
	}
	return parseAuthority(a.Root)
}

func checkIntermediate(c *cert.Certificate, kind KeyKind, p Product, root *cert.Certificate, a *Anchor, now uint64) error {
	if c.CommonName() != intermediateName(kind, p) {
		return fmt.Errorf("%.64q does not certify a %s of %s", c.CommonName(), kind, p)
	}
	if err := c.CheckAt(now); err != nil {
		return err
	}
	if root != nil {
		return c.VerifyFrom(root)
	}
	if c.IssuerName() != "ARK-"+p.String() {
		return errors.New("issuer's name differs")
	}
	return c.VerifyKey(&a.Keys.ARK)
}

func checkList(der []byte, root *cert.Certificate, now uint64) (*cert.List, error) {
	list, err := cert.ParseList(der)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, errors.New("the root's certificate is missing")
	}
	if err := list.VerifyFrom(root); err != nil {
		return nil, err
	}
	return list, list.CheckAt(now)
}

// matches checks that a report is of the chip, or the cloud, and of the
// firmware that the leaf is for. It names the field that differs.
func (l *leaf) matches(r *Report) (field string, err error) {
	if r.SigningKey != l.kind {
		return "signing key", fmt.Errorf("report is signed by a %s, the certificate is of a %s", r.SigningKey, l.kind)
	}
	if p, ok := r.Product(); ok && p != l.product || !ok && r.Version >= 3 {
		return "product", fmt.Errorf("processor of family %#x, model %#x is no %s", r.Family, r.Model, l.product)
	}
	if have := r.ReportedTCB(l.product); have != l.tcb {
		return "reported TCB", fmt.Errorf("it is %s, the %s is for %s", have, l.kind, l.tcb)
	}
	if l.kind == VCEK && !r.MaskChipKey && (!bytes.Equal(r.ChipID[:len(l.hardware)], l.hardware) || !zero(r.ChipID[len(l.hardware):])) {
		return "chip id", errors.New("the VCEK is of another chip")
	}
	return "", nil
}
