package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tacit-network/tacit/chain"
	words "github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

func (g *Gateway) chainMethods() map[string]method {
	heads := g.relay("chain_newHead", "chain_subscribeNewHeads", "chain_unsubscribeNewHeads")
	all := g.relay("chain_allHead", "chain_subscribeAllHeads", "chain_unsubscribeAllHeads")
	finalized := g.relay("chain_finalizedHead", "chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads")
	return map[string]method{
		"chain_getHeader":                 g.getHeader,
		"chain_getBlock":                  g.getBlock,
		"chain_getBlockHash":              g.getBlockHash,
		"chain_getFinalizedHead":          g.forward("chain_getFinalizedHead"),
		"chain_subscribeNewHead":          heads,
		"chain_subscribeNewHeads":         heads,
		"chain_unsubscribeNewHead":        unsubscribe,
		"chain_unsubscribeNewHeads":       unsubscribe,
		"chain_subscribeAllHeads":         all,
		"chain_unsubscribeAllHeads":       unsubscribe,
		"chain_subscribeFinalizedHeads":   finalized,
		"chain_unsubscribeFinalizedHeads": unsubscribe,
	}
}

// forward asks the node, of what every node tells everybody.
func (g *Gateway) forward(name string) method {
	return func(ctx context.Context, _ *conn, a args) (any, error) {
		params := []any{}
		for _, p := range a {
			params = append(params, p)
		}
		var out json.RawMessage
		err := g.client.Call(ctx, &out, name, params...)
		return out, err
	}
}

// relay passes on the node's news.
func (g *Gateway) relay(name, begin, end string) method {
	return func(_ context.Context, c *conn, _ args) (any, error) {
		return c.subscribe(name, func(ctx context.Context, push func(any)) {
			sub, err := g.client.Subscribe(ctx, begin, end)
			if err != nil {
				if ctx.Err() == nil {
					c.end() // a client waits for ever for news that do not come
				}
				return
			}
			defer sub.Close(context.WithoutCancel(ctx))
			for {
				select {
				case <-ctx.Done():
					return
				case m, ok := <-sub.Updates():
					if !ok {
						c.end()
						return
					}
					push(m)
				}
			}
		})
	}
}

// block reads the hash of a block; nil, for none, is the newest.
func (g *Gateway) block(a args, i int) (*hash.H256, error) {
	if !a.has(i) {
		return nil, nil
	}
	h, err := param[hash.H256](a, i)
	return &h, err
}

// theirs is how the node calls a block: its block 0 is another one.
func (g *Gateway) theirs(at *hash.H256) *hash.H256 {
	if at != nil && *at == g.genesis {
		genesis := g.client.Genesis()
		return &genesis
	}
	return at
}

// headerText is a header as JSON.
func headerText(h chain.Header) json.RawMessage {
	return encode(map[string]any{
		"parentHash": h.ParentHash, "number": fmt.Sprintf("0x%x", h.Number), "stateRoot": h.StateRoot,
		"extrinsicsRoot": h.ExtrinsicsRoot, "digest": map[string]any{"logs": []string{}},
	})
}

// header is a block's header as JSON, null for one that there is not.
func (g *Gateway) header(ctx context.Context, at *hash.H256) (out json.RawMessage, err error) {
	if at != nil && *at == g.genesis {
		return headerText(g.first), nil
	}
	err = g.client.Call(ctx, &out, "chain_getHeader", at)
	return out, err
}

func (g *Gateway) getHeader(ctx context.Context, _ *conn, a args) (any, error) {
	at, err := g.block(a, 0)
	if err != nil {
		return nil, err
	}
	return g.header(ctx, at)
}

// getBlock tells of a block's extrinsics those that the gateway knows.
func (g *Gateway) getBlock(ctx context.Context, _ *conn, a args) (any, error) {
	at, err := g.block(a, 0)
	if err != nil {
		return nil, err
	}
	if at == nil {
		head, err := g.hashOf(ctx, nil)
		if err != nil {
			return nil, err
		}
		at = &head
	}
	h, err := g.header(ctx, at)
	if err != nil || string(h) == "null" {
		return nil, err
	}
	body := []string{}
	for _, x := range g.blocks.of(*at) {
		body = append(body, hexOf(x.raw))
	}
	return map[string]any{"block": map[string]any{"header": h, "extrinsics": body}, "justifications": nil}, nil
}

