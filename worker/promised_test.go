package worker

import (
	"testing"

	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/worker/wire"
)

// Evidence alone changes nothing for a worker that is registered: it goes on in
// its boot epoch until the chain says that it took the evidence. What it gave
// evidence of, no later instance uses again.
func TestPromised(t *testing.T) {
	s := newStory(t)
	ask := func(least uint64) uint64 {
		t.Helper()
		r, err := s.w.Register(wire.Register{LeastEpoch: least})
		if err != nil {
			t.Fatal(err)
		}
		return r.Info.BootEpoch
	}
	state := func() [3]uint64 {
		i := s.w.Info()
		registered := uint64(0)
		if i.Registered {
			registered = 1
		}
		return [3]uint64{i.BootEpoch, i.Promised, registered}
	}
	if e := ask(5); e != 5 || state() != [3]uint64{1, 5, 1} {
		t.Errorf("evidence of %d, then %v", e, state())
	}
	made := s.instantiate(account(t, "//Alice"))
	s.bring()
	s.expect(s.result(made, "new"), "0 ()") // its word still counts
	s.c.tell(s.w, clusters.Registered{BootEpoch: 4, Block: 2})
	s.bring()
	if state() != [3]uint64{1, 5, 0} {
		t.Errorf("another instance was registered: %v", state())
	}
	s.c.tell(s.w, clusters.Registered{BootEpoch: 5, Block: 3})
	s.bring()
	if state() != [3]uint64{5, 5, 1} {
		t.Errorf("its evidence was taken: %v", state())
	}
	ask(8)
	s.restart()
	if state() != [3]uint64{9, 8, 0} {
		t.Errorf("after a restart: %v", state())
	}
	if e := ask(20); e != 20 || state() != [3]uint64{20, 20, 0} {
		t.Errorf("one that is not registered takes it at once: %d, %v", e, state())
	}
}
