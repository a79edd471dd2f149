package executor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// Isolated runs codes in other processes: one for commands, one for queries, so
// that no query can disturb a command, and for each code that compiles one of a
// low priority. Make one with NewIsolated.
type Isolated struct {
	cfg      Config
	source   Source
	log      *slog.Logger
	commands chan struct{} // a place for each command that may run

	compiling sync.Mutex // held while a code compiles: one at a time

	mu       sync.Mutex // guards what follows
	running  map[bool]*process
	verdicts map[hash.H256]error
	closed   bool
}

// Lanes of the executor of commands, of which one is used but in disputes.
const commandLanes = 2

// maxVerdicts is of how many codes it is remembered whether they can run.
const maxVerdicts = 1024

// NewIsolated returns an executor that runs codes of source in processes of
// their own, and starts the first. It is to be closed. A nil log is silence.
func NewIsolated(cfg Config, source Source, log *slog.Logger) (*Isolated, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if cfg.Queries == 0 {
		cfg.Queries = 24
	}
	cfg.Patience = cmp.Or(cfg.Patience, 2*time.Minute)
	if cfg.Queries < 0 || cfg.Queries > maxLanes {
		return nil, fmt.Errorf("%d queries at once: at most %d", cfg.Queries, maxLanes)
	}
	x := &Isolated{
		cfg: cfg, source: source, log: log, commands: make(chan struct{}, commandLanes),
		running: map[bool]*process{}, verdicts: map[hash.H256]error{},
	}
	// What cannot be confined here is told now, not with the first command.
	p, err := x.process(false)
	if err != nil {
		return nil, err
	}
	log.Info("contracts run in processes of their own", "confined by", p.sandbox)
	return x, nil
}

// Close ends all executors.
func (x *Isolated) Close(context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	for _, p := range x.running {
		p.end()
	}
	clear(x.running)
	return nil
}

// Errors that say that a query may be asked again.
var (
	// ErrBusy tells that so many queries run as may.
	ErrBusy = errors.New("too many queries run")
	// ErrEnded tells that the executor ended while a query ran.
	ErrEnded = errors.New("the executor of the query ended")
)

// LostReason is why a command trapped that ended three executors.
const LostReason = "the executor ended while the command ran"

// Run runs an export of a code with at most gas; see Inside.Run.
//
// When the executor ends while a command runs, the command runs again in a
// fresh one, and then in one that interprets: what a fault of the machine or of
// the compiler did, leaves no trace so, and replicas agree. A command that ends
// that one too has trapped, used all its gas and changed nothing. On a replica
// where it did not, the state has another root, which is settled as any other
// deviation. An executor that is too slow even so is no fault of the command:
// the error says that this machine cannot execute.
//
// A query whose executor ends is answered with ErrEnded.
func (x *Isolated) Run(ctx context.Context, code hash.H256, export string, env host.Env, around host.Records, gas uint64) (host.Result, error) {
	a := asked{codes: x.code, env: env, around: around, gas: gas}
	if env.Query {
		return x.query(ctx, a, code, export)
	}
	select {
	case x.commands <- struct{}{}:
		defer func() { <-x.commands }()
	case <-ctx.Done():
		return host.Result{}, ctx.Err()
	}
	for range 2 {
		p, err := x.process(false)
		if err != nil {
			return host.Result{}, err
		}
		r, err := x.attempt(ctx, p, a, code, export)
		if !errors.Is(err, errEnded) {
			return r, err
		}
		x.drop(false, p)
	}
	p, err := start(x.cfg, 1, engineInterpreter, false)
	if err != nil {
		return host.Result{}, err
	}
	defer p.end()
	r, err := x.attempt(ctx, p, a, code, export)
	switch {
	case !errors.Is(err, errEnded):
		return r, err
	case p.late.Load():
		return host.Result{}, fmt.Errorf("execute a command: not done after %v", x.cfg.Patience)
	}
	return host.Result{Outcome: vm.Outcome{Status: vm.Trapped, Gas: gas, Reason: LostReason}}, nil
}

