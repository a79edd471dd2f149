package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/scale"
)

// ErrPruned means that a block's state is not kept any more.
var ErrPruned = errors.New("state already discarded")

// journal is what one block did to nodes that older states may need.
type journal struct {
	// Dropped are the keys of nodes that the block's state has no more.
	Dropped [][]byte
	// Revived are keys that an earlier block dropped and that this one has again.
	Revived [][]byte
}

// pruner removes nodes once no state that is kept has them. A node's key names
// its place and its hash, so that it is dropped as often as it was put.
type pruner struct {
	keep uint32 // blocks whose states are kept, besides the newest
	// dying are the nodes that were dropped and are still there, by the block
	// that dropped them. There may be millions, so that a hash stands for a
	// node's key, with a seed that nobody can know.
	dying map[uint64]chain.BlockNumber
	seed  maphash.Seed
}

func (p *pruner) id(k []byte) uint64 { return maphash.Bytes(p.seed, k) }

// load finds out what is dying.
func (p *pruner) load(db *pebble.DB) error {
	p.dying, p.seed = map[uint64]chain.BlockNumber{}, maphash.MakeSeed()
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixJournal}, UpperBound: []byte{prefixJournal + 1}})
	if err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		j, err := scale.Decode[journal](it.Value())
		if err != nil || len(it.Key()) != 5 {
			return fmt.Errorf("journal of pruning %x: %w", it.Key(), err)
		}
		p.note(binary.BigEndian.Uint32(it.Key()[1:]), j)
	}
	return it.Error()
}

func (p *pruner) note(number chain.BlockNumber, j journal) {
	for _, k := range j.Revived {
		delete(p.dying, p.id(k))
	}
	for _, k := range j.Dropped {
		p.dying[p.id(k)] = number
	}
}

// prune deletes what only states before the oldest one that is kept have.
func (s *Store) prune(head chain.BlockNumber) error {
	p := s.pruner
	if p == nil || head <= p.keep {
		return nil
	}
	oldest := head - p.keep
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixJournal}, UpperBound: numberKey(prefixJournal, oldest+1)})
	if err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	defer it.Close()
	batch := s.db.NewBatch()
	defer batch.Close()
	for it.First(); it.Valid(); it.Next() {
		j, err := scale.Decode[journal](it.Value())
		if err != nil {
			return fmt.Errorf("journal of pruning %x: %w", it.Key(), err)
		}
		number := binary.BigEndian.Uint32(it.Key()[1:])
		for _, k := range j.Dropped {
			if p.dying[p.id(k)] == number {
				delete(p.dying, p.id(k))
				if err := batch.Delete(key(prefixNode, k), nil); err != nil {
					return err
				}
			}
		}
		if err := batch.Delete(it.Key(), nil); err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return err
	}
	if err := batch.Set(metaKey(metaOldest), number(oldest), nil); err != nil {
		return err
	}
	// What a crash undoes is done again with the next block.
	if err := batch.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	return nil
}

// Oldest returns the number of the oldest block whose state is kept.
func (s *Store) Oldest() (chain.BlockNumber, error) {
	n, _, err := s.number(metaOldest)
	return n, err
}
