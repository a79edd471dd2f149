package story

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/relay"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/tee"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/worker"
	"github.com/tacit-network/tacit/worker/fetch"
	"github.com/tacit-network/tacit/worker/wire"
)

// enclave is a simulated machine with a worker on it.
type enclave struct {
	name     string
	cfg      worker.Config
	worker   *worker.Worker
	server   *httptest.Server
	tamper   tamper
	past     *wire.Registration // one that was made before
	id       [32]byte
	gone     bool
	endpoint string // as the chain is told
}

// worker NAME [fault=debug|report-data|outdated|ancient] [program=other|next] [genesis=other] [private=http] [endpoint=real]
//
// starts a worker on a machine of its own, from which contracts' queries reach
// private networks or not. The chain is told a made up address of it, or where it
// is for clients that look there.
func (w *World) startWorker(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	machine := w.machine(name)
	switch fault := l.opt("fault", ""); fault {
	case "":
	case "debug":
		machine.Faults.Debug = true
	case "report-data":
		machine.Faults.ReportData = true
	case "outdated":
		machine.Faults.Platform = devpki.OutOfDate
	case "ancient":
		machine.Faults.Platform = devpki.Ancient
	default:
		return fmt.Errorf("nothing is known about the fault %q", fault)
	}
	cfg := worker.Config{Dir: w.tb.TempDir(), Chain: w.config(), Web: fetch.Config{Private: l.opt("private", "") == "http"}}
	image := program
	switch l.opt("program", "") {
	case "other":
		machine.MRTD = attest.Digest{8}
	case "next":
		machine.MRTD, image = nextProgram, nextProgram
	}
	if l.opt("genesis", "") == "other" {
		cfg.Chain = report.WorkerConfig{Genesis: hash.H256{1}, CheckpointHash: hash.H256{1}, Authorities: cfg.Chain.Authorities}
	}
	machine.ConfigID = cfg.Chain.Hash()
	module, err := sim.Open(machine)
	if err != nil {
		return err
	}
	cfg.Backend, cfg.ImageID = module.Backend(), attest.ImageID(sim.Measurement(image))
	e, err := w.serve(name, cfg)
	if err != nil {
		return err
	}
	if l.opt("endpoint", "") == "real" {
		users := httptest.NewServer(e.worker.UserHandler())
		w.tb.Cleanup(users.Close)
		e.endpoint = users.URL
	}
	w.workers[name], w.order = e, append(w.order, name)
	w.names[e.worker.Identity()] = name
	w.printf("%s runs, %s\n", name, notice(e.cfg.Backend.PlatformInfo()))
	return nil
}

// serve runs a worker behind a server.
func (w *World) serve(name string, cfg worker.Config) (*enclave, error) {
	e := &enclave{name: name, cfg: cfg, endpoint: "https://" + name + ".example"}
	var err error
	if e.worker, err = worker.Open(context.Background(), cfg); err != nil {
		return nil, err
	}
	e.id = e.worker.Identity()
	e.server = httptest.NewServer(w.host(e))
	return e, nil
}

func notice(p tee.PlatformInfo) string { return p.Kind.String() + ", " + p.Notice }

// host is what stands between a relay and a worker: it may change what passes.
func (w *World) host(e *enclave) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if done := e.tamper.pass(w, e, rw, r); !done {
			e.worker.Handler().ServeHTTP(rw, r)
		}
	})
}

func (w *World) enclave(l *line) (*enclave, error) {
	name, err := l.arg(0)
	if err != nil {
		return nil, err
	}
	if e := w.workers[name]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("no worker is called %s", name)
}

