// Package devpki is a development stand-in for Intel's SGX certification
// hierarchy: a root, the authorities below it, platforms with their keys, and
// a provisioning service that issues collateral for any moment.
//
// Everything is derived from a public seed, so everybody can sign whatever
// they like under such a root, and bytes are the same on every machine. A
// chain that enables the root as a trust anchor tests the whole path of
// attestation and protects nothing; production chains refuse it. Subjects say
// "Tacit Development (NOT Intel)".
//
// The package signs what tee/sim measures, and serves tests. It does no I/O
// and reads no clock.
package devpki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Seed is the public seed of the hierarchy that development chains trust.
const Seed = "tacit development"

const organization = "Tacit Development (NOT Intel)"

// Validity of every certificate: what has a date that matters is issued by
// [PCS] relative to the time it is asked at.
const (
	validFrom = "20000101000000Z"
	validTo   = "20491231235959Z"
)

// PKI is a root certificate and the authorities below it.
type PKI struct {
	seed       string
	root       entity
	platformCA entity
	signing    entity // of TCB info and QE identities
}

// entity is a certificate with its key.
type entity struct {
	name   []byte // DER
	key    *ecdsa.PrivateKey
	serial []byte
	der    []byte
}

// New derives a hierarchy from a seed.
func New(seed string) *PKI {
	p := &PKI{seed: seed}
	p.root = p.entity("Intel SGX Root CA")
	p.root.certify(&p.root, certSpec{ca: true, pathLen: 1})
	p.platformCA = p.entity("Intel SGX PCK Platform CA")
	p.platformCA.certify(&p.root, certSpec{ca: true})
	p.signing = p.entity("Intel SGX TCB Signing")
	p.signing.certify(&p.root, certSpec{})
	return p
}

// Anchor returns the root certificate in DER, for a chain's trust anchors.
func (p *PKI) Anchor() []byte { return p.root.der }

// PlatformCASerial returns the serial number of the authority that certifies
// platforms, for tests of its revocation.
func (p *PKI) PlatformCASerial() []byte { return p.platformCA.serial }

// SigningSerial returns the serial number of the certificate that signs TCB
// info, for tests of its revocation.
func (p *PKI) SigningSerial() []byte { return p.signing.serial }

func (p *PKI) entity(cn string, more ...string) entity {
	label := strings.Join(append([]string{cn}, more...), "/")
	serial := p.derive("serial", label)
	serial[0] = serial[0]&0x7F | 0x40 // positive, and always of 20 bytes
	return entity{name: derName(cn), key: p.key(label), serial: serial[:20]}
}

// derive returns 32 bytes that depend on the seed and the labels.
func (p *PKI) derive(labels ...string) []byte {
	h := sha256.New()
	for _, l := range append([]string{"tacit/devpki/1", p.seed}, labels...) {
		fmt.Fprintf(h, "%d:%s", len(l), l)
	}
	return h.Sum(nil)
}

func (p *PKI) key(label string) *ecdsa.PrivateKey {
	for i := 0; ; i++ {
		// A scalar of 256 random bits is in range with all but 2^-32.
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), p.derive("key", label, fmt.Sprint(i)))
		if err == nil {
			return k
		}
	}
}

// publicBytes returns 4 ‖ x ‖ y.
func publicBytes(k *ecdsa.PrivateKey) []byte {
	b, err := k.PublicKey.Bytes()
	if err != nil {
		panic(err) // the curve is always P-256
	}
	return b
}

// sign returns an ECDSA signature in DER with the nonce of RFC 6979.
func sign(k *ecdsa.PrivateKey, message []byte) []byte {
	digest := sha256.Sum256(message)
	sig, err := k.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		panic(err) // the key is valid
	}
	return sig
}

// signRaw returns a signature as r ‖ s.
func signRaw(k *ecdsa.PrivateKey, message []byte) []byte {
	s := cryptobyte.String(sign(k, message))
	var seq cryptobyte.String
	out := make([]byte, 64)
	s.ReadASN1(&seq, asn1.SEQUENCE)
	for _, half := range [][]byte{out[:32], out[32:]} {
		var n cryptobyte.String
		seq.ReadASN1(&n, asn1.INTEGER)
		for len(n) > 32 {
			n = n[1:] // the sign byte
		}
		copy(half[32-len(n):], n)
	}
	return out
}

// certSpec is what differs between certificates.
type certSpec struct {
	ca      bool
	pathLen int64
	sgx     []byte // content of Intel's extension
}

// Object identifiers as the content bytes of their DER form.
var (
	oidSHA256WithECDSA  = []byte{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02}
	oidECPublicKey      = []byte{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01}
	oidP256             = []byte{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}
	oidCommonName       = []byte{0x55, 0x04, 0x03}
	oidCountry          = []byte{0x55, 0x04, 0x06}
	oidOrganization     = []byte{0x55, 0x04, 0x0A}
	oidSubjectKey       = []byte{0x55, 0x1D, 0x0E}
	oidKeyUsage         = []byte{0x55, 0x1D, 0x0F}
	oidBasicConstraints = []byte{0x55, 0x1D, 0x13}
	oidCRLNumber        = []byte{0x55, 0x1D, 0x14}
	oidCRLPoints        = []byte{0x55, 0x1D, 0x1F}
	oidAuthorityKey     = []byte{0x55, 0x1D, 0x23}
	oidSGX              = []byte{0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01}
)

