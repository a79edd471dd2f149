package comet

import (
	"errors"

	dbm "github.com/cometbft/cometbft-db"

	"github.com/tacit-network/tacit/node/store"
)

// errKey means that CometBFT uses a key or value that its own rules forbid.
var errKey = errors.New("empty key or nil value")

// database is a store.Space in the form that CometBFT wants.
type database struct{ space *store.Space }

// Get implements dbm.DB.
func (d database) Get(k []byte) ([]byte, error) {
	if len(k) == 0 {
		return nil, errKey
	}
	v, err := d.space.Get(k)
	if errors.Is(err, store.ErrClosed) {
		// When CometBFT has stopped, routines of its peers look into the
		// database for a moment longer, and panic about errors. They get
		// nothing, and end.
		return nil, nil
	}
	return v, err
}

// Has implements dbm.DB.
func (d database) Has(k []byte) (bool, error) {
	v, err := d.Get(k)
	return v != nil, err
}

func (d database) set(k, v []byte, sync bool) error {
	if len(k) == 0 || v == nil {
		return errKey
	}
	return d.space.Set(k, v, sync)
}

// Set implements dbm.DB.
func (d database) Set(k, v []byte) error { return d.set(k, v, false) }

// SetSync implements dbm.DB.
func (d database) SetSync(k, v []byte) error { return d.set(k, v, true) }

func (d database) delete(k []byte, sync bool) error {
	if len(k) == 0 {
		return errKey
	}
	return d.space.Delete(k, sync)
}

// Delete implements dbm.DB.
func (d database) Delete(k []byte) error { return d.delete(k, false) }

// DeleteSync implements dbm.DB.
func (d database) DeleteSync(k []byte) error { return d.delete(k, true) }

func (d database) iterate(start, end []byte, reverse bool) (dbm.Iterator, error) {
	if start != nil && len(start) == 0 || end != nil && len(end) == 0 {
		return nil, errKey
	}
	it, err := d.space.Iterate(start, end, reverse)
	if err != nil {
		return nil, err
	}
	return &iterator{it, start, end}, nil
}

// Iterator implements dbm.DB.
func (d database) Iterator(start, end []byte) (dbm.Iterator, error) {
	return d.iterate(start, end, false)
}

// ReverseIterator implements dbm.DB.
func (d database) ReverseIterator(start, end []byte) (dbm.Iterator, error) {
	return d.iterate(start, end, true)
}

// Close implements dbm.DB. The node's store stays open; its owner closes it.
func (d database) Close() error { return nil }

// NewBatch implements dbm.DB.
func (d database) NewBatch() dbm.Batch { return &batch{b: d.space.Batch()} }

// Print implements dbm.DB.
func (d database) Print() error { return nil }

// Stats implements dbm.DB.
func (d database) Stats() map[string]string { return nil }

// Compact implements dbm.DB. Pebble compacts by itself.
func (d database) Compact(_, _ []byte) error { return nil }

type iterator struct {
	*store.SpaceIterator
	start, end []byte
}

// Domain implements dbm.Iterator.
func (i *iterator) Domain() (start, end []byte) { return i.start, i.end }

// batch implements dbm.Batch, which may be closed twice and not used after.
type batch struct{ b *store.SpaceBatch }

var errClosed = errors.New("the batch is closed")

// Set implements dbm.Batch.
func (b *batch) Set(k, v []byte) error {
	switch {
	case len(k) == 0 || v == nil:
		return errKey
	case b.b == nil:
		return errClosed
	}
	return b.b.Set(k, v)
}

// Delete implements dbm.Batch.
func (b *batch) Delete(k []byte) error {
	switch {
	case len(k) == 0:
		return errKey
	case b.b == nil:
		return errClosed
	}
	return b.b.Delete(k)
}

func (b *batch) write(sync bool) error {
	if b.b == nil {
		return errClosed
	}
	if err := b.b.Write(sync); err != nil {
		return err
	}
	return b.Close()
}

// Write implements dbm.Batch.
func (b *batch) Write() error { return b.write(false) }

// WriteSync implements dbm.Batch.
func (b *batch) WriteSync() error { return b.write(true) }

// Close implements dbm.Batch.
func (b *batch) Close() error {
	if b.b == nil {
		return nil
	}
	err := b.b.Close()
	b.b = nil
	return err
}
