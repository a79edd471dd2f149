package host

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Return codes of host functions, as pallet-contracts numbers them.
const (
	codeSuccess     = 0
	codeKeyNotFound = 3

	sentinel = 1<<32 - 1 // "there was no old value"
)

// Prices beside that of every host call, in gas.
const (
	gasRead      = 30_000
	gasWrite     = 300_000                  // with the way to the entry in the tries of a large state
	gasMove      = 2 * (gasRead + gasWrite) // of money, from one to another
	gasReadByte  = 4
	gasWriteByte = 20
	gasCopyByte  = 1
	gasEvent     = 2_000
	gasEventByte = 10
)

// u32 reads parameter i. The upper half of its slot is not defined.
func u32(s []uint64, i int) uint32 { return uint32(s[i]) }

func trap(reason string) error { return &vm.Trap{Reason: reason} }

// output writes data to a buffer of the contract: a pointer, and a pointer to
// the buffer's length, which becomes that of the data.
func output(c *vm.Call, ptr, lenPtr uint32, data []byte) error {
	size, err := c.ReadU32(lenPtr)
	if err != nil {
		return err
	}
	if int64(size) < int64(len(data)) {
		return trap("output buffer too small")
	}
	if err := c.Charge(uint64(len(data)) * gasCopyByte); err != nil {
		return err
	}
	if err := c.Write(ptr, data); err != nil {
		return err
	}
	return c.WriteU32(lenPtr, uint32(len(data)))
}

// outputAmount writes a balance, a u128.
func outputAmount(c *vm.Call, ptr, lenPtr uint32, n scale.U128) error {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], n.Lo)
	binary.LittleEndian.PutUint64(b[8:], n.Hi)
	return output(c, ptr, lenPtr, b[:])
}

func input(x *execution, c *vm.Call, s []uint64) error {
	if x.inputGone {
		return trap("the input was forwarded")
	}
	return output(c, u32(s, 0), u32(s, 1), x.env.Input)
}

func sealReturn(_ *execution, c *vm.Call, s []uint64) error {
	flags, n := u32(s, 0), u32(s, 2)
	if flags&^vm.FlagRevert != 0 {
		return trap("unknown return flags")
	}
	if n > MaxInput {
		return trap("output too long")
	}
	if err := c.Charge(uint64(n) * gasCopyByte); err != nil {
		return err
	}
	data, err := c.Read(u32(s, 1), n)
	if err != nil {
		return err
	}
	return c.Return(flags, bytes.Clone(data))
}

// Storage keys of fixed length 32 and those of variable length are apart, as
// they are in pallet-contracts.
const (
	fixedKey    = "\x00"
	variableKey = "\x01"
)

func fixed(c *vm.Call, ptr uint32) (string, error) {
	b, err := c.Read(ptr, 32)
	return fixedKey + string(b), err
}

func variable(c *vm.Call, ptr, n uint32) (string, error) {
	if n > MaxKey {
		return "", trap("storage key too long")
	}
	b, err := c.Read(ptr, n)
	return variableKey + string(b), err
}

// read charges for a read and does it.
func (x *execution) read(c *vm.Call, key string) ([]byte, bool, error) {
	if err := c.Charge(gasRead); err != nil {
		return nil, false, err
	}
	v, ok := x.get(key)
	return v, ok, c.Charge(uint64(len(v)) * gasReadByte)
}

// size is how many bytes a value had that was replaced or looked for.
func size(v []byte, ok bool) uint64 {
	if !ok {
		return sentinel
	}
	return uint64(len(v))
}

func (x *execution) set(c *vm.Call, key string, ptr, n uint32) (uint64, error) {
	if n > MaxValue {
		return 0, trap("value too long")
	}
	if x.readOnly {
		return 0, trap("state changed in a read-only call")
	}
	if err := c.Charge(gasWrite + uint64(n)*gasWriteByte); err != nil {
		return 0, err
	}
	old, ok, err := x.read(c, key)
	if err != nil {
		return 0, err
	}
	v, err := c.Read(ptr, n)
	if err != nil {
		return 0, err
	}
	return size(old, ok), x.put(key, change{value: bytes.Clone(v)}, old, ok)
}

func (x *execution) clear(c *vm.Call, key string) ([]byte, bool, error) {
	if x.readOnly {
		return nil, false, trap("state changed in a read-only call")
	}
	if err := c.Charge(gasWrite); err != nil {
		return nil, false, err
	}
	old, ok, err := x.read(c, key)
	if err == nil {
		err = x.put(key, change{deleted: true}, old, ok)
	}
	return old, ok, err
}

func setStorage0(x *execution, c *vm.Call, s []uint64) error {
	key, err := fixed(c, u32(s, 0))
	if err != nil {
		return err
	}
	_, err = x.set(c, key, u32(s, 1), u32(s, 2))
	return err
}

func setStorage1(x *execution, c *vm.Call, s []uint64) error {
	key, err := fixed(c, u32(s, 0))
	if err != nil {
		return err
	}
	s[0], err = x.set(c, key, u32(s, 1), u32(s, 2))
	return err
}

