package host

import (
	"bytes"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// code is the name of this contract's code, which it may have changed. That of
// a delegate call stays the contract's own.
func (x *execution) code() hash.H256 {
	if r, changed := x.t.records[x.env.Address]; changed {
		return r.Code
	}
	return x.env.Code
}

// known looks a code up: a read of the state.
func (x *execution) known(c *vm.Call, ptr uint32) (hash.H256, bool, error) {
	b, err := c.Read(ptr, 32)
	if err != nil {
		return hash.H256{}, false, err
	}
	name := hash.H256(b)
	if err := c.Charge(gasRead); err != nil || x.env.Others == nil {
		return name, false, err
	}
	found, err := x.env.Others.Code(c.Context(), name)
	return name, found, x.machine(err)
}

// delegateCall runs another code over this contract's storage, as this
// contract, called by whoever called it.
func delegateCall(x *execution, c *vm.Call, s []uint64) error {
	r := request{flags: u32(s, 0), input: u32(s, 2), inputLen: u32(s, 3), output: u32(s, 4), outputLen: u32(s, 5), delegate: true}
	name := u32(s, 1)
	if r.flags&^(flagForwardInput|flagCloneInput|flagTailCall) != 0 {
		return trap("unknown call flags")
	}
	input, err := x.calleeInput(c, r)
	if err != nil {
		return err
	}
	if x.depth+1 >= MaxDepth {
		return trap("calls nest too deep")
	}
	code, found, err := x.known(c, name)
	if err != nil {
		return err
	}
	if !found {
		s[0] = codeCodeNotFound
		return nil
	}
	env := x.env
	env.Input = input
	out, err := x.enter(c, code, "call", env, r)
	if err != nil {
		return err
	}
	return x.finish(c, s, r, out)
}

// making is an instantiation as its versions have it in common.
type making struct {
	request
	code                uint32
	address, addressLen uint32
	salt, saltLen       uint32
}

func instantiate0(x *execution, c *vm.Call, s []uint64) error {
	return x.instantiate(c, s, making{request{
		gas: limit(s[2]), deposit: sentinel, value: u32(s, 3), input: u32(s, 5), inputLen: u32(s, 6), output: u32(s, 9), outputLen: u32(s, 10),
	}, u32(s, 0), u32(s, 7), u32(s, 8), u32(s, 11), u32(s, 12)})
}

func instantiate1(x *execution, c *vm.Call, s []uint64) error {
	return x.instantiate(c, s, making{request{
		gas: limit(s[1]), deposit: sentinel, value: u32(s, 2), input: u32(s, 3), inputLen: u32(s, 4), output: u32(s, 7), outputLen: u32(s, 8),
	}, u32(s, 0), u32(s, 5), u32(s, 6), u32(s, 9), u32(s, 10)})
}

func instantiate2(x *execution, c *vm.Call, s []uint64) error {
	return x.instantiate(c, s, making{request{
		gas: limit(s[1]), deposit: u32(s, 3), value: u32(s, 4), input: u32(s, 5), inputLen: u32(s, 6), output: u32(s, 9), outputLen: u32(s, 10),
	}, u32(s, 0), u32(s, 7), u32(s, 8), u32(s, 11), u32(s, 12)})
}

// instantiate makes a contract of a code that the cluster knows, and runs its
// constructor.
func (x *execution) instantiate(c *vm.Call, s []uint64, r making) error {
	if x.readOnly {
		return trap("contract made in a read-only call")
	}
	if r.saltLen > MaxSalt {
		return trap("salt too long")
	}
	if err := c.Charge(gasWrite); err != nil {
		return err
	}
	salt, err := c.Read(r.salt, r.saltLen)
	if err != nil {
		return err
	}
	salt = bytes.Clone(salt)
	input, err := x.calleeInput(c, r.request)
	if err != nil {
		return err
	}
	exceeded, err := x.depositLimit(c, r.deposit)
	if err != nil {
		return err
	}
	value, err := x.value(c, r.value, false)
	if err != nil {
		return err
	}
	if x.depth+1 >= MaxDepth {
		return trap("calls nest too deep")
	}
	code, found, err := x.known(c, r.code)
	if err != nil {
		return err
	}
	if !found {
		s[0] = codeCodeNotFound
		return nil
	}
	id := x.env.Others.Address(x.env.Address, code, salt)
	if old, exists, err := x.find(c, id); err != nil || exists || old.Ended || x.making(id) {
		if err == nil {
			err = trap("the contract exists")
		}
		return err
	}
	before := x.t.mark()
	if !x.t.grow(clusterContract) {
		return trap(tooFull)
	}
	if !x.t.move(x.env.Address, id, value) {
		x.t.rollback(before)
		s[0] = codeTransferFailed
		return nil
	}
	record := Record{Code: code, Owner: x.env.Owner}
	env := x.callee(id, contract{record, x.env.Others.State(id)}, value, input)
	return x.construct(c, s, r, env, record, before, exceeded)
}

// construct runs a constructor, which the money went to already. What happened
// since before is undone when it fails.
func (x *execution) construct(c *vm.Call, s []uint64, r making, env Env, record Record, before mark, exceeded func() error) error {
	id := env.Address
	// There before the constructor runs, which may give it another code.
	x.t.states[id] = env.State
	x.t.setRecord(id, record)
	out, err := x.enter(c, record.Code, "deploy", env, r.request)
	if err != nil {
		return err
	}
	if out.Status != vm.OK {
		x.t.rollback(before)
	}
	if err := exceeded(); err != nil {
		return err
	}
	if out.Status == vm.OK && r.address != sentinel {
		if err := output(c, r.address, r.addressLen, id[:]); err != nil {
			return err
		}
	}
	return x.finish(c, s, r.request, out)
}

// setCodeHash gives the contract another code, from the next call on.
func setCodeHash(x *execution, c *vm.Call, s []uint64) error {
	if x.readOnly {
		return trap("code changed in a read-only call")
	}
	if err := c.Charge(gasWrite); err != nil {
		return err
	}
	code, found, err := x.known(c, u32(s, 0))
	if err != nil {
		return err
	}
	if !found {
		s[0] = codeCodeNotFound
		return nil
	}
	x.t.setRecord(x.env.Address, Record{Code: code, Owner: x.env.Owner})
	s[0] = codeSuccess
	return nil
}

func terminate0(x *execution, c *vm.Call, s []uint64) error {
	if n := u32(s, 1); n != 32 {
		return trap("the beneficiary is no account")
	}
	return x.terminate(c, u32(s, 0))
}

func terminate1(x *execution, c *vm.Call, s []uint64) error { return x.terminate(c, u32(s, 0)) }

// terminate ends the contract for ever. The beneficiary gets all its money.
func (x *execution) terminate(c *vm.Call, beneficiary uint32) error {
	b, err := c.Read(beneficiary, 32)
	if err != nil {
		return err
	}
	heir := [32]byte(b)
	if x.readOnly {
		return trap("contract ended in a read-only call")
	}
	if x.constructing {
		return trap("contract ended in its constructor")
	}
	for f := x.parent; f != nil; f = f.parent {
		if f.env.Address == x.env.Address {
			return trap("contract ended while another call of it runs")
		}
	}
	if err := c.Charge(gasWrite + gasMove); err != nil {
		return err
	}
	if x.env.Others == nil {
		return trap("there is no cluster")
	}
	other, found, err := x.find(c, heir)
	if err != nil {
		return err
	}
	held := x.t.balance(x.env.Address)
	if !held.IsZero() && (heir == x.env.Address || !found && other.Ended) {
		return trap("the money of the contract would be lost")
	}
	if !x.t.move(x.env.Address, heir, held) {
		return trap("the beneficiary cannot take the money")
	}
	x.t.setRecord(x.env.Address, Record{Code: x.code(), Owner: x.env.Owner, Ended: true, Heir: heir})
	return c.Return(0, nil)
}

// Places of the codes that the contract depends on, and the most of them.
const (
	dependencyKey   = "\x03"
	dependenciesKey = "\x04"
	maxDependencies = 32
)

// lockDependency declares that the contract calls a code. Codes never go away
// here, so that it locks nothing, but it fails as it does elsewhere.
func lockDependency(x *execution, c *vm.Call, s []uint64) error {
	return x.dependency(c, u32(s, 0), func(code hash.H256, n byte, found bool) (byte, error) {
		if found {
			return n, trap("the code is locked already")
		}
		if n >= maxDependencies {
			return n, trap("too many codes are locked")
		}
		if code == x.code() {
			return n, trap("the code is the contract's own")
		}
		return n + 1, nil
	})
}

func unlockDependency(x *execution, c *vm.Call, s []uint64) error {
	return x.dependency(c, u32(s, 0), func(_ hash.H256, n byte, found bool) (byte, error) {
		if !found {
			return n, trap("the code is not locked")
		}
		return n - 1, nil
	})
}

// dependency changes whether a code is locked, as next says by how many are.
func (x *execution) dependency(c *vm.Call, ptr uint32, next func(code hash.H256, n byte, found bool) (byte, error)) error {
	if x.readOnly {
		return trap("state changed in a read-only call")
	}
	if err := c.Charge(2 * gasWrite); err != nil {
		return err
	}
	code, known, err := x.known(c, ptr)
	if err != nil {
		return err
	}
	if !known {
		return trap("there is no such code")
	}
	key := dependencyKey + string(code[:])
	old, locked := x.get(key)
	count, counted := x.get(dependenciesKey)
	n := byte(0)
	if len(count) == 1 {
		n = count[0]
	}
	after, err := next(code, n, locked)
	if err != nil {
		return err
	}
	if err := x.put(key, change{value: []byte{}, deleted: locked}, old, locked); err != nil {
		return err
	}
	return x.put(dependenciesKey, change{value: []byte{after}}, count, counted)
}
