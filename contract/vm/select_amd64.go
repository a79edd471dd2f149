package vm

import _ "unsafe" // for go:linkname

// useKinds is wazero's table of what its register allocator has to know of each
// instruction: which operands it reads.
//
// Of a conditional move of a float it says that only the first operand is read.
// But where the condition is false the second keeps its value, which has to be
// there: between the two instructions of a select the allocator may put
// something else into its register, and does so when the first operand lies on
// the stack. The move of integers has it right. TestFloatSelect shows it.
//
//go:linkname useKinds github.com/tetratelabs/wazero/internal/engine/wazevo/backend/isa/amd64.useKinds
var useKinds [59]byte

func init() {
	const (
		cmove, xmmCMov  = 20, 51 // instructions
		first, bothRead = 2, 3
	)
	if useKinds[cmove] != bothRead || useKinds[xmmCMov] != first {
		panic("wazero has another table of instructions: select_amd64.go is to be looked at")
	}
	useKinds[xmmCMov] = bothRead
}
