// Package executor runs the codes of contracts for the keeper of state and keys,
// in processes of their own.
//
// Calls come in; what came of them goes out, and changes go back through the
// interfaces that the call brought. [Inside] runs them in this process.
// [Isolated] has the same program run them as another process, in which there
// are no keys, no files and no network, and which may ask for what the call may
// see and for nothing else: protocol.go is the whole of what they say to each
// other. A call whose process dies is run again, elsewhere; see
// [Isolated.Run].
//
// The package does not know where codes, state and keys come from, and believes
// nothing that an executor says beyond what the contract could have done.
package executor

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// Source is where codes come from.
type Source interface {
	// Code returns a code as it is stored, and machine code that was kept of it,
	// or nil. The error is the caller's to understand.
	Code(ctx context.Context, name hash.H256) (packed []byte, native vm.Native, err error)
	// Keep may keep machine code of a code for a later time.
	Keep(name hash.H256, native vm.Native)
}

// maxModules is how many compiled codes one process keeps.
const maxModules = 16

// Inside runs codes in this process. Make one with NewInside.
type Inside struct {
	engine *vm.Engine
	source Source
	loaded func() // runs after a code was loaded; or nil

	compiling sync.Mutex // held while a code compiles: one at a time

	using sync.WaitGroup // calls that run, and codes that are made ready

	mu      sync.Mutex // guards what follows
	closed  bool       // nothing is added to using any more
	modules map[hash.H256]*loaded
	clock   uint64
}

// loaded is a code that is compiled or is being compiled.
type loaded struct {
	ready  chan struct{} // closed when the rest is known
	module *vm.Module
	err    error  // why it is refused
	used   uint64 // guarded by Inside.mu
}

// NewInside returns an executor that runs codes of source. It is to be closed.
func NewInside(ctx context.Context, cfg vm.Config, source Source) (*Inside, error) {
	engine, err := host.NewEngine(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Inside{engine: engine, source: source, modules: map[hash.H256]*loaded{}}, nil
}

// ErrClosed tells that the executor was closed before.
var ErrClosed = errors.New("the executor is closed")

// Close frees all codes when the last call that uses them has ended, and lets
// none begin.
func (x *Inside) Close(ctx context.Context) error {
	x.mu.Lock()
	again := x.closed
	x.closed = true
	x.mu.Unlock()
	if again {
		return nil
	}
	x.using.Wait()
	return x.engine.Close(ctx)
}

// enter has Close wait until leave is called.
func (x *Inside) enter() (leave func(), err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, ErrClosed
	}
	x.using.Add(1)
	return x.using.Done, nil
}

// Load makes a code ready. The error is the source's, ErrClosed, or wraps
// vm.ErrRefused.
func (x *Inside) Load(ctx context.Context, code hash.H256) error {
	leave, err := x.enter()
	if err != nil {
		return err
	}
	defer leave()
	_, err = x.Module(ctx, code)
	return err
}

// Run runs an export of a code with at most gas, as host.Run does; around is the
// cluster of the contract, nil when there is none.
func (x *Inside) Run(ctx context.Context, code hash.H256, export string, env host.Env, around host.Records, gas uint64) (host.Result, error) {
	leave, err := x.enter()
	if err != nil {
		return host.Result{}, err
	}
	defer leave()
	if around != nil {
		env.Others = host.Join(around, x)
	}
	for tries := 0; ; tries++ {
		m, err := x.Module(ctx, code)
		if err != nil {
			return host.Result{}, err
		}
		r, err := host.Run(ctx, m, export, env, gas)
		if !errors.Is(err, vm.ErrClosed) || tries == maxClosed {
			return r, err
		}
		// Others were in need of its place before it began.
		x.forget(code, m)
	}
}

// maxClosed is how often a code is loaded again that was given up before it ran.
const maxClosed = 8

// forget has a code loaded the next time, if m is what is known of it.
func (x *Inside) forget(code hash.H256, m *vm.Module) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if l, known := x.modules[code]; known && l.module == m {
		delete(x.modules, code)
	}
}

// Module implements host.Codes, for the calls that Run runs. While one code
// compiles, others that are ready are not waited for.
func (x *Inside) Module(ctx context.Context, code hash.H256) (*vm.Module, error) {
	x.mu.Lock()
	x.clock++
	l, known := x.modules[code]
	if !known {
		l = &loaded{ready: make(chan struct{})}
		x.modules[code] = l
	}
	l.used = x.clock
	x.mu.Unlock()
	if known {
		select {
		case <-l.ready:
			return l.module, l.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	l.module, l.err = x.load(ctx, code)
	close(l.ready)
	x.mu.Lock()
	defer x.mu.Unlock()
	if l.err != nil && !errors.Is(l.err, vm.ErrRefused) {
		delete(x.modules, code) // it may be there the next time
		return nil, l.err
	}
	// Others were used while it was loading; but it is what is to run now.
	x.clock++
	l.used = x.clock
	x.evict(ctx)
	return l.module, l.err
}

func (x *Inside) load(ctx context.Context, code hash.H256) (*vm.Module, error) {
	packed, native, err := x.source.Code(ctx, code)
	if err != nil {
		return nil, err
	}
	m, made, err := x.compile(ctx, packed, native)
	if err == nil && made != nil {
		x.source.Keep(code, made)
	}
	if x.loaded != nil {
		x.loaded()
	}
	return m, err
}

func (x *Inside) compile(ctx context.Context, packed []byte, native vm.Native) (*vm.Module, vm.Native, error) {
	wasm, err := Unpack(packed)
	if err != nil {
		return nil, nil, err
	}
	x.compiling.Lock()
	defer x.compiling.Unlock()
	return host.LoadNative(ctx, x.engine, wasm, native)
}

// Unpack decompresses a code, which may be stored as it is too. The error wraps
// vm.ErrRefused.
func Unpack(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: it does not decompress", vm.ErrRefused)
	}
	wasm, err := io.ReadAll(io.LimitReader(r, int64(vm.Go.MaxCode)+1))
	if err != nil {
		return nil, fmt.Errorf("%w: it does not decompress", vm.ErrRefused)
	}
	return wasm, nil
}

// evict forgets the compiled code that was used longest ago. The caller holds
// mu.
func (x *Inside) evict(ctx context.Context) {
	if len(x.modules) <= maxModules {
		return
	}
	var oldest *loaded
	var name hash.H256
	for h, l := range x.modules {
		select {
		case <-l.ready:
			if oldest == nil || l.used < oldest.used {
				oldest, name = l, h
			}
		default: // it compiles
		}
	}
	if oldest == nil {
		return
	}
	if oldest.module != nil {
		_ = oldest.module.Close(ctx) // what runs it runs on; nothing else is to be told
	}
	delete(x.modules, name)
}
