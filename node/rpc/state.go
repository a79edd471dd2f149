package rpc

import (
	"bytes"
	"context"
	"errors"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/trie"
)

// maxKeys is how many keys one call may name, maxPage how many it may be
// given, maxDiff how many blocks it may compare, and maxCells how many values
// it may look at for that.
const (
	maxKeys  = 4096
	maxPage  = 1000
	maxDiff  = 1024
	maxCells = 1 << 16
)

func (s *Server) stateMethods() map[string]method {
	return map[string]method{
		"state_getMetadata":               s.getMetadata,
		"state_getRuntimeVersion":         s.getRuntimeVersion,
		"chain_getRuntimeVersion":         s.getRuntimeVersion,
		"state_call":                      s.stateCall,
		"state_callAt":                    s.stateCall,
		"state_getStorage":                s.getStorage,
		"state_getStorageAt":              s.getStorage,
		"state_getStorageHash":            s.getStorageHash,
		"state_getStorageHashAt":          s.getStorageHash,
		"state_getStorageSize":            s.getStorageSize,
		"state_getStorageSizeAt":          s.getStorageSize,
		"state_getKeys":                   s.getKeys,
		"state_getKeysPaged":              s.getKeysPaged,
		"state_getKeysPagedAt":            s.getKeysPaged,
		"state_queryStorageAt":            s.queryStorageAt,
		"state_queryStorage":              s.queryStorage,
		"state_getReadProof":              s.getReadProof,
		"state_subscribeRuntimeVersion":   s.subscribeVersion,
		"chain_subscribeRuntimeVersion":   s.subscribeVersion,
		"state_unsubscribeRuntimeVersion": unsubscribe,
		"chain_unsubscribeRuntimeVersion": unsubscribe,
		"state_subscribeStorage":          s.subscribeStorage,
		"state_unsubscribeStorage":        unsubscribe,
	}
}

func (s *Server) getMetadata(_ *call, a args) (any, error) {
	at, err := s.state(a, 0)
	if err != nil {
		return nil, err
	}
	raw, err := s.app.Metadata(at)
	return hexOf(raw), err
}

func versionOf(rt *runtime.Runtime) any {
	v := rt.System.Version
	apis := make([][2]any, len(v.Apis))
	for i, api := range v.Apis {
		apis[i] = [2]any{hexOf(api.ID[:]), api.Version}
	}
	return map[string]any{
		"specName": v.SpecName, "implName": v.ImplName, "authoringVersion": v.AuthoringVersion, "specVersion": v.SpecVersion,
		"implVersion": v.ImplVersion, "apis": apis, "transactionVersion": v.TransactionVersion,
		"systemVersion": v.SystemVersion, "stateVersion": v.SystemVersion,
	}
}

func (s *Server) getRuntimeVersion(_ *call, a args) (any, error) {
	at, err := s.state(a, 0)
	if err != nil {
		return nil, err
	}
	rt, err := s.app.RuntimeAt(at)
	if err != nil {
		return nil, err
	}
	return versionOf(rt), nil
}

func (s *Server) stateCall(_ *call, a args) (any, error) {
	name, err := a.str(0)
	if err != nil {
		return nil, err
	}
	data, err := a.bytes(1)
	if err != nil {
		return nil, err
	}
	at, err := s.state(a, 2)
	if err != nil {
		return nil, err
	}
	out, err := s.app.Call(at, name, data)
	if err != nil {
		return nil, &Error{Code: codeStateCall, Message: "Client error: Execution failed: " + err.Error()}
	}
	return hexOf(out), nil
}

// read opens the state of a block and calls f with it; a state that cannot be
// read is an error.
func (s *Server) read(at hash.H256, f func(t *trie.Trie)) (err error) {
	defer trie.Catch(&err)
	t, err := s.app.StateAt(at)
	if err != nil {
		return err
	}
	f(t)
	return nil
}

func (s *Server) value(a args) (value []byte, ok bool, err error) {
	k, err := a.bytes(0)
	if err != nil {
		return nil, false, err
	}
	at, err := s.state(a, 1)
	if err != nil {
		return nil, false, err
	}
	err = s.read(at, func(t *trie.Trie) { value, ok = t.Get(k) })
	return value, ok, err
}

func (s *Server) getStorage(_ *call, a args) (any, error) {
	v, ok, err := s.value(a)
	return orNull(v, ok), err
}

func (s *Server) getStorageHash(_ *call, a args) (any, error) {
	v, ok, err := s.value(a)
	if err != nil || !ok {
		return nil, err
	}
	return hash.Blake2b256(v), nil
}

func (s *Server) getStorageSize(_ *call, a args) (any, error) {
	v, ok, err := s.value(a)
	if err != nil || !ok {
		return nil, err
	}
	return len(v), nil
}

// page lists up to most keys under prefix that come after start.
func (s *Server) page(at hash.H256, prefix, start []byte, most int) (list []string, err error) {
	list = []string{}
	err = s.read(at, func(t *trie.Trie) {
		k := start
		if len(start) == 0 || bytes.Compare(start, prefix) < 0 {
			k = prefix
			if t.Has(prefix) && len(prefix) > 0 {
				list = append(list, hexOf(prefix))
			}
		}
		for len(list) < most {
			next, ok := t.NextKey(k)
			if !ok || !bytes.HasPrefix(next, prefix) {
				return
			}
			list = append(list, hexOf(next))
			k = next
		}
	})
	return list, err
}

