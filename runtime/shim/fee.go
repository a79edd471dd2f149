package shim

// unit is the root of what the multiplier's units are: it is stored in 10⁻¹⁸,
// and dividing twice by 10⁹ needs no number above 64 bits.
const unit = 1_000_000_000

// limbs are where a product of five times four bytes lies in the scratch.
const limbs = scratch + 64

// fee tells a transfer's fee for the length that ends the arguments: the base,
// the bytes, and weight · multiplier / 10¹⁸ rounded down, as the pallet
// computes it.
func fee(info, multiplier, zeros span, r Runtime) code {
	if r.CallWeight >= 1<<32 {
		panic("shim: the weight of a call does not fit")
	}
	const args, argsLen, at, carry, t = 0, 1, 2, 3, 4
	c := code{}
	for i := uint32(0); i < info.n; i++ {
		c = c.i32(scratch + i).i32(info.at + i).load8(0).store8(0)
	}
	c = c.i64(multiplier.packed()).i64(zeros.packed()).call(fnRead).op(i32WrapI64).set(at)
	c = c.i64(0).set(carry)
	for i := uint32(0); i < 16; i += 4 {
		c = c.get(at).load32u(i).i64(int64(r.CallWeight)).op(i64Mul).get(carry).op(i64Add).set(t)
		c = c.i32(limbs + i).get(t).store32(0)
		c = c.get(t).i64(32).op(i64ShrU).set(carry)
	}
	c = c.i32(limbs + 16).get(carry).store32(0)
	for range 2 {
		c = c.i64(0).set(carry)
		for i := 4; i >= 0; i-- {
			limb := limbs + 4*uint32(i)
			c = c.get(carry).i64(32).op(i64Shl).i32(limb).load32u(0).op(i64Or).set(t)
			c = c.i32(limb).get(t).i64(unit).op(i64DivU).store32(0)
			c = c.get(t).i64(unit).op(i64RemU).set(carry)
		}
	}
	// The base and the bytes, then the sum, whose carry the high half takes.
	c = c.get(args).get(argsLen).op(i32Add).i32(4).op(i32Sub).load32u(0)
	c = c.i64(int64(r.ByteFee)).op(i64Mul).i64(int64(r.BaseFee)).op(i64Add).set(t)
	c = c.i32(limbs).load64(0).get(t).op(i64Add).set(carry)
	c = c.i32(scratch + info.n).get(carry).store64(0)
	c = c.i32(scratch + info.n + 8).i32(limbs).load64(8).get(carry).get(t).op(i64LtU).op(i64ExtendI32U).op(i64Add).store64(0)
	return c.answer(span{scratch, info.n + 16})
}
