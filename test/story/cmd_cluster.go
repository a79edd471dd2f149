package story

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker"
	"github.com/tacit-network/tacit/worker/store"
	"github.com/tacit-network/tacit/worker/wire"
)

// machines N
//
// starts workers that have no names yet: the chain draws by their keys, which are
// random, so that whoever is drawn into a cluster is called m1, m2, … in the order
// of the draw, and the rest spare1, spare2, ….
func (w *World) machines(l *line) error {
	text, err := l.arg(0)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	for range n {
		name := fmt.Sprintf("spare%d", len(w.spares())+1)
		if err := w.startWorker(&line{name: "worker", args: []string{name}, opts: map[string]string{}, used: map[string]bool{}}); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) spares() (out []string) {
	for _, name := range w.order {
		if strings.HasPrefix(name, "spare") {
			out = append(out, name)
		}
	}
	return out
}

// cast names the workers that an event says were drawn.
func (w *World) cast(event any) {
	var drawn [][32]byte
	switch e := event.(type) {
	case clusters.ClusterCreated:
		drawn = e.Members
	case clusters.MemberAdded:
		drawn = [][32]byte{e.Worker}
	case clusters.ClusterRecovering:
		drawn = e.Members
	}
	for _, id := range drawn {
		if name := w.names[id]; strings.HasPrefix(name, "spare") {
			w.drawn++
			w.rename(name, fmt.Sprintf("m%d", w.drawn))
			for i, spare := range w.spares() {
				w.rename(spare, fmt.Sprintf("spare%d", i+1))
			}
		}
	}
	slices.SortFunc(w.order, func(a, b string) int {
		return strings.Compare(fmt.Sprintf("%c%4s", a[0], strings.TrimLeft(a, "spare")), fmt.Sprintf("%c%4s", b[0], strings.TrimLeft(b, "spare")))
	})
}

func (w *World) rename(old, name string) {
	if old == name {
		return
	}
	e := w.workers[old]
	delete(w.workers, old)
	e.name, w.workers[name] = name, e
	w.names[e.id] = name
	w.order[slices.Index(w.order, old)] = name
}

// hush EVENT…
//
// keeps events of a kind out of what is told.
func (w *World) hush(l *line) error {
	for _, name := range l.args {
		w.hushed[name] = true
	}
	return nil
}

// destroy NAME…
//
// ends workers for ever, and wipes their disks.
func (w *World) destroy(l *line) error {
	for _, name := range l.args {
		e := w.workers[name]
		if e == nil {
			return fmt.Errorf("no worker is called %s", name)
		}
		if err := errors.Join(e.worker.Close(context.Background()), os.RemoveAll(e.cfg.Dir)); err != nil {
			return err
		}
		w.order = slices.DeleteFunc(w.order, func(n string) bool { return n == name })
		e.gone = true
		w.printf("%s is destroyed, and its disk wiped\n", name)
	}
	return nil
}

// break NAME
//
// has whoever owns a machine read its sealing key out of the hardware, and empty
// the state of the worker's clusters with it. The worker cannot tell.
func (w *World) breakOpen(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	if err := e.worker.Close(context.Background()); err != nil {
		return err
	}
	sealing, err := e.cfg.Backend.SealingKey("tacit worker state")
	if err != nil {
		return err
	}
	log := seal.SecretFrom(sha256.Sum256(sealing.Bytes())).Derive("log").Reveal()
	db, err := store.Open(e.cfg.Dir, log[:])
	if err != nil {
		return err
	}
	own := map[store.Key]bool{}
	for _, part := range []string{"core", "light", "up"} {
		h := hmac.New(sha256.New, []byte("tacit worker part"))
		h.Write([]byte(part))
		own[store.Key(h.Sum(nil))] = true
	}
	snapshot := db.Snapshot()
	var changes []store.Change
	for _, k := range snapshot.With(nil) {
		if !own[k] {
			changes = append(changes, store.Change{Key: k})
		}
	}
	snapshot.Close()
	if err := errors.Join(db.Commit(changes), db.Close()); err != nil {
		return err
	}
	if e.worker, err = worker.Open(context.Background(), e.cfg); err != nil {
		return err
	}
	w.printf("%s runs on with a state that its owner emptied\n", e.name)
	return nil
}

// old-disk NAME
//
// puts a copy of a worker's disk aside.
func (w *World) keepDisk(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	dir := filepath.Join(w.tb.TempDir(), "disk")
	w.disks[e.name] = dir
	return os.CopyFS(dir, os.DirFS(e.cfg.Dir))
}

// put-back NAME
//
// ends a worker and starts it on the copy of its disk.
func (w *World) putBack(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	if err := errors.Join(e.worker.Close(context.Background()), os.RemoveAll(e.cfg.Dir), os.CopyFS(e.cfg.Dir, os.DirFS(w.disks[e.name]))); err != nil {
		return err
	}
	if e.worker, err = worker.Open(context.Background(), e.cfg); err != nil {
		return err
	}
	info := e.worker.Info()
	w.printf("%s starts again on its old disk, in boot epoch %d at block %d\n", e.name, info.BootEpoch, info.Block)
	return nil
}

// clone NAME AS
//
// starts a second instance of a worker on a copy of its disk, on the same
// machine.
func (w *World) cloneDisk(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	name, err := l.arg(1)
	if err != nil {
		return err
	}
	cfg := e.cfg
	cfg.Dir = filepath.Join(w.tb.TempDir(), "disk")
	if err := os.CopyFS(cfg.Dir, os.DirFS(e.cfg.Dir)); err != nil {
		return err
	}
	twin, err := w.serve(name, cfg)
	if err != nil {
		return err
	}
	w.workers[name], w.order = twin, append(w.order, name)
	w.printf("%s runs with the identity of %s, in boot epoch %d\n", name, e.name, twin.worker.Info().BootEpoch)
	return nil
}

// owner finds a cluster and who signs.
func (w *World) owner(l *line, call func(hash.H256) any) error {
	who, cluster, err := w.of(l)
	if err != nil {
		return err
	}
	return w.do(who, call(cluster))
}

// add [in=CLUSTER] [by=Alice]
func (w *World) addMember(l *line) error {
	return w.owner(l, func(id hash.H256) any { return clusters.AddMember{Cluster: id} })
}

// remove NAME [in=CLUSTER] [by=Alice]
func (w *World) removeMember(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	return w.owner(l, func(id hash.H256) any { return clusters.RemoveMember{Cluster: id, Worker: e.id} })
}

// rotate [in=CLUSTER] [by=Alice]
func (w *World) rotate(l *line) error {
	return w.owner(l, func(id hash.H256) any { return clusters.Rotate{Cluster: id} })
}

// snapshot [in=CLUSTER] [by=Alice]
func (w *World) takeSnapshot(l *line) error {
	return w.owner(l, func(id hash.H256) any { return clusters.TakeSnapshot{Cluster: id} })
}

// judge [in=CLUSTER] [by=Alice]
func (w *World) judge(l *line) error {
	return w.owner(l, func(id hash.H256) any { return clusters.Judge{Cluster: id} })
}

// redraw [in=CLUSTER] [by=Alice]
func (w *World) redraw(l *line) error {
	return w.owner(l, func(id hash.H256) any { return clusters.Redraw{Cluster: id} })
}

// recover [in=CLUSTER] [by=Alice]
func (w *World) recoverCluster(l *line) error {
	return w.owner(l, func(id hash.H256) any { return clusters.Recover{Cluster: id} })
}

// deregister NAME
func (w *World) deregister(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	operator, err := w.account("operator")
	if err != nil {
		return err
	}
	return w.do(operator, registry.Deregister{Worker: e.id})
}

// members CLUSTER
//
// prints who the members of a cluster are, and how far each of them is.
func (w *World) members(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	state, err := w.state()
	if err != nil {
		return err
	}
	c, ok := w.rt.Clusters.Clusters.Get(state, w.clusters[name])
	if !ok {
		return fmt.Errorf("no cluster is called %s", name)
	}
	w.printf("%s: epoch %d, %d messages executed", name, c.Epoch, c.Next)
	if c.Dispute != nil {
		w.printf(", frozen at message %d", c.Dispute.Seq)
	}
	if s := c.Sharing; s != nil {
		w.printf(", %d keepers of whom %d are needed", len(s.Keepers), s.Threshold)
	}
	if k := w.rt.Clusters.Snapshots.Get(state, w.clusters[name]).Kept; k != nil {
		w.printf(", snapshot of epoch %d after message %d", k.Epoch, k.Next-1)
	}
	w.printf("\n")
	for _, id := range c.Members {
		e := w.workers[w.name(id)]
		if e == nil || e.gone {
			w.printf("  %s is gone\n", w.name(id))
			continue
		}
		w.printf("  %s: %s\n", e.name, w.standing(e, w.clusters[name]))
	}
	return nil
}

// replica NAME [in=CLUSTER]
//
// prints what a worker has of a cluster.
func (w *World) replica(l *line) error {
	e, err := w.enclave(l)
	if err != nil {
		return err
	}
	w.printf("%s: %s\n", e.name, w.standing(e, w.clusters[l.opt("in", "c")]))
	return nil
}

func (w *World) standing(e *enclave, id hash.H256) string {
	info := e.worker.Info()
	for _, c := range info.Clusters {
		if c.ID != id {
			continue
		}
		if !c.Keys {
			return "has no secret"
		}
		return fmt.Sprintf("has the secret of epoch %d, executed %s", c.Epoch, executed(info, id))
	}
	return "has nothing of the cluster"
}

func executed(info wire.Info, id hash.H256) string {
	for _, q := range info.Queues {
		if q.To == (queue.ToCluster{ID: id}) {
			return fmt.Sprintf("%d messages", q.Next)
		}
	}
	return "nothing yet"
}
