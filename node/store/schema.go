package store

import (
	"encoding/binary"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
)

// Every key of the database begins with one of these bytes.
const (
	prefixNode    = 'n' // trie key → node or long value
	prefixHeader  = 'h' // block hash → SCALE header
	prefixBody    = 'b' // block hash → SCALE Vec of whole extrinsics
	prefixNumber  = '#' // block number BE → block hash
	prefixProof   = 'j' // block number BE → SCALE justification
	prefixChange  = 's' // set id BE → number of the block that ended the set
	prefixJournal = 'd' // block number BE → SCALE journal of what it dropped
	prefixIndex   = 'x' // what the runtime keeps beside the state
	prefixMeta    = 'm' // name → see the names below
	prefixEngine  = 'c' // name of an engine's database, 0, its key → its value
)

// The names under prefixMeta.
const (
	metaHead      = "head"      // number BE of the newest block
	metaOldest    = "oldest"    // number BE of the oldest block whose state is kept
	metaFinalized = "finalized" // number BE of the newest block with a justification
)

func key(prefix byte, rest ...[]byte) []byte {
	k := []byte{prefix}
	for _, r := range rest {
		k = append(k, r...)
	}
	return k
}

func hashKey(prefix byte, h hash.H256) []byte { return key(prefix, h[:]) }

func numberKey(prefix byte, n chain.BlockNumber) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefix}, n)
}

func metaKey(name string) []byte { return key(prefixMeta, []byte(name)) }

func setKey(id uint64) []byte { return binary.BigEndian.AppendUint64([]byte{prefixChange}, id) }
