package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// instance is an instance of a module with the parts that executions touch.
type instance struct {
	mod     api.Module
	mem     api.Memory
	gas     api.MutableGlobal
	height  api.MutableGlobal
	globals []api.MutableGlobal
	exports map[string]api.Function
	lies    *mapping // over the module's image; nil when the memory is its own
}

// export returns an exported function. Each has a stack of its own, which is
// kept for the next call.
func (i *instance) export(name string) api.Function {
	f, ok := i.exports[name]
	if !ok {
		f = i.mod.ExportedFunction(name)
		i.exports[name] = f
	}
	return f
}

// image is the state of an instance after its initialisation.
type image struct {
	size    int    // of the memory
	memory  []byte // nil when instances share it
	empty   []bool // parts of memory that are zero
	globals []uint64
	shared  *shared // the memory again, when instances share it
}

// part is how much of a memory is compared at once.
const part = 4 << 10

// leastShared is from how many bytes on instances share the image's memory. A
// smaller one is restored sooner than the pages of a mapping are.
const leastShared = 512 << 10

// nothing is a part of zeros.
var nothing [part]byte

// initGas bounds the initialisation: 0.1 s of the reference machine. Executions
// do not pay for it: they pay their profile's base.
const initGas = 1_000_000_000

// maxIdle is how many initialised instances of a module are kept.
const maxIdle = 4

var errSegments = errors.New("data or elements out of bounds")

func (m *Module) fresh(ctx context.Context) (*instance, error) {
	var lies *mapping
	if m.image != nil && m.image.shared != nil {
		ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(least, most uint64) experimental.LinearMemory {
			memory := m.image.shared.Allocate(least, most)
			lies, _ = memory.(*mapping)
			return memory
		}))
	}
	mod, err := m.engine.rt.InstantiateModule(ctx, m.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		// Segments out of bounds are the only thing left that can stop it here.
		if strings.Contains(err.Error(), "out of bounds") {
			return nil, errSegments
		}
		return nil, fmt.Errorf("instantiate contract: %w", err)
	}
	i := &instance{mod: mod, mem: mod.Memory(), exports: map[string]api.Function{}, lies: lies}
	i.gas = mod.ExportedGlobal(globalGas).(api.MutableGlobal)
	i.height = mod.ExportedGlobal(globalHeight).(api.MutableGlobal)
	for n := range m.globals {
		i.globals = append(i.globals, mod.ExportedGlobal("__mg"+strconv.Itoa(n)).(api.MutableGlobal))
	}
	return i, nil
}

// call prepares an execution with gas, of which base is spent.
func (i *instance) call(ctx context.Context, host any, gas, base uint64) *Call {
	i.gas.Set(gas - base)
	i.height.Set(0)
	return &Call{Host: host, ctx: ctx, mem: i.mem, gas: i.gas, limit: gas}
}

// initialize runs the module's initialisation in an instance of its own.
func (m *Module) initialize(ctx context.Context, host any) (*image, error) {
	i, err := m.fresh(ctx)
	if errors.Is(err, errSegments) {
		return nil, refuse("%v", err)
	}
	if err != nil {
		return nil, err
	}
	defer i.mod.Close(ctx)
	c := i.call(ctx, host, initGas, 0)
	c.initializing = true
	_, err = i.mod.ExportedFunction(m.profile.Init).Call(context.WithValue(ctx, callKey{}, c))
	out := c.outcome(err, uint32(i.height.Get()))
	if out.Status != OK {
		return nil, refuse("its initialisation ends with %v %s", out.Status, out.Reason)
	}
	return i.image(m.engine.pages)
}

// pristine is the image of a module that needs no initialisation, nil when its
// segments do not fit: then every execution of it traps.
func (m *Module) pristine(ctx context.Context) (*image, error) {
	i, err := m.fresh(ctx)
	if errors.Is(err, errSegments) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer i.mod.Close(ctx)
	return i.image(m.engine.pages)
}

// image takes the state of i.
func (i *instance) image(pages *pageMap) (img *image, err error) {
	view, ok := i.mem.Read(0, uint32(min(uint64(i.mem.Size()), math.MaxUint32)))
	if !ok {
		return nil, errors.New("read memory of contract")
	}
	img = &image{size: len(view), memory: append([]byte(nil), view...)}
	for at := 0; at < len(img.memory); at += part {
		img.empty = append(img.empty, bytes.Equal(img.memory[at:at+part], nothing[:]))
	}
	for _, g := range i.globals {
		img.globals = append(img.globals, g.Get())
	}
	if pages == nil || img.size < leastShared {
		return img, nil
	}
	if img.shared, err = pages.share(img.memory); err != nil {
		return nil, err
	}
	img.memory, img.empty = nil, nil
	return img, nil
}

// restore makes i what the image is. It is false when i has more memory.
func (i *instance) restore(img *image) bool {
	size := uint32(img.size)
	if have := i.mem.Size(); have < size {
		if _, ok := i.mem.Grow((size - have) / pageSize); !ok {
			return false
		}
	}
	view, ok := i.mem.Read(0, size)
	if !ok || i.mem.Size() != size {
		return false
	}
	if i.lies != nil && i.lies.renew() != nil {
		return false
	}
	// Executions write few parts. To compare costs less than to copy all, and
	// zeros are compared with what the processor has at hand.
	for n, empty := range img.empty {
		have, want := view[n*part:(n+1)*part], nothing[:]
		if !empty {
			want = img.memory[n*part : (n+1)*part]
		}
		if !bytes.Equal(have, want) {
			copy(have, want)
		}
	}
	for n, g := range i.globals {
		g.Set(img.globals[n])
	}
	return true
}

const pageSize = 64 << 10

// take returns an instance in its first state.
func (m *Module) take(ctx context.Context) (*instance, error) {
	if m.image == nil {
		return m.fresh(ctx)
	}
	m.mu.Lock()
	var i *instance
	if n := len(m.idle); n > 0 {
		i, m.idle = m.idle[n-1], m.idle[:n-1]
	}
	m.mu.Unlock()
	if i == nil {
		var err error
		if i, err = m.fresh(ctx); err != nil {
			return nil, err
		}
	}
	if !i.restore(m.image) {
		return nil, errors.Join(errors.New("restore memory of contract"), i.mod.Close(ctx))
	}
	return i, nil
}

// put takes an instance back. One whose memory has grown cannot shrink again,
// and goes.
func (m *Module) put(ctx context.Context, i *instance) {
	if m.image != nil && int(i.mem.Size()) == m.image.size {
		m.mu.Lock()
		keep := !m.closed && len(m.idle) < maxIdle
		if keep {
			m.idle = append(m.idle, i)
		}
		m.mu.Unlock()
		if keep {
			return
		}
	}
	_ = i.mod.Close(ctx) // it frees memory; nobody waits to hear of it
}

// abort ends the process: a panic that nobody recovers. Machines that lack what
// others have must not come to other outcomes.
func abort(err error) {
	go panic(err)
	select {}
}
