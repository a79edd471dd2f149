package relay

import (
	"time"

	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/worker/wire"
)

// pace is how many messages of a queue a worker is given at a time: as many as it
// executes in about a second, so that one with far to go does not go in small
// steps, and one with heavy messages answers in between.
type pace int

// took hears how long a sync took in which there was more to give.
func (p *pace) took(d time.Duration, more bool) {
	switch {
	case d > 2*time.Second:
		*p = max(*p/2, leastWhole)
	case more && d < time.Second/2:
		*p = min(*p*2, mostWhole)
	}
}

// tail is the links of a queue that were given last, since they come again until
// their messages are executed. The worker checks them each time.
type tail struct {
	to    queue.Destination
	links []wire.Link
}

// of returns the links of a queue from next on, to before end.
func (t tail) of(to queue.Destination, next, end uint64) []wire.Link {
	if t.to != to || len(t.links) == 0 || next < t.links[0].Seq {
		return nil
	}
	skip := next - t.links[0].Seq
	if skip >= uint64(len(t.links)) {
		return nil
	}
	links := t.links[skip:]
	return links[:min(uint64(len(links)), end-next)]
}
