// Package system keeps what every block needs: accounts and their nonces, the
// hashes of recent blocks, the events and the digest of this one, and how
// much of its weight and length is used (frame_system).
package system

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// The weights that a block may have, by class.
	BlockWeights BlockWeights
	// The lengths that a block may have, by class, in bytes.
	BlockLength BlockLength
	// How many recent block hashes are kept; transactions live no longer.
	BlockHashCount chain.BlockNumber
	// What one read and one write of the database weigh.
	DbWeight DbWeight
	// The version of the runtime.
	Version RuntimeVersion
	// The prefix of addresses in SS58.
	SS58Prefix uint16 `name:"SS58Prefix"`
}

// State is what the pallet stores.
type State struct {
	// The nonce, the reference counts and the money of each account.
	Account storage.Map[chain.AccountID, frame.AccountInfo, storage.Blake2Concat]
	// How many extrinsics this block has.
	ExtrinsicCount storage.OptValue[uint32]
	// The weight that this block has used, by class.
	BlockWeight storage.Value[PerClassWeight]
	// The length of this block's extrinsics in bytes.
	AllExtrinsicsLen storage.OptValue[uint32]
	// The hashes of recent blocks.
	BlockHash storage.Map[chain.BlockNumber, hash.H256, storage.Twox64Concat]
	// The extrinsics of this block, until it is finished.
	ExtrinsicData storage.Map[uint32, []byte, storage.Twox64Concat]
	// The number of this block.
	Number storage.Value[chain.BlockNumber]
	// The hash of the block before.
	ParentHash storage.Value[hash.H256]
	// The digest of this block.
	Digest storage.Value[Digest]
	// The events of this block.
	Events storage.Value[[]frame.EventRecord]
	// How many events this block has.
	EventCount storage.Value[uint32]
	// The version of the runtime that is in force from the next block on.
	LastRuntimeUpgrade storage.OptValue[LastUpgrade]
	// The upgrade of the runtime that will come.
	AuthorizedUpgrade storage.OptValue[UpgradeAuthorization]
	// Where in the block execution is.
	ExecutionPhase storage.OptValue[frame.Phase]
}

// The calls.
type (
	// Remark puts bytes into a block and does nothing.
	Remark struct{ Remark []byte }
	// SetStorage puts items into the state; root alone may.
	SetStorage struct{ Items []KeyValue }
	// KillStorage removes items from the state; root alone may.
	KillStorage struct{ Keys [][]byte }
	// RemarkWithEvent puts bytes into a block and emits an event with their hash.
	RemarkWithEvent struct{ Remark []byte }
	// AuthorizeUpgrade lets the block at height be the last of this runtime: from the next one on the
	// spec version given is in force. It replaces what was authorized before; root alone may.
	AuthorizeUpgrade struct {
		SpecVersion uint32
		Height      chain.BlockNumber
	}
)

// The events.
type (
	// ExtrinsicSuccess says that an extrinsic did what it should.
	ExtrinsicSuccess struct{ DispatchInfo frame.DispatchInfo }
	// ExtrinsicFailed says that an extrinsic failed, and why.
	ExtrinsicFailed struct {
		DispatchError frame.DispatchError
		DispatchInfo  frame.DispatchInfo
	}
	// CodeUpdated says that the runtime's code changed.
	CodeUpdated struct{}
	// NewAccount says that an account came to be.
	NewAccount struct{ Account chain.AccountID }
	// KilledAccount says that an account ended.
	KilledAccount struct{ Account chain.AccountID }
	// Remarked says that sender left a remark with this hash.
	Remarked struct {
		Sender chain.AccountID
		Hash   hash.H256
	}
	// UpgradeAuthorized says that the block at height will be the last of this runtime.
	UpgradeAuthorized struct {
		SpecVersion uint32
		Height      chain.BlockNumber
	}
)

// The errors.
var (
	// ErrInvalidSpecName means that the new code is of another chain.
	ErrInvalidSpecName = frame.NewError(0, "InvalidSpecName")
	// ErrSpecVersionNeedsToIncrease means that the new code is not newer.
	ErrSpecVersionNeedsToIncrease = frame.NewError(1, "SpecVersionNeedsToIncrease")
	// ErrFailedToExtractRuntimeVersion means that the new code tells no version.
	ErrFailedToExtractRuntimeVersion = frame.NewError(2, "FailedToExtractRuntimeVersion")
	// ErrNonDefaultComposite means that an account still holds something.
	ErrNonDefaultComposite = frame.NewError(3, "NonDefaultComposite")
	// ErrNonZeroRefCount means that an account is still in use.
	ErrNonZeroRefCount = frame.NewError(4, "NonZeroRefCount")
	// ErrCallFiltered means that the chain does not take this call.
	ErrCallFiltered = frame.ErrCallFiltered
	// ErrUpgradeTooEarly means that no block is left until the upgrade.
	ErrUpgradeTooEarly = frame.NewError(64, "UpgradeTooEarly")
)

// Pallet is the system of one chain.
type Pallet struct {
	Config
	State
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "System", Crate: "frame_system", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.CallBy(0, p.remark, weighRemark),
			frame.CallBy(4, p.setStorage, weighSetStorage).Operational(),
			frame.CallBy(5, p.killStorage, weighKillStorage).Operational(),
			frame.CallBy(7, p.remarkWithEvent, weighRemarkWithEvent),
			// FRAME has 9 for a call of this name that takes a hash of code.
			frame.Call(64, p.authorizeUpgrade, frame.Time(10*frame.Microsecond)).Operational(),
		},
		Events: []frame.EventDef{
			frame.Event[ExtrinsicSuccess](0), frame.Event[ExtrinsicFailed](1), frame.Event[CodeUpdated](2),
			frame.Event[NewAccount](3), frame.Event[KilledAccount](4), frame.Event[Remarked](5),
			frame.Event[UpgradeAuthorized](64),
		},
		Errors: []*frame.Error{
			ErrInvalidSpecName, ErrSpecVersionNeedsToIncrease, ErrFailedToExtractRuntimeVersion, ErrNonDefaultComposite,
			ErrNonZeroRefCount, ErrCallFiltered, ErrUpgradeTooEarly,
		},
	}
}