func (s *Server) getKeys(_ *call, a args) (any, error) {
	prefix, err := a.bytes(0)
	if err != nil {
		return nil, err
	}
	at, err := s.state(a, 1)
	if err != nil {
		return nil, err
	}
	return s.page(at, prefix, nil, maxKeys)
}

func (s *Server) getKeysPaged(_ *call, a args) (any, error) {
	var prefix, start []byte
	var err error
	if a.has(0) {
		if prefix, err = a.bytes(0); err != nil {
			return nil, err
		}
	}
	if !a.has(1) {
		return nil, badParams("parameter 2, how many keys, is missing")
	}
	count, err := a.number(1)
	if err != nil {
		return nil, err
	}
	if count > maxPage {
		return nil, &Error{Code: 4002, Message: "count exceeds maximum value. value: " + itoa(count) + ", max: 1000"}
	}
	if a.has(2) {
		if start, err = a.bytes(2); err != nil {
			return nil, err
		}
	}
	at, err := s.state(a, 3)
	if err != nil {
		return nil, err
	}
	return s.page(at, prefix, start, int(count))
}

// changes are values of keys at a block, as polkadot.js wants them.
type changes struct {
	Block   hash.H256 `json:"block"`
	Changes [][2]any  `json:"changes"`
}

func (s *Server) values(at hash.H256, keys [][]byte) (changes, error) {
	out := changes{Block: at, Changes: [][2]any{}}
	err := s.read(at, func(t *trie.Trie) {
		for _, k := range keys {
			v, ok := t.Get(k)
			out.Changes = append(out.Changes, [2]any{hexOf(k), orNull(v, ok)})
		}
	})
	return out, err
}

func (s *Server) queryStorageAt(_ *call, a args) (any, error) {
	keys, err := a.keys(0)
	if err != nil {
		return nil, err
	}
	at, err := s.state(a, 1)
	if err != nil {
		return nil, err
	}
	v, err := s.values(at, keys)
	return []changes{v}, err
}

// queryStorage tells how keys changed from one block to another.
func (s *Server) queryStorage(_ *call, a args) (any, error) {
	keys, err := a.keys(0)
	if err != nil {
		return nil, err
	}
	if !a.has(1) {
		return nil, badParams("parameter 2, the first block, is missing")
	}
	from, err := s.state(a, 1)
	if err != nil {
		return nil, err
	}
	to, err := s.state(a, 2)
	if err != nil {
		return nil, err
	}
	first, err := s.app.Store().Header(from)
	if err != nil {
		return nil, err
	}
	last, err := s.app.Store().Header(to)
	if err != nil {
		return nil, err
	}
	if last.Number < first.Number || last.Number-first.Number > maxDiff {
		return nil, &Error{Code: codeBlockNotInBest, Message: "the range of blocks is empty or longer than " + itoa(maxDiff)}
	}
	if blocks := int(last.Number-first.Number) + 1; blocks*len(keys) > maxCells {
		return nil, badParams("%d keys in %d blocks are more than %d values", len(keys), blocks, maxCells)
	}
	var out []changes
	for n := first.Number; n <= last.Number; n++ {
		at, err := s.app.Store().HashOf(n)
		if err != nil {
			return nil, err
		}
		v, err := s.values(at, keys)
		if err != nil {
			return nil, err
		}
		if n > first.Number {
			v.Changes = differing(v.Changes, out)
		}
		if len(v.Changes) > 0 {
			out = append(out, v)
		}
	}
	return out, nil
}

// differing keeps what is not the last known value.
func differing(now [][2]any, before []changes) [][2]any {
	last := map[any]any{}
	for _, c := range before {
		for _, kv := range c.Changes {
			last[kv[0]] = kv[1]
		}
	}
	kept := [][2]any{}
	for _, kv := range now {
		if last[kv[0]] != kv[1] {
			kept = append(kept, kv)
		}
	}
	return kept
}

func (s *Server) getReadProof(_ *call, a args) (any, error) {
	keys, err := a.keys(0)
	if err != nil {
		return nil, err
	}
	at, err := s.state(a, 1)
	if err != nil {
		return nil, err
	}
	proof := []string{}
	err = s.read(at, func(t *trie.Trie) {
		for _, item := range t.Prove(keys) {
			proof = append(proof, hexOf(item))
		}
	})
	return map[string]any{"at": at, "proof": proof}, err
}

func (s *Server) subscribeVersion(c *call, _ args) (any, error) {
	return c.subscribe("state_runtimeVersion", func(ctx context.Context, push func(any)) {
		var told *runtime.Runtime
		s.follow(ctx, func() {
			if now := s.app.Runtime(); now != told {
				told = now
				push(versionOf(now))
			}
		})
	})
}

// subscribeStorage tells the values of keys at once, and then those that
// changed after each block.
func (s *Server) subscribeStorage(c *call, a args) (any, error) {
	if !a.has(0) {
		return nil, badParams("subscribing to all of the state is not offered: name the keys")
	}
	keys, err := a.keys(0)
	if err != nil {
		return nil, err
	}
	return c.subscribe("state_storage", func(ctx context.Context, push func(any)) {
		var known []changes
		var seen chain.BlockNumber
		s.follow(ctx, func() {
			head := s.app.Head()
			if known != nil && head.Number == seen {
				return
			}
			v, err := s.values(head.Hash(), keys)
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					s.log.Warn("a state cannot be read", "block", head.Number, "err", err)
				}
				return
			}
			all := changes{v.Block, v.Changes}
			if known != nil {
				v.Changes = differing(v.Changes, known)
			}
			known, seen = []changes{all}, head.Number
			if len(v.Changes) > 0 {
				push(v)
			}
		})
	})
}
