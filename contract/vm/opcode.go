package vm

// Operations that the instrumenter looks at. The numbers are those of
// https://www.w3.org/TR/wasm-core-1/#binary-instr.
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opF32Store     = 0x38
	opF64Store     = 0x39
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32LtS       = 0x48
	opI32GtU       = 0x4b
	opI32GeU       = 0x4f
	opI64LtS       = 0x53
	opI64GeU       = 0x5a
	opF32Eq        = 0x5b
	opF64Eq        = 0x61
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32And       = 0x71
	opI32Or        = 0x72
	opI64Sub       = 0x7d
	opI64Mul       = 0x7e
	opI64Or        = 0x84
	opI64ShrU      = 0x88
	opF32Copysign  = 0x98
	opF64Copysign  = 0xa6
	opI64ExtendU   = 0xad
	opReinterpF32  = 0xbc // i32.reinterpret_f32
	opReinterpF64  = 0xbd // i64.reinterpret_f64
	opExtendLast   = 0xc4 // i64.extend32_s
	opPrefix       = 0xfc

	subMemoryCopy = 10
	subMemoryFill = 11
)

// Value types.
const (
	typeI32   = 0x7f
	typeI64   = 0x7e
	typeF32   = 0x7d
	typeF64   = 0x7c
	typeEmpty = 0x40
	typeFunc  = 0x60
	typeAny   = 0x70 // funcref, of tables
)

// Prices, in gas: 0.1 ns of the reference machine.
const (
	gasCall         = 20
	gasCallIndirect = 40
	gasGrow         = 400
	gasGrowPage     = 16_000
	gasSegment      = 2_000 // of data or elements, in an instance that grows
	gasBulk         = 250   // and 1 for every 4 bytes
	gasLoad         = 15
	gasLoadBig      = 60 // in memories above 1 MiB
	gasStore        = 12
	gasHost         = 600 // a call into the host, before its work
)

// operation says what one operation without immediates of its own kind does to
// the operand stack, and what it costs.
type operation struct {
	known bool
	delta int8
	cost  uint16
}

// operations is the table of the one-byte operations that are neither control
// nor variable access.
var operations = func() (t [256]operation) {
	set := func(from, to int, delta int8, cost uint16) {
		for i := from; i <= to; i++ {
			t[i] = operation{known: true, delta: delta, cost: cost}
		}
	}
	set(0x1a, 0x1a, -1, 0) // drop
	set(0x1b, 0x1b, -2, 5) // select
	set(0x28, 0x35, 0, gasLoad)
	set(0x36, 0x3e, -2, gasStore)
	set(0x3f, 0x3f, 1, 5)
	set(0x40, 0x40, 0, gasGrow)
	set(0x41, 0x44, 1, 1)
	set(0x45, 0x45, 0, 2)
	set(0x46, 0x4f, -1, 2)
	set(0x50, 0x50, 0, 2)
	set(0x51, 0x5a, -1, 2)
	set(0x5b, 0x66, -1, 6)
	set(0x67, 0x69, 0, 8)   // i32 clz ctz popcnt
	set(0x6a, 0x78, -1, 2)  // i32 arithmetic
	set(0x6c, 0x6c, -1, 8)  // mul
	set(0x6d, 0x70, -1, 35) // div rem
	set(0x79, 0x7b, 0, 8)   // i64 clz ctz popcnt
	set(0x7c, 0x8a, -1, 2)
	set(0x7e, 0x7e, -1, 8)
	set(0x7f, 0x82, -1, 60)
	set(0x8b, 0x91, 0, 35)
	set(0x91, 0x91, 0, 60) // f32.sqrt
	set(0x92, 0x98, -1, 12)
	set(0x95, 0x95, -1, 60)
	set(0x99, 0x9f, 0, 35)
	set(0x9f, 0x9f, 0, 60) // f64.sqrt
	set(0xa0, 0xa6, -1, 12)
	set(0xa3, 0xa3, -1, 60)
	set(0xa7, 0xa7, 0, 2) // i32.wrap_i64
	set(0xa8, 0xab, 0, 35)
	set(0xac, 0xad, 0, 2) // i64.extend_i32
	set(0xae, 0xbf, 0, 35)
	set(0xc0, 0xc4, 0, 2) // sign extension
	return t
}()
