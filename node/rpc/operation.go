package rpc

import "context"

// operation is what a client of chainHead_v1 asked for about a pinned block,
// under way. Its answers are events of the subscription.
type operation struct {
	head  *chainHead
	id    string
	ctx   context.Context
	end   context.CancelFunc
	slots int           // how many operations it counts as
	next  chan struct{} // gets a value when the client says to go on
	// paused is set while it waits for that; guarded by the subscription's lock.
	paused bool
}

// start begins an operation that counts as so many, or as fewer when there is
// no room for all: taken says how many. run returns its last event. Nobody's
// operation, and one for which there is no room at all, is not begun.
func (h *chainHead) start(c *call, slots int, run func(o *operation) (event, error)) (answer map[string]any, taken int) {
	refused := map[string]any{"result": "limitReached"}
	if h == nil {
		return refused, 0
	}
	o := &operation{head: h, id: c.s.newID(), next: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.free == 0 {
		return refused, 0
	}
	o.ctx, o.end = context.WithCancel(h.ctx)
	o.slots = min(max(slots, 1), h.free) // even nothing is work
	h.free -= o.slots
	h.operations[o.id] = o
	c.started = append(c.started, func() {
		last, err := o.guard(run)
		ended := o.ctx.Err() != nil
		o.finish()
		switch {
		case ended:
		case err != nil:
			o.send(event{"event": "operationError", "error": err.Error()})
		default:
			o.send(last)
		}
	})
	return map[string]any{"result": "started", "operationId": o.id}, o.slots
}

// guard turns a panic into an error.
func (o *operation) guard(run func(o *operation) (event, error)) (last event, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = o.head.conn.s.panicked("an operation", p)
		}
	}()
	return run(o)
}

// finish ends the operation and makes room for another.
func (o *operation) finish() {
	o.head.mu.Lock()
	defer o.head.mu.Unlock()
	o.leave()
}

// Preconditions: the subscription is locked.
func (o *operation) leave() {
	o.end()
	if o.head.operations[o.id] == o {
		delete(o.head.operations, o.id)
		o.head.free += o.slots
	}
}

// tell tells the client something before the end, and says whether to go on.
func (o *operation) tell(e event) bool { return o.ctx.Err() == nil && o.send(e) }

func (o *operation) send(e event) bool {
	e["operationId"] = o.id
	return o.head.conn.deliver(newNotification("chainHead_v1_followEvent", o.head.id, e))
}

// pause waits until the client says to go on; false means that it ended the
// operation.
func (o *operation) pause() bool {
	o.head.mu.Lock()
	o.paused = true
	o.head.mu.Unlock()
	if !o.tell(event{"event": "operationWaitingForContinue"}) {
		return false
	}
	select {
	case <-o.next:
		return true
	case <-o.ctx.Done():
		return false
	}
}

// operation calls f with the operation that the parameters name, if there is
// one, under the lock of its subscription.
func (c *call) operation(a args, f func(o *operation) error) error {
	h, err := c.head(a)
	if err != nil {
		return err
	}
	id, err := a.str(1)
	if err != nil || h == nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if o := h.operations[id]; o != nil {
		return f(o)
	}
	return nil
}

func headContinue(c *call, a args) (any, error) {
	return nil, c.operation(a, func(o *operation) error {
		if !o.paused {
			return &Error{Code: codeNotPaused, Message: "the operation waits for no continue"}
		}
		o.paused = false
		c.started = append(c.started, func() { o.next <- struct{}{} }) // after the answer
		return nil
	})
}

func headStopOperation(c *call, a args) (any, error) {
	return nil, c.operation(a, func(o *operation) error {
		o.leave()
		return nil
	})
}
