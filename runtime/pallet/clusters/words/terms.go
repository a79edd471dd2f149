package words

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/scale"
)

// Terms are what accounts pay in a cluster for what contracts do in their name,
// out of what they hold in its ledger. The owner of the cluster chooses them;
// at first all is zero, and the fee of a command is all that is paid. It is also
// how the chain tells the cluster of new terms, which apply from that message on.
type Terms struct {
	// GasPrice is what GasUnit of gas cost, DepositPerItem and DepositPerByte what
	// is held for each entry of a contract's storage and for each byte of its key
	// and value. None is more than MaxPrice.
	GasPrice       chain.Balance
	DepositPerItem chain.Balance
	DepositPerByte chain.Balance
	// Treasury is who is paid for gas, in the ledger.
	Treasury chain.AccountID
}

func (Terms) isClusterMessage() {}

// Notice says which terms a cluster is to have, from the first message that is
// sent to it in block From or later.
type Notice struct {
	Terms Terms
	From  chain.BlockNumber
}

// Dearer tells whether a price is above that of other terms.
func (t Terms) Dearer(than Terms) bool {
	return than.GasPrice.Less(t.GasPrice) || than.DepositPerItem.Less(t.DepositPerItem) || than.DepositPerByte.Less(t.DepositPerByte)
}

// GasUnit is how much gas a price is for.
const GasUnit = 1_000_000

// MaxPrice is the most that a price can be, about 2^60: what all the gas of a
// command costs, or all that a cluster can store, is far below 2^128.
var MaxPrice = scale.U64(1_000_000_000_000_000_000)

// Valid tells whether terms can be those of a cluster: prices are within their
// bound, and gas is paid to somebody who can take it out again.
func (t Terms) Valid(cluster [32]byte) bool {
	for _, price := range []chain.Balance{t.GasPrice, t.DepositPerItem, t.DepositPerByte} {
		if MaxPrice.Less(price) {
			return false
		}
	}
	return t.GasPrice.IsZero() || t.Treasury != chain.AccountID{} && t.Treasury != EscrowAccount(cluster)
}

// Fee is what gas costs, rounded up.
func (t Terms) Fee(gas uint64) chain.Balance {
	all, _ := t.GasPrice.Mul(scale.U64(gas)) // below 2^124
	fee, rest := all.DivMod(scale.U64(GasUnit))
	if !rest.IsZero() {
		fee = fee.AddSat(scale.U64(1))
	}
	return fee
}

// Affords is for how much gas an amount pays, and no more than most.
func (t Terms) Affords(amount chain.Balance, most uint64) uint64 {
	if amount.Cmp(t.Fee(most)) >= 0 {
		return most
	}
	gas, _ := amount.MulDiv(scale.U64(GasUnit), t.GasPrice) // less than most: the price is not zero
	n, _ := gas.Uint64()
	return n
}

// What a message may have contracts store more, together, unless it sets another
// limit for the deposit: as many entries, and bytes.
const (
	DefaultItems = 256
	DefaultBytes = 128 << 10
)

// Limit is the most that a message pays as a storage deposit which sets no limit of
// its own. A contract could have whoever calls it pay all that he has otherwise,
// and take it back as a refund.
func (t Terms) Limit() chain.Balance {
	items, _ := t.DepositPerItem.Mul(scale.U64(DefaultItems)) // below 2^68
	bytes, _ := t.DepositPerByte.Mul(scale.U64(DefaultBytes)) // below 2^77
	return items.AddSat(bytes)
}
