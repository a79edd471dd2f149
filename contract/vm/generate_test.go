package vm

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// Types of floats in a FuncType, which host functions have none of.
const (
	f32 = "\x7d"
	f64 = "\x7c"
)

// callable is a function that a generated program may call.
type callable struct {
	index uint32
	typ   uint32
}

// generator writes random programs over locals of every type, four globals and
// the memory: every kind of block, calls, direct and through a table, traps,
// loops that end and loops that do not. Programs of the Go profile have bulk
// operations, saturating conversions and blocks and functions with several
// results as well.
type generator struct {
	rng    *rand.Rand
	types  []FuncType
	code   []byte
	wide   bool // the Go profile
	fuel   int  // operations left
	locals map[byte][]byte
	calls  []callable
	table  int // entries that can be called
	// labels are what a branch to each open block takes with it, the innermost last.
	labels []string
}

func (g *generator) emit(b ...byte) { g.code = append(g.code, b...) }

func (g *generator) u32(op byte, n uint32) { g.code = appendU32(append(g.code, op), n) }

func (g *generator) one(ops ...byte) { g.emit(ops[g.rng.IntN(len(ops))]) }

// integers are those at which something changes.
var integers = []int64{0, 1, -1, 2, 7, 255, 1 << 31, -1 << 31, 1<<31 - 1, 1<<63 - 1, -1 << 63, 1<<53 + 1}

// floats are their bits: zeros, ones, infinities, quiet and signalling NaNs with
// and without a sign, the least and the greatest, and what no integer is.
var (
	floats32 = []uint32{0, 1 << 31, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fa00001, 0xff812345, 1, 0x807fffff,
		0x7f7fffff, 0x4f000000, 0xcf000001, 0x5f000000, 0x3f000000, 0x40200000}
	floats64 = []uint64{0, 1 << 63, 0x3ff << 52, 0xbff << 52, 0x7ff << 52, 0xfff << 52, 0x7ff8 << 48, 0xfff8 << 48, 0x7ff4<<48 | 1, 0xfff0<<48 | 0x1234, 1, 0x800fffffffffffff,
		0x7fefffffffffffff, 0x41e0000000000000, 0xc1e0000000200000, 0x43e0000000000000, 0x3fe0000000000000, 0x4004000000000000}
)

// constant leaves a constant of a type.
func (g *generator) constant(t byte) {
	n := integers[g.rng.IntN(len(integers))]
	if g.rng.IntN(6) == 0 {
		n = g.rng.Int64()
	}
	switch t {
	case typeI32:
		g.code = appendSigned(append(g.code, opI32Const), int64(int32(n)))
	case typeI64:
		g.code = appendSigned(append(g.code, opI64Const), n)
	case typeF32:
		bits := floats32[g.rng.IntN(len(floats32))]
		if g.rng.IntN(3) == 0 {
			bits = math.Float32bits(float32(n))
		}
		g.code = binary.LittleEndian.AppendUint32(append(g.code, opF32Const), bits)
	case typeF64:
		bits := floats64[g.rng.IntN(len(floats64))]
		if g.rng.IntN(3) == 0 {
			bits = math.Float64bits(float64(n) / 3)
		}
		g.code = binary.LittleEndian.AppendUint64(append(g.code, opF64Const), bits)
	}
}

// local is a local of a type.
func (g *generator) local(t byte) byte {
	all := g.locals[t]
	return all[g.rng.IntN(len(all))]
}

// global is the one of a type.
func global(t byte) byte { return typeI32 - t }

// any is one of the types.
func (g *generator) any() byte { return typeI32 - byte(g.rng.IntN(4)) }

// rare is true once in n times: for what mostly traps.
func (g *generator) rare(n int) bool { return g.rng.IntN(n) == 0 }

// address leaves an address, mostly in bounds, for n bytes.
func (g *generator) address(level int) {
	g.value(typeI32, level)
	if !g.rare(60) {
		g.emit(opI32Const, 0xff, 0x3f, 0x71)
	}
}

