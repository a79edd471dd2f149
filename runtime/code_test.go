package runtime_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// envModule is the module "env": it has the memory, and hands on the two host
// functions, which a host module of wazero cannot do together.
//
//	(import "host" "get" (func (param i64) (result i64)))
//	(import "host" "blake" (func (param i64) (result i32)))
//	(memory (export "memory") 256)
//	(export "ext_storage_get_version_1" (func 0))
//	(export "ext_hashing_blake2_128_version_1" (func 1))
func envModule() []byte {
	name := func(s string) []byte { return append([]byte{byte(len(s))}, s...) }
	section := func(id byte, body []byte) []byte { return append(append([]byte{id}, byte(len(body))), body...) }
	out := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	out = append(out, section(1, []byte{2, 0x60, 1, 0x7e, 1, 0x7e, 0x60, 1, 0x7e, 1, 0x7f})...)
	imports := append([]byte{2}, append(append(name("host"), name("get")...), 0, 0)...)
	imports = append(imports, append(append(name("host"), name("blake")...), 0, 1)...)
	out = append(out, section(2, imports)...)
	out = append(out, section(5, []byte{1, 0, 0x80, 0x02})...)
	exports := append([]byte{3}, append(name("memory"), 2, 0)...)
	exports = append(exports, append(name("ext_storage_get_version_1"), 0, 0)...)
	exports = append(exports, append(name("ext_hashing_blake2_128_version_1"), 0, 1)...)
	return append(out, section(7, exports)...)
}

// light runs :code over a state, as a light client does.
type light struct {
	*testing.T
	mod  api.Module
	heap uint32
	read [][]byte // the keys that were asked for
}

func newLight(t *testing.T, code []byte, state storage.Reader) *light {
	ctx := context.Background()
	// Light clients take the first version of WebAssembly and nothing newer.
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV1))
	t.Cleanup(func() { _ = rt.Close(ctx) })
	l := &light{T: t}
	put := func(m api.Module, b []byte) uint32 {
		at := l.heap
		m.Memory().Write(at, b)
		l.heap += uint32(len(b)+7) &^ 7
		return at
	}
	var env api.Module
	take := func(span uint64) []byte {
		b, ok := env.Memory().Read(uint32(span), uint32(span>>32))
		if !ok {
			t.Fatalf("the span %x is out of memory", span)
		}
		return bytes.Clone(b)
	}
	_, err := rt.NewHostModuleBuilder("host").
		NewFunctionBuilder().WithFunc(func(key uint64) uint64 {
		l.read = append(l.read, take(key))
		v, ok := state.Get(take(key))
		b := []byte{0}
		if ok {
			b = scale.AppendBytes([]byte{1}, v)
		}
		return uint64(len(b))<<32 | uint64(put(env, b))
	}).Export("get").
		NewFunctionBuilder().WithFunc(func(data uint64) uint32 {
		h := hash.Blake2b128(take(data))
		return put(env, h[:])
	}).Export("blake").Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if env, err = rt.InstantiateWithConfig(ctx, envModule(), wazero.NewModuleConfig().WithName("env")); err != nil {
		t.Fatal(err)
	}
	if l.mod, err = rt.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().WithName("code")); err != nil {
		t.Fatal(err)
	}
	l.heap = uint32(l.mod.ExportedGlobal("__heap_base").Get())
	return l
}

func (l *light) call(method string, args []byte) []byte {
	l.Helper()
	at := l.heap
	l.mod.Memory().Write(at, args)
	l.heap += uint32(len(args)+7) &^ 7
	res, err := l.mod.ExportedFunction(method).Call(context.Background(), uint64(at), uint64(len(args)))
	if err != nil {
		l.Fatalf("%s: %v", method, err)
	}
	out, ok := l.mod.Memory().Read(uint32(res[0]), uint32(res[0]>>32))
	if !ok {
		l.Fatalf("%s answers outside of memory", method)
	}
	return bytes.Clone(out)
}

