package host

import (
	"context"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// loop repeats what a program does until its gas ends.
func (p *program) loop() *program {
	p.code = append(append([]byte{0x03, 0x40}, p.code...), 0x0c, 0, 0x0b)
	return p
}

// storms are programs that call a host function, with as much work for it as its
// arguments can make.
func storms() map[string]*program {
	return map[string]*program{
		"cheap calls":    start(libCode).do("seal0.caller", atOut, atSize),
		"reads":          start(libCode).do("seal1.get_storage", atKey, 3, atOut, atSize),
		"writes":         start(libCode).do("seal2.set_storage", atKey, 3, 0, 1024),
		"large writes":   start(libCode).do("seal2.set_storage", atKey, 3, 0, MaxValue),
		"hashes":         start(libCode).do("seal0.hash_keccak_256", 0, 60_000, atOut),
		"signatures":     start(libCode).ask(atOut, "seal0.sr25519_verify", 0, 0, 0, 0),
		"randomness":     start(libCode).do("tacit.random", 0, 60_000),
		"keys":           start(libCode).do("tacit.derive_key", 0, 32, atOut),
		"lines":          start(libCode).do("tacit.log", 1, 1024, MaxLine),
		"debug text":     start(libCode).do("seal0.debug_message", 1024, 60_000),
		"calls":          start(libCode).put(atAddress, me[:]).do("seal1.call", flagAllowReentry, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0),
		"delegates":      start(libCode).do("seal0.delegate_call", 0, atCode, 0, 0, 0xffffffff, 0),
		"instantiations": start(badCode).do("seal1.instantiate", atCode, int64(0), atValue, 0, 0, 0xffffffff, 0, 0xffffffff, 0, atKey, 3),
		"nobody":         start(libCode).do("seal1.call", 0, atCode, int64(0), atValue, 0, 0, 0xffffffff, 0),
		"events":         start(libCode).do("seal0.deposit_event", 0, 0, 0, 0),
		"vectors":        start(libCode).do(wasiModule+".fd_write", 1, 4096, 1024, atSize),
		"subscriptions":  start(libCode).do(wasiModule+".poll_oneoff", 4096, 8192, 64, atSize),
		"random bytes":   start(libCode).do(wasiModule+".random_get", 0, 60_000),
		"subjects":       start(libCode).store(atSize, 64).do("seal1.random", 0, maxSubject, atOut, atSize),
		"transients":     start(libCode).do("seal0.get_transient_storage", atKey, 3, atOut, atSize),
		"passing writes": start(libCode).do("seal0.set_transient_storage", atKey, 3, 0, 1024).do("seal0.clear_transient_storage", atKey, 3),
		"the chain":      start(libCode).do("seal0.call_runtime", 0, 60_000),
		"frames":         start(libCode).do("seal0.account_reentrance_count", 0),
		"clocks":         start(libCode).do(wasiModule+".clock_time_get", 0, int64(0), atSize),
	}
}

// Whatever host function a contract calls in a loop, its gas ends it, and soon:
// no function gives much work for little gas (BenchmarkPrices tells how much).
func TestStorms(t *testing.T) {
	for name, p := range storms() {
		r, o := tells(t, name, p.loop())
		// A call has so many, and no more.
		if reason, bounded := map[string]string{"events": "too many events", "large writes": "the call writes too much",
			"passing writes": "the transaction writes too much transient storage"}[name]; bounded {
			expect(t, name, r, vm.Trapped, reason)
		} else if r.Status != vm.OutOfGas || r.Gas != 1e9 {
			t.Errorf("%s: %v after %d, %s", name, r.Status, r.Gas, r.Reason)
		}
		if len(o.contracts) != 1 || len(o.contracts[me].State.(Memory)) != 0 || len(r.Debug) > MaxDebug || len(r.Lines) > MaxLines {
			t.Errorf("%s: something is left: %d contracts, %d lines", name, len(o.contracts), len(r.Lines))
		}
	}
}

// A call is at whatever point without gas, traps or reverts, its caller is told
// and its changes are gone; the caller's are not.
func TestFaultsBelow(t *testing.T) {
	victim := [32]byte{5}
	write := func() *program {
		return start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).do("seal0.deposit_event", 0, 0, atText, 4)
	}
	endless := start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).loop()
	trapping := write()
	trapping.code = append(trapping.code, 0)
	for _, tt := range []struct {
		name   string
		callee *program
		gas    int64
		want   string
		wrote  bool
	}{
		{"fine", write(), 0, "00000000", true},
		{"trap", trapping, 0, "01000000", false},
		{"out of bounds", write().do("seal0.seal_return", 0, 0x7fffffff, 10), 0, "01000000", false},
		{"revert", write().do("seal0.seal_return", 1, 0, 0), 0, "02000000", false},
		{"endless", endless, 0, "", false},
		{"endless, with a limit", endless, 100_000_000, "01000000", false},
		{"no gas for an instance", write(), 100, "01000000", false},
		{"less than a gas", write(), 99, "01000000", false},
		{"the least weight", write(), 1, "01000000", false},
		{"input twice", write().store(atSize, 64).do("seal0.input", atOut, atSize).store(atSize, 64).do("seal0.input", atOut, atSize), 0, "00000000", true},
		{"reentrant", write().put(atAddress, me[:]).do("seal1.call", 0, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0), 0, "01000000", false},
	} {
		p := start(libCode).put(atAddress, victim[:]).do("seal2.set_storage", atText, 4, atKey, 3).
			ask(atOut, "seal1.call", 0, atAddress, tt.gas, atValue, 0, 0, 0xffffffff, 0).give(atOut, 4)
		r, env := both(t, tt.name, "call", p.module(), func(e *vm.Engine) Env {
			o := world(t, e, p.module())
			o.contracts[victim] = Contract{Record{Code: libCode}, load(t, e, tt.callee.module()), Memory{}}
			return Env{State: Memory{}, Others: o, Address: me}
		})
		if tt.want == "" {
			expect(t, tt.name, r, vm.OutOfGas, "")
		} else {
			expect(t, tt.name, r, vm.OK, tt.want)
		}
		mine, _ := env.State.Get([]byte("\x01text"))
		_, wrote := env.Others.(*others).contracts[victim].State.Get([]byte("\x01key"))
		if wrote != tt.wrote || (len(r.Events) == 1) != tt.wrote || (string(mine) == "key") != (tt.want != "") {
			t.Errorf("%s: the callee wrote: %v, %d events, the caller wrote %q", tt.name, wrote, len(r.Events), mine)
		}
	}
}

