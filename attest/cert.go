package attest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

const maxSerial = 20 // bytes, RFC 5280 section 4.1.2.2

// Object identifiers as the content bytes of their DER form.
var (
	oidECDSAWithSHA256  = []byte{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02}
	oidECPublicKey      = []byte{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01}
	oidP256             = []byte{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}
	oidCommonName       = []byte{0x55, 0x04, 0x03}
	oidKeyUsage         = []byte{0x55, 0x1D, 0x0F}
	oidBasicConstraints = []byte{0x55, 0x1D, 0x13}
	oidCRLNumber        = []byte{0x55, 0x1D, 0x14}
	// 1.2.840.113741.1.13.1, Intel's SGX extension, and the root of its fields.
	oidSGX = []byte{0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01}
)

const (
	usageDigitalSignature = 1 << 7
	usageCertSign         = 1 << 2
	usageCRLSign          = 1 << 1
)

var errDER = errors.New("malformed DER")

// certificate holds the few fields of an X.509 certificate that matter here.
// Its slices alias the input.
type certificate struct {
	raw, tbs       []byte
	serial         []byte // big endian, without leading zeros
	issuer         []byte // DER of the name
	subject        []byte
	notBefore      uint64 // Unix seconds
	notAfter       uint64
	key            []byte // 65 bytes: 4 ‖ x ‖ y
	signature      []byte // DER
	isCA           bool
	hasConstraints bool
	usage          byte // first byte of keyUsage
	sgx            []byte
}

