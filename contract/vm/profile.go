package vm

import "bytes"

// Version names the instrumenter. It changes with every change of a limit, a
// price or an emitted sequence, since each of them changes outcomes.
const Version = 4

// A Profile is what a kind of module may contain, and how much of it.
type Profile struct {
	Name string

	MaxCode      int    // bytes of the whole module
	MaxBody      int    // bytes of one function body
	MaxBlocks    int    // basic blocks of one function
	MaxBlocksSq  uint64 // sum over the functions of blocks squared
	MaxLocals    int    // of one function, without parameters
	MaxParams    int
	MaxNesting   int
	MaxBrTable   int // entries of one branch table
	MaxBranches  int // entries of all branch tables together
	MaxTable     uint32
	MaxGlobals   int
	MaxFunctions int
	MaxTypes     int
	MaxImports   int
	MaxSegments  int    // of data, and of elements
	MaxPages     uint32 // of 64 KiB

	MultiValue bool // more results than one, blocks with parameters
	Bulk       bool // memory.copy and memory.fill
	SatFloat   bool // saturating conversions

	ImportMemory bool     // the memory is imported as env.memory
	Exports      []string // functions the module must export
	Init         string   // export that runs before any other, or none
	BaseGas      uint64   // charged for an instance
}

// Ink is the profile of ink! contracts and their like: the first version of
// WebAssembly with sign extension, 16 pages of imported memory. Both profiles
// have floats, which pallet-contracts refuses: every NaN that can be seen is the
// same one.
var Ink = Profile{
	Name:         "ink",
	MaxCode:      1 << 20,
	MaxBody:      64 << 10,
	MaxBlocks:    4096,
	MaxBlocksSq:  1e8,
	MaxLocals:    1024,
	MaxParams:    128,
	MaxNesting:   1024,
	MaxBrTable:   256,
	MaxBranches:  64 << 10,
	MaxTable:     4096,
	MaxGlobals:   256,
	MaxFunctions: 10_000,
	MaxTypes:     1024,
	MaxImports:   256,
	MaxSegments:  4096,
	MaxPages:     16,
	ImportMemory: true,
	Exports:      []string{"call", "deploy"},
	BaseGas:      60_000,
}

// Go is the profile of modules that the Go toolchain builds for wasip1 as a
// c-shared reactor: bulk memory, several results, a memory of their own.
var Go = Profile{
	Name:         "go",
	MaxCode:      4 << 20,
	MaxBody:      64 << 10,
	MaxBlocks:    4096,
	MaxBlocksSq:  1e8,
	MaxLocals:    1024,
	MaxParams:    128,
	MaxNesting:   1024,
	MaxBrTable:   4096,
	MaxBranches:  128 << 10,
	MaxTable:     16_384,
	MaxGlobals:   256,
	MaxFunctions: 20_000,
	MaxTypes:     1024,
	MaxImports:   256,
	MaxSegments:  100_000, // the toolchain leaves out zeros: one for each 80 bytes
	MaxPages:     512,
	MultiValue:   true,
	Bulk:         true,
	SatFloat:     true,
	Exports:      []string{"call", "deploy"},
	Init:         "_initialize",
	BaseGas:      300_000,
}

// Limits of the stack. Every call costs frameHeight plus its locals, the
// operands it holds at most, and one for every codeHeight bytes of code, since a
// compiler may keep more values in a frame than are alive at once. 1,638 calls
// are the most that fit, which every engine can do.
const (
	frameHeight = 40
	codeHeight  = 32
	maxHeight   = 65_536
)

// ProfileOf returns the profile that code is made for: Go where the name of the
// Go toolchain's initialisation stands in it, Ink otherwise.
func ProfileOf(code []byte) *Profile {
	if bytes.Contains(code, []byte("\x0b_initialize")) {
		return &Go
	}
	return &Ink
}
