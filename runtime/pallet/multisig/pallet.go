// Package multisig makes calls on behalf of accounts that several people own:
// some number of them must approve a call before it is made
// (pallet_multisig, as of the call poke_deposit).
package multisig

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// What is reserved of the first who approves, for each call that waits.
	DepositBase chain.Balance
	// What is reserved besides for each approval that a call needs.
	DepositFactor chain.Balance
	// The most owners of one account.
	MaxSignatories uint32
}

// State is what the pallet stores.
type State struct {
	// The calls that wait for approvals, by account and hash of the call.
	Multisigs storage.OptDoubleMap[chain.AccountID, CallHash, Multisig, storage.Twox64Concat, storage.Blake2Concat]
}

// CallHash is the BLAKE2b-256 of an encoded call.
type CallHash = [32]byte

// Timepoint is when a call was first approved: the block, and the index of the
// transaction in it.
type Timepoint struct {
	Height chain.BlockNumber
	Index  uint32
}

// Multisig is a call that waits for approvals.
type Multisig struct {
	// When it was first approved.
	When Timepoint
	// What is reserved of the depositor.
	Deposit chain.Balance
	// Who approved first.
	Depositor chain.AccountID
	// Who has approved so far, in order of the accounts.
	Approvals []chain.AccountID
}

// The calls.
type (
	// AsMultiThreshold1 makes a call of an account of which one approval is enough.
	AsMultiThreshold1 struct {
		// The other owners, in order of the accounts.
		OtherSignatories []chain.AccountID
		Call             frame.AnyCall
	}
	// AsMulti approves a call; if that is the last approval that it needs, it is made.
	AsMulti struct {
		// How many approvals the account needs.
		Threshold uint16
		// The other owners, in order of the accounts.
		OtherSignatories []chain.AccountID
		// When the call was first approved; none for the first approval.
		MaybeTimepoint *Timepoint
		Call           frame.AnyCall
		// The most that the call may weigh.
		MaxWeight frame.Weight
	}
	// ApproveAsMulti approves a call of which only the hash is known; it is not made by that.
	ApproveAsMulti struct {
		// How many approvals the account needs.
		Threshold uint16
		// The other owners, in order of the accounts.
		OtherSignatories []chain.AccountID
		// When the call was first approved; none for the first approval.
		MaybeTimepoint *Timepoint
		// The BLAKE2b-256 of the encoded call.
		CallHash  CallHash
		MaxWeight frame.Weight
	}
	// CancelAsMulti withdraws a call that waits; who approved it first may, and gets the deposit back.
	CancelAsMulti struct {
		// How many approvals the account needs.
		Threshold uint16
		// The other owners, in order of the accounts.
		OtherSignatories []chain.AccountID
		// When the call was first approved.
		Timepoint Timepoint
		// The BLAKE2b-256 of the encoded call.
		CallHash CallHash
	}
	// PokeDeposit brings the deposit of a call that waits to what it would be today; it is free if that changes it.
	PokeDeposit struct {
		// How many approvals the account needs.
		Threshold uint16
		// The other owners, in order of the accounts.
		OtherSignatories []chain.AccountID
		// The BLAKE2b-256 of the encoded call.
		CallHash CallHash
	}
)

// Outcome is how a call ended.
type Outcome = scale.Result[struct{}, frame.DispatchError]

// The events.
type (
	// NewMultisig says that a call was approved for the first time.
	NewMultisig struct {
		Approving, Multisig chain.AccountID
		CallHash            CallHash
	}
	// MultisigApproval says that a call was approved.
	MultisigApproval struct {
		Approving chain.AccountID
		Timepoint Timepoint
		Multisig  chain.AccountID
		CallHash  CallHash
	}
	// MultisigExecuted says that a call was made, and how it ended.
	MultisigExecuted struct {
		Approving chain.AccountID
		Timepoint Timepoint
		Multisig  chain.AccountID
		CallHash  CallHash
		Result    Outcome
	}
	// MultisigCancelled says that a call was withdrawn.
	MultisigCancelled struct {
		Cancelling chain.AccountID
		Timepoint  Timepoint
		Multisig   chain.AccountID
		CallHash   CallHash
	}
	// DepositPoked says that a deposit was brought to what it would be today.
	DepositPoked struct {
		Who                    chain.AccountID
		CallHash               CallHash
		OldDeposit, NewDeposit chain.Balance
	}
)

