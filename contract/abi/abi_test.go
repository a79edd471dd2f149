package abi

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/scale"
)

// registry has one message per type, in the layout that cargo-contract 4 writes.
const registry = `{"source":{},"contract":{"name":"t","version":"1","authors":[]},"version":"5",
"types":[
{"id":0,"type":{"def":{"primitive":"u128"}}},
{"id":1,"type":{"def":{"primitive":"u8"}}},
{"id":2,"type":{"def":{"array":{"len":32,"type":1}}}},
{"id":3,"type":{"path":["ink_primitives","types","AccountId"],"def":{"composite":{"fields":[{"type":2,"typeName":"[u8; 32]"}]}}}},
{"id":4,"type":{"path":["Option"],"params":[{"name":"T","type":0}],"def":{"variant":{"variants":[{"name":"None","index":0},{"name":"Some","fields":[{"type":0}],"index":1}]}}}},
{"id":5,"type":{"def":{"sequence":{"type":1}}}},
{"id":6,"type":{"def":{"primitive":"str"}}},
{"id":7,"type":{"def":{"sequence":{"type":4}}}},
{"id":8,"type":{"path":["t","Point"],"def":{"composite":{"fields":[{"name":"x","type":0},{"name":"to","type":3},{"name":"note","type":6}]}}}},
{"id":9,"type":{"def":{"tuple":[1,10]}}},
{"id":10,"type":{"def":{"primitive":"bool"}}},
{"id":11,"type":{"def":{"primitive":"i32"}}},
{"id":12,"type":{"path":["ink_primitives","LangError"],"def":{"variant":{"variants":[{"name":"CouldNotReadInput","index":1}]}}}},
{"id":13,"type":{"path":["t","Error"],"def":{"variant":{"variants":[{"name":"Late","index":0},{"name":"TooMuch","fields":[{"type":0}],"index":3}]}}}},
{"id":14,"type":{"path":["Result"],"params":[{"name":"T","type":0},{"name":"E","type":13}],"def":{"variant":{"variants":[{"name":"Ok","fields":[{"type":0}],"index":0},{"name":"Err","fields":[{"type":13}],"index":1}]}}}},
{"id":15,"type":{"path":["Result"],"params":[{"name":"T","type":14},{"name":"E","type":12}],"def":{"variant":{"variants":[{"name":"Ok","fields":[{"type":14}],"index":0},{"name":"Err","fields":[{"type":12}],"index":1}]}}}},
{"id":16,"type":{"def":{"compact":{"type":0}}}}
],
"spec":{"constructors":[{"label":"new","selector":"0x9bae9d5e","args":[]}],"messages":[
{"label":"pay","selector":"0x01020304","args":[],"returnType":{"type":15,"displayName":[]}}],
"lang_error":{"type":12,"displayName":["ink","LangError"]}}}`

