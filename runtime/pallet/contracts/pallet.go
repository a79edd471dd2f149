// Package contracts is the control plane of confidential contracts: it keeps
// codes, says which contract is in which cluster, puts encrypted commands into
// the cluster's queue, and tells how they ended. It never sees what a command
// says, and runs nothing.
package contracts

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// What a byte of code costs as a deposit.
	DepositPerByte chain.Balance
	// The most bytes of an encrypted command.
	MaxEnvelope uint32
	// The most bytes of a salt.
	MaxSalt uint32
}

// Code is a code whose chunks lie beside the state.
type Code struct {
	Uploader chain.AccountID
	// Have has a bit for each chunk that is there.
	Have uint8
	// Chunks is how many there are in all.
	Chunks uint8
	// Size is how many bytes are there.
	Size    uint32
	Deposit chain.Balance
}

// Complete says whether all chunks are there.
func (c Code) Complete() bool { return c.Chunks > 0 && c.Have == 1<<c.Chunks-1 }

// Contract is a contract of a cluster.
type Contract struct {
	Deployer chain.AccountID
	Cluster  hash.H256
	Code     hash.H256
	State    ContractState
}

// ContractState is how far a contract has come.
type ContractState uint8

// The states.
const (
	// Pending means that its constructor has not run yet.
	Pending ContractState = iota
	// Live means that it can be called.
	Live
	// Failed means that its constructor failed.
	Failed
)

// Variants implements scale.Units.
func (ContractState) Variants() []string { return []string{"Pending", "Live", "Failed"} }

// State is what the pallet stores.
type State struct {
	// The codes, by the hash of their chunks' hashes.
	Codes storage.OptMap[hash.H256, Code, storage.Blake2Concat]
	// The contracts, by their addresses.
	Contracts storage.OptMap[hash.H256, Contract, storage.Blake2Concat]
}

// The calls.
type (
	// UploadChunk puts one chunk of a compressed code beside the state. The code's name is the hash of the list of its chunks' hashes.
	UploadChunk struct {
		Code   hash.H256
		Hashes []hash.H256
		Index  uint8
		Bytes  []byte
	}
	// CheckCode asks the workers of a cluster whether a code can run.
	CheckCode struct {
		Cluster hash.H256
		Code    hash.H256
	}
	// Instantiate makes a contract of a code in a cluster; the envelope holds the encrypted constructor call.
	Instantiate struct {
		Cluster  hash.H256
		Code     hash.H256
		Salt     []byte
		Envelope []byte
	}
	// Command calls a contract; the envelope holds the encrypted call.
	Command struct {
		Contract hash.H256
		Envelope []byte
	}
)

// The events.
type (
	// CodeStored says that all chunks of a code are there.
	CodeStored struct {
		Code     hash.H256
		Uploader chain.AccountID
		Size     uint32
	}
	// CodeChecked says whether a cluster's workers can run a code, and why not.
	CodeChecked struct {
		Cluster hash.H256
		Code    hash.H256
		Ok      bool
		Reason  []byte
	}
	// Instantiating says that a contract's constructor is queued.
	Instantiating struct {
		Contract hash.H256
		Cluster  hash.H256
		Deployer chain.AccountID
		Code     hash.H256
		Seq      uint64
	}
	// Instantiated says that a contract can be called.
	Instantiated struct {
		Contract hash.H256
		Deployer chain.AccountID
	}
	// CommandQueued says that an encrypted command is queued.
	CommandQueued struct {
		Contract hash.H256
		Cluster  hash.H256
		Origin   chain.AccountID
		Seq      uint64
	}
	// CommandDone says how a queued message ended; the output is sealed to the caller.
	CommandDone struct {
		Cluster hash.H256
		Worker  [32]byte
		Receipt words.Receipt
	}
)

// The errors.
var (
	// ErrBadChunk means that the chunk is not what the code's name says.
	ErrBadChunk = frame.NewError(0, "BadChunk")
	// ErrChunkKnown means that the chunk is there already.
	ErrChunkKnown = frame.NewError(1, "ChunkKnown")
	// ErrCodeNotFound means that the code is not there, or not all of it.
	ErrCodeNotFound = frame.NewError(2, "CodeNotFound")
	// ErrContractNotFound means that there is no such contract.
	ErrContractNotFound = frame.NewError(3, "ContractNotFound")
	// ErrDuplicateContract means that this contract exists; another salt makes another.
	ErrDuplicateContract = frame.NewError(4, "DuplicateContract")
	// ErrTooLong means that the envelope or the salt is too long.
	ErrTooLong = frame.NewError(5, "TooLong")
	// ErrContractFailed means that the contract's constructor failed.
	ErrContractFailed = frame.NewError(6, "ContractFailed")
)

// Pallet is the contracts of one chain.
type Pallet struct {
	Config
	State
	Clusters Clusters
	Queue    Queue
	Money    Money
}

// Clusters is what the pallet needs of the clusters.
type Clusters interface {
	// Ready returns an error unless commands can be sent to the cluster.
	Ready(ctx *frame.Context, id hash.H256) error
}

// Queue is what the pallet needs of the queues.
type Queue interface {
	Push(ctx *frame.Context, to queue.Destination, origin queue.MessageOrigin, payload []byte) (uint64, error)
}

// Money is what the pallet needs of the balances.
type Money interface {
	Reserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Contracts", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.CallBy(0, p.uploadChunk, weighChunk), frame.Call(1, p.checkCode, frame.Time(100*frame.Microsecond)),
			frame.CallBy(2, p.instantiate, weighInstantiate), frame.CallBy(3, p.command, weighCommand),
		},
		Events: []frame.EventDef{
			frame.Event[CodeStored](0), frame.Event[CodeChecked](1), frame.Event[Instantiating](2), frame.Event[Instantiated](3),
			frame.Event[CommandQueued](4), frame.Event[CommandDone](5),
		},
		Errors: []*frame.Error{
			ErrBadChunk, ErrChunkKnown, ErrCodeNotFound, ErrContractNotFound, ErrDuplicateContract, ErrTooLong, ErrContractFailed,
		},
	}
}
