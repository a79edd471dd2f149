// Package tee is the worker's view of the trusted hardware below it: quotes,
// runtime measurements, and keys for sealing.
//
// [Guest] works on any machine that has Linux's configfs-tsm interface, which
// confidential VMs of TDX and SEV-SNP have, and which package sim plays in
// software. What comes out, a quote, goes to the chain, which checks it with
// package attest; this package believes nothing and checks nothing about
// others' quotes.
package tee

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/google/go-configfs-tsm/configfs/configfsi"
	"github.com/google/go-configfs-tsm/report"
	"github.com/google/go-configfs-tsm/rtmr"
)

// Kind is a kind of trusted hardware.
type Kind uint8

// The kinds of trusted hardware that a worker runs on.
const (
	TDX Kind = 1
	SNP Kind = 2 // AMD SEV-SNP
)

// String returns the kind's usual name.
func (k Kind) String() string {
	switch k {
	case TDX:
		return "TDX"
	case SNP:
		return "SEV-SNP"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// PlatformInfo says what a worker runs on, for its owner to read. Nobody else
// believes it.
type PlatformInfo struct {
	Kind      Kind
	Provider  string // as the kernel names it
	Simulated bool   // there is no hardware, and no confidentiality
	Notice    string // what a user must be told, or empty
}

// Backend is trusted hardware, real or simulated. It may be used by several
// goroutines at once.
type Backend interface {
	// PlatformInfo says what the hardware is.
	PlatformInfo() PlatformInfo
	// Quote returns evidence of the machine and its measurements that binds
	// the given bytes.
	Quote(reportData [64]byte) ([]byte, error)
	// ExtendEvent adds a named event to the runtime measurements. It cannot be
	// taken back. The error is ErrNoRegisters where the hardware has none.
	ExtendEvent(name string, payload []byte) error
	// SealingKey returns a key that only this program on this machine gets, and
	// gets again after a restart. Each context has another. It has no
	// freshness: what was sealed may be put back by the host. The error is
	// ErrNoSealing where the hardware has no such key.
	SealingKey(context string) (SealingKey, error)
}

// ErrNoSealing tells that the hardware gives no key that outlives a restart.
var ErrNoSealing = errors.New("hardware has no sealing key")

// ErrNoRegisters tells that the hardware measures nothing after the launch.
var ErrNoRegisters = errors.New("hardware has no runtime measurements")

// SealingKey is a secret of 32 bytes. It does not print itself.
type SealingKey struct{ key []byte }

// NewSealingKey makes a sealing key of 32 bytes, which it takes over.
func NewSealingKey(key []byte) SealingKey { return SealingKey{key} }

// Bytes returns the secret, which stays the key's own.
func (k SealingKey) Bytes() []byte { return k.key }

// LogValue hides the key from logs.
func (k SealingKey) LogValue() slog.Value { return slog.StringValue("[secret]") }

// Format hides the key from every verb of package fmt.
func (k SealingKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[secret]") }

// EventRegister is the runtime measurement register that events extend.
const EventRegister = 3

const eventType = 0x08000001

// EventDigest returns what an event extends its register by:
// SHA-384(event type u32 ‖ ":" ‖ name ‖ ":" ‖ payload). That is the encoding
// that dstack's tools replay, too.
func EventDigest(name string, payload []byte) [48]byte {
	b := binary.LittleEndian.AppendUint32(nil, eventType)
	b = append(b, ":"+name+":"...)
	return sha512.Sum384(append(b, payload...))
}

// Extend returns a register's value after it was extended by a digest.
func Extend(register, digest [48]byte) [48]byte {
	return sha512.Sum384(append(bytes.Clone(register[:]), digest[:]...))
}

// Guest is a [Backend] over Linux's configfs-tsm interface.
type Guest struct {
	client configfsi.Client
	info   PlatformInfo
	seal   func(context string) (SealingKey, error)
}

// NewGuest returns the backend behind a configfs-tsm client. Seal gives sealing
// keys; nil says that the hardware has none.
func NewGuest(client configfsi.Client, info PlatformInfo, seal func(context string) (SealingKey, error)) *Guest {
	return &Guest{client: client, info: info, seal: seal}
}

// PlatformInfo says what the hardware is.
func (g *Guest) PlatformInfo() PlatformInfo { return g.info }

// Quote asks for a quote over the given bytes.
func (g *Guest) Quote(reportData [64]byte) ([]byte, error) {
	r, err := report.Get(g.client, &report.Request{InBlob: reportData[:]})
	if err != nil {
		return nil, fmt.Errorf("get quote: %w", err)
	}
	if p := strings.TrimSpace(r.Provider); p != g.info.Provider {
		return nil, fmt.Errorf("get quote: provider is %q, not %q", p, g.info.Provider)
	}
	return r.OutBlob, nil
}

// ExtendEvent extends register 3 by the event's digest.
func (g *Guest) ExtendEvent(name string, payload []byte) error {
	d := EventDigest(name, payload)
	if err := rtmr.ExtendDigest(g.client, EventRegister, d[:]); err != nil {
		return fmt.Errorf("extend RTMR%d by %q: %w", EventRegister, name, err)
	}
	return nil
}

// SealingKey returns the hardware's key for a context.
func (g *Guest) SealingKey(context string) (SealingKey, error) {
	if g.seal == nil {
		return SealingKey{}, ErrNoSealing
	}
	return g.seal(context)
}
