package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Space is a database of the consensus engine inside the node's. Its keys are
// apart from all others.
type Space struct {
	store  *Store
	prefix []byte
}

// Space returns the engine's database with the given name, which must not
// have a zero byte.
func (s *Store) Space(name string) *Space {
	return &Space{s, key(prefixEngine, []byte(name), []byte{0})}
}

func (s *Space) key(k []byte) []byte {
	return append(s.prefix[:len(s.prefix):len(s.prefix)], k...)
}

func durable(sync bool) *pebble.WriteOptions {
	if sync {
		return pebble.Sync
	}
	return pebble.NoSync
}

// Get returns a value, which the caller owns, or nil where there is none;
// ErrClosed after the store was closed.
func (s *Space) Get(k []byte) ([]byte, error) {
	v, err := s.store.get(s.key(k))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// Set sets a value; sync says to wait until it is on the disk.
func (s *Space) Set(k, v []byte, sync bool) error {
	if err := s.store.db.Set(s.key(k), v, durable(sync)); err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	return nil
}

// Delete deletes a value.
func (s *Space) Delete(k []byte, sync bool) error {
	if err := s.store.db.Delete(s.key(k), durable(sync)); err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	return nil
}

// Batch returns an empty batch, which the caller closes.
func (s *Space) Batch() *SpaceBatch { return &SpaceBatch{s, s.store.db.NewBatch()} }

// Iterate returns an iterator over the keys from start, up to end and without
// it; nil means from the first and up to the last. The caller closes it.
func (s *Space) Iterate(start, end []byte, reverse bool) (*SpaceIterator, error) {
	upper := s.key(end)
	if end == nil { // the byte after the zero that ends the name
		upper = append(s.prefix[:len(s.prefix)-1:len(s.prefix)-1], 1)
	}
	it, err := s.store.db.NewIter(&pebble.IterOptions{LowerBound: s.key(start), UpperBound: upper})
	if err != nil {
		return nil, fmt.Errorf("read database: %w", err)
	}
	if reverse {
		it.Last()
	} else {
		it.First()
	}
	return &SpaceIterator{it, len(s.prefix), reverse}, nil
}

// SpaceBatch is changes that are made together.
type SpaceBatch struct {
	space *Space
	batch *pebble.Batch
}

// Set sets a value.
func (b *SpaceBatch) Set(k, v []byte) error { return b.batch.Set(b.space.key(k), v, nil) }

// Delete deletes a value.
func (b *SpaceBatch) Delete(k []byte) error { return b.batch.Delete(b.space.key(k), nil) }

// Write makes the changes; sync says to wait until they are on the disk.
func (b *SpaceBatch) Write(sync bool) error { return b.batch.Commit(durable(sync)) }

// Close ends the batch.
func (b *SpaceBatch) Close() error { return b.batch.Close() }

// SpaceIterator goes over the entries of a Space.
type SpaceIterator struct {
	it      *pebble.Iterator
	prefix  int
	reverse bool
}

// Valid says whether there is an entry here.
func (i *SpaceIterator) Valid() bool { return i.it.Valid() }

// Next goes to the next entry.
func (i *SpaceIterator) Next() {
	if i.reverse {
		i.it.Prev()
	} else {
		i.it.Next()
	}
}

// Key returns the entry's key, which the caller owns.
func (i *SpaceIterator) Key() []byte { return append([]byte{}, i.it.Key()[i.prefix:]...) }

// Value returns the entry's value, which the caller owns.
func (i *SpaceIterator) Value() []byte { return append([]byte{}, i.it.Value()...) }

// Error returns what went wrong on the way.
func (i *SpaceIterator) Error() error { return i.it.Error() }

// Close ends the iterator.
func (i *SpaceIterator) Close() error { return i.it.Close() }
