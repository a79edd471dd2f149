package vm

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrRefused is wrapped by every error of [Instrument]: the module is at fault,
// and the text says how.
var ErrRefused = errors.New("module refused")

func refuse(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if len(text) > maxRefusal {
		text = text[:maxRefusal] + "…"
	}
	return fmt.Errorf("%w: %s", ErrRefused, strings.ToValidUTF8(text, "�"))
}

// maxRefusal bounds why a module is refused, bytes: names in it are as long as
// their author likes.
const maxRefusal = 512

// Section numbers.
const (
	secCustom = iota
	secType
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
	secData
	secDataCount
)

// FuncType is the type of a function; the bytes are those of the value types.
type FuncType struct {
	Params, Results string
}

// I32 and I64 are the value types that host functions use.
const (
	I32 = string(rune(typeI32))
	I64 = string(rune(typeI64))
)

// module is what the instrumenter knows of a parsed module. The slices alias
// the module's bytes.
type module struct {
	types    []FuncType
	imports  []importedFunc
	funcs    []uint32 // type of each own function
	exports  map[string]uint32
	globals  []globalType
	bodies   []body
	minPages uint32
	maxPages uint32

	rawTypes, rawTable, rawGlobals, rawElements, rawData []byte
	nTypes, nGlobals, nSegments                          uint32
	hasMemory                                            bool
}

type importedFunc struct {
	module, name string
	typ          uint32
}

type globalType struct {
	typ     byte
	mutable bool
}

type body struct {
	locals  []localGroup
	nLocals uint32
	code    []byte // expression with its final end
}

type localGroup struct {
	n   uint32
	typ byte
}

var magic = []byte("\x00asm\x01\x00\x00\x00")

// parse reads the sections of code and checks the limits that need no look
// into function bodies.
func parse(code []byte, p *Profile) (*module, error) {
	if bytes.HasPrefix(code, []byte("PVM\x00")) {
		return nil, refuse("this is a PolkaVM blob (ink! 6); build the contract with ink! 5 or Go instead")
	}
	if len(code) > p.MaxCode {
		return nil, refuse("%d bytes of code, %d are the most", len(code), p.MaxCode)
	}
	if !bytes.HasPrefix(code, magic) {
		return nil, refuse("not a WebAssembly module of version 1")
	}
	m := &module{exports: map[string]uint32{}}
	r := &reader{b: code, pos: len(magic)}
	last := -1
	for r.more() {
		id, err := r.byte()
		if err != nil {
			return nil, refuse("%v", err)
		}
		size, err := r.u32()
		if err != nil {
			return nil, refuse("size of section %d: %v", id, err)
		}
		data, err := r.bytes(int(size))
		if err != nil {
			return nil, refuse("section %d: %v", id, err)
		}
		if id == secCustom {
			continue
		}
		// The count of data segments stands before the code.
		order := int(id) * 2
		if id == secDataCount {
			order = secCode*2 - 1
		}
		if id > secDataCount || order <= last {
			return nil, refuse("section %d is unknown or out of order", id)
		}
		last = order
		if err := m.section(id, data, p); err != nil {
			if errors.Is(err, ErrRefused) {
				return nil, err
			}
			return nil, refuse("section %d: %v", id, err)
		}
	}
	if len(m.bodies) != len(m.funcs) {
		return nil, refuse("%d functions have %d bodies", len(m.funcs), len(m.bodies))
	}
	if !m.hasMemory {
		return nil, refuse("it has no memory")
	}
	for _, name := range append([]string{p.Init}, p.Exports...) {
		if _, ok := m.exports[name]; name != "" && !ok {
			return nil, refuse("it does not export function %q", name)
		}
	}
	return m, nil
}

