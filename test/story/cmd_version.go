package story

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/tacit-network/tacit/runtime"
)

// program 1 2
//
// starts the node again, and the relays from now on, with a program that
// carries these versions of the runtime. From version 2 on a batch may have no
// more than two calls.
func (w *World) program(l *line) error {
	var list []runtime.Version
	for _, word := range l.args {
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return err
		}
		v := runtime.Versions()[0]
		if v.Spec = uint32(n); n > 1 {
			v.BatchedCalls = 2
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return fmt.Errorf("program needs a version")
	}
	w.close()
	w.rt = runtime.Carrying(list...)
	return w.open()
}

// version [BLOCK]
//
// tells which version of the runtime is in force after a block, the newest
// where none is named, and whether the code in the state is that version's.
func (w *World) version(l *line) error {
	number := w.app.Head().Number
	if len(l.args) > 0 {
		n, err := strconv.ParseUint(l.args[0], 10, 32)
		if err != nil {
			return err
		}
		number = uint32(n)
	}
	at, err := w.app.Store().HashOf(number)
	if err != nil {
		return err
	}
	rt, err := w.app.RuntimeAt(at)
	if err != nil {
		return err
	}
	state, err := w.app.StateAt(at)
	if err != nil {
		return err
	}
	whose := "another's"
	if code, _ := state.Get(runtime.CodeKey); bytes.Equal(code, rt.Code()) {
		whose = "its own"
	}
	w.printf("after block %d: spec version %d, the code is %s\n", number, rt.Spec(), whose)
	return nil
}
