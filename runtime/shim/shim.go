// Package shim makes a small WebAssembly module that answers, like a Substrate
// runtime, the calls that light clients make of :code: versions and metadata
// as they are, authorities and nonces by reading the state, for fees what a
// transfer costs under the load that the state tells, and for validity yes.
//
// The chain's real runtime is native; the module stands under :code from block
// 0 so that clients which fetch and run it, or only hash it to see whether the
// runtime changed, work unmodified. It executes no blocks.
//
// The module is plain WebAssembly 1.0 without extensions, imports memory and
// two functions of Substrate's host interface, and exports __heap_base.
//
// Specification: https://spec.polkadot.network/chap-runtime-api
package shim

import (
	"encoding/binary"

	"github.com/tacit-network/tacit/scale"
)

// Runtime is what the module answers.
type Runtime struct {
	// Version, V14 and V15 are the encoded runtime version and metadata.
	Version, V14, V15 []byte
	// Authorities, SetID and AuraAuthorities are the keys of the storage items.
	Authorities, SetID, AuraAuthorities []byte
	// Account is the prefix of System.Account.
	Account []byte
	// SlotDuration is Aura's, in milliseconds.
	SlotDuration uint64
	// BaseFee, ByteFee and CallWeight are a transfer's: its fee is the base,
	// one per byte of length, and its weight times the multiplier. CallWeight
	// is below 2³².
	BaseFee, ByteFee, CallWeight uint64
	// Multiplier is the key of the storage item that holds the multiplier, in
	// units of 10⁻¹⁸ and 16 bytes.
	Multiplier []byte
}

// Where things lie in memory: the scratch, then the data, then the host's heap.
const (
	scratch  = 1024
	dataBase = scratch + 256
	page     = 64 << 10
)

// Module returns the module; the same Runtime gives the same bytes.
func Module(r Runtime) []byte {
	m := &module{}
	version := m.put(r.Version)
	v14, v15 := m.put(scale.AppendBytes([]byte{1}, r.V14)), m.put(scale.AppendBytes([]byte{1}, r.V15))
	none := m.put([]byte{0})
	zeros := m.put(make([]byte, 16))
	authorities, setID, aura := m.put(r.Authorities), m.put(r.SetID), m.put(r.AuraAuthorities)
	prefix := m.put(r.Account)
	multiplier := m.put(r.Multiplier)
	weight := scale.AppendCompact(scale.AppendCompact(nil, r.CallWeight), 0)
	info := m.put(append(weight, 0)) // class Normal

	m.export("Core_version", answer(version))
	m.export("Metadata_metadata", answer(v14.from(1)))
	m.export("Metadata_metadata_versions", answer(m.put(scale.Encode([]uint32{14, 15}))))
	m.export("Metadata_metadata_at_version", code{}.
		get(0).load32(0).i32(14).op(i32Eq).op(ifI64).answer(v14).
		op(opElse).get(0).load32(0).i32(15).op(i32Eq).op(ifI64).answer(v15).op(opElse).answer(none).op(opEnd).op(opEnd))
	m.export("GrandpaApi_grandpa_authorities", read(authorities, none))
	m.export("GrandpaApi_current_set_id", read(setID, zeros.cut(8)))
	m.export("AuraApi_slot_duration", answer(m.put(scale.AppendUint64(nil, r.SlotDuration))))
	m.export("AuraApi_authorities", read(aura, none))
	m.export("AccountNonceApi_account_nonce", nonce(prefix, zeros))
	m.export("TaggedTransactionQueue_validate_transaction", validity())
	m.export("TransactionPaymentApi_query_info", fee(info, multiplier, zeros, r))
	return m.encode()
}

// span is a piece of memory.
type span struct{ at, n uint32 }

func (s span) from(n uint32) span { return span{s.at + n, s.n - n} }
func (s span) cut(n uint32) span  { return span{s.at, n} }

// packed is how pointers and lengths go over the border: length above pointer.
func (s span) packed() int64 { return int64(uint64(s.n)<<32 | uint64(s.at)) }

func answer(s span) code { return code{}.answer(s) }

// read answers with the value under a key, or with other where there is none.
func read(key, other span) code { return code{}.i64(key.packed()).i64(other.packed()).call(fnRead) }

// nonce reads an account: its key is the prefix, the BLAKE2b-128 of the account
// and the account; its first four bytes are the nonce.
func nonce(prefix, zeros span) code {
	c := code{}
	for i := uint32(0); i < prefix.n; i += 8 {
		c = c.i32(scratch + i).i32(prefix.at + i).load64(0).store64(0)
	}
	for i := uint32(0); i < 32; i += 8 {
		c = c.i32(scratch + prefix.n + 16 + i).get(0).load64(i).store64(0)
	}
	c = c.pack(0, 32).call(fnBlake).set(2)
	for i := uint32(0); i < 16; i += 8 {
		c = c.i32(scratch + prefix.n + i).get(2).load64(i).store64(0)
	}
	c = c.i64(span{scratch, prefix.n + 48}.packed()).i64(zeros.cut(4).packed()).call(fnRead)
	return c.i64(0xffffffff).op(i64And).i64(4 << 32).op(i64Or)
}

