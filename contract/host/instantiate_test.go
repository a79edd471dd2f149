package host

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// Where the programs below keep things.
const (
	atCode    = 0   // the name of a code, 32 bytes
	atValue   = 32  // 16 zeros
	atNothing = 48  // 4 bytes
	atSize    = 52  // the length of a buffer
	atAddress = 64  // 32 bytes
	atOut     = 128 // answers
	atKey     = 256 // "key"
	atText    = 264 // "text"
)

// start is a program whose memory is laid out so.
func start(code hash.H256) *program {
	return new(program).put(atCode, code[:]).put(atSize, []byte{32, 0, 0, 0}).put(atKey, []byte("key")).put(atText, []byte("text")).put(400, nil)
}

var (
	childCode = hash.H256{0xc0, 1}
	libCode   = hash.H256{0xc0, 2}
	badCode   = hash.H256{0xc0, 3}
	me        = [32]byte{1}
	alice     = [32]byte{0xa1}
)

// writes is a program that stores "text" under "key", and gives its caller and
// address.
func writes() *program {
	return start(childCode).do("seal2.set_storage", atKey, 3, atText, 4).
		do("seal0.caller", atOut, atSize).do("seal0.address", atOut+32, atSize).give(atOut, 64)
}

// exchange makes deploy do what call does.
func exchange(code []byte) []byte {
	return []byte(strings.Replace(strings.Replace(strings.Replace(string(code), "\x04call\x00", "\x04CALL\x00", 1), "\x06deploy\x00", "\x04call\x00", 1), "\x04CALL\x00", "\x06deploy\x00", 1))
}

// world is a cluster that knows three codes: of a contract that writes when it
// is made, of a library that writes when it is called, and of one that reverts.
func world(t testing.TB, e *vm.Engine, code []byte) *others {
	o := newOthers(map[[32]byte]Contract{})
	o.codes[childCode] = load(t, e, exchange(writes().module()))
	o.codes[libCode] = load(t, e, writes().module())
	bad := start(childCode).do("seal2.set_storage", atKey, 3, atText, 4).do("seal0.seal_return", 1, atText, 4).module()
	o.codes[badCode] = load(t, e, exchange(bad))
	o.contracts[me] = Contract{Record{Code: hash.H256{9}, Owner: alice}, load(t, e, code), Memory{}}
	return o
}

// tells runs a program as the contract me of the world.
func tells(t *testing.T, name string, p *program) (Result, *others) {
	t.Helper()
	code := p.module()
	r, env := both(t, name, "call", code, func(e *vm.Engine) Env {
		o := world(t, e, code)
		c := o.contracts[me]
		return Env{State: c.State, Code: c.Code, Owner: c.Owner, Others: o, Caller: alice, Address: me, Seed: hash.H256{7}, Keys: secret}
	})
	return r, env.Others.(*others)
}

