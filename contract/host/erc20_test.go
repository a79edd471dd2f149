package host

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// erc20 is the token of ink!'s examples; testdata/erc20/erc20.ts says what made it.
func erc20(t testing.TB) []byte {
	t.Helper()
	code, err := os.ReadFile("testdata/erc20/erc20.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// Its selectors.
const (
	erc20New          = "9bae9d5e"
	erc20TotalSupply  = "db6375a8"
	erc20BalanceOf    = "0f755a56"
	erc20Allowance    = "6a00165e"
	erc20Transfer     = "84a15da1"
	erc20Approve      = "681266a0"
	erc20TransferFrom = "0b396f18"
)

func amountOf(n uint64) string { return hex.EncodeToString(scale.Marshal(scale.U64(n))) }

// The token answers, stores and tells what ink!'s does: what is wanted here is
// what came of the same calls of erc20 as ink! 5.0.0-rc.1 compiled it, a bundle
// among the tests of @polkadot/api-contract, run on this host.
func TestERC20(t *testing.T) {
	code := erc20(t)
	bob := [32]byte{0xb0}
	a, b := hex.EncodeToString(alice[:]), hex.EncodeToString(bob[:])
	const transferTopic, approvalTopic = "b5b61a3e6a21a16be4f044b517c28ac692492f73c5bfd3f60178ad98c767f4cb", "1a35e726f5feffda199144f6097b2ba23713e549bfcbe090c0981e3bcdfbcc1d"
	none := strings.Repeat("00", 32)
	steps := []struct {
		name, export, input string
		from                [32]byte
		status              vm.Status
		want, event         string
	}{
		{"new", "deploy", erc20New + amountOf(100), alice, vm.OK, "0000", transferTopic + none + a + " 0001" + a + amountOf(100)},
		{"transfer", "call", erc20Transfer + b + amountOf(30), alice, vm.OK, "0000", transferTopic + a + b + " 01" + a + "01" + b + amountOf(30)},
		{"too much", "call", erc20Transfer + b + amountOf(99), alice, vm.Reverted, "000100", ""},
		{"to oneself", "call", erc20Transfer + a + amountOf(3), alice, vm.OK, "0000", transferTopic + a + a + " 01" + a + "01" + a + amountOf(3)},
		{"balance of", "call", erc20BalanceOf + b, alice, vm.OK, "00" + amountOf(30), ""},
		{"total supply", "call", erc20TotalSupply, alice, vm.OK, "00" + amountOf(100), ""},
		{"approve", "call", erc20Approve + b + amountOf(5), alice, vm.OK, "0000", approvalTopic + a + b + " " + a + b + amountOf(5)},
		{"allowance", "call", erc20Allowance + a + b, alice, vm.OK, "00" + amountOf(5), ""},
		{"not allowed", "call", erc20TransferFrom + a + b + amountOf(5), alice, vm.Reverted, "000101", ""},
		{"transfer from", "call", erc20TransferFrom + a + b + amountOf(2), bob, vm.OK, "0000", transferTopic + a + b + " 01" + a + "01" + b + amountOf(2)},
		{"short", "call", erc20Transfer + b, alice, vm.Reverted, "0101", ""},
		{"unknown", "call", "00000000", alice, vm.Reverted, "0101", ""},
	}
	const balances, allowances = "01e7dc2326", "01b721a0ec"
	stored := map[string]string{
		"0100000000": amountOf(100), balances + a: amountOf(68), balances + b: amountOf(32), allowances + a + b: amountOf(3),
	}
	for i, e := range engines(t) {
		m, state := load(t, e, code), Memory{}
		for _, s := range steps {
			in, err := hex.DecodeString(s.input)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Run(context.Background(), m, s.export, Env{State: state, Caller: s.from, Address: me, Input: in}, 1e9)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, s.name, r, s.status, s.want)
			event := ""
			for _, e := range r.Events {
				for _, t := range e.Topics {
					event += hex.EncodeToString(t[:])
				}
				event += " " + hex.EncodeToString(e.Data)
			}
			if event != s.event {
				t.Errorf("%s: deposits %q, want %q", s.name, event, s.event)
			}
		}
		delete(state, usageKey)
		for _, k := range slices.Sorted(maps.Keys(state)) {
			if got := hex.EncodeToString(state[k]); got != stored[hex.EncodeToString([]byte(k))] {
				t.Errorf("engine %d: %x holds %s", i, k, got)
			}
		}
		if len(state) != len(stored) {
			t.Errorf("engine %d: %d entries, want %d", i, len(state), len(stored))
		}
	}
}

// Amounts of 128 bits are added and subtracted as such.
func TestERC20Amounts(t *testing.T) {
	m := load(t, engines(t)[0], erc20(t))
	run := func(state Memory, export, input string, from [32]byte) Result {
		t.Helper()
		in, err := hex.DecodeString(input)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(context.Background(), m, export, Env{State: state, Caller: from, Address: me, Input: in}, 1e9)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	bob := [32]byte{0xb0}
	b := hex.EncodeToString(bob[:])
	state := Memory{}
	run(state, "deploy", erc20New+"0000000000000000"+"0300000000000000", alice)
	run(state, "call", erc20Transfer+b+"ffffffffffffffff"+"0100000000000000", alice)
	expect(t, "the rest", run(state, "call", erc20BalanceOf+hex.EncodeToString(alice[:]), alice), vm.OK, "00"+"0100000000000000"+"0100000000000000")
	run(state, "call", erc20Transfer+hex.EncodeToString(alice[:])+"ffffffffffffffff"+"0000000000000000", bob)
	expect(t, "with a carry", run(state, "call", erc20BalanceOf+hex.EncodeToString(alice[:]), alice), vm.OK, "00"+"0000000000000000"+"0200000000000000")
	expect(t, "the other", run(state, "call", erc20BalanceOf+b, alice), vm.OK, "00"+"0000000000000000"+"0100000000000000")
}

// BenchmarkERC20 is a transfer of the token, back and forth, fully isolated: the
// calls of the host and the bytes that one in ink! 5 makes and moves.
func BenchmarkERC20(b *testing.B) {
	ctx := context.Background()
	e, err := NewEngine(ctx, vm.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close(ctx)
	m := load(b, e, erc20(b))
	env := Env{State: Memory{}, Caller: alice, Address: me, Seed: hash.H256{7}}
	call := func(export, input string) []byte {
		in, err := hex.DecodeString(input)
		if err != nil {
			b.Fatal(err)
		}
		env.Input = in
		if r, err := Run(ctx, m, export, env, 1e9); err != nil || r.Status != vm.OK {
			b.Fatal(r.Reason, err)
		}
		return in
	}
	bob := [32]byte{0xb0}
	call("deploy", erc20New+amountOf(1_000_000))
	there := call("call", erc20Transfer+hex.EncodeToString(bob[:])+amountOf(7))
	env.Caller = bob
	back := call("call", erc20Transfer+hex.EncodeToString(alice[:])+amountOf(7))
	var gas uint64
	for i := 0; b.Loop(); i++ {
		env.Caller, env.Input = alice, there
		if i%2 == 1 {
			env.Caller, env.Input = bob, back
		}
		r, err := Run(ctx, m, "call", env, 1e9)
		if err != nil || r.Status != vm.OK || len(r.Events) != 1 {
			b.Fatal(r.Reason, err)
		}
		gas = r.Gas
	}
	b.ReportMetric(float64(gas), "gas")
	if got := fmt.Sprint(len(env.State.(Memory))); got != "4" { // three amounts and how much is stored
		b.Fatal("stored", got)
	}
}
