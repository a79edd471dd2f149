package words

import (
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// MaxKeepers is the most workers that keep shares of one cluster's secrets.
const MaxKeepers = 8

// Candidate is the secret of a cluster's next epoch: who made it, where it leads
// to, and which members said that they have it. More than half of them must.
type Candidate struct {
	Epoch  uint32
	Keys   []HPKEKey
	Maker  [32]byte
	Opened [][32]byte
}

// Sharing is who keeps the shares of a cluster's secrets, all made at once.
type Sharing struct {
	Epoch     uint32
	Attempt   uint32
	Maker     [32]byte
	Keepers   [][32]byte
	Threshold uint8
}

// SealedShare is a share of a cluster's secrets, sealed to its keeper.
type SealedShare struct {
	Epoch    uint32
	Attempt  uint32
	Envelope []byte
}

// Claim is a state of a cluster, and who says that it is the one.
type Claim struct {
	Root hash.H256
	By   [][32]byte
}

// Dispute is about what a cluster's state is after message Seq. Judges are fresh
// members, which execute the queue from the last agreed state; the state that
// more than half of them reach stands.
type Dispute struct {
	Seq    uint64
	Claims []Claim
	Judges [][32]byte
}

// MaxSnapshotChunks is the most chunks of a snapshot, SnapshotChunkSize the most
// bytes of one.
const (
	MaxSnapshotChunks = 1 << 14
	SnapshotChunkSize = 256 << 10
)

// Snapshot describes a snapshot of a cluster's state, whose chunks are encrypted
// in an epoch. It is after the messages below Next, where the queue's hash is
// Head. Tree is the root over its Chunks chunks, see Tree.
type Snapshot struct {
	Epoch  uint32
	Next   uint64
	Head   hash.H256
	Root   hash.H256
	Chunks uint32
	Tree   hash.H256
}

// Name is the hash that names a snapshot: BLAKE2b-256 of its description.
func (s Snapshot) Name() hash.H256 { return hash.Blake2b256(scale.Marshal(s)) }

// Snapshots are the snapshots of a cluster.
type Snapshots struct {
	// Wanted is where in the queue the members were last asked for one.
	Wanted *SnapshotPoint
	// Votes are what the members say that one is.
	Votes []SnapshotVote
	// Chosen is what more than half of the members say, By who was asked for its
	// chunks, and Have how many of them are there, from the first on.
	Chosen *Snapshot
	By     [32]byte
	Have   uint32
	// Kept is the newest one that is all there. It lies in slot Slot.
	Kept *Snapshot
	Slot uint8
}

// SnapshotPoint is where in a cluster's queue a snapshot is asked for.
type SnapshotPoint struct {
	Epoch uint32
	Next  uint64
	Head  hash.H256
}

// SnapshotVote is the name of what a member says that a snapshot is.
type SnapshotVote struct {
	Member [32]byte
	Name   hash.H256
}

// KeptChunk is what lies beside the state of a chunk: with the proof that it is
// one of the snapshot, for whoever fetches it alone.
type KeptChunk struct {
	Bytes []byte
	Proof []hash.H256
}

// SnapshotKey is where, beside the state, a KeptChunk of a cluster's snapshot
// lies. There are two slots: a snapshot replaces the one before the last.
func SnapshotKey(cluster hash.H256, slot uint8, index uint32) []byte {
	return scale.AppendUint32(append(append([]byte("snapshot/"), cluster[:]...), slot), index)
}
