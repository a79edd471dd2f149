// Package store keeps a worker's state on the host's disk: values under opaque
// keys of 32 bytes, both encrypted by whoever calls.
//
// Every [Store.Commit] appends records to a log and makes them durable; a commit
// that a crash cut off is dropped when the store opens. Records carry a
// chain of MACs under a key that the TEE seals, so that the host can put back an
// old log as a whole, which the chain shows, and nothing else. When most of the
// log is out of date it is written anew.
//
// All values are held in memory. Readers take a [Snapshot], which later commits
// do not change, and wait for nothing. What was replaced or removed is in memory
// as long as a snapshot is open that has it, whatever came before or after it.
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
	"sync/atomic"
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
	maxRecord = 1 << 30
	usual     = 64 << 20 // bytes of one that others follow in a commit
	rewriteAt = 16 << 20 // bytes of log below which it is never written anew
)

// header starts the log, and the MAC chain: its own MAC follows it, which tells
// a log of another program before anything of it is touched.
var header = []byte("tacit state log 1\n")

// Store is the state. Make one with Open.
type Store struct {
	dir string
	mac []byte

	data atomic.Pointer[tree] // all that is committed

	mu      sync.Mutex // guards what follows, also through a commit's I/O; readers do without
	file    *os.File
	size    int64 // of the log
	live    int64 // bytes that a new log would have
	chain   [32]byte
	version uint64
	usual   int
}

// Open opens the state in dir, which is made if needed. macKey is secret.
func Open(dir string, macKey []byte) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	s := &Store{dir: dir, mac: bytes.Clone(macKey), usual: usual}
	s.data.Store(&tree{})
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

// continued marks the length of a record whose commit goes on in the next one.
const continued = 1 << 31

// link is the chain after a record.
func (s *Store) link(chain [32]byte, body []byte, more bool) [32]byte {
	if more {
		chain = s.next(chain, []byte("continued"))
	}
	return s.next(chain, body)
}

// load reads the log. Record:
//
//	length u32 ‖ changes ‖ MAC [32]
//	change: key [32] ‖ length u32, all ones for a removal ‖ value
//
// The highest bit of a length says that the commit goes on in the next record:
// its changes are visible with those of the last one.
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
	if err := s.loadRecords(r, info.Size()); err != nil {
		return err
	}
	if s.size < info.Size() {
		if err := f.Truncate(s.size); err != nil {
			return err
		}
	}
	_, err = f.Seek(s.size, io.SeekStart)
	return err
}

// loadRecords reads the records of a log of so many bytes, up to the last whole
// commit.
func (s *Store) loadRecords(r io.Reader, end int64) error {
	s.version++
	data := *s.data.Load()
	var commit []Change // of which the last record is yet to come
	for at, chain := s.size, s.chain; at < end; {
		var length [4]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			break // cut off
		}
		word := binary.LittleEndian.Uint32(length[:])
		n, more := int64(word&^continued), word&continued != 0
		if n > maxRecord {
			return ErrTampered
		}
		if at+4+n+32 > end {
			break // cut off
		}
		record := make([]byte, n+32)
		if _, err := io.ReadFull(r, record); err != nil {
			return err
		}
		chain = s.link(chain, record[:n], more)
		at += 4 + n + 32
		if !hmac.Equal(chain[:], record[n:]) {
			if at == end {
				break // the last record: its pages were not all written
			}
			return ErrTampered
		}
		changes, err := parseRecord(record[:n])
		if err != nil {
			return err
		}
		if commit = append(commit, changes...); more {
			continue
		}
		for i := range commit { // else one value would keep all of its record
			if commit[i].Value != nil {
				commit[i].Value = append(make([]byte, 0, len(commit[i].Value)), commit[i].Value...)
			}
		}
		data = s.apply(data, commit)
		s.chain, s.size, commit = chain, at, nil
	}
	s.data.Store(&data)
	return nil
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

// apply returns data with changes, as the store's version.
func (s *Store) apply(data tree, changes []Change) tree {
	for _, c := range changes {
		old, there := data.get(&c.Key)
		if there {
			s.live -= int64(Change{Value: old}.Size())
		}
		switch {
		case c.Value != nil:
			s.live += int64(c.Size())
			data = data.set(&leaf{c.Key, c.Value}, s.version)
		case there:
			data = data.remove(&c.Key, s.version)
		}
	}
	return data
}

// Commit makes changes durable and visible, all or none. It keeps the values.
// After an error the store is not to be used any more.
func (s *Store) Commit(changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	for _, c := range changes {
		if c.Size() > maxRecord {
			return fmt.Errorf("commit a value of %d bytes: too many", len(c.Value))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for rest := changes; len(rest) > 0; {
		n, size := 1, rest[0].Size()
		for n < len(rest) && size+rest[n].Size() <= s.usual {
			size += rest[n].Size()
			n++
		}
		if err := s.write(rest[:n], n < len(rest)); err != nil {
			return fmt.Errorf("write state: %w", err)
		}
		rest = rest[n:]
	}
	s.version++
	data := s.apply(*s.data.Load(), changes)
	s.data.Store(&data)
	if s.size > rewriteAt && s.size > 4*s.live {
		return s.rewrite()
	}
	return nil
}

// write makes a record durable, before another one follows: a crash cuts off
// the last one alone.
func (s *Store) write(changes []Change, more bool) error {
	size := 4 + 32
	for _, c := range changes {
		size += c.Size()
	}
	body := appendRecord(make([]byte, 4, size), changes)
	length := uint32(len(body) - 4)
	chain := s.link(s.chain, body[4:], more)
	if more {
		length |= continued
	}
	binary.LittleEndian.PutUint32(body, length)
	body = append(body, chain[:]...)
	if _, err := s.file.Write(body); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.chain, s.size = chain, s.size+int64(len(body))
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
	var failed error
	s.data.Load().with(nil, func(l *leaf) bool {
		if body = appendRecord(body, []Change{{l.key, l.value}}); len(body) > rewriteAt {
			failed = flush()
		}
		return failed == nil
	})
	if failed != nil {
		return 0, chain, failed
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
func (s *Store) Snapshot() *Snapshot { return &Snapshot{*s.data.Load()} }

// Snapshot is the state at one time.
type Snapshot struct{ data tree }

// Get returns a value, which is not to be changed, and whether there is one.
func (p *Snapshot) Get(k Key) ([]byte, bool) { return p.data.get(&k) }

// With returns the keys that begin with prefix, in ascending order.
func (p *Snapshot) With(prefix []byte) (out []Key) {
	p.data.with(prefix, func(l *leaf) bool {
		out = append(out, l.key)
		return true
	})
	return out
}

// Close lets go of the snapshot, in which nothing is then. No method may run
// meanwhile.
func (p *Snapshot) Close() { p.data = tree{} }
