package sdktest_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/contract/sdk/sdktest"
)

// doing is a contract whose one message does what a test says.
func doing(do func(c *sdk.Call) (string, error), events ...sdk.EventInfo) *sdk.Contract {
	return &sdk.Contract{
		Name: "doing", Events: events, Errors: []*sdk.Error{refuse},
		Constructors: []sdk.Entry{sdk.Constructor0("new", func(*sdk.Call) error { return nil })},
		Messages:     []sdk.Entry{sdk.Action0("do", sdk.String, do)},
	}
}

// The limits are those of package host, to the byte.
func TestLimits(t *testing.T) {
	long := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	write := func(n int) func(c *sdk.Call) {
		return func(c *sdk.Call) {
			// 1,024 entries of 16 KiB each, with what beside the value counts.
			for i := range n {
				c.Store([]byte(fmt.Sprintf("%04d", i)), long(16<<10-65-4))
			}
		}
	}
	for _, tt := range []struct {
		name string
		do   func(c *sdk.Call)
		trap bool
	}{
		{"salt", func(c *sdk.Call) { c.Instantiate(sdk.Hash{}, sdk.U128{}, long(128), nil) }, false},
		{"long salt", func(c *sdk.Call) { c.Instantiate(sdk.Hash{}, sdk.U128{}, long(129), nil) }, true},
		{"input", func(c *sdk.Call) { c.Instantiate(sdk.Hash{}, sdk.U128{}, nil, long(64<<10)) }, false},
		{"long input", func(c *sdk.Call) { c.Instantiate(sdk.Hash{}, sdk.U128{}, nil, long(64<<10+1)) }, true},
		{"flags", func(c *sdk.Call) { c.CallContract(sdk.AccountID{9}, sdk.AllowReentry|sdk.ReadOnly, sdk.U128{}, nil) }, false},
		{"unknown flags", func(c *sdk.Call) { c.CallContract(sdk.AccountID{9}, 32, sdk.U128{}, nil) }, true},
		{"randomness", func(c *sdk.Call) { c.Random(long(64 << 10)) }, false},
		{"much randomness", func(c *sdk.Call) { c.Random(long(64<<10 + 1)) }, true},
		{"cached", func(c *sdk.Call) { c.CacheSet(long(128), long(16<<10), 1) }, false},
		{"long key cached", func(c *sdk.Call) { c.CacheSet(long(129), nil, 1) }, true},
		{"long value cached", func(c *sdk.Call) { c.CacheSet(nil, long(16<<10+1), 1) }, true},
		{"long key looked for", func(c *sdk.Call) { c.CacheGet(long(129)) }, true},
		{"16 MiB written", write(1024), false},
		{"one more", func(c *sdk.Call) { write(1024)(c); c.Remove(nil) }, true},
	} {
		w := sdktest.New(t)
		c := w.Deploy("Alice", doing(func(c *sdk.Call) (string, error) { tt.do(c); return "", nil }))
		if _, err := w.Call("Alice", c, "do"); errors.Is(err, sdktest.ErrTrapped) != tt.trap || (err != nil) != tt.trap {
			t.Errorf("%s: %v, a trap is %v", tt.name, err, tt.trap)
		}
	}
}

// A log takes 64 lines of a transaction, of levels that there are.
func TestLines(t *testing.T) {
	w := sdktest.New(t)
	c := w.Deploy("Alice", doing(func(c *sdk.Call) (string, error) {
		for _, level := range []sdk.Level{0, 6, 1, 5} {
			c.Log(level, fmt.Sprint(level))
		}
		for range 100 {
			c.Log(sdk.LevelInfo, "more")
		}
		return "", nil
	}))
	if _, err := w.Call("Alice", c, "do"); err != nil {
		t.Fatal(err)
	}
	if len(w.Lines) != 64 || w.Lines[0].Text != "1" || w.Lines[1].Text != "5" {
		t.Errorf("%d lines: %v", len(w.Lines), w.Lines)
	}
}

// What is cached for longer than a year is cached for a year.
func TestCacheTime(t *testing.T) {
	w := sdktest.New(t)
	c := w.Deploy("Alice", doing(func(c *sdk.Call) (string, error) {
		v, ok := c.CacheGet([]byte("k"))
		if !ok {
			c.CacheSet([]byte("k"), []byte("v"), math.MaxUint64)
		}
		return string(v), nil
	}))
	var got []string
	for _, pass := range []time.Duration{0, 364 * 24 * time.Hour, 2 * 24 * time.Hour} {
		w.Pass(pass)
		s, err := w.Query("Alice", c, "do")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s)
	}
	if fmt.Sprint(got) != `["" "v" ""]` {
		t.Errorf("cached: %v", got)
	}
}

