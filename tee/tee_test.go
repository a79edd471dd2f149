package tee_test

import (
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/tacit-network/tacit/tee"
)

// A register holds the hash of all events, in order.
func ExampleExtend() {
	var register [48]byte
	first, second := tee.EventDigest("config", []byte("a")), tee.EventDigest("config", []byte("b"))
	fmt.Println(tee.Extend(tee.Extend(register, first), second) == tee.Extend(tee.Extend(register, second), first))
	// Output: false
}

// A sealing key in a log line shows nothing of itself.
func ExampleSealingKey() {
	key := tee.NewSealingKey(make([]byte, 32))
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	log.Info("sealed", "key", key)
	// Output: level=INFO msg=sealed key=[secret]
}

func TestNoSealing(t *testing.T) {
	if _, err := tee.NewGuest(nil, tee.PlatformInfo{}, nil).SealingKey("x"); err != tee.ErrNoSealing {
		t.Errorf("SealingKey = %v", err)
	}
}
