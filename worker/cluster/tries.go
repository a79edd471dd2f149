package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/trie"
)

// tries are what the root is of, in Substrate's layout (state version 1): the top
// trie, with the records of the cluster, and below it one for the storage of each
// contract and one for the nonces, whose roots it has under trie.ChildKey of
// their ids. An entry's key there is
//
//	blake2_128(rest of its name) ‖ rest of its name
//
// which is in no order that a stranger decides, and from which the name is found
// again. No record has a key that ChildKey makes: its name would have to begin
// with "efault:".
//
// The tries have hashes in the place of values that are longer than 32 bytes;
// values themselves are read where they lie, and never from here. Nodes lie in
// the store, encrypted as values are, each where its place in its trie says: one
// that replaces another takes its place. What was met or made is in memory, and
// serves the next commit.
type tries struct {
	v       *vault
	base    Reader // where the nodes lie
	top     *trie.Trie
	below   map[trieID]*trie.Trie // that were looked at
	touched map[trieID]struct{}   // of below, whose roots the top trie does not have
}

// trieID tells the tries below the top one: the 32 bytes of a contract, or
// nonces. The top one's is empty.
type trieID string

// Names with these prefixes, and enough behind them, are those of entries of
// tries below the top.
const (
	dataPrefix  = "data"
	noncePrefix = "nonce"

	nonces trieID = noncePrefix
)

// placeOf returns the trie that an entry is in, and the rest of its name there.
func placeOf(name string) (id trieID, rest string) {
	switch {
	case strings.HasPrefix(name, noncePrefix):
		return nonces, name[len(noncePrefix):]
	case strings.HasPrefix(name, dataPrefix) && len(name) >= len(dataPrefix)+32:
		return trieID(name[len(dataPrefix) : len(dataPrefix)+32]), name[len(dataPrefix)+32:]
	}
	return "", name
}

// nameOf is the name of the entry with a key in a trie.
func nameOf(id trieID, key []byte) string {
	rest := string(key[16:])
	switch id {
	case "":
		return rest
	case nonces:
		return noncePrefix + rest
	}
	return dataPrefix + string(id) + rest
}

func trieKey(rest string) []byte {
	sum := hash.Blake2b128([]byte(rest))
	return append(sum[:], rest...)
}

// nodePrefix begins the names of nodes, and no other names.
const nodePrefix = "node"

// hashSize is what the keys end with that a trie calls its nodes by.
const hashSize = 32

// nodeName is where a node lies whose trie calls it by a key. The hash in the key
// is not part of it: a trie compares it with what it reads.
//
//	"node" ‖ length of the id u8 ‖ id ‖ path in the trie
func nodeName(id trieID, key []byte) string {
	return nodePrefix + string([]byte{byte(len(id))}) + string(id) + string(key[:len(key)-hashSize])
}

// nodeOf is the trie that a node is of.
func nodeOf(name string) trieID {
	rest := name[len(nodePrefix):]
	return trieID(rest[1 : 1+rest[0]])
}

// ofValue tells that a key is not a node's, but that of a value that its trie
// would have kept.
func ofValue(key []byte) bool { return key[len(key)-hashSize-1]&2 != 0 }

// nodes gives a trie its nodes: trie.NodeReader.
type nodes struct {
	f  *tries
	id trieID
}

// Node implements trie.NodeReader.
func (n nodes) Node(key []byte) ([]byte, error) {
	b, _, err := n.f.v.get(n.f.base, nodeName(n.id, key))
	return b, err
}

func openTries(v *vault, root hash.H256, base Reader) *tries {
	f := &tries{v: v, base: base, below: map[trieID]*trie.Trie{}, touched: map[trieID]struct{}{}}
	f.top = trie.OpenBundled(trie.V1, root, nodes{f, ""})
	return f
}

// at returns a trie, of which there may be no entries yet.
func (f *tries) at(id trieID) *trie.Trie {
	if id == "" {
		return f.top
	}
	t, known := f.below[id]
	if !known {
		root := trie.EmptyRoot
		if b, ok := f.top.Get(trie.ChildKey([]byte(id))); ok {
			root = hash.H256(b)
		}
		t = trie.OpenBundled(trie.V1, root, nodes{f, id})
		f.below[id] = t
	}
	return t
}

