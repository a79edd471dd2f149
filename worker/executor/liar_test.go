package executor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// frame is what an executor says.
type frame struct {
	kind byte
	v    any
}

// liar has a call run by an executor that says what it likes, and returns what
// came of it; a nil say hangs up.
func liar(t *testing.T, w *world, query bool, say ...frame) (host.Result, error) {
	t.Helper()
	mine, theirs := net.Pipe()
	defer mine.Close()
	go func() {
		l := newLane(theirs)
		defer theirs.Close()
		if kind, _, err := l.receive(maxLoad); err != nil || kind != kindRun {
			t.Errorf("the worker says %d, %v", kind, err)
			return
		}
		for _, f := range say {
			if f.v == nil {
				return
			}
			if l.send(f.kind, f.v) != nil {
				return
			}
			if f.kind >= kindGet {
				if _, _, err := l.receive(maxLoad); err != nil {
					return
				}
			}
		}
		_, _ = io.Copy(io.Discard, theirs)
	}()
	a := asked{
		lane: newLane(mine), foresight: &foresight{}, around: w, gas: 1000,
		codes: func(context.Context, hash.H256) ([]byte, vm.Native, error) { return nil, nil, errAway },
		env:   host.Env{State: w.State([32]byte{1}), Address: [32]byte{1}, Query: query, Money: w, Web: w},
	}
	return a.run(context.Background(), hash.H256{}, "call")
}

func rich() *world {
	w := newWorld()
	w.SetBalance([32]byte{1}, scale.U64(10))
	w.SetBalance([32]byte{2}, scale.U64(5))
	w.State([32]byte{1}).Set([]byte("k"), []byte("v"))
	return w
}

// What no contract could have done is not done, and who says so is not talked to
// again.
func TestLiars(t *testing.T) {
	good := change{changeSet, [32]byte{1}, []byte("k"), []byte("w")}
	pay := func(id byte, n uint64) change {
		return change{changeBalance, [32]byte{id}, nil, scale.Marshal(scale.U64(n))}
	}
	changes := func(c ...change) frame { return frame{kindDone, done{Changes: append([]change{good}, c...)}} }
	long := make([]byte, 1<<20)
	for name, tt := range map[string]struct {
		query bool
		say   []frame
	}{
		"hangs up":              {false, []frame{{}}},
		"says hello again":      {false, []frame{{kindHello, hello{}}}},
		"an unknown kind":       {false, []frame{{200, true}}},
		"an outcome of nothing": {false, []frame{{kindDone, true}}},
		"an unknown status":     {false, []frame{{kindDone, done{Outcome: vm.Outcome{Status: 9}}}}},
		"too much gas":          {false, []frame{{kindDone, done{Outcome: vm.Outcome{Gas: 1001}}}}},
		"too much output":       {false, []frame{{kindDone, done{Outcome: vm.Outcome{Data: long}}}}},
		"a long reason":         {false, []frame{{kindDone, done{Outcome: vm.Outcome{Status: vm.Trapped, Reason: string(long)}}}}},
		"too many events":       {false, []frame{{kindDone, done{Events: make([]host.Event, host.MaxEvents+1)}}}},
		"a long event":          {false, []frame{{kindDone, done{Events: []host.Event{{Data: long}}}}}},
		"too many topics":       {false, []frame{{kindDone, done{Events: []host.Event{{Topics: make([]hash.H256, 5)}}}}}},
		"much storage":          {false, []frame{{kindDone, done{Grown: []host.Growth{{Bytes: host.MaxCluster + 1}}}}}},
		"little storage":        {false, []frame{{kindDone, done{Grown: []host.Growth{{Items: -1 << 63}}}}}},
		"an end that grows":     {false, []frame{{kindDone, done{Grown: []host.Growth{{Items: 1, Ended: true}}}}}},
		"storage twice":         {false, []frame{{kindDone, done{Grown: []host.Growth{{Items: 1}, {Items: 1}}}}}},
		"storage that trapped":  {false, []frame{{kindDone, done{Outcome: vm.Outcome{Status: vm.Trapped}, Grown: []host.Growth{{Items: 1}}}}}},
		"a long line":           {false, []frame{{kindDone, done{Lines: []host.Line{{Text: long}}}}}},
		"long debug text":       {false, []frame{{kindDone, done{Debug: long}}}},
		"changes that trapped":  {false, []frame{{kindDone, done{Outcome: vm.Outcome{Status: vm.Trapped}, Changes: []change{good}}}}},
		"changes in a query":    {true, []frame{changes()}},
		"a query's long result": {true, []frame{{kindDone, done{Debug: make([]byte, maxResult)}}}},
		"an unknown change":     {false, []frame{changes(change{Kind: 9, Key: []byte("k")})}},
		"a name of nothing":     {false, []frame{changes(change{Kind: changeSet})}},
		"a long name":           {false, []frame{changes(change{changeSet, [32]byte{1}, make([]byte, maxStoredKey+1), nil})}},
		"a long value":          {false, []frame{changes(change{changeSet, [32]byte{1}, []byte("k"), long})}},
		"a record of nothing":   {false, []frame{changes(change{Kind: changeRecord})}},
		"money made":            {false, []frame{changes(pay(1, 11))}},
		"money lost":            {false, []frame{changes(pay(1, 9))}},
		"money twice":           {false, []frame{changes(pay(1, 9), pay(2, 6), pay(1, 10))}},
		"more money than there is": {false, []frame{changes(change{changeBalance, [32]byte{1}, nil, bytes.Repeat([]byte{0xff}, 16)},
			change{changeBalance, [32]byte{2}, nil, bytes.Repeat([]byte{0xff}, 16)})}},
		"keys that there are not":   {false, []frame{{kindKey, [32]byte{1}}}},
		"the network in a command":  {false, []frame{{kindWeb, host.WebRequest{URL: "https://example.org"}}}},
		"a batch in a command":      {false, []frame{{kindWebAll, batch{Most: 1}}}},
		"a batch of many":           {true, []frame{{kindWebAll, batch{Requests: make([]host.WebRequest, host.MaxWebRequests+1)}}}},
		"a batch for ever":          {true, []frame{{kindWebAll, batch{Most: maxBatch + 1}}}},
		"a batch of nothing":        {true, []frame{{kindWebAll, true}}},
		"a cache that there is not": {true, []frame{{kindCacheGet, place{}}}},
		"a long question":           {false, []frame{{kindGet, place{Key: long}}}},
		"a question of nothing":     {false, []frame{{kindGet, true}}},
		"many reads":                {false, []frame{{kindDone, done{Read: make([]place, maxForeseen+1)}}}},
		"a long name of a read":     {false, []frame{{kindDone, done{Read: []place{{Key: make([]byte, maxStoredKey+1)}}}}}},
		"fails for no reason":       {false, []frame{{kindFailed, failed{}}}},
		"a long refusal":            {false, []frame{{kindFailed, failed{true, string(long)}}}},
	} {
		w := rich()
		before := w.String()
		if r, err := liar(t, w, tt.query, tt.say...); !errors.Is(err, errEnded) || errors.Is(err, vm.ErrRefused) {
			t.Errorf("%s: %s", name, show(r, err))
		}
		if w.String() != before {
			t.Errorf("%s: the state is\n%swas\n%s", name, w, before)
		}
	}
	// What a contract does is done.
	w := rich()
	if r, err := liar(t, w, false, frame{kindGet, place{[32]byte{1}, []byte("k")}}, changes(pay(1, 4), pay(2, 11))); err != nil || r.Status != vm.OK {
		t.Error(show(r, err))
	}
	if v, _ := w.State([32]byte{1}).Get([]byte("k")); string(v) != "w" || w.Balance([32]byte{2}) != scale.U64(11) {
		t.Errorf("the state is\n%s", w)
	}
	// A fault of the worker is told as what it is, whatever the executor makes of it.
	for _, end := range []frame{{kindFailed, failed{}}, {kindFailed, failed{true, "it is bad"}}} {
		if _, err := liar(t, rich(), false, frame{kindModule, hash.H256{}}, end); !errors.Is(err, errAway) {
			t.Errorf("a code that is away: %v", err)
		}
	}
	if _, err := liar(t, rich(), false, frame{kindFailed, failed{true, "it is bad"}}); !errors.Is(err, vm.ErrRefused) || errors.Is(err, errEnded) {
		t.Errorf("a refused code: %v", err)
	}
}

