package keys

import (
	"crypto/rand"
	"io"

	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
	"github.com/oasisprotocol/curve25519-voi/primitives/merlin"
	"github.com/oasisprotocol/curve25519-voi/primitives/sr25519"
)

var substrateContext = sr25519.NewSigningContext([]byte("substrate"))

// srPair signs as schnorrkel does. Specification:
// https://github.com/w3f/schnorrkel
type srPair struct{ pair *sr25519.KeyPair }

func newSr25519(seed [32]byte) srPair {
	mini := sr25519.MiniSecretKey(seed)
	return srPair{mini.ExpandEd25519().KeyPair()}
}

func (p srPair) public() []byte {
	b, err := p.pair.PublicKey().MarshalBinary()
	if err != nil {
		panic("keys: a valid sr25519 key cannot be written: " + err.Error())
	}
	return b
}

func (p srPair) secret() []byte {
	b, err := p.pair.SecretKey().MarshalBinary()
	if err != nil {
		panic("keys: a valid sr25519 key cannot be written: " + err.Error())
	}
	return b
}

func (p srPair) sign(msg []byte) []byte { return p.signWith(rand.Reader, msg) }

func (p srPair) signWith(random io.Reader, msg []byte) []byte {
	sig, err := p.pair.Sign(random, substrateContext.NewTranscriptBytes(msg))
	if err != nil {
		panic("keys: sign: " + err.Error()) // the reader failed, which rand.Reader never does
	}
	b, err := sig.MarshalBinary()
	if err != nil {
		panic("keys: a fresh signature cannot be written: " + err.Error())
	}
	return b
}

func (p srPair) derive(j junction) (signer, error) {
	t := merlin.NewTranscript("SchnorrRistrettoHDKD")
	t.AppendMessage("sign-bytes", nil)
	t.AppendMessage("chain-code", j.code[:])
	secret := p.secret()
	if j.hard {
		t.AppendMessage("secret-key", secret[:32])
		var seed [32]byte
		t.ExtractBytes(seed[:], "HDKD-hard")
		return newSr25519(seed), nil
	}
	t.AppendMessage("public-key", p.public())
	var wide [64]byte
	t.ExtractBytes(wide[:], "HDKD-scalar")
	step, err := scalar.NewFromBytesModOrderWide(wide[:])
	if err != nil {
		return nil, err
	}
	old, err := scalar.NewFromCanonicalBytes(secret[:32])
	if err != nil {
		return nil, err
	}
	var next [64]byte
	if err := scalar.New().Add(old, step).ToBytes(next[:32]); err != nil {
		return nil, err
	}
	// The nonce half only has to be secret and of this key alone.
	t.AppendMessage("secret-key", secret)
	t.ExtractBytes(next[32:], "HDKD-nonce")
	key, err := sr25519.NewSecretKeyFromBytes(next[:])
	if err != nil {
		return nil, err
	}
	return srPair{key.KeyPair()}, nil
}

func verifySr25519(public, msg, signature []byte) bool {
	key, err := sr25519.NewPublicKeyFromBytes(public)
	if err != nil {
		return false
	}
	sig, err := sr25519.NewSignatureFromBytes(signature)
	if err != nil {
		return false
	}
	return key.Verify(substrateContext.NewTranscriptBytes(msg), sig)
}

// DeterministicSr25519Sign signs msg with a nonce that depends on nothing but
// the key and msg: the random reader gives zeros only. All machines then make
// the same signature. It is for keys that all the world knows, such as the
// one behind a header's formal seal.
//
// Preconditions: pair is an sr25519 pair.
func DeterministicSr25519Sign(pair Pair, msg []byte) []byte {
	return pair.signer.(srPair).signWith(zeros{}, msg)
}

// SignSr25519 signs msg with randomness from random, beside which the nonce
// depends on the key and msg. Machines that read the same make the same
// signature.
//
// Preconditions: pair is an sr25519 pair, and random does not fail.
func SignSr25519(pair Pair, random io.Reader, msg []byte) []byte {
	return pair.signer.(srPair).signWith(random, msg)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
