package clusters_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

// share has who made the last secret seal shares to its keepers, to so many of
// them.
func (w *world) share(most int) {
	w.t.Helper()
	made, _ := w.pallet.Pending.Get(w.Context(), w.cluster)
	for _, to := range made.Keepers[:min(most, len(made.Keepers))] {
		w.must(w.say(made.Maker, words.ShareSealed{Cluster: w.cluster, Epoch: made.Epoch, Attempt: made.Attempt, To: to, Envelope: []byte{1}}))
	}
}

// With shares of another secret than that of the epoch nobody recovers it, and the
// members that have it are not taken out for that.
func TestSharesOfAnotherSecret(t *testing.T) {
	for name, begin := range map[string]func(w *world){
		"of the epoch before": func(w *world) {
			w.share(3)
			w.must(w.Signed(alice, clusters.Rotate{Cluster: w.cluster}))
		},
		"of one that was chosen before": func(w *world) {
			w.must(w.Signed(alice, clusters.Rotate{Cluster: w.cluster}))
			w.must(w.say(w.state().Members[0], w.key(1, 2)))
			w.share(3)
			if s := w.state().Sharing; s == nil || s.Epoch != 1 {
				w.t.Fatalf("sharing %+v", s)
			}
			w.must(w.Signed(alice, clusters.Rotate{Cluster: w.cluster}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(t, many, clusters.Create{Replicas: 2, Keepers: 3, Threshold: 2})
			begin(w)
			m := w.state().Members
			if err := w.Signed(alice, clusters.Recover{Cluster: w.cluster}); err != nil {
				t.Errorf("before the epoch begins: %v", err)
			}

			w = newWorldOf(t, many, clusters.Create{Replicas: 2, Keepers: 3, Threshold: 2})
			begin(w)
			w.must(w.say(m[1], w.key(1, w.state().Attempt)))
			w.share(2)
			w.opened(m[0], 1)
			if c := w.state(); c.Epoch != 1 || c.Sharing != nil {
				t.Fatalf("epoch %d, sharing %+v", c.Epoch, c.Sharing)
			}
			if err := w.Signed(alice, clusters.Recover{Cluster: w.cluster}); !errors.Is(err, clusters.ErrTooFewShares) {
				t.Errorf("recover: %v", err)
			}
			if c := w.state(); !slices.Equal(c.Members, m) || c.Recovering {
				t.Errorf("members %x, want %x", c.Members, m)
			}
			w.share(3)
			kept := 0
			for _, k := range many {
				kept += len(w.pallet.Shares.Get(w.Context(), w.cluster, k))
			}
			if kept != 3 {
				t.Errorf("%d shares are kept, want 3", kept)
			}
			w.must(w.Signed(alice, clusters.Recover{Cluster: w.cluster}))
		})
	}
}
