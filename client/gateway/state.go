package gateway

import (
	"bytes"
	"context"
	"errors"

	"github.com/tacit-network/tacit/client"
	words "github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

func (g *Gateway) stateMethods() map[string]method {
	keysOf := func(context.Context, *conn, args) (any, error) { return []string{}, nil } // nobody is told who is there
	return map[string]method{
		"state_getMetadata":               g.getMetadata,
		"state_getRuntimeVersion":         g.getVersion,
		"chain_getRuntimeVersion":         g.getVersion,
		"state_subscribeRuntimeVersion":   g.subscribeVersion,
		"state_unsubscribeRuntimeVersion": unsubscribe,
		"state_call":                      g.stateCall,
		"state_getStorage":                g.getStorage,
		"state_getStorageAt":              g.getStorage,
		"state_getStorageHash":            g.getStorageHash,
		"state_getStorageSize":            g.getStorageSize,
		"state_queryStorageAt":            g.queryStorage,
		"state_subscribeStorage":          g.subscribeStorage,
		"state_unsubscribeStorage":        unsubscribe,
		"state_getKeys":                   keysOf,
		"state_getKeysPaged":              keysOf,
		"state_getKeysPagedAt":            keysOf,
		"payment_queryInfo":               g.queryInfo,
	}
}

func (g *Gateway) getMetadata(context.Context, *conn, args) (any, error) {
	return hexOf(describe().v14), nil
}

func (g *Gateway) getVersion(context.Context, *conn, args) (any, error) { return runtimeVersion(), nil }

func (g *Gateway) subscribeVersion(_ context.Context, c *conn, _ args) (any, error) {
	return c.subscribe("state_runtimeVersion", func(ctx context.Context, push func(any)) {
		push(runtimeVersion())
		<-ctx.Done()
	})
}

func (g *Gateway) queryInfo(context.Context, *conn, args) (any, error) {
	return map[string]any{"weight": map[string]uint64{"ref_time": 0, "proof_size": 0}, "class": "normal", "partialFee": "0"}, nil
}

// stateCall answers a runtime API: what decides about contracts is asked of the
// cluster, encrypted.
func (g *Gateway) stateCall(ctx context.Context, _ *conn, a args) (any, error) {
	name, err := param[string](a, 0)
	if err != nil {
		return nil, err
	}
	input, err := bytesAt(a, 1)
	if err != nil {
		return nil, err
	}
	out, err := g.runtimeCall(ctx, name, input)
	if err != nil {
		return nil, err
	}
	return hexOf(out), nil
}

func (g *Gateway) runtimeCall(ctx context.Context, name string, input []byte) ([]byte, error) {
	switch name {
	case words.MethodCall:
		c, err := scale.Decode[words.CallArgs](input)
		if err != nil {
			return nil, badParams("the arguments of %s do not decode", name)
		}
		return g.ask(ctx, c.Origin, name, input)
	case words.MethodInstantiate:
		c, err := scale.Decode[words.InstantiateArgs](input)
		if err != nil {
			return nil, badParams("the arguments of %s do not decode", name)
		}
		if code, ok := c.Code.(words.Upload); ok {
			// A cluster runs what it was told of, and knows it by its name.
			c.Code = words.Existing{Hash: client.CodeName(client.Pack(code.Code))}
		}
		return g.ask(ctx, c.Origin, name, scale.Marshal(c))
	case "ContractsApi_upload_code":
		c, err := scale.Decode[uploadArg](input)
		if err != nil {
			return nil, badParams("the arguments of %s do not decode", name)
		}
		type result = scale.Result[words.UploadResult, words.DispatchError]
		if err := host.Check(ctx, c.Code); err != nil {
			return scale.Marshal(result{Err: words.ErrCodeRejected.Dispatch()}), nil
		}
		return scale.Marshal(result{OK: true, Value: words.UploadResult{CodeHash: client.CodeName(client.Pack(c.Code))}}), nil
	case "ContractsApi_get_storage":
		return nil, &client.RPCError{Code: codeServer, Message: "a cluster tells nobody what its contracts store"}
	case "TaggedTransactionQueue_validate_transaction":
		return g.validate(ctx, input)
	case "AccountNonceApi_account_nonce":
		who, err := scale.Decode[accountArg](input)
		if err != nil {
			return nil, badParams("the arguments of %s do not decode", name)
		}
		account, err := g.account(ctx, who.Account)
		return scale.Marshal(account.Nonce), err
	}
	out, err := describe().Call(nil, name, input)
	if _, none := errors.AsType[frame.ErrNoMethod](err); none {
		return nil, &client.RPCError{Code: codeServer, Message: "the contract runtime has no " + name}
	}
	return out, err
}

// storage is what lies under a key at a block, of what clients may see; a nil
// hash is the newest block.
func (g *Gateway) storage(ctx context.Context, key []byte, at *hash.H256) (value []byte, ok bool, err error) {
	d := describe()
	switch {
	case bytes.Equal(key, d.system.Events.Key()):
		if at == nil {
			head, err := g.hashOf(ctx, nil)
			if err != nil {
				return nil, false, err
			}
			at = &head
		}
		return g.blocks.events(*at), true, nil
	case bytes.Equal(key, d.system.Number.Key()), bytes.Equal(key, d.timestamp.Now.Key()):
		return g.client.Storage(ctx, key, g.theirs(at))
	case bytes.Equal(key, runtime.CodeKey):
		// Clients tell by its hash which runtime a block has. This one is no
		// program for them to run: what it shows of itself stands for it.
		return d.v15, true, nil
	}
	if who, ok := mapKey(key, d.system.Account.Prefix(), 16); ok {
		account, err := g.account(ctx, who)
		if err != nil {
			return nil, false, err
		}
		return scale.Marshal(frame.AccountInfo{Nonce: account.Nonce, Providers: 1, Data: frame.AccountData{Free: account.Free}}), true, nil
	}
	if id, ok := mapKey(key, d.contracts.State.ContractInfoOf.Prefix(), 8); ok {
		code, err := g.contract(ctx, id)
		if err != nil || code == nil {
			return nil, false, err
		}
		return scale.Marshal(contractInfo{*code}), true, nil
	}
	return nil, false, nil
}

// mapKey reads the account in the key of a map's item, which begins with a
// prefix and a hash of so many bytes.
func mapKey(key, prefix []byte, hashed int) (who keys.AccountID, ok bool) {
	rest, ok := bytes.CutPrefix(key, prefix)
	if !ok || len(rest) != hashed+len(who) {
		return who, false
	}
	return keys.AccountID(rest[hashed:]), true
}

func (g *Gateway) find(ctx context.Context, a args) (value []byte, ok bool, err error) {
	key, err := bytesAt(a, 0)
	if err != nil {
		return nil, false, err
	}
	at, err := g.block(a, 1)
	if err != nil {
		return nil, false, err
	}
	return g.storage(ctx, key, at)
}

func (g *Gateway) getStorage(ctx context.Context, _ *conn, a args) (any, error) {
	v, ok, err := g.find(ctx, a)
	if err != nil || !ok {
		return nil, err
	}
	return hexOf(v), nil
}

func (g *Gateway) getStorageHash(ctx context.Context, _ *conn, a args) (any, error) {
	v, ok, err := g.find(ctx, a)
	if err != nil || !ok {
		return nil, err
	}
	return hash.Blake2b256(v), nil
}

func (g *Gateway) getStorageSize(ctx context.Context, _ *conn, a args) (any, error) {
	v, ok, err := g.find(ctx, a)
	if err != nil || !ok {
		return nil, err
	}
	return len(v), nil
}

// keyList reads the keys that somebody asks for.
func keyList(a args) ([][]byte, error) {
	list, err := param[[]string](a, 0)
	if err != nil {
		return nil, err
	}
	if len(list) > maxKeys {
		return nil, badParams("%d keys are more than %d", len(list), maxKeys)
	}
	out := make([][]byte, len(list))
	for i, s := range list {
		if out[i], err = unhex(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// change is what lies under a key: hex, or nil for nothing.
type change [2]any

func (g *Gateway) changes(ctx context.Context, list [][]byte, at *hash.H256) ([]change, error) {
	out := make([]change, len(list))
	for i, key := range list {
		v, ok, err := g.storage(ctx, key, at)
		if err != nil {
			return nil, err
		}
		out[i][0] = hexOf(key)
		if ok {
			out[i][1] = hexOf(v)
		}
	}
	return out, nil
}

func (g *Gateway) queryStorage(ctx context.Context, _ *conn, a args) (any, error) {
	list, err := keyList(a)
	if err != nil {
		return nil, err
	}
	at, err := g.block(a, 1)
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
	found, err := g.changes(ctx, list, at)
	if err != nil {
		return nil, err
	}
	return []any{map[string]any{"block": at, "changes": found}}, nil
}

// subscribeStorage tells what lies under keys, at once and when it changes with a
// new block or with what the gateway learns of an older one.
func (g *Gateway) subscribeStorage(ctx context.Context, c *conn, a args) (any, error) {
	list, err := keyList(a)
	if err != nil {
		return nil, err
	}
	// A refusal is told at once, and not by silence.
	if _, err := g.changes(ctx, list, nil); err != nil {
		return nil, err
	}
	return c.subscribe("state_storage", func(ctx context.Context, push func(any)) {
		told, seen := map[string]any{}, g.blocks.count()
		for ctx.Err() == nil {
			wake := g.news.next()
			at, err := g.hashOf(ctx, nil)
			if err != nil {
				if ctx.Err() == nil { // else the client unsubscribed
					c.end()
				}
				return
			}
			if n := g.blocks.count(); n != seen {
				seen, at = n, g.blocks.newest()
			}
			now, err := g.changes(ctx, list, &at)
			if err != nil && ctx.Err() == nil {
				g.log.Warn("a subscription cannot go on", "err", err)
				c.end()
				return
			}
			var fresh []change
			for _, x := range now {
				if before, known := told[x[0].(string)]; !known || before != x[1] {
					told[x[0].(string)] = x[1]
					fresh = append(fresh, x)
				}
			}
			if fresh != nil {
				push(map[string]any{"block": at, "changes": fresh})
			}
			select {
			case <-ctx.Done():
			case <-wake:
			}
		}
	})
}
