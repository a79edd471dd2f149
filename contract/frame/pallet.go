package frame

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
)

// Source is the text of this file, whose comments are the docs of the metadata.
//
//go:embed pallet.go
var Source string

// RuntimeCall is a call of the contract runtime. All are of its pallet Contracts.
type RuntimeCall interface{ isRuntimeCall() }

// The calls, named and numbered as pallet-contracts does.
type (
	// UploadCode lets contracts of the cluster be made of a code, which the chain stores for everybody to read. The
	// gateway puts it there before, in the name of who runs it. Nothing is held for it.
	UploadCode struct {
		Code                []byte
		StorageDepositLimit *CompactBalance
		Determinism         Determinism
	}
	// Call calls a contract of the cluster and gives it value of what the caller holds in the cluster's ledger.
	// GasLimit bounds the time; its proof size bounds nothing, since a cluster makes no proofs. StorageDepositLimit is
	// the most that is taken from the caller for what contracts store after the call; by default what 256 entries
	// and 128 KiB take.
	Call struct {
		Dest                chain.MultiAddress
		Value               chain.Balance `scale:"compact"`
		GasLimit            Weight
		StorageDepositLimit *CompactBalance
		Data                []byte
	}
	// InstantiateWithCode is UploadCode and Instantiate in one.
	InstantiateWithCode struct {
		Value               chain.Balance `scale:"compact"`
		GasLimit            Weight
		StorageDepositLimit *CompactBalance
		Code                []byte
		Data                []byte
		Salt                []byte
	}
	// Instantiate makes a contract of a code that the cluster knows. CodeHash is the name that the chain has for
	// the code, which is not the hash of its bytes alone.
	Instantiate struct {
		Value               chain.Balance `scale:"compact"`
		GasLimit            Weight
		StorageDepositLimit *CompactBalance
		CodeHash            hash.H256
		Data                []byte
		Salt                []byte
	}
)

func (UploadCode) isRuntimeCall()          {}
func (Call) isRuntimeCall()                {}
func (InstantiateWithCode) isRuntimeCall() {}
func (Instantiate) isRuntimeCall()         {}

// The numbers of the calls.
const (
	IndexUploadCode          = 3
	IndexCall                = 6
	IndexInstantiateWithCode = 7
	IndexInstantiate         = 8
)

// The events, named and numbered as pallet-contracts does.
type (
	// Instantiated says that deployer made a contract.
	Instantiated struct {
		Deployer chain.AccountID
		Contract chain.AccountID
	}
	// CodeStored says that contracts of the cluster may be made of a code.
	CodeStored struct {
		CodeHash    hash.H256
		DepositHeld chain.Balance
		Uploader    chain.AccountID
	}
	// ContractEmitted is an event of a contract. Only who signed the extrinsic reads it.
	ContractEmitted struct {
		Contract chain.AccountID
		Data     []byte
	}
)

// The numbers of the events.
const (
	IndexInstantiated    = 0
	IndexCodeStored      = 2
	IndexContractEmitted = 3
)

// The errors, numbered as pallet-contracts numbers them.
const (
	// ErrOutOfGas means that the call used more than its gas limit, or than a command may.
	ErrOutOfGas Error = 2
	// ErrTransferFailed means that the caller holds less in the cluster than the value.
	ErrTransferFailed Error = 4
	// ErrContractNotFound means that the cluster has no such contract.
	ErrContractNotFound Error = 6
	// ErrCodeNotFound means that the cluster was told of no such code.
	ErrCodeNotFound Error = 8
	// ErrContractTrapped means that the contract failed without a word.
	ErrContractTrapped Error = 12
	// ErrDuplicateContract means that a contract of this code, deployer and salt was made before.
	ErrDuplicateContract Error = 19
	// ErrStorageDepositNotEnoughFunds means that the caller holds too little in the cluster for the storage deposit.
	ErrStorageDepositNotEnoughFunds Error = 22
	// ErrStorageDepositLimitExhausted means that the storage deposit would be more than the limit.
	ErrStorageDepositLimitExhausted Error = 23
	// ErrContractReverted means that the contract refused and says why.
	ErrContractReverted Error = 25
	// ErrCodeRejected means that no worker could run the code.
	ErrCodeRejected Error = 26
)

// Error is an error of the pallet Contracts.
type Error uint8

// Errors are all errors with their names.
var Errors = []struct {
	Error Error
	Name  string
}{
	{ErrOutOfGas, "OutOfGas"}, {ErrTransferFailed, "TransferFailed"}, {ErrContractNotFound, "ContractNotFound"}, {ErrCodeNotFound, "CodeNotFound"},
	{ErrContractTrapped, "ContractTrapped"}, {ErrDuplicateContract, "DuplicateContract"},
	{ErrStorageDepositNotEnoughFunds, "StorageDepositNotEnoughFunds"}, {ErrStorageDepositLimitExhausted, "StorageDepositLimitExhausted"}, {ErrContractReverted, "ContractReverted"},
	{ErrCodeRejected, "CodeRejected"},
}
