package eventlog_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/attest/eventlog"
)

// log returns a log of one event: "hi", with a digest of zeros, in RTMR1.
func log() []byte {
	head := append([]byte{1, 0, 0, 0, 3, 0, 0, 0}, make([]byte, 20)...)
	head = append(head, 33, 0, 0, 0)
	head = append(head, "Spec ID Event03\x00\x00\x00\x00\x00\x00\x02\x00\x02\x01\x00\x00\x00\x0c\x00\x30\x00\x00"...)
	event := append([]byte{2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x0c, 0}, make([]byte, 48)...)
	return append(append(head, event...), 2, 0, 0, 0, 'h', 'i')
}

func TestParse(t *testing.T) {
	good := log()
	for name, tail := range map[string][]byte{"end": nil, "zeros": make([]byte, 100), "ones": bytes.Repeat([]byte{0xFF}, 100), "few bytes": {0, 0, 0}} {
		events, err := eventlog.Parse(append(bytes.Clone(good), tail...))
		if err != nil || len(events) != 1 || events[0].Register != 1 || string(events[0].Data) != "hi" {
			t.Errorf("%s: %+v, %v", name, events, err)
		}
	}
	for name, change := range map[string]func([]byte){
		"register 0":         func(b []byte) { b[65] = 0 },
		"register 5":         func(b []byte) { b[65] = 5 },
		"great register":     func(b []byte) { b[67] = 1 },
		"many digests":       func(b []byte) { b[73] = 2 },
		"no digest":          func(b []byte) { b[73] = 0 },
		"other algorithm":    func(b []byte) { b[77] = 4 },
		"data too long":      func(b []byte) { b[len(b)-6] = 3 },
		"signature":          func(b []byte) { b[32]++ },
		"digest size":        func(b []byte) { b[62]++ },
		"many algorithms":    func(b []byte) { b[57] = 1 },
		"first event's kind": func(b []byte) { b[4]++ },
	} {
		b := log()
		change(b)
		if events, err := eventlog.Parse(b); err == nil {
			t.Errorf("%s: %+v", name, events)
		}
	}
	for n := 1; n < len(good); n++ {
		if events, err := eventlog.Parse(good[:n]); err == nil && len(events) > 0 {
			t.Errorf("cut at %d: %+v", n, events)
		}
	}
	if _, err := eventlog.Parse(make([]byte, eventlog.MaxSize+1)); err == nil {
		t.Error("a log of any size is read")
	}
}

func FuzzParse(f *testing.F) {
	good := log()
	for n := 0; n <= len(good); n += 9 {
		f.Add(good[:n])
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if events, err := eventlog.Parse(raw); err == nil {
			eventlog.Replay(events)
		}
	})
}

func Example() {
	events, err := eventlog.Parse(log())
	if err != nil {
		fmt.Println(err)
		return
	}
	registers := eventlog.Replay(events)
	fmt.Printf("%s %x\n", events[0].Data, registers[1][:4])
	// SHA-384 of 96 zeros:
	// Output: hi f57bb7ed
}
