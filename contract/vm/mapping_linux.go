package vm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"unsafe"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"
)

// shared is an image's memory in a file without a name, over which instances
// lie: they share the pages that they do not write.
type shared struct {
	file  *os.File
	size  int
	view  []byte // the memory, only to be read
	pages *pageMap
}

// share makes a file of memory.
func (p *pageMap) share(memory []byte) (*shared, error) {
	fd, err := unix.MemfdCreate("image", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file for the image of a contract: %w", err)
	}
	s := &shared{file: os.NewFile(uintptr(fd), "image"), size: len(memory), pages: p}
	if _, err := s.file.WriteAt(memory, 0); err != nil {
		s.close()
		return nil, fmt.Errorf("write the image of a contract: %w", err)
	}
	if s.view, err = unix.Mmap(fd, 0, s.size, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		s.close()
		return nil, fmt.Errorf("map the image of a contract: %w", err)
	}
	return s, nil
}

// close gives up the file. What instances have of it stays.
func (s *shared) close() {
	_ = s.file.Close() // it is memory
	if s.view != nil {
		_ = unix.Munmap(s.view) // what was mapped so can be unmapped
		s.view = nil
	}
}

// mapping is the memory of one instance, a part of the address space as long as
// the memory may ever become:
//
//	0 … image            the image, copied page by page when written
//	image … length       zeros, as far as the memory has grown
//	length … reserved    not accessible
type mapping struct {
	*shared
	start    unsafe.Pointer
	reserved uintptr
	length   uint64
	entries  []byte // of the page map, for the image
	used     bool
}

// Allocate implements wazero's experimental.MemoryAllocator. Without memory
// there is no deterministic way on: the process ends.
func (s *shared) Allocate(_, most uint64) experimental.LinearMemory {
	m := &mapping{shared: s, reserved: uintptr(max(most, uint64(s.size)))}
	var err error
	m.start, err = unix.MmapPtr(-1, 0, nil, m.reserved, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err == nil {
		_, err = unix.MmapPtr(int(s.file.Fd()), 0, m.start, uintptr(s.size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED)
	}
	if err != nil {
		abort(fmt.Errorf("map the memory of a contract: %w", err))
	}
	m.length, m.entries = uint64(s.size), make([]byte, 8*s.size/part)
	return m
}

// Reallocate implements wazero's experimental.LinearMemory. It never moves.
func (m *mapping) Reallocate(size uint64) []byte {
	if size > m.length {
		grown := unsafe.Slice((*byte)(unsafe.Add(m.start, m.length)), size-m.length)
		if err := unix.Mprotect(grown, unix.PROT_READ|unix.PROT_WRITE); err != nil {
			abort(fmt.Errorf("grow the memory of a contract: %w", err))
		}
		m.length = size
	}
	return unsafe.Slice((*byte)(m.start), size)
}

// Free implements wazero's experimental.LinearMemory.
func (m *mapping) Free() {
	if m.start != nil {
		_ = unix.MunmapPtr(m.start, m.reserved) // what was mapped so can be unmapped
		m.start = nil
	}
}

// Bits of an entry of the page map.
// https://docs.kernel.org/admin-guide/mm/pagemap.html
const (
	pageThere   = 1 << 63
	pageSwapped = 1 << 62
	pageOfFile  = 1 << 61
)

// renew makes the memory the image again. To compare all of it would take as long
// as a small execution, and so would it to give the copied pages back, which
// would be copied anew: the pages that were ever written are compared, which
// the kernel tells from those of the file.
func (m *mapping) renew() error {
	if !m.used {
		// The instantiation has just written the module's data once more.
		m.used = true
		return unix.Madvise(unsafe.Slice((*byte)(m.start), m.size), unix.MADV_DONTNEED)
	}
	if err := m.pages.read(m.entries, uintptr(m.start)); err != nil {
		return fmt.Errorf("read the page map: %w", err)
	}
	have := unsafe.Slice((*byte)(m.start), m.size)
	for n := 0; n < len(m.entries); n += 8 {
		e := binary.LittleEndian.Uint64(m.entries[n:])
		if e&(pageThere|pageSwapped) == 0 || e&pageThere != 0 && e&pageOfFile != 0 {
			continue
		}
		at := n / 8 * part
		if have, want := have[at:at+part], m.view[at:at+part]; !bytes.Equal(have, want) {
			copy(have, want)
		}
	}
	return nil
}

// pageMap is what the kernel tells of this process's pages: an entry of 8 bytes
// for each.
type pageMap struct{ *os.File }

// openPages opens the page map. There is none where pages have another size
// than the parts of an image, or the kernel hides it.
func openPages() *pageMap {
	if os.Getpagesize() != part {
		return nil
	}
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return nil
	}
	return &pageMap{f}
}

func (p *pageMap) read(entries []byte, start uintptr) error {
	_, err := p.ReadAt(entries, int64(start/part*8))
	return err
}

func (p *pageMap) close() { _ = p.Close() } // it was only read
