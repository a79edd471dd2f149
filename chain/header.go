// Package chain holds the parts of a Substrate chain as types: headers and
// their digests, blocks, extrinsics of format 4 with their addresses,
// signatures and eras, and every string that separates the domains of what
// is signed or hashed.
//
// Bytes from the network come in, values go out, and back; all decoding is
// strict and bounded. The package knows no calls and no state: a call is
// opaque bytes here, and tries, finality and execution are elsewhere.
//
// Specification: https://spec.polkadot.network/chap-state
package chain

import (
	"fmt"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// BlockNumber is the height of a block; genesis is 0.
type BlockNumber = uint32

// Balance is an amount of the native token in its smallest unit.
type Balance = scale.U128

// AccountID names an account.
type AccountID = keys.AccountID

// Header is a block's header.
type Header struct {
	ParentHash     hash.H256
	Number         BlockNumber `scale:"compact"`
	StateRoot      hash.H256
	ExtrinsicsRoot hash.H256
	Digest         []DigestItem
}

// Hash is the block's hash: the blake2b-256 of the header's bytes, seal
// included.
func (h Header) Hash() hash.H256 { return hash.Blake2b256(h.Encode()) }

// Encode returns the header's SCALE bytes.
func (h Header) Encode() []byte { return scale.Marshal(h) }

// DecodeHeader reads a header, and refuses bytes that are left over.
func DecodeHeader(raw []byte) (Header, error) {
	h, err := scale.Decode[Header](raw)
	if err != nil {
		return Header{}, fmt.Errorf("decode header: %w", err)
	}
	return h, nil
}

// DecodeHeaderPrefix reads a header of a chain that appends fields of its own
// to Substrate's, and returns what follows. Such a block's hash is that of all
// the bytes, not of the returned header.
func DecodeHeaderPrefix(raw []byte) (h Header, rest []byte, err error) {
	d := scale.NewDecoder(raw)
	if err := d.Value(&h); err != nil {
		return Header{}, nil, fmt.Errorf("decode header: %w", err)
	}
	return h, d.Rest(), nil
}

// WithoutSeal returns the header without its last digest item, if that is a
// seal, and the seal. What a seal signs is the hash of the header without it.
func (h Header) WithoutSeal() (bare Header, seal DigestSeal, ok bool) {
	n := len(h.Digest)
	if n == 0 {
		return h, DigestSeal{}, false
	}
	if seal, ok = h.Digest[n-1].(DigestSeal); ok {
		h.Digest = h.Digest[: n-1 : n-1]
	}
	return h, seal, ok
}

// Engine names the consensus engine that a digest item is for.
type Engine [4]byte

// String is the engine's name.
func (e Engine) String() string { return string(e[:]) }

// The engines whose digest items the chain carries.
var (
	EngineAura    = Engine{'a', 'u', 'r', 'a'}
	EngineGrandpa = Engine{'F', 'R', 'N', 'K'}
)

// RuntimeUpdated says that the runtime is another one after this block.
func (h Header) RuntimeUpdated() bool {
	for _, item := range h.Digest {
		if _, ok := item.(DigestRuntimeUpdated); ok {
			return true
		}
	}
	return false
}

// DigestItem is one entry of a header's digest: DigestOther, DigestConsensus,
// DigestSeal, DigestPreRuntime or DigestRuntimeUpdated.
type DigestItem interface{ digestItem() }

// DigestOther is data for whom it may concern.
type DigestOther struct{ Data []byte }

// DigestConsensus is a message of the runtime to a consensus engine.
type DigestConsensus struct {
	Engine Engine
	Data   []byte
}

// DigestSeal is a block author's signature, the last item of a header.
type DigestSeal struct {
	Engine Engine
	Data   []byte
}

// DigestPreRuntime is a message of a consensus engine to the runtime.
type DigestPreRuntime struct {
	Engine Engine
	Data   []byte
}

// DigestRuntimeUpdated says that the block changed the runtime.
type DigestRuntimeUpdated struct{}

func (DigestOther) digestItem()          {}
func (DigestConsensus) digestItem()      {}
func (DigestSeal) digestItem()           {}
func (DigestPreRuntime) digestItem()     {}
func (DigestRuntimeUpdated) digestItem() {}

var _ = scale.Enum(scale.V[DigestItem]{
	0: DigestOther{}, 4: DigestConsensus{}, 5: DigestSeal{}, 6: DigestPreRuntime{}, 8: DigestRuntimeUpdated{},
})

// EncodeDigestItem returns the item's SCALE bytes.
func EncodeDigestItem(item DigestItem) []byte {
	return scale.Marshal(struct{ Item DigestItem }{item})
}

// DecodeDigestItem reads one item, and refuses bytes that are left over.
func DecodeDigestItem(raw []byte) (DigestItem, error) {
	v, err := scale.Decode[struct{ Item DigestItem }](raw)
	if err != nil {
		return nil, fmt.Errorf("decode digest item: %w", err)
	}
	return v.Item, nil
}
