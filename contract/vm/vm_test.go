package vm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// wasm assembles a module: types, then one function for each body. The first
// two functions are exported as call and deploy.
type wasm struct {
	types   []FuncType
	imports []importedFunc
	bodies  []fnBody
	min     uint32
	max     uint32
	globals [][]byte // type, mutability and first value; nil is one i32
	table   []uint32 // functions that can be called indirectly
	empty   byte     // entries of the table behind them, with nothing in them
	raw     []byte   // segments of elements, instead of one of the table's functions
	// own tells that the memory is the module's, which exports deploy as
	// _initialize too.
	own bool
}

type fnBody struct {
	typ    uint32
	locals []localGroup
	code   []byte
}

func (w wasm) bytes() []byte {
	out := append([]byte(nil), magic...)
	section := func(id byte, n int, data []byte) {
		data = append(appendU32(nil, uint32(n)), data...)
		out = appendU32(append(out, id), uint32(len(data)))
		out = append(out, data...)
	}
	var b []byte
	for _, t := range w.types {
		b = appendName(appendName(append(b, typeFunc), t.Params), t.Results)
	}
	section(secType, len(w.types), b)
	b = nil
	for _, f := range w.imports {
		b = appendU32(append(appendName(appendName(b, f.module), f.name), 0), f.typ)
	}
	n := len(w.imports)
	if !w.own {
		b = append(appendName(appendName(b, "env"), "memory"), 2, 1)
		b = appendU32(appendU32(b, w.min), w.max)
		n++
	}
	section(secImport, n, b)
	b = nil
	for _, f := range w.bodies {
		b = appendU32(b, f.typ)
	}
	section(secFunction, len(w.bodies), b)
	if w.table != nil {
		size := byte(len(w.table)) + w.empty
		section(secTable, 1, []byte{typeAny, 1, size, size})
	}
	if w.own {
		section(secMemory, 1, appendU32(appendU32([]byte{1}, w.min), w.max))
	}
	if w.globals == nil {
		w.globals = [][]byte{{typeI32, 1, opI32Const, 0, opEnd}}
	}
	section(secGlobal, len(w.globals), bytes.Join(w.globals, nil))
	first := uint32(len(w.imports))
	b = appendU32(append(appendName(nil, "call"), 0), first)
	b = appendU32(append(appendName(b, "deploy"), 0), first+1)
	if n = 2; w.own {
		b = appendU32(append(appendName(b, Go.Init), 0), first+1)
		n++
	}
	section(secExport, n, b)
	if w.table != nil {
		b = append([]byte{0, opI32Const, 0, opEnd}, byte(len(w.table)))
		for _, f := range w.table {
			b = appendU32(b, f)
		}
		if w.raw != nil {
			b = w.raw
		}
		section(secElement, 1, b)
	}
	b = nil
	for _, f := range w.bodies {
		c := appendU32(nil, uint32(len(f.locals)))
		for _, l := range f.locals {
			c = append(appendU32(c, l.n), l.typ)
		}
		c = append(c, f.code...)
		b = append(appendU32(b, uint32(len(c))), c...)
	}
	section(secCode, len(w.bodies), b)
	return out
}

// program returns a module whose call has the given code, and a deploy that
// does nothing.
func program(locals []localGroup, code ...byte) wasm {
	return wasm{
		types: []FuncType{{}, {I32 + I32 + I32, ""}, {I32, I32}},
		imports: []importedFunc{
			{"seal0", "seal_return", 1},
		},
		bodies: []fnBody{{0, locals, append(code, opEnd)}, {0, nil, []byte{opEnd}}},
		min:    1, max: 4,
	}
}

