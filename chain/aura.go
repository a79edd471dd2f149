package chain

import (
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// AuraSlot is the slot of a block: the least that is larger than previous, is
// not before the block's time in milliseconds, and falls to the proposer, who
// is the index-th of n.
//
// Preconditions: 0 ≤ index < n.
func AuraSlot(previous, ms uint64, index, n int) uint64 {
	slot := max(previous+1, ms)
	return slot + (uint64(index)+uint64(n)-slot%uint64(n))%uint64(n)
}

// AuraPreRuntime is the digest item that tells a block's slot.
func AuraPreRuntime(slot uint64) DigestPreRuntime {
	return DigestPreRuntime{EngineAura, scale.AppendUint64(nil, slot)}
}

// AuraSlotOf returns the slot that the header tells.
func AuraSlotOf(h Header) (slot uint64, ok bool) {
	for _, item := range h.Digest {
		if pre, is := item.(DigestPreRuntime); is && pre.Engine == EngineAura {
			slot, err := scale.Decode[uint64](pre.Data)
			return slot, err == nil
		}
	}
	return 0, false
}

// AuraSealed returns the header with its formal seal: a signature by a key
// that all the world knows over the hash of the header without it. It proves
// nothing, and lets light clients written for Aura read the chain; what
// secures it is GRANDPA.
//
// Preconditions: pair is an sr25519 pair and h has no seal.
func AuraSealed(h Header, pair keys.Pair) Header {
	target := h.Hash()
	signature := keys.DeterministicSr25519Sign(pair, target[:])
	h.Digest = append(h.Digest[:len(h.Digest):len(h.Digest)], DigestSeal{EngineAura, signature})
	return h
}

// VerifyAuraSeal says whether the header's last item is a seal of the given
// sr25519 key.
func VerifyAuraSeal(h Header, public [32]byte) bool {
	bare, seal, ok := h.WithoutSeal()
	if !ok || seal.Engine != EngineAura {
		return false
	}
	var target hash.H256 = bare.Hash()
	return keys.Verify(keys.Sr25519, public[:], target[:], seal.Data)
}
