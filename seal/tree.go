package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"

	"github.com/tacit-network/tacit/scale"
)

// Secret is 32 bytes that keys are derived from. It prints as [secret].
type Secret struct{ b [32]byte }

// NewSecret makes a secret from the system's randomness.
func NewSecret() (s Secret) {
	_, _ = rand.Read(s.b[:]) // does not fail
	return s
}

// SecretFrom takes the bytes of a secret.
func SecretFrom(b [32]byte) Secret { return Secret{b} }

// Reveal returns the bytes, for sealing them to a TEE or handing them to a
// cipher.
func (s Secret) Reveal() [32]byte { return s.b }

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool { return subtle.ConstantTimeCompare(s.b[:], o.b[:]) == 1 }

// Format implements fmt.Formatter, so that no verb prints the secret.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// Labels of the key tree.
//
//	a cluster's lasting secret
//	└ contract key              what a contract's keys are derived from
//	secret of the cluster's epoch N, made anew for each
//	└ epoch N                   Epoch
//	  ├ hpke 1, hpke 2          commands are sealed to it
//	  ├ storage key, value      the names and values of the state at rest
//	  ├ root                    blinds published state roots
//	  ├ snapshot                encrypts snapshots
//	  └ randomness              of contracts
//	worker secret
//	└ hpke 1, hpke 2            queries are sealed to it
const (
	LabelEpoch        = "epoch"
	LabelHPKE         = "hpke"
	LabelStorageKey   = "storage key"
	LabelStorageValue = "storage value"
	LabelRoot         = "root"
	LabelRandomness   = "randomness"
	LabelContractKey  = "contract key"
	LabelSnapshot     = "snapshot"
)

// Derive returns a child of s: HKDF-SHA256 without salt, whose info is
// "tacit/tree/1" and the SCALE encodings of the label and the parts.
func (s Secret) Derive(label string, parts ...[]byte) Secret {
	info := scale.AppendBytes([]byte("tacit/tree/1"), []byte(label))
	for _, p := range parts {
		info = scale.AppendBytes(info, p)
	}
	b, err := hkdf.Key(sha256.New, s.b[:], nil, string(info), 32)
	if err != nil {
		panic(err) // 32 bytes are not too many
	}
	return Secret{[32]byte(b)}
}

// Epoch returns the secret of a cluster's epoch.
func (s Secret) Epoch(n uint32) Secret { return s.Derive(LabelEpoch, scale.AppendUint32(nil, n)) }

// HPKE returns the secret's key of a suite.
func (s Secret) HPKE(suite Suite) (PrivateKey, error) {
	child := s.Derive(LabelHPKE, []byte{byte(suite)})
	return ParsePrivateKey(suite, child.b[:])
}
