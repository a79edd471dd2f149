package cluster

import (
	"encoding/binary"
	"fmt"

	"github.com/tacit-network/tacit/hash"
)

// maxCleared is how many entries of contracts that ended a message removes, before
// anything else. To end a contract takes no longer for that, whatever it stores.
const maxCleared = 32

// endingName is where the contracts lie in a queue that ended and of which
// something may be stored yet, each under its number there; without one, the
// numbers of the first and of the next to come, u64 both, while there are some.
const endingName = "ending"

func endedName(n uint64) string { return string(binary.BigEndian.AppendUint64([]byte(endingName), n)) }

// ending are the numbers of the contracts in the queue.
func (t *Tx) ending() (first, next uint64, err error) {
	b, ok := t.get(endingName)
	switch {
	case t.err != nil || !ok:
		return 0, 0, t.err
	case len(b) != 16:
		return 0, 0, fmt.Errorf("%w: the queue of ended contracts", errState)
	}
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), nil
}

func (t *Tx) setEnding(first, next uint64) {
	if first == next {
		t.set(endingName, nil)
		return
	}
	t.set(endingName, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, first), next))
}

// end has what a contract stores removed, bit by bit.
func (t *Tx) end(id hash.H256) {
	first, next, err := t.ending()
	if err != nil {
		t.err = err
		return
	}
	t.set(endedName(next), id[:])
	t.setEnding(first, next+1)
}

// clear removes the next entries of contracts that ended before. When nothing is
// stored of one any more, its log goes too, which nobody may read.
//
// Preconditions: t is an overlay over one that has none under it, and has no
// changes yet.
func (t *Tx) clear() error {
	first, next, err := t.ending()
	if err != nil || first == next {
		return err
	}
	b, _ := t.get(endedName(first))
	if len(b) != 32 {
		return fmt.Errorf("%w: an ended contract in the queue", errState)
	}
	id := hash.H256(b)
	names, err := t.under.first(trieID(id[:]), maxCleared)
	if err != nil {
		return err
	}
	for _, name := range names {
		t.set(name, nil)
	}
	if len(names) == maxCleared {
		return nil // there may be more
	}
	for n := range min(nextEntry(t.getBeside(logName(id))), maxEntries) {
		t.setBeside(entryName(id, n), nil)
	}
	t.setBeside(logName(id), nil)
	t.set(endedName(first), nil)
	t.setEnding(first+1, next)
	return t.err
}

// first are the names of the first entries of a trie, most of them at most.
func (t *Tx) first(id trieID, most int) (names []string, err error) {
	if err := t.grow(); err != nil {
		return nil, err
	}
	t.err = over(func() { names = t.forest().first(id, most) })
	return names, t.err
}
