package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// name is what a process is called that is to be an executor. Its arguments are
// the number of lanes, which begin at file 3, and the engine.
const name = "tacit-executor"

const (
	engineCompiler    = "compiler"
	engineInterpreter = "interpreter"
	firstLane         = 3
	maxLanes          = 256
)

// Asked tells whether this process was started to be an executor: then its
// program calls Main and does nothing else.
func Asked() bool { return len(os.Args) == 3 && os.Args[0] == name }

// Main is an executor's whole life. It does not return.
func Main() { child{data: 4 << 30}.main() }

// child is an executor from within.
type child struct {
	data uint64 // bytes of memory that it can write to
	// trial is for tests, which have executors end in the middle, or do what they
	// must not: it gets what they are told to run.
	trial func([]byte)
}

func (c child) main() {
	err := c.serve(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(3)
	}
	os.Exit(0)
}

// softMemory is from how much memory on the garbage collector hurries.
const softMemory = 1 << 30

func (c child) serve(lanes, engine string) error {
	n, err := strconv.Atoi(lanes)
	if err != nil || n < 1 || n > maxLanes || engine != engineCompiler && engine != engineInterpreter {
		return fmt.Errorf("%s lanes, engine %s", lanes, engine)
	}
	// Asked for, it does not follow files of the system later.
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	debug.SetMemoryLimit(softMemory)
	closeBut(firstLane + n)
	var source asking
	x, err := NewInside(context.Background(), vm.Config{Interpreter: engine == engineInterpreter}, source)
	if err != nil {
		return err
	}
	// What it takes to load a code is ten times what is left of it.
	x.loaded = debug.FreeOSMemory
	sandbox, err := confine(c.data)
	if err != nil {
		return fmt.Errorf("confine the executor: %w", err)
	}
	ended := make(chan error, n)
	for i := range n {
		e := &end{lane: newLane(laneFile(firstLane + i)), x: x, trial: c.trial}
		if i == 0 {
			if err := e.send(kindHello, hello{version, sandbox}); err != nil {
				return err
			}
		}
		go func() { ended <- e.work() }()
	}
	if err := <-ended; err != io.EOF {
		return err
	}
	return nil // the worker has gone
}

// end is the executor's end of a lane.
type end struct {
	*lane
	x     *Inside
	trial func([]byte)
}

func (e *end) work() error {
	for {
		kind, body, err := e.await(maxLoad)
		if err != nil {
			return err
		}
		switch kind {
		case kindRun:
			r, err := scale.Decode[run](body)
			if err != nil {
				return err
			}
			if err := e.run(r); err != nil {
				return err
			}
		case kindLoad:
			l, err := scale.Decode[load](body)
			if err != nil {
				return err
			}
			if err := e.load(l); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: kind %d", errFrame, kind)
		}
	}
}

// load compiles a code and gives its machine code back.
func (e *end) load(l load) error {
	if e.trial != nil {
		e.trial(l.Packed)
	}
	m, made, err := e.x.compile(context.Background(), l.Packed, l.Native)
	if err != nil {
		return e.fail(err)
	}
	if err := m.Close(context.Background()); err != nil {
		return e.fail(err)
	}
	return e.send(kindNative, []byte(made))
}

// fail says why there is no outcome. What went wrong in the worker, it knows.
func (e *end) fail(err error) error {
	f := failed{Refused: errors.Is(err, vm.ErrRefused)}
	if f.Refused {
		f.Reason = reason(err)
	}
	return e.send(kindFailed, f)
}

func (e *end) run(r run) error {
	if e.trial != nil {
		e.trial(r.Input)
	}
	c := &calling{end: e, run: r, read: newReading(r.Foreseen)}
	ctx := context.WithValue(context.Background(), laneKey{}, c)
	env := host.Env{
		State: c.state(r.Address), Code: r.Own, Owner: r.Owner, Caller: r.Caller, Address: r.Address, Value: r.Value,
		Cluster: r.Cluster, Worker: r.Worker, Proof: r.Proof,
		Block: r.Block, Time: r.Time, Input: r.Input, Seed: r.Seed, Query: r.Query, Quota: r.Quota, Stored: r.Stored, Prices: r.Prices,
	}
	var around host.Records
	if r.Around {
		around = c
	}
	if r.Keys {
		env.Keys = c.key
	}
	if r.Cache {
		env.Cache = cache{c}
	}
	if r.Web {
		env.Web = web{c}
	}
	if r.Money {
		env.Money = money{c}
	}
	out, err := e.x.Run(ctx, r.Code, r.Export, env, around, r.Gas)
	if err != nil {
		return e.fail(err)
	}
	return e.send(kindDone, done{out.Outcome, out.Grown, out.Events, out.Lines, out.Debug, c.changes, c.read.order})
}

type laneKey struct{}

// asking is a Source that asks the worker on the lane of the call that wants the
// code.
type asking struct{}

// Code implements Source.
func (asking) Code(ctx context.Context, code hash.H256) ([]byte, vm.Native, error) {
	c, ok := ctx.Value(laneKey{}).(*calling)
	if !ok {
		return nil, nil, errFault
	}
	l, err := ask[load](c, kindModule, code)
	if err == nil && len(l.Refused) > 0 {
		return nil, nil, fmt.Errorf("%w: %s", vm.ErrRefused, l.Refused)
	}
	if len(l.Native) == 0 {
		l.Native = nil
	}
	return l.Packed, l.Native, err
}

// Keep implements Source. What the worker did not give is not kept.
func (asking) Keep(hash.H256, vm.Native) {}
