// Package store keeps a node's chain in one Pebble database: blocks, the nodes
// of the state trie, justifications, what the runtime keeps beside the state,
// and the databases of the consensus engine.
//
// A block goes in as one synced batch, so that a node that was killed at any
// moment finds either all of it or nothing. Old states can be pruned; blocks,
// justifications and what the runtime keeps beside the state stay.
package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// ErrNotFound means that the database has no such thing.
var ErrNotFound = errors.New("not found")

// ErrClosed means that the database was closed.
var ErrClosed = errors.New("the database is closed")

// Store is an open database. It is safe for concurrent use.
type Store struct {
	db     *pebble.DB
	pruner *pruner // nil keeps all states; used by Put alone

	mu     sync.RWMutex // held for reading by readers, so that Close waits for them
	closed bool         // guarded by mu
}

// Config says where the database is.
type Config struct {
	// Dir is its folder; empty means memory.
	Dir string
	// FS is where the folder is; nil means the disk, or memory where Dir is
	// empty.
	FS vfs.FS
	// Keep is of how many blocks before the newest the states are kept; 0 means
	// of all.
	Keep uint32
	// Log is for what Pebble says; nil is silence.
	Log *slog.Logger
}

// Open opens the database, and makes it when there is none.
func Open(cfg Config) (*Store, error) {
	fs, dir := cfg.FS, cfg.Dir
	if fs == nil {
		if fs = vfs.Default; dir == "" {
			fs, dir = vfs.NewMem(), "mem"
		}
	}
	// What Pebble finds corrupt it returns as an error to who reads; by default
	// it would end the process.
	corrupt := func(info pebble.DataCorruptionInfo) {
		logger{cfg.Log}.Errorf("corrupt: %s: %v", info.Path, info.Details)
	}
	opts := &pebble.Options{
		FS: fs, Logger: logger{cfg.Log}, MemTableSize: 8 << 20, CacheSize: 48 << 20,
		EventListener: &pebble.EventListener{DataCorruption: corrupt},
	}
	for i := range opts.Levels { // a node is mostly in one level, and asked for by its whole key
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(dir, opts)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", dir, err)
	}
	s := &Store{db: db}
	if cfg.Keep > 0 {
		s.pruner = &pruner{keep: cfg.Keep}
		if err := s.pruner.load(db); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return s, nil
}

// Close closes the database. Who reads after it gets ErrClosed; who writes
// after it has a bug.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.db.Close()
}

// Block is all that one block adds.
type Block struct {
	Header chain.Header
	// Body are the whole extrinsics.
	Body [][]byte
	// State is the state after the block; its new nodes are written.
	State *trie.Trie
	// Index is what the runtime keeps beside the state.
	Index []storage.Change
	// EndsSet is the number of the authority set that the block ends; nil is
	// none.
	EndsSet *uint64
}

// Put writes a block in one synced batch, and makes it the head.
func (s *Store) Put(b Block) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	h := b.Header.Hash()
	var failed error
	set := func(k, v []byte) {
		if err := batch.Set(k, v, nil); err != nil {
			failed = err
		}
	}
	set(hashKey(prefixHeader, h), b.Header.Encode())
	set(hashKey(prefixBody, h), chain.EncodeBody(b.Body))
	set(numberKey(prefixNumber, b.Header.Number), h[:])
	set(metaKey(metaHead), number(b.Header.Number))
	if b.EndsSet != nil {
		set(setKey(*b.EndsSet), number(b.Header.Number))
	}
	for _, c := range b.Index {
		set(key(prefixIndex, c.Key), c.Value)
	}
	var j journal
	b.State.Commit(func(k, node []byte) {
		set(key(prefixNode, k), node)
		if s.pruner != nil {
			if _, dying := s.pruner.dying[s.pruner.id(k)]; dying {
				j.Revived = append(j.Revived, k)
			}
		}
	}, func(k []byte) { j.Dropped = append(j.Dropped, k) })
	if s.pruner != nil {
		set(numberKey(prefixJournal, b.Header.Number), scale.Marshal(j))
	}
	if failed == nil {
		failed = batch.Commit(pebble.Sync)
	}
	if failed != nil {
		return fmt.Errorf("write block %d: %w", b.Header.Number, failed)
	}
	if s.pruner != nil {
		s.pruner.note(b.Header.Number, j)
	}
	return s.prune(b.Header.Number)
}

