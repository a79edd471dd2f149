package gateway

import (
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/contract/frame"
)

// What nobody could watch is not sent, and what is not sent is not watched.
func TestWatched(t *testing.T) {
	s := begin(t)
	watch := func(raw []byte) string {
		t.Helper()
		sub, err := s.rpc.Subscribe(s.ctx, "author_submitAndWatchExtrinsic", "author_unwatchExtrinsic", text(raw))
		if err == nil {
			sub.Close(s.ctx)
			t.Errorf("%x is watched", raw)
			return ""
		}
		return err.Error()
	}
	for range 200 { // more than there may be
		if got := watch([]byte{1, 2}); !strings.Contains(got, "1001") {
			t.Fatalf("noise: %s", got)
		}
	}
	var list []*client.Subscription
	for range 128 {
		sub, err := s.rpc.Subscribe(s.ctx, "state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion")
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, sub)
	}
	var pending []string
	got := watch(s.sign(pair(t, "Bob"), 0, frame.Call{Dest: chain.AddressID{}, GasLimit: plenty}))
	if s.ask(&pending, "author_pendingExtrinsics"); !strings.Contains(got, "128 subscriptions") || len(pending) != 0 {
		t.Errorf("an extrinsic that cannot be watched: %s, %d are pending", got, len(pending))
	}
	for _, sub := range list {
		sub.Close(s.ctx)
	}
}
