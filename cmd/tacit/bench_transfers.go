package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/scale"
)

// transferBench is how transfers are measured.
type transferBench struct {
	validators, accounts, count int
	blockTime                   time.Duration
	profile                     string
}

// transferRun is what one run measured.
type transferRun struct {
	Validators int     `json:"validators"`
	Accounts   int     `json:"accounts"`
	Transfers  int     `json:"transfers"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"transfers_per_second"`
	Blocks     int     `json:"blocks"`
	FinalMS    int64   `json:"submitted_to_final_ms"`      // of one alone: the median
	FinalMost  int64   `json:"submitted_to_final_ms_most"` // and the most
}

func benchTransfers() *cobra.Command {
	var b transferBench
	var f userFlags
	cmd := &cobra.Command{
		Use: "transfers", Short: "Count signed transfers in final blocks, sent through JSON-RPC", Args: cobra.NoArgs,
		Long: "Signs transfers between existing accounts beforehand, sends them to a fresh network in this process through its JSON-RPC, " +
			"and counts Balances.Transfer events in final blocks: from the first submission to the block that holds the last of them being final.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := b.run(cmd.Context())
			if err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), r, func(w io.Writer) {
				fmt.Fprintf(w, "%d transfers of %d accounts with %d validators: %.1f s, %.0f a second, in %d blocks\n",
					r.Transfers, r.Accounts, r.Validators, r.Seconds, r.PerSecond, r.Blocks)
				fmt.Fprintf(w, "one transfer alone, submitted to final: %d ms, at most %d ms\n", r.FinalMS, r.FinalMost)
			})
		},
	}
	fl := cmd.Flags()
	fl.IntVar(&b.validators, "validators", 1, "how many validators, all in this process")
	fl.IntVar(&b.accounts, "accounts", 1000, "how many accounts send to each other")
	fl.IntVar(&b.count, "count", 20_000, "how many transfers")
	fl.DurationVar(&b.blockTime, "block-time", time.Second, "time from block to block")
	fl.StringVar(&b.profile, "profile", "", "file for a processor profile of the measured time")
	fl.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func (b *transferBench) run(ctx context.Context) (r transferRun, err error) {
	if b.validators < 1 || b.validators > len(engine.DevelopmentNames) || b.accounts < 2 || b.count < 1 {
		return r, hint(errors.New("the numbers are too small or too large"), "1 to %d validators, 2 accounts or more", len(engine.DevelopmentNames))
	}
	dir, err := os.MkdirTemp("", "tacit-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	senders, spec, err := b.chain()
	if err != nil {
		return r, err
	}
	rpc, err := listen("--rpc", "127.0.0.1:0")
	if err != nil {
		return r, err
	}
	o := &devOptions{log: slog.New(slog.DiscardHandler)}
	nodes, err := o.nodes(dir, dir, spec, rpc)
	if err != nil {
		return r, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, running := errgroup.WithContext(ctx)
	for _, n := range nodes {
		g.Go(func() error { return n.Run(running) })
	}
	r, err = b.measure(running, nodes[0], "ws://"+rpc.Addr().String(), senders)
	stop()
	return r, errors.Join(err, g.Wait())
}

// chain makes the accounts and the spec that endows them.
func (b *transferBench) chain() (senders []keys.Pair, spec engine.Spec, err error) {
	spec = engine.Spec{
		Name: "Bench", ID: "bench", Kind: engine.Development, Symbol: "TACIT",
		BlockTime: uint64(b.blockTime / time.Millisecond), GenesisTime: uint64(time.Now().UnixMilli()),
	}
	for i := range b.accounts {
		var seed [32]byte
		copy(seed[:], fmt.Sprintf("bench account %d", i))
		p, err := keys.NewPair(keys.Sr25519, seed)
		if err != nil {
			return nil, spec, err
		}
		senders = append(senders, p)
		spec.Genesis.Balances = append(spec.Genesis.Balances, runtime.Endowment{Account: p.AccountID(), Amount: wealth})
	}
	for _, name := range engine.DevelopmentNames[:b.validators] {
		_, v, err := keystore.DevelopValidator(name)
		if err != nil {
			return nil, spec, err
		}
		spec.Genesis.Validators = append(spec.Genesis.Validators, v)
	}
	return senders, spec, nil
}

// sign makes the transfers, on both processors.
func (b *transferBench) sign(app *engine.App, senders []keys.Pair) [][]byte {
	implicit := chain.Implicit{SpecVersion: runtime.SpecVersion, TxVersion: runtime.TransactionVersion, Genesis: app.Genesis(), EraBlock: app.Genesis()}
	out := make([][]byte, b.count)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.count; i = int(next.Add(1)) - 1 {
				from, to := senders[i%len(senders)], senders[(i+1)%len(senders)]
				call := balances.TransferKeepAlive{Dest: chain.AddressID{ID: to.AccountID()}, Value: scale.U64(1)}
				extra := chain.Extra{Nonce: uint32(i / len(senders))}
				out[i] = chain.SignExtrinsic(from, scale.Marshal(app.Runtime().CallOf(call)), extra, implicit).Encode()
			}
		})
	}
	wait.Wait()
	return out
}

