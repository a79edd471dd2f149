package store

import (
	"errors"
	"fmt"
	"testing"
)

func TestSpace(t *testing.T) {
	s, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a, b := s.Space("a"), s.Space("ab")
	for _, k := range []string{"k1", "k2", "k3", "\xff"} {
		if err := a.Set([]byte(k), []byte("a"+k), true); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Set([]byte("k1"), []byte("b"), false); err != nil {
		t.Fatal(err)
	}
	keys := func(sp *Space, start, end []byte, reverse bool) (list []string) {
		it, err := sp.Iterate(start, end, reverse)
		if err != nil {
			t.Fatal(err)
		}
		defer it.Close()
		for ; it.Valid(); it.Next() {
			list = append(list, string(it.Key())+"="+string(it.Value()))
		}
		return list
	}
	for _, row := range []struct {
		got  []string
		want string
	}{
		{keys(a, nil, nil, false), "[k1=ak1 k2=ak2 k3=ak3 \xff=a\xff]"},
		{keys(a, nil, nil, true), "[\xff=a\xff k3=ak3 k2=ak2 k1=ak1]"},
		{keys(a, []byte("k2"), []byte("k3"), false), "[k2=ak2]"},
		{keys(b, nil, nil, false), "[k1=b]"},
		{keys(s.Space("none"), nil, nil, true), "[]"},
	} {
		if fmt.Sprint(row.got) != row.want {
			t.Errorf("got %q, want %q", row.got, row.want)
		}
	}
	batch := a.Batch()
	defer batch.Close()
	if err := batch.Set([]byte("new"), nil); err != nil {
		t.Fatal(err)
	}
	if err := batch.Delete([]byte("k1")); err != nil {
		t.Fatal(err)
	}
	if err := batch.Write(true); err != nil {
		t.Fatal(err)
	}
	if v, err := a.Get([]byte("k1")); err != nil || v != nil {
		t.Errorf("a deleted key has %q, %v", v, err)
	}
	if v, err := a.Get([]byte("new")); err != nil || v == nil || len(v) != 0 {
		t.Errorf("an empty value is %q, %v", v, err)
	}
}

// Routines of the engine may look into the database when it was closed.
func TestReadAfterClose(t *testing.T) {
	s, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	space := s.Space("blockstore")
	if err := space.Set([]byte("k"), []byte("v"), true); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for {
			v, err := space.Get([]byte("k"))
			if err == nil && string(v) == "v" {
				continue
			}
			done <- err
			return
		}
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("a reader got %v", err)
	}
	if _, _, err := s.Head(); !errors.Is(err, ErrClosed) {
		t.Errorf("the head is %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}
