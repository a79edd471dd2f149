// Package cert reads the certificates and revocation lists of hardware
// vendors, and checks their signatures.
//
// It knows what Intel and AMD use and nothing else: certificates of version 3
// with keys on P-256 or P-384 or of RSA, signed by ECDSA with SHA-256 or by
// RSA-PSS with SHA-384. It stands below attest and attest/snp, which say which
// certificate may be what. It builds no chains, trusts no root, and asks no
// clock. crypto/x509 is not used: what it accepts moves between releases of Go
// and with the environment, and this decides in consensus.
package cert

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

const (
	maxSerial     = 20 // bytes, RFC 5280 section 4.1.2.2
	maxExtensions = 32
)

// Object identifiers as the content bytes of their DER form.
var (
	oidCommonName       = []byte{0x55, 0x04, 0x03}
	oidKeyUsage         = []byte{0x55, 0x1D, 0x0F}
	oidBasicConstraints = []byte{0x55, 0x1D, 0x13}
	oidCRLNumber        = []byte{0x55, 0x1D, 0x14}
)

// Usage is what a certificate's key may be used for: the first byte of the
// keyUsage extension.
type Usage byte

// The uses that matter here.
const (
	DigitalSignature Usage = 1 << 7
	CertSign         Usage = 1 << 2
	CRLSign          Usage = 1 << 1
)

var errDER = errors.New("malformed DER")

// ErrExpired tells that something signed is not in its window of validity at
// the given time.
var ErrExpired = errors.New("outside its validity")

// Certificate holds the few fields of an X.509 certificate that matter here.
// Its slices alias the input.
type Certificate struct {
	Raw            []byte
	Serial         []byte // big endian, without leading zeros; empty for 0
	Issuer         []byte // DER of the name
	Subject        []byte
	NotBefore      uint64 // Unix seconds
	NotAfter       uint64
	Key            Key
	IsCA           bool
	HasConstraints bool // the extension is there, whatever it says
	Usage          Usage

	extensions []extension // those that the package does not interpret
	tbs        []byte
	algorithm  algorithm
	signature  []byte
}

type extension struct{ oid, value []byte }

// Parse reads one certificate of RFC 5280, version 3, that fills raw. It
// refuses what it does not know when that is critical.
func Parse(raw []byte) (*Certificate, error) {
	c := &Certificate{Raw: raw}
	var tbs cryptobyte.String
	var err error
	if c.tbs, c.algorithm, c.signature, err = readSigned(raw, &tbs); err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	var outer, version, validity, spki cryptobyte.String
	if !tbs.ReadASN1(&outer, asn1.Tag(0).ContextSpecific().Constructed()) ||
		!outer.ReadASN1(&version, asn1.INTEGER) || !outer.Empty() || !bytes.Equal(version, []byte{2}) {
		return nil, errors.New("parse certificate: not of version 3")
	}
	var inner algorithm
	ok := readSerial(&tbs, &c.Serial) && readAlgorithm(&tbs, &inner) && inner == c.algorithm &&
		readElement(&tbs, &c.Issuer) &&
		tbs.ReadASN1(&validity, asn1.SEQUENCE) &&
		readTime(&validity, &c.NotBefore) && readTime(&validity, &c.NotAfter) && validity.Empty() &&
		readElement(&tbs, &c.Subject) &&
		tbs.ReadASN1(&spki, asn1.SEQUENCE) && readKey(spki, &c.Key)
	if !ok {
		return nil, fmt.Errorf("parse certificate: %w", errDER)
	}
	var wrapped, exts cryptobyte.String
	if !tbs.ReadASN1(&wrapped, asn1.Tag(3).ContextSpecific().Constructed()) ||
		!wrapped.ReadASN1(&exts, asn1.SEQUENCE) || !wrapped.Empty() || !tbs.Empty() {
		return nil, fmt.Errorf("parse certificate: extensions: %w", errDER)
	}
	if err := eachExtension(exts, c.extension); err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	return c, nil
}

