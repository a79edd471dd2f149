package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A relay that is cut does not run until it is joined again.
func TestRelaySwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		running := 0
		s := newSwitch()
		over := make(chan error)
		go func() {
			over <- s.run(ctx, func(ctx context.Context) error {
				running++
				defer func() { running-- }()
				<-ctx.Done()
				return nil
			})
		}()
		for i, on := range []bool{true, false, false, true, true, false, true} {
			s.set(on)
			synctest.Wait()
			if want := map[bool]int{true: 1}[on]; running != want || s.on() != on {
				t.Errorf("step %d: %d run, %v", i, running, s.on())
			}
		}
		end()
		if err := <-over; err != nil || running != 0 {
			t.Errorf("at the end %v, %d run", err, running)
		}
		if err := newSwitch().run(t.Context(), func(context.Context) error { return errors.New("broken") }); err == nil {
			t.Error("a relay that fails is not told of")
		}
		time.Sleep(time.Second) // nothing is left behind
	})
}

func TestLastLines(t *testing.T) {
	var l lastLines
	for i := range 100 {
		fmt.Fprintf(&l, "line %d\nhalf", i)
		fmt.Fprint(&l, "\n")
	}
	fmt.Fprint(&l, strings.Repeat("x", 2*maxLine)+"\nnot yet")
	got := l.last()
	if len(got) != maxLines || got[maxLines-2] != "half" || got[maxLines-3] != "line 99" || len(got[maxLines-1]) != maxLine {
		t.Errorf("kept %d lines, %q", len(got), got[max(0, len(got)-3):])
	}
}
