package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/contracts"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
)

// Credited is a deposit that a cluster's ledger has.
type Credited struct {
	Sent   *Included
	Seq    uint64            // of the message that brought it
	Number chain.BlockNumber // of the block with the receipt
}

// Deposit puts tokens into a cluster's confidential ledger and waits until they
// are there.
func (c *Client) Deposit(ctx context.Context, who keys.Pair, cluster hash.H256, amount chain.Balance) (*Credited, error) {
	in, err := c.Submit(ctx, who, clusters.Deposit{Cluster: cluster, Value: amount}, UntilInBlock)
	if err != nil {
		return nil, err
	}
	e, ok := Event[clusters.Deposited](in)
	if !ok {
		return nil, errors.New("the chain queued no deposit")
	}
	out := &Credited{Sent: in, Seq: e.Seq}
	out.Number, err = c.taken(ctx, in, cluster, e.Seq)
	return out, err
}

// taken waits until a cluster has done what the chain told it in a message, and
// returns the block with the receipt.
func (c *Client) taken(ctx context.Context, in *Included, cluster hash.H256, seq uint64) (number chain.BlockNumber, err error) {
	var receipt words.Receipt
	err = c.Follow(ctx, in.Number, func(h chain.Header, events []Record) (bool, error) {
		for _, r := range events {
			if done, ok := r.Event.(contracts.CommandDone); ok && done.Cluster == cluster && done.Receipt.Seq == seq {
				receipt, number = done.Receipt, h.Number
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return number, fmt.Errorf("wait for the receipt: %w", err)
	}
	if receipt.Status != words.StatusOK {
		return number, fmt.Errorf("the worker rejected it: %s", receipt.Error)
	}
	return number, nil
}

// Terms returns what is paid in a cluster for gas and storage, of which the cluster
// was told and to which it may not have come yet, and what was announced beside it:
// nil where nothing was.
func (c *Client) Terms(ctx context.Context, cluster hash.H256) (words.Terms, *words.Notice, error) {
	s := c.Runtime().Clusters
	t, _, err := Find[words.Terms](ctx, c, s.Terms.Key(cluster), nil)
	if err != nil {
		return t, nil, err
	}
	n, ok, err := Find[words.Notice](ctx, c, s.Notices.Key(cluster), nil)
	if err != nil || !ok {
		return t, nil, err
	}
	return t, &n, nil
}

// SetTerms says what is paid in a cluster. It returns from which block on, when that
// is announced; otherwise it waits until the cluster has it, and returns the message
// of the cluster's queue from which on it applies.
func (c *Client) SetTerms(ctx context.Context, owner keys.Pair, cluster hash.H256, t words.Terms) (seq uint64, notice *words.Notice, err error) {
	in, err := c.Submit(ctx, owner, clusters.SetTerms{Cluster: cluster, Terms: t}, UntilInBlock)
	if err != nil {
		return 0, nil, err
	}
	if e, ok := Event[clusters.TermsAnnounced](in); ok {
		return 0, &words.Notice{Terms: e.Terms, From: e.From}, nil
	}
	e, ok := Event[clusters.TermsSet](in)
	if !ok {
		return 0, nil, errors.New("the chain queued no terms")
	}
	_, err = c.taken(ctx, in, cluster, e.Seq)
	return e.Seq, nil, err
}

// SendTransact has a cluster do something that only its workers read.
func (c *Client) SendTransact(ctx context.Context, who keys.Pair, cluster hash.H256, a words.Action) (*Pending, error) {
	return c.sendTo(ctx, who, cluster, seal.KindLedger, scale.Encode(a))
}

// SendSigned brings a cluster a signed extrinsic of its contract runtime, in an
// envelope of who's.
func (c *Client) SendSigned(ctx context.Context, who keys.Pair, cluster hash.H256, s frame.Signed) (*Pending, error) {
	return c.sendTo(ctx, who, cluster, seal.KindSigned, scale.Marshal(s))
}

func (c *Client) sendTo(ctx context.Context, who keys.Pair, cluster hash.H256, kind uint8, input []byte) (*Pending, error) {
	p, err := c.message(ctx, who.AccountID(), cluster, cluster, kind, input)
	if err != nil {
		return nil, err
	}
	if p.sent, err = c.Send(ctx, who, clusters.Transact{Cluster: cluster, Envelope: p.envelope}); err != nil {
		return nil, err
	}
	return p, nil
}

// Transact is SendTransact and Wait.
func (c *Client) Transact(ctx context.Context, who keys.Pair, cluster hash.H256, a words.Action) (*Outcome, error) {
	p, err := c.SendTransact(ctx, who, cluster, a)
	if err != nil {
		return nil, err
	}
	return p.Wait(ctx)
}

// LedgerBalance asks a cluster what of holds in its ledger: who himself, or a
// contract that he owns.
func (c *Client) LedgerBalance(ctx context.Context, who keys.Pair, cluster hash.H256, least chain.BlockNumber, of [32]byte) (out chain.Balance, err error) {
	return out, c.atMember(ctx, cluster, func(ctx context.Context, w *wire.Client, to wire.Target) (err error) {
		out, err = w.Balance(ctx, to, who, cluster, least, of)
		return err
	})
}

// Ledger returns what the chain knows of a cluster's ledger.
func (c *Client) Ledger(ctx context.Context, cluster hash.H256) (words.Ledger, error) {
	l, _, err := Find[words.Ledger](ctx, c, c.Runtime().Clusters.Ledgers.Key(cluster), nil)
	return l, err
}

// AskRuntime asks the contract runtime of a cluster.
func (c *Client) AskRuntime(ctx context.Context, who wire.Asker, cluster hash.H256, least chain.BlockNumber, call frame.StateCall) (out []byte, err error) {
	return out, c.atMember(ctx, cluster, func(ctx context.Context, w *wire.Client, to wire.Target) (err error) {
		out, err = w.Runtime(ctx, to, who, cluster, least, call)
		return err
	})
}

// QueryIn is Query for a contract of a cluster that the chain need not know,
// since another contract made it. It returns all of the exchange.
func (c *Client) QueryIn(ctx context.Context, who keys.Pair, cluster, contract hash.H256, least chain.BlockNumber, input []byte) (out wire.Exchange, err error) {
	return out, c.atMember(ctx, cluster, func(ctx context.Context, w *wire.Client, to wire.Target) (err error) {
		out, err = w.Exchange(ctx, to, who, contract, least, input)
		return err
	})
}
