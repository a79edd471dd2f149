package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

var macKey = []byte("a key of thirty-two bytes, nearly")

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir, macKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func get(s *Store, k Key) string {
	p := s.Snapshot()
	defer p.Close()
	v, ok := p.Get(k)
	if !ok {
		return "none"
	}
	return string(v)
}

func commit(t testing.TB, s *Store, changes ...Change) {
	t.Helper()
	if err := s.Commit(changes); err != nil {
		t.Fatal(err)
	}
}

// The store agrees with a map, across restarts and rewrites.
func TestModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	s := open(t, dir)
	model := map[Key]string{}
	for i := range 400 {
		var changes []Change
		for range rng.IntN(5) {
			c := Change{Key: Key{byte(rng.IntN(20))}}
			if rng.IntN(3) > 0 {
				c.Value = fmt.Appendf(nil, "%d", rng.Uint64())
			}
			changes = append(changes, c)
			if c.Value == nil {
				delete(model, c.Key)
			} else {
				model[c.Key] = string(c.Value)
			}
		}
		commit(t, s, changes...)
		switch {
		case i%50 == 20:
			if err := s.rewrite(); err != nil {
				t.Fatal(err)
			}
		case i%50 == 40:
			s.Close()
			s = open(t, dir)
		}
		for b := range 20 {
			want, ok := model[Key{byte(b)}]
			if !ok {
				want = "none"
			}
			if got := get(s, Key{byte(b)}); got != want {
				t.Fatalf("step %d, key %d: got %s, want %s", i, b, got, want)
			}
		}
	}
}

// A log that was cut at any byte opens with the records that are whole.
func TestCut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var ends []int64
	for i := range 4 {
		commit(t, s, Change{Key{1}, fmt.Appendf(nil, "%d", i)}, Change{Key{byte(2 + i)}, []byte("x")})
		ends = append(ends, s.size)
	}
	s.Close()
	log, err := os.ReadFile(s.path())
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(log); cut++ {
		d := t.TempDir()
		if err := os.WriteFile(filepath.Join(d, "state.log"), log[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, d)
		want := "none"
		for i, end := range ends {
			if int64(cut) >= end {
				want = fmt.Sprint(i)
			}
		}
		if got := get(s, Key{1}); got != want {
			t.Fatalf("cut at %d: got %s, want %s", cut, got, want)
		}
		commit(t, s, Change{Key{9}, []byte("after")})
		s.Close()
		if got := get(open(t, d), Key{9}); got != "after" {
			t.Fatalf("cut at %d: what came after is %s", cut, got)
		}
	}
}

func TestTampered(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 3 {
		commit(t, s, Change{Key{byte(i)}, []byte("value")})
	}
	s.Close()
	log, err := os.ReadFile(s.path())
	if err != nil {
		t.Fatal(err)
	}
	start := len(header) + 32
	record := (len(log) - start) / 3
	for name, bad := range map[string][]byte{
		"changed":   append(bytes.Clone(log[:60]), append([]byte{log[60] ^ 1}, log[61:]...)...),
		"left out":  append(bytes.Clone(log[:start]), log[start+record:]...),
		"reordered": append(append(bytes.Clone(log[:start]), log[start+record:start+2*record]...), append(bytes.Clone(log[start:start+record]), log[start+2*record:]...)...),
		"foreign":   []byte("something else that is long enough"),
	} {
		if err := os.WriteFile(s.path(), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, macKey); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(s.path(), log, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, []byte("another key")); !errors.Is(err, ErrTampered) {
		t.Errorf("another key: %v", err)
	}
}

// Snapshots do not see later commits.
func TestSnapshots(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, Change{Key{1}, []byte("a")})
	old := s.Snapshot()
	commit(t, s, Change{Key{1}, []byte("b")}, Change{Key{2}, []byte("c")})
	mid := s.Snapshot()
	commit(t, s, Change{Key{1}, nil})
	for _, tt := range []struct {
		p    *Snapshot
		k    byte
		want string
	}{{old, 1, "a"}, {old, 2, ""}, {mid, 1, "b"}, {mid, 2, "c"}} {
		if v, _ := tt.p.Get(Key{tt.k}); string(v) != tt.want {
			t.Errorf("key %d: got %s, want %s", tt.k, v, tt.want)
		}
	}
	old.Close()
	mid.Close()
	if v, ok := mid.Get(Key{1}); ok {
		t.Errorf("a closed snapshot has %s", v)
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add(appendRecord(nil, []Change{{Key{1}, []byte("v")}, {Key{2}, nil}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		changes, err := parseRecord(b)
		if err == nil && !bytes.Equal(appendRecord(nil, changes), b) {
			t.Fatalf("%x does not come back", b)
		}
	})
}

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := Open(dir, macKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if err := s.Commit([]Change{{Key{1}, []byte("value")}}); err != nil {
		fmt.Println(err)
		return
	}
	p := s.Snapshot()
	defer p.Close()
	v, ok := p.Get(Key{1})
	fmt.Println(string(v), ok)
	// Output: value true
}