// A constructor that does not end costs its gas, and the calls are as ever.
func TestPhases(t *testing.T) {
	for _, e := range engines(t) {
		m := load(t, e, exchange(start(libCode).loop().module()))
		for export, want := range map[string]vm.Status{"deploy": vm.OutOfGas, "call": vm.OK} {
			r, err := Run(context.Background(), m, export, Env{State: Memory{}}, 1e7)
			if err != nil || r.Status != want {
				t.Errorf("%s: %v %v, want %v", export, r.Status, err, want)
			}
		}
	}
}

// The same, deep: a chain of contracts, each of which makes the next call, ends
// at the depth that is allowed, whatever kinds of calls it consists of.
func TestDeep(t *testing.T) {
	depth := func(kind string) string {
		var p *program
		switch kind {
		case "call":
			p = start(libCode).put(atAddress, me[:]).ask(atOut, "seal1.call", flagAllowReentry, atAddress, int64(0), atValue, 0, 0, 300, atSize)
		case "delegate":
			p = start(hash.H256{9}).ask(atOut, "seal0.delegate_call", 0, atCode, 0, 0, 300, atSize)
		}
		// Depth is what the callee says, and one; a callee that traps says nothing.
		p.push(304)
		p.push(300)
		p.code = append(p.code, 0x28, 2, 0, 0x41, 1, 0x6a, 0x36, 2, 0)
		p.give(304, 4)
		r, _ := both(t, kind, "call", p.module(), func(e *vm.Engine) Env {
			o := world(t, e, p.module())
			o.codes[hash.H256{9}] = o.contracts[me].Module
			return Env{State: Memory{}, Others: o, Address: me}
		})
		return fmt.Sprintf("%v %x", r.Status, r.Data)
	}
	for _, kind := range []string{"call", "delegate"} {
		// The innermost of five traps.
		if got, want := depth(kind), "ok 04000000"; got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}
