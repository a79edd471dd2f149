package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// Asked is a question to a cluster's contract runtime.
type Asked struct {
	frame.StateCall
	Origin keys.AccountID // who asks
	Block  uint32
	Time   uint64
	Web    host.Web // nil: there is no network
	Worker [32]byte // the key of the worker that answers
	Proof  host.Proof
}

// ErrAsked tells that a question is none.
var ErrAsked = errors.New("the contract runtime")

// Ask answers a question over stored state. A dry run is one of who asks: what
// a contract shows its caller, it shows nobody else.
func (c *Cluster) Ask(ctx context.Context, r Reader, q Asked) ([]byte, error) {
	t, err := c.Begin(r)
	if err != nil {
		return nil, err
	}
	out, err := c.ask(ctx, t, q)
	if err == nil {
		err = t.err
	}
	return out, err
}

func (c *Cluster) ask(ctx context.Context, t *Tx, q Asked) ([]byte, error) {
	x := &dispatch{c: c, t: t, signer: q.Origin, most: QueryGas, env: host.Env{
		Block: q.Block, Time: q.Time, Seed: randomSeed(), Query: true, Cache: c.cache.at(q.Time), Web: q.Web,
		Worker: q.Worker, Proof: q.Proof,
	}}
	switch q.Method {
	case frame.MethodCall:
		a, err := asked[frame.CallArgs](q)
		if err != nil {
			return nil, err
		}
		if a.Origin != q.Origin {
			return nil, ErrNotHolder
		}
		return x.dryCall(ctx, a)
	case frame.MethodInstantiate:
		a, err := asked[frame.InstantiateArgs](q)
		if err != nil {
			return nil, err
		}
		if a.Origin != q.Origin {
			return nil, ErrNotHolder
		}
		return x.dryInstantiate(ctx, a)
	case frame.MethodAccount:
		a, err := asked[frame.AccountArgs](q)
		if err != nil {
			return nil, err
		}
		if a.ID != q.Origin {
			return nil, ErrNotHolder
		}
		return scale.Marshal(frame.Account{Nonce: t.index(a.ID), Free: ledger{t}.Balance(a.ID)}), nil
	case frame.MethodContract:
		a, err := asked[frame.AccountArgs](q)
		if err != nil {
			return nil, err
		}
		return c.codeOf(t, hash.H256(a.ID))
	}
	return nil, fmt.Errorf("%w has no method %.64q", ErrAsked, q.Method)
}

func asked[A any](q Asked) (A, error) {
	a, err := scale.Decode[A](q.Args)
	if err != nil {
		err = fmt.Errorf("%w: the arguments of %s do not decode: %w", ErrAsked, q.Method, err)
	}
	return a, err
}

// codeOf tells the name of a contract's code, or None.
func (c *Cluster) codeOf(t *Tx, id hash.H256) ([]byte, error) {
	var code *hash.H256
	if record, ok := t.get(contractName(id)); ok && len(record) >= 32 {
		name := hash.H256(record[:32])
		code = &name
	}
	return scale.Encode(code), nil
}

func limit(w *frame.Weight) frame.Weight {
	if w == nil {
		return frame.Weight{RefTime: QueryGas * frame.RefTime}
	}
	return *w
}

func (x *dispatch) dryCall(ctx context.Context, a frame.CallArgs) ([]byte, error) {
	out, e, err := x.call(ctx, hash.H256(a.Dest), a.InputData, bounds{a.Value, limit(a.GasLimit), a.StorageDepositLimit})
	if err != nil {
		return nil, err
	}
	if e = kept(e); e != nil {
		return scale.Marshal(frame.NewCallResult(out.Gas, x.bill.told(), scale.Fail[frame.ExecReturn](e.Dispatch()))), nil
	}
	return scale.Marshal(frame.NewCallResult(out.Gas, x.bill.told(), scale.Ok[frame.ExecReturn, frame.DispatchError](returned(out)))), nil
}

func (x *dispatch) dryInstantiate(ctx context.Context, a frame.InstantiateArgs) ([]byte, error) {
	code, ok := a.Code.(frame.Existing)
	if !ok {
		return nil, fmt.Errorf("%w takes a code by its name", ErrAsked)
	}
	out, e, err := x.instantiate(ctx, code.Hash, a.Salt, a.Data, bounds{a.Value, limit(a.GasLimit), a.StorageDepositLimit})
	if err != nil {
		return nil, err
	}
	if e = kept(e); e != nil {
		return scale.Marshal(frame.NewInstantiateResult(out.Gas, x.bill.told(), scale.Fail[frame.InstantiateReturn](e.Dispatch()))), nil
	}
	id := keys.AccountID(contracts{x.c, x.t}.Address(x.signer, code.Hash, a.Salt))
	return scale.Marshal(frame.NewInstantiateResult(out.Gas, x.bill.told(), scale.Ok[frame.InstantiateReturn, frame.DispatchError](
		frame.InstantiateReturn{Result: returned(out), AccountID: id}))), nil
}

// told is what a dry run says of a bill: what was not paid is nothing.
func (b bill) told() frame.StorageDeposit {
	switch {
	case b.unpaid != allPaid:
		return frame.Charge{}
	case b.refund.IsZero():
		return frame.Charge{Amount: b.charge}
	}
	return frame.Refund{Amount: b.refund}
}

// kept is the error of a dry run. That a contract reverted is none there: what
// it returned tells why.
func kept(e *frame.Error) *frame.Error {
	if e != nil && *e == frame.ErrContractReverted {
		return nil
	}
	return e
}

func returned(out host.Result) frame.ExecReturn {
	r := frame.ExecReturn{Data: out.Data}
	if r.Data == nil {
		r.Data = []byte{}
	}
	if out.Status == vm.Reverted {
		r.Flags.Bits = frame.Reverted
	}
	return r
}
