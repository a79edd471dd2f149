// Package registry admits workers. A worker shows by a quote of its hardware
// which program it is and that its keys are its own; there is no other way in.
// What it proved stands here, for a limited time, for whoever wants to encrypt
// to it or to give it work.
package registry

import (
	_ "embed"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// How many blocks back the block may be whose hash a quote binds.
	MaxBlockAge uint32
	// How long a registration lasts at most, in milliseconds.
	MaxAge uint64
	// How long a registration outlives the collateral that it was checked against, in milliseconds.
	CollateralGrace uint64
	// How many workers may run on one machine, unless governance says another number for it.
	MaxPerPlatform uint32
	// What has to be staked for a worker of tier 2.
	TierStake chain.Balance
	// How many blocks a stake stays after it was given notice.
	UnstakeDelay chain.BlockNumber
	// How long an ended registration is kept on record, in milliseconds.
	KeepEnded uint64
	// The most accounts whose word on machines counts.
	MaxEndorsers uint32
	// What is slashed of a pledge whose worker said that a cluster's state is another than it is, unless governance says otherwise.
	DeviationSlash words.Percent
	// What of a slash goes to the operator of the worker that first said what stands, unless governance says otherwise.
	ReporterReward words.Percent
}

// The calls.
type (
	// Register registers a worker of the signer: info is what the worker says, quote proves it, and signature is by the worker's identity key.
	Register struct {
		Info      report.RegistrationInfo
		Quote     []byte
		Nonce     [32]byte
		Signature [64]byte
		// Endorsement is the certificate of the chip's key for AMD; empty for Intel, whose quotes have it in themselves.
		Endorsement []byte
	}
	// SetEndpoints publishes the addresses at which a worker of the signer answers queries.
	SetEndpoints struct {
		Worker    [32]byte
		Endpoints [][]byte
	}
	// Deregister takes a worker of the signer out. It may come back with a new quote.
	Deregister struct{ Worker [32]byte }
	// BanPlatform refuses a machine, or admits it again. Its workers are out at once.
	BanPlatform struct {
		Platform hash.H256
		Banned   bool
	}
	// SetDraining says that a worker of the signer is to get no new work, or again. What it has it goes on with.
	SetDraining struct {
		Worker   [32]byte
		Draining bool
	}
	// Freeze refuses new workers until it is lifted. Workers that are registered, on the machine on which they are, may register again.
	Freeze struct{ Frozen bool }
	// SetPlatformCap says how many workers may run on a machine; 0 means the chain's usual number. Those that run stay.
	SetPlatformCap struct {
		Platform hash.H256
		Cap      uint32
	}
	// SetEndorsers names the accounts whose word on machines counts, and how many of them it takes.
	SetEndorsers struct {
		Accounts []chain.AccountID
		Quorum   uint32
	}
	// Endorse vouches for a machine, or no longer: the signer knows where it stands, and who can touch it.
	Endorse struct {
		Platform hash.H256
		Endorsed bool
	}
	// Stake pledges an amount of the signer's for a worker of the signer's, beside what is pledged.
	Stake struct {
		Worker [32]byte
		Amount chain.Balance
	}
	// Unstake gives notice: the pledge for a worker counts no longer, and can be taken back later.
	Unstake struct{ Worker [32]byte }
	// WithdrawStake takes back a pledge whose notice is over.
	WithdrawStake struct{ Worker [32]byte }
	// RemoveWorker takes a worker out, by governance.
	RemoveWorker struct{ Worker [32]byte }
	// SetSlashing says which part of a worker's pledge a deviation costs, and which part of that goes to who first said what stands. Slashes before stay.
	SetSlashing struct {
		Deviation words.Percent
		Reward    words.Percent
	}
)

