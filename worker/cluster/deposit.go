package cluster

import (
	"cmp"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

// deposit is what is held for what a contract stores, in place of whoever had it
// stored. The ledger's sum is that of all balances and all deposits. What a
// contract stored before there were deposits, or while they cost nothing, nothing
// is held for; before there were any, it was not counted either.
//
//	items u64 ‖ bytes u64 ‖ held for items u128 ‖ held for bytes u128
type deposit struct {
	Items, Bytes       uint64
	ForItems, ForBytes scale.U128
}

func depositName(contract hash.H256) string { return "deposit" + string(contract[:]) }

// deposit is that of a contract.
func (t *Tx) deposit(contract hash.H256) (d deposit) {
	b, ok := t.get(depositName(contract))
	if !ok {
		return d
	}
	d, err := scale.Decode[deposit](b)
	if err != nil {
		t.err = cmp.Or(t.err, errState)
	}
	return d
}

func (t *Tx) setDeposit(contract hash.H256, d deposit) {
	if d == (deposit{}) {
		t.set(depositName(contract), nil)
		return
	}
	t.set(depositName(contract), scale.Marshal(d))
}

// held is all that is held, which is less than there are tokens.
func (d deposit) held() scale.U128 { return d.ForItems.AddSat(d.ForBytes) }

// count counts n more of what a contract stores, or less, each at a price. What
// is gone gives back its part of what is held.
func count(stored *uint64, held *scale.U128, n int64, price scale.U128) (charge, refund scale.U128) {
	if n >= 0 {
		charge, _ = price.Mul(scale.U64(uint64(n))) // below 2^124
		*stored += uint64(n)
		*held = held.AddSat(charge) // who pays for it has it, or nothing of this is kept
		return charge, refund
	}
	if gone := min(uint64(-n), *stored); gone > 0 {
		refund, _ = held.MulDiv(scale.U64(gone), scale.U64(*stored))
		*stored -= gone
		*held = held.SubSat(refund)
	}
	return charge, refund
}

// bill is what an execution costs its origin beside gas: for what contracts store
// more, less what comes back for what they store less; one of the two is zero.
type bill struct {
	unpaid                unpaid
	charge, refund, limit scale.U128
}

// settle counts what contracts store after an execution, and moves what that costs
// between its origin and the deposits. What an ended contract had held goes to its
// heir. No more than the limit is charged, by default that of the terms. Unless all
// is paid, what t has is not to be kept.
func (t *Tx) settle(terms words.Terms, origin keys.AccountID, grown []host.Growth, limit *scale.U128) (b bill) {
	if b.limit = terms.Limit(); limit != nil {
		b.limit = *limit
	}
	t.bequeath(origin, grown)
	for _, g := range grown {
		if g.Ended {
			continue
		}
		d := t.deposit(g.Contract)
		itemsCharge, itemsRefund := count(&d.Items, &d.ForItems, g.Items, terms.DepositPerItem)
		bytesCharge, bytesRefund := count(&d.Bytes, &d.ForBytes, g.Bytes, terms.DepositPerByte)
		t.setDeposit(g.Contract, d)
		b.charge = b.charge.AddSat(itemsCharge).AddSat(bytesCharge)
		b.refund = b.refund.AddSat(itemsRefund).AddSat(bytesRefund)
	}
	b.charge, b.refund = b.charge.SubSat(b.refund), b.refund.SubSat(b.charge)
	l := ledger{t}
	left, enough := l.Balance(origin).AddSat(b.refund).Sub(b.charge)
	switch {
	case b.limit.Less(b.charge):
		b.unpaid = limitUnpaid
	case !enough:
		b.unpaid = depositUnpaid
	case b.charge != b.refund:
		l.SetBalance(origin, left)
	}
	return b
}

// bequeath gives what was held for contracts that ended to their heirs. One that
// ended too leaves it to his own; where nobody is left, it goes to the origin.
func (t *Tx) bequeath(origin keys.AccountID, grown []host.Growth) {
	heirs := map[[32]byte][32]byte{}
	for _, g := range grown {
		if g.Ended {
			heirs[g.Contract] = g.Heir
		}
	}
	last := func(id [32]byte) [32]byte {
		var path [][32]byte
		for next, ended := heirs[id]; ended; next, ended = heirs[id] {
			if path = append(path, id); len(path) > len(heirs) {
				next = origin // they leave it to one another
			}
			id = next
		}
		for _, p := range path { // so that long ways are gone once
			heirs[p] = id
		}
		return id
	}
	l := ledger{t}
	for _, g := range grown {
		d := t.deposit(g.Contract)
		if !g.Ended || d == (deposit{}) {
			continue
		}
		heir := last(g.Heir)
		if record, known := t.get(contractName(heir)); known && len(record) == 0 {
			heir = origin
		}
		l.SetBalance(heir, l.Balance(heir).AddSat(d.held()))
		t.setDeposit(g.Contract, deposit{})
	}
}
