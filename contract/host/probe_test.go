package host

import (
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/scale"
)

func TestProbe(t *testing.T) {
	call := func(to [32]byte, n uint64, flags int, gas int64) *program {
		return start(libCode).put(atAddress, to[:]).put(atAmount, amount(n)).ask(atOut, "seal1.call", flags, atAddress, gas, atAmount, 0, 0, 0xffffffff, 0)
	}
	for _, flags := range []int{flagReadOnly, flagReadOnly | flagAllowReentry} {
		r, p := rich(t, "read only value", 0, call(shop, 30, flags, 0).give(atOut, 4))
		t.Logf("readonly value: %v %x %s me %v shop %v", r.Status, r.Data, r.Reason, p[me], p[shop])
	}
	for _, gas := range []int64{0, 1, 50, 99, 100, 101, 6_000_000, 100_000_000} {
		r, _ := rich(t, "gas", 0, call(shop, 0, 0, gas).give(atOut, 4))
		t.Logf("gas %d: %v %x %s used %d", gas, r.Status, r.Data, r.Reason, r.Gas)
	}
	// read-only transfer of nothing
	inner := start(libCode).put(atAddress, bob[:]).ask(atOut, "seal0.transfer", atAddress, 32, atValue, 16).give(atOut, 4)
	r, _ := both(t, "ro", "call", start(libCode).put(atAddress, shop[:]).ask(atOut, "seal1.call", flagReadOnly, atAddress, int64(0), atValue, 0, 0, 0xffffffff, 0).give(atOut, 4).module(), func(e *vm.Engine) Env {
		o := world(t, e, inner.module())
		o.contracts[shop] = Contract{Record{Code: libCode}, load(t, e, inner.module()), Memory{}}
		return Env{State: Memory{}, Others: o, Address: me, Money: purse{shop: scale.U64(1)}}
	})
	t.Logf("read-only transfer of nothing: %v %x %s", r.Status, r.Data, r.Reason)
	// pointers
	for _, tt := range []struct {
		name string
		p    *program
	}{
		{"caller into len word", start(libCode).store(200, 32).do("seal0.caller", 190, 200).give(190, 32)},
		{"at the end", start(libCode).store(65532, 32).do("seal0.caller", 65500, 65532).give(65500, 36)},
		{"beyond the end", start(libCode).store(65532, 32).do("seal0.caller", 65505, 65532).give(65500, 36)},
		{"len at end+1", start(libCode).do("seal0.caller", 0, 65533)},
		{"hash zero at end", start(libCode).do("seal0.hash_sha2_256", 65536, 0, 0).give(0, 32)},
		{"hash zero beyond", start(libCode).do("seal0.hash_sha2_256", 65537, 0, 0).give(0, 32)},
		{"hash overlapping", start(libCode).do("seal0.hash_sha2_256", 0, 40, 8).give(0, 40)},
		{"return zero beyond", start(libCode).give(65537, 0)},
		{"return zero at", start(libCode).give(65536, 0)},
		{"get empty value OOB out", start(libCode).do("seal2.set_storage", atKey, 3, 0, 0).store(200, 0).ask(204, "seal1.get_storage", atKey, 3, 65537, 200).give(204, 4)},
		{"get empty value end out", start(libCode).do("seal2.set_storage", atKey, 3, 0, 0).store(200, 0).ask(204, "seal1.get_storage", atKey, 3, 65536, 200).give(204, 4)},
		{"get empty sentinel", start(libCode).do("seal2.set_storage", atKey, 3, 0, 0).store(200, 0).ask(204, "seal1.get_storage", atKey, 3, 0xffffffff, 200).give(204, 4)},
		{"empty key", start(libCode).do("seal2.set_storage", 65536, 0, atText, 4).ask(204, "seal1.contains_storage", 65536, 0).give(204, 4)},
		{"event zero", start(libCode).do("seal0.deposit_event", 65537, 0, 65536, 0)},
		{"event topic zero vec", start(libCode).store(200, 0).do("seal0.deposit_event", 200, 1, 65536, 0)},
		{"event topic noncanonical", start(libCode).store(200, 1).do("seal0.deposit_event", 200, 2, 65536, 0)},
		{"take overlapping key", start(libCode).do("seal2.set_storage", atKey, 3, atText, 4).ask(204, "seal0.take_storage", atKey, 3, atKey, atSize).ask(208, "seal1.contains_storage", atKey, 3).give(204, 8)},
		{"random at end", start(libCode).do("tacit.random", 65536, 0)},
		{"fd_write wrap", start(libCode).store(0, 0).do(wasiModule+".fd_write", 1, 0xfffffff8, 2, 64)},
		{"poll out overlap", start(libCode).do(wasiModule+".poll_oneoff", 0, 0, 1, 0).give(0, 32)},
		{"ext out overlap in", start(libCode).store(200, 200).do("seal0.call_chain_extension", 18, 0, 0, 198, 200).give(198, 8)},
	} {
		r, o := tells(t, tt.name, tt.p)
		t.Logf("%s: %v %x %q gas %d events %v state %v", tt.name, r.Status, r.Data, r.Reason, r.Gas, r.Events, fmt.Sprintf("%q", o.contracts[me].State))
	}
}
