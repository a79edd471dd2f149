package snapshot

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/contracts"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// beside checks what lies beside a state against what is in it. Entries come in
// order of their keys:
//
//	queue/ destination, number    every message up to each queue's head, whose hash
//	                              chain has to be the head's; later ones are left out
//	code/ hash, index             all chunks of each code that is complete; of others
//	                              those that are there, which every reader checks
//	                              when all are
//	snapshot/ cluster, slot, index  those that have a proof under the state's root of
//	                              chunks; others are left out, since they may have
//	                              been replaced when the snapshot was written
//
// What is of no kind is left out.
type beside struct {
	genesis   hash.H256
	state     storage.Reader
	queues    *queue.State
	clusters  *words.State
	contracts *contracts.State
	last      []byte // the key before

	to    queue.Destination // whose messages come; nil before the first
	head  queue.Head        // of that queue, by the state
	at    queue.Head        // after those that came
	whole uint64            // queues that came to their ends

	code   hash.H256 // whose chunks come
	chunks []hash.H256
	codes  uint64 // complete codes that are
}

func newBeside(genesis hash.H256, state storage.Reader) *beside {
	b := &beside{genesis: genesis, state: state, queues: queue.NewState(), clusters: words.NewState(), contracts: new(contracts.State)}
	storage.Bind("Contracts", b.contracts)
	return b
}

// take checks an entry and tells whether it is to be kept. An error tells that
// the snapshot is a false one.
func (b *beside) take(key, value []byte) (keep bool, err error) {
	if b.last != nil && bytes.Compare(key, b.last) <= 0 {
		return false, fmt.Errorf("%w: what lies beside it is not in order", ErrRoot)
	}
	b.last = bytes.Clone(key)
	if rest, ok := bytes.CutPrefix(key, []byte("queue/")); ok && len(rest) > 8 {
		return b.message(rest[:len(rest)-8], binary.BigEndian.Uint64(rest[len(rest)-8:]), value)
	}
	if rest, ok := bytes.CutPrefix(key, []byte("code/")); ok && len(rest) == 33 {
		return b.chunk(hash.H256(rest[:32]), rest[32], value)
	}
	if rest, ok := bytes.CutPrefix(key, []byte("snapshot/")); ok && len(rest) == 37 {
		return b.kept(hash.H256(rest[:32]), rest[32], binary.LittleEndian.Uint32(rest[33:]), value), nil
	}
	return false, nil
}

// message takes the next message of a queue.
func (b *beside) message(to []byte, seq uint64, value []byte) (bool, error) {
	dest, err := scale.Decode[queue.Destination](to)
	if err != nil {
		return false, nil // of no queue
	}
	if dest != b.to {
		b.to, b.at = dest, queue.Head{Hash: queue.Start(b.genesis, dest)}
		b.head = b.queues.Outbox.Get(b.state, dest)
	}
	if seq >= b.head.Count {
		return false, nil // pushed after the block
	}
	m, err := scale.Decode[queue.Message](value)
	if err != nil || m.Seq != seq || seq != b.at.Count {
		return false, fmt.Errorf("%w: message %d of a queue is missing or malformed", ErrRoot, b.at.Count)
	}
	b.at = queue.Head{Count: seq + 1, Hash: m.Next(b.at.Hash)}
	if b.at.Count == b.head.Count {
		if b.at.Hash != b.head.Hash {
			return false, fmt.Errorf("%w: the messages of a queue are not those of its head", ErrRoot)
		}
		b.whole++
	}
	return true, nil
}

// chunk takes the next chunk of a code.
func (b *beside) chunk(code hash.H256, index uint8, value []byte) (bool, error) {
	if code != b.code {
		b.code, b.chunks = code, nil
	}
	stored, _ := b.contracts.Codes.Get(b.state, code)
	if index >= stored.Chunks || stored.Have&(1<<index) == 0 {
		return false, nil // uploaded after the block
	}
	if !stored.Complete() {
		return len(value) <= words.ChunkSize, nil
	}
	b.chunks = append(b.chunks, hash.Blake2b256(value))
	if int(index) != len(b.chunks)-1 {
		return false, fmt.Errorf("%w: a chunk of a code is missing", ErrRoot)
	}
	if len(b.chunks) == int(stored.Chunks) {
		if hash.Blake2b256(scale.Encode(b.chunks)) != code {
			return false, fmt.Errorf("%w: the chunks of a code are others", ErrRoot)
		}
		b.codes++
	}
	return true, nil
}

// kept tells whether a chunk is one of a cluster's snapshot.
func (b *beside) kept(cluster hash.H256, slot uint8, index uint32, value []byte) bool {
	s := b.clusters.Snapshots.Get(b.state, cluster)
	of := s.Kept
	if slot != s.Slot {
		if of = s.Chosen; index >= s.Have {
			return false
		}
	}
	c, err := scale.Decode[words.KeptChunk](value)
	return err == nil && of != nil && slot <= 1 && of.Proves(index, c.Bytes, c.Proof)
}

// end tells whether all is there that has to be.
func (b *beside) end() error {
	queues, codes := uint64(0), uint64(0)
	for _, head := range b.queues.Outbox.All(b.state) {
		if head.Count > 0 {
			queues++
		}
	}
	for _, code := range b.contracts.Codes.All(b.state) {
		if code.Complete() {
			codes++
		}
	}
	if queues != b.whole || codes != b.codes {
		return fmt.Errorf("%w: beside it lie %d queues and %d codes, want %d and %d", ErrRoot, b.whole, b.codes, queues, codes)
	}
	return nil
}