func (b *transferBench) measure(ctx context.Context, n *node.Node, url string, senders []keys.Pair) (r transferRun, err error) {
	app := n.App()
	txs := b.sign(app, senders)
	if err := untilFinal(ctx, app, 2); err != nil {
		return r, err
	}
	if b.profile != "" {
		f, err := os.Create(filepath.Clean(b.profile))
		if err != nil {
			return r, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return r, err
		}
		defer pprof.StopCPUProfile()
	}
	first := app.Head().Number + 1
	began := time.Now()
	r = transferRun{Validators: b.validators, Accounts: b.accounts, Transfers: b.count}
	err = client.With(ctx, url, func(ctx context.Context, c *client.Client) error {
		// Several requests are under way at once; a full pool is asked again.
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(16)
		g.Go(func() error {
			for _, tx := range txs {
				g.Go(func() error { return submit(gctx, c.RPC, tx) })
			}
			return nil
		})
		for number, seen := first, 0; seen < b.count; number++ {
			if err := untilFinal(gctx, app, number); err != nil {
				return errors.Join(err, g.Wait())
			}
			count, err := transfersIn(ctx, c, app, number)
			if err != nil {
				return errors.Join(err, g.Wait())
			}
			if seen += count; count > 0 {
				r.Blocks++
			}
		}
		return g.Wait()
	})
	if err != nil {
		return r, err
	}
	r.Seconds = time.Since(began).Seconds()
	r.PerSecond = float64(b.count) / r.Seconds
	r.FinalMS, r.FinalMost, err = b.alone(ctx, url, senders)
	return r, err
}

// singles is how many transfers are measured alone.
const singles = 15

// alone measures single transfers on an idle chain, until their block is final.
// Each begins at another moment of a block's time.
func (b *transferBench) alone(ctx context.Context, url string, senders []keys.Pair) (median, most int64, err error) {
	last := senders[len(senders)-1]
	var all []int64
	err = client.With(ctx, url, func(ctx context.Context, c *client.Client) error {
		for i := range singles {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(b.blockTime * time.Duration(i) / singles):
			}
			began := time.Now()
			call := balances.TransferKeepAlive{Dest: chain.AddressID{ID: senders[0].AccountID()}, Value: scale.U64(1)}
			if _, err := c.Submit(ctx, last, call, client.UntilFinal); err != nil {
				return err
			}
			all = append(all, time.Since(began).Milliseconds())
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1], nil
}

// submit sends one transaction until the pool takes it.
func submit(ctx context.Context, c *client.RPC, tx []byte) error {
	for {
		var id string
		err := c.Call(ctx, &id, "author_submitExtrinsic", "0x"+hex.EncodeToString(tx))
		if e, full := errors.AsType[*client.RPCError](err); !full || e.Code != 1016 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// untilFinal waits until a block is final.
func untilFinal(ctx context.Context, app *engine.App, number chain.BlockNumber) error {
	changed, stop := app.Hub.Listen()
	defer stop()
	for app.Final() < number {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-time.After(time.Minute):
			return fmt.Errorf("no block is final for a minute, the last was %d", app.Final())
		}
	}
	return nil
}

// transfersIn counts the events Balances.Transfer of a block.
func transfersIn(ctx context.Context, c *client.Client, app *engine.App, number chain.BlockNumber) (count int, err error) {
	h, err := app.Store().HashOf(number)
	if err != nil {
		return 0, err
	}
	records, err := c.Events(ctx, h)
	for _, r := range records {
		if _, ok := r.Event.(balances.Transfer); ok {
			count++
		}
	}
	return count, err
}
