package store

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"weak"
)

// keyOf is one of a few keys, that begin alike for more or less long.
func keyOf(rng *rand.Rand) (k Key) {
	for i := range 1 + rng.IntN(3) {
		k[i] = []byte{0x00, 0x01, 0x10, 0x11}[rng.IntN(4)]
	}
	k[len(k)-1] = byte(rng.IntN(2))
	return k
}

// Trees agree with maps, and stay as they were when others are made of them.
func TestTree(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	type version struct {
		tree  tree
		model map[Key]string
	}
	var all []version
	now := version{model: map[Key]string{}}
	s := &Store{}
	for i := range 300 {
		next := version{now.tree, map[Key]string{}}
		for k, v := range now.model {
			next.model[k] = v
		}
		var changes []Change
		for range rng.IntN(30) {
			c := Change{Key: keyOf(rng)}
			delete(next.model, c.Key)
			if rng.IntN(2+i/100) > 0 {
				c.Value = []byte{byte(i), byte(rng.IntN(256))}
				next.model[c.Key] = string(c.Value)
			}
			changes = append(changes, c)
		}
		s.version++
		next.tree = s.apply(now.tree, changes)
		live := 0
		for range next.model {
			live += 38
		}
		if s.live != int64(live) {
			t.Fatalf("step %d: %d bytes live, want %d", i, s.live, live)
		}
		all, now = append(all, next), next
	}
	for i, v := range all {
		p := &Snapshot{v.tree}
		for range 50 {
			k := keyOf(rng)
			got, ok := p.Get(k)
			if want, there := v.model[k]; ok != there || string(got) != want {
				t.Fatalf("version %d, key %x: got %x %v, want %x %v", i, k, got, ok, want, there)
			}
		}
		for n := range 5 {
			k := keyOf(rng)
			prefix := k[:n]
			var want []Key
			for k := range v.model {
				if bytes.HasPrefix(k[:], prefix) {
					want = append(want, k)
				}
			}
			slices.SortFunc(want, func(a, b Key) int { return bytes.Compare(a[:], b[:]) })
			if got := p.With(prefix); !slices.Equal(got, want) {
				t.Fatalf("version %d: with %x are %x, want %x", i, prefix, got, want)
			}
		}
	}
}

// Of a value that is written again and again, what no open snapshot reads is
// not kept, although there is an open snapshot at any time.
func TestVersionsAreForgotten(t *testing.T) {
	s := open(t, t.TempDir())
	oldest := s.Snapshot() // stays open all the time
	defer oldest.Close()
	var values []weak.Pointer[byte]
	last := s.Snapshot()
	for i := range 500 {
		value := bytes.Repeat([]byte{byte(i)}, 64)
		values = append(values, weak.Make(&value[0]))
		commit(t, s, Change{Key{1}, value}, Change{Key{2, byte(i)}, []byte("x")})
		next := s.Snapshot() // before the last one is closed
		last.Close()
		last = next
	}
	runtime.GC()
	kept := 0
	for _, v := range values {
		if v.Value() != nil {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("%d versions of the value are kept, want the last one", kept)
	}
	if _, ok := oldest.Get(Key{1}); ok {
		t.Error("the oldest snapshot has what came later")
	}
	if v, ok := last.Get(Key{1}); !ok || v[0] != byte(len(values)-1) {
		t.Errorf("the last snapshot has %x", v)
	}
	last.Close()
}

// Readers wait for no commit, also not for one that waits for the disk.
func TestReadsDoNotWait(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, Change{Key{1}, []byte("v")})
	s.mu.Lock() // as Commit holds it while it writes
	defer s.mu.Unlock()
	p := s.Snapshot()
	defer p.Close()
	if v, _ := p.Get(Key{1}); string(v) != "v" || len(p.With(nil)) != 1 {
		t.Errorf("read %s", v)
	}
}

// What readers see is one commit, while others are made and the log is written
// anew.
func TestReadersRace(t *testing.T) {
	s := open(t, t.TempDir())
	set := func(v byte) {
		var changes []Change
		for i := range 20 {
			changes = append(changes, Change{Key{byte(i), byte(i)}, []byte{v}})
		}
		commit(t, s, changes...)
	}
	set(0)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				p := s.Snapshot()
				first, _ := p.Get(Key{0, 0})
				for _, k := range p.With(nil) {
					if v, ok := p.Get(k); !ok || v[0] != first[0] {
						t.Errorf("key %x is %x in a snapshot of %x", k, v, first)
					}
				}
				p.Close()
			}
		})
	}
	for i := range 100 {
		set(byte(i))
		if i%20 == 0 {
			if err := s.Rewrite(); err != nil {
				t.Error(err)
			}
		}
	}
	close(done)
	readers.Wait()
}
