package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// HostFunc is one function that modules may import.
type HostFunc struct {
	Module, Name string
	Type         FuncType
	// Do gets the parameters in stack and leaves its result in stack[0].
	// Parameters of type i32 are to be read as uint32(stack[i]): the upper half
	// is not defined. An error stops the execution.
	Do func(c *Call, stack []uint64) error
}

// Config chooses the engine.
type Config struct {
	// Interpreter runs modules without compiling them. It is the reference, and
	// the only choice on machines other than amd64, where it is chosen by itself.
	Interpreter bool
}

// Engine compiles modules and holds the host functions. A process needs one.
type Engine struct {
	rt      wazero.Runtime
	cache   wazero.CompilationCache
	slot    *slot
	pages   *pageMap // nil: instances share no memory
	imports Imports
}

const features = api.CoreFeatureSignExtensionOps | api.CoreFeatureMutableGlobal |
	api.CoreFeatureBulkMemoryOperations | api.CoreFeatureNonTrappingFloatToIntConversion |
	api.CoreFeatureMultiValue

// NewEngine returns an engine whose modules may import funcs. The names in
// refused are known and not there, each for a reason.
func NewEngine(ctx context.Context, cfg Config, funcs []HostFunc, refused map[string]string) (*Engine, error) {
	rc := wazero.NewRuntimeConfigInterpreter()
	if !cfg.Interpreter && runtime.GOARCH == "amd64" {
		rc = wazero.NewRuntimeConfigCompiler()
	}
	e := &Engine{slot: &slot{}, pages: openPages(), imports: Imports{}}
	var err error
	if e.cache, err = cacheOf(e.slot); err != nil {
		return nil, err
	}
	e.rt = wazero.NewRuntimeWithConfig(ctx, rc.WithCoreFeatures(features).WithMemoryLimitPages(Go.MaxPages).
		WithDebugInfoEnabled(false).WithCompilationCache(e.cache))
	for name, why := range refused {
		e.imports[name] = Import{Refused: why}
	}
	var order []string
	builders := map[string]wazero.HostModuleBuilder{}
	for _, f := range funcs {
		b, ok := builders[f.Module]
		if !ok {
			b = e.rt.NewHostModuleBuilder(f.Module)
			builders[f.Module] = b
			order = append(order, f.Module)
		}
		e.imports[f.Module+"."+f.Name] = Import{Type: f.Type}
		b.NewFunctionBuilder().
			WithGoModuleFunction(goFunc(f.Do), []byte(f.Type.Params), []byte(f.Type.Results)).
			Export(f.Name)
	}
	for _, name := range order {
		if _, err := builders[name].Instantiate(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("link host module %s: %w", name, err), e.Close(ctx))
		}
	}
	return e, nil
}

// Close frees what the engine and its modules hold.
func (e *Engine) Close(ctx context.Context) error {
	if e.pages != nil {
		e.pages.close()
	}
	return errors.Join(e.rt.Close(ctx), e.cache.Close(ctx))
}

// Imports are the host functions that this engine's modules may import.
func (e *Engine) Imports() Imports { return e.imports }

// Module is a compiled module. Its methods may be called at once from many
// goroutines.
type Module struct {
	engine   *Engine
	profile  *Profile
	compiled wazero.CompiledModule
	globals  int    // mutable ones, beside gas and height
	image    *image // of an instance that is initialised; nil when there can be none

	mu      sync.Mutex
	running int         // guarded by mu
	closed  bool        // guarded by mu
	idle    []*instance // guarded by mu: initialised ones, to be used again
}

// Load instruments and compiles code, and initialises one instance of it, whose
// memory is what every execution begins with. host is handed to the host
// functions that the initialisation calls; with the same answers of theirs the
// memory is the same everywhere.
func (e *Engine) Load(ctx context.Context, code []byte, profile *Profile, host any) (*Module, error) {
	m, _, err := e.LoadNative(ctx, code, profile, host, nil)
	return m, err
}

// LoadNative is Load with the machine code of an earlier one, and returns what
// is to be given the next time: nil when native is good still, or there is none.
func (e *Engine) LoadNative(ctx context.Context, code []byte, profile *Profile, host any, native Native) (*Module, Native, error) {
	c, err := Instrument(code, profile, e.imports)
	if err != nil {
		return nil, nil, err
	}
	compiled, made, err := e.compile(ctx, c.Wasm, native)
	if err != nil {
		return nil, nil, err
	}
	m, err := e.module(ctx, c, compiled, profile, host)
	return m, made, err
}

// module initialises what is compiled.
func (e *Engine) module(ctx context.Context, c *Code, compiled wazero.CompiledModule, profile *Profile, host any) (*Module, error) {
	var err error
	m := &Module{engine: e, profile: profile, compiled: compiled, globals: c.Globals}
	if profile.Init != "" {
		m.image, err = m.initialize(ctx, host)
	} else {
		m.image, err = m.pristine(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, compiled.Close(ctx))
	}
	return m, nil
}

// compile compiles, with machine code of an earlier time where it fits, and
// returns what was made anew.
func (e *Engine) compile(ctx context.Context, wasm []byte, native Native) (m wazero.CompiledModule, made Native, err error) {
	e.slot.loading.Lock()
	defer e.slot.loading.Unlock()
	e.slot.put(native)
	m, err = e.compileAlone(ctx, wasm)
	if err != nil && native != nil {
		// What was kept is damaged. That says nothing about the module.
		e.slot.put(nil)
		m, err = e.compileAlone(ctx, wasm)
	}
	if left := e.slot.put(nil); !bytes.Equal(left, native) {
		made = left
	}
	return m, made, err
}

