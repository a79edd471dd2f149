// Package report says what a worker puts into the report data of its quote,
// so that the quote is about this worker, on this chain, now.
//
// The worker builds it inside its TEE; the runtime builds it again from the
// registration's words and its own block hashes, and compares. Package attest
// checks the quote itself.
package report

import (
	"fmt"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"

	"golang.org/x/crypto/blake2b"
)

// Version is that of [RegistrationInfo].
const Version = 1

// Most entries and bytes of a registration's HPKE keys. The largest key that
// is in use, ML-KEM-768 with X25519, has 1216 bytes.
const (
	MaxHPKEKeys    = 4
	MaxHPKEKeySize = 2048
)

// Purpose tells what a quote is for; each makes other report data.
type Purpose uint8

// Register is the purpose of quotes that register a worker.
const Register Purpose = 0

// HPKEKey is a public key to encrypt to, of a key encapsulation mechanism by
// its number in https://www.iana.org/assignments/hpke
type HPKEKey struct {
	KEM uint16
	Key []byte
}

// RegistrationInfo is what a worker says about itself, version 1.
type RegistrationInfo struct {
	Version     uint8
	Identity    [32]byte // sr25519, made in the TEE
	HPKE        []HPKEKey
	Operator    keys.AccountID
	ImageID     hash.H256
	BootEpoch   uint64 // a new instance voids the ones with a lower number
	Features    uint32
	RecentBlock uint32 // number of the block whose hash is in the report data
}

// Check reports why the info is malformed: an unknown version, or HPKE keys
// that are missing, too many, too long or twice of one mechanism.
func (i *RegistrationInfo) Check() error {
	if i.Version != Version {
		return fmt.Errorf("registration of version %d, not %d", i.Version, Version)
	}
	if len(i.HPKE) == 0 || len(i.HPKE) > MaxHPKEKeys {
		return fmt.Errorf("%d HPKE keys, at least 1 and at most %d belong", len(i.HPKE), MaxHPKEKeys)
	}
	for n, k := range i.HPKE {
		if len(k.Key) == 0 || len(k.Key) > MaxHPKEKeySize {
			return fmt.Errorf("HPKE key of %d bytes", len(k.Key))
		}
		for _, other := range i.HPKE[:n] {
			if other.KEM == k.KEM {
				return fmt.Errorf("two HPKE keys for KEM %#x", k.KEM)
			}
		}
	}
	return nil
}

// SigningPayload is what the worker's identity key signs beside the quote:
// the domain, the chain's genesis hash and the info.
func (i *RegistrationInfo) SigningPayload(genesis hash.H256) []byte {
	out := append([]byte(chain.ContextRegister), genesis[:]...)
	return scale.Append(out, *i)
}

// Data returns the report data of a quote:
//
//	32  blake2_256(SCALE(info))
//	32  blake2_256(SCALE("tacit/attest/1", purpose, genesis, recent block hash, nonce))
func Data(info *RegistrationInfo, purpose Purpose, genesis, recent hash.H256, nonce [32]byte) (out [64]byte) {
	head := hash.Blake2b256(scale.Marshal(*info))
	tail := hash.Blake2b256(scale.Marshal(struct {
		Context         []byte
		Purpose         Purpose
		Genesis, Recent hash.H256
		Nonce           [32]byte
	}{[]byte(chain.ContextAttest), purpose, genesis, recent, nonce}))
	copy(out[:32], head[:])
	copy(out[32:], tail[:])
	return out
}

// Authority is a GRANDPA voter with its weight.
type Authority struct {
	Key    [32]byte
	Weight uint64
}

// WorkerConfig is what a worker is launched with: the chain that it belongs
// to, and the finalised block from which its light client starts. Hardware
// binds its hash as MRCONFIGID, so that the image needs no chain in it.
type WorkerConfig struct {
	Genesis          hash.H256
	Authorities      []Authority
	SetID            uint64
	CheckpointNumber uint32
	CheckpointHash   hash.H256
}

// Hash returns the 48 bytes that MRCONFIGID must be.
func (c *WorkerConfig) Hash() attest.Digest {
	// blake2b's own 384-bit form: not a cut of a longer digest.
	return attest.Digest(blake2b.Sum384(scale.Marshal(*c)))
}

// HostData returns the 32 bytes that HOST_DATA of SEV-SNP must be.
func (c *WorkerConfig) HostData() [32]byte { return hash.Blake2b256(scale.Marshal(*c)) }
