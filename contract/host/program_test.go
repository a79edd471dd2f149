package host

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// Contract is a contract of a cluster in memory.
type Contract struct {
	Record
	Module *vm.Module
	State  State
}

// others is a cluster in memory: contracts by address, codes by name. A contract
// whose module is not that of its code has one of its own, under its address.
type others struct {
	contracts map[[32]byte]Contract
	codes     map[hash.H256]*vm.Module
	states    map[[32]byte]State
}

func newOthers(contracts map[[32]byte]Contract) *others {
	return &others{contracts, map[hash.H256]*vm.Module{}, map[[32]byte]State{}}
}

func (o *others) Contract(_ context.Context, id [32]byte) (Record, bool, error) {
	c, ok := o.contracts[id]
	if id == ([32]byte{0xff}) {
		return c.Record, false, errors.New("the disk is gone")
	}
	if c.Module != nil && o.codes[c.Code] != c.Module {
		c.Code = hash.H256(id)
	}
	return c.Record, ok && !c.Ended, nil
}

func (o *others) Code(_ context.Context, code hash.H256) (bool, error) {
	_, ok := o.codes[code]
	return ok, nil
}

func (o *others) Module(_ context.Context, code hash.H256) (*vm.Module, error) {
	if c, ok := o.contracts[code]; ok {
		return c.Module, nil
	}
	m, ok := o.codes[code]
	if !ok {
		return nil, errors.New("the code of a contract is gone")
	}
	return m, nil
}

func (o *others) Address(deployer [32]byte, code hash.H256, salt []byte) [32]byte {
	return hash.Blake2b256(deployer[:], code[:], salt)
}

func (o *others) State(id [32]byte) State {
	if c := o.contracts[id]; c.State != nil {
		return c.State
	}
	if o.states[id] == nil {
		o.states[id] = Memory{}
	}
	return o.states[id]
}

func (o *others) Put(id [32]byte, r Record) {
	c := o.contracts[id]
	if c.State == nil {
		c.State = o.State(id)
	}
	o.contracts[id] = Contract{r, o.codes[r.Code], c.State}
}

// program writes the code of a contract by hand. Arguments that are int are
// i32, those that are int64 are i64.
type program struct {
	imports []string
	types   [][2]string
	code    []byte
	data    []byte
}

// typeOf is the type of a function of the tables.
func typeOf(name string) [2]string {
	module, fn, _ := strings.Cut(strings.Replace(name, ".seal_", ".", 1), ".")
	if fn == "return" {
		fn = "seal_return"
	}
	for _, s := range sealTables() {
		if s.module == module && s.name == fn {
			t := funcType(s.typ)
			return [2]string{t.Params, t.Results}
		}
	}
	for _, w := range wasiTable {
		if module == wasiModule && w.name == fn {
			t := funcType(w.typ)
			return [2]string{t.Params, t.Results}
		}
	}
	panic("no function is called " + name)
}

func (p *program) index(name string) byte {
	for i, n := range p.imports {
		if n == name {
			return byte(i)
		}
	}
	p.imports, p.types = append(p.imports, name), append(p.types, typeOf(name))
	return byte(len(p.imports) - 1)
}

func sleb(dst []byte, v int64) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(dst, b)
		}
		dst = append(dst, b|0x80)
	}
}

func (p *program) push(args ...any) {
	for _, a := range args {
		switch a := a.(type) {
		case int:
			p.code = sleb(append(p.code, 0x41), int64(int32(uint32(a))))
		case int64:
			p.code = sleb(append(p.code, 0x42), a)
		}
	}
}

// do calls a function and drops what it returns.
func (p *program) do(name string, args ...any) *program {
	i := p.index(name)
	p.push(args...)
	p.code = append(p.code, 0x10, i)
	if p.types[i][1] != "" {
		p.code = append(p.code, 0x1a)
	}
	return p
}

// ask calls a function and stores what it returns.
func (p *program) ask(at int, name string, args ...any) *program {
	i := p.index(name)
	p.push(at)
	p.push(args...)
	p.code = append(p.code, 0x10, i)
	if p.types[i][1] == vm.I64 {
		p.code = append(p.code, 0x37, 3, 0)
	} else {
		p.code = append(p.code, 0x36, 2, 0)
	}
	return p
}

// store stores a number.
func (p *program) store(at, v int) *program {
	p.push(at, v)
	p.code = append(p.code, 0x36, 2, 0)
	return p
}

// put writes bytes into the memory that the contract begins with.
func (p *program) put(at int, b []byte) *program {
	if len(p.data) < at+len(b) {
		p.data = append(p.data, make([]byte, at+len(b)-len(p.data))...)
	}
	copy(p.data[at:], b)
	return p
}

// give returns a part of the memory.
func (p *program) give(at, n int) *program { return p.do("seal0.seal_return", 0, at, n) }

func (p *program) module() []byte { return bare(p.imports, p.types, p.code, p.data) }

// engines are the compiler and the interpreter.
func engines(t testing.TB) [2]*vm.Engine {
	t.Helper()
	var out [2]*vm.Engine
	for i := range out {
		e, err := NewEngine(context.Background(), vm.Config{Interpreter: i == 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close(context.Background()) })
		out[i] = e
	}
	return out
}

func load(t testing.TB, e *vm.Engine, code []byte) *vm.Module {
	t.Helper()
	m, err := Load(context.Background(), e, code)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// both runs an export of a code on both engines, each in a world that around
// makes, and returns what came of it, which has to be the same.
func both(t *testing.T, name, export string, code []byte, around func(e *vm.Engine) Env) (Result, Env) {
	t.Helper()
	var results [2]Result
	var envs [2]Env
	for i, e := range engines(t) {
		envs[i] = around(e)
		r, err := Run(context.Background(), load(t, e, code), export, envs[i], 1e9)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		results[i] = r
	}
	if a, b := fmt.Sprintf("%+v", results[0]), fmt.Sprintf("%+v", results[1]); a != b {
		t.Errorf("%s: the compiler gives %s, the interpreter %s", name, a, b)
	}
	return results[0], envs[0]
}

// expect compares the output of a call.
func expect(t *testing.T, name string, r Result, status vm.Status, want string) {
	t.Helper()
	if got := hex.EncodeToString(r.Data); r.Status != status || got != want && r.Reason != want {
		t.Errorf("%s: got %v %s %q, want %v %s", name, r.Status, got, r.Reason, status, want)
	}
}
