package vm

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// Locals that are set to what lies in the memory, so that no two are the same.
func setLocals(locals, at int) (code []byte) {
	for i := range locals {
		code = append(append(code, opI32Const, byte((i+at)&63), 0x28, 2, 0, opLocalSet), appendU32(nil, uint32(i))...)
	}
	return code
}

func readLocals(locals int) (code []byte) {
	for i := range locals {
		code = append(appendU32(append(code, opI32Const, 0, opLocalGet), uint32(i)), 0x36, 2, 0)
	}
	return code
}

// again is the end of a block that may be branched to.
var again = []byte{opLocalGet, 0, opBrIf, 0, opEnd}

func bomb(locals int, code ...[]byte) wasm {
	return program([]localGroup{{uint32(locals), typeI32}}, slices.Concat(code...)...)
}

// nested are loops inside one another, of which the innermost reads all locals.
func nested(loops, locals int) wasm {
	return bomb(locals, setLocals(locals, 0), bytes.Repeat([]byte{opLoop, typeEmpty}, loops), readLocals(locals), bytes.Repeat(again, loops))
}

// inRow are loops one after the other, with all locals read behind them.
func inRow(loops, locals int) wasm {
	return bomb(locals, setLocals(locals, 0), bytes.Repeat(append([]byte{opLoop, typeEmpty}, again...), loops), readLocals(locals))
}

// continued is a loop that begins anew in many places.
func continued(times, locals int) wasm {
	return bomb(locals, setLocals(locals, 0), []byte{opLoop, typeEmpty}, readLocals(locals), bytes.Repeat(again[:4], times), []byte{opEnd})
}

// tabled leaves a block by the entries of branch tables, half of them with locals
// that are other ones.
func tabled(entries, locals int) wasm {
	jumps := func() []byte {
		code := []byte{opBlock, typeEmpty}
		for at := 0; at < entries/2; at += 256 {
			code = append(code, opLocalGet, 0, opIf, typeEmpty, opLocalGet, 1, opBrTable, 0x80, 2) // 256 and one
			code = append(append(code, bytes.Repeat([]byte{2}, 257)...), opEnd)
		}
		return append(code, opEnd)
	}
	return bomb(locals, setLocals(locals, 0), []byte{opBlock, typeEmpty}, jumps(), setLocals(locals, 3), jumps(), []byte{opEnd}, readLocals(locals))
}

// holding keeps operands over many blocks.
func holding(operands, blocks int) wasm {
	return bomb(1, bytes.Repeat([]byte{opI32Const, 0, 0x28, 2, 0}, operands), []byte{opBlock, typeEmpty}, bytes.Repeat(again[:4], blocks),
		append([]byte{opEnd}, bytes.Repeat([]byte{opI32Add}, operands-1)...), []byte{opDrop})
}

// handing are blocks inside one another that hand values on.
func handing(op byte, blocks, values int) wasm {
	list := strings.Repeat(I32, values)
	w := bomb(1, bytes.Repeat([]byte{opI32Const, 0, 0x28, 2, 0}, values), bytes.Repeat([]byte{op, 3}, blocks), bytes.Repeat(again, blocks), bytes.Repeat([]byte{opDrop}, values))
	w.own, w.types = true, append(w.types, FuncType{list, list})
	return w
}

// spread are branch tables whose entries hand values on.
func spread(tables, entries, values int) wasm {
	table := slices.Concat([]byte{opBlock, 3}, bytes.Repeat([]byte{opI32Const, 1}, values), []byte{opI32Const, 0, opBrTable}, appendU32(nil, uint32(entries)),
		make([]byte, entries+1), []byte{opEnd}, bytes.Repeat([]byte{opDrop}, values))
	w := bomb(1, bytes.Repeat(table, tables))
	w.own, w.types = true, append(w.types, FuncType{"", strings.Repeat(I32, values)})
	return w
}

// repeating does something again and again.
func repeating(n int, code ...byte) wasm { return bomb(1, bytes.Repeat(code, n)) }

// wide is a module with a memory of its own.
func wide(w wasm) wasm {
	w.own = true
	return w
}

// passing hands values from call to call.
func passing(calls, values int) wasm {
	list := strings.Repeat(I32, values)
	w := bomb(1, bytes.Repeat([]byte{opI32Const, 0, 0x28, 2, 0}, values), bytes.Repeat([]byte{opCall, 3}, calls), bytes.Repeat([]byte{opDrop}, values))
	w.own, w.types = true, append(w.types, FuncType{list, list})
	w.bodies = append(w.bodies, fnBody{3, nil, append(getLocals(values), opEnd)})
	return w
}

func getLocals(locals int) (code []byte) {
	for i := range locals {
		code = appendU32(append(code, opLocalGet), uint32(i))
	}
	return code
}

// times has a module's first function so many times.
func times(w wasm, n int) wasm {
	for range n {
		w.bodies = append(w.bodies, w.bodies[0])
	}
	return w
}

