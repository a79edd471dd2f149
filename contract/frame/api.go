package frame

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Methods of the runtime that an enclave answers. The first two are those of
// ContractsApi; an account is told to its holder alone.
const (
	MethodCall        = "ContractsApi_call"
	MethodInstantiate = "ContractsApi_instantiate"
	MethodAccount     = "Account"
	MethodContract    = "Contract"
)

// StateCall is the input of a query of kind 1, which names a cluster in place of
// a contract: a method and its arguments. The output is the result.
type StateCall struct {
	Method string
	Args   []byte
}

// CallArgs are the arguments of MethodCall.
type CallArgs struct {
	Origin              chain.AccountID
	Dest                chain.AccountID
	Value               chain.Balance
	GasLimit            *Weight
	StorageDepositLimit *chain.Balance
	InputData           []byte
}

// InstantiateArgs are the arguments of MethodInstantiate.
type InstantiateArgs struct {
	Origin              chain.AccountID
	Value               chain.Balance
	GasLimit            *Weight
	StorageDepositLimit *chain.Balance
	Code                Code
	Data                []byte
	Salt                []byte
}

// Code is the code of a contract: Upload or Existing. Enclaves take Existing
// alone.
type Code interface{ isCode() }

// Upload is a code by its bytes.
type Upload struct {
	Code []byte `name:"-"`
}

// Existing is a code that the cluster was told of.
type Existing struct {
	Hash hash.H256 `name:"-"`
}

func (Upload) isCode()   {}
func (Existing) isCode() {}

var _ = scale.Enum(scale.V[Code]{0: Upload{}, 1: Existing{}})

// ExecReturn is what a contract returned (pallet_contracts_primitives::ExecReturnValue).
type ExecReturn struct {
	Flags ReturnFlags
	Data  []byte
}

// ReturnFlags are the flags of what a contract returned: 1 means that it
// reverted.
type ReturnFlags struct{ Bits uint32 }

// Reverted is the flag of what changed nothing.
const Reverted = 1

// InstantiateReturn is what a constructor returned.
type InstantiateReturn struct {
	Result    ExecReturn
	AccountID chain.AccountID
}

// StorageDeposit is what somebody gets back or is charged for storage.
type StorageDeposit interface{ isStorageDeposit() }

// Refund is what somebody gets back.
type Refund struct {
	Amount chain.Balance `name:"-"`
}

// Charge is what somebody pays.
type Charge struct {
	Amount chain.Balance `name:"-"`
}

func (Refund) isStorageDeposit() {}
func (Charge) isStorageDeposit() {}

var _ = scale.Enum(scale.V[StorageDeposit]{0: Refund{}, 1: Charge{}})

// dry is what every dry run tells beside its result R. DebugMessage is empty: what
// a contract says for its developer is not for its callers.
type dry[R any] struct {
	GasConsumed    Weight
	GasRequired    Weight
	StorageDeposit StorageDeposit
	DebugMessage   []byte
	Result         scale.Result[R, DispatchError]
}

// CallResult is the result of MethodCall.
type CallResult dry[ExecReturn]

// InstantiateResult is the result of MethodInstantiate.
type InstantiateResult dry[InstantiateReturn]

// NewCallResult tells of a dry run that used gas, and of the deposit for what
// contracts would store. A quarter more gas is required: the state may be another
// one when the call comes.
func NewCallResult(gas uint64, d StorageDeposit, result scale.Result[ExecReturn, DispatchError]) CallResult {
	return CallResult{Weight{RefTime: Time(gas)}, required(gas), d, []byte{}, result}
}

// NewInstantiateResult is NewCallResult for a constructor.
func NewInstantiateResult(gas uint64, d StorageDeposit, result scale.Result[InstantiateReturn, DispatchError]) InstantiateResult {
	return InstantiateResult{Weight{RefTime: Time(gas)}, required(gas), d, []byte{}, result}
}

// required has a proof size because some clients take a weight without one for
// none.
func required(gas uint64) Weight { return Weight{Time(gas + gas/4), 1 << 16} }

// UploadResult is the result of ContractsApi_upload_code.
type UploadResult struct {
	CodeHash hash.H256
	Deposit  chain.Balance
}

// Account is the result of MethodAccount: what an account holds in the cluster,
// and the nonce of its next extrinsic.
type Account struct {
	Nonce uint32
	Free  chain.Balance
}

// AccountArgs are the arguments of MethodAccount, and of MethodContract, whose
// result is the name of the contract's code or None.
type AccountArgs struct{ ID chain.AccountID }
