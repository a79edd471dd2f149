package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// happened is an event of an extrinsic.
type happened struct {
	index uint32
	event any
}

// written is an event as blocks have it, of the number that makes it out of bytes.
func written(t *testing.T, rt *runtime.Runtime, event any) []byte {
	t.Helper()
	for pallet := range 256 {
		for number := range 256 {
			raw := scale.Append([]byte{byte(pallet), byte(number)}, event)
			if got, err := rt.Event(scale.NewDecoder(raw)); err == nil && reflect.DeepEqual(got, event) {
				return raw
			}
		}
	}
	t.Fatalf("the runtime has no event %T", event)
	return nil
}

// blockchain is a node with blocks of which each has the extrinsics 0, 1, 2 and
// some events. It counts how often it is asked for those of a block.
type blockchain struct {
	headers []chain.Header
	hashes  []hash.H256
	events  [][]byte
	read    []int
	// before, where it is there, is called with each request.
	before func(asked)
}

func newBlockchain(t *testing.T, blocks ...[]happened) (context.Context, *Client, *blockchain) {
	t.Helper()
	rt := runtime.New()
	b := &blockchain{read: make([]int, len(blocks))}
	for n, list := range blocks {
		header := chain.Header{Number: chain.BlockNumber(n)}
		if n > 0 {
			header.ParentHash = b.hashes[n-1]
		}
		b.headers, b.hashes = append(b.headers, header), append(b.hashes, header.Hash())
		raw := scale.AppendCompact(nil, uint64(len(list)))
		for _, h := range list {
			raw = append(raw, scale.Encode[frame.Phase](frame.ApplyExtrinsic{Index: h.index})...)
			raw = append(append(raw, written(t, rt, h.event)...), 0)
		}
		b.events = append(b.events, raw)
	}
	ctx, rpc := connected(t, b.answer)
	c := &Client{RPC: rpc}
	c.rt.Store(rt)
	return ctx, c, b
}

// number is the number of the block with a hash; the newest one for null.
func (b *blockchain) number(h json.RawMessage) int {
	for n, at := range b.hashes {
		if string(h) == `"`+at.String()+`"` {
			return n
		}
	}
	return len(b.hashes) - 1
}

func (b *blockchain) answer(k talk, a asked) {
	if b.before != nil {
		b.before(a)
	}
	header := func(n int) map[string]any {
		h := b.headers[n]
		return map[string]any{
			"parentHash": h.ParentHash, "number": fmt.Sprintf("0x%x", h.Number), "stateRoot": h.StateRoot, "extrinsicsRoot": h.ExtrinsicsRoot,
			"digest": map[string]any{"logs": []string{}},
		}
	}
	switch a.Method {
	case "chain_getHeader":
		k.answer(a, header(b.number(a.Params[0])))
	case "chain_getBlock":
		k.answer(a, map[string]any{"block": map[string]any{"header": header(b.number(a.Params[0])), "extrinsics": []string{"0x00", "0x01", "0x02"}}})
	case "chain_getBlockHash":
		var n int
		_ = json.Unmarshal(a.Params[0], &n)
		k.answer(a, b.hashes[n])
	case "state_getStorage":
		n := b.number(a.Params[1])
		b.read[n]++
		k.answer(a, fmt.Sprintf("0x%x", b.events[n]))
	case "state_getKeysPaged":
		k.answer(a, []string{"0x0102", "0x0103"})
	case "chain_subscribeNewHeads":
		k.answer(a, "name")
		k.news("name", "another block")
	default:
		k.answer(a, true)
	}
}

// A transaction is done when its block says so; where nothing is said of it, it is
// not.
func TestIncluded(t *testing.T) {
	good, bad := system.ExtrinsicSuccess{}, system.ExtrinsicFailed{DispatchError: frame.ErrBadOrigin{}}
	ctx, c, b := newBlockchain(t,
		[]happened{{0, good}, {1, good}, {2, good}},
		[]happened{{0, good}, {1, bad}, {2, good}},
		[]happened{{0, good}, {2, good}},
		nil,
	)
	for n, want := range []string{"", "the transaction failed", "does not tell how", "does not tell how"} {
		in, err := c.included(ctx, []byte{1}, b.hashes[n])
		if want == "" && (err != nil || in.Index != 1) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("block %d: %+v, %v", n, in, err)
		}
		if _, ok := errors.AsType[*Failure](err); ok != (n == 1) {
			t.Errorf("block %d: %v", n, err)
		}
	}
	if _, err := c.included(ctx, []byte{9}, b.hashes[0]); err == nil {
		t.Error("it is in a block that does not have it")
	}
}

