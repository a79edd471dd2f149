package worker

import (
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/seal"
)

func member(w *Worker) clusters.Member {
	return clusters.Member{Identity: w.Identity(), HPKE: w.Info().HPKE}
}

// The second member of a cluster gets its secret from the first, sealed, and
// comes to the same state. Nobody else can give it one.
func TestReplicas(t *testing.T) {
	s := newStory(t)
	second := openWorker(t, t.TempDir(), s.c)
	id := hash.H256{0xc2}
	join := clusters.ClusterJoin{Cluster: id, Epoch: 0, Members: []clusters.Member{member(s.w), member(second)}}
	s.c.tell(second, join)
	join.First = true
	s.c.tell(s.w, join)
	s.c.bring(s.w, s.codes)
	s.c.bring(second, s.codes)

	var public []clusters.HPKEKey
	var given clusters.HandOver
	for _, m := range s.c.take(s.w) {
		switch m := m.(type) {
		case clusters.ClusterKey:
			if m.Cluster == id {
				public = m.HPKE
			}
		case clusters.HandOver:
			given = m
		}
	}
	if given.To != second.Identity() || given.Cluster != id || len(given.Envelope) > clusters.MaxHandOver {
		t.Fatalf("handed over: %+v", given)
	}
	secret := func(change func(*clusters.ClusterSecret)) clusters.ClusterSecret {
		m := clusters.ClusterSecret{Cluster: id, From: s.w.Identity(), Keys: public, Envelope: given.Envelope}
		change(&m)
		return m
	}
	wrong, err := seal.ParsePublicKey(member(second).HPKE[0].Kem, member(second).HPKE[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	context := seal.Context{Genesis: s.c.genesis, Target: id, Contract: second.Identity(), Origin: keys.AccountID(s.w.Identity())}
	forged, err := seal.Seal(wrong, seal.InfoHandOver, 0, context.AAD(), make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*clusters.ClusterSecret){
		"from a stranger":    func(m *clusters.ClusterSecret) { m.From[0]++ },
		"from another":       func(m *clusters.ClusterSecret) { m.From = second.Identity() },
		"of another cluster": func(m *clusters.ClusterSecret) { m.Cluster[1]++ },
		"of another epoch":   func(m *clusters.ClusterSecret) { m.Epoch++ },
		"noise":              func(m *clusters.ClusterSecret) { m.Envelope = []byte{1} },
		"another secret":     func(m *clusters.ClusterSecret) { m.Envelope = forged },
		"other keys":         func(m *clusters.ClusterSecret) { m.Keys = m.Keys[:1] },
	} {
		s.c.tell(second, secret(change))
		s.c.bring(second, s.codes)
		if second.Info().Clusters[0].Keys {
			t.Fatalf("%s: the secret was taken", name)
		}
	}
	s.c.tell(second, secret(func(*clusters.ClusterSecret) {}))
	s.c.bring(second, s.codes)
	if !second.Info().Clusters[0].Keys {
		t.Fatal("the secret was not taken")
	}

	// The story goes on in the cluster of both.
	s.cluster = id
	if s.key, err = seal.ParsePublicKey(public[0].Kem, public[0].Key); err != nil {
		t.Fatal(err)
	}
	alice := account(t, "//Alice")
	s.instantiate(alice)
	s.command(alice, "increment", "3")
	s.bring()
	s.command(alice, "increment", "4")
	s.bring()
	s.c.bring(second, s.codes)
	first := fmt.Sprint(s.next, s.root)
	s.expect(s.query(alice, "get"), "7")
	s.w = second
	s.bring()
	if got := fmt.Sprint(s.next, s.root); got != first {
		t.Errorf("the replicas reach %s and %s", first, got)
	}
	s.expect(s.query(alice, "get"), "7")
}
