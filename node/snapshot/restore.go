package snapshot

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/trie"
)

// The reasons for which a snapshot cannot be used.
var (
	// ErrChunk means that a chunk is not the one that the snapshot names.
	ErrChunk = errors.New("bad chunk")
	// ErrRoot means that the chunks do not make the state of the block.
	ErrRoot = errors.New("the snapshot is not the state of its block")
)

// Database is where a snapshot is built. Nothing that is put there counts
// before Adopt.
type Database interface {
	// State opens the state with a root from what was put.
	State(root hash.H256) *trie.Trie
	// PutState writes the new nodes of a state.
	PutState(*trie.Trie) error
	// PutIndex writes what the runtime keeps beside the state.
	PutIndex(key, value []byte) error
}

// Restore builds the state of one snapshot, chunk by chunk.
type Restore struct {
	info Info
	db   Database
	root hash.H256
	next int
	last []byte
}

// NewRestore begins with the first chunk.
func NewRestore(info Info, db Database) *Restore {
	return &Restore{info: info, db: db, root: trie.EmptyRoot}
}

// Info describes the snapshot.
func (r *Restore) Info() Info { return r.info }

// Apply takes the next chunk; done says that it was the last and that the root
// is right. ErrChunk leaves all as it was, so that the chunk can be fetched from
// somebody else.
func (r *Restore) Apply(i int, raw []byte) (done bool, err error) {
	defer trie.Catch(&err)
	if i != r.next || i >= len(r.info.Chunks) {
		return false, fmt.Errorf("%w: number %d, want %d of %d", ErrChunk, i, r.next, len(r.info.Chunks))
	}
	if hash.Blake2b256(raw) != r.info.Chunks[i] {
		return false, fmt.Errorf("%w: chunk %d has another hash", ErrChunk, i)
	}
	c, err := unpack(raw)
	if err != nil { // who made the snapshot packed it so
		return false, fmt.Errorf("%w: chunk %d: %w", ErrRoot, i, err)
	}
	if c.Kind == stateEntries {
		err = r.state(c.Entries)
	} else {
		err = r.index(c.Entries)
	}
	if err != nil {
		return false, err
	}
	if r.next++; r.next < len(r.info.Chunks) {
		return false, nil
	}
	if want := r.info.Header.StateRoot; r.root != want {
		return false, fmt.Errorf("%w: its root is %v, that of block %d is %v", ErrRoot, r.root, r.info.Header.Number, want)
	}
	return true, nil
}

// state adds entries, which come in order, to the state.
func (r *Restore) state(entries []entry) error {
	t := trie.New(trie.V1)
	if r.root != trie.EmptyRoot {
		t = r.db.State(r.root)
	}
	for _, e := range entries {
		if r.last != nil && string(e.Key) <= string(r.last) {
			return fmt.Errorf("%w: its keys are not in order", ErrRoot)
		}
		t.Put(e.Key, e.Value)
		r.last = e.Key
	}
	r.root = t.Root()
	return r.db.PutState(t)
}

func (r *Restore) index(entries []entry) error {
	for _, e := range entries {
		if err := r.db.PutIndex(e.Key, e.Value); err != nil {
			return err
		}
	}
	return nil
}
