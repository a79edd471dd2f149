package host

import "github.com/tacit-network/tacit/contract/vm"

// The functions with which a contract reaches its chain's runtime. Workers have
// none to reach: contracts are answered as by pallet-contracts on a chain whose
// filter lets contracts call nothing and that speaks no XCM. Arguments are taken
// from the memory and have to be long enough to be what they stand for; which
// calls and programs other chains know, is nobody's to say here.

// What the shortest call and the shortest parts of XCM are in bytes: the indices
// of pallet and call; version and the number of instructions; version, number of
// parents and kind of interior.
const (
	leastCall     = 2
	leastMessage  = 2
	leastLocation = 3
)

// Versions of XCM that a message may have, as its first byte says.
const (
	oldestXcm = 2
	newestXcm = 5
)

// chainInput takes the argument of a function that reaches the chain.
func (x *execution) chainInput(c *vm.Call, ptr, n, least uint32) ([]byte, error) {
	if x.readOnly {
		return nil, trap("the chain called in a read-only call")
	}
	if n > MaxInput {
		return nil, trap("input too long")
	}
	if err := c.Charge(uint64(n) * gasCopyByte); err != nil {
		return nil, err
	}
	b, err := c.Read(ptr, n)
	if err == nil && n < least {
		err = trap("the argument does not decode")
	}
	return b, err
}

// xcm takes a part of XCM, which begins with its version.
func (x *execution) xcm(c *vm.Call, ptr, n, least uint32) error {
	b, err := x.chainInput(c, ptr, n, least)
	if err == nil && (b[0] < oldestXcm || b[0] > newestXcm) {
		err = trap("the argument does not decode")
	}
	return err
}

func callRuntime(x *execution, c *vm.Call, s []uint64) error {
	if _, err := x.chainInput(c, u32(s, 0), u32(s, 1), leastCall); err != nil {
		return err
	}
	s[0] = codeRuntimeFailed
	return nil
}

func xcmExecute(x *execution, c *vm.Call, s []uint64) error {
	if err := x.xcm(c, u32(s, 0), u32(s, 1), leastMessage); err != nil {
		return err
	}
	s[0] = codeXcmFailed
	return nil
}

// xcmSend takes a location, whose length only it says itself, and a message.
func xcmSend(x *execution, c *vm.Call, s []uint64) error {
	if err := x.xcm(c, u32(s, 0), leastLocation, leastLocation); err != nil {
		return err
	}
	if err := x.xcm(c, u32(s, 1), u32(s, 2), leastMessage); err != nil {
		return err
	}
	s[0] = codeXcmNotSent
	return nil
}