func (g *generator) memory(op byte) { g.emit(op, 0, byte(g.rng.IntN(100))) }

// value leaves one value of a type on the stack.
func (g *generator) value(t byte, level int) {
	g.fuel--
	if level <= 0 || g.fuel <= 0 {
		switch g.rng.IntN(5) {
		case 0, 1:
			g.constant(t)
		case 2:
			g.emit(opGlobalGet, global(t))
		default:
			g.emit(opLocalGet, g.local(t))
		}
		return
	}
	switch g.rng.IntN(12) {
	case 0:
		g.value(t, level-1)
		g.value(t, level-1)
		g.value(typeI32, level-1)
		g.emit(opSelect)
	case 1:
		g.value(typeI32, level-1)
		g.open(opIf, string(t))
		g.value(t, level-1)
		g.emit(opElse)
		g.value(t, level-1)
		g.close()
	case 2:
		g.open(opBlock, string(t))
		g.value(t, level-1)
		g.value(typeI32, level-1)
		g.emit(opBrIf, 0, opDrop)
		g.value(t, level-1)
		g.close()
	case 3:
		g.value(t, level-1)
		g.emit(opLocalTee, g.local(t))
	case 4:
		g.call(t, level)
	case 5:
		g.address(level - 1)
		switch t {
		case typeI32:
			g.memory([]byte{0x28, 0x2c, 0x2d, 0x2e, 0x2f}[g.rng.IntN(5)])
		case typeI64:
			g.memory([]byte{0x29, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35}[g.rng.IntN(7)])
		case typeF32:
			g.memory(0x2a)
		case typeF64:
			g.memory(0x2b)
		}
	case 6:
		g.convert(t, level)
	default:
		g.operation(t, level)
	}
}

// operation leaves what an operation on values of the type itself gives.
func (g *generator) operation(t byte, level int) {
	unary := g.rng.IntN(3) == 0
	g.value(t, level-1)
	if !unary {
		g.value(t, level-1)
	}
	// Divisions, which trap, are rare.
	arithmetic := func(first byte) {
		op := byte(g.rng.IntN(15))
		if op >= 3 && op <= 6 && !g.rare(20) {
			op = 0
		}
		g.emit(first + op)
	}
	switch {
	case t == typeI32 && unary:
		g.one(0x45, 0x67, 0x68, 0x69, 0xc0, 0xc1)
	case t == typeI32 && g.rng.IntN(3) == 0:
		g.emit(byte(0x46 + g.rng.IntN(10)))
	case t == typeI32:
		arithmetic(0x6a)
	case t == typeI64 && unary:
		g.one(0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4)
	case t == typeI64:
		arithmetic(0x7c)
	case t == typeF32 && unary:
		g.emit(byte(0x8b + g.rng.IntN(7)))
	case t == typeF32:
		g.emit(byte(0x92 + g.rng.IntN(7)))
	case unary:
		g.emit(byte(0x99 + g.rng.IntN(7)))
	default:
		g.emit(byte(0xa0 + g.rng.IntN(7)))
	}
}

