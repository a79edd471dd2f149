package clusters_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

// Terms are those of the owner; the chain shows them and tells the cluster.
func TestSetTerms(t *testing.T) {
	w := newWorld(t)
	good := words.Terms{GasPrice: scale.U64(3), DepositPerItem: scale.U64(20), DepositPerByte: scale.U64(1), Treasury: carol}
	with := func(change func(*words.Terms)) words.Terms {
		x := good
		change(&x)
		return x
	}
	above := words.MaxPrice.AddSat(scale.U64(1))
	for _, tt := range []struct {
		name    string
		by      chain.AccountID
		cluster hash.H256
		terms   words.Terms
		want    error
	}{
		{"another account", bob, w.cluster, good, clusters.ErrNotOwner},
		{"another cluster", alice, hash.H256{1}, good, clusters.ErrNoSuchCluster},
		{"gas too dear", alice, w.cluster, with(func(x *words.Terms) { x.GasPrice = above }), clusters.ErrBadTerms},
		{"items too dear", alice, w.cluster, with(func(x *words.Terms) { x.DepositPerItem = above }), clusters.ErrBadTerms},
		{"bytes too dear", alice, w.cluster, with(func(x *words.Terms) { x.DepositPerByte = scale.MaxU128 }), clusters.ErrBadTerms},
		{"paid to nobody", alice, w.cluster, with(func(x *words.Terms) { x.Treasury = chain.AccountID{} }), clusters.ErrBadTerms},
		{"paid to the escrow", alice, w.cluster, with(func(x *words.Terms) { x.Treasury = words.EscrowAccount(w.cluster) }), clusters.ErrBadTerms},
		{"good", alice, w.cluster, good, nil},
		{"as dear as can be", alice, w.cluster, words.Terms{GasPrice: words.MaxPrice, DepositPerItem: words.MaxPrice, DepositPerByte: words.MaxPrice, Treasury: bob}, nil},
		{"deposits alone", alice, w.cluster, words.Terms{DepositPerByte: scale.U64(1)}, nil},
		{"nothing again", alice, w.cluster, words.Terms{}, nil},
	} {
		before, queued := w.pallet.Terms.Get(w.Context(), w.cluster), len(w.queued)
		err := w.Signed(tt.by, clusters.SetTerms{Cluster: tt.cluster, Terms: tt.terms})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if tt.want != nil {
			if len(w.queued) != queued || w.pallet.Terms.Get(w.Context(), w.cluster) != before {
				t.Errorf("%s: something was changed", tt.name)
			}
			continue
		}
		if len(w.queued) != queued+1 || w.queued[queued] != words.ClusterMessage(tt.terms) {
			t.Errorf("%s: the cluster was told %+v", tt.name, w.queued[queued:])
		}
		if got := w.pallet.Terms.Get(w.Context(), w.cluster); got != tt.terms {
			t.Errorf("%s: %+v are stored", tt.name, got)
		}
	}
	if err := w.Root(clusters.SetTerms{Cluster: w.cluster, Terms: good}); err != nil {
		t.Errorf("root: %v", err)
	}
	if err := w.Signed(alice, clusters.Create{Replicas: 2}); err != nil {
		t.Fatal(err)
	}
	for id := range w.pallet.Clusters.All(w.Context()) {
		if id != w.cluster {
			if err := w.Signed(alice, clusters.SetTerms{Cluster: id, Terms: good}); !errors.Is(err, clusters.ErrNotReady) {
				t.Errorf("a cluster without keys: %v", err)
			}
		}
	}
}

// A price that rises is announced where somebody holds something, and applies
// before the first message that comes when its notice is over.
func TestNotice(t *testing.T) {
	w := newWorld(t)
	one := words.Terms{GasPrice: scale.U64(3), DepositPerItem: scale.U64(20), Treasury: carol}
	with := func(change func(*words.Terms)) words.Terms {
		x := one
		change(&x)
		return x
	}
	set := func(terms words.Terms) []any {
		t.Helper()
		w.Take()
		if err := w.Signed(alice, clusters.SetTerms{Cluster: w.cluster, Terms: terms}); err != nil {
			t.Fatal(err)
		}
		return w.Take()
	}
	stands := func(name string, now words.Terms, notice *words.Notice) {
		t.Helper()
		n, ok := w.pallet.Notices.Get(w.Context(), w.cluster)
		if got := w.pallet.Terms.Get(w.Context(), w.cluster); got != now || ok != (notice != nil) || ok && n != *notice {
			t.Errorf("%s: %+v stand, and %+v %v", name, got, n, ok)
		}
	}
	set(one)
	stands("nobody holds anything", one, nil)
	deposit := func() {
		t.Helper()
		if err := w.Signed(bob, clusters.Deposit{Cluster: w.cluster, Value: scale.U64(10)}); err != nil {
			t.Fatal(err)
		}
	}
	deposit()
	w.Number = 1000
	for name, change := range map[string]func(*words.Terms){
		"gas": func(x *words.Terms) { x.GasPrice = scale.U64(4) }, "items": func(x *words.Terms) { x.DepositPerItem = scale.U64(21) },
		"bytes, with cheaper gas": func(x *words.Terms) { x.GasPrice, x.DepositPerByte = scale.U64(0), scale.U64(1) },
	} {
		dear, queued := with(change), len(w.queued)
		if e := set(dear); !slices.Contains(e, any(clusters.TermsAnnounced{Cluster: w.cluster, Terms: dear, From: 1050})) || len(w.queued) != queued {
			t.Errorf("%s: %+v", name, e)
		}
		stands(name, one, &words.Notice{Terms: dear, From: 1050})
	}
	cheap := with(func(x *words.Terms) { x.GasPrice, x.Treasury = scale.U64(2), bob })
	set(cheap) // at once, and nothing is announced any more
	stands("a price falls", cheap, nil)

	set(one)
	w.Number = 1049
	deposit()
	stands("a block too early", cheap, &words.Notice{Terms: one, From: 1050})
	w.Number, w.queued = 1050, nil
	w.Take()
	deposit()
	stands("in its block", one, nil)
	if want := []words.ClusterMessage{one, words.Deposit{From: bob, Amount: scale.U64(10)}}; !slices.Equal(w.queued, want) {
		t.Errorf("the cluster was told %+v", w.queued)
	}
	if e := w.Take(); !slices.Contains(e, any(clusters.TermsSet{Cluster: w.cluster, Terms: one})) {
		t.Errorf("events %+v", e)
	}
	// What fails changes nothing of it.
	dear := with(func(x *words.Terms) { x.GasPrice = scale.U64(4) })
	set(dear)
	w.Number = 1100
	if err := w.Signed(bob, clusters.Deposit{Cluster: w.cluster}); !errors.Is(err, clusters.ErrNothing) {
		t.Error(err)
	}
	stands("after a call that failed", one, &words.Notice{Terms: dear, From: 1100})
}
