package grandpa

import (
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// ClientSet is the state of GRANDPA in a Substrate client, which chain specs
// carry as a checkpoint (lightSyncState.grandpaAuthoritySet).
type ClientSet struct {
	Authorities     []Authority
	SetID           uint64
	PendingStandard ForkTree
	PendingForced   []PendingChange
	// Changes are the last blocks of sets. Forced changes make it fall and
	// repeat, so that it is not sorted.
	Changes []SetChange
}

// SetChange says which block was the last of a set.
type SetChange struct {
	SetID uint64
	Last  chain.BlockNumber
}

// ForkTree holds changes that wait on the forks of a chain.
type ForkTree struct {
	Roots         []ForkNode
	BestFinalized *chain.BlockNumber
}

// ForkNode is a change and the changes above it.
type ForkNode struct {
	Hash     hash.H256
	Number   chain.BlockNumber
	Data     PendingChange
	Children []ForkNode
}

// maxForkDepth bounds the nesting of a fork tree that is read.
const maxForkDepth = 64

// EncodeSCALE implements scale.Encoder.
func (n ForkNode) EncodeSCALE(dst []byte) []byte {
	dst = append(dst, n.Hash[:]...)
	dst = scale.AppendUint32(dst, n.Number)
	dst = scale.Append(dst, n.Data)
	dst = scale.AppendCompact(dst, uint64(len(n.Children)))
	for _, c := range n.Children {
		dst = c.EncodeSCALE(dst)
	}
	return dst
}

// DecodeSCALE implements scale.Unmarshaler.
func (n *ForkNode) DecodeSCALE(d *scale.Decoder) error {
	leave, err := d.Enter(maxForkDepth)
	if err != nil {
		return err
	}
	defer leave()
	var head struct {
		Hash   hash.H256
		Number chain.BlockNumber
		Data   PendingChange
	}
	if err := d.Value(&head); err != nil {
		return err
	}
	n.Hash, n.Number, n.Data = head.Hash, head.Number, head.Data
	count, err := d.Len(70)
	if err != nil {
		return err
	}
	n.Children = nil
	for range count {
		var c ForkNode
		if err := c.DecodeSCALE(d); err != nil {
			return err
		}
		n.Children = append(n.Children, c)
	}
	return nil
}

// PendingChange is a change of authorities that waits.
type PendingChange struct {
	Next        []Authority
	Delay       uint32
	CanonHeight chain.BlockNumber
	CanonHash   hash.H256
	Kind        DelayKind
}

// DelayKind says what the delay of a change counts: DelayFinalized or DelayBest.
type DelayKind interface{ delayKind() }

// DelayFinalized counts final blocks.
type DelayFinalized struct{}

// DelayBest counts imported blocks.
type DelayBest struct{ Median chain.BlockNumber }

func (DelayFinalized) delayKind() {}
func (DelayBest) delayKind()      {}

var _ = scale.Enum(scale.V[DelayKind]{0: DelayFinalized{}, 1: DelayBest{}})

// DecodeClientSet reads a checkpoint, and refuses bytes left over.
func DecodeClientSet(raw []byte) (ClientSet, error) {
	s, err := scale.Decode[ClientSet](raw)
	if err != nil {
		return ClientSet{}, fmt.Errorf("decode client's authority set: %w", err)
	}
	return s, nil
}

// Current is the set that votes now.
func (s ClientSet) Current() AuthoritySet { return AuthoritySet{s.SetID, s.Authorities} }
