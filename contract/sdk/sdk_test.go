package sdk_test

import (
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

var notes = sdk.NewMap("notes/", sdk.Account, sdk.String)

const empty sdk.Error = 0

var notebook = sdk.Contract{
	Name:         "notebook",
	Errors:       []string{"Empty"},
	Constructors: []sdk.Entry{sdk.Constructor0("new", "", func(*sdk.Call) error { return nil })},
	Messages: []sdk.Entry{
		sdk.Action1("write", "", sdk.Arg("note", sdk.String), sdk.Unit, func(c *sdk.Call, note string) (struct{}, error) {
			notes.Set(c, c.Caller(), note)
			if note == "" {
				return struct{}{}, empty
			}
			return struct{}{}, nil
		}),
		sdk.View0("read", "", sdk.String, func(c *sdk.Call) (string, error) { return notes.Get(c, c.Caller()), nil }),
	},
}

func input(name string, args ...any) []byte {
	sel := hash.Blake2b256([]byte(name))
	b := sel[:4]
	for _, a := range args {
		b = scale.Append(b, a)
	}
	return b
}

func Example() {
	w := &sdk.World{From: sdk.AccountID{1}}
	w.Deploy(&notebook, input("new"))
	w.Call(&notebook, input("write", "my secret"))
	out, _ := w.Call(&notebook, input("read"))
	fmt.Printf("%q\n", out[3:])
	w.From = sdk.AccountID{2}
	out, _ = w.Call(&notebook, input("read"))
	fmt.Printf("%q\n", out[3:])
	// Output:
	// "my secret"
	// ""
}

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
	w := &sdk.World{}
	for _, tt := range tests {
		out, revert := w.Call(&notebook, tt.input)
		if got := fmt.Sprintf("%x", out); got != tt.want || revert != tt.revert {
			t.Errorf("%s: got %s %v, want %s %v", tt.name, got, revert, tt.want, tt.revert)
		}
	}
	out, _ := w.Call(&notebook, input("read"))
	if want := append([]byte{0, 0}, scale.Marshal(long)...); string(out) != string(want) {
		t.Errorf("long text: %d bytes, want %d", len(out), len(want))
	}
}
