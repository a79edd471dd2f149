//go:build !linux

package vm

import (
	"errors"

	"github.com/tetratelabs/wazero/experimental"
)

// shared is for Linux: elsewhere every instance has its memory to itself, and
// what an execution wrote is copied back.
type shared struct{}

var errNotShared = errors.New("memory is not shared on this system")

// pageMap is for Linux too.
type pageMap struct{}

func openPages() *pageMap                      { return nil }
func (*pageMap) close()                        {}
func (*pageMap) share([]byte) (*shared, error) { return nil, errNotShared }

func (*shared) close() {}

// Allocate implements wazero's experimental.MemoryAllocator.
func (*shared) Allocate(_, _ uint64) experimental.LinearMemory { panic(errNotShared) }

// mapping is never made here.
type mapping struct{}

func (*mapping) renew() error { return errNotShared }

// Reallocate implements wazero's experimental.LinearMemory.
func (*mapping) Reallocate(uint64) []byte { panic(errNotShared) }

// Free implements wazero's experimental.LinearMemory.
func (*mapping) Free() {}
