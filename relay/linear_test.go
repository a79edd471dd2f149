package relay_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// step is one operation on a store of counters: add to the counter of a key, or
// read it.
type step struct {
	key int
	add int // 0 reads
}

// counters is the store that clients should believe they talk to: each key is a
// counter of its own.
var counters = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := make([][]porcupine.Operation, keysOfStore)
		for _, o := range history {
			byKey[o.Input.(step).key] = append(byKey[o.Input.(step).key], o)
		}
		return byKey
	},
	Init: func() any { return 0 },
	Step: func(state, in, out any) (bool, any) {
		if add := in.(step).add; add > 0 {
			return true, state.(int) + add
		}
		return out == state, state
	},
}

const (
	keysOfStore = 2
	readsOfEach = 10 // at least, of each client that reads
	cutsAtLeast = 12 // of cables
)

// history is what clients did, and when.
type history struct {
	began time.Time
	mu    sync.Mutex
	list  []porcupine.Operation // guarded by mu
}

func (h *history) now() int64 { return time.Since(h.began).Nanoseconds() }

func (h *history) note(client int, in step, call int64, out int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: h.now()})
}

// A history that is not linearizable is found to be none: a read that goes back.
func TestModelOfCounters(t *testing.T) {
	list := []porcupine.Operation{
		{Input: step{add: 5}, Call: 0, Output: 0, Return: 1},
		{Input: step{}, Call: 2, Output: 5, Return: 3},
		{Input: step{}, Call: 4, Output: 0, Return: 5},
	}
	if porcupine.CheckOperations(counters, list) || !porcupine.CheckOperations(counters, list[:2]) {
		t.Error("the model does not tell good from bad")
	}
}

// Two clients raise counters and two read them, of whatever member answers, while
// the members and their relays are killed again and again, and cut off from the
// chain, from each other and from the clients. What the clients saw is what one
// store, that does one thing at a time, could have answered.
func TestLinearizable(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := newWorld(t, ctx)
	t.Cleanup(cancel)
	enclaves := []*enclave{w.enclave("//operator"), w.enclave("//operator//2")}
	stops := make([]func(), len(enclaves))
	var cables []*cable // two of each member: its relay to the node, all others to it
	for i, e := range enclaves {
		up, door := newCable(t, strings.TrimPrefix(w.node, "ws://")), newCable(t, e.addr)
		e.through, e.door, cables = "ws://"+up.addr(), door.addr(), append(cables, up, door)
		stops[i] = e.startRelay(ctx)
	}
	defer func() {
		for _, stop := range stops {
			stop()
		}
	}()
	h := newHello(t)
	past := &history{began: time.Now()}
	err := client.With(ctx, w.node, func(ctx context.Context, c *client.Client) error {
		if err := registered(ctx, c, 2); err != nil {
			return err
		}
		id, err := c.CreateCluster(ctx, w.alice, 2)
		if err != nil {
			return err
		}
		code, err := c.Upload(ctx, w.alice, bundle.Packed())
		if err != nil {
			return err
		}
		store := make([]hash.H256, keysOfStore)
		for i := range store {
			if store[i], _, err = c.Instantiate(ctx, w.alice, id, code, []byte{byte(i)}, h.input("new")); err != nil {
				return err
			}
		}
		var work errgroup.Group
		var cuts atomic.Int64
		over, progress := make(chan struct{}), make(chan struct{}, 1)
		for i, who := range []keys.Pair{w.alice, account(t, "//Bob")} {
			work.Go(func() error {
				rng := rand.New(rand.NewPCG(7, uint64(i)))
				for n := 0; n < 15 || cuts.Load() < cutsAtLeast; n++ {
					in := step{rng.IntN(keysOfStore), 1 + rng.IntN(9)}
					call := past.now()
					if _, err := c.Command(ctx, who, store[in.key], h.input("increment", strconv.Itoa(in.add))); err != nil {
						return fmt.Errorf("increment: %w", err)
					}
					past.note(i, in, call, 0)
					select {
					case progress <- struct{}{}:
					default:
					}
				}
				return nil
			})
		}
		var reads errgroup.Group
		for i := range 2 {
			reads.Go(func() error {
				rng := rand.New(rand.NewPCG(8, uint64(i)))
				for n := 0; ; {
					select {
					case <-over:
						if n >= readsOfEach {
							return nil
						}
					default:
					}
					in := step{key: rng.IntN(keysOfStore)}
					call := past.now()
					// As of the newest block when it is asked: what anybody was
					// told before is in it.
					head, err := c.Header(ctx, nil)
					if err != nil {
						return err
					}
					a, err := c.Query(ctx, w.alice, store[in.key], head.Number, h.input("get"))
					if err != nil {
						if ctx.Err() != nil {
							return ctx.Err()
						}
						continue // of a member that was killed
					}
					value, err := strconv.Atoi(h.text("get", a.Output))
					if err != nil {
						return err
					}
					past.note(2+i, in, call, value)
					n++
				}
			})
		}
		var faults errgroup.Group
		faults.Go(func() error {
			rng := rand.New(rand.NewPCG(9, 9))
			for n := 1; ; n++ {
				// On a slow machine a member may take longer to come back than it
				// lives: now and then something is to be done.
				if n%4 == 0 {
					select {
					case <-over:
						return nil
					case <-progress:
					}
				}
				select {
				case <-over:
					return nil
				case <-time.After(time.Duration(200+rng.IntN(400)) * time.Millisecond):
				}
				i := rng.IntN(2)
				e, pause := enclaves[i], func(most int) { time.Sleep(time.Duration(rng.IntN(most)) * time.Millisecond) }
				switch rng.IntN(4) {
				case 0:
					stops[i]()
					stops[i] = e.startRelay(ctx)
				case 1, 2: // of one member one way or both, or of both members
					var cut []*cable
					for _, c := range cables {
						if rng.IntN(2) == 0 {
							c.cut()
							cut = append(cut, c)
						}
					}
					cuts.Add(int64(len(cut)))
					pause(800)
					for _, c := range cut {
						c.mend(rng.IntN(2) == 0)
					}
				case 3:
					e.halt()
					pause(200)
					e.boot(nil)
				}
			}
		})
		err = work.Wait()
		close(over)
		return errors.Join(err, reads.Wait(), faults.Wait())
	})
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, c := range cables {
		held += c.heldBack()
	}
	t.Logf("%d operations, %d messages held back in cut cables", len(past.list), held)
	if held == 0 {
		t.Error("nothing was ever held back")
	}
	if porcupine.CheckOperationsTimeout(counters, past.list, time.Minute) != porcupine.Ok {
		t.Errorf("no store could have answered like that: %+v", past.list)
	}
}
