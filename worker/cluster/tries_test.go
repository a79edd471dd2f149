package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/trie"
	"github.com/tacit-network/tacit/worker/store"
)

// plainRoot is the root over all entries, built at once by the specification: a
// child trie for each contract and for the nonces, below a top one, with keys of
// blake2_128 concat.
func plainRoot(state map[string][]byte) hash.H256 {
	lists := map[string][]trie.Entry{"": nil}
	add := func(id, rest string, value []byte) {
		sum := hash.Blake2b128([]byte(rest))
		lists[id] = append(lists[id], trie.Entry{Key: append(sum[:], rest...), Value: value})
	}
	for name, value := range state {
		switch {
		case strings.HasPrefix(name, "nonce"):
			add("nonce", name[5:], value)
		case strings.HasPrefix(name, "data") && len(name) >= 36:
			add(name[4:36], name[36:], value)
		default:
			add("", name, value)
		}
	}
	for id, list := range lists {
		if id != "" {
			root := trie.RootOf(trie.V1, list)
			lists[""] = append(lists[""], trie.Entry{Key: trie.ChildKey([]byte(id)), Value: root[:]})
		}
	}
	return trie.RootOf(trie.V1, lists[""])
}

// randomName is one of few, in the tries of a few contracts, of the nonces, or in
// the top one.
func randomName(rng *rand.Rand) string {
	switch n := rng.IntN(40); rng.IntN(4) {
	case 0:
		return fmt.Sprint("money", n)
	case 1:
		return fmt.Sprint("nonce", n)
	case 2:
		return dataName(hash.H256{1}) + fmt.Sprint(n)
	default:
		return dataName(hash.H256{byte(n % 5)}) + strings.Repeat("k", n)
	}
}

// nodesOf are the names of the nodes that a store has.
func nodesOf(t *testing.T, c *Cluster, s shelf) (out []string) {
	t.Helper()
	if err := c.each(s, func(_ store.Key, name string, _ []byte) { out = append(out, name) }, inner); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// Whatever overlays are merged and dropped, and whenever what was changed is
// committed, read anew by another process, moved to another epoch or taken from
// a snapshot: the root is that over all entries, and the store has the nodes of
// that and no others.
func TestRootOverEntries(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 21))
		epoch := uint32(0)
		c, s, model := inEpoch(t, 0), shelf{}, map[string][]byte{}
		agree := func(what string) {
			t.Helper()
			tx, err := c.Begin(s)
			if err != nil {
				t.Fatal(err)
			}
			if want := plainRoot(model); tx.root != want {
				t.Fatalf("seed %d, %s: root %v, want %v", seed, what, tx.root, want)
			}
			fresh, from := inEpoch(t, epoch), shelf{}
			at, err := fresh.Begin(from)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range model {
				at.set(name, value)
			}
			from.apply(changed(t, at))
			if got, want := nodesOf(t, c, s), nodesOf(t, fresh, from); !slices.Equal(got, want) {
				t.Fatalf("seed %d, %s: the store has the nodes %q, want %q", seed, what, got, want)
			}
		}
		for range 60 {
			tx, err := c.Begin(s)
			if err != nil {
				t.Fatal(err)
			}
			for range rng.IntN(6) {
				o := tx.overlay()
				made := map[string][]byte{}
				for range rng.IntN(8) {
					name := randomName(rng)
					var value []byte
					if rng.IntN(3) > 0 {
						value = bytesOf(rng.IntN(1<<30), []int{0, 3, 31, 32, 33, 300}[rng.IntN(6)])
					}
					o.set(name, value)
					made[name] = value
				}
				if rng.IntN(4) == 0 {
					continue // the message failed
				}
				tx.merge(o)
				maps.Copy(model, made)
				maps.DeleteFunc(model, func(_ string, v []byte) bool { return v == nil })
				if rng.IntN(2) == 0 {
					if _, err := tx.Root(1); err != nil || tx.root != plainRoot(model) {
						t.Fatalf("seed %d: root %v, want %v (%v)", seed, tx.root, plainRoot(model), err)
					}
				}
			}
			s.apply(changed(t, tx))
			switch agree("written"); rng.IntN(6) {
			case 0:
				c = inEpoch(t, epoch)
			case 1:
				epoch++
				next := inEpoch(t, epoch)
				changes, root, err := c.Move(s, next, 9)
				if err != nil {
					t.Fatal(err)
				}
				s.apply(changes)
				maps.DeleteFunc(model, func(name string, _ []byte) bool { return strings.HasPrefix(name, "nonce") })
				if c = next; root != c.vault.published(plainRoot(model), 9) {
					t.Fatalf("seed %d: moved to root %v", seed, root)
				}
				agree("moved")
			case 2:
				snap, chunks := taken(t, c, s, 9)
				c, s = inEpoch(t, epoch), shelf{}
				if err := restored(c, snap, &Restoring{}, s, chunks...); err != nil {
					t.Fatal(err)
				}
				agree("restored")
			}
		}
	}
}

