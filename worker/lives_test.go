package worker

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	pallet "github.com/tacit-network/tacit/runtime/pallet/clusters"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

var (
	livesSeeds = flag.Uint64("lives", 10, "how many lives TestLives leads")
	livesFrom  = flag.Uint64("lives.from", 0, "the seed of the first")
)

// lives is the pallet of clusters with workers as they are: what the chain tells
// them goes through queues and proofs, what they say goes to the pallet.
type lives struct {
	*frametest.Chain
	t       testing.TB
	c       *testChain
	pallet  *pallet.Pallet
	workers []*Worker
	gone    map[[32]byte]bool   // no longer registered
	epochs  map[[32]byte]uint64 // boot epochs of which workers are registered
	pushed  []undo              // in the call under way
	chunks  map[string][]byte
	draws   uint32
	owner   chain.AccountID
	refused []string // what the pallet did not take of workers
	liar    [32]byte // who says other roots than it reaches, since some message
	since   map[hash.H256]uint64
}

// undo is a queue as it was before a message.
type undo struct {
	to   queue.Destination
	head queue.Head
}

func (l *lives) Eligible(*frame.Context, uint8) (out [][32]byte) {
	for _, w := range l.workers {
		if !l.gone[w.Identity()] {
			out = append(out, w.Identity())
		}
	}
	return out
}
func (l *lives) Live(_ *frame.Context, id [32]byte) bool              { return !l.gone[id] }
func (l *lives) MayServe(_ *frame.Context, id [32]byte, _ uint8) bool { return !l.gone[id] }
func (l *lives) Slash(_ *frame.Context, id [32]byte, _ *[32]byte) {
	if id != l.liar {
		l.t.Errorf("worker %s is slashed, and is honest", l.name(id))
	}
}
func (l *lives) Receipt(*frame.Context, hash.H256, [32]byte, clusters.Receipt)  {}
func (l *lives) CodeChecked(*frame.Context, hash.H256, hash.H256, bool, []byte) {}
func (l *lives) Seed(*frame.Context) hash.H256 {
	l.draws++
	return hash.Blake2b256(scale.Encode(l.draws))
}
func (l *lives) Head(_ *frame.Context, to queue.Destination) queue.Head {
	if h, ok := l.c.heads[to]; ok {
		return h
	}
	return queue.Head{Hash: queue.Start(l.c.genesis, to)}
}

// Push implements the pallet's Queue.
func (l *lives) Push(ctx *frame.Context, to queue.Destination, from queue.MessageOrigin, payload []byte) (uint64, error) {
	head := l.Head(ctx, to)
	l.pushed = append(l.pushed, undo{to, head})
	l.c.push(to, from, payload)
	return head.Count, nil
}

// do does something with the pallet as a whole or not at all.
func (l *lives) do(f func() error) error {
	l.pushed = nil
	err := f()
	for ; err != nil && len(l.pushed) > 0; l.pushed = l.pushed[:len(l.pushed)-1] {
		u := l.pushed[len(l.pushed)-1]
		l.c.heads[u.to], l.c.queues[u.to] = u.head, l.c.queues[u.to][:u.head.Count]
		l.c.state.Put(l.c.words.Outbox.Key(u.to), scale.Marshal(u.head))
	}
	for _, x := range l.Overlay.Index() {
		l.chunks[string(x.Key)] = x.Value
	}
	return err
}

func (l *lives) call(c any) error {
	return l.do(func() error { return l.Signed(l.owner, c) })
}

func (l *lives) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// newLives makes a chain with so many workers.
func newLives(t testing.TB, workers int) *lives {
	l := &lives{
		Chain: frametest.New(t), t: t, c: newTestChain(t), gone: map[[32]byte]bool{}, epochs: map[[32]byte]uint64{}, chunks: map[string][]byte{}, owner: chain.AccountID{1},
	}
	sys := &system.Pallet{}
	money := &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: scale.U64(10)}}
	l.pallet = &pallet.Pallet{
		Config:  pallet.Config{MaxReplicas: 4, EscrowDeposit: scale.U64(10), MaxEnvelope: 1000, SnapshotEvery: 40, MaxClaims: 1000},
		Workers: l, Queue: l, Money: money, Seed: l, Contracts: l,
	}
	l.Start(frame.At{Index: 0, Module: sys}, frame.At{Index: 3, Module: money}, frame.At{Index: 23, Module: l.pallet})
	l.must(money.Endow(l.Context(), l.owner, scale.U64(1_000_000)))
	for range workers {
		w := openWorker(t, t.TempDir(), l.c)
		l.workers = append(l.workers, w)
		l.enter(w)
	}
	return l
}

