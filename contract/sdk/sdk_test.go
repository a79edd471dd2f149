package sdk_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/contract/sdk/sdktest"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

var (
	notes = sdk.NewMap("notes", sdk.Account, sdk.String)
	empty = sdk.NewError("Empty")
)

var notebook = sdk.Contract{
	Name:         "notebook",
	Storage:      []sdk.Stored{notes},
	Errors:       []*sdk.Error{empty},
	Constructors: []sdk.Entry{sdk.Constructor0("new", func(*sdk.Call) error { return nil })},
	Messages: []sdk.Entry{
		sdk.Change1("write", sdk.Arg("note", sdk.String), func(c *sdk.Call, note string) error {
			notes.Set(c, c.Caller(), note)
			if note == "" {
				return empty
			}
			return nil
		}),
		sdk.View0("read", sdk.String, func(c *sdk.Call) (string, error) { return notes.Get(c, c.Caller()), nil }),
		sdk.View0("unlisted", sdk.Unit, func(*sdk.Call) (struct{}, error) { return struct{}{}, errors.New("unlisted") }),
	},
}

func Example() {
	w := sdktest.New(&testing.T{})
	c := w.Deploy("Alice", &notebook)
	_, err := w.Call("Alice", c, "write", "my secret")
	fmt.Println(err)
	fmt.Println(w.Query("Alice", c, "read"))
	fmt.Println(w.Query("Bob", c, "read"))
	// Output:
	// <nil>
	// "my secret" <nil>
	// "" <nil>
}

// host is a Host with an input and a storage, and nothing else.
type host struct {
	sdk.Host
	input []byte
	state map[string][]byte
	topic []sdk.Hash
	data  []byte
	value sdk.U128
}

func (h *host) Input() []byte                       { return h.input }
func (h *host) Value() sdk.U128                     { return h.value }
func (h *host) Caller() sdk.AccountID               { return sdk.AccountID{1} }
func (h *host) Blake2b256(b []byte) sdk.Hash        { return sdk.Hash(hash.Blake2b256(b)) }
func (h *host) Load(k []byte) ([]byte, bool)        { v, ok := h.state[string(k)]; return v, ok }
func (h *host) Store(k, v []byte)                   { h.state[string(k)] = v }
func (h *host) Remove(k []byte)                     { delete(h.state, string(k)) }
func (h *host) Emit(topics []sdk.Hash, data []byte) { h.topic, h.data = topics, data }

// other is a host whose calls of other contracts all end in one way.
type other struct {
	host
	output []byte
	status sdk.CallStatus
}

func (o *other) CallContract(sdk.AccountID, sdk.CallFlags, sdk.U128, []byte) ([]byte, sdk.CallStatus) {
	return o.output, o.status
}

func (o *other) Instantiate(sdk.Hash, sdk.U128, []byte, []byte) (sdk.AccountID, []byte, sdk.CallStatus) {
	return sdk.AccountID{7}, o.output, o.status
}

// What other contracts answer, of all kinds: a contract that ends gives nothing, as
// do the constructors of ink! 3; those of ink! 4 give Ok(()), one byte.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name             string
		output           string
		status           sdk.CallStatus
		unit, text, made string // the errors
	}{
		{"fine", "\x00\x00", sdk.Done, "", "the other contract trapped", ""},
		{"text", "\x00\x00\x04a", sdk.Done, "the other contract trapped", "", ""},
		{"ended", "", sdk.Done, "", "the other contract trapped", ""},
		{"ink! 4", "\x00", sdk.Done, "the other contract trapped", "the other contract trapped", ""},
		{"declared", "\x00\x01\x02", sdk.Reverted, "the other contract answered with an error", "the other contract answered with an error", "the other contract answered with an error"},
		{"reverted", "", sdk.Reverted, "the other contract reverted", "the other contract reverted", "the other contract reverted"},
		{"trapped", "", sdk.Trapped, "the other contract trapped", "the other contract trapped", "the other contract trapped"},
		{"no code", "", sdk.NoCode, "there is no such code", "there is no such code", "there is no such code"},
	} {
		c := &sdk.Call{Host: &other{output: []byte(tt.output), status: tt.status}}
		_, unit := sdk.Remote0[struct{}]{Name: "f", Result: sdk.Unit}.Call(c, sdk.AccountID{7})
		_, text := sdk.Remote0[string]{Name: "f", Result: sdk.String}.Call(c, sdk.AccountID{7})
		_, made := c.Make(sdk.Hash{}, nil, "new", nil)
		for _, e := range []struct {
			what string
			err  error
			want string
		}{{"a message that gives nothing", unit, tt.unit}, {"one that gives text", text, tt.text}, {"a constructor", made, tt.made}} {
			if e.err == nil && e.want != "" || e.err != nil && e.err.Error() != e.want {
				t.Errorf("%s, %s: %v, want %q", tt.name, e.what, e.err, e.want)
			}
		}
	}
}

func call() *sdk.Call { return &sdk.Call{Host: &host{state: map[string][]byte{}}} }

func input(name string, args ...any) []byte {
	sel := hash.Blake2b256([]byte(name))
	b := sel[:4]
	for _, a := range args {
		b = scale.Append(b, a)
	}
	return b
}