func (m *module) section(id byte, data []byte, p *Profile) error {
	r := &reader{b: data}
	var n uint32
	var err error
	if id != secStart {
		if n, err = r.u32(); err != nil {
			return err
		}
		if id != secDataCount && int(n) > len(data) {
			return errTruncated
		}
	}
	rest := data[r.pos:]
	switch id {
	case secType:
		if int(n) > p.MaxTypes {
			return refuse("%d types, %d are the most", n, p.MaxTypes)
		}
		m.rawTypes, m.nTypes = rest, n
		err = m.parseTypes(r, n, p)
	case secImport:
		if int(n) > p.MaxImports {
			return refuse("%d imports, %d are the most", n, p.MaxImports)
		}
		err = m.parseImports(r, n, p)
	case secFunction:
		if int(n) > p.MaxFunctions {
			return refuse("%d functions, %d are the most", n, p.MaxFunctions)
		}
		for range n {
			t, err := r.u32()
			if err != nil {
				return err
			}
			if int(t) >= len(m.types) {
				return refuse("function of unknown type %d", t)
			}
			m.funcs = append(m.funcs, t)
		}
	case secTable:
		m.rawTable = data
		err = parseTable(r, n, p)
	case secMemory:
		if p.ImportMemory {
			return refuse("it defines a memory; env.memory is to be imported")
		}
		if n != 1 {
			return refuse("%d memories", n)
		}
		err = m.parseMemory(r, p)
	case secGlobal:
		m.rawGlobals, m.nGlobals = rest, n
		err = m.parseGlobals(r, n, p)
	case secExport:
		err = m.parseExports(r, n, p)
	case secStart:
		return refuse("it has a start function")
	case secElement:
		// An entry has one byte at least, and five at most.
		if most := 5 * int(p.MaxTable); int(n) > p.MaxSegments || len(data) > most {
			return refuse("%d segments of elements in %d bytes, %d in %d are the most", n, len(data), p.MaxSegments, most)
		}
		m.rawElements, m.nSegments = data, m.nSegments+n
		for range n {
			if err = skipElements(r, p); err != nil {
				break
			}
		}
	case secCode:
		err = m.parseBodies(r, n, p)
	case secData:
		if int(n) > p.MaxSegments {
			return refuse("%d segments of data, %d are the most", n, p.MaxSegments)
		}
		m.rawData, m.nSegments = data, m.nSegments+n
		for range n {
			if err = skipData(r); err != nil {
				break
			}
		}
	case secDataCount:
		if !p.Bulk {
			return refuse("it uses bulk memory, which profile %s does not have", p.Name)
		}
		return nil
	}
	if err == nil && r.more() {
		err = errors.New("bytes are left over")
	}
	return err
}

func (m *module) parseTypes(r *reader, n uint32, p *Profile) error {
	for range n {
		form, err := r.byte()
		if err != nil {
			return err
		}
		if form != typeFunc {
			return refuse("type form %#x", form)
		}
		var lists [2][]byte
		for i := range lists {
			k, err := r.u32()
			if err != nil {
				return err
			}
			if lists[i], err = r.bytes(int(k)); err != nil {
				return err
			}
			for _, t := range lists[i] {
				if err := checkType(t); err != nil {
					return err
				}
			}
		}
		if len(lists[0]) > p.MaxParams {
			return refuse("a function has %d parameters, %d are the most", len(lists[0]), p.MaxParams)
		}
		if len(lists[1]) > 1 && !p.MultiValue || len(lists[1]) > p.MaxParams {
			return refuse("a function has %d results", len(lists[1]))
		}
		m.types = append(m.types, FuncType{string(lists[0]), string(lists[1])})
	}
	return nil
}

func checkType(t byte) error {
	switch t {
	case typeI32, typeI64, typeF32, typeF64:
		return nil
	}
	return refuse("value type %#x is not offered", t)
}

