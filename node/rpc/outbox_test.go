package rpc

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// News find room while answers wait for it, and the other way round; what was
// written makes room.
func TestOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for i := range 1024 {
			if !o.answer(short, []byte{0}) || !o.tell([]byte{1}) {
				t.Fatalf("no room for message %d", i)
			}
		}
		if o.answer(short, []byte{2}) {
			t.Error("there is room for one answer more")
		}
		if o.tell([]byte{2}) {
			t.Error("there is room for one news more")
		}
		late := make(chan bool)
		go func() { late <- o.answer(t.Context(), make([]byte, 2*maxWaitingBytes)) }() // needs all the room
		synctest.Wait()
		if o.tell([]byte{2}) {
			t.Error("there is room for news while an answer waits")
		}
		count, last := 0, 0
		ctx, stop := context.WithCancel(t.Context())
		go o.run(ctx, func(m []byte) error {
			count++
			last = len(m)
			return nil
		})
		if !<-late {
			t.Error("the large answer was not taken")
		}
		synctest.Wait()
		if count != 2049 || last != 2*maxWaitingBytes {
			t.Errorf("%d messages, the last of %d bytes", count, last)
		}
		if !o.tell([]byte{3}) || !o.answer(t.Context(), []byte{3}) {
			t.Error("there is no room when all was written")
		}
		stop()
		synctest.Wait()
		gone := newOutbox()
		gone.tell([]byte{1})
		gone.run(t.Context(), func([]byte) error { return errors.New("gone") }) // returns
	})
}
