package abi

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/hash"
)

type placed struct {
	who  sdk.AccountID
	bids []sdk.U128
}

var (
	placedEvent = sdk.NewEvent("Placed", sdk.Topic("who", sdk.Account, func(p *placed) *sdk.AccountID { return &p.who }),
		sdk.Field("bids", sdk.Vec(sdk.Amount), func(p *placed) *[]sdk.U128 { return &p.bids }))
	late = sdk.NewError("Late")
)

func nothing(*sdk.Call) error { return nil }

func sample(stored ...sdk.Stored) *sdk.Contract {
	return &sdk.Contract{
		Name: "sample", Version: "1", Storage: stored, Errors: []*sdk.Error{late}, Events: []sdk.EventInfo{placedEvent.EventInfo},
		Constructors: []sdk.Entry{sdk.Constructor0("new", nothing)},
		Messages:     []sdk.Entry{sdk.Change1("place", sdk.Arg("n", sdk.Option(sdk.Uint32)), func(*sdk.Call, sdk.Optional[uint32]) error { return nil })},
	}
}

const sampleSource = `// Command sample is sold.
//
// It has two lines.
package main

import "sdk"

var late = sdk.NewError("Late") // too late

var (
	// A bid was placed.
	placedEvent = sdk.NewEvent[placed]("Placed", x)
	other = 1
)

var k = sdk.Contract{Messages: []sdk.Entry{sdk.Change1("place", sdk.Arg("n", y), place), sdk.View0("odd", func() {})}}

// Places a bid.
// Once.
func place() {}
`

