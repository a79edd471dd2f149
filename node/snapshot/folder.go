package snapshot

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Folder keeps snapshots on the disk, each in a folder named by its block's
// number. It is safe for concurrent use.
type Folder struct {
	dir  string
	keep int
}

// Whoever has begun to fetch a snapshot must be able to end: one that is younger
// than this stays, as long as there are not too many.
const (
	fetchTime = 10 * time.Minute
	mostKept  = 10
)

// OpenFolder opens a folder that keeps the newest few snapshots, three at least.
func OpenFolder(dir string, keep int) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of snapshots: %w", err)
	}
	// What a crash left half made.
	half, err := filepath.Glob(filepath.Join(dir, "*.half"))
	for _, path := range half {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return &Folder{dir, max(keep, 3)}, err
}

const infoFile = "info"

func chunkFile(i int) string { return fmt.Sprintf("chunk-%06d", i) }

// Write makes a snapshot of a final block out of the entries of its state and
// of what lies beside it, and removes the oldest ones. Info's Chunks are filled
// in.
func (f *Folder) Write(info Info, state, index iter.Seq2[[]byte, []byte]) error {
	name := strconv.FormatUint(uint64(info.Header.Number), 10)
	half, whole := filepath.Join(f.dir, name+".half"), filepath.Join(f.dir, name)
	if _, err := os.Stat(whole); err == nil {
		return nil
	}
	if err := os.MkdirAll(half, 0o700); err != nil {
		return fmt.Errorf("write snapshot %s: %w", name, err)
	}
	info.Chunks = nil
	emit := func(c chunk) error {
		raw, err := c.pack()
		if err != nil {
			return err
		}
		path := filepath.Join(half, chunkFile(len(info.Chunks)))
		info.Chunks = append(info.Chunks, hash.Blake2b256(raw))
		return os.WriteFile(path, raw, 0o600)
	}
	err := split(stateEntries, state, emit)
	if err == nil {
		err = split(indexEntries, index, emit)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(half, infoFile), scale.Marshal(info), 0o600)
	}
	if err == nil {
		err = os.Rename(half, whole)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write snapshot %s: %w", name, err), os.RemoveAll(half))
	}
	return f.prune()
}

// prune removes the oldest snapshots.
func (f *Folder) prune() error {
	numbers, err := f.numbers()
	if err != nil {
		return err
	}
	for i, n := range numbers[:max(len(numbers)-f.keep, 0)] {
		path := filepath.Join(f.dir, strconv.FormatUint(uint64(n), 10))
		at, e := os.Stat(path)
		if e == nil && time.Since(at.ModTime()) < fetchTime && len(numbers)-i <= mostKept {
			continue
		}
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// numbers are the blocks of which there are snapshots, oldest first.
func (f *Folder) numbers() (list []chain.BlockNumber, err error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	for _, e := range entries {
		if n, err := strconv.ParseUint(e.Name(), 10, 32); err == nil && e.IsDir() {
			list = append(list, chain.BlockNumber(n))
		}
	}
	slices.Sort(list)
	return list, nil
}

// List returns all snapshots, oldest first.
func (f *Folder) List() (list []Info, err error) {
	numbers, err := f.numbers()
	if err != nil {
		return nil, err
	}
	for _, n := range numbers {
		raw, err := os.ReadFile(filepath.Join(f.dir, strconv.FormatUint(uint64(n), 10), infoFile))
		if errors.Is(err, os.ErrNotExist) {
			continue // it was removed just now
		}
		if err != nil {
			return nil, fmt.Errorf("read snapshot %d: %w", n, err)
		}
		info, err := scale.Decode[Info](raw)
		if err != nil {
			return nil, fmt.Errorf("read snapshot %d: %w", n, err)
		}
		list = append(list, info)
	}
	return list, nil
}

// Chunk returns a chunk of the snapshot of a block.
func (f *Folder) Chunk(number chain.BlockNumber, i int) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(f.dir, strconv.FormatUint(uint64(number), 10), chunkFile(i)))
	if err != nil {
		return nil, fmt.Errorf("read chunk %d of snapshot %d: %w", i, number, err)
	}
	return raw, nil
}