var testFuncs = []HostFunc{{
	Module: "seal0", Name: "seal_return", Type: FuncType{Params: I32 + I32 + I32},
	Do: func(c *Call, s []uint64) error {
		b, err := c.Read(uint32(s[1]), uint32(s[2]))
		if err != nil {
			return err
		}
		return c.Return(uint32(s[0]), append([]byte(nil), b...))
	},
}, {
	// sum writes the hash of all memory to it, so that nothing that a program
	// leaves there is overlooked.
	Module: "test", Name: "sum", Type: FuncType{Params: I32},
	Do: func(c *Call, s []uint64) error {
		b, err := c.Read(0, c.mem.Size())
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		return c.Write(uint32(s[0]), sum[:])
	},
}}

func engines(t testing.TB) map[string]*Engine {
	t.Helper()
	all := map[string]*Engine{}
	for _, interpreter := range []bool{false, true} {
		e, err := NewEngine(context.Background(), Config{Interpreter: interpreter}, testFuncs, map[string]string{"seal1.call": "it is only a test"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close(context.Background()) })
		all[fmt.Sprintf("interpreter=%v", interpreter)] = e
	}
	return all
}

func run(t testing.TB, code []byte, gas uint64) Outcome {
	t.Helper()
	var first *Outcome
	for name, e := range engines(t) {
		m, err := e.Load(context.Background(), code, &Ink, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out, err := m.Execute(context.Background(), "call", nil, gas)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if first == nil {
			first = &out
		} else if fmt.Sprint(*first) != fmt.Sprint(out) {
			t.Fatalf("engines differ: %v and %v", *first, out)
		}
	}
	record(t, &Ink, code, gas, *first)
	return *first
}

const base = 60_000

// initialised is a module with segments of data, of no bytes each.
type initialised struct {
	wasm
	n byte
}

func (i initialised) bytes() []byte {
	data := append([]byte{i.n}, bytes.Repeat([]byte{0, opI32Const, 0, opEnd, 0}, int(i.n))...)
	return append(append(i.wasm.bytes(), secData, byte(len(data))), data...)
}

func TestOutcomes(t *testing.T) {
	ret := func(flags byte) []byte {
		return []byte{
			opI32Const, 8, opI32Const, 42, 0x36, 2, 0, // store 42 at 8
			opI32Const, flags, opI32Const, 8, opI32Const, 4, opCall, 0,
		}
	}
	recursion := program(nil, opCall, 1)
	data := initialised{program(nil, opI32Const, 1, opMemoryGrow, 0, opDrop), 3}
	tests := []struct {
		name string
		code interface{ bytes() []byte }
		gas  uint64
		want Outcome
	}{
		// Gas: the base, 1 for the entry, and the prices of the operations.
		{"empty", program(nil), 1e6, Outcome{Gas: base + 1}},
		{"arithmetic", program(nil, opI32Const, 1, opI32Const, 2, 0x6d, opDrop), 1e6, Outcome{Gas: base + 1 + 1 + 1 + 35}},
		{"locals", program([]localGroup{{3, typeI32}}), 1e6, Outcome{Gas: base + 1 + 3}},
		{"return", program(nil, ret(0)...), 1e6, Outcome{Data: []byte{42, 0, 0, 0}, Gas: base + 1 + 14 + 3 + 20 + 600}},
		{"revert", program(nil, ret(1)...), 1e6, Outcome{Status: Reverted, Flags: 1, Data: []byte{42, 0, 0, 0}, Gas: base + 1 + 14 + 3 + 20 + 600}},
		{"unreachable", program(nil, opUnreachable), 1e6, Outcome{Status: Trapped, Gas: base + 3, Reason: "unreachable"}},
		{"endless loop", program(nil, opLoop, typeEmpty, opBr, 0, opEnd), 1e6, Outcome{Status: OutOfGas, Gas: 1e6}},
		{"endless recursion", recursion, 1e9, Outcome{Status: Trapped, Gas: base + 65_536/40*21 + 21, Reason: "calls nest too deep"}},
		{"recursion without gas", recursion, base + 1000, Outcome{Status: OutOfGas, Gas: base + 1000}},
		{"less than the base", program(nil), base - 1, Outcome{Status: OutOfGas, Gas: base - 1}},
		{"out of memory", program(nil, opI32Const, 0x7f, opI32Const, 0, 0x36, 2, 0), 1e6, Outcome{Status: Trapped, Gas: 1e6, Reason: "out of bounds memory access"}},
		{"division by zero", program(nil, opI32Const, 1, opI32Const, 0, 0x6d, opDrop), 1e6, Outcome{Status: Trapped, Gas: 1e6, Reason: "integer divide by zero"}},
		{"grow", program(nil, opI32Const, 1, opMemoryGrow, 0, opDrop), 1e6, Outcome{Gas: base + 1 + 1 + 400 + 16_000}},
		{"grow with what is initialised", data, 1e6, Outcome{Gas: base + 1 + 1 + 400 + 16_000 + 3*2000}},
		{"grow without gas", program(nil, opI32Const, 63, opMemoryGrow, 0, opDrop), base + 20_000, Outcome{Status: OutOfGas, Gas: base + 20_000}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.code.bytes(), tt.gas)
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A function whose code needs a large frame cannot overflow an engine's stack:
// both stop at the same call.
func TestLargeFrames(t *testing.T) {
	var code []byte
	for i := range 2500 {
		code = append(code, opLocalGet, 0, opI32Const, byte(i&63), opI32Add, opLocalGet, 1, 0x6c, opLocalSet, byte(i%100))
		if i%50 == 0 {
			code = append(code, opLocalGet, byte(i%100), opIf, typeEmpty, opI32Const, 0, opLocalGet, byte(i%100), 0x36, 2, 0, opEnd)
		}
	}
	code = append(code, opCall, 1)
	for i := range 100 {
		code = append(code, opI32Const, 0, opLocalGet, byte(i), 0x36, 2, 0)
	}
	out := run(t, program([]localGroup{{100, typeI32}}, code...).bytes(), 1e9)
	if out.Status != Trapped || out.Reason != "calls nest too deep" {
		t.Errorf("got %+v", out)
	}
}

// A program that uses every kind of block runs out of gas exactly below what it
// costs, at each limit, on both engines.
func TestGasSweep(t *testing.T) {
	code := []byte{
		opI32Const, 5, opLocalSet, 0,
		opBlock, typeEmpty,
		opLoop, typeEmpty,
		opLocalGet, 0, 0x45, opBrIf, 1, // leave at zero
		opLocalGet, 0, opI32Const, 1, opI32Sub, opLocalSet, 0,
		opLocalGet, 0, opI32Const, 1, 0x71, opIf, typeEmpty, opI32Const, 0, opLocalGet, 0, 0x36, 2, 0, opElse, opCall, 3, opEnd,
		opLocalGet, 0, opI32Const, 2, 0x46, opIf, typeEmpty, opReturn, opEnd,
		opBr, 0,
		opEnd, opEnd,
	}
	w := program([]localGroup{{1, typeI32}}, code...)
	w.bodies = append(w.bodies, fnBody{0, nil, []byte{opBlock, typeEmpty, opBlock, typeEmpty, opI32Const, 1, opBrTable, 1, 0, 1, opEnd, opEnd, opEnd}})
	bin := w.bytes()
	all := engines(t)
	var mods []*Module
	for _, e := range all {
		m, err := e.Load(context.Background(), bin, &Ink, nil)
		if err != nil {
			t.Fatal(err)
		}
		mods = append(mods, m)
	}
	exec := func(m *Module, gas uint64) Outcome {
		out, err := m.Execute(context.Background(), "call", nil, gas)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	full := exec(mods[0], 1e6)
	if full.Status != OK {
		t.Fatalf("outcome %+v", full)
	}
	for gas := uint64(base); gas <= full.Gas+10; gas++ {
		a, b := exec(mods[0], gas), exec(mods[1], gas)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("gas %d: %+v and %+v", gas, a, b)
		}
		record(t, &Ink, bin, gas, a)
		if (a.Status == OK) != (gas >= full.Gas) {
			t.Fatalf("gas %d of %d: %v", gas, full.Gas, a.Status)
		}
	}
}

func TestRefusals(t *testing.T) {
	imports := func(mod, name string, typ uint32) wasm {
		w := program(nil)
		w.imports = append(w.imports, importedFunc{mod, name, typ})
		return w
	}
	pages := program(nil)
	pages.max = 17
	repeat := func(n int, ops ...byte) []byte {
		var b []byte
		for range n {
			b = append(b, ops...)
		}
		return b
	}
	// Bombs: small when compressed, and long to compile or to instantiate.
	types, many, branches := program(nil), program(nil), program(nil)
	for range 1025 {
		types.types = append(types.types, FuncType{})
	}
	for range 257 {
		many.imports = append(many.imports, importedFunc{"seal0", "seal_return", 1})
	}
	table := append([]byte{opI32Const, 0, opBrTable, 0xff, 1}, make([]byte, 256)...)
	for range 2 {
		branches.bodies = append(branches.bodies, fnBody{0, nil, append(bytes.Repeat(table, 200), opEnd)})
	}
	segments := func(id byte, n int, one ...byte) []byte {
		data := append(appendU32(nil, uint32(n)), bytes.Repeat(one, n)...)
		return append(appendU32([]byte{id}, uint32(len(data))), data...)
	}
	tests := []struct {
		name string
		code []byte
		want string
	}{
		{"types", types.bytes(), "1028 types, 1024 are the most"},
		{"imports", many.bytes(), "259 imports, 256 are the most"},
		{"branches", branches.bytes(), "branch tables have more than 65536 entries"},
		{"data", append(program(nil).bytes(), segments(secData, 4097, 0, opI32Const, 0, opEnd, 0)...), "4097 segments of data, 4096 are the most"},
		{"empty", nil, "not a WebAssembly module"},
		{"PolkaVM", []byte("PVM\x00....."), "PolkaVM"},
		{"too long", append(program(nil).bytes(), make([]byte, 1<<20)...), "bytes of code"},
		{"cut", program(nil).bytes()[:60], "module ends early"},
		{"memory", pages.bytes(), "17 pages|above 16 pages"},
		{"unoffered", imports("seal1", "call", 0).bytes(), "it imports seal1.call, which this network does not offer: it is only a test"},
		{"unknown", imports("seal9", "call", 0).bytes(), "it imports seal9.call, which is not a function of this network"},
		{"wrong type", imports("seal0", "seal_return", 0).bytes(), "other parameters"},
		{"bulk", program(nil, opI32Const, 0, opI32Const, 0, opI32Const, 0, opPrefix, subMemoryFill, 0).bytes(), "not offered"},
		{"the gas global", program(nil, opGlobalGet, 1, opDrop).bytes(), "unknown global 1"},
		{"the gas local", program(nil, opLocalGet, 0, opDrop).bytes(), "unknown local 0"},
		{"blocks", program(nil, repeat(1500, opI32Const, 0, opIf, typeEmpty, opReturn, opEnd)...).bytes(), "blocks"},
		{"nesting", program(nil, append(repeat(1100, opBlock, typeEmpty), repeat(1100, opEnd)...)...).bytes(), "nests deeper"},
		{"body", program(nil, repeat(70_000, opNop)...).bytes(), "bytes, 65536 are the most"},
		{"locals", program([]localGroup{{1 << 31, typeI64}}).bytes(), "locals"},
		{"locals that overflow", program([]localGroup{{1<<32 - 1, typeI64}, {5, typeI32}}).bytes(), "locals"},
		{"stack", program(nil, opDrop).bytes(), "not valid WebAssembly"},
		{"simd", program(nil, 0xfd, 0).bytes(), "0xfd is not offered"},
		{"tail call", program(nil, 0x12, 0).bytes(), "0x12 is not offered"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, e := range engines(t) {
				_, err := e.Load(context.Background(), tt.code, &Ink, nil)
				if !errors.Is(err, ErrRefused) {
					t.Fatalf("%s: got %v", name, err)
				}
				ok := false
				for want := range strings.SplitSeq(tt.want, "|") {
					ok = ok || strings.Contains(err.Error(), want)
				}
				if !ok {
					t.Errorf("%s: got %q, want %q", name, err, tt.want)
				}
			}
		})
	}
}

// Segments of elements fill the table when a module is instantiated, or are
// refused: all other kinds of them, with a reason that is the module's.
func TestElements(t *testing.T) {
	for _, row := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"active", []byte{0, opI32Const, 0, opEnd, 1, 2}, ""},
		{"of a module's import", []byte{0, opI32Const, 0, opEnd, 1, 0}, ""},
		{"passive", []byte{1, 0, 1, 2}, "segment of elements of kind 1"},
		{"of a table by its number", []byte{2, 0, opI32Const, 0, opEnd, 0, 1, 2}, "segment of elements of kind 2"},
		{"declarative", []byte{3, 0, 1, 2}, "segment of elements of kind 3"},
		{"of references", []byte{4, opI32Const, 0, opEnd, 1, 0xd2, 2, opEnd}, "segment of elements of kind 4"},
		{"passive, of references", []byte{5, typeAny, 1, 0xd2, 2, opEnd}, "segment of elements of kind 5"},
		{"declarative, of references", []byte{7, typeAny, 1, 0xd2, 2, opEnd}, "segment of elements of kind 7"},
		{"at a global", []byte{0, opGlobalGet, 0, opEnd, 1, 2}, "operation 0x23 in a constant"},
		{"at the gas", []byte{0, opGlobalGet, 1, opEnd, 1, 2}, "operation 0x23 in a constant"},
		{"beyond the table", []byte{0, opI32Const, 1, opEnd, 1, 2}, "not valid WebAssembly"},
		{"of an unknown function", []byte{0, opI32Const, 0, opEnd, 1, 3}, "not valid WebAssembly"},
		{"cut", []byte{0, opI32Const, 0, opEnd, 2, 2}, "module ends early"},
		{"with more behind", []byte{0, opI32Const, 0, opEnd, 1, 2, 2}, "bytes are left over"},
	} {
		w := program(nil)
		w.table, w.empty, w.raw = []uint32{}, 1, row.raw
		for name, e := range engines(t) {
			_, err := e.Load(context.Background(), w.bytes(), &Ink, nil)
			switch {
			case row.want == "" && err != nil:
				t.Errorf("%s, %s: %v", row.name, name, err)
			case row.want != "" && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), row.want)):
				t.Errorf("%s, %s: got %v, want %q", row.name, name, err, row.want)
			}
		}
	}
}