func setStorage2(x *execution, c *vm.Call, s []uint64) error {
	key, err := variable(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	s[0], err = x.set(c, key, u32(s, 2), u32(s, 3))
	return err
}

func (x *execution) load(c *vm.Call, key string, s []uint64, ptr, lenPtr uint32) error {
	v, ok, err := x.read(c, key)
	if err != nil {
		return err
	}
	s[0] = codeKeyNotFound
	if ok {
		s[0] = codeSuccess
		err = output(c, ptr, lenPtr, v)
	}
	return err
}

func getStorage0(x *execution, c *vm.Call, s []uint64) error {
	key, err := fixed(c, u32(s, 0))
	if err != nil {
		return err
	}
	return x.load(c, key, s, u32(s, 1), u32(s, 2))
}

func getStorage1(x *execution, c *vm.Call, s []uint64) error {
	key, err := variable(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	return x.load(c, key, s, u32(s, 2), u32(s, 3))
}

func clearStorage0(x *execution, c *vm.Call, s []uint64) error {
	key, err := fixed(c, u32(s, 0))
	if err != nil {
		return err
	}
	_, _, err = x.clear(c, key)
	return err
}

func clearStorage1(x *execution, c *vm.Call, s []uint64) error {
	key, err := variable(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	old, ok, err := x.clear(c, key)
	s[0] = size(old, ok)
	return err
}

func containsStorage0(x *execution, c *vm.Call, s []uint64) error {
	key, err := fixed(c, u32(s, 0))
	if err != nil {
		return err
	}
	v, ok, err := x.read(c, key)
	s[0] = size(v, ok)
	return err
}

func containsStorage1(x *execution, c *vm.Call, s []uint64) error {
	key, err := variable(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	v, ok, err := x.read(c, key)
	s[0] = size(v, ok)
	return err
}

func takeStorage(x *execution, c *vm.Call, s []uint64) error {
	key, err := variable(c, u32(s, 0), u32(s, 1))
	if err != nil {
		return err
	}
	ptr, lenPtr := u32(s, 2), u32(s, 3)
	old, ok, err := x.clear(c, key)
	if err != nil {
		return err
	}
	s[0] = codeKeyNotFound
	if ok {
		s[0] = codeSuccess
		err = output(c, ptr, lenPtr, old)
	}
	return err
}

func caller(x *execution, c *vm.Call, s []uint64) error {
	return output(c, u32(s, 0), u32(s, 1), x.env.Caller[:])
}

func address(x *execution, c *vm.Call, s []uint64) error {
	return output(c, u32(s, 0), u32(s, 1), x.env.Address[:])
}

func valueTransferred(x *execution, c *vm.Call, s []uint64) error {
	return outputAmount(c, u32(s, 0), u32(s, 1), x.env.Value)
}

func now(x *execution, c *vm.Call, s []uint64) error {
	return output(c, u32(s, 0), u32(s, 1), binary.LittleEndian.AppendUint64(nil, x.env.Time))
}

func blockNumber(x *execution, c *vm.Call, s []uint64) error {
	return output(c, u32(s, 0), u32(s, 1), binary.LittleEndian.AppendUint32(nil, x.env.Block))
}

func depositEvent(x *execution, c *vm.Call, s []uint64) error {
	topicsLen, dataLen := u32(s, 1), u32(s, 3)
	if dataLen > MaxValue || topicsLen > 1+MaxTopics*32 {
		return trap("event too long")
	}
	if len(x.t.events) >= MaxEvents {
		return trap("too many events")
	}
	if x.readOnly {
		return trap("event in a read-only call")
	}
	if err := c.Charge(gasEvent + uint64(topicsLen+dataLen)*gasEventByte); err != nil {
		return err
	}
	e := Event{Contract: x.env.Address}
	if topicsLen > 0 {
		b, err := c.Read(u32(s, 0), topicsLen)
		if err != nil {
			return err
		}
		d := scale.NewDecoder(b)
		if e.Topics, err = decodeTopics(d); err != nil {
			return trap("event topics do not decode")
		}
	}
	data, err := c.Read(u32(s, 2), dataLen)
	if err != nil {
		return err
	}
	e.Data = bytes.Clone(data)
	x.t.events = append(x.t.events, e)
	return nil
}

func decodeTopics(d *scale.Decoder) (topics []hash.H256, err error) {
	n, err := d.Len(32)
	if err != nil {
		return nil, err
	}
	topics = make([]hash.H256, 0, n)
	for range n {
		b, err := d.Bytes(32)
		if err != nil {
			return nil, err
		}
		topics = append(topics, hash.H256(b))
	}
	return topics, d.Finish()
}

// digest hashes a part of memory to another, which may overlap it.
func digest(c *vm.Call, s []uint64, fixedGas, byteGas uint64, sum func([]byte) []byte) error {
	n := u32(s, 1)
	if err := c.Charge(fixedGas + uint64(n)*byteGas); err != nil {
		return err
	}
	in, err := c.Read(u32(s, 0), n)
	if err != nil {
		return err
	}
	return c.Write(u32(s, 2), sum(in))
}

func hashSha256(_ *execution, c *vm.Call, s []uint64) error {
	return digest(c, s, 2_000, 40, func(b []byte) []byte { h := hash.Sha256(b); return h[:] })
}

func hashKeccak256(_ *execution, c *vm.Call, s []uint64) error {
	return digest(c, s, 6_000, 60, func(b []byte) []byte { h := hash.Keccak256(b); return h[:] })
}

func hashBlake256(_ *execution, c *vm.Call, s []uint64) error {
	return digest(c, s, 2_000, 20, func(b []byte) []byte { h := hash.Blake2b256(b); return h[:] })
}

func hashBlake128(_ *execution, c *vm.Call, s []uint64) error {
	return digest(c, s, 2_000, 20, func(b []byte) []byte { h := hash.Blake2b128(b); return h[:] })
}

func debugMessage(x *execution, c *vm.Call, s []uint64) error {
	n := u32(s, 1)
	if err := c.Charge(uint64(n) * gasCopyByte); err != nil {
		return err
	}
	b, err := c.Read(u32(s, 0), n)
	if err != nil {
		return err
	}
	if utf8.Valid(b) {
		x.log(b)
	}
	s[0] = codeSuccess
	return nil
}

func (x *execution) log(b []byte) {
	x.t.debug = append(x.t.debug, b[:min(len(b), MaxDebug-len(x.t.debug))]...)
}
