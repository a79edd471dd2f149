// Package store keeps a worker's state on the host's disk: values under opaque
// keys of 32 bytes, both encrypted by whoever calls.
//
// Every [Store.Commit] appends one record to a log and makes it durable; a
// record that a crash cut off is dropped when the store opens. Records carry a
// chain of MACs under a key that the TEE seals, so that the host can put back an
// old log as a whole, which the chain shows, and nothing else. When most of the
// log is out of date it is written anew.
//
// All values are held in memory. Readers take a [Snapshot], which later commits
// do not change and do not wait for.
package store

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Key names a value.
type Key [32]byte

// Change sets a value, or removes it when Value is nil.
type Change struct {
	Key   Key
	Value []byte
}

// Size is how many bytes the change takes in the log.
func (c Change) Size() int { return 36 + len(c.Value) }

// ErrTampered tells that the log is not one that was written with this key.
var ErrTampered = errors.New("the state log is not one that this program wrote on this machine")

// Limits of one record.
const (
	maxRecord = 1 << 30  // a new epoch writes a cluster's whole state in one
	rewriteAt = 16 << 20 // bytes of log below which it is never written anew
)

// header starts the log, and the MAC chain: its own MAC follows it, which tells
// a log of another program before anything of it is touched.
var header = []byte("tacit state log 1\n")

// Store is the state. Make one with Open.
type Store struct {
	dir string
	mac []byte

	mu      sync.Mutex // guards what follows, and is held for no I/O but a commit's
	file    *os.File
	size    int64 // of the log
	live    int64 // bytes that a new log would have
	chain   [32]byte
	version uint64
	data    map[Key]*entry
	readers map[uint64]int // open snapshots by version
	stale   []Key          // changed while there were readers
}

// entry is the value of a key since a version; older ones are kept while a
// snapshot may read them.
type entry struct {
	since uint64
	value []byte
	prev  *entry
}

// Open opens the state in dir, which is made if needed. macKey is secret.
func Open(dir string, macKey []byte) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	s := &Store{dir: dir, mac: bytes.Clone(macKey), data: map[Key]*entry{}, readers: map[uint64]int{}}
	s.chain = s.next([32]byte{}, header)
	f, err := os.OpenFile(s.path(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	if err := s.load(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("open state %s: %w", s.path(), err)
	}
	s.file = f
	return s, nil
}

func (s *Store) path() string { return filepath.Join(s.dir, "state.log") }

func (s *Store) next(chain [32]byte, data []byte) (out [32]byte) {
	h := hmac.New(sha256.New, s.mac)
	h.Write(chain[:])
	h.Write(data)
	h.Sum(out[:0])
	return out
}

// load reads the log. Record:
//
//	length u32 ‖ changes ‖ MAC [32]
//	change: key [32] ‖ length u32, all ones for a removal ‖ value
func (s *Store) load(f *os.File) error {
	r := bufio.NewReaderSize(f, 1<<20)
	start := append(bytes.Clone(header), s.chain[:]...)
	head := make([]byte, len(start))
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if !hmac.Equal(head[:n], start[:n]) {
		return ErrTampered
	}
	s.size = int64(len(start))
	if n < len(start) { // a new log, or one cut off in its start
		if _, err := f.WriteAt(start, 0); err != nil {
			return err
		}
		if _, err := f.Seek(s.size, io.SeekStart); err != nil {
			return err
		}
		return errors.Join(f.Sync(), s.syncDir())
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	for s.size < info.Size() {
		var length [4]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			break // cut off
		}
		n := int64(binary.LittleEndian.Uint32(length[:]))
		if n > maxRecord {
			return ErrTampered
		}
		if s.size+4+n+32 > info.Size() {
			break // cut off
		}
		record := make([]byte, n+32)
		if _, err := io.ReadFull(r, record); err != nil {
			return err
		}
		chain := s.next(s.chain, record[:n])
		if !hmac.Equal(chain[:], record[n:]) {
			if s.size+4+n+32 == info.Size() {
				break // the last record: its pages were not all written
			}
			return ErrTampered
		}
		changes, err := parseRecord(record[:n])
		if err != nil {
			return err
		}
		s.apply(changes)
		s.chain, s.size = chain, s.size+4+n+32
	}
	if s.size < info.Size() {
		if err := f.Truncate(s.size); err != nil {
			return err
		}
	}
	_, err = f.Seek(s.size, io.SeekStart)
	return err
}

const removed = 1<<32 - 1

func appendRecord(dst []byte, changes []Change) []byte {
	for _, c := range changes {
		dst = append(dst, c.Key[:]...)
		if c.Value == nil {
			dst = binary.LittleEndian.AppendUint32(dst, removed)
			continue
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(c.Value)))
		dst = append(dst, c.Value...)
	}
	return dst
}

