package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/web"
	"github.com/tacit-network/tacit/worker/wire"
)

// faults is what the console of tacit dev may break, to see what comes of it.
type faults struct {
	rpc      string
	enclave  *process
	operator keys.Pair
	lines    *devLines
	relay    *relaySwitch
	token    string // of this run
}

// actions are what the page may ask for.
func (f *faults) actions() map[string]web.Action {
	return map[string]web.Action{
		"state": func(context.Context, []byte) (any, error) { return f.state(), nil },
		"kill":  func(context.Context, []byte) (any, error) { return f.state(), f.enclave.kill() },
		"cut":   func(context.Context, []byte) (any, error) { f.relay.set(false); return f.state(), nil },
		"join":  func(context.Context, []byte) (any, error) { f.relay.set(true); return f.state(), nil },
		"quote": f.tamper,
	}
}

// devState is what the page shows of the programs.
type devState struct {
	Worker bool     `json:"worker"` // it answers
	Relay  bool     `json:"relay"`  // it is not cut
	Node   []string `json:"node"`   // its last lines
	Lines  []string `json:"lines"`  // the worker's
}

func (f *faults) state() devState {
	return devState{f.enclave.url() != "", f.relay.on(), f.lines.node.last(), f.lines.worker.last()}
}

// parts are what the page may tamper with in a quote of TDX, by the place of one
// byte: Intel's header has 48 bytes, the report 584 with the measurement at 136
// and the data of the worker's own at 520, and the signature follows its length.
var parts = map[string]struct {
	at   int
	what string
}{
	"measurement": {48 + 136, "the measurement of the program"},
	"report":      {48 + 520, "the hash of what the worker says of itself"},
	"signature":   {48 + 584 + 4, "the signature of the machine"},
}

// tampered is what became of a quote with a flipped bit.
type tampered struct {
	What    string `json:"what"`
	At      int    `json:"at"`
	Bytes   int    `json:"bytes"`
	Refused string `json:"refused"` // the chain's error
	Because string `json:"because"`
}

// tamper has the worker make a quote that is good, flips one bit of it, and has
// the chain judge that.
func (f *faults) tamper(ctx context.Context, body []byte) (any, error) {
	var ask struct{ Part string }
	part, known := parts["measurement"], true
	if len(body) > 0 {
		if err := json.Unmarshal(body, &ask); err != nil {
			return nil, fmt.Errorf("%w: %w", web.ErrBadAction, err)
		}
		part, known = parts[ask.Part]
	}
	if !known {
		return nil, fmt.Errorf("%w: no part %q of a quote", web.ErrBadAction, ask.Part)
	}
	url := f.enclave.url()
	if url == "" {
		return nil, errors.New("the worker is starting")
	}
	var out tampered
	err := client.With(ctx, f.rpc, func(ctx context.Context, c *client.Client) error {
		head, err := c.Header(ctx, nil)
		if err != nil {
			return err
		}
		w := wire.NewClient(url, nil)
		info, err := w.Info(ctx)
		if err != nil {
			return err
		}
		ev, err := w.Register(ctx, wire.Register{
			Operator: f.operator.AccountID(), Block: head.Number, BlockHash: head.Hash(), LeastEpoch: max(info.BootEpoch, info.Promised) + 1,
		})
		if err != nil {
			return err
		}
		if len(ev.Quote) <= part.at {
			return fmt.Errorf("the worker gave a quote of %d bytes", len(ev.Quote))
		}
		ev.Quote[part.at] ^= 1
		_, err = c.Submit(ctx, f.operator, registry.Register{Info: ev.Info, Quote: ev.Quote, Nonce: ev.Nonce, Signature: ev.Signature}, client.UntilInBlock)
		refused, ok := errors.AsType[*client.Failure](err)
		switch {
		case err == nil:
			return errors.New("the chain accepted it, which must not be")
		case !ok:
			return err
		}
		out = tampered{part.what, part.at, len(ev.Quote), refused.Name, reasons[refused.Name]}
		return nil
	})
	return out, err
}

// relaySwitch cuts a relay off, and lets it go on.
type relaySwitch struct {
	mu      sync.Mutex
	cut     bool          // guarded by mu
	changed chan struct{} // guarded by mu; closed when cut changes
}

func newSwitch() *relaySwitch { return &relaySwitch{changed: make(chan struct{})} }

func (s *relaySwitch) on() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.cut
}

func (s *relaySwitch) set(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut == on {
		s.cut = !on
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// run runs a relay whenever it is not cut, until ctx ends or the relay fails.
func (s *relaySwitch) run(ctx context.Context, relay func(context.Context) error) error {
	for ctx.Err() == nil {
		s.mu.Lock()
		cut, changed := s.cut, s.changed
		s.mu.Unlock()
		if cut {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		inner, cancel := context.WithCancel(ctx)
		stop := make(chan struct{})
		go func() {
			select {
			case <-changed:
				cancel()
			case <-stop:
			}
		}()
		err := relay(inner)
		wanted := inner.Err() != nil
		close(stop)
		cancel()
		if err != nil && !wanted {
			return err
		}
	}
	return nil
}

// devLines are the last lines of what the programs said.
type devLines struct{ node, worker lastLines }

// How much of it is kept.
const (
	maxLines = 60
	maxLine  = 400
)

// lastLines keeps the last lines that were written to it.
type lastLines struct {
	mu   sync.Mutex
	list []string // guarded by mu, as is what follows
	part []byte   // of a line that has not ended
}

// Write implements io.Writer.
func (l *lastLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range b {
		switch {
		case c == '\n':
			l.list = append(l.list, strings.ToValidUTF8(string(l.part), "\uFFFD"))
			l.list = l.list[max(0, len(l.list)-maxLines):]
			l.part = l.part[:0]
		case len(l.part) < maxLine:
			l.part = append(l.part, c)
		}
	}
	return len(b), nil
}

// last returns the lines, the oldest first.
func (l *lastLines) last() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.list...)
}
