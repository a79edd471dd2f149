package cluster

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// indexName is where the nonce of an account's next signed extrinsic lies, u32.
func indexName(who keys.AccountID) string { return "index" + string(who[:]) }

// index is the nonce of who's next signed extrinsic.
func (t *Tx) index(who keys.AccountID) uint32 {
	b, ok := t.get(indexName(who))
	if !ok {
		return 0
	}
	if len(b) != 4 {
		t.err = cmp.Or(t.err, errState)
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// signed does what a signed extrinsic of the contract runtime says, in the name
// of who signed it. One that is not good changes nothing; one whose call fails
// takes its nonce.
func (c *Cluster) signed(ctx context.Context, t *Tx, m queue.Message, head hash.H256, input []byte) (host.Result, error) {
	s, err := scale.Decode[frame.Signed](input)
	if err != nil {
		return refused("the signed extrinsic does not decode"), nil
	}
	first := frame.First(c.genesis, c.id)
	var spent uint64 // on the code, also when what names it is not good
	tx, err := s.Verify(first.Hash(), m.Block, func(code hash.H256) (source []byte, err error) {
		source, spent, err = c.source(ctx, t, code, CommandGas)
		return source, err
	})
	if errors.Is(err, frame.ErrInvalid) || errors.Is(err, errUnknownCode) || errors.Is(err, errMuchCode) {
		out := refused("%v", err)
		if out.Gas = spent; errors.Is(err, errMuchCode) {
			out.Status = vm.OutOfGas
		}
		return out, nil
	}
	if err != nil {
		return host.Result{}, err
	}
	if next := t.index(tx.Signer); tx.Nonce != next {
		why := "Transaction is outdated"
		if tx.Nonce > next {
			why = "Transaction will be valid in the future"
		}
		out := refused("%v: %s", frame.ErrInvalid, why)
		out.Gas = spent
		return out, nil
	}
	t.set(indexName(tx.Signer), binary.LittleEndian.AppendUint32(nil, tx.Nonce+1))
	x := dispatch{c: c, t: t, signer: tx.Signer, most: CommandGas - spent, env: host.Env{
		Block: m.Block, Time: m.Time, Seed: c.seeds.Derive("command", head[:]).Reveal(),
	}}
	out, e, err := x.apply(ctx, tx)
	if err != nil {
		return host.Result{}, err
	}
	out.Gas += spent
	t.log(m.Block, m.Time, out)
	out.Data = scale.Marshal(x.told(out, e))
	return out, nil
}

// maxTold is the most bytes of contracts' events that a receipt tells. What
// comes after them, contracts' owners find in their logs.
const maxTold = 32 << 10

// told are the events of a call that ended.
func (x *dispatch) told(out host.Result, e *frame.Error) (a frame.Applied) {
	if e != nil {
		a.End(out.Gas, e.Dispatch())
		return a
	}
	if x.stored != nil {
		a.Emit(frame.IndexCodeStored, *x.stored)
	}
	size := 0
	for _, event := range out.Events {
		if size += len(event.Data); size > maxTold {
			break
		}
		a.Emit(frame.IndexContractEmitted, frame.ContractEmitted{Contract: event.Contract, Data: event.Data}, event.Topics...)
	}
	if x.made != nil {
		a.Emit(frame.IndexInstantiated, *x.made)
	}
	a.End(out.Gas, nil)
	return a
}

// gasCodeByte is the price of a byte of a code that an extrinsic names, and that
// is read, unpacked and hashed to verify it. It comes before the call's own gas
// limit, as the weight of a call does in pallet-contracts.
const gasCodeByte = 100

var (
	// errUnknownCode tells that a cluster was not told of a code.
	errUnknownCode = errors.New("the cluster was not told of the code")
	// errMuchCode tells that a command has too little gas for a code to be read.
	errMuchCode = errors.New("reading the code takes more gas than there is")
)

// source returns the bytes of a code that the cluster was told of, and the gas
// that this takes. A code for which there is too little is not read.
func (c *Cluster) source(ctx context.Context, t *Tx, code hash.H256, most uint64) (source []byte, spent uint64, err error) {
	size, ok := t.codeSize(code)
	if !ok {
		return nil, 0, errUnknownCode
	}
	if spent = uint64(size) * gasCodeByte; spent > most {
		return nil, most, errMuchCode
	}
	source, err = c.codes.Source(ctx, code)
	return source, spent, err
}

// codeSize is how many bytes a code has that the cluster was told of: the most
// there can be when it was told of it before sizes were kept.
func (t *Tx) codeSize(code hash.H256) (size uint32, ok bool) {
	b, ok := t.get(codeName(code))
	switch {
	case !ok:
		return 0, false
	case len(b) == 0:
		return uint32(vm.Go.MaxCode), true
	case len(b) != 4:
		t.err = cmp.Or(t.err, errState)
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

// learn keeps that contracts may be made of a code that can run, and its size.
func (c *Cluster) learn(ctx context.Context, t *Tx, code hash.H256) error {
	if b, known := t.get(codeName(code)); known && len(b) == 4 {
		return nil
	}
	source, err := c.codes.Source(ctx, code)
	if err == nil {
		t.set(codeName(code), binary.LittleEndian.AppendUint32(nil, uint32(len(source))))
	}
	return err
}

// dispatch is one call of the contract runtime.
type dispatch struct {
	c      *Cluster
	t      *Tx
	signer keys.AccountID
	most   uint64   // gas at most
	env    host.Env // what the world is like
	stored *frame.CodeStored
	made   *frame.Instantiated
}

// apply does a call. A *frame.Error says why it failed; an error, that this
// machine could not.
func (x *dispatch) apply(ctx context.Context, tx frame.Tx) (host.Result, *frame.Error, error) {
	switch call := tx.Call.(type) {
	case frame.Call:
		to, ok := address(call.Dest)
		if !ok {
			return fail(frame.ErrContractNotFound)
		}
		return x.call(ctx, to, call.Value, call.GasLimit, call.Data)
	case frame.Instantiate:
		return x.instantiate(ctx, call.CodeHash, call.Salt, call.Value, call.GasLimit, call.Data)
	case frame.UploadCode:
		return x.upload(*tx.Code)
	case frame.InstantiateWithCode:
		if out, e, err := x.upload(*tx.Code); e != nil || err != nil {
			return out, e, err
		}
		return x.instantiate(ctx, *tx.Code, call.Salt, call.Value, call.GasLimit, call.Data)
	}
	return host.Result{}, nil, fmt.Errorf("call %T has no row here", tx.Call)
}

// upload has nothing to do: Verify has read the code, of which the cluster was
// told.
func (x *dispatch) upload(code hash.H256) (host.Result, *frame.Error, error) {
	x.stored = &frame.CodeStored{CodeHash: code, Uploader: x.signer}
	return host.Result{}, nil, nil
}

func (x *dispatch) call(ctx context.Context, id hash.H256, value scale.U128, limit frame.Weight, input []byte) (host.Result, *frame.Error, error) {
	contract, found, err := contracts{x.c, x.t}.ready(ctx, id)
	if err != nil {
		return host.Result{}, nil, err
	}
	if !found {
		return fail(frame.ErrContractNotFound)
	}
	return x.run(ctx, contract, "call", id, value, limit, input)
}

// instantiate makes a contract, whose address the signer, the code and the salt
// decide.
func (x *dispatch) instantiate(ctx context.Context, code hash.H256, salt []byte, value scale.U128, limit frame.Weight, input []byte) (host.Result, *frame.Error, error) {
	all := contracts{x.c, x.t}
	if len(salt) > host.MaxSalt {
		return fail(frame.ErrDuplicateContract)
	}
	found, err := all.Code(ctx, code)
	if err == nil && found {
		err = x.c.codes.Load(ctx, code)
	}
	if errors.Is(err, vm.ErrRefused) {
		return fail(frame.ErrCodeRejected)
	}
	if err != nil {
		return host.Result{}, nil, err
	}
	if !found {
		return fail(frame.ErrCodeNotFound)
	}
	id := hash.H256(all.Address(x.signer, code, salt))
	if _, exists := x.t.get(contractName(id)); exists {
		return fail(frame.ErrDuplicateContract)
	}
	record := host.Record{Code: code, Owner: x.signer}
	out, e, err := x.run(ctx, record, "deploy", id, value, limit, input)
	if e != nil || err != nil {
		return out, e, err
	}
	// Unless the constructor gave it another code already.
	if _, changed := x.t.get(contractName(id)); !changed {
		all.Put(id, record)
	}
	x.made = &frame.Instantiated{Deployer: x.signer, Contract: keys.AccountID(id)}
	return out, nil, nil
}

func (x *dispatch) run(ctx context.Context, contract host.Record, export string, id hash.H256, value scale.U128, limit frame.Weight, input []byte) (host.Result, *frame.Error, error) {
	if _, enough := (ledger{x.t}).Balance(x.signer).Sub(value); !enough {
		return fail(frame.ErrTransferFailed)
	}
	gas := min(limit.RefTime/frame.RefTime, x.most)
	if gas == 0 {
		return fail(frame.ErrOutOfGas)
	}
	env := x.env
	env.State, env.Code, env.Owner = contractState{x.t, dataName(id)}, contract.Code, contract.Owner
	env.Caller, env.Address, env.Cluster, env.Value, env.Input = x.signer, id, x.c.id, value, input
	env.Keys, env.Money, env.Stored = x.c.contractKey, ledger{x.t}, x.t.kept.State
	out, err := x.c.codes.Run(ctx, contract.Code, export, env, contracts{x.c, x.t}, gas)
	if err != nil {
		return host.Result{}, nil, err
	}
	e := frame.ErrContractTrapped
	switch out.Status {
	case vm.OK:
		return out, nil, nil
	case vm.Reverted:
		e = frame.ErrContractReverted
	case vm.OutOfGas:
		e = frame.ErrOutOfGas
	}
	return out, &e, nil
}

// fail is what came of a call that ran no contract.
func fail(e frame.Error) (host.Result, *frame.Error, error) {
	return host.Result{Outcome: vm.Outcome{Status: vm.Reverted}}, &e, nil
}

func address(to chain.MultiAddress) (hash.H256, bool) {
	a, ok := to.(chain.AddressID)
	return hash.H256(a.ID), ok
}
