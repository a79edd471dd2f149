package cluster

import (
	"context"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

// contracts is the cluster's contracts, for calls and for each other:
// host.Contracts. What is kept of one is
//
//	code H256 ‖ owner [32]
//
// or nothing, when it ended.
type contracts struct {
	c *Cluster
	t *Tx
}

// Contract implements host.Contracts.
func (x contracts) Contract(ctx context.Context, id [32]byte) (host.Contract, bool, error) {
	b, ok := x.t.get(contractName(id))
	if x.t.err != nil || !ok {
		return host.Contract{}, false, x.t.err
	}
	var r host.Record
	switch len(b) {
	case 0:
		return host.Contract{Record: host.Record{Ended: true}}, false, nil
	case 64:
		r.Code, r.Owner = hash.H256(b[:32]), [32]byte(b[32:])
	case 32: // kept before contracts had owners
		r.Code = hash.H256(b)
	default:
		return host.Contract{}, false, errState
	}
	m, err := x.c.codes.Module(ctx, r.Code)
	return host.Contract{Record: r, Module: m, State: x.State(id)}, err == nil, err
}

// Code implements host.Contracts.
func (x contracts) Code(ctx context.Context, code hash.H256) (*vm.Module, bool, error) {
	if _, ok := x.t.get(codeName(code)); x.t.err != nil || !ok {
		return nil, false, x.t.err
	}
	m, err := x.c.codes.Module(ctx, code)
	return m, err == nil, err
}

// Address implements host.Contracts: as the chain calls those that accounts
// make.
func (x contracts) Address(deployer [32]byte, code hash.H256, salt []byte) [32]byte {
	return words.ContractID(deployer, code, x.c.id, salt)
}

// State implements host.Contracts.
func (x contracts) State(id [32]byte) host.State { return contractState{x.t, dataName(id)} }

// Put implements host.Contracts.
func (x contracts) Put(id [32]byte, r host.Record) {
	if r.Ended {
		x.t.set(contractName(id), []byte{})
		return
	}
	x.t.set(contractName(id), append(r.Code[:], r.Owner[:]...))
}
