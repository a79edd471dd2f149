package sim

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-configfs-tsm/configfs/configfsi"
	"github.com/tacit-network/tacit/tee"
)

const (
	reports   = "report"
	registers = "rtmrs"

	// User space extends registers 2 and 3; the firmware has the others.
	firstUserRegister = 2
	lastRegister      = 3
)

// entry is a folder that a caller made below report or rtmrs.
//
//	report/<name>/{inblob, outblob, provider, generation}
//	rtmrs/<name>/{index, digest, tcg_map}
//
// See the kernel's Documentation/ABI/testing/configfs-tsm-report.
type entry struct {
	inblob     []byte
	generation uint64
	index      int // of a register; -1 until written
}

func failed(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// MkdirTemp makes an entry below report or rtmrs.
func (m *Module) MkdirTemp(dir, pattern string) (string, error) {
	p, err := configfsi.ParseTsmPath(dir)
	if err != nil || p.Entry != "" || (p.Subsystem != reports && p.Subsystem != registers) {
		return "", failed("mkdir", dir, fs.ErrNotExist)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made++
	unique := strconv.FormatUint(m.made, 10)
	name, replaced := strings.CutSuffix(pattern, "*")
	if before, after, ok := strings.Cut(pattern, "*"); ok && !replaced {
		name, unique = before, unique+after
	}
	full := path.Join(path.Clean(dir), name+unique)
	m.entries[full] = &entry{index: -1}
	return full, nil
}

// ReadDir lists the entries below report or rtmrs, sorted by name.
func (m *Module) ReadDir(dir string) ([]os.DirEntry, error) {
	dir = path.Clean(dir)
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []os.DirEntry
	for name := range m.entries {
		if path.Dir(name) == dir {
			out = append(out, folder(path.Base(name)))
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name() < out[j].Name() })
	return out, nil
}

// ReadFile reads an attribute of an entry. Reading outblob makes the quote.
func (m *Module) ReadFile(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kind, e, attr, err := m.find("read", name)
	if err != nil {
		return nil, err
	}
	switch {
	case kind == reports && attr == "generation":
		return fmt.Appendf(nil, "%d\n", e.generation), nil
	case kind == reports && attr == "provider":
		return []byte(provider + "\n"), nil
	case kind == reports && attr == "outblob":
		if len(e.inblob) != 64 {
			return nil, failed("read", name, syscall.EINVAL)
		}
		return m.quote([64]byte(e.inblob)), nil
	case kind == registers && e.index < 0:
		return nil, failed("read", name, syscall.EINVAL)
	case kind == registers && attr == "index":
		return fmt.Appendf(nil, "%d\n", e.index), nil
	case kind == registers && attr == "digest":
		d := m.report.RTMR[e.index]
		return d[:], nil
	case kind == registers && attr == "tcg_map":
		return []byte([]string{"1,7\n", "2-6\n", "8-15\n", "\n"}[e.index]), nil
	}
	return nil, failed("read", name, fs.ErrNotExist)
}

// WriteFile writes an attribute of an entry. Writing digest extends a register.
func (m *Module) WriteFile(name string, contents []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	kind, e, attr, err := m.find("write", name)
	if err != nil {
		return err
	}
	switch {
	case kind == reports && attr == "inblob":
		if len(contents) < 1 || len(contents) > 64 {
			return failed("write", name, syscall.EINVAL)
		}
		e.inblob = append([]byte(nil), contents...)
		e.generation++
		return nil
	case kind == registers && attr == "index":
		n, err := configfsi.Kstrtouint(contents, 10, 8)
		if err != nil || n > lastRegister || e.index >= 0 || m.indexed(int(n)) {
			return failed("write", name, syscall.EINVAL)
		}
		e.index = int(n)
		return nil
	case kind == registers && attr == "digest":
		switch {
		case e.index < 0 || len(contents) != 48:
			return failed("write", name, syscall.EINVAL)
		case e.index < firstUserRegister:
			return failed("write", name, fs.ErrPermission)
		}
		m.report.RTMR[e.index] = tee.Extend(m.report.RTMR[e.index], [48]byte(contents))
		return nil
	}
	return failed("write", name, fs.ErrPermission)
}

// indexed reports whether a register has an entry: it may have only one.
func (m *Module) indexed(index int) bool {
	for _, e := range m.entries {
		if e.index == index {
			return true
		}
	}
	return false
}

// RemoveAll removes an entry. What was extended stays.
func (m *Module) RemoveAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, path.Clean(name))
	return nil
}

// find returns the entry and the attribute that a path names.
func (m *Module) find(op, name string) (subsystem string, e *entry, attr string, err error) {
	p, err := configfsi.ParseTsmPath(name)
	if err != nil || p.Attribute == "" {
		return "", nil, "", failed(op, name, fs.ErrNotExist)
	}
	e = m.entries[path.Dir(path.Clean(name))]
	if e == nil {
		return "", nil, "", failed(op, name, fs.ErrNotExist)
	}
	return p.Subsystem, e, p.Attribute, nil
}

// folder is an entry's name as a directory entry.
type folder string

// Name returns the folder's name.
func (f folder) Name() string { return string(f) }

// IsDir returns true.
func (f folder) IsDir() bool { return true }

// Type returns that of a folder.
func (f folder) Type() fs.FileMode { return fs.ModeDir }

// Info returns what is known of the folder.
func (f folder) Info() (fs.FileInfo, error) { return folderInfo{f}, nil }

type folderInfo struct{ folder }

// Size returns 0.
func (folderInfo) Size() int64 { return 0 }

// Mode returns that of a folder.
func (folderInfo) Mode() fs.FileMode { return fs.ModeDir | 0o700 }

// ModTime returns the zero time.
func (folderInfo) ModTime() time.Time { return time.Time{} }

// Sys returns nil.
func (folderInfo) Sys() any { return nil }
