package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Object identifiers as the content bytes of their DER form.
var (
	oidECPublicKey      = []byte{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01}
	oidP256             = []byte{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}
	oidP384             = []byte{0x2B, 0x81, 0x04, 0x00, 0x22}
	oidRSA              = []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01}
	oidECDSAWithSHA256  = []byte{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02}
	oidRSAPSS           = []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A}
	oidMGF1             = []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08}
	oidSHA384           = []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02}
	rsaExponent         = []byte{0x01, 0x00, 0x01}
	errSignature        = errors.New("signature does not verify")
	errKeyOfOtherKind   = errors.New("signature is of another kind than the key")
	errNotOnCurve       = errors.New("key is not on the curve")
	errSignatureTooLong = errors.New("signature has another length than the curve's")
)

// Size of the RSA keys that are taken, in bits. AMD's have the greatest.
const (
	minRSABits = 2048
	maxRSABits = 4096
)

// Kind is a kind of public key.
type Kind uint8

// The kinds of key that vendors use.
const (
	P256 Kind = iota + 1
	P384
	RSA // with exponent 65537
)

// String returns the kind's usual name.
func (k Kind) String() string {
	switch k {
	case P256:
		return "P-256"
	case P384:
		return "P-384"
	case RSA:
		return "RSA"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Key is a public key. Bytes are 4 ‖ x ‖ y of a curve's, the modulus of an RSA
// key in big endian.
type Key struct {
	Kind  Kind
	Bytes []byte
}

// Equal reports whether two keys are the same.
func (k *Key) Equal(other *Key) bool {
	return k.Kind == other.Kind && bytes.Equal(k.Bytes, other.Bytes)
}

// algorithm is how a certificate or a list is signed.
type algorithm uint8

const (
	ecdsaWithSHA256 algorithm = iota + 1
	pssWithSHA384             // MGF1 with SHA-384, a salt of 48 bytes
)

// verify checks a signature as certificates carry it.
func (k *Key) verify(alg algorithm, message, sig []byte) error {
	switch {
	case alg == ecdsaWithSHA256 && k.Kind == P256:
		digest := sha256.Sum256(message)
		return k.verifyDER(digest[:], sig)
	case alg == pssWithSHA384 && k.Kind == RSA:
		digest := sha512.Sum384(message)
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(k.Bytes), E: 65537}
		if rsa.VerifyPSS(public, crypto.SHA384, digest[:], sig, &rsa.PSSOptions{SaltLength: 48}) != nil {
			return errSignature
		}
		return nil
	}
	return errKeyOfOtherKind
}

func (k *Key) verifyDER(digest, sig []byte) error {
	curve := elliptic.P256()
	if k.Kind == P384 {
		curve = elliptic.P384()
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, k.Bytes)
	if err != nil {
		return errNotOnCurve
	}
	if !ecdsa.VerifyASN1(public, digest, sig) {
		return errSignature
	}
	return nil
}

// VerifyRaw checks a signature r ‖ s, each as long as the curve's numbers, over
// message: by a P-256 key with SHA-256, by a P-384 key with SHA-384.
func (k *Key) VerifyRaw(message, sig []byte) error {
	var digest []byte
	size := 0
	switch k.Kind {
	case P256:
		sum := sha256.Sum256(message)
		digest, size = sum[:], 32
	case P384:
		sum := sha512.Sum384(message)
		digest, size = sum[:], 48
	default:
		return errKeyOfOtherKind
	}
	if len(sig) != 2*size {
		return errSignatureTooLong
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, half := range [][]byte{sig[:size], sig[size:]} {
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
	return k.verifyDER(digest, der)
}

// readKey reads the content of a SubjectPublicKeyInfo.
func readKey(spki cryptobyte.String, key *Key) bool {
	var alg, kind, curve, bits cryptobyte.String
	if !spki.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1(&kind, asn1.OBJECT_IDENTIFIER) ||
		!spki.ReadASN1(&bits, asn1.BIT_STRING) || !spki.Empty() || len(bits) < 1 || bits[0] != 0 {
		return false
	}
	switch {
	case bytes.Equal(kind, oidECPublicKey):
		if !alg.ReadASN1(&curve, asn1.OBJECT_IDENTIFIER) || !alg.Empty() {
			return false
		}
		*key = Key{Bytes: bits[1:]}
		switch {
		case bytes.Equal(curve, oidP256):
			key.Kind = P256
			return len(bits) == 66 && bits[1] == 4
		case bytes.Equal(curve, oidP384):
			key.Kind = P384
			return len(bits) == 98 && bits[1] == 4
		}
		return false
	case bytes.Equal(kind, oidRSA):
		if !readNull(&alg) || !alg.Empty() {
			return false
		}
		return readRSAKey(bits[1:], key)
	}
	return false
}

func readRSAKey(der []byte, key *Key) bool {
	s := cryptobyte.String(der)
	var seq, n, e cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1(&n, asn1.INTEGER) ||
		!seq.ReadASN1(&e, asn1.INTEGER) || !seq.Empty() || !bytes.Equal(e, rsaExponent) {
		return false
	}
	// The sizes that are in use have their highest bit set, hence a zero byte before.
	if len(n) < minRSABits/8+1 || len(n) > maxRSABits/8+1 || n[0] != 0 || n[1]&0x80 == 0 || n[len(n)-1]&1 == 0 {
		return false
	}
	*key = Key{Kind: RSA, Bytes: n[1:]}
	return true
}

func readNull(s *cryptobyte.String) bool {
	var null cryptobyte.String
	return s.ReadASN1(&null, asn1.NULL) && null.Empty()
}

// readAlgorithm reads an AlgorithmIdentifier of one of the two signatures.
func readAlgorithm(s *cryptobyte.String, out *algorithm) bool {
	var alg, oid cryptobyte.String
	if !s.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return false
	}
	switch {
	case bytes.Equal(oid, oidECDSAWithSHA256):
		*out = ecdsaWithSHA256
		return alg.Empty()
	case bytes.Equal(oid, oidRSAPSS):
		*out = pssWithSHA384
		var params cryptobyte.String
		return alg.ReadASN1(&params, asn1.SEQUENCE) && alg.Empty() && isPSSWithSHA384(params)
	}
	return false
}

// isPSSWithSHA384 reads RSASSA-PSS-params of RFC 4055 section 3.1.
func isPSSWithSHA384(params cryptobyte.String) bool {
	field := func(n asn1.Tag, out *cryptobyte.String) bool {
		return params.ReadASN1(out, n.ContextSpecific().Constructed())
	}
	var hash, mgf, salt, trailer cryptobyte.String
	if !field(0, &hash) || !field(1, &mgf) || !field(2, &salt) {
		return false
	}
	var seq, oid cryptobyte.String
	ok := readSHA384(&hash) && hash.Empty() &&
		mgf.ReadASN1(&seq, asn1.SEQUENCE) && mgf.Empty() &&
		seq.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) && bytes.Equal(oid, oidMGF1) && readSHA384(&seq) && seq.Empty()
	var n int64
	ok = ok && salt.ReadASN1Integer(&n) && salt.Empty() && n == 48
	if ok && !params.Empty() { // 1 is the default
		ok = field(3, &trailer) && trailer.ReadASN1Integer(&n) && trailer.Empty() && n == 1
	}
	return ok && params.Empty()
}

// readSHA384 reads the AlgorithmIdentifier of SHA-384, whose parameters are
// NULL or absent.
func readSHA384(s *cryptobyte.String) bool {
	var alg, oid cryptobyte.String
	if !s.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !bytes.Equal(oid, oidSHA384) {
		return false
	}
	return alg.Empty() || readNull(&alg) && alg.Empty()
}