// convert leaves what becomes of a value of another type.
func (g *generator) convert(t byte, level int) {
	from := g.any()
	for from == t {
		from = g.any()
	}
	g.value(from, level-1)
	float := from == typeF32 || from == typeF64
	second := byte(0) // of two types that are converted from
	if from == typeF64 || from == typeI64 {
		second = 2
	}
	sign := byte(g.rng.IntN(2))
	switch {
	case t == typeI32 && float && g.rng.IntN(3) == 0: // a comparison
		g.value(from, level-1)
		g.emit(map[byte]byte{typeF32: 0x5b, typeF64: 0x61}[from] + byte(g.rng.IntN(6)))
	case t == typeI32 && from == typeI64:
		switch g.rng.IntN(3) {
		case 0:
			g.emit(0xa7)
		case 1:
			g.emit(0x50)
		case 2:
			g.value(typeI64, level-1)
			g.emit(byte(0x51 + g.rng.IntN(10)))
		}
	case t == typeI32 && from == typeF32 && g.rng.IntN(2) == 0:
		g.emit(opReinterpF32)
	case t == typeI64 && from == typeF64 && g.rng.IntN(2) == 0:
		g.emit(opReinterpF64)
	case (t == typeI32 || t == typeI64) && float && g.rare(8): // it traps when it does not fit
		g.emit(map[byte]byte{typeI32: 0xa8, typeI64: 0xae}[t] + second + sign)
	case (t == typeI32 || t == typeI64) && float && !g.wide: // its sign
		g.emit(map[byte]byte{typeF32: opReinterpF32, typeF64: opReinterpF64}[from])
		width := map[byte]byte{typeF32: typeI32, typeF64: typeI64}[from]
		switch {
		case width == t:
		case t == typeI32:
			g.emit(0xa7)
		default:
			g.emit(0xac)
		}
	case (t == typeI32 || t == typeI64) && float:
		g.emit(opPrefix, map[byte]byte{typeI32: 0, typeI64: 4}[t]+second+sign)
	case t == typeI64:
		g.emit(0xac + sign)
	case t == typeF32 && from == typeF64:
		g.emit(0xb6)
	case t == typeF64 && from == typeF32:
		g.emit(0xbb)
	case t == typeF32 && from == typeI32 && g.rng.IntN(2) == 0:
		g.emit(0xbe)
	case t == typeF64 && from == typeI64 && g.rng.IntN(2) == 0:
		g.emit(0xbf)
	default:
		g.emit(map[byte]byte{typeF32: 0xb2, typeF64: 0xb7}[t] + second + sign)
	}
}

