package engine

import "sync"

// Hub wakes whoever wants to know that there is a new head or a newly final
// block. It tells only that something is new, and not what: a slow listener
// misses nothing, since it looks into the database, and holds up nobody.
type Hub struct {
	mu        sync.Mutex
	listeners map[chan struct{}]bool
}

func newHub() *Hub { return &Hub{listeners: map[chan struct{}]bool{}} }

// Listen returns a channel that gets a value after each change, and a function
// that ends it. Changes that come while a value waits are joined with it.
func (h *Hub) Listen() (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	h.listeners[c] = true
	h.mu.Unlock()
	return c, func() {
		h.mu.Lock()
		delete(h.listeners, c)
		h.mu.Unlock()
	}
}

func (h *Hub) publish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.listeners {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
