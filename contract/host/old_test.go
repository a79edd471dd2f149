package host

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// Functions that only code of long ago imports do what the source of
// pallet-contracts says: src/wasm/runtime.rs of substrate/frame/contracts, which
// gives the amounts and what is ignored, and of it before 2022, for the module
// __unstable__.
func TestOldFunctions(t *testing.T) {
	zero, most := "00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff"
	for _, prefix := range []string{"", "seal_"} {
		for name, tt := range map[string]struct {
			p    *program
			want string
		}{
			"rent_allowance":    {start(libCode).do("seal0."+prefix+"rent_allowance", atOut, atSize).give(atSize, 4), "10000000"},
			"rent_allowance is": {start(libCode).do("seal0."+prefix+"rent_allowance", atOut, atSize).give(atOut, 16), most},
			"tombstone_deposit": {start(libCode).store(atOut, 7).do("seal0."+prefix+"tombstone_deposit", atOut, atSize).give(atOut, 16), zero},
			// No argument of these is looked at, wherever it points to.
			"rent": {start(libCode).do("seal0."+prefix+"set_rent_allowance", 1<<31, 1<<31).do("seal1."+prefix+"set_rent_allowance", 1<<31).
				do("seal0."+prefix+"restore_to", 1<<31, 1, 1<<31, 1, 1<<31, 1, 1<<31, 1<<31).
				do("seal1."+prefix+"restore_to", 1<<31, 1<<31, 1<<31, 1<<31, 1<<31).give(atText, 4), "74657874"},
		} {
			r, _ := alone(t, prefix+name, tt.p)
			expect(t, prefix+name, r, vm.OK, tt.want)
		}
	}
	r, _ := alone(t, "println", start(libCode).do("seal0.seal_println", atText, 4).do("__unstable__.seal_debug_message", atText, 4))
	if r.Status != vm.OK || string(r.Debug) != "texttext" {
		t.Errorf("println: %v, %q", r.Status, r.Debug)
	}
	r, _ = alone(t, "a small buffer", start(libCode).store(atSize, 15).do("seal0.rent_allowance", atOut, atSize))
	expect(t, "a small buffer", r, vm.Trapped, "output buffer too small")
}

// random of ink! 3 gives a hash for a subject, and its second version the block
// since when observers could know it: (Hash, BlockNumber), 36 bytes with the
// block numbers of 4 bytes that there are here. A subject has 32 bytes at most
// (Limits::subject_len of src/schedule.rs).
func TestRandomSubject(t *testing.T) {
	at := func(seed, block byte) func(*Env) {
		return func(env *Env) { env.Seed, env.Block = hash.H256{seed}, uint32(block) }
	}
	ask := func(version, subject string, n int) *program {
		return start(libCode).store(atSize, 64).put(1024, []byte(subject)).do(version, 1024, n, atOut, atSize).store(500, 0).give(atOut, 40)
	}
	first, _ := alone(t, "random", ask("seal1.seal_random", "subject", 7), at(1, 9))
	if first.Status != vm.OK || hex.EncodeToString(first.Data[32:36]) != "09000000" || bytes.Equal(first.Data[:32], make([]byte, 32)) {
		t.Fatalf("random: %v %x %s", first.Status, first.Data, first.Reason)
	}
	old, _ := alone(t, "the first version", ask("seal0.seal_random", "subject", 7), at(1, 9))
	if !bytes.Equal(old.Data[:32], first.Data[:32]) || !bytes.Equal(old.Data[32:36], make([]byte, 4)) {
		t.Errorf("the first version gives %x, the second %x", old.Data, first.Data)
	}
	for name, r := range map[string]Result{
		"another subject": func() Result { r, _ := alone(t, "s", ask("seal1.random", "subject", 6), at(1, 9)); return r }(),
		"another call":    func() Result { r, _ := alone(t, "c", ask("seal1.random", "subject", 7), at(2, 9)); return r }(),
	} {
		if r.Status != vm.OK || bytes.Equal(r.Data[:32], first.Data[:32]) {
			t.Errorf("%s: %v %x", name, r.Status, r.Data)
		}
	}
	r, _ := alone(t, "long", ask("seal1.random", "", 33))
	expect(t, "long", r, vm.Trapped, "subject of randomness too long")
	r, _ = alone(t, "just so", ask("seal1.random", "", 32))
	if r.Status != vm.OK {
		t.Errorf("32 bytes: %s", r.Reason)
	}
}