// The events.
type (
	// WorkerRegistered says that a worker proved what it is.
	WorkerRegistered struct {
		Worker    [32]byte
		Operator  chain.AccountID
		Image     hash.H256
		Class     attest.Class
		BootEpoch uint64
		ExpiresAt uint64
		Platform  hash.H256
		Status    attest.Status
		Tier      uint8
		// Renewal tells that it was registered already, on the same machine.
		Renewal bool
	}
	// EndpointsSet says that a worker has other addresses.
	EndpointsSet struct{ Worker [32]byte }
	// WorkerRemoved says that a worker is registered no longer.
	WorkerRemoved struct{ Worker [32]byte }
	// PlatformBanned says that a machine is refused, or admitted again.
	PlatformBanned struct {
		Platform hash.H256
		Banned   bool
	}
	// WorkerDegraded says that a worker gets no new work: its platform is out of date for too long.
	WorkerDegraded struct{ Worker [32]byte }
	// WorkerRecovered says that a worker's platform is not out of date any more.
	WorkerRecovered struct{ Worker [32]byte }
	// WorkerExpired says that a registration ended.
	WorkerExpired struct{ Worker [32]byte }
	// WorkerRevoked says that the vendor revoked the certificate of a worker's machine.
	WorkerRevoked struct {
		Worker   [32]byte
		Platform hash.H256
	}
	// WorkerDraining says that a worker gets no new work by its operator's wish, or again.
	WorkerDraining struct {
		Worker   [32]byte
		Draining bool
	}
	// TierChanged says that a worker reached another tier.
	TierChanged struct {
		Worker [32]byte
		Tier   uint8
	}
	// RegistrationFrozen says that new workers are refused, or admitted again.
	RegistrationFrozen struct{ Frozen bool }
	// PlatformCapSet says that another number of workers may run on a machine.
	PlatformCapSet struct {
		Platform hash.H256
		Cap      uint32
	}
	// EndorsersSet says that the word of other accounts counts.
	EndorsersSet struct {
		Accounts []chain.AccountID
		Quorum   uint32
	}
	// PlatformEndorsed says that an endorser vouches for a machine, or no longer.
	PlatformEndorsed struct {
		Platform hash.H256
		Endorser chain.AccountID
		Endorsed bool
	}
	// Staked says that an amount was pledged for a worker.
	Staked struct {
		Worker [32]byte
		Owner  chain.AccountID
		Amount chain.Balance
	}
	// Unstaked says that a pledge counts no longer, and from when on it can be taken back.
	Unstaked struct {
		Worker [32]byte
		FreeAt chain.BlockNumber
	}
	// StakeWithdrawn says that a pledge was taken back.
	StakeWithdrawn struct {
		Worker [32]byte
		Owner  chain.AccountID
		Amount chain.Balance
	}
	// WorkerSlashed says that an amount of the pledge for a worker was taken, since it said that a cluster's state is another than it is. Of that, reward went to the operator of the worker that first said what stands; the treasury has the rest.
	WorkerSlashed struct {
		Worker   [32]byte
		Owner    chain.AccountID
		Amount   chain.Balance
		Reporter *[32]byte
		Reward   chain.Balance
	}
	// SlashingSet says what a deviation costs from now on.
	SlashingSet struct {
		Deviation words.Percent
		Reward    words.Percent
	}
)

// The errors.
var (
	// ErrBadInfo means that what the worker says of itself is malformed.
	ErrBadInfo = frame.NewError(0, "BadInfo")
	// ErrNotOperator means that the signer is not the worker's operator.
	ErrNotOperator = frame.NewError(1, "NotOperator")
	// ErrBadBlock means that the block that the quote binds is too old, or none of this chain.
	ErrBadBlock = frame.NewError(2, "BadBlock")
	// ErrOldBootEpoch means that a later instance of the worker was registered.
	ErrOldBootEpoch = frame.NewError(3, "OldBootEpoch")
	// ErrBadSignature means that the signature is not the identity key's.
	ErrBadSignature = frame.NewError(4, "BadSignature")
	// ErrWrongReportData means that the quote is about something else.
	ErrWrongReportData = frame.NewError(5, "WrongReportData")
	// ErrPlatformBanned means that the machine is refused.
	ErrPlatformBanned = frame.NewError(6, "PlatformBanned")
	// ErrUnknownWorker means that there is no such worker.
	ErrUnknownWorker = frame.NewError(7, "UnknownWorker")
	// ErrBadEndpoints means that there are too many addresses, or that one is malformed.
	ErrBadEndpoints = frame.NewError(8, "BadEndpoints")
	// ErrUnknownPlatform means that no worker ran on such a machine.
	ErrUnknownPlatform = frame.NewError(9, "UnknownPlatform")
	// ErrFrozen means that new workers are refused at present.
	ErrFrozen = frame.NewError(10, "Frozen")
	// ErrPlatformFull means that as many workers run on the machine as may.
	ErrPlatformFull = frame.NewError(11, "PlatformFull")
	// ErrOlderImage means that the worker, on a vendor's hardware, ran a newer program before.
	ErrOlderImage = frame.NewError(12, "OlderImage")
	// ErrNotEndorser means that the signer's word on machines does not count.
	ErrNotEndorser = frame.NewError(13, "NotEndorser")
	// ErrBadEndorsers means that the accounts are too many or stand twice, or that it would take more than there are.
	ErrBadEndorsers = frame.NewError(14, "BadEndorsers")
	// ErrNoStake means that nothing is pledged for the worker.
	ErrNoStake = frame.NewError(15, "NoStake")
	// ErrStakeBound means that the pledge's notice is not over, or was given already.
	ErrStakeBound = frame.NewError(16, "StakeBound")
	// ErrOtherPlatform means that the machine is out of date, and not the one on which the worker was registered.
	ErrOtherPlatform = frame.NewError(17, "OtherPlatform")
	// ErrBadPercent means that a part is more than the whole.
	ErrBadPercent = frame.NewError(18, "BadPercent")
	// ErrAccused means that the worker is a party to a dispute about a cluster's state: the pledge stays until that is settled.
	ErrAccused = frame.NewError(19, "Accused")
)

