package p2p

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// role is what a peer is for.
type role byte

// The roles.
const (
	roleFull      role = 1
	roleLight     role = 2
	roleAuthority role = 4
)

func decodeRole(b byte) (role, error) {
	switch r := role(b); r {
	case roleFull, roleLight, roleAuthority:
		return r, nil
	}
	return 0, garbage("the role %d", b)
}

// status is the handshake of block-announces: what a peer is, its newest block
// and its chain.
//
//	role u8 ‖ number u32 ‖ hash[32] ‖ genesis hash[32]
type status struct {
	Role    role
	Number  chain.BlockNumber
	Hash    hash.H256
	Genesis hash.H256
}

func decodeStatus(raw []byte) (status, error) {
	s, err := scale.Decode[status](raw)
	if err != nil {
		return status{}, garbage("handshake: %w", err)
	}
	_, err = decodeRole(byte(s.Role))
	return s, err
}

// announcement tells of a block:
//
//	header ‖ whether it is the best u8 ‖ data Vec<u8>
func announcement(h chain.Header, best bool) []byte {
	return append(scale.AppendBool(h.Encode(), best), 0)
}

// The kinds of messages of GRANDPA that are sent.
const (
	grandpaCommit    = 1
	grandpaNeighbour = 2
)

// neighbour tells how far a node is: the round and the set of the next votes,
// and what is final.
//
//	02 ‖ version 01 ‖ round u64 ‖ set u64 ‖ number u32
func neighbour(set uint64, final chain.BlockNumber) []byte {
	b := scale.AppendUint64([]byte{grandpaNeighbour, 1}, uint64(final)+1)
	return scale.AppendUint32(scale.AppendUint64(b, set), final)
}

// commit is the message of a justification.
func commit(set uint64, j grandpa.Justification) []byte {
	return append([]byte{grandpaCommit}, grandpa.EncodeFullCommit(set, j)...)
}

// justifications is a list of one justification, with its engine.
func justifications(j []byte) []byte {
	return scale.AppendBytes(append(scale.AppendCompact(nil, 1), chain.EngineGrandpa[:]...), j)
}

// maxTransactions is how many transactions one message may have.
const maxTransactions = 256

// decodeTransactions reads whole extrinsics, each with its own length.
func decodeTransactions(raw []byte) ([][]byte, error) {
	d := scale.NewDecoder(raw)
	n, err := d.Len(1)
	if err != nil {
		return nil, garbage("transactions: %w", err)
	}
	if n > maxTransactions {
		return nil, garbage("%d transactions", n)
	}
	list := make([][]byte, 0, n)
	for range n {
		x, err := d.ByteSlice()
		if err != nil {
			return nil, garbage("transactions: %w", err)
		}
		list = append(list, scale.AppendBytes(nil, x))
	}
	if err := d.Finish(); err != nil {
		return nil, garbage("transactions: %w", err)
	}
	return list, nil
}