// The work of a module is the sum of its functions' squared blocks, where that is
// more than what it takes to join their locals, without instrumenting it; that of
// what is refused is the most there can be.
func TestWork(t *testing.T) {
	imports := Imports{"seal0.seal_return": {Type: testFuncs[0].Type}}
	call := func(ifs int) []byte {
		return program(nil, bytes.Repeat([]byte{opI32Const, 0, opIf, typeEmpty, opReturn, opEnd}, ifs)...).bytes()
	}
	// Both functions begin with a block, and each if makes some more.
	more := (uint64(math.Sqrt(float64(Work(call(1000))-1))) - 1) / 1000
	for _, ifs := range []uint64{0, 1, 2, 10, 500, 1000} {
		code, blocks := call(int(ifs)), 1+more*ifs
		c, err := Instrument(code, &Ink, imports)
		if err != nil || more == 0 || c.Work != Work(code) || Work(code) < blocks*blocks+1 || Work(code) > blocks*blocks+1 && ifs > 10 {
			t.Errorf("%d ifs, of %d blocks each: the work is %d, want %d: %v", ifs, more, Work(code), blocks*blocks+1, err)
		}
	}
	for _, refused := range [][]byte{nil, call(5000), call(1)[:60]} {
		if got := Work(refused); got != Ink.MaxBlocksSq && got != Go.MaxBlocksSq {
			t.Errorf("a refused module's work is %d", got)
		}
	}
}