// Contracts make contracts: with each version of the call.
func TestInstantiate(t *testing.T) {
	for _, prefix := range []string{"", "seal_"} {
		for name, args := range map[string][]any{
			"seal0." + prefix + "instantiate": {atCode, 32, int64(0), atValue, 16, 0, 0, atAddress, atSize, 0xffffffff, 0, atKey, 3},
			"seal1." + prefix + "instantiate": {atCode, int64(0), atValue, 0, 0, atAddress, atSize, 0xffffffff, 0, atKey, 3},
			"seal2." + prefix + "instantiate": {atCode, int64(0), int64(0), 0xffffffff, atValue, 0, 0, atAddress, atSize, 0xffffffff, 0, atKey, 3},
		} {
			r, o := tells(t, name, start(childCode).ask(atNothing, name, args...).give(atNothing, 48))
			id := o.Address(me, childCode, []byte("key"))
			expect(t, name, r, vm.OK, "00000000"+"20000000"+"0000000000000000"+hex.EncodeToString(id[:]))
			c, found, _ := o.Contract(context.Background(), id)
			if !found || c.Code != childCode || c.Owner != alice {
				t.Errorf("%s: made %+v", name, c)
			}
			if v, _ := o.State(id).Get([]byte("\x01key")); string(v) != "text" {
				t.Errorf("%s: the constructor stored %q", name, v)
			}
		}
	}
	make1 := func(code hash.H256, salt int) *program {
		return start(code).ask(atNothing, "seal1.instantiate", atCode, int64(0), atValue, 0, 0, 0xffffffff, 0, atOut, atSize, atKey, salt)
	}
	r, o := tells(t, "small buffer", make1(childCode, 0).give(atOut, 0))
	if r.Status != vm.Trapped || r.Reason != "output buffer too small" || len(o.contracts) != 1 {
		t.Errorf("64 bytes into 32: %v %s, %d contracts", r.Status, r.Reason, len(o.contracts))
	}
	p := start(childCode).store(atSize, 64).ask(atNothing, "seal1.instantiate", atCode, int64(0), atValue, 0, 0, 0xffffffff, 0, atOut, atSize, atKey, 3).give(atOut, 64)
	r, o = tells(t, "the constructor's caller", p)
	id := o.Address(me, childCode, []byte("key"))
	expect(t, "the constructor's caller", r, vm.OK, hex.EncodeToString(append(me[:], id[:]...)))

	r, o = tells(t, "reverted", make1(badCode, 3).give(atNothing, 8))
	expect(t, "reverted", r, vm.OK, "02000000"+"04000000")
	if len(o.contracts) != 1 || len(o.states[o.Address(me, badCode, []byte("key"))].(Memory)) != 0 {
		t.Errorf("a constructor that reverts leaves %v", o.contracts)
	}
	r, _ = tells(t, "unknown code", make1(hash.H256{0xee}, 3).give(atNothing, 4))
	expect(t, "unknown code", r, vm.OK, "07000000")
	r, _ = tells(t, "value", make1(childCode, 3).put(atValue, []byte{1}).give(atNothing, 4))
	expect(t, "value", r, vm.OK, "05000000")
	r, _ = tells(t, "long salt", make1(childCode, MaxSalt+1))
	expect(t, "long salt", r, vm.Trapped, "salt too long")
	twice := start(childCode)
	for range 2 {
		twice.do("seal1.instantiate", atCode, int64(0), atValue, 0, 0, 0xffffffff, 0, 0xffffffff, 0, atKey, 3)
	}
	r, o = tells(t, "twice", twice)
	expect(t, "twice", r, vm.Trapped, "the contract exists")
	if len(o.contracts) != 1 {
		t.Errorf("a call that traps made %d contracts", len(o.contracts)-1)
	}
}

// A contract whose constructor runs is nobody's to call, itself and whoever the
// constructor calls included, and is no contract yet; but nobody else makes it
// meanwhile. That is the same whether an account makes it or a contract.
func TestUnderConstruction(t *testing.T) {
	self := func(p *program) *program {
		return p.do("seal0.address", atAddress, atSize).
			ask(atOut, "seal1.seal_call", flagAllowReentry, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).
			ask(atOut+4, "seal0.is_contract", atAddress).
			ask(atOut+8, "seal0.code_hash", atAddress, 300, atSize).give(atOut, 12)
	}
	make1 := start(childCode).ask(atNothing, "seal1.instantiate", atCode, int64(0), atValue, 0, 0, 0xffffffff, 0, atOut, atSize, atKey, 3).give(atOut, 12)
	const nobody = "08000000" + "00000000" + "03000000"
	for name, constructor := range map[string]*program{
		"as it is":          self(start(childCode)),
		"with another code": self(start(libCode).do("seal0.set_code_hash", atCode)),
	} {
		code := exchange(constructor.module())
		r, _ := both(t, name, "deploy", code, func(e *vm.Engine) Env {
			return Env{State: Memory{}, Others: newWorld(t, e, childCode, code), Address: [32]byte{5}, Caller: alice}
		})
		expect(t, "an account makes it, "+name, r, vm.OK, nobody)
		r, _ = both(t, name, "call", make1.module(), func(e *vm.Engine) Env {
			return Env{State: Memory{}, Others: newWorld(t, e, childCode, code), Address: me, Caller: alice}
		})
		expect(t, "a contract makes it, "+name, r, vm.OK, nobody)
	}
	// Its constructor calls back whoever makes it, who makes it again.
	back := exchange(start(childCode).put(atAddress, me[:]).
		ask(atOut, "seal1.seal_call", 0, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).give(atOut, 4).module())
	again := start(childCode).ask(atNothing, "seal1.instantiate", atCode, int64(0), atValue, 0, 0, 0xffffffff, 0, atOut, atSize, atKey, 3).give(atOut, 4)
	r, env := both(t, "again", "call", again.module(), func(e *vm.Engine) Env {
		o := newWorld(t, e, childCode, back)
		o.contracts[me] = Contract{Record{Code: hash.H256{9}}, load(t, e, again.module()), Memory{}}
		return Env{State: Memory{}, Others: o, Address: me, Caller: alice}
	})
	expect(t, "again", r, vm.OK, "01000000")
	if n := len(env.Others.(*others).contracts); n != 2 {
		t.Errorf("again: %d contracts", n)
	}
}

