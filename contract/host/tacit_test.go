package host

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// drawer is a Cache without limits.
type drawer map[string][]byte

func (d drawer) Get(c [32]byte, key []byte) ([]byte, bool) {
	v, ok := d[string(c[:])+string(key)]
	return v, ok
}
func (d drawer) Set(c [32]byte, key, value []byte, _ uint64) bool {
	d[string(c[:])+string(key)] = value
	return len(value) < 100
}
func (d drawer) Remove(c [32]byte, key []byte) { delete(d, string(c[:])+string(key)) }

func secret(contract [32]byte) [32]byte { return hash.Blake2b256([]byte("secret"), contract[:]) }

// alone runs a program in a world of its own.
func alone(t *testing.T, name string, p *program, change ...func(*Env)) (Result, Env) {
	t.Helper()
	return both(t, name, "call", p.module(), func(*vm.Engine) Env {
		env := Env{State: Memory{}, Caller: alice, Address: me, Owner: [32]byte{0x0e}, Seed: hash.H256{7}, Keys: secret, Time: 1_700_000_000_000}
		for _, f := range change {
			f(&env)
		}
		return env
	})
}

func query(env *Env) { env.Query, env.Cache = true, drawer{} }

// Randomness, keys and signatures are those of the contract and the call, on
// all machines.
func TestKeys(t *testing.T) {
	derive := func(contract byte) string {
		p := start(libCode).do("tacit.derive_key", atText, 4, atOut).give(atOut, 32)
		r, _ := alone(t, "derive", p, func(env *Env) { env.Address = [32]byte{contract} })
		return string(r.Data)
	}
	if first, again := derive(1), derive(1); len(first) != 32 || first == derive(2) || first != again {
		t.Error("keys do not follow from the contract")
	}
	seed := bytes.Repeat([]byte{0x11}, 32)
	for scheme := range keys.Ecdsa + 1 {
		pair, err := keys.NewPair(scheme, [32]byte(seed))
		if err != nil {
			t.Fatal(err)
		}
		p := start(libCode).put(atAddress, seed).
			ask(300, "tacit.public_key", int(scheme), atAddress, 512).
			ask(304, "tacit.sign", int(scheme), atAddress, atText, 4, 640).
			ask(308, "tacit.verify", int(scheme), 512, atText, 4, 640).
			ask(312, "tacit.verify", int(scheme), 512, atKey, 3, 640).give(300, 512)
		r, _ := alone(t, scheme.String(), p)
		if r.Status != vm.OK {
			t.Fatalf("%v: %v %s", scheme, r.Status, r.Reason)
		}
		n, m := binary.LittleEndian.Uint32(r.Data), binary.LittleEndian.Uint32(r.Data[4:])
		public, signature := r.Data[212:212+n], r.Data[340:340+m]
		if !bytes.Equal(public, pair.Public()) || !keys.Verify(scheme, pair.Public(), []byte("text"), signature) {
			t.Errorf("%v: signature %x of key %x", scheme, signature, public)
		}
		if got := hex.EncodeToString(r.Data[8:16]); got != "0100000000000000" {
			t.Errorf("%v: the contract verifies %s", scheme, got)
		}
	}
	for name, p := range map[string]*program{
		"unknown kind of signature": start(libCode).do("tacit.sign", 3, atAddress, 0, 0, 640),
		"the key is none":           start(libCode).do("tacit.sign", int(keys.Ecdsa), 2000, 0, 0, 640),
		"too much randomness":       start(libCode).do("tacit.random", 0, maxRandom+1),
		"label of a key too long":   start(libCode).do("tacit.derive_key", 0, MaxKey+1, 0),
	} {
		r, _ := alone(t, name, p)
		expect(t, name, r, vm.Trapped, name)
	}
	r, _ := alone(t, "no keys", start(libCode).do("tacit.derive_key", 0, 0, 0), func(env *Env) { env.Keys = nil })
	expect(t, "no keys", r, vm.Trapped, "there are no keys here")
	r, _ = alone(t, "owner", start(libCode).do("tacit.owner", atOut, atSize).give(atOut, 1))
	expect(t, "owner", r, vm.OK, "0e")
	random := start(libCode).do("tacit.random", atOut, 16).give(atOut, 16)
	first, _ := alone(t, "random", random)
	other, _ := alone(t, "random", random, func(env *Env) { env.Seed[0]++ })
	if bytes.Equal(first.Data, other.Data) || bytes.Equal(first.Data, make([]byte, 16)) {
		t.Errorf("random: %x and %x", first.Data, other.Data)
	}
}

