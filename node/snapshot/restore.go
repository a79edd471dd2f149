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
	// DropIndex removes all of that, which an earlier snapshot that was given up
	// may have left.
	DropIndex() error
}

// Restore builds the state of one snapshot, chunk by chunk.
type Restore struct {
	info    Info
	db      Database
	genesis hash.H256
	root    hash.H256
	next    int
	last    []byte
	beside  *beside // nil while the state is not there
}

// NewRestore begins with the first chunk. genesis is the hash of the chain's
// first block.
func NewRestore(info Info, genesis hash.H256, db Database) *Restore {
	return &Restore{info: info, db: db, genesis: genesis, root: trie.EmptyRoot}
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
	switch {
	case c.Kind == indexEntries:
		err = r.index(c.Entries)
	case r.beside != nil:
		err = fmt.Errorf("%w: a part of it comes after what lies beside it", ErrRoot)
	default:
		err = r.state(c.Entries)
	}
	if err != nil {
		return false, err
	}
	if r.next++; r.next < len(r.info.Chunks) {
		return false, nil
	}
	if err := r.whole(); err != nil {
		return false, err
	}
	return true, r.beside.end()
}

// whole compares the state's root when all of it is there, and begins with what
// lies beside it.
func (r *Restore) whole() error {
	if r.beside != nil {
		return nil
	}
	if want := r.info.Header.StateRoot; r.root != want {
		return fmt.Errorf("%w: its root is %v, that of block %d is %v", ErrRoot, r.root, r.info.Header.Number, want)
	}
	r.beside = newBeside(r.genesis, r.db.State(r.root))
	return r.db.DropIndex()
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
	if err := r.whole(); err != nil {
		return err
	}
	for _, e := range entries {
		keep, err := r.beside.take(e.Key, e.Value)
		if err == nil && keep {
			err = r.db.PutIndex(e.Key, e.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
