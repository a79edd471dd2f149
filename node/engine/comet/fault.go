package comet

import (
	goruntime "runtime"
	"sync"
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
