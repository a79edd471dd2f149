// Command guest is the chain's runtime as WebAssembly: a reactor with one
// export, which calls a method of a runtime API. The state is the host's, and
// is reached by functions shaped like Substrate's ext_*.
package main

import (
	"unsafe"

	"github.com/tacit-network/tacit/runtime"
)

// chain does not change once made, so that no call knows of another.
var chain = runtime.New()

// kept hold what crosses the border until it was taken.
var kept struct{ in, out []byte }

// allocate makes room for a call's method and arguments.
//
//go:wasmexport allocate
func allocate(size uint32) unsafe.Pointer {
	kept.in = make([]byte, size+1)
	return unsafe.Pointer(&kept.in[0])
}

// call calls the method whose name stands at the start of the room, with the
// arguments behind it. The answer's address and length come back, a byte in
// front tells whether it is a result or the text of an error.
//
//go:wasmexport call
func call(method, args uint32) uint64 {
	out, err := chain.Call(host{}, string(kept.in[:method]), kept.in[method:method+args])
	if err != nil {
		kept.out = append([]byte{1}, err.Error()...)
	} else {
		kept.out = append([]byte{0}, out...)
	}
	return uint64(uintptr(unsafe.Pointer(&kept.out[0])))<<32 | uint64(len(kept.out))
}

func main() {}
