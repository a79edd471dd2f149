package executor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// nothing is a contract that does nothing: its call and its deploy are the same
// empty function.
const nothing = "\x00asm\x01\x00\x00\x00" + "\x01\x04\x01\x60\x00\x00" + "\x02\x10\x01\x03env\x06memory\x02\x01\x01\x01" +
	"\x03\x02\x01\x00" + "\x07\x11\x02\x04call\x00\x00\x06deploy\x00\x00" + "\x0a\x04\x01\x02\x00\x0b"

// slow is a Source of contracts that do nothing; before it hands out one of them,
// something happens.
type slow struct {
	name   hash.H256
	before func()
}

func (s *slow) Code(_ context.Context, name hash.H256) ([]byte, vm.Native, error) {
	if name == s.name {
		s.before()
	}
	return []byte(nothing), nil, nil
}

func (*slow) Keep(hash.H256, vm.Native) {}

// A code that is loaded is there to be run, also where all others were used while it
// was loading; and no more codes are kept than may be.
func TestEvicted(t *testing.T) {
	ctx := context.Background()
	code := func(n int) hash.H256 { return codeOf(fmt.Sprint("code ", n)) }
	s := &slow{name: code(maxModules)}
	x, err := NewInside(ctx, vm.Config{}, s)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close(ctx)
	run := func(n int) {
		t.Helper()
		out, err := x.Run(ctx, code(n), "call", host.Env{State: host.Memory{}}, nil, 1e6)
		if err != nil || out.Status != vm.OK {
			t.Errorf("code %d: %s", n, show(out, err))
		}
	}
	all := func() {
		for n := range maxModules {
			run(n)
		}
	}
	all()
	s.before = all
	run(maxModules)
	if len(x.modules) != maxModules {
		t.Errorf("%d codes are kept, %d are the most", len(x.modules), maxModules)
	}
	s.before = func() { t.Error("the code was loaded again") }
	run(maxModules)
}

// A code that was given up before it ran is loaded again.
func TestGivenUp(t *testing.T) {
	ctx := context.Background()
	s := &slow{}
	x, err := NewInside(ctx, vm.Config{}, s)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close(ctx)
	name := codeOf("code")
	for range 3 {
		m, err := x.Module(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if out, err := x.Run(ctx, name, "call", host.Env{State: host.Memory{}}, nil, 1e6); err != nil || out.Status != vm.OK {
			t.Error(show(out, err))
		}
	}
}

// A call that is under way while the executor is closed ends as if it were not,
// and none begins after it.
func TestClosed(t *testing.T) {
	ctx := context.Background()
	name, other := codeOf("code"), codeOf("another")
	closed := make(chan error, 1)
	s := &slow{name: name}
	x, err := NewInside(ctx, vm.Config{}, s)
	if err != nil {
		t.Fatal(err)
	}
	s.before = func() {
		go func() { closed <- x.Close(ctx) }()
		select {
		case err := <-closed:
			t.Fatalf("it was closed while a call ran: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	env := host.Env{State: host.Memory{}}
	if out, err := x.Run(ctx, name, "call", env, nil, 1e6); err != nil || out.Status != vm.OK {
		t.Error(show(out, err))
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	for _, code := range []hash.H256{name, other} {
		if out, err := x.Run(ctx, code, "call", env, nil, 1e6); !errors.Is(err, ErrClosed) {
			t.Error("run after the end: ", show(out, err))
		}
		if err := x.Load(ctx, code); !errors.Is(err, ErrClosed) {
			t.Errorf("load after the end: %v", err)
		}
	}
	if err := x.Close(ctx); err != nil {
		t.Errorf("closed again: %v", err)
	}
}