// NaN bits reach memory in one form only.
func TestCanonicalNaN(t *testing.T) {
	// 0/0 stored as f64 at 0, as f32 at 8, reinterpreted at 16; returned.
	code := []byte{opI32Const, 0}
	zero := append([]byte{opF64Const}, make([]byte, 8)...)
	code = append(append(append(code, zero...), zero...), 0xa3, opF64Store, 3, 0)
	code = append(code, opI32Const, 8)
	code = append(code, opF32Const, 0, 0, 0, 0, opF32Const, 0, 0, 0, 0, 0x95, opF32Store, 2, 0)
	code = append(code, opI32Const, 16)
	code = append(append(append(code, zero...), zero...), 0xa3, opReinterpF64, 0x37, 3, 0)
	// The sign of a NaN is none: copysign(1, −NaN) at 24 and, as f32, at 32.
	code = append(code, opI32Const, 24, opF64Const, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, opF64Const, 1, 0, 0, 0, 0, 0, 0xf8, 0xff, opF64Copysign, opF64Store, 3, 0)
	code = append(code, opI32Const, 32, opF32Const, 0, 0, 0x80, 0x3f, opF32Const, 1, 0, 0xc0, 0xff, opF32Copysign, opF32Store, 2, 0)
	code = append(code, opI32Const, 0, opI32Const, 0, opI32Const, 40, opCall, 0)
	for name, e := range engines(t) {
		m, err := e.Load(context.Background(), program(nil, code...).bytes(), &Ink, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := m.Execute(context.Background(), "call", nil, 1e6)
		want := "000000000000f87f" + "0000c07f00000000" + "000000000000f87f" + "000000000000f03f" + "0000803f00000000"
		if got := fmt.Sprintf("%x", out.Data); err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", name, got, err, want)
		}
	}
}