// What is logged comes out when the call fails too, and is bounded.
func TestLog(t *testing.T) {
	p := start(libCode).ask(atOut, "tacit.log", 3, atText, 4).ask(atOut+4, "tacit.log", 6, atText, 4).
		put(300, []byte{0xff}).ask(atOut+8, "tacit.log", 1, 300, 1).do("seal0.seal_return", 1, atOut, 12)
	r, _ := alone(t, "log", p)
	expect(t, "log", r, vm.Reverted, "00000000"+"09000000"+"09000000")
	if len(r.Lines) != 1 || r.Lines[0].Level != 3 || string(r.Lines[0].Text) != "text" || r.Lines[0].Contract != me {
		t.Errorf("logged %+v", r.Lines)
	}
	r, _ = alone(t, "long", start(libCode).do("tacit.log", 1, 0, MaxLine+1))
	expect(t, "long", r, vm.Trapped, "line of the log too long")
	p = start(libCode)
	for range MaxLines + 1 {
		p.ask(atOut, "tacit.log", 1, atText, 4)
	}
	r, _ = alone(t, "many", p.give(atOut, 4))
	expect(t, "many", r, vm.OK, "09000000")
	if len(r.Lines) != MaxLines {
		t.Errorf("%d lines", len(r.Lines))
	}
}

// Only queries reach the cache; commands come out the same everywhere.
func TestCache(t *testing.T) {
	set := start(libCode).ask(atOut, "tacit.cache_set", atKey, 3, atText, 4, int64(60)).
		ask(atOut+4, "tacit.cache_get", atKey, 3, 300, atSize).do("tacit.cache_remove", atKey, 3).
		ask(atOut+8, "tacit.cache_get", atKey, 3, 300, atSize).ask(atOut+12, "tacit.in_transaction").give(atOut, 16)
	r, _ := alone(t, "command", set)
	expect(t, "command", r, vm.OK, "01000000"+"03000000"+"03000000"+"01000000")
	r, _ = alone(t, "query", set, query)
	expect(t, "query", r, vm.OK, "01000000"+"00000000"+"03000000"+"00000000")
	r, _ = alone(t, "full", start(libCode).ask(atOut, "tacit.cache_set", atKey, 3, 0, 200, int64(60)).give(atOut, 4), query)
	expect(t, "full", r, vm.OK, "00000000")
}

// extend calls a chain extension in a world of its own. What it gives is the
// result when the status is 0, and else the status.
func extend(t *testing.T, id int, args []byte, change ...func(*Env)) Result {
	t.Helper()
	p := start(libCode).put(1024, args).store(atSize, 1000).
		ask(500, "seal0.call_chain_extension", id, 1024, len(args), 512, atSize).give(500, 512)
	r, _ := alone(t, fmt.Sprint("extension ", id), p, change...)
	if len(r.Data) > 12 && binary.LittleEndian.Uint32(r.Data) == 0 {
		r.Data = r.Data[12:]
	}
	return r
}