// validity says that a transaction is good, and provides a tag of its own:
//
//	Ok, priority 0, no requirements, one tag of 16 bytes, longevity 64, propagate
func validity() code {
	c := code{}.packArgs().call(fnBlake).set(2)
	c = c.i32(scratch).i64(0).store64(0).i32(scratch + 8).i32(0).store16(0)
	c = c.i32(scratch + 10).i32(0x4004).store16(0) // one tag, of 16 bytes
	for i := uint32(0); i < 16; i += 8 {
		c = c.i32(scratch + 12 + i).get(2).load64(i).store64(0)
	}
	c = c.i32(scratch + 28).i64(64).store64(0).i32(scratch + 36).i32(1).store16(0)
	return c.answer(span{scratch, 37})
}

// module is a module under way.
type module struct {
	data  []byte
	funcs []code
	names []string
}

// put places bytes in memory.
func (m *module) put(b []byte) span {
	s := span{dataBase + uint32(len(m.data)), uint32(len(b))}
	m.data = append(m.data, b...)
	for len(m.data)%8 != 0 {
		m.data = append(m.data, 0)
	}
	return s
}

func (m *module) export(name string, body code) {
	m.names, m.funcs = append(m.names, name), append(m.funcs, body)
}

// heapBase is where the host's heap begins.
func (m *module) heapBase() uint32 { return (dataBase + uint32(len(m.data)) + 15) &^ 15 }

// readBody is the function that reads the state: it takes a packed key and
// what to answer where there is nothing, asks the host for the SCALE
// Option<Vec<u8>>, and cuts the option's and the length's bytes off.
func readBody() code {
	const key, other, r, p, skip = 0, 1, 2, 3, 4
	c := code{}.get(key).call(fnGet).set(r).get(r).op(i32WrapI64).set(p)
	c = c.get(p).load8(0).op(i32Eqz).op(ifVoid).get(other).op(opReturn).op(opEnd)
	// The low bits of a compact length say how many bytes it has: 1, 2 or 4.
	// select takes the first of two where the condition holds.
	c = c.get(p).load8(1).i32(3).op(i32And).set(skip)
	c = c.i32(5).i32(2).i32(3).get(skip).op(i32Eqz).op(opSelect).get(skip).i32(2).op(i32GeU).op(opSelect).set(skip)
	c = c.get(p).get(skip).op(i32Add).op(i64ExtendI32U)
	return c.get(r).i64(32).op(i64ShrU).get(skip).op(i64ExtendI32U).op(i64Sub).i64(32).op(i64Shl).op(i64Or)
}

func (m *module) encode() []byte {
	pages := (m.heapBase() + page - 1) / page
	out := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	section := func(id byte, items int, body []byte) {
		body = append(leb(nil, uint64(items)), body...)
		out = append(leb(append(out, id), uint64(len(body))), body...)
	}
	const i32, i64 = 0x7f, 0x7e
	section(1, 4, []byte{
		0x60, 2, i32, i32, 1, i64, // an API method
		0x60, 1, i64, 1, i64, // ext_storage_get
		0x60, 1, i64, 1, i32, // ext_hashing_blake2_128
		0x60, 2, i64, i64, 1, i64, // read
	})
	var imports []byte
	imports = append(text(text(imports, "env"), "memory"), 2, 0)
	imports = leb(imports, uint64(pages+16))
	imports = append(text(text(imports, "env"), "ext_storage_get_version_1"), 0, 1)
	imports = append(text(text(imports, "env"), "ext_hashing_blake2_128_version_1"), 0, 2)
	section(2, 3, imports)
	types := []byte{3}
	for range m.funcs {
		types = append(types, 0)
	}
	section(3, len(types), types)
	section(6, 1, append(code{}.wrap(i32, 0).i32(m.heapBase()), opEnd))
	exports := append(text(nil, "__heap_base"), 3, 0)
	for i, name := range m.names {
		exports = leb(append(text(exports, name), 0), uint64(fnRead+1+i))
	}
	section(7, len(m.names)+1, exports)
	bodies := body(readBody(), []byte{2, 1, i64, 2, i32})
	for _, f := range m.funcs {
		bodies = append(bodies, body(f, []byte{2, 1, i32, 2, i64})...)
	}
	section(10, len(m.funcs)+1, bodies)
	segment := append(code{0}.i32(dataBase), opEnd)
	section(11, 1, append(leb(segment, uint64(len(m.data))), m.data...))
	return out
}

func body(c code, locals []byte) []byte {
	b := append(append(append([]byte{}, locals...), c...), opEnd)
	return append(leb(nil, uint64(len(b))), b...)
}

func text(dst []byte, s string) []byte { return append(leb(dst, uint64(len(s))), s...) }

func leb(dst []byte, n uint64) []byte { return binary.AppendUvarint(dst, n) }
