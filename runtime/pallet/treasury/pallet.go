// Package treasury keeps the chain's common money: what comes in of fees and
// slashes, and what is spent of it by decision of the chain's governance
// (pallet_treasury).
//
// A spend is approved and then paid out when anybody asks for it. What FRAME
// deprecated, proposals and spend_local with their periods, is not here.
package treasury

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// What the treasury's account is derived from.
	PalletID PalletID `name:"PalletId"`
	// How many blocks a spend may be claimed.
	PayoutPeriod chain.BlockNumber
	// The treasury's account.
	PotAccount chain.AccountID `name:"pot_account"`
}

// PalletID names a pallet that has an account.
type PalletID struct {
	ID [8]byte `name:"-"`
}

// State is what the pallet stores.
type State struct {
	// How many spends were approved ever.
	SpendCount storage.Value[uint32]
	// The spends that are approved and not settled.
	Spends storage.OptMap[uint32, SpendStatus, storage.Twox64Concat]
}

// SpendStatus is an approved spend.
type SpendStatus struct {
	// What is spent; the native token.
	AssetKind struct{}
	// How much, and to whom.
	Amount      chain.Balance
	Beneficiary chain.AccountID
	// From which block on it may be claimed, and until before which.
	ValidFrom, ExpireAt chain.BlockNumber
	Status              PaymentState
}

// PaymentState says how far a spend is.
type PaymentState interface{ isPaymentState() }

// The states.
type (
	// Pending means that nobody has claimed it.
	Pending struct{}
	// Attempted means that it was paid.
	Attempted struct {
		ID struct{}
	}
	// Failed means that it could not be paid, and may be claimed again.
	Failed struct{}
)

// The calls.
type (
	// Spend approves a spend; governance alone may. Without valid_from it may be claimed at once.
	Spend struct {
		AssetKind   struct{}
		Amount      chain.Balance `scale:"compact"`
		Beneficiary chain.MultiAddress
		ValidFrom   *chain.BlockNumber
	}
	// Payout pays an approved spend to its beneficiary; anybody may ask for it.
	Payout struct{ Index uint32 }
	// CheckStatus removes a spend that was paid or has expired; then it is free.
	CheckStatus struct{ Index uint32 }
	// VoidSpend takes back the approval of a spend that was not paid; governance alone may.
	VoidSpend struct{ Index uint32 }
)

// The events.
type (
	// Deposit says that the treasury got money.
	Deposit struct{ Value chain.Balance }
	// AssetSpendApproved says that a spend was approved.
	AssetSpendApproved struct {
		Index       uint32
		AssetKind   struct{}
		Amount      chain.Balance
		Beneficiary chain.AccountID
		ValidFrom   chain.BlockNumber
		ExpireAt    chain.BlockNumber
	}
	// AssetSpendVoided says that the approval of a spend was taken back.
	AssetSpendVoided struct{ Index uint32 }
	// Paid says that a spend was paid.
	Paid struct {
		Index     uint32
		PaymentID struct{}
	}
	// SpendProcessed says that a spend was settled and removed.
	SpendProcessed struct{ Index uint32 }
)

// The errors.
var (
	// ErrInvalidIndex means that there is no such spend.
	ErrInvalidIndex = frame.NewError(0, "InvalidIndex")
	// ErrSpendExpired means that the time to claim the spend is over.
	ErrSpendExpired = frame.NewError(5, "SpendExpired")
	// ErrEarlyPayout means that the spend may not be claimed yet.
	ErrEarlyPayout = frame.NewError(6, "EarlyPayout")
	// ErrAlreadyAttempted means that the spend was paid.
	ErrAlreadyAttempted = frame.NewError(7, "AlreadyAttempted")
	// ErrPayoutError means that the spend could not be paid.
	ErrPayoutError = frame.NewError(8, "PayoutError")
	// ErrNotAttempted means that the spend was not claimed.
	ErrNotAttempted = frame.NewError(9, "NotAttempted")
)

// Pallet is the treasury of one chain.
type Pallet struct {
	Config
	State
	Money  Money
	Blocks Blocks
}

// Money is what the pallet needs of the balances.
type Money interface {
	Deposit(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
	Transfer(ctx *frame.Context, from, to chain.AccountID, value chain.Balance, keepAlive bool) error
}

// Blocks is what the pallet needs of the system.
type Blocks interface {
	Now(*frame.Context) chain.BlockNumber
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Treasury", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.Call(5, p.spend, weightSpend), frame.Call(6, p.payout, weightPayout),
			frame.Call(7, p.checkStatus, weightSpend), frame.Call(8, p.voidSpend, weightSpend),
		},
		Events: []frame.EventDef{
			frame.Event[Deposit](4), frame.Event[AssetSpendApproved](7), frame.Event[AssetSpendVoided](8), frame.Event[Paid](9),
			frame.Event[SpendProcessed](11),
		},
		Errors: []*frame.Error{
			ErrInvalidIndex, ErrSpendExpired, ErrEarlyPayout, ErrAlreadyAttempted, ErrPayoutError, ErrNotAttempted,
		},
	}
}
