// Package words has what both the chain and the enclave say of message
// queues: who sends, who receives, where a queue's head is stored and how it
// grows. The handlers are in the pallet, which the enclave does not link.
package words

import (
	"encoding/binary"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// MaxPayload is the most bytes that a message down may have.
const MaxPayload = 256 << 10

// MaxUp is the most bytes that a message up may have.
const MaxUp = 512 << 10

// MessageOrigin is who sent a message.
type MessageOrigin interface{ isOrigin() }

// The kinds of MessageOrigin.
type (
	// OriginPallet is a pallet of the chain, by its name.
	OriginPallet struct{ Name []byte }
	// OriginContract is a contract.
	OriginContract struct{ ID hash.H256 }
	// OriginWorker is a worker, by its identity key.
	OriginWorker struct{ Identity [32]byte }
	// OriginAccount is an account, which signed a transaction.
	OriginAccount struct{ ID chain.AccountID }
	// OriginCluster is a cluster.
	OriginCluster struct{ ID hash.H256 }
)

func (OriginPallet) isOrigin()   {}
func (OriginContract) isOrigin() {}
func (OriginWorker) isOrigin()   {}
func (OriginAccount) isOrigin()  {}
func (OriginCluster) isOrigin()  {}

var _ = scale.Enum(scale.V[MessageOrigin]{
	0: OriginPallet{}, 1: OriginContract{}, 2: OriginWorker{}, 3: OriginAccount{}, 6: OriginCluster{},
})

// Destination is whose queue a message is in.
type Destination interface{ isDestination() }

// The kinds of Destination.
type (
	// ToWorker is a worker, by its identity key.
	ToWorker struct{ Identity [32]byte }
	// ToCluster is a cluster.
	ToCluster struct{ ID hash.H256 }
)

func (ToWorker) isDestination()  {}
func (ToCluster) isDestination() {}

var _ = scale.Enum(scale.V[Destination]{2: ToWorker{}, 6: ToCluster{}})

// Head is how far a queue goes: how many messages it ever had, and the hash
// chain over them.
type Head struct {
	Count uint64
	Hash  hash.H256
}

// Message is one message of a queue.
type Message struct {
	Seq uint64
	// Block and Time are those of the block that pushed it; Time is in
	// milliseconds since 1970.
	Block   chain.BlockNumber
	Time    uint64
	Origin  MessageOrigin
	Payload []byte
}

// Start is the hash of an empty queue.
func Start(genesis hash.H256, to Destination) hash.H256 {
	return hash.Blake2b256([]byte(chain.ContextQueue), genesis[:], scale.Encode(to))
}

// Next is the hash of a queue after m is pushed to one whose hash is h.
func (m Message) Next(h hash.H256) hash.H256 {
	return hash.Blake2b256(h[:], scale.Marshal(struct {
		Seq     uint64
		Block   chain.BlockNumber
		Time    uint64
		Origin  MessageOrigin
		Payload hash.H256
	}{m.Seq, m.Block, m.Time, m.Origin, hash.Blake2b256(m.Payload)}))
}

// BodyKey is where, beside the state, the message with this number lies.
func BodyKey(to Destination, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte("queue/"), scale.Encode(to)...), seq)
}

// State is what pallet Queue stores.
type State struct {
	// How far each queue goes.
	Outbox storage.Map[Destination, Head, storage.Blake2Concat]
	// The next number that each worker has to use.
	Ingress storage.Map[[32]byte, Ingress, storage.Blake2Concat]
}

// Ingress is the next number of a worker, in its boot epoch.
type Ingress struct {
	BootEpoch uint64
	Next      uint64
}

// NewState returns the items, bound to their places.
func NewState() *State {
	s := new(State)
	storage.Bind("Queue", s)
	return s
}

// SignedMessage is a message up, signed by a worker's identity key (sr25519).
type SignedMessage struct {
	Sender    MessageOrigin
	BootEpoch uint64
	Seq       uint64
	Payload   []byte
	Signature [64]byte
}

// SigningBytes are what the signature covers.
func (m SignedMessage) SigningBytes(genesis hash.H256) []byte {
	b := append([]byte(chain.ContextUp), genesis[:]...)
	return scale.Append(b, struct {
		Sender         MessageOrigin
		BootEpoch, Seq uint64
		Payload        []byte
	}{m.Sender, m.BootEpoch, m.Seq, m.Payload})
}