// The module __unstable__ has the functions that were stable later.
func TestUnstableModule(t *testing.T) {
	for _, prefix := range []string{"", "seal_"} {
		m := "__unstable__." + prefix
		p := start(libCode).ask(atOut, m+"set_storage", atKey, 3, atText, 4).ask(atOut+4, m+"set_storage", atKey, 3, atText, 2).
			ask(atOut+8, m+"contains_storage", atKey, 3).ask(atOut+12, m+"get_storage", atKey, 3, 300, atSize).
			ask(atOut+16, m+"take_storage", atKey, 3, 300, atSize).ask(atOut+20, m+"clear_storage", atKey, 3).
			ask(atOut+24, m+"caller_is_origin").ask(atOut+28, m+"ecdsa_recover", 2000, 2000, 2000).
			ask(atOut+32, m+"ecdsa_to_eth_address", 2000, 2000).ask(atOut+36, m+"call_runtime", atText, 4).give(atOut, 40)
		r, _ := alone(t, m, p)
		expect(t, m, r, vm.OK, "ffffffff"+"04000000"+"02000000"+"00000000"+"00000000"+"ffffffff"+"01000000"+"0b000000"+"0b000000"+"0a000000")
	}
}

// What reaches the chain answers as pallet-contracts does where contracts may
// call nothing and no XCM is spoken. The numbers are those of
// pallet_contracts_uapi's ReturnErrorCode; that what does not decode traps, as 42
// for a call, is call_runtime_panics_on_invalid_call of src/wasm/mod.rs.
func TestChain(t *testing.T) {
	remark := append([]byte{0, 0, 44}, "hello world"...)
	location, message := []byte{4, 0, 0}, []byte{4, 0}
	p := start(libCode).put(1024, remark).put(1100, location).put(1200, message).
		ask(atOut, "seal0.call_runtime", 1024, len(remark)).ask(atOut+4, "seal0.xcm_execute", 1200, 2).
		ask(atOut+8, "seal0.xcm_send", 1100, 1200, 2, 1300).give(atOut, 12)
	r, _ := alone(t, "chain", p)
	expect(t, "chain", r, vm.OK, "0a000000"+"0d000000"+"0e000000")
	const undecoded = "the argument does not decode"
	for name, tt := range map[string]struct {
		p    *program
		want string
	}{
		"a call of one byte":    {start(libCode).put(1024, []byte{0x42}).do("seal0.call_runtime", 1024, 1), undecoded},
		"an empty call":         {start(libCode).do("seal0.call_runtime", 1024, 0), undecoded},
		"a call out of bounds":  {start(libCode).do("seal0.call_runtime", 65_000, 1000), "out of bounds memory access"},
		"a call that is long":   {start(libCode).do("seal0.call_runtime", 0, MaxInput+1), "input too long"},
		"an old message":        {start(libCode).put(1024, []byte{1, 0}).do("seal0.xcm_execute", 1024, 2), undecoded},
		"a message to come":     {start(libCode).put(1024, []byte{6, 0}).do("seal0.xcm_execute", 1024, 2), undecoded},
		"a message of one byte": {start(libCode).put(1024, []byte{4}).do("seal0.xcm_execute", 1024, 1), undecoded},
		"a place of no version": {start(libCode).put(1024, []byte{0, 0, 0}).put(1100, message).do("seal0.xcm_send", 1024, 1100, 2, 1200), undecoded},
		"to a place, nothing":   {start(libCode).put(1024, location).do("seal0.xcm_send", 1024, 1100, 0, 1200), undecoded},
		"a place out of bounds": {start(libCode).put(1100, message).do("seal0.xcm_send", 1<<31, 1100, 2, 1200), "out of bounds memory access"},
	} {
		r, _ := alone(t, name, tt.p)
		expect(t, name, r, vm.Trapped, tt.want)
	}
	// They would change the chain: #[mutating] in src/wasm/runtime.rs.
	for _, name := range []string{"call_runtime", "xcm_execute"} {
		callee := start(libCode).put(1024, message).do("seal0."+name, 1024, 2)
		r, _ := readOnly(t, name, callee)
		expect(t, name+", read only", r, vm.OK, "01000000")
	}
}

// readOnly has a contract call another one that may only read, and give the code
// of the call.
func readOnly(t *testing.T, name string, callee *program) (Result, Env) {
	t.Helper()
	it := [32]byte{5}
	p := start(libCode).put(atAddress, it[:]).
		ask(atOut, "seal1.call", flagReadOnly, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).give(atOut, 4)
	return both(t, name, "call", p.module(), func(e *vm.Engine) Env {
		o := world(t, e, p.module())
		o.contracts[it] = Contract{Record{Code: hash.H256(it)}, load(t, e, callee.module()), Memory{}}
		return Env{State: Memory{}, Others: o, Caller: alice, Address: me}
	})
}

