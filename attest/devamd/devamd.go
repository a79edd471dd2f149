// Package devamd is a development stand-in for AMD's key hierarchy and for the
// chips below it: roots of every product line, intermediates, VCEKs and VLEKs,
// revocation lists, and reports of any version.
//
// Its RSA keys are embedded and public, so everybody can sign whatever they
// like under such a root: it tests attest/snp, and protects nothing. Subjects
// say "Tacit Development (NOT AMD)". Signatures have random parts, so the bytes
// differ from run to run. Only tests link it.
package devamd

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/attest/snp"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Validity of every certificate.
var (
	validFrom = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	validTo   = time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC)
)

// PKI is the hierarchy of one product line.
type PKI struct {
	product snp.Product
	rootKey *rsa.PrivateKey
	middle  *rsa.PrivateKey
	root    *x509.Certificate
	ask     *x509.Certificate // of VCEKs
	asvk    *x509.Certificate // of VLEKs
}

// New makes the hierarchy of a product line.
func New(p snp.Product) *PKI {
	k := &PKI{product: p, rootKey: key(rootKey), middle: key(middleKey)}
	root := template("ARK-"+p.String(), 1)
	root.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	k.root = certify(root, root, &k.rootKey.PublicKey, k.rootKey)
	k.ask = certify(template("SEV-"+p.String(), 2), k.root, &k.middle.PublicKey, k.rootKey)
	k.asvk = certify(template("SEV-VLEK-"+p.String(), 3), k.root, &k.middle.PublicKey, k.rootKey)
	return k
}

// Root returns the root's certificate in DER.
func (k *PKI) Root() []byte { return k.root.Raw }

// Intermediate returns the certificate in DER that VCEKs or VLEKs hang on.
func (k *PKI) Intermediate(kind snp.KeyKind) []byte {
	if kind == snp.VLEK {
		return k.asvk.Raw
	}
	return k.ask.Raw
}

// Keys returns the public keys of root and intermediate, to be pinned.
func (k *PKI) Keys() *snp.Keys {
	out := &snp.Keys{Product: k.product}
	out.ARK.Kind, out.ARK.Bytes = cert.RSA, k.rootKey.N.Bytes()
	out.ASK.Kind, out.ASK.Bytes = cert.RSA, k.middle.N.Bytes()
	return out
}

// List returns a revocation list in DER, valid for 30 days from a Unix second.
// It revokes the VLEK's intermediate, that of VCEKs, or none.
func (k *PKI) List(from uint64, ask, asvk bool) []byte {
	t := &x509.RevocationList{
		Number: big.NewInt(int64(from / 86400)), ThisUpdate: time.Unix(int64(from), 0), NextUpdate: time.Unix(int64(from)+30*86400, 0),
		SignatureAlgorithm: x509.SHA384WithRSAPSS,
	}
	revoke := func(c *x509.Certificate) {
		t.RevokedCertificateEntries = append(t.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: t.ThisUpdate})
	}
	if ask {
		revoke(k.ask)
	}
	if asvk {
		revoke(k.asvk)
	}
	der, err := x509.CreateRevocationList(rand.Reader, t, k.root, k.rootKey)
	return must(der, err)
}

// BareList is a list without extensions, of version 2 all the same, that
// revokes nothing.
func (k *PKI) BareList(from uint64) []byte {
	whole := must(x509.ParseRevocationList(k.List(from, false, false)))
	s := cryptobyte.String(whole.RawTBSRevocationList)
	var tbs, part cryptobyte.String
	var tag casn1.Tag
	var kept []byte
	s.ReadASN1(&tbs, casn1.SEQUENCE)
	for tbs.ReadAnyASN1Element(&part, &tag) {
		if tag != casn1.Tag(0).ContextSpecific().Constructed() {
			kept = append(kept, part...)
		}
	}
	signed := element(casn1.SEQUENCE, kept)
	digest := sha512.Sum384(signed)
	sig := must(rsa.SignPSS(rand.Reader, k.rootKey, crypto.SHA384, digest[:], &rsa.PSSOptions{SaltLength: 48}))
	var outer, alg cryptobyte.String
	raw := cryptobyte.String(whole.Raw)
	raw.ReadASN1(&outer, casn1.SEQUENCE)
	outer.SkipASN1(casn1.SEQUENCE)
	outer.ReadASN1Element(&alg, casn1.SEQUENCE)
	return element(casn1.SEQUENCE, slices.Concat(signed, alg, element(casn1.BIT_STRING, append([]byte{0}, sig...))))
}

// Chip is a processor, or a cloud's key on one.
type Chip struct {
	pki  *PKI
	kind snp.KeyKind
	tcb  snp.TCB
	id   [64]byte
	key  *ecdsa.PrivateKey
	cert []byte
}

