package relay_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/rpc"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/relay"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	pallet "github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/contracts"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/worker"
)

// patience ends a test that hangs. The race detector makes the compilation of a
// contract thirty times slower, on a busy machine more.
const patience = 5 * time.Minute

// blockTime is short, so that the test is.
const blockTime = 50 * time.Millisecond

// world is a node with one validator and workers on simulated hardware, all in
// this process.
type world struct {
	t      *testing.T
	app    *engine.App
	node   string
	mrtd   attest.Digest
	image  hash.H256
	config report.WorkerConfig
	alice  keys.Pair
	paused atomic.Bool // no blocks are made
}

// enclave is one worker.
type enclave struct {
	*world
	dir      string
	machine  *sim.Module
	operator keys.Pair
	addr     string
	ahead    uint64 // of its relay; 0 for the usual
	whole    int    // of its relay; 0 for the usual
	through  string // where its relay finds the node; "" for where it is
	door     string // where its relay and clients find the worker; "" for where it is

	mu     sync.Mutex
	worker *worker.Worker // guarded by mu
	server *http.Server   // guarded by mu
}

func account(t testing.TB, uri string) keys.Pair {
	t.Helper()
	p, err := keys.FromURI(keys.Sr25519, uri)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newWorld(t *testing.T, ctx context.Context) *world {
	w := &world{t: t, mrtd: attest.Digest{7}, alice: account(t, "//Alice")}
	voter, validator, err := keystore.DevelopValidator("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	measurement := sim.Measurement(w.mrtd)
	w.image = attest.ImageID(measurement)
	pki := devpki.New(devpki.Seed)
	plenty := runtime.Unit.MulSat(scale.U64(1_000_000))
	sudo := w.alice.AccountID()
	spec := engine.Spec{
		Name: "Test", ID: "test", Kind: engine.Development, Symbol: "TACIT", BlockTime: uint64(blockTime / time.Millisecond),
		GenesisTime: uint64(time.Now().UnixMilli()),
		Genesis: runtime.Genesis{
			Validators: []session.Validator{validator}, Sudo: &sudo,
			Balances: []runtime.Endowment{
				{Account: sudo, Amount: plenty}, {Account: account(t, "//Bob").AccountID(), Amount: plenty},
				{Account: account(t, "//operator").AccountID(), Amount: plenty},
				{Account: account(t, "//operator//2").AccountID(), Amount: plenty},
			},
			Attestation: attestation.Genesis{
				Anchors: []attestation.Anchor{{Kind: attestation.Development, Certificate: pki.Anchor(), Enabled: true}},
				Images:  []attest.Image{{Name: "worker", Version: 1, ConsensusVersion: 1, Measurement: measurement, TierMax: 5}},
			},
		},
	}
	db, err := store.Open(store.Config{Dir: "chain", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if w.app, err = engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db}); err != nil {
		t.Fatal(err)
	}
	p := pool.New(w.app)
	w.app.UsePool(p)
	node := httptest.NewServer(rpc.New(rpc.Config{App: w.app, Pool: p}))
	t.Cleanup(node.Close)
	w.node = "ws" + node.URL[4:]
	w.config = report.WorkerConfig{
		Genesis: w.app.Genesis(), CheckpointHash: w.app.Genesis(), Authorities: []report.Authority{{Key: voter.Grandpa.ID(), Weight: 1}},
	}
	var running sync.WaitGroup
	running.Add(2)
	solo := engine.NewSolo(w.app, []keys.GrandpaPair{voter.Grandpa})
	go func() { defer running.Done(); w.mustRun(w.makeBlocks(ctx, solo)) }()
	go func() { defer running.Done(); w.mustRun(p.Run(ctx)) }()
	t.Cleanup(running.Wait)
	return w
}

// enclave makes a machine and starts a worker on it.
func (w *world) enclave(operator string) *enclave {
	e := &enclave{world: w, dir: w.t.TempDir(), operator: account(w.t, operator)}
	var err error
	e.machine, err = sim.Open(sim.Config{Folder: e.dir, MRTD: w.mrtd, ConfigID: w.config.Hash()})
	if err != nil {
		w.t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	e.addr = l.Addr().String()
	e.boot(l)
	w.t.Cleanup(e.halt)
	return e
}

// makeBlocks makes a block every blockTime until ctx ends, but while it is
// paused.
func (w *world) makeBlocks(ctx context.Context, solo *engine.Solo) error {
	tick := time.NewTicker(blockTime)
	defer tick.Stop()
	last := uint64(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case t := <-tick.C:
			if w.paused.Load() {
				continue
			}
			last = max(last+1, uint64(t.UnixMilli()))
			if _, err := solo.Step(last); err != nil {
				return err
			}
		}
	}
}

func (w *world) mustRun(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		w.t.Error(err)
	}
}

// boot starts the worker on its disk.
func (w *enclave) boot(l net.Listener) {
	var err error
	if l == nil {
		if l, err = net.Listen("tcp", w.addr); err != nil {
			w.t.Fatal(err)
		}
	}
	wk, err := worker.Open(context.Background(), worker.Config{
		Dir: w.dir, Chain: w.config, Backend: w.machine.Backend(), ImageID: w.image,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{Handler: wk.Handler(), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }() // ends with halt
	w.mu.Lock()
	w.worker, w.server = wk, server
	w.mu.Unlock()
}

// halt stops the worker as a power failure would: nothing is told to it.
func (w *enclave) halt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.server != nil {
		_ = w.server.Close()
		_ = w.worker.Close(context.Background())
		w.server = nil
	}
}

// startRelay runs a relay until the returned function is called.
func (w *enclave) startRelay(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	level := slog.LevelWarn
	r := relay.New(relay.Config{
		Node: cmp.Or(w.through, w.node), Worker: "http://" + cmp.Or(w.door, w.addr), Operator: w.operator,
		Collateral: &devpki.PCS{PKI: devpki.New(devpki.Seed)}, Retry: 20 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	})
	if w.ahead > 0 {
		r.SetAhead(w.ahead)
	}
	if w.whole > 0 {
		r.SetWhole(w.whole)
	}
	go func() { defer close(done); _ = r.Run(ctx) }()
	return func() { cancel(); <-done }
}

// The whole way: registration, cluster, code, contract, commands and queries,
// over restarts of the relay and of the worker.
func TestWholeWay(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := newWorld(t, ctx)
	t.Cleanup(cancel)
	e := w.enclave("//operator")
	stop := e.startRelay(ctx)
	defer func() { stop() }()
	bob := account(t, "//Bob")
	h := newHello(t)
	start := time.Now()
	lap := func(what string) { t.Logf("%6.0f ms  %s", time.Since(start).Seconds()*1000, what) }

	err := client.With(ctx, w.node, func(ctx context.Context, c *client.Client) error {
		if err := registered(ctx, c, 1); err != nil {
			return err
		}
		lap("worker registered")
		cluster, err := c.CreateCluster(ctx, w.alice, 1)
		if err != nil {
			return err
		}
		lap("cluster ready")
		code, err := c.Upload(ctx, w.alice, bundle.Packed())
		if err != nil {
			return err
		}
		lap("code uploaded")
		if err := c.CheckCode(ctx, w.alice, cluster, code); err != nil {
			return err
		}
		lap("code checked")
		contract, made, err := c.Instantiate(ctx, w.alice, cluster, code, nil, h.input("new"))
		if err != nil {
			return err
		}
		if made.Receipt.Status != words.StatusOK {
			t.Errorf("constructor: %+v", made.Receipt)
		}
		lap("contract instantiated")
		command := func(who keys.Pair, label string, args ...string) string {
			out, err := c.Command(ctx, who, contract, h.input(label, args...))
			if err != nil {
				t.Fatal(err)
			}
			return h.text(label, out.Reply.Output)
		}
		final := func() chain.BlockNumber {
			h, err := c.Finalized(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return h.Number
		}
		query := func(who keys.Pair, least chain.BlockNumber) string {
			a, err := c.Query(ctx, who, contract, least, h.input("get"))
			if err != nil {
				t.Fatal(err)
			}
			return h.text("get", a.Output)
		}
		expect := func(got, want string) {
			t.Helper()
			if got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		expect(command(bob, "increment", "42"), "()")
		lap("command executed, receipt on chain")
		expect(query(w.alice, final()), "42")
		lap("owner's query answered")
		expect(query(bob, 0), "the contract answered NotOwner")
		expect(command(bob, "get"), "the contract answered NotOwner")

		// A new relay finds out where things are.
		stop()
		stop = e.startRelay(ctx)
		expect(command(bob, "increment", "7"), "()")
		lap("command after a restart of the relay")

		// So does a new instance of the worker, which registers anew.
		e.halt()
		time.Sleep(3 * blockTime)
		e.boot(nil)
		expect(command(bob, "increment", "1"), "()")
		expect(query(w.alice, final()), "50")
		lap("command after a restart of the worker")
		list, err := c.Workers(ctx)
		if err != nil {
			return err
		}
		if list[0].Info.BootEpoch != 2 {
			t.Errorf("boot epoch %d", list[0].Info.BootEpoch)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// registered waits until so many workers are registered and tell an address.
func registered(ctx context.Context, c *client.Client, want int) error {
	for {
		list, err := c.Workers(ctx)
		if err != nil {
			return err
		}
		n := 0
		for _, w := range list {
			n += len(w.Endpoints)
		}
		if n == want {
			return nil
		}
		time.Sleep(blockTime)
	}
}

// hello is the words of the hello contract.
type hello struct {
	t    *testing.T
	meta *abi.Metadata
}

func newHello(t *testing.T) hello {
	meta, err := abi.Parse(bundle.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	return hello{t, meta}
}

func (h hello) input(label string, args ...string) []byte {
	e, err := h.meta.Constructor(label)
	if err != nil {
		if e, err = h.meta.Message(label); err != nil {
			h.t.Fatal(err)
		}
	}
	in, err := h.meta.Encode(e, args)
	if err != nil {
		h.t.Fatal(err)
	}
	return in
}

func (h hello) text(label string, out []byte) string {
	e, err := h.meta.Message(label)
	if err != nil {
		h.t.Fatal(err)
	}
	s, err := h.meta.Decode(e, out)
	if err != nil {
		return err.Error()
	}
	return s
}

// A cluster of two: the second member gets the secret from the first, both
// reach the same state, and one answers when the other is gone.
func TestReplicas(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := newWorld(t, ctx)
	t.Cleanup(cancel)
	enclaves := []*enclave{w.enclave("//operator"), w.enclave("//operator//2")}
	for _, e := range enclaves {
		defer e.startRelay(ctx)()
	}
	h := newHello(t)
	err := client.With(ctx, w.node, func(ctx context.Context, c *client.Client) error {
		if err := registered(ctx, c, 2); err != nil {
			return err
		}
		id, err := c.CreateCluster(ctx, w.alice, 2)
		if err != nil {
			return err
		}
		code, err := c.Upload(ctx, w.alice, bundle.Packed())
		if err != nil {
			return err
		}
		contract, _, err := c.Instantiate(ctx, w.alice, id, code, nil, h.input("new"))
		if err != nil {
			return err
		}
		for range 3 {
			if _, err := c.Command(ctx, w.alice, contract, h.input("increment", "5")); err != nil {
				return err
			}
		}
		// Both have executed everything, and the chain saw no other root.
		for _, e := range enclaves {
			for {
				info := e.worker.Info()
				if len(info.Queues) == 2 && info.Queues[1].Next == 4 && info.Pending == 0 {
					break
				}
				time.Sleep(blockTime)
			}
		}
		cluster, err := c.Cluster(ctx, id)
		if err != nil {
			return err
		}
		if cluster.Next != 4 || len(cluster.Members) != 2 {
			t.Errorf("cluster %+v", cluster)
		}
		err = c.Follow(ctx, 1, func(h chain.Header, events []client.Record) (bool, error) {
			for _, r := range events {
				if e, differ := r.Event.(pallet.RootsDiffer); differ {
					t.Errorf("block %d: %+v", h.Number, e)
				}
			}
			return h.Number > 20, nil
		})
		if err != nil {
			return err
		}
		for _, e := range enclaves {
			if e.worker.Identity() == cluster.Members[0] {
				e.halt()
			}
		}
		a, err := c.Query(ctx, w.alice, contract, 0, h.input("get"))
		if err != nil {
			return err
		}
		if got := h.text("get", a.Output); got != "15" {
			t.Errorf("the second member answers %s", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A worker that was away comes back to more messages than fit into a request,
// and gets them by way of earlier blocks.
func TestFarBehind(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := newWorld(t, ctx)
	t.Cleanup(cancel)
	e := w.enclave("//operator")
	stop := e.startRelay(ctx)
	defer func() { stop() }()
	h := newHello(t)
	err := client.With(ctx, w.node, func(ctx context.Context, c *client.Client) error {
		if err := registered(ctx, c, 1); err != nil {
			return err
		}
		id, err := c.CreateCluster(ctx, w.alice, 1)
		if err != nil {
			return err
		}
		code, err := c.Upload(ctx, w.alice, bundle.Packed())
		if err != nil {
			return err
		}
		contract, _, err := c.Instantiate(ctx, w.alice, id, code, nil, h.input("new"))
		if err != nil {
			return err
		}
		stop()
		// Commands that nobody executes yet, some in each of several blocks.
		for range 6 {
			call := contracts.Command{Contract: contract, Envelope: []byte{1}}
			if _, err := c.Submit(ctx, w.alice, call, client.UntilInBlock); err != nil {
				return err
			}
		}
		e.ahead = 2
		stop = e.startRelay(ctx)
		out, err := c.Command(ctx, w.alice, contract, h.input("increment", "5"))
		if err != nil {
			return err
		}
		if got := h.text("increment", out.Reply.Output); got != "()" {
			t.Errorf("got %s", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A block with more messages than a request has as a whole is executed to its
// end, and does not wait for another block for each part.
func TestBurst(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	w := newWorld(t, ctx)
	t.Cleanup(cancel)
	e := w.enclave("//operator")
	e.whole = 2
	defer e.startRelay(ctx)()
	err := client.With(ctx, w.node, func(ctx context.Context, c *client.Client) error {
		if err := registered(ctx, c, 1); err != nil {
			return err
		}
		id, err := c.CreateCluster(ctx, w.alice, 1)
		if err != nil {
			return err
		}
		// reach waits until so many messages are executed.
		reach := func(n uint64) error {
			tick := time.NewTicker(blockTime / 10)
			defer tick.Stop()
			for {
				for _, q := range e.worker.Info().Queues {
					if q.To == (queue.ToCluster{ID: id}) && q.Next >= n {
						return nil
					}
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
					return fmt.Errorf("%d messages are not executed: %w", n, ctx.Err())
				}
			}
		}
		const count = 30
		w.paused.Store(true)
		for i := range count {
			if _, err := c.Send(ctx, w.alice, pallet.Transact{Cluster: id, Envelope: []byte{byte(i)}}); err != nil {
				return err
			}
		}
		w.paused.Store(false)
		if err := reach(1); err != nil {
			return err
		}
		w.paused.Store(true)
		return reach(count)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Several who put the same code on the chain at once all find it there.
func TestUploadTogether(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	w := newWorld(t, ctx)
	t.Cleanup(cancel)
	var all errgroup.Group
	for _, who := range []string{"//Alice", "//Bob", "//operator"} {
		all.Go(func() error {
			return client.With(ctx, w.node, func(ctx context.Context, c *client.Client) error {
				_, err := c.Upload(ctx, account(t, who), bundle.Packed())
				return err
			})
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}
