// Package keys holds the key pairs, signatures and account names of Substrate:
// sr25519, ed25519 and ecdsa over secp256k1, secret URIs with their
// derivation, and SS58.
//
// A secret URI comes in and a Pair goes out; a Pair signs, and Verify and its
// kin check what others signed. Ed25519 is verified by the rules of ZIP-215
// everywhere, alone and in batches, so that all machines agree about every
// signature. Key roles that must not be mixed up have types of their own.
//
// The package keeps no key files (keyfile does), asks for no passwords and
// decides nothing about who may sign what.
package keys

import (
	"fmt"
	"log/slog"
)

// Scheme is a signature scheme, numbered as in Substrate's MultiSignature.
type Scheme uint8

// The schemes of MultiSignature.
const (
	Ed25519 Scheme = 0
	Sr25519 Scheme = 1
	Ecdsa   Scheme = 2
)

// String is the scheme's name as Substrate's tools write it.
func (s Scheme) String() string {
	switch s {
	case Ed25519:
		return "ed25519"
	case Sr25519:
		return "sr25519"
	case Ecdsa:
		return "ecdsa"
	}
	return fmt.Sprintf("scheme %d", uint8(s))
}

// ParseScheme returns the scheme with the given name.
func ParseScheme(name string) (Scheme, error) {
	for s := Ed25519; s <= Ecdsa; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("no signature scheme %q: know ed25519, sr25519 and ecdsa", name)
}

// PublicSize is the length of the scheme's public keys.
func (s Scheme) PublicSize() int {
	if s == Ecdsa {
		return 33
	}
	return 32
}

// SignatureSize is the length of the scheme's signatures.
func (s Scheme) SignatureSize() int {
	if s == Ecdsa {
		return 65
	}
	return 64
}

// signer is what each scheme implements.
type signer interface {
	public() []byte
	sign(msg []byte) []byte
	derive(j junction) (signer, error)
}

// Pair is a secret key with its public key. It prints as [secret]. The zero
// Pair is no key: it has no use but to be compared with IsZero.
type Pair struct {
	scheme Scheme
	signer signer
}

// NewPair makes the pair of a 32-byte secret seed.
func NewPair(scheme Scheme, seed [32]byte) (Pair, error) {
	s, err := newSigner(scheme, seed)
	if err != nil {
		return Pair{}, err
	}
	return Pair{scheme, s}, nil
}

func newSigner(scheme Scheme, seed [32]byte) (signer, error) {
	switch scheme {
	case Sr25519:
		return newSr25519(seed), nil
	case Ed25519:
		return newEd25519(seed), nil
	case Ecdsa:
		return newEcdsa(seed)
	}
	return nil, fmt.Errorf("make a key pair: no scheme %d", uint8(scheme))
}

// IsZero says that p holds no key.
func (p Pair) IsZero() bool { return p.signer == nil }

// Scheme is the scheme of the pair.
func (p Pair) Scheme() Scheme { return p.scheme }

// Public is the public key, which the caller owns.
func (p Pair) Public() []byte { return p.signer.public() }

// AccountID is the account that the pair signs for: the public key, or for
// ecdsa its blake2b-256.
func (p Pair) AccountID() AccountID { return AccountOf(p.scheme, p.signer.public()) }

// Sign signs msg. Sr25519 uses the context "substrate" and fresh randomness;
// ecdsa signs the blake2b-256 of msg.
func (p Pair) Sign(msg []byte) []byte { return p.signer.sign(msg) }

// Format implements fmt.Formatter, so that no verb prints the key.
func (p Pair) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// LogValue implements slog.LogValuer.
func (p Pair) LogValue() slog.Value { return slog.StringValue("[secret]") }

// Verify says whether signature is public's over msg. Keys and signatures of
// a wrong length are merely not valid.
func Verify(scheme Scheme, public, msg, signature []byte) bool {
	if len(public) != scheme.PublicSize() || len(signature) != scheme.SignatureSize() {
		return false
	}
	switch scheme {
	case Sr25519:
		return verifySr25519(public, msg, signature)
	case Ed25519:
		return VerifyEd25519([32]byte(public), msg, signature)
	case Ecdsa:
		recovered, ok := recoverEcdsa(msg, signature)
		return ok && [33]byte(public) == recovered
	}
	return false
}

// VerifyAccount says whether signature is account's over msg, as Substrate's
// MultiSignature does it: an ecdsa key is recovered from the signature and
// hashed to the account.
func VerifyAccount(scheme Scheme, account AccountID, msg, signature []byte) bool {
	if scheme != Ecdsa {
		return Verify(scheme, account[:], msg, signature)
	}
	recovered, ok := recoverEcdsa(msg, signature)
	return ok && AccountOf(Ecdsa, recovered[:]) == account
}
