package worker

import (
	"context"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
)

// sealed is a query as it goes over the wire, with a nonce.
func (s *story) sealed(from keys.Pair, nonce [16]byte, least uint32, label string) wire.Query {
	s.t.Helper()
	k := s.w.Info().HPKE[0]
	to, err := seal.ParsePublicKey(k.Kem, k.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	reply, err := seal.GenerateKey(to.Suite())
	if err != nil {
		s.t.Fatal(err)
	}
	m := seal.Message{Nonce: nonce, Reply: seal.KeyOf(reply.Public()), Input: s.input(label)}
	q := wire.Query{Contract: s.contract, Origin: from.AccountID(), Least: least, Scheme: from.Scheme()}
	q.Envelope, err = seal.SealMessage(to, seal.InfoQuery, seal.Context{
		Genesis: s.c.genesis, Target: s.w.Identity(), Contract: s.contract, Origin: q.Origin,
	}, m)
	if err != nil {
		s.t.Fatal(err)
	}
	sum := q.SigningHash(s.c.genesis, s.w.Identity(), scale.Marshal(m))
	q.Signature = from.Sign(sum[:])
	return q
}

// What a relay or whoever is between plays again is refused, while the worker
// runs; what was not answered may be asked again.
func TestReplayedQuery(t *testing.T) {
	s := newStory(t)
	alice, bob := account(t, "//Alice"), account(t, "//Bob")
	s.instantiate(alice)
	s.bring()
	ask := func(q wire.Query) wire.Kind {
		t.Helper()
		if _, err := s.w.Query(context.Background(), q); err != nil {
			return wire.KindOf(err)
		}
		return 0
	}
	nonce := seal.NewNonce()
	q := s.sealed(alice, nonce, 0, "get")
	if k := ask(q); k != 0 {
		t.Fatalf("kind %d", k)
	}
	for name, c := range map[string]struct {
		q    wire.Query
		want wire.Kind
	}{
		"the same bytes":       {q, wire.KindReplayed},
		"its nonce once more":  {s.sealed(alice, nonce, 0, "get"), wire.KindReplayed},
		"of another account":   {s.sealed(bob, nonce, 0, "get"), 0},
		"with another nonce":   {s.sealed(alice, seal.NewNonce(), 0, "get"), 0},
		"with another name on": {wire.Query{Contract: q.Contract, Origin: bob.AccountID(), Envelope: q.Envelope, Scheme: q.Scheme, Signature: q.Signature}, wire.KindEnvelope},
	} {
		if k := ask(c.q); k != c.want {
			t.Errorf("%s: kind %d, want %d", name, k, c.want)
		}
	}
	// One that came too early is not used up.
	early := s.sealed(alice, seal.NewNonce(), s.w.Info().Block+1, "get")
	if k := ask(early); k != wire.KindTooOld {
		t.Errorf("too early: kind %d", k)
	}
	if _, err := s.w.Sync(context.Background(), s.c.sync(s.w, 3)); err != nil {
		t.Fatal(err)
	}
	if k := ask(early); k != 0 {
		t.Errorf("in time: kind %d", k)
	}
	// At once, one is answered.
	same := s.sealed(alice, seal.NewNonce(), 0, "get")
	var all sync.WaitGroup
	var mu sync.Mutex
	count := map[wire.Kind]int{}
	for range 4 {
		all.Go(func() {
			_, err := s.w.Query(context.Background(), same)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				count[0]++
			} else {
				count[wire.KindOf(err)]++
			}
		})
	}
	all.Wait()
	if count[0] != 1 || count[wire.KindReplayed] != 3 {
		t.Errorf("four at once: %v", count)
	}
	// The memory is the process's, as docs/security.md says.
	s.restart()
	if k := ask(q); k != 0 {
		t.Errorf("after a restart: kind %d", k)
	}
}

// The memory is bounded, and never forgets the last maxReplays.
func TestReplaysBound(t *testing.T) {
	var r replays
	key := func(n uint64) (k [16]byte) {
		binary.LittleEndian.PutUint64(k[:], n)
		return k
	}
	const n = 5*maxReplays/2 + 1
	for i := range uint64(n) {
		if !r.take(key(i)) {
			t.Fatalf("query %d was seen", i)
		}
	}
	if got := len(r.now) + len(r.before); got > 2*maxReplays {
		t.Errorf("%d are remembered", got)
	}
	for i := uint64(n - maxReplays); i < n; i++ {
		if r.take(key(i)) {
			t.Fatalf("query %d of %d is forgotten", i, n)
		}
	}
	if !r.take(key(0)) {
		t.Error("the first is remembered still")
	}
	r.drop(key(n - 1))
	if !r.take(key(n - 1)) {
		t.Error("what was dropped is remembered")
	}
}
