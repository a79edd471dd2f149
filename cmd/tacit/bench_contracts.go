package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/contracts"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
)

// contractRun is what confidential contracts of one network did.
type contractRun struct {
	QueryP50        float64 `json:"query_p50_ms"`
	QueryP99        float64 `json:"query_p99_ms"`
	QueriesPerSec   float64 `json:"queries_per_second"`
	BusyP50         float64 `json:"query_while_commands_run_p50_ms"`
	BusyP99         float64 `json:"query_while_commands_run_p99_ms"`
	BusyCommands    int     `json:"commands_of_full_gas_meanwhile"`
	CommandsPerSec  float64 `json:"commands_per_second"`
	AnswersAgainMS  int64   `json:"worker_killed_to_answer_ms"`
	CatchUpMS       int64   `json:"fresh_worker_caught_up_ms"`
	CatchUpMessages uint64  `json:"fresh_worker_messages"`
	WorkerIdleMB    int64   `json:"worker_idle_mb"`
}

// contractBench is how confidential contracts are measured.
type contractBench struct{ queries, commands int }

func benchContracts() *cobra.Command {
	var b contractBench
	var f userFlags
	cmd := &cobra.Command{
		Use: "contracts", Short: "Measure confidential queries and commands, a killed worker and a fresh one", Args: cobra.NoArgs,
		Long: "Starts `tacit dev --demo hello --workers 2` in a process of its own and asks its contract as users do: queries over HTTP,\n" +
			"sealed, signed and opened one by one and by four at once; the same while commands run that burn all gas there is;\n" +
			"commands of four users at once, from the first submission to the last receipt in a block.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := b.run(cmd.Context())
			if err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), r, func(w io.Writer) {
				fmt.Fprintf(w, "query over HTTP           p50 %.2f ms  p99 %.2f ms  four at once %.0f a second\n", r.QueryP50, r.QueryP99, r.QueriesPerSec)
				fmt.Fprintf(w, "while commands run        p50 %.2f ms  p99 %.2f ms  (%d commands of all gas)\n", r.BusyP50, r.BusyP99, r.BusyCommands)
				fmt.Fprintf(w, "commands                  %.0f a second by one worker\n", r.CommandsPerSec)
				fmt.Fprintf(w, "worker killed             answers again after %d ms\n", r.AnswersAgainMS)
				fmt.Fprintf(w, "fresh worker              caught up with %d messages after %d ms\n", r.CatchUpMessages, r.CatchUpMS)
				fmt.Fprintf(w, "worker, idle              %d MB resident, with its executors\n", r.WorkerIdleMB)
			})
		},
	}
	cmd.Flags().IntVar(&b.queries, "queries", 2000, "how many queries")
	cmd.Flags().IntVar(&b.commands, "commands", 2000, "how many commands")
	cmd.Flags().BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (b contractBench) run(ctx context.Context) (r contractRun, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, self, "dev", "--demo", "hello", "--json", "--workers", "2", "--rpc", "127.0.0.1:0", "--console", "127.0.0.1:0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	if err := cmd.Start(); err != nil {
		return r, err
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if werr := cmd.Wait(); err == nil {
			err = werr
		}
	}()
	var demo helloResult
	if err := json.NewDecoder(out).Decode(&demo); err != nil {
		return r, err
	}
	time.Sleep(3 * time.Second) // idle memory, not that of the start
	for _, child := range children(cmd.Process.Pid) {
		mb := resident(child)
		for _, executor := range children(child) {
			mb += resident(executor)
		}
		r.WorkerIdleMB = max(r.WorkerIdleMB, mb)
	}
	return r, client.With(ctx, demo.RPC, func(ctx context.Context, c *client.Client) error {
		m, err := newContractMeter(ctx, c, demo)
		if err != nil {
			return err
		}
		return b.measure(ctx, m, cmd.Process.Pid, &r)
	})
}

// contractMeter is a contract, its only worker, and its owner.
type contractMeter struct {
	c     *client.Client
	demo  helloResult
	owner keys.Pair
	other keys.Pair
	meta  *abi.Metadata
	to    wire.Target
	at    string
	get   []byte
}

