// Package snapshot writes the state of a final block into files for new nodes,
// and builds a node's database from such files, which strangers sent.
//
// A snapshot is the entries of the state in order, and then what the runtime
// keeps beside it, in compressed chunks. Nothing of it is believed: each chunk
// has a hash, and in the end the root must be that of a header which the new
// node proved final by itself. What lies beside the state is not under the
// root, and is checked against hashes that are: see beside.
package snapshot

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Format is the number of this layout.
const Format = 1

// Limits of what strangers send.
const (
	chunkSize = 1 << 20  // bytes of entries after which a chunk ends
	maxPlain  = 16 << 20 // bytes of a chunk when it is unpacked
	maxChunks = 100_000
	// Before is how many headers before the block's a snapshot has: the next
	// blocks ask for them.
	Before = 3
)

// Info describes a snapshot.
type Info struct {
	// Header is the block's, Parents are those before it, newest first.
	Header  chain.Header
	Parents []chain.Header
	// Justification proves that the block is final.
	Justification []byte
	// Chunks are the hashes of the chunks as they are sent.
	Chunks []hash.H256
}

// Hash names the snapshot.
func (i Info) Hash() hash.H256 { return hash.Blake2b256(scale.Marshal(i)) }

// ErrInfo means that what describes a snapshot is wrong.
var ErrInfo = errors.New("bad snapshot")

// DecodeInfo reads what describes a snapshot of the block with the given hash.
func DecodeInfo(raw []byte, block hash.H256) (Info, error) {
	i, err := scale.Decode[Info](raw)
	if err != nil {
		return i, fmt.Errorf("%w: %w", ErrInfo, err)
	}
	if i.Header.Hash() != block {
		return i, fmt.Errorf("%w: it is of block %v, not %v", ErrInfo, i.Header.Hash(), block)
	}
	if len(i.Chunks) == 0 || len(i.Chunks) > maxChunks {
		return i, fmt.Errorf("%w: %d chunks", ErrInfo, len(i.Chunks))
	}
	child := i.Header
	for _, h := range i.Parents {
		if h.Hash() != child.ParentHash || h.Number+1 != child.Number {
			return i, fmt.Errorf("%w: header %d is not the parent of %d", ErrInfo, h.Number, child.Number)
		}
		child = h
	}
	if want := min(int(i.Header.Number), Before); len(i.Parents) != want {
		return i, fmt.Errorf("%w: %d headers before it, want %d", ErrInfo, len(i.Parents), want)
	}
	return i, nil
}

// kind is what the entries of a chunk are.
type kind uint8

const (
	stateEntries kind = 0 // of the state's trie
	indexEntries kind = 1 // what the runtime keeps beside it
)

// entry is a key with its value.
type entry struct{ Key, Value []byte }

// chunk is what a chunk unpacks to.
type chunk struct {
	Kind    kind
	Entries []entry
}

func (c chunk) pack() ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(scale.Marshal(c))
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

func unpack(raw []byte) (chunk, error) {
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), maxPlain+1))
	if err != nil {
		return chunk{}, fmt.Errorf("unpack chunk: %w", err)
	}
	if len(plain) > maxPlain {
		return chunk{}, fmt.Errorf("unpack chunk: more than %d bytes", maxPlain)
	}
	c, err := scale.Decode[chunk](plain)
	if err == nil && c.Kind > indexEntries {
		err = fmt.Errorf("kind %d", c.Kind)
	}
	if err != nil {
		return chunk{}, fmt.Errorf("unpack chunk: %w", err)
	}
	return c, nil
}

// split makes chunks of entries.
func split(k kind, entries iter.Seq2[[]byte, []byte], emit func(chunk) error) error {
	c, size := chunk{Kind: k}, 0
	for key, value := range entries {
		c.Entries = append(c.Entries, entry{bytes.Clone(key), bytes.Clone(value)})
		if size += len(key) + len(value) + 8; size >= chunkSize {
			if err := emit(c); err != nil {
				return err
			}
			c, size = chunk{Kind: k}, 0
		}
	}
	if len(c.Entries) == 0 {
		return nil
	}
	return emit(c)
}
