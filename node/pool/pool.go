// Package pool keeps the transactions that wait for a block, as Substrate
// does: one that needs nothing is ready, one that needs what another provides
// (the nonce before) waits for it, one that provides what another provides
// replaces it if its priority is higher.
//
// Transactions come in whole and are judged by the runtime on the newest
// state; the next block's come out in the order in which they can stand. Who
// watches one is told what becomes of it. Everything is bounded: where there is
// no room, what is worth the least goes. Those of this node's users can be kept
// in the database.
package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// The limits of a pool.
const (
	maxReady    = 8192
	maxFuture   = 1024
	maxBytes    = 32 << 20
	maxBanned   = 4096
	maxIncoming = 4096
	maxRecent   = 100_000
	// revalidated is how many transactions are judged again after each block.
	revalidated = 256
	// banBlocks is how long a transaction that was refused is not taken again.
	banBlocks = 100
	// finalityBlocks is how long a watcher waits for finality.
	finalityBlocks = 512
)

// The reasons for which a transaction is not taken.
var (
	// ErrKnown means that it is in the pool or was in a recent block.
	ErrKnown = errors.New("already imported")
	// ErrBanned means that it was refused a moment ago.
	ErrBanned = errors.New("temporarily banned")
	// ErrFull means that the pool has no room for it.
	ErrFull = errors.New("immediately dropped")
	// ErrFormat means that it is no extrinsic.
	ErrFormat = errors.New("invalid format")
)

// ErrPriority means that another transaction that provides the same has a
// priority at least as high.
type ErrPriority struct{ Old, New uint64 }

// Error implements error.
func (e ErrPriority) Error() string { return fmt.Sprintf("priority %d is not above %d", e.New, e.Old) }

// Chain is what the pool needs of the node.
type Chain interface {
	Head() chain.Header
	Call(at hash.H256, method string, args []byte) ([]byte, error)
	// Final returns the number of the newest block that is final.
	Final() chain.BlockNumber
}

// Pool is the transactions that wait. It is safe for concurrent use.
type Pool struct {
	chain    Chain
	incoming chan []byte

	mu       sync.Mutex // guards what follows
	txs      map[hash.H256]*entry
	provided map[string]*entry // by tag
	bytes    int
	waiting  int // how many are not ready
	seq      uint64
	turn     uint64
	cursor   int
	banned   map[hash.H256]chain.BlockNumber
	included []included
	recent   map[hash.H256]bool // what stood in one of blocks
	done     map[string]bool    // tags that those provided
	blocks   []imported
	kept     *store.Space // nil without Keep
	now      chain.BlockNumber
	upgraded chain.BlockNumber // the newest block that changed the runtime
}

type entry struct {
	id       hash.H256
	raw      []byte
	validity frame.Validity
	seq      uint64
	until    uint64 // the last block it may stand in
	ready    bool
	turn     uint64 // when it last became ready
	local    bool   // of a user of this node
	watches  []*Watch
}

// included are watched transactions that stand in a block.
type included struct {
	number  chain.BlockNumber
	block   hash.H256
	watches []placed
}

// placed is a watch of the transaction that stands at an index of a block.
type placed struct {
	*Watch
	index uint32
}

// imported are the transactions of a recent block.
type imported struct {
	number chain.BlockNumber
	ids    []hash.H256
	tags   []string // what they provided
}

// New returns an empty pool.
func New(c Chain) *Pool {
	return &Pool{
		chain: c, incoming: make(chan []byte, maxIncoming), txs: map[hash.H256]*entry{}, provided: map[string]*entry{},
		banned: map[hash.H256]chain.BlockNumber{}, recent: map[hash.H256]bool{}, done: map[string]bool{}, now: c.Head().Number,
	}
}

// Enqueue takes a transaction of a peer without looking at it; false means
// that too many wait already. Run judges it.
func (p *Pool) Enqueue(raw []byte) bool {
	select {
	case p.incoming <- raw:
		return true
	default:
		return false
	}
}

// Run judges what peers sent, until ctx ends.
func (p *Pool) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case raw := <-p.incoming:
			// What a stranger sends is taken or not; nobody waits for the answer.
			_, _ = p.submit(raw, frame.External, nil)
		}
	}
}

// Submit takes a transaction of a user of this node and returns its hash.
func (p *Pool) Submit(raw []byte) (hash.H256, error) { return p.submit(raw, frame.Local, nil) }