// create makes a cluster and returns its id.
func (l *lives) create(c pallet.Create) hash.H256 {
	l.t.Helper()
	l.Take()
	l.must(l.call(c))
	for _, e := range l.Take() {
		if e, ok := e.(pallet.ClusterCreated); ok {
			return e.Cluster
		}
	}
	l.t.Fatal("no cluster was made")
	return hash.H256{}
}

func (l *lives) state(id hash.H256) clusters.Cluster {
	c, _ := l.pallet.Clusters.Get(l.Context(), id)
	return c
}

func (l *lives) worker(id [32]byte) *Worker {
	return l.workers[slices.IndexFunc(l.workers, func(w *Worker) bool { return w.Identity() == id })]
}

// sync brings a worker forward: of each queue at most limit messages as a whole,
// the queues in the order that turn makes.
func (l *lives) sync(w *Worker, limit int, turn func([]wire.Batch)) wire.Synced {
	l.t.Helper()
	s := l.c.sync(w, limit)
	turn(s.Queues)
	done, err := w.Sync(context.Background(), s)
	if err != nil {
		l.t.Fatalf("worker %s does not sync: %v", l.name(w.Identity()), err)
	}
	return done
}

// snapshots brings chunks that a worker wants and the chain has, most of them at
// most.
func (l *lives) snapshots(w *Worker, most int) (brought int) {
	for _, n := range w.Info().NeedSnapshots {
		for ; brought < most; n.Next++ {
			s := l.pallet.Snapshots.Get(l.Context(), n.Cluster)
			if s.Kept == nil || s.Kept.Name() != n.Name || n.Next >= s.Kept.Chunks {
				break
			}
			k, err := scale.Decode[clusters.KeptChunk](l.chunks[string(clusters.SnapshotKey(n.Cluster, s.Slot, n.Next))])
			l.must(err)
			if err := w.Snapshot(wire.Snapshot{Cluster: n.Cluster, Index: n.Next, Chunk: k}); err != nil {
				l.t.Fatalf("a chunk of the kept snapshot: %v", err)
			}
			brought++
		}
	}
	return brought
}

// enter registers a worker, or registers it again in a later boot epoch.
func (l *lives) enter(w *Worker) {
	l.t.Helper()
	id := w.Identity()
	ev, err := w.Register(wire.Register{LeastEpoch: l.epochs[id] + 1})
	l.must(err)
	delete(l.gone, id)
	l.epochs[id] = ev.Info.BootEpoch
	l.c.register(w, func(*registry.Worker) {})
	l.c.tell(w, clusters.Registered{BootEpoch: ev.Info.BootEpoch})
}

// expire ends the registration of a worker.
func (l *lives) expire(w *Worker) {
	l.gone[w.Identity()] = true
	l.c.register(w, func(r *registry.Worker) { r.ExpiresAt = 1 })
	l.c.tell(w, clusters.Removed{})
}

// hear gives the pallet what a worker says, most messages at most.
func (l *lives) hear(w *Worker, most int) (n int) {
	l.t.Helper()
	id := w.Identity()
	for _, up := range w.Up().Messages {
		if l.gone[id] || up.BootEpoch != l.epochs[id] || n == most {
			break
		}
		n++
		m, err := scale.Decode[clusters.UpMessage](up.Payload)
		l.must(err)
		if at, ok := l.c.state.Get(l.c.words.Ingress.Key(id)); ok {
			in, err := l.c.words.Ingress.Decode(at)
			if l.must(err); in.BootEpoch == up.BootEpoch && in.Next > up.Seq {
				continue // the worker has yet to hear that
			}
		}
		l.c.state.Put(l.c.words.Ingress.Key(id), scale.Marshal(queue.Ingress{BootEpoch: up.BootEpoch, Next: up.Seq + 1}))
		if r, ok := m.(clusters.Receipts); ok && id == l.liar {
			for i := range r.Roots {
				if r.From+uint64(i) >= l.since[r.Cluster] {
					r.Roots[i][0] ^= 0xff
				}
			}
			r.StateRoot = r.Roots[len(r.Roots)-1]
			m = r
		}
		if err := l.do(func() error {
			ctx := l.Context()
			return ctx.Try(func() error { _, err := l.pallet.Receive(ctx, w.Identity(), scale.Encode(m)); return err })
		}); err != nil {
			l.refused = append(l.refused, fmt.Sprintf("%s: %T: %v", l.name(w.Identity()), m, err))
		}
	}
	return n
}