func newContractMeter(ctx context.Context, c *client.Client, demo helloResult) (m *contractMeter, err error) {
	m = &contractMeter{c: c, demo: demo}
	if m.owner, err = keys.FromURI(keys.Sr25519, "//Alice"); err != nil {
		return nil, err
	}
	if m.other, err = keys.FromURI(keys.Sr25519, "//Bob"); err != nil {
		return nil, err
	}
	if m.meta, err = abi.Parse(bundle.Metadata()); err != nil {
		return nil, err
	}
	if m.get, err = input(m.meta, m.meta.Message, "get"); err != nil {
		return nil, err
	}
	cluster, err := c.Cluster(ctx, demo.Cluster)
	if err != nil {
		return nil, err
	}
	w, err := c.Worker(ctx, cluster.Members[0])
	if err != nil {
		return nil, err
	}
	if len(w.Endpoints) == 0 || len(w.Info.HPKE) == 0 {
		return nil, errors.New("the worker has no address")
	}
	key, err := seal.ParsePublicKey(w.Info.HPKE[0].KEM, w.Info.HPKE[0].Key)
	if err != nil {
		return nil, err
	}
	m.to, m.at = wire.Target{Genesis: c.Genesis(), Identity: w.Identity, Key: key}, w.Endpoints[0]
	return m, nil
}

// ask makes n queries and returns what each took, in order.
func (m *contractMeter) ask(ctx context.Context, n int, over func() bool) ([]time.Duration, error) {
	worker := wire.NewClient(m.at, nil)
	var took []time.Duration
	for len(took) < n && !over() {
		began := time.Now()
		if _, err := worker.Ask(ctx, m.to, m.owner, m.demo.Contract, 0, m.get); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took, nil
}

func never() bool { return false }

// quantile is in ms.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(q*float64(len(sorted)-1))].Microseconds()) / 1000
}

func (b contractBench) measure(ctx context.Context, m *contractMeter, pid int, r *contractRun) error {
	took, err := m.ask(ctx, b.queries, never)
	if err != nil {
		return err
	}
	r.QueryP50, r.QueryP99 = quantile(took, 0.5), quantile(took, 0.99)
	began := time.Now()
	var all errgroup.Group
	for range 4 {
		all.Go(func() error { _, err := m.ask(ctx, b.queries/4, never); return err })
	}
	if err := all.Wait(); err != nil {
		return err
	}
	r.QueriesPerSec = float64(b.queries/4*4) / time.Since(began).Seconds()
	if err := m.busy(ctx, b.queries, r); err != nil {
		return fmt.Errorf("queries while commands run: %w", err)
	}
	if err := m.commands(ctx, b.commands, r); err != nil {
		return fmt.Errorf("commands: %w", err)
	}
	if err := m.fresh(ctx, r); err != nil {
		return fmt.Errorf("fresh worker: %w", err)
	}
	return m.killed(ctx, pid, r)
}

// spin is a contract that burns all gas there is: its call is an endless loop.
var spin = []byte{
	0, 'a', 's', 'm', 1, 0, 0, 0, // WebAssembly, version 1
	1, 4, 1, 0x60, 0, 0, // type 0: () → ()
	2, 16, 1, 3, 'e', 'n', 'v', 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 1, 16, 16, // its memory is the host's
	3, 3, 2, 0, 0, // two functions
	7, 17, 2, 6, 'd', 'e', 'p', 'l', 'o', 'y', 0, 0, 4, 'c', 'a', 'l', 'l', 0, 1,
	10, 12, 2, 2, 0, 0x0b, 7, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b, // deploy returns; call: loop { br 0 }
}

// busy asks while the worker executes nothing but commands that burn all gas.
func (m *contractMeter) busy(ctx context.Context, n int, r *contractRun) error {
	code, err := m.c.Upload(ctx, m.owner, client.Pack(spin))
	if err != nil {
		return err
	}
	id, out, err := m.c.Instantiate(ctx, m.owner, m.demo.Cluster, code, nil, nil)
	if err != nil {
		return err
	}
	if out.Reply.Status != 0 {
		return fmt.Errorf("the spinning contract ended with status %d: %s", out.Reply.Status, out.Reply.Error)
	}
	const count = 20
	var list []*client.Pending
	for range count {
		p, err := m.c.SendCommand(ctx, m.other, m.demo.Cluster, id, chain.Balance{}, nil)
		if err != nil {
			return err
		}
		list = append(list, p)
	}
	done := make(chan error, 1)
	go func() {
		for _, p := range list {
			if _, err := p.Wait(ctx); err != nil {
				done <- err
				return
			}
		}
		close(done)
	}()
	over := false
	took, err := m.ask(ctx, 100*n, func() bool {
		select {
		case err, open := <-done:
			over = !open || err != nil
		default:
		}
		return over
	})
	r.BusyP50, r.BusyP99, r.BusyCommands = quantile(took, 0.5), quantile(took, 0.99), count
	return err
}

