package host

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
)

// What contracts store more or less after a call is told of each of them: what is
// there in the end, not what was written and taken back on the way.
func TestGrown(t *testing.T) {
	write := func(p *program, key, n int) *program { return p.do("seal2.set_storage", atKey, key, atOut, n) }
	clearing := func(p *program, key int) *program { return p.do("seal1.clear_storage", atKey, key) }
	call := func(p *program, to [32]byte, at int) *program {
		return p.put(at, to[:]).do("seal1.call", flagAllowReentry, at, int64(0), atValue, 0, 0, 0xffffffff, 0)
	}
	for _, tt := range []struct {
		name string
		p    *program
		want string // contracts by their first byte: items, bytes
	}{
		{"nothing", start(libCode), ""},
		{"an entry", write(start(libCode), 2, 10), "1: 1 12"},
		{"the same twice", write(write(start(libCode), 2, 10), 2, 7), "1: 1 9"},
		{"and gone again", clearing(write(start(libCode), 2, 10), 2), ""},
		{"longer than before", write(start(libCode), 1, 25), "1: 0 5"},
		{"shorter than before", write(start(libCode), 1, 5), "1: 0 -15"},
		{"as long as before", write(start(libCode), 1, 20), ""},
		{"gone", clearing(start(libCode), 1), "1: -1 -21"},
		{"gone and there again", write(clearing(start(libCode), 1), 1, 20), ""},
		{"one for another", write(clearing(start(libCode), 1), 2, 0), "1: 0 -19"},
		{"taken", start(libCode).do("seal0.take_storage", atKey, 1, atOut, atSize), "1: -1 -21"},
		{"a lock", start(libCode).do("seal0.lock_delegate_dependency", atCode), "1: 2 33"},
		{"another writes", call(start(libCode), shop, 300), "5: 1 7"},
		{"both write", write(call(start(libCode), shop, 300), 2, 3), "1: 1 5, 5: 1 7"},
		{"another writes and reverts", call(start(libCode), picky, 300), ""},
		{"another ends", call(start(libCode), ending, 300), "8: ended for b0"},
		{"another writes and ends", call(call(start(libCode), ending, 300), shop, 340), "5: 1 7, 8: ended for b0"},
		{"a delegate writes", start(libCode).do("seal0.delegate_call", 0, atCode, 0, 0, 0xffffffff, 0), "1: 1 7"},
		{"a contract is made", start(childCode).do("seal1.instantiate", atCode, int64(0), atValue, 0, 0, 0xffffffff, 0, 0xffffffff, 0, atKey, 3), "new: 1 7"},
		{"it traps", write(start(libCode), 2, 10).do("seal0.seal_return", 2, 0, 0), ""},
	} {
		code := tt.p.module()
		var made [32]byte
		r, _ := both(t, tt.name, "call", code, func(e *vm.Engine) Env {
			o := world(t, e, code)
			made = o.Address(me, childCode, []byte("key"))
			stores := start(libCode).do("seal2.set_storage", atKey, 3, atText, 4)
			o.contracts[shop] = Contract{Record{Code: libCode}, load(t, e, stores.module()), Memory{}}
			o.contracts[picky] = Contract{Record{Code: libCode}, load(t, e, start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).do("seal0.seal_return", 1, 0, 0).module()), Memory{}}
			o.contracts[ending] = Contract{Record{Code: libCode}, load(t, e, start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).put(atAddress, bob[:]).do("seal1.terminate", atAddress).module()), Memory{}}
			state := Memory{"\x01k": make([]byte, 20)}
			return Env{State: state, Code: o.contracts[me].Code, Others: o, Caller: alice, Address: me}
		})
		var got []string
		for _, g := range r.Grown {
			name := fmt.Sprint(g.Contract[0])
			if g.Contract == made {
				name = "new"
			}
			if g.Ended {
				got = append(got, fmt.Sprintf("%s: ended for %x", name, g.Heir[0]))
			} else {
				got = append(got, fmt.Sprintf("%s: %d %d", name, g.Items, g.Bytes))
			}
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: %v %s: %q, want %q", tt.name, r.Status, r.Reason, s, tt.want)
		}
	}
}