// holders are the members that have the secret of a cluster's epoch.
func (l *lives) holders(id hash.H256) (out [][32]byte) {
	c := l.state(id)
	for _, who := range c.Members {
		for _, m := range l.worker(who).core.Clusters {
			if m.ID != id || !m.has(c.Epoch) {
				continue
			}
			k, err := l.worker(who).cluster(&m, c.Epoch)
			if l.must(err); bytes.Equal(scale.Marshal(k.Keys()), scale.Marshal(c.Keys)) {
				out = append(out, who)
			}
		}
	}
	return out
}

func (l *lives) name(id [32]byte) string {
	for i, w := range l.workers {
		if w.Identity() == id {
			return string(rune('A' + i))
		}
	}
	return "?"
}

func (l *lives) restart(i int) {
	dir := l.workers[i].cfg.Dir
	l.workers[i].Close(context.Background())
	l.workers[i] = openWorker(l.t, dir, l.c)
	if !l.gone[l.workers[i].Identity()] {
		l.enter(l.workers[i])
	}
}

// copy keeps a copy of a worker's disk, as it is.
func (l *lives) copy(i int) string {
	dir := filepath.Join(l.t.TempDir(), "disk")
	l.workers[i].Close(context.Background())
	l.must(os.CopyFS(dir, os.DirFS(l.workers[i].cfg.Dir)))
	l.restart(i)
	return dir
}

// putBack starts a worker on a copy of its disk, if no cluster is lost by that:
// others have its secrets.
func (l *lives) putBack(i int, disk string) bool {
	id := l.workers[i].Identity()
	for _, in := range l.pallet.Memberships.Get(l.Context(), id) {
		if c := l.state(in); c.Ready() && !slices.ContainsFunc(l.holders(in), func(m [32]byte) bool { return m != id }) {
			return false
		}
	}
	l.workers[i].Close(context.Background())
	dir := filepath.Join(l.t.TempDir(), "disk")
	l.must(os.CopyFS(dir, os.DirFS(disk)))
	l.workers[i] = openWorker(l.t, dir, l.c)
	if !l.gone[id] {
		l.enter(l.workers[i])
	}
	return true
}

// settle brings all workers that are there forward until nobody has anything to
// say.
func (l *lives) settle() {
	l.t.Helper()
	for range 60 {
		quiet := true
		for _, w := range l.workers {
			if l.gone[w.Identity()] {
				continue
			}
			before := w.Info()
			done := l.sync(w, 50, func([]wire.Batch) {})
			if l.hear(w, 1000)+l.snapshots(w, 1000) > 0 || done.More || len(done.NeedWorkers) > 0 || !slices.Equal(before.Queues, done.Queues) {
				quiet = false
			}
		}
		if quiet {
			return
		}
	}
	l.t.Fatal("the workers do not come to rest")
}

