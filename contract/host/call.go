package host

import (
	"bytes"
	"encoding/binary"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// Return codes of calls and of signature checks, as pallet-contracts numbers
// them.
const (
	codeCalleeTrapped  = 1
	codeCalleeReverted = 2
	codeTransferFailed = 5
	codeNotCallable    = 8
	codeEcdsaFailed    = 11
	codeSr25519Failed  = 12
)

// Flags of calls.
const (
	flagForwardInput = 1
	flagCloneInput   = 2
	flagTailCall     = 4
	flagAllowReentry = 8
	flagReadOnly     = 16
)

// refTime is how many units of Substrate's reference time are one gas.
const refTime = 100

// request is a call as its versions have it in common.
type request struct {
	flags             uint32
	callee, value     uint32
	gas               uint64 // 0 is all that is left
	input, inputLen   uint32
	output, outputLen uint32
}

func call0(x *execution, c *vm.Call, s []uint64) error {
	return x.call(c, s, request{
		flags: flagAllowReentry, callee: u32(s, 0), gas: s[2] / refTime, value: u32(s, 3),
		input: u32(s, 5), inputLen: u32(s, 6), output: u32(s, 7), outputLen: u32(s, 8),
	})
}

func call1(x *execution, c *vm.Call, s []uint64) error {
	return x.call(c, s, request{
		flags: u32(s, 0), callee: u32(s, 1), gas: s[2] / refTime, value: u32(s, 3),
		input: u32(s, 4), inputLen: u32(s, 5), output: u32(s, 6), outputLen: u32(s, 7),
	})
}

func call2(x *execution, c *vm.Call, s []uint64) error {
	return x.call(c, s, request{
		flags: u32(s, 0), callee: u32(s, 1), gas: s[2] / refTime, value: u32(s, 5),
		input: u32(s, 6), inputLen: u32(s, 7), output: u32(s, 8), outputLen: u32(s, 9),
	})
}

// call calls another contract of the cluster and waits for it. What the callee
// changed is undone unless it succeeds.
func (x *execution) call(c *vm.Call, s []uint64, r request) error {
	if r.flags >= 2*flagReadOnly {
		return trap("unknown call flags")
	}
	input, err := x.calleeInput(c, r)
	if err != nil {
		return err
	}
	id, err := c.Read(r.callee, 32)
	if err != nil {
		return err
	}
	callee := [32]byte(id)
	value, err := c.Read(r.value, 16)
	if err != nil {
		return err
	}
	if !bytes.Equal(value, make([]byte, 16)) {
		s[0] = codeTransferFailed // contracts hold no money yet
		return nil
	}
	if x.depth+1 >= MaxDepth {
		return trap("calls nest too deep")
	}
	x.reentry = r.flags&flagAllowReentry != 0
	defer func() { x.reentry = true }()
	for f := x; f != nil; f = f.parent {
		if f.env.Address == callee && !f.reentry {
			return trap("the callee does not allow to be entered again")
		}
	}
	other, found, err := x.find(c, callee)
	if err != nil {
		return err
	}
	if !found {
		s[0] = codeNotCallable
		return nil
	}
	out, err := x.enter(c, callee, other, input, r)
	if err != nil {
		return err
	}
	return x.finish(c, s, r, out)
}

func (x *execution) calleeInput(c *vm.Call, r request) ([]byte, error) {
	if r.flags&(flagForwardInput|flagCloneInput) != 0 {
		if x.inputRead {
			return nil, trap("input read twice")
		}
		x.inputRead = r.flags&flagForwardInput != 0
		return x.env.Input, nil
	}
	if r.inputLen > MaxInput {
		return nil, trap("input too long")
	}
	b, err := c.Read(r.input, r.inputLen)
	return bytes.Clone(b), err
}

// find looks a contract up: a read of the state.
func (x *execution) find(c *vm.Call, id [32]byte) (Contract, bool, error) {
	if err := c.Charge(gasRead); err != nil {
		return Contract{}, false, err
	}
	if x.env.Others == nil {
		return Contract{}, false, nil
	}
	other, found, err := x.env.Others.Contract(c.Context(), id)
	if err != nil {
		x.t.fault = err
		return Contract{}, false, trap("this machine has a fault")
	}
	return other, found, nil
}

func (x *execution) enter(c *vm.Call, callee [32]byte, other Contract, input []byte, r request) (vm.Outcome, error) {
	gas := c.GasLeft()
	if r.gas > 0 {
		gas = min(gas, r.gas)
	}
	if _, known := x.t.states[callee]; !known {
		x.t.states[callee] = other.State
	}
	x.t.calls++
	inner := &execution{
		t: x.t, origin: x.origin, parent: x, depth: x.depth + 1, reentry: true,
		readOnly: x.readOnly || r.flags&flagReadOnly != 0,
		env: Env{
			State: other.State, Code: other.Code, Others: x.env.Others, Caller: x.env.Address, Address: callee,
			Block: x.env.Block, Time: x.env.Time, Input: input,
			Seed: hash.Blake2b256([]byte("call"), x.env.Seed[:], scale.AppendUint32(nil, x.t.calls)),
		},
	}
	before := x.t.mark()
	out, err := other.Module.Execute(c.Context(), "call", inner, gas)
	if err == nil {
		err = x.t.fault
	}
	if err != nil {
		x.t.fault = err
		return out, trap("this machine has a fault")
	}
	if out.Status != vm.OK {
		x.t.rollback(before)
	}
	return out, c.Charge(out.Gas)
}

func (x *execution) finish(c *vm.Call, s []uint64, r request, out vm.Outcome) error {
	if out.Status != vm.OK && out.Status != vm.Reverted {
		s[0] = codeCalleeTrapped
		return nil
	}
	if r.flags&flagTailCall != 0 {
		return c.Return(out.Flags, out.Data)
	}
	if r.output != sentinel {
		if err := output(c, r.output, r.outputLen, out.Data); err != nil {
			return err
		}
	}
	s[0] = codeSuccess
	if out.Status == vm.Reverted {
		s[0] = codeCalleeReverted
	}
	return nil
}

func gasLeft(_ *execution, c *vm.Call, s []uint64) error {
	return output(c, u32(s, 0), u32(s, 1), binary.LittleEndian.AppendUint64(nil, c.GasLeft()*refTime))
}

func ownCodeHash(x *execution, c *vm.Call, s []uint64) error {
	return output(c, u32(s, 0), u32(s, 1), x.env.Code[:])
}

func codeHash(x *execution, c *vm.Call, s []uint64) error {
	id, err := c.Read(u32(s, 0), 32)
	if err != nil {
		return err
	}
	other, found, err := x.find(c, [32]byte(id))
	if err != nil {
		return err
	}
	if !found {
		s[0] = codeKeyNotFound
		return nil
	}
	err = output(c, u32(s, 1), u32(s, 2), other.Code[:])
	s[0] = codeSuccess
	return err
}

func isContract(x *execution, c *vm.Call, s []uint64) error {
	id, err := c.Read(u32(s, 0), 32)
	if err != nil {
		return err
	}
	_, found, err := x.find(c, [32]byte(id))
	s[0] = 0
	if found {
		s[0] = 1
	}
	return err
}

func callerIsOrigin(x *execution, _ *vm.Call, s []uint64) error {
	s[0] = 0
	if x.env.Caller == x.origin {
		s[0] = 1
	}
	return nil
}

// Prices of signature checks, and of every byte of a message.
const (
	gasSignature     = 1_500_000
	gasSignatureByte = 20
)

func sr25519Verify(_ *execution, c *vm.Call, s []uint64) error {
	n := u32(s, 2)
	if err := c.Charge(gasSignature + uint64(n)*gasSignatureByte); err != nil {
		return err
	}
	signature, err := c.Read(u32(s, 0), 64)
	if err != nil {
		return err
	}
	public, err := c.Read(u32(s, 1), 32)
	if err != nil {
		return err
	}
	message, err := c.Read(u32(s, 3), n)
	if err != nil {
		return err
	}
	s[0] = codeSr25519Failed
	if keys.Verify(keys.Sr25519, public, message, signature) {
		s[0] = codeSuccess
	}
	return nil
}

// ecdsaRecover takes r ‖ s ‖ v, with v 0…3 or 27…30, and a 32-byte hash.
func ecdsaRecover(_ *execution, c *vm.Call, s []uint64) error {
	if err := c.Charge(gasSignature); err != nil {
		return err
	}
	signature, err := c.Read(u32(s, 0), 65)
	if err != nil {
		return err
	}
	digest, err := c.Read(u32(s, 1), 32)
	if err != nil {
		return err
	}
	out := u32(s, 2)
	s[0] = codeEcdsaFailed
	v := signature[64]
	if v >= 27 {
		v -= 27
	}
	if v > 3 {
		return nil
	}
	compact := append([]byte{27 + 4 + v}, signature[:64]...)
	key, _, err := ecdsa.RecoverCompact(compact, digest)
	if err != nil {
		return nil // the signature is none
	}
	s[0] = codeSuccess
	return c.Write(out, key.SerializeCompressed())
}

func ecdsaToEth(_ *execution, c *vm.Call, s []uint64) error {
	if err := c.Charge(gasSignature / 10); err != nil {
		return err
	}
	b, err := c.Read(u32(s, 0), 33)
	if err != nil {
		return err
	}
	out := u32(s, 1)
	key, err := secp256k1.ParsePubKey(b)
	if err != nil {
		s[0] = codeEcdsaFailed
		return nil
	}
	h := hash.Keccak256(key.SerializeUncompressed()[1:])
	s[0] = codeSuccess
	return c.Write(out, h[12:])
}
