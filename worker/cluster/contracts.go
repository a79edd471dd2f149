package cluster

import (
	"context"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

// contracts is the cluster's contracts, for calls and for each other:
// host.Records. What is kept of one is
//
//	code H256 ‖ owner [32]
//
// or nothing, when it ended: that stays for ever, so that no other one comes to its
// address.
type contracts struct {
	c *Cluster
	t *Tx
}

// Contract implements host.Records.
func (x contracts) Contract(_ context.Context, id [32]byte) (r host.Record, found bool, err error) {
	b, ok := x.t.get(contractName(id))
	if x.t.err != nil || !ok {
		return r, false, x.t.err
	}
	switch len(b) {
	case 0:
		return host.Record{Ended: true}, false, nil
	case 64:
		r.Code, r.Owner = hash.H256(b[:32]), [32]byte(b[32:])
	case 32: // kept before contracts had owners
		r.Code = hash.H256(b)
	default:
		return r, false, errState
	}
	return r, true, nil
}

// ready is Contract of one whose code is here. A message to a contract brings
// the code, whatever else becomes of the message. The error wraps vm.ErrRefused
// where the limits of codes became narrower since it was made: that is its message's
// affair, and must not hold up those that follow.
func (x contracts) ready(ctx context.Context, id [32]byte) (host.Record, bool, error) {
	r, found, err := x.Contract(ctx, id)
	if err == nil && found {
		err = x.c.codes.Load(ctx, r.Code)
	}
	return r, found, err
}

// Code implements host.Records.
func (x contracts) Code(_ context.Context, code hash.H256) (bool, error) {
	_, ok := x.t.get(codeName(code))
	return ok && x.t.err == nil, x.t.err
}

// Address implements host.Records: as the chain calls those that accounts
// make.
func (x contracts) Address(deployer [32]byte, code hash.H256, salt []byte) [32]byte {
	return words.ContractID(deployer, code, x.c.id, salt)
}

// State implements host.Records.
func (x contracts) State(id [32]byte) host.State { return contractState{x.t, dataName(id)} }

// Put implements host.Records.
func (x contracts) Put(id [32]byte, r host.Record) {
	if r.Ended {
		x.t.set(contractName(id), []byte{})
		x.t.end(id)
		return
	}
	x.t.set(contractName(id), append(r.Code[:], r.Owner[:]...))
}
