package pool_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// rules is a chain whose transactions say themselves what they provide,
// require and are worth.
type rules struct {
	head chain.Header
	bad  map[byte]bool // by name
}

func (r *rules) Head() chain.Header       { return r.head }
func (r *rules) Final() chain.BlockNumber { return 0 }

func (r *rules) Call(_ hash.H256, _ string, args []byte) ([]byte, error) {
	d := scale.NewDecoder(args[1:])
	whole, err := d.ByteSlice()
	if err != nil {
		return nil, err
	}
	x := whole[1:] // after the version byte: name, provides, requires, priority
	if r.bad[x[0]] {
		return scale.Encode(scale.Fail[frame.Validity, frame.ValidityError](frame.Invalid{Reason: frame.Stale{}})), nil
	}
	v := frame.Valid()
	v.Provides, v.Priority = [][]byte{{x[1]}}, uint64(x[3])
	if x[2] != 0 {
		v.Requires = [][]byte{{x[2]}}
	}
	return scale.Encode(scale.Ok[frame.Validity, frame.ValidityError](v)), nil
}

// tx is a transaction in the form of rules.
func tx(name, provides, requires byte, priority byte) []byte {
	return chain.Bare([]byte{name, provides, requires, priority})
}

func names(list [][]byte) (s string) {
	for _, raw := range list {
		s += string(raw[2])
	}
	return s
}

func submit(t *testing.T, p *pool.Pool, raw []byte) *pool.Watch {
	t.Helper()
	w, err := p.SubmitAndWatch(raw)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func last(w *pool.Watch) (s pool.Status) {
	for {
		select {
		case st, ok := <-w.Statuses():
			if !ok {
				return s
			}
			s = st
		default:
			return s
		}
	}
}

func TestOrder(t *testing.T) {
	p := pool.New(&rules{})
	c := submit(t, p, tx('c', 3, 2, 9)) // needs b, and is worth the most
	submit(t, p, tx('a', 1, 0, 1))
	if got := names(p.Ready(1 << 20)); got != "a" {
		t.Errorf("ready: %s", got)
	}
	submit(t, p, tx('b', 2, 1, 1))
	submit(t, p, tx('d', 4, 0, 5))
	if got := names(p.Ready(1 << 20)); got != "abcd" { // c brings what it needs
		t.Errorf("ready: %s", got)
	}
	if got := last(c).Kind; got != pool.Broadcast {
		t.Errorf("c is %d", got)
	}
	if got := names(p.Ready(len(tx('a', 1, 0, 1)))); got != "d" && got != "a" {
		t.Errorf("with room for one: %q", got)
	}
}

func TestReplacement(t *testing.T) {
	p := pool.New(&rules{})
	old := submit(t, p, tx('a', 1, 0, 5))
	after := submit(t, p, tx('b', 2, 1, 5))
	if _, err := p.Submit(tx('x', 1, 0, 5)); !errors.Is(err, pool.ErrPriority{Old: 5, New: 5}) {
		t.Errorf("same priority: %v", err)
	}
	better := tx('y', 1, 0, 6)
	submit(t, p, better)
	if got := last(old); got.Kind != pool.Usurped || got.Hash != hash.Blake2b256(better) {
		t.Errorf("the old one is %+v", got)
	}
	if got := names(p.Ready(1 << 20)); got != "yb" {
		t.Errorf("ready: %s", got)
	}
	if got := last(after).Kind; got.Ends() {
		t.Errorf("what needs it is %d", got)
	}
	if _, err := p.Submit(better); !errors.Is(err, pool.ErrKnown) {
		t.Errorf("the same again: %v", err)
	}
}

func TestImported(t *testing.T) {
	r := &rules{bad: map[byte]bool{}}
	p := pool.New(r)
	a := submit(t, p, tx('a', 1, 0, 1))
	b := submit(t, p, tx('b', 2, 1, 1))
	c := submit(t, p, tx('c', 3, 0, 1))
	r.head = chain.Header{Number: 1}
	r.bad['c'] = true
	p.Imported(r.head, [][]byte{tx('a', 1, 0, 1)})
	if got := last(a); got.Kind != pool.InBlock || got.Hash != r.head.Hash() {
		t.Errorf("a is %+v", got)
	}
	if got := last(c).Kind; got != pool.Invalid {
		t.Errorf("c is %d", got)
	}
	if _, err := p.Submit(tx('a', 1, 0, 1)); !errors.Is(err, pool.ErrKnown) {
		t.Errorf("what was in a block: %v", err)
	}
	if _, err := p.Submit(tx('c', 3, 0, 1)); !errors.Is(err, pool.ErrBanned) {
		t.Errorf("what became bad: %v", err)
	}
	p.Finalized(1)
	if got := last(a).Kind; got != pool.Finalized {
		t.Errorf("a is %d", got)
	}
	_ = b
}

func TestFull(t *testing.T) {
	p := pool.New(&rules{})
	var err error
	n := 0
	for ; err == nil && n < 2000; n++ { // each needs what nobody provides
		_, err = p.Submit(chain.Bare(append([]byte{byte(n), byte(n >> 8), 255, 1}, byte(n), byte(n>>8), 1)))
		if errors.As(err, new(pool.ErrPriority)) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, pool.ErrFull) {
		t.Errorf("after %d: %v", n, err)
	}
	if _, err := p.Submit([]byte{1, 2, 3}); !errors.Is(err, pool.ErrFormat) {
		t.Errorf("rubbish: %v", err)
	}
}

func ExamplePool_Ready() {
	p := pool.New(&rules{})
	for _, raw := range [][]byte{tx('b', 2, 1, 9), tx('a', 1, 0, 1)} {
		if _, err := p.Submit(raw); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(names(p.Ready(1000)), bytes.Equal(p.Pending()[0], tx('a', 1, 0, 1)))
	// Output: ab true
}
