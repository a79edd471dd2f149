package relay

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/worker/wire"
)

// renewBefore is how long before its end a registration is renewed, in ms.
const renewBefore = 60 * 60 * 1000

// register makes sure that this instance of the worker is registered, for some
// time to come, with its addresses.
func (s *session) register(ctx context.Context) error {
	rt := s.node.Runtime()
	now, _, err := client.Find[uint64](ctx, s.node, rt.Timestamp.Now.Key(), nil)
	if err != nil {
		return err
	}
	if now == 0 {
		return nil // before the first block there is no time to check collateral at
	}
	have, known, err := client.Find[words.Worker](ctx, s.node, rt.Registry.Workers.Key(s.info.Identity), nil)
	if err != nil {
		return err
	}
	margin := min(uint64(renewBefore), (have.ExpiresAt-min(have.AttestedAt, have.ExpiresAt))/2)
	// The worker may still have to hear that it was registered again.
	ours := known && (have.BootEpoch == s.info.BootEpoch || have.BootEpoch > s.info.BootEpoch && have.BootEpoch == s.info.Promised)
	if !ours || now+margin >= have.ExpiresAt {
		if now < s.pause.until {
			return nil
		}
		err := s.registerNow(ctx, now/1000)
		failure, refused := errors.AsType[*client.Failure](err)
		if !refused {
			s.pause = pause{}
			return err
		}
		s.pause.grow(now)
		if !ours {
			return err
		}
		// It goes on with what it has until its registration ends.
		s.log.Warn("the worker cannot register again", "reason", failure.Name,
			"registered_until", time.UnixMilli(int64(have.ExpiresAt)).UTC().Format(time.RFC3339),
			"next_try", time.UnixMilli(int64(s.pause.until)).UTC().Format(time.RFC3339))
		return nil
	}
	call, err := s.endpoints(ctx)
	if err != nil || call == nil {
		return err
	}
	_, err = s.node.Submit(ctx, s.cfg.Operator, call, client.UntilInBlock)
	return err
}

// pause is how long a relay waits after the chain refused a registration: each
// try costs a fee. Times are in milliseconds since 1970, by the chain's clock.
type pause struct{ until, length uint64 }

// The first pause and the longest.
const (
	minPause = 1000
	maxPause = 10 * 60 * 1000
)

func (p *pause) grow(now uint64) {
	p.length = min(max(2*p.length, minPause), maxPause)
	p.until = now + p.length
}

func (s *session) registerNow(ctx context.Context, now uint64) error {
	last, known, err := client.Find[uint64](ctx, s.node, s.node.Runtime().Registry.BootEpochs.Key(s.info.Identity), nil)
	if err != nil {
		return err
	}
	head, err := s.node.Header(ctx, nil)
	if err != nil {
		return err
	}
	ask := wire.Register{Operator: s.cfg.Operator.AccountID(), Block: head.Number, BlockHash: head.Hash()}
	if known {
		ask.LeastEpoch = last + 1
	}
	ev, err := s.worker.Register(ctx, ask)
	if err != nil {
		return err
	}
	// All of it is one transaction, which does all or nothing: what the chain
	// checks the quote against, then the quote, then the addresses. When
	// somebody else was faster with newer collateral, the next try leaves ours
	// out.
	rt := s.node.Runtime()
	var calls []frame.AnyCall
	if s.cfg.Collateral != nil {
		call, err := s.collateral(ctx, ev.Quote, now)
		if err != nil {
			return err
		}
		if call != nil {
			calls = append(calls, rt.CallOf(call))
		}
	}
	calls = append(calls, rt.CallOf(registry.Register{Info: ev.Info, Quote: ev.Quote, Nonce: ev.Nonce, Signature: ev.Signature}))
	call, err := s.endpoints(ctx)
	if err != nil {
		return err
	}
	if call != nil {
		calls = append(calls, rt.CallOf(call))
	}
	if _, err := s.node.Submit(ctx, s.cfg.Operator, utility.BatchAll{Calls: calls}, client.UntilInBlock); err != nil {
		return err
	}
	s.log.Info("worker registered", "boot_epoch", ev.Info.BootEpoch)
	info, err := s.worker.Info(ctx)
	if err != nil {
		return err
	}
	if info.BootEpoch != s.info.BootEpoch {
		clear(s.sent)
	}
	s.info = info
	return nil
}

// collateral is the call that brings the vendor's word on the worker's
// platform; nil when the chain has one that is good for a while.
func (s *session) collateral(ctx context.Context, quote []byte, now uint64) (any, error) {
	q, err := attest.ParseQuote(quote)
	if err != nil {
		return nil, err
	}
	need, err := q.Need()
	if err != nil {
		return nil, err
	}
	at := s.node.Runtime().Attestation.TcbInfos.Key(attestation.TCBKey{Anchor: s.cfg.Anchor, TEE: need.TEE, FMSPC: need.FMSPC})
	have, known, err := client.Find[attest.TCBInfo](ctx, s.node, at, nil)
	if err != nil || known && have.NextUpdate > now+renewBefore/1000 {
		return nil, err
	}
	c := s.cfg.Collateral.Collateral(need.TEE, need.FMSPC, now)
	return attestation.UploadCollateral{Anchor: s.cfg.Anchor, Collateral: *c}, nil
}

// endpoints is the call that publishes where users reach the worker; nil when
// the chain knows it.
func (s *session) endpoints(ctx context.Context) (any, error) {
	have, _, err := client.Find[[][]byte](ctx, s.node, s.node.Runtime().Registry.Endpoints.Key(s.info.Identity), nil)
	if err != nil {
		return nil, err
	}
	var want [][]byte
	for _, e := range s.cfg.Endpoints {
		want = append(want, []byte(e))
	}
	if slices.EqualFunc(have, want, func(a, b []byte) bool { return string(a) == string(b) }) {
		return nil, nil
	}
	return registry.SetEndpoints{Worker: s.info.Identity, Endpoints: want}, nil
}