// A transaction runs twelve codes.
func TestManyCodes(t *testing.T) {
	w := sdktest.New(t)
	var others []sdk.AccountID
	for range 12 {
		others = append(others, w.Deploy("Alice", doing(func(*sdk.Call) (string, error) { return "", nil })))
	}
	n := 0
	c := w.Deploy("Alice", doing(func(c *sdk.Call) (string, error) {
		for _, id := range others[:n] {
			if _, err := (sdk.Remote0[string]{Name: "do", Result: sdk.String}).Call(c, id); err != nil {
				return "", refuse
			}
		}
		return "", nil
	}))
	for _, tt := range []struct {
		n    int
		trap bool
	}{{11, false}, {12, true}} {
		n = tt.n
		if _, err := w.Call("Alice", c, "do"); errors.Is(err, sdktest.ErrTrapped) != tt.trap || (err != nil) != tt.trap {
			t.Errorf("%d other codes: %v", tt.n, err)
		}
	}
}

// After a trap, or the end of the contract, nothing of it counts that an enclave
// would not run: neither a recover nor what was deferred.
func TestAfterTheEnd(t *testing.T) {
	heir := sdktest.Account("Bob")
	lock := sdk.NewCell("lock", sdk.Bool)
	w := sdktest.New(t)
	w.Give(sdktest.Account("Alice"), 100)
	trapped := w.Deploy("Alice", doing(func(c *sdk.Call) (s string, _ error) {
		defer func() {
			if recover() != nil {
				s = "caught"
			}
		}()
		c.CallContract(c.Self(), 0, sdk.U128{}, nil)
		return "done", nil
	}))
	if got, err := w.Call("Alice", trapped, "do"); !errors.Is(err, sdktest.ErrTrapped) || !strings.Contains(err.Error(), "entered again") {
		t.Errorf("a trap that is recovered from gives %s, %v", got, err)
	}
	k := doing(func(c *sdk.Call) (string, error) {
		lock.Set(c, true)
		defer lock.Set(c, false)
		defer said.Emit(c, words{heir, "after the end"})
		said.Emit(c, words{heir, "before the end"})
		c.Terminate(heir)
		return "done", nil
	}, said.EventInfo)
	k.Constructors[0] = sdk.Payable(k.Constructors[0])
	ended, err := w.DeployPaying("Alice", 10, k)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.Call("Alice", ended, "do"); err != nil || got != "()" {
		t.Errorf("the end of a contract gives %s, %v", got, err)
	}
	if n := w.Balance(heir); n.Lo != 10 || len(w.Events) != 1 || !strings.Contains(w.Events[0].Text, "before") {
		t.Errorf("the heir has %d, events %v", n.Lo, w.Events)
	}
	if _, err := w.Call("Alice", ended, "do"); err == nil || errors.Is(err, sdktest.ErrTrapped) {
		t.Errorf("a contract that ended answers: %v", err)
	}
}

// Two contracts of one name and version are two codes. An event is that of the
// code which runs, also when the contract will have another from the next call on.
func TestCodes(t *testing.T) {
	w := sdktest.New(t)
	var next sdk.Hash
	old := doing(func(c *sdk.Call) (string, error) {
		if !c.SetCode(next) {
			return "", refuse
		}
		said.Emit(c, words{c.Caller(), "changed"})
		return "old", nil
	}, said.EventInfo)
	name := w.Code(old)
	c := w.Deploy("Alice", old)
	next = w.Code(doing(func(*sdk.Call) (string, error) { return "new", nil }))
	if again := w.Code(old); name == next || name != again {
		t.Errorf("a code is %x, then %x; another %x", name, again, next)
	}
	for _, want := range []string{`"old"`, `"new"`} {
		if got, err := w.Call("Alice", c, "do"); err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	if want := fmt.Sprintf(`Said{who: %s, text: "changed"}`, sdktest.Text(sdktest.Account("Alice"))); len(w.Events) != 1 || w.Events[0].Text != want {
		t.Errorf("events %v, want %s", w.Events, want)
	}
}

// A contract that could not be made has no name, as in the enclave.
func TestUnmade(t *testing.T) {
	w := sdktest.New(t)
	bad := doing(func(*sdk.Call) (string, error) { return "", nil })
	bad.Constructors[0] = sdk.Constructor0("new", func(*sdk.Call) error { return refuse })
	code := w.Code(bad)
	c := w.Deploy("Alice", doing(func(c *sdk.Call) (string, error) {
		id, err := c.Make(code, nil, "new", nil)
		return fmt.Sprint(id == sdk.AccountID{}, err != nil), nil
	}))
	if got, err := w.Call("Alice", c, "do"); err != nil || got != `"true true"` {
		t.Errorf("got %s, %v", got, err)
	}
}
