package host

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// extension is a function that contracts call by number, with arguments and
// result in SCALE: those of Phala's pink extension, under its numbers. Those
// that make no sense here say so, each in the way that its result offers.
// https://github.com/Phala-Network/phala-blockchain/blob/master/crates/pink/pink/src/chain_extension.rs
type extension struct {
	id uint32
	do func(x *execution, c *vm.Call, args *scale.Decoder) ([]byte, error)
}

var extensions = []extension{
	{1, extWeb},
	{2, extSign},
	{3, extVerify},
	{4, extDerive},
	{5, extPublic},
	{6, extCacheSet},
	{7, extCacheExpire},
	{8, extCacheGet},
	{9, extCacheRemove},
	{10, extLog},
	{11, extRandom},
	{12, extInTransaction},
	{13, extSignPrehashed},
	{14, extVerifyPrehashed},
	{15, extSystem},
	{16, extBalance},
	{17, extWorker},
	{18, extTime},
	{19, extCodeExists},
	{20, extImport},
	{21, extVersion},
	{22, extWebBatch},
	{23, extEventChain},
	{24, extScript},
	{25, extQuote},
}

// failure is the status of an extension that fails, as contracts decode it. It
// has no result.
type failure uint32

// Error implements error.
func (f failure) Error() string {
	return fmt.Sprintf("chain extension failed with status %d", uint32(f))
}

func callExtension(x *execution, c *vm.Call, s []uint64) error {
	id, n, out, outLen := u32(s, 0), u32(s, 2), u32(s, 3), u32(s, 4)
	if n > MaxInput {
		return trap("input too long")
	}
	if err := c.Charge(uint64(n) * gasCopyByte); err != nil {
		return err
	}
	b, err := c.Read(u32(s, 1), n)
	if err != nil {
		return err
	}
	for _, e := range extensions {
		if e.id != id {
			continue
		}
		result, err := e.do(x, c, scale.NewDecoder(b))
		s[0] = 0
		if status, failed := errors.AsType[failure](err); failed {
			s[0] = uint64(status)
		} else if err != nil {
			return err
		}
		return output(c, out, outLen, result)
	}
	return trap(fmt.Sprintf("chain extension %d is not offered here", id))
}

var errArgs = trap("the arguments of the chain extension do not decode")

// lists reads n byte strings, and that nothing follows them.
func lists(d *scale.Decoder, n int) ([][]byte, error) {
	out := make([][]byte, n)
	for i := range out {
		b, err := d.ByteSlice()
		if err != nil {
			return nil, errArgs
		}
		out[i] = b
	}
	return out, end(d)
}

func end(d *scale.Decoder) error {
	if d.Finish() != nil {
		return errArgs
	}
	return nil
}

// schemeOf reads a kind of signature: 0 sr25519, 1 ed25519, 2 ecdsa.
func schemeOf(d *scale.Decoder) (keys.Scheme, error) {
	b, err := d.Byte()
	if err != nil || b > 2 {
		return 0, errArgs
	}
	return [3]keys.Scheme{keys.Sr25519, keys.Ed25519, keys.Ecdsa}[b], nil
}

func extSign(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	scheme, err := schemeOf(d)
	if err != nil {
		return nil, err
	}
	a, err := lists(d, 2)
	if err != nil {
		return nil, err
	}
	if err := c.Charge(gasSignature + uint64(len(a[1]))*gasSignatureByte); err != nil {
		return nil, err
	}
	p, err := pairOf(uint32(scheme), a[0])
	if err != nil {
		return nil, err
	}
	return scale.AppendBytes(nil, x.sign(c, p, a[1])), nil
}

func extVerify(_ *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	scheme, err := schemeOf(d)
	if err != nil {
		return nil, err
	}
	a, err := lists(d, 3)
	if err != nil {
		return nil, err
	}
	if err := c.Charge(gasSignature + uint64(len(a[1]))*gasSignatureByte); err != nil {
		return nil, err
	}
	return boolean(keys.Verify(scheme, a[0], a[1], a[2])), nil
}

func boolean(b bool) []byte { return scale.Marshal(b) }

// extDerive returns a seed of 32 bytes, good for every kind of signature.
func extDerive(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	a, err := lists(d, 1)
	if err != nil {
		return nil, err
	}
	if len(a[0]) > MaxKey {
		return nil, trap("label of a key too long")
	}
	key, err := x.derive(c, a[0])
	return scale.AppendBytes(nil, key[:]), err
}

