package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Return codes of calls and of signature checks, as pallet-contracts numbers
// them.
const (
	codeCalleeTrapped  = 1
	codeCalleeReverted = 2
	codeTransferFailed = 5
	codeCodeNotFound   = 7
	codeNotCallable    = 8
	codeNotLogged      = 9
	codeRuntimeFailed  = 10
	codeEcdsaFailed    = 11
	codeSr25519Failed  = 12
	codeXcmFailed      = 13
	codeXcmNotSent     = 14
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

// limit is a limit in reference time as gas. None is all that is left, and less
// than one gas is not none.
func limit(weight uint64) uint64 {
	if weight > 0 && weight < refTime {
		return 1
	}
	return weight / refTime
}

// request is a call as its versions have it in common.
type request struct {
	flags             uint32
	callee, value     uint32
	gas               uint64 // 0 is all that is left
	deposit           uint32 // a limit of what is charged for storage
	input, inputLen   uint32
	output, outputLen uint32
	delegate          bool // another code as this contract
}

func call0(x *execution, c *vm.Call, s []uint64) error {
	return x.call(c, s, request{
		flags: flagAllowReentry, callee: u32(s, 0), gas: limit(s[2]), deposit: sentinel, value: u32(s, 3),
		input: u32(s, 5), inputLen: u32(s, 6), output: u32(s, 7), outputLen: u32(s, 8),
	})
}

func call1(x *execution, c *vm.Call, s []uint64) error {
	return x.call(c, s, request{
		flags: u32(s, 0), callee: u32(s, 1), gas: limit(s[2]), deposit: sentinel, value: u32(s, 3),
		input: u32(s, 4), inputLen: u32(s, 5), output: u32(s, 6), outputLen: u32(s, 7),
	})
}

func call2(x *execution, c *vm.Call, s []uint64) error {
	return x.call(c, s, request{
		flags: u32(s, 0), callee: u32(s, 1), gas: limit(s[2]), deposit: u32(s, 4), value: u32(s, 5),
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
	exceeded, err := x.depositLimit(c, r.deposit)
	if err != nil {
		return err
	}
	value, err := x.value(c, r.value, x.readOnly || r.flags&flagReadOnly != 0)
	if err != nil {
		return err
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
	before := x.t.mark()
	if !x.t.move(x.env.Address, callee, value) {
		s[0] = codeTransferFailed
		return nil
	}
	out, err := x.enter(c, other.Code, "call", x.callee(callee, other, value, input), r)
	if err != nil {
		return err
	}
	if out.Status != vm.OK {
		x.t.rollback(before)
	}
	if err := exceeded(); err != nil {
		return err
	}
	return x.finish(c, s, r, out)
}

func (x *execution) calleeInput(c *vm.Call, r request) ([]byte, error) {
	if r.flags&(flagForwardInput|flagCloneInput) != 0 {
		if x.inputGone {
			return nil, trap("the input was forwarded")
		}
		x.inputGone = r.flags&flagCloneInput == 0
		return x.env.Input, nil
	}
	if r.inputLen > MaxInput {
		return nil, trap("input too long")
	}
	b, err := c.Read(r.input, r.inputLen)
	return bytes.Clone(b), err
}

// find looks a contract up: a read of the state. When it is not found, Ended
// tells whether it was there once.
func (x *execution) find(c *vm.Call, id [32]byte) (contract, bool, error) {
	if err := c.Charge(gasRead); err != nil {
		return contract{}, false, err
	}
	if x.env.Others == nil {
		return contract{}, false, nil
	}
	if r, changed := x.t.records[id]; changed {
		return contract{r, x.t.states[id]}, !r.Ended && !x.making(id), nil
	}
	r, found, err := x.env.Others.Contract(c.Context(), id)
	if err != nil || !found {
		return contract{Record: r}, false, x.machine(err)
	}
	return contract{r, x.env.Others.State(id)}, true, nil
}

// making tells whether the constructor of a contract runs. Until it has ended,
// there is nobody to call.
func (x *execution) making(id [32]byte) bool {
	for f := x; f != nil; f = f.parent {
		if f.constructing && f.env.Address == id {
			return true
		}
	}
	return false
}

// maxCodes is how many codes one transaction runs. Machines keep more than that
// compiled, so that none is compiled twice for it.
const maxCodes = 12

// maxClosed is how often a code is fetched again that was given up before it ran.
const maxClosed = 8

// module is a code that is to run.
func (x *execution) module(c *vm.Call, code hash.H256) (*vm.Module, error) {
	if !slices.Contains(x.t.codes, code) {
		if len(x.t.codes) >= maxCodes {
			return nil, trap("too many codes in one transaction")
		}
		x.t.codes = append(x.t.codes, code)
	}
	m, err := x.env.Others.Module(c.Context(), code)
	if errors.Is(err, vm.ErrRefused) {
		return nil, trap("the code is refused")
	}
	return m, x.machine(err)
}

// machine makes a fault of this machine end the transaction.
func (x *execution) machine(err error) error {
	if err == nil {
		return nil
	}
	x.t.fault = err
	return trap("this machine has a fault")
}

// callee is what a contract sees that this one calls.
func (x *execution) callee(id [32]byte, other contract, value scale.U128, input []byte) Env {
	env := x.env
	env.State, env.Code, env.Owner = other.state, other.Code, other.Owner
	env.Caller, env.Address, env.Value, env.Input = x.env.Address, id, value, input
	return env
}

// enter runs an export in a call below this one. What it changed is undone
// unless it succeeds.
func (x *execution) enter(c *vm.Call, code hash.H256, export string, env Env, r request) (vm.Outcome, error) {
	m, err := x.module(c, code)
	if err != nil {
		return vm.Outcome{}, err
	}
	gas := c.GasLeft()
	if r.gas > 0 {
		gas = min(gas, r.gas)
	}
	if _, known := x.t.states[env.Address]; !known {
		x.t.states[env.Address] = env.State
	}
	env.Seed = x.seed()
	inner := &execution{
		t: x.t, env: env, origin: x.origin, parent: x, depth: x.depth + 1, reentry: true,
		readOnly: x.readOnly || r.flags&flagReadOnly != 0, constructing: export == "deploy", delegated: r.delegate,
	}
	before := x.t.mark()
	out, err := m.Execute(c.Context(), export, inner, gas)
	// Others may have been in need of its place before it began.
	for tries := 0; errors.Is(err, vm.ErrClosed) && tries < maxClosed; tries++ {
		if m, err = x.module(c, code); err != nil {
			return out, err
		}
		out, err = m.Execute(c.Context(), export, inner, gas)
	}
	if err == nil {
		err = x.t.fault
	}
	if err != nil {
		return out, x.machine(err)
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
	code := x.code()
	return output(c, u32(s, 0), u32(s, 1), code[:])
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

// entered is how many calls of a contract run. Codes that it delegated to are
// no calls of their own.
func (x *execution) entered(id [32]byte) (n uint64) {
	for f := x; f != nil; f = f.parent {
		if f.env.Address == id && !f.delegated {
			n++
		}
	}
	return n
}

// reentranceCount is how many calls of this contract run beside this one.
func reentranceCount(x *execution, _ *vm.Call, s []uint64) error {
	n := x.entered(x.env.Address)
	s[0] = n - min(n, 1)
	return nil
}

func accountReentranceCount(x *execution, c *vm.Call, s []uint64) error {
	id, err := c.Read(u32(s, 0), 32)
	if err != nil {
		return err
	}
	s[0] = x.entered([32]byte(id))
	return nil
}

// gasLeft1 is the weight that is left: SCALE's compact reference time and size
// of proof. There are no proofs, so that as much as can be is left of them.
func gasLeft1(_ *execution, c *vm.Call, s []uint64) error {
	weight := scale.AppendCompact(scale.AppendCompact(nil, c.GasLeft()*refTime), math.MaxUint64)
	return output(c, u32(s, 0), u32(s, 1), weight)
}
