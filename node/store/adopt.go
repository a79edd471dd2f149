package store

import (
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/trie"
)

// PutState writes the new nodes of a state that is no block's yet.
func (s *Store) PutState(state *trie.Trie) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	var failed error
	state.Commit(func(k, node []byte) {
		if err := batch.Set(key(prefixNode, k), node, nil); err != nil {
			failed = err
		}
	}, nil)
	if failed == nil {
		failed = batch.Commit(pebble.NoSync)
	}
	if failed != nil {
		return fmt.Errorf("write a state: %w", failed)
	}
	return nil
}

// PutIndex writes something that the runtime keeps beside the state.
func (s *Store) PutIndex(k, value []byte) error {
	if err := s.db.Set(key(prefixIndex, k), value, pebble.NoSync); err != nil {
		return fmt.Errorf("write beside the state: %w", err)
	}
	return nil
}

// DropIndex removes all that the runtime keeps beside the state.
func (s *Store) DropIndex() error {
	if err := s.db.DeleteRange([]byte{prefixIndex}, []byte{prefixIndex + 1}, pebble.NoSync); err != nil {
		return fmt.Errorf("remove what lies beside the state: %w", err)
	}
	return nil
}

// Indexed runs over all that the runtime keeps beside the state, in order. What
// goes wrong is in err after the run.
func (s *Store) Indexed(err *error) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		it, e := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixIndex}, UpperBound: []byte{prefixIndex + 1}})
		if e != nil {
			*err = e
			return
		}
		defer it.Close()
		for it.First(); it.Valid(); it.Next() {
			if !yield(it.Key()[1:], it.Value()) {
				return
			}
		}
		*err = it.Error()
	}
}

// Adopt makes a block whose state was put the head, with the headers before it
// and the proof that it is final. It is one synced batch.
func (s *Store) Adopt(header chain.Header, parents []chain.Header, justification []byte) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	var failed error
	set := func(k, v []byte) {
		if err := batch.Set(k, v, nil); err != nil {
			failed = err
		}
	}
	for _, h := range append([]chain.Header{header}, parents...) {
		id := h.Hash()
		set(hashKey(prefixHeader, id), h.Encode())
		set(numberKey(prefixNumber, h.Number), id[:])
	}
	set(numberKey(prefixProof, header.Number), justification)
	for _, name := range []string{metaHead, metaFinalized, metaOldest} {
		set(metaKey(name), number(header.Number))
	}
	if failed == nil {
		failed = batch.Commit(pebble.Sync)
	}
	if failed != nil {
		return fmt.Errorf("adopt block %d: %w", header.Number, failed)
	}
	return nil
}