// What stands before a call in its block is not what came of it.
func TestAfterCall(t *testing.T) {
	id := hash.H256{7}
	ready := func(epoch uint32) clusters.ClusterReady { return clusters.ClusterReady{Cluster: id, Epoch: epoch} }
	ctx, c, b := newBlockchain(t, nil,
		[]happened{{0, ready(1)}, {1, clusters.EpochAsked{Cluster: id, Epoch: 2}}, {2, clusters.EpochAsked{Cluster: id, Epoch: 3}}},
		[]happened{{1, clusters.ClusterReady{Cluster: hash.H256{8}}}},
		[]happened{{0, ready(2)}},
	)
	in := &Included{Block: b.hashes[1], Number: 1, Index: 1}
	if err := c.insist(ctx, keys.Pair{}, id, in, 100, nil); err != nil || b.read[3] != 1 {
		t.Errorf("%v, with the blocks %v read", err, b.read)
	}
	var seen []any
	if err := c.after(ctx, in, func(h chain.Header, events []Record) (bool, error) {
		for _, r := range events {
			seen = append(seen, r.Event)
		}
		return h.Number == 2, nil
	}); err != nil || len(seen) != 3 || seen[0] != (clusters.EpochAsked{Cluster: id, Epoch: 2}) {
		t.Errorf("%v, %+v", err, seen)
	}
}

// A node that lists what was not asked for is refused, and makes no panic.
func TestOddKeys(t *testing.T) {
	ctx, c, _ := newBlockchain(t)
	if list, err := c.Keys(ctx, []byte{1}); err != nil || len(list) != 2 {
		t.Errorf("%x, %v", list, err)
	}
	for _, f := range []func() error{
		func() error { _, err := c.Workers(ctx); return err },
		func() error { _, err := c.Clusters(ctx); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), "no next key") {
			t.Error(err)
		}
	}
}

// Who waits hears of the blocks of a branch that takes the place of another.
func TestFollowBranch(t *testing.T) {
	named := func(n byte) clusters.ClusterReady { return clusters.ClusterReady{Cluster: hash.H256{n}} }
	ctx, c, b := newBlockchain(t, nil, []happened{{1, named(1)}}, []happened{{1, named(2)}}, []happened{{1, named(3)}})
	var others [][]byte
	for n := range byte(3) {
		raw := append(scale.AppendCompact(nil, 1), scale.Encode[frame.Phase](frame.ApplyExtrinsic{Index: 1})...)
		others = append(others, append(append(raw, written(t, c.Runtime(), named(12+n))...), 0))
	}
	heads := 0
	b.before = func(a asked) {
		// The newest block is asked for the second time: blocks 2 and 3 are others now, and there is a fourth.
		if a.Method != "chain_getHeader" || string(a.Params[0]) != "null" {
			return
		}
		if heads++; heads != 2 {
			return
		}
		b.headers, b.hashes, b.events = b.headers[:2], b.hashes[:2], b.events[:2]
		for n := 2; n < 5; n++ {
			h := chain.Header{Number: chain.BlockNumber(n), ParentHash: b.hashes[n-1], StateRoot: hash.H256{0xb}}
			b.headers, b.hashes, b.events = append(b.headers, h), append(b.hashes, h.Hash()), append(b.events, others[n-2])
		}
		b.read = make([]int, 5)
	}
	var seen []byte
	err := c.Follow(ctx, 1, func(_ chain.Header, events []Record) (bool, error) {
		for _, r := range events {
			seen = append(seen, r.Event.(clusters.ClusterReady).Cluster[0])
		}
		return len(seen) == 6, nil
	})
	if want := []byte{1, 2, 3, 12, 13, 14}; err != nil || !bytes.Equal(seen, want) {
		t.Errorf("%v, %v, want %v", err, seen, want)
	}
}
