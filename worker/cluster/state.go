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
	gohash "hash"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/trie"
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
// The tags tell the entries of a cluster's epoch from others, and its values, what
// lies beside them and the nodes of its tries from each other. The name lies with
// the value so that the state can be encrypted anew for another epoch.
//
// The root is that of the cluster's tries. It has no key in it, and so nobody
// finds two states with one root, whatever secrets he has. What is published of
// it is a hash with a key: a bare one would show guesses of values to be right.
type vault struct {
	id      hash.H256
	names   sync.Pool // of hash.Hash: MACs of names
	blind   seal.Secret
	cipher  cipher.AEAD // of values
	nodes   cipher.AEAD // of nodes, of which many more are written
	tags    [classes][8]byte
	rootKey store.Key
	idle    idle
}

// class is a kind of what is stored: values that the root says something about
// and the root itself, what lies beside, and nodes of the tries.
type class int

const (
	values class = iota
	beside
	inner
	classes
)

func classOf(name string) class {
	switch {
	case besideRoot(name):
		return beside
	case strings.HasPrefix(name, nodePrefix):
		return inner
	}
	return values
}

// errState tells that stored state does not decrypt: it is another cluster's,
// or the worker has a fault.
var errState = errors.New("stored state does not decrypt")

func newVault(id hash.H256, epoch seal.Secret) (*vault, error) {
	v := &vault{id: id, blind: epoch.Derive(seal.LabelRoot, []byte("blind"))}
	names := epoch.Derive(seal.LabelStorageKey)
	v.names.New = func() any {
		k := names.Reveal()
		return hmac.New(sha256.New, k[:])
	}
	var err error
	if v.cipher, err = randomGCM(epoch.Derive(seal.LabelStorageValue)); err != nil {
		return nil, err
	}
	if v.nodes, err = randomGCM(epoch.Derive(seal.LabelStorageValue, []byte("nodes"))); err != nil {
		return nil, err
	}
	for i, label := range [classes]string{"tag", "beside", "nodes"} {
		tag := mac(names, []byte(label), id[:])
		v.tags[i] = [8]byte(tag[:8])
	}
	v.rootKey = v.key(rootName)
	return v, nil
}

