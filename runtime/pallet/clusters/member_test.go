package clusters_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

var many = [][32]byte{{1}, {2}, {3}, {4}, {5}, {6}, {7}}

// heard are the messages of a kind that a worker was told.
func heard[T words.WorkerMessage](w *world, worker [32]byte) (out []T) {
	for _, m := range w.told {
		if t, ok := m.message.(T); ok && m.worker == worker {
			out = append(out, t)
		}
	}
	return out
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// opened has a member say that it has the secret of an epoch.
func (w *world) opened(worker [32]byte, epoch uint32) {
	w.t.Helper()
	w.must(w.say(worker, words.ClusterOpened{Cluster: w.cluster, Epoch: epoch, Keys: words.HashOfKeys(w.key(epoch, 0).HPKE)}))
}

// A new epoch begins when more than half of the members have its secret; which
// of them makes it, nobody can hold up.
func TestEpoch(t *testing.T) {
	w := newWorldOf(t, many, clusters.Create{Replicas: 4})
	m := w.state().Members
	if err := w.Signed(bob, clusters.Rotate{Cluster: w.cluster}); !errors.Is(err, clusters.ErrNotOwner) {
		t.Errorf("by a stranger: %v", err)
	}
	w.must(w.Signed(alice, clusters.Rotate{Cluster: w.cluster}))
	for name, bad := range map[string]struct {
		key  words.ClusterKey
		want error
	}{
		"of the epoch that is": {w.key(0, 2), clusters.ErrKeyKnown}, "of one after the next": {w.key(2, 2), clusters.ErrKeyKnown},
		"asked before": {w.key(1, 1), clusters.ErrKeyKnown}, "one key": {words.ClusterKey{Cluster: w.cluster, Epoch: 1, Attempt: 2, HPKE: w.key(1, 2).HPKE[:1]}, clusters.ErrBadKey},
	} {
		if err := w.say(m[0], bad.key); !errors.Is(err, bad.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.must(w.say(m[2], w.key(1, 2)))
	w.must(w.say(m[0], w.key(1, 2))) // too late, and no fault
	if c := w.state(); c.Epoch != 0 || c.Candidate == nil || c.Candidate.Maker != m[2] {
		t.Fatalf("after an offer: %+v", c)
	}
	for _, worker := range m {
		if got := heard[words.EpochChosen](w, worker); got[len(got)-1].Maker != m[2] {
			t.Errorf("worker %x heard of %x", worker[0], got[len(got)-1].Maker)
		}
	}
	queued := len(w.queued)
	for _, worker := range m { // of a secret that was chosen before, and is given up
		w.must(w.say(worker, words.ClusterOpened{Cluster: w.cluster, Epoch: 1, Keys: hash.H256{1}}))
	}
	if c := w.state(); c.Epoch != 0 || len(c.Candidate.Opened) != 1 {
		t.Errorf("another secret than the chosen one counts: %+v", c)
	}
	w.opened(m[2], 1)
	w.opened(m[3], 1)
	if w.state().Epoch != 0 {
		t.Error("two of four are more than half")
	}
	w.opened(m[0], 1)
	c := w.state()
	if c.Epoch != 1 || c.Candidate != nil || c.Asked {
		t.Errorf("after three of four: %+v", c)
	}
	if want := []words.ClusterMessage{words.Epoch{Epoch: 1}, words.MakeSnapshot{}}; !slices.Equal(w.queued[queued:], want) {
		t.Errorf("queued %+v", w.queued[queued:])
	}
	// Who is asked again makes another; what was offered before is forgotten.
	w.must(w.Signed(alice, clusters.Rotate{Cluster: w.cluster}))
	w.must(w.say(m[1], w.key(2, 3)))
	w.must(w.Signed(alice, clusters.RemoveMember{Cluster: w.cluster, Worker: m[1]}))
	if c := w.state(); c.Candidate != nil || c.Attempt != 4 || len(c.Members) != 3 || len(heard[words.ClusterLeft](w, m[1])) != 1 {
		t.Errorf("after its maker was removed: %+v", c)
	}
	if err := w.say(m[1], w.key(2, 4)); !errors.Is(err, clusters.ErrNotMember) {
		t.Errorf("the removed member: %v", err)
	}
}

func TestMembers(t *testing.T) {
	w := newWorldOf(t, many[:3], clusters.Create{Replicas: 2})
	first := w.state().Members
	for name, s := range map[string]struct {
		call any
		want error
	}{
		"added by a stranger": {clusters.AddMember{Cluster: hash.H256{1}}, clusters.ErrNoSuchCluster},
		"no member":           {clusters.RemoveMember{Cluster: w.cluster, Worker: [32]byte{99}}, clusters.ErrNotMember},
		"judged":              {clusters.Judge{Cluster: w.cluster}, clusters.ErrNotFrozen},
		"recovered":           {clusters.Recover{Cluster: w.cluster}, clusters.ErrTooFewShares},
		"one share":           {clusters.Create{Replicas: 1, Keepers: 1, Threshold: 1}, clusters.ErrBadThreshold},
		"all and more":        {clusters.Create{Replicas: 1, Keepers: 2, Threshold: 3}, clusters.ErrBadThreshold},
		"too many shares":     {clusters.Create{Replicas: 1, Keepers: words.MaxKeepers + 1, Threshold: 2}, clusters.ErrBadThreshold},
	} {
		if err := w.Signed(alice, s.call); !errors.Is(err, s.want) {
			t.Errorf("%s: %v, want %v", name, err, s.want)
		}
	}
	w.must(w.Signed(alice, clusters.AddMember{Cluster: w.cluster}))
	c := w.state()
	if len(c.Members) != 3 || slices.Contains(first, c.Members[2]) {
		t.Fatalf("members %x", c.Members)
	}
	for _, giver := range first {
		if got := heard[words.Newcomer](w, giver); len(got) != 1 || got[0].Member != c.Members[2] {
			t.Errorf("worker %x heard of %+v", giver[0], got)
		}
	}
	if err := w.Signed(alice, clusters.AddMember{Cluster: w.cluster}); !errors.Is(err, clusters.ErrTooFewWorkers) {
		t.Errorf("a fourth of three: %v", err)
	}
	w.must(w.Signed(alice, clusters.RemoveMember{Cluster: w.cluster, Worker: first[0]}))
	if err := w.Signed(alice, clusters.AddMember{Cluster: w.cluster}); !errors.Is(err, clusters.ErrBusy) {
		t.Errorf("while the epoch changes: %v", err)
	}
	w.opened(c.Members[2], 0)
	w.must(w.Signed(alice, clusters.RemoveMember{Cluster: w.cluster, Worker: first[1]}))
	if err := w.Signed(alice, clusters.RemoveMember{Cluster: w.cluster, Worker: c.Members[2]}); !errors.Is(err, clusters.ErrLastMember) {
		t.Errorf("the last: %v", err)
	}
}

// Who alone has a cluster's secrets stays until another registered member has
// them too.
func TestLastHolder(t *testing.T) {
	w := newWorldOf(t, many[:3], clusters.Create{Replicas: 1})
	first := w.state().Members[0]
	w.must(w.Signed(alice, clusters.AddMember{Cluster: w.cluster}))
	w.must(w.Signed(alice, clusters.AddMember{Cluster: w.cluster}))
	second, third := w.state().Members[1], w.state().Members[2]
	remove := func(worker [32]byte) error {
		before := w.state()
		err := w.Signed(alice, clusters.RemoveMember{Cluster: w.cluster, Worker: worker})
		if err == nil {
			w.pallet.Clusters.Put(w.Context(), w.cluster, before)
		}
		return err
	}
	check := func(when string, want map[[32]byte]error) {
		t.Helper()
		for _, m := range w.state().Members {
			if err := remove(m); !errors.Is(err, want[m]) {
				t.Errorf("%s, worker %x: %v, want %v", when, m[0], err, want[m])
			}
		}
	}
	only := func(m [32]byte) map[[32]byte]error { return map[[32]byte]error{m: clusters.ErrLastHolder} }
	check("the others have nothing yet", only(first))
	w.opened(second, 0)
	check("two have the secrets", nil)
	w.dead[second] = true
	check("the other is registered no more", only(first))
	w.dead[second] = false
	w.must(w.say(first, words.SecretWanted{Cluster: w.cluster, Epoch: 0}))
	check("the first lost them", only(second))
	w.opened(first, 0)
	w.opened(third, 0)
	w.must(w.Signed(alice, clusters.RemoveMember{Cluster: w.cluster, Worker: first}))
	w.must(w.say(second, w.key(1, 2)))
	check("who made the next epoch's is no holder of it yet", nil)
	w.opened(third, 1)
	if c := w.state(); c.Epoch != 1 || !slices.Equal(c.Holders, [][32]byte{second, third}) {
		t.Errorf("in the next epoch: %+v", c)
	}
}

// Workers that do not answer are replaced while a cluster has no keys: all when
// nobody has, or nobody beside the maker has its secret, and otherwise those who
// do not have it. Where there are no others, the same are asked again.
func TestRedraw(t *testing.T) {
	for _, s := range []struct {
		name     string
		replicas uint16
		opened   int // how many have a secret
		kept     int // how many stay
		again    int // how many are asked again for want of others
	}{
		{"nobody of one", 1, 0, 0, 0}, {"nobody of three", 3, 0, 0, 0}, {"the maker of three", 3, 1, 0, 0}, {"two of four", 4, 2, 2, 0},
		{"nobody of four, with three others", 4, 0, 0, 1},
	} {
		w := newWorldOf(t, many, clusters.Create{Replicas: 1})
		ready := w.cluster
		w.Take()
		w.must(w.Signed(alice, clusters.Create{Replicas: s.replicas, Keepers: 2, Threshold: 2}))
		w.cluster = created(t, w.Take()).Cluster
		before := w.state().Members
		for i := range s.opened {
			if i == 0 {
				w.must(w.say(before[0], w.key(0, 1)))
			} else {
				w.opened(before[i], 0)
			}
		}
		for name, bad := range map[string]struct {
			err, want error
		}{
			"a cluster with keys": {w.Signed(alice, clusters.Redraw{Cluster: ready}), clusters.ErrReady},
			"a stranger":          {w.Signed(bob, clusters.Redraw{Cluster: w.cluster}), clusters.ErrNotOwner},
			"no cluster":          {w.Signed(alice, clusters.Redraw{}), clusters.ErrNoSuchCluster},
		} {
			if !errors.Is(bad.err, bad.want) {
				t.Errorf("%s: %s: %v, want %v", s.name, name, bad.err, bad.want)
			}
		}
		w.told = nil
		w.must(w.Signed(alice, clusters.Redraw{Cluster: w.cluster}))
		c := w.state()
		if !slices.Equal(c.Members[:s.kept], before[:s.kept]) || len(c.Members) != len(before) {
			t.Errorf("%s: %x of %x", s.name, c.Members, before)
		}
		again, drawn := 0, c.Members[s.kept:]
		for i, m := range drawn {
			if slices.Contains(drawn[:i], m) {
				t.Errorf("%s: %x is drawn twice", s.name, m)
			}
			if slices.Contains(before, m) {
				again++
			}
			joined := heard[words.ClusterJoin](w, m)
			if len(joined) != 1 || !joined[0].Make || joined[0].Attempt != c.Attempt || !slices.Equal(joined[0].Members, c.Members) ||
				!slices.Equal(w.pallet.Memberships.Get(w.Context(), m), []hash.H256{w.cluster}) && m != w.first(ready) {
				t.Errorf("%s: %x heard %+v", s.name, m, joined)
			}
		}
		if again != s.again {
			t.Errorf("%s: %d are asked again, want %d", s.name, again, s.again)
		}
		for _, m := range before[s.kept:] {
			if len(heard[words.ClusterLeft](w, m)) != 1 {
				t.Errorf("%s: %x did not hear that it is out", s.name, m)
			}
		}
		for _, m := range before[:s.kept] {
			if got := heard[words.Newcomer](w, m); len(got) != len(drawn) {
				t.Errorf("%s: %x heard of %+v", s.name, m, got)
			}
		}
		// The new members have it ready.
		if s.kept == 0 {
			w.must(w.say(c.Members[0], w.key(0, 2)))
		}
		for _, m := range c.Members[1:] {
			w.opened(m, 0)
		}
		if !w.state().Ready() {
			t.Errorf("%s: %+v", s.name, w.state())
		}
	}
}

// first is a member of a cluster.
func (w *world) first(cluster hash.H256) [32]byte {
	c, _ := w.pallet.Clusters.Get(w.Context(), cluster)
	return c.Members[0]
}

// A snapshot counts when more than half of the members made the same, and
// replaces the one before when all its chunks are there.
func TestSnapshots(t *testing.T) {
	w := newWorldOf(t, many, clusters.Create{Replicas: 3})
	m := w.state().Members
	w.must(w.Signed(alice, clusters.TakeSnapshot{Cluster: w.cluster}))
	chunks := [][]byte{[]byte("one"), []byte("two"), []byte("three")}
	var leaves []hash.H256
	for _, c := range chunks {
		leaves = append(leaves, words.Leaf(c))
	}
	at := w.pallet.Snapshots.Get(w.Context(), w.cluster).Wanted
	good := words.Snapshot{Next: at.Next, Head: at.Head, Chunks: 3, Tree: words.Tree(leaves)}
	made := func(worker [32]byte, change func(*words.Snapshot)) error {
		s := good
		change(&s)
		return w.say(worker, words.SnapshotMade{Cluster: w.cluster, Snapshot: s})
	}
	as := func(*words.Snapshot) {}
	for name, change := range map[string]func(*words.Snapshot){
		"of later": func(s *words.Snapshot) { s.Next++ }, "of another queue": func(s *words.Snapshot) { s.Head[0]++ },
		"of another epoch": func(s *words.Snapshot) { s.Epoch++ }, "of nothing": func(s *words.Snapshot) { s.Chunks = 0 },
		"too large": func(s *words.Snapshot) { s.Chunks = words.MaxSnapshotChunks + 1 },
	} {
		if err := made(m[0], change); !errors.Is(err, clusters.ErrBadSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.must(made(m[0], func(s *words.Snapshot) { s.Tree[0]++ }))
	w.must(made(m[1], as))
	w.must(made(m[1], as))
	if s := w.pallet.Snapshots.Get(w.Context(), w.cluster); s.Chosen != nil || len(s.Votes) != 2 {
		t.Fatalf("one of three is more than half: %+v", s)
	}
	w.must(made(m[2], as))
	if got := heard[words.SnapshotWanted](w, m[1]); len(got) != 1 || got[0].Name != good.Name() {
		t.Fatalf("the first who said so heard %+v", got)
	}
	chunk := func(i uint32, b []byte) error {
		return w.say(m[1], words.SnapshotChunk{Cluster: w.cluster, Name: good.Name(), Index: i, Bytes: b, Proof: words.Proof(leaves, min(i, 2))})
	}
	for name, err := range map[string]error{
		"another": chunk(0, chunks[1]), "cut off": chunk(0, chunks[0][:2]), "one too many": chunk(3, chunks[2]),
		"of another": w.say(m[1], words.SnapshotChunk{Cluster: w.cluster, Bytes: chunks[0], Proof: words.Proof(leaves, 0)}),
		"unproven":   w.say(m[1], words.SnapshotChunk{Cluster: w.cluster, Name: good.Name(), Bytes: chunks[0]}),
	} {
		if !errors.Is(err, clusters.ErrBadSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := chunk(1, chunks[1]); !errors.Is(err, clusters.ErrGap) {
		t.Errorf("the second before the first: %v", err)
	}
	w.must(chunk(0, chunks[0]))
	w.must(chunk(0, chunks[0]))
	w.must(chunk(1, chunks[1]))
	if s := w.pallet.Snapshots.Get(w.Context(), w.cluster); s.Kept != nil {
		t.Error("kept with a chunk missing")
	}
	w.must(chunk(2, chunks[2]))
	s := w.pallet.Snapshots.Get(w.Context(), w.cluster)
	if s.Kept == nil || s.Kept.Name() != good.Name() || s.Slot != 1 {
		t.Fatalf("kept %+v", s)
	}
	for _, worker := range m {
		if len(heard[words.SnapshotKept](w, worker)) != 1 {
			t.Errorf("worker %x did not hear of it", worker[0])
		}
	}
	stored := map[string]string{}
	for _, x := range w.Overlay.Index() {
		stored[string(x.Key)] = string(x.Value)
	}
	for i, c := range chunks {
		got, err := scale.Decode[words.KeptChunk]([]byte(stored[string(words.SnapshotKey(w.cluster, 1, uint32(i)))]))
		if err != nil || string(got.Bytes) != string(c) || !good.Proves(uint32(i), got.Bytes, got.Proof) {
			t.Errorf("chunk %d is %q (%v)", i, got.Bytes, err)
		}
	}
}

// A large snapshot is asked for more rarely, and not while one is on its way from
// a member that is there.
func TestSnapshotDue(t *testing.T) {
	w := newWorldOf(t, many, clusters.Create{Replicas: 1})
	w.ahead = 1_000_000
	m := w.state().Members[0]
	at := uint64(0)
	run := func(to uint64) *words.SnapshotPoint { // executes, and tells what was asked for last
		for at < to {
			next := min(to, at+words.MaxReceipts)
			w.must(w.say(m, w.receipts(at, next, 0)))
			at = next
		}
		s := w.pallet.Snapshots.Get(w.Context(), w.cluster)
		return s.Wanted
	}
	w.pallet.Snapshots.Put(w.Context(), w.cluster, words.Snapshots{Wanted: &words.SnapshotPoint{}})
	if got := run(999); got.Next != 0 {
		t.Errorf("asked after 999 messages: %+v", got)
	}
	if got := run(1000); got.Next == 0 {
		t.Error("not asked after 1,000 messages")
	}
	large := &words.Snapshot{Chunks: 5}
	w.pallet.Snapshots.Put(w.Context(), w.cluster, words.Snapshots{Wanted: &words.SnapshotPoint{Next: 1000}, Kept: large})
	if got := run(5999); got.Next != 1000 {
		t.Errorf("asked after 4,999 messages for five chunks: %+v", got)
	}
	if got := run(6000); got.Next == 1000 {
		t.Error("not asked after 5,000 messages for five chunks")
	}
	w.pallet.Snapshots.Put(w.Context(), w.cluster, words.Snapshots{Wanted: &words.SnapshotPoint{Next: 6000}, Chosen: large, By: m})
	if got := run(25_999); got.Next != 6000 {
		t.Errorf("asked while one is on its way: %+v", got)
	}
	if got := run(26_000); got.Next == 6000 {
		t.Error("not asked when one does not come")
	}
	w.pallet.Snapshots.Put(w.Context(), w.cluster, words.Snapshots{Wanted: &words.SnapshotPoint{Next: 26_000}, Chosen: large, By: [32]byte{99}})
	w.dead[[32]byte{99}] = true
	if got := run(27_000); got.Next == 26_000 {
		t.Error("not asked when who was to send it is gone")
	}
}

// root is a state that some member claims.
func (w *world) claim(worker [32]byte, from, next uint64, root func(seq uint64) hash.H256) error {
	m := w.receipts(from, next, 0)
	for i := range m.Roots {
		m.Roots[i] = root(from + uint64(i))
	}
	m.StateRoot = m.Roots[len(m.Roots)-1]
	return w.say(worker, m)
}

func truth(seq uint64) hash.H256 { return hash.H256{1, byte(seq)} }

// Whoever speaks first, what the judges reach stands, and who said otherwise is
// out and not drawn again.
func TestDispute(t *testing.T) {
	lie := func(seq uint64) hash.H256 {
		if seq < 5 {
			return truth(seq)
		}
		return hash.H256{2, byte(seq)}
	}
	for _, liarFirst := range []bool{false, true} {
		w := newWorldOf(t, many, clusters.Create{Replicas: 2})
		m := w.state().Members
		one, two := truth, lie
		if liarFirst {
			one, two = lie, truth
		}
		w.must(w.claim(m[0], 0, 8, one))
		w.must(w.claim(m[1], 0, 4, two)) // in pieces of any size
		if w.state().Dispute != nil {
			t.Fatal("frozen about what both say")
		}
		w.must(w.claim(m[1], 4, 8, two))
		c := w.state()
		if c.Dispute == nil || c.Dispute.Seq != 5 || len(c.Dispute.Judges) != 2 || len(c.Members) != 4 {
			t.Fatalf("frozen: %+v", c.Dispute)
		}
		if err := w.Signed(alice, clusters.SetTerms{Cluster: w.cluster}); !errors.Is(err, clusters.ErrFrozen) {
			t.Errorf("terms for a frozen cluster: %v", err)
		}
		if err := w.Signed(alice, clusters.Deposit{Cluster: w.cluster, Value: scale.U64(50)}); !errors.Is(err, clusters.ErrFrozen) {
			t.Errorf("a deposit: %v", err)
		}
		if err := w.Signed(bob, clusters.Judge{Cluster: w.cluster}); !errors.Is(err, clusters.ErrNotOwner) {
			t.Errorf("a stranger wants more judges: %v", err)
		}
		judges := c.Dispute.Judges
		w.must(w.claim(judges[0], 0, 5, truth)) // not there yet
		w.must(w.claim(judges[0], 5, 8, truth))
		if w.state().Dispute == nil {
			t.Fatal("one of two judges is more than half")
		}
		for _, worker := range m {
			if !w.pallet.Accused(w.Context(), worker) {
				t.Errorf("worker %x may take its pledge while it is open who lied", worker[0])
			}
		}
		w.must(w.claim(judges[1], 0, 8, truth))
		c = w.state()
		liar := m[1]
		if liarFirst {
			liar = m[0]
		}
		if c.Dispute != nil || slices.Contains(c.Members, liar) || len(c.Members) != 3 || !c.Asked || c.Next != 8 || c.StateRoot != truth(7) {
			t.Errorf("liar first %v: settled: %+v", liarFirst, c)
		}
		honest := m[0]
		if liarFirst {
			honest = m[1]
		}
		if want := []slashed{{liar, honest}}; !slices.Equal(w.slashed, want) {
			t.Errorf("liar first %v: slashed %x, want %x", liarFirst, w.slashed, want)
		}
		if w.pallet.Accused(w.Context(), honest) {
			t.Error("accused of what is settled")
		}
		if _, known := w.pallet.Deviants.Get(w.Context(), liar); !known {
			t.Error("the liar is drawn again")
		}
		named := false
		for _, e := range w.Events {
			d, ok := e.(clusters.MemberDeviated)
			named = named || ok && d.Worker == liar && d.Seq == 5
		}
		if !named {
			t.Error("the liar is not named")
		}
	}
}

// Who says one thing and then another deviates whatever stands, is slashed once,
// and is nobody's first witness. What it says beyond that is not kept.
func TestContradiction(t *testing.T) {
	w := newWorldOf(t, many, clusters.Create{Replicas: 3})
	m := w.state().Members
	as := func(n byte) func(uint64) hash.H256 {
		return func(seq uint64) hash.H256 { return hash.H256{n, byte(seq)} }
	}
	w.must(w.claim(m[0], 0, 1, as(2)))
	w.must(w.claim(m[1], 0, 1, as(3)))
	for n := range byte(20) {
		w.must(w.claim(m[1], 0, 1, as(1+n))) // the truth first
	}
	d := w.state().Dispute
	if len(d.Claims) != 3 {
		t.Fatalf("%d claims are kept, want 3", len(d.Claims))
	}
	for _, judge := range d.Judges[:2] {
		w.must(w.claim(judge, 0, 1, truth))
	}
	if c := w.state(); c.Dispute != nil || c.StateRoot != (hash.H256{}) && c.StateRoot != truth(0) {
		t.Fatalf("not settled: %+v", c)
	}
	if want := []slashed{{m[0], d.Judges[0]}, {m[1], d.Judges[0]}}; !slices.Equal(w.slashed, want) {
		t.Errorf("slashed %x, want %x", w.slashed, want)
	}
	w.must(w.claim(m[2], 0, 1, truth))
	if len(w.slashed) != 2 {
		t.Errorf("who agrees later is slashed: %x", w.slashed)
	}
}

// Shares count when all of them are there. Fewer keepers than the threshold
// recover nothing.
func TestShares(t *testing.T) {
	w := newWorldOf(t, many, clusters.Create{Replicas: 2, Keepers: 3, Threshold: 2})
	c := w.state()
	maker, lost := c.Members[0], c.Members
	chosen := heard[words.EpochChosen](w, maker)[0]
	if len(chosen.Keepers) != 3 || chosen.Threshold != 2 || slices.ContainsFunc(chosen.Keepers, func(k [32]byte) bool { return slices.Contains(lost, k) }) {
		t.Fatalf("keepers %x", chosen.Keepers)
	}
	share := func(from, to [32]byte) error {
		return w.say(from, words.ShareSealed{Cluster: w.cluster, Attempt: 1, To: to, Envelope: []byte{to[0]}})
	}
	if err := share(c.Members[1], chosen.Keepers[0]); !errors.Is(err, clusters.ErrBadKey) {
		t.Errorf("a share of who did not make the secret: %v", err)
	}
	if err := share(maker, [32]byte{99}); !errors.Is(err, clusters.ErrBadKey) {
		t.Errorf("a share for a stranger: %v", err)
	}
	for i, k := range chosen.Keepers {
		if w.state().Sharing != nil {
			t.Fatalf("%d of 3 shares count", i)
		}
		w.must(share(maker, k))
	}
	if s := w.state().Sharing; s == nil || len(s.Keepers) != 3 {
		t.Fatalf("sharing %+v", s)
	}
	w.dead[chosen.Keepers[0]], w.dead[chosen.Keepers[1]] = true, true
	if err := w.Signed(alice, clusters.Recover{Cluster: w.cluster}); !errors.Is(err, clusters.ErrTooFewShares) {
		t.Errorf("with one of two that are needed: %v", err)
	}
	w.dead[chosen.Keepers[1]] = false
	w.must(w.Signed(alice, clusters.Recover{Cluster: w.cluster}))
	c = w.state()
	if !c.Recovering || len(c.Members) != 2 || slices.Contains(c.Members, lost[0]) || slices.Contains(c.Members, lost[1]) {
		t.Fatalf("recovering: %+v", c)
	}
	if len(heard[words.ShareWanted](w, chosen.Keepers[0])) != 0 || len(heard[words.ShareWanted](w, chosen.Keepers[1])) != 1 {
		t.Error("not the keepers that are there were asked")
	}
	back := words.ShareGiven{Cluster: w.cluster, Attempt: 1, To: c.Members[0], Envelope: []byte{1}}
	if err := w.say(lost[0], back); !errors.Is(err, clusters.ErrNotMember) {
		t.Errorf("a share of who keeps none: %v", err)
	}
	w.must(w.say(chosen.Keepers[1], back))
	if got := heard[words.Share](w, c.Members[0]); len(got) != 1 || got[0].Threshold != 2 || got[0].From != chosen.Keepers[1] {
		t.Errorf("the taker heard %+v", got)
	}
	w.opened(c.Members[0], 0)
	if c := w.state(); c.Recovering || !c.Asked {
		t.Errorf("recovered: %+v", c)
	}
}
