package clusters

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// What a deposit and an action cost has in it what follows from them later: an
// arrival that is taken off the list, a withdrawal that is paid.
var weightDeposit = frame.Time(250 * frame.Microsecond)

func weighTransact(_ *frame.Runtime, c Transact) frame.Weight {
	return frame.Time(250*frame.Microsecond + 2500*uint64(len(c.Envelope)))
}

// deposit puts tokens into escrow and tells the cluster. The depositor's account
// is kept alive: no dust is lost.
func (p *Pallet) deposit(ctx *frame.Context, c Deposit) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	if err := p.Ready(ctx, c.Cluster); err != nil {
		return err
	}
	if c.Value.IsZero() {
		return ErrNothing
	}
	if err := p.Money.Transfer(ctx, who, words.EscrowAccount(c.Cluster), c.Value, true); err != nil {
		return err
	}
	l := p.Ledgers.Get(ctx, c.Cluster)
	var ok bool
	if l.Escrow, ok = l.Escrow.Add(c.Value); !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	seq, err := p.bring(ctx, c.Cluster, &l, words.Deposit{From: who, Amount: c.Value}, c.Value)
	if err != nil {
		return err
	}
	p.Ledgers.Put(ctx, c.Cluster, l)
	ctx.Emit(Deposited{c.Cluster, who, c.Value, seq})
	return nil
}

// bring queues a message that brings a part of the escrow to the cluster.
func (p *Pallet) bring(ctx *frame.Context, cluster hash.H256, l *words.Ledger, m words.ClusterMessage, amount chain.Balance) (uint64, error) {
	seq, err := p.Queue.Push(ctx, queue.ToCluster{ID: cluster}, origin, scale.Encode(m))
	if err != nil {
		return 0, err
	}
	var ok bool
	if l.Coming, ok = l.Coming.Add(amount); !ok {
		return 0, frame.ErrArithmetic{Kind: frame.Overflow}
	}
	p.Arrivals.Put(ctx, cluster, l.Last, words.Arrival{Seq: seq, Amount: amount})
	l.Last++
	return seq, nil
}

func (p *Pallet) transact(ctx *frame.Context, c Transact) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	if len(c.Envelope) > int(p.MaxEnvelope) {
		return ErrTooLong
	}
	if err := p.Ready(ctx, c.Cluster); err != nil {
		return err
	}
	seq, err := p.Queue.Push(ctx, queue.ToCluster{ID: c.Cluster}, queue.OriginAccount{ID: who},
		scale.Encode[words.ClusterMessage](words.Transact{Envelope: c.Envelope}))
	if err != nil {
		return err
	}
	ctx.Emit(TransactionQueued{c.Cluster, who, seq})
	return nil
}

// settle does what the ledger of a cluster did: it pays the withdrawals of the
// messages from since on, and checks that what is left in escrow is what the
// ledger says it holds. Otherwise nothing of m is taken.
func (p *Pallet) settle(ctx *frame.Context, m words.Receipts, since uint64) error {
	if len(m.Withdrawals) > words.MaxWithdrawals || len(m.Receipts) > words.MaxReceipts {
		return ErrTooLong
	}
	l := p.Ledgers.Get(ctx, m.Cluster)
	if m.Next <= l.Settled {
		return nil // before a dispute was settled; what was paid is paid
	}
	since = max(since, l.Settled)
	for ; l.First < l.Last; l.First++ {
		a, _ := p.Arrivals.Find(ctx, m.Cluster, l.First)
		if a.Seq >= m.Next {
			break
		}
		l.Coming = l.Coming.SubSat(a.Amount)
		p.Arrivals.Remove(ctx, m.Cluster, l.First)
	}
	next := m.From
	for _, w := range m.Withdrawals {
		if w.Seq < next || w.Seq >= m.Next {
			return ErrUnbacked // one twice, out of order, or of a message that is not told of
		}
		next = w.Seq + 1
		if w.Seq < since {
			continue // another member told of it
		}
		if err := p.pay(ctx, m.Cluster, &l, w); err != nil {
			return err
		}
	}
	if held, ok := l.Escrow.Sub(l.Coming); !ok || held != m.Held {
		return ErrUnbacked
	}
	l.Settled = m.Next
	p.Ledgers.Put(ctx, m.Cluster, l)
	return nil
}

// pay releases a withdrawal from escrow. One that its receiver cannot take, as
// when it would be an account with less than the existential deposit, goes back
// to where it came from.
func (p *Pallet) pay(ctx *frame.Context, cluster hash.H256, l *words.Ledger, w words.Withdrawal) error {
	left, ok := l.Escrow.Sub(w.Amount)
	if !ok {
		return ErrUnbacked
	}
	escrow := words.EscrowAccount(cluster)
	var err error = ErrNothing
	if w.To != escrow {
		err = p.Money.Transfer(ctx, escrow, w.To, w.Amount, true)
	}
	if err == nil {
		l.Escrow = left
		ctx.Emit(Withdrawn{cluster, w.To, w.Amount, w.Seq})
		return nil
	}
	if _, pushed := p.bring(ctx, cluster, l, words.Return{Seq: w.Seq, To: w.From, Amount: w.Amount}, w.Amount); pushed != nil {
		return pushed
	}
	ctx.Emit(WithdrawalReturned{cluster, w.To, w.Amount, w.Seq, ctx.Runtime().Reason(err)})
	return nil
}
