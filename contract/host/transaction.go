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
	usage   map[[32]byte]uint64 // bytes that contracts store, of those that changed
	grows   map[[32]byte]Growth // of contracts that changed, as the transaction goes
	all     Growth              // of all of them that have not ended
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
	used, there := x.used()
	next := used
	if had {
		next -= min(next, entryBytes(key, old))
	}
	if !c.deleted {
		next += entryBytes(key, c.value)
	}
	if next > used && next > x.t.quota {
		return trap("the contract stores too much")
	}
	grows := int64(0)
	if had {
		grows -= int64(clusterEntry + len(key) + len(old))
	}
	if !c.deleted {
		grows += int64(clusterEntry + len(key) + len(c.value))
	}
	if !x.t.grow(grows) {
		return trap(tooFull)
	}
	contract, at := x.env.Address, place{x.env.Address, key}
	before, changed := x.t.changes[at]
	grew, all := x.t.grows[contract], x.t.all
	x.t.undo = append(x.t.undo, func() {
		restore(x.t.changes, at, before, changed)
		restore(x.t.usage, contract, used, there)
		x.t.grows[contract], x.t.all = grew, all
	})
	if x.t.usage == nil {
		x.t.usage, x.t.grows = map[[32]byte]uint64{}, map[[32]byte]Growth{}
	}
	x.t.changes[at], x.t.usage[contract] = c, next
	more := Growth{}
	if had {
		more.count(key, old, -1)
	}
	if !c.deleted {
		more.count(key, c.value, 1)
	}
	x.t.grows[contract], x.t.all = grew.plus(more), all.plus(more)
	return nil
}

// tooFull is why something fails that would have the cluster store too much.
const tooFull = "the cluster stores too much"

// grow counts what the cluster stores more, or less. It is false, and nothing
// is counted, when that is more than it may.
func (t *transaction) grow(n int64) bool {
	before := t.grown
	if n > 0 && int64(t.stored)+before+n > MaxCluster {
		return false
	}
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

// used is how much the contract stores, and whether this transaction knew.
func (x *execution) used() (uint64, bool) {
	if n, ok := x.t.usage[x.env.Address]; ok {
		return n, true
	}
	if b, ok := x.env.State.Get([]byte(usageKey)); ok && len(b) == 8 {
		return binary.LittleEndian.Uint64(b), false
	}
	return 0, false
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
		g := t.grows[id]
		t.all = all.plus(Growth{Items: -g.Items, Bytes: -g.Bytes})
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
	grown := map[[32]byte]Growth{}
	places := slices.SortedFunc(maps.Keys(t.changes), func(a, b place) int {
		return cmp.Or(bytes.Compare(a.contract[:], b.contract[:]), cmp.Compare(a.key, b.key))
	})
	for _, at := range places {
		if t.records[at.contract].Ended {
			continue // nobody will read it
		}
		state, c := t.states[at.contract], t.changes[at]
		g := grown[at.contract]
		if old, had := state.Get([]byte(at.key)); had {
			g.count(at.key, old, -1)
		}
		if c.deleted {
			state.Clear([]byte(at.key))
		} else {
			g.count(at.key, c.value, 1)
			state.Set([]byte(at.key), c.value)
		}
		grown[at.contract] = g
	}
	for _, id := range sorted(t.usage) {
		if !t.records[id].Ended {
			t.states[id].Set([]byte(usageKey), binary.LittleEndian.AppendUint64(nil, t.usage[id]))
		}
	}
	for _, id := range sorted(t.balances) {
		t.money.SetBalance(id, t.balances[id])
	}
	for _, id := range sorted(t.records) {
		r := t.records[id]
		if others.Put(id, r); r.Ended {
			grown[id] = Growth{Ended: true, Heir: r.Heir}
		}
	}
	var out []Growth
	for _, id := range sorted(grown) {
		if g := grown[id]; g != (Growth{}) {
			g.Contract = id
			out = append(out, g)
		}
	}
	return out
}

// count counts an entry, or with -1 that it is gone. Its key has a mark in front
// that is none of the contract's own.
func (g *Growth) count(key string, value []byte, sign int64) {
	g.Items += sign
	g.Bytes += sign * int64(len(key)-1+len(value))
}

func (g Growth) plus(more Growth) Growth {
	g.Items += more.Items
	g.Bytes += more.Bytes
	return g
}

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
