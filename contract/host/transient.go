package host

import (
	"bytes"

	"github.com/tacit-network/tacit/contract/vm"
)

// MaxTransient is the most bytes that a transaction may write to transient
// storage, all contracts together. Each write counts as an entry does, one that
// is taken back or overwritten too.
const MaxTransient = 1 << 20

// gasTransient is the price of looking transient storage up, and half of that of
// changing it.
const gasTransient = 500

// transient is storage that is gone when the transaction ends. Calls that fail
// take back what they wrote, as they do with storage; a read-only call may write
// it, as in pallet-contracts: it cannot outlive the transaction.
type transient struct {
	values  map[place][]byte
	written uint64 // bytes, also by what was undone: it is in memory all the same
}

// lookUp finds an entry of this contract.
func (x *execution) lookUp(c *vm.Call, ptr, n uint32) (at place, v []byte, ok bool, err error) {
	if err := c.Charge(gasTransient); err != nil {
		return at, nil, false, err
	}
	key, err := variable(c, ptr, n)
	if err != nil {
		return at, nil, false, err
	}
	at = place{x.env.Address, key}
	v, ok = x.t.passing.values[at]
	return at, v, ok, c.Charge(uint64(len(v)) * gasCopyByte)
}

// pass changes what lies at a place, where old is; a nil value takes it away. A
// value that is there already is not written again.
func (x *execution) pass(c *vm.Call, at place, value, old []byte, had bool) error {
	if err := c.Charge(gasTransient + uint64(len(value))*gasCopyByte); err != nil {
		return err
	}
	if had == (value != nil) && bytes.Equal(value, old) {
		return nil
	}
	p := &x.t.passing
	if p.written += entryBytes(at.key, value); p.written > MaxTransient {
		return trap("the transaction writes too much transient storage")
	}
	if p.values == nil {
		p.values = map[place][]byte{}
	}
	x.t.undo = append(x.t.undo, func() { restore(p.values, at, old, had) })
	restore(p.values, at, value, value != nil)
	return nil
}

func setTransient(x *execution, c *vm.Call, s []uint64) error {
	ptr, n := u32(s, 2), u32(s, 3)
	if n > MaxValue {
		return trap("value too long")
	}
	at, old, had, err := x.lookUp(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	v, err := c.Read(ptr, n)
	if err != nil {
		return err
	}
	s[0] = size(old, had)
	return x.pass(c, at, append([]byte{}, v...), old, had)
}

func getTransient(x *execution, c *vm.Call, s []uint64) error {
	_, v, ok, err := x.lookUp(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	ptr, lenPtr := u32(s, 2), u32(s, 3)
	s[0] = codeKeyNotFound
	if ok {
		s[0] = codeSuccess
		err = output(c, ptr, lenPtr, v)
	}
	return err
}

func clearTransient(x *execution, c *vm.Call, s []uint64) error {
	at, old, had, err := x.lookUp(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	s[0] = size(old, had)
	return x.pass(c, at, nil, old, had)
}

func containsTransient(x *execution, c *vm.Call, s []uint64) error {
	_, v, ok, err := x.lookUp(c, u32(s, 0), u32(s, 1))
	s[0] = size(v, ok)
	return err
}

func takeTransient(x *execution, c *vm.Call, s []uint64) error {
	at, old, had, err := x.lookUp(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	ptr, lenPtr := u32(s, 2), u32(s, 3)
	s[0] = codeKeyNotFound
	if !had {
		return nil
	}
	if err := x.pass(c, at, nil, old, had); err != nil {
		return err
	}
	s[0] = codeSuccess
	return output(c, ptr, lenPtr, old)
}
