package keys

import (
	"errors"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// zip215 are the rules that all of Substrate verifies ed25519 by, under which
// single and batch verification agree about every input.
// Specification: https://zips.z.cash/zip-0215
var zip215 = &ed25519.Options{Verify: ed25519.VerifyOptionsZIP_215}

// errSoft means that a scheme knows hard derivation only.
var errSoft = errors.New("the scheme has hard steps (//) only")

type edPair struct{ key ed25519.PrivateKey }

func newEd25519(seed [32]byte) edPair { return edPair{ed25519.NewKeyFromSeed(seed[:])} }

func (p edPair) public() []byte         { return append([]byte(nil), p.key[32:]...) }
func (p edPair) sign(msg []byte) []byte { return ed25519.Sign(p.key, msg) }

func (p edPair) derive(j junction) (signer, error) {
	if !j.hard {
		return nil, errSoft
	}
	return newEd25519(hardSeed("Ed25519HDKD", p.key[:32], j)), nil
}

// hardSeed is blake2b-256(SCALE(label, seed, chain code)).
func hardSeed(label string, seed []byte, j junction) [32]byte {
	return hash.Blake2b256(scale.AppendBytes(nil, []byte(label)), seed, j.code[:])
}

// VerifyEd25519 says whether signature is public's over msg, by the rules of
// ZIP-215.
func VerifyEd25519(public [32]byte, msg, signature []byte) bool {
	return len(signature) == ed25519.SignatureSize &&
		ed25519.VerifyWithOptions(public[:], msg, signature, zip215)
}

// IsLowOrder says whether an ed25519 public key has one of the few values
// under which anybody can sign anything. Such keys are refused wherever keys
// are registered.
func IsLowOrder(public [32]byte) bool {
	var compressed curve.CompressedEdwardsY
	if _, err := compressed.SetBytes(public[:]); err != nil {
		return false
	}
	var point curve.EdwardsPoint
	if _, err := point.SetCompressedY(&compressed); err != nil {
		return false
	}
	return point.IsSmallOrder()
}

// Ed25519Batch verifies many ed25519 signatures together, by the rules of
// ZIP-215, at a third of the cost of one by one. The zero Ed25519Batch is
// empty and ready.
type Ed25519Batch struct {
	entries []batchEntry
}

type batchEntry struct {
	public    [32]byte
	msg       []byte
	signature []byte
}

// Add adds a signature, of which the batch keeps the slices.
func (b *Ed25519Batch) Add(public [32]byte, msg, signature []byte) {
	b.entries = append(b.entries, batchEntry{public, msg, signature})
}

// Len is how many signatures were added.
func (b *Ed25519Batch) Len() int { return len(b.entries) }

// Verify says whether all signatures are valid. An empty batch is.
func (b *Ed25519Batch) Verify() bool {
	if len(b.entries) < 3 { // below this one by one is faster
		return b.Culprit() < 0
	}
	v := ed25519.NewBatchVerifierWithCapacity(len(b.entries))
	for _, e := range b.entries {
		if len(e.signature) != ed25519.SignatureSize {
			return false
		}
		v.AddWithOptions(e.public[:], e.msg, e.signature, zip215)
	}
	return v.VerifyBatchOnly(nil)
}

// Culprit verifies one by one and returns the index of the first signature
// that is not valid, or -1.
func (b *Ed25519Batch) Culprit() int {
	for i, e := range b.entries {
		if !VerifyEd25519(e.public, e.msg, e.signature) {
			return i
		}
	}
	return -1
}
