package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/tee"
	"github.com/tacit-network/tacit/worker/wire"
)

// story is a worker with a cluster and the hello contract, and its users.
type story struct {
	t        testing.TB
	dir      string
	c        *testChain
	w        *Worker
	meta     *abi.Metadata
	codes    map[hash.H256][][]byte
	cluster  hash.H256
	key      seal.PublicKey
	contract hash.H256
	replies  map[uint64]reply
	receipts map[uint64]clusters.Receipt
	next     uint64
	root     hash.H256
	snapshot clusters.Snapshot
	offered  map[hash.H256]hash.H256 // the hash of the last keys that the worker offered, by cluster
}

type reply struct {
	key     seal.PrivateKey
	request hash.H256
}

func account(t testing.TB, uri string) keys.Pair {
	t.Helper()
	p, err := keys.FromURI(keys.Sr25519, uri)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newStory(t testing.TB) *story {
	s := &story{t: t, dir: t.TempDir(), c: newTestChain(t), cluster: hash.H256{0xc1}, replies: map[uint64]reply{}, receipts: map[uint64]clusters.Receipt{}, offered: map[hash.H256]hash.H256{}}
	s.w = openWorker(t, s.dir, s.c)
	meta, err := abi.Parse(bundle.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	s.meta = meta
	chunks := clusters.Chunks(bundle.Packed())
	s.codes = map[hash.H256][][]byte{clusters.CodeHash(chunks): chunks}

	s.c.tell(s.w, clusters.Registered{BootEpoch: 1, Block: 1})
	s.c.tell(s.w, clusters.ClusterJoin{Cluster: s.cluster, Members: [][32]byte{s.w.Identity()}, Make: true, Attempt: 1})
	s.bring()
	s.choose(s.cluster, 0, 1)
	s.bring()
	if !s.w.Info().Registered {
		t.Fatal("the worker does not know that it is registered")
	}
	return s
}

// bring syncs the worker and reads what it tells the chain.
func (s *story) bring() {
	s.t.Helper()
	s.c.bring(s.w, s.codes)
	for _, m := range s.c.take(s.w) {
		switch m := m.(type) {
		case clusters.ClusterKey:
			s.offered[m.Cluster] = clusters.HashOfKeys(m.HPKE)
			var err error
			if s.key, err = seal.ParsePublicKey(m.HPKE[0].Kem, m.HPKE[0].Key); err != nil {
				s.t.Fatal(err)
			}
		case clusters.Receipts:
			s.next, s.root = m.Next, m.StateRoot
			for _, r := range m.Receipts {
				s.receipts[r.Seq] = r
			}
		}
	}
}

// choose tells the worker that the secret that it offered is the epoch's.
func (s *story) choose(id hash.H256, epoch, attempt uint32, members ...[32]byte) {
	s.c.tell(s.w, clusters.EpochChosen{
		Cluster: id, Epoch: epoch, Attempt: attempt, Maker: s.w.Identity(), Members: append([][32]byte{s.w.Identity()}, members...),
		Keys: s.offered[id],
	})
}

func (s *story) input(label string, args ...string) []byte {
	s.t.Helper()
	e, err := s.meta.Constructor(label)
	if err != nil {
		if e, err = s.meta.Message(label); err != nil {
			s.t.Fatal(err)
		}
	}
	in, err := s.meta.Encode(e, args)
	if err != nil {
		s.t.Fatal(err)
	}
	return in
}

func (s *story) envelope(from keys.Pair, contract hash.H256, input []byte) ([]byte, reply) {
	s.t.Helper()
	k, err := seal.GenerateKey(seal.X25519)
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := seal.SealMessage(s.key, seal.InfoCommand, seal.Context{
		Genesis: s.c.genesis, Target: s.cluster, Contract: contract, Origin: from.AccountID(),
	}, seal.Message{Nonce: seal.NewNonce(), Reply: seal.KeyOf(k.Public()), Input: input})
	if err != nil {
		s.t.Fatal(err)
	}
	return e, reply{k, hash.Blake2b256(e)}
}

func (s *story) push(from keys.Pair, m clusters.ClusterMessage) uint64 {
	to := queue.ToCluster{ID: s.cluster}
	s.c.push(to, queue.OriginAccount{ID: from.AccountID()}, scale.Encode(m))
	return s.c.heads[to].Count - 1
}

func (s *story) instantiate(from keys.Pair) uint64 {
	s.t.Helper()
	for code := range s.codes {
		s.contract = clusters.ContractID(from.AccountID(), code, s.cluster, nil)
		e, r := s.envelope(from, s.contract, s.input("new"))
		seq := s.push(from, clusters.Instantiate{Contract: s.contract, Deployer: from.AccountID(), Code: code, Envelope: e})
		s.replies[seq] = r
		return seq
	}
	return 0
}

func (s *story) command(from keys.Pair, label string, args ...string) uint64 {
	s.t.Helper()
	e, r := s.envelope(from, s.contract, s.input(label, args...))
	seq := s.push(from, clusters.Command{Contract: s.contract, Envelope: e})
	s.replies[seq] = r
	return seq
}

// result is the receipt of a message in words.
func (s *story) result(seq uint64, label string) string {
	s.t.Helper()
	r, ok := s.receipts[seq]
	if !ok {
		return "no receipt"
	}
	if len(r.Output) == 0 {
		return fmt.Sprintf("%d %s", r.Status, r.Error)
	}
	var out seal.Reply
	if err := s.replies[seq].key.OpenReply(seal.InfoReply, s.replies[seq].request, r.Output, &out); err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", r.Status, s.words(label, out.Output))
}

func (s *story) words(label string, output []byte) string {
	e, err := s.meta.Constructor(label)
	if err != nil {
		if e, err = s.meta.Message(label); err != nil {
			s.t.Fatal(err)
		}
	}
	text, err := s.meta.Decode(e, output)
	if err != nil {
		return err.Error()
	}
	return text
}

// query is what the worker answers, or why it does not.
func (s *story) query(from keys.Pair, label string) string {
	s.t.Helper()
	a, err := s.ask(from, label)
	if err != nil {
		return err.Error()
	}
	return s.words(label, a.Output)
}

// ask asks the worker over HTTP, as users do.
func (s *story) ask(from keys.Pair, label string) (wire.Answer, error) {
	s.t.Helper()
	server := httptest.NewServer(s.w.Handler())
	defer server.Close()
	client := wire.NewClient(server.URL, &http.Client{Timeout: 5 * time.Minute})
	info, err := client.Info(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	k, err := seal.ParsePublicKey(info.HPKE[0].Kem, info.HPKE[0].Key)
	if err != nil {
		s.t.Fatal(err)
	}
	return client.Ask(context.Background(), wire.Target{Genesis: info.Genesis, Identity: info.Identity, Key: k}, from, s.contract, info.Block, s.input(label))
}

func (s *story) restart() {
	s.w.Close(context.Background())
	s.w = openWorker(s.t, s.dir, s.c)
}

func (s *story) expect(got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Fatalf("got %q, want %q", got, want)
	}
}

// The first confidential contract: everybody raises the counter, only the owner
// reads it, and a restart at any time forgets nothing.
func TestHello(t *testing.T) {
	s := newStory(t)
	alice, bob := account(t, "//Alice"), account(t, "//Bob")
	made := s.instantiate(alice)
	a := s.command(bob, "increment", "42")
	b := s.command(alice, "increment", "1")
	c := s.command(bob, "get")
	d := s.command(bob, "increment", "18446744073709551615")
	s.bring()
	s.expect(s.result(made, "new"), "0 ()")
	s.expect(s.result(a, "increment"), "0 ()")
	s.expect(s.result(b, "increment"), "0 ()")
	s.expect(s.result(c, "get"), "1 the contract answered NotOwner")
	s.expect(s.result(d, "increment"), "1 the contract answered Overflow")
	s.expect(s.query(alice, "get"), "43")
	s.expect(s.query(bob, "get"), "the contract answered NotOwner")
	if s.next != 5 || s.root == (hash.H256{}) {
		t.Errorf("the chain heard of %d messages and root %v", s.next, s.root)
	}

	s.restart()
	s.expect(s.query(alice, "get"), "43")
	info := s.w.Info()
	if info.BootEpoch != 2 || info.Registered {
		t.Errorf("after a restart: %+v", info)
	}
	s.c.rotate(1)
	s.c.rotate(2)
	s.command(bob, "increment", "7")
	s.bring()
	s.expect(s.query(alice, "get"), "50")
	if s.w.Info().SetID != 2 {
		t.Errorf("set %d", s.w.Info().SetID)
	}
}

// What was executed is durable, what was not is executed again, and leads to
// the same root.
func TestReplay(t *testing.T) {
	s := newStory(t)
	alice := account(t, "//Alice")
	s.instantiate(alice)
	s.command(alice, "increment", "1")
	s.bring()
	// Two workers from the same files, one of which got its messages in one
	// piece and the other one by one.
	s.w.Close(context.Background())
	var roots []string
	first := s.dir
	for _, limit := range []int{1, 100} {
		s.dir = t.TempDir()
		copyDir(t, first, s.dir)
		s.w = openWorker(t, s.dir, s.c)
		if limit == 1 {
			for range 3 {
				s.command(alice, "increment", "5")
			}
		}
		for range 4 {
			if _, err := s.w.Sync(context.Background(), s.c.sync(s.w, limit)); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range s.c.take(s.w) {
			if r, ok := m.(clusters.Receipts); ok {
				s.next, s.root = r.Next, r.StateRoot
			}
		}
		roots = append(roots, fmt.Sprint(s.next, s.root))
		s.expect(s.query(alice, "get"), "16")
	}
	if roots[0] != roots[1] {
		t.Errorf("roots differ: %v", roots)
	}
}

// A code that can never run is refused by receipt, with the reason.
func TestBadCode(t *testing.T) {
	s := newStory(t)
	chunks := [][]byte{[]byte("\x00asm\x01\x00\x00\x00")}
	code := clusters.CodeHash(chunks)
	s.codes[code] = chunks
	s.push(account(t, "//Alice"), clusters.Code{Hash: code, Size: 8})
	s.c.bring(s.w, s.codes)
	var got string
	for _, m := range s.c.take(s.w) {
		if c, ok := m.(clusters.CodeChecked); ok {
			got = fmt.Sprintf("%v %s", c.OK, c.Reason)
		}
	}
	s.expect(got, "false module refused: it has no memory")
}

// A relay that leaves out, adds, reorders, changes or forges is refused, and
// nothing of its request is done.
func TestBadRelay(t *testing.T) {
	s := newStory(t)
	alice := account(t, "//Alice")
	s.instantiate(alice)
	s.command(alice, "increment", "1")
	s.command(alice, "increment", "2")
	before := s.w.Info()
	request := func() wire.Sync { return s.c.sync(s.w, 10) }
	other := newTestChain(t)
	other.newVoters(9)
	other.set.ID = 0
	tests := []struct {
		name string
		make func(r *wire.Sync)
		want wire.Kind
	}{
		{"left out", func(r *wire.Sync) { b := &r.Queues[1]; b.Messages = b.Messages[1:] }, wire.KindQueue},
		{"cut", func(r *wire.Sync) { b := &r.Queues[1]; b.Messages = b.Messages[:2] }, wire.KindQueue},
		{"more", func(r *wire.Sync) { b := &r.Queues[1]; b.Messages = append(b.Messages, b.Messages[2]) }, wire.KindQueue},
		{"reordered", func(r *wire.Sync) {
			b := r.Queues[1].Messages
			b[1], b[2] = b[2], b[1]
		}, wire.KindQueue},
		{"reordered and renumbered", func(r *wire.Sync) {
			b := r.Queues[1].Messages
			b[1], b[2] = b[2], b[1]
			b[1].Seq, b[2].Seq = b[2].Seq, b[1].Seq
		}, wire.KindQueue},
		{"changed payload", func(r *wire.Sync) { r.Queues[1].Messages[2].Payload[9] ^= 1 }, wire.KindQueue},
		{"changed time", func(r *wire.Sync) { r.Queues[1].Messages[2].Time++ }, wire.KindQueue},
		{"changed origin", func(r *wire.Sync) { r.Queues[1].Messages[2].Origin = queue.OriginAccount{} }, wire.KindQueue},
		{"old messages", func(r *wire.Sync) { r.Queues[0].Messages = s.c.queues[r.Queues[0].To][:1] }, wire.KindQueue},
		{"queue twice", func(r *wire.Sync) {
			r.Queues = append(r.Queues, r.Queues[1])
		}, wire.KindQueue},
		{"foreign queue", func(r *wire.Sync) {
			r.Queues = []wire.Batch{{To: queue.ToCluster{ID: hash.H256{7}}}}
			r.Proof = s.c.state.Prove([][]byte{s.c.words.Ingress.Key(s.w.Identity()), s.c.words.Outbox.Key(r.Queues[0].To)})
		}, wire.KindQueue},
		{"no proof", func(r *wire.Sync) { r.Proof = nil }, wire.KindProof},
		{"proof of something else", func(r *wire.Sync) { r.Proof = other.state.Prove([][]byte{{1}}) }, wire.KindProof},
		{"proof with more", func(r *wire.Sync) { r.Proof = append(r.Proof, []byte{1, 2, 3}) }, wire.KindProof},
		{"no justification", func(r *wire.Sync) { r.Justification = nil }, wire.KindJustification},
		{"justification of others", func(r *wire.Sync) {
			h, j := other.block()
			for h.Number <= before.Block {
				h, j = other.block()
			}
			r.Header, r.Justification = h.Encode(), j.Encode()
		}, wire.KindJustification},
		{"changed header", func(r *wire.Sync) { r.Header[40] ^= 1 }, wire.KindJustification},
		{"noise", func(r *wire.Sync) { r.Header = []byte{1} }, wire.KindBadRequest},
	}
	for _, tt := range tests {
		r := request()
		data := scale.Marshal(r)
		var mine wire.Sync
		if err := scale.Unmarshal(data, &mine); err != nil {
			t.Fatal(err)
		}
		tt.make(&mine)
		_, err := s.w.Sync(context.Background(), mine)
		if wire.KindOf(err) != tt.want || err == nil {
			t.Errorf("%s: got %v, want kind %d", tt.name, err, tt.want)
		}
		if got := s.w.Info(); fmt.Sprint(got) != fmt.Sprint(before) {
			t.Errorf("%s: the worker moved: %+v", tt.name, got)
		}
	}
	s.bring()
	// Blocks that are behind are refused too.
	old := s.c.sync(s.w, 10)
	s.bring()
	if _, err := s.w.Sync(context.Background(), old); wire.KindOf(err) != wire.KindBehind {
		t.Errorf("behind: %v", err)
	}
	s.expect(s.query(alice, "get"), "3")
}

// Queries are the caller's own.
func TestBadQuery(t *testing.T) {
	s := newStory(t)
	alice, bob := account(t, "//Alice"), account(t, "//Bob")
	s.instantiate(alice)
	s.bring()
	k, err := seal.ParsePublicKey(s.w.Info().HPKE[1].Kem, s.w.Info().HPKE[1].Key)
	if err != nil {
		t.Fatal(err)
	}
	make := func(sign keys.Pair, kind uint8, input []byte) wire.Query {
		m := seal.Message{Kind: kind, Nonce: seal.NewNonce(), Reply: seal.KeyOf(k), Input: input}
		q := wire.Query{Contract: s.contract, Origin: alice.AccountID(), Scheme: sign.Scheme()}
		q.Envelope, err = seal.SealMessage(k, seal.InfoQuery, seal.Context{Genesis: s.c.genesis, Target: s.w.Identity(), Contract: s.contract, Origin: q.Origin}, m)
		if err != nil {
			t.Fatal(err)
		}
		sum := q.SigningHash(s.c.genesis, s.w.Identity(), scale.Marshal(m))
		q.Signature = sign.Sign(append(append([]byte("<Bytes>"), sum[:]...), "</Bytes>"...))
		return q
	}
	// certified lets a session key ask for Alice; by signs the certificate.
	certified := func(by keys.Pair, until uint32, wrap bool) func(q *wire.Query) {
		return func(q *wire.Query) {
			c := wire.Certificate{Key: [32]byte(bob.Public()), Until: until, Scheme: by.Scheme()}
			text := c.Text(s.c.genesis, q.Origin)
			if wrap {
				text = slices.Concat([]byte("<Bytes>"), text, []byte("</Bytes>"))
			}
			c.Signature, q.Certificate = by.Sign(text), &c
		}
	}
	tests := []struct {
		name   string
		sign   keys.Pair
		change func(q *wire.Query)
		want   wire.Kind
	}{
		{"good", alice, func(*wire.Query) {}, 0},
		{"signed by another", bob, func(*wire.Query) {}, wire.KindSignature},
		{"a session's key", bob, certified(alice, 1000, false), 0},
		{"a session's key, by a wallet", bob, certified(alice, 1000, true), 0},
		{"not the session's key", alice, certified(alice, 1000, false), wire.KindSignature},
		{"a certificate of one's own", bob, certified(bob, 1000, false), wire.KindSignature},
		{"a certificate that is over", bob, certified(alice, 0, false), wire.KindSignature},
		{"a certificate for ever", bob, certified(alice, math.MaxUint32, false), wire.KindSignature},
		{"a certificate for too long", bob, certified(alice, 200_000, false), wire.KindSignature},
		{"a certificate for longer than signed", bob, func(q *wire.Query) {
			certified(alice, 1, false)(q)
			q.Certificate.Until = 1000
		}, wire.KindSignature},
		{"another origin", alice, func(q *wire.Query) { q.Origin = bob.AccountID() }, wire.KindEnvelope},
		{"another contract", alice, func(q *wire.Query) { q.Contract[0]++ }, wire.KindEnvelope},
		{"another least block", alice, func(q *wire.Query) { q.Least = 1 }, wire.KindSignature},
		{"the future", alice, func(q *wire.Query) { q.Least = 1 << 30 }, wire.KindSignature},
		{"unknown scheme", alice, func(q *wire.Query) { q.Scheme = 9 }, wire.KindSignature},
		{"no signature", alice, func(q *wire.Query) { q.Signature = nil }, wire.KindSignature},
		{"no envelope", alice, func(q *wire.Query) { q.Envelope = nil }, wire.KindEnvelope},
	}
	for _, tt := range tests {
		// Of a contract, and of its log.
		for kind, input := range map[uint8][]byte{seal.KindCall: s.input("get"), seal.KindLog: scale.Marshal(wire.LogRequest{})} {
			q := make(tt.sign, kind, input)
			tt.change(&q)
			_, err := s.w.Query(context.Background(), q)
			if (err == nil) != (tt.want == 0) || err != nil && wire.KindOf(err) != tt.want {
				t.Errorf("%s, kind %d: got %v, want kind %d", tt.name, kind, err, tt.want)
			}
		}
	}
	for _, tt := range []struct {
		name  string
		kind  uint8
		input []byte
		want  wire.Kind
	}{
		{"a log from nowhere", seal.KindLog, []byte{1, 2}, wire.KindBadRequest},
		{"too much of a log", seal.KindLog, []byte("123456789"), wire.KindBadRequest},
		{"the runtime of a contract", seal.KindSigned, nil, wire.KindNoContract},
		{"money for nothing", seal.KindPay, s.input("get"), wire.KindEnvelope},
		{"another kind", 9, nil, wire.KindEnvelope},
	} {
		if _, err := s.w.Query(context.Background(), make(alice, tt.kind, tt.input)); wire.KindOf(err) != tt.want || err == nil {
			t.Errorf("%s: got %v, want kind %d", tt.name, err, tt.want)
		}
	}
}

// Users reach queries and nothing of the relay's.
func TestUserHandler(t *testing.T) {
	s := newStory(t)
	for _, tt := range []struct {
		handler      http.Handler
		method, path string
		want         int
	}{
		{s.w.Handler(), "GET", wire.PathInfo, 200},
		{s.w.Handler(), "GET", wire.PathUp, 200},
		{s.w.Handler(), "POST", wire.PathSync, 415},
		{s.w.Handler(), "POST", wire.PathQuery, 400},
		{s.w.Handler(), "OPTIONS", wire.PathQuery, 204},
		{s.w.Handler(), "OPTIONS", wire.PathSync, 405},
		{s.w.UserHandler(), "GET", wire.PathInfo, 200},
		{s.w.UserHandler(), "POST", wire.PathQuery, 400},
		{s.w.UserHandler(), "GET", wire.PathUp, 404},
		{s.w.UserHandler(), "POST", wire.PathSync, 404},
		{s.w.UserHandler(), "POST", wire.PathRegister, 404},
		{s.w.UserHandler(), "POST", wire.PathCode, 404},
	} {
		r := httptest.NewRecorder()
		tt.handler.ServeHTTP(r, httptest.NewRequest(tt.method, tt.path, nil))
		if r.Code != tt.want {
			t.Errorf("%s %s: got %d, want %d", tt.method, tt.path, r.Code, tt.want)
		}
	}
}

func TestOtherConfig(t *testing.T) {
	s := newStory(t)
	s.w.Close(context.Background())
	c := newTestChain(t)
	c.genesis[0]++
	_, err := Open(context.Background(), Config{Dir: s.dir, Chain: c.config(), Backend: s.w.cfg.Backend})
	if !errors.Is(err, ErrConfig) {
		t.Errorf("got %v", err)
	}
}

// Nothing secret is on the disk in the clear.
func TestDisk(t *testing.T) {
	s := newStory(t)
	s.instantiate(account(t, "//Alice"))
	s.bring()
	log := readFile(t, s.dir+"/state.log")
	alice := account(t, "//Alice").AccountID()
	for name, secret := range map[string][]byte{
		"identity": s.w.core.Identity[:], "worker secret": s.w.core.Secret[:], "cluster secret": s.w.core.Clusters[0].Lasting[:],
		"secret of the epoch": s.w.core.Clusters[0].Epochs[0].Secret[:],
		"owner":               alice[:], "cell": []byte("owner"),
	} {
		if strings.Contains(string(log), string(secret)) {
			t.Errorf("%s is on the disk", name)
		}
	}
}

// What is sealed to the disk prints as nothing, wherever it stands.
func TestStoredSecretsDoNotPrint(t *testing.T) {
	secret := stored{1, 2, 3}
	state := core{Identity: secret, Secret: secret, Clusters: []membership{{Lasting: &secret, Epochs: []epochSecret{{1, secret}}, Offers: []offer{{Secret: secret}}}},
		Gifts: []gift{{Share: secret[:]}}, Shares: []heldShare{{Share: secret[:]}}}
	asJSON, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%v", state), fmt.Sprintf("%+v", state.Clusters[0].Lasting), fmt.Sprintf("%x", secret), string(asJSON)} {
		if strings.Contains(text, "010203") || strings.Contains(text, "1 2 3") || strings.Contains(text, "1,2,3") || strings.Contains(text, "AQID") {
			t.Errorf("it prints %s", text)
		}
	}
}

// sealless is hardware without a sealing key, as TDX is.
type sealless struct{ tee.Backend }

func (sealless) SealingKey(string) (tee.SealingKey, error) {
	return tee.SealingKey{}, tee.ErrNoSealing
}

// Where hardware seals nothing, each start is another worker, which finds nothing
// of the one before, and nothing in the way.
func TestNoSealing(t *testing.T) {
	s := newStory(t)
	dir := t.TempDir()
	seen := map[[32]byte]bool{}
	for range 3 {
		w, err := Open(context.Background(), Config{Dir: dir, Chain: s.c.config(), Backend: sealless{s.w.cfg.Backend}})
		if err != nil {
			t.Fatal(err)
		}
		seen[w.Identity()] = true
		if info := w.Info(); info.BootEpoch != 1 || info.Registered {
			t.Errorf("it begins as %+v", info)
		}
		if err := w.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d workers of 3 starts", len(seen))
	}
}
