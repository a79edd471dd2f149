package utility_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/scale"
)

var alice, bob = chain.AccountID{1}, chain.AccountID{2}

type world struct {
	*frametest.Chain
	money *balances.Pallet
}

// start is a chain on which Alice has 1000.
func start(t *testing.T) *world {
	w := &world{Chain: frametest.New(t)}
	sys := &system.Pallet{}
	w.money = &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: scale.U64(10)}}
	w.Start(
		frame.At{Index: 0, Module: sys}, frame.At{Index: 3, Module: w.money},
		frame.At{Index: 1, Module: &utility.Pallet{Config: utility.Config{BatchedCallsLimit: 3}}},
	)
	if err := w.money.Endow(w.Context(), alice, scale.U64(1000)); err != nil {
		t.Fatal(err)
	}
	w.Take()
	return w
}

func (w *world) pay(amount uint64) frame.AnyCall {
	return w.Runtime.CallOf(balances.TransferKeepAlive{Dest: chain.AddressID{ID: bob}, Value: scale.U64(amount)})
}

// last is the last event, if there is one.
func (w *world) last() any {
	events := w.Take()
	if len(events) == 0 {
		return nil
	}
	return events[len(events)-1]
}

// The rules of if_else and dispatch_as_fallible are those of pallet_utility's
// documentation.
func TestIfElse(t *testing.T) {
	w := start(t)
	unavailable := frame.ErrToken{Kind: frame.FundsUnavailable}
	for _, c := range []struct {
		name           string
		main, fallback uint64
		err            error
		event          any
	}{
		{"main", 20, 30, nil, utility.IfElseMainSuccess{}},
		{"fallback", 999, 30, nil, utility.IfElseFallbackCalled{MainError: unavailable}},
		{"neither", 999, 998, unavailable, nil},
	} {
		before := w.money.Spendable(w.Context(), alice, true)
		err := w.Signed(alice, utility.IfElse{Main: w.pay(c.main), Fallback: w.pay(c.fallback)})
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
		if got := w.last(); c.event != nil && !reflect.DeepEqual(got, c.event) {
			t.Errorf("%s: event %+v, want %+v", c.name, got, c.event)
		}
		paid := map[string]uint64{"main": 20, "fallback": 30}[c.name]
		if after := w.money.Spendable(w.Context(), alice, true); before.SubSat(after) != scale.U64(paid) {
			t.Errorf("%s: Alice has %s of %s", c.name, after, before)
		}
	}
	if err := w.Bare(utility.IfElse{Main: w.pay(1), Fallback: w.pay(1)}); !errors.Is(err, frame.ErrBadOrigin{}) {
		t.Errorf("from nobody: %v", err)
	}
}

func TestDispatchAs(t *testing.T) {
	w := start(t)
	as := frame.SystemOrigin{Origin: frame.Signed{Who: alice}}
	if err := w.Signed(alice, utility.DispatchAsFallible{AsOrigin: as, Call: w.pay(1)}); !errors.Is(err, frame.ErrBadOrigin{}) {
		t.Errorf("by a user: %v", err)
	}
	if err := w.Root(utility.DispatchAsFallible{AsOrigin: as, Call: w.pay(5000)}); !errors.Is(err, frame.ErrToken{Kind: frame.FundsUnavailable}) &&
		!errors.Is(err, frame.ErrArithmetic{Kind: frame.Underflow}) {
		t.Errorf("a call that fails: %v", err)
	}
	if err := w.Root(utility.DispatchAs{AsOrigin: as, Call: w.pay(5000)}); err != nil {
		t.Errorf("a call that fails, infallibly: %v", err)
	}
	w.Take()
	if err := w.Root(utility.DispatchAsFallible{AsOrigin: as, Call: w.pay(50)}); err != nil {
		t.Error(err)
	}
	if got := w.last(); !reflect.DeepEqual(got, utility.DispatchedAs{Result: scale.Ok[struct{}, frame.DispatchError](struct{}{})}) {
		t.Errorf("event %+v", got)
	}
}

func TestLimits(t *testing.T) {
	w := start(t)
	long := []frame.AnyCall{w.pay(1), w.pay(1), w.pay(1), w.pay(1)}
	for name, call := range map[string]any{
		"batch": utility.Batch{Calls: long}, "batch_all": utility.BatchAll{Calls: long}, "force_batch": utility.ForceBatch{Calls: long},
	} {
		if err := w.Signed(alice, call); !errors.Is(err, utility.ErrTooManyCalls) {
			t.Errorf("%s of 4 where 3 may be: %v", name, err)
		}
	}
	// However deep a call that decodes is, it can be made; and there is an end.
	nested, depth := w.pay(20), 0
	for {
		deeper := w.Runtime.CallOf(utility.Batch{Calls: []frame.AnyCall{nested}})
		if _, err := w.Runtime.DecodeCall(scale.Marshal(deeper)); err != nil {
			break
		}
		if nested, depth = deeper, depth+1; depth > 256 {
			t.Fatal("calls nest without end")
		}
	}
	if depth < 8 {
		t.Errorf("calls nest only %d deep", depth)
	}
	before := w.money.Spendable(w.Context(), alice, true)
	if err := w.Signed(alice, nested.Args); err != nil || before == w.money.Spendable(w.Context(), alice, true) {
		t.Errorf("a call %d deep: %v", depth, err)
	}
}

// A batch weighs what its calls weigh, and gives back what those that were not
// made would have.
func TestWeights(t *testing.T) {
	w := start(t)
	pay := w.Runtime.Weight(w.pay(1))
	whole := w.Runtime.Weight(w.Runtime.CallOf(utility.Batch{Calls: []frame.AnyCall{w.pay(1), w.pay(1), w.pay(1)}}))
	if least := pay.Add(pay).Add(pay); !whole.Exceeds(least) {
		t.Errorf("three calls of %d weigh %d in a batch", pay.RefTime, whole.RefTime)
	}
	spent, err := w.Spent(alice, utility.Batch{Calls: []frame.AnyCall{w.pay(5000), w.pay(1), w.pay(1)}})
	if err != nil || spent.Add(pay).Add(pay).RefTime > whole.RefTime {
		t.Errorf("interrupted at once, a batch weighs %d of %d, %v", spent.RefTime, whole.RefTime, err)
	}
	spent, err = w.Spent(alice, utility.ForceBatch{Calls: []frame.AnyCall{w.pay(5000), w.pay(11), w.pay(11)}})
	if err != nil || spent != whole {
		t.Errorf("made whole, a batch weighs %d of %d, %v", spent.RefTime, whole.RefTime, err)
	}
	own := w.Runtime.CallOf(utility.WithWeight{Call: w.pay(1), Weight: frame.Weight{RefTime: 7, ProofSize: 8}})
	if got := w.Runtime.Weight(own); got != (frame.Weight{RefTime: 7, ProofSize: 8}) {
		t.Errorf("with_weight weighs %+v", got)
	}
	operational := w.Runtime.CallOf(system.SetStorage{})
	for _, c := range []struct {
		name  string
		calls []frame.AnyCall
		want  frame.Class
	}{
		{"operational alone", []frame.AnyCall{operational, operational}, frame.Operational},
		{"one normal", []frame.AnyCall{operational, w.pay(1)}, frame.Normal},
	} {
		if got := w.Runtime.Info(w.Runtime.CallOf(utility.Batch{Calls: c.calls})).Class; got != c.want {
			t.Errorf("%s: class %v, want %v", c.name, got, c.want)
		}
	}
}
