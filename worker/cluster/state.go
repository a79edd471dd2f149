package cluster

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/store"
)

// Reader is stored state, encrypted.
type Reader interface {
	Get(store.Key) ([]byte, bool)
}

// vault encrypts the names and values of a cluster's state.
//
//	stored key:   tag [8] ‖ the first 24 bytes of HMAC-SHA256(storage key, cluster ‖ name)
//	stored value: AES-256-GCM of SCALE(name) ‖ value, with a random nonce in front; the AAD is the stored key
//
// The tag tells the entries of a cluster's epoch from others. The name lies with
// the value so that the state can be encrypted anew for another epoch.
//
// The root is an accumulator: the XOR, over all names and values, of
// HMAC-SHA256(root key, SCALE(name, value)). Nobody without the key can find two
// states with one root, a write changes it in constant time, and what is
// published of it is a hash with another key.
type vault struct {
	id      hash.H256
	names   seal.Secret
	root    seal.Secret
	blind   seal.Secret
	cipher  cipher.AEAD
	tag     [8]byte
	rootKey store.Key
}

// errState tells that stored state does not decrypt: it is another cluster's,
// or the worker has a fault.
var errState = errors.New("stored state does not decrypt")

func newVault(id hash.H256, epoch seal.Secret) (*vault, error) {
	v := &vault{
		id:    id,
		names: epoch.Derive(seal.LabelStorageKey),
		root:  epoch.Derive(seal.LabelRoot, []byte("entries")),
		blind: epoch.Derive(seal.LabelRoot, []byte("blind")),
	}
	key := epoch.Derive(seal.LabelStorageValue).Reveal()
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	if v.cipher, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, err
	}
	tag := mac(v.names, []byte("tag"), id[:])
	v.tag = [8]byte(tag[:8])
	v.rootKey = v.key(rootName)
	return v, nil
}

func mac(key seal.Secret, parts ...[]byte) (out [32]byte) {
	k := key.Reveal()
	h := hmac.New(sha256.New, k[:])
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(out[:0])
	return out
}

func (v *vault) key(name string) store.Key {
	k := store.Key(mac(v.names, v.id[:], []byte(name)))
	copy(k[8:], k[:24])
	copy(k[:8], v.tag[:])
	return k
}

func (v *vault) get(r Reader, name string) ([]byte, bool, error) {
	k := v.key(name)
	box, ok := r.Get(k)
	if !ok {
		return nil, false, nil
	}
	stored, value, err := v.open(k, box)
	if err != nil || stored != name {
		return nil, false, errState
	}
	return value, true, nil
}

// open decrypts what is stored under a key.
func (v *vault) open(k store.Key, box []byte) (name string, value []byte, err error) {
	b, err := v.cipher.Open(nil, nil, box, k[:])
	if err != nil {
		return "", nil, errState
	}
	d := scale.NewDecoder(b)
	var n []byte
	if err := d.Value(&n); err != nil {
		return "", nil, errState
	}
	value = d.Rest()
	if value == nil {
		value = []byte{}
	}
	return string(n), value, nil
}

func (v *vault) put(name string, value []byte) store.Change {
	k := v.key(name)
	if value == nil {
		return store.Change{Key: k}
	}
	return store.Change{Key: k, Value: v.cipher.Seal(nil, nil, append(scale.AppendBytes(nil, []byte(name)), value...), k[:])}
}

func (v *vault) entry(name string, value []byte) [32]byte {
	return mac(v.root, scale.AppendBytes(scale.AppendBytes(nil, []byte(name)), value))
}

// published is the root that the chain sees, after the messages below next.
func (v *vault) published(root [32]byte, next uint64) hash.H256 {
	return mac(v.blind, root[:], scale.AppendUint64(nil, next))
}

// Tx collects changes of a cluster's state.
type Tx struct {
	v       *vault
	base    Reader
	under   *Tx // whose changes lie between these and base; nil: there are none
	root    [32]byte
	changes map[string][]byte // nil removes
	beside  map[string][]byte // what the root says nothing about; nil removes
	size    int               // bytes that Changes takes in the log
	kept    sizes
	err     error // the first fault of the store
}

// sizes are how many bytes the whole state takes in the log: what the root says
// something about, on which executions may depend, and the logs beside. Where
// the root lies they follow it, unless it was kept before they were counted, or
// restored: then they are counted once.
//
//	root [32] ‖ state u64 ‖ logs u64
type sizes struct{ State, Logs uint64 }

// add counts a part of the state, or with -1 that it is gone.
func (s *sizes) add(name string, value []byte, sign int) {
	n := uint64(sign * stored(name, value))
	if besideRoot(name) {
		s.Logs += n
	} else {
		s.State += n
	}
}

