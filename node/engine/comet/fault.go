package comet

import (
	goruntime "runtime"
	"sync"
	"time"
)

// fault is why this node cannot go on.
type fault struct {
	once  sync.Once
	found chan struct{} // closed once err is set
	err   error
}

func newFault() *fault { return &fault{found: make(chan struct{})} }

func (f *fault) set(err error) {
	f.once.Do(func() {
		f.err = err
		close(f.found)
	})
}

// cause is nil while all is well.
func (f *fault) cause() error {
	select {
	case <-f.found:
		return f.err
	default:
		return nil
	}
}

// leave ends CometBFT's fetching of old blocks: it crashes when it loses its
// peers while it is between looking at a block and taking it. Its routine ends
// when it brings the next block; if none comes it is idle.
func (a *application) leave() {
	a.leaving.Store(true)
	select {
	case <-a.left:
	case <-a.fault.found:
	case <-time.After(idle):
	}
}

// idle is after how long without a block there is none to be had.
const idle = 500 * time.Millisecond

// entering ends the routine that fetches old blocks when the node stops.
func (a *application) entering() {
	if a.leaving.Load() && a.syncing() {
		a.leftOnce.Do(func() { close(a.left) })
		goruntime.Goexit()
	}
}

// stopped notes an error about which CometBFT stops the consensus. While it
// fetches old blocks it would end the process with a trace instead: then its
// routine is ended here, and Run ends the rest.
func (a *application) stopped(err error) error {
	if err == nil {
		return nil
	}
	a.fault.set(err)
	if a.syncing() {
		goruntime.Goexit()
	}
	return err
}