// newWorld is the world with another code.
func newWorld(t testing.TB, e *vm.Engine, name hash.H256, code []byte) *others {
	t.Helper()
	o := world(t, e, code)
	delete(o.contracts, me)
	o.codes[name] = load(t, e, code)
	return o
}

// A delegate runs over the storage of whoever calls it, as that contract.
func TestDelegate(t *testing.T) {
	for _, name := range []string{"seal0.delegate_call", "seal0.seal_delegate_call"} {
		r, o := tells(t, name, start(libCode).store(atSize, 64).ask(atNothing, name, 0, atCode, 0, 0, atOut, atSize).give(atOut, 64))
		expect(t, name, r, vm.OK, hex.EncodeToString(append(alice[:], me[:]...)))
		if v, _ := o.contracts[me].State.Get([]byte("\x01key")); string(v) != "text" {
			t.Errorf("%s: stored %q", name, v)
		}
	}
	r, _ := tells(t, "unknown", start(hash.H256{0xee}).ask(atNothing, "seal0.delegate_call", 0, atCode, 0, 0, atOut, atSize).give(atNothing, 4))
	expect(t, "unknown", r, vm.OK, "07000000")
	for _, flags := range []int{flagAllowReentry, flagReadOnly, 32} {
		r, _ = tells(t, "flags", start(libCode).ask(atNothing, "seal0.delegate_call", flags, atCode, 0, 0, atOut, atSize))
		expect(t, fmt.Sprint("flags ", flags), r, vm.Trapped, "unknown call flags")
	}
	r, _ = tells(t, "tail", start(libCode).do("seal0.delegate_call", flagTailCall, atCode, 0, 0, 0xffffffff, 0).give(0, 1))
	expect(t, "tail", r, vm.OK, hex.EncodeToString(append(alice[:], me[:]...)))
	// The code's name stays the contract's own.
	own := start(childCode).do("seal0.own_code_hash", atOut, atSize).give(atOut, 32)
	code := start(libCode).ask(atNothing, "seal0.delegate_call", 0, atCode, 0, 0, atOut, atSize).give(atOut, 32)
	r, _ = both(t, "own code", "call", code.module(), func(e *vm.Engine) Env {
		o := world(t, e, code.module())
		o.codes[libCode] = load(t, e, own.module())
		return Env{State: Memory{}, Code: hash.H256{9}, Others: o, Address: me}
	})
	want := hash.H256{9}
	expect(t, "own code", r, vm.OK, hex.EncodeToString(want[:]))
}

// A contract changes its code, from the next call on.
func TestSetCode(t *testing.T) {
	for _, name := range []string{"seal0.set_code_hash", "seal0.seal_set_code_hash"} {
		p := start(libCode).ask(atNothing, name, atCode).do("seal0.own_code_hash", atOut, atSize).
			put(atAddress, me[:]).ask(atOut+32, "seal0.code_hash", atAddress, atOut+64, atSize).give(atNothing, 176)
		r, o := tells(t, name, p)
		if o.contracts[me].Record != (Record{Code: libCode, Owner: alice}) {
			t.Errorf("%s: %+v", name, o.contracts[me].Record)
		}
		got := hex.EncodeToString(r.Data)
		lib := hex.EncodeToString(libCode[:])
		if r.Status != vm.OK || got[:8] != "00000000" || got[160:224] != lib || got[224:232] != "00000000" || got[288:] != lib {
			t.Errorf("%s: %v %s", name, r.Status, got)
		}
	}
	r, o := tells(t, "unknown", start(hash.H256{0xee}).ask(atNothing, "seal0.set_code_hash", atCode).give(atNothing, 4))
	expect(t, "unknown", r, vm.OK, "07000000")
	if o.contracts[me].Code != (hash.H256{9}) {
		t.Errorf("unknown: the code is %v", o.contracts[me].Code)
	}
	// A call that it makes of itself runs the new code already.
	p := start(libCode).do("seal0.set_code_hash", atCode).put(atAddress, me[:]).store(atSize, 64).
		do("seal1.call", flagAllowReentry, atAddress, int64(0), atValue, 0, 0, atOut, atSize).give(atOut, 64)
	r, _ = tells(t, "at once", p)
	expect(t, "at once", r, vm.OK, hex.EncodeToString(append(me[:], me[:]...)))
}

