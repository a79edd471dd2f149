package relay

import (
	"testing"
	"time"

	"github.com/tacit-network/tacit/hash"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/worker/wire"
)

func TestPace(t *testing.T) {
	p := pace(leastWhole)
	for _, step := range []struct {
		took time.Duration
		more bool
		want pace
	}{
		{time.Millisecond, false, 64}, {time.Millisecond, true, 128}, {time.Second, true, 128}, {time.Millisecond, true, 256},
		{time.Millisecond, true, mostWhole}, {3 * time.Second, true, 128}, {3 * time.Second, false, 64}, {time.Minute, true, leastWhole},
	} {
		if p.took(step.took, step.more); p != step.want {
			t.Errorf("after %v: %d, want %d", step.took, p, step.want)
		}
	}
}

func TestTail(t *testing.T) {
	to, other := queue.ToCluster{ID: hash.H256{1}}, queue.ToCluster{ID: hash.H256{2}}
	last := tail{to, []wire.Link{{Seq: 5}, {Seq: 6}, {Seq: 7}}}
	for name, c := range map[string]struct {
		to        queue.Destination
		next, end uint64
		want      int
		first     uint64
	}{
		"all":              {to, 5, 8, 3, 5},
		"what is left":     {to, 7, 9, 1, 7},
		"before an end":    {to, 5, 6, 1, 5},
		"from before":      {to, 4, 8, 0, 0},
		"after":            {to, 8, 9, 0, 0},
		"of another queue": {other, 5, 8, 0, 0},
	} {
		got := last.of(c.to, c.next, c.end)
		if len(got) != c.want || c.want > 0 && got[0].Seq != c.first {
			t.Errorf("%s: %v", name, got)
		}
	}
	if len(tail{}.of(to, 0, 5)) != 0 {
		t.Error("a tail of nothing")
	}
}