// certify makes the certificate of e, signed by issuer.
func (e *entity) certify(issuer *entity, spec certSpec) {
	public := publicBytes(e.key)
	tbs := seq(func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		addBytes(b, asn1.INTEGER, e.serial)
		addAlgorithm(b)
		b.AddBytes(issuer.name)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addBytes(b, asn1.UTCTime, []byte(validFrom[2:]))
			addBytes(b, asn1.UTCTime, []byte(validTo[2:]))
		})
		b.AddBytes(e.name)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addBytes(b, asn1.OBJECT_IDENTIFIER, oidECPublicKey)
				addBytes(b, asn1.OBJECT_IDENTIFIER, oidP256)
			})
			b.AddASN1BitString(public)
		})
		b.AddASN1(asn1.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { e.extensions(b, issuer, spec) })
		})
	})
	e.der = signed(tbs, issuer.key)
}

func (e *entity) extensions(b *cryptobyte.Builder, issuer *entity, spec certSpec) {
	usage := []byte{6, 0xC0} // digitalSignature, nonRepudiation
	if spec.ca {
		usage = []byte{1, 0x06} // keyCertSign, cRLSign
	}
	addExtension(b, oidAuthorityKey, false, authorityKey(issuer))
	addExtension(b, oidCRLPoints, false, crlPoints("https://certificates.invalid/tacit-development-not-intel.crl"))
	addExtension(b, oidSubjectKey, false, func(b *cryptobyte.Builder) { addBytes(b, asn1.OCTET_STRING, keyID(e)) })
	addExtension(b, oidKeyUsage, true, func(b *cryptobyte.Builder) { addBytes(b, asn1.BIT_STRING, usage) })
	addExtension(b, oidBasicConstraints, true, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if spec.ca {
				b.AddASN1Boolean(true)
				b.AddASN1Int64(spec.pathLen)
			}
		})
	})
	if spec.sgx != nil {
		addExtension(b, oidSGX, false, func(b *cryptobyte.Builder) { b.AddBytes(spec.sgx) })
	}
}

func authorityKey(issuer *entity) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addBytes(b, asn1.Tag(0).ContextSpecific(), keyID(issuer))
		})
	}
}

// crlPoints is SEQUENCE of DistributionPoint{[0]{[0]{[6] URI}}}.
func crlPoints(uri string) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) {
		outer := asn1.Tag(0).ContextSpecific().Constructed()
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(outer, func(b *cryptobyte.Builder) {
					b.AddASN1(outer, func(b *cryptobyte.Builder) {
						addBytes(b, asn1.Tag(6).ContextSpecific(), []byte(uri))
					})
				})
			})
		})
	}
}

// keyID is the key identifier of RFC 5280 section 4.2.1.2, method 1: a name,
// no security hangs on it.
func keyID(e *entity) []byte {
	sum := sha1.Sum(publicBytes(e.key))
	return sum[:]
}

func derName(cn string) []byte {
	return seq(func(b *cryptobyte.Builder) {
		for _, a := range []struct {
			oid   []byte
			tag   asn1.Tag
			value string
		}{{oidCountry, asn1.PrintableString, "ZZ"}, {oidOrganization, asn1.UTF8String, organization}, {oidCommonName, asn1.UTF8String, cn}} {
			b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					addBytes(b, asn1.OBJECT_IDENTIFIER, a.oid)
					addBytes(b, a.tag, []byte(a.value))
				})
			})
		}
	})
}

// signed is SEQUENCE{tbs, algorithm, signature}.
func signed(tbs []byte, key *ecdsa.PrivateKey) []byte {
	sig := sign(key, tbs)
	return seq(func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		addAlgorithm(b)
		b.AddASN1BitString(sig)
	})
}

func addAlgorithm(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addBytes(b, asn1.OBJECT_IDENTIFIER, oidSHA256WithECDSA) })
}

func addExtension(b *cryptobyte.Builder, oid []byte, critical bool, value cryptobyte.BuilderContinuation) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addBytes(b, asn1.OBJECT_IDENTIFIER, oid)
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1(asn1.OCTET_STRING, value)
	})
}

func addBytes(b *cryptobyte.Builder, tag asn1.Tag, content []byte) {
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(content) })
}

func seq(f cryptobyte.BuilderContinuation) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, f)
	return b.BytesOrPanic() // what is built here is far below every limit
}

// pemChain is the textual form of certificates, as Intel writes it.
func pemChain(certs ...[]byte) []byte {
	var s strings.Builder
	for _, c := range certs {
		s.WriteString("-----BEGIN CERTIFICATE-----\n")
		for text := base64.StdEncoding.EncodeToString(c); len(text) > 0; {
			n := min(64, len(text))
			s.WriteString(text[:n] + "\n")
			text = text[n:]
		}
		s.WriteString("-----END CERTIFICATE-----\n")
	}
	return []byte(s.String())
}