// Transient storage is storage until the transaction ends: the steps are those of
// the fixture transient_storage of substrate/frame/contracts/fixtures, which
// asserts what is here the answer.
func TestTransientStorage(t *testing.T) {
	key, v1, v2, v3 := 1024, 1100, 1104, 1108
	p := start(libCode).put(key, bytes.Repeat([]byte{1}, 32)).put(v1, []byte{1, 1, 1, 1}).put(v2, []byte{2, 2, 2, 2}).put(v3, []byte{3, 3, 3, 3}).
		ask(atOut, "seal0.set_transient_storage", key, 32, v1, 4).
		ask(atOut+4, "seal0.contains_transient_storage", key, 32).
		ask(atOut+8, "seal0.get_transient_storage", key, 32, 400, atSize).
		ask(atOut+12, "seal0.set_transient_storage", key, 32, v2, 4).
		store(atSize, 4).ask(atOut+16, "seal0.get_transient_storage", key, 32, 404, atSize).
		ask(atOut+20, "seal0.clear_transient_storage", key, 32).
		ask(atOut+24, "seal0.contains_transient_storage", key, 32).
		ask(atOut+28, "seal0.set_transient_storage", key, 32, v3, 4).
		store(atSize, 32).ask(atOut+32, "seal0.take_transient_storage", key, 32, 408, atSize).
		ask(atOut+36, "seal0.take_transient_storage", key, 32, 408, atSize).
		ask(atOut+40, "seal0.get_transient_storage", key, 32, 408, atSize).
		ask(atOut+44, "seal0.clear_transient_storage", key, 32).give(atOut, 300)
	r, env := alone(t, "transient storage", p)
	if r.Status != vm.OK {
		t.Fatalf("%v %s", r.Status, r.Reason)
	}
	got := hex.EncodeToString(r.Data[:48]) + " " + hex.EncodeToString(r.Data[400-atOut:412-atOut])
	want := "ffffffff" + "04000000" + "00000000" + "04000000" + "00000000" + "04000000" + "ffffffff" + "ffffffff" + "00000000" +
		"03000000" + "03000000" + "ffffffff" + " 01010101" + "02020202" + "03030303"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(env.State.(Memory)) != 0 {
		t.Errorf("stored %v", env.State)
	}
	for name, tt := range map[string]struct {
		p    *program
		want string
	}{
		"long key":     {start(libCode).do("seal0.set_transient_storage", 0, MaxKey+1, 0, 0), "storage key too long"},
		"long value":   {start(libCode).do("seal0.set_transient_storage", atKey, 3, 0, MaxValue+1), "value too long"},
		"small buffer": {start(libCode).do("seal0.set_transient_storage", atKey, 3, atText, 4).store(atSize, 3).do("seal0.get_transient_storage", atKey, 3, 300, atSize), "output buffer too small"},
	} {
		r, _ := alone(t, name, tt.p)
		expect(t, name, r, vm.Trapped, tt.want)
	}
	// An empty value is one, and the next transaction begins with none.
	empty := start(libCode).ask(atOut, "seal0.set_transient_storage", atKey, 3, 0, 0).ask(atOut+4, "seal0.contains_transient_storage", atKey, 3).give(atOut, 8)
	for range 2 {
		r, _ := alone(t, "empty", empty)
		expect(t, "empty", r, vm.OK, "ffffffff"+"00000000")
	}
}

// As much as may be written is written, what is the same already costs no room,
// and no byte more.
func TestTransientBound(t *testing.T) {
	value := MaxTransient/64 - int(entryBytes("\x01key", nil))
	write := func(times, last int) *program {
		p := start(libCode)
		for i := range times {
			p.do("seal0.set_transient_storage", atKey, 3, 1024+i%2, value).do("seal0.set_transient_storage", atKey, 3, 1024+i%2, value)
		}
		// The value begins with another byte each time, or it would be the same.
		return p.put(1024, []byte{1}).do("seal0.set_transient_storage", atKey, 3, 1024+times%2, last)
	}
	r, _ := alone(t, "just enough", write(63, value))
	expect(t, "just enough", r, vm.OK, "")
	r, _ = alone(t, "a byte more", write(63, value+1))
	expect(t, "a byte more", r, vm.Trapped, "the transaction writes too much transient storage")
}

