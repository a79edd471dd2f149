package vm

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero/api"
)

var (
	errReturned = errors.New("returned")
	errOutOfGas = errors.New("out of gas")
)

// Trap is the error with which a host function stops an execution for a fault
// of the contract.
type Trap struct{ Reason string }

// Error returns the reason.
func (t *Trap) Error() string { return t.Reason }

// Call is one running execution, as host functions see it.
type Call struct {
	Host any // what Execute was given

	ctx          context.Context
	mem          api.Memory
	gas          api.MutableGlobal
	limit        uint64
	initializing bool
	flags        uint32
	data         []byte
}

// Context is that of the execution, for executions inside it.
func (c *Call) Context() context.Context { return c.ctx }

// Initializing tells whether the module's own initialisation runs, in which
// a contract's functions are not to be called.
func (c *Call) Initializing() bool { return c.initializing }

// Charge takes gas, and is an error when not so much is left.
func (c *Call) Charge(gas uint64) error {
	left := int64(c.gas.Get())
	if left < 0 || gas > uint64(left) {
		c.gas.Set(^uint64(0))
		return errOutOfGas
	}
	c.gas.Set(uint64(left) - gas)
	return nil
}

// GasLeft is the gas that the execution may still use.
func (c *Call) GasLeft() uint64 { return uint64(max(0, int64(c.gas.Get()))) }

// Read returns n bytes of the module's memory, not copied: they are valid until
// the host function returns or writes.
func (c *Call) Read(ptr, n uint32) ([]byte, error) {
	b, ok := c.mem.Read(ptr, n)
	if !ok {
		return nil, &Trap{"out of bounds memory access"}
	}
	return b, nil
}

// ReadU32 reads a little-endian number from the module's memory.
func (c *Call) ReadU32(ptr uint32) (uint32, error) {
	v, ok := c.mem.ReadUint32Le(ptr)
	if !ok {
		return 0, &Trap{"out of bounds memory access"}
	}
	return v, nil
}

// Write copies data into the module's memory.
func (c *Call) Write(ptr uint32, data []byte) error {
	if !c.mem.Write(ptr, data) {
		return &Trap{"out of bounds memory access"}
	}
	return nil
}

// WriteU32 writes a little-endian number into the module's memory.
func (c *Call) WriteU32(ptr, v uint32) error {
	if !c.mem.WriteUint32Le(ptr, v) {
		return &Trap{"out of bounds memory access"}
	}
	return nil
}

// Return ends the execution with flags and data, which it keeps. The caller
// passes on the error that it returns.
func (c *Call) Return(flags uint32, data []byte) error {
	c.flags, c.data = flags, data
	return errReturned
}