func parse(t testing.TB) *Metadata {
	t.Helper()
	m, err := Parse([]byte(registry))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Expected bytes are the SCALE encodings by hand.
func TestValues(t *testing.T) {
	m := parse(t)
	zero := strings.Repeat("00", 32)
	tests := []struct {
		typ            uint32
		in, want, text string
	}{
		{0, "1_000", "e8030000000000000000000000000000", "1000"},
		{3, "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM", zero, "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM"},
		{3, "0x" + zero, zero, "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM"},
		{4, "none", "00", "None"},
		{4, "some(1)", "0101000000000000000000000000000000", "Some(1)"},
		{4, "1", "0101000000000000000000000000000000", "Some(1)"},
		{5, "0x0102", "080102", "0x0102"},
		{5, "[1, 2]", "080102", "0x0102"},
		{6, "hello, you", "28" + hex.EncodeToString([]byte("hello, you")), `"hello, you"`},
		{6, `"a\"b"`, "0c612262", `"a\"b"`},
		{6, "  a ", "1020206120", `"  a "`},
		{6, ` "a" `, "0461", `"a"`},
		{7, "[none, 2]", "080001" + "02000000000000000000000000000000", "[None, Some(2)]"},
		{8, "{x: 1, to: 0x" + zero + ", note: hi}", "01000000000000000000000000000000" + zero + "086869",
			`{x: 1, to: 5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM, note: "hi"}`},
		{9, "(7, true)", "0701", "(7, true)"},
		{11, "-2", "feffffff", "-2"},
		{13, "TooMuch(1)", "0301000000000000000000000000000000", "TooMuch(1)"},
		{16, "64", "0101", "64"},
	}
	for _, tt := range tests {
		e := &Entry{Label: "f", Selector: "0x00000000", Args: []Arg{{"a", TypeRef{Type: tt.typ}}}, Return: &TypeRef{Type: tt.typ}}
		got, err := m.Encode(e, []string{tt.in})
		if err != nil || hex.EncodeToString(got) != "00000000"+tt.want {
			t.Errorf("type %d, %s: got %x %v, want %s", tt.typ, tt.in, got, err, tt.want)
			continue
		}
		text, err := m.Decode(e, got[4:])
		if err != nil || text != tt.text {
			t.Errorf("type %d, %x: got %s %v, want %s", tt.typ, got[4:], text, err, tt.text)
		}
	}
}

func TestFaults(t *testing.T) {
	m := parse(t)
	for typ, inputs := range map[uint32][]string{
		0: {"", "-1", "x", "1 2"}, 1: {"256"}, 3: {"", "0x00", "5C4hrfjw9"}, 4: {"some(", "maybe"},
		5: {"0x0", "[1", "[300]"}, 8: {"{x: 1}", "{y: 1}", "{x: 1, to: 0x00, note: a, more: b}"}, 9: {"(1)", "(1, true, 2)"},
		10: {"maybe"}, 11: {"3000000000"}, 13: {"Never", "TooMuch", "Late(1)"}, 99: {"1"},
	} {
		for _, in := range inputs {
			e := &Entry{Label: "f", Selector: "0x00000000", Args: []Arg{{"a", TypeRef{Type: typ}}}}
			if got, err := m.Encode(e, []string{in}); err == nil {
				t.Errorf("type %d, %q: got %x", typ, in, got)
			}
		}
	}
}

// Numbers of a width that there is none of are refused, whatever metadata says.
func TestWidths(t *testing.T) {
	for _, name := range []string{"u", "i", "u0", "u-8", "i-80", "u7", "u24", "u256", "i128", "char", "u08"} {
		m := &Metadata{Types: []Typed{{Type: Type{Def: Def{Primitive: name}}}}}
		e := &Entry{Label: "f", Selector: "0x00000000", Args: []Arg{{Label: "a"}}, Return: &TypeRef{}}
		if b, err := m.Encode(e, []string{"1"}); err == nil {
			t.Errorf("1 as %s is %x", name, b)
		}
		if s, err := m.Decode(e, make([]byte, 3)); err == nil {
			t.Errorf("a %s is %s", name, s)
		}
	}
}

func TestResults(t *testing.T) {
	m := parse(t)
	e, err := m.Message("pay")
	if err != nil {
		t.Fatal(err)
	}
	var refused *ContractError
	if s, err := m.Decode(e, append([]byte{0, 0, 5}, make([]byte, 15)...)); err != nil || s != "5" {
		t.Errorf("got %s %v", s, err)
	}
	if _, err := m.Decode(e, []byte{0, 1, 0}); !errors.As(err, &refused) || refused.Name != "Late" {
		t.Errorf("got %v", err)
	}
	if _, err := m.Decode(e, []byte{1, 1}); !errors.Is(err, ErrInput) {
		t.Errorf("got %v", err)
	}
	for _, b := range [][]byte{nil, {0}, {2}, {0, 0, 1}, {0, 1, 1}, {0, 1, 0, 0}} {
		if s, err := m.Decode(e, b); err == nil {
			t.Errorf("%x: got %s", b, s)
		}
	}
}

// The metadata of ink! 3 has its parts under V3, and no version beside them.
func TestOldMetadata(t *testing.T) {
	old := `{"source":{},"contract":{"name":"t","version":"1","authors":[]},"V3":{
"types":[{"id":0,"type":{"def":{"primitive":"u32"}}}],
"spec":{"constructors":[],"messages":[{"label":"Trait::get","selector":"0x01020304","args":[{"label":"a","type":{"type":0,"displayName":[]}}],"returnType":{"type":0,"displayName":[]}}]}}}`
	m, err := Parse([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.Message("Trait::get")
	if err != nil {
		t.Fatal(err)
	}
	in, err := m.Encode(e, []string{"5"})
	if got := hex.EncodeToString(in); err != nil || got != "0102030405000000" {
		t.Errorf("got %s %v", got, err)
	}
	if out, err := m.Decode(e, []byte{7, 0, 0, 0}); err != nil || out != "7" {
		t.Errorf("got %s %v", out, err)
	}
	for _, bad := range []string{`{"version":"6"}`, `{"version":"x"}`, `{}`, `[]`, `{"version":5,"spec":{"messages":[null]}}`} {
		if _, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(uint32(8), scale.Marshal("abc"))
	f.Fuzz(func(t *testing.T, typ uint32, data []byte) {
		m := parse(t)
		e := &Entry{Label: "f", Selector: "0x00000000", Args: []Arg{{"a", TypeRef{Type: typ}}}, Return: &TypeRef{Type: typ}}
		text, err := m.Decode(e, data)
		if err != nil || typ == 14 || typ == 15 {
			return
		}
		again, err := m.Encode(e, []string{text})
		if err != nil || string(again[4:]) != string(data) {
			t.Fatalf("type %d: %x is %s, which is %x, %v", typ, data, text, again, err)
		}
	})
}

func ExampleMetadata_Encode() {
	m, err := Parse([]byte(registry))
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := m.Constructor("")
	if err != nil {
		fmt.Println(err)
		return
	}
	in, err := m.Encode(e, nil)
	fmt.Printf("%x %v\n", in, err)
	// Output: 9bae9d5e <nil>
}

// Metadata of strangers is refused or can be used: every message of it takes
// arguments or says what is wrong with them.
func FuzzParse(f *testing.F) {
	f.Add(registry)
	f.Add(`{"version":5,"types":[],"spec":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse([]byte(text))
		if err != nil {
			return
		}
		for _, e := range slices.Concat(m.Spec.Constructors, m.Spec.Messages) {
			for _, arg := range []string{"1", "[[1], {}]", "a(b: 2)", ""} {
				_, _ = m.Encode(e, slices.Repeat([]string{arg}, len(e.Args)))
			}
			_, _ = m.Decode(e, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
		}
		_, _ = m.DecodeEvent(nil, []byte{0, 4, 4, 4, 4})
	})
}