// What input is a call, and what is answered: ink! 5's conventions, by hand.
func TestRun(t *testing.T) {
	long := string(make([]byte, 20_000))
	tests := []struct {
		name   string
		input  []byte
		want   string
		revert bool
	}{
		{"too short", []byte{1}, "0101", true},
		{"unknown", []byte{1, 2, 3, 4}, "0101", true},
		{"no argument", input("write"), "0101", true},
		{"too much", append(input("write", "a"), 0), "0101", true},
		{"long length not needed", append(input("write"), 1, 0), "0101", true},
		{"error", input("write", ""), "000100", true},
		{"fine", input("write", "a"), "0000", false},
		{"long", input("write", long), "0000", false},
	}
	h := &host{state: map[string][]byte{}}
	for _, tt := range tests {
		h.input = tt.input
		out, revert := notebook.Run(h, notebook.Messages)
		if got := fmt.Sprintf("%x", out); got != tt.want || revert != tt.revert {
			t.Errorf("%s: got %s %v, want %s %v", tt.name, got, revert, tt.want, tt.revert)
		}
	}
	h.input = input("read")
	out, _ := notebook.Run(h, notebook.Messages)
	if want := append([]byte{0, 0}, scale.Marshal(long)...); string(out) != string(want) {
		t.Errorf("long text: %d bytes, want %d", len(out), len(want))
	}
	defer func() {
		if recover() == nil {
			t.Error("an error that is not listed does not trap")
		}
	}()
	h.input = input("unlisted")
	notebook.Run(h, notebook.Messages)
}

// Sums and differences are those of package scale.
func TestU128(t *testing.T) {
	edges := []uint64{0, 1, 2, 1<<63 - 1, 1 << 63, 1<<64 - 2, 1<<64 - 1}
	for _, a := range edges {
		for _, b := range edges {
			for _, c := range edges {
				for _, d := range edges {
					x, y := sdk.U128{Lo: a, Hi: b}, sdk.U128{Lo: c, Hi: d}
					p, q := scale.U128{Lo: a, Hi: b}, scale.U128{Lo: c, Hi: d}
					sum, fits := x.Add(y)
					if want, ok := p.Add(q); fits != ok || ok && sum != sdk.U128(want) {
						t.Errorf("%v + %v: %v %v, want %v %v", x, y, sum, fits, want, ok)
					}
					diff, fits := x.Sub(y)
					if want, ok := p.Sub(q); fits != ok || ok && diff != sdk.U128(want) {
						t.Errorf("%v - %v: %v %v, want %v %v", x, y, diff, fits, want, ok)
					}
					if x.Less(y) != p.Less(q) || x.IsZero() != p.IsZero() {
						t.Errorf("%v and %v", x, y)
					}
				}
			}
		}
	}
}

// Money is for entries that take it.
func TestPayable(t *testing.T) {
	got := sdk.U128{}
	k := sdk.Contract{Name: "till", Messages: []sdk.Entry{
		sdk.Payable(sdk.Change0("pay", func(c *sdk.Call) error { got = c.Value(); return nil })),
		sdk.Change0("look", func(*sdk.Call) error { return nil }),
	}}
	h := &host{state: map[string][]byte{}, value: sdk.U128{Lo: 7}, input: input("pay")}
	if out, revert := k.Run(h, k.Messages); revert || fmt.Sprintf("%x", out) != "0000" || got.Lo != 7 {
		t.Errorf("paid %v, %x", got, out)
	}
	defer func() {
		if recover() == nil {
			t.Error("a message takes money that is not payable")
		}
	}()
	h.input = input("look")
	k.Run(h, k.Messages)
}

type point struct {
	X  uint16
	Y  sdk.Optional[uint64]
	To []string
	On color
}

type color uint8

var points = sdk.Struct("Point",
	sdk.Field("x", sdk.Uint16, func(p *point) *uint16 { return &p.X }),
	sdk.Field("y", sdk.Option(sdk.Uint64), func(p *point) *sdk.Optional[uint64] { return &p.Y }),
	sdk.Field("to", sdk.Vec(sdk.String), func(p *point) *[]string { return &p.To }),
	sdk.Field("on", sdk.Enum[color]("Color", "Red", "Blue"), func(p *point) *color { return &p.On }))

// Structs, options, lists and enums are as package scale writes them.
func TestCodec(t *testing.T) {
	for _, p := range []point{{}, {7, sdk.Some(uint64(9)), []string{"a", "bc"}, 1}} {
		y := []byte{0}
		if p.Y.Some {
			y = scale.AppendUint64([]byte{1}, p.Y.Value)
		}
		want := slices.Concat(scale.Marshal(p.X), y, scale.Marshal(append([]string{}, p.To...)), []byte{byte(p.On)})
		got := points.Append(nil, p)
		if string(got) != string(want) {
			t.Errorf("%+v: got %x, want %x", p, got, want)
		}
		cell := sdk.NewCell("point", points)
		c := call()
		cell.Set(c, p)
		if back := cell.Get(c); fmt.Sprint(back) != fmt.Sprint(p) {
			t.Errorf("%+v comes back as %+v", p, back)
		}
	}
	if got := sdk.Vec(points).Type.String(); got != "Vec<Point>" {
		t.Errorf("the type is called %s", got)
	}
	for name, b := range map[string]string{"enum": "\x00\x00\x00\x00\x02", "option": "\x00\x00\x02\x00\x00", "list": "\x00\x00\x00\x08\x00"} {
		c := call()
		key := sdk.NewCell("point", points).Layout().Key
		c.Store(key[:], []byte(b))
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: %x is read as a point", name, b)
				}
			}()
			sdk.NewCell("point", points).Get(c)
		}()
	}
}

