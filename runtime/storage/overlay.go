package storage

import (
	"maps"
	"slices"
	"sort"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Backend is the state under an Overlay.
type Backend interface {
	Reader
	// RootWith is the root of the state after changes, which are sorted by
	// key. It changes nothing.
	RootWith(changes []Change, version uint8) hash.H256
}

// Change is what happened to one key.
type Change struct {
	Key, Value []byte
	// Deleted says that the key is gone; Value is nil then.
	Deleted bool
}

// Verify checks a signature for an Overlay; see Host.VerifySignature.
type Verify func(scheme uint8, public, message, signature []byte) bool

// Overlay is the native Host: the changes of one block over a Backend, with
// nested transactions. It is not safe for concurrent use.
type Overlay struct {
	base    Backend
	verify  Verify
	entries map[string]entry
	// sorted are the keys of entries in order; it is nil when stale.
	sorted []string
	undo   []undo
	marks  []mark
	index  []Change
}

// entry is a changed key. A Vec that was appended to is kept as its items and
// their count, so that appending costs what is appended.
type entry struct {
	value   []byte
	deleted bool
	vec     bool
	count   uint64
}

type undo struct {
	key string
	old entry
	had bool
}

type mark struct{ undo, index int }

// NewOverlay returns an Overlay without changes.
func NewOverlay(base Backend, verify Verify) *Overlay {
	return &Overlay{base: base, verify: verify, entries: map[string]entry{}}
}

// Get implements Reader.
func (o *Overlay) Get(key []byte) ([]byte, bool) {
	e, ok := o.entries[string(key)]
	if !ok {
		return o.base.Get(key)
	}
	if e.deleted {
		return nil, false
	}
	return e.bytes(), true
}

func (e entry) bytes() []byte {
	if !e.vec {
		return e.value
	}
	b := make([]byte, 0, len(e.value)+5)
	return append(scale.AppendCompact(b, e.count), e.value...)
}

// NextKey implements Reader.
func (o *Overlay) NextKey(key []byte) ([]byte, bool) {
	if o.sorted == nil {
		o.sorted = slices.Sorted(maps.Keys(o.entries))
	}
	ours, have := "", false
	for i := sort.SearchStrings(o.sorted, string(key)); i < len(o.sorted); i++ {
		if k := o.sorted[i]; k != string(key) && !o.entries[k].deleted {
			ours, have = k, true
			break
		}
	}
	for under := key; ; {
		next, ok := o.base.NextKey(under)
		switch {
		case !ok || have && ours <= string(next):
			return []byte(ours), have
		case !o.entries[string(next)].deleted:
			return next, true
		}
		under = next
	}
}

// Set implements Store.
func (o *Overlay) Set(key, value []byte) {
	o.put(key, entry{value: append(make([]byte, 0, len(value)), value...)})
}

// Clear implements Store.
func (o *Overlay) Clear(key []byte) { o.put(key, entry{deleted: true}) }

func (o *Overlay) put(key []byte, e entry) {
	k := string(key)
	old, had := o.entries[k]
	if len(o.marks) > 0 {
		o.undo = append(o.undo, undo{key: k, old: old, had: had})
	}
	if !had {
		o.sorted = nil
	}
	o.entries[k] = e
}

// Append implements Host. A value that is no Vec is replaced by a Vec of one
// item, as Substrate does.
func (o *Overlay) Append(key, item []byte) {
	e, ok := o.entries[string(key)]
	if !ok || !e.vec || e.deleted {
		e = entry{vec: true}
		if old, ok := o.Get(key); ok {
			d := scale.NewDecoder(old)
			if n, err := d.Compact(); err == nil {
				e.count, e.value = n, slices.Clone(d.Rest())
			}
		}
	}
	// Appending may write behind an older, shorter slice of the same array,
	// which is what an undo restores: it never sees those bytes.
	e.count++
	e.value = append(e.value, item...)
	o.put(key, e)
}

// Root implements Host.
func (o *Overlay) Root(version uint8) hash.H256 { return o.base.RootWith(o.Changes(), version) }

// Begin implements Host.
func (o *Overlay) Begin() { o.marks = append(o.marks, mark{len(o.undo), len(o.index)}) }

// Commit implements Host.
func (o *Overlay) Commit() {
	o.marks = o.marks[:len(o.marks)-1]
	if len(o.marks) == 0 {
		o.undo = o.undo[:0]
	}
}

// Rollback implements Host.
func (o *Overlay) Rollback() {
	m := o.marks[len(o.marks)-1]
	o.marks = o.marks[:len(o.marks)-1]
	for i := len(o.undo) - 1; i >= m.undo; i-- {
		if u := o.undo[i]; u.had {
			o.entries[u.key] = u.old
		} else {
			delete(o.entries, u.key)
			o.sorted = nil
		}
	}
	o.undo = o.undo[:m.undo]
	o.index = o.index[:m.index]
}

// VerifySignature implements Host.
func (o *Overlay) VerifySignature(scheme uint8, public, message, signature []byte) bool {
	return o.verify(scheme, public, message, signature)
}

// IndexSet implements Host.
func (o *Overlay) IndexSet(key, value []byte) {
	o.index = append(o.index, Change{Key: slices.Clone(key), Value: slices.Clone(value)})
}

// Changes returns what changed, sorted by key.
func (o *Overlay) Changes() []Change {
	keys := slices.Sorted(maps.Keys(o.entries))
	list := make([]Change, 0, len(keys))
	for _, k := range keys {
		e := o.entries[k]
		if e.deleted {
			list = append(list, Change{Key: []byte(k), Deleted: true})
		} else {
			list = append(list, Change{Key: []byte(k), Value: e.bytes()})
		}
	}
	return list
}

// Index returns what IndexSet was given, in order.
func (o *Overlay) Index() []Change { return o.index }
