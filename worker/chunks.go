package worker

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

// chunkFiles is the folder with the chunks of snapshots that this worker made: a
// file for each snapshot, in which a chunk begins every SnapshotChunkSize bytes.
// They are encrypted, and whoever reads one compares its hash.
type chunkFiles string

// openChunks makes the folder, and removes what no stored part of the state
// speaks of: what a crash left.
func (w *Worker) openChunks(dir string) (chunkFiles, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	f := chunkFiles(dir)
	used := map[string]bool{}
	snapshot := w.store.Snapshot()
	defer snapshot.Close()
	for _, m := range w.core.Clusters {
		var s made
		there, err := w.load(snapshot, madePart(m.ID), &s)
		if err != nil {
			return "", err
		}
		if there {
			used[f.path(s.Snapshot.Name())] = true
		}
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range list {
		if path := filepath.Join(dir, e.Name()); !used[path] {
			if err := os.RemoveAll(path); err != nil {
				return "", err
			}
		}
	}
	return f, nil
}

func (f chunkFiles) path(name hash.H256) string {
	return filepath.Join(string(f), hex.EncodeToString(name[:]))
}

// read returns a chunk of a snapshot.
func (f chunkFiles) read(name hash.H256, index, size uint32) ([]byte, error) {
	file, err := os.Open(f.path(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	chunk := make([]byte, size)
	_, err = file.ReadAt(chunk, int64(index)*clusters.SnapshotChunkSize)
	return chunk, err
}

// remove removes snapshots that no stored part of the state speaks of any more.
// What stays behind is removed at the next start.
func (f chunkFiles) remove(names []hash.H256) {
	for _, name := range names {
		_ = os.Remove(f.path(name))
	}
}

// chunkFile is a snapshot that is being made.
type chunkFile struct {
	folder chunkFiles
	file   *os.File
	next   int64
}

// create begins a file. There is one at a time.
func (f chunkFiles) create() (*chunkFile, error) {
	file, err := os.OpenFile(filepath.Join(string(f), "making"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a snapshot: %w", err)
	}
	return &chunkFile{folder: f, file: file}, nil
}

func (c *chunkFile) add(chunk []byte) error {
	_, err := c.file.WriteAt(chunk, c.next*clusters.SnapshotChunkSize)
	c.next++
	return err
}

// keep makes the file durable under the snapshot's name.
func (c *chunkFile) keep(name hash.H256) error {
	err := errors.Join(c.file.Sync(), c.file.Close(), os.Rename(c.file.Name(), c.folder.path(name)))
	c.file = nil
	return err
}

// abort removes the file, unless it was kept.
func (c *chunkFile) abort() {
	if c.file != nil {
		_ = errors.Join(c.file.Close(), os.Remove(c.file.Name())) // else the next start removes it
	}
}
