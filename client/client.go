// Package client is the Go SDK of Tacit: it reads the chain, signs and follows
// transactions, and calls confidential contracts end to end encrypted.
//
// Calls, events and storage items are the runtime's own types, so that what
// does not fit does not compile. A Client speaks the version of the runtime that
// the node has, among those that the program carries, and refuses another one.
package client

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// Client is a connection to a node. It is safe for concurrent use.
type Client struct {
	*RPC
	rt      atomic.Pointer[runtime.Runtime]
	genesis hash.H256
}

// With connects to a node, calls f, and closes the connection.
func With(ctx context.Context, url string, f func(context.Context, *Client) error) error {
	return Speaking(ctx, url, runtime.New(), f)
}

// Speaking is With for a program that carries other versions of the runtime, of
// which newest is the last.
func Speaking(ctx context.Context, url string, newest *runtime.Runtime, f func(context.Context, *Client) error) error {
	rpc, err := Dial(ctx, url)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	var g errgroup.Group
	g.Go(func() error { _ = rpc.Run(ctx); return nil })
	c := &Client{RPC: rpc}
	c.rt.Store(newest)
	if err = c.meet(ctx); err == nil {
		err = f(ctx, c)
	}
	end()
	return errors.Join(err, g.Wait())
}

// meet learns the chain's genesis and which runtime is in force.
func (c *Client) meet(ctx context.Context) error {
	if err := c.Call(ctx, &c.genesis, "chain_getBlockHash", 0); err != nil {
		return err
	}
	return c.renew(ctx)
}

// renew takes the version of the runtime that is in force at the node's head.
func (c *Client) renew(ctx context.Context) error {
	var v struct {
		SpecName    string `json:"specName"`
		SpecVersion uint32 `json:"specVersion"`
	}
	if err := c.Call(ctx, &v, "state_getRuntimeVersion"); err != nil {
		return err
	}
	rt := c.Runtime()
	if ours := rt.System.Version.SpecName; v.SpecName != ours {
		return fmt.Errorf("the node runs %s and this program knows %s", v.SpecName, ours)
	}
	rt, err := rt.At(v.SpecVersion)
	if err != nil {
		return fmt.Errorf("the node runs %s %d: %w", v.SpecName, v.SpecVersion, err)
	}
	c.rt.Store(rt)
	return nil
}

// Genesis is the hash of block 0.
func (c *Client) Genesis() hash.H256 { return c.genesis }

// Runtime is the runtime that was in force when the client connected, or when
// it signed the last transaction if that was later.
func (c *Client) Runtime() *runtime.Runtime { return c.rt.Load() }

type header struct {
	ParentHash     hash.H256 `json:"parentHash"`
	Number         string    `json:"number"`
	StateRoot      hash.H256 `json:"stateRoot"`
	ExtrinsicsRoot hash.H256 `json:"extrinsicsRoot"`
	Digest         struct {
		Logs []string `json:"logs"`
	} `json:"digest"`
}

func (h header) header() (out chain.Header, err error) {
	out = chain.Header{ParentHash: h.ParentHash, StateRoot: h.StateRoot, ExtrinsicsRoot: h.ExtrinsicsRoot}
	if _, err := fmt.Sscanf(h.Number, "0x%x", &out.Number); err != nil {
		return out, fmt.Errorf("block number %q: %w", h.Number, err)
	}
	for _, l := range h.Digest.Logs {
		raw, err := unhex(l)
		if err != nil {
			return out, err
		}
		item, err := chain.DecodeDigestItem(raw)
		if err != nil {
			return out, err
		}
		out.Digest = append(out.Digest, item)
	}
	return out, nil
}

func unhex(s string) ([]byte, error) { return hex.DecodeString(strings.TrimPrefix(s, "0x")) }

// Header returns a block's header; a nil hash means the newest block.
func (c *Client) Header(ctx context.Context, at *hash.H256) (chain.Header, error) {
	var h *header
	if err := c.Call(ctx, &h, "chain_getHeader", at); err != nil {
		return chain.Header{}, err
	}
	if h == nil {
		return chain.Header{}, fmt.Errorf("the node has no block %v", at)
	}
	return h.header()
}

// Finalized returns the header of the newest block that is final.
func (c *Client) Finalized(ctx context.Context) (chain.Header, error) {
	var at hash.H256
	if err := c.Call(ctx, &at, "chain_getFinalizedHead"); err != nil {
		return chain.Header{}, err
	}
	return c.Header(ctx, &at)
}

// Block returns a block; a nil hash means the newest one.
func (c *Client) Block(ctx context.Context, at *hash.H256) (chain.Block, error) {
	var b *struct {
		Block struct {
			Header     header   `json:"header"`
			Extrinsics []string `json:"extrinsics"`
		} `json:"block"`
	}
	if err := c.Call(ctx, &b, "chain_getBlock", at); err != nil {
		return chain.Block{}, err
	}
	if b == nil {
		return chain.Block{}, fmt.Errorf("the node has no block %v", at)
	}
	h, err := b.Block.Header.header()
	if err != nil {
		return chain.Block{}, err
	}
	out := chain.Block{Header: h}
	for _, x := range b.Block.Extrinsics {
		raw, err := unhex(x)
		if err != nil {
			return out, err
		}
		out.Body = append(out.Body, raw)
	}
	return out, nil
}

