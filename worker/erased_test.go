package worker

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

// A worker that ends, by a power cut or a full disk, after it erased a secret and
// before the disk forgot it, has it forget when it starts again.
func TestErasedAfterAnEnd(t *testing.T) {
	s := newStory(t)
	s.rotate(1, 2)
	snapshot := s.w.store.Snapshot()
	box, _ := snapshot.Get(partKey(partCore)) // which has the secret of epoch 0
	snapshot.Close()
	path := filepath.Join(s.dir, "state.log")
	has := func() bool {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(b, box)
	}
	// The log cannot be written anew.
	if err := os.Mkdir(path+".new", 0o700); err != nil {
		t.Fatal(err)
	}
	s.c.tell(s.w, clusters.SnapshotKept{Cluster: s.cluster, Snapshot: s.snapshot})
	if _, err := s.w.Sync(context.Background(), s.c.sync(s.w, 9)); err == nil || !has() {
		t.Fatalf("it did not end there: %v", err)
	}
	s.w.Close(context.Background())
	if err := os.Remove(path + ".new"); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		s.w = openWorker(t, s.dir, s.c)
		if m := s.w.core.Clusters[0]; m.has(0) || has() {
			t.Errorf("start %d: the secret is in memory %v, on the disk %v", i+1, m.has(0), has())
		}
		s.w.Close(context.Background())
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		s.w = openWorker(t, s.dir, s.c)
		if after, err := os.Stat(path); err != nil || os.SameFile(before, after) != true {
			t.Errorf("start %d: the log is written anew once more (%v)", i+1, err)
		}
		s.w.Close(context.Background())
	}
}
