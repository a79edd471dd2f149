package host

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// caller returns the code of a contract that calls to with input, and returns
// the code that the call gave and its output.
//
//	0 callee ‖ 32 value ‖ 48 code u32 ‖ 52 output ‖ 116 output length u32 ‖ 120 input
func callerCode(to [32]byte, flags byte, value byte, input []byte) []byte {
	data := make([]byte, 120)
	copy(data, to[:])
	data[32] = value
	binary.LittleEndian.PutUint32(data[116:], 64)
	data = append(data, input...)
	p, g := vm.I32, vm.I64
	c := func(v int) []byte { // i32.const below 8192
		return []byte{0x41, byte(v)&0x7f | 0x80, byte(v >> 7)}
	}
	var code []byte
	add := func(parts ...[]byte) {
		for _, b := range parts {
			code = append(code, b...)
		}
	}
	add(c(48), c(int(flags)), c(0), []byte{0x42, 0}, c(32), c(120), c(len(input)), c(52), c(116), []byte{0x10, 0, 0x36, 2, 0})
	add(c(0), c(48), c(64), []byte{0x10, 1})
	return bare([]string{"seal1.call", "seal0.seal_return"},
		[][2]string{{p + p + g + p + p + p + p + p, p}, {p + p + p, ""}}, code, data)
}