func (c *Certificate) extension(oid, value []byte, critical bool) error {
	v := cryptobyte.String(value)
	switch {
	case bytes.Equal(oid, oidBasicConstraints):
		var seq cryptobyte.String
		if !v.ReadASN1(&seq, asn1.SEQUENCE) || !v.Empty() {
			return errDER
		}
		if seq.PeekASN1Tag(asn1.BOOLEAN) && !seq.ReadASN1Boolean(&c.IsCA) {
			return errDER
		}
		if !seq.Empty() && (!seq.SkipASN1(asn1.INTEGER) || !seq.Empty()) {
			return errDER
		}
		c.HasConstraints = true
	case bytes.Equal(oid, oidKeyUsage):
		var bits cryptobyte.String
		// One byte that counts unused bits, then the bits.
		if !v.ReadASN1(&bits, asn1.BIT_STRING) || !v.Empty() || len(bits) < 2 || bits[0] > 7 {
			return errDER
		}
		c.Usage = Usage(bits[1])
	case critical:
		return errors.New("unknown critical extension")
	default:
		c.extensions = append(c.extensions, extension{oid, value})
	}
	return nil
}

// Extension returns the value of an extension by the content bytes of its
// object identifier, or nil. Those that every certificate has are not found
// here but in its fields.
func (c *Certificate) Extension(oid []byte) []byte {
	for _, e := range c.extensions {
		if bytes.Equal(e.oid, oid) {
			return e.value
		}
	}
	return nil
}

// VerifyFrom checks that parent issued c: its signature, its name, and that
// parent may issue certificates.
func (c *Certificate) VerifyFrom(parent *Certificate) error {
	if !parent.IsCA || parent.Usage&CertSign == 0 {
		return errors.New("issuer is no certificate authority")
	}
	if !bytes.Equal(c.Issuer, parent.Subject) {
		return errors.New("issuer's name differs")
	}
	return c.VerifyKey(&parent.Key)
}

// VerifyKey checks that c is signed by a key.
func (c *Certificate) VerifyKey(key *Key) error { return key.verify(c.algorithm, c.tbs, c.signature) }

// CheckAt returns [ErrExpired] when the certificate is not valid at a Unix
// second.
func (c *Certificate) CheckAt(now uint64) error { return CheckWindow(c.NotBefore, c.NotAfter, now) }

// CheckWindow returns [ErrExpired] when now is not in a window, whose ends
// belong to it.
func CheckWindow(from, to, now uint64) error {
	if now < from || now > to {
		return ErrExpired
	}
	return nil
}

// CommonName returns the last CN of the subject, or an empty string.
func (c *Certificate) CommonName() string { return string(commonName(c.Subject)) }

// IssuerName returns the last CN of the issuer, or an empty string.
func (c *Certificate) IssuerName() string { return string(commonName(c.Issuer)) }

func commonName(name []byte) []byte {
	var cn []byte
	s := cryptobyte.String(name)
	var rdns cryptobyte.String
	if !s.ReadASN1(&rdns, asn1.SEQUENCE) {
		return nil
	}
	for !rdns.Empty() {
		var set cryptobyte.String
		if !rdns.ReadASN1(&set, asn1.SET) {
			return nil
		}
		for !set.Empty() {
			var attr, oid, value cryptobyte.String
			var tag asn1.Tag
			if !set.ReadASN1(&attr, asn1.SEQUENCE) || !attr.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) ||
				!attr.ReadAnyASN1(&value, &tag) {
				return nil
			}
			if bytes.Equal(oid, oidCommonName) {
				cn = value
			}
		}
	}
	return cn
}

// ParsePEM reads at most limit certificates in the strict textual form of RFC
// 7468, with nothing between or around them but line ends, to their DER.
func ParsePEM(data []byte, limit int) ([][]byte, error) {
	const begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
	var out [][]byte
	for data = bytes.TrimLeft(data, "\r\n"); len(data) > 0; data = bytes.TrimLeft(data, "\r\n") {
		if len(out) == limit {
			return nil, fmt.Errorf("more than %d certificates", limit)
		}
		rest, ok := bytes.CutPrefix(data, []byte(begin))
		if !ok {
			return nil, errors.New("a certificate does not begin where it must")
		}
		text, rest, ok := bytes.Cut(rest, []byte(end))
		if !ok {
			return nil, errors.New("a certificate has no end")
		}
		// Decode skips line ends and refuses all else that is not base64.
		der := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Strict().Decode(der, text)
		if err != nil {
			return nil, fmt.Errorf("decode certificate %d: %w", len(out), err)
		}
		out, data = append(out, der[:n]), rest
	}
	return out, nil
}