// set gives an entry a value, or none when it is nil. The value must not change
// any more.
func (f *tries) set(name string, value []byte) {
	id, rest := placeOf(name)
	t, key := f.at(id), trieKey(rest)
	if id != "" {
		f.touched[id] = struct{}{}
	}
	switch {
	case value == nil:
		t.Delete(key)
	case len(value) > 32:
		t.PutHash(key, hash.Blake2b256(value))
	default:
		t.Put(key, value)
	}
}

// root brings the roots below into the top trie and returns its own.
func (f *tries) root() hash.H256 {
	for _, id := range slices.Sorted(maps.Keys(f.touched)) {
		f.link(id, f.below[id].Root())
	}
	clear(f.touched)
	return f.top.Root()
}

func (f *tries) link(id trieID, root hash.H256) {
	if root == trie.EmptyRoot {
		f.top.Delete(trie.ChildKey([]byte(id)))
		return
	}
	f.top.Put(trie.ChildKey([]byte(id)), root[:])
}

// forget takes a trie below out of the top one. Its nodes are the caller's to
// remove.
func (f *tries) forget(id trieID) {
	delete(f.below, id)
	delete(f.touched, id)
	f.link(id, trie.EmptyRoot)
}

// first are the names of the first entries of a trie.
func (f *tries) first(id trieID, most int) (names []string) {
	for key := range f.at(id).Keys(nil) {
		if len(names) == most {
			break
		}
		names = append(names, nameOf(id, key))
	}
	return names
}

// commit gives put every node that the store does not have, by its name, and nil
// for one that it is to have no more.
func (f *tries) commit(put func(name string, node []byte)) {
	f.root()
	one := func(id trieID, t *trie.Trie) {
		written := map[string]struct{}{}
		t.Commit(func(key, node []byte) {
			name := nodeName(id, key)
			written[name] = struct{}{}
			put(name, node)
		}, func(key []byte) { // after all that is put
			if name := nodeName(id, key); !ofValue(key) {
				if _, replaced := written[name]; !replaced {
					written[name] = struct{}{}
					put(name, nil)
				}
			}
		})
	}
	one("", f.top)
	for _, id := range slices.Sorted(maps.Keys(f.below)) {
		if one(id, f.below[id]); f.below[id].Root() == trie.EmptyRoot {
			delete(f.below, id)
		}
	}
}

// resident is how many nodes are in memory, about.
func (f *tries) resident() int {
	n := f.top.Resident()
	for _, t := range f.below {
		n += 1 + t.Resident()
	}
	return n
}

// maxResident is how many nodes stay in memory from one commit to the next. One
// takes up to 3 KB, with what it knows of those below it.
const maxResident = 1 << 14

// idle are the tries of the last commit, for the next.
type idle struct {
	mu    sync.Mutex // guards what follows
	root  hash.H256
	tries *tries
}

// take returns the tries of a stored state.
func (i *idle) take(v *vault, root hash.H256, base Reader) *tries {
	i.mu.Lock()
	f, of := i.tries, i.root
	i.tries = nil
	i.mu.Unlock()
	if f == nil || of != root {
		return openTries(v, root, base)
	}
	f.base = base
	return f
}

// leave keeps tries whose nodes are stored with the root, unless they are many.
func (i *idle) leave(root hash.H256, f *tries) {
	f.base = nil // that of the next commit is another one
	if f.resident() > maxResident {
		f = nil
	}
	i.mu.Lock()
	i.root, i.tries = root, f
	i.mu.Unlock()
}

// over does something with tries. Where the store does not give a node that it
// must have, the error is errState.
func over(do func()) error {
	if err := caught(do); err != nil {
		return fmt.Errorf("%w: %w", errState, err)
	}
	return nil
}

func caught(do func()) (err error) {
	defer trie.Catch(&err)
	do()
	return nil
}
