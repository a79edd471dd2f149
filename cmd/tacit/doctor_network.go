package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tacit-network/tacit/attest/verdict"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/worker/wire"
)

// network looks at the node, and through it at the worker.
func (d *doctor) network(ctx context.Context) (node, worker *verdict.Check) {
	// Each has its own time: a worker that is silent says nothing of the node.
	var info *wire.Info
	asked, enough := context.WithTimeout(ctx, d.wait)
	answers := d.answers(asked, &info)
	enough()
	ctx, cancel := context.WithTimeout(ctx, d.wait)
	defer cancel()
	err := client.With(ctx, d.rpc, func(ctx context.Context, c *client.Client) error {
		head, err := c.Header(ctx, nil)
		if err != nil {
			return err
		}
		final, err := c.Finalized(ctx)
		if err != nil {
			return err
		}
		var health struct {
			Peers     int  `json:"peers"`
			IsSyncing bool `json:"isSyncing"`
		}
		if err := c.Call(ctx, &health, "system_health"); err != nil {
			return err
		}
		reach := verdict.Pass("JSON-RPC", fmt.Sprintf("%s, genesis %v, runtime %d", d.rpc, c.Genesis().Short(), c.Runtime().Spec()))
		peers := verdict.Pass("peers", fmt.Sprint(health.Peers))
		if health.IsSyncing {
			peers.State, peers.Detail, peers.Advice = verdict.Warned, peers.Detail+", still catching up", "wait: `tacit chain head` shows how far it is"
		}
		node = verdict.Group("node", reach, d.progress(ctx, c), finality(head.Number, final.Number), peers)
		if answers != nil {
			parts := []*verdict.Check{answers}
			if info != nil {
				parts = append(parts, d.follows(info, c, final.Number), d.registered(ctx, c, info))
			}
			worker = verdict.Group("worker", parts...)
		}
		return nil
	})
	if err != nil {
		node = verdict.Group("node", verdict.Fail("JSON-RPC", d.rpc, err.Error(), "is the node running? Name another with --rpc; a node of another version needs a tacit of that version"))
		if answers != nil {
			worker = verdict.Group("worker", answers, verdict.Skip("registration", "no node tells of it", ""))
		}
	}
	return node, worker
}

// The chain's time may be so far from the clock: behind it, the chain stands
// still or is only catching up; ahead of it, the clock is wrong.
const (
	slow  = 60 * time.Second
	early = 30 * time.Second
)

// progress compares the time of the newest block with the clock.
func (d *doctor) progress(ctx context.Context, c *client.Client) *verdict.Check {
	const name = "progress and clock"
	at, _, err := client.Find[uint64](ctx, c, c.Runtime().Timestamp.Now.Key(), nil)
	if err != nil {
		return verdict.Fail(name, "time", err.Error(), "")
	}
	if at == 0 {
		return verdict.Skip(name, "the chain has no block yet", "start enough validators: more than two thirds make blocks")
	}
	age := d.now().Sub(time.UnixMilli(int64(at)))
	out := verdict.Pass(name, fmt.Sprintf("the newest block is of %s, %s ago", time.UnixMilli(int64(at)).UTC().Format(time.RFC3339), age.Round(time.Second)))
	switch {
	case age > slow:
		out.State, out.Field, out.Have, out.Want = verdict.Failed, "newest block", age.Round(time.Second).String()+" old", "at most "+slow.String()
		out.Advice = "either the chain stands still (more than two thirds of the validators must run), or this node is cut off, or this machine's clock is ahead: look at peers, then at the clock"
	case age < -early:
		out.State, out.Field, out.Have, out.Want = verdict.Failed, "clock", (-age).Round(time.Second).String()+" behind the chain", "at most "+early.String()
		out.Advice = "set the clock, and keep it with NTP"
	}
	return out
}

func finality(head, final chain.BlockNumber) *verdict.Check {
	const name, most = "finality", 16
	c := verdict.Pass(name, fmt.Sprintf("block %d is final, the newest is %d", final, head))
	if lag := head - min(final, head); lag > most {
		c.State, c.Field, c.Have, c.Want = verdict.Failed, "lag", fmt.Sprintf("%d blocks", lag), fmt.Sprintf("at most %d", most)
		c.Advice = "more than two thirds of the validators must sign: see that they run and reach each other"
	}
	return c
}

// answers asks the worker who it is; nil where none is to be looked at.
func (d *doctor) answers(ctx context.Context, into **wire.Info) *verdict.Check {
	if d.worker == "" {
		return nil
	}
	const name = "answers"
	info, err := wire.NewClient(d.worker, nil).Info(ctx)
	if err != nil {
		return verdict.Fail(name, d.worker, err.Error(), "is tacit-worker running? The line that it prints when it starts says where it listens")
	}
	*into = &info
	c := verdict.Pass(name, fmt.Sprintf("0x%x, %s, boot epoch %d", info.Identity, info.Platform, info.BootEpoch))
	if info.Simulated {
		c.State, c.Detail, c.Advice = verdict.Warned, c.Detail+", "+simulated, "never give it a secret"
	}
	return c
}

// follows tells how far the worker's light client is.
func (d *doctor) follows(info *wire.Info, c *client.Client, final chain.BlockNumber) *verdict.Check {
	const name, most = "follows the chain", 30
	if info.Genesis != c.Genesis() {
		out := verdict.Fail(name, "genesis", "it is configured for another chain", "configure the worker for this chain, or name the other node with --rpc")
		out.Have, out.Want = info.Genesis.String(), c.Genesis().String()
		return out
	}
	out := verdict.Pass(name, fmt.Sprintf("block %d of %d, %d clusters, %d messages wait for the chain", info.Block, final, len(info.Clusters), info.Pending))
	if lag := final - min(info.Block, final); lag > most {
		out.State, out.Field, out.Have, out.Want = verdict.Failed, "lag", fmt.Sprintf("%d blocks", lag), fmt.Sprintf("at most %d", most)
		out.Advice = "is its relay running? `tacit relay` brings it the chain; its log says what is wrong"
	}
	if len(info.NeedCode) > 0 {
		out.Checks = append(out.Checks, &verdict.Check{
			Name: "code", State: verdict.Warned, Detail: fmt.Sprintf("%d codes are missing", len(info.NeedCode)), Advice: "its relay brings them from a node that has them",
		})
		out.State = max(out.State, verdict.Warned)
	}
	return out
}

// registered tells what the worker's registration is worth.
func (d *doctor) registered(ctx context.Context, c *client.Client, info *wire.Info) *verdict.Check {
	const name = "registration"
	s, err := lookUpWorker(ctx, c, info.Identity)
	if err != nil {
		return verdict.Fail(name, "worker", err.Error(), hintOf(err))
	}
	now := s.judged.Facts.Now / 1000
	instance := s.epoch()
	if info.BootEpoch != s.worker.BootEpoch && info.Promised != s.worker.BootEpoch {
		instance = verdict.Fail("boot epoch", "boot epoch", "another instance of this worker is registered", "only one may run: end the other one, and let the relay register this one")
		instance.Have, instance.Want = fmt.Sprint(info.BootEpoch), fmt.Sprint(s.worker.BootEpoch)
	}
	return verdict.Group(name, s.standing(now), instance, s.program(), s.root(), s.machine(), s.tier())
}
