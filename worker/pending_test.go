package worker

import (
	"testing"

	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// A worker with more to say than may wait for the chain executes nothing, and hears
// what the chain took of it: else it would wait for ever.
func TestMuchWaits(t *testing.T) {
	s := newStory(t)
	large := make([]byte, 3<<20)
	for range 20 {
		s.w.up.Payloads = append(s.w.up.Payloads, large)
	}
	first, all := s.w.up.First, len(s.w.up.Payloads)
	s.deposits(0, 2)
	next := func() uint64 { return s.w.Info().Queues[1].Next }
	at := next()
	sync := func(taken int) error {
		if taken > 0 {
			s.c.state.Put(s.c.words.Ingress.Key(s.w.Identity()), scale.Marshal(queue.Ingress{BootEpoch: s.w.core.BootEpoch, Next: first + uint64(taken)}))
		}
		_, err := s.w.Sync(t.Context(), s.c.sync(s.w, 9))
		return err
	}
	for _, taken := range []int{0, 4, 9} {
		if err := sync(taken); wire.KindOf(err) != wire.KindBusy {
			t.Errorf("%d are taken: %v", taken, err)
		}
		if up := s.w.Up(); len(up.Messages) == 0 || up.Messages[0].Seq != first+uint64(taken) || next() != at {
			t.Fatalf("when %d are taken, the first that waits is %d, and %d messages are executed", taken, up.Messages[0].Seq, next()-at)
		}
	}
	// Registered again meanwhile, it numbers what waits anew, as the chain has it.
	if _, err := s.w.Register(wire.Register{LeastEpoch: 5}); err != nil {
		t.Fatal(err)
	}
	s.c.tell(s.w, clusters.Registered{BootEpoch: 5})
	if err := sync(0); wire.KindOf(err) != wire.KindBusy {
		t.Error(err)
	}
	if up := s.w.Up().Messages[0]; up.BootEpoch != 5 || up.Seq != 0 {
		t.Fatalf("message %d of boot epoch %d is the first, want 0 of 5", up.Seq, up.BootEpoch)
	}
	first = 0
	if err := sync(all); err != nil {
		t.Fatal(err)
	}
	if n := next(); n != at+2 {
		t.Errorf("%d messages are executed, want 2", n-at)
	}
}
