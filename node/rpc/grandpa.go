package rpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/scale"
)

func (s *Server) grandpaMethods() map[string]method {
	return map[string]method{
		"grandpa_proveFinality":             s.proveFinality,
		"grandpa_roundState":                s.roundState,
		"grandpa_subscribeJustifications":   s.subscribeJustifications,
		"grandpa_unsubscribeJustifications": unsubscribe,
	}
}

// maxUnknownHeaders is the most headers of a proof of finality.
const maxUnknownHeaders = 4096

// proveFinality proves that a block is final by the justification of the
// newest final block and the headers up to it.
func (s *Server) proveFinality(_ *call, a args) (any, error) {
	if !a.has(0) {
		return nil, badParams("parameter 1, the block's number, is missing")
	}
	n, err := a.number(0)
	if err != nil {
		return nil, err
	}
	final := s.app.Final()
	if n > uint64(final) {
		return nil, &Error{Code: codeServer, Message: fmt.Sprintf("block %d is not final: %d is the newest that is", n, final)}
	}
	// The nearest justification at or after the block needs the fewest headers.
	at := chain.BlockNumber(n)
	proof := grandpa.FinalityProof{}
	for {
		j, err := s.app.Store().Justification(at)
		if err == nil {
			proof.Justification = j
			break
		}
		if !errors.Is(err, store.ErrNotFound) || at >= final {
			return nil, err
		}
		if at++; uint64(at)-n > maxUnknownHeaders {
			return nil, &Error{Code: codeServer, Message: fmt.Sprintf("no proof of the %d blocks after %d is kept here", maxUnknownHeaders, n)}
		}
	}
	if proof.Block, err = s.app.Store().HashOf(at); err != nil {
		return nil, err
	}
	for i := chain.BlockNumber(n) + 1; i <= at; i++ {
		h, err := s.app.Store().HeaderAt(i)
		if err != nil {
			return nil, err
		}
		proof.UnknownHeaders = append(proof.UnknownHeaders, h)
	}
	return hexOf(scale.Marshal(proof)), nil
}

func (s *Server) roundState(*call, args) (any, error) {
	final := s.app.Final()
	set, err := s.app.Voters(final)
	if err != nil {
		return nil, err
	}
	threshold, err := set.Threshold()
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"setId": set.ID, "best": map[string]any{
			"round": final + 1, "totalWeight": len(set.Authorities), "thresholdWeight": threshold,
			"prevotes":   map[string]any{"currentWeight": 0, "missing": []string{}},
			"precommits": map[string]any{"currentWeight": 0, "missing": []string{}},
		}, "background": []any{},
	}, nil
}

func (s *Server) subscribeJustifications(c *call, _ args) (any, error) {
	next := s.app.Final() + 1
	return c.subscribe("grandpa_justifications", func(ctx context.Context, push func(any)) {
		s.follow(ctx, func() {
			for ; next <= s.app.Final(); next++ {
				if j, err := s.app.Store().Justification(next); err == nil {
					push(hexOf(j))
				}
			}
		})
	})
}
