package host

import (
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// Prices of signature checks, and of every byte of a message.
const (
	gasSignature     = 1_500_000
	gasSignatureByte = 20
)

func sr25519Verify(_ *execution, c *vm.Call, s []uint64) error {
	n := u32(s, 2)
	if err := c.Charge(gasSignature + uint64(n)*gasSignatureByte); err != nil {
		return err
	}
	signature, err := c.Read(u32(s, 0), 64)
	if err != nil {
		return err
	}
	public, err := c.Read(u32(s, 1), 32)
	if err != nil {
		return err
	}
	message, err := c.Read(u32(s, 3), n)
	if err != nil {
		return err
	}
	s[0] = codeSr25519Failed
	if keys.Verify(keys.Sr25519, public, message, signature) {
		s[0] = codeSuccess
	}
	return nil
}

// ecdsaRecover takes r ‖ s ‖ v, with v 0…3 or 27…30, and a 32-byte hash.
func ecdsaRecover(_ *execution, c *vm.Call, s []uint64) error {
	if err := c.Charge(gasSignature); err != nil {
		return err
	}
	signature, err := c.Read(u32(s, 0), 65)
	if err != nil {
		return err
	}
	digest, err := c.Read(u32(s, 1), 32)
	if err != nil {
		return err
	}
	out := u32(s, 2)
	s[0] = codeEcdsaFailed
	key, ok := recoverKey(signature, digest)
	if !ok {
		return nil // the signature is none
	}
	s[0] = codeSuccess
	return c.Write(out, key[:])
}

// recoverKey returns the compressed key that made a signature of a hash.
func recoverKey(signature, digest []byte) (key [33]byte, ok bool) {
	v := signature[64]
	if v >= 27 {
		v -= 27
	}
	if v > 3 {
		return key, false
	}
	compact := append([]byte{27 + 4 + v}, signature[:64]...)
	public, _, err := ecdsa.RecoverCompact(compact, digest)
	if err != nil {
		return key, false
	}
	return [33]byte(public.SerializeCompressed()), true
}

func ecdsaToEth(_ *execution, c *vm.Call, s []uint64) error {
	if err := c.Charge(gasSignature / 10); err != nil {
		return err
	}
	b, err := c.Read(u32(s, 0), 33)
	if err != nil {
		return err
	}
	out := u32(s, 1)
	key, err := secp256k1.ParsePubKey(b)
	if err != nil {
		s[0] = codeEcdsaFailed
		return nil
	}
	h := hash.Keccak256(key.SerializeUncompressed()[1:])
	s[0] = codeSuccess
	return c.Write(out, h[12:])
}
