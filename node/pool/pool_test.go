package pool_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/store"
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
	// After the version byte: name, provides, requires, priority, and where more
	// follows longevity and the rest of what it provides.
	x := whole[1:]
	if r.bad[x[0]] {
		return scale.Encode(scale.Fail[frame.Validity, frame.ValidityError](frame.Invalid{Reason: frame.Stale{}})), nil
	}
	v := frame.Valid()
	v.Provides, v.Priority = [][]byte{{x[1]}}, uint64(x[3])
	if x[2] != 0 {
		v.Requires = [][]byte{{x[2]}}
	}
	if len(x) > 4 {
		v.Longevity, v.Provides = uint64(x[4]), [][]byte{append([]byte{x[1]}, x[5:]...)}
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

func TestSince(t *testing.T) {
	p := pool.New(&rules{})
	submit(t, p, tx('c', 3, 2, 9)) // needs b
	a := tx('a', 1, 0, 1)
	submit(t, p, a)
	txs, turn := p.Since(0, 1<<20)
	if names(txs) != "a" {
		t.Errorf("at first: %s", names(txs))
	}
	if txs, again := p.Since(turn, 1<<20); len(txs) != 0 || again != turn {
		t.Errorf("nothing new: %s, %d", names(txs), again)
	}
	submit(t, p, tx('b', 2, 1, 1)) // c is ready with it
	submit(t, p, tx('d', 4, 0, 5))
	first, middle := p.Since(turn, 2*len(a))
	rest, _ := p.Since(middle, 2*len(a))
	if names(first) != "bc" || names(rest) != "d" {
		t.Errorf("in two parts: %s and %s", names(first), names(rest))
	}
	if txs, next := p.Since(0, len(a)-1); len(txs) != 0 || next == 0 {
		t.Errorf("what is too long is not passed over: %s, %d", names(txs), next)
	}
	if txs, _ := p.Since(0, 1<<20); names(txs) != "abcd" {
		t.Errorf("all again: %s", names(txs))
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

func TestFormat(t *testing.T) {
	if _, err := pool.New(&rules{}).Submit([]byte{1, 2, 3}); !errors.Is(err, pool.ErrFormat) {
		t.Errorf("rubbish: %v", err)
	}
}

// wide is a transaction that provides the n-th of many tags.
func wide(name, requires, priority byte, n int) []byte {
	return chain.Bare(binary.BigEndian.AppendUint32([]byte{name, 200, requires, priority, 255}, uint32(n)))
}

// What waits for others is 1,024 at most, and what is ready 8,192; more must be
// worth more, and take the place of what is worth the least and is needed by
// none.
func TestFull(t *testing.T) {
	for _, c := range []struct {
		name     string
		requires byte
		most     int
	}{{"future", 100, 1024}, {"ready", 0, 8192}} {
		t.Run(c.name, func(t *testing.T) {
			p := pool.New(&rules{})
			cheap := submit(t, p, wide('c', c.requires, 2, 0))
			parent := submit(t, p, tx('p', 9, c.requires, 1)) // the cheapest, but another needs it
			submit(t, p, wide('k', 9, 7, 1))
			for i := range c.most - 3 {
				submit(t, p, wide('w', c.requires, 5, 10+i))
			}
			if _, err := p.Submit(wide('n', c.requires, 2, 1<<20)); !errors.Is(err, pool.ErrFull) {
				t.Errorf("one more, worth as little: %v", err)
			}
			submit(t, p, wide('n', c.requires, 3, 1<<20))
			if got := last(cheap).Kind; got != pool.Dropped {
				t.Errorf("what is worth the least is %d", got)
			}
			if got := last(parent).Kind; got.Ends() {
				t.Errorf("what another needs is %d", got)
			}
		})
	}
}

// Only a higher priority than that of all whose place it takes is enough.
func TestReplacementOfMany(t *testing.T) {
	p := pool.New(&both{})
	submit(t, p, tx('a', 1, 0, 5))
	submit(t, p, tx('b', 2, 0, 5))
	if _, err := p.Submit(tx('z', 1, 2, 9)); !errors.Is(err, pool.ErrPriority{Old: 10, New: 9}) {
		t.Errorf("9 for 5 and 5: %v", err)
	}
	submit(t, p, tx('z', 1, 2, 11))
	if got := names(p.Ready(1 << 20)); got != "z" {
		t.Errorf("ready: %s", got)
	}
}

// both is rules where a transaction named z provides what it would require.
type both struct{ rules }

func (b *both) Call(at hash.H256, method string, args []byte) ([]byte, error) {
	out, err := b.rules.Call(at, method, args)
	if err != nil {
		return nil, err
	}
	res, err := scale.Decode[scale.Result[frame.Validity, frame.ValidityError]](out)
	if err == nil && len(res.Value.Requires) > 0 {
		res.Value.Provides = append(res.Value.Provides, res.Value.Requires...)
		res.Value.Requires = [][]byte{}
	}
	return scale.Encode(res), err
}

// all are the statuses that came.
func all(w *pool.Watch) (list []pool.Kind) {
	for {
		select {
		case st, ok := <-w.Statuses():
			if !ok {
				return list
			}
			list = append(list, st.Kind)
		default:
			return list
		}
	}
}

// The order of statuses is that of Substrate's transaction pool
// (TransactionStatus of sc-transaction-pool-api).
func TestStatuses(t *testing.T) {
	r := &rules{bad: map[byte]bool{}}
	p := pool.New(r)
	later := submit(t, p, tx('b', 2, 1, 1))
	first := submit(t, p, tx('a', 1, 0, 1))
	for n := range 2 {
		r.head.Number++
		p.Imported(r.head, [][]byte{tx('t', 99, 0, 0), [][]byte{tx('a', 1, 0, 1), tx('b', 2, 1, 1)}[n]})
		p.Finalized(r.head.Number - 1)
	}
	for _, c := range []struct {
		name string
		w    *pool.Watch
		want []pool.Kind
	}{
		{"first", first, []pool.Kind{pool.Ready, pool.Broadcast, pool.InBlock, pool.Finalized}},
		{"later", later, []pool.Kind{pool.Future, pool.Ready, pool.Broadcast, pool.InBlock}},
	} {
		if got := all(c.w); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
	p.Finalized(2)
	if got := last(later); got.Kind != pool.Finalized || got.Index != 1 || got.Hash != r.head.Hash() {
		t.Errorf("the end of the later one: %+v", got)
	}
}

// What lost what it needs waits again; what may stand in no later block goes.
func TestDemotedAndMortal(t *testing.T) {
	r := &rules{bad: map[byte]bool{}}
	p := pool.New(r)
	submit(t, p, tx('a', 1, 0, 1))
	after := submit(t, p, tx('b', 2, 1, 1))
	mortal := submit(t, p, chain.Bare([]byte{'m', 3, 0, 1, 2}))
	r.bad['a'] = true
	for range 2 {
		r.head.Number++
		p.Imported(r.head, nil)
	}
	if got := all(after); !slices.Equal(got, []pool.Kind{pool.Ready, pool.Broadcast, pool.Future}) {
		t.Errorf("what needs a bad one: %d", got)
	}
	if got := last(mortal).Kind; got.Ends() {
		t.Errorf("in its last block the mortal one is %d", got)
	}
	r.head.Number++
	p.Imported(r.head, nil)
	if got := last(mortal).Kind; got != pool.Dropped {
		t.Errorf("after its last block the mortal one is %d", got)
	}
	if !p.Knows(hash.Blake2b256(tx('a', 1, 0, 1))) {
		t.Error("what became bad is not banned")
	}
	for range 101 {
		r.head.Number++
		p.Imported(r.head, nil)
	}
	r.bad['a'] = false
	submit(t, p, tx('a', 1, 0, 1))
	if got := all(after); !slices.Equal(got, []pool.Kind{pool.Ready, pool.Broadcast}) {
		t.Errorf("when what it needs is back: %d", got)
	}
}

// What users of the node submit is there after a restart, what peers send is
// not, and what was in a block or became bad is forgotten.
func TestKeep(t *testing.T) {
	db, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r := &rules{bad: map[byte]bool{}}
	start := func() *pool.Pool {
		t.Helper()
		p := pool.New(r)
		if err := p.Keep(db.Space("pool")); err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := start()
	for _, raw := range [][]byte{tx('b', 2, 1, 1), tx('a', 1, 0, 1), tx('c', 3, 0, 1), tx('d', 4, 0, 1)} {
		submit(t, p, raw)
	}
	p.Enqueue(tx('e', 5, 0, 1))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	for len(p.Pending()) < 5 {
		runtime.Gosched()
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r.head.Number++
	p.Imported(r.head, [][]byte{tx('d', 4, 0, 1)})
	r.bad['c'] = true
	p = start()
	if got := names(p.Ready(1 << 20)); got != "ab" {
		t.Errorf("after a restart: %s", got)
	}
	r.bad = map[byte]bool{}
	if got := names(start().Ready(1 << 20)); got != "ab" {
		t.Errorf("after another: %s", got)
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

// A transaction that was judged before the one that it needs came into a block,
// and comes into the pool after that, is ready: nobody judges it again in time.
// So is one that waited when what it needs came in a block.
func TestNeedsWhatABlockHas(t *testing.T) {
	r := &rules{}
	p := pool.New(r)
	first := tx('a', 1, 0, 5)
	submit(t, p, first)
	r.head.Number++
	p.Imported(r.head, [][]byte{first})
	late := submit(t, p, tx('b', 2, 1, 5))
	if s := last(late); s.Kind != pool.Broadcast {
		t.Errorf("what needs a transaction of the last block is %v", s.Kind)
	}
	// Another becomes invalid: those that only need what a block has stay ready.
	bad := tx('c', 3, 0, 5)
	submit(t, p, bad)
	r.bad = map[byte]bool{'c': true}
	r.head.Number++
	p.Imported(r.head, nil)
	if got := names(p.Ready(1000)); got != "b" {
		t.Errorf("ready are %q, want b", got)
	}
}
