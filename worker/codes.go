package worker

import (
	"bytes"
	"cmp"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/cluster"
	"github.com/tacit-network/tacit/worker/executor"
	"github.com/tacit-network/tacit/worker/wire"
)

// maxNative is of how many codes the machine code is kept.
const maxNative = 64

// codes keeps the codes of contracts on disk, and has them run. Codes are public,
// compressed, and named by their hash. Machine code that was made of them would
// be executed as it is: it is sealed, for this program alone.
type codes struct {
	dir    string
	native string      // folder of machine code
	cipher cipher.AEAD // of machine code
	image  hash.H256
	log    *slog.Logger
	runner
}

// runner runs codes: an executor.Inside or an executor.Isolated.
type runner interface {
	Load(ctx context.Context, code hash.H256) error
	Run(ctx context.Context, code hash.H256, export string, env host.Env, around host.Records, gas uint64) (host.Result, error)
	Close(ctx context.Context) error
}

func newCodes(ctx context.Context, dir string, key seal.Secret, cfg Config, log *slog.Logger) (*codes, error) {
	c := &codes{dir: filepath.Join(dir, "codes"), native: filepath.Join(dir, "native"), image: cfg.ImageID, log: log}
	for _, d := range []string{c.dir, c.native} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	k := key.Reveal()
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	if c.cipher, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, err
	}
	return c, c.start(ctx, cfg)
}

func (c *codes) start(ctx context.Context, cfg Config) error {
	if cfg.Executor == nil {
		x, err := executor.NewInside(ctx, cfg.VM, c)
		if err == nil {
			c.runner = x
		}
		return err
	}
	e := *cfg.Executor
	e.VM = cfg.VM
	// Those that wait for the network, or for their turn after it, have a lane too.
	e.Queries = cfg.Queries + fetching
	x, err := executor.NewIsolated(e, c, c.log)
	if err == nil {
		c.runner = x
	}
	return err
}

// fetching is how many queries may wait beside those that run.
const fetching = 20

// Close ends what runs codes.
func (c *codes) Close(ctx context.Context) error {
	if c.runner == nil {
		return nil
	}
	return c.runner.Close(ctx)
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

// maxMissed is how many codes that only queries miss are asked for at once.
const maxMissed = 16

// missed are codes that queries miss and no message has needed: those of
// contracts that came with a snapshot.
type missed struct {
	mu   sync.Mutex // guards what follows
	list []hash.H256
}

func (m *missed) add(code hash.H256) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.list) < maxMissed && !slices.Contains(m.list, code) {
		m.list = append(m.list, code)
	}
}

func (m *missed) drop(code hash.H256) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = slices.DeleteFunc(m.list, func(h hash.H256) bool { return h == code })
}

// with returns need and what is missed beside.
func (m *missed) with(need []hash.H256) []hash.H256 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(need)
	for _, code := range m.list {
		if !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// needCode are the codes that the worker is to be brought. The caller holds mu.
func (w *Worker) needCode() []hash.H256 { return w.missed.with(w.need) }

// miss has the code brought that a query misses, and says that it is missing.
func (w *Worker) miss(err error) error {
	if code, ok := errors.AsType[cluster.NoCode](err); ok {
		w.missed.add(code.Code)
	}
	return wire.Errorf(wire.KindNoCode, "%v", err)
}

// Code implements executor.Source.
func (c *codes) Code(_ context.Context, code hash.H256) ([]byte, vm.Native, error) {
	data, err := c.read(code)
	if err != nil {
		return nil, nil, err
	}
	return data, c.kept(code), nil
}

// read returns a code as it is stored.
func (c *codes) read(code hash.H256) ([]byte, error) {
	data, err := os.ReadFile(c.path(code))
	if errors.Is(err, fs.ErrNotExist) {
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
	return executor.Unpack(data)
}

// nativePath is where machine code of a code lies.
func (c *codes) nativePath(code hash.H256) string {
	return filepath.Join(c.native, hex.EncodeToString(code[:]))
}

// sealedFor is what machine code is bound to: the code, the program that made
// it, and its instrumenter.
func (c *codes) sealedFor(code hash.H256) []byte {
	return scale.AppendUint32(slices.Concat([]byte("tacit native code"), code[:], c.image[:]), vm.Version)
}

// kept returns machine code that this program kept, nil when there is none or
// the host changed it.
func (c *codes) kept(code hash.H256) vm.Native {
	box, err := os.ReadFile(c.nativePath(code))
	if err != nil {
		return nil
	}
	native, err := c.cipher.Open(nil, nil, box, c.sealedFor(code))
	if err != nil {
		c.log.Warn("machine code is not this program's; it is made again", "code", code)
		return nil
	}
	return native
}

// Keep implements executor.Source. A disk that takes none costs the time to
// compile again.
func (c *codes) Keep(code hash.H256, native vm.Native) {
	path := c.nativePath(code)
	err := os.WriteFile(path+".new", c.cipher.Seal(nil, nil, native, c.sealedFor(code)), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = c.trim()
	}
	if err != nil {
		c.log.Warn("machine code is not kept", "code", code, "error", err)
	}
}

// trim forgets the machine code that was made longest ago.
func (c *codes) trim() error {
	list, err := os.ReadDir(c.native)
	if err != nil || len(list) <= maxNative {
		return err
	}
	made := func(e os.DirEntry) int64 {
		info, err := e.Info()
		if err != nil {
			return 0
		}
		return info.ModTime().UnixNano()
	}
	oldest := slices.MinFunc(list, func(a, b os.DirEntry) int { return cmp.Compare(made(a), made(b)) })
	return os.Remove(filepath.Join(c.native, oldest.Name()))
}