// hashOf is the hash of a block by its number; nil is the newest.
func (g *Gateway) hashOf(ctx context.Context, number *chain.BlockNumber) (h hash.H256, err error) {
	if number != nil && *number == 0 {
		return g.genesis, nil
	}
	params := []any{}
	if number != nil {
		params = append(params, *number)
	}
	var out *hash.H256
	if err := g.client.Call(ctx, &out, "chain_getBlockHash", params...); err != nil {
		return h, err
	}
	if out == nil {
		return h, errors.New("the node has no such block")
	}
	return *out, nil
}

// getBlockHash takes a number, or a list of numbers.
func (g *Gateway) getBlockHash(ctx context.Context, _ *conn, a args) (any, error) {
	if !a.has(0) {
		return g.hashOf(ctx, nil)
	}
	var list []json.RawMessage
	if json.Unmarshal(a[0], &list) != nil {
		return g.blockHash(ctx, a[0])
	}
	if len(list) > maxKeys {
		return nil, badParams("%d numbers are more than %d", len(list), maxKeys)
	}
	out := []any{}
	for _, n := range list {
		h, err := g.blockHash(ctx, n)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// blockHash is the hash of the block with a number, null for one that there is not.
func (g *Gateway) blockHash(ctx context.Context, number json.RawMessage) (any, error) {
	if len(number) > 0 && (number[0] == '[' || number[0] == '{') {
		return nil, badParams("%.20q is no number of a block", number)
	}
	if n, err := strconv.ParseUint(strings.Trim(string(number), `"`), 0, 64); err == nil && n == 0 {
		return g.genesis, nil
	}
	return g.forward("chain_getBlockHash")(ctx, nil, args{number})
}

func (g *Gateway) systemMethods() map[string]method {
	say := func(v any) method { return func(context.Context, *conn, args) (any, error) { return v, nil } }
	nobody := say([]any{})
	return map[string]method{
		"system_chain":            say("Tacit cluster " + g.cfg.Cluster.String()[:10]),
		"system_name":             say("tacit contract gateway"),
		"system_version":          g.forward("system_version"),
		"system_chainType":        g.forward("system_chainType"),
		"system_properties":       g.forward("system_properties"),
		"system_health":           g.forward("system_health"),
		"system_peers":            nobody,
		"system_nodeRoles":        say([]string{"Full"}),
		"system_accountNextIndex": g.nextIndex,
		"account_nextIndex":       g.nextIndex,
	}
}

// nextIndex is the nonce of an account's next extrinsic, after those under way.
func (g *Gateway) nextIndex(ctx context.Context, _ *conn, a args) (any, error) {
	who, err := param[keys.AccountID](a, 0)
	if err != nil {
		return nil, err
	}
	return g.nonce(ctx, who)
}

func (g *Gateway) nonce(ctx context.Context, who keys.AccountID) (uint32, error) {
	account, err := g.account(ctx, who)
	if err != nil {
		return 0, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	next := account.Nonce
	for _, s := range g.pending {
		if s.signer == who {
			next = max(next, s.nonce+1)
		}
	}
	return next, nil
}

// runtimeVersion is the version as Substrate's JSON has it.
func runtimeVersion() any {
	v := describe().system.Version
	apis := [][]any{}
	for _, a := range v.Apis {
		apis = append(apis, []any{hexOf(a.ID[:]), a.Version})
	}
	return map[string]any{
		"specName": words.SpecName, "implName": v.ImplName, "authoringVersion": v.AuthoringVersion, "specVersion": v.SpecVersion,
		"implVersion": v.ImplVersion, "transactionVersion": v.TransactionVersion, "stateVersion": v.SystemVersion, "apis": apis,
	}
}
