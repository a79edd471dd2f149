package sdktest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/contract/sdk/sdktest"
)

var (
	last   = sdk.NewCell("last", sdk.String)
	made   = sdk.NewList("made", sdk.Account)
	refuse = sdk.NewError("No")
	said   = sdk.NewEvent("Said", sdk.Topic("who", sdk.Account, func(s *words) *sdk.AccountID { return &s.who }),
		sdk.Field("text", sdk.String, func(s *words) *string { return &s.text }))
)

type words struct {
	who  sdk.AccountID
	text string
}

// say is a message of the contract itself.
var say = sdk.Remote1[string, string]{Name: "say", A: sdk.String, Result: sdk.String}

// parrot keeps what it is told and repeats it, in all the ways in which a call
// can end.
var parrot = sdk.Contract{
	Name:         "parrot",
	Storage:      []sdk.Stored{last, made},
	Errors:       []*sdk.Error{refuse},
	Events:       []sdk.EventInfo{said.EventInfo},
	Constructors: []sdk.Entry{sdk.Constructor1("new", sdk.Arg("text", sdk.String), func(c *sdk.Call, s string) error { _, err := tell(c, s); return err })},
	Messages: []sdk.Entry{
		sdk.Action1("say", sdk.Arg("text", sdk.String), sdk.String, tell),
		sdk.View0("last", sdk.String, func(c *sdk.Call) (string, error) { return last.Get(c), nil }),
		sdk.Action2("via", sdk.Arg("other", sdk.Account), sdk.Arg("text", sdk.String), sdk.String, via),
		sdk.View2("look", sdk.Arg("other", sdk.Account), sdk.Arg("text", sdk.String), sdk.String, look),
		sdk.Action1("hatch", sdk.Arg("code", sdk.Hash256), sdk.Account, hatch),
		sdk.View0("owner", sdk.Account, func(c *sdk.Call) (sdk.AccountID, error) { return c.Owner(), nil }),
		sdk.View0("dice", sdk.Uint8, func(c *sdk.Call) (uint8, error) { var b [1]byte; c.Random(b[:]); return b[0], nil }),
		sdk.View0("now", sdk.Uint64, func(c *sdk.Call) (uint64, error) { return c.Now() + uint64(c.Block()), nil }),
		sdk.View0("cached", sdk.Bool, func(c *sdk.Call) (bool, error) {
			_, ok := c.CacheGet([]byte("k"))
			c.CacheSet([]byte("k"), nil, 60)
			return ok, nil
		}),
	},
}

func tell(c *sdk.Call, text string) (string, error) {
	before := last.Get(c)
	last.Set(c, text)
	said.Emit(c, words{c.Caller(), text})
	c.Log(sdk.LevelInfo, "heard "+text)
	switch text {
	case "no":
		return "", refuse
	case "panic":
		panic("as told")
	case "end":
		c.Terminate(c.Owner())
	case "long":
		last.Set(c, strings.Repeat("x", 17_000))
	case "self":
		return via(c, c.Self(), "again")
	}
	return before, nil
}

func via(c *sdk.Call, other sdk.AccountID, text string) (string, error) {
	last.Set(c, "through")
	got, err := say.Call(c, other, text)
	if err != nil {
		return err.Error(), nil
	}
	return got, nil
}

func look(c *sdk.Call, other sdk.AccountID, text string) (string, error) {
	got, err := say.View(c, other, text)
	if err != nil {
		return err.Error(), nil
	}
	return got, nil
}

func hatch(c *sdk.Call, code sdk.Hash) (sdk.AccountID, error) {
	id, err := c.Make(code, nil, "new", sdk.String.Append(nil, "egg"))
	if err != nil {
		return id, refuse
	}
	made.Push(c, id)
	return id, nil
}

