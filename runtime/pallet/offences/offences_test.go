package offences_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
)

// Of equivocations: npos §8 of the reference, and what Paseo's runtime took of
// one, two and three of seven. Of being offline: the tests of
// pallet_im_online's UnresponsivenessOffence.
func TestFractions(t *testing.T) {
	for _, c := range []struct {
		f          func(k, n uint32) uint32
		k, n, want uint32
	}{
		{offences.Equivocation, 1, 100, 900_000}, {offences.Equivocation, 10, 100, 90_000_000}, {offences.Equivocation, 34, 100, 1_000_000_000},
		{offences.Equivocation, 1, 7, 183_673_468}, {offences.Equivocation, 2, 7, 734_693_877}, {offences.Equivocation, 3, 7, 1_000_000_000},
		{offences.Equivocation, 1, 0, 1_000_000_000},
		{offences.Unresponsive, 1, 50, 0}, {offences.Unresponsive, 5, 50, 0}, {offences.Unresponsive, 7, 50, 4_200_000},
		{offences.Unresponsive, 17, 50, 46_200_000}, {offences.Unresponsive, 50, 50, 70_000_000}, {offences.Unresponsive, 1, 0, 0},
	} {
		if got := c.f(c.k, c.n); got != c.want {
			t.Errorf("%d of %d: %d, want %d", c.k, c.n, got, c.want)
		}
	}
}

// world has a validator whose engine key served in the sessions 1 and 2, of ten
// blocks each.
type world struct {
	*frametest.Chain
	pallet   *offences.Pallet
	key      keys.Pair
	punished []punishment
}

type punishment struct {
	who               []chain.AccountID
	fraction, session uint32
}

var thief, snitch = chain.AccountID{7}, chain.AccountID{8}

func (w *world) SetSize(_ *frame.Context, session uint32) (uint32, bool) { return 10, session > 0 }
func (w *world) Punish(_ *frame.Context, list []offences.OffenceDetails, fraction, session uint32) {
	p := punishment{fraction: fraction, session: session}
	for _, d := range list {
		p.who = append(p.who, d.Offender)
	}
	w.punished = append(w.punished, p)
}
func (w *world) SessionOf(_ *frame.Context, number chain.BlockNumber) uint32 { return number / 10 }
func (w *world) EngineOwner(_ *frame.Context, key [32]byte, session uint32) (chain.AccountID, bool) {
	return thief, key == [32]byte(w.key.Public()) && session < 3
}

func newWorld(t *testing.T) *world {
	w := &world{Chain: frametest.New(t)}
	var err error
	if w.key, err = keys.FromURI(keys.Ed25519, "//thief"); err != nil {
		t.Fatal(err)
	}
	w.pallet = &offences.Pallet{Punisher: w, Keys: w, Blocks: w.Chain}
	w.Start(frame.At{Index: 7, Module: w.pallet})
	w.pallet.EngineChain.Put(w.Context(), "tacit")
	w.Number = 100
	return w
}

// prove is a proof of two votes at a height.
func (w *world) prove(height uint64, change ...func(*offences.EngineProof)) offences.EngineProof {
	e := offences.EngineProof{Key: [32]byte(w.key.Public()), Precommit: true, Height: height, Round: 1}
	e.First = offences.EngineVote{Block: &offences.BlockPart{Hash: [32]byte{1}, PartsTotal: 1, PartsHash: [32]byte{2}}, Seconds: 5, Nanos: 6}
	e.Second = offences.EngineVote{Block: &offences.BlockPart{Hash: [32]byte{3}, PartsTotal: 1, PartsHash: [32]byte{2}}, Seconds: 7}
	for _, f := range change {
		f(&e)
	}
	e.First.Signature = [64]byte(w.key.Sign(e.SignBytes(e.First, "tacit")))
	e.Second.Signature = [64]byte(w.key.Sign(e.SignBytes(e.Second, "tacit")))
	return e
}

