package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client/receipt"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/queue"
	queuewords "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// QueryReceipt makes the file by which others verify a query's answer offline.
func (c *Client) QueryReceipt(ctx context.Context, x wire.Exchange) (*receipt.File, error) {
	f := &receipt.File{
		Version: receipt.Version, Genesis: c.genesis, Worker: x.Worker, Contract: x.Query.Contract,
		Envelope: x.Query.Envelope, Message: scale.Marshal(x.Message),
		Query: &receipt.Query{
			Origin: x.Query.Origin, Least: x.Query.Least, Scheme: x.Query.Scheme, Signature: x.Query.Signature, Answer: scale.Marshal(x.Answer),
		},
	}
	return f, c.prove(ctx, f)
}

// CommandReceipt makes the file by which others verify a command's reply offline.
// It has the key that opens this reply, and no other.
func (c *Client) CommandReceipt(ctx context.Context, out *Outcome) (*receipt.File, error) {
	key, err := out.key.Reveal()
	if err != nil {
		return nil, err
	}
	up, err := c.told(ctx, out)
	if err != nil {
		return nil, err
	}
	f := &receipt.File{
		Version: receipt.Version, Genesis: c.genesis, Worker: out.Worker, Contract: out.Receipt.Contract,
		Envelope: out.Envelope, Message: scale.Marshal(out.Message),
		Command: &receipt.Command{Up: scale.Marshal(up), Seq: out.Receipt.Seq, KEM: out.key.Suite().KEM(), Key: key},
	}
	return f, c.prove(ctx, f)
}

// told finds the worker's message with a receipt in its block.
func (c *Client) told(ctx context.Context, out *Outcome) (m queuewords.SignedMessage, err error) {
	var at hash.H256
	if err := c.Call(ctx, &at, "chain_getBlockHash", out.Number); err != nil {
		return m, err
	}
	block, err := c.Block(ctx, &at)
	if err != nil {
		return m, err
	}
	for _, raw := range block.Body {
		x, err := chain.DecodeExtrinsic(raw)
		if err != nil {
			return m, fmt.Errorf("block %d: %w", out.Number, err)
		}
		call, err := c.Runtime().DecodeCall(x.Call)
		if err != nil {
			return m, fmt.Errorf("block %d: %w", out.Number, err)
		}
		sync, ok := call.Args.(queue.Sync)
		if !ok || sync.Message.Sender != (queuewords.OriginWorker{Identity: out.Worker}) {
			continue
		}
		up, err := scale.Decode[words.UpMessage](sync.Message.Payload)
		if err != nil {
			continue
		}
		if r, ok := up.(words.Receipts); ok && r.Cluster == out.Cluster && r.From <= out.Receipt.Seq && out.Receipt.Seq < r.Next {
			return sync.Message, nil
		}
	}
	return m, fmt.Errorf("block %d does not have the worker's message", out.Number)
}

type justified struct {
	Header        receipt.Hex `json:"header"`
	Justification receipt.Hex `json:"justification"`
}

// prove adds what leads from genesis to the worker's registration.
func (c *Client) prove(ctx context.Context, f *receipt.File) error {
	first, err := c.Header(ctx, &c.genesis)
	if err != nil {
		return err
	}
	f.Chain.First = first.Encode()
	rt := c.Runtime()
	if f.Chain.FirstProof, err = c.readProof(ctx, rt.Registry.FirstAuthorities.Key(), c.genesis); err != nil {
		return fmt.Errorf("prove the first voters: %w", err)
	}
	var final *justified
	if err := c.Call(ctx, &final, "tacit_latestFinality"); err != nil {
		return err
	}
	if final == nil {
		return errors.New("no block is final yet")
	}
	f.Chain.Fragment = receipt.Fragment(*final)
	last, err := chain.DecodeHeader(final.Header)
	if err != nil {
		return err
	}
	for more := true; more; {
		var changes []justified
		if err := c.Call(ctx, &changes, "tacit_setChanges", len(f.Chain.Changes)); err != nil {
			return err
		}
		more = len(changes) > 0
		for _, x := range changes {
			h, err := chain.DecodeHeader(x.Header)
			if err != nil {
				return err
			}
			if h.Number >= last.Number {
				more = false
				break
			}
			f.Chain.Changes = append(f.Chain.Changes, receipt.Fragment(x))
		}
	}
	if f.Chain.Proof, err = c.readProof(ctx, rt.Registry.Workers.Key(f.Worker), last.Hash()); err != nil {
		return fmt.Errorf("prove the worker's registration: %w", err)
	}
	return nil
}

func (c *Client) readProof(ctx context.Context, key []byte, at hash.H256) ([]receipt.Hex, error) {
	var out struct {
		Proof []receipt.Hex `json:"proof"`
	}
	err := c.Call(ctx, &out, "state_getReadProof", []receipt.Hex{key}, at)
	return out.Proof, err
}
