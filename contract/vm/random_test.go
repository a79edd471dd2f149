package vm

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// programs is where test/wasmtime wants to have what was executed, and how it
// ended, a line of JSON each.
var programs = flag.String("programs", "", "file to write programs and outcomes to")

// execution is one of a program.
type execution struct {
	Code      []byte
	Gas       uint64 // that it was given
	Outcome   Outcome
	HostGas   uint64 // of a call of the host
	MaxHeight uint32
}

// record writes executions down if that is wanted.
func record(t testing.TB, code []byte, gas uint64, out Outcome) {
	t.Helper()
	if *programs == "" {
		return
	}
	f, err := os.OpenFile(*programs, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := json.NewEncoder(f).Encode(execution{code, gas, out, gasHost, maxHeight}); err != nil {
		t.Fatal(err)
	}
}

// generator writes random programs over four i32 locals, two i64 ones and the
// memory: every kind of block, calls, traps, loops that end and loops that do
// not.
type generator struct {
	rng   *rand.Rand
	code  []byte
	depth int // of labels
	fuel  int // operations left
	funcs int // callable functions, of type i32 → i32, from index 3
}

func (g *generator) emit(b ...byte) { g.code = append(g.code, b...) }

func (g *generator) constant() {
	values := []int64{0, 1, -1, 2, 7, 255, 1 << 31, -1 << 31, 1<<31 - 1, g.rng.Int64()}
	g.code = appendSigned(append(g.code, opI32Const), int64(int32(values[g.rng.IntN(len(values))])))
}

// arithmetic is one of the 15 operations from first on; divisions, which trap,
// are rare.
func (g *generator) arithmetic(first byte) byte {
	op := byte(g.rng.IntN(15))
	if op >= 3 && op <= 6 && g.rng.IntN(20) > 0 {
		op = 0
	}
	return first + op
}

// i32 leaves one i32 on the stack.
func (g *generator) i32(level int) {
	g.fuel--
	if level <= 0 || g.fuel <= 0 {
		if g.rng.IntN(2) == 0 {
			g.constant()
		} else {
			g.emit(opLocalGet, byte(g.rng.IntN(4)))
		}
		return
	}
	switch g.rng.IntN(12) {
	case 0, 1, 2, 3:
		g.i32(level - 1)
		g.i32(level - 1)
		g.emit(g.arithmetic(0x6a)) // add … rotr, div and rem among them
	case 4:
		g.i32(level - 1)
		g.i32(level - 1)
		g.emit(byte(0x46 + g.rng.IntN(10))) // comparisons
	case 5:
		g.i32(level - 1)
		g.emit([]byte{0x45, 0x67, 0x68, 0x69, 0xc0, 0xc1}[g.rng.IntN(6)])
	case 6: // a load, mostly in bounds
		g.i32(level - 1)
		if g.rng.IntN(60) > 0 {
			g.emit(opI32Const, 0xff, 0x3f, 0x71)
		}
		g.emit([]byte{0x28, 0x2c, 0x2d, 0x2e, 0x2f}[g.rng.IntN(5)], 0, byte(g.rng.IntN(100)))
	case 7:
		g.i32(level - 1)
		g.i32(level - 1)
		g.i32(level - 1)
		g.emit(opSelect)
	case 8:
		g.i32(level - 1)
		g.emit(opIf, typeI32)
		g.depth++
		g.i32(level - 1)
		g.emit(opElse)
		g.i32(level - 1)
		g.emit(opEnd)
		g.depth--
	case 9: // through the 64-bit locals
		g.emit(opLocalGet, 4, opLocalGet, 5, g.arithmetic(0x7c), opLocalSet, byte(4+g.rng.IntN(2)))
		g.emit(opLocalGet, 4, 0xa7)
		g.i32(level - 1)
		g.emit(0xad, opLocalGet, 5, 0x85, opLocalSet, 5, opLocalGet, 5, 0xa7, 0x6a)
	case 10:
		g.i32(level - 1)
		if g.funcs > 0 && g.rng.IntN(2) == 0 {
			g.emit(opCall, byte(3+g.rng.IntN(g.funcs)))
		} else {
			g.emit(opLocalTee, byte(g.rng.IntN(4)))
		}
	case 11:
		g.emit(opBlock, typeI32)
		g.depth++
		g.i32(level - 1)
		g.i32(level - 1)
		g.emit(opBrIf, 0, opDrop)
		g.i32(level - 1)
		g.emit(opEnd)
		g.depth--
	}
}

// statement leaves the stack as it was.
func (g *generator) statement(level int) {
	g.fuel--
	if g.fuel <= 0 {
		return
	}
	switch g.rng.IntN(9) {
	case 0, 1:
		g.i32(level)
		g.emit(opLocalSet, byte(g.rng.IntN(4)))
	case 2:
		g.i32(level - 1)
		g.emit(opI32Const, 0xff, 0x3f, 0x71)
		g.i32(level)
		g.emit([]byte{0x36, 0x3a, 0x3b}[g.rng.IntN(3)], 0, byte(g.rng.IntN(100)))
	case 3:
		g.i32(level)
		g.emit(opIf, typeEmpty)
		g.depth++
		g.statement(level - 1)
		if g.rng.IntN(2) == 0 {
			g.emit(opElse)
			g.statement(level - 1)
		}
		g.emit(opEnd)
		g.depth--
	case 4: // a loop that counts local 3 down; what is inside may set it again
		g.emit(opI32Const, byte(1+g.rng.IntN(40)), opLocalSet, 3, opBlock, typeEmpty, opLoop, typeEmpty)
		g.depth += 2
		g.statement(level - 1)
		g.emit(opLocalGet, 3, opI32Const, 1, opI32Sub, opLocalTee, 3, 0x45, opBrIf, 1, opBr, 0, opEnd, opEnd)
		g.depth -= 2
	case 5:
		g.emit(opBlock, typeEmpty)
		g.depth++
		g.statement(level - 1)
		g.i32(level - 1)
		g.emit(opBrIf, byte(g.rng.IntN(g.depth)))
		g.statement(level - 1)
		g.emit(opEnd)
		g.depth--
	case 6:
		g.emit(opBlock, typeEmpty, opBlock, typeEmpty)
		g.depth += 2
		g.i32(level - 1)
		g.emit(opBrTable, 2, 0, 1, byte(g.rng.IntN(2)), opEnd)
		g.depth--
		g.statement(level - 1)
		g.emit(opEnd)
		g.depth--
	case 7:
		g.i32(0)
		g.emit(opI32Const, 3, 0x71, opMemoryGrow, 0, opLocalSet, byte(g.rng.IntN(4)))
	case 8:
		g.statement(level - 1)
		g.statement(level - 1)
	}
}

// random returns a module whose call runs a random program and returns the
// locals and the first page's start.
func random(seed uint64) wasm {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := wasm{
		types:   []FuncType{{}, {I32 + I32 + I32, ""}, {I32, I32}},
		imports: []importedFunc{{"seal0", "seal_return", 1}},
		min:     1, max: 4,
	}
	body := func(funcs, fuel int) []byte {
		g := &generator{rng: rng, fuel: fuel, funcs: funcs}
		g.emit(opBlock, typeEmpty)
		g.depth = 1
		for g.fuel > 0 {
			g.statement(4)
		}
		g.emit(opEnd)
		return g.code
	}
	locals := []localGroup{{4, typeI32}, {2, typeI64}}
	call := body(3, 120)
	for i := range byte(4) {
		call = append(call, opI32Const, 0, opLocalGet, i, 0x36, 2, 4*i)
	}
	call = append(call, opI32Const, 0, opI32Const, 0, opI32Const, 0x80, 4, opCall, 0, opEnd)
	w.bodies = append(w.bodies, fnBody{0, locals, call}, fnBody{0, nil, []byte{opEnd}})
	for range 3 {
		// The parameter is local 0, so that there are four i32 and two i64 again.
		code := append(body(0, 40), opLocalGet, byte(rng.IntN(4)), opEnd)
		w.bodies = append(w.bodies, fnBody{2, []localGroup{{3, typeI32}, {2, typeI64}}, code})
	}
	return w
}

// Random programs end in the same way, with the same output and the same gas,
// on the compiler and the interpreter, at whatever limit.
func TestRandomPrograms(t *testing.T) {
	ctx := context.Background()
	seeds := uint64(200)
	switch {
	case os.Getenv("TACIT_LONG") == "1": // as it runs at night
		seeds = 10_000
	case testing.Short():
		seeds = 40
	}
	all := engines(t)
	count := map[Status]int{}
	for seed := range seeds {
		code := random(seed).bytes()
		limits := []uint64{base + 3_000_000}
		for i := 0; i < len(limits); i++ {
			var first string
			for name, e := range all {
				m, err := e.Load(ctx, code, &Ink, nil)
				if err != nil {
					t.Fatalf("program %d: %v", seed, err)
				}
				out, err := m.Execute(ctx, "call", nil, limits[i])
				if err != nil {
					t.Fatalf("program %d: %v", seed, err)
				}
				// Once more, in the instance that was used: nothing is left in it.
				again, err := m.Execute(ctx, "call", nil, limits[i])
				if err != nil || fmt.Sprint(again) != fmt.Sprint(out) {
					t.Fatalf("program %d, gas %d: %s gives %v, and then %v %v", seed, limits[i], name, out, again, err)
				}
				if got := fmt.Sprintf("%v %d %x %s", out.Status, out.Gas, out.Data, out.Reason); first == "" {
					first = got
					record(t, code, limits[i], out)
					count[out.Status]++
					if i == 0 {
						// Again with less, and with exactly what was used.
						limits = append(limits, out.Gas, base+(out.Gas-base)/2, base+(out.Gas-base)/7)
					}
					if out.Status != OutOfGas && out.Gas > limits[i] {
						t.Fatalf("program %d used %d of %d", seed, out.Gas, limits[i])
					}
				} else if got != first {
					t.Fatalf("program %d, gas %d: %s gives %s, the other engine %s", seed, limits[i], name, got, first)
				}
				if err := m.Close(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	t.Log(count)
	if count[OK] == 0 || count[Trapped] == 0 || count[OutOfGas] == 0 {
		t.Errorf("the programs are too much alike: %v", count)
	}
}
