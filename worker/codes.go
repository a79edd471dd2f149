package worker

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/worker/cluster"
	"github.com/tacit-network/tacit/worker/wire"
)

// maxModules is how many compiled codes are kept.
const maxModules = 16

// codes keeps the codes of contracts: compressed on disk, where they are
// public and named by their hash, and compiled in memory.
type codes struct {
	dir    string
	engine *vm.Engine

	mu      sync.Mutex // guards what follows; held while a code compiles
	modules map[hash.H256]*loaded
	clock   uint64
}

type loaded struct {
	module *vm.Module
	err    error // why it is refused
	used   uint64
}

func newCodes(dir string, engine *vm.Engine) (*codes, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &codes{dir: dir, engine: engine, modules: map[hash.H256]*loaded{}}, nil
}

func (c *codes) path(code hash.H256) string { return filepath.Join(c.dir, hex.EncodeToString(code[:])) }

// add stores a code if it is the one that it is said to be.
func (c *codes) add(code hash.H256, chunks [][]byte) error {
	if len(chunks) == 0 || len(chunks) > clusters.MaxChunks || clusters.CodeHash(chunks) != code {
		return wire.Errorf(wire.KindBadCode, "the chunks are not those of code %v", code)
	}
	data := bytes.Join(chunks, nil)
	if clusters.CodeHash(clusters.Chunks(data)) != code {
		return wire.Errorf(wire.KindBadCode, "code %v is not cut into chunks of %d bytes", code, clusters.ChunkSize)
	}
	temp := c.path(code) + ".new"
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, c.path(code))
}

// Module implements cluster.Codes.
func (c *codes) Module(ctx context.Context, code hash.H256) (*vm.Module, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	if l, ok := c.modules[code]; ok {
		l.used = c.clock
		return l.module, l.err
	}
	data, err := c.read(code)
	if err != nil {
		return nil, err
	}
	l := &loaded{used: c.clock}
	l.module, l.err = c.load(ctx, data)
	if l.err != nil && !errors.Is(l.err, vm.ErrRefused) {
		return nil, l.err
	}
	c.modules[code] = l
	c.evict(ctx)
	return l.module, l.err
}

// read returns a code as it is stored.
func (c *codes) read(code hash.H256) ([]byte, error) {
	data, err := os.ReadFile(c.path(code))
	if errors.Is(err, os.ErrNotExist) {
		return nil, cluster.NoCode{Code: code}
	}
	if err != nil {
		return nil, err
	}
	// The host may have changed the file.
	if clusters.CodeHash(clusters.Chunks(data)) != code {
		return nil, cluster.NoCode{Code: code}
	}
	return data, nil
}

// Source implements cluster.Codes.
func (c *codes) Source(_ context.Context, code hash.H256) ([]byte, error) {
	data, err := c.read(code)
	if err != nil {
		return nil, err
	}
	return unpack(data)
}

func (c *codes) load(ctx context.Context, data []byte) (*vm.Module, error) {
	wasm, err := unpack(data)
	if err != nil {
		return nil, err
	}
	return host.Load(ctx, c.engine, wasm)
}

// unpack decompresses a code, which may be stored as it is too.
func unpack(data []byte) ([]byte, error) {
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

// evict forgets the compiled code that was used longest ago.
func (c *codes) evict(ctx context.Context) {
	if len(c.modules) <= maxModules {
		return
	}
	var oldest hash.H256
	least := c.clock + 1
	for h, l := range c.modules {
		if l.used < least {
			oldest, least = h, l.used
		}
	}
	if m := c.modules[oldest].module; m != nil {
		_ = m.Close(ctx) // what runs it runs on; nothing else is to be told
	}
	delete(c.modules, oldest)
}