func extPublic(_ *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	scheme, err := schemeOf(d)
	if err != nil {
		return nil, err
	}
	a, err := lists(d, 1)
	if err != nil {
		return nil, err
	}
	if err := c.Charge(gasSignature); err != nil {
		return nil, err
	}
	p, err := pairOf(uint32(scheme), a[0])
	if err != nil {
		return nil, err
	}
	return scale.AppendBytes(nil, p.Public()), nil
}

func extCacheSet(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	a, err := lists(d, 2)
	if err != nil {
		return nil, err
	}
	if len(a[0]) > MaxKey || len(a[1]) > MaxValue {
		return nil, failedQuota
	}
	ok, err := x.cacheSet(c, a[0], a[1], cacheTime)
	if err == nil && !ok {
		err = failedQuota
	}
	return nil, err
}

// failedQuota is StorageQuotaExceeded.
const failedQuota failure = 1

// extCacheExpire sets for how long what is cached stays; no time removes it.
func extCacheExpire(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	key, err := d.ByteSlice()
	if err != nil {
		return nil, errArgs
	}
	seconds, err := d.Uint64()
	if err != nil {
		return nil, errArgs
	}
	if err := end(d); err != nil {
		return nil, err
	}
	if seconds == 0 {
		return nil, x.cacheRemove(c, key)
	}
	if v, ok, err := x.cacheGet(c, key); err != nil || !ok {
		return nil, err
	} else {
		_, err = x.cacheSet(c, key, v, seconds)
		return nil, err
	}
}

func extCacheGet(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	a, err := lists(d, 1)
	if err != nil {
		return nil, err
	}
	v, ok, err := x.cacheGet(c, a[0])
	return option(v, ok), err
}

func option(v []byte, ok bool) []byte {
	if !ok {
		return []byte{0}
	}
	return scale.AppendBytes([]byte{1}, v)
}

func extCacheRemove(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	a, err := lists(d, 1)
	if err != nil {
		return nil, err
	}
	v, ok, err := x.cacheGet(c, a[0])
	if err == nil && ok {
		err = x.cacheRemove(c, a[0])
	}
	return option(v, ok), err
}

func extLog(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	level, err := d.Byte()
	if err != nil {
		return nil, errArgs
	}
	a, err := lists(d, 1)
	if err != nil {
		return nil, err
	}
	if err := c.Charge(gasEvent + uint64(len(a[0]))*gasEventByte); err != nil {
		return nil, err
	}
	x.note(uint32(level), a[0][:min(len(a[0]), MaxLine)])
	return nil, nil
}

func extRandom(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	n, err := d.Byte()
	if err != nil {
		return nil, errArgs
	}
	if err := end(d); err != nil {
		return nil, err
	}
	b, err := x.randomBytes(c, uint32(n))
	return scale.AppendBytes(nil, b), err
}

func extInTransaction(x *execution, _ *vm.Call, d *scale.Decoder) ([]byte, error) {
	return boolean(!x.env.Query), end(d)
}

func extSignPrehashed(_ *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	key, err := d.ByteSlice()
	if err != nil {
		return nil, errArgs
	}
	digest, err := d.Bytes(32)
	if err != nil {
		return nil, errArgs
	}
	if err := end(d); err != nil {
		return nil, err
	}
	if err := c.Charge(gasSignature); err != nil {
		return nil, err
	}
	return signPrehashed(key, digest)
}

func extVerifyPrehashed(_ *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	b, err := d.Bytes(65 + 32 + 33)
	if err != nil {
		return nil, errArgs
	}
	if err := end(d); err != nil {
		return nil, err
	}
	if err := c.Charge(gasSignature); err != nil {
		return nil, err
	}
	public, ok := recoverKey(b[:65], b[65:97])
	return boolean(ok && [33]byte(b[97:]) == public), nil
}

// extTime is the block's time in ms: no contract sees a clock of the machine.
func extTime(x *execution, _ *vm.Call, d *scale.Decoder) ([]byte, error) {
	return scale.AppendUint64(nil, x.env.Time), end(d)
}

// extCodeExists takes the name of a code, and whether it is one of another
// kind, which there are none of here.
func extCodeExists(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	b, err := d.Bytes(32)
	if err != nil {
		return nil, errArgs
	}
	other, err := d.Bool()
	if err != nil {
		return nil, errArgs
	}
	if err := end(d); err != nil {
		return nil, err
	}
	if err := c.Charge(gasRead); err != nil || other || x.env.Others == nil {
		return boolean(false), err
	}
	found, err := x.env.Others.Code(c.Context(), hash.H256(b))
	return boolean(found), x.machine(err)
}