// The errors.
var (
	// ErrMinimumThreshold means that two approvals are the least.
	ErrMinimumThreshold = frame.NewError(0, "MinimumThreshold")
	// ErrAlreadyApproved means that the call is approved by this owner.
	ErrAlreadyApproved = frame.NewError(1, "AlreadyApproved")
	// ErrNoApprovalsNeeded means that the call needs no approval any more.
	ErrNoApprovalsNeeded = frame.NewError(2, "NoApprovalsNeeded")
	// ErrTooFewSignatories means that the account has no other owner.
	ErrTooFewSignatories = frame.NewError(3, "TooFewSignatories")
	// ErrTooManySignatories means that the account has too many owners.
	ErrTooManySignatories = frame.NewError(4, "TooManySignatories")
	// ErrSignatoriesOutOfOrder means that the owners are not in order of the accounts, or one stands twice.
	ErrSignatoriesOutOfOrder = frame.NewError(5, "SignatoriesOutOfOrder")
	// ErrSenderInSignatories means that the sender stands among the others.
	ErrSenderInSignatories = frame.NewError(6, "SenderInSignatories")
	// ErrNotFound means that no such call waits.
	ErrNotFound = frame.NewError(7, "NotFound")
	// ErrNotOwner means that another account made the deposit.
	ErrNotOwner = frame.NewError(8, "NotOwner")
	// ErrNoTimepoint means that the time of the first approval is missing.
	ErrNoTimepoint = frame.NewError(9, "NoTimepoint")
	// ErrWrongTimepoint means that the call was first approved at another time.
	ErrWrongTimepoint = frame.NewError(10, "WrongTimepoint")
	// ErrUnexpectedTimepoint means that the call was not approved yet.
	ErrUnexpectedTimepoint = frame.NewError(11, "UnexpectedTimepoint")
	// ErrMaxWeightTooLow means that the call weighs more than was allowed.
	ErrMaxWeightTooLow = frame.NewError(12, "MaxWeightTooLow")
	// ErrAlreadyStored means that the call is stored already.
	ErrAlreadyStored = frame.NewError(13, "AlreadyStored")
)

// Pallet is the multisig accounts of one chain.
type Pallet struct {
	Config
	State
	Money  Money
	Blocks Blocks
}

// Money is what the pallet needs of the balances.
type Money interface {
	Reserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
	Unreserve(ctx *frame.Context, who chain.AccountID, amount chain.Balance) (missing chain.Balance)
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
	ExtrinsicIndex(*frame.Context) uint32
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Multisig", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.CallWith(0, p.asMultiThreshold1, weighThreshold1, func(c AsMultiThreshold1) []frame.AnyCall {
				return []frame.AnyCall{c.Call}
			}).Named("as_multi_threshold_1"),
			frame.CallBy(1, p.asMulti, weighAsMulti), frame.CallBy(2, p.approveAsMulti, weighApprove),
			frame.CallBy(3, p.cancelAsMulti, func(_ *frame.Runtime, c CancelAsMulti) frame.Weight { return base(c.OtherSignatories, 0) }),
			frame.CallBy(4, p.pokeDeposit, func(_ *frame.Runtime, c PokeDeposit) frame.Weight { return base(c.OtherSignatories, 0) }),
		},
		Events: []frame.EventDef{
			frame.Event[NewMultisig](0), frame.Event[MultisigApproval](1), frame.Event[MultisigExecuted](2),
			frame.Event[MultisigCancelled](3), frame.Event[DepositPoked](4),
		},
		Errors: []*frame.Error{
			ErrMinimumThreshold, ErrAlreadyApproved, ErrNoApprovalsNeeded, ErrTooFewSignatories, ErrTooManySignatories,
			ErrSignatoriesOutOfOrder, ErrSenderInSignatories, ErrNotFound, ErrNotOwner, ErrNoTimepoint, ErrWrongTimepoint,
			ErrUnexpectedTimepoint, ErrMaxWeightTooLow, ErrAlreadyStored,
		},
	}
}
