package vm

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// Names of the globals that an instrumented module exports.
const (
	globalGas    = "__gas"
	globalHeight = "__height"
)

// Imports are the host functions that modules may link to, by "module.name".
type Imports map[string]Import

// Import is a host function: its type, or why a function that contracts may
// know is not offered.
type Import struct {
	Type    FuncType
	Refused string
}

// Code is an instrumented module.
type Code struct {
	Wasm    []byte
	Profile *Profile
	Globals int // mutable globals, exported as __mg0, __mg1, …
	// Work is what compiling costs at most: the sum over the functions of their
	// blocks squared, or what it takes to join their locals where that is more.
	Work uint64
}

// Instrument checks code against profile and the table of host functions and
// puts metering into it. Globals, locals and types are only ever appended, so
// that no index of the module moves.
//
// Gas is kept in a local of each function. It is written to the exported global
// around calls, at the end, and where execution stops.
func Instrument(code []byte, profile *Profile, imports Imports) (*Code, error) {
	m, err := parse(code, profile)
	if err != nil {
		return nil, err
	}
	if err := m.checkImports(imports); err != nil {
		return nil, err
	}
	scans, work, err := m.scan(profile)
	if err != nil {
		return nil, err
	}
	w := &writer{m: m, out: make([]byte, 0, len(code)*3/2)}
	w.module(scans)
	return &Code{Wasm: w.out, Profile: profile, Globals: w.mutable, Work: work}, nil
}

// scan scans all functions. It returns the module's work too; see Code.
func (m *module) scan(profile *Profile) (scans []*scanned, work uint64, err error) {
	scans, branches := make([]*scanned, len(m.bodies)), 0
	var squares, joins uint64
	for i := range m.bodies {
		if scans[i], err = scan(m, profile, i); err != nil {
			return nil, 0, err
		}
		if branches += scans[i].branches; branches > profile.MaxBranches {
			return nil, 0, refuse("its branch tables have more than %d entries", profile.MaxBranches)
		}
		squares += uint64(scans[i].blocks) * uint64(scans[i].blocks)
		if squares > profile.MaxBlocksSq {
			return nil, 0, refuse("its functions have too many blocks: the sum of their squares is above %d", profile.MaxBlocksSq)
		}
		locals := len(m.types[m.funcs[i]].Params) + int(m.bodies[i].nLocals)
		joins += scans[i].joins.work(locals)
		if joins > joinsPerWork*profile.MaxBlocksSq || scans[i].joins.excessive(locals) {
			return nil, 0, refuse("function %d: too many locals and operands for so many branches and loops inside one another", i)
		}
	}
	return scans, max(squares, joins/joinsPerWork), nil
}

// Work is the work of a module, see Code, without making anything of it: the most
// that there can be for one that would be refused.
func Work(code []byte) uint64 {
	profile := ProfileOf(code)
	m, err := parse(code, profile)
	if err != nil {
		return profile.MaxBlocksSq
	}
	_, work, err := m.scan(profile)
	if err != nil {
		return profile.MaxBlocksSq
	}
	return work
}

func (m *module) checkImports(imports Imports) error {
	for _, f := range m.imports {
		name := f.module + "." + f.name
		want, ok := imports[name]
		switch {
		case !ok:
			return refuse("it imports %s, which is not a function of this network", name)
		case want.Refused != "":
			return refuse("it imports %s, which this network does not offer: %s", name, want.Refused)
		case want.Type != m.types[f.typ]:
			return refuse("it imports %s with other parameters or results than it has", name)
		}
	}
	return nil
}

// writer puts the instrumented module together.
type writer struct {
	m       *module
	out     []byte
	gas     uint32 // indices of the added globals
	height  uint32
	mutable int
	types   []byte // added function types, for blocks with several results
	nTypes  uint32
	blockOf map[string]uint32
}

func (w *writer) section(id byte, data []byte) {
	w.out = append(w.out, id)
	w.out = appendU32(w.out, uint32(len(data)))
	w.out = append(w.out, data...)
}

