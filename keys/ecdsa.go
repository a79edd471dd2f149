package keys

import (
	"errors"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/tacit-network/tacit/hash"
)

type ecPair struct{ key *secp256k1.PrivateKey }

func newEcdsa(seed [32]byte) (ecPair, error) {
	var n secp256k1.ModNScalar
	if overflow := n.SetBytes(&seed); overflow != 0 || n.IsZero() {
		return ecPair{}, errors.New("the seed is no secp256k1 key")
	}
	return ecPair{secp256k1.NewPrivateKey(&n)}, nil
}

func (p ecPair) public() []byte { return p.key.PubKey().SerializeCompressed() }

// sign returns r[32] ‖ s[32] ‖ recovery id u8.
func (p ecPair) sign(msg []byte) []byte {
	digest := hash.Blake2b256(msg)
	compact := ecdsa.SignCompact(p.key, digest[:], true) // 27 + 4 + id, r, s
	return append(compact[1:65:65], compact[0]-31)
}

func (p ecPair) derive(j junction) (signer, error) {
	if !j.hard {
		return nil, errSoft
	}
	return newEcdsa(hardSeed("Secp256k1HDKD", p.key.Serialize(), j))
}

// recoverEcdsa returns the public key that signed the blake2b-256 of msg.
func recoverEcdsa(msg, signature []byte) (public [33]byte, ok bool) {
	if len(signature) != 65 || signature[64] > 3 {
		return public, false
	}
	digest := hash.Blake2b256(msg)
	compact := append([]byte{signature[64] + 31}, signature[:64]...)
	key, _, err := ecdsa.RecoverCompact(compact, digest[:])
	if err != nil {
		return public, false
	}
	return [33]byte(key.SerializeCompressed()), true
}
