package snp

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/tacit-network/tacit/tee"
)

// A request for a key that the chip derives, and its answer.
// Linux, include/uapi/linux/sev-guest.h; AMD 56860, SEV Secure Nested Paging
// Firmware ABI, MSG_KEY_REQ and MSG_KEY_RSP:
//
//	request   root key select u32 = 0 (VCEK) ‖ 0 u32 ‖ guest fields u64 ‖ VMPL u32 ‖ guest SVN u32 ‖ TCB version u64
//	answer    status u32 ‖ 0 [28] ‖ key [32]
type (
	keyRequest [32]byte
	keyAnswer  [64]byte
)

// The fields of the guest that go into the key: another program, or one that may
// be debugged, gets another key.
const (
	fieldPolicy      = 1 << 0
	fieldMeasurement = 1 << 3
)

func newKeyRequest() (r keyRequest) {
	binary.LittleEndian.PutUint64(r[8:], fieldPolicy|fieldMeasurement)
	return r
}

// key reads an answer.
func (a keyAnswer) key() ([]byte, error) {
	if status := binary.LittleEndian.Uint32(a[:]); status != 0 {
		return nil, fmt.Errorf("the firmware answers %#x", status)
	}
	return a[32:], nil
}

// SealingKey returns a key that the chip derives for this program under this
// policy, and for a context. A newer firmware gives the same one. The error is
// [tee.ErrNoSealing] where the kernel has no such device.
func (g *Guest) SealingKey(context string) (tee.SealingKey, error) {
	answer, err := g.derive(newKeyRequest())
	if err != nil {
		return tee.SealingKey{}, fmt.Errorf("derive sealing key: %w", err)
	}
	root, err := answer.key()
	if err != nil {
		return tee.SealingKey{}, fmt.Errorf("derive sealing key: %w", err)
	}
	key, err := hkdf.Key(sha256.New, root, nil, "tacit/snp/seal/1 "+context, 32)
	if err != nil {
		return tee.SealingKey{}, fmt.Errorf("derive sealing key: %w", err)
	}
	return tee.NewSealingKey(key), nil
}
