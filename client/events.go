package client

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// Record is an event with its place in the block.
type Record struct {
	Phase  frame.Phase
	Event  any // the struct that declares it
	Topics []hash.H256
}

// Events returns the events of a block.
func (c *Client) Events(ctx context.Context, at hash.H256) ([]Record, error) {
	raw, ok, err := c.Storage(ctx, c.Runtime().System.Events.Key(), &at)
	if err != nil || !ok {
		return nil, err
	}
	d := scale.NewDecoder(raw)
	n, err := d.Len(3)
	if err != nil {
		return nil, fmt.Errorf("events of %v: %w", at, err)
	}
	list := make([]Record, n)
	for i := range list {
		r := &list[i]
		if err := d.Value(&r.Phase); err != nil {
			return nil, fmt.Errorf("event %d of %v: %w", i, at, err)
		}
		if r.Event, err = c.Runtime().Event(d); err != nil {
			return nil, fmt.Errorf("event %d of %v: %w", i, at, err)
		}
		if err := d.Value(&r.Topics); err != nil {
			return nil, fmt.Errorf("event %d of %v: %w", i, at, err)
		}
	}
	return list, d.Finish()
}

func (c *Client) failure(event any) (*Failure, bool) {
	f, ok := event.(system.ExtrinsicFailed)
	if !ok {
		return nil, false
	}
	return &Failure{c.Runtime().Explain(f.DispatchError), f.DispatchError}, true
}

// maxFork is how many blocks back a branch may begin that takes the place of another.
const maxFork = 256

// Follow calls f with the events of every block from the one with the given
// number on, as they come, until f returns true or an error. When the chain goes on
// by another branch, f is told of the blocks of that one as well.
func (c *Client) Follow(ctx context.Context, from chain.BlockNumber, f func(chain.Header, []Record) (bool, error)) error {
	sub, err := c.Subscribe(ctx, "chain_subscribeNewHeads", "chain_unsubscribeNewHeads")
	if err != nil {
		return err
	}
	defer sub.Close(context.WithoutCancel(ctx))
	var told []hash.H256 // of the blocks before from, the newest last
	for {
		head, err := c.Header(ctx, nil)
		if err != nil {
			return err
		}
		for from <= head.Number {
			var at hash.H256
			if err := c.Call(ctx, &at, "chain_getBlockHash", from); err != nil {
				return err
			}
			h, err := c.Header(ctx, &at)
			if err != nil {
				return err
			}
			if n := len(told); n > 0 && h.ParentHash != told[n-1] {
				told, from = told[:n-1], from-1
				continue
			}
			events, err := c.Events(ctx, at)
			if err != nil {
				return err
			}
			if done, err := f(h, events); done || err != nil {
				return err
			}
			if len(told) == maxFork {
				told = told[1:]
			}
			told, from = append(told, at), from+1
		}
		var m json.RawMessage
		var open bool
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m, open = <-sub.Updates():
		}
		if !open || m == nil {
			return closed(ctx)
		}
	}
}
