// Package payment takes fees for transactions: a base, one for the length,
// one for the weight, and a tip (pallet_transaction_payment).
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
}

// State is what the pallet stores.
type State struct {
	// What the fee for weight is multiplied by; 10^18 is one.
	NextFeeMultiplier storage.Value[Multiplier]
}

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
}

// Money is what the pallet needs of the balances.
type Money interface {
	Spendable(ctx *frame.Context, who chain.AccountID, keepAlive bool) chain.Balance
	Withdraw(ctx *frame.Context, who chain.AccountID, amount chain.Balance, keepAlive bool) error
	Refund(ctx *frame.Context, who chain.AccountID, amount chain.Balance) error
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "TransactionPayment", Source: source, State: &p.State, Config: p.Config,
		Events: []frame.EventDef{frame.Event[TransactionFeePaid](0)},
	}
}
