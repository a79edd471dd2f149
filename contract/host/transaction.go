package host

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// execution is one running call of one contract; every host function works on
// it. A call that a contract makes is another execution, of the same
// transaction.
type execution struct {
	t            *transaction
	env          Env
	origin       [32]byte   // who began the transaction
	parent       *execution // who made this call
	depth        int
	readOnly     bool
	constructing bool
	reentry      bool // the call that now runs below this one may come back
	inputGone    bool // to a callee
	delegated    bool // a code that this contract delegated to
	wasi         devices
}

// transaction is what all calls of one transaction change.
type transaction struct {
	states  map[[32]byte]State
	changes map[place]change
	passing transient
	stocks  map[[32]byte]stock  // of contracts that changed
	all     tally               // how much more all of them store that have not ended
	records map[[32]byte]Record // of contracts that were made, changed or ended
	money   Money               // nil: nobody holds anything
	// balances are of those whose money moved.
	balances map[[32]byte]scale.U128
	undo     []func() // what takes the changes back, the last one first
	events   []Event
	lines    []Line
	debug    []byte
	calls    uint32
	codes    []hash.H256 // that ran
	requests int         // over HTTP
	quota    uint64
	stored   uint64 // by the cluster before
	grown    int64  // bytes that the cluster stores more
	written  uint64 // bytes, also by what was undone: it is in memory all the same
	fault    error  // of this machine: nothing of the transaction counts
}

func newTransaction(env Env) *transaction {
	return &transaction{
		states:  map[[32]byte]State{env.Address: env.State},
		changes: map[place]change{},
		money:   env.Money,
		quota:   cmp.Or(env.Quota, MaxStorage),
		codes:   []hash.H256{env.Code},
		stored:  env.Stored,
	}
}

// place is where a value lies.
type place struct {
	contract [32]byte
	key      string
}

type change struct {
	value   []byte
	deleted bool
}

// stock is how many bytes a contract stores, and how much more than before the
// transaction.
type stock struct {
	bytes uint64
	grown tally
}

// tally is how much more is stored, or less: entries, and bytes of keys and values.
type tally struct{ items, bytes int64 }

func (x *execution) get(key string) ([]byte, bool) {
	if c, ok := x.t.changes[place{x.env.Address, key}]; ok {
		return c.value, !c.deleted
	}
	return x.env.State.Get([]byte(key))
}

// put changes what is stored under key, where old is. It fails when the
// contract would store more than it may, or the transaction write more.
func (x *execution) put(key string, c change, old []byte, had bool) error {
	if x.t.written += entryBytes(key, c.value); x.t.written > MaxWritten {
		return trap("the call writes too much")
	}
	was, there := x.stock()
	now := was
	grows := int64(0)
	if had {
		now.bytes -= min(now.bytes, entryBytes(key, old))
		now.grown.count(key, old, -1)
		grows -= int64(clusterEntry + len(key) + len(old))
	}
	if !c.deleted {
		now.bytes += entryBytes(key, c.value)
		now.grown.count(key, c.value, 1)
		grows += int64(clusterEntry + len(key) + len(c.value))
	}
	if now.bytes > was.bytes && now.bytes > x.t.quota {
		return trap("the contract stores too much")
	}
	t, all, grown := x.t, x.t.all, x.t.grown
	if !t.fits(grows) {
		return trap(tooFull)
	}
	at := place{x.env.Address, key}
	before, changed := t.changes[at]
	t.undo = append(t.undo, func() {
		restore(t.changes, at, before, changed)
		restore(t.stocks, at.contract, was, there)
		t.all, t.grown = all, grown
	})
	if t.stocks == nil {
		t.stocks = map[[32]byte]stock{}
	}
	t.changes[at], t.stocks[at.contract] = c, now
	t.all, t.grown = all.plus(now.grown).minus(was.grown), grown+grows
	return nil
}

// tooFull is why something fails that would have the cluster store too much.
const tooFull = "the cluster stores too much"

// fits tells whether the cluster may store so many bytes more, or less.
func (t *transaction) fits(n int64) bool { return n <= 0 || int64(t.stored)+t.grown+n <= MaxCluster }

// grow counts what the cluster stores more. It is false, and nothing is counted,
// when that is more than it may.
func (t *transaction) grow(n int64) bool {
	if !t.fits(n) {
		return false
	}
	before := t.grown
	t.undo = append(t.undo, func() { t.grown = before })
	t.grown += n
	return true
}

