package relay_test

import (
	"context"
	"testing"
	"time"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	pallet "github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/scale"
)

// A worker that is drawn into more clusters than a request has queues follows the
// chain as before, and executes all of their messages.
func TestManyClusters(t *testing.T) {
	const many, batch = 260, 4
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := newWorld(t, ctx)
	t.Cleanup(cancel)
	e := w.enclave("//operator")
	defer e.startRelay(ctx)()
	err := client.With(ctx, w.node, func(ctx context.Context, c *client.Client) error {
		if err := registered(ctx, c, 1); err != nil {
			return err
		}
		rt := runtime.New()
		each := func(call func(i int) any) error {
			for i := 0; i < many; i += batch {
				var calls []frame.AnyCall
				for j := range batch {
					calls = append(calls, rt.CallOf(call(i+j)))
				}
				if _, err := c.Submit(ctx, w.alice, utility.BatchAll{Calls: calls}, client.UntilInBlock); err != nil {
					return err
				}
			}
			return nil
		}
		until := func(done func() bool) error {
			for !done() {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(blockTime):
				}
			}
			return nil
		}
		if err := each(func(int) any { return pallet.Create{Replicas: 1} }); err != nil {
			return err
		}
		if err := until(func() bool { i := e.worker.Info(); return len(i.Queues) == many+1 && i.Pending == 0 }); err != nil {
			return err
		}
		ids := e.worker.Info().Clusters
		if err := each(func(i int) any { return pallet.Deposit{Cluster: ids[i].ID, Value: scale.U64(7)} }); err != nil {
			return err
		}
		return until(func() bool {
			info := e.worker.Info()
			for _, q := range info.Queues[1:] {
				if q.Next != 1 {
					return false
				}
			}
			return info.Pending == 0
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}
