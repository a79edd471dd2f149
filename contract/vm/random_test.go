package vm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"testing"
)

// programs is where test/wasmtime wants to have what was executed, and how it
// ended, a line of JSON each.
var programs = flag.String("programs", "", "file to write programs and outcomes to")

// execution is one of a program.
type execution struct {
	Profile   string
	Code      []byte
	Gas       uint64 // that it was given
	Outcome   Outcome
	HostGas   uint64 // of a call of the host
	MaxHeight uint32
}

// record writes executions down if that is wanted.
func record(t testing.TB, p *Profile, code []byte, gas uint64, out Outcome) {
	t.Helper()
	if *programs == "" {
		return
	}
	f, err := os.OpenFile(*programs, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := json.NewEncoder(f).Encode(execution{p.Name, code, gas, out, gasHost, maxHeight}); err != nil {
		t.Fatal(err)
	}
}

// memoryOf is the hash of the memory that an execution left in the instance that
// is used next, nil when there is none since it had grown.
func memoryOf(m *Module) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.idle) == 0 {
		return nil
	}
	i := m.idle[len(m.idle)-1]
	b, ok := i.mem.Read(0, i.mem.Size())
	if !ok {
		return nil
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// checkNaNs looks at the floats that a program returns: see generator.finish. The
// engines are of one machine and may agree on NaNs that another has not.
func checkNaNs(t *testing.T, seed uint64, data []byte) {
	t.Helper()
	const floats = 8 * (4 + 1 + 2 + 1) // behind the integers
	for i := range 3 {
		bits := binary.LittleEndian.Uint32(data[floats+8*i:])
		if f := math.Float32frombits(bits); f != f && bits != 0x7fc00000 {
			t.Fatalf("program %d: an f32 is %08x", seed, bits)
		}
		wide := binary.LittleEndian.Uint64(data[floats+8*(3+i):])
		if f := math.Float64frombits(wide); f != f && wide != 0x7ff8<<48 {
			t.Fatalf("program %d: an f64 is %016x", seed, wide)
		}
	}
}

// Random programs end in the same way, with the same output, the same memory and
// the same gas, on the compiler and the interpreter, at whatever limit, in both
// profiles.
func TestRandomPrograms(t *testing.T) {
	for _, profile := range []*Profile{&Ink, &Go} {
		t.Run(profile.Name, func(t *testing.T) { testRandomPrograms(t, profile) })
	}
}

func testRandomPrograms(t *testing.T, profile *Profile) {
	ctx := context.Background()
	seeds := uint64(200)
	switch {
	case os.Getenv("TACIT_LONG") == "1": // as it runs at night
		seeds = 10_000
	case testing.Short():
		seeds = 40
	}
	all := engines(t)
	count, traps := map[Status]int{}, map[string]int{}
	for seed := range seeds {
		code := random(seed, profile == &Go).bytes()
		base := profile.BaseGas
		limits := []uint64{base + 3_000_000}
		for i := 0; i < len(limits); i++ {
			var first string
			for name, e := range all {
				m, err := e.Load(ctx, code, profile, nil)
				if err != nil {
					t.Fatalf("program %d: %v", seed, err)
				}
				out, err := m.Execute(ctx, "call", nil, limits[i])
				if err != nil {
					t.Fatalf("program %d: %v", seed, err)
				}
				left := memoryOf(m)
				if out.Status == OK {
					checkNaNs(t, seed, out.Data)
				}
				// Once more, in the instance that was used: nothing is left in it.
				again, err := m.Execute(ctx, "call", nil, limits[i])
				if err != nil || fmt.Sprint(again) != fmt.Sprint(out) || !bytes.Equal(memoryOf(m), left) {
					t.Fatalf("program %d, gas %d: %s gives %v, and then %v %v", seed, limits[i], name, out, again, err)
				}
				if got := fmt.Sprintf("%v %d %x %s, memory %x", out.Status, out.Gas, out.Data, out.Reason, left); first == "" {
					first = got
					record(t, profile, code, limits[i], out)
					count[out.Status]++
					traps[out.Reason]++
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
	t.Log(count, traps)
	if count[OK] == 0 || count[Trapped] == 0 || count[OutOfGas] == 0 {
		t.Errorf("the programs are too much alike: %v", count)
	}
	if testing.Short() {
		return
	}
	kinds := []string{"out of bounds memory access", "integer divide by zero", "invalid table access", "indirect call type mismatch"}
	if profile == &Go {
		kinds = append(kinds, "invalid conversion to integer")
	}
	for _, reason := range kinds {
		if traps[reason] == 0 {
			t.Errorf("no program ends with %q", reason)
		}
	}
}