// parseCertificate reads one certificate of RFC 5280, version 3, with a P-256
// key, signed by ECDSA with SHA-256. It refuses what it does not know when that
// is critical.
func parseCertificate(raw []byte) (*certificate, error) {
	c := &certificate{raw: raw}
	var tbs cryptobyte.String
	sig, err := readSigned(raw, &c.tbs, &tbs)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	c.signature = sig

	var outer, version, validity, spki cryptobyte.String
	if !tbs.ReadASN1(&outer, asn1.Tag(0).ContextSpecific().Constructed()) ||
		!outer.ReadASN1(&version, asn1.INTEGER) || !outer.Empty() || !bytes.Equal(version, []byte{2}) {
		return nil, errors.New("parse certificate: not of version 3")
	}
	ok := readSerial(&tbs, &c.serial) && readECDSAWithSHA256(&tbs) &&
		readElement(&tbs, &c.issuer) &&
		tbs.ReadASN1(&validity, asn1.SEQUENCE) &&
		readTime(&validity, &c.notBefore) && readTime(&validity, &c.notAfter) && validity.Empty() &&
		readElement(&tbs, &c.subject) &&
		tbs.ReadASN1(&spki, asn1.SEQUENCE) && readP256Key(spki, &c.key)
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

func (c *certificate) extension(oid, value []byte) (known bool, err error) {
	v := cryptobyte.String(value)
	switch {
	case bytes.Equal(oid, oidBasicConstraints):
		var seq cryptobyte.String
		if !v.ReadASN1(&seq, asn1.SEQUENCE) || !v.Empty() {
			return true, errDER
		}
		if seq.PeekASN1Tag(asn1.BOOLEAN) && !seq.ReadASN1Boolean(&c.isCA) {
			return true, errDER
		}
		if !seq.Empty() && (!seq.SkipASN1(asn1.INTEGER) || !seq.Empty()) {
			return true, errDER
		}
		c.hasConstraints = true
		return true, nil
	case bytes.Equal(oid, oidKeyUsage):
		var bits cryptobyte.String
		// One byte that counts unused bits, then the bits.
		if !v.ReadASN1(&bits, asn1.BIT_STRING) || !v.Empty() || len(bits) < 2 || bits[0] > 7 {
			return true, errDER
		}
		c.usage = bits[1]
		return true, nil
	case bytes.Equal(oid, oidSGX):
		c.sgx = value
		return true, nil
	}
	return false, nil
}

// verify checks the signature of parent under c, and that parent may issue it.
func (c *certificate) verify(parent *certificate) error {
	if !parent.isCA || parent.usage&usageCertSign == 0 {
		return errors.New("issuer is no certificate authority")
	}
	if !bytes.Equal(c.issuer, parent.subject) {
		return errors.New("issuer's name differs")
	}
	return verifyASN1(parent.key, c.tbs, c.signature)
}

// checkAt returns [ErrExpired] when the certificate is not valid at now.
func (c *certificate) checkAt(now uint64) error {
	if now < c.notBefore || now > c.notAfter {
		return ErrExpired
	}
	return nil
}

// commonName returns the last CN of a DER name, or nil.
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

// pckExtension holds what a PCK certificate says about its platform.
// https://api.trustedservices.intel.com/documents/Intel_SGX_PCK_Certificate_CRL_Spec-1.5.pdf
type pckExtension struct {
	ppid   [16]byte
	svn    [16]byte
	pcesvn uint16
	cpusvn [16]byte
	pceid  [2]byte
	fmspc  FMSPC
}

func (c *certificate) pck() (*pckExtension, error) {
	if c.sgx == nil {
		return nil, errors.New("certificate has no SGX extension")
	}
	const (
		seenPPID = 1 << iota
		seenTCB
		seenPCEID
		seenFMSPC
		all = seenPPID | seenTCB | seenPCEID | seenFMSPC
	)
	e, seen := &pckExtension{}, 0
	err := eachSGXField(c.sgx, oidSGX, func(id byte, v *cryptobyte.String) error {
		bit, ok := 0, true
		switch id {
		case 1:
			bit, ok = seenPPID, readOctets(v, e.ppid[:])
		case 2:
			bit = seenTCB
			var tcb []byte
			if !readElement(v, &tcb) {
				return errDER
			}
			if err := e.tcb(tcb); err != nil {
				return err
			}
		case 3:
			bit, ok = seenPCEID, readOctets(v, e.pceid[:])
		case 4:
			bit, ok = seenFMSPC, readOctets(v, e.fmspc[:])
		default:
			return nil
		}
		if !ok || !v.Empty() || seen&bit != 0 {
			return errDER
		}
		seen |= bit
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read SGX extension: %w", err)
	}
	if seen != all {
		return nil, errors.New("SGX extension lacks a field")
	}
	return e, nil
}

func (e *pckExtension) tcb(seq []byte) error {
	var seen uint32
	err := eachSGXField(seq, append(bytes.Clone(oidSGX), 2), func(id byte, v *cryptobyte.String) error {
		if id < 1 || id > 18 {
			return nil
		}
		bit, ok := uint32(1)<<id, false
		switch {
		case id <= 16:
			var n uint64
			ok = v.ReadASN1Integer(&n) && n <= 255
			e.svn[id-1] = byte(n)
		case id == 17:
			var n uint64
			ok = v.ReadASN1Integer(&n) && n <= 65535
			e.pcesvn = uint16(n)
		default:
			ok = readOctets(v, e.cpusvn[:])
		}
		if !ok || !v.Empty() || seen&bit != 0 {
			return errDER
		}
		seen |= bit
		return nil
	})
	if err != nil {
		return err
	}
	if seen != 1<<19-2 {
		return errors.New("TCB of the SGX extension lacks a field")
	}
	return nil
}

// eachSGXField calls f for each SEQUENCE{OID, value} of seq whose OID is
// prefix with one more arc.
func eachSGXField(seq, prefix []byte, f func(id byte, value *cryptobyte.String) error) error {
	s := cryptobyte.String(seq)
	var fields cryptobyte.String
	if !s.ReadASN1(&fields, asn1.SEQUENCE) || !s.Empty() {
		return errDER
	}
	for !fields.Empty() {
		var field, oid cryptobyte.String
		if !fields.ReadASN1(&field, asn1.SEQUENCE) || !field.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			return errDER
		}
		id, ok := bytes.CutPrefix(oid, prefix)
		if !ok || len(id) != 1 {
			continue
		}
		if err := f(id[0], &field); err != nil {
			return err
		}
	}
	return nil
}

// readSigned reads SEQUENCE{tbs, algorithm, signature} that fills raw.
func readSigned(raw []byte, tbsRaw *[]byte, tbs *cryptobyte.String) (sig []byte, err error) {
	s := cryptobyte.String(raw)
	var outer, element, bits cryptobyte.String
	if !s.ReadASN1(&outer, asn1.SEQUENCE) || !s.Empty() ||
		!outer.ReadASN1Element(&element, asn1.SEQUENCE) {
		return nil, errDER
	}
	*tbsRaw = element
	if !element.ReadASN1(tbs, asn1.SEQUENCE) {
		return nil, errDER
	}
	if !readECDSAWithSHA256(&outer) {
		return nil, errors.New("signature is not ECDSA with SHA-256")
	}
	if !outer.ReadASN1(&bits, asn1.BIT_STRING) || !outer.Empty() || len(bits) < 1 || bits[0] != 0 {
		return nil, errDER
	}
	return bits[1:], nil
}

func readECDSAWithSHA256(s *cryptobyte.String) bool {
	var alg, oid cryptobyte.String
	return s.ReadASN1(&alg, asn1.SEQUENCE) && alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) && alg.Empty() &&
		bytes.Equal(oid, oidECDSAWithSHA256)
}