func FuzzInstrument(f *testing.F) {
	f.Add(program(nil).bytes())
	f.Add(program([]localGroup{{1, typeI32}}, opLoop, typeEmpty, opLocalGet, 0, opBrIf, 0, opEnd).bytes())
	imports := Imports{"seal0.seal_return": {Type: testFuncs[0].Type}}
	f.Fuzz(func(t *testing.T, code []byte) {
		for _, p := range []*Profile{&Ink, &Go} {
			c, err := Instrument(code, p, imports)
			if err != nil {
				if !errors.Is(err, ErrRefused) {
					t.Fatal(err)
				}
				continue
			}
			if p == ProfileOf(code) && Work(code) != c.Work {
				t.Fatalf("the work is %d, and instrumented %d", Work(code), c.Work)
			}
			if len(c.Wasm) > 64*len(code)+1024 {
				t.Fatalf("%d bytes became %d", len(code), len(c.Wasm))
			}
		}
	})
}

// A float that is selected is one of the two, also where the other one lies on the
// stack: after a call, which every float in a register is saved before.
func TestFloatSelect(t *testing.T) {
	for _, typ := range []byte{typeF32, typeF64} {
		constant := func(n byte) []byte {
			if typ == typeF32 {
				return []byte{opF32Const, 0, 0, 0, n}
			}
			return []byte{opF64Const, 0, 0, 0, 0, 0, 0, 0, n}
		}
		size, load, store := byte(4), byte(0x2a), byte(opF32Store)
		if typ == typeF64 {
			size, load, store = 8, 0x2b, opF64Store
		}
		for _, chosen := range []byte{0, 1} {
			w := program([]localGroup{{1, typ}, {1, typ}}, slices.Concat(
				[]byte{opI32Const, 32}, constant(0x40), []byte{store, 2, 0, opI32Const, 32, load, 2, 0, opLocalSet, 0},
				[]byte{opCall, 2}, // deploy, which does nothing
				[]byte{opI32Const, 48, 0x28, 2, 0, opIf, typ, opLocalGet, 0, opElse},
				[]byte{opLocalGet, 0}, constant(0x3f), []byte{opI32Const, chosen, opSelect, opEnd, opLocalSet, 1},
				[]byte{opI32Const, 0, opLocalGet, 1, store, 2, 0, opI32Const, 16, opLocalGet, 0, store, 2, 0},
				[]byte{opI32Const, 0, opI32Const, 0, opI32Const, size, opCall, 0})...)
			want := slices.Repeat([]byte{0}, int(size))
			want[size-1] = 0x3f
			if chosen == 1 {
				want[size-1] = 0x40
			}
			for name, e := range engines(t) {
				m, err := e.Load(context.Background(), w.bytes(), &Ink, nil)
				if err != nil {
					t.Fatal(err)
				}
				out, err := m.Execute(context.Background(), "call", nil, 1e6)
				if err != nil || !bytes.Equal(out.Data, want) {
					t.Errorf("%s: of type %#x, %d chosen: %x, want %x %v", name, typ, chosen, out.Data, want, err)
				}
			}
		}
	}
}