func TestEngineProofs(t *testing.T) {
	for name, c := range map[string]struct {
		proof func(*world) offences.EngineProof
		want  error
	}{
		"good": {func(w *world) offences.EngineProof { return w.prove(15) }, nil},
		"for nothing and for a block": {func(w *world) offences.EngineProof {
			return w.prove(15, func(e *offences.EngineProof) { e.First.Block = nil })
		}, nil},
		"prevotes": {func(w *world) offences.EngineProof {
			return w.prove(15, func(e *offences.EngineProof) { e.Precommit, e.Round = false, 0 })
		}, nil},
		"for one block": {func(w *world) offences.EngineProof {
			return w.prove(15, func(e *offences.EngineProof) { e.Second.Block = e.First.Block })
		}, offences.ErrInvalidEquivocationProof},
		"twice for nothing": {func(w *world) offences.EngineProof {
			return w.prove(15, func(e *offences.EngineProof) { e.First.Block, e.Second.Block = nil, nil })
		}, offences.ErrInvalidEquivocationProof},
		"forged": {func(w *world) offences.EngineProof {
			e := w.prove(15)
			e.Second.Signature[5] ^= 1
			return e
		}, offences.ErrInvalidEquivocationProof},
		"of another round": {func(w *world) offences.EngineProof {
			e := w.prove(15)
			e.Round++
			return e
		}, offences.ErrInvalidEquivocationProof},
		"of another chain": {func(w *world) offences.EngineProof {
			e := w.prove(15)
			e.First.Signature = [64]byte(w.key.Sign(e.SignBytes(e.First, "other")))
			return e
		}, offences.ErrInvalidEquivocationProof},
		"another's key": {func(w *world) offences.EngineProof {
			e := w.prove(15)
			e.Key[0] ^= 1
			return e
		}, offences.ErrInvalidEquivocationProof},
		"when it did not serve": {func(w *world) offences.EngineProof { return w.prove(45) }, offences.ErrInvalidEquivocationProof},
		"too long ago":          {func(w *world) offences.EngineProof { return w.prove(5) }, offences.ErrInvalidEquivocationProof},
		"of a block to come":    {func(w *world) offences.EngineProof { return w.prove(102) }, offences.ErrInvalidEquivocationProof},
		"of no block":           {func(w *world) offences.EngineProof { return w.prove(0) }, offences.ErrInvalidEquivocationProof},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			proof := c.proof(w)
			if err := w.Signed(snitch, offences.ReportEngineEquivocation{Proof: proof}); !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			_, err := w.pallet.ValidateBare(w.Context(), frame.External, offences.ReportEngineEquivocationUnsigned{Proof: proof})
			if c.want == nil {
				want := []punishment{{[]chain.AccountID{thief}, 90_000_000, 1}}
				if !reflect.DeepEqual(w.punished, want) {
					t.Errorf("punished %+v, want %+v", w.punished, want)
				}
				if err != (frame.Invalid{Reason: frame.Stale{}}) {
					t.Errorf("again, bare: %v", err)
				}
				if err := w.Signed(snitch, offences.ReportEngineEquivocation{Proof: proof}); !errors.Is(err, offences.ErrDuplicateOffenceReport) {
					t.Errorf("again: %v", err)
				}
			} else if err != (frame.Invalid{Reason: frame.BadProof{}}) || len(w.punished) > 0 {
				t.Errorf("bare: %v, punished %v", err, w.punished)
			}
		})
	}
}

// However many rounds and heights of a session a key voted twice in, it is one
// offence.
func TestOneReportASession(t *testing.T) {
	w := newWorld(t)
	if err := w.Signed(snitch, offences.ReportEngineEquivocation{Proof: w.prove(15)}); err != nil {
		t.Fatal(err)
	}
	for name, proof := range map[string]offences.EngineProof{
		"another height": w.prove(16), "another round": w.prove(15, func(e *offences.EngineProof) { e.Round = 9 }),
	} {
		if _, err := w.pallet.ValidateBare(w.Context(), frame.External, offences.ReportEngineEquivocationUnsigned{Proof: proof}); err != (frame.Invalid{Reason: frame.Stale{}}) {
			t.Errorf("%s, bare: %v", name, err)
		}
		if err := w.Signed(snitch, offences.ReportEngineEquivocation{Proof: proof}); !errors.Is(err, offences.ErrDuplicateOffenceReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.Signed(snitch, offences.ReportEngineEquivocation{Proof: w.prove(25)}); err != nil {
		t.Errorf("another session: %v", err)
	}
}

// All who did the same at the same time are punished alike, by how many they
// are by then.
func TestTogether(t *testing.T) {
	w := newWorld(t)
	r := offences.Report{Kind: offences.Offline, TimeSlot: []byte{1}, Session: 1, Offenders: []chain.AccountID{{1}, {2}}, Fraction: offences.Equivocation}
	if !w.pallet.Report(w.Context(), r) || w.pallet.Report(w.Context(), r) {
		t.Error("it is not taken once")
	}
	r.Offenders = []chain.AccountID{{2}, {3}}
	w.pallet.Report(w.Context(), r)
	r.TimeSlot = []byte{2}
	w.pallet.Report(w.Context(), r)
	want := []punishment{
		{[]chain.AccountID{{1}, {2}}, 360_000_000, 1}, {[]chain.AccountID{{1}, {2}, {3}}, 810_000_000, 1}, {[]chain.AccountID{{2}, {3}}, 360_000_000, 1},
	}
	if !reflect.DeepEqual(w.punished, want) {
		t.Errorf("punished %+v, want %+v", w.punished, want)
	}
	w.pallet.Forget(w.Context(), 1)
	if w.pallet.Known(w.Context(), r.Kind, r.TimeSlot, chain.AccountID{2}) || len(w.pallet.ConcurrentReportsIndex.Get(w.Context(), r.Kind, r.TimeSlot)) > 0 {
		t.Error("what is too long ago is remembered")
	}
}
