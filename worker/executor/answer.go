package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// errEnded tells that an executor ended, or is not one any more, before its call
// had.
var errEnded = errors.New("the executor ended")

// asked is a call as the worker sees it: what the executor may ask for.
type asked struct {
	*lane
	codes  func(context.Context, hash.H256) ([]byte, vm.Native, error)
	env    host.Env
	around host.Records // nil: there is no cluster
	gas    uint64
	fault  error // the first that the executor was told of

	foresight *foresight // of this executor
}

// run has the executor run a call, and makes its changes.
func (a *asked) run(ctx context.Context, code hash.H256, export string) (host.Result, error) {
	e := a.env
	err := a.send(kindRun, run{
		Code: code, Export: export, Gas: a.gas, Owner: e.Owner, Own: e.Code, Caller: e.Caller, Address: e.Address, Value: e.Value,
		Cluster: e.Cluster, Worker: e.Worker, Proof: e.Proof,
		Block: e.Block, Time: e.Time, Input: e.Input, Seed: e.Seed, Quota: e.Quota, Stored: e.Stored, Prices: e.Prices, Query: e.Query,
		Around: a.around != nil, Keys: e.Keys != nil, Cache: e.Cache != nil, Web: e.Web != nil, Money: e.Money != nil,
		Foreseen: a.foresee(),
	})
	limit := maxDone
	if e.Query {
		limit = maxResult
	}
	for err == nil {
		var kind byte
		var body []byte
		if kind, body, err = a.await(limit); err != nil {
			break
		}
		switch kind {
		case kindDone:
			r, err := a.finish(body)
			if err != nil {
				return r, errors.Join(errEnded, err)
			}
			return r, nil
		case kindFailed:
			return host.Result{}, a.failed(body)
		default:
			err = a.answer(ctx, kind, body)
		}
	}
	return host.Result{}, errors.Join(errEnded, err)
}

// failed is why there is no outcome.
func (a *asked) failed(body []byte) error {
	if a.fault != nil {
		return a.fault
	}
	return refusal(body)
}

// refusal reads that a code was refused.
func refusal(body []byte) error {
	f, err := scale.Decode[failed](body)
	if err != nil || !f.Refused || len(f.Reason) > maxReason {
		return errors.Join(errEnded, fmt.Errorf("%w: no outcome and no reason", errFrame))
	}
	return fmt.Errorf("%w: %s", vm.ErrRefused, f.Reason)
}

// reason is why a code was refused.
func reason(err error) string { return strings.TrimPrefix(err.Error(), vm.ErrRefused.Error()+": ") }

// maxReason bounds why a code is refused or a call trapped.
const maxReason = 1 << 10

// answer answers one question.
func (a *asked) answer(ctx context.Context, kind byte, body []byte) error {
	if len(body) > maxAsk {
		return fmt.Errorf("%w: a question of %d bytes", errFrame, len(body))
	}
	e := a.env
	switch {
	case kind == kindGet:
		return reply(a, body, func(p place) (value, error) { return found(a.state(p.Contract).Get(p.Key)), nil })
	case kind == kindModule:
		return reply(a, body, func(code hash.H256) (load, error) {
			packed, native, err := a.codes(ctx, code)
			if errors.Is(err, vm.ErrRefused) {
				return load{Refused: []byte(reason(err))}, nil
			}
			return load{packed, native, nil}, err
		})
	case kind == kindContract && a.around != nil:
		return reply(a, body, func(id [32]byte) (record, error) {
			r, found, err := a.around.Contract(ctx, id)
			return record{found, r}, err
		})
	case kind == kindCode && a.around != nil:
		return reply(a, body, func(code hash.H256) (bool, error) { return a.around.Code(ctx, code) })
	case kind == kindAddress && a.around != nil:
		return reply(a, body, func(m making) ([32]byte, error) { return a.around.Address(m.Deployer, m.Code, m.Salt), nil })
	case kind == kindKey && e.Keys != nil:
		return reply(a, body, func(id [32]byte) ([32]byte, error) { return e.Keys(id), nil })
	case kind == kindBalance && e.Money != nil:
		return reply(a, body, func(id [32]byte) (scale.U128, error) { return e.Money.Balance(id), nil })
	case kind == kindCacheGet && e.Cache != nil:
		return reply(a, body, func(p place) (value, error) { return found(e.Cache.Get(p.Contract, p.Key)), nil })
	case kind == kindCacheSet && e.Cache != nil:
		return reply(a, body, func(c cached) (bool, error) {
			if len(c.At.Key) > host.MaxKey || len(c.Value) > host.MaxValue {
				return false, errFrame
			}
			return e.Cache.Set(c.At.Contract, c.At.Key, c.Value, c.Until), nil
		})
	case kind == kindCacheRemove && e.Cache != nil:
		return reply(a, body, func(p place) (bool, error) {
			e.Cache.Remove(p.Contract, p.Key)
			return true, nil
		})
	case kind == kindWeb && e.Web != nil && e.Query:
		return reply(a, body, func(r host.WebRequest) (host.WebResponse, error) { return e.Web.Fetch(ctx, r), nil })
	case kind == kindWebAll && e.Web != nil && e.Query:
		b, err := scale.Decode[batch](body)
		if err != nil || len(b.Requests) > host.MaxWebRequests || b.Most > maxBatch {
			return fmt.Errorf("%w: a batch that no contract may ask for", errFrame)
		}
		return a.send(kindAnswer, e.Web.FetchAll(ctx, b.Requests, time.Duration(b.Most)*time.Millisecond))
	}
	return fmt.Errorf("%w: kind %d", errFrame, kind)
}

// maxBatch is for how many ms a batch of requests may ask to be waited for. The
// query's own time is up before.
const maxBatch = 60_000

func found(b []byte, ok bool) value { return value{ok, b} }

// reply reads a question and sends the answer, or that there is none.
func reply[Q, A any](a *asked, body []byte, answer func(Q) (A, error)) error {
	question, err := scale.Decode[Q](body)
	if err != nil {
		return err
	}
	out, err := answer(question)
	if err != nil {
		if a.fault == nil {
			a.fault = err
		}
		return a.send(kindFault, nil)
	}
	return a.send(kindAnswer, out)
}

// state is the storage of a contract. That of the call's own came with it.
func (a *asked) state(id [32]byte) host.State {
	if id == a.env.Address || a.around == nil {
		return a.env.State
	}
	return a.around.State(id)
}
