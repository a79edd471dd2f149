package runtime

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/shim"
	"github.com/tacit-network/tacit/scale"
)

// CodeKey is the well-known key of the runtime's code.
var CodeKey = []byte(":code")

// Code is what stands under :code: a module that answers light clients as this
// runtime does, and changes whenever its metadata or version does.
func (r *Runtime) Code() []byte { return shim.Module(r.answers()) }

// CodeReads returns the keys of the state that a call of what stands under
// :code reads; ok is false where it has no such method.
func (r *Runtime) CodeReads(method string, args []byte) (keys [][]byte, ok bool) {
	return r.answers().Reads(method, args)
}

func (r *Runtime) answers() shim.Runtime {
	v14, v15 := r.metadata()
	transfer := r.Info(r.CallOf(balances.TransferKeepAlive{Dest: chain.AddressID{}})) // what most ask the fee of
	return shim.Runtime{
		Version: scale.Marshal(r.System.Version), V14: v14, V15: v15,
		Authorities: r.Grandpa.Authorities.Key(), SetID: r.Grandpa.CurrentSetID.Key(), AuraAuthorities: r.Aura.Authorities.Key(),
		Account: r.System.Account.Prefix(), SlotDuration: r.Aura.SlotDuration,
		BaseFee: r.Payment.Base.RefTime, ByteFee: r.Payment.FeePerByte.Lo, CallWeight: transfer.Weight.RefTime,
		Multiplier: r.Payment.NextFeeMultiplier.Key(),
	}
}