func TestTerminate(t *testing.T) {
	for name, args := range map[string][]any{
		"seal0.terminate": {atAddress, 32}, "seal0.seal_terminate": {atAddress, 32},
		"seal1.terminate": {atAddress}, "seal1.seal_terminate": {atAddress},
	} {
		// It does not return.
		r, o := tells(t, name, start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).do(name, args...).do("seal0.seal_return", 1, 0, 0))
		expect(t, name, r, vm.OK, "")
		c := o.contracts[me]
		if _, found, _ := o.Contract(context.Background(), me); found || !c.Ended || len(c.State.(Memory)) != 0 {
			t.Errorf("%s: %+v is left", name, c)
		}
	}
	// Neither in its constructor, nor below a call of itself, nor read-only.
	p := start(libCode).do("seal1.terminate", atAddress)
	code := exchange(p.module())
	r, _ := both(t, "constructor", "deploy", code, func(e *vm.Engine) Env {
		return Env{State: Memory{}, Others: world(t, e, p.module()), Address: me}
	})
	expect(t, "constructor", r, vm.Trapped, "contract ended in its constructor")
	// A contract that ended is gone for those who call it later in the same
	// transaction, and comes back with the call that is undone.
	victim := [32]byte{5}
	for _, tt := range []struct {
		flags int
		want  string
	}{{0, "00000000" + "08000000" + "00000000" + "03000000"}, {flagReadOnly, "01000000" + "01000000" + "01000000" + "00000000"}} {
		c := start(libCode).put(atAddress, victim[:]).
			ask(atOut, "seal1.call", tt.flags, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).
			ask(atOut+4, "seal1.call", tt.flags, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).
			ask(atOut+8, "seal0.is_contract", atAddress).
			ask(atOut+12, "seal0.code_hash", atAddress, atCode, atSize).give(atOut, 16)
		r, _ := both(t, "gone", "call", c.module(), func(e *vm.Engine) Env {
			o := world(t, e, c.module())
			o.contracts[victim] = Contract{Record{Code: libCode}, load(t, e, p.module()), Memory{}}
			return Env{State: Memory{}, Others: o, Address: me}
		})
		expect(t, fmt.Sprint("gone, flags ", tt.flags), r, vm.OK, tt.want)
	}
	// It calls itself, and the call inside wants to end it.
	self := start(libCode).put(atAddress, me[:]).
		ask(atOut, "seal1.call", flagAllowReentry, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).give(atOut, 4)
	r, env := both(t, "below itself", "call", self.module(), func(e *vm.Engine) Env {
		o := world(t, e, self.module())
		o.contracts[me] = Contract{Record{Code: libCode}, load(t, e, p.module()), Memory{}}
		return Env{State: Memory{}, Others: o, Address: me}
	})
	expect(t, "below itself", r, vm.OK, "01000000")
	if env.Others.(*others).contracts[me].Ended {
		t.Error("a contract ended below a call of itself")
	}
}

// Codes are locked at most once, known, not the contract's own, and no more
// than 32.
func TestDependencies(t *testing.T) {
	lock, unlock := "seal0.lock_delegate_dependency", "seal0.unlock_delegate_dependency"
	r, o := tells(t, "lock", start(libCode).do(lock, atCode).do(unlock, atCode).do(lock, atCode))
	expect(t, "lock", r, vm.OK, "")
	if v, _ := o.contracts[me].State.Get([]byte(dependenciesKey)); len(v) != 1 || v[0] != 1 {
		t.Errorf("%x are locked", v)
	}
	for name, tt := range map[string]struct {
		p    *program
		want string
	}{
		"twice":      {start(libCode).do(lock, atCode).do(lock, atCode), "the code is locked already"},
		"not locked": {start(libCode).do(unlock, atCode), "the code is not locked"},
		"unknown":    {start(hash.H256{0xee}).do(lock, atCode), "there is no such code"},
		"own":        {start(libCode).do("seal0.set_code_hash", atCode).do(lock, atCode), "the code is the contract's own"},
	} {
		r, _ := tells(t, name, tt.p)
		expect(t, name, r, vm.Trapped, tt.want)
	}
}
