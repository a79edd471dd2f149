// Package eventlog reads the log of what a confidential VM measured while it
// started, and computes what its runtime registers must be after it.
//
// A log is worth nothing by itself: it is believed when it leads to the
// registers of a verified quote, which package attest compares. Nothing is said
// about which events are good ones.
package eventlog

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxSize is the most bytes that a log may have.
const MaxSize = 4 << 20

const (
	maxEvents = 4096

	eventNoAction = 3 // is logged and not measured
	algSHA384     = 0x000C
	maxAlgorithms = 8
)

// Event is a line of a confidential VM's log: something that was measured into
// one of its runtime registers.
type Event struct {
	Register int // 0 to 3, of RTMR
	Type     uint32
	Digest   [48]byte
	Data     []byte // what the digest is of, or says something about it
}

var errLogShort = errors.New("event log ends early")

// Parse reads the log of measurements that firmware leaves in memory
// and Linux shows as /sys/firmware/acpi/tables/data/CCEL. Nothing of it is
// believed: it is worth what [Replay] of it shows. What is not measured is left
// out. Data aliases raw.
//
//	first event: register u32, type u32 (3), digest [20], size u32, data:
//	  "Spec ID Event03\0", class u32, versions [4], number of algorithms u32,
//	  {algorithm u16, digest size u16}, size of vendor's data u8, data
//	then: register u32, type u32, number of digests u32, {algorithm u16,
//	  digest}, size u32, data
//	end: register FFFFFFFF, or nothing but zeros
//
// Registers count from 1, which is RTMR0; 0 would be MRTD.
// TCG PC Client Platform Firmware Profile, section 10; UEFI section 38.4.
func Parse(raw []byte) ([]Event, error) {
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("event log of %d bytes is above %d", len(raw), MaxSize)
	}
	r := reader{raw}
	sizes, err := logHeader(&r)
	if err != nil {
		return nil, err
	}
	var out []Event
	for !endOfLog(r.b) {
		e, err := logEvent(&r, sizes)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", len(out), err)
		}
		if e.Type == eventNoAction {
			continue
		}
		if e.Register < 0 || e.Register > 3 {
			return nil, fmt.Errorf("event %d: register %d is none of a runtime", len(out), e.Register+1)
		}
		if len(out) == maxEvents {
			return nil, fmt.Errorf("event log has more than %d events", maxEvents)
		}
		out = append(out, e)
	}
	return out, nil
}

// endOfLog reports whether only padding is left.
func endOfLog(b []byte) bool {
	if len(b) < 8 || binary.LittleEndian.Uint32(b) == 0xFFFFFFFF {
		return true
	}
	return binary.LittleEndian.Uint64(b) == 0 // register 0 of type 0 is no event
}

// algorithmSize is the size of an algorithm's digests.
type algorithmSize struct{ id, size uint16 }

func logHeader(r *reader) ([]algorithmSize, error) {
	_, ok1 := r.u32()
	kind, ok2 := r.u32()
	_, ok3 := r.take(20)
	n, ok4 := r.u32()
	if !ok1 || !ok2 || !ok3 || !ok4 || uint64(n) > uint64(len(r.b)) {
		return nil, errLogShort
	}
	data, _ := r.take(int(n))
	spec := reader{data}
	signature, ok := spec.take(16)
	if !ok || kind != eventNoAction || !bytes.Equal(signature, []byte("Spec ID Event03\x00")) {
		return nil, errors.New("not an event log of the TCG's second form")
	}
	_, ok1 = spec.take(8)
	count, ok2 := spec.u32()
	if !ok1 || !ok2 || count == 0 || count > maxAlgorithms {
		return nil, errors.New("event log has no algorithms, or too many")
	}
	var out []algorithmSize
	for range count {
		id, ok1 := spec.u16()
		size, ok2 := spec.u16()
		if !ok1 || !ok2 {
			return nil, errLogShort
		}
		if id == algSHA384 && size != 48 {
			return nil, fmt.Errorf("event log has SHA-384 of %d bytes", size)
		}
		out = append(out, algorithmSize{id, size})
	}
	return out, nil
}

func logEvent(r *reader, sizes []algorithmSize) (e Event, err error) {
	register, ok1 := r.u32()
	kind, ok2 := r.u32()
	count, ok3 := r.u32()
	if !ok1 || !ok2 || !ok3 {
		return e, errLogShort
	}
	if count > uint32(len(sizes)) || register > 0xFF {
		return e, errors.New("it has more digests than the log has algorithms")
	}
	e.Register, e.Type = int(register)-1, kind
	found := false
	for range count {
		id, ok := r.u16()
		if !ok {
			return e, errLogShort
		}
		size := -1
		for _, s := range sizes {
			if s.id == id {
				size = int(s.size)
			}
		}
		if size < 0 {
			return e, fmt.Errorf("digest of the unknown algorithm %#x", id)
		}
		digest, ok := r.take(size)
		if !ok {
			return e, errLogShort
		}
		if id == algSHA384 {
			e.Digest, found = [48]byte(digest), true
		}
	}
	n, ok := r.u32()
	if !ok || uint64(n) > uint64(len(r.b)) {
		return e, errLogShort
	}
	e.Data, _ = r.take(int(n))
	if !found && kind != eventNoAction {
		return e, errors.New("it has no SHA-384 digest")
	}
	return e, nil
}

// Replay returns the runtime registers after all events.
func Replay(events []Event) (out [4][48]byte) {
	for _, e := range events {
		out[e.Register] = sha512.Sum384(append(out[e.Register][:], e.Digest[:]...))
	}
	return out
}

// reader takes bytes off the front of a slice; every length is checked.
type reader struct{ b []byte }

func (r *reader) take(n int) ([]byte, bool) {
	if n < 0 || n > len(r.b) {
		return nil, false
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out, true
}

func (r *reader) u16() (uint16, bool) {
	b, ok := r.take(2)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint16(b), true
}

func (r *reader) u32() (uint32, bool) {
	b, ok := r.take(4)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}
