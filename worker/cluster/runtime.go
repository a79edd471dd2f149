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
// takes its nonce. Who signed it pays for what contracts do. Who brought it pays
// for the code that is read to verify it: until then nobody has signed anything.
func (c *Cluster) signed(ctx context.Context, t *Tx, m queue.Message, head hash.H256, from keys.AccountID, input []byte) (host.Result, error) {
	s, err := scale.Decode[frame.Signed](input)
	if err != nil {
		return refused("the signed extrinsic does not decode"), nil
	}
	first, terms := frame.First(c.genesis, c.id), t.terms()
	var spent uint64 // on the code, also when what names it is not good
	tx, err := s.Verify(first.Hash(), m.Block, func(code hash.H256) (source []byte, err error) {
		source, spent, err = c.source(ctx, t, code, terms.Affords(ledger{t}.Balance(from), CommandGas))
		return source, err
	})
	t.payGas(terms, from, spent)
	if errors.Is(err, frame.ErrInvalid) || errors.Is(err, errUnknownCode) || errors.Is(err, errMuchCode) || errors.Is(err, errDearCode) {
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
	if gives, runs := value(tx.Call); runs {
		has := ledger{t}.Balance(tx.Signer)
		if rest, enough := has.Sub(gives); enough && terms.Affords(rest, 1) == 0 {
			out := refused("%v: Inability to pay some fees (e.g. account balance too low)", frame.ErrInvalid)
			out.Gas = spent
			return out, nil
		}
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
	// errDearCode tells that who brings an extrinsic cannot pay for its code to be
	// read.
	errDearCode = errors.New("who brings the code holds too little in the cluster to pay for reading it")
)

// source returns the bytes of a code that the cluster was told of, and the gas
// that this takes, of which most are paid for. A code for which there is too
// little is not read.
func (c *Cluster) source(ctx context.Context, t *Tx, code hash.H256, most uint64) (source []byte, spent uint64, err error) {
	size, ok := t.codeSize(code)
	if !ok {
		return nil, 0, errUnknownCode
	}
	switch spent = uint64(size) * gasCodeByte; {
	case spent > CommandGas:
		return nil, most, errMuchCode
	case spent > most:
		return nil, 0, errDearCode
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

// dispatch is one call of the contract runtime.
type dispatch struct {
	c      *Cluster
	t      *Tx
	signer keys.AccountID
	most   uint64   // gas at most
	env    host.Env // what the world is like
	stored *frame.CodeStored
	made   *frame.Instantiated
	bill   bill // what a contract that ran costs beside gas
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
		return x.call(ctx, to, call.Data, bounds{call.Value, call.GasLimit, amount(call.StorageDepositLimit)})
	case frame.Instantiate:
		return x.instantiate(ctx, call.CodeHash, call.Salt, call.Data, bounds{call.Value, call.GasLimit, amount(call.StorageDepositLimit)})
	case frame.UploadCode:
		return x.upload(*tx.Code)
	case frame.InstantiateWithCode:
		if out, e, err := x.upload(*tx.Code); e != nil || err != nil {
			return out, e, err
		}
		return x.instantiate(ctx, *tx.Code, call.Salt, call.Data, bounds{call.Value, call.GasLimit, amount(call.StorageDepositLimit)})
	}
	return host.Result{}, nil, fmt.Errorf("call %T has no row here", tx.Call)
}

// bounds are what a call gives to a contract, and may cost.
type bounds struct {
	value   scale.U128
	gas     frame.Weight
	deposit *scale.U128 // nil: as the terms say
}

func amount(n *frame.CompactBalance) *scale.U128 {
	if n == nil {
		return nil
	}
	return &n.Value
}

// upload has nothing to do: Verify has read the code, of which the cluster was
// told.
func (x *dispatch) upload(code hash.H256) (host.Result, *frame.Error, error) {
	x.stored = &frame.CodeStored{CodeHash: code, Uploader: x.signer}
	return host.Result{}, nil, nil
}

func (x *dispatch) call(ctx context.Context, id hash.H256, input []byte, within bounds) (host.Result, *frame.Error, error) {
	contract, found, err := contracts{x.c, x.t}.ready(ctx, id)
	if errors.Is(err, vm.ErrRefused) {
		return fail(frame.ErrCodeRejected)
	}
	if err != nil {
		return host.Result{}, nil, err
	}
	if !found {
		return fail(frame.ErrContractNotFound)
	}
	return x.run(ctx, contract, "call", id, input, within)
}

// instantiate makes a contract, whose address the signer, the code and the salt
// decide.
func (x *dispatch) instantiate(ctx context.Context, code hash.H256, salt, input []byte, within bounds) (host.Result, *frame.Error, error) {
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
	out, e, err := x.run(ctx, record, "deploy", id, input, within)
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

func (x *dispatch) run(ctx context.Context, contract host.Record, export string, id hash.H256, input []byte, within bounds) (host.Result, *frame.Error, error) {
	if _, enough := (ledger{x.t}).Balance(x.signer).Sub(within.value); !enough {
		return fail(frame.ErrTransferFailed)
	}
	gas := min(within.gas.RefTime/frame.RefTime, x.most)
	if gas == 0 {
		return fail(frame.ErrOutOfGas)
	}
	env := x.env
	env.Code, env.Owner, env.Caller, env.Address, env.Value, env.Input = contract.Code, contract.Owner, x.signer, id, within.value, input
	out, b, err := x.c.pay(ctx, x.t, export, env, gas, within.deposit)
	if err != nil {
		return host.Result{}, nil, err
	}
	x.bill = b
	e := frame.ErrContractTrapped
	switch {
	case out.Status == vm.OK:
		return out, nil, nil
	case b.unpaid == depositUnpaid:
		e = frame.ErrStorageDepositNotEnoughFunds
	case b.unpaid == limitUnpaid:
		e = frame.ErrStorageDepositLimitExhausted
	case out.Status == vm.OutOfGas, b.unpaid == gasUnpaid:
		e = frame.ErrOutOfGas
	case out.Status == vm.Reverted:
		e = frame.ErrContractReverted
	}
	return out, &e, nil
}

// value is what a call gives to a contract, of those that run one.
func value(call frame.RuntimeCall) (n scale.U128, runs bool) {
	switch call := call.(type) {
	case frame.Call:
		return call.Value, true
	case frame.Instantiate:
		return call.Value, true
	case frame.InstantiateWithCode:
		return call.Value, true
	}
	return n, false
}

// fail is what came of a call that ran no contract.
func fail(e frame.Error) (host.Result, *frame.Error, error) {
	return host.Result{Outcome: vm.Outcome{Status: vm.Reverted}}, &e, nil
}

func address(to chain.MultiAddress) (hash.H256, bool) {
	a, ok := to.(chain.AddressID)
	return hash.H256(a.ID), ok
}