func (w *writer) module(scans []*scanned) {
	m := w.m
	w.gas, w.height = m.nGlobals, m.nGlobals+1
	w.blockOf = map[string]uint32{}

	// The bodies come first: they decide which types are added.
	bodies := appendU32(nil, uint32(len(m.bodies)))
	for i := range m.bodies {
		b := w.body(i, scans[i])
		bodies = appendU32(bodies, uint32(len(b)))
		bodies = append(bodies, b...)
	}

	w.out = append(w.out, magic...)
	types := append(appendU32(nil, m.nTypes+w.nTypes), m.rawTypes...)
	w.section(secType, append(types, w.types...))
	if len(m.imports) > 0 {
		b := appendU32(nil, uint32(len(m.imports)))
		for _, f := range m.imports {
			b = appendName(b, f.module)
			b = appendName(b, f.name)
			b = appendU32(append(b, 0), f.typ)
		}
		w.section(secImport, b)
	}
	b := appendU32(nil, uint32(len(m.funcs)))
	for _, t := range m.funcs {
		b = appendU32(b, t)
	}
	w.section(secFunction, b)
	if m.rawTable != nil {
		w.section(secTable, m.rawTable)
	}
	w.section(secMemory, appendU32(appendU32([]byte{1, 1}, m.minPages), m.maxPages))
	b = append(appendU32(nil, m.nGlobals+2), m.rawGlobals...)
	b = append(b, typeI64, 1, opI64Const, 0, opEnd)
	b = append(b, typeI32, 1, opI32Const, 0, opEnd)
	w.section(secGlobal, b)
	w.section(secExport, w.exports())
	if m.rawElements != nil {
		w.section(secElement, m.rawElements)
	}
	w.section(secCode, bodies)
	if m.rawData != nil {
		w.section(secData, m.rawData)
	}
}

func (w *writer) exports() []byte {
	var b []byte
	n := uint32(0)
	add := func(name string, kind byte, i uint32) {
		b = appendU32(append(appendName(b, name), kind), i)
		n++
	}
	for _, name := range []string{"_initialize", "call", "deploy"} {
		if i, ok := w.m.exports[name]; ok {
			add(name, 0, i)
		}
	}
	for i, g := range w.m.globals {
		if g.mutable {
			add("__mg"+strconv.Itoa(w.mutable), 3, uint32(i))
			w.mutable++
		}
	}
	add(globalGas, 3, w.gas)
	add(globalHeight, 3, w.height)
	return append(appendU32(nil, n), b...)
}

// blockType returns the encoding of the type of a block that gives results.
func (w *writer) blockType(results string) []byte {
	switch len(results) {
	case 0:
		return []byte{typeEmpty}
	case 1:
		return []byte{results[0]}
	}
	i, ok := w.blockOf[results]
	if !ok {
		i = w.m.nTypes + w.nTypes
		w.nTypes++
		w.types = append(w.types, typeFunc, 0)
		w.types = appendName(w.types, results)
		w.blockOf[results] = i
	}
	return appendSigned(nil, int64(i))
}

// A fn writes one function body.
//
//	locals: those of the module, then gas i64, scratch i32?, nan f32?, nan f64?
//	code:   pay for the frame and the first block, check gas and height
//	        block          the old body; return becomes a branch out of it
//	        end
//	        give the frame back, write gas to the global
type fn struct {
	b                          []byte
	gasGlobal, heightGlobal    uint32
	gas, scratch, nan32, nan64 uint32 // local indices
	frame                      int64
}

func (w *writer) body(i int, s *scanned) []byte {
	bd, t := w.m.bodies[i], w.m.types[w.m.funcs[i]]
	f := &fn{gasGlobal: w.gas, heightGlobal: w.height}
	f.gas = uint32(len(t.Params)) + bd.nLocals
	groups := append([]localGroup(nil), bd.locals...)
	groups = append(groups, localGroup{1, typeI64})
	next := f.gas + 1
	add := func(want bool, index *uint32, typ byte) {
		if want {
			*index = next
			next++
			groups = append(groups, localGroup{1, typ})
		}
	}
	add(s.scratch32, &f.scratch, typeI32)
	add(s.nan32, &f.nan32, typeF32)
	add(s.nan64, &f.nan64, typeF64)
	f.b = appendU32(nil, uint32(len(groups)))
	for _, g := range groups {
		f.b = append(appendU32(f.b, g.n), g.typ)
	}
	f.frame = frameHeight + int64(len(t.Params)) + int64(bd.nLocals) + int64(s.maxHeight) + int64(len(bd.code)/codeHeight)

	f.enter(s.meters[0].cost)
	f.b = append(f.b, opBlock)
	f.b = append(f.b, w.blockType(t.Results)...)
	f.rewrite(bd.code, s.meters[1:])
	f.leave()
	f.b = append(f.b, opEnd)
	return f.b
}

