package cluster

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// termsName is where the terms lie that apply. There are none at first.
const termsName = "terms"

// terms are what accounts pay here.
func (t *Tx) terms() (w words.Terms) {
	b, ok := t.get(termsName)
	if !ok {
		return w
	}
	w, err := scale.Decode[words.Terms](b)
	if err != nil {
		t.err = cmp.Or(t.err, errState)
	}
	return w
}

// agree takes the terms that the owner of the cluster chose: they apply to what
// comes after this message.
func (c *Cluster) agree(t *Tx, m queue.Message, terms words.Terms) Result {
	if !fromChain(m) {
		return rejected(m, c.id, "terms come from the chain alone")
	}
	if !terms.Valid(c.id) {
		return rejected(m, c.id, "the terms are out of bounds")
	}
	if terms == (words.Terms{}) {
		t.set(termsName, nil)
	} else {
		t.set(termsName, scale.Marshal(terms))
	}
	return Result{Receipt: &words.Receipt{Seq: m.Seq, Contract: c.id, Status: words.StatusOK}}
}

// payGas moves what gas costs from an account to the treasury, or all that the
// account has.
func (t *Tx) payGas(terms words.Terms, who keys.AccountID, gas uint64) {
	l, fee := ledger{t}, terms.Fee(gas)
	has := l.Balance(who)
	if has.Less(fee) {
		fee = has
	}
	if fee.IsZero() || who == terms.Treasury {
		return
	}
	l.SetBalance(who, has.SubSat(fee))
	l.SetBalance(terms.Treasury, l.Balance(terms.Treasury).AddSat(fee)) // at most all that is held
}

// unpaid says what an account could not pay for, and why nothing was done.
type unpaid uint8

const (
	allPaid       unpaid = iota
	gasUnpaid            // any gas: nothing ran
	depositUnpaid        // what contracts would store more
	limitUnpaid          // the same, within the limit that it set
)

// pay runs an export of a contract with at most most gas for the caller in env,
// who pays for it: with no more gas than he can pay for beside the value that he
// gives. Meanwhile the contract cannot spend what is reserved for that. What was
// used is paid whatever comes of the call; then come the deposits for what
// contracts store, up to limit, without which nothing else is kept. Queries are
// free, and tell of deposits that nobody pays. env lacks what the cluster alone
// has.
func (c *Cluster) pay(ctx context.Context, t *Tx, export string, env host.Env, most uint64, limit *scale.U128) (host.Result, bill, error) {
	terms, who := t.terms(), keys.AccountID(env.Caller)
	has := ledger{t}.Balance(who)
	if env.Query {
		terms.GasPrice = scale.U128{}
	}
	gas := terms.Affords(has.SubSat(env.Value), most)
	if gas == 0 {
		return refused("the account holds %v in the cluster and gives %v, which leaves nothing for gas: a million costs %v", has, env.Value, terms.GasPrice), bill{unpaid: gasUnpaid}, nil
	}
	o, reserve := t.overlay(), terms.Fee(gas)
	if !reserve.IsZero() {
		ledger{o}.SetBalance(who, has.SubSat(reserve))
	}
	id := hash.H256(env.Address)
	env.State, env.Money, env.Stored, env.Keys, env.Cluster = contractState{o, dataName(id)}, ledger{o}, o.kept.State, c.contractKey, c.id
	env.Prices = prices(terms)
	out, err := c.codes.Run(ctx, env.Code, export, env, contracts{c, o}, gas)
	var b bill
	if err == nil && out.Status == vm.OK {
		if !reserve.IsZero() {
			ledger{o}.SetBalance(who, ledger{o}.Balance(who).AddSat(reserve))
		}
		o.payGas(terms, who, out.Gas)
		if b = o.settle(terms, who, out.Grown, limit); b.unpaid == allPaid {
			t.merge(o)
		} else {
			out = host.Result{Outcome: vm.Outcome{Status: vm.Reverted, Gas: out.Gas, Reason: b.reason(ledger{o}.Balance(who))}, Lines: out.Lines, Debug: out.Debug}
		}
	}
	if t.err = cmp.Or(t.err, o.err); err != nil {
		return host.Result{}, b, err
	}
	if out.Status == vm.OutOfGas && gas < most {
		out.Reason = "the account can pay for no more gas in the cluster"
	}
	if out.Status != vm.OK {
		t.payGas(terms, who, out.Gas)
	}
	return out, b, nil
}

// prices are those of what contracts store.
func prices(terms words.Terms) host.Prices {
	return host.Prices{Item: terms.DepositPerItem, Byte: terms.DepositPerByte}
}

// reason is why an execution is not kept whose origin holds so much after the
// gas was paid.
func (b bill) reason(has scale.U128) string {
	if b.unpaid == limitUnpaid {
		return fmt.Sprintf("what contracts store more takes a deposit of %v, above the limit of %v", b.charge, b.limit)
	}
	return fmt.Sprintf("what contracts store more takes a deposit of %v, and the account holds %v in the cluster beside the gas", b.charge, has)
}

// gasBlocks is the price of a unit of a code's work, so that the most there can be
// costs what it takes: a second.
const gasBlocks = 100

// learn keeps that contracts may be made of a code that can run, and its size.
// Where gas is paid for, whoever brings a code that the cluster was not told of
// pays for its compilation, by its bytes and its work, beside what he gives; paid
// is false when he cannot, and the code is not known then.
func (c *Cluster) learn(ctx context.Context, t *Tx, code hash.H256, who keys.AccountID, gives scale.U128) (gas uint64, paid bool, err error) {
	b, known := t.get(codeName(code))
	if known && len(b) == 4 {
		return 0, true, nil
	}
	source, err := c.codes.Source(ctx, code)
	if err != nil {
		return 0, false, err
	}
	if terms := t.terms(); !known && !terms.GasPrice.IsZero() {
		gas = uint64(len(source))*gasCodeByte + vm.Work(source)*gasBlocks
		if (ledger{t}).Balance(who).SubSat(gives).Less(terms.Fee(gas)) {
			return 0, false, nil
		}
		t.payGas(terms, who, gas)
	}
	t.set(codeName(code), binary.LittleEndian.AppendUint32(nil, uint32(len(source))))
	return gas, true, nil
}

// cannotCompile is why a code is not taken.
const cannotCompile = "the account cannot pay for compiling the code in the cluster"
