package pool

import "github.com/tacit-network/tacit/hash"

// Kind is what became of a transaction.
type Kind uint8

// The kinds, of which the last six end a watch.
const (
	// Future means that it waits for another.
	Future Kind = iota
	// Ready means that it can be in the next block.
	Ready
	// Broadcast means that peers have it.
	Broadcast
	// InBlock means that it is in the block Hash.
	InBlock
	// Finalized means that the block Hash is final.
	Finalized
	// FinalityTimeout means that the block Hash was not final in time.
	FinalityTimeout
	// Usurped means that the transaction Hash took its place.
	Usurped
	// Dropped means that the pool had no room or time for it.
	Dropped
	// Invalid means that it cannot be in a block any more.
	Invalid
)

// Ends says whether nothing comes after.
func (k Kind) Ends() bool { return k >= Finalized }

// Status is one thing that became of a transaction.
type Status struct {
	Kind Kind
	Hash hash.H256
	// Index is where in the block Hash it stands.
	Index uint32
}

// watchRoom is how many statuses wait for a slow watcher; more than a
// transaction can have unless it goes to and fro, when the rest is lost.
const watchRoom = 16

// Watch tells what becomes of one transaction.
type Watch struct {
	statuses chan Status
	ended    bool // guarded by the pool's lock
}

func newWatch() *Watch { return &Watch{statuses: make(chan Status, watchRoom)} }

// Statuses is closed after the last status.
func (w *Watch) Statuses() <-chan Status { return w.statuses }

// tell is called under the pool's lock, so that statuses keep their order.
func (w *Watch) tell(s Status) {
	if w.ended {
		return
	}
	select {
	case w.statuses <- s:
	default:
	}
	if s.Kind.Ends() {
		w.ended = true
		close(w.statuses)
	}
}

func (e *entry) tell(s Status) {
	for _, w := range e.watches {
		w.tell(s)
	}
}
