// Package seal is the encryption between users, workers and clusters: envelopes
// of HPKE (RFC 9180), what stands in them, and the tree of keys that a cluster's
// secret grows.
//
// Commands and queries come in as bytes from the chain or the network, and go
// out as a [Message]; answers go the other way as a [Reply]. The layout is
// written down in docs/wire/envelope.md, with a test vector.
//
// The package keeps no keys and no nonces: whoever opens a message remembers
// which (origin, nonce) it has seen.
package seal

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
)

// Suite is a set of algorithms. All use HKDF-SHA256 and AES-256-GCM.
type Suite uint8

// The suites of version 1.
const (
	Hybrid Suite = 1 // ML-KEM-768 with X25519 (X-Wing), KEM 0x647a
	X25519 Suite = 2 // DHKEM(X25519, HKDF-SHA256), KEM 0x0020
)

// Suites lists the suites, the preferred one first.
var Suites = []Suite{Hybrid, X25519}

func (s Suite) kem() hpke.KEM {
	switch s {
	case Hybrid:
		return hpke.MLKEM768X25519()
	case X25519:
		return hpke.DHKEM(ecdh.X25519())
	}
	return nil
}

// KEM is HPKE's number of the suite's key encapsulation.
func (s Suite) KEM() uint16 {
	if k := s.kem(); k != nil {
		return k.ID()
	}
	return 0
}

// encSize is the length of an encapsulated key.
func (s Suite) encSize() int {
	switch s {
	case Hybrid:
		return 1088 + 32
	case X25519:
		return 32
	}
	return 0
}

// SuiteOf returns the suite with a KEM, and whether there is one.
func SuiteOf(kem uint16) (Suite, bool) {
	for _, s := range Suites {
		if s.KEM() == kem {
			return s, true
		}
	}
	return 0, false
}

// PublicKey is a key that envelopes are sealed to.
type PublicKey struct {
	suite Suite
	key   hpke.PublicKey
}

// ParsePublicKey reads the serialised public key of a KEM.
func ParsePublicKey(kem uint16, key []byte) (PublicKey, error) {
	s, ok := SuiteOf(kem)
	if !ok {
		return PublicKey{}, fmt.Errorf("public key of unknown KEM %#04x", kem)
	}
	k, err := s.kem().NewPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("public key of KEM %#04x: %w", kem, err)
	}
	return PublicKey{s, k}, nil
}

// Suite returns the key's suite.
func (k PublicKey) Suite() Suite { return k.suite }

// Bytes is the serialised key.
func (k PublicKey) Bytes() []byte { return k.key.Bytes() }

// PrivateKey opens envelopes. It prints as [secret].
type PrivateKey struct {
	suite Suite
	key   hpke.PrivateKey
}

// GenerateKey makes a key from the system's randomness.
func GenerateKey(s Suite) (PrivateKey, error) {
	kem := s.kem()
	if kem == nil {
		return PrivateKey{}, fmt.Errorf("unknown suite %d", s)
	}
	k, err := kem.GenerateKey()
	if err != nil {
		return PrivateKey{}, fmt.Errorf("generate key: %w", err)
	}
	return PrivateKey{s, k}, nil
}

// ParsePrivateKey reads the serialised private key of a suite: 32 bytes.
func ParsePrivateKey(s Suite, key []byte) (PrivateKey, error) {
	kem := s.kem()
	if kem == nil {
		return PrivateKey{}, fmt.Errorf("unknown suite %d", s)
	}
	k, err := kem.NewPrivateKey(key)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("private key of suite %d: %w", s, err)
	}
	return PrivateKey{s, k}, nil
}

// Suite returns the key's suite.
func (k PrivateKey) Suite() Suite { return k.suite }

// Reveal returns the key's bytes, for one that is meant to be shown: a reply's.
func (k PrivateKey) Reveal() ([]byte, error) { return k.key.Bytes() }

// Public returns the key's public part.
func (k PrivateKey) Public() PublicKey { return PublicKey{k.suite, k.key.PublicKey()} }

// Format implements fmt.Formatter, so that no verb prints the key.
func (k PrivateKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// LogValue implements slog.LogValuer.
func (k PrivateKey) LogValue() slog.Value { return slog.StringValue("[secret]") }

// Envelope is a sealed message.
//
//	version u8 = 1 ‖ suite u8 ‖ epoch u32 LE ‖ enc (1120 or 32 bytes) ‖ ciphertext with its 16-byte tag
type Envelope struct {
	Suite Suite
	Epoch uint32 // of the key it is sealed to; 0 for keys without epochs
	Enc   []byte
	Box   []byte
}

const (
	version    = 1
	headSize   = 6
	tagSize    = 16
	maxMessage = 256 << 10 // bytes of a padded plaintext
)

// Errors that tell why an envelope does not open.
var (
	ErrEnvelope = errors.New("not an envelope")
	ErrOpen     = errors.New("envelope does not open")
)

// ParseEnvelope reads an envelope. Its fields alias data.
func ParseEnvelope(data []byte) (Envelope, error) {
	if len(data) < headSize || data[0] != version {
		return Envelope{}, fmt.Errorf("%w: no version 1 header in %d bytes", ErrEnvelope, len(data))
	}
	s := Suite(data[1])
	n := s.encSize()
	if n == 0 {
		return Envelope{}, fmt.Errorf("%w: unknown suite %d", ErrEnvelope, s)
	}
	if len(data) < headSize+n+tagSize || len(data) > headSize+n+tagSize+maxMessage {
		return Envelope{}, fmt.Errorf("%w: %d bytes of suite %d", ErrEnvelope, len(data), s)
	}
	return Envelope{
		Suite: s,
		Epoch: binary.LittleEndian.Uint32(data[2:]),
		Enc:   data[headSize : headSize+n],
		Box:   data[headSize+n:],
	}, nil
}

// Seal encrypts plaintext to a key. info names what it is for, aad is what the
// receiver knows by other ways and must agree with.
func Seal(to PublicKey, info string, epoch uint32, aad, plaintext []byte) ([]byte, error) {
	if len(plaintext) > maxMessage {
		return nil, fmt.Errorf("seal %d bytes: %d are the most", len(plaintext), maxMessage)
	}
	enc, sender, err := hpke.NewSender(to.key, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	box, err := sender.Seal(aad, plaintext)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	out := make([]byte, 0, headSize+len(enc)+len(box))
	out = append(out, version, byte(to.suite))
	out = binary.LittleEndian.AppendUint32(out, epoch)
	out = append(out, enc...)
	return append(out, box...), nil
}

// Open decrypts an envelope that was sealed to k for info and aad.
func (k PrivateKey) Open(info string, aad []byte, e Envelope) ([]byte, error) {
	if e.Suite != k.suite {
		return nil, fmt.Errorf("%w: it is of suite %d, the key of %d", ErrOpen, e.Suite, k.suite)
	}
	r, err := hpke.NewRecipient(e.Enc, k.key, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrOpen, err)
	}
	plaintext, err := r.Open(aad, e.Box)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrOpen, err)
	}
	return plaintext, nil
}