// atOnce is how many commands are on their way: as many as a connection may
// watch.
const atOnce = 240

// commands counts commands from the first submission to the last receipt.
func (m *contractMeter) commands(ctx context.Context, n int, r *contractRun) error {
	in, err := input(m.meta, m.meta.Message, "increment", "1")
	if err != nil {
		return err
	}
	began := time.Now()
	head, err := m.c.Header(ctx, nil)
	if err != nil {
		return err
	}
	places := make(chan struct{}, atOnce)
	all, ctx := errgroup.WithContext(ctx)
	// One user alone would be what is measured: sealing and signing takes longer
	// than executing.
	users := []string{"//Bob", "//Charlie", "//Dave", "//Eve"}
	for i, uri := range users {
		all.Go(func() error { return m.send(ctx, uri, (n+i)/len(users), in, places) })
	}
	all.Go(func() error {
		seen := 0
		return m.c.Follow(ctx, head.Number+1, func(_ chain.Header, events []client.Record) (bool, error) {
			for _, e := range events {
				if d, ok := e.Event.(contracts.CommandDone); ok && d.Receipt.Contract == m.demo.Contract {
					seen++
					<-places
				}
			}
			return seen >= n, nil
		})
	})
	err = all.Wait()
	r.CommandsPerSec = float64(n) / time.Since(began).Seconds()
	return err
}

// send submits commands of one user over a connection of its own, each when
// there is a place for it.
func (m *contractMeter) send(ctx context.Context, uri string, n int, in []byte, places chan<- struct{}) error {
	who, err := keys.FromURI(keys.Sr25519, uri)
	if err != nil {
		return err
	}
	return client.With(ctx, m.demo.RPC, func(ctx context.Context, c *client.Client) error {
		for range n {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			if _, err := c.SendCommand(ctx, who, m.demo.Cluster, m.demo.Contract, chain.Balance{}, in); err != nil {
				return err
			}
		}
		return nil
	})
}

// fresh draws the other worker into the cluster.
func (m *contractMeter) fresh(ctx context.Context, r *contractRun) error {
	began := time.Now()
	event, err := m.c.Change(ctx, m.owner, clusters.AddMember{Cluster: m.demo.Cluster}, func(event any) bool {
		e, ok := event.(clusters.MemberReady)
		return ok && e.Cluster == m.demo.Cluster
	})
	if err != nil {
		return err
	}
	w, err := m.c.Worker(ctx, event.(clusters.MemberReady).Worker)
	if err != nil {
		return err
	}
	cluster, err := m.c.Cluster(ctx, m.demo.Cluster)
	if err != nil {
		return err
	}
	worker := wire.NewClient(w.Endpoints[0], nil)
	for {
		info, err := worker.Info(ctx)
		if err != nil {
			return err
		}
		if next := executedOf(info, m.demo.Cluster); next >= cluster.Next {
			r.CatchUpMS, r.CatchUpMessages = time.Since(began).Milliseconds(), next
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func executedOf(info wire.Info, cluster hash.H256) uint64 {
	for _, q := range info.Queues {
		if q.To == (queue.ToCluster{ID: cluster}) {
			return q.Next
		}
	}
	return 0
}

// killed kills both workers and waits until the first answers again.
func (m *contractMeter) killed(ctx context.Context, pid int, r *contractRun) error {
	began := time.Now()
	for _, child := range children(pid) {
		if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
			return err
		}
	}
	worker := wire.NewClient(m.at, nil)
	for {
		if _, err := worker.Ask(ctx, m.to, m.owner, m.demo.Contract, 0, m.get); err == nil {
			r.AnswersAgainMS = time.Since(began).Milliseconds()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
