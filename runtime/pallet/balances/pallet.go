// Package balances keeps and moves the native token (pallet_balances).
//
// An account holds its money in System.Account; one that holds less than the
// existential deposit ends, and what was left is dust. Part of the money may
// be reserved (held by the chain on the account's behalf) or frozen.
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
	// The most locks on an account that are kept.
	MaxLocks uint32
	// The most named reserves that an account may have.
	MaxReserves uint32
	// The most freezes on an account.
	MaxFreezes uint32
	// MaxHolds is the most holds on an account.
	MaxHolds uint32 `scale:"-"`
}

// State is what the pallet stores.
type State struct {
	// The amount of the token in existence.
	TotalIssuance storage.Value[chain.Balance]
	// The part of it that takes no part in anything.
	InactiveIssuance storage.Value[chain.Balance]
	// The locks on an account; they overlay, so that the greatest counts.
	Locks storage.Map[chain.AccountID, []BalanceLock, storage.Blake2Concat]
	// What an account has reserved under names; no pallet of this chain does.
	Reserves storage.Map[chain.AccountID, []ReserveData, storage.Blake2Concat]
	// What an account has on hold, by reason; all of it is reserved.
	Holds storage.Map[chain.AccountID, []HoldAmount, storage.Blake2Concat]
	// What an account has frozen, by reason; they overlay, as locks do.
	Freezes storage.Map[chain.AccountID, []FreezeAmount, storage.Blake2Concat]
}

// BalanceLock is a lock on an account's money.
type BalanceLock struct {
	ID      LockID
	Amount  chain.Balance
	Reasons Reasons
}

// LockID names a lock, as the pallet chose that made it.
type LockID = [8]byte

// ReserveData is what is reserved under a name.
type ReserveData struct {
	ID     LockID
	Amount chain.Balance
}

// HoldAmount is what is on hold for a reason.
type HoldAmount struct {
	ID     frame.HoldReason
	Amount chain.Balance
}

// FreezeAmount is what is frozen for a reason.
type FreezeAmount struct {
	ID     frame.FreezeReason
	Amount chain.Balance
}

// Reasons say for what locked money may not be used.
type Reasons uint8

// The reasons.
const (
	Fee Reasons = iota
	Misc
	All
)

// Variants implements scale.Units.
func (Reasons) Variants() []string { return []string{"Fee", "Misc", "All"} }

// AdjustmentDirection says which way the issuance is forced.
type AdjustmentDirection uint8

// The directions.
const (
	Increase AdjustmentDirection = iota
	Decrease
)

// Variants implements scale.Units.
func (AdjustmentDirection) Variants() []string { return []string{"Increase", "Decrease"} }

// BalanceStatus says as what money arrives.
type BalanceStatus uint8

// The states.
const (
	Free BalanceStatus = iota
	Held
)

