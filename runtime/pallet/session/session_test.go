package session_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/scale"
)

// world is the pallet with accounts that are counted, and a log of sessions.
type world struct {
	*frametest.Chain
	pallet    *session.Pallet
	consumers map[chain.AccountID]int
	log       []handed
}

type handed struct {
	changed bool
	index   uint32
	keys    []session.Keys
}

func (w *world) Consume(_ *frame.Context, who chain.AccountID) error {
	if who == (chain.AccountID{}) {
		return frame.ErrNoProviders{}
	}
	w.consumers[who]++
	return nil
}
func (w *world) Unconsume(_ *frame.Context, who chain.AccountID) { w.consumers[who]-- }
func (w *world) Provide(*frame.Context, chain.AccountID)         {}
func (w *world) OnNewSession(_ *frame.Context, changed bool, index uint32, list []session.Keys) {
	w.log = append(w.log, handed{changed, index, list})
}

// person is a validator with its secrets.
type person struct {
	account          chain.AccountID
	gran, engn, bcon keys.Pair
}

func newPerson(t *testing.T, name string) person {
	pair := func(scheme keys.Scheme, path string) keys.Pair {
		p, err := keys.FromURI(scheme, name+path)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	return person{pair(keys.Sr25519, "").AccountID(), pair(keys.Ed25519, "//g"), pair(keys.Ed25519, "//e"), pair(keys.Sr25519, "//b")}
}

func (p person) keys() session.Keys {
	return session.Keys{
		Grandpa: session.GrandpaKey(p.gran.Public()), Engine: session.EngineKey(p.engn.Public()), Beacon: session.BeaconKey(p.bcon.Public()),
	}
}

func (p person) proof(owner chain.AccountID) []byte {
	m := session.ProofPayload(owner)
	return scale.Marshal(session.Proof{
		Grandpa: [64]byte(p.gran.Sign(m)), Engine: [64]byte(p.engn.Sign(m)), Beacon: [64]byte(p.bcon.Sign(m)),
	})
}

func (p person) set(of person) session.SetKeys {
	return session.SetKeys{Keys: of.keys(), Proof: of.proof(p.account)}
}

func newWorld(t *testing.T, period chain.BlockNumber, first ...person) *world {
	w := &world{Chain: frametest.New(t), consumers: map[chain.AccountID]int{}}
	w.pallet = &session.Pallet{Config: session.Config{MaxValidators: 4}, Accounts: w, Blocks: w.Chain, Handler: w}
	w.Start(frame.At{Index: 8, Module: w.pallet})
	var list []session.Validator
	for _, p := range first {
		list = append(list, session.Validator{Account: p.account, Keys: p.keys()})
	}
	if err := w.pallet.Start(w.Context(), period, list); err != nil {
		t.Fatal(err)
	}
	return w
}

// block goes on to a block.
func (w *world) block(n chain.BlockNumber) {
	for w.Number < n {
		w.Number++
		w.pallet.OnInitialize(w.Context())
	}
}

// Keys that are set in a session count from the session after the next, and a
// session that has other keys or validators than the one before says so. The
// order of steps is that of rotate_session in pallet_session.
func TestRotation(t *testing.T) {
	a, b, c := newPerson(t, "//a"), newPerson(t, "//b"), newPerson(t, "//c")
	w := newWorld(t, 10, a, b)
	w.block(9)
	if err := w.Signed(c.account, c.set(c)); err != nil {
		t.Fatal(err)
	}
	if err := w.Root(session.SetValidators{Validators: []chain.AccountID{b.account, c.account}}); err != nil {
		t.Fatal(err)
	}
	if len(w.log) != 0 {
		t.Fatalf("sessions before the first ends: %v", w.log)
	}
	w.block(10)
	want := []any{session.NewQueued{}, session.NewSession{SessionIndex: 1}}
	if got := w.Take(); !reflect.DeepEqual(got, want) {
		t.Errorf("block 10: got %v, want %v", got, want)
	}
	a2 := newPerson(t, "//a//2")
	if err := w.Signed(b.account, b.set(a2)); err != nil { // b takes other keys
		t.Fatal(err)
	}
	w.block(40)
	b2 := a2.keys()
	if want := []handed{
		{false, 1, []session.Keys{a.keys(), b.keys()}},
		{true, 2, []session.Keys{b.keys(), c.keys()}},
		{true, 3, []session.Keys{b2, c.keys()}},
		{false, 4, []session.Keys{b2, c.keys()}},
	}; !reflect.DeepEqual(w.log, want) {
		t.Errorf("got\n%v, want\n%v", w.log, want)
	}
	// The blocks up to the one that ends a set are finalised by that set.
	for target, want := range map[chain.BlockNumber]session.Keys{29: b.keys(), 30: b.keys(), 31: b2, 40: b2} {
		if _, got := w.pallet.Finalisers(w.Context(), target); got[0] != want {
			t.Errorf("block %d is finalised by other keys", target)
		}
	}
}

// A set changes in each of two blocks, one after the other.
func TestConsecutive(t *testing.T) {
	a, b, c := newPerson(t, "//a"), newPerson(t, "//b"), newPerson(t, "//c")
	w := newWorld(t, 1, a, b, c)
	for _, set := range [][]person{{a}, {b}, {c}} {
		if err := w.Root(session.SetValidators{Validators: []chain.AccountID{set[0].account}}); err != nil {
			t.Fatal(err)
		}
		w.block(w.Number + 1)
	}
	w.block(w.Number + 2) // planned in 1, 2 and 3: blocks 3, 4 and 5 hand over
	for target, want := range map[chain.BlockNumber]int{2: 3, 3: 3, 4: 1, 5: 1, 6: 1} {
		if who, _ := w.pallet.Finalisers(w.Context(), target); len(who) != want {
			t.Errorf("block %d has %d finalisers, want %d", target, len(who), want)
		}
	}
	for target, want := range map[chain.BlockNumber]person{4: a, 5: b, 6: c} {
		if who, _ := w.pallet.Finalisers(w.Context(), target); who[0] != want.account {
			t.Errorf("block %d has another finaliser", target)
		}
	}
}

func TestKeys(t *testing.T) {
	a, b, c := newPerson(t, "//a"), newPerson(t, "//b"), newPerson(t, "//c")
	w := newWorld(t, 10, a)
	bad := func(change func(*session.SetKeys)) session.SetKeys {
		s := b.set(b)
		s.Proof = append([]byte{}, s.Proof...)
		change(&s)
		return s
	}
	for name, row := range map[string]struct {
		who  person
		call session.SetKeys
		want error
	}{
		"another's keys":   {b, b.set(a), session.ErrDuplicatedKey},
		"another's proof":  {b, session.SetKeys{Keys: b.keys(), Proof: b.proof(c.account)}, session.ErrInvalidProof},
		"no proof":         {b, session.SetKeys{Keys: b.keys()}, session.ErrInvalidProof},
		"longer proof":     {b, bad(func(s *session.SetKeys) { s.Proof = append(s.Proof, 0) }), session.ErrInvalidProof},
		"grandpa unproven": {b, bad(func(s *session.SetKeys) { s.Proof[3] ^= 1 }), session.ErrInvalidProof},
		"engine unproven":  {b, bad(func(s *session.SetKeys) { s.Proof[67] ^= 1 }), session.ErrInvalidProof},
		"beacon unproven":  {b, bad(func(s *session.SetKeys) { s.Proof[131] ^= 1 }), session.ErrInvalidProof},
		"low order":        {b, bad(func(s *session.SetKeys) { s.Keys.Grandpa = session.GrandpaKey{1} }), session.ErrLowOrderKey},
		"low order engine": {b, bad(func(s *session.SetKeys) { s.Keys.Engine = session.EngineKey{} }), session.ErrLowOrderKey},
		"one for both":     {b, bad(func(s *session.SetKeys) { s.Keys.Engine = session.EngineKey(s.Keys.Grandpa) }), session.ErrDuplicatedKey},
		"no account":       {person{}, session.SetKeys{Keys: b.keys(), Proof: b.proof(chain.AccountID{})}, session.ErrNoAccount},
	} {
		if err := w.Signed(row.who.account, row.call); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
	}
	if err := w.Signed(b.account, session.PurgeKeys{}); !errors.Is(err, session.ErrNoKeys) {
		t.Errorf("purge without keys: %v", err)
	}
	for range 2 { // again is no fault, and counts once
		if err := w.Signed(b.account, b.set(b)); err != nil {
			t.Fatal(err)
		}
	}
	if w.consumers[b.account] != 1 {
		t.Errorf("the account is held %d times", w.consumers[b.account])
	}
	if err := w.Signed(b.account, session.PurgeKeys{}); err != nil || w.consumers[b.account] != 0 {
		t.Errorf("purge: %v, held %d times", err, w.consumers[b.account])
	}
	if err := w.Signed(c.account, c.set(b)); err != nil { // they are free
		t.Errorf("keys that were purged: %v", err)
	}
}

func TestSets(t *testing.T) {
	a, b := newPerson(t, "//a"), newPerson(t, "//b")
	w := newWorld(t, 10, a)
	for name, list := range map[string][]chain.AccountID{
		"none": {}, "without keys": {a.account, b.account}, "twice": {a.account, a.account}, "many": make([]chain.AccountID, 5),
	} {
		if err := w.Root(session.SetValidators{Validators: list}); !errors.Is(err, session.ErrBadSet) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.Signed(a.account, session.SetValidators{Validators: []chain.AccountID{a.account}}); !errors.Is(err, frame.ErrBadOrigin{}) {
		t.Errorf("not root: %v", err)
	}
	// The last validator purges its keys: the set stays.
	if err := w.Signed(a.account, session.PurgeKeys{}); err != nil {
		t.Fatal(err)
	}
	w.block(40)
	if last := w.log[len(w.log)-1]; last.changed || len(last.keys) != 1 {
		t.Errorf("the chain has lost its validator: %v", last)
	}
}

// Keys that wait for their session are taken as much as those that serve: whoever
// let another take them before would, once that one serves with them, not be known
// as who did something with them.
func TestQueuedKeysAreTaken(t *testing.T) {
	a, b, c, waits, next := newPerson(t, "//a"), newPerson(t, "//b"), newPerson(t, "//c"), newPerson(t, "//a//2"), newPerson(t, "//a//3")
	w := newWorld(t, 10, a, b)
	w.pallet.History = 100
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.block(5)
	must(w.Signed(a.account, a.set(waits)))
	w.block(15) // queued for session 2, in session 1
	must(w.Signed(a.account, a.set(next)))
	if err := w.Signed(c.account, c.set(waits)); !errors.Is(err, session.ErrDuplicatedKey) {
		t.Errorf("another takes keys that wait: %v", err)
	}
	w.block(45)
	key := waits.keys().Engine
	for index, want := range map[uint32]bool{1: false, 2: true, 3: false} {
		if who, ok := w.pallet.OwnerOf(w.Context(), session.EngineType, key[:], index); ok != want || ok && who != a.account {
			t.Errorf("who served with them in session %d: %x, %v", index, who, ok)
		}
	}
	if err := w.Signed(c.account, c.set(waits)); !errors.Is(err, session.ErrDuplicatedKey) {
		t.Errorf("another takes keys that served: %v", err)
	}
}