// restart NAME [program=first|next] [private=no|http]
//
// ends a worker, telling it nothing, and starts it again on its disk; maybe as
// another program, or with other rules for contracts' queries.
func (w *World) restartWorker(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	if private := l.opt("private", ""); private != "" {
		e.cfg.Web.Private = private == "http"
	}
	if err := e.worker.Close(context.Background()); err != nil {
		return err
	}
	if which := l.opt("program", ""); which != "" {
		machine := w.machine(e.name)
		if machine.ConfigID = e.cfg.Chain.Hash(); which == "next" {
			machine.MRTD = nextProgram
		}
		module, err := sim.Open(machine)
		if err != nil {
			return err
		}
		e.cfg.Backend, e.cfg.ImageID = module.Backend(), attest.ImageID(sim.Measurement(machine.MRTD))
	}
	if e.worker, err = worker.Open(context.Background(), e.cfg); err != nil {
		return err
	}
	info := e.worker.Info()
	w.printf("%s starts again in boot epoch %d at block %d\n", e.name, info.BootEpoch, info.Block)
	return nil
}

// relay NAME [quote=…] [registration=…] [sync=…]
//
// runs a relay once: it has nothing from the time before. What it changes, if
// it is a dishonest one, tells tamper.go.
func (w *World) relayOnce(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	t := tamper{quote: l.opt("quote", ""), registration: l.opt("registration", ""), sync: l.opt("sync", "")}
	before := e.worker.Info()
	if err := w.relay(e, t); err != nil {
		if kind := wire.KindOf(err); kind != wire.KindInternal {
			return fmt.Errorf("%s (kind %d)", text(err), kind)
		}
		return err
	}
	after := e.worker.Info()
	if after.Block != before.Block {
		w.printf("%s believes block %d\n", e.name, after.Block)
	}
	return nil
}

func text(err error) string {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e.Text
	}
	return err.Error()
}

// relay runs one relay for one round. While it waits for a transaction that it
// signed, blocks are made.
func (w *World) relay(e *enclave, t tamper) error {
	operator, err := w.account("operator")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	e.tamper = t
	defer func() { e.tamper = honest }()
	cfg := relay.Config{
		Node: "ws" + w.rpc.URL[len("http"):], Worker: e.server.URL, Operator: operator, Endpoints: []string{e.endpoint}, Runtime: w.rt,
	}
	if t.quote == "" { // what the relay cannot read, it has no collateral for
		cfg.Collateral = w.vendor
	}
	said := &warnings{}
	cfg.Logger = slog.New(said)
	defer said.print(w, e.name)
	done := make(chan error, 1)
	go func() { done <- relay.New(cfg).Once(ctx) }()
	// The pool tells nobody that something came: it is asked.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			if ready, err := w.complete(); err != nil {
				return err
			} else if !ready {
				continue
			}
			if err := w.step(); err != nil {
				return err
			}
		}
	}
}

// complete tells whether all is in the pool that a relay sends together: the
// last of it is a batch that registers, or the worker's addresses alone. For
// what workers say, relays do not wait.
func (w *World) complete() (bool, error) {
	for _, raw := range w.pool.Pending() {
		x, err := chain.DecodeExtrinsic(raw)
		if err != nil {
			return false, err
		}
		call, err := w.rt.DecodeCall(x.Call)
		if err != nil {
			return false, err
		}
		switch call.Args.(type) {
		case utility.BatchAll, registry.SetEndpoints:
			return true, nil
		}
	}
	return false, nil
}

// workers
//
// prints what the chain knows of workers.
func (w *World) showWorkers(*line) error {
	state, err := w.state()
	if err != nil {
		return err
	}
	var list []string
	for id, r := range w.rt.Registry.Workers.All(state) {
		worth, err := w.worth(id)
		if err != nil {
			return err
		}
		list = append(list, fmt.Sprintf("%s  operator %s  boot epoch %d  %v  %v%s\n",
			w.name(id), w.name(r.Operator), r.BootEpoch, r.Class.Variants()[r.Class], r.Status, worth))
	}
	if len(list) == 0 {
		list = append(list, "no worker is registered\n")
	}
	slices.Sort(list) // keys are random
	w.printf("%s", strings.Join(list, ""))
	return nil
}

// sees NAME
//
// prints how far a worker is.
func (w *World) sees(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	info := e.worker.Info()
	w.printf("%s is at block %d, boot epoch %d, registered %v, %d messages wait for the chain\n",
		e.name, info.Block, info.BootEpoch, info.Registered, info.Pending)
	return nil
}