// A frame of any bytes is one, or an error, and takes no more memory than it
// brings; an outcome of any bytes changes all that it says or nothing.
func FuzzFrames(f *testing.F) {
	f.Add(byte(kindDone), scale.Marshal(done{Changes: []change{{changeSet, [32]byte{1}, []byte("k"), []byte("w")}}}))
	f.Add(byte(kindGet), scale.Marshal(place{[32]byte{1}, []byte("k")}))
	f.Add(byte(kindWeb), scale.Marshal(host.WebRequest{URL: "https://example.org", Headers: []host.WebHeader{{Name: "a", Value: "b"}}}))
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		if _, _, err := newLane(rw{bytes.NewReader(body), io.Discard}).receive(1 << 10); err == nil && len(body) < 5 {
			t.Errorf("a frame of %d bytes", len(body))
		}
		w := rich()
		before := w.String()
		a := asked{
			foresight: &foresight{}, lane: newLane(rw{bytes.NewReader(nil), io.Discard}), around: w, gas: 1000, env: host.Env{State: w.State([32]byte{1}), Address: [32]byte{1}, Money: w},
			codes: func(context.Context, hash.H256) ([]byte, vm.Native, error) { return nil, nil, errAway },
		}
		if kind != kindDone {
			if err := a.answer(context.Background(), kind, body); err == nil && w.String() != before {
				t.Errorf("a question changed the state")
			}
			return
		}
		if r, err := a.finish(body); err == nil {
			d := done{r.Outcome, r.Grown, r.Events, r.Lines, r.Debug, nil, nil}
			if len(scale.Marshal(d)) > len(body)+8 {
				t.Errorf("%d bytes became %d", len(body), len(scale.Marshal(d)))
			}
		} else if w.String() != before {
			t.Errorf("an error changed the state: %v", err)
		}
	})
}

type rw struct {
	io.Reader
	io.Writer
}

func (rw) Close() error { return nil }
