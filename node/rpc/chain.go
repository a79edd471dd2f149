package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/node/store"
)

func (s *Server) chainMethods() map[string]method {
	heads := s.subscribeHeads("chain_newHead")
	finalized := s.subscribeFinalized
	return map[string]method{
		"chain_getHeader":                 s.getHeader,
		"chain_getBlock":                  s.getBlock,
		"chain_getBlockHash":              s.getBlockHash,
		"chain_getHead":                   s.getBlockHash,
		"chain_getFinalizedHead":          s.getFinalizedHead,
		"chain_getFinalisedHead":          s.getFinalizedHead,
		"chain_subscribeNewHead":          heads,
		"chain_subscribeNewHeads":         heads,
		"subscribe_newHead":               heads,
		"chain_unsubscribeNewHead":        unsubscribe,
		"chain_unsubscribeNewHeads":       unsubscribe,
		"unsubscribe_newHead":             unsubscribe,
		"chain_subscribeAllHeads":         s.subscribeHeads("chain_allHead"),
		"chain_unsubscribeAllHeads":       unsubscribe,
		"chain_subscribeFinalizedHeads":   finalized,
		"chain_subscribeFinalisedHeads":   finalized,
		"chain_unsubscribeFinalizedHeads": unsubscribe,
		"chain_unsubscribeFinalisedHeads": unsubscribe,
	}
}

// header is a header as JSON.
type header struct {
	ParentHash     string `json:"parentHash"`
	Number         string `json:"number"`
	StateRoot      string `json:"stateRoot"`
	ExtrinsicsRoot string `json:"extrinsicsRoot"`
	Digest         struct {
		Logs []string `json:"logs"`
	} `json:"digest"`
}

func headerOf(h chain.Header) header {
	out := header{
		ParentHash: h.ParentHash.String(), Number: fmt.Sprintf("0x%x", h.Number),
		StateRoot: h.StateRoot.String(), ExtrinsicsRoot: h.ExtrinsicsRoot.String(),
	}
	out.Digest.Logs = []string{}
	for _, item := range h.Digest {
		out.Digest.Logs = append(out.Digest.Logs, hexOf(chain.EncodeDigestItem(item)))
	}
	return out
}

// absent turns "not found" into null.
func absent(v any, err error) (any, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return v, err
}

func (s *Server) getHeader(_ *call, a args) (any, error) {
	at, err := s.block(a, 0)
	if err != nil {
		return nil, err
	}
	h, err := s.app.Store().Header(at)
	return absent(headerOf(h), err)
}

func (s *Server) getBlock(_ *call, a args) (any, error) {
	at, err := s.block(a, 0)
	if err != nil {
		return nil, err
	}
	h, err := s.app.Store().Header(at)
	if err != nil {
		return absent(nil, err)
	}
	body, err := s.app.Store().Body(at)
	if err != nil {
		return nil, err
	}
	var proofs any
	if j, err := s.app.Store().Justification(h.Number); err == nil {
		proofs = [][]any{{bytesAsNumbers(chain.EngineGrandpa[:]), bytesAsNumbers(j)}}
	} else if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return map[string]any{
		"block":          map[string]any{"header": headerOf(h), "extrinsics": hexes(body)},
		"justifications": proofs,
	}, nil
}

// bytesAsNumbers makes JSON write bytes as a list of numbers.
func bytesAsNumbers(b []byte) []int {
	out := make([]int, len(b))
	for i, x := range b {
		out[i] = int(x)
	}
	return out
}

// getBlockHash takes a number or a list of numbers.
func (s *Server) getBlockHash(_ *call, a args) (any, error) {
	if !a.has(0) {
		return s.app.Head().Hash(), nil
	}
	var list []json.RawMessage
	if json.Unmarshal(a[0], &list) == nil {
		if len(list) > maxKeys {
			return nil, badParams("%d numbers are more than %d", len(list), maxKeys)
		}
		out := make([]any, len(list))
		for i := range list {
			h, err := s.hashAt(args(list), i)
			if err != nil {
				return nil, err
			}
			out[i] = h
		}
		return out, nil
	}
	return s.hashAt(a, 0)
}

func (s *Server) hashAt(a args, i int) (any, error) {
	n, err := a.number(i)
	if err != nil {
		return nil, err
	}
	if n > 1<<32-1 {
		return nil, nil
	}
	h, err := s.app.Store().HashOf(chain.BlockNumber(n))
	return absent(h, err)
}

func (s *Server) getFinalizedHead(*call, args) (any, error) {
	h, err := s.app.Finalized()
	return h.Hash(), err
}

// subscribeHeads tells of every new block, beginning with the head.
func (s *Server) subscribeHeads(name string) method {
	return func(c *call, _ args) (any, error) {
		next := s.app.Head().Number
		return c.subscribe(name, func(ctx context.Context, push func(any)) {
			s.follow(ctx, func() { next = s.pushHeaders(push, next, s.app.Head().Number) })
		})
	}
}

// subscribeFinalized tells of every final block, beginning with the newest.
func (s *Server) subscribeFinalized(c *call, _ args) (any, error) {
	next := s.app.Final()
	return c.subscribe("chain_finalizedHead", func(ctx context.Context, push func(any)) {
		s.follow(ctx, func() { next = s.pushHeaders(push, next, s.app.Final()) })
	})
}

// pushHeaders pushes the headers from next to last and returns what comes then.
func (s *Server) pushHeaders(push func(any), next, last chain.BlockNumber) chain.BlockNumber {
	for ; next <= last; next++ {
		h, err := s.app.Store().HeaderAt(next)
		if err != nil {
			s.log.Warn("a header cannot be read", "block", next, "err", err)
			return next
		}
		push(headerOf(h))
	}
	return next
}
