package keys

import (
	"errors"
	"slices"

	"github.com/oasisprotocol/curve25519-voi/primitives/sr25519"
)

// WalletSecret is the secret as wallets keep it, for package keyfile to
// encrypt: of sr25519 the scalar in ed25519's form, which is eight times the
// scalar, and the nonce; of ed25519 the seed and the public key; of ecdsa the
// scalar. The caller must not let it out.
func (p Pair) WalletSecret() ([]byte, error) {
	switch s := p.signer.(type) {
	case srPair:
		secret := s.secret()
		carry := byte(0)
		for i := range 32 { // times 8; the scalar is below 2²⁵³
			b := secret[i]
			secret[i] = b<<3 | carry
			carry = b >> 5
		}
		return secret, nil
	case edPair:
		return slices.Clone(s.key), nil
	case ecPair:
		return s.key.Serialize(), nil
	}
	return nil, errors.New("this key cannot be written")
}

// FromWalletSecret makes the pair of what WalletSecret returns.
func FromWalletSecret(scheme Scheme, secret []byte) (Pair, error) {
	if size := 64; len(secret) != size && (scheme != Ecdsa || len(secret) != 32) {
		return Pair{}, errors.New("its secret has a wrong length")
	}
	if scheme != Sr25519 {
		return NewPair(scheme, [32]byte(secret[:32]))
	}
	plain := slices.Clone(secret)
	carry := byte(0)
	for i := 31; i >= 0; i-- { // an eighth
		b := plain[i]
		plain[i] = b>>3 | carry
		carry = b << 5
	}
	key, err := sr25519.NewSecretKeyFromBytes(plain)
	if err != nil || carry != 0 {
		return Pair{}, errors.New("its secret is no sr25519 key")
	}
	return Pair{Sr25519, srPair{key.KeyPair()}}, nil
}