// Pallet is the workers of one chain.
type Pallet struct {
	Config
	words.State
	Attestation Attestation
	Queue       Queue
	Money       Money
	// Treasury gets what is slashed and paid to nobody.
	Treasury Treasury
	Disputes Disputes
	Blocks   Blocks
	Clock    Clock
}

// Index is the pallet's among those of the chain; what it holds money for is
// known by it.
const Index = 21

var stakeReason = frame.HoldReason{Pallet: Index, Reason: 0}

// Money is what the pallet needs of the balances.
type Money interface {
	Hold(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) error
	Release(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) error
	// SlashHeld takes up to amount of what is on hold, and returns what it took,
	// which is in no account then.
	SlashHeld(ctx *frame.Context, who chain.AccountID, reason frame.HoldReason, amount chain.Balance) chain.Balance
	// Deposit puts into an account what was in none, and Drop ends its existence.
	Deposit(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
	Drop(ctx *frame.Context, amount chain.Balance)
}

// Treasury takes what is in no account.
type Treasury interface {
	Take(ctx *frame.Context, amount chain.Balance) error
}

// Disputes is what the pallet needs of the clusters.
type Disputes interface {
	// Accused tells whether it is open whether what a worker said of a cluster's
	// state is true.
	Accused(ctx *frame.Context, worker [32]byte) bool
}

// Attestation is what the pallet needs of the judge of quotes.
type Attestation interface {
	// Admit checks what a registration claims.
	Admit(ctx *frame.Context, c words.Claim) (words.Proven, error)
	// Active reports whether workers may run an image at this block.
	Active(ctx *frame.Context, image hash.H256) bool
	// Newer reports whether an image may take the place of another.
	Newer(ctx *frame.Context, image, than hash.H256) bool
	// Trusted reports whether an anchor is enabled, and an authority below it
	// is not revoked.
	Trusted(ctx *frame.Context, anchor uint8, authority hash.H256) bool
}

// Queue is what the pallet needs of the queues.
type Queue interface {
	Push(ctx *frame.Context, to queue.Destination, origin queue.MessageOrigin, payload []byte) (uint64, error)
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
	HashOf(*frame.Context, chain.BlockNumber) (hash.H256, bool)
}

// Clock tells the time of the block in milliseconds since 1970.
type Clock interface{ Time(*frame.Context) uint64 }

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	small := frame.Time(100 * frame.Microsecond)
	return frame.Pallet{
		Name: "Registry", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.Call(0, p.register, frame.Time(1500*frame.Microsecond)),
			frame.Call(1, p.setEndpoints, small),
			frame.Call(2, p.deregister, small),
			frame.Call(3, p.banPlatform, small),
			frame.Call(4, p.setDraining, small),
			frame.Call(5, p.freeze, small),
			frame.Call(6, p.setPlatformCap, small),
			frame.Call(7, p.setEndorsers, small),
			frame.Call(8, p.endorse, small),
			frame.Call(9, p.stake, small),
			frame.Call(10, p.unstake, small),
			frame.Call(11, p.withdrawStake, frame.Time(2*frame.Millisecond)), // it looks at the clusters of the worker
			frame.Call(12, p.removeWorker, small),
			frame.Call(13, p.setSlashing, small),
		},
		Events: []frame.EventDef{
			frame.Event[WorkerRegistered](0), frame.Event[EndpointsSet](1), frame.Event[WorkerRemoved](2), frame.Event[PlatformBanned](3),
			frame.Event[WorkerDegraded](4), frame.Event[WorkerRecovered](5), frame.Event[WorkerExpired](6), frame.Event[WorkerRevoked](7),
			frame.Event[WorkerDraining](8), frame.Event[TierChanged](9), frame.Event[RegistrationFrozen](10), frame.Event[PlatformCapSet](11),
			frame.Event[EndorsersSet](12), frame.Event[PlatformEndorsed](13), frame.Event[Staked](14), frame.Event[Unstaked](15),
			frame.Event[StakeWithdrawn](16), frame.Event[WorkerSlashed](17), frame.Event[SlashingSet](18),
		},
		Errors: []*frame.Error{
			ErrBadInfo, ErrNotOperator, ErrBadBlock, ErrOldBootEpoch, ErrBadSignature, ErrWrongReportData,
			ErrPlatformBanned, ErrUnknownWorker, ErrBadEndpoints, ErrUnknownPlatform,
			ErrFrozen, ErrPlatformFull, ErrOlderImage, ErrNotEndorser, ErrBadEndorsers, ErrNoStake, ErrStakeBound, ErrOtherPlatform,
			ErrBadPercent, ErrAccused,
		},
		Holds: []string{"WorkerStake"},
	}
}
