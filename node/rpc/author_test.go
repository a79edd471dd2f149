package rpc_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A watcher has time to read the block that a transaction is in before it is told
// that the block is final, however soon it is: @polkadot/api forgets the one
// status while it reads when the other comes.
func TestInBlockStands(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	n := newNode(t)
	ws := n.dial(ctx)
	ask(t, ctx, ws, n.expand(`{"jsonrpc":"2.0","id":1,"method":"author_submitAndWatchExtrinsic","params":["$pay0"]}`))
	read := func(word string) {
		t.Helper()
		_, data, err := ws.Read(ctx)
		if err != nil || !strings.Contains(string(data), word) {
			t.Fatalf("%s, %v; want %s", data, err, word)
		}
	}
	read("ready")
	before := time.Now()
	for range 4 { // all before anybody looks
		n.step()
	}
	read("inBlock")
	read("finalized")
	if took := time.Since(before); took < 250*time.Millisecond {
		t.Errorf("it was final after %v", took)
	}
}
