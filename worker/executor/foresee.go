package executor

import (
	"fmt"
	"slices"
	"sync"

	"github.com/tacit-network/tacit/contract/host"
)

// A question to the worker takes longer than most calls that ask it: another
// process has to wake up, twice. So a call brings what its like read the last
// time, and the executor asks for the rest. Alike are calls of one contract by
// one caller for one message. What other callers read decides nothing, or the
// time that a call takes would tell of them.

// Limits of what is foreseen.
const (
	maxForeseen      = 16       // values of a call
	maxForeseenBytes = 16 << 10 // of all its values
	maxAlike         = 512      // kinds of calls, of one executor
	selector         = 4        // bytes of the input that name the message
)

// alike is what calls have in common that read the same.
type alike struct {
	contract, caller [32]byte
	message          [selector]byte
}

func alikeOf(e host.Env) alike {
	a := alike{contract: e.Address, caller: e.Caller}
	copy(a.message[:], e.Input)
	return a
}

// foreseen is a stored value that a call probably reads.
type foreseen struct {
	At    place
	Value value
}

// foresight remembers what calls read. The zero value is ready.
type foresight struct {
	mu   sync.Mutex // guards what follows
	read map[alike][]place
}

// of returns what was read by a call like it.
func (f *foresight) of(a alike) []place {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read[a]
}

// learn remembers what a call read; there are no more than maxForeseen.
func (f *foresight) learn(a alike, read []place) error {
	if len(read) > maxForeseen {
		return fmt.Errorf("%w: %d reads are told", errFrame, len(read))
	}
	for _, p := range read {
		if len(p.Key) > maxStoredKey {
			return fmt.Errorf("%w: a name of %d bytes", errFrame, len(p.Key))
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.read == nil || len(f.read) >= maxAlike {
		f.read = map[alike][]place{}
	}
	f.read[a] = read
	return nil
}

// foresee reads what the call probably will.
func (a *asked) foresee() (out []foreseen) {
	room := maxForeseenBytes
	for _, p := range a.foresight.of(alikeOf(a.env)) {
		v := found(a.state(p.Contract).Get(p.Key))
		if room -= len(v.Bytes); room < 0 {
			break
		}
		out = append(out, foreseen{p, v})
	}
	return out
}

// reading is what a call has read, as the executor sees it.
type reading struct {
	values map[string]value // by contract ‖ key
	order  []place          // the first maxForeseen that the call looked at
}

func newReading(known []foreseen) *reading {
	r := &reading{values: make(map[string]value, len(known))}
	for _, f := range known {
		r.values[f.At.name()] = f.Value
	}
	return r
}

func (p place) name() string { return string(p.Contract[:]) + string(p.Key) }

// get returns a value, which ask asks for when it did not come with the call.
func (r *reading) get(p place, ask func() value) value {
	name := p.name()
	v, known := r.values[name]
	if !known {
		v = ask()
		r.values[name] = v
	}
	if len(r.order) < maxForeseen && !slices.ContainsFunc(r.order, func(o place) bool { return o.name() == name }) {
		r.order = append(r.order, p)
	}
	return v
}
