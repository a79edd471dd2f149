package trie

import (
	"errors"
	"fmt"
	"iter"

	"github.com/tacit-network/tacit/hash"
)

// Prove returns a read proof of what the trie has, or has not, under the given
// keys: the nodes on the way, and the long values, each once. It is in the
// form of Substrate's state_getReadProof.
func (t *Trie) Prove(keys [][]byte) (items [][]byte) {
	p := t.prover()
	for _, key := range keys {
		p.prove(appendNibbles(nil, key))
	}
	return p.items
}

// ProvePrefix returns a read proof of all entries whose keys start with prefix.
func (t *Trie) ProvePrefix(prefix []byte) (items [][]byte) {
	p := t.prover()
	nibbles := appendNibbles(nil, prefix)
	p.prove(nibbles)
	for key := range t.Iterate(prefix) {
		p.prove(appendNibbles(nil, key))
	}
	return p.items
}

type prover struct {
	t     *Trie
	seen  map[hash.H256]bool
	enc   encoder
	items [][]byte
}

func (t *Trie) prover() *prover {
	t.Root()
	p := &prover{t: t, seen: map[hash.H256]bool{}}
	if t.root == nil {
		p.items = [][]byte{{0}}
	}
	return p
}

func (p *prover) prove(key []byte) {
	n, depth := p.t.root, 0
	for {
		if n = p.t.resolve(n, key[:depth]); n == nil {
			return
		}
		if n.merkleLen == 32 || depth == 0 {
			p.add(p.enc.encode(n))
		}
		if rest := key[depth:]; commonPrefix(rest, n.partial) < len(n.partial) {
			return
		}
		depth += len(n.partial)
		if depth == len(key) {
			if n.hashed {
				p.add(p.t.valueOf(n, key))
			}
			return
		}
		if n.children == nil {
			return
		}
		n = n.children[key[depth]]
		depth++
	}
}

func (p *prover) add(raw []byte) {
	if h := hash.Blake2b256(raw); !p.seen[h] {
		p.seen[h] = true
		p.items = append(p.items, append([]byte(nil), raw...))
	}
}

// ErrIncomplete means that a proof lacks an item that the question needs. It
// says nothing about what the state has.
var ErrIncomplete = errors.New("the proof is incomplete")

// ErrProof means that a proof has an item that it should not have.
var ErrProof = errors.New("the proof is not strict")

// Limits bound what a proof may have. Zero fields have the default.
type Limits struct {
	// Items is the most items. Default 65,536.
	Items int
	// Bytes is the most bytes of all items together. Default 16 MiB.
	Bytes int
	// Lenient takes duplicates and items that are not used, as proofs made by
	// others may have them.
	Lenient bool
}

// Proof answers questions about a state of which only the root and some nodes
// are known. After the last question Finish tells whether the proof had more
// than it needs. A Proof is for one goroutine.
type Proof struct {
	trie   *Trie
	reader *proofReader
	strict bool
}

type proofReader struct {
	items map[hash.H256][]byte
	used  map[hash.H256]bool
}

// Node implements NodeReader: the hash is the end of the key.
func (r *proofReader) Node(key []byte) ([]byte, error) {
	h := hash.H256(key[len(key)-32:])
	raw, ok := r.items[h]
	if !ok {
		return nil, ErrIncomplete
	}
	r.used[h] = true
	return raw, nil
}

// NewProof takes a read proof for the state with the given root. It keeps the
// items.
func NewProof(root hash.H256, items [][]byte, limits Limits) (*Proof, error) {
	if limits.Items == 0 {
		limits.Items = 1 << 16
	}
	if limits.Bytes == 0 {
		limits.Bytes = 16 << 20
	}
	if len(items) > limits.Items {
		return nil, fmt.Errorf("proof of %d items, at most %d: %w", len(items), limits.Items, ErrProof)
	}
	total := 0
	for _, item := range items {
		if total += len(item); total > limits.Bytes {
			return nil, fmt.Errorf("proof of more than %d bytes: %w", limits.Bytes, ErrProof)
		}
	}
	r := &proofReader{items: make(map[hash.H256][]byte, len(items)), used: map[hash.H256]bool{}}
	for i, item := range items {
		h := hash.Blake2b256(item)
		if _, twice := r.items[h]; twice && !limits.Lenient {
			return nil, fmt.Errorf("proof item %d stands twice: %w", i, ErrProof)
		}
		if item == nil {
			item = []byte{}
		}
		r.items[h] = item
	}
	if root == EmptyRoot {
		r.used[root] = true
	}
	return &Proof{Open(V1, root, r), r, !limits.Lenient}, nil
}

// Get returns the value under key. When the proof does not show whether there
// is one, the error is or wraps ErrIncomplete.
func (p *Proof) Get(key []byte) (value []byte, present bool, err error) {
	defer Catch(&err)
	value, present = p.trie.Get(key)
	return value, present, nil
}

// NextKey returns the least key that is greater than key.
func (p *Proof) NextKey(key []byte) (next []byte, ok bool, err error) {
	defer Catch(&err)
	next, ok = p.trie.NextKey(key)
	return next, ok, nil
}

// Iterate yields the entries whose keys start with prefix, by rising keys. It
// stops with an error where the proof ends. A proof can make a small number
// of items stand for very many entries, so a caller bounds what it takes.
func (p *Proof) Iterate(prefix []byte) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		stopped := false
		err := func() (err error) {
			defer Catch(&err)
			for key, value := range p.trie.Iterate(prefix) {
				if !yield(Entry{key, value}, nil) {
					stopped = true
					break
				}
			}
			return nil
		}()
		if err != nil && !stopped {
			yield(Entry{}, err)
		}
	}
}

// Keys yields the keys that start with prefix, rising, and stops with an error
// where the proof ends. Callers bound what they take, as with Iterate.
func (p *Proof) Keys(prefix []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		stopped := false
		err := func() (err error) {
			defer Catch(&err)
			for key := range p.trie.Keys(prefix) {
				if !yield(key, nil) {
					stopped = true
					break
				}
			}
			return nil
		}()
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// Finish says, after all questions, whether every item was needed. Under
// Limits.Lenient it always is nil.
func (p *Proof) Finish() error {
	unused := 0
	for h := range p.reader.items {
		if !p.reader.used[h] {
			unused++
		}
	}
	if p.strict && unused > 0 {
		return fmt.Errorf("%d proof items are not used: %w", unused, ErrProof)
	}
	return nil
}

// ReadProof checks a strict proof and returns the values under the keys, nil
// where the state has none. It is NewProof, Get for each key, and Finish.
func ReadProof(root hash.H256, items [][]byte, keys ...[]byte) ([][]byte, error) {
	p, err := NewProof(root, items, Limits{})
	if err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		value, ok, err := p.Get(key)
		if err != nil {
			return nil, fmt.Errorf("proof of key %x: %w", key, err)
		}
		if ok && value == nil {
			value = []byte{}
		}
		values[i] = value
	}
	return values, p.Finish()
}
