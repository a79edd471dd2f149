package host

import (
	"context"
	"slices"
	"strings"

	"github.com/tacit-network/tacit/contract/vm"
)

// seal is one function of pallet-contracts' interface. A type is written as in
// reference tables: "pp>i" takes two pointers or lengths and returns an i32, g
// is an i64. Plain rows also have a name with the prefix seal_.
type seal struct {
	module, name, typ string
	alias             bool
	do                func(x *execution, c *vm.Call, s []uint64) error
}

var table = []seal{
	{"seal0", "input", "pp>", true, input},
	{"seal0", "seal_return", "ppp>", false, sealReturn},
	{"seal0", "set_storage", "ppp>", true, setStorage0},
	{"seal1", "set_storage", "ppp>p", true, setStorage1},
	{"seal2", "set_storage", "pppp>p", true, setStorage2},
	{"seal0", "get_storage", "ppp>p", true, getStorage0},
	{"seal1", "get_storage", "pppp>p", true, getStorage1},
	{"seal0", "clear_storage", "p>", true, clearStorage0},
	{"seal1", "clear_storage", "pp>p", true, clearStorage1},
	{"seal0", "contains_storage", "p>p", true, containsStorage0},
	{"seal1", "contains_storage", "pp>p", true, containsStorage1},
	{"seal0", "take_storage", "pppp>p", true, takeStorage},
	{"seal0", "caller", "pp>", true, caller},
	{"seal0", "address", "pp>", true, address},
	{"seal0", "value_transferred", "pp>", true, valueTransferred},
	{"seal0", "balance", "pp>", true, balance},
	{"seal0", "minimum_balance", "pp>", true, minimumBalance},
	{"seal0", "transfer", "pppp>p", true, transfer},
	{"seal0", "now", "pp>", true, now},
	{"seal0", "block_number", "pp>", true, blockNumber},
	{"seal0", "deposit_event", "pppp>", true, depositEvent},
	{"seal0", "hash_sha2_256", "ppp>", true, hashSha256},
	{"seal0", "hash_keccak_256", "ppp>", true, hashKeccak256},
	{"seal0", "hash_blake2_256", "ppp>", true, hashBlake256},
	{"seal0", "hash_blake2_128", "ppp>", true, hashBlake128},
	{"seal0", "debug_message", "pp>p", true, debugMessage},
	{"seal0", "call", "ppgpppppp>p", true, call0},
	{"seal1", "call", "ppgppppp>p", true, call1},
	{"seal2", "call", "ppggpppppp>p", true, call2},
	{"seal0", "delegate_call", "pppppp>p", true, delegateCall},
	{"seal0", "instantiate", "ppgpppppppppp>p", true, instantiate0},
	{"seal1", "instantiate", "pgppppppppp>p", true, instantiate1},
	{"seal2", "instantiate", "pggpppppppppp>p", true, instantiate2},
	{"seal0", "terminate", "pp>", true, terminate0},
	{"seal1", "terminate", "p>", true, terminate1},
	{"seal0", "set_code_hash", "p>p", true, setCodeHash},
	{"seal0", "gas_left", "pp>", true, gasLeft},
	{"seal0", "weight_to_fee", "gpp>", true, weightToFee},
	{"seal0", "own_code_hash", "pp>", true, ownCodeHash},
	{"seal0", "code_hash", "ppp>p", true, codeHash},
	{"seal0", "is_contract", "p>p", true, isContract},
	{"seal0", "caller_is_origin", ">p", true, callerIsOrigin},
	{"seal0", "caller_is_root", ">p", false, callerIsRoot},
	{"seal0", "instantiation_nonce", ">g", false, instantiationNonce},
	{"seal0", "lock_delegate_dependency", "p>", false, lockDependency},
	{"seal0", "unlock_delegate_dependency", "p>", false, unlockDependency},
	{"seal0", "call_chain_extension", "ppppp>p", true, callExtension},
	{"seal0", "sr25519_verify", "pppp>p", false, sr25519Verify},
	{"seal0", "ecdsa_recover", "ppp>p", true, ecdsaRecover},
	{"seal0", "ecdsa_to_eth_address", "pp>p", true, ecdsaToEth},
	{"seal0", "call_runtime", "pp>p", false, callRuntime},
	{"seal0", "xcm_execute", "pp>p", false, xcmExecute},
	{"seal0", "xcm_send", "pppp>p", false, xcmSend},

	// What pallet-contracts calls unstable, and offers where a chain asks for it.
	{"seal0", "set_transient_storage", "pppp>p", false, setTransient},
	{"seal0", "get_transient_storage", "pppp>p", false, getTransient},
	{"seal0", "clear_transient_storage", "pp>p", false, clearTransient},
	{"seal0", "contains_transient_storage", "pp>p", false, containsTransient},
	{"seal0", "take_transient_storage", "pppp>p", false, takeTransient},
	{"seal0", "reentrance_count", ">p", false, reentranceCount},
	{"seal0", "account_reentrance_count", "p>p", false, accountReentranceCount},
	{"seal1", "weight_to_fee", "ggpp>", false, weightToFee1},
	{"seal1", "gas_left", "pp>", false, gasLeft1},
}

// refused are functions that pallet-contracts had once, and that are refused by
// name: it took them away without saying what they shall answer now.
var refused = map[string]string{
	"__unstable__.seal_rent_params": noRent,
	"__unstable__.seal_rent_status": noRent,
}

const noRent = "nothing pays rent, here as in pallet-contracts, which took the function away"

// Functions returns the tables for vm.NewEngine.
func Functions() (funcs []vm.HostFunc) {
	for _, s := range sealTables() {
		do := s.do
		f := vm.HostFunc{Module: s.module, Name: s.name, Type: funcType(s.typ), Do: func(c *vm.Call, stack []uint64) error {
			if c.Initializing() {
				return &vm.Trap{Reason: "contract function used while the module initialises"}
			}
			return do(c.Host.(*execution), c, stack)
		}}
		funcs = append(funcs, f)
		if s.alias {
			f.Name = "seal_" + s.name
			funcs = append(funcs, f)
		}
	}
	for _, s := range wasiTable {
		do := s.do
		funcs = append(funcs, vm.HostFunc{Module: wasiModule, Name: s.name, Type: funcType(s.typ), Do: func(c *vm.Call, stack []uint64) error {
			return do(c.Host.(*execution), c, stack)
		}})
	}
	return funcs
}

// sealTables are all functions but those of WASI.
func sealTables() []seal { return slices.Concat(table, oldTable, tacitTable) }

// NewEngine returns an engine that offers the functions of this package.
func NewEngine(ctx context.Context, cfg vm.Config) (*vm.Engine, error) {
	return vm.NewEngine(ctx, cfg, Functions(), refused)
}

func funcType(s string) vm.FuncType {
	params, results, _ := strings.Cut(s, ">")
	r := strings.NewReplacer("p", vm.I32, "g", vm.I64)
	return vm.FuncType{Params: r.Replace(params), Results: r.Replace(results)}
}