// check compares what the chain and the workers, which have come to rest, say of
// clusters with keys.
func (l *lives) check(ids ...hash.H256) {
	l.t.Helper()
	for _, id := range ids {
		c := l.state(id)
		if c.Dispute != nil {
			l.t.Errorf("they dispute: %+v", c.Dispute)
		}
		to := queue.ToCluster{ID: id}
		if n := l.c.heads[to].Count; c.Next != n && c.Ready() {
			l.t.Errorf("%d messages are executed of %d", c.Next, n)
		}
		for _, w := range l.workers {
			list := l.pallet.Memberships.Get(l.Context(), w.Identity())
			member := slices.Contains(c.Members, w.Identity())
			if member != slices.Contains(list, id) {
				l.t.Errorf("worker %s is a member: %v, its memberships: %v", l.name(w.Identity()), member, list)
			}
			if l.gone[w.Identity()] {
				continue
			}
			i := slices.IndexFunc(w.core.Clusters, func(m membership) bool { return m.ID == id })
			if slices.ContainsFunc(w.core.Shares, func(h heldShare) bool { return h.Cluster == id }) {
				l.t.Errorf("worker %s holds shares of a secret that it has or that is no matter of its", l.name(w.Identity()))
			}
			if (i >= 0) != member {
				l.t.Errorf("worker %s is a member: %v, and thinks so: %v", l.name(w.Identity()), member, i >= 0)
			}
			if i < 0 || !c.Ready() {
				continue
			}
			m, at := w.core.Clusters[i], w.round(nil).position(to)
			if !m.Open || at == nil || m.At != c.Epoch || at.Head != l.c.heads[to] {
				l.t.Errorf("worker %s is not where the cluster is: open %v, epoch %d of %d, at %+v of %+v", l.name(w.Identity()), m.Open, m.At, c.Epoch, at, l.c.heads[to])
				continue
			}
			if !bytes.Equal(scale.Marshal(w.clusters[id].Keys()), scale.Marshal(c.Keys)) {
				l.t.Errorf("worker %s has other keys than the cluster", l.name(w.Identity()))
			}
			snapshot := w.store.Snapshot()
			root, err := w.clusters[id].Root(snapshot, at.Head.Count)
			snapshot.Close()
			if err != nil || root != c.StateRoot && c.Next > 0 {
				l.t.Errorf("worker %s is at root %v (%v), want %v", l.name(w.Identity()), root, err, c.StateRoot)
			}
		}
	}
}

// Whatever owners do with clusters of honest workers, in whatever pieces and order
// these hear of it: when all have come to rest, the members of each agree, and
// have its keys; and a new epoch comes when the owner asks for one.
func TestLives(t *testing.T) {
	for seed := *livesFrom; seed < *livesFrom+*livesSeeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { live(t, seed, false) })
		t.Run(fmt.Sprint(seed, " with a liar"), func(t *testing.T) { live(t, seed, true) })
	}
}

// clear has the owner do what there is to be done about a dispute, and about
// members that are further than the chain has heard of.
func (l *lives) clear(id hash.H256) {
	l.t.Helper()
	for range 5 {
		c := l.state(id)
		switch {
		case c.Dispute != nil:
			if err := l.call(pallet.Judge{Cluster: id}); err != nil {
				l.t.Logf("judge: %v", err)
			}
		case c.Ready() && c.Next < l.c.heads[queue.ToCluster{ID: id}].Count && !c.Recovering:
			l.t.Logf("%d messages are executed of %d", c.Next, l.c.heads[queue.ToCluster{ID: id}].Count)
			if err := l.call(pallet.RemoveMember{Cluster: id, Worker: c.Members[0]}); err != nil {
				l.t.Logf("remove: %v", err)
			} else {
				l.settle()
			}
			if err := l.call(pallet.AddMember{Cluster: id}); err != nil {
				l.t.Logf("add: %v", err)
			}
		default:
			return
		}
		l.settle()
	}
}

