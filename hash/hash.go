// Package hash has the hash functions of Substrate under Substrate's names,
// and the type of a 32-byte hash.
//
// It hashes bytes and nothing more: what is hashed, and in which domain, is
// the caller's matter.
package hash

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/sha3"
)

// H256 is a hash of 32 bytes.
type H256 [32]byte

// ParseH256 reads 64 hex digits, with or without 0x.
func ParseH256(s string) (H256, error) {
	var h H256
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil || len(b) != len(h) {
		return H256{}, fmt.Errorf("%q is not a hash of 64 hex digits", s)
	}
	return H256(b), nil
}

// String is h in hex after 0x.
func (h H256) String() string { return "0x" + hex.EncodeToString(h[:]) }

// Short is the first and last digits of h, for people.
func (h H256) Short() string { return fmt.Sprintf("0x%x…%x", h[:4], h[30:]) }

// IsZero says whether all bytes are zero.
func (h H256) IsZero() bool { return h == H256{} }

// MarshalText is String.
func (h H256) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText is ParseH256.
func (h *H256) UnmarshalText(text []byte) (err error) {
	*h, err = ParseH256(string(text))
	return err
}

// Blake2b256 is BLAKE2b with 32 bytes of output over all parts in order.
func Blake2b256(parts ...[]byte) H256 {
	if len(parts) == 1 {
		return blake2b.Sum256(parts[0])
	}
	d, _ := blake2b.New256(nil)
	for _, p := range parts {
		d.Write(p)
	}
	return H256(d.Sum(nil))
}

// Blake2b128 is BLAKE2b with 16 bytes of output over all parts in order.
func Blake2b128(parts ...[]byte) [16]byte {
	d, _ := blake2b.New(16, nil)
	for _, p := range parts {
		d.Write(p)
	}
	return [16]byte(d.Sum(nil))
}

// Blake2b512 is BLAKE2b with 64 bytes of output over all parts in order.
func Blake2b512(parts ...[]byte) [64]byte {
	d, _ := blake2b.New512(nil)
	for _, p := range parts {
		d.Write(p)
	}
	return [64]byte(d.Sum(nil))
}

// Twox64 is xxHash64 with seed 0, little endian.
func Twox64(data []byte) [8]byte {
	var out [8]byte
	twox(out[:], data)
	return out
}

// Twox128 is xxHash64 with the seeds 0 and 1, little endian each.
func Twox128(data []byte) [16]byte {
	var out [16]byte
	twox(out[:], data)
	return out
}

// Twox256 is xxHash64 with the seeds 0 to 3, little endian each.
func Twox256(data []byte) [32]byte {
	var out [32]byte
	twox(out[:], data)
	return out
}

func twox(out, data []byte) {
	for seed := uint64(0); len(out) > 0; seed++ {
		d := xxhash.NewWithSeed(seed)
		d.Write(data)
		binary.LittleEndian.PutUint64(out, d.Sum64())
		out = out[8:]
	}
}

// Keccak256 is Keccak with 32 bytes of output, as Ethereum uses it.
func Keccak256(data []byte) H256 {
	d := sha3.NewLegacyKeccak256()
	d.Write(data)
	return H256(d.Sum(nil))
}

// Sha256 is SHA-256.
func Sha256(data []byte) H256 { return sha256.Sum256(data) }

// Blake2b64 is BLAKE2b with 8 bytes of output.
func Blake2b64(data []byte) [8]byte {
	d, _ := blake2b.New(8, nil)
	d.Write(data)
	return [8]byte(d.Sum(nil))
}