// Storage returns the bytes under a key at a block; a nil hash means the
// newest block.
func (c *Client) Storage(ctx context.Context, key []byte, at *hash.H256) (value []byte, ok bool, err error) {
	var text *string
	if err := c.Call(ctx, &text, "state_getStorage", "0x"+hex.EncodeToString(key), at); err != nil || text == nil {
		return nil, false, err
	}
	value, err = unhex(*text)
	return value, err == nil, err
}

// Find reads and decodes what lies under a storage item's Key; a nil hash
// means the newest block.
func Find[V any](ctx context.Context, c *Client, key []byte, at *hash.H256) (v V, ok bool, err error) {
	raw, ok, err := c.Storage(ctx, key, at)
	if err != nil || !ok {
		return v, false, err
	}
	v, err = scale.Decode[V](raw)
	return v, err == nil, err
}

// Keys returns the keys under a prefix, in their order.
func (c *Client) Keys(ctx context.Context, prefix []byte) ([][]byte, error) {
	var out [][]byte
	var start any
	for {
		var page []string
		if err := c.Call(ctx, &page, "state_getKeysPaged", "0x"+hex.EncodeToString(prefix), 1000, start, nil); err != nil {
			return nil, err
		}
		for _, k := range page {
			raw, err := unhex(k)
			if err != nil {
				return nil, err
			}
			if !bytes.HasPrefix(raw, prefix) || len(out) > 0 && bytes.Compare(raw, out[len(out)-1]) <= 0 {
				return nil, fmt.Errorf("the node lists %q, which is no next key", k)
			}
			out = append(out, raw)
		}
		if len(page) < 1000 {
			return out, nil
		}
		start = page[len(page)-1]
	}
}

// Nonce returns the next nonce of an account, what waits in the pool included.
func (c *Client) Nonce(ctx context.Context, who chain.AccountID) (n uint32, err error) {
	err = c.Call(ctx, &n, "system_accountNextIndex", who)
	return n, err
}

// Account returns an account.
func (c *Client) Account(ctx context.Context, who chain.AccountID) (frame.AccountInfo, error) {
	info, _, err := Find[frame.AccountInfo](ctx, c, c.Runtime().System.Account.Key(who), nil)
	return info, err
}

// Sign makes a transaction of a declared call: it is valid for about the next
// 64 blocks.
func (c *Client) Sign(ctx context.Context, who keys.Pair, nonce uint32, tip chain.Balance, call any) (chain.Extrinsic, error) {
	if err := c.renew(ctx); err != nil {
		return chain.Extrinsic{}, err
	}
	rt := c.Runtime()
	birth, err := c.Finalized(ctx)
	if err != nil {
		return chain.Extrinsic{}, err
	}
	extra := chain.Extra{Era: chain.MortalEra(64, birth.Number), Nonce: nonce, Tip: tip}
	at := birth.Hash()
	if first := extra.Era.Birth(uint64(birth.Number)); first != uint64(birth.Number) {
		if err := c.Call(ctx, &at, "chain_getBlockHash", first); err != nil {
			return chain.Extrinsic{}, err
		}
	}
	implicit := chain.Implicit{
		SpecVersion: rt.Spec(), TxVersion: rt.System.Version.TransactionVersion, Genesis: c.genesis, EraBlock: at,
	}
	return chain.SignExtrinsic(who, scale.Marshal(rt.CallOf(call)), extra, implicit), nil
}

// Included is a transaction in a block.
type Included struct {
	Hash   hash.H256
	Block  hash.H256
	Number chain.BlockNumber
	// Index is its place in the block.
	Index int
	// Raw is the whole transaction.
	Raw []byte
	// Events are those that it caused, as the structs that declare them.
	Events []any
}

// Event returns the first event of type E.
func Event[E any](in *Included) (e E, ok bool) {
	for _, x := range in.Events {
		if e, ok := x.(E); ok {
			return e, true
		}
	}
	return e, false
}

// Failure is why a transaction that is in a block did not do what it should.
type Failure struct {
	// Name is the pallet's and the error's: Balances.InsufficientBalance.
	Name string
	// Reason is the error as the chain has it.
	Reason frame.DispatchError
}

// Error implements error.
func (f *Failure) Error() string { return "the transaction failed: " + f.Name }

// Until says how long to wait for a transaction.
type Until uint8

// The two ends of waiting.
const (
	// UntilInBlock waits until it is in a block.
	UntilInBlock Until = iota
	// UntilFinal waits until that block is final.
	UntilFinal
)

// Sent is a transaction that a node took.
type Sent struct {
	c   *Client
	sub *Subscription
	// Raw is the whole transaction.
	Raw []byte
}