// Each answer of :code is the native runtime's.
func TestCodeAnswersAsTheRuntime(t *testing.T) {
	x := start(t)
	alice, bob := pair(t, "//Alice"), pair(t, "//Bob").AccountID()
	pay := x.sign(alice, 0, balances.TransferKeepAlive{Dest: chain.AddressID{ID: bob}, Value: runtime.Unit})
	x.block(pay)
	code, ok := x.state.Get(runtime.CodeKey)
	if !ok || !bytes.Equal(code, x.rt.Code()) {
		t.Fatal(":code is not the runtime's")
	}
	l := newLight(t, code, x.state)
	missing := maps.Clone(l.mod.ExportedFunctionDefinitions())
	who, nobody := alice.AccountID(), chain.AccountID{9}
	for _, c := range []struct {
		method string
		args   []byte
	}{
		{"Core_version", nil},
		{"Metadata_metadata", nil},
		{"Metadata_metadata_versions", nil},
		{"Metadata_metadata_at_version", []byte{14, 0, 0, 0}},
		{"Metadata_metadata_at_version", []byte{15, 0, 0, 0}},
		{"Metadata_metadata_at_version", []byte{16, 0, 0, 0}},
		{"GrandpaApi_grandpa_authorities", nil},
		{"GrandpaApi_current_set_id", nil},
		{"AuraApi_slot_duration", nil},
		{"AuraApi_authorities", nil},
		{"AccountNonceApi_account_nonce", who[:]},
		{"AccountNonceApi_account_nonce", bob[:]},
		{"AccountNonceApi_account_nonce", nobody[:]},
		{"TransactionPaymentApi_query_info", binary.LittleEndian.AppendUint32(pay, uint32(len(pay)))},
	} {
		l.same(x, c.method, c.args)
		delete(missing, c.method)
	}
	// It cannot judge, and takes every transaction for good, each by a tag of its own.
	delete(missing, "TaggedTransactionQueue_validate_transaction")
	judged := l.call("TaggedTransactionQueue_validate_transaction", append([]byte{2}, pay...))
	v, err := scale.Decode[runtime.Judged](judged)
	if err != nil || !v.OK || len(v.Value.Provides) != 1 || len(v.Value.Provides[0]) != 16 || !v.Value.Propagate || v.Value.Longevity != 64 {
		t.Errorf("validate_transaction: %+v, %v", v, err)
	}
	for name := range missing {
		t.Errorf("%s is not compared", name)
	}
	t.Logf(":code has %d bytes", len(code))
}

// same compares an answer with the native runtime's, and what it read with
// what a node proves for it.
func (l *light) same(x *tester, method string, args []byte) {
	l.Helper()
	x.o = storage.NewOverlay(backend{x.state}, verify)
	l.read = nil
	if got, want := l.call(method, args), x.call(method, args); !bytes.Equal(got, want) {
		l.Errorf("%s(%.80x): got %d bytes %.40x, want %d bytes %.40x", method, args, len(got), got, len(want), want)
	}
	keys, ok := x.rt.CodeReads(method, args)
	if !ok || !slices.EqualFunc(keys, l.read, bytes.Equal) {
		l.Errorf("%s reads %x, and %x are proved", method, l.read, keys)
	}
}

// Under load :code tells a transfer's fee as the runtime does, for any
// multiplier that can be stored.
func TestCodeFeesUnderLoad(t *testing.T) {
	x := start(t)
	code, _ := x.state.Get(runtime.CodeKey)
	l := newLight(t, code, x.state)
	pay := x.sign(pair(t, "//Alice"), 0, balances.TransferKeepAlive{Dest: chain.AddressID{ID: pair(t, "//Bob").AccountID()}, Value: runtime.Unit})
	args := binary.LittleEndian.AppendUint32(pay, uint32(len(pay)))
	key := x.rt.Payment.NextFeeMultiplier.Key()
	for _, m := range []scale.U128{
		{}, {Lo: 1}, {Lo: 999_999_999}, {Lo: 16_666_666_666}, {Lo: 16_666_666_667}, {Lo: 1_000_000_000_000_000_000},
		{Lo: 1_234_567_890_123_456_789}, {Lo: 1 << 63}, {Lo: ^uint64(0)}, {Hi: 1}, {Lo: ^uint64(0), Hi: 0xffffffff},
		{Hi: 1 << 32}, {Lo: 5, Hi: 1 << 63}, scale.MaxU128,
	} {
		x.state.Put(key, scale.Marshal(m))
		l.same(x, "TransactionPaymentApi_query_info", args)
	}
	x.state.Delete(key)
	l.same(x, "TransactionPaymentApi_query_info", args)
}

// What :code cannot answer is not proved.
func TestCodeReadsNothingElse(t *testing.T) {
	rt := runtime.New()
	for _, c := range []struct {
		method string
		args   []byte
	}{
		{"Core_execute_block", nil}, {"", nil}, {"AccountNonceApi_account_nonce", make([]byte, 31)},
		{"AccountNonceApi_account_nonce", nil}, {"TransactionPaymentApi_query_info", nil}, {"Metadata_metadata_at_version", nil},
	} {
		if keys, ok := rt.CodeReads(c.method, c.args); ok {
			t.Errorf("%s(%x) reads %x", c.method, c.args, keys)
		}
	}
}