// readSigned reads SEQUENCE{tbs, algorithm, signature} that fills raw, and the
// content of tbs.
func readSigned(raw []byte, content *cryptobyte.String) (tbs []byte, alg algorithm, sig []byte, err error) {
	s := cryptobyte.String(raw)
	var outer, element, bits cryptobyte.String
	if !s.ReadASN1(&outer, asn1.SEQUENCE) || !s.Empty() ||
		!outer.ReadASN1Element(&element, asn1.SEQUENCE) {
		return nil, 0, nil, errDER
	}
	tbs = element
	if !element.ReadASN1(content, asn1.SEQUENCE) {
		return nil, 0, nil, errDER
	}
	if !readAlgorithm(&outer, &alg) {
		return nil, 0, nil, errors.New("signature is neither ECDSA with SHA-256 nor RSA-PSS with SHA-384")
	}
	if !outer.ReadASN1(&bits, asn1.BIT_STRING) || !outer.Empty() || len(bits) < 1 || bits[0] != 0 {
		return nil, 0, nil, errDER
	}
	return tbs, alg, bits[1:], nil
}

// readElement reads one SEQUENCE with its tag and length.
func readElement(s *cryptobyte.String, out *[]byte) bool {
	var e cryptobyte.String
	if !s.ReadASN1Element(&e, asn1.SEQUENCE) {
		return false
	}
	*out = e
	return true
}

// readSerial reads an INTEGER of at most 20 bytes that is not negative. AMD
// numbers all its platforms' certificates 0.
func readSerial(s *cryptobyte.String, out *[]byte) bool {
	var n cryptobyte.String
	if !s.ReadASN1(&n, asn1.INTEGER) || len(n) == 0 || n[0]&0x80 != 0 {
		return false
	}
	if n[0] == 0 {
		if len(n) > 1 && n[1]&0x80 == 0 {
			return false // not the shortest form
		}
		n = n[1:]
	}
	if len(n) > maxSerial {
		return false
	}
	*out = n
	return true
}

func readTime(s *cryptobyte.String, out *uint64) bool {
	var v cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&v, &tag) || len(v) == 0 || v[len(v)-1] != 'Z' {
		return false
	}
	text := string(v[:len(v)-1])
	switch {
	case tag == asn1.UTCTime && len(text) == 12:
		if text[0] >= '5' {
			text = "19" + text
		} else {
			text = "20" + text
		}
	case tag == asn1.GeneralizedTime:
	default:
		return false
	}
	t, ok := compactDate(text)
	*out = t
	return ok
}

// eachExtension calls f for each extension. None may come twice.
func eachExtension(exts cryptobyte.String, f func(oid, value []byte, critical bool) error) error {
	var seen [][]byte
	for !exts.Empty() {
		var ext, oid, value cryptobyte.String
		var critical bool
		if !exts.ReadASN1(&ext, asn1.SEQUENCE) || !ext.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			return errDER
		}
		if ext.PeekASN1Tag(asn1.BOOLEAN) && !ext.ReadASN1Boolean(&critical) {
			return errDER
		}
		if !ext.ReadASN1(&value, asn1.OCTET_STRING) || !ext.Empty() {
			return errDER
		}
		for _, s := range seen {
			if bytes.Equal(s, oid) {
				return errors.New("extension comes twice")
			}
		}
		if len(seen) == maxExtensions {
			return fmt.Errorf("more than %d extensions", maxExtensions)
		}
		if err := f(oid, value, critical); err != nil {
			return err
		}
		seen = append(seen, oid)
	}
	return nil
}