// Finalize writes a block's justification. Block is the newest that is
// justified when it is newer than the one before.
func (s *Store) Finalize(n chain.BlockNumber, justification []byte) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	if err := batch.Set(numberKey(prefixProof, n), justification, nil); err != nil {
		return err
	}
	if last, ok, err := s.Finalized(); err != nil {
		return err
	} else if !ok || n > last {
		if err := batch.Set(metaKey(metaFinalized), number(n), nil); err != nil {
			return err
		}
	}
	// A justification that is lost with the machine is made again from the
	// engine's votes, so nothing waits for the disk here.
	if err := batch.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("write justification %d: %w", n, err)
	}
	return nil
}

// Head returns the number of the newest block; ok is false in an empty
// database.
func (s *Store) Head() (n chain.BlockNumber, ok bool, err error) { return s.number(metaHead) }

// Finalized returns the number of the newest block with a justification.
func (s *Store) Finalized() (n chain.BlockNumber, ok bool, err error) {
	return s.number(metaFinalized)
}

func (s *Store) number(name string) (chain.BlockNumber, bool, error) {
	b, err := s.get(metaKey(name))
	if errors.Is(err, ErrNotFound) {
		return 0, false, nil
	}
	if err != nil || len(b) != 4 {
		return 0, false, fmt.Errorf("read %s: %d bytes, %w", name, len(b), err)
	}
	return binary.BigEndian.Uint32(b), true, nil
}

func number(n chain.BlockNumber) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// HashOf returns the hash of the block with the given number.
func (s *Store) HashOf(n chain.BlockNumber) (hash.H256, error) {
	b, err := s.get(numberKey(prefixNumber, n))
	if err != nil {
		return hash.H256{}, fmt.Errorf("block %d: %w", n, err)
	}
	return hash.H256(b), nil
}

// Header returns a block's header.
func (s *Store) Header(h hash.H256) (chain.Header, error) {
	b, err := s.get(hashKey(prefixHeader, h))
	if err != nil {
		return chain.Header{}, fmt.Errorf("header %v: %w", h, err)
	}
	return chain.DecodeHeader(b)
}

// HeaderAt returns the header of the block with the given number.
func (s *Store) HeaderAt(n chain.BlockNumber) (chain.Header, error) {
	h, err := s.HashOf(n)
	if err != nil {
		return chain.Header{}, err
	}
	return s.Header(h)
}

// Body returns a block's whole extrinsics.
func (s *Store) Body(h hash.H256) ([][]byte, error) {
	b, err := s.get(hashKey(prefixBody, h))
	if err != nil {
		return nil, fmt.Errorf("body of %v: %w", h, err)
	}
	return chain.DecodeBody(b)
}

// Justification returns the proof that the block with the given number is
// final.
func (s *Store) Justification(n chain.BlockNumber) ([]byte, error) {
	b, err := s.get(numberKey(prefixProof, n))
	if err != nil {
		return nil, fmt.Errorf("justification of block %d: %w", n, err)
	}
	return b, nil
}

// Index returns what the runtime keeps under key beside the state.
func (s *Store) Index(k []byte) ([]byte, error) { return s.get(key(prefixIndex, k)) }

// State opens the state with the given root. The trie is the caller's own.
func (s *Store) State(root hash.H256) *trie.Trie { return trie.Open(trie.V1, root, nodes{s}) }

// nodes reads the nodes of tries.
type nodes struct{ s *Store }

// Node implements trie.NodeReader.
func (n nodes) Node(k []byte) ([]byte, error) {
	b, err := n.s.get(key(prefixNode, k))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return b, err
}

func (s *Store) get(k []byte) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, ErrClosed
	}
	b, closer, err := s.db.Get(k)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read database: %w", err)
	}
	out := append(make([]byte, 0, len(b)), b...)
	return out, closer.Close()
}

// logger passes on what Pebble says.
type logger struct{ log *slog.Logger }

// Infof implements pebble.Logger.
func (l logger) Infof(format string, args ...any) {
	if l.log != nil {
		l.log.Debug("pebble", "said", fmt.Sprintf(format, args...))
	}
}

// Errorf implements pebble.Logger.
func (l logger) Errorf(format string, args ...any) {
	if l.log != nil {
		l.log.Warn("pebble", "said", fmt.Sprintf(format, args...))
	}
}

// Fatalf implements pebble.Logger; Pebble expects it not to return.
func (l logger) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("pebble: "+format, args...))
}

// SetEnd returns the number of the block that ended the authority set with the
// given number.
func (s *Store) SetEnd(id uint64) (chain.BlockNumber, error) {
	b, err := s.get(setKey(id))
	if err != nil {
		return 0, fmt.Errorf("end of set %d: %w", id, err)
	}
	return binary.BigEndian.Uint32(b), nil
}
