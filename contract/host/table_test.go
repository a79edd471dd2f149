package host

import (
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
)

// The stable functions of pallet-contracts at the end of 2025, with the types
// that substrate/frame/contracts/src/wasm/runtime.rs gives them; * stands for
// those that have a name with the prefix seal_ too.
const palletContracts = `
set_storage* 0(ppp) 1(ppp>p) 2(pppp>p)
get_storage* 0(ppp>p) 1(pppp>p)
clear_storage* 0(p) 1(pp>p)
contains_storage* 0(p>p) 1(pp>p)
take_storage* 0(pppp>p)
transfer* 0(pppp>p)
call* 0(ppgpppppp>p) 1(ppgppppp>p) 2(ppggpppppp>p)
delegate_call* 0(pppppp>p)
instantiate* 0(ppgpppppppppp>p) 1(pgppppppppp>p) 2(pggpppppppppp>p)
terminate* 0(pp) 1(p)
input* 0(pp)
seal_return 0(ppp)
caller* 0(pp)
address* 0(pp)
balance* 0(pp)
value_transferred* 0(pp)
now* 0(pp)
minimum_balance* 0(pp)
block_number* 0(pp)
gas_left* 0(pp)
own_code_hash* 0(pp)
is_contract* 0(p>p)
code_hash* 0(ppp>p)
caller_is_origin* 0(>p)
caller_is_root 0(>p)
weight_to_fee* 0(gpp)
deposit_event* 0(pppp)
hash_sha2_256* 0(ppp)
hash_keccak_256* 0(ppp)
hash_blake2_256* 0(ppp)
hash_blake2_128* 0(ppp)
call_chain_extension* 0(ppppp>p)
debug_message* 0(pp>p)
call_runtime 0(pp>p)
xcm_execute 0(pp>p)
xcm_send 0(pppp>p)
ecdsa_recover* 0(ppp>p)
sr25519_verify 0(pppp>p)
set_code_hash* 0(p>p)
ecdsa_to_eth_address* 0(pp>p)
instantiation_nonce 0(>g)
lock_delegate_dependency 0(p)
unlock_delegate_dependency 0(p)
`

// What it calls deprecated there, and what it calls unstable.
const (
	palletDeprecated = `
random* 0(pppp) 1(pppp)
rent_allowance* 0(pp)
set_rent_allowance* 0(pp) 1(p)
restore_to* 0(pppppppp) 1(ppppp)
tombstone_deposit* 0(pp)
`
	palletUnstable = `
set_transient_storage 0(pppp>p)
get_transient_storage 0(pppp>p)
clear_transient_storage 0(pp>p)
contains_transient_storage 0(pp>p)
take_transient_storage 0(pppp>p)
weight_to_fee 1(ggpp)
gas_left 1(pp)
reentrance_count 0(>p)
account_reentrance_count 0(p>p)
`
)

// What the releases of ink! imported that is not there any more: 3.0-rc1 to rc3
// the first, from a module __unstable__ those up to 3.1 and the tests of 4.0 the
// others. Types as crates/env/src/engine/on_chain/ext.rs has them at the tags.
const inkImports = `
seal0.seal_println(pp)
__unstable__.seal_debug_message(pp>p)
__unstable__.seal_ecdsa_recover(ppp>p)
__unstable__.seal_ecdsa_to_eth_address(pp>p)
__unstable__.seal_set_storage(pppp>p)
__unstable__.seal_get_storage(pppp>p)
__unstable__.seal_clear_storage(pp>p)
__unstable__.seal_contains_storage(pp>p)
__unstable__.take_storage(pppp>p)
`

// Every function of the interface is offered with its type under each of its
// names, and every one that a release of ink! imports.
func TestInterface(t *testing.T) {
	offered := map[string]vm.FuncType{}
	for _, f := range Functions() {
		name := f.Module + "." + f.Name
		if _, twice := offered[name]; twice || refused[name] != "" {
			t.Errorf("%s is there twice, or refused", name)
		}
		offered[name] = f.Type
	}
	check := func(name, typ string) {
		t.Helper()
		typ = strings.TrimSuffix(typ, ")")
		if !strings.Contains(typ, ">") {
			typ += ">"
		}
		if got, ok := offered[name]; !ok || got != funcType(typ) {
			t.Errorf("%s: got %x, %v, want %s", name, got, ok, typ)
		}
	}
	for list, want := range map[string]int{palletContracts: 97, palletDeprecated: 16, palletUnstable: 9} {
		names := 0
		for line := range strings.Lines(strings.TrimSpace(list)) {
			words := strings.Fields(line)
			name, alias := strings.CutSuffix(words[0], "*")
			for _, version := range words[1:] {
				module := "seal" + version[:1]
				check(module+"."+name, version[2:])
				names++
				if alias {
					check(module+".seal_"+name, version[2:])
					names++
				}
			}
		}
		if names != want {
			t.Errorf("%d names, want %d", names, want)
		}
	}
	for _, line := range strings.Fields(inkImports) {
		name, typ, _ := strings.Cut(line, "(")
		check(name, typ)
	}
}