func parseRecord(b []byte) (changes []Change, err error) {
	for len(b) > 0 {
		if len(b) < 36 {
			return nil, ErrTampered
		}
		c := Change{Key: Key(b[:32])}
		n := binary.LittleEndian.Uint32(b[32:])
		b = b[36:]
		if n != removed {
			if int64(n) > int64(len(b)) {
				return nil, ErrTampered
			}
			c.Value = b[:n:n]
			b = b[n:]
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// apply puts changes into memory under a new version.
func (s *Store) apply(changes []Change) {
	s.version++
	for _, c := range changes {
		old := s.data[c.Key]
		if old != nil && old.value != nil {
			s.live -= 36 + int64(len(old.value))
		}
		if c.Value != nil {
			s.live += 36 + int64(len(c.Value))
		}
		if len(s.readers) == 0 {
			old = nil
		} else {
			s.stale = append(s.stale, c.Key)
		}
		if c.Value == nil && old == nil {
			delete(s.data, c.Key)
			continue
		}
		s.data[c.Key] = &entry{s.version, c.Value, old}
	}
}

// Commit makes changes durable and visible, all or none. It keeps the values.
// After an error the store is not to be used any more.
func (s *Store) Commit(changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	body := appendRecord(make([]byte, 4), changes)
	if len(body)-4 > maxRecord {
		return fmt.Errorf("commit %d bytes of state: too many", len(body))
	}
	binary.LittleEndian.PutUint32(body, uint32(len(body)-4))
	s.mu.Lock()
	defer s.mu.Unlock()
	chain := s.next(s.chain, body[4:])
	body = append(body, chain[:]...)
	if _, err := s.file.Write(body); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	s.chain, s.size = chain, s.size+int64(len(body))
	s.apply(changes)
	if s.size > rewriteAt && s.size > 4*s.live {
		return s.rewrite()
	}
	return nil
}

// Rewrite writes the log anew, so that what was removed or replaced is on the
// disk no more.
func (s *Store) Rewrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rewrite()
}

// rewrite replaces the log by one of all that is live.
func (s *Store) rewrite() error {
	temp := s.path() + ".new"
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("rewrite state: %w", err)
	}
	size, chain, err := s.writeAll(f)
	if err == nil {
		err = errors.Join(f.Sync(), os.Rename(temp, s.path()), s.syncDir())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("rewrite state: %w", err), f.Close())
	}
	_ = s.file.Close() // the old log has no name any more
	s.file, s.size, s.chain = f, size, chain
	return nil
}

// writeAll writes a log of all live values to f.
func (s *Store) writeAll(f *os.File) (size int64, chain [32]byte, err error) {
	chain = s.next([32]byte{}, header)
	if _, err := f.Write(append(bytes.Clone(header), chain[:]...)); err != nil {
		return 0, chain, err
	}
	size = int64(len(header) + len(chain))
	var body []byte
	flush := func() error {
		chain = s.next(chain, body)
		record := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
		record = append(append(record, body...), chain[:]...)
		n, err := f.Write(record)
		size += int64(n)
		body = body[:0]
		return err
	}
	for k, e := range s.data {
		if e.value == nil {
			continue
		}
		if body = appendRecord(body, []Change{{k, e.value}}); len(body) > rewriteAt {
			if err := flush(); err != nil {
				return 0, chain, err
			}
		}
	}
	return size, chain, flush()
}

func (s *Store) syncDir() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close closes the log. Snapshots stay readable.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Close()
}

// Snapshot returns the state as it is now. It is to be closed.
func (s *Store) Snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers[s.version]++
	return &Snapshot{s, s.version}
}

// Snapshot is the state at one time.
type Snapshot struct {
	s       *Store
	version uint64
}

// Get returns a value, which is not to be changed, and whether there is one.
func (p *Snapshot) Get(k Key) ([]byte, bool) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	e := p.s.data[k]
	for e != nil && e.since > p.version {
		e = e.prev
	}
	if e == nil || e.value == nil {
		return nil, false
	}
	return e.value, true
}

// With returns the keys that begin with prefix, in no order.
func (p *Snapshot) With(prefix []byte) (out []Key) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	for k, e := range p.s.data {
		if !bytes.HasPrefix(k[:], prefix) {
			continue
		}
		for e != nil && e.since > p.version {
			e = e.prev
		}
		if e != nil && e.value != nil {
			out = append(out, k)
		}
	}
	return out
}

// Close lets go of the snapshot.
func (p *Snapshot) Close() {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.s.readers[p.version]--; p.s.readers[p.version] <= 0 {
		delete(p.s.readers, p.version)
	}
	if len(p.s.readers) == 0 {
		p.s.forget()
	}
}

// forget drops what only closed snapshots could read.
func (s *Store) forget() {
	for _, k := range s.stale {
		switch e := s.data[k]; {
		case e == nil:
		case e.value == nil:
			delete(s.data, k)
		default:
			e.prev = nil
		}
	}
	s.stale = nil
}
