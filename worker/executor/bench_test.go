package executor

import (
	"testing"

	"github.com/tacit-network/tacit/contract/vm"
)

// BenchmarkRun is a call of a contract in Go in this process, and in one of its
// own, which asks for what is stored.
func BenchmarkRun(b *testing.B) {
	l := newLibrary(b, "hello")
	inside, err := NewInside(b.Context(), vm.Config{}, l)
	if err != nil {
		b.Fatal(err)
	}
	defer inside.Close(b.Context())
	for _, r := range []struct {
		name string
		runner
	}{{"inside", inside}, {"isolated", isolated(b, vm.Config{}, l)}} {
		b.Run(r.name, func(b *testing.B) {
			w := newWorld()
			if out, err := w.call(r, "hello", "deploy", 1, message("new"), nil); err != nil || out.Status != vm.OK {
				b.Fatal(show(out, err))
			}
			asked := 0
			w.onGet = func() { asked++ }
			in, n := message("increment", number(1)), 0
			for b.Loop() {
				n++
				if out, err := w.call(r, "hello", "call", 1, in, nil); err != nil || out.Status != vm.OK {
					b.Fatal(show(out, err))
				}
			}
			b.ReportMetric(float64(asked)/float64(n), "reads/op")
		})
	}
}
