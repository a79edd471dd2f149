package executor

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// told runs a call in an executor that says that it read so much, and returns
// what the call brought with it.
func told(t *testing.T, w *world, f *foresight, caller byte, input string, read ...place) []foreseen {
	t.Helper()
	mine, theirs := net.Pipe()
	defer mine.Close()
	brought := make(chan []foreseen, 1)
	go func() {
		defer theirs.Close()
		l := newLane(theirs)
		_, body, err := l.receive(maxLoad)
		if err != nil {
			t.Error(err)
		}
		r, err := scale.Decode[run](body)
		if err != nil {
			t.Error(err)
		}
		brought <- r.Foreseen
		if err := l.send(kindDone, done{Read: read}); err != nil {
			t.Error(err)
		}
	}()
	me := [32]byte{1}
	a := asked{lane: newLane(mine), foresight: f, around: w, gas: 1000, env: host.Env{
		State: w.State(me), Address: me, Caller: [32]byte{caller}, Input: []byte(input),
	}}
	if _, err := a.run(context.Background(), hash.H256{}, "call"); err != nil {
		t.Fatal(err)
	}
	return <-brought
}

// A call brings what the last one like it read, as it is now; what one caller
// reads another's call does not show.
func TestForeseen(t *testing.T) {
	w, f := rich(), &foresight{}
	mine, gone := place{[32]byte{1}, []byte("k")}, place{[32]byte{2}, []byte("none")}
	if got := told(t, w, f, 7, "addr....", mine, gone); len(got) != 0 {
		t.Errorf("the first call brings %v", got)
	}
	w.State(mine.Contract).Set(mine.Key, []byte("new"))
	want := fmt.Sprint([]foreseen{{mine, value{true, []byte("new")}}, {gone, value{false, []byte{}}}})
	if got := fmt.Sprint(told(t, w, f, 7, "addr, again", mine)); got != want {
		t.Errorf("the second call brings %s, want %s", got, want)
	}
	if got := told(t, w, f, 7, "addr, once more"); len(got) != 1 {
		t.Errorf("the third call brings %v, though the second did not read all that it brought", got)
	}
	told(t, w, f, 7, "addr", mine)
	for name, got := range map[string][]foreseen{"caller": told(t, w, f, 8, "addr"), "message": told(t, w, f, 7, "sub.")} {
		if len(got) != 0 {
			t.Errorf("the call of another %s brings %v", name, got)
		}
	}
}

// What is foreseen is bounded, however much there is to read.
func TestForeseenBounds(t *testing.T) {
	w, f := newWorld(), &foresight{}
	var read []place
	for i := range maxForeseen {
		p := place{[32]byte{1}, []byte{byte(i + 1)}}
		w.State(p.Contract).Set(p.Key, bytes.Repeat([]byte{9}, 5<<10))
		read = append(read, p)
	}
	told(t, w, f, 7, "addr", read...)
	if got := told(t, w, f, 7, "addr"); len(got) != maxForeseenBytes/(5<<10) {
		t.Errorf("a call brings %d values of 5 KiB", len(got))
	}
	for i := range 3 * maxAlike {
		if err := f.learn(alike{message: [selector]byte{byte(i), byte(i >> 8)}}, read); err != nil {
			t.Fatal(err)
		}
		if len(f.read) > maxAlike {
			t.Fatalf("%d kinds of calls are remembered", len(f.read))
		}
	}
}

// A call asks once for what it did not bring, and says what it read: each once,
// and the first ones alone.
func TestReading(t *testing.T) {
	known, other := place{[32]byte{1}, []byte("known")}, place{[32]byte{1}, []byte("other")}
	r, asked := newReading([]foreseen{{known, value{true, []byte("v")}}}), 0
	ask := func() value { asked++; return value{} }
	for range 3 {
		if v := r.get(known, ask); string(v.Bytes) != "v" {
			t.Errorf("what came along is %q", v.Bytes)
		}
		if v := r.get(other, ask); v.Found {
			t.Error("what is not there was found")
		}
	}
	if asked != 1 || fmt.Sprint(r.order) != fmt.Sprint([]place{known, other}) {
		t.Errorf("asked %d times, read %v", asked, r.order)
	}
	for i := range 3 * maxForeseen {
		r.get(place{[32]byte{2}, []byte{byte(i)}}, ask)
	}
	if len(r.order) != maxForeseen {
		t.Errorf("%d reads are told", len(r.order))
	}
}
