package shim

// The functions of a module: two imported, one that reads, then the methods.
const (
	fnGet = iota
	fnBlake
	fnRead
)

// The instructions that are used.
const (
	opElse        = 0x05
	opEnd         = 0x0b
	opReturn      = 0x0f
	opSelect      = 0x1b
	i32Eqz        = 0x45
	i32Eq         = 0x46
	i32GeU        = 0x4f
	i32Add        = 0x6a
	i32Sub        = 0x6b
	i32And        = 0x71
	i64LtU        = 0x54
	i64Add        = 0x7c
	i64Sub        = 0x7d
	i64Mul        = 0x7e
	i64DivU       = 0x80
	i64RemU       = 0x82
	i64And        = 0x83
	i64Or         = 0x84
	i64Shl        = 0x86
	i64ShrU       = 0x88
	i32WrapI64    = 0xa7
	i64ExtendI32U = 0xad
)

// The beginnings of blocks, which have a type.
const (
	ifVoid = iota + 0x1000
	ifI64
)

// code is instructions.
type code []byte

func (c code) op(op int) code {
	switch op {
	case ifVoid:
		return append(c, 0x04, 0x40)
	case ifI64:
		return append(c, 0x04, 0x7e)
	}
	return append(c, byte(op))
}

func (c code) get(local byte) code { return append(c, 0x20, local) }
func (c code) set(local byte) code { return append(c, 0x21, local) }
func (c code) call(fn byte) code   { return append(c, 0x10, fn) }
func (c code) i32(n uint32) code   { return signed(append(c, 0x41), int64(int32(n))) }
func (c code) i64(n int64) code    { return signed(append(c, 0x42), n) }

// answer puts a packed span on the stack.
func (c code) answer(s span) code { return c.i64(s.packed()) }

// wrap appends a global's type and whether it changes.
func (c code) wrap(typ, mutable byte) code { return append(c, typ, mutable) }

// pack packs a local's pointer with a fixed length.
func (c code) pack(local byte, n int64) code {
	return c.get(local).op(i64ExtendI32U).i64(n << 32).op(i64Or)
}

// packArgs packs the arguments: the pointer and the length.
func (c code) packArgs() code {
	return c.get(0).op(i64ExtendI32U).get(1).op(i64ExtendI32U).i64(32).op(i64Shl).op(i64Or)
}

func (c code) load8(at uint32) code  { return c.memory(0x2d, 0, at) }
func (c code) load32(at uint32) code { return c.memory(0x28, 0, at) }
func (c code) load64(at uint32) code { return c.memory(0x29, 0, at) }

// load32u loads four bytes as an i64, and store32 stores the low four of one.
func (c code) load32u(at uint32) code { return c.memory(0x35, 0, at) }
func (c code) store32(at uint32) code { return c.memory(0x3e, 0, at) }

func (c code) store8(at uint32) code { return c.memory(0x3a, 0, at) }

func (c code) store16(at uint32) code { return c.memory(0x3b, 0, at) }
func (c code) store64(at uint32) code { return c.memory(0x37, 0, at) }

func (c code) memory(op, align byte, at uint32) code {
	return leb(append(c, op, align), uint64(at))
}

// signed appends a number in signed LEB128.
func signed(dst []byte, n int64) []byte {
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(dst, b)
		}
		dst = append(dst, b|0x80)
	}
}