// SubmitAndWatch is Submit, and tells what becomes of the transaction.
func (p *Pool) SubmitAndWatch(raw []byte) (*Watch, error) {
	w := newWatch()
	if _, err := p.submit(raw, frame.Local, w); err != nil {
		return nil, err
	}
	return w, nil
}

func (p *Pool) submit(raw []byte, source frame.Source, w *Watch) (hash.H256, error) {
	if _, err := chain.DecodeExtrinsic(raw); err != nil {
		return hash.H256{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	id := hash.Blake2b256(raw)
	p.mu.Lock()
	err := p.refuse(id)
	p.mu.Unlock()
	if err != nil {
		return id, err
	}
	for {
		head := p.chain.Head()
		validity, err := p.judge(raw, source, head)
		if err != nil {
			if source != frame.Local {
				p.ban(id)
			}
			return id, err
		}
		e := &entry{
			id: id, raw: raw, validity: validity, until: until(head.Number, validity.Longevity), local: source == frame.Local,
		}
		if w != nil {
			e.watches = []*Watch{w}
		}
		if again, err := p.take(e, head.Number); !again {
			return id, err
		}
	}
}

// take puts in what was judged after block at. It has to be judged again where
// the runtime changed meanwhile.
func (p *Pool) take(e *entry, at chain.BlockNumber) (again bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.upgraded > at {
		return true, nil
	}
	if err := p.refuse(e.id); err != nil {
		return false, err
	}
	return false, p.insert(e)
}

func until(now chain.BlockNumber, longevity uint64) uint64 {
	if sum := uint64(now) + longevity; sum >= longevity {
		return sum
	}
	return ^uint64(0)
}

// Knows says whether a transaction with this hash would be refused unseen: it
// waits here, it was in a recent block, or it was refused a moment ago.
func (p *Pool) Knows(id hash.H256) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refuse(id) != nil
}

// refuse says why the transaction is not even judged.
func (p *Pool) refuse(id hash.H256) error {
	if p.txs[id] != nil {
		return ErrKnown
	}
	if p.recent[id] {
		return ErrKnown
	}
	if _, ok := p.banned[id]; ok {
		return ErrBanned
	}
	return nil
}

func (p *Pool) ban(id hash.H256) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.banned) < maxBanned {
		p.banned[id] = p.now + banBlocks
	}
}

// judge asks the runtime.
func (p *Pool) judge(raw []byte, source frame.Source, head chain.Header) (frame.Validity, error) {
	at := head.Hash()
	args := append([]byte{byte(source)}, raw...)
	out, err := p.chain.Call(at, "TaggedTransactionQueue_validate_transaction", append(args, at[:]...))
	if err != nil {
		return frame.Validity{}, err
	}
	res, err := scale.Decode[scale.Result[frame.Validity, frame.ValidityError]](out)
	switch {
	case err != nil:
		return frame.Validity{}, err
	case !res.OK:
		return frame.Validity{}, res.Err
	}
	return res.Value, nil
}

// insert puts e where it belongs and tells who is replaced.
func (p *Pool) insert(e *entry) error {
	old, sum := []*entry{}, uint64(0)
	for _, tag := range e.validity.Provides {
		if o := p.provided[string(tag)]; o != nil && !slices.Contains(old, o) {
			if sum += o.validity.Priority; sum < o.validity.Priority {
				sum = ^uint64(0)
			}
			old = append(old, o)
		}
	}
	if len(old) > 0 && sum >= e.validity.Priority {
		return ErrPriority{sum, e.validity.Priority}
	}
	e.ready = p.satisfied(e)
	worse, ok := p.room(e, old)
	if !ok {
		return ErrFull
	}
	for _, o := range old {
		p.remove(o)
		o.tell(Status{Kind: Usurped, Hash: e.id})
	}
	for _, o := range worse {
		p.remove(o)
		o.tell(Status{Kind: Dropped})
	}
	p.seq++
	e.seq = p.seq
	p.txs[e.id] = e
	p.bytes += len(e.raw)
	for _, tag := range e.validity.Provides {
		p.provided[string(tag)] = e
	}
	if e.local && p.kept != nil {
		// What cannot be kept is lost with a restart, and not before.
		_ = p.kept.Set(e.id[:], e.raw, false)
	}
	if !e.ready {
		p.waiting++
		e.tell(Status{Kind: Future})
		return nil
	}
	p.readied(e)
	p.promote()
	return nil
}