func (x *Isolated) query(ctx context.Context, a asked, code hash.H256, export string) (host.Result, error) {
	p, err := x.process(true)
	if err != nil {
		return host.Result{}, err
	}
	r, err := x.attempt(ctx, p, a, code, export)
	if errors.Is(err, errEnded) {
		x.drop(true, p)
		return host.Result{}, ErrEnded
	}
	return r, err
}

// attempt runs a call in one process. An error that wraps errEnded says that
// the process is of no use any more.
func (x *Isolated) attempt(ctx context.Context, p *process, a asked, code hash.H256, export string) (host.Result, error) {
	l := p.take()
	if l == nil {
		if a.env.Query {
			return host.Result{}, ErrBusy
		}
		return host.Result{}, errEnded
	}
	defer p.put(l)
	r, err := p.call(ctx, l, a, code, export)
	if errors.Is(err, errEnded) {
		x.log.Warn("executor ended", "query", a.env.Query, "error", err)
		p.end()
	}
	return r, err
}

// process returns the executor of queries or of commands, and starts it when
// there is none.
func (x *Isolated) process(queries bool) (*process, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, ErrClosed
	}
	if p := x.running[queries]; p != nil {
		return p, nil
	}
	lanes := commandLanes
	if queries {
		lanes = x.cfg.Queries
	}
	p, err := start(x.cfg, lanes, x.engine(), false)
	if err == nil {
		x.running[queries] = p
	}
	return p, err
}

func (x *Isolated) engine() string {
	if x.cfg.VM.Interpreter {
		return engineInterpreter
	}
	return engineCompiler
}

// drop has another process take the place of p.
func (x *Isolated) drop(queries bool, p *process) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.running[queries] == p {
		delete(x.running, queries)
	}
	p.end()
}

// Load finds out whether a code can run, and makes its machine code. The error
// is the source's, or wraps vm.ErrRefused.
func (x *Isolated) Load(ctx context.Context, code hash.H256) error {
	x.mu.Lock()
	verdict, known := x.verdicts[code]
	x.mu.Unlock()
	if known {
		return verdict
	}
	_, _, err := x.code(ctx, code)
	return err
}

// code returns a code with its machine code, which is made when it is not kept.
// Machine code that is kept is of a code that can run; where it does not fit
// this processor any more, whoever runs it compiles again.
func (x *Isolated) code(ctx context.Context, name hash.H256) ([]byte, vm.Native, error) {
	packed, native, done, err := x.known(ctx, name)
	if done {
		return packed, native, err
	}
	x.compiling.Lock()
	defer x.compiling.Unlock()
	// Somebody else may have compiled it meanwhile.
	if packed, native, done, err = x.known(ctx, name); done {
		return packed, native, err
	}
	native, err = x.compile(packed)
	if err != nil && !errors.Is(err, vm.ErrRefused) {
		return nil, nil, err
	}
	x.judge(name, err)
	if native != nil {
		x.source.Keep(name, native)
	}
	return packed, native, err
}

// known returns a code that there is nothing to find out about.
func (x *Isolated) known(ctx context.Context, name hash.H256) (packed []byte, native vm.Native, done bool, err error) {
	x.mu.Lock()
	verdict, judged := x.verdicts[name]
	x.mu.Unlock()
	if verdict != nil {
		return nil, nil, true, verdict
	}
	packed, native, err = x.source.Code(ctx, name)
	return packed, native, err != nil || native != nil || judged && x.cfg.VM.Interpreter, err
}

// judge remembers whether a code can run.
func (x *Isolated) judge(name hash.H256, verdict error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.verdicts) >= maxVerdicts {
		clear(x.verdicts)
	}
	x.verdicts[name] = verdict
}

// compile compiles a code in a process for it alone. A code that ends two of
// them cannot run.
func (x *Isolated) compile(packed []byte) (vm.Native, error) {
	for range 2 {
		p, err := start(x.cfg, 1, x.engine(), true)
		if err != nil {
			return nil, err
		}
		made, err := p.compile(packed)
		p.end()
		if !errors.Is(err, errEnded) {
			return made, err
		}
		x.log.Warn("executor ended", "compiling", true, "error", err)
		if p.late.Load() {
			return nil, fmt.Errorf("compile a code: not done after %v", x.cfg.Patience)
		}
	}
	return nil, fmt.Errorf("%w: the engine cannot compile it", vm.ErrRefused)
}