func live(t *testing.T, seed uint64, lying bool) {
	rng := rand.New(rand.NewPCG(seed, 3))
	l := newLives(t, 6)
	if lying {
		l = newLives(t, 10) // some of whom judge
	}
	disks := map[int]string{} // copies of workers' disks
	rolledBack := false
	var ids []hash.H256
	for range 1 + rng.IntN(2) {
		ids = append(ids, l.create(pallet.Create{Replicas: uint16(1 + rng.IntN(3)), Keepers: 2, Threshold: 2}))
	}
	l.pallet.SnapshotEvery = []uint32{5, 40}[rng.IntN(2)]
	for range []int{60, 150}[rng.IntN(2)] {
		id := ids[rng.IntN(len(ids))]
		c := l.state(id)
		act := func(call any) {
			err := l.call(call)
			who := ""
			if r, ok := call.(pallet.RemoveMember); ok {
				who = l.name(r.Worker)
			}
			t.Logf("cluster %x: %T %s: %v", id[:1], call, who, err)
		}
		switch n := rng.IntN(40); n {
		case 0:
			act(pallet.AddMember{Cluster: id})
		case 1, 2:
			who := c.Members[rng.IntN(len(c.Members))]
			have := l.holders(id)
			last := c.Ready() && slices.Equal(have, [][32]byte{who})
			if last && rolledBack {
				break // the chain has not heard yet of what another lost
			}
			if act(pallet.RemoveMember{Cluster: id, Worker: who}); last && !slices.Contains(l.state(id).Members, who) {
				t.Errorf("%s is removed, who alone has the secret", l.name(who))
			}
		case 3, 4:
			act(pallet.Rotate{Cluster: id})
		case 5:
			act(pallet.TakeSnapshot{Cluster: id})
		case 6:
			act(pallet.Redraw{Cluster: id})
		case 7:
			if s := c.Sharing; s != nil && c.Ready() && rng.IntN(2) == 0 {
				act(pallet.Recover{Cluster: id})
			}
		case 8, 9, 10, 11, 12, 13:
			act(pallet.Deposit{Cluster: id, Value: scale.U64(uint64(1 + rng.IntN(9)))})
		case 14:
			i := rng.IntN(len(l.workers))
			l.restart(i)
			t.Logf("restart %c", 'A'+i)
		case 15:
			w := l.workers[rng.IntN(len(l.workers))]
			switch {
			case !l.gone[w.Identity()] && len(l.gone) < 2 && rng.IntN(2) == 0:
				l.expire(w)
				t.Logf("%s expires", l.name(w.Identity()))
			default:
				l.enter(w)
				t.Logf("%s registers", l.name(w.Identity()))
			}
		case 18:
			if lying && l.liar == [32]byte{} {
				l.liar, l.since = c.Members[rng.IntN(len(c.Members))], map[hash.H256]uint64{}
				for _, id := range ids {
					l.since[id] = l.c.heads[queue.ToCluster{ID: id}].Count
				}
				t.Logf("%s lies", l.name(l.liar))
			}
		case 17:
			i := rng.IntN(len(l.workers))
			if disk, ok := disks[i]; ok {
				back := l.putBack(i, disk)
				t.Logf("%c is put back: %v", 'A'+i, back)
				rolledBack = rolledBack || back
				delete(disks, i)
			} else {
				disks[i] = l.copy(i)
				t.Logf("%c is copied", 'A'+i)
			}
		case 16:
			l.settle()
			t.Logf("settle")
		default:
			w := l.workers[rng.IntN(len(l.workers))]
			limit := rng.IntN(8)
			if w.batch = maxBatch; rng.IntN(4) == 0 {
				w.batch = 1 + rng.IntN(4000) // the round is full soon
			}
			l.sync(w, limit, func(b []wire.Batch) { rng.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] }) })
			w.batch = maxBatch
			heard := 0
			if rng.IntN(3) > 0 {
				heard = l.hear(w, 1+rng.IntN(6))
			}
			chunks := 0
			if rng.IntN(2) == 0 {
				chunks = l.snapshots(w, 1+rng.IntN(2))
			}
			t.Logf("%s syncs %d, says %d, takes %d", l.name(w.Identity()), limit, heard, chunks)
		}
	}
	for _, w := range l.workers {
		if l.gone[w.Identity()] {
			l.enter(w)
		}
	}
	l.settle()
	if lying {
		l.since = map[hash.H256]uint64{}
		for _, id := range ids { // it lies no more
			l.since[id] = 1 << 60
			l.clear(id)
		}
	}
	for _, id := range ids {
		if l.state(id).Recovering { // those who were drawn were refused the shares
			l.must(l.call(pallet.Recover{Cluster: id}))
			l.settle()
		}
		before := l.state(id).Epoch
		ready := l.state(id).Ready()
		l.must(l.call(pallet.Rotate{Cluster: id}))
		l.settle()
		if c := l.state(id); !c.Ready() || ready && c.Epoch <= before || c.Asked || c.Recovering {
			t.Errorf("epoch %d does not follow %d: ready %v, asked %v, recovering %v", c.Epoch, before, c.Ready(), c.Asked, c.Recovering)
		}
		if err := l.call(pallet.Deposit{Cluster: id, Value: scale.U64(1)}); err != nil {
			t.Errorf("a deposit at last: %v", err)
		}
	}
	l.settle()
	l.check(ids...)
	for _, e := range l.Events {
		switch e.(type) {
		case pallet.MemberDeviated, pallet.ClusterFrozen, pallet.ClusterRecovered:
			t.Logf("event %T", e)
		}
	}
	if t.Failed() {
		for _, r := range l.refused {
			t.Log(r)
		}
	}
}