// Calls end as they do in the enclave, and leave what they leave there.
func TestWorld(t *testing.T) {
	w := sdktest.New(t)
	a := w.Deploy("Alice", &parrot, "first")
	b := w.Deploy("Bob", &parrot, "second")
	at := func(c sdk.AccountID) string {
		t.Helper()
		s, err := w.Query("Alice", c, "last")
		if err != nil {
			return err.Error()
		}
		return s
	}
	tests := []struct {
		name      string
		call      func() (string, error)
		want      string
		a, b      string // what they keep then
		events    int
		lines     int
		wantTrap  bool
		wantError string
	}{
		{"fine", func() (string, error) { return w.Call("Alice", a, "say", "one") }, `"first"`, "one", "second", 1, 1, false, ""},
		{"refused", func() (string, error) { return w.Call("Alice", a, "say", "no") }, "", "one", "second", 0, 1, false, "No"},
		{"panics", func() (string, error) { return w.Call("Alice", a, "say", "panic") }, "", "one", "second", 0, 1, true, ""},
		{"too long", func() (string, error) { return w.Call("Alice", a, "say", "long") }, "", "one", "second", 0, 1, true, ""},
		{"query", func() (string, error) { return w.Query("Alice", a, "say", "two") }, `"one"`, "one", "second", 0, 0, false, ""},
		{"other", func() (string, error) { return w.Call("Alice", a, "via", sdktest.Text(b), "three") }, `"second"`, "through", "three", 1, 1, false, ""},
		{"other refuses", func() (string, error) { return w.Call("Alice", a, "via", sdktest.Text(b), "no") }, `"the other contract answered with an error"`, "through", "three", 0, 1, false, ""},
		{"other panics", func() (string, error) { return w.Call("Alice", a, "via", sdktest.Text(b), "panic") }, `"the other contract trapped"`, "through", "three", 0, 1, false, ""},
		{"nobody", func() (string, error) { return w.Call("Alice", a, "via", "0x"+strings.Repeat("00", 32), "x") }, `"there is no such contract"`, "through", "three", 0, 0, false, ""},
		{"read only", func() (string, error) { return w.Call("Alice", a, "look", sdktest.Text(b), "x") }, `"the other contract trapped"`, "through", "three", 0, 0, false, ""},
		{"itself", func() (string, error) { return w.Call("Alice", a, "via", sdktest.Text(a), "x") }, "", "through", "three", 0, 0, true, ""},
		{"other calls itself", func() (string, error) { return w.Call("Alice", a, "via", sdktest.Text(b), "self") }, `"the other contract trapped"`, "through", "three", 0, 1, false, ""},
		{"ends", func() (string, error) { return w.Call("Alice", a, "via", sdktest.Text(b), "end") }, `"the other contract trapped"`, "through", "there is no such contract", 1, 1, false, ""},
	}
	for _, tt := range tests {
		events, lines := len(w.Events), len(w.Lines)
		got, err := tt.call()
		trapped, refused := errors.Is(err, sdktest.ErrTrapped), tt.wantError != "" && sdktest.Refused(err, tt.wantError)
		if got != tt.want || trapped != tt.wantTrap || (err != nil) != (tt.wantTrap || tt.wantError != "") || (tt.wantError != "") != refused {
			t.Errorf("%s: got %s, %v", tt.name, got, err)
		}
		if x, y := strings.Trim(at(a), `"`), strings.Trim(at(b), `"`); x != tt.a || y != tt.b {
			t.Errorf("%s: %s and %s are kept, want %s and %s", tt.name, x, y, tt.a, tt.b)
		}
		if n, m := len(w.Events)-events, len(w.Lines)-lines; n != tt.events || m != tt.lines {
			t.Errorf("%s: %d events and %d lines, want %d and %d", tt.name, n, m, tt.events, tt.lines)
		}
	}
	if got, want := w.Events[2].Text, fmt.Sprintf(`Said{who: %s, text: "one"}`, sdktest.Text(sdktest.Account("Alice"))); got != want {
		t.Errorf("event %s, want %s", got, want)
	}
}

// Contracts make contracts, which belong to whom they belong to.
func TestHatch(t *testing.T) {
	w := sdktest.New(t)
	a := w.Deploy("Alice", &parrot, "hen")
	code := w.Code(&parrot)
	child, err := w.Call("Bob", a, "hatch", fmt.Sprintf("0x%x", code))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.Call("Bob", a, "via", child, "hello"); err != nil || got != `"egg"` {
		t.Errorf("the child said %s, %v", got, err)
	}
	if _, err := w.Call("Bob", a, "hatch", "0x"+strings.Repeat("00", 32)); !sdktest.Refused(err, "No") {
		t.Errorf("an unknown code: %v", err)
	}
	if _, err := w.Call("Bob", a, "hatch", fmt.Sprintf("0x%x", code)); !errors.Is(err, sdktest.ErrTrapped) {
		t.Errorf("the same child again: %v", err)
	}
	if _, err := w.TryDeploy("Alice", &parrot, "no"); !sdktest.Refused(err, "No") {
		t.Errorf("a constructor that refuses: %v", err)
	}
}