func (m *module) parseImports(r *reader, n uint32, p *Profile) error {
	for range n {
		mod, err := r.name()
		if err != nil {
			return err
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		kind, err := r.byte()
		if err != nil {
			return err
		}
		switch {
		case kind == 0:
			t, err := r.u32()
			if err != nil {
				return err
			}
			if int(t) >= len(m.types) {
				return refuse("import %s.%s has unknown type %d", mod, name, t)
			}
			m.imports = append(m.imports, importedFunc{mod, name, t})
		case kind == 2 && p.ImportMemory && mod == "env" && name == "memory":
			if m.hasMemory {
				return refuse("two memories")
			}
			if err := m.parseMemory(r, p); err != nil {
				return err
			}
		default:
			return refuse("it imports %s.%s, which is not a function", mod, name)
		}
	}
	return nil
}

func (m *module) parseMemory(r *reader, p *Profile) error {
	lo, hi, err := limits(r)
	if err != nil {
		return err
	}
	if lo > p.MaxPages {
		return refuse("its memory begins with %d pages, %d are the most", lo, p.MaxPages)
	}
	if hi < lo {
		return refuse("its memory's maximum is below its minimum")
	}
	// A module that names a larger maximum is refused where the profile asks
	// for one, and clamped where toolchains write none.
	if p.ImportMemory && hi > p.MaxPages {
		return refuse("its memory may grow above %d pages", p.MaxPages)
	}
	m.minPages, m.maxPages, m.hasMemory = lo, min(hi, p.MaxPages), true
	return nil
}

func limits(r *reader) (lo, hi uint32, err error) {
	flag, err := r.byte()
	if err != nil {
		return 0, 0, err
	}
	if flag > 1 {
		return 0, 0, refuse("limits of kind %d", flag)
	}
	if lo, err = r.u32(); err != nil {
		return 0, 0, err
	}
	hi = 1<<32 - 1
	if flag == 1 {
		hi, err = r.u32()
	}
	return lo, hi, err
}

func parseTable(r *reader, n uint32, p *Profile) error {
	if n > 1 {
		return refuse("%d tables", n)
	}
	for range n {
		t, err := r.byte()
		if err != nil {
			return err
		}
		if t != typeAny {
			return refuse("table of type %#x", t)
		}
		lo, _, err := limits(r)
		if err != nil {
			return err
		}
		if lo > p.MaxTable {
			return refuse("its table has %d elements, %d are the most", lo, p.MaxTable)
		}
	}
	return nil
}

func (m *module) parseGlobals(r *reader, n uint32, p *Profile) error {
	if int(n) > p.MaxGlobals {
		return refuse("%d globals, %d are the most", n, p.MaxGlobals)
	}
	for range n {
		t, err := r.byte()
		if err != nil {
			return err
		}
		if err := checkType(t); err != nil {
			return err
		}
		mut, err := r.byte()
		if err != nil {
			return err
		}
		if mut > 1 {
			return refuse("global with mutability %d", mut)
		}
		if err := skipConst(r, p); err != nil {
			return err
		}
		m.globals = append(m.globals, globalType{t, mut == 1})
	}
	return nil
}

// skipConst reads a constant expression. Only constants may stand in it: no
// global can be imported, and reading an own one would be able to name those
// that the instrumenter adds.
func skipConst(r *reader, p *Profile) error {
	op, err := r.byte()
	if err != nil {
		return err
	}
	switch op {
	case opI32Const:
		_, err = r.signed(32)
	case opI64Const:
		_, err = r.signed(64)
	case opF32Const:
		_, err = r.bytes(4)
	case opF64Const:
		_, err = r.bytes(8)
	default:
		return refuse("operation %#x in a constant", op)
	}
	if err != nil {
		return err
	}
	if op, err = r.byte(); err != nil {
		return err
	}
	if op != opEnd {
		return refuse("a constant of more than one operation")
	}
	return nil
}

// skipData reads one active data segment.
func skipData(r *reader) error {
	flag, err := r.u32()
	if err != nil {
		return err
	}
	if flag != 0 {
		return refuse("data segment of kind %d", flag)
	}
	if err := skipConst(r, &Profile{}); err != nil {
		return err
	}
	n, err := r.u32()
	if err != nil {
		return err
	}
	_, err = r.bytes(int(n))
	return err
}

// skipElements reads one active segment of elements. Of others, which nothing that
// is offered could use, the engine takes the offset that they do not have, and
// panics. What the numbers stand for, the engine checks.
func skipElements(r *reader, p *Profile) error {
	flag, err := r.u32()
	if err != nil {
		return err
	}
	if flag != 0 {
		return refuse("segment of elements of kind %d", flag)
	}
	if err := skipConst(r, p); err != nil {
		return err
	}
	n, err := r.u32()
	if err != nil {
		return err
	}
	for range n {
		if _, err := r.u32(); err != nil {
			return err
		}
	}
	return nil
}

func (m *module) parseExports(r *reader, n uint32, p *Profile) error {
	seen := map[string]bool{}
	for range n {
		name, err := r.name()
		if err != nil {
			return err
		}
		kind, err := r.byte()
		if err != nil {
			return err
		}
		i, err := r.u32()
		if err != nil {
			return err
		}
		if seen[name] {
			return refuse("it exports %q twice", name)
		}
		seen[name] = true
		if kind != 0 {
			continue // memories, tables and globals stay inside
		}
		if !slices.Contains(p.Exports, name) && (p.Init == "" || name != p.Init) {
			return refuse("it exports function %q; only %q are called", name, p.Exports)
		}
		if int(i) >= len(m.imports)+len(m.funcs) {
			return refuse("export %q of unknown function %d", name, i)
		}
		if int(i) < len(m.imports) {
			return refuse("export %q is an imported function", name)
		}
		t := m.types[m.funcs[int(i)-len(m.imports)]]
		if t.Params != "" || t.Results != "" && t.Results != string([]byte{typeI32}) {
			return refuse("export %q takes parameters or returns more than a number", name)
		}
		m.exports[name] = i
	}
	return nil
}

func (m *module) parseBodies(r *reader, n uint32, p *Profile) error {
	if int(n) != len(m.funcs) {
		return refuse("%d functions have %d bodies", len(m.funcs), n)
	}
	for i := range n {
		size, err := r.u32()
		if err != nil {
			return err
		}
		if int64(size) > int64(p.MaxBody) {
			return refuse("function %d has %d bytes, %d are the most", i, size, p.MaxBody)
		}
		b, err := r.bytes(int(size))
		if err != nil {
			return err
		}
		br := &reader{b: b}
		groups, err := br.u32()
		if err != nil {
			return err
		}
		if int(groups) > len(b) {
			return errTruncated
		}
		var bd body
		for range groups {
			k, err := br.u32()
			if err != nil {
				return err
			}
			t, err := br.byte()
			if err != nil {
				return err
			}
			if err := checkType(t); err != nil {
				return err
			}
			if int64(bd.nLocals)+int64(k) > int64(p.MaxLocals) {
				return refuse("function %d has more than %d locals", i, p.MaxLocals)
			}
			bd.nLocals += k
			bd.locals = append(bd.locals, localGroup{k, t})
		}
		bd.code = b[br.pos:]
		m.bodies = append(m.bodies, bd)
	}
	return nil
}
