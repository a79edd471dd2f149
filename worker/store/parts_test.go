package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A commit that does not fit into a record is made of several, and is there as
// a whole or not at all, wherever a crash cuts the log.
func TestParts(t *testing.T) {
	s := open(t, t.TempDir())
	s.usual = 3 * (36 + 10)
	value := func(b byte) []byte { return bytes.Repeat([]byte{b}, 10) }
	commit(t, s, Change{Key{1}, value('a')})
	before := s.size
	var large []Change
	for i := range 10 {
		large = append(large, Change{Key{byte(1 + i)}, value('b')})
	}
	large = append(large, Change{Key{20}, bytes.Repeat([]byte{'b'}, 200)}) // more than a record has
	commit(t, s, large...)
	end := s.size
	commit(t, s, Change{Key{30}, value('c')})
	s.Close()
	log, err := os.ReadFile(s.path())
	if err != nil {
		t.Fatal(err)
	}
	records := 0
	for at := before; at < end; records++ {
		at += 4 + int64(binary.LittleEndian.Uint32(log[at:])&^continued) + 32
	}
	if records != 5 {
		t.Errorf("%d records, want 5", records)
	}
	for cut := before; cut <= int64(len(log)); cut++ {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "state.log"), log[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, macKey)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want, size := "a", 1
		switch {
		case cut == int64(len(log)):
			want, size = "b", 12
		case cut >= end:
			want, size = "b", 11
		}
		p := s.Snapshot()
		if v, _ := p.Get(Key{1}); string(v) != string(value(want[0])) || len(p.With(nil)) != size {
			t.Fatalf("cut at %d: %d values, the first %.1s, want %d, %s", cut, len(p.With(nil)), v, size, want)
		}
		commit(t, s, Change{Key{9}, []byte("after")})
		s.Close()
		s = open(t, dir)
		if got := get(s, Key{9}); got != "after" {
			t.Fatalf("cut at %d: what came after is %s", cut, got)
		}
		s.Close()
	}
}

// The host makes no commit of a part of one.
func TestPartIsNoCommit(t *testing.T) {
	s := open(t, t.TempDir())
	s.usual = 1
	start := s.size
	commit(t, s, Change{Key{1}, []byte("v")}, Change{Key{2}, []byte("v")})
	s.Close()
	log, err := os.ReadFile(s.path())
	if err != nil {
		t.Fatal(err)
	}
	half := start + (s.size-start)/2
	first := binary.LittleEndian.Uint32(log[start:])
	second := binary.LittleEndian.Uint32(log[half:])
	if first&continued == 0 || second&continued != 0 {
		t.Fatalf("lengths %x, %x", first, second)
	}
	for name, flip := range map[string]int64{"the first ends": start, "the last goes on": half} {
		bad := bytes.Clone(log)
		bad[flip+3] ^= continued >> 24
		bad = append(bad, log[start:]...) // not the end of the log
		if err := os.WriteFile(s.path(), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(s.dir, macKey); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Alone, the first is a record that was cut off, and never a commit.
	bad := bytes.Clone(log[:half])
	bad[start+3] ^= continued >> 24
	if err := os.WriteFile(s.path(), bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(get(open(t, s.dir), Key{1})); got != "none" {
		t.Errorf("the part alone gives %s", got)
	}
}