// The clock is the test's, randomness another one in each call, and queries
// alone are cached.
func TestClock(t *testing.T) {
	w := sdktest.New(t)
	a := w.Deploy("Alice", &parrot, "")
	before, err := w.Query("Alice", a, "now")
	if err != nil {
		t.Fatal(err)
	}
	w.Pass(time.Second)
	if after, err := w.Query("Alice", a, "now"); err != nil || before != "1893456000001" || after != "1893456001002" {
		t.Errorf("before %s, after %s, %v", before, after, err)
	}
	dice := map[string]bool{}
	for range 20 {
		d, err := w.Query("Alice", a, "dice")
		if err != nil {
			t.Fatal(err)
		}
		dice[d] = true
	}
	if len(dice) < 10 {
		t.Errorf("the dice show %v", dice)
	}
	cached := func(do func(string, sdk.AccountID, string, ...string) (string, error)) string {
		s, err := do("Alice", a, "cached")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	got := []string{cached(w.Query), cached(w.Query), cached(w.Call)}
	w.Pass(time.Minute)
	if got = append(got, cached(w.Query)); fmt.Sprint(got) != "[false true false false]" {
		t.Errorf("cached: %v", got)
	}
}

var (
	fail  = sdk.NewError("Fail")
	short = sdk.NewError("Short")
)

// till takes money and hands it out, in all the ways in which money moves.
var till = sdk.Contract{
	Name:         "till",
	Errors:       []*sdk.Error{fail, short},
	Constructors: []sdk.Entry{sdk.Payable(sdk.Constructor0("new", func(*sdk.Call) error { return nil }))},
	Messages: []sdk.Entry{
		sdk.Payable(sdk.Action0("take", sdk.Amount, func(c *sdk.Call) (sdk.U128, error) { return c.Balance(), nil })),
		sdk.Payable(sdk.Change0("refuse", func(*sdk.Call) error { return fail })),
		sdk.Change0("look", func(*sdk.Call) error { return nil }),
		sdk.Change2("give", sdk.Arg("to", sdk.Account), sdk.Arg("amount", sdk.Amount), func(c *sdk.Call, to sdk.AccountID, n sdk.U128) error {
			if !c.Transfer(to, n) {
				return short
			}
			return nil
		}),
		sdk.Action3("pay", sdk.Arg("to", sdk.Account), sdk.Arg("amount", sdk.Amount), sdk.Arg("message", sdk.String), sdk.String,
			func(c *sdk.Call, to sdk.AccountID, n sdk.U128, message string) (string, error) {
				if _, err := (sdk.Remote0[sdk.U128]{Name: message, Result: sdk.Amount}).Pay(c, to, n); err != nil {
					return err.Error(), nil
				}
				return "paid", nil
			}),
		sdk.Change2("make", sdk.Arg("code", sdk.Hash256), sdk.Arg("amount", sdk.Amount), func(c *sdk.Call, code sdk.Hash, n sdk.U128) error {
			if _, err := c.MakePaying(code, n, nil, "new", nil); err != nil {
				return short
			}
			return nil
		}),
		sdk.Change1("close", sdk.Arg("heir", sdk.Account), func(c *sdk.Call, heir sdk.AccountID) error { c.Terminate(heir); return nil }),
	},
}

// Money moves as in the enclave: the rows of package host's TestMoney, in
// contracts.
func TestMoney(t *testing.T) {
	w := sdktest.New(t)
	w.Give(sdktest.Account("Alice"), 100)
	a, err := w.DeployPaying("Alice", 40, &till)
	if err != nil {
		t.Fatal(err)
	}
	b := w.Deploy("Bob", &till)
	code := fmt.Sprintf("0x%x", w.Code(&till))
	to, self := sdktest.Text(b), sdktest.Text(a)
	tests := []struct {
		name           string
		call           func() (string, error)
		want           string
		alice, a, b    uint64
		refused, error string
	}{
		{"look", func() (string, error) { return w.Call("Alice", a, "look") }, "()", 60, 40, 0, "", ""},
		{"pay", func() (string, error) { return w.Pay("Alice", 10, a, "take") }, "50", 50, 50, 0, "", ""},
		{"pay more", func() (string, error) { return w.Pay("Alice", 51, a, "take") }, "", 50, 50, 0, "", "the caller holds less than the value"},
		{"pay what refuses", func() (string, error) { return w.Pay("Alice", 10, a, "refuse") }, "", 50, 50, 0, "Fail", ""},
		{"pay what takes none", func() (string, error) { return w.Pay("Alice", 10, a, "look") }, "", 50, 50, 0, "", "trapped"},
		{"give", func() (string, error) { return w.Call("Alice", a, "give", to, "5") }, "()", 50, 45, 5, "", ""},
		{"give more", func() (string, error) { return w.Call("Alice", a, "give", to, "46") }, "", 50, 45, 5, "Short", ""},
		{"query that gives", func() (string, error) { return w.Query("Alice", a, "give", to, "5") }, "()", 50, 45, 5, "", ""},
		{"call that pays", func() (string, error) { return w.Call("Alice", a, "pay", to, "5", "take") }, `"paid"`, 50, 40, 10, "", ""},
		{"call that pays more", func() (string, error) { return w.Call("Alice", a, "pay", to, "41", "take") }, `"the contract holds less than the value"`, 50, 40, 10, "", ""},
		{"call that pays what refuses", func() (string, error) { return w.Call("Alice", a, "pay", to, "5", "refuse") }, `"the other contract answered with an error"`, 50, 40, 10, "", ""},
		{"call that pays what takes none", func() (string, error) { return w.Call("Alice", a, "pay", to, "5", "look") }, `"the other contract trapped"`, 50, 40, 10, "", ""},
		{"make more", func() (string, error) { return w.Call("Alice", a, "make", code, "41") }, "", 50, 40, 10, "Short", ""},
		{"make", func() (string, error) { return w.Call("Alice", a, "make", code, "15") }, "()", 50, 25, 10, "", ""},
		{"close for itself", func() (string, error) { return w.Call("Alice", a, "close", self) }, "", 50, 25, 10, "", "would be lost"},
		{"close", func() (string, error) { return w.Call("Alice", a, "close", to) }, "()", 50, 0, 35, "", ""},
		{"give to what is closed", func() (string, error) { return w.Call("Alice", b, "give", self, "1") }, "", 50, 0, 35, "Short", ""},
	}
	for _, tt := range tests {
		got, err := tt.call()
		failed := tt.refused != "" || tt.error != ""
		if got != tt.want || (err != nil) != failed || tt.refused != "" && !sdktest.Refused(err, tt.refused) || tt.error != "" && !strings.Contains(err.Error(), tt.error) {
			t.Errorf("%s: %s, %v", tt.name, got, err)
		}
		alice, x, y := w.Balance(sdktest.Account("Alice")), w.Balance(a), w.Balance(b)
		if alice.Lo != tt.alice || x.Lo != tt.a || y.Lo != tt.b {
			t.Errorf("%s: Alice has %d, a %d, b %d", tt.name, alice.Lo, x.Lo, y.Lo)
		}
	}
}

// rules breaks those of calls: it is called in its constructor, and moves money
// where nothing may change.
var rules = sdk.Contract{
	Name: "rules",
	Constructors: []sdk.Entry{sdk.Constructor1("new", sdk.Arg("via", sdk.Account), func(c *sdk.Call, via sdk.AccountID) error {
		name, to := "nothing", c.Self()
		if via != (sdk.AccountID{}) {
			name, to = "through", via
		}
		out, status := c.CallContract(to, sdk.AllowReentry, sdk.U128{}, append(c.Selector(name), sdkArg(name, c.Self())...))
		c.Log(sdk.LevelInfo, fmt.Sprintf("%d %x", status, out))
		return nil
	})},
	Messages: []sdk.Entry{
		sdk.Payable(sdk.Change0("nothing", func(*sdk.Call) error { return nil })),
		sdk.Action1("through", sdk.Arg("to", sdk.Account), sdk.Uint32, func(c *sdk.Call, to sdk.AccountID) (uint32, error) {
			_, status := c.CallContract(to, sdk.AllowReentry, sdk.U128{}, c.Selector("nothing"))
			return uint32(status), nil
		}),
		sdk.Action2("make", sdk.Arg("code", sdk.Hash256), sdk.Arg("via", sdk.Account), sdk.Account, func(c *sdk.Call, code sdk.Hash, via sdk.AccountID) (sdk.AccountID, error) {
			return c.Make(code, []byte{via[0]}, "new", via[:])
		}),
		sdk.Action2("view", sdk.Arg("to", sdk.Account), sdk.Arg("amount", sdk.Amount), sdk.Uint32, func(c *sdk.Call, to sdk.AccountID, n sdk.U128) (uint32, error) {
			_, status := c.CallContract(to, sdk.ReadOnly, n, c.Selector("nothing"))
			return uint32(status), nil
		}),
		sdk.Action0("give", sdk.Bool, func(c *sdk.Call) (bool, error) { return c.Transfer(c.Caller(), sdk.U128{}), nil }),
		sdk.Action1("viewed", sdk.Arg("to", sdk.Account), sdk.Uint32, func(c *sdk.Call, to sdk.AccountID) (uint32, error) {
			_, status := c.CallContract(to, sdk.ReadOnly, sdk.U128{}, c.Selector("give"))
			return uint32(status), nil
		}),
	},
}

func sdkArg(message string, id sdk.AccountID) []byte {
	if message == "nothing" {
		return nil
	}
	return id[:]
}

// What package host refuses, a world refuses: a call of a contract whose
// constructor runs, and money that moves in a read-only call.
func TestRules(t *testing.T) {
	w := sdktest.New(t)
	nobody := "0x" + strings.Repeat("00", 32)
	a, b := w.Deploy("Alice", &rules, nobody), w.Deploy("Alice", &rules, nobody)
	code := fmt.Sprintf("0x%x", w.Code(&rules))
	w.Give(a, 10)
	w.Deploy("Alice", &rules, sdktest.Text(b))
	for _, via := range []string{nobody, sdktest.Text(b)} {
		if _, err := w.Call("Alice", a, "make", code, via); err != nil {
			t.Error(err)
		}
	}
	// An account made three, and a contract two.
	var got []string
	for _, l := range w.Lines {
		got = append(got, l.Text)
	}
	if s := strings.Join(got, ", "); s != "8 , 8 , 0 000008000000, 8 , 0 000008000000" {
		t.Errorf("constructors called: %s", s)
	}
	for _, tt := range []struct {
		message, want string
		args          []string
	}{
		{"view", "0", []string{sdktest.Text(b), "0"}},
		{"view", "", []string{sdktest.Text(b), "1"}},
		{"give", "true", nil},
		{"viewed", "1", []string{sdktest.Text(b)}},
	} {
		got, err := w.Call("Alice", a, tt.message, tt.args...)
		if got != tt.want || errors.Is(err, sdktest.ErrTrapped) != (tt.want == "") {
			t.Errorf("%s %v: %s, %v", tt.message, tt.args, got, err)
		}
	}
}

// asker tells who asks, and which worker answers; through itself, who began.
var asker = sdk.Contract{
	Name:         "asker",
	Constructors: []sdk.Entry{sdk.Constructor0("new", func(*sdk.Call) error { return nil })},
	Messages: []sdk.Entry{
		sdk.Action0("who", sdk.String, func(c *sdk.Call) (string, error) {
			cert := c.Certificate()
			key, query := c.Worker()
			text := fmt.Sprintf("%v %v %d %x %v", cert.Account == sdktest.Account("Bob"), cert.Command, cert.Scheme, key[:1], query)
			if cert.Session != nil {
				text += fmt.Sprintf(" %x until %d", cert.Session.Key[:1], cert.Session.Until)
			}
			return text, nil
		}),
		sdk.Action1("through", sdk.Arg("other", sdk.Account), sdk.String, func(c *sdk.Call, other sdk.AccountID) (string, error) {
			return sdk.Remote0[string]{Name: "who", Result: sdk.String}.Call(c, other)
		}),
	},
}

// Contracts are told who began the transaction and how that is known, and in
// queries which worker answers.
func TestCertificate(t *testing.T) {
	w := sdktest.New(t)
	w.Worker = [32]byte{0xbb}
	a, b := w.Deploy("Alice", &asker), w.Deploy("Alice", &asker)
	for name, tt := range map[string]struct {
		ask  func() (string, error)
		want string
	}{
		"a command":         {func() (string, error) { return w.Call("Bob", a, "who") }, `"true true 0 00 false"`},
		"a query":           {func() (string, error) { return w.Query("Bob", a, "who") }, `"true false 1 bb true"`},
		"through another":   {func() (string, error) { return w.Query("Bob", a, "through", sdktest.Text(b)) }, `"true false 1 bb true"`},
		"by another person": {func() (string, error) { return w.Query("Alice", a, "who") }, `"false false 1 bb true"`},
		"in a session": {func() (string, error) {
			w.Session = &sdk.Session{Key: [32]byte{0x5e}, Until: 9}
			defer func() { w.Session = nil }()
			return w.Query("Bob", a, "who")
		}, `"true false 0 bb true 5e until 9"`},
	} {
		if got, err := tt.ask(); err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, tt.want)
		}
	}
}
