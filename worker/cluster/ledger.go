package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// ledger is what accounts and contracts hold in a cluster: host.Money. What is
// kept of each is a u128, or nothing. The sum of all is kept beside; deposits
// and withdrawals alone change it.
type ledger struct{ t *Tx }

func balanceName(id [32]byte) string { return "money" + string(id[:]) }

const heldName = "held"

// Balance implements host.Money.
func (l ledger) Balance(id [32]byte) scale.U128 { return l.amount(balanceName(id)) }

func (l ledger) amount(name string) scale.U128 {
	b, ok := l.t.get(name)
	if !ok {
		return scale.U128{}
	}
	n, err := scale.Decode[scale.U128](b)
	if err != nil && l.t.err == nil {
		l.t.err = errState
	}
	return n
}

// SetBalance implements host.Money.
func (l ledger) SetBalance(id [32]byte, n scale.U128) { l.put(balanceName(id), n) }

func (l ledger) put(name string, n scale.U128) {
	if n.IsZero() {
		l.t.set(name, nil)
		return
	}
	l.t.set(name, scale.Marshal(n))
}

// Held is the sum of the ledger.
func (t *Tx) Held() scale.U128 { return ledger{t}.amount(heldName) }

// errOverflow tells that the chain brought more tokens than there can be.
var errOverflow = errors.New("the ledger holds more tokens than there are")

// credit gives an account what the chain put into escrow for it.
func (c *Cluster) credit(t *Tx, m queue.Message, to keys.AccountID, amount scale.U128) Result {
	if !fromChain(m) {
		return rejected(m, c.id, "money comes from the chain alone")
	}
	l := ledger{t}
	held, fits := t.Held().Add(amount)
	if !fits { // no account has more than all
		t.err = errOverflow
		return Result{}
	}
	l.put(heldName, held)
	l.SetBalance(to, l.Balance(to).AddSat(amount))
	return Result{Receipt: &words.Receipt{Seq: m.Seq, Contract: c.id, Status: words.StatusOK}}
}

// transact does an encrypted action. Its receipt names no contract, whatever the
// action was.
func (c *Cluster) transact(ctx context.Context, t *Tx, m queue.Message, head hash.H256, msg words.Transact) (Result, error) {
	opened, origin, reason := c.open(t, c.id, m, msg.Envelope, seal.KindLedger, seal.KindSigned)
	if reason != "" {
		return rejected(m, c.id, reason), nil
	}
	if opened.Kind == seal.KindSigned {
		out, err := c.signed(ctx, t, m, head, origin, opened.Input)
		if err != nil {
			return Result{}, err
		}
		return c.receipt(m, c.id, msg.Envelope, opened, out), nil
	}
	var out host.Result
	var paid *words.Withdrawal
	action, err := scale.Decode[words.Action](opened.Input)
	if err != nil {
		out = refused("the action does not decode")
	}
	switch a := action.(type) {
	case words.Transfer:
		out = c.transfer(t, origin, a)
	case words.Withdraw:
		out, paid = c.withdraw(t, m.Seq, origin, a)
	case words.Call:
		if out, err = c.call(ctx, t, m, head, origin, a); err != nil {
			return Result{}, err
		}
	}
	r := c.receipt(m, c.id, msg.Envelope, opened, out)
	r.Withdrawal = paid
	return r, nil
}

// refused is the outcome of an action that changes nothing.
func refused(format string, args ...any) host.Result {
	return host.Result{Outcome: vm.Outcome{Status: vm.Reverted, Reason: fmt.Sprintf(format, args...)}}
}

// left is the outcome of an action that leaves so much to who did it.
func left(n scale.U128) host.Result { return host.Result{Outcome: vm.Outcome{Data: scale.Marshal(n)}} }

func (c *Cluster) transfer(t *Tx, from keys.AccountID, a words.Transfer) host.Result {
	l := ledger{t}
	rest, enough := l.Balance(from).Sub(a.Amount)
	switch record, known := t.get(contractName(hash.H256(a.To))); {
	case a.Amount.IsZero():
		return refused("there is nothing to transfer")
	case !enough:
		return tooLittle(l.Balance(from), a.Amount)
	case known && len(record) == 0:
		return refused("the receiver is a contract that has ended")
	case a.To == from:
		return left(l.Balance(from))
	}
	l.SetBalance(from, rest)
	l.SetBalance(a.To, l.Balance(a.To).AddSat(a.Amount)) // at most all that is held
	return left(rest)
}

func tooLittle(has, wants scale.U128) host.Result {
	return refused("the account holds %v in the cluster, less than %v", has, wants)
}

func (c *Cluster) withdraw(t *Tx, seq uint64, from keys.AccountID, a words.Withdraw) (host.Result, *words.Withdrawal) {
	l := ledger{t}
	rest, enough := l.Balance(from).Sub(a.Amount)
	switch {
	case a.Amount.IsZero():
		return refused("there is nothing to withdraw"), nil
	case !enough:
		return tooLittle(l.Balance(from), a.Amount), nil
	case a.To == words.EscrowAccount(c.id):
		return refused("the receiver is the escrow of the cluster"), nil
	}
	l.SetBalance(from, rest)
	l.put(heldName, t.Held().SubSat(a.Amount)) // which has it: the account had
	return left(rest), &words.Withdrawal{Seq: seq, From: from, To: a.To, Amount: a.Amount}
}

// call calls a contract, also one that a contract made.
func (c *Cluster) call(ctx context.Context, t *Tx, m queue.Message, head hash.H256, origin keys.AccountID, a words.Call) (host.Result, error) {
	contract, found, err := contracts{c, t}.ready(ctx, a.Contract)
	if errors.Is(err, vm.ErrRefused) {
		return refused("%v", err), nil
	}
	if err != nil {
		return host.Result{}, err
	}
	if !found {
		return refused("there is no such contract"), nil
	}
	out, err := c.run(ctx, t, contract, "call", m, head, a.Contract, origin, call{value: a.Value, input: a.Input})
	if err == nil {
		t.log(m.Block, m.Time, out)
	}
	return out, err
}

// ErrNotHolder tells that somebody else than whose money it is asked for a
// balance.
var ErrNotHolder = errors.New("a balance is told to its holder, and that of a contract to its owner")

// Balance tells who what of holds: himself, or a contract that he owns.
func (c *Cluster) Balance(r Reader, who keys.AccountID, of [32]byte) (scale.U128, error) {
	if of != [32]byte(who) {
		record, ok, err := c.vault.get(r, contractName(of))
		if err != nil {
			return scale.U128{}, err
		}
		if !ok || len(record) != 64 || keys.AccountID(record[32:]) != who {
			return scale.U128{}, ErrNotHolder
		}
	}
	t, err := c.Begin(r)
	if err != nil {
		return scale.U128{}, err
	}
	n := ledger{t}.Balance(of)
	return n, t.err
}
