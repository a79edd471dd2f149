package host

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/examples/hello/bundle"
)

func hello(t testing.TB, interpreter bool) *vm.Module {
	t.Helper()
	ctx := context.Background()
	e, err := NewEngine(ctx, vm.Config{Interpreter: interpreter})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(ctx) })
	code, err := bundle.Code()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	m, err := Load(ctx, e, code)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("interpreter=%v: loaded in %v", interpreter, time.Since(start))
	return m
}

func encode(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	m, err := abi.Parse(bundle.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.Constructor(name)
	if err != nil {
		if e, err = m.Message(name); err != nil {
			t.Fatal(err)
		}
	}
	in, err := m.Encode(e, args)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// assemblyScript is the counter in AssemblyScript, as asc 0.28.9 compiled it; see
// docs/contracts/languages.md.
func assemblyScript(t testing.TB, interpreter bool) *vm.Module {
	t.Helper()
	ctx := context.Background()
	e, err := NewEngine(ctx, vm.Config{Interpreter: interpreter})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(ctx) })
	code, err := os.ReadFile(filepath.Join("..", "..", "examples", "hello", "assemblyscript", "hello.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(ctx, e, code)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The counter does the same in both languages, under the same metadata.
func TestHello(t *testing.T) {
	t.Run("Go", func(t *testing.T) { testHello(t, hello) })
	t.Run("AssemblyScript", func(t *testing.T) { testHello(t, assemblyScript) })
}

func testHello(t *testing.T, load func(testing.TB, bool) *vm.Module) {
	alice, bob := [32]byte{1}, [32]byte{2}
	steps := []struct {
		export string
		from   [32]byte
		input  []byte
		status vm.Status
		want   string
	}{
		{"deploy", alice, encode(t, "new"), vm.OK, "0000"},
		{"call", bob, encode(t, "increment", "42"), vm.OK, "0000"},
		{"call", alice, encode(t, "increment", "1"), vm.OK, "0000"},
		{"call", alice, encode(t, "get"), vm.OK, "00002b00000000000000"},
		{"call", bob, encode(t, "get"), vm.Reverted, "000100"},
		{"call", bob, encode(t, "increment", "18446744073709551615"), vm.Reverted, "000101"},
		{"call", bob, []byte{1, 2, 3}, vm.Reverted, "0101"},
		{"call", bob, append(encode(t, "get"), 0), vm.Reverted, "0101"},
	}
	var gas [2][]uint64
	for i, interpreter := range []bool{false, true} {
		m := load(t, interpreter)
		state := Memory{}
		for _, s := range steps {
			r, err := Run(context.Background(), m, s.export, Env{State: state, Caller: s.from, Input: s.input, Time: 1_700_000_000_000}, 100_000_000)
			if err != nil {
				t.Fatal(err)
			}
			if r.Status != s.status || hex.EncodeToString(r.Data) != s.want {
				t.Fatalf("%s %x: got %v %x %q %s, want %v %s", s.export, s.input, r.Status, r.Data, r.Reason, r.Debug, s.status, s.want)
			}
			gas[i] = append(gas[i], r.Gas)
		}
	}
	t.Log("gas", gas[0])
	if fmt.Sprint(gas[0]) != fmt.Sprint(gas[1]) {
		t.Errorf("gas differs: %v compiled, %v interpreted", gas[0], gas[1])
	}
}

// A call with too little gas changes nothing, at whatever point it stops.
func TestGasLimits(t *testing.T) {
	m := hello(t, false)
	state := Memory{}
	run := func(export string, input []byte, gas uint64) Result {
		r, err := Run(context.Background(), m, export, Env{State: state, Input: input}, gas)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	run("deploy", encode(t, "new"), 1e8)
	full := run("call", encode(t, "increment", "1"), 1e8).Gas
	before := fmt.Sprint(state)
	for gas := uint64(0); gas < full; gas += full/97 + 1 {
		if r := run("call", encode(t, "increment", "1"), gas); r.Status != vm.OutOfGas || r.Gas != gas {
			t.Fatalf("gas %d of %d: %v, used %d", gas, full, r.Status, r.Gas)
		}
	}
	if r := run("call", encode(t, "increment", "1"), full-1); r.Status != vm.OutOfGas {
		t.Errorf("one less than needed: %v", r.Status)
	}
	if got := fmt.Sprint(state); got != before {
		t.Errorf("state changed: %s, want %s", got, before)
	}
	if r := run("call", encode(t, "increment", "1"), full); r.Status != vm.OK {
		t.Errorf("as much as needed: %v", r.Status)
	}
}

// bare builds a module in the profile of ink! whose call is the given code over
// the imported functions.
func bare(imports []string, types [][2]string, code []byte, data []byte) []byte {
	var out []byte
	u := func(dst []byte, n int) []byte {
		for n >= 0x80 {
			dst = append(dst, byte(n)|0x80)
			n >>= 7
		}
		return append(dst, byte(n))
	}
	str := func(dst []byte, s string) []byte { return append(u(dst, len(s)), s...) }
	section := func(id byte, n int, b []byte) {
		b = append(u(nil, n), b...)
		out = append(u(append(out, id), len(b)), b...)
	}
	out = append(out, "\x00asm\x01\x00\x00\x00"...)
	b := []byte{0x60, 0, 0}
	for _, t := range types {
		b = str(str(append(b, 0x60), t[0]), t[1])
	}
	section(1, len(types)+1, b)
	b = nil
	for i, name := range imports {
		mod, fn, _ := strings.Cut(name, ".")
		b = u(append(str(str(b, mod), fn), 0), i+1)
	}
	b = append(str(str(b, "env"), "memory"), 2, 1, 1, 16)
	section(2, len(imports)+1, b)
	section(3, 2, []byte{0, 0})
	b = u(append(str(nil, "call"), 0), len(imports))
	b = u(append(str(b, "deploy"), 0), len(imports)+1)
	section(7, 2, b)
	body := append(append([]byte{0}, code...), 0x0b)
	b = append(u(nil, len(body)), body...)
	section(10, 2, append(b, 2, 0, 0x0b))
	b = append(u([]byte{0, 0x41, 0, 0x0b}, len(data)), data...)
	section(11, 1, b)
	return out
}

// Hashes of "abc" by the standards that define them.
func TestHashes(t *testing.T) {
	tests := map[string]string{
		"seal0.hash_sha2_256":        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"seal0.seal_hash_keccak_256": "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
		"seal0.hash_blake2_256":      "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
		"seal0.seal_hash_blake2_128": "cf4ab791c62b8d2b2109c90275287816",
	}
	ctx := context.Background()
	e, err := NewEngine(ctx, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	p := vm.I32 + vm.I32 + vm.I32
	for name, want := range tests {
		// hash(0, 3) to 0, which overlaps; seal_return(0, 0, size)
		code := []byte{0x41, 0, 0x41, 3, 0x41, 0, 0x10, 0, 0x41, 0, 0x41, 0, 0x41, byte(len(want) / 2), 0x10, 1}
		m, err := e.Load(ctx, bare([]string{name, "seal0.seal_return"}, [][2]string{{p, ""}, {p, ""}}, code, []byte("abc")), &vm.Ink, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(ctx, m, "call", Env{State: Memory{}}, 1e6)
		if got := hex.EncodeToString(r.Data); err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", name, got, err, want)
		}
	}
}

// Storage functions answer as pallet-contracts' do, whatever their version.
func TestStorage(t *testing.T) {
	ctx := context.Background()
	e, err := NewEngine(ctx, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	i := vm.I32
	imports := []string{"seal2.set_storage", "seal1.get_storage", "seal1.contains_storage", "seal0.take_storage", "seal1.clear_storage", "seal0.seal_return"}
	types := [][2]string{{i + i + i + i, i}, {i + i + i + i, i}, {i + i, i}, {i + i + i + i, i}, {i + i, i}, {i + i + i, ""}}
	var code []byte
	at := byte(64)
	answer := func(call ...byte) { // store the call's answer at the next place
		code = append(append(append(code, 0x41), at&0x7f|0x80, at>>7), call...)
		code = append(code, 0x36, 2, 0)
		at += 4
	}
	c := func(v byte) []byte { return []byte{0x41, v} }
	args := func(fn byte, vs ...byte) (b []byte) {
		for _, v := range vs {
			b = append(b, c(v)...)
		}
		return append(b, 0x10, fn)
	}
	answer(args(2, 0, 3)...)         // contains: no
	answer(args(0, 0, 3, 8, 5)...)   // set: nothing before
	answer(args(0, 0, 3, 8, 2)...)   // set: 5 before
	answer(args(2, 0, 3)...)         // contains: 2
	answer(args(1, 0, 3, 32, 24)...) // get: success
	answer(args(3, 0, 3, 32, 24)...) // take: success
	answer(args(1, 0, 3, 32, 24)...) // get: not found
	answer(args(4, 0, 3)...)         // clear: nothing before
	code = append(code, 0x41, 0, 0x41, 0xc0, 0, 0x41, 32, 0x10, 5)
	data := make([]byte, 64)
	copy(data, "key")
	copy(data[8:], "value")
	data[24] = 16 // the length of the buffer at 32
	m, err := e.Load(ctx, bare(imports, types, code, data), &vm.Ink, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(ctx, m, "call", Env{State: Memory{}}, 1e7)
	want := "ffffffff" + "ffffffff" + "05000000" + "02000000" + "00000000" + "00000000" + "03000000" + "ffffffff"
	if got := hex.EncodeToString(r.Data); err != nil || got != want {
		t.Errorf("got %s %v %v %s, want %s", got, err, r.Status, r.Reason, want)
	}
}

func TestRefusedImports(t *testing.T) {
	e := engines(t)[0]
	for name, typ := range map[string]string{"seal_rent_params": "pp>", "seal_rent_status": "ppp>"} {
		typ := funcType(typ)
		_, err := vm.Instrument(bare([]string{"__unstable__." + name}, [][2]string{{typ.Params, typ.Results}}, nil, nil), &vm.Ink, e.Imports())
		if !errors.Is(err, vm.ErrRefused) || !strings.Contains(err.Error(), "imports __unstable__."+name+", which this network does not offer: nothing pays rent") {
			t.Errorf("got %v", err)
		}
	}
}

// The stream of randomness depends on the seed and on nothing else, and is not
// that of the initialisation.
func TestRandomSource(t *testing.T) {
	get := func(seed byte, n ...int) []byte {
		x := &execution{t: &transaction{}}
		x.env.Seed[0] = seed
		var all []byte
		for _, k := range n {
			b := make([]byte, k)
			x.random(&vm.Call{}, b)
			all = append(all, b...)
		}
		return all
	}
	if !bytes.Equal(get(1, 40), get(1, 13, 27)) {
		t.Error("reads in pieces differ from one read")
	}
	if bytes.Equal(get(1, 40), get(2, 40)) {
		t.Error("seeds make no difference")
	}
}

func BenchmarkHelloIncrement(b *testing.B) {
	m := hello(b, false)
	state := Memory{}
	if _, err := Run(context.Background(), m, "deploy", Env{State: state, Input: encode(b, "new")}, 1e8); err != nil {
		b.Fatal(err)
	}
	in := encode(b, "increment", "1")
	for b.Loop() {
		if r, err := Run(context.Background(), m, "call", Env{State: state, Input: in}, 1e8); err != nil || r.Status != vm.OK {
			b.Fatal(r, err)
		}
	}
}

// Instances are used again, and nothing of an execution is left for the next:
// neither after success nor when it stopped half way.
func TestReuse(t *testing.T) {
	m := hello(t, false)
	state := Memory{}
	run := func(export string, input []byte, gas uint64) Result {
		t.Helper()
		r, err := Run(context.Background(), m, export, Env{State: state, Input: input}, gas)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	run("deploy", encode(t, "new"), 1e8)
	first := run("call", encode(t, "increment", "1"), 1e8)
	for i := range 60 {
		// Limits that end in the middle of the allocator, of a host call, anywhere.
		run("call", encode(t, "increment", "1000"), 300_000+uint64(i)*5000)
		run("call", []byte{1, 2, 3}, 1e8)
		run("call", bytes.Repeat([]byte{7}, MaxInput), 1e8)
		if r := run("call", encode(t, "increment", "1"), 1e8); fmt.Sprint(r.Outcome) != fmt.Sprint(first.Outcome) {
			t.Fatalf("round %d: got %+v, first was %+v", i, r, first)
		}
	}
	if r := run("call", encode(t, "get"), 1e8); hex.EncodeToString(r.Data) != "00003d00000000000000" {
		t.Errorf("61 increments give %x", r.Data)
	}
}
