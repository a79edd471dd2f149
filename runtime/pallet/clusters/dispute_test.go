package clusters_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

func lies(uint64) hash.H256 { return hash.H256{9} }

// keep has members make a snapshot of where the queue is, and the first of them
// give its chunk.
func (w *world) keep(members ...[32]byte) error {
	w.t.Helper()
	at := w.pallet.Snapshots.Get(w.Context(), w.cluster).Wanted
	chunk := []byte("state")
	s := words.Snapshot{Epoch: at.Epoch, Next: at.Next, Head: at.Head, Chunks: 1, Tree: words.Leaf(chunk)}
	for _, m := range members {
		if err := w.say(m, words.SnapshotMade{Cluster: w.cluster, Snapshot: s}); err != nil {
			return err
		}
	}
	return w.say(members[0], words.SnapshotChunk{Cluster: w.cluster, Name: s.Name(), Bytes: chunk})
}

// Fresh members begin with the newest snapshot. What somebody says about messages
// before it nobody can judge any more, and nobody waits for that: he is out, and
// neither he nor another is slashed. What he says of later ones is judged.
func TestBeforeTheSnapshot(t *testing.T) {
	w := newWorldOf(t, many, clusters.Create{Replicas: 3})
	w.ahead = 0
	for range 19 {
		w.must(w.Signed(bob, clusters.Transact{Cluster: w.cluster}))
	}
	w.must(w.Signed(alice, clusters.TakeSnapshot{Cluster: w.cluster}))
	w.must(w.Signed(bob, clusters.Transact{Cluster: w.cluster}))
	m := w.state().Members
	for _, honest := range m[:2] {
		w.must(w.claim(honest, 0, 20, truth))
	}
	w.must(w.keep(m[0], m[1]))
	if s := w.pallet.Snapshots.Get(w.Context(), w.cluster); s.Kept == nil || s.Kept.Next != 20 {
		t.Fatalf("snapshots %+v", s)
	}
	w.Take()
	w.must(w.claim(m[2], 0, 20, lies))
	c := w.state()
	if c.Dispute != nil {
		t.Fatalf("frozen about message %d, and a judge begins after message 19", c.Dispute.Seq)
	}
	if slices.Contains(c.Members, m[2]) || len(heard[words.ClusterLeft](w, m[2])) != 1 || !c.Asked || len(w.slashed) != 0 {
		t.Errorf("members %x, asked %v, slashed %x", c.Members, c.Asked, w.slashed)
	}
	if !slices.Contains(w.Take(), any(clusters.RootsDiffer{Cluster: w.cluster, Next: 1, Worker: m[2], Root: lies(0)})) {
		t.Error("nobody hears that the roots differ")
	}
	w.must(w.claim(m[0], 20, 21, truth))
	w.must(w.claim(m[1], 15, 21, func(seq uint64) hash.H256 {
		if seq < 20 {
			return truth(seq)
		}
		return lies(seq)
	}))
	d := w.state().Dispute
	if d == nil || d.Seq != 20 {
		t.Fatalf("dispute %+v", d)
	}
	for _, judge := range d.Judges {
		w.must(w.claim(judge, 20, 21, truth))
	}
	if c := w.state(); c.Dispute != nil || len(w.slashed) != 1 || w.slashed[0].worker != m[1] {
		t.Errorf("dispute %+v, slashed %x", c.Dispute, w.slashed)
	}
	// The only member differs from what others said that are no members any more.
	for w.state().Members[0] != m[0] || len(w.state().Members) > 1 {
		out := w.state().Members
		w.must(w.Signed(alice, clusters.RemoveMember{Cluster: w.cluster, Worker: out[len(out)-1]}))
	}
	w.must(w.claim(m[0], 0, 20, lies))
	if c := w.state(); c.Dispute != nil || len(c.Members) != 1 {
		t.Errorf("dispute %+v, members %x", c.Dispute, c.Members)
	}
	// Nor does it go while the others do not have the secrets.
	c = w.state()
	w.must(w.say(m[0], w.key(c.Epoch+1, c.Attempt)))
	w.must(w.Signed(alice, clusters.AddMember{Cluster: w.cluster}))
	w.must(w.claim(m[0], 0, 20, lies))
	if c := w.state(); c.Dispute != nil || len(c.Members) != 2 {
		t.Errorf("dispute %+v, members %x", c.Dispute, c.Members)
	}
}