// Chip makes a processor that is certified for a firmware.
func (k *PKI) Chip(kind snp.KeyKind, tcb snp.TCB) *Chip {
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		panic(err) // the curve is known
	}
	c := &Chip{pki: k, kind: kind, tcb: tcb, key: private}
	size := 64
	if k.product == snp.Turin {
		size = 8
	}
	rand.Read(c.id[:size]) // never fails
	t := template("SEV-"+kind.String(), 0)
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = false, false, 0
	ext := func(value []byte, arcs ...int) {
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: append(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 3704, 1}, arcs...), Value: value})
	}
	ext(element(casn1.INTEGER, []byte{1}), 1)
	ext(element(casn1.IA5String, []byte(k.product.String()+"-B1")), 2)
	for _, part := range []struct {
		arc int
		svn uint8
	}{{1, tcb.BootLoader}, {2, tcb.TEE}, {3, tcb.SNP}, {8, tcb.Microcode}, {9, tcb.FMC}} {
		if part.arc == 9 && k.product != snp.Turin {
			continue
		}
		ext(must(asn1.Marshal(int(part.svn))), 3, part.arc)
	}
	issuer := k.ask
	if kind == snp.VLEK {
		issuer = k.asvk
		ext(element(casn1.IA5String, []byte("Tacit development cloud")), 5)
	} else {
		ext(c.id[:size], 4)
	}
	c.cert = certify(t, issuer, &private.PublicKey, k.middle).Raw
	return c
}

// Certificate returns the chip's VCEK or VLEK certificate in DER.
func (c *Chip) Certificate() []byte { return c.cert }

// Fields are what a report says. The zero value is a sound guest's of version
// 3, of firmware that is committed, and of the chip.
type Fields struct {
	Version      uint32 // 0 for 3
	Policy       uint64 // added to the sound one's bits
	VMPL         uint32
	PlatformInfo uint64 // bits that are flipped in the sound one
	ReportData   [64]byte
	Measurement  [48]byte
	HostData     [32]byte
	Reported     *snp.TCB // nil for what the chip is certified for
	Committed    *snp.TCB
	SigningKey   *snp.KeyKind
	OtherChip    bool
	MaskChip     bool
	Model        *uint8
}

// Report signs a report.
func (c *Chip) Report(f Fields) []byte {
	b := make([]byte, snp.ReportSize)
	le := binary.LittleEndian
	if f.Version == 0 {
		f.Version = 3
	}
	le.PutUint32(b, f.Version)
	le.PutUint64(b[8:], f.Policy|1<<17|1<<16|1<<8|51) // ABI 1.51, SMT
	le.PutUint32(b[0x30:], f.VMPL)
	le.PutUint32(b[0x34:], 1)
	c.putTCB(b[0x38:], c.tcb)
	le.PutUint64(b[0x40:], f.PlatformInfo^(1|1<<4|1<<5))
	kind := c.kind
	if f.SigningKey != nil {
		kind = *f.SigningKey
	}
	flags := uint32(kind) << 2
	if f.MaskChip {
		flags |= 2
	}
	le.PutUint32(b[0x48:], flags)
	copy(b[0x50:], f.ReportData[:])
	copy(b[0x90:], f.Measurement[:])
	copy(b[0xC0:], f.HostData[:])
	c.putTCB(b[0x180:], orElse(f.Reported, c.tcb))
	if f.Version >= 3 {
		at := map[snp.Product][2]byte{snp.Milan: {0x19, 1}, snp.Genoa: {0x19, 0x11}, snp.Turin: {0x1A, 2}}[c.pki.product]
		copy(b[0x188:], at[:])
		b[0x189] = orElse(f.Model, at[1])
	}
	if !f.MaskChip && c.kind == snp.VCEK {
		copy(b[0x1A0:], c.id[:])
	}
	if f.OtherChip {
		b[0x1A0] ^= 1
	}
	c.putTCB(b[0x1E0:], orElse(f.Committed, c.tcb))
	copy(b[0x1E8:], []byte{29, 55, 1, 0, 29, 55, 1, 0})
	c.putTCB(b[0x1F0:], c.tcb)
	c.sign(b)
	return b
}

func (c *Chip) putTCB(b []byte, t snp.TCB) {
	if c.pki.product == snp.Turin {
		copy(b, []byte{t.FMC, t.BootLoader, t.TEE, t.SNP, 0, 0, 0, t.Microcode})
	} else {
		copy(b, []byte{t.BootLoader, t.TEE, 0, 0, 0, 0, t.SNP, t.Microcode})
	}
}

// sign fills in the signature, in little endian.
func (c *Chip) sign(b []byte) {
	digest := sha512.Sum384(b[:0x2A0])
	s := cryptobyte.String(must(c.key.Sign(rand.Reader, digest[:], crypto.SHA384)))
	var seq cryptobyte.String
	s.ReadASN1(&seq, casn1.SEQUENCE)
	for i := range 2 {
		n := new(big.Int)
		seq.ReadASN1Integer(n)
		out := n.FillBytes(make([]byte, 48))
		for k, v := range out {
			b[0x2A0+72*i+47-k] = v
		}
	}
}

func orElse[T any](v *T, other T) T {
	if v != nil {
		return *v
	}
	return other
}

func template(cn string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{Organization: []string{"Tacit Development (NOT AMD)"}, CommonName: cn},
		NotBefore: validFrom, NotAfter: validTo, SignatureAlgorithm: x509.SHA384WithRSAPSS,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
}

func certify(t, issuer *x509.Certificate, public any, private *rsa.PrivateKey) *x509.Certificate {
	der := must(x509.CreateCertificate(rand.Reader, t, issuer, public, private))
	return must(x509.ParseCertificate(der))
}

// element is a value of DER.
func element(tag casn1.Tag, content []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	return b.BytesOrPanic()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Errorf("devamd: %w", err)) // its inputs are its own
	}
	return v
}

func key(text string) *rsa.PrivateKey {
	return must(x509.ParsePKCS1PrivateKey(must(base64.StdEncoding.DecodeString(text))))
}