// Variants implements scale.Units.
func (BalanceStatus) Variants() []string { return []string{"Free", "Reserved"} }

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
	// ForceUnreserve frees amount of what an account has reserved; root alone may.
	ForceUnreserve struct {
		Who    chain.MultiAddress
		Amount chain.Balance
	}
	// UpgradeAccounts brings accounts of older rules under today's; it is free if most needed it.
	UpgradeAccounts struct{ Who []chain.AccountID }
	// ForceSetBalance sets what an account has free; root alone may.
	ForceSetBalance struct {
		Who     chain.MultiAddress
		NewFree chain.Balance `scale:"compact"`
	}
	// ForceAdjustTotalIssuance changes the issuance by delta; root alone may.
	ForceAdjustTotalIssuance struct {
		Direction AdjustmentDirection
		Delta     chain.Balance `scale:"compact"`
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
	// ReserveRepatriated says that reserved money went to another account.
	ReserveRepatriated struct {
		From, To          chain.AccountID
		Amount            chain.Balance
		DestinationStatus BalanceStatus
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
	// Slashed says that amount was taken as a punishment.
	Slashed struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Minted says that amount was made for an account.
	Minted struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Burned says that amount was destroyed.
	Burned struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Suspended says that amount left for elsewhere; on this chain none does so.
	Suspended struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Restored says that amount came back from elsewhere; on this chain none does so.
	Restored struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Upgraded says that an account came under today's rules.
	Upgraded struct{ Who chain.AccountID }
	// Issued says that amount came into existence.
	Issued struct{ Amount chain.Balance }
	// Rescinded says that amount went out of existence.
	Rescinded struct{ Amount chain.Balance }
	// Locked says that amount more is locked.
	Locked struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Unlocked says that amount is locked no more.
	Unlocked struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// FrozenEvent says that amount more is frozen.
	FrozenEvent struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// Thawed says that amount is frozen no more.
	Thawed struct {
		Who    chain.AccountID
		Amount chain.Balance
	}
	// TotalIssuanceForced says that root changed the issuance.
	TotalIssuanceForced struct{ Old, New chain.Balance }
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
	// ErrTooManyReserves means that the account has too many named reserves.
	ErrTooManyReserves = frame.NewError(7, "TooManyReserves")
	// ErrTooManyHolds means that the account has too many holds.
	ErrTooManyHolds = frame.NewError(8, "TooManyHolds")
	// ErrTooManyFreezes means that the account has too many freezes.
	ErrTooManyFreezes = frame.NewError(9, "TooManyFreezes")
	// ErrIssuanceDeactivated means that more of the issuance is inactive.
	ErrIssuanceDeactivated = frame.NewError(10, "IssuanceDeactivated")
	// ErrDeltaZero means that nothing would change.
	ErrDeltaZero = frame.NewError(11, "DeltaZero")
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
	PutData(ctx *frame.Context, who chain.AccountID, data frame.AccountData)
	Provide(*frame.Context, chain.AccountID)
	Unprovide(*frame.Context, chain.AccountID) error
	Consume(*frame.Context, chain.AccountID) error
	Unconsume(*frame.Context, chain.AccountID)
}

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Balances", Source: source, State: &p.State, Config: p.Config,
		Calls: []frame.CallDef{
			frame.Call(0, p.transferAllowDeath, weightTransfer), frame.Call(2, p.forceTransfer, weightTransfer),
			frame.Call(3, p.transferKeepAlive, weightTransfer), frame.Call(4, p.transferAll, weightTransfer),
			frame.Call(5, p.forceUnreserve, weightTransfer),
			frame.CallBy(6, p.upgradeAccounts, func(_ *frame.Runtime, c UpgradeAccounts) frame.Weight {
				return frame.Time(uint64(1+len(c.Who)) * 30 * frame.Microsecond)
			}),
			frame.Call(8, p.forceSetBalance, weightTransfer),
			frame.Call(9, p.forceAdjustTotalIssuance, weightTransfer),
			frame.Call(10, p.burn, weightTransfer),
		},
		Events: []frame.EventDef{
			frame.Event[Endowed](0), frame.Event[DustLost](1), frame.Event[Transfer](2), frame.Event[BalanceSet](3),
			frame.Event[Reserved](4), frame.Event[Unreserved](5), frame.Event[ReserveRepatriated](6), frame.Event[Deposit](7),
			frame.Event[Withdraw](8), frame.Event[Slashed](9), frame.Event[Minted](10), frame.Event[Burned](11),
			frame.Event[Suspended](12), frame.Event[Restored](13), frame.Event[Upgraded](14), frame.Event[Issued](15),
			frame.Event[Rescinded](16), frame.Event[Locked](17), frame.Event[Unlocked](18), frame.Event[FrozenEvent](19),
			frame.Event[Thawed](20), frame.Event[TotalIssuanceForced](21),
		},
		Errors: []*frame.Error{
			ErrVestingBalance, ErrLiquidityRestrictions, ErrInsufficientBalance, ErrExistentialDeposit, ErrExpendability,
			ErrExistingVestingSchedule, ErrDeadAccount, ErrTooManyReserves, ErrTooManyHolds, ErrTooManyFreezes,
			ErrIssuanceDeactivated, ErrDeltaZero,
		},
	}
}