// satisfied says whether ready transactions, or those of recent blocks, provide
// all that e requires.
func (p *Pool) satisfied(e *entry) bool {
	for _, tag := range e.validity.Requires {
		if p.done[string(tag)] {
			continue
		}
		if o := p.provided[string(tag)]; o == nil || !o.ready {
			return false
		}
	}
	return true
}

// promote makes ready what waited for nothing else.
func (p *Pool) promote() {
	if p.waiting == 0 {
		return
	}
	list := slices.DeleteFunc(p.ordered(), func(e *entry) bool { return e.ready })
	for again := true; again; {
		again = false
		for _, e := range list {
			if !e.ready && p.satisfied(e) {
				e.ready, again = true, true
				p.waiting--
				p.readied(e)
			}
		}
	}
}

// readied notes and tells that a transaction became ready.
func (p *Pool) readied(e *entry) {
	p.turn++
	e.turn = p.turn
	e.tell(Status{Kind: Ready})
	e.tell(Status{Kind: Broadcast})
}

// ordered are all transactions as they came.
func (p *Pool) ordered() []*entry {
	return slices.SortedFunc(maps.Values(p.txs), func(a, b *entry) int { return cmp.Compare(a.seq, b.seq) })
}

func (p *Pool) remove(e *entry) {
	delete(p.txs, e.id)
	p.bytes -= len(e.raw)
	if !e.ready {
		p.waiting--
	}
	if e.local && p.kept != nil {
		_ = p.kept.Delete(e.id[:], false) // Keep judges what is left
	}
	for _, tag := range e.validity.Provides {
		if p.provided[string(tag)] == e {
			delete(p.provided, string(tag))
		}
	}
}

// Ready returns the ready transactions in the order in which they should stand
// in a block: by priority, and then as they came, each after what it requires.
func (p *Pool) Ready(limit int) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.DeleteFunc(p.ordered(), func(e *entry) bool { return !e.ready })
	slices.SortStableFunc(list, func(a, b *entry) int {
		switch {
		case a.validity.Priority > b.validity.Priority:
			return -1
		case a.validity.Priority < b.validity.Priority:
			return 1
		}
		return 0
	})
	var out [][]byte
	done := map[*entry]bool{}
	var visit func(e *entry) bool
	visit = func(e *entry) bool {
		if done[e] {
			return true
		}
		for _, tag := range e.validity.Requires {
			if p.done[string(tag)] {
				continue
			}
			o := p.provided[string(tag)]
			if o == nil || !o.ready || !visit(o) {
				return false
			}
		}
		if len(e.raw) > limit {
			return false
		}
		limit -= len(e.raw)
		done[e] = true
		out = append(out, e.raw)
		return true
	}
	for _, e := range list {
		visit(e)
	}
	return out
}

// Pending returns all ready transactions.
func (p *Pool) Pending() [][]byte { return p.Ready(maxBytes) }

// Since returns the transactions that became ready after a turn, in that order
// and of at most so many bytes, and the turn after which the rest did. Turn 0 is
// before all. One that alone has more bytes is left out.
func (p *Pool) Since(turn uint64, limit int) (txs [][]byte, next uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if turn >= p.turn {
		return nil, p.turn
	}
	var list []*entry
	for _, e := range p.txs {
		if e.ready && e.turn > turn {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *entry) int { return cmp.Compare(a.turn, b.turn) })
	left := limit
	for _, e := range list {
		switch {
		case len(e.raw) > limit:
			continue
		case len(e.raw) > left:
			return txs, turn
		}
		left -= len(e.raw)
		txs, turn = append(txs, e.raw), e.turn
	}
	return txs, p.turn
}

// Nonce returns the next nonce of who, whose nonce in the state is next, after
// what is ready.
func (p *Pool) Nonce(who chain.AccountID, next uint32) uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		e := p.provided[string(scale.AppendUint32(append([]byte{}, who[:]...), next))]
		if e == nil || !e.ready {
			return next
		}
		next++
	}
}

// Remove takes a transaction out.
func (p *Pool) Remove(id hash.H256) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.txs[id]
	if e == nil {
		return false
	}
	p.remove(e)
	e.tell(Status{Kind: Dropped})
	return true
}