// Chain extensions, by the numbers of Phala's.
func TestExtensions(t *testing.T) {
	seed := bytes.Repeat([]byte{0x11}, 32)
	digest := hash.Keccak256([]byte("text"))
	ext := func(id int, args []byte, change ...func(*Env)) Result {
		t.Helper()
		return extend(t, id, args, change...)
	}
	args := func(kind []byte, lists ...[]byte) []byte {
		for _, l := range lists {
			kind = scale.AppendBytes(kind, l)
		}
		return kind
	}
	list := func(r Result) []byte {
		t.Helper()
		d := scale.NewDecoder(r.Data)
		b, err := d.ByteSlice()
		if r.Status != vm.OK || err != nil {
			t.Fatalf("%v %s: %v", r.Status, r.Reason, err)
		}
		return b
	}
	for kind, scheme := range []keys.Scheme{keys.Sr25519, keys.Ed25519, keys.Ecdsa} {
		k := []byte{byte(kind)}
		pair, err := keys.NewPair(scheme, [32]byte(seed))
		if err != nil {
			t.Fatal(err)
		}
		signature := list(ext(2, args(k, seed, []byte("text"))))
		if !keys.Verify(scheme, pair.Public(), []byte("text"), signature) {
			t.Errorf("sign: %x is no signature of %v", signature, scheme)
		}
		if got := list(ext(5, args(k, seed))); !bytes.Equal(got, pair.Public()) {
			t.Errorf("get_public_key: %x", got)
		}
		for want, text := range []string{"other", "text"} {
			if r := ext(3, args(k, pair.Public(), []byte(text), signature)); r.Data[0] != byte(want) {
				t.Errorf("verify %s: %x", text, r.Data[:1])
			}
		}
		if r := ext(3, args(k, nil, nil, nil)); r.Status != vm.OK || r.Data[0] != 0 {
			t.Errorf("verify nothing: %v", r.Status)
		}
	}
	if a, b := list(ext(4, args(nil, []byte("a")))), list(ext(4, args(nil, []byte("b")))); len(a) != 32 || bytes.Equal(a, b) {
		t.Errorf("derive_sr25519_key: %x, %x", a, b)
	}
	pair, err := keys.NewPair(keys.Ecdsa, [32]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	signed := ext(13, append(scale.AppendBytes(nil, seed), digest[:]...)).Data[:65]
	for want, d := range []hash.H256{{}, digest} {
		if r := ext(14, append(append(bytes.Clone(signed), d[:]...), pair.Public()...)); r.Data[0] != byte(want) {
			t.Errorf("ecdsa_verify_prehashed: %x, want %d", r.Data[:1], want)
		}
	}
	kv := args(nil, []byte("k"), []byte("v"))
	for name, change := range map[string]func(*Env){"command": func(*Env) {}, "query": query} {
		if r := ext(6, kv, change); r.Status != vm.OK || r.Data[0] != 0 {
			t.Errorf("cache_set in a %s: %v %x", name, r.Status, r.Data[:1])
		}
	}
	cached := func(env *Env) {
		query(env)
		env.Cache.Set(env.Address, []byte("k"), []byte("v"), 0)
	}
	for _, id := range []int{8, 9} {
		if r := ext(id, args(nil, []byte("k")), cached); hex.EncodeToString(r.Data[:3]) != "010476" {
			t.Errorf("extension %d in a query: %x", id, r.Data[:3])
		}
		if r := ext(id, args(nil, []byte("k"))); r.Data[0] != 0 {
			t.Errorf("extension %d in a command: %x", id, r.Data[:1])
		}
	}
	if r := ext(7, scale.AppendUint64(args(nil, []byte("k")), 0), cached); r.Status != vm.OK {
		t.Errorf("cache_set_expiration: %v %s", r.Status, r.Reason)
	}
	if r := ext(10, args([]byte{3}, []byte("line"))); len(r.Lines) != 1 || string(r.Lines[0].Text) != "line" {
		t.Errorf("log: %+v", r.Lines)
	}
	if got := list(ext(11, []byte{20})); len(got) != 20 {
		t.Errorf("getrandom: %x", got)
	}
	if r := ext(12, nil); r.Data[0] != 1 {
		t.Errorf("is_in_transaction in a command: %x", r.Data[:1])
	}
	if r := ext(12, nil, query); r.Data[0] != 0 {
		t.Errorf("is_in_transaction in a query: %x", r.Data[:1])
	}
	if r := ext(18, nil); binary.LittleEndian.Uint64(r.Data) != 1_700_000_000_000 {
		t.Errorf("time: %x", r.Data[:8])
	}
	known := func(env *Env) {
		o := newOthers(nil)
		o.codes[libCode] = nil
		env.Others = o
	}
	for want, code := range []hash.H256{childCode, libCode} {
		if r := ext(19, append(code[:], 0), known); r.Data[0] != byte(want) {
			t.Errorf("code_exists: %x, want %d", r.Data[:1], want)
		}
	}
	for _, id := range []int{0, 26, 1<<16 + 2} {
		expect(t, fmt.Sprint("extension ", id), ext(id, nil), vm.Trapped, fmt.Sprintf("chain extension %d is not offered here", id))
	}
	for _, id := range []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 16, 19, 22, 24} {
		const want = "the arguments of the chain extension do not decode"
		expect(t, fmt.Sprint("extension ", id, " of nothing"), ext(id, nil), vm.Trapped, want)
		expect(t, fmt.Sprint("extension ", id, " of too much"), ext(id, bytes.Repeat([]byte{0}, 200)), vm.Trapped, want)
	}
	for _, id := range []int{12, 15, 17, 18, 21, 25} {
		const want = "the arguments of the chain extension do not decode"
		expect(t, fmt.Sprint("extension ", id, " of something"), ext(id, []byte{0}), vm.Trapped, want)
	}
}