// Send signs a declared call with the next nonce and submits it. What it
// returns is to be waited for.
func (c *Client) Send(ctx context.Context, who keys.Pair, call any) (*Sent, error) {
	nonce, err := c.Nonce(ctx, who.AccountID())
	if err != nil {
		return nil, err
	}
	x, err := c.Sign(ctx, who, nonce, chain.Balance{}, call)
	if err != nil {
		return nil, err
	}
	return c.SendRaw(ctx, x.Encode())
}

// SendRaw submits a whole extrinsic; see Send.
func (c *Client) SendRaw(ctx context.Context, raw []byte) (*Sent, error) {
	sub, err := c.Subscribe(ctx, "author_submitAndWatchExtrinsic", "author_unwatchExtrinsic", "0x"+hex.EncodeToString(raw))
	if err != nil {
		return nil, err
	}
	return &Sent{c, sub, raw}, nil
}

// Wait waits until the transaction is in a block, or until that is final. One
// that failed there is a *Failure. It is called once.
func (s *Sent) Wait(ctx context.Context, until Until) (*Included, error) {
	defer s.sub.Close(context.WithoutCancel(ctx))
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the transaction: %w", ctx.Err())
		case m, ok := <-s.sub.Updates():
			if !ok {
				return nil, closed(ctx)
			}
			at, done, err := status(m, until)
			if err != nil {
				return nil, err
			}
			if done {
				return s.c.included(ctx, s.Raw, at)
			}
		}
	}
}

// Submit is Send and Wait.
func (c *Client) Submit(ctx context.Context, who keys.Pair, call any, until Until) (*Included, error) {
	s, err := c.Send(ctx, who, call)
	if err != nil {
		return nil, err
	}
	return s.Wait(ctx, until)
}

// SubmitAll sends calls so that they can stand in one block, in their order,
// and waits for all of them. The faults of those that failed are joined.
func (c *Client) SubmitAll(ctx context.Context, who keys.Pair, calls []any, until Until) ([]*Included, error) {
	var sent []*Sent
	var faults []error
	for _, call := range calls {
		s, err := c.Send(ctx, who, call)
		if err != nil {
			faults = append(faults, err)
			break
		}
		sent = append(sent, s)
	}
	out := make([]*Included, len(sent))
	for i, s := range sent {
		in, err := s.Wait(ctx, until)
		if err != nil {
			faults = append(faults, err)
		}
		out[i] = in
	}
	return out, errors.Join(faults...)
}

// status reads one status of a transaction.
func status(m json.RawMessage, until Until) (at hash.H256, done bool, err error) {
	var word string
	if json.Unmarshal(m, &word) == nil {
		if word == "invalid" || word == "dropped" {
			return at, false, fmt.Errorf("the transaction is %s: it will be in no block", word)
		}
		return at, false, nil
	}
	var s struct {
		InBlock   *hash.H256 `json:"inBlock"`
		Finalized *hash.H256 `json:"finalized"`
		Usurped   *hash.H256 `json:"usurped"`
		Timeout   *hash.H256 `json:"finalityTimeout"`
	}
	if err := json.Unmarshal(m, &s); err != nil {
		return at, false, fmt.Errorf("status of the transaction: %w", err)
	}
	switch {
	case s.InBlock != nil && until == UntilInBlock:
		return *s.InBlock, true, nil
	case s.Finalized != nil:
		return *s.Finalized, true, nil
	case s.Usurped != nil:
		return at, false, fmt.Errorf("the transaction %v took the place of this one", *s.Usurped)
	case s.Timeout != nil:
		return at, false, fmt.Errorf("the block %v was not final in time", *s.Timeout)
	}
	return at, false, nil
}

// included finds a transaction in a block, with its events.
func (c *Client) included(ctx context.Context, raw []byte, at hash.H256) (*Included, error) {
	b, err := c.Block(ctx, &at)
	if err != nil {
		return nil, err
	}
	in := &Included{Hash: hash.Blake2b256(raw), Block: at, Number: b.Header.Number, Index: -1, Raw: raw}
	for i, x := range b.Body {
		if hash.Blake2b256(x) == in.Hash {
			in.Index = i
		}
	}
	if in.Index < 0 {
		return nil, fmt.Errorf("block %v does not hold the transaction", at)
	}
	events, err := c.Events(ctx, at)
	if err != nil {
		return nil, err
	}
	succeeded := false
	for _, e := range events {
		if p, ok := e.Phase.(frame.ApplyExtrinsic); !ok || int(p.Index) != in.Index {
			continue
		}
		in.Events = append(in.Events, e.Event)
		if f, failed := c.failure(e.Event); failed {
			return in, f
		}
		if _, ok := e.Event.(system.ExtrinsicSuccess); ok {
			succeeded = true
		}
	}
	if !succeeded {
		return nil, fmt.Errorf("the node does not tell how the transaction ended in block %v", at)
	}
	return in, nil
}
