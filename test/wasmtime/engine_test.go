// Package wasmtime compares what contract/vm's instrumenter makes of modules on
// wasmtime with what came of it on the engine that workers have.
package wasmtime

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	wasmtime "github.com/bytecodealliance/wasmtime-go/v37"
	"github.com/tacit-network/tacit/contract/vm"
)

// execution is what the tests of contract/vm write down.
type execution struct {
	Profile   string
	Code      []byte
	Gas       uint64
	Outcome   vm.Outcome
	HostGas   uint64
	MaxHeight uint32
}

// executions has the tests of contract/vm write down what they executed, and
// goes through it.
func executions(t *testing.T, each func(i int, e execution)) (n int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "programs")
	cmd := exec.Command("go", "test", "-count=1", "-timeout=3h", "-run", "TestRandomPrograms|TestGasSweep|TestOutcomes", "./contract/vm", "-programs", file)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for ; lines.Scan(); n++ {
		var e execution
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		each(n, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

var imports = vm.Imports{
	"seal0.seal_return": {Type: vm.FuncType{Params: vm.I32 + vm.I32 + vm.I32}},
	"test.sum":          {Type: vm.FuncType{Params: vm.I32}},
}

var profiles = map[string]*vm.Profile{vm.Ink.Name: &vm.Ink, vm.Go.Name: &vm.Go}

// initGas is what an initialisation may use, as in contract/vm.
const initGas = 1_000_000_000

// classes are the traps by the names that Tacit has for them.
var classes = map[wasmtime.TrapCode]string{
	wasmtime.UnreachableCodeReached: "unreachable", wasmtime.MemoryOutOfBounds: "out of bounds memory access",
	wasmtime.IntegerDivisionByZero: "integer divide by zero", wasmtime.IntegerOverflow: "integer overflow",
	wasmtime.BadConversionToInteger: "invalid conversion to integer", wasmtime.TableOutOfBounds: "invalid table access",
	wasmtime.IndirectCallToNull: "invalid table access", wasmtime.BadSignature: "indirect call type mismatch",
}

// run executes a module's call as [vm.Module.Execute] does.
func run(engine *wasmtime.Engine, module *wasmtime.Module, e execution) (out vm.Outcome, err error) {
	store := wasmtime.NewStore(engine)
	defer store.Close()
	linker := wasmtime.NewLinker(engine)
	var instance *wasmtime.Instance
	gas := func() *wasmtime.Global { return instance.GetExport(store, "__gas").Global() }
	errEnd, errGas := "the contract returned", "out of gas in the host"
	ended, broke := false, ""
	// charge takes what a call of the host costs, and is false when there is less.
	charge := func() bool {
		left := gas().Get(store).I64()
		if left < 0 || e.HostGas > uint64(left) {
			_ = gas().Set(store, wasmtime.ValI64(-1))
			return false
		}
		_ = gas().Set(store, wasmtime.ValI64(left-int64(e.HostGas)))
		return true
	}
	// memory is a part of the module's memory, nil where there is none.
	memory := func(at, n uint64) []byte {
		all := instance.GetExport(store, "memory").Memory().UnsafeData(store)
		if at+n > uint64(len(all)) {
			broke = "out of bounds memory access"
			return nil
		}
		return all[at : at+n]
	}
	if err := linker.FuncWrap("test", "sum", func(at int32) *wasmtime.Trap {
		if !charge() {
			return wasmtime.NewTrap(errGas)
		}
		size := instance.GetExport(store, "memory").Memory().DataSize(store)
		sum := sha256.Sum256(memory(0, uint64(size)))
		to := memory(uint64(uint32(at)), uint64(len(sum)))
		if to == nil {
			return wasmtime.NewTrap(broke)
		}
		copy(to, sum[:])
		return nil
	}); err != nil {
		return out, err
	}
	if err := linker.FuncWrap("seal0", "seal_return", func(flags, at, n int32) *wasmtime.Trap {
		if !charge() {
			return wasmtime.NewTrap(errGas)
		}
		data := memory(uint64(uint32(at)), uint64(uint32(n)))
		if data == nil {
			return wasmtime.NewTrap(broke)
		}
		out.Flags, out.Data, ended = uint32(flags), bytes.Clone(data), true
		return wasmtime.NewTrap(errEnd)
	}); err != nil {
		return out, err
	}
	profile := profiles[e.Profile]
	if e.Gas < profile.BaseGas {
		return vm.Outcome{Status: vm.OutOfGas, Gas: e.Gas}, nil
	}
	if instance, err = linker.Instantiate(store, module); err != nil {
		return out, fmt.Errorf("instantiate: %w", err)
	}
	if profile.Init != "" {
		if err := gas().Set(store, wasmtime.ValI64(initGas)); err != nil {
			return out, err
		}
		if _, err := instance.GetFunc(store, profile.Init).Call(store); err != nil {
			return out, fmt.Errorf("initialise: %w", err)
		}
	}
	if err := gas().Set(store, wasmtime.ValI64(int64(e.Gas-profile.BaseGas))); err != nil {
		return out, err
	}
	_, err = instance.GetFunc(store, "call").Call(store)
	left := gas().Get(store).I64()
	if left < 0 {
		return vm.Outcome{Status: vm.OutOfGas, Gas: e.Gas}, nil
	}
	out.Gas = e.Gas - uint64(left)
	switch {
	case err == nil:
	case ended:
		if out.Flags&vm.FlagRevert != 0 {
			out.Status = vm.Reverted
		}
	default:
		out.Status, out.Reason = vm.Trapped, broke
		trap, ok := errors.AsType[*wasmtime.Trap](err)
		switch {
		case broke != "":
		case uint32(instance.GetExport(store, "__height").Global().Get(store).I32()) > e.MaxHeight:
			out.Reason = "calls nest too deep"
		case ok && trap.Code() != nil:
			if out.Reason = classes[*trap.Code()]; *trap.Code() != wasmtime.UnreachableCodeReached {
				out.Gas = e.Gas // what it used was not written down
			}
		default:
			return out, err
		}
	}
	return out, nil
}

// withMemory exports a module's memory, at which workers look without that.
func withMemory(wasm []byte) []byte {
	const exports = 7
	out, rest := bytes.Clone(wasm[:8]), wasm[8:]
	for len(rest) > 0 {
		id := rest[0]
		size, n := binary.Uvarint(rest[1:])
		data := rest[1+n : 1+n+int(size)]
		rest = rest[1+n+int(size):]
		if id == exports {
			count, n := binary.Uvarint(data)
			data = append(append(binary.AppendUvarint(nil, count+1), data[n:]...), "\x06memory\x02\x00"...)
		}
		out = append(binary.AppendUvarint(append(out, id), uint64(len(data))), data...)
	}
	return out
}

func TestSameAsWasmtime(t *testing.T) {
	config := wasmtime.NewConfig()
	config.SetMaxWasmStack(64 << 20) // the instrumenter bounds the stack, and not the engine
	engine := wasmtime.NewEngineWithConfig(config)
	// What is executed of a module is written down in one go.
	var module *wasmtime.Module
	var code []byte
	modules, count := map[string]int{}, map[vm.Status]int{}
	n := executions(t, func(i int, e execution) {
		if !bytes.Equal(code, e.Code) {
			instrumented, err := vm.Instrument(e.Code, profiles[e.Profile], imports)
			if err != nil {
				t.Fatalf("execution %d: %v", i, err)
			}
			if module != nil {
				module.Close()
			}
			if module, err = wasmtime.NewModule(engine, withMemory(instrumented.Wasm)); err != nil {
				t.Fatalf("execution %d: wasmtime refuses what the instrumenter made: %v", i, err)
			}
			code = e.Code
			modules[e.Profile]++
		}
		got, err := run(engine, module, e)
		if err != nil {
			t.Fatalf("execution %d: %v", i, err)
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", e.Outcome) {
			t.Errorf("execution %d with %d gas: wasmtime has %+v, we %+v", i, e.Gas, got, e.Outcome)
		}
		count[got.Status]++
	})
	t.Logf("%d executions of modules %v: %v", n, modules, count)
	if count[vm.OK] == 0 || count[vm.Trapped] == 0 || count[vm.OutOfGas] == 0 || modules[vm.Ink.Name] < 100 || modules[vm.Go.Name] < 100 {
		t.Errorf("too little was executed: %v", count)
	}
}
