// Package balances keeps and moves the native token (pallet_balances).
//
// An account holds its money in System.Account; one that holds less than the
// existential deposit ends, and what was left is dust.
package balances

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
	// The least that an account may hold.
	ExistentialDeposit chain.Balance
}

// State is what the pallet stores.
type State struct {
	// The amount of the token in existence.
	TotalIssuance storage.Value[chain.Balance]
}

// The calls.
type (
	// TransferAllowDeath moves value to dest, and ends the signer's account if too little is left.
	TransferAllowDeath struct {
		Dest  chain.MultiAddress
		Value chain.Balance `scale:"compact"`
	}
	// ForceTransfer moves value from source to dest; root alone may.
	ForceTransfer struct {
		Source chain.MultiAddress
		Dest   chain.MultiAddress
		Value  chain.Balance `scale:"compact"`
	}
	// TransferKeepAlive moves value to dest, and never ends the signer's account.
	TransferKeepAlive struct {
		Dest  chain.MultiAddress
		Value chain.Balance `scale:"compact"`
	}
	// TransferAll moves all that can be moved to dest.
	TransferAll struct {
		Dest      chain.MultiAddress
		KeepAlive bool
	}
	// ForceSetBalance sets what an account has free; root alone may.
	ForceSetBalance struct {
		Who     chain.MultiAddress
		NewFree chain.Balance `scale:"compact"`
	}
	// Burn destroys value of the signer's.
	Burn struct {
		Value     chain.Balance `scale:"compact"`
		KeepAlive bool
	}
)

// The events.
type (
	// Endowed says that an account came to be with free_balance.
	Endowed struct {
		Account     chain.AccountID
		FreeBalance chain.Balance
	}
	// DustLost says that an account ended and amount, too little to live on, is gone.
	DustLost struct {
		Account chain.AccountID
		Amount  chain.Balance
	}
	// Transfer says that amount moved.
	Transfer struct {
		From, To chain.AccountID
		Amount   chain.Balance
	}
	// BalanceSet says that root set a balance.
	BalanceSet struct {
		Who  chain.AccountID
		Free chain.Balance
	}
	// Reserved says that amount is held by the chain.
	Reserved struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Unreserved says that amount is free again.
	Unreserved struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Deposit says that amount was put into an account.
	Deposit struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Withdraw says that amount was taken out of an account, for a fee for one.
	Withdraw struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Burned says that amount was destroyed.
	Burned struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
)

// The errors.
var (
	// ErrVestingBalance means that the balance still vests.
	ErrVestingBalance = frame.NewError(0, "VestingBalance")
	// ErrLiquidityRestrictions means that the balance is locked.
	ErrLiquidityRestrictions = frame.NewError(1, "LiquidityRestrictions")
	// ErrInsufficientBalance means that the account does not hold that much.
	ErrInsufficientBalance = frame.NewError(2, "InsufficientBalance")
	// ErrExistentialDeposit means that the value is too little to open an account.
	ErrExistentialDeposit = frame.NewError(3, "ExistentialDeposit")
	// ErrExpendability means that the account would end.
	ErrExpendability = frame.NewError(4, "Expendability")
	// ErrExistingVestingSchedule means that the account vests already.
	ErrExistingVestingSchedule = frame.NewError(5, "ExistingVestingSchedule")
	// ErrDeadAccount means that the beneficiary does not exist.
	ErrDeadAccount = frame.NewError(6, "DeadAccount")
)

// Pallet is the token of one chain.
type Pallet struct {
	Config
	State
	// Accounts keeps the accounts.
	Accounts Accounts
}

// Accounts is what the pallet needs of the system.
type Accounts interface {
	Info(*frame.Context, chain.AccountID) frame.AccountInfo
	SetData(ctx *frame.Context, who chain.AccountID, data frame.AccountData, exists bool) error
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Balances", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.Call(0, p.transferAllowDeath, weightTransfer), frame.Call(2, p.forceTransfer, weightTransfer),
			frame.Call(3, p.transferKeepAlive, weightTransfer), frame.Call(4, p.transferAll, weightTransfer),
			frame.Call(8, p.forceSetBalance, weightTransfer), frame.Call(10, p.burn, weightTransfer),
		},
		Events: []frame.EventDef{
			frame.Event[Endowed](0), frame.Event[DustLost](1), frame.Event[Transfer](2), frame.Event[BalanceSet](3),
			frame.Event[Reserved](4), frame.Event[Unreserved](5), frame.Event[Deposit](7), frame.Event[Withdraw](8),
			frame.Event[Burned](11),
		},
		Errors: []*frame.Error{
			ErrVestingBalance, ErrLiquidityRestrictions, ErrInsufficientBalance, ErrExistentialDeposit, ErrExpendability,
			ErrExistingVestingSchedule, ErrDeadAccount,
		},
	}
}
