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

// Every function of the interface is offered with its type under each of its
// names, or refused by name: the six of money and of the chain alone.
func TestInterface(t *testing.T) {
	offered := map[string]vm.FuncType{}
	funcs, list := Functions()
	for _, f := range funcs {
		offered[f.Module+"."+f.Name] = f.Type
	}
	refused := map[string]bool{}
	for _, name := range list {
		refused[name] = true
	}
	names, missing := 0, ""
	for line := range strings.Lines(strings.TrimSpace(palletContracts)) {
		words := strings.Fields(line)
		name, alias := strings.CutSuffix(words[0], "*")
		for _, version := range words[1:] {
			module, typ := "seal"+version[:1], strings.TrimSuffix(version[2:], ")")
			if !strings.Contains(typ, ">") {
				typ += ">"
			}
			all := []string{module + "." + name}
			if alias {
				all = append(all, module+".seal_"+name)
			}
			for _, n := range all {
				names++
				got, ok := offered[n]
				if !ok && !refused[n] {
					t.Errorf("%s is neither offered nor refused by name", n)
				}
				if !ok && n == all[0] {
					missing += n + " "
				}
				if want := funcType(typ); ok && got != want {
					t.Errorf("%s has the type %x, want %x", n, got, want)
				}
			}
		}
	}
	if want := "seal0.call_runtime seal0.xcm_execute seal0.xcm_send "; missing != want {
		t.Errorf("refused: %s, want %s", missing, want)
	}
	if names != 97 {
		t.Errorf("%d names, want 97", names)
	}
}
