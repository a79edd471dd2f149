package rpc

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// The limits of an outbox, for answers and for news each. A small message
// counts as leastWeight, so that there are 1,024 of them at most.
const (
	maxWaitingBytes = 64 << 20
	leastWeight     = maxWaitingBytes / 1024
)

// outbox is the messages that wait for a reader. It takes no room before there
// are any.
type outbox struct {
	answers, news *semaphore.Weighted
	wake          chan struct{} // gets a value when list is not empty

	mu   sync.Mutex
	list []waiting // guarded by mu
}

// waiting is a message, and where the room that it takes is from.
type waiting struct {
	message []byte
	from    *semaphore.Weighted
}

func newOutbox() *outbox {
	return &outbox{
		answers: semaphore.NewWeighted(maxWaitingBytes), news: semaphore.NewWeighted(maxWaitingBytes), wake: make(chan struct{}, 1),
	}
}

func weight(m []byte) int64 { return int64(min(max(len(m), leastWeight), maxWaitingBytes)) }

// tell queues news; false means that there is no room.
func (o *outbox) tell(m []byte) bool {
	if !o.news.TryAcquire(weight(m)) {
		return false
	}
	o.put(waiting{m, o.news})
	return true
}

// answer queues what was asked for, and waits for room; false means that there
// was none before ctx ended.
func (o *outbox) answer(ctx context.Context, m []byte) bool {
	if o.answers.Acquire(ctx, weight(m)) != nil {
		return false
	}
	o.put(waiting{m, o.answers})
	return true
}

func (o *outbox) put(w waiting) {
	o.mu.Lock()
	o.list = append(o.list, w)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// run writes the messages, in order, until ctx ends or write fails.
func (o *outbox) run(ctx context.Context, write func([]byte) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		}
		o.mu.Lock()
		list := o.list
		o.list = nil
		o.mu.Unlock()
		for _, w := range list {
			if write(w.message) != nil {
				return
			}
			w.from.Release(weight(w.message))
		}
	}
}
