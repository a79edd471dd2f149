//go:build !wasip1

package sdk

import (
	"maps"

	"golang.org/x/crypto/blake2b"
)

// World is a Host in memory, for unit tests of contracts. Set its fields
// between calls.
type World struct {
	From    AccountID // the next call's caller
	Address AccountID
	Amount  U128
	Time    uint64
	Number  uint32
	State   map[string][]byte
	Events  [][]byte
	// Others answers calls of other contracts; nil says that there are none.
	Others func(to AccountID, input []byte) ([]byte, CallStatus)

	input []byte
}

// Deploy runs the constructor that input names, and returns its output and
// whether it reverted.
func (w *World) Deploy(k *Contract, input []byte) ([]byte, bool) {
	return w.run(k, k.Constructors, input)
}

// Call runs the message that input names, and returns its output and whether it
// reverted; what a reverted call changed is undone.
func (w *World) Call(k *Contract, input []byte) ([]byte, bool) {
	return w.run(k, k.Messages, input)
}

func (w *World) run(k *Contract, entries []Entry, input []byte) ([]byte, bool) {
	if w.State == nil {
		w.State = map[string][]byte{}
	}
	before, events := maps.Clone(w.State), len(w.Events)
	w.input = input
	out, revert := k.Run(w, entries)
	if revert {
		w.State, w.Events = before, w.Events[:events]
	}
	return out, revert
}

// Input implements Host.
func (w *World) Input() []byte { return w.input }

// Caller implements Host.
func (w *World) Caller() AccountID { return w.From }

// Self implements Host.
func (w *World) Self() AccountID { return w.Address }

// Value implements Host.
func (w *World) Value() U128 { return w.Amount }

// Now implements Host.
func (w *World) Now() uint64 { return w.Time }

// Block implements Host.
func (w *World) Block() uint32 { return w.Number }

// Load implements Host.
func (w *World) Load(key []byte) ([]byte, bool) { v, ok := w.State[string(key)]; return v, ok }

// Store implements Host.
func (w *World) Store(key, value []byte) { w.State[string(key)] = append([]byte(nil), value...) }

// Remove implements Host.
func (w *World) Remove(key []byte) { delete(w.State, string(key)) }

// Emit implements Host.
func (w *World) Emit(_ []Hash, data []byte) {
	w.Events = append(w.Events, append([]byte(nil), data...))
}

// CallContract implements Host.
func (w *World) CallContract(to AccountID, input []byte) ([]byte, CallStatus) {
	if w.Others == nil {
		return nil, NoContract
	}
	return w.Others(to, input)
}

// Blake2b256 implements Host.
func (w *World) Blake2b256(data []byte) Hash { return blake2b.Sum256(data) }

// Debug implements Host.
func (w *World) Debug(string) {}
