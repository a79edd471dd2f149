package host

import (
	"context"
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Whatever a contract hands to a chain extension, it ends as an outcome, and as
// the same one on both engines.
func FuzzExtensions(f *testing.F) {
	p := start(libCode).store(600, 4096).store(604, 8192).do("seal0.input", 1024, 600)
	i := p.index("seal0.call_chain_extension")
	p.push(608, 1024)
	p.code = append(p.code, 0x2d, 0, 0) // the first byte of the input is the number
	p.push(1025, 600)
	p.code = append(p.code, 0x28, 2, 0, 0x41, 1, 0x6b) // and the rest the arguments
	p.push(8192, 604)
	p.code = append(p.code, 0x10, i, 0x36, 2, 0)
	code := p.give(600, 9000).module()
	var modules [2]*vm.Module
	for n, e := range engines(f) {
		modules[n] = load(f, e, code)
	}
	key := make([]byte, 32)
	key[0] = 1
	for scheme := range byte(3) {
		f.Add(scale.AppendBytes(scale.AppendBytes([]byte{2, scheme}, key), []byte("text")), false)
		f.Add(scale.AppendBytes([]byte{5, scheme}, key), true)
	}
	f.Add(append(scale.AppendBytes([]byte{13}, key), key...), false)
	f.Add(scale.AppendBytes(scale.AppendBytes([]byte{6}, key), key), true)
	f.Add([]byte{11, 200}, true)
	f.Fuzz(func(t *testing.T, input []byte, query bool) {
		if len(input) == 0 || len(input) > 4096 {
			return
		}
		var first string
		for _, m := range modules {
			env := Env{State: Memory{}, Address: me, Input: input, Seed: hash.H256{7}, Keys: secret, Query: query, Cache: drawer{}}
			r, err := Run(context.Background(), m, "call", env, 1e8)
			if err != nil {
				t.Fatalf("%x: %v", input, err)
			}
			got := string(r.Data) + r.Status.String() + r.Reason
			if first != "" && got != first {
				t.Fatalf("%x: %q, the other engine %q", input, got, first)
			}
			first = got
		}
	})
}