func (f *fn) op(op byte, index uint32) { f.b = appendU32(append(f.b, op), index) }

func (f *fn) i32(v int64) { f.b = appendSigned(append(f.b, opI32Const), v) }
func (f *fn) i64(v int64) { f.b = appendSigned(append(f.b, opI64Const), v) }

// spill writes the gas left to the global; reload reads it back.
func (f *fn) spill() {
	f.op(opLocalGet, f.gas)
	f.op(opGlobalSet, f.gasGlobal)
}

func (f *fn) reload() {
	f.op(opGlobalGet, f.gasGlobal)
	f.op(opLocalSet, f.gas)
}

func (f *fn) enter(cost uint64) {
	f.op(opGlobalGet, f.gasGlobal)
	f.i64(int64(cost))
	f.b = append(f.b, opI64Sub)
	f.op(opLocalSet, f.gas)
	f.check()
	f.op(opGlobalGet, f.heightGlobal)
	f.i32(f.frame)
	f.b = append(f.b, opI32Add)
	f.op(opGlobalSet, f.heightGlobal)
	f.op(opGlobalGet, f.heightGlobal)
	f.i32(maxHeight)
	f.b = append(f.b, opI32GtU)
	f.stopIf()
}

func (f *fn) leave() {
	f.op(opGlobalGet, f.heightGlobal)
	f.i32(f.frame)
	f.b = append(f.b, opI32Sub)
	f.op(opGlobalSet, f.heightGlobal)
	f.spill()
}

// stopIf stops execution when the i32 on the stack is not zero.
func (f *fn) stopIf() {
	f.b = append(f.b, opIf, typeEmpty)
	f.spill()
	f.b = append(f.b, opUnreachable, opEnd)
}

// check stops execution when the gas has run out.
func (f *fn) check() {
	f.op(opLocalGet, f.gas)
	f.i64(0)
	f.b = append(f.b, opI64LtS)
	f.stopIf()
}

func (f *fn) pay(cost uint64) {
	if cost == 0 {
		return
	}
	f.op(opLocalGet, f.gas)
	f.i64(int64(cost))
	f.b = append(f.b, opI64Sub)
	f.op(opLocalSet, f.gas)
}

// payTop pays price for the i32 on the stack, divided by 2^shift, which stays there.
func (f *fn) payTop(shift, price int64) {
	f.op(opLocalSet, f.scratch)
	f.op(opLocalGet, f.gas)
	f.op(opLocalGet, f.scratch)
	f.b = append(f.b, opI64ExtendU)
	if shift > 0 {
		f.i64(shift)
		f.b = append(f.b, opI64ShrU)
	}
	if price > 1 {
		f.i64(price)
		f.b = append(f.b, opI64Mul)
	}
	f.b = append(f.b, opI64Sub)
	f.op(opLocalSet, f.gas)
	f.check()
	f.op(opLocalGet, f.scratch)
}

// canon makes every NaN on the stack the canonical one.
func (f *fn) canon32() {
	f.op(opLocalSet, f.nan32)
	f.op(opLocalGet, f.nan32)
	f.b = binary.LittleEndian.AppendUint32(append(f.b, opF32Const), 0x7fc00000)
	f.op(opLocalGet, f.nan32)
	f.op(opLocalGet, f.nan32)
	f.b = append(f.b, opF32Eq, opSelect)
}

func (f *fn) canon64() {
	f.op(opLocalSet, f.nan64)
	f.op(opLocalGet, f.nan64)
	f.b = binary.LittleEndian.AppendUint64(append(f.b, opF64Const), 0x7ff8000000000000)
	f.op(opLocalGet, f.nan64)
	f.op(opLocalGet, f.nan64)
	f.b = append(f.b, opF64Eq, opSelect)
}