// A branch on how zero compares with an "and" goes the way that it has to, by
// whatever name the zero and the "and" come.
func TestAndAgainstZero(t *testing.T) {
	ways := map[string]struct{ zero, get []byte }{
		"direct":          {[]byte{opI32Const, 0}, nil},
		"a zero local":    {[]byte{opLocalGet, 1}, nil},
		"by a local":      {[]byte{opI32Const, 0}, []byte{opLocalSet, 0, opLocalGet, 0}},
		"by a tee":        {[]byte{opI32Const, 0}, []byte{opLocalTee, 0}},
		"out of a block":  {[]byte{opI32Const, 0}, nil},
		"shifted by zero": {[]byte{opI32Const, 0}, []byte{opI32Const, 0, 0x74}},
		"from before":     {[]byte{opI32Const, 0}, nil},
	}
	all := engines(t)
	for name, way := range ways {
		for op := range byte(8) { // lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u
			for _, value := range []byte{0, 1, 0x7f} { // 0, 1, −1
				and := []byte{opI32Const, 3, opI32Const, value, opI32And}
				if value == 0x7f {
					and = []byte{opI32Const, 0x7f, opI32Const, 0x7f, opI32And}
				}
				cond := slices.Concat(way.zero, and, way.get, []byte{opI32LtS + op})
				switch name {
				case "out of a block":
					cond = slices.Concat(way.zero, []byte{opBlock, typeI32}, and, []byte{opEnd, opI32LtS + op})
				case "from before":
					cond = slices.Concat(and, []byte{opLocalSet, 0}, way.zero, []byte{opLocalGet, 0, opNop, opI32LtS + op})
				}
				w := program([]localGroup{{2, typeI32}}, slices.Concat(cond,
					[]byte{opIf, typeEmpty, opI32Const, 0, opI32Const, 1, 0x36, 2, 0, opEnd, opI32Const, 0, opI32Const, 0, opI32Const, 1, opCall, 0})...)
				signed, unsigned := int8(value<<1)>>1, uint8(value<<1) // of 7 bits
				if value == 1 {
					signed, unsigned = 1, 1
				}
				want := [8]bool{0 < signed, 0 < unsigned, 0 > signed, false, 0 <= signed, true, 0 >= signed, unsigned == 0}[op]
				for engine, e := range all {
					m, err := e.Load(context.Background(), w.bytes(), &Ink, nil)
					if err != nil {
						t.Fatal(err)
					}
					out, err := m.Execute(context.Background(), "call", nil, 1e6)
					if err != nil || len(out.Data) != 1 || out.Data[0] == 1 != want {
						t.Errorf("%s, %s: comparison %d of 0 with %d: %x, want %v %v", engine, name, op, signed, out.Data, want, err)
					}
				}
			}
		}
	}
}