func readP256Key(spki cryptobyte.String, key *[]byte) bool {
	var alg, kind, curve, bits cryptobyte.String
	ok := spki.ReadASN1(&alg, asn1.SEQUENCE) && alg.ReadASN1(&kind, asn1.OBJECT_IDENTIFIER) &&
		alg.ReadASN1(&curve, asn1.OBJECT_IDENTIFIER) && alg.Empty() &&
		spki.ReadASN1(&bits, asn1.BIT_STRING) && spki.Empty() &&
		bytes.Equal(kind, oidECPublicKey) && bytes.Equal(curve, oidP256) &&
		len(bits) == 66 && bits[0] == 0 && bits[1] == 4
	if ok {
		*key = bits[1:]
	}
	return ok
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

// readSerial reads a positive INTEGER of at most 20 bytes.
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
	if len(n) == 0 || len(n) > maxSerial {
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

func readOctets(s *cryptobyte.String, out []byte) bool {
	var v cryptobyte.String
	if !s.ReadASN1(&v, asn1.OCTET_STRING) || len(v) != len(out) {
		return false
	}
	copy(out, v)
	return true
}

// eachExtension calls f for each extension. One that f does not know must not
// be critical, and one that it knows must not come twice.
func eachExtension(exts cryptobyte.String, f func(oid, value []byte) (known bool, err error)) error {
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
		known, err := f(oid, value)
		if err != nil {
			return err
		}
		if !known {
			if critical {
				return errors.New("unknown critical extension")
			}
			continue
		}
		for _, s := range seen {
			if bytes.Equal(s, oid) {
				return errors.New("extension comes twice")
			}
		}
		seen = append(seen, oid)
	}
	return nil
}

var errSignature = errors.New("signature does not verify")

// verifyASN1 checks a DER signature over message by a key in the form 4 ‖ x ‖ y.
func verifyASN1(key, message, sig []byte) error {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key)
	if err != nil {
		return errors.New("key is not on the curve")
	}
	digest := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(pub, digest[:], sig) {
		return errSignature
	}
	return nil
}

// verifyRaw checks a signature r ‖ s, 64 bytes, over message.
func verifyRaw(key, message, sig []byte) error {
	if len(sig) != 64 {
		return errSignature
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, half := range [][]byte{sig[:32], sig[32:]} {
			half = bytes.TrimLeft(half, "\x00")
			b.AddASN1(asn1.INTEGER, func(b *cryptobyte.Builder) {
				if len(half) == 0 || half[0]&0x80 != 0 {
					b.AddUint8(0)
				}
				b.AddBytes(half)
			})
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return errSignature
	}
	return verifyASN1(key, message, der)
}