func restore[K comparable, V any](m map[K]V, k K, old V, had bool) {
	if had {
		m[k] = old
	} else {
		delete(m, k)
	}
}

func entryBytes(key string, value []byte) uint64 { return entrySize + uint64(len(key)+len(value)) }

// usageKey is where the size of a contract's storage lies in it.
const usageKey = "\x02"

// stock is what the contract stores, and whether this transaction knew.
func (x *execution) stock() (stock, bool) {
	if s, ok := x.t.stocks[x.env.Address]; ok {
		return s, true
	}
	if b, ok := x.env.State.Get([]byte(usageKey)); ok && len(b) == 8 {
		return stock{bytes: binary.LittleEndian.Uint64(b)}, false
	}
	return stock{}, false
}

// setRecord makes, changes or ends a contract.
func (t *transaction) setRecord(id [32]byte, r Record) {
	if t.records == nil {
		t.records = map[[32]byte]Record{}
	}
	old, had := t.records[id]
	all := t.all
	t.undo = append(t.undo, func() {
		restore(t.records, id, old, had)
		t.all = all
	})
	t.records[id] = r
	if r.Ended { // once, and nothing is charged for what it stored
		t.all = all.minus(t.stocks[id].grown)
	}
}

// mark is a point that a transaction can go back to.
type mark struct{ undo, events int }

func (t *transaction) mark() mark { return mark{len(t.undo), len(t.events)} }

func (t *transaction) rollback(m mark) {
	for i := len(t.undo) - 1; i >= m.undo; i-- {
		t.undo[i]()
	}
	t.undo, t.events = t.undo[:m.undo], t.events[:m.events]
}

// commit hands over what changed, in an order that is the same everywhere, and
// tells how much more the contracts store.
func (t *transaction) commit(others Contracts) []Growth {
	places := slices.SortedFunc(maps.Keys(t.changes), func(a, b place) int {
		return cmp.Or(bytes.Compare(a.contract[:], b.contract[:]), cmp.Compare(a.key, b.key))
	})
	for _, at := range places {
		if t.records[at.contract].Ended {
			continue // nobody will read it
		}
		if c := t.changes[at]; c.deleted {
			t.states[at.contract].Clear([]byte(at.key))
		} else {
			t.states[at.contract].Set([]byte(at.key), c.value)
		}
	}
	var out []Growth
	for _, id := range sorted(t.stocks) {
		if t.records[id].Ended {
			continue
		}
		now := t.stocks[id]
		t.states[id].Set([]byte(usageKey), binary.LittleEndian.AppendUint64(nil, now.bytes))
		if now.grown != (tally{}) {
			out = append(out, Growth{Contract: id, Items: now.grown.items, Bytes: now.grown.bytes})
		}
	}
	for _, id := range sorted(t.balances) {
		t.money.SetBalance(id, t.balances[id])
	}
	for _, id := range sorted(t.records) {
		r := t.records[id]
		if others.Put(id, r); r.Ended {
			out = append(out, Growth{Contract: id, Ended: true, Heir: r.Heir})
		}
	}
	slices.SortFunc(out, func(a, b Growth) int { return bytes.Compare(a.Contract[:], b.Contract[:]) })
	return out
}

// count counts an entry, or with -1 that it is gone. Its key has a mark in front
// that is none of the contract's own.
func (t *tally) count(key string, value []byte, sign int64) {
	t.items += sign
	t.bytes += sign * int64(len(key)-1+len(value))
}

func (t tally) plus(more tally) tally  { return tally{t.items + more.items, t.bytes + more.bytes} }
func (t tally) minus(less tally) tally { return tally{t.items - less.items, t.bytes - less.bytes} }

func sorted[V any](m map[[32]byte]V) [][32]byte {
	if len(m) == 0 {
		return nil
	}
	ids := slices.AppendSeq(make([][32]byte, 0, len(m)), maps.Keys(m))
	slices.SortFunc(ids, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	return ids
}

// seed is that of the next call of the transaction.
func (x *execution) seed() hash.H256 {
	x.t.calls++
	return hash.Blake2b256([]byte("call"), x.env.Seed[:], scale.AppendUint32(nil, x.t.calls))
}
