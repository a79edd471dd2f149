package host

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// randomProgram calls functions of the tables in random order, with arguments
// that are mostly sensible: addresses in the memory that hold something,
// lengths, flags, and sometimes anything.
func randomProgram(seed uint64) *program {
	rng := rand.New(rand.NewPCG(seed, 3))
	// Nearly everywhere lies the length of a buffer that is large enough.
	p := new(program).put(0, bytes.Repeat([]byte{200, 0, 0, 0}, 256)).put(atCode, libCode[:]).put(atValue, make([]byte, 16)).put(700, me[:])
	all := sealTables()
	values := []int{0, 0, 0, 1, 2, 3, 4, 8, 16, atValue, atValue, 64, atOut, 200, 400, 700, 700, 800}
	for n := range 1 + rng.IntN(12) {
		s := all[rng.IntN(len(all))]
		if ends := s.name == "seal_return" || s.name == "terminate" || s.name == "input"; ends && rng.IntN(10) > 0 {
			continue
		}
		name := s.module + "." + s.name
		var args []any
		for _, k := range funcType(s.typ).Params {
			v := values[rng.IntN(len(values))]
			if rng.IntN(150) == 0 {
				v = int(rng.Uint32())
			}
			if string(k) == vm.I64 {
				args = append(args, int64(v)*1000)
			} else {
				args = append(args, v)
			}
		}
		if typeOf(name)[1] != "" {
			p.ask(1024+8*n, name, args...)
		} else {
			p.do(name, args...)
		}
	}
	return p.give(0, 2048)
}

// Random calls of host functions end in the same way, to the unit of gas and to
// the last byte of state, on the compiler and the interpreter, whatever the
// limit; and a limit of what was used is enough.
func TestRandomCalls(t *testing.T) {
	programs := uint64(300)
	if testing.Short() {
		programs = 60
	}
	engines := engines(t)
	count := map[vm.Status]int{}
	run := func(e *vm.Engine, code []byte, gas uint64, query bool) (Result, string) {
		t.Helper()
		o := world(t, e, code)
		c := o.contracts[me]
		env := Env{State: c.State, Code: c.Code, Owner: c.Owner, Others: o, Caller: alice, Address: me, Seed: hash.H256{7}, Keys: secret, Input: []byte("input"), Query: query, Cache: drawer{}}
		r, err := Run(context.Background(), c.Module, "call", env, gas)
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for id, c := range o.contracts {
			left = append(left, fmt.Sprintf("%x %v %q", id, c.Record, c.State))
		}
		slices.Sort(left)
		return r, fmt.Sprintf("%v %d %x %s %+v %+v %q %v", r.Status, r.Gas, r.Data, r.Reason, r.Events, r.Lines, r.Debug, left)
	}
	for seed := range programs {
		code := randomProgram(seed).module()
		r, first := run(engines[0], code, 1e9, seed%3 == 0)
		count[r.Status]++
		if _, second := run(engines[1], code, 1e9, seed%3 == 0); first != second {
			t.Fatalf("program %d: the compiler gives %s, the interpreter %s", seed, first, second)
		}
		if r.Status == vm.OutOfGas {
			continue
		}
		if _, again := run(engines[0], code, r.Gas, seed%3 == 0); again != first && !bytes.Contains(code, []byte("gas_left")) {
			t.Fatalf("program %d with what it used: %s, before %s", seed, again, first)
		}
		for _, gas := range []uint64{r.Gas / 3, r.Gas / 2} {
			_, a := run(engines[0], code, gas, false)
			if _, b := run(engines[1], code, gas, false); a != b {
				t.Fatalf("program %d with %d gas: the compiler gives %s, the interpreter %s", seed, gas, a, b)
			}
		}
	}
	t.Log(count)
	if count[vm.OK] == 0 || count[vm.Trapped] == 0 {
		t.Errorf("the programs are too much alike: %v", count)
	}
}