func TestCalls(t *testing.T) {
	ctx := context.Background()
	e, err := NewEngine(ctx, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	counter := hello(t, false)
	me, it, recursive, trapping, gone := [32]byte{1}, [32]byte{2}, [32]byte{3}, [32]byte{4}, [32]byte{0xff}
	load := func(code []byte) *vm.Module {
		t.Helper()
		m, err := Load(ctx, e, code)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	state := Memory{}
	world := newOthers(map[[32]byte]Contract{
		it:       {Record: Record{Code: hash.H256{7}}, Module: counter, State: state},
		trapping: {Module: load(bare(nil, nil, []byte{0}, nil)), State: Memory{}},
	})
	world.contracts[recursive] = Contract{Module: load(callerCode(recursive, flagAllowReentry, 0, nil)), State: Memory{}}
	if _, err := Run(ctx, counter, "deploy", Env{State: state, Caller: me, Address: it, Input: encode(t, "new")}, 1e8); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		code   []byte
		status vm.Status
		want   string // the code of the call and the first bytes of its output
		count  string
	}{
		{"increment", callerCode(it, 0, 0, encode(t, "increment", "5")), vm.OK, "00000000" + "0000", "5"},
		{"the caller is the contract", callerCode(it, 0, 0, encode(t, "get")), vm.OK, "00000000" + "0000" + "05", "5"},
		{"reverted", callerCode(it, 0, 0, encode(t, "increment", "18446744073709551615")), vm.OK, "02000000" + "000101", "5"},
		{"read only", callerCode(it, flagReadOnly, 0, encode(t, "increment", "5")), vm.OK, "01000000", "5"},
		{"tail call", callerCode(it, flagTailCall, 0, encode(t, "get")), vm.OK, "0000" + "05", "5"},
		{"value", callerCode(it, 0, 1, encode(t, "increment", "5")), vm.OK, "05000000", "5"},
		{"nobody", callerCode([32]byte{9}, 0, 0, nil), vm.OK, "08000000", "5"},
		{"trap", callerCode(trapping, 0, 0, nil), vm.OK, "01000000", "5"},
		{"unknown flags", callerCode(it, 32, 0, nil), vm.Trapped, "", "5"},
		{"myself", callerCode(me, 0, 0, nil), vm.Trapped, "", "5"},
		// Five calls deep the innermost traps, which the one above is told.
		{"endless", callerCode(recursive, 0, 0, nil), vm.OK, "00000000" + "00000000" + "00000000" + "01000000", "5"},
	}
	for _, tt := range tests {
		m := load(tt.code)
		world.contracts[me] = Contract{Module: m, State: Memory{}}
		env := Env{State: Memory{}, Others: world, Caller: [32]byte{8}, Address: me}
		r, err := Run(ctx, m, "call", env, 1e9)
		if err != nil {
			t.Fatal(err)
		}
		got := hex.EncodeToString(r.Data)
		if r.Status != tt.status || len(got) < len(tt.want) || got[:len(tt.want)] != tt.want {
			t.Errorf("%s: got %v %s %s, want %v %s", tt.name, r.Status, got, r.Reason, tt.status, tt.want)
		}
		q, err := Run(ctx, counter, "call", Env{State: state, Caller: me, Address: it, Input: encode(t, "get")}, 1e8)
		if err != nil || fmt.Sprint(binary.LittleEndian.Uint64(q.Data[2:])) != tt.count {
			t.Errorf("%s: the counter is at %x, %v, want %s", tt.name, q.Data, err, tt.count)
		}
	}
	// A fault of the machine is an error, whatever the contracts make of it.
	m := load(callerCode(gone, 0, 0, nil))
	if _, err := Run(ctx, m, "call", Env{State: Memory{}, Others: world, Address: me}, 1e9); err == nil {
		t.Error("a fault of the machine is an outcome")
	}
	// A caller that traps afterwards undoes what its callee did.
	code := callerCode(it, 0, 0, encode(t, "increment", "5"))
	m = load(code)
	full, err := Run(ctx, m, "call", Env{State: Memory{}, Others: world, Address: me}, 1e9)
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(state)
	if r, err := Run(ctx, m, "call", Env{State: Memory{}, Others: world, Address: me}, full.Gas-1); err != nil || r.Status != vm.OutOfGas || fmt.Sprint(state) != before {
		t.Errorf("got %v %v, state %v, want %v", r.Status, err, state, before)
	}
}

// Signatures that other packages made are accepted, changed ones not.
func TestSignatures(t *testing.T) {
	ctx := context.Background()
	e, err := NewEngine(ctx, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	i := vm.I32
	alice, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("a message")
	verify := func(name, typ string, params []byte, data []byte, at, size int) string {
		t.Helper()
		c := func(v int) []byte { return []byte{0x41, byte(v)&0x7f | 0x80, byte(v >> 7)} }
		code := c(1000)
		for _, p := range params {
			code = append(code, c(int(p))...)
		}
		code = append(code, 0x10, 0, 0x36, 2, 0)
		code = append(append(append(append(code, c(0)...), c(at)...), c(size)...), 0x10, 1)
		m, err := Load(ctx, e, bare([]string{name, "seal0.seal_return"}, [][2]string{{typ, i}, {i + i + i, ""}}, code, data))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(ctx, m, "call", Env{State: Memory{}}, 1e8)
		if err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(r.Data)
	}
	data := append(append(alice.Sign(message), alice.Public()...), message...)
	if got := verify("seal0.sr25519_verify", i+i+i+i, []byte{0, 64, byte(len(message)), 96}, data, 1000, 4); got != "00000000" {
		t.Errorf("sr25519: %s", got)
	}
	data[97] ^= 1
	if got := verify("seal0.sr25519_verify", i+i+i+i, []byte{0, 64, byte(len(message)), 96}, data, 1000, 4); got != "0c000000" {
		t.Errorf("changed: %s", got)
	}
	key := secp256k1.PrivKeyFromBytes([]byte("thirty-two bytes of a secret key"))
	digest := hash.Keccak256(message)
	compact := ecdsa.SignCompact(key, digest[:], true)
	data = append(append(append([]byte{}, compact[1:]...), compact[0]-27-4), digest[:]...)
	want := hex.EncodeToString(key.PubKey().SerializeCompressed())
	if got := verify("seal0.ecdsa_recover", i+i+i, []byte{0, 65, 100}, data, 100, 33); got != want {
		t.Errorf("ecdsa: %s, want %s", got, want)
	}
	// The address of a well known development key: //Alice of ecdsa.
	public, err := hex.DecodeString("020a1091341fe5664bfa1782d5e04779689068c916b04cb365ec3153755684d9a1")
	if err != nil {
		t.Fatal(err)
	}
	if got := verify("seal0.ecdsa_to_eth_address", i+i, []byte{0, 100}, public, 100, 20); got != "e04cc55ebee1cbce552f250e85c57b70b2e2625b" {
		t.Errorf("ethereum address: %s", got)
	}
}

// build builds a contract of testdata.
func build(t *testing.T, name string) []byte {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a contract")
	}
	wasm := filepath.Join(t.TempDir(), name+".wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", wasm, "./testdata/"+name)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	code, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// Maps, goroutines, timers, the garbage collector and NaN are the same on every
// engine, to the unit of gas; secrets follow from the seed.
func TestRich(t *testing.T) {
	code := build(t, "rich")
	ctx := context.Background()
	var seen []string
	secrets := map[string]bool{}
	for _, interpreter := range []bool{false, true} {
		e, err := NewEngine(ctx, vm.Config{Interpreter: interpreter})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close(ctx)
		m, err := Load(ctx, e, code)
		if err != nil {
			t.Fatal(err)
		}
		call := func(name string, seed byte) Result {
			t.Helper()
			sel := hash.Blake2b256([]byte(name))
			r, err := Run(ctx, m, "call", Env{State: Memory{}, Input: sel[:4], Seed: hash.H256{seed}, Time: 1_700_000_000_000}, 2e9)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		for range 2 {
			r := call("all", 1)
			seen = append(seen, fmt.Sprintf("%v %d %x", r.Status, r.Gas, r.Data))
		}
		for _, seed := range []byte{1, 2, 1} {
			secrets[fmt.Sprintf("%d %x", seed, call("secret", seed).Data)] = true
		}
		for _, name := range []string{"forever", "panic"} {
			if r := call(name, 1); r.Status != vm.Trapped {
				t.Errorf("%s: %v", name, r.Status)
			}
		}
		if r := call("all", 1); r.Status != vm.OK || !strings.Contains(string(r.Data), `"nan":9221120237041090560`) {
			t.Errorf("got %v %s %q %s", r.Status, r.Reason, r.Data, r.Debug)
		}
	}
	for i := range seen {
		if seen[i] != seen[0] {
			t.Errorf("run %d: got %s, want %s", i, seen[i], seen[0])
		}
	}
	if len(secrets) != 2 {
		t.Errorf("secrets by seed: %v", secrets)
	}
}

// A contract in Go calls another one through the SDK.
func TestTeller(t *testing.T) {
	code := build(t, "teller")
	ctx := context.Background()
	counter := hello(t, false)
	e, err := NewEngine(ctx, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	teller, err := Load(ctx, e, code)
	if err != nil {
		t.Fatal(err)
	}
	it, state := [32]byte{2}, Memory{}
	if _, err := Run(ctx, counter, "deploy", Env{State: state, Address: it, Input: encode(t, "new")}, 1e8); err != nil {
		t.Fatal(err)
	}
	sel := hash.Blake2b256([]byte("raise"))
	for _, tt := range []struct {
		to   [32]byte
		by   uint64
		want string
	}{
		{it, 3, "0000"},
		{it, 1<<64 - 1, "000100"},
		{[32]byte{3}, 1, "000101"},
		{it, 4, "0000"},
	} {
		input := binary.LittleEndian.AppendUint64(append(append([]byte(nil), sel[:4]...), tt.to[:]...), tt.by)
		r, err := Run(ctx, teller, "call", Env{State: Memory{}, Address: [32]byte{1}, Input: input, Others: newOthers(map[[32]byte]Contract{it: {Module: counter, State: state}})}, 1e9)
		if got := hex.EncodeToString(r.Data); err != nil || got != tt.want {
			t.Errorf("raise by %d: got %s %v %s %s, want %s", tt.by, got, err, r.Reason, r.Debug, tt.want)
		}
	}
	r, err := Run(ctx, counter, "call", Env{State: state, Address: it, Input: encode(t, "get")}, 1e8)
	if err != nil || hex.EncodeToString(r.Data) != "00000700000000000000" {
		t.Errorf("the counter is at %x, %v", r.Data, err)
	}
	// It makes counters, and becomes one.
	me, counterCode, mine := [32]byte{1}, hash.H256{7}, Memory{}
	o := newOthers(map[[32]byte]Contract{me: {Module: teller, State: mine}})
	o.codes[counterCode] = counter
	ask := func(from byte, name string, args ...byte) Result {
		t.Helper()
		sel, c := hash.Blake2b256([]byte(name)), o.contracts[me]
		r, err := Run(ctx, c.Module, "call", Env{
			State: mine, Address: me, Caller: [32]byte{from}, Owner: [32]byte{0xa}, Keys: secret, Others: o, Input: append(sel[:4:4], args...),
		}, 1e9)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	expect(t, "keys", ask(1, "keys"), vm.OK, "000001")
	expect(t, "unknown code", ask(1, "make", make([]byte, 32)...), vm.Reverted, "000102")
	if r := ask(1, "make", make([]byte, 32)...); len(r.Lines) != 1 || string(r.Lines[0].Text) != "there is no such code" {
		t.Errorf("logged %+v", r.Lines)
	}
	first, second := o.Address(me, counterCode, []byte{0}), o.Address(me, counterCode, []byte{1})
	expect(t, "make", ask(1, "make", counterCode[:]...), vm.OK, "0000")
	expect(t, "make", ask(1, "make", counterCode[:]...), vm.OK, "0000")
	expect(t, "children", ask(1, "children"), vm.OK, "0000"+"08"+hex.EncodeToString(append(first[:], second[:]...)))
	raised := ask(1, "raise", append(first[:], 5, 0, 0, 0, 0, 0, 0, 0)...)
	if topic := hash.Blake2b256([]byte("Raised(AccountId,u64)")); len(raised.Events) != 1 || raised.Events[0].Topics[0] != topic ||
		raised.Events[0].Topics[1] != hash.H256(first) || len(raised.Events[0].Data) != 40 {
		t.Errorf("events %+v", raised.Events)
	}
	r, err = Run(ctx, counter, "call", Env{State: o.contracts[first].State, Address: first, Caller: me, Input: encode(t, "get")}, 1e8)
	if err != nil || hex.EncodeToString(r.Data) != "00000500000000000000" {
		t.Errorf("the child is at %x, %v", r.Data, err)
	}
	expect(t, "become", ask(1, "become", counterCode[:]...), vm.Reverted, "000100")
	expect(t, "become", ask(0xa, "become", counterCode[:]...), vm.OK, "0000")
	expect(t, "another now", ask(1, "children"), vm.Reverted, "0101")
}

// loads counts how often a code is wanted to run.
type loads struct {
	*others
	n *int
}

func (l loads) Module(ctx context.Context, code hash.H256) (*vm.Module, error) {
	*l.n++
	return l.others.Module(ctx, code)
}

// A transaction runs no more codes than a machine keeps compiled; to look at
// contracts runs none.
func TestMaxCodes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		n     int
		ask   bool
		want  vm.Status
		loads int
	}{{"eleven and itself", 11, false, vm.OK, 22}, {"one more", 12, false, vm.Trapped, 11}, {"looking at them", 12, true, vm.OK, 0}} {
		p := start(libCode)
		for range 2 {
			for i := range tt.n {
				at := 2048 + 32*i
				p.put(at, append([]byte{0x40 + byte(i)}, make([]byte, 31)...))
				if tt.ask {
					p.do("seal0.is_contract", at).do("seal0.code_hash", at, atOut, atSize)
				} else {
					p.do("seal1.call", 0, at, int64(0), atValue, 0, 0, 0xffffffff, 0)
				}
			}
		}
		n := 0
		r, _ := both(t, tt.name, "call", p.module(), func(e *vm.Engine) Env {
			o := world(t, e, p.module())
			for i := range tt.n {
				o.contracts[[32]byte{0x40 + byte(i)}] = Contract{Record{Code: libCode}, load(t, e, start(libCode).module()), Memory{}}
			}
			n = 0
			return Env{State: Memory{}, Others: loads{o, &n}, Address: me, Code: hash.H256{9}}
		})
		if r.Status != tt.want || n != tt.loads || tt.want == vm.Trapped && r.Reason != "too many codes in one transaction" {
			t.Errorf("%s: %v %s, %d loads; want %v, %d", tt.name, r.Status, r.Reason, n, tt.want, tt.loads)
		}
	}
}

// leaving is a cluster whose codes are given up, so many times, before they run.
type leaving struct {
	*others
	left int
}

func (l *leaving) Module(ctx context.Context, code hash.H256) (*vm.Module, error) {
	m, err := l.others.Module(ctx, code)
	if l.left--; err != nil || l.left < 0 {
		return m, err
	}
	return m, m.Close(ctx)
}

// A contract whose code is given up before it runs is called all the same.
func TestGivenUp(t *testing.T) {
	ctx := context.Background()
	for _, e := range engines(t) {
		for closed, works := range map[int]bool{0: true, 1: true, maxClosed: true, maxClosed + 1: false} {
			p := start(libCode).put(atAddress, shop[:]).ask(atOut, "seal1.call", 0, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).give(atOut, 4)
			o := world(t, e, p.module())
			o.codes[libCode] = nil
			left := &leaving{o, closed}
			o.contracts[shop] = Contract{Record: Record{Code: libCode}, State: Memory{}}
			lib := writes().module()
			fresh := fetching{left, func() *vm.Module { return load(t, e, lib) }}
			r, err := Run(ctx, load(t, e, p.module()), "call", Env{State: Memory{}, Others: fresh, Address: me}, 1e9)
			if works != (err == nil) || works && r.Status != vm.OK {
				t.Errorf("given up %d times: %v %v %s", closed, err, r.Status, r.Reason)
			}
		}
	}
}

// fetching loads a code anew each time.
type fetching struct {
	*leaving
	load func() *vm.Module
}

func (f fetching) Module(ctx context.Context, code hash.H256) (*vm.Module, error) {
	f.codes[code] = f.load()
	return f.leaving.Module(ctx, code)
}
