package host

import (
	"bytes"
	"math"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// unstableModule is where functions were before they were stable. ink! from 3.0
// to the tests of 4.0 imports those of oldTable from there.
const unstableModule = "__unstable__"

// oldTable are functions that no contract is made with any more: pallet-contracts
// links them for the code that it had stored before.
var oldTable = []seal{
	{"seal0", "random", "pppp>", true, random0},
	{"seal1", "random", "pppp>", true, random1},
	{"seal0", "rent_allowance", "pp>", true, rentAllowance},
	{"seal0", "set_rent_allowance", "pp>", true, nothing},
	{"seal1", "set_rent_allowance", "p>", true, nothing},
	{"seal0", "restore_to", "pppppppp>", true, nothing},
	{"seal1", "restore_to", "ppppp>", true, nothing},
	{"seal0", "tombstone_deposit", "pp>", true, tombstoneDeposit},
	{"seal0", "println", "pp>", true, debugMessage},

	{unstableModule, "debug_message", "pp>p", true, debugMessage},
	{unstableModule, "ecdsa_recover", "ppp>p", true, ecdsaRecover},
	{unstableModule, "ecdsa_to_eth_address", "pp>p", true, ecdsaToEth},
	{unstableModule, "is_contract", "p>p", true, isContract},
	{unstableModule, "caller_is_origin", ">p", true, callerIsOrigin},
	{unstableModule, "call_runtime", "pp>p", true, callRuntime},
	{unstableModule, "set_storage", "pppp>p", true, setStorage2},
	{unstableModule, "get_storage", "pppp>p", true, getStorage1},
	{unstableModule, "clear_storage", "pp>p", true, clearStorage1},
	{unstableModule, "contains_storage", "pp>p", true, containsStorage1},
	{unstableModule, "take_storage", "pppp>p", true, takeStorage},
}

// gasSubject is the price of the hash of a subject (see BenchmarkPrices).
const gasSubject = 12_000

// maxSubject is the most bytes that random may be asked about.
const maxSubject = 32

// subject returns the random hash that a contract gets for a subject: in one call
// always the same, in any other another one, nobody's to foretell, and equal on
// all replicas.
func (x *execution) subject(c *vm.Call, ptr, n uint32) (hash.H256, error) {
	if err := c.Charge(gasSubject); err != nil {
		return hash.H256{}, err
	}
	if n > maxSubject {
		return hash.H256{}, trap("subject of randomness too long")
	}
	b, err := c.Read(ptr, n)
	return hash.Blake2b256([]byte("tacit/contract/subject"), x.env.Seed[:], bytes.Clone(b)), err
}

func random0(x *execution, c *vm.Call, s []uint64) error {
	h, err := x.subject(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	return output(c, u32(s, 2), u32(s, 3), h[:])
}

// random1 also tells the block since which observers of the chain could know the
// hash. None ever can: it is the block of the call.
func random1(x *execution, c *vm.Call, s []uint64) error {
	h, err := x.subject(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	return output(c, u32(s, 2), u32(s, 3), scale.AppendUint32(h[:], x.env.Block))
}

// nothing is what became of the functions about rent: neither arguments nor
// memory are looked at.
func nothing(*execution, *vm.Call, []uint64) error { return nil }

// rentAllowance is as much as can be.
func rentAllowance(_ *execution, c *vm.Call, s []uint64) error {
	return outputAmount(c, u32(s, 0), u32(s, 1), scale.U128{Lo: math.MaxUint64, Hi: math.MaxUint64})
}

func tombstoneDeposit(_ *execution, c *vm.Call, s []uint64) error {
	return outputAmount(c, u32(s, 0), u32(s, 1), scale.U128{})
}