// Small functions, as pallet-contracts answers.
func TestEnvironment(t *testing.T) {
	for _, prefix := range []string{"", "seal_"} {
		r, _ := alone(t, "weight to fee", start(libCode).do("seal0."+prefix+"weight_to_fee", int64(0x0102030405060708), atOut, atSize).give(atOut, 16))
		expect(t, "weight to fee", r, vm.OK, "0807060504030201"+"0000000000000000")
		r, _ = alone(t, "origin", start(libCode).ask(atOut, "seal0."+prefix+"caller_is_origin").give(atOut, 4))
		expect(t, "origin", r, vm.OK, "01000000")
	}
	r, _ := alone(t, "root", start(libCode).store(atOut, 7).ask(atOut, "seal0.caller_is_root").give(atOut, 4))
	expect(t, "root", r, vm.OK, "00000000")
	r, _ = alone(t, "nonce", start(libCode).ask(atOut, "seal0.instantiation_nonce").ask(atOut+8, "seal0.instantiation_nonce").give(atOut, 16))
	if len(r.Data) != 16 || bytes.Equal(r.Data[:8], r.Data[8:]) {
		t.Errorf("nonces: %x", r.Data)
	}
	// Buffers that are too small trap, and take nothing.
	for _, p := range []*program{
		start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).store(atSize, 3).ask(atOut, "seal1.get_storage", atKey, 3, 300, atSize),
		start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).store(atSize, 3).ask(atOut, "seal0.take_storage", atKey, 3, 300, atSize),
		start(libCode).store(atSize, 31).do("seal0.caller", 300, atSize),
	} {
		r, env := alone(t, "small buffer", p)
		expect(t, "small buffer", r, vm.Trapped, "output buffer too small")
		if len(env.State.(Memory)) != 0 {
			t.Errorf("small buffer: stored %v", env.State)
		}
	}
}