// Who was removed before another contradicted it does not get its pledge while that
// is open, and is slashed if it lied.
func TestAccusedAndGone(t *testing.T) {
	for name, honest := range map[string]bool{"a liar": false, "an honest one": true} {
		w := newWorldOf(t, many, clusters.Create{Replicas: 2})
		m := w.state().Members
		said, contradicts := lies, truth
		if honest {
			said, contradicts = truth, lies
		}
		w.must(w.claim(m[0], 0, 3, said))
		w.must(w.Signed(alice, clusters.RemoveMember{Cluster: w.cluster, Worker: m[0]}))
		if w.pallet.Accused(w.Context(), m[0]) {
			t.Errorf("%s: accused by nobody", name)
		}
		w.must(w.claim(m[1], 0, 3, contradicts))
		d := w.state().Dispute
		for _, worker := range m {
			if !w.pallet.Accused(w.Context(), worker) {
				t.Errorf("%s: worker %x may take its pledge while it is open who lied", name, worker[0])
			}
		}
		for _, judge := range d.Judges {
			w.must(w.claim(judge, 0, 3, truth))
		}
		for _, worker := range append(m, d.Judges...) {
			if w.pallet.Accused(w.Context(), worker) {
				t.Errorf("%s: worker %x is accused of what is settled", name, worker[0])
			}
		}
		liar := m[0]
		if honest {
			liar = m[1]
		}
		if len(w.slashed) != 1 || w.slashed[0].worker != liar {
			t.Errorf("%s: slashed %x, want %x", name, w.slashed, liar[0])
		}
	}
}

// While a cluster is frozen, no snapshot of a later state takes the place of the
// one that the judges begin with.
func TestSnapshotOfFrozen(t *testing.T) {
	for _, s := range []struct {
		name string
		seq  uint64 // that the members disagree about
		want error
	}{{"of before", 20, nil}, {"of later", 19, clusters.ErrFrozen}} {
		w := newWorldOf(t, many[:3], clusters.Create{Replicas: 3}) // nobody is left to judge at first
		w.ahead = 0
		for range 19 {
			w.must(w.Signed(bob, clusters.Transact{Cluster: w.cluster}))
		}
		w.must(w.Signed(alice, clusters.TakeSnapshot{Cluster: w.cluster}))
		w.must(w.Signed(bob, clusters.Transact{Cluster: w.cluster}))
		m := w.state().Members
		w.must(w.claim(m[0], 0, 21, truth))
		w.must(w.claim(m[1], 0, 21, func(seq uint64) hash.H256 {
			if seq < s.seq {
				return truth(seq)
			}
			return lies(seq)
		}))
		if d := w.state().Dispute; d == nil || d.Seq != s.seq || len(d.Judges) != 0 {
			t.Fatalf("%s: dispute %+v", s.name, d)
		}
		if err := w.keep(m[0], m[2]); !errors.Is(err, s.want) {
			t.Errorf("%s: %v, want %v", s.name, err, s.want)
		}
		w.pool = many
		w.must(w.Signed(bob, clusters.Judge{Cluster: w.cluster}))
		d := w.state().Dispute
		for _, judge := range d.Judges {
			from := uint64(0)
			if k := heard[words.ClusterJoin](w, judge)[0].Snapshot; k != nil {
				from = k.Next
			}
			w.must(w.claim(judge, from, 21, truth))
		}
		if d := w.state().Dispute; d != nil {
			t.Errorf("%s: the judges do not settle it: %+v", s.name, d)
		}
	}
	// Nor one whose chunks were asked for before.
	w := newWorldOf(t, many, clusters.Create{Replicas: 3})
	w.must(w.Signed(alice, clusters.TakeSnapshot{Cluster: w.cluster}))
	m := w.state().Members
	chunks := [][]byte{[]byte("one"), []byte("two")}
	leaves := []hash.H256{words.Leaf(chunks[0]), words.Leaf(chunks[1])}
	at := w.pallet.Snapshots.Get(w.Context(), w.cluster).Wanted
	made := words.Snapshot{Next: at.Next, Head: at.Head, Chunks: 2, Tree: words.Tree(leaves)}
	w.must(w.say(m[0], words.SnapshotMade{Cluster: w.cluster, Snapshot: made}))
	w.must(w.say(m[1], words.SnapshotMade{Cluster: w.cluster, Snapshot: made}))
	chunk := func(i uint32) error {
		return w.say(m[0], words.SnapshotChunk{Cluster: w.cluster, Name: made.Name(), Index: i, Bytes: chunks[i], Proof: words.Proof(leaves, i)})
	}
	w.must(chunk(0))
	w.must(w.claim(m[0], 0, 9, truth))
	w.must(w.claim(m[2], 0, 9, lies))
	if err := chunk(1); !errors.Is(err, clusters.ErrFrozen) {
		t.Errorf("the last chunk: %v", err)
	}
}

