package worker

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
)

// register puts what the chain knows of a worker into its state, changed.
func (c *testChain) register(w *Worker, change func(*registry.Worker)) {
	r := registry.Worker{Image: hash.H256{3}, ExpiresAt: 1 << 60, HPKE: []report.HPKEKey{}}
	for _, k := range w.Info().HPKE {
		r.HPKE = append(r.HPKE, report.HPKEKey{KEM: k.Kem, Key: k.Key})
	}
	change(&r)
	c.state.Put(c.registry.Workers.Key(w.Identity()), scale.Marshal(r))
}

// given brings a worker forward until it said something of a kind.
func given[T clusters.UpMessage](s *story, w *Worker) (found []T) {
	s.t.Helper()
	for range 3 {
		s.c.bring(w, s.codes)
		for _, m := range s.c.take(w) {
			if m, ok := m.(T); ok {
				found = append(found, m)
			}
		}
	}
	return found
}

// The second member of a cluster gets its secrets from the first, sealed, and
// comes to the same state. Nobody else can give it any.
func TestReplicas(t *testing.T) {
	s := newStory(t)
	second := openWorker(t, t.TempDir(), s.c)
	id := hash.H256{0xc2}
	members := [][32]byte{s.w.Identity(), second.Identity()}
	join := clusters.ClusterJoin{Cluster: id, Members: members}
	s.c.tell(second, join)
	join.Make, join.Attempt = true, 1
	s.c.tell(s.w, join)
	s.c.bring(second, s.codes)
	public := given[clusters.ClusterKey](s, s.w)[0].HPKE
	s.offered[id] = clusters.HashOfKeys(public)
	s.choose(id, 0, 1, second.Identity())
	s.c.register(second, func(*registry.Worker) {})
	gifts := given[clusters.HandOver](s, s.w)
	if len(gifts) != 1 || gifts[0].To != second.Identity() || gifts[0].Cluster != id || len(gifts[0].Envelope) > clusters.MaxHandOver {
		t.Fatalf("handed over: %+v", gifts)
	}
	secret := func(change func(*clusters.ClusterSecret)) clusters.ClusterSecret {
		m := clusters.ClusterSecret{Cluster: id, From: s.w.Identity(), Keys: public, Envelope: gifts[0].Envelope}
		change(&m)
		return m
	}
	k := second.Info().HPKE[0]
	wrong, err := seal.ParsePublicKey(k.Kem, k.Key)
	if err != nil {
		t.Fatal(err)
	}
	context := seal.Context{Genesis: s.c.genesis, Target: id, Contract: second.Identity(), Origin: keys.AccountID(s.w.Identity())}
	forged, err := seal.Seal(wrong, seal.InfoHandOver, 0, context.AAD(), scale.Marshal(secrets{Epochs: []epochSecret{{}}}))
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

// A member that slept while it was taken out, drawn again and given the secrets
// hears of all that at once, with messages for where it was in the cluster's queue,
// in whichever order its host tells it. It begins anew.
func TestOutAndInAtOnce(t *testing.T) {
	s := newStory(t)
	second := openWorker(t, t.TempDir(), s.c)
	s.c.register(second, func(*registry.Worker) {})
	join := clusters.ClusterJoin{Cluster: s.cluster, Members: [][32]byte{s.w.Identity(), second.Identity()}}
	drawn := func() {
		s.c.tell(second, join)
		s.c.tell(s.w, clusters.Newcomer{Cluster: s.cluster, Member: second.Identity()})
		for _, m := range given[clusters.HandOver](s, s.w) {
			s.c.tell(second, clusters.ClusterSecret{Cluster: s.cluster, From: s.w.Identity(), Keys: s.w.clusters[s.cluster].Keys(), Envelope: m.Envelope})
		}
	}
	drawn()
	s.deposits(0, 5)
	for _, w := range []*Worker{s.w, second} {
		s.sweep(w)
	}
	agree(t, s, second)
	for i, turn := range []func([]wire.Batch){func([]wire.Batch) {}, slices.Reverse[[]wire.Batch]} {
		s.deposits(10*i+5, 3)
		s.c.tell(second, clusters.ClusterLeft{Cluster: s.cluster})
		drawn()
		s.deposits(10*i+8, 2)
		s.sweep(s.w)
		sync := s.c.sync(second, 100)
		turn(sync.Queues)
		if _, err := second.Sync(t.Context(), sync); err != nil {
			t.Fatal(err)
		}
		s.sweep(second)
		agree(t, s, second)
	}
}

// A secret is given to whom the chain's state knows, and by the giver's own
// reading of it: somebody whose attestation is missing, has expired, is of a
// lower tier or of a program that the chain does not admit, or that is older than
// the giver's, gets nothing, whatever the chain asks.
func TestHandOverNeedsAttestation(t *testing.T) {
	s := newStory(t)
	// The giver's program is number 3.
	for number, image := range map[byte]attest.Image{
		3: {Version: 2, AddedAt: 5}, 4: {Version: 3, AddedAt: 6}, 5: {Version: 2, AddedAt: 5}, 6: {Version: 3, AddedAt: 4},
		7: {Version: 1, AddedAt: 6}, 8: {Version: 3, AddedAt: 6, ActiveFrom: 1_000_000}, 9: {Version: 3, AddedAt: 6, RetireAt: 1},
	} {
		image.Measurement = attest.TDXMeasurement{}
		s.c.state.Put(s.w.images.Images.Key(hash.H256{number}), scale.Marshal(image))
	}
	program := func(number byte) func(*registry.Worker) {
		return func(w *registry.Worker) { w.Image, w.Tier = hash.H256{number}, 2 }
	}
	for _, tt := range []struct {
		name   string
		change func(*registry.Worker)
		want   string
	}{
		{"not registered", nil, "it is not registered"},
		{"expired", func(w *registry.Worker) { w.ExpiresAt = 1 }, "its attestation has expired"},
		{"unknown program", program(99), "its program is none that the chain knows"},
		{"next program", program(4), ""},
		{"as new a program", program(5), ""},
		{"newer one admitted earlier", program(6), "it runs an older program"},
		{"older program", program(7), "it runs an older program"},
		{"not yet admitted", program(8), "its program is not admitted at present"},
		{"retired program", program(9), "its program is not admitted at present"},
		{"lower tier", func(w *registry.Worker) { w.Tier = 1 }, "its tier is 1, the cluster's 2"},
		{"as it has to be", func(w *registry.Worker) { w.Tier = 2 }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id := hash.H256{0xc3, tt.name[0], tt.name[len(tt.name)-1]}
			taker := openWorker(t, t.TempDir(), s.c)
			s.c.tell(s.w, clusters.ClusterJoin{Cluster: id, Tier: 2, Members: [][32]byte{s.w.Identity()}, Make: true, Attempt: 1})
			s.bring()
			s.choose(id, 0, 1)
			if tt.change != nil {
				s.c.register(taker, tt.change)
			}
			s.c.tell(s.w, clusters.Newcomer{Cluster: id, Member: taker.Identity()})
			gifts, refused := 0, ""
			for range 3 {
				s.c.bring(s.w, s.codes)
				for _, m := range s.c.take(s.w) {
					switch m := m.(type) {
					case clusters.HandOver:
						gifts++
					case clusters.HandOverRefused:
						if m.To == taker.Identity() {
							refused = string(m.Reason)
						}
					}
				}
			}
			if refused != tt.want || (gifts == 1) != (tt.want == "") {
				t.Errorf("refused %q and gave %d times, want %q", refused, gifts, tt.want)
			}
		})
	}
}
