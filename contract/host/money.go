package host

import (
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/scale"
)

// Money is a ledger of what accounts and contracts hold.
type Money interface {
	Balance(id [32]byte) scale.U128
	SetBalance(id [32]byte, amount scale.U128)
}

// MinimumBalance is the least that somebody may hold beside nothing.
var MinimumBalance = scale.U64(1)

// balance is what id holds as the transaction goes.
func (t *transaction) balance(id [32]byte) scale.U128 {
	if n, moved := t.balances[id]; moved {
		return n
	}
	if t.money == nil {
		return scale.U128{}
	}
	return t.money.Balance(id)
}

// move gives amount of what from holds to to. It is false, and nothing happens,
// when from holds less, or the cluster has no room for another balance.
func (t *transaction) move(from, to [32]byte, amount scale.U128) bool {
	if amount.IsZero() {
		return true
	}
	left, enough := t.balance(from).Sub(amount)
	if !enough {
		return false
	}
	if from == to {
		return true
	}
	had := t.balance(to)
	more, fits := had.Add(amount)
	if !fits || had.IsZero() && !t.grow(clusterBalance) {
		return false
	}
	t.setBalance(from, left)
	t.setBalance(to, more)
	return true
}

func (t *transaction) setBalance(id [32]byte, amount scale.U128) {
	if t.balances == nil {
		t.balances = map[[32]byte]scale.U128{}
	}
	old, had := t.balances[id]
	t.undo = append(t.undo, func() { restore(t.balances, id, old, had) })
	t.balances[id] = amount
}

// value reads an amount that is to be moved, which costs and changes something
// unless it is zero.
func (x *execution) value(c *vm.Call, ptr uint32, readOnly bool) (v scale.U128, err error) {
	b, err := c.Read(ptr, 16)
	if err != nil {
		return v, err
	}
	if v, err = scale.Decode[scale.U128](b); err != nil || v.IsZero() {
		return v, err
	}
	if readOnly {
		return v, trap(readOnlyMoney)
	}
	return v, c.Charge(gasMove)
}

const readOnlyMoney = "money moved in a read-only call"

// transfer gives money to an account or a contract, which does not run. The
// lengths that it is given count for nothing, as in pallet-contracts.
func transfer(x *execution, c *vm.Call, s []uint64) error {
	if x.readOnly { // of nothing too
		return trap(readOnlyMoney)
	}
	id, err := c.Read(u32(s, 0), 32)
	if err != nil {
		return err
	}
	to := [32]byte(id)
	amount, err := x.value(c, u32(s, 2), false)
	if err != nil {
		return err
	}
	// What a contract held that has ended, nobody could ever spend.
	other, found, err := x.find(c, to)
	if err != nil {
		return err
	}
	s[0] = codeTransferFailed
	if (found || !other.Ended) && x.t.move(x.env.Address, to, amount) {
		s[0] = codeSuccess
	}
	return nil
}

func balance(x *execution, c *vm.Call, s []uint64) error {
	if err := c.Charge(gasRead); err != nil {
		return err
	}
	return output(c, u32(s, 0), u32(s, 1), scale.Marshal(x.t.balance(x.env.Address)))
}

func minimumBalance(_ *execution, c *vm.Call, s []uint64) error {
	return output(c, u32(s, 0), u32(s, 1), scale.Marshal(MinimumBalance))
}
