package executor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// startTime is after how long an executor is given up that does not start.
const startTime = time.Minute

// process is a running executor.
type process struct {
	cmd     *exec.Cmd
	sandbox string
	patient time.Duration
	late    atomic.Bool // it was ended because it took too long

	foresight foresight

	mu    sync.Mutex // guards what follows
	free  []*lane
	ended bool
}

// start starts an executor with so many lanes. An error is this machine's.
func start(cfg Config, lanes int, engine string, low bool) (p *process, err error) {
	p = &process{patient: cfg.Patience}
	p.cmd = &exec.Cmd{
		Path: cmp.Or(cfg.Program, program), Args: []string{name, fmt.Sprint(lanes), engine}, Env: []string{}, Dir: "/",
		// Who interrupts the worker at a terminal does not mean the executor: it
		// ends when the worker does.
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if cfg.Stderr != nil {
		p.cmd.Stderr = cfg.Stderr
	}
	defer func() {
		for _, f := range p.cmd.ExtraFiles {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			p.end()
			p, err = nil, fmt.Errorf("start an executor: %w", err)
		}
	}()
	for range lanes {
		mine, theirs, err := lanePair()
		if err != nil {
			return p, err
		}
		p.free, p.cmd.ExtraFiles = append(p.free, newLane(mine)), append(p.cmd.ExtraFiles, theirs)
	}
	begin := p.cmd.Start
	if low {
		begin = func() error { return gently(p.cmd.Start) }
	}
	if err := begin(); err != nil {
		return p, err
	}
	// The executor's ends are its own from here on: without it, ours say so.
	for _, f := range p.cmd.ExtraFiles {
		err = errors.Join(err, f.Close())
	}
	if p.cmd.ExtraFiles = nil; err != nil {
		return p, err
	}
	return p, p.meet()
}

// meet waits for the executor's first word.
func (p *process) meet() error {
	defer p.watch(startTime)()
	kind, body, err := p.free[0].receive(maxAsk) // nobody else has the process yet
	if err != nil {
		return err
	}
	h, err := scale.Decode[hello](body)
	if err != nil || kind != kindHello || h.Version != version {
		return errors.New("the program speaks otherwise")
	}
	p.sandbox = h.Sandbox
	return nil
}

// watch ends the process unless stop is called in time.
func (p *process) watch(d time.Duration) (stop func()) {
	t := time.AfterFunc(d, func() {
		p.late.Store(true)
		p.kill()
	})
	return func() { t.Stop() }
}

func (p *process) kill() {
	if p.cmd.Process != nil {
		_ = p.cmd.Process.Kill() // one that has ended already is as well
	}
}

// end ends the process. Who waits on a lane of it is told by the lane.
func (p *process) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	for _, l := range p.free {
		_ = l.conn.Close() // there is nothing to lose
	}
	p.free = nil
	p.kill()
	if p.cmd.Process != nil {
		_ = p.cmd.Wait() // how it ended says nothing that counts
	}
}

// take returns a lane, nil when all are in use or the process has ended.
func (p *process) take() *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return nil
	}
	l := p.free[n-1]
	p.free = p.free[:n-1]
	return l
}

func (p *process) put(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		_ = l.conn.Close() // there is nothing to lose
		return
	}
	p.free = append(p.free, l)
}

// call runs a call on a lane.
func (p *process) call(ctx context.Context, l *lane, a asked, code hash.H256, export string) (host.Result, error) {
	defer p.watch(p.patient)()
	a.lane, a.foresight = l, &p.foresight
	return a.run(ctx, code, export)
}

// compile has the executor compile a code, and returns its machine code; nil
// from one that interprets.
func (p *process) compile(packed []byte) (vm.Native, error) {
	defer p.watch(p.patient)()
	l := p.take()
	defer p.put(l)
	if err := l.send(kindLoad, load{Packed: packed}); err != nil {
		return nil, errors.Join(errEnded, err)
	}
	kind, body, err := l.receive(maxLoad)
	if err != nil {
		return nil, errors.Join(errEnded, err)
	}
	switch kind {
	case kindNative:
		made, err := scale.Decode[[]byte](body)
		if err != nil {
			return nil, errors.Join(errEnded, err)
		}
		if len(made) == 0 {
			return nil, nil
		}
		return made, nil
	case kindFailed:
		return nil, refusal(body)
	}
	return nil, errors.Join(errEnded, fmt.Errorf("%w: kind %d", errFrame, kind))
}

// Config says how executors are started. The zero value is right for programs
// that call Main when they are Asked.
type Config struct {
	// Program is the file of the program; empty for this one.
	Program string
	// Queries is how many run at once, those that wait for the network included;
	// 0 means 24.
	Queries int
	// Patience is after how long an executor is taken for stuck; 0 means two
	// minutes. Gas ends every call within a second of the compiler, a minute of
	// the interpreter.
	Patience time.Duration
	// VM chooses the engine.
	VM vm.Config
	// Stderr gets what executors say when they end in disorder, which may be
	// secret; nil for nobody.
	Stderr *os.File
}
