// Package clusters keeps the sets of workers that run contracts together. The
// chain draws a cluster's members; the first of them makes its secret inside
// its enclave, and only the public keys ever appear here. It also holds what is
// in the clusters' confidential ledgers, token for token.
package clusters

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// The most workers in one cluster.
	MaxReplicas uint16
	// What the owner of a cluster leaves as a deposit for it.
	ClusterDeposit chain.Balance
	// What the owner of a cluster puts into the account of its escrow for ever, so that the account exists.
	EscrowDeposit chain.Balance
	// The most bytes of an encrypted action.
	MaxEnvelope uint32
}

// The calls.
type (
	// Create makes a cluster of replicas workers, which the chain draws.
	Create struct{ Replicas uint16 }
	// Deposit puts tokens into a cluster's confidential ledger, where they are the sender's.
	Deposit struct {
		Cluster hash.H256
		Value   chain.Balance `scale:"compact"`
	}
	// Transact does something in a cluster that only its workers read: a transfer in its ledger, a withdrawal, or a call of a contract.
	Transact struct {
		Cluster  hash.H256
		Envelope []byte
	}
	// CreateForTier makes a cluster as create does, of workers of at least a tier: 1 is a vendor's hardware, 2 hardware that is endorsed and staked for.
	CreateForTier struct {
		Replicas uint16
		Tier     uint8
	}
)

// The events.
type (
	// ClusterCreated says that owner has a new cluster, and who its members are.
	ClusterCreated struct {
		Cluster hash.H256
		Owner   chain.AccountID
		Members [][32]byte
	}
	// ClusterReady says that a cluster has keys, to which commands are encrypted.
	ClusterReady struct {
		Cluster hash.H256
		Epoch   uint32
		Worker  [32]byte
	}
	// RootsDiffer says that a member of a cluster reached another state than the one on record.
	RootsDiffer struct {
		Cluster hash.H256
		Next    uint64
		Worker  [32]byte
		Root    hash.H256
	}
	// Deposited says that tokens were put into a cluster's ledger.
	Deposited struct {
		Cluster hash.H256
		From    chain.AccountID
		Amount  chain.Balance
		Seq     uint64
	}
	// TransactionQueued says that an encrypted action is queued.
	TransactionQueued struct {
		Cluster hash.H256
		Origin  chain.AccountID
		Seq     uint64
	}
	// Withdrawn says that a cluster's ledger paid tokens to an account.
	Withdrawn struct {
		Cluster hash.H256
		To      chain.AccountID
		Amount  chain.Balance
		Seq     uint64
	}
	// WithdrawalReturned says that an account could not take what a cluster's ledger paid, which went back into it, and why.
	WithdrawalReturned struct {
		Cluster hash.H256
		To      chain.AccountID
		Amount  chain.Balance
		Seq     uint64
		Error   frame.DispatchError
	}
)

// The errors.
var (
	// ErrTooFewWorkers means that there are not enough workers that could be members.
	ErrTooFewWorkers = frame.NewError(0, "TooFewWorkers")
	// ErrBadReplicas means that a cluster cannot have that many members.
	ErrBadReplicas = frame.NewError(1, "BadReplicas")
	// ErrNoSuchCluster means that there is no such cluster.
	ErrNoSuchCluster = frame.NewError(2, "NoSuchCluster")
	// ErrNotMember means that the worker is no member of the cluster.
	ErrNotMember = frame.NewError(3, "NotMember")
	// ErrNotReady means that the cluster has no keys yet.
	ErrNotReady = frame.NewError(4, "NotReady")
	// ErrKeyKnown means that the cluster's keys of this epoch are known already.
	ErrKeyKnown = frame.NewError(5, "KeyKnown")
	// ErrBadKey means that the keys are not of the kinds that commands need.
	ErrBadKey = frame.NewError(6, "BadKey")
	// ErrNothing means that the amount is nothing, or goes nowhere.
	ErrNothing = frame.NewError(7, "Nothing")
	// ErrTooLong means that the message is too long.
	ErrTooLong = frame.NewError(8, "TooLong")
	// ErrGap means that a member left messages out.
	ErrGap = frame.NewError(9, "Gap")
	// ErrUnbacked means that a cluster's ledger is not what is in escrow for it.
	ErrUnbacked = frame.NewError(10, "Unbacked")
	// ErrNotServing means that the worker may get no keys of the cluster now.
	ErrNotServing = frame.NewError(11, "NotServing")
)

// Pallet is the clusters of one chain.
type Pallet struct {
	Config
	words.State
	Workers Workers
	Queue   Queue
	Money   Money
	// Seed is what draws are made from.
	Seed Seed
	// Contracts hears what becomes of contracts.
	Contracts Contracts
}

// Workers is what the pallet needs of the registry.
type Workers interface {
	// Eligible returns the workers of at least a tier that may become members,
	// in an order that depends on the state alone.
	Eligible(ctx *frame.Context, tier uint8) []words.Member
	// MayServe reports whether a worker may get work and keys of a tier now.
	MayServe(ctx *frame.Context, worker [32]byte, tier uint8) bool
}

// Queue is what the pallet needs of the queues.
type Queue interface {
	Push(ctx *frame.Context, to queue.Destination, origin queue.MessageOrigin, payload []byte) (uint64, error)
}

// Money is what the pallet needs of the balances.
type Money interface {
	Reserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
	Transfer(ctx *frame.Context, from, to chain.AccountID, value chain.Balance, keepAlive bool) error
}

// Seed is 32 bytes that nobody chose alone: those of the block before.
type Seed interface {
	Seed(*frame.Context) hash.H256
}

// Contracts is what the pallet needs of the contracts.
type Contracts interface {
	Receipt(ctx *frame.Context, cluster hash.H256, worker [32]byte, r words.Receipt)
	CodeChecked(ctx *frame.Context, cluster, code hash.H256, ok bool, reason []byte)
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Clusters", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.Call(0, p.create, frame.Time(300*frame.Microsecond)), frame.Call(1, p.deposit, weightDeposit),
			frame.CallBy(2, p.transact, weighTransact), frame.Call(3, p.createForTier, frame.Time(300*frame.Microsecond)),
		},
		Events: []frame.EventDef{
			frame.Event[ClusterCreated](0), frame.Event[ClusterReady](1), frame.Event[RootsDiffer](2), frame.Event[Deposited](3),
			frame.Event[TransactionQueued](4), frame.Event[Withdrawn](5), frame.Event[WithdrawalReturned](6),
		},
		Errors: []*frame.Error{
			ErrTooFewWorkers, ErrBadReplicas, ErrNoSuchCluster, ErrNotMember, ErrNotReady, ErrKeyKnown, ErrBadKey,
			ErrNothing, ErrTooLong, ErrGap, ErrUnbacked, ErrNotServing,
		},
	}
}
