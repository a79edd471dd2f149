package cluster

import (
	"context"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// replica is a member of the cluster of a chainOf, with a store of its own.
type replica struct {
	c *Cluster
	s shelf
}

func newReplica(t *testing.T, s cupboard) replica {
	t.Helper()
	c, _ := testCluster(t)
	c.codes = s
	return replica{c, shelf{}}
}

// said is what a replica says of a message: what is sealed is opened, since it is
// sealed anew each time.
type said struct {
	root   hash.H256
	status words.Status
	gas    uint64
	reply  string
}

func (r replica) execute(t *testing.T, m queue.Message, key seal.PrivateKey, envelope []byte) said {
	t.Helper()
	tx, err := r.c.Begin(r.s)
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.c.Execute(context.Background(), tx, m, hash.H256{byte(m.Seq)})
	if err != nil {
		t.Fatal(err)
	}
	r.s.apply(changed(t, tx))
	var reply seal.Reply
	if err := key.OpenReply(seal.InfoReply, hash.Blake2b256(envelope), out.Receipt.Output, &reply); err != nil {
		t.Fatal(err)
	}
	stored, err := r.c.Root(r.s, m.Seq+1)
	if err != nil || stored != rooted(t, tx, m.Seq+1) {
		t.Fatalf("message %d: the stored root is %v (%v)", m.Seq, stored, err)
	}
	return said{stored, out.Receipt.Status, out.Receipt.Gas, string(scale.Marshal(reply))}
}

// Replicas come to one root and one receipt after everything that strangers sign,
// good and bad, and so does one that begins in the middle, with a snapshot: where
// nothing is paid and where gas and storage are.
func TestSignedReplicas(t *testing.T) {
	for name, terms := range map[string]words.Terms{"free": {}, "paid": {GasPrice: u(1000), DepositPerItem: u(5), DepositPerByte: u(1), Treasury: treasurer}} {
		t.Run(name, func(t *testing.T) { signedReplicas(t, terms) })
	}
}

func signedReplicas(t *testing.T, terms words.Terms) {
	c := newChain(t)
	alice := pair(t, keys.Sr25519, "//Alice")
	me := alice.AccountID()
	const rich = 10_000_000
	id := words.ContractID(me, byHand, c.c.id, nil)
	second := words.ContractID(me, byHand, c.c.id, []byte("second"))
	replicas := []replica{newReplica(t, c.codes), newReplica(t, c.codes)}
	for _, r := range replicas { // what newChain put there
		tx, err := r.c.Begin(r.s)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range []hash.H256{inGo, inScript, byHand} {
			tx.set(codeName(code), []byte{})
		}
		ledger{tx}.SetBalance(me, u(rich))
		ledger{tx}.SetBalance(ben, u(rich)) // who brings what Alice signs
		ledger{tx}.put(heldName, u(2*rich))
		m := queue.Message{Origin: pallet, Payload: scale.Encode[words.ClusterMessage](terms)}
		if _, err := r.c.Execute(context.Background(), tx, m, hash.H256{}); err != nil {
			t.Fatal(err)
		}
		r.s.apply(changed(t, tx))
	}
	foreign := *c
	foreign.genesis = c.c.genesis
	altered := c.sign(alice, 1, to(id, nil), 64, now-1)
	altered.Extrinsic[len(altered.Extrinsic)-6] ^= 1
	unknown := c.sign(alice, 1, frame.UploadCode{}, 0, 0)
	unknown.Code = &untold
	other := c.sign(alice, 1, frame.UploadCode{}, 0, 0)
	other.Code = &inGo
	little := to(id, nil)
	little.GasLimit.RefTime = frame.RefTime
	made := frame.InstantiateWithCode{GasLimit: plenty, Value: u(7), Salt: []byte("second")}
	steps := []struct {
		name  string
		input []byte
		want  string // why it is refused
		error int    // what the last event tells, where it is not
	}{
		{"a contract", scale.Marshal(c.sign(alice, 0, instantiate(byHand, "", nil), 64, now-1)), "", -1},
		{"altered", scale.Marshal(altered), "bad signature", 0},
		{"stale", scale.Marshal(c.sign(alice, 0, to(id, nil), 64, now-1)), "outdated", 0},
		{"early", scale.Marshal(c.sign(alice, 5, to(id, nil), 64, now-1)), "future", 0},
		{"of another genesis", scale.Marshal(foreign.sign(alice, 1, to(id, nil), 0, 0)), "bad signature", 0},
		{"too old", scale.Marshal(c.sign(alice, 1, to(id, nil), 64, now-64)), "ancient birth", 0},
		{"not born yet", scale.Marshal(c.sign(alice, 1, to(id, nil), 64, now+1)), "ancient birth", 0},
		{"an unknown code", scale.Marshal(unknown), "not told of the code", 0},
		{"another code", scale.Marshal(other), "bad signature", 0},
		{"noise", []byte{1, 2, 3}, "does not decode", 0},
		{"a call", scale.Marshal(c.sign(alice, 1, to(id, nil), 64, now-1)), "", -1},
		{"a trap", scale.Marshal(c.sign(alice, 2, to(id, []byte("t")), 64, now-1)), "", int(frame.ErrContractTrapped)},
		{"a revert", scale.Marshal(c.sign(alice, 3, to(id, []byte("r")), 64, now-1)), "", int(frame.ErrContractReverted)},
		{"little gas", scale.Marshal(c.sign(alice, 4, little, 0, 0)), "", int(frame.ErrOutOfGas)},
		{"a code and a contract", scale.Marshal(c.sign(alice, 5, made, 0, 0)), "", -1},
		{"a call of it", scale.Marshal(c.sign(alice, 6, to(second, nil), 0, 0)), "", -1},
		{"a nonce from before the snapshot", scale.Marshal(c.sign(alice, 4, to(id, nil), 0, 0)), "outdated", 0},
	}
	const half = 8
	for i, step := range steps {
		if i == half {
			late := newReplica(t, c.codes)
			snap, chunks := taken(t, replicas[0].c, replicas[0].s, c.seq)
			if again, _ := taken(t, replicas[1].c, replicas[1].s, c.seq); again.Name() != snap.Name() {
				t.Errorf("the replicas' snapshots are %v and %v", snap.Name(), again.Name())
			}
			if err := restored(late.c, snap, &Restoring{}, late.s, chunks...); err != nil {
				t.Fatal(err)
			}
			replicas = append(replicas, late)
		}
		envelope := c.seal(ben, c.c.id, seal.KindSigned, step.input)
		m := queue.Message{
			Seq: c.seq, Block: chain.BlockNumber(now), Origin: queue.OriginAccount{ID: ben},
			Payload: scale.Encode[words.ClusterMessage](words.Transact{Envelope: envelope}),
		}
		c.seq++
		first := replicas[0].execute(t, m, c.key, envelope)
		for j, r := range replicas[1:] {
			if got := r.execute(t, m, c.key, envelope); got != first {
				t.Errorf("%s: replica %d says %+v, the first %+v", step.name, j+1, got, first)
			}
		}
		reply, err := scale.Decode[seal.Reply]([]byte(first.reply))
		if err != nil {
			t.Fatal(err)
		}
		if step.want != "" {
			if !strings.Contains(string(reply.Error), step.want) || len(reply.Output) > 0 {
				t.Errorf("%s: %q, want %q", step.name, reply.Error, step.want)
			}
			continue
		}
		a, err := scale.Decode[frame.Applied](reply.Output)
		if err != nil {
			t.Fatalf("%s: %v: %s", step.name, err, reply.Error)
		}
		if got := (outcome{events: a.Records}).failure(t); got != step.error {
			t.Errorf("%s: error %d, want %d", step.name, got, step.error)
		}
	}
	if len(replicas) != 3 {
		t.Fatalf("%d replicas", len(replicas))
	}
	for _, r := range replicas {
		audit(t, r.c, r.s)
		tx, err := r.c.Begin(r.s)
		if err != nil {
			t.Fatal(err)
		}
		if n := tx.index(me); n != 7 {
			t.Errorf("the nonce is %d, want 7", n)
		}
		l := ledger{tx}
		spent, _ := u(2*rich - 7).SubSat(l.Balance(me).AddSat(l.Balance(ben))).Uint64()
		got, _ := l.Balance(treasurer).Uint64()
		if paid := !terms.GasPrice.IsZero(); got != spent || (got > 0) != paid || !paid && l.Balance(me) != u(rich-7) {
			t.Errorf("%d are spent beside the 7, the treasury has %d", spent, got)
		}
	}
}