// What no variant has is not stored: it could not be read.
func TestEnum(t *testing.T) {
	cell := sdk.NewCell("color", sdk.Enum[color]("Color", "Red", "Blue"))
	c := call()
	cell.Set(c, 1)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a color is stored that is none")
			}
		}()
		cell.Set(c, cell.Get(c)+1)
	}()
	if got := cell.Get(c); got != 1 {
		t.Errorf("the color is %d", got)
	}
}

// A list does what a slice does.
func TestList(t *testing.T) {
	c, list, model := call(), sdk.NewList("list", sdk.Uint32), []uint32(nil)
	for i := range uint32(300) {
		switch i % 5 {
		case 0, 1, 2:
			if at := list.Push(c, i); at != uint32(len(model)) {
				t.Fatalf("pushed at %d", at)
			}
			model = append(model, i)
		case 3:
			at := (i * 7) % uint32(len(model)+1)
			if ok := list.Remove(c, at); ok != (int(at) < len(model)) {
				t.Fatalf("removed %d of %d: %v", at, len(model), ok)
			}
			if int(at) < len(model) {
				model[at] = model[len(model)-1]
				model = model[:len(model)-1]
			}
		case 4:
			v, ok := list.Pop(c)
			if !ok || v != model[len(model)-1] {
				t.Fatalf("popped %d %v", v, ok)
			}
			model = model[:len(model)-1]
			if list.Set(c, 0, i) != (len(model) > 0) {
				t.Fatal("set")
			}
			if len(model) > 0 {
				model[0] = i
			}
		}
		var got []uint32
		for j, v := range list.All(c) {
			if w, ok := list.Get(c, j); !ok || w != v {
				t.Fatalf("value %d is %d, and %d in order", j, w, v)
			}
			got = append(got, v)
		}
		if !slices.Equal(got, model) {
			t.Fatalf("step %d: got %v, want %v", i, got, model)
		}
	}
	for list.Len(c) > 0 {
		list.Pop(c)
	}
	if _, ok := list.Pop(c); ok || list.Remove(c, 0) {
		t.Error("an empty list gives something")
	}
	// The length alone is left.
	if n := len(c.Host.(*host).state); n != 1 {
		t.Errorf("%d entries are left", n)
	}
}

// Events are laid out as ink! 5 does: no index, the signature as first topic, a
// topic of at most 32 bytes as it is, a longer one hashed.
func TestEvent(t *testing.T) {
	type said struct {
		who  sdk.AccountID
		text string
		n    uint8
	}
	event := sdk.NewEvent("Said", sdk.Topic("who", sdk.Account, func(s *said) *sdk.AccountID { return &s.who }),
		sdk.Topic("text", sdk.String, func(s *said) *string { return &s.text }), sdk.Field("n", sdk.Uint8, func(s *said) *uint8 { return &s.n }))
	for _, text := range []string{"short", "a text that is longer than thirty-two bytes"} {
		c := call()
		event.Emit(c, said{sdk.AccountID{1}, text, 9})
		h := c.Host.(*host)
		encoded := scale.Marshal(text)
		topic := sdk.Hash(hash.Blake2b256(encoded))
		if len(encoded) <= 32 {
			topic = sdk.Hash{}
			copy(topic[:], encoded)
		}
		want := []sdk.Hash{sdk.Hash(hash.Blake2b256([]byte("Said(AccountId,String,u8)"))), {1}, topic}
		if !slices.Equal(h.topic, want) {
			t.Errorf("%s: topics %x, want %x", text, h.topic, want)
		}
		account := [32]byte{1}
		if want := append(append(account[:], encoded...), 9); string(h.data) != string(want) {
			t.Errorf("%s: data %x, want %x", text, h.data, want)
		}
	}
}

// The signature topic of Transfer as cargo-contract wrote it for ink! 5's erc20.
func TestSignature(t *testing.T) {
	account := sdk.Option(sdk.Account).Type
	e := sdk.EventInfo{Name: "Transfer", Fields: []sdk.Param{{Name: "from", Type: account}, {Name: "to", Type: account}, {Name: "value", Type: &sdk.Type{Name: "Balance"}}}}
	const want = "0xb5b61a3e6a21a16be4f044b517c28ac692492f73c5bfd3f60178ad98c767f4cb"
	if got := hash.Blake2b256([]byte(e.Signature())).String(); got != want {
		t.Errorf("%s gives %s, want %s", e.Signature(), got, want)
	}
}