// What a call that fails wrote is taken back; what others wrote nobody sees; one
// that may only read writes it all the same, as #[mutating] is missing at these
// functions in src/wasm/runtime.rs. A delegated code writes its caller's.
func TestTransientCalls(t *testing.T) {
	it := [32]byte{5}
	write := func() *program { return start(libCode).do("seal0.set_transient_storage", atKey, 3, atText, 4) }
	look := func(p *program) *program {
		return p.ask(atOut+8, "seal0.contains_transient_storage", atKey, 3).give(atOut, 12)
	}
	for _, tt := range []struct {
		name   string
		callee *program
		caller *program
		want   string
	}{
		{"another contract's", write(), look(start(libCode).put(atAddress, it[:]).
			ask(atOut, "seal1.call", 0, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0)), "00000000" + "00000000" + "ffffffff"},
		{"of a call before", look(write().do("seal0.set_transient_storage", atKey, 3, atText, 3)), start(libCode).put(atAddress, it[:]).store(atSize, 12).
			ask(atOut, "seal1.call", 0, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).store(atOut, 0).
			ask(atOut, "seal1.call", 0, atAddress, int64(0), atValue, 0, 0, 700, atSize).give(708, 4), "03000000"},
		{"reverted", write().do("seal0.seal_return", 1, 0, 0), start(libCode).put(atAddress, it[:]).
			ask(atOut, "seal1.call", 0, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).give(atOut, 4), "02000000"},
	} {
		r, _ := both(t, tt.name, "call", tt.caller.module(), func(e *vm.Engine) Env {
			o := world(t, e, tt.caller.module())
			o.contracts[it] = Contract{Record{Code: hash.H256(it)}, load(t, e, tt.callee.module()), Memory{}}
			return Env{State: Memory{}, Others: o, Caller: alice, Address: me}
		})
		expect(t, tt.name, r, vm.OK, tt.want)
	}
	r, _ := readOnly(t, "read only", write())
	expect(t, "read only", r, vm.OK, "00000000")
	// A call into this contract that reverts leaves what was there before it.
	self := func(flags int) *program {
		return start(libCode).put(atAddress, me[:]).ask(atOut, "seal0.set_transient_storage", atKey, 3, atText, 2).
			ask(atOut+4, "seal0.reentrance_count")
	}
	again := self(0)
	again.push(atOut + 4)
	again.code = append(again.code, 0x28, 2, 0, 0x04, 0x40) // if it is the inner call
	again.do("seal0.set_transient_storage", atKey, 3, atText, 4).do("seal0.seal_return", 1, 0, 0)
	again.code = append(again.code, 0x0b)
	again.ask(atOut, "seal1.call", flagAllowReentry, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0)
	again = look(again)
	r, _ = tells(t, "inside itself", again)
	expect(t, "inside itself", r, vm.OK, "02000000"+"00000000"+"02000000")
	delegated := start(libCode).put(atCode, libCode[:]).ask(atOut, "seal0.delegate_call", 0, atCode, 0, 0, 0xffffffff, 0)
	r, _ = both(t, "delegated", "call", look(delegated).module(), func(e *vm.Engine) Env {
		o := world(t, e, delegated.module())
		o.codes[libCode] = load(t, e, write().module())
		return Env{State: Memory{}, Others: o, Caller: alice, Address: me}
	})
	expect(t, "delegated", r, vm.OK, "00000000"+"00000000"+"04000000")
}

// How often a contract is entered: as the fixtures reentrance_count_call,
// reentrance_count_delegated_call and account_reentrance_count_call of
// substrate/frame/contracts/fixtures assert it.
func TestReentranceCount(t *testing.T) {
	// Each call passes on how many there were, and calls until there are five.
	deep := start(libCode).put(atAddress, me[:]).ask(604, "seal0.reentrance_count").ask(608, "seal0.account_reentrance_count", atAddress)
	deep.push(604)
	deep.code = append(deep.code, 0x28, 2, 0, 0x41, 4, 0x49, 0x04, 0x40) // if there are fewer than 4 others
	deep.store(atSize, 8).do("seal1.call", flagAllowReentry|flagTailCall, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0)
	deep.code = append(deep.code, 0x0b)
	r, _ := tells(t, "calls", deep.give(604, 8))
	expect(t, "calls", r, vm.OK, "04000000"+"05000000")

	delegated := start(libCode).ask(604, "seal0.reentrance_count").give(604, 4)
	outer := start(libCode).put(atCode, libCode[:]).do("seal0.delegate_call", flagTailCall, atCode, 0, 0, 0xffffffff, 0)
	r, _ = both(t, "delegated", "call", outer.module(), func(e *vm.Engine) Env {
		o := world(t, e, outer.module())
		o.codes[libCode] = load(t, e, delegated.module())
		return Env{State: Memory{}, Others: o, Caller: alice, Address: me}
	})
	expect(t, "delegated", r, vm.OK, "00000000")

	other := start(libCode).put(atAddress, []byte{9}).ask(604, "seal0.account_reentrance_count", atAddress).
		put(700, me[:]).ask(608, "seal0.account_reentrance_count", 700).give(604, 8)
	r, _ = tells(t, "others", other)
	expect(t, "others", r, vm.OK, "00000000"+"01000000")
}