// Comments of the source are the docs of the metadata.
func TestDocs(t *testing.T) {
	docs, err := ReadDocs(fstest.MapFS{"a.go": {Data: []byte(sampleSource)}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Describe(sample(), docs)
	if err != nil {
		t.Fatal(err)
	}
	place, err := m.Message("place")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%q %q %q %q", m.Spec.Docs, place.Docs, m.Spec.Events[0].Docs, m.typ(2).Def.Variant.Variants[0].Docs)
	if want := `["Command sample is sold." "" "It has two lines."] ["Places a bid." "Once."] ["A bid was placed."] ["too late"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := ReadDocs(fstest.MapFS{"a.go": {Data: []byte("no Go")}}); err == nil {
		t.Error("what is no Go has docs")
	}
}

// What is generated is read again, and is as ink! 5 has it: the signature topic
// is the blake2_256 hash of the event's name and types.
func TestGenerate(t *testing.T) {
	out, err := Generate(sample(sdk.NewCell("cell", sdk.Bool), sdk.NewMap("map", sdk.Account, sdk.Uint64), sdk.NewList("list", sdk.String)), Docs{}, hash.H256{7}, "go1")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	topic := hash.Blake2b256([]byte("Placed(AccountId,Vec<u128>)"))
	e := m.Spec.Events[0]
	if e.SignatureTopic != topic.String() || !e.Args[0].Indexed || e.Args[1].Indexed || m.TypeName(e.Args[1].Type.Type) != "Vec<u128>" {
		t.Errorf("event %+v", e)
	}
	data := append(make([]byte, 32), 4, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	text, err := m.DecodeEvent([]hash.H256{topic, {}}, data)
	if want := "Placed{who: 5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM, bids: [9]}"; err != nil || text != want {
		t.Errorf("event %s, %v, want %s", text, err, want)
	}
	for _, topics := range [][]hash.H256{nil, {{1}}} {
		if _, err := m.DecodeEvent(topics, data); !errors.Is(err, ErrNoEvent) {
			t.Errorf("topics %x: %v", topics, err)
		}
	}
	if _, err := m.DecodeEvent([]hash.H256{topic}, append(data, 0)); err == nil {
		t.Error("an event with a byte too many is read")
	}
	for _, name := range []string{"cell", "map", "list"} {
		if !bytes.Contains(out, []byte(`"name": "`+name+`"`)) {
			t.Errorf("%s is not in the layout", name)
		}
	}
	// Two words with one FNV-1a hash of 32 bits.
	_, err = Describe(sample(sdk.NewCell("costarring", sdk.Bool), sdk.NewCell("liquid", sdk.Bool)), Docs{})
	if err == nil || !strings.Contains(err.Error(), "rename one") {
		t.Errorf("two cells with one key: %v", err)
	}
}

type level uint8

type amounts struct{ A, B uint64 }

// A contract of which two things could not be told apart has no metadata.
func TestRefused(t *testing.T) {
	view := func(name string, r sdk.Codec[uint64]) sdk.Entry {
		return sdk.View0(name, r, func(*sdk.Call) (uint64, error) { return 0, nil })
	}
	enum := func(name string, variants ...string) sdk.Stored {
		return sdk.NewCell("of "+name, sdk.Enum[level](name, variants...))
	}
	pair := func(name string) sdk.Codec[amounts] {
		return sdk.Struct(name, sdk.Field("a", sdk.Uint64, func(x *amounts) *uint64 { return &x.A }))
	}
	many := make([]string, 257)
	var errs []*sdk.Error
	for i := range many {
		many[i] = fmt.Sprint("E", i)
		errs = append(errs, sdk.NewError(many[i]))
	}
	for _, tt := range []struct {
		name, want string
		edit       func(k *sdk.Contract)
	}{
		{"fine", "", func(*sdk.Contract) {}},
		{"one name of a constructor and a message", "", func(k *sdk.Contract) { k.Messages[0].Name = "new" }},
		{"two messages", "place and place have one selector", func(k *sdk.Contract) { k.Messages = append(k.Messages, view("place", sdk.Uint64)) }},
		// Found by hashing numbers: both hashes begin with 0x53b16c9a.
		{"one selector", "have one selector", func(k *sdk.Contract) {
			k.Messages = append(k.Messages, view("m22805", sdk.Uint64), view("m102150", sdk.Uint64))
		}},
		{"two constructors", "new and new have one selector", func(k *sdk.Contract) { k.Constructors = append(k.Constructors, k.Constructors[0]) }},
		{"two events", "two events are Placed(AccountId,Vec<u128>)", func(k *sdk.Contract) { k.Events = append(k.Events, k.Events[0]) }},
		{"two errors", "two errors are called Late", func(k *sdk.Contract) { k.Errors = append(k.Errors, sdk.NewError("Late")) }},
		{"256 errors", "", func(k *sdk.Contract) { k.Errors = errs[:256] }},
		{"257 errors", "257 errors, 256 are the most", func(k *sdk.Contract) { k.Errors = errs }},
		{"256 variants", "", func(k *sdk.Contract) { k.Storage = []sdk.Stored{enum("Level", many[:256]...)} }},
		{"257 variants", "257 variants of Level", func(k *sdk.Contract) { k.Storage = []sdk.Stored{enum("Level", many...)} }},
		{"two variants", "two variants of Level are called Low", func(k *sdk.Contract) { k.Storage = []sdk.Stored{enum("Level", "Low", "Low")} }},
		{"a type called as that of errors", "two types are called Error", func(k *sdk.Contract) { k.Storage = []sdk.Stored{enum("Error", "Low")} }},
		{"a type called as a basic one", "two types are called AccountId", func(k *sdk.Contract) { k.Storage = []sdk.Stored{sdk.NewCell("x", pair("AccountId"))} }},
		{"a type called as one that is there already", "two types are called u32", func(k *sdk.Contract) { k.Storage = []sdk.Stored{sdk.NewCell("x", pair("u32"))} }},
		{"lists of two types of one name", "two types are called Pair", func(k *sdk.Contract) {
			k.Storage = []sdk.Stored{sdk.NewCell("x", sdk.Vec(pair("Pair"))), sdk.NewCell("y", sdk.Vec(pair("Pair")))}
		}},
	} {
		k := sample()
		tt.edit(k)
		_, err := Describe(k, Docs{})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestPrint(t *testing.T) {
	code := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(code, []byte("code"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Print(&out, sample(), fstest.MapFS{}, "go1", []string{code}); err != nil {
		t.Fatal(err)
	}
	if m, err := Parse(out.Bytes()); err != nil || m.Source.Hash != hash.Blake2b256([]byte("code")).String() {
		t.Errorf("%+v %v", m, err)
	}
	for _, args := range [][]string{nil, {"nowhere"}} {
		if err := Print(&out, sample(), fstest.MapFS{}, "go1", args); err == nil {
			t.Errorf("%v is described", args)
		}
	}
}

// Events are read, or refused: what follows them is never passed over.
func FuzzEvent(f *testing.F) {
	m, err := Describe(sample(), Docs{})
	if err != nil {
		f.Fatal(err)
	}
	topic := hash.Blake2b256([]byte("Placed(AccountId,Vec<u128>)"))
	f.Add(append(make([]byte, 32), 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := m.DecodeEvent([]hash.H256{topic}, data); err != nil {
			return
		}
		if _, err := m.DecodeEvent([]hash.H256{topic}, append(data, 0)); err == nil {
			t.Errorf("%x is an event, and with a byte more too", data)
		}
	})
}
