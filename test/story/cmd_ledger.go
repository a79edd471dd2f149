package story

import (
	"context"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
)

// of finds who signs and in which cluster.
func (w *World) of(l *line) (who keys.Pair, cluster hash.H256, err error) {
	name := l.opt("in", "c")
	cluster, ok := w.clusters[name]
	if !ok {
		return who, cluster, fmt.Errorf("no cluster is called %s", name)
	}
	who, err = w.account(l.opt("by", "Alice"))
	return who, cluster, err
}

// deposit AMOUNT in=CLUSTER by=Alice
func (w *World) deposit(l *line) error {
	text, err := l.arg(0)
	if err != nil {
		return err
	}
	n, err := tokens(text)
	if err != nil {
		return err
	}
	who, cluster, err := w.of(l)
	if err != nil {
		return err
	}
	return w.do(who, clusters.Deposit{Cluster: cluster, Value: n})
}

// holder is an account or a contract.
func (w *World) holder(name string) (keys.AccountID, error) {
	if c := w.things[name]; c != nil {
		return keys.AccountID(c.id), nil
	}
	if id, ok := w.clusters[name]; ok {
		return words.EscrowAccount(id), nil
	}
	return w.who(name)
}

// give TO AMOUNT in=CLUSTER by=Alice as=NAME
//
// gives tokens of a ledger, in secret.
func (w *World) give(l *line) error {
	return w.ledgerAction(l, func(to keys.AccountID, n scale.U128) words.Action { return words.Transfer{To: to, Amount: n} })
}

// withdraw TO AMOUNT in=CLUSTER by=Alice as=NAME
//
// takes tokens out of a ledger, to an account of the chain.
func (w *World) withdraw(l *line) error {
	return w.ledgerAction(l, func(to keys.AccountID, n scale.U128) words.Action { return words.Withdraw{To: to, Amount: n} })
}

func (w *World) ledgerAction(l *line, action func(to keys.AccountID, n scale.U128) words.Action) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	text, err := l.arg(1)
	if err != nil {
		return err
	}
	to, err := w.holder(name)
	if err != nil {
		return err
	}
	n, err := tokens(text)
	if err != nil {
		return err
	}
	who, cluster, err := w.of(l)
	if err != nil {
		return err
	}
	ledger := &contract{id: cluster, cluster: cluster}
	m, err := w.seal(ledger, who, ledgerLabel, seal.KindLedger, scale.Encode(action(to, n)))
	if err != nil {
		return err
	}
	m.call = clusters.Transact{Cluster: cluster, Envelope: m.envelope}
	return w.send(l.opt("as", "it"), who, m)
}

// ledgerLabel marks messages whose answer is what is left.
const ledgerLabel = "ledger"

// holds [OF] in=CLUSTER by=Alice [at=WORKER]
//
// asks a worker what an account or a contract holds.
func (w *World) holds(l *line) error {
	who, cluster, err := w.of(l)
	if err != nil {
		return err
	}
	of, name := who.AccountID(), l.opt("by", "Alice")
	if len(l.args) > 0 {
		name = l.args[0]
		if of, err = w.holder(name); err != nil {
			return err
		}
	}
	asker, to, least, err := w.asker(w.workers[l.opt("at", w.order[0])], "")
	if err != nil {
		return err
	}
	n, err := asker.Balance(context.Background(), to, who, cluster, least, of)
	if err != nil {
		return fmt.Errorf("%s (kind %d)", text(err), wire.KindOf(err))
	}
	w.printf("%s holds %s\n", name, amount(n))
	return nil
}

// terms [gas=0] [item=0] [byte=0] [to=Alice] in=CLUSTER by=Alice
//
// sets what is paid in a cluster: tokens for a million gas, which an account gets,
// and those that are held for an entry of storage and a byte of it.
func (w *World) terms(l *line) error {
	who, cluster, err := w.of(l)
	if err != nil {
		return err
	}
	to, err := w.holder(l.opt("to", "Alice"))
	if err != nil {
		return err
	}
	t := words.Terms{Treasury: to}
	for _, price := range []struct {
		name string
		to   *scale.U128
	}{{"gas", &t.GasPrice}, {"item", &t.DepositPerItem}, {"byte", &t.DepositPerByte}} {
		if *price.to, err = tokens(l.opt(price.name, "0")); err != nil {
			return err
		}
	}
	return w.do(who, clusters.SetTerms{Cluster: cluster, Terms: t})
}

// ledger CLUSTER
//
// prints what the chain shows of a ledger to everybody.
func (w *World) ledger(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	id, ok := w.clusters[name]
	if !ok {
		return fmt.Errorf("no cluster is called %s", name)
	}
	state, err := w.state()
	if err != nil {
		return err
	}
	x := w.rt.Clusters.Ledgers.Get(state, id)
	there := w.rt.System.Account.Get(state, words.EscrowAccount(id)).Data.Free
	rest, ok := there.Sub(x.Escrow)
	if !ok {
		return errors.New("the escrow's account has less than is in escrow")
	}
	w.printf("%s: %s in escrow, of which %s are on their way in; its account has %s more\n", name, amount(x.Escrow), amount(x.Coming), amount(rest))
	return nil
}