// call leaves one value that a function gives; the others that it gives go into
// locals.
func (g *generator) call(t byte, level int) {
	var fit []callable
	for _, c := range g.calls {
		if r := g.types[c.typ].Results; len(r) > 0 && r[0] == t {
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 {
		g.operation(t, level)
		return
	}
	c := fit[g.rng.IntN(len(fit))]
	for _, p := range []byte(g.types[c.typ].Params) {
		g.value(p, level-1)
	}
	if g.rng.IntN(2) == 0 {
		g.u32(opCall, c.index)
	} else {
		// Through the table: mostly to a function of the type, and else to another,
		// to nothing, or past the end.
		at := c.index - g.calls[0].index
		if g.rare(10) {
			at = uint32(g.rng.IntN(g.table + 3))
		}
		g.code = appendSigned(append(g.code, opI32Const), int64(at))
		g.u32(opCallIndirect, c.typ)
		g.emit(0)
	}
	g.settle(g.types[c.typ].Results[1:])
}

// settle puts values into locals, the last one first.
func (g *generator) settle(types string) {
	for i := len(types) - 1; i >= 0; i-- {
		g.emit(opLocalSet, g.local(types[i]))
	}
}

// open begins a block that takes nothing and gives the results.
func (g *generator) open(op byte, results string) {
	g.emit(op)
	switch {
	case results == "":
		g.emit(typeEmpty)
	default:
		g.emit(results[0])
	}
	g.labels = append(g.labels, results)
}

func (g *generator) close() {
	g.emit(opEnd)
	g.labels = g.labels[:len(g.labels)-1]
}

// leave branches on a condition to some block that takes nothing.
func (g *generator) leave(level int) {
	var fit []int
	for i, takes := range g.labels {
		if takes == "" {
			fit = append(fit, len(g.labels)-1-i)
		}
	}
	if len(fit) > 0 {
		g.value(typeI32, level)
		g.emit(opBrIf, byte(fit[g.rng.IntN(len(fit))]))
	}
}

// statement leaves the stack as it was.
func (g *generator) statement(level int) {
	if g.fuel--; g.fuel <= 0 {
		return
	}
	kinds := 10
	if g.wide {
		kinds = 13
	}
	switch g.rng.IntN(kinds) {
	case 0, 1:
		t := g.any()
		g.value(t, level)
		if g.rng.IntN(4) == 0 {
			g.emit(opGlobalSet, global(t))
		} else {
			g.emit(opLocalSet, g.local(t))
		}
	case 2:
		t := g.any()
		g.address(level - 1)
		g.value(t, level)
		stores := map[byte][]byte{typeI32: {0x36, 0x3a, 0x3b}, typeI64: {0x37, 0x3c, 0x3d, 0x3e}, typeF32: {opF32Store}, typeF64: {opF64Store}}[t]
		g.memory(stores[g.rng.IntN(len(stores))])
	case 3:
		g.value(typeI32, level)
		g.open(opIf, "")
		g.statement(level - 1)
		if g.rng.IntN(2) == 0 {
			g.emit(opElse)
			g.statement(level - 1)
		}
		g.close()
	case 4: // a loop that counts a local down; what is inside may set it again
		n := g.locals[typeI32][len(g.locals[typeI32])-1]
		g.emit(opI32Const, byte(1+g.rng.IntN(40)), opLocalSet, n)
		g.open(opBlock, "")
		g.open(opLoop, "")
		g.statement(level - 1)
		g.emit(opLocalGet, n, opI32Const, 1, opI32Sub, opLocalTee, n, 0x45, opBrIf, 1, opBr, 0)
		g.close()
		g.close()
	case 5:
		g.open(opBlock, "")
		g.statement(level - 1)
		g.leave(level - 1)
		g.statement(level - 1)
		g.close()
	case 6:
		g.open(opBlock, "")
		g.open(opBlock, "")
		g.value(typeI32, level-1)
		g.emit(opBrTable, 2, 0, 1, byte(g.rng.IntN(2)))
		g.close()
		g.statement(level - 1)
		g.close()
	case 7:
		g.value(typeI32, 0)
		if !g.rare(10) {
			g.emit(opI32Const, 3, 0x71)
		}
		g.emit(opMemoryGrow, 0, opLocalSet, g.local(typeI32))
	case 8, 9:
		g.statement(level - 1)
		g.statement(level - 1)
	case 10: // mostly where there is memory, and of a length that there is
		g.address(level - 1)
		second, sub := byte(typeI32), []byte{opPrefix, subMemoryFill, 0}
		if g.rng.IntN(2) == 0 {
			sub = []byte{opPrefix, subMemoryCopy, 0, 0}
			g.address(level - 1)
		} else {
			g.value(second, level-1)
		}
		g.value(typeI32, 1)
		if !g.rare(30) {
			g.emit(opI32Const, 0xff, 0x07, 0x71)
		}
		g.emit(sub...)
	case 11:
		g.several(level)
	case 12:
		g.emit(opMemorySize, 0, opLocalSet, g.local(typeI32))
	}
}

// several is a block, an if or a loop that takes values and gives others.
func (g *generator) several(level int) {
	i := uint32(len(g.types) - 1 - g.rng.IntN(manyTypes))
	t := g.types[i]
	for _, p := range []byte(t.Params) {
		g.value(p, level-1)
	}
	op := byte(opBlock)
	switch g.rng.IntN(3) {
	case 0:
		op = opIf
		g.value(typeI32, level-1)
	case 1:
		op = opLoop
	}
	inside := func() {
		g.settle(t.Params)
		g.statement(level - 2)
		for _, r := range []byte(t.Results) {
			g.value(r, level-1)
		}
		if op != opLoop && g.rng.IntN(2) == 0 {
			g.value(typeI32, level-1)
			g.emit(opBrIf, 0) // it takes the results with it
		}
	}
	g.code = appendSigned(append(g.code, op), int64(i))
	takes := t.Results
	if op == opLoop {
		takes = t.Params
	}
	g.labels = append(g.labels, takes)
	inside()
	if op == opIf {
		g.emit(opElse)
		inside()
	}
	g.close()
	g.settle(t.Results)
}

// manyTypes is how many of a module's types, the last ones, are of blocks with
// several values.
const manyTypes = 3

// random returns a module whose call runs a random program and returns its
// locals, its globals and the hash of its memory.
func random(seed uint64, wide bool) wasm {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := wasm{
		types:   []FuncType{{}, {I32 + I32 + I32, ""}, {I32, ""}, {I32, I32}, {I64 + I32, I64}, {f32 + f64, f64}},
		imports: []importedFunc{{"seal0", "seal_return", 1}, {"test", "sum", 2}},
		min:     1, max: 4,
		globals: [][]byte{{typeI32, 1, opI32Const, 5, opEnd}, {typeI64, 1, opI64Const, 6, opEnd},
			{typeF32, 1, opF32Const, 0, 0, 0x80, 0x3f, opEnd}, {typeF64, 1, opF64Const, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, opEnd}},
		empty: 2,
	}
	kinds := []uint32{3, 4, 3, 5} // of the functions that are called
	if wide {
		w.own = true
		w.types = append(w.types, FuncType{I32 + f64, f32 + I32 + f64},
			FuncType{I32 + I64, f64 + I32}, FuncType{f32, f32 + f32}, FuncType{"", I64 + I32 + f32})
		kinds = append(kinds, 6)
	}
	body := func(typ uint32, calls []callable, fuel int) ([]byte, []localGroup) {
		g := &generator{rng: rng, types: w.types, wide: wide, fuel: fuel, calls: calls, table: len(kinds), locals: map[byte][]byte{}}
		n := byte(0)
		for _, p := range []byte(w.types[typ].Params) {
			g.locals[p] = append(g.locals[p], n)
			n++
		}
		groups := []localGroup{{4, typeI32}, {2, typeI64}, {2, typeF32}, {2, typeF64}}
		for _, l := range groups {
			for range l.n {
				g.locals[l.typ] = append(g.locals[l.typ], n)
				n++
			}
		}
		g.open(opBlock, "")
		for g.fuel > 0 {
			g.statement(4)
		}
		g.close()
		for _, r := range []byte(w.types[typ].Results) {
			g.emit(opLocalGet, g.local(r))
		}
		if typ == 0 {
			g.finish()
		}
		g.emit(opEnd)
		return g.code, groups
	}
	first := uint32(len(w.imports)) + 2
	var calls []callable
	for i, typ := range kinds {
		calls = append(calls, callable{first + uint32(i), typ})
		w.table = append(w.table, first+uint32(i))
	}
	code, locals := body(0, calls, 160)
	w.bodies = append(w.bodies, fnBody{0, locals, code}, fnBody{0, nil, []byte{opEnd}})
	for _, typ := range kinds {
		code, locals := body(typ, nil, 40)
		w.bodies = append(w.bodies, fnBody{typ, locals, code})
	}
	return w
}

// finish hashes the memory, stores every local and global, and returns them.
func (g *generator) finish() {
	const sum = 1024
	g.code = appendSigned(append(g.code, opI32Const), sum)
	g.u32(opCall, 1)
	at := int64(0)
	store := func(t byte, get byte, n byte) {
		g.code = appendSigned(append(g.code, opI32Const), at)
		op := map[byte]byte{typeI32: 0x36, typeI64: 0x37, typeF32: opF32Store, typeF64: opF64Store}[t]
		g.emit(get, n, op, 0, 0)
		at += 8
	}
	for _, t := range []byte{typeI32, typeI64, typeF32, typeF64} {
		for _, n := range g.locals[t] {
			store(t, opLocalGet, n)
		}
		if len(g.locals[t]) > 0 {
			store(t, opGlobalGet, global(t))
		}
	}
	g.emit(opI32Const, 0, opI32Const, 0)
	g.code = appendSigned(append(g.code, opI32Const), sum+32)
	g.u32(opCall, 0)
}