func randomGCM(key seal.Secret) (cipher.AEAD, error) {
	k := key.Reveal()
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
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

func (v *vault) key(name string) (k store.Key) {
	h := v.names.Get().(gohash.Hash)
	h.Reset()
	h.Write(v.id[:])
	h.Write([]byte(name))
	var sum [32]byte
	h.Sum(sum[:0])
	v.names.Put(h)
	copy(k[:8], v.tags[classOf(name)][:])
	copy(k[8:], sum[:])
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

// cipherOf is what is stored under a key encrypted with. Nodes have a key of their
// own: values keep the nonces that they had to themselves.
func (v *vault) cipherOf(k store.Key) cipher.AEAD {
	if [8]byte(k[:8]) == v.tags[inner] {
		return v.nodes
	}
	return v.cipher
}

// open decrypts what is stored under a key.
func (v *vault) open(k store.Key, box []byte) (name string, value []byte, err error) {
	b, err := v.cipherOf(k).Open(nil, nil, box, k[:])
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
	return store.Change{Key: k, Value: v.cipherOf(k).Seal(nil, nil, append(scale.AppendBytes(nil, []byte(name)), value...), k[:])}
}

// published is the root that the chain sees, after the messages below next.
func (v *vault) published(root hash.H256, next uint64) hash.H256 {
	return mac(v.blind, root[:], scale.AppendUint64(nil, next))
}

// Tx collects changes of a cluster's state.
type Tx struct {
	v       *vault
	base    Reader
	under   *Tx               // whose changes lie between these and base; nil: there are none
	changes map[string][]byte // nil removes
	beside  map[string][]byte // what the root says nothing about; nil removes
	size    int               // bytes that the changes take in the log
	kept    sizes
	err     error // the first fault of the store

	// Of one that has none under it.
	root  hash.H256           // of the tries, without the names in stale
	stale map[string]struct{} // whose changes the tries do not have
	tries *tries              // nil until a root is asked for
}

// sizes are how many bytes the whole state takes in the log: what the root says
// something about, on which executions may depend, and the logs beside. The
// nodes of the tries are not counted: they follow from the entries, of which
// each has one and less than one in common with others.
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
	return &Tx{v: t.v, base: t.base, under: t, kept: t.kept, changes: map[string][]byte{}, beside: map[string][]byte{}}
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
	for name := range o.changes {
		t.spoil(name)
	}
	t.kept = o.kept
}

// spoil notes that the tries do not have a change.
func (t *Tx) spoil(name string) {
	if t.under == nil {
		t.stale[name] = struct{}{}
	}
}

// logged is how many bytes a change takes in the log.
func logged(name string, value []byte) int {
	if value == nil {
		return removalBytes
	}
	return stored(name, value)
}

// nodesOfChange is how many bytes of nodes a changed entry has written, about, in
// a state of a million: those on the way to it, less what others have in common
// with it.
const nodesOfChange = 1 << 10

// Size is how many bytes the changes take in the log, about.
func (t *Tx) Size() int { return t.size + nodesOfChange*len(t.changes) }

const rootName = "root"

// rootVersion begins the record of the root:
//
//	version u8 ‖ root of the top trie [32] ‖ sizes: state u64 ‖ logs u64
//
// Before there were tries it had no version, and 32 bytes or 48.
const rootVersion = 1

// errOlder tells that stored state is of a time before there were tries.
var errOlder = fmt.Errorf("%w: an older program kept it, without tries: the worker is to begin anew, with an empty folder", errState)

func newTx(v *vault, base Reader) (*Tx, error) {
	t := &Tx{v: v, base: base, root: trie.EmptyRoot, changes: map[string][]byte{}, beside: map[string][]byte{}, stale: map[string]struct{}{}}
	b, ok, err := v.get(base, rootName)
	switch {
	case err != nil || !ok:
		return t, err
	case len(b) == 32 || len(b) == 48:
		return nil, errOlder
	case len(b) != 49 || b[0] != rootVersion:
		return nil, fmt.Errorf("%w: the record of the root has %d bytes", errState, len(b))
	}
	t.root = hash.H256(b[1:33])
	t.kept = sizes{binary.LittleEndian.Uint64(b[33:]), binary.LittleEndian.Uint64(b[41:])}
	return t, nil
}

// putRoot stores a root with the sizes.
func (v *vault) putRoot(root hash.H256, s sizes) store.Change {
	b := append([]byte{rootVersion}, root[:]...)
	b = binary.LittleEndian.AppendUint64(b, s.State)
	return v.put(rootName, binary.LittleEndian.AppendUint64(b, s.Logs))
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
	if old, ok := t.get(name); ok {
		t.kept.add(name, old, -1)
	}
	if value != nil {
		t.kept.add(name, value, 1)
	}
	t.changes[name] = value
	t.spoil(name)
}

// Root is the blinded root of the state after the messages below next. It costs
// what changed since it was last asked.
//
// Preconditions: nothing is under t.
func (t *Tx) Root(next uint64) (hash.H256, error) {
	if err := t.grow(); err != nil {
		return hash.H256{}, err
	}
	return t.v.published(t.root, next), nil
}

// forest returns the tries, which do not have what is stale.
func (t *Tx) forest() *tries {
	if t.tries == nil {
		t.tries = t.v.idle.take(t.v, t.root, t.base)
	}
	return t.tries
}

// grow brings the changes into the tries.
func (t *Tx) grow() error {
	if t.err != nil || len(t.stale) == 0 {
		return t.err
	}
	f := t.forest()
	t.err = over(func() {
		for name := range t.stale {
			f.set(name, t.changes[name])
		}
		t.root = f.root()
	})
	clear(t.stale)
	return t.err
}

// Changes returns what is to be stored, encrypted. After that nothing is changed
// any more.
func (t *Tx) Changes() ([]store.Change, error) {
	if err := t.grow(); err != nil {
		return nil, err
	}
	var out []store.Change
	put := func(name string, value []byte) { out = append(out, t.v.put(name, value)) }
	for _, m := range []map[string][]byte{t.changes, t.beside} {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			put(name, m[name])
		}
	}
	if t.tries != nil {
		if t.err = over(func() { t.tries.commit(put) }); t.err != nil {
			return nil, t.err
		}
		t.v.idle.leave(t.root, t.tries)
		t.tries = nil
	}
	return append(out, t.v.putRoot(t.root, t.kept)), nil
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