// A contract stores as much as it may, and can make room.
func TestQuota(t *testing.T) {
	limit := func(n uint64) func(*Env) { return func(env *Env) { env.Quota = n } }
	one := entryBytes("\x01key", []byte("text"))
	set := start(libCode).do("seal2.set_storage", atKey, 3, atText, 4)
	r, _ := alone(t, "too much", set, limit(one-1))
	expect(t, "too much", r, vm.Trapped, "the contract stores too much")
	r, env := alone(t, "just enough", set, limit(one))
	expect(t, "just enough", r, vm.OK, "")
	if v, _ := env.State.Get([]byte(usageKey)); binary.LittleEndian.Uint64(v) != one {
		t.Errorf("counted %x, want %d", v, one)
	}
	// Less, the same again, nothing, and another: always what is there counts.
	p := start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).do("seal2.set_storage", atKey, 3, atText, 2).
		do("seal2.set_storage", atKey, 3, atText, 4).do("seal1.clear_storage", atKey, 3).do("seal1.clear_storage", atKey, 3).
		do("seal2.set_storage", atText, 4, atText, 3)
	r, env = alone(t, "changes", p, limit(one))
	expect(t, "changes", r, vm.OK, "")
	if v, _ := env.State.Get([]byte(usageKey)); binary.LittleEndian.Uint64(v) != one {
		t.Errorf("counted %x, want %d", v, one)
	}
	// What was stored before the transaction counts.
	state := Memory{}
	state.Set([]byte(usageKey), binary.LittleEndian.AppendUint64(nil, one))
	state.Set([]byte("\x01old"), []byte("text"))
	r, _ = alone(t, "from before", set, limit(2*one-1), func(env *Env) { env.State = state })
	expect(t, "from before", r, vm.Trapped, "the contract stores too much")
}

// A transaction writes as much as it may, whatever becomes of what it wrote,
// and not a byte more.
func TestWritten(t *testing.T) {
	value := MaxWritten/1024 - int(entryBytes("\x01key", nil))
	write := func(p *program, times, more int) *program {
		for range times {
			p.do("seal2.set_storage", atKey, 3, 0, value)
		}
		return p.do("seal2.set_storage", atKey, 3, 0, value+more)
	}
	r, env := alone(t, "just enough", write(start(libCode), 1023, 0))
	expect(t, "just enough", r, vm.OK, "")
	if n := len(env.State.(Memory)["\x01key"]); n != value {
		t.Errorf("stored %d bytes, want %d", n, value)
	}
	r, env = alone(t, "a byte more", write(start(libCode), 1023, 1))
	expect(t, "a byte more", r, vm.Trapped, "the call writes too much")
	if len(env.State.(Memory)) != 0 {
		t.Errorf("a byte more: stored %d entries", len(env.State.(Memory)))
	}
}

// A cluster stores as much as it may, and can make room; what a call that fails
// would have stored does not count.
func TestFullCluster(t *testing.T) {
	room := func(n uint64) func(*Env) { return func(env *Env) { env.Stored = MaxCluster - n } }
	const one = clusterEntry + 4 + 4
	set := start(libCode).do("seal2.set_storage", atKey, 3, atText, 4)
	r, _ := alone(t, "too much", set, room(one-1))
	expect(t, "too much", r, vm.Trapped, "the cluster stores too much")
	r, _ = alone(t, "just enough", set, room(one))
	expect(t, "just enough", r, vm.OK, "")
	p := start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).do("seal2.set_storage", atKey, 3, atText, 2).
		do("seal1.clear_storage", atKey, 3).do("seal2.set_storage", atText, 3, atText, 4)
	r, _ = alone(t, "changes", p, room(one))
	expect(t, "changes", r, vm.OK, "")
	// Beyond it already, as by what messages leave: less is fine, more is not.
	state := func(env *Env) { env.State.Set([]byte("\x01key"), []byte("text and more")) }
	over := func(env *Env) { env.Stored = MaxCluster + 1000 }
	r, _ = alone(t, "less", set, over, state)
	expect(t, "less", r, vm.OK, "")
	r, _ = alone(t, "more", set, over)
	expect(t, "more", r, vm.Trapped, "the cluster stores too much")
}
