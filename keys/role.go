package keys

import (
	"encoding/hex"
	"fmt"
	"log/slog"
)

// GrandpaID is the ed25519 public key by which a validator votes in GRANDPA.
type GrandpaID [32]byte

// String is the key in hex after 0x.
func (id GrandpaID) String() string { return "0x" + hex.EncodeToString(id[:]) }

// MarshalText writes the key in hex after 0x.
func (id GrandpaID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads 64 hex digits after 0x.
func (id *GrandpaID) UnmarshalText(text []byte) error {
	a, err := ParseAccountID(string(text))
	*id = GrandpaID(a)
	return err
}

// Verify says whether signature is the key's over msg, by the rules of ZIP-215.
func (id GrandpaID) Verify(msg, signature []byte) bool {
	return VerifyEd25519(id, msg, signature)
}

// GrandpaPair is the secret key of a validator's GRANDPA votes. It prints as
// [secret]. Make one with NewGrandpaPair.
type GrandpaPair struct{ pair edPair }

// NewGrandpaPair makes a GRANDPA key from an ed25519 pair.
func NewGrandpaPair(p Pair) (GrandpaPair, error) {
	ed, ok := p.signer.(edPair)
	if !ok {
		return GrandpaPair{}, fmt.Errorf("a GRANDPA key is an ed25519 key, not %v", p.scheme)
	}
	return GrandpaPair{ed}, nil
}

// IsZero says that p holds no key.
func (p GrandpaPair) IsZero() bool { return p.pair.key == nil }

// ID is the public key.
func (p GrandpaPair) ID() GrandpaID { return GrandpaID(p.pair.public()) }

// Sign signs msg. The same msg gives the same signature.
func (p GrandpaPair) Sign(msg []byte) [64]byte { return [64]byte(p.pair.sign(msg)) }

// Format implements fmt.Formatter, so that no verb prints the key.
func (p GrandpaPair) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// LogValue implements slog.LogValuer.
func (p GrandpaPair) LogValue() slog.Value { return slog.StringValue("[secret]") }