// Judges that are gone hold nobody up: when the owner asks for more, they are out,
// and those that are there settle it.
func TestGoneJudges(t *testing.T) {
	for _, s := range []struct {
		name string
		pool int
		gone int  // of three judges
		said bool // what the others of them had to say, before
		end  int  // judges that there are then
	}{
		{"one, and there are no others", 6, 1, true, 2},
		{"two, and there are no others", 6, 2, true, 1},
		{"two, and the third is on its way", 6, 2, false, 1},
		{"all, and there are others", 9, 3, false, 3},
		{"two, and there is another", 7, 2, false, 2},
	} {
		t.Run(s.name, func(t *testing.T) {
			crowd := [][32]byte{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}}[:s.pool]
			w := newWorldOf(t, crowd, clusters.Create{Replicas: 3})
			m := w.state().Members
			w.must(w.claim(m[0], 0, 1, truth))
			w.must(w.claim(m[1], 0, 1, lies))
			judges := w.state().Dispute.Judges
			if len(judges) != 3 {
				t.Fatalf("%d judges", len(judges))
			}
			for _, j := range judges[:s.gone] {
				w.dead[j] = true
				w.pool = slices.DeleteFunc(slices.Clone(w.pool), func(p [32]byte) bool { return p == j })
			}
			if s.said {
				for i, j := range judges[s.gone:] {
					if 2*(i+1) <= len(judges) { // else it is settled
						w.must(w.claim(j, 0, 1, truth))
					}
				}
			}
			w.must(w.Signed(alice, clusters.Judge{Cluster: w.cluster}))
			c := w.state()
			for _, j := range judges[:s.gone] {
				if slices.Contains(c.Members, j) || len(heard[words.ClusterLeft](w, j)) != 1 {
					t.Errorf("%x is a member still", j)
				}
			}
			if c.Dispute != nil {
				if got := len(c.Dispute.Judges); got != s.end {
					t.Errorf("%d judges, want %d", got, s.end)
				}
				for _, j := range c.Dispute.Judges {
					if w.state().Dispute != nil {
						w.must(w.claim(j, 0, 1, truth))
					}
				}
			} else if !s.said {
				t.Error("settled, and nobody had said anything")
			}
			if c := w.state(); c.Dispute != nil || slices.Contains(c.Members, m[1]) || !slices.Contains(c.Members, m[0]) || len(w.slashed) != 1 {
				t.Errorf("not settled: %+v, slashed %x", c.Dispute, w.slashed)
			}
		})
	}
	// As many members as there can be disagree twice.
	crowd := make([][32]byte, 60)
	for i := range crowd {
		crowd[i][0] = byte(i + 1)
	}
	w := newWorldOf(t, crowd, clusters.Create{Replicas: 4})
	for range 4 {
		m := w.state().Members
		next := w.state().Next
		w.must(w.claim(m[0], next, next+1, truth))
		w.must(w.claim(m[1], next, next+1, lies))
		for _, j := range w.state().Dispute.Judges {
			w.dead[j] = true
			w.pool = slices.DeleteFunc(slices.Clone(w.pool), func(p [32]byte) bool { return p == j })
		}
		w.must(w.Signed(bob, clusters.Judge{Cluster: w.cluster}))
		for _, j := range w.state().Dispute.Judges {
			if w.state().Dispute != nil {
				w.must(w.claim(j, next, next+1, truth))
			}
		}
		if c := w.state(); c.Dispute != nil {
			t.Fatalf("%d members, dispute %+v", len(c.Members), c.Dispute)
		}
	}
}

// Nobody judges what he said himself, also when he is a member no more.
func TestOwnJudge(t *testing.T) {
	w := newWorldOf(t, many[:3], clusters.Create{Replicas: 2})
	m := w.state().Members
	w.must(w.claim(m[0], 0, 1, lies))
	w.must(w.Signed(alice, clusters.RemoveMember{Cluster: w.cluster, Worker: m[0]}))
	other := many[slices.IndexFunc(many, func(k [32]byte) bool { return !slices.Contains(m, k) })]
	w.pool = [][32]byte{m[0]}
	w.must(w.claim(m[1], 0, 1, truth))
	if d := w.state().Dispute; d == nil || len(d.Judges) != 0 {
		t.Fatalf("the judges of %x are %+v", m[0], d)
	}
	w.pool = [][32]byte{m[0], m[1], other}
	w.must(w.Signed(bob, clusters.Judge{Cluster: w.cluster}))
	w.must(w.claim(other, 0, 1, truth))
	if w.state().Dispute != nil || len(w.slashed) != 1 || w.slashed[0].worker != m[0] {
		t.Errorf("dispute %+v, slashed %x", w.state().Dispute, w.slashed)
	}
}