// rewrite copies code, which scan has checked, and adds what metering needs.
func (f *fn) rewrite(code []byte, meters []meter) {
	r := &reader{b: code}
	depth := uint32(0)                       // blocks open inside the function
	before, last := byte(opNop), byte(opNop) // the operations before
	for r.more() {
		if len(meters) > 0 && meters[0].at == r.pos {
			f.pay(meters[0].cost)
			if meters[0].kind == blockLoop {
				f.check()
			}
			meters = meters[1:]
			continue
		}
		start := r.pos
		op, sub := skipOp(r)
		raw := code[start:r.pos]
		before, last = last, op
		if maybeAnd(before) {
			f.noAnd(op)
		}
		switch op {
		case opBlock, opLoop, opIf:
			depth++
		case opEnd:
			depth--
		case opReturn:
			f.op(opBr, depth)
			continue
		case opUnreachable:
			f.spill()
		case opCall, opCallIndirect:
			f.spill()
			f.b = append(f.b, raw...)
			f.reload()
			continue
		case opMemoryGrow:
			f.payTop(0, gasGrowPage)
		case opPrefix:
			if sub == subMemoryCopy || sub == subMemoryFill {
				f.payTop(2, 1)
			}
		case opF32Store, opF32Copysign, opReinterpF32:
			f.canon32()
		case opF64Store, opF64Copysign, opReinterpF64:
			f.canon64()
		}
		f.b = append(f.b, raw...)
	}
}

// noAnd makes the second side of a comparison that has an order a value that no
// "and" gave.
//
// wazero compiles a branch on 0 < a&b as one on a&b < 0, and likewise where the
// order is another, on amd64: of the test that sets the flags it forgets which side
// the zero was on. TestAndAgainstZero shows it.
func (f *fn) noAnd(op byte) {
	switch {
	case op >= opI32LtS && op <= opI32GeU:
		f.b = append(f.b, opI32Const, 0, opI32Or)
	case op >= opI64LtS && op <= opI64GeU:
		f.b = append(f.b, opI64Const, 0, opI64Or)
	}
}

// maybeAnd tells that what an operation left on the stack may be what an "and"
// gave. Locals and globals may be that under another name, and so may what blocks
// leave, and shifts by nothing.
func maybeAnd(op byte) bool {
	switch {
	case op == opI32Const, op == opI64Const, op >= 0x28 && op <= 0x35: // loads
		return false
	case op >= 0x45 && op <= 0x70, op == opI32Or, op == 0x73: // up to i32.rem_u; xor
		return false
	case op >= 0x79 && op <= 0x82, op == opI64Or, op == 0x85:
		return false
	}
	return op < 0xa7 || op > opExtendLast // conversions
}

// skipOp moves r over one operation of checked code.
func skipOp(r *reader) (op byte, sub uint32) {
	must := func(err error) {
		if err != nil {
			panic(fmt.Sprintf("vm: checked code does not parse: %v", err))
		}
	}
	op, err := r.byte()
	must(err)
	switch op {
	case opBlock, opLoop, opIf:
		_, err = r.signed(33)
	case opBr, opBrIf, opCall, opLocalGet, opLocalSet, opLocalTee, opGlobalGet, opGlobalSet:
		_, err = r.u32()
	case opBrTable:
		var n uint32
		n, err = r.u32()
		must(err)
		for range n + 1 {
			_, err = r.u32()
			must(err)
		}
	case opCallIndirect:
		_, err = r.u32()
		must(err)
		_, err = r.byte()
	case opI32Const:
		_, err = r.signed(32)
	case opI64Const:
		_, err = r.signed(64)
	case opF32Const:
		_, err = r.bytes(4)
	case opF64Const:
		_, err = r.bytes(8)
	case opMemorySize, opMemoryGrow:
		_, err = r.byte()
	case opPrefix:
		sub, err = r.u32()
		must(err)
		switch sub {
		case subMemoryCopy:
			_, err = r.bytes(2)
		case subMemoryFill:
			_, err = r.bytes(1)
		}
	default:
		if op >= 0x28 && op <= 0x3e {
			_, err = r.u32()
			must(err)
			_, err = r.u32()
		}
	}
	must(err)
	return op, sub
}

// maxGas is the most gas that an execution may be given; sums of it do not
// overflow the module's counter.
const maxGas = math.MaxInt64 / 4