// A module of some kilobytes that would keep the compiler busy for minutes, or take
// gigabytes of its memory, is refused before it is tried, and what only looks like
// one is not. Behind the rows is what compiling one took, on two cores that others
// used.
func TestCompileBombs(t *testing.T) {
	imports := Imports{"seal0.seal_return": {Type: testFuncs[0].Type}}
	const joins, blocks = "too many locals and operands for so many branches", "blocks, 4096 are the most"
	for _, row := range []struct {
		name    string
		w       wasm
		refused string
	}{
		{"loops inside one another", nested(250, 1000), joins}, // 74 s
		{"more of them", nested(500, 500), joins},
		{"few of them", nested(17, 1000), ""},                        // 0.5 s
		{"many, and few locals", nested(1000, 17), ""},               // 1.1 s
		{"again and again", times(nested(17, 1000), 12), joins},      // 0.5 s each
		{"loops in a row", inRow(1300, 340), joins},                  // 2 s, 200 MB
		{"fewer in a row", inRow(100, 340), ""},                      // 0.2 s
		{"a loop with many beginnings", continued(4000, 350), joins}, // 37 s
		{"and fewer", continued(900, 200), ""},                       // 1.8 s
		{"branch tables", tabled(58_000, 128), joins},                // 26 s, 3.1 GB
		{"smaller ones", tabled(2000, 120), ""},                      // 0.7 s
		{"operands over blocks", holding(8000, 2500), joins},         // 3.8 s, 540 MB
		{"fewer", holding(1000, 2500), ""},
		{"loops that hand values on", handing(opLoop, 1000, 128), joins},                         // 9 s
		{"blocks that do", handing(opBlock, 1000, 128), ""},                                      // 0.1 s
		{"branch tables that do", spread(14, 4096, 128), joins},                                  // 1.8 s, 200 MB
		{"memory that grows", repeating(12_000, opI32Const, 0, opMemoryGrow, 0, opDrop), blocks}, // 31 s
		{"some that does", repeating(2000, opI32Const, 0, opMemoryGrow, 0, opDrop), ""},          // 0.4 s
		{"memory that is filled", wide(repeating(7000, opI32Const, 0, opI32Const, 0, opI32Const, 0, opPrefix, subMemoryFill, 0)), blocks},    // 30 s
		{"some that is", wide(repeating(800, opI32Const, 0, opI32Const, 0, opI32Const, 0, opPrefix, subMemoryFill, 0)), ""},                  // 0.5 s
		{"memory that is copied", wide(repeating(6000, opI32Const, 0, opI32Const, 0, opI32Const, 0, opPrefix, subMemoryCopy, 0, 0)), blocks}, // 6 s
		{"calls that hand values on", passing(30_000, 128), joins},                                                                           // 8.7 s, 3.4 GB
		{"some that do", passing(1000, 128), ""}, // 0.3 s, 120 MB
		{"as in C", bomb(60, bytes.Repeat(slices.Concat([]byte{opLocalGet, 0, opIf, typeEmpty}, setLocals(3, 1), []byte{opElse}, setLocals(3, 2), []byte{opEnd}), 1000)), ""},
	} {
		p := &Ink
		if row.w.own {
			p = &Go
		}
		code := row.w.bytes()
		c, err := Instrument(code, p, imports)
		if (row.refused != "") != (err != nil) || err != nil && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), row.refused)) {
			t.Errorf("%s, %d bytes: %v", row.name, len(code), err)
		}
		if err == nil && c.Work > p.MaxBlocksSq {
			t.Errorf("%s: work of %d", row.name, c.Work)
		}
	}
}

// Walks go as far as values have to be looked for, where branches meet and where
// they do not.
func TestJoins(t *testing.T) {
	const get, brIf = opLocalGet, opBrIf
	// The way begins behind the two checks that every function has.
	for _, row := range []struct {
		name  string
		code  []byte
		edges uint64
		walks uint64
		reads uint64
	}{
		{"nothing", nil, 1, 5, 0},
		{"a read", []byte{get, 0, opDrop}, 1, 5, 4},
		{"a branch", []byte{opBlock, typeEmpty, get, 0, brIf, 0, opEnd}, 3, 5 + 6 + 1, 4},
		{"a read behind it", []byte{opBlock, typeEmpty, get, 0, brIf, 0, opEnd, get, 0, opDrop}, 3, 5 + 6 + 1, 4},
		{"a block that nobody leaves", []byte{opBlock, typeEmpty, opEnd}, 2, 5 + 6, 0},
		{"an if", []byte{get, 0, opIf, typeEmpty, opEnd}, 3, 6 + 6 + 1, 4},
		{"an if that ends all", []byte{get, 0, opIf, typeEmpty, opUnreachable, opEnd}, 2, 6 + 7, 4},
		{"an if with an else", []byte{get, 0, opIf, typeEmpty, opElse, opEnd}, 3, 6 + 6 + 1, 4},
		{"a loop", []byte{opLoop, typeEmpty, get, 0, brIf, 0, opEnd}, 3, 5 + 3 + 4, 2},
		{"a loop that does not go on", []byte{opLoop, typeEmpty, get, 0, opDrop, opEnd, get, 0, opDrop}, 2, 5 + 8, 2 + 7},
		{"a table", []byte{opBlock, typeEmpty, get, 0, opBrTable, 2, 0, 0, 0, opEnd}, 4, 3*5 + 1, 4},
		{"what is not reached", []byte{opReturn, get, 0, opDrop, opBlock, typeEmpty, opBr, 0, opEnd}, 1, 5, 0},
	} {
		m, err := parse(program([]localGroup{{1, typeI32}}, row.code...).bytes(), &Ink)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scan(m, &Ink, 0)
		if err != nil {
			t.Fatal(err)
		}
		if j := s.joins; j.edges != row.edges || j.walks != row.walks || j.reads != row.reads {
			t.Errorf("%s: %d edges, %d blocks walked, and %d to read; want %d, %d, %d", row.name, j.edges, j.walks, j.reads, row.edges, row.walks, row.reads)
		}
	}
}
