// Package wasm runs the chain's runtime as WebAssembly, beside the native one:
// the same source, built by the stock toolchain, over the same host interface.
// Nothing that ships uses it. It shows that the runtime is pure, and keeps the
// road open to a runtime that the chain itself carries.
package wasm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/tacit-network/tacit/runtime/storage"
)

// Build builds the runtime for WebAssembly into a file of dir and returns its
// bytes. The working folder has to be in the repository.
func Build(ctx context.Context, dir string) ([]byte, error) {
	out := filepath.Join(dir, "runtime.wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-trimpath", "-o", out, "github.com/tacit-network/tacit/internal/wasm/guest")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the runtime for WebAssembly: %w: %s", err, text)
	}
	return os.ReadFile(out)
}

// Machine is an instance of the runtime. It is to be closed.
type Machine struct {
	runtime  wazero.Runtime
	module   api.Module
	host     storage.Host
	taken    []byte // what the host answered last
	allocate api.Function
	call     api.Function
}

// New starts an instance of the module.
func New(ctx context.Context, code []byte) (*Machine, error) {
	m := &Machine{runtime: wazero.NewRuntime(ctx)}
	if err := m.start(ctx, code); err != nil {
		return nil, errors.Join(fmt.Errorf("start the runtime's module: %w", err), m.Close(ctx))
	}
	return m, nil
}

func (m *Machine) start(ctx context.Context, code []byte) (err error) {
	// The world that Go's own runtime asks for is empty: no file, no argument,
	// and a clock and randomness that are the same each time.
	if _, err = wasi_snapshot_preview1.Instantiate(ctx, m.runtime); err != nil {
		return err
	}
	if _, err = m.functions().Instantiate(ctx); err != nil {
		return err
	}
	cfg := wazero.NewModuleConfig().WithStartFunctions("_initialize")
	if m.module, err = m.runtime.InstantiateWithConfig(ctx, code, cfg); err != nil {
		return err
	}
	m.allocate, m.call = m.module.ExportedFunction("allocate"), m.module.ExportedFunction("call")
	if m.allocate == nil || m.call == nil {
		return errors.New("it lacks an export")
	}
	return nil
}

// Close ends the instance.
func (m *Machine) Close(ctx context.Context) error { return m.runtime.Close(ctx) }

// Call calls a method of a runtime API over h, as the native runtime's Call
// does.
func (m *Machine) Call(ctx context.Context, h storage.Host, method string, args []byte) ([]byte, error) {
	m.host = h
	to, err := m.allocate.Call(ctx, uint64(len(method)+len(args)))
	if err != nil {
		return nil, err
	}
	if !m.module.Memory().Write(uint32(to[0]), append([]byte(method), args...)) {
		return nil, errors.New("the arguments do not fit")
	}
	res, err := m.call.Call(ctx, uint64(len(method)), uint64(len(args)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	out := m.read(uint32(res[0]>>32), uint32(res[0]))
	if out[0] != 0 {
		return nil, errors.New(string(out[1:]))
	}
	return out[1:], nil
}

// read copies from the module's memory. A module that points outside of it is
// a bug here.
func (m *Machine) read(at, n uint32) []byte {
	b, ok := m.module.Memory().Read(at, n)
	if !ok {
		panic(fmt.Sprintf("wasm: %d bytes at %d are outside of the memory", n, at))
	}
	return append([]byte(nil), b...)
}

func (m *Machine) write(at uint32, b []byte) {
	if !m.module.Memory().Write(at, b) {
		panic(fmt.Sprintf("wasm: %d bytes at %d are outside of the memory", len(b), at))
	}
}

// answer keeps what ext_take will bring.
func (m *Machine) answer(b []byte, ok bool) int64 {
	if !ok {
		return -1
	}
	m.taken = b
	return int64(len(b))
}

// functions are what the module imports; see the guest's side of it.
func (m *Machine) functions() wazero.HostModuleBuilder {
	b := m.runtime.NewHostModuleBuilder("env")
	for name, f := range map[string]any{
		"ext_take": func(at uint32) { m.write(at, m.taken) },
		"ext_storage_get": func(k, n uint32) int64 {
			return m.answer(m.host.Get(m.read(k, n)))
		},
		"ext_storage_next_key": func(k, n uint32) int64 {
			return m.answer(m.host.NextKey(m.read(k, n)))
		},
		"ext_storage_set":    func(k, n, v, l uint32) { m.host.Set(m.read(k, n), m.read(v, l)) },
		"ext_storage_clear":  func(k, n uint32) { m.host.Clear(m.read(k, n)) },
		"ext_storage_append": func(k, n, v, l uint32) { m.host.Append(m.read(k, n), m.read(v, l)) },
		"ext_storage_root": func(version, at uint32) {
			root := m.host.Root(uint8(version))
			m.write(at, root[:])
		},
		"ext_storage_start_transaction":    func() { m.host.Begin() },
		"ext_storage_commit_transaction":   func() { m.host.Commit() },
		"ext_storage_rollback_transaction": func() { m.host.Rollback() },
		"ext_crypto_verify": func(scheme, a, n, v, l, s, k uint32) uint32 {
			if m.host.VerifySignature(uint8(scheme), m.read(a, n), m.read(v, l), m.read(s, k)) {
				return 1
			}
			return 0
		},
		"ext_offchain_index_set": func(k, n, v, l uint32) { m.host.IndexSet(m.read(k, n), m.read(v, l)) },
	} {
		b = b.NewFunctionBuilder().WithFunc(f).Export(name)
	}
	return b
}