// recordBytes is what a change takes in the log beside its name and value: the
// stored key and a length, and if it is no removal, what encryption adds.
const (
	removalBytes = 36
	recordBytes  = removalBytes + 12 + 16
)

// stored is how many bytes a part of the state takes in the log.
func stored(name string, value []byte) int {
	prefix := 1
	if len(name) >= 1<<6 {
		prefix = 2
	}
	return recordBytes + prefix + len(name) + len(value)
}

// overlay begins changes over those of t, for merge.
func (t *Tx) overlay() *Tx {
	return &Tx{v: t.v, base: t.base, under: t, root: t.root, kept: t.kept, changes: map[string][]byte{}, beside: map[string][]byte{}}
}

// merge puts the changes of an overlay into t.
func (t *Tx) merge(o *Tx) {
	for _, m := range []struct{ to, from map[string][]byte }{{t.changes, o.changes}, {t.beside, o.beside}} {
		for name, value := range m.from {
			if old, changed := m.to[name]; changed {
				t.size -= logged(name, old)
			}
			t.size += logged(name, value)
			m.to[name] = value
		}
	}
	t.root, t.kept = o.root, o.kept
}

// logged is how many bytes a change takes in the log.
func logged(name string, value []byte) int {
	if value == nil {
		return removalBytes
	}
	return stored(name, value)
}

// Size is how many bytes the changes take in the log, about.
func (t *Tx) Size() int { return t.size }

const rootName = "root"

// newTx begins changes. counted tells whether the sizes are known.
func newTx(v *vault, base Reader) (t *Tx, counted bool, err error) {
	t = &Tx{v: v, base: base, changes: map[string][]byte{}, beside: map[string][]byte{}}
	root, ok, err := v.get(base, rootName)
	if err != nil || !ok {
		return t, true, err
	}
	switch len(root) {
	case 48:
		t.kept = sizes{binary.LittleEndian.Uint64(root[32:]), binary.LittleEndian.Uint64(root[40:])}
		counted = true
	case 32:
	default:
		return nil, false, fmt.Errorf("%w: root of %d bytes", errState, len(root))
	}
	t.root = [32]byte(root[:32])
	return t, counted, nil
}

// putRoot stores the root and the sizes.
func (t *Tx) putRoot() store.Change {
	b := binary.LittleEndian.AppendUint64(slices.Clip(t.root[:]), t.kept.State)
	return t.v.put(rootName, binary.LittleEndian.AppendUint64(b, t.kept.Logs))
}

func (t *Tx) get(name string) ([]byte, bool) {
	for x := t; x != nil; x = x.under {
		if v, ok := x.changes[name]; ok {
			return v, v != nil
		}
	}
	v, ok, err := t.v.get(t.base, name)
	if err != nil && t.err == nil {
		t.err = err
	}
	return v, ok
}

func (t *Tx) set(name string, value []byte) {
	old, ok := t.get(name)
	if ok {
		t.toggle(name, old)
		t.kept.add(name, old, -1)
	}
	if value != nil {
		t.toggle(name, value)
		t.kept.add(name, value, 1)
	}
	t.changes[name] = value
}

func (t *Tx) toggle(name string, value []byte) {
	for i, b := range t.v.entry(name, value) {
		t.root[i] ^= b
	}
}

// Root is the blinded root of the state after the messages below next.
func (t *Tx) Root(next uint64) hash.H256 { return t.v.published(t.root, next) }

// Changes returns what is to be stored, encrypted.
func (t *Tx) Changes() []store.Change {
	var out []store.Change
	for _, name := range slices.Sorted(maps.Keys(t.changes)) {
		out = append(out, t.v.put(name, t.changes[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(t.beside)) {
		out = append(out, t.v.put(name, t.beside[name]))
	}
	return append(out, t.putRoot())
}

// contractState is the storage of one contract: host.State.
type contractState struct {
	t      *Tx
	prefix string
}

// Get implements host.State.
func (s contractState) Get(key []byte) ([]byte, bool) { return s.t.get(s.prefix + string(key)) }

// Set implements host.State.
func (s contractState) Set(key, value []byte) {
	if value == nil {
		value = []byte{}
	}
	s.t.set(s.prefix+string(key), value)
}

// Clear implements host.State.
func (s contractState) Clear(key []byte) { s.t.set(s.prefix+string(key), nil) }

// randomSeed is for queries, which need not repeat.
func randomSeed() (h hash.H256) {
	_, _ = rand.Read(h[:]) // does not fail
	return h
}
