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
	// After how many messages of a cluster's queue for each chunk of its last snapshot its members are asked for another; 0 is never.
	SnapshotEvery uint32
	// How many members' claims about a cluster's state are kept, the newest.
	MaxClaims uint32
	// How many blocks before it applies it is announced that something costs more in a cluster. No transaction should be valid for longer.
	TermsNotice chain.BlockNumber
}

// The calls.
type (
	// Create makes a cluster of replicas workers of a tier or a better one, which the chain draws. As many keepers of others are to hold shares of its secrets, of which threshold together can recover them; both may be 0.
	Create struct {
		Replicas  uint16
		Tier      uint8
		Keepers   uint8
		Threshold uint8
	}
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
	// AddMember draws another worker into a cluster of the signer. The members give it their secrets once they have seen its attestation.
	AddMember struct{ Cluster hash.H256 }
	// RemoveMember takes a worker out of a cluster of the signer. The others begin a new epoch, whose keys it does not learn.
	RemoveMember struct {
		Cluster hash.H256
		Worker  [32]byte
	}
	// Rotate begins a new epoch of a cluster of the signer, with new keys and new shares.
	Rotate struct{ Cluster hash.H256 }
	// TakeSnapshot asks the members of a cluster of the signer for a snapshot of its state.
	TakeSnapshot struct{ Cluster hash.H256 }
	// Judge draws more workers to settle what the members of a frozen cluster disagree about. Its owner may at any time, everybody when none of those that were drawn is registered any more.
	Judge struct{ Cluster hash.H256 }
	// Recover draws fresh workers for a cluster of the signer that lost all of them, and asks the keepers for their shares.
	Recover struct{ Cluster hash.H256 }
	// SetTerms says what accounts pay in a cluster of the signer, out of what they hold in its ledger, for the gas and the storage of contracts, and who is paid for gas. It applies to what is sent to the cluster from then on; a price that rises does so TermsNotice blocks later, unless nothing is in the ledger.
	SetTerms struct {
		Cluster hash.H256
		Terms   words.Terms
	}
	// Redraw draws other workers for those of a new cluster of the signer that have not answered, which may be gone for good. They are asked again only where there are no others.
	Redraw struct{ Cluster hash.H256 }
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
	// MemberAdded says that a worker was drawn into a cluster.
	MemberAdded struct {
		Cluster hash.H256
		Worker  [32]byte
	}
	// MemberReady says that a new member has the cluster's secrets.
	MemberReady struct {
		Cluster hash.H256
		Worker  [32]byte
		Epoch   uint32
	}
	// MemberRemoved says that a worker is no member of a cluster any more.
	MemberRemoved struct {
		Cluster hash.H256
		Worker  [32]byte
	}
	// EpochAsked says that a cluster's members are asked for the secret of a new epoch.
	EpochAsked struct {
		Cluster hash.H256
		Epoch   uint32
	}
	// HandOverRefused says that a worker did not give another a secret, and why.
	HandOverRefused struct {
		Cluster hash.H256
		Worker  [32]byte
		To      [32]byte
		Reason  []byte
	}
	// SharesKept says that so many workers hold shares of a cluster's secrets, and how many of them are needed.
	SharesKept struct {
		Cluster   hash.H256
		Keepers   uint8
		Threshold uint8
	}
	// SnapshotKept says that the chain has a snapshot of a cluster.
	SnapshotKept struct {
		Cluster hash.H256
		Epoch   uint32
		Next    uint64
		Name    hash.H256
	}
	// ClusterFrozen says that a cluster takes no commands, since its members disagree about its state after a message.
	ClusterFrozen struct {
		Cluster hash.H256
		Seq     uint64
		Judges  [][32]byte
	}
	// MemberDeviated says that a member said that a cluster's state is another than it is.
	MemberDeviated struct {
		Cluster hash.H256
		Worker  [32]byte
		Seq     uint64
		Root    hash.H256
	}
	// ClusterThawed says that it is settled which state of a cluster stands.
	ClusterThawed struct {
		Cluster hash.H256
		Seq     uint64
		Root    hash.H256
	}
	// ClusterRecovering says that fresh workers were drawn for a cluster, and that so many keepers were asked for their shares.
	ClusterRecovering struct {
		Cluster hash.H256
		Members [][32]byte
		Keepers uint8
	}
	// ClusterRecovered says that a fresh worker has a lost cluster's secrets.
	ClusterRecovered struct {
		Cluster hash.H256
		Worker  [32]byte
	}
	// TermsSet says what is paid in a cluster for gas and storage, from a message of its queue on.
	TermsSet struct {
		Cluster hash.H256
		Terms   words.Terms
		Seq     uint64
	}
	// TermsAnnounced says what is to be paid in a cluster for gas and storage, from the first message that is sent to it in a block or later. It replaces what was announced before.
	TermsAnnounced struct {
		Cluster hash.H256
		Terms   words.Terms
		From    chain.BlockNumber
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
	// ErrNotOwner means that the signer is not the cluster's owner.
	ErrNotOwner = frame.NewError(11, "NotOwner")
	// ErrLastMember means that the cluster would have no member.
	ErrLastMember = frame.NewError(12, "LastMember")
	// ErrBusy means that the cluster is changing its keys.
	ErrBusy = frame.NewError(13, "Busy")
	// ErrFrozen means that the cluster's members disagree about its state.
	ErrFrozen = frame.NewError(14, "Frozen")
	// ErrNotFrozen means that there is nothing to settle.
	ErrNotFrozen = frame.NewError(15, "NotFrozen")
	// ErrBadThreshold means that so many keepers cannot have that threshold.
	ErrBadThreshold = frame.NewError(16, "BadThreshold")
	// ErrTooFewShares means that too few of those who keep shares are registered.
	ErrTooFewShares = frame.NewError(17, "TooFewShares")
	// ErrBadSnapshot means that the snapshot is not the one that was asked for.
	ErrBadSnapshot = frame.NewError(18, "BadSnapshot")
	// ErrNotServing means that the worker may get no keys of the cluster now.
	ErrNotServing = frame.NewError(19, "NotServing")
	// ErrBadTerms means that a price is too high, or that gas is paid to nobody who could take it out.
	ErrBadTerms = frame.NewError(20, "BadTerms")
	// ErrReady means that the cluster has keys: its members are not drawn again.
	ErrReady = frame.NewError(21, "Ready")
	// ErrLastHolder means that no other registered member has the cluster's secrets yet.
	ErrLastHolder = frame.NewError(22, "LastHolder")
)

// Pallet is the clusters of one chain.
type Pallet struct {
	Config
	words.State
	Workers Workers
	Queue   Queue
	Money   Money
	Blocks  Blocks
	// Seed is what draws are made from.
	Seed Seed
	// Contracts hears what becomes of contracts.
	Contracts Contracts
}

// Workers is what the pallet needs of the registry.
type Workers interface {
	// Eligible returns the workers of a tier or a better one that may get new
	// work, in an order that depends on the state alone.
	Eligible(ctx *frame.Context, tier uint8) [][32]byte
	// MayServe tells whether a worker may get work and keys of a tier now.
	MayServe(ctx *frame.Context, worker [32]byte, tier uint8) bool
	// Live tells whether a worker is registered now.
	Live(ctx *frame.Context, worker [32]byte) bool
	// Slash punishes a worker that deviated, and rewards who first said what
	// stands; nil is nobody.
	Slash(ctx *frame.Context, worker [32]byte, first *[32]byte)
}

// Queue is what the pallet needs of the queues.
type Queue interface {
	Push(ctx *frame.Context, to queue.Destination, origin queue.MessageOrigin, payload []byte) (uint64, error)
	// Head tells how far a queue goes.
	Head(ctx *frame.Context, to queue.Destination) queue.Head
}

// Money is what the pallet needs of the balances.
type Money interface {
	Reserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
	Transfer(ctx *frame.Context, from, to chain.AccountID, value chain.Balance, keepAlive bool) error
}

// Blocks numbers the blocks.
type Blocks interface {
	Now(ctx *frame.Context) chain.BlockNumber
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
			frame.Call(0, p.create, weightMembers), frame.Call(1, p.deposit, weightDeposit),
			frame.CallBy(2, p.transact, weighTransact),
			frame.Call(3, p.addMember, weightMembers), frame.Call(4, p.removeMember, weightMembers), frame.Call(5, p.rotate, weightMembers),
			frame.Call(6, p.takeSnapshot, frame.Time(100*frame.Microsecond)), frame.Call(7, p.judge, weightMembers), frame.Call(8, p.recover, weightMembers),
			frame.Call(9, p.setTerms, frame.Time(100*frame.Microsecond)), frame.Call(10, p.redraw, weightMembers),
		},
		Events: []frame.EventDef{
			frame.Event[ClusterCreated](0), frame.Event[ClusterReady](1), frame.Event[RootsDiffer](2), frame.Event[Deposited](3),
			frame.Event[TransactionQueued](4), frame.Event[Withdrawn](5), frame.Event[WithdrawalReturned](6),
			frame.Event[MemberAdded](7), frame.Event[MemberReady](8), frame.Event[MemberRemoved](9), frame.Event[EpochAsked](10),
			frame.Event[HandOverRefused](11), frame.Event[SharesKept](12), frame.Event[SnapshotKept](13), frame.Event[ClusterFrozen](14),
			frame.Event[MemberDeviated](15), frame.Event[ClusterThawed](16), frame.Event[ClusterRecovering](17), frame.Event[ClusterRecovered](18),
			frame.Event[TermsSet](19), frame.Event[TermsAnnounced](20),
		},
		Errors: []*frame.Error{
			ErrTooFewWorkers, ErrBadReplicas, ErrNoSuchCluster, ErrNotMember, ErrNotReady, ErrKeyKnown, ErrBadKey,
			ErrNothing, ErrTooLong, ErrGap, ErrUnbacked, ErrNotOwner, ErrLastMember, ErrBusy, ErrFrozen, ErrNotFrozen,
			ErrBadThreshold, ErrTooFewShares, ErrBadSnapshot, ErrNotServing, ErrBadTerms, ErrReady, ErrLastHolder,
		},
	}
}