// The second versions: a fee for two kinds of weight, and the weight that is left
// as SCALE's Weight, both parts compact (sp_weights::Weight).
func TestWeights(t *testing.T) {
	p := start(libCode).do("seal1.weight_to_fee", int64(0x0102030405060708), int64(1<<40), atOut, atSize).give(atOut, 16)
	r, _ := alone(t, "weight to fee", p)
	expect(t, "weight to fee", r, vm.OK, "0807060504030201"+"0000000000000000")
	r, _ = alone(t, "gas left", start(libCode).store(atSize, 18).do("seal1.gas_left", atOut, atSize).give(atOut, 17))
	if r.Status != vm.OK || len(r.Data) != 17 {
		t.Fatalf("gas left: %v %x %s", r.Status, r.Data, r.Reason)
	}
	// Below 2⁴⁰ and above 2³⁰: a byte that says that six follow at most, then them.
	n := int(r.Data[0]>>2) + 4
	left := append(bytes.Clone(r.Data[1:1+n]), make([]byte, 8-n)...)
	if r.Data[0]&3 != 3 || binary.LittleEndian.Uint64(left)/refTime > 1e9 || binary.LittleEndian.Uint64(left)/refTime < 1e9-100_000 {
		t.Errorf("reference time left: %x", r.Data[:1+n])
	}
	if rest := hex.EncodeToString(r.Data[1+n : 1+n+9]); rest != "13ffffffffffffffff" {
		t.Errorf("size of proof left: %s", rest)
	}
}

// The input can be read again, and passed on after it was read; after it was
// passed on it is gone, unless it was cloned: seal_input and call of
// src/wasm/runtime.rs.
func TestInputAgain(t *testing.T) {
	it := [32]byte{5}
	echo := start(libCode).store(600, 64).do("seal0.input", 700, 600).give(700, 5)
	pass := func(flags int) *program {
		return start(libCode).put(atAddress, it[:]).store(600, 64).do("seal0.input", 700, 600).store(600, 64).do("seal0.input", 700, 600).
			store(600, 64).do("seal1.call", flags, atAddress, int64(0), atValue, 0, 0, 800, 600).store(600, 64)
	}
	for _, tt := range []struct {
		name   string
		p      *program
		status vm.Status
		want   string
	}{
		{"forwarded", pass(flagForwardInput).give(800, 5), vm.OK, hex.EncodeToString([]byte("input"))},
		{"cloned, and read", pass(flagCloneInput).do("seal0.input", 900, 600).give(900, 5), vm.OK, hex.EncodeToString([]byte("input"))},
		{"cloned and forwarded is cloned", pass(flagCloneInput|flagForwardInput).do("seal0.input", 900, 600).give(900, 5), vm.OK, hex.EncodeToString([]byte("input"))},
		{"forwarded, and read", pass(flagForwardInput).do("seal0.input", 900, 600), vm.Trapped, "the input was forwarded"},
		{"forwarded twice", pass(flagForwardInput).do("seal1.call", flagForwardInput, atAddress, int64(0), atValue, 0, 0, 800, 600), vm.Trapped, "the input was forwarded"},
	} {
		r, _ := both(t, tt.name, "call", tt.p.module(), func(e *vm.Engine) Env {
			o := world(t, e, tt.p.module())
			o.contracts[it] = Contract{Record{Code: hash.H256(it)}, load(t, e, echo.module()), Memory{}}
			return Env{State: Memory{}, Others: o, Caller: alice, Address: me, Input: []byte("input")}
		})
		expect(t, tt.name, r, tt.status, tt.want)
	}
}
