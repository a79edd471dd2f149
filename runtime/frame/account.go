package frame

import "github.com/tacit-network/tacit/chain"

// AccountInfo is an account as System.Account keeps it (frame_system).
type AccountInfo struct {
	Nonce       uint32
	Consumers   uint32
	Providers   uint32
	Sufficients uint32
	Data        AccountData
}

// AccountData is an account's money (pallet_balances).
type AccountData struct {
	// Free is what may be moved, as far as Frozen allows.
	Free chain.Balance
	// Reserved is held by the chain on the account's behalf.
	Reserved chain.Balance
	// Frozen is how much of the whole may not be moved.
	Frozen chain.Balance
	// Flags has its top bit set once the account uses the newer logic.
	Flags chain.Balance
}

// HoldReason says which pallet holds an account's money, and for what
// (RuntimeHoldReason).
type HoldReason struct{ Pallet, Reason uint8 }

// FreezeReason says which pallet freezes an account's money, and for what
// (RuntimeFreezeReason).
type FreezeReason struct{ Pallet, Reason uint8 }

// Lookup is the account that an address names. There are no indices here, so
// that only plain accounts do.
func Lookup(a chain.MultiAddress) (chain.AccountID, error) {
	if id, ok := a.(chain.AddressID); ok {
		return id.ID, nil
	}
	return chain.AccountID{}, ErrCannotLookup{}
}