// compileAlone compiles in this goroutine alone: a module on which the compiler
// panics is refused, where it would otherwise stop every worker that is told of
// it, again and again.
func (e *Engine) compileAlone(ctx context.Context, wasm []byte) (m wazero.CompiledModule, err error) {
	defer func() {
		if recover() != nil {
			err = refuse("the engine cannot compile it")
		}
	}()
	m, err = e.rt.CompileModule(ctx, wasm)
	if err != nil {
		// The engine's text follows the engine; only that it refused is the same everywhere.
		return nil, refuse("it is not valid WebAssembly")
	}
	return m, nil
}

// Close frees the compiled code when the last execution of it has ended, and
// lets none begin.
func (m *Module) Close(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	if m.running > 0 {
		return nil
	}
	return m.release(ctx)
}

// release frees everything. The caller holds mu.
func (m *Module) release(ctx context.Context) error {
	var errs []error
	for _, inst := range m.idle {
		errs = append(errs, inst.mod.Close(ctx))
	}
	m.idle = nil
	if m.image != nil && m.image.shared != nil {
		m.image.shared.close()
	}
	return errors.Join(append(errs, m.compiled.Close(ctx))...)
}

// ErrClosed tells that a module was closed before the execution began.
var ErrClosed = errors.New("module is closed")

func (m *Module) enter() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.running++
	return nil
}

func (m *Module) leave(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running--; m.running == 0 && m.closed {
		_ = m.release(ctx) // nobody waits to hear of it
	}
}

// Status is how an execution ended.
type Status uint8

// The ways in which an execution ends.
const (
	OK       Status = 0 // it returned; its changes stand
	Reverted Status = 1 // it asked for its changes to be dropped, and may have returned data
	Trapped  Status = 2 // it broke a rule of the machine or of a host function
	OutOfGas Status = 3
)

// String returns the status in words.
func (s Status) String() string {
	switch s {
	case OK:
		return "ok"
	case Reverted:
		return "reverted"
	case Trapped:
		return "trapped"
	case OutOfGas:
		return "out of gas"
	}
	return fmt.Sprintf("status %d", uint8(s))
}

// Outcome is what came of an execution.
type Outcome struct {
	Status Status
	Flags  uint32 // of seal_return
	Data   []byte // of seal_return
	Gas    uint64 // used
	Reason string // why it trapped
}

// FlagRevert in an outcome's flags drops all changes of the execution.
const FlagRevert = 1

// Execute runs export in a fresh instance with at most gas. host is handed to
// the host functions. An error means that the machine, not the module, failed:
// the execution is to be repeated elsewhere.
func (m *Module) Execute(ctx context.Context, export string, host any, gas uint64) (Outcome, error) {
	if err := m.enter(); err != nil {
		return Outcome{}, fmt.Errorf("execute contract: %w", err)
	}
	defer m.leave(ctx)
	if gas > maxGas {
		gas = maxGas
	}
	if gas < m.profile.BaseGas {
		return Outcome{Status: OutOfGas, Gas: gas}, nil
	}
	inst, err := m.take(ctx)
	if errors.Is(err, errSegments) {
		return Outcome{Status: Trapped, Gas: m.profile.BaseGas, Reason: errSegments.Error()}, nil
	}
	if err != nil {
		return Outcome{}, err
	}
	defer m.put(ctx, inst)
	c := inst.call(ctx, host, gas, m.profile.BaseGas)
	_, err = inst.export(export).Call(context.WithValue(ctx, callKey{}, c))
	return c.outcome(err, uint32(inst.height.Get())), nil
}

func (c *Call) outcome(err error, height uint32) Outcome {
	left := int64(c.gas.Get())
	if left < 0 || errors.Is(err, errOutOfGas) {
		return Outcome{Status: OutOfGas, Gas: c.limit}
	}
	out := Outcome{Gas: c.limit - uint64(left)}
	switch {
	case err == nil:
	case errors.Is(err, errReturned):
		out.Flags, out.Data = c.flags, c.data
		if out.Flags&FlagRevert != 0 {
			out.Status = Reverted
		}
	default:
		out.Status = Trapped
		if trap, ok := errors.AsType[*Trap](err); ok {
			out.Reason = trap.Reason
		} else if height > maxHeight {
			out.Reason = "calls nest too deep"
		} else if out.Reason = trapReason(err); out.Reason != reasonUnreachable {
			// The machine broke the call off: what it used since it last wrote its
			// gas down is in a local that is gone. It may be all that it was given.
			out.Gas = c.limit
		}
	}
	return out
}

// reasonUnreachable is why the module stopped by itself, when it has written its
// gas down.
const reasonUnreachable = "unreachable"

// trapReason gives the class of a trap of the machine. What is none of them is
// a bug of the engine, which must not hold up the messages that follow.
func trapReason(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	for _, class := range []string{
		reasonUnreachable, "out of bounds memory access", "integer divide by zero", "integer overflow",
		"invalid conversion to integer", "invalid table access", "indirect call type mismatch",
	} {
		if strings.Contains(text, class) {
			return class
		}
	}
	return "fault of the engine"
}

type callKey struct{}

type goFunc func(c *Call, stack []uint64) error

// Call implements wazero's api.GoModuleFunction. The panic is how a host
// function unwinds a module in wazero; Execute gets it back as an error.
func (f goFunc) Call(ctx context.Context, _ api.Module, stack []uint64) {
	c := ctx.Value(callKey{}).(*Call)
	err := c.Charge(gasHost)
	if err == nil {
		err = f(c, stack)
	}
	if err != nil {
		panic(err)
	}
}
