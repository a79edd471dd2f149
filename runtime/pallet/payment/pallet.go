// Package payment takes fees for transactions: a base, one for the length,
// one for the weight, which a multiplier adjusts to the load of the chain, and
// a tip (pallet_transaction_payment).
package payment

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
	// How much more priority an operational call gets per fee.
	OperationalFeeMultiplier uint8
	// FeePerByte is the fee for each byte of a transaction.
	FeePerByte chain.Balance `scale:"-"`
	// Limits are those of a block.
	MaxBlock  frame.Weight `scale:"-"`
	MaxLength uint32       `scale:"-"`
	Base      frame.Weight `scale:"-"`
	// MaxNormal is what the normal calls of a block may weigh at most.
	MaxNormal frame.Weight `scale:"-"`
	// Adjustment says how the multiplier follows the load.
	Adjustment Adjustment `scale:"-"`
}

// State is what the pallet stores.
type State struct {
	// What the fee for weight is multiplied by; 10^18 is one.
	NextFeeMultiplier storage.Value[Multiplier]
	// The version of what the pallet stores.
	StorageVersion storage.Value[Releases]
}

// Releases are the versions of what the pallet stores.
type Releases uint8

// The versions.
const (
	V1Ancient Releases = iota
	V2
)

// Variants implements scale.Units.
func (Releases) Variants() []string { return []string{"V1Ancient", "V2"} }

// Multiplier is a number with 18 decimal places (sp_arithmetic::FixedU128).
type Multiplier struct {
	Inner scale.U128 `name:"-"`
}

// The events.
type (
	// TransactionFeePaid says that who paid actual_fee, of which tip is the tip.
	TransactionFeePaid struct {
		Who       chain.AccountID
		ActualFee chain.Balance
		Tip       chain.Balance
	}
)

// Pallet is the fees of one chain.
type Pallet struct {
	Config
	State
	// Money moves the fees.
	Money Money
	// Load is how much the block weighs.
	Load Load
	// Takers get the fees.
	Takers Takers
}

// Money is what the pallet needs of the balances.
type Money interface {
	Total(ctx *frame.Context, who chain.AccountID) chain.Balance
	Spendable(ctx *frame.Context, who chain.AccountID, keepAlive bool) chain.Balance
	Withdraw(ctx *frame.Context, who chain.AccountID, amount chain.Balance, keepAlive bool) error
	Deposit(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
}

// Load is what the pallet needs of the system.
type Load interface {
	// NormalWeight is what the normal calls of the block weigh so far.
	NormalWeight(*frame.Context) frame.Weight
}

// Takers are who gets the fees.
type Takers interface {
	// Take gets fee and tip, which are in no account any more.
	Take(ctx *frame.Context, fee, tip chain.Balance)
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "TransactionPayment", Source: source, State: &p.State, Config: p.Config,
		Events: []frame.EventDef{frame.Event[TransactionFeePaid](0)},
	}
}