// A state of many keys lets go of nodes that it met, and comes to the same root
// as one that keeps none.
func TestResident(t *testing.T) {
	c, s := inEpoch(t, 0), shelf{}
	write := func(c *Cluster, s shelf, from, n int) hash.H256 {
		tx, err := c.Begin(s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			tx.set(fmt.Sprint("money", from+i), []byte{1})
		}
		s.apply(changed(t, tx))
		return tx.root
	}
	if write(c, s, 0, maxResident/4); c.vault.idle.tries == nil {
		t.Error("it keeps no nodes")
	}
	if write(c, s, maxResident/4, maxResident); c.vault.idle.tries != nil {
		t.Errorf("it keeps %d nodes", c.vault.idle.tries.resident())
	}
	for i := range 50 {
		got := write(c, s, 2*maxResident+10*i, 10)
		if n := c.vault.idle.tries.resident(); n > maxResident {
			t.Fatalf("it keeps %d nodes", n)
		}
		if i%10 == 0 {
			at := shelf(maps.Clone(s))
			if want := write(inEpoch(t, 0), at, 2*maxResident+10*i, 10); got != want {
				t.Fatalf("root %v, want %v", got, want)
			}
		}
	}
}

// A node that the store lost, damaged, or gives as it once was, is a fault of this
// machine and no end of the program; the state is as it was.
func TestLostNodes(t *testing.T) {
	c, s := inEpoch(t, 0), shelf{}
	write := func(c *Cluster, s shelf, value byte) error {
		tx, err := c.Begin(s)
		if err != nil {
			return err
		}
		for i := range 40 {
			tx.set(fmt.Sprint("money", i), bytes.Repeat([]byte{value}, 20))
			tx.set(dataName(hash.H256{1})+fmt.Sprint(i), bytes.Repeat([]byte{value}, 40))
		}
		changes, err := tx.Changes()
		if err != nil {
			if _, again := tx.Root(1); !errors.Is(again, errState) {
				t.Errorf("after a fault the root is given: %v", again)
			}
			return err
		}
		s.apply(changes)
		return nil
	}
	if err := write(c, s, 1); err != nil {
		t.Fatal(err)
	}
	older := shelf(maps.Clone(s))
	if err := write(c, s, 2); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for k := range s {
		if [8]byte(k[:8]) != c.vault.tags[inner] {
			continue
		}
		for name, harm := range map[string]func(shelf){
			"lost":    func(s shelf) { delete(s, k) },
			"damaged": func(s shelf) { s[k] = append(bytes.Clone(s[k][:20]), s[k][21:]...) },
			"older":   func(s shelf) { s[k] = older[k] },
		} {
			harmed := shelf(maps.Clone(s))
			harm(harmed)
			before := maps.Clone(harmed)
			// Another process, which has no nodes in memory, meets every node.
			if err := write(inEpoch(t, 0), harmed, 3); !errors.Is(err, errState) {
				t.Errorf("%s: %v", name, err)
			}
			if !maps.EqualFunc(before, harmed, func(a, b []byte) bool { return bytes.Equal(a, b) }) {
				t.Errorf("%s: the state was changed", name)
			}
			lost++
		}
	}
	if lost < 60 {
		t.Errorf("%d nodes were harmed: too few", lost)
	}
	// The nodes of the top trie that a new epoch needs, and those of a snapshot that
	// goes on.
	harmed := shelf(maps.Clone(s))
	delete(harmed, c.vault.key(nodeName("", make([]byte, 1+hashSize))))
	if _, _, err := inEpoch(t, 0).Move(harmed, inEpoch(t, 1), 2); !errors.Is(err, errState) {
		t.Errorf("a move without the root's node: %v", err)
	}
	large := shelf{}
	fill(t, c, large, 40_000)
	snap, chunks := taken(t, c, large, 9)
	to, at := shelf{}, Restoring{}
	if err := restored(c, snap, &at, to, chunks[0]); err != nil {
		t.Fatal(err)
	}
	delete(to, c.vault.key(nodeName("", make([]byte, 1+hashSize))))
	if err := restored(c, snap, &at, to, chunks[1]); !errors.Is(err, errState) {
		t.Errorf("a chunk after nodes were lost: %v", err)
	}
}
