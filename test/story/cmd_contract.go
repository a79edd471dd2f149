package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/contracts"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
)

// message is an encrypted message that was sent.
type message struct {
	contract *contract
	label    string
	envelope []byte
	key      seal.PrivateKey
	call     any // that brought it
	cluster  hash.H256
	seq      uint64
}

// cluster NAME by=Alice [replicas=1] [tier=0] [keepers=0] [threshold=0]
func (w *World) cluster(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	who, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	replicas, err := l.number("replicas", 1)
	if err != nil {
		return err
	}
	create := clusters.Create{Replicas: uint16(replicas)}
	for name, to := range map[string]*uint8{"tier": &create.Tier, "keepers": &create.Keepers, "threshold": &create.Threshold} {
		n, err := l.number(name, 0)
		if err != nil {
			return err
		}
		*to = uint8(n)
	}
	x, err := w.signed(who, create)
	if err != nil {
		return err
	}
	if err := w.submit(x.Encode()); err != nil {
		return err
	}
	before, err := w.state()
	if err != nil {
		return err
	}
	count := w.rt.Clusters.ClusterCount.Get(before)
	if _, err := w.solo.Step(w.now + interval); err != nil {
		return err
	}
	w.now += interval
	state, err := w.state()
	if err != nil {
		return err
	}
	for id := range w.rt.Clusters.Clusters.All(state) {
		if _, known := w.names[id]; !known && w.rt.Clusters.ClusterCount.Get(state) > count {
			w.clusters[name], w.names[id] = id, name
			w.names[words.EscrowAccount(id)] = name + "'s escrow"
		}
	}
	return w.tell(w.app.Head())
}

// code returns the bytes of a code: that of an example, or one made by hand.
func (w *World) code(name string) ([]byte, error) {
	if name == "hello" {
		return bundle.Packed(), nil
	}
	if slices.Contains(examples, name) {
		b, err := w.build(name)
		return b.packed, err
	}
	return handmade(name)
}

// upload CODE by=Alice
func (w *World) upload(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	who, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	packed, err := w.code(name)
	if err != nil {
		return err
	}
	chunks := words.Chunks(packed)
	id := words.CodeHash(chunks)
	w.codes[name], w.names[id] = id, name+".wasm"
	hashes := make([]hash.H256, len(chunks))
	for i, c := range chunks {
		hashes[i] = hash.Blake2b256(c)
	}
	for i, c := range chunks {
		if err := w.do(who, contracts.UploadChunk{Code: id, Hashes: hashes, Index: uint8(i), Bytes: c}); err != nil {
			return err
		}
	}
	return nil
}

// check CODE in=CLUSTER by=Alice
//
// asks a cluster whether it can run a code.
func (w *World) check(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	who, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	return w.do(who, contracts.CheckCode{Cluster: w.clusters[l.opt("in", "c")], Code: w.codes[name]})
}

// instantiate CODE [args…] as=NAME in=CLUSTER by=Alice [value=AMOUNT]
//
// sends an encrypted constructor call, which is then called NAME.new.
func (w *World) instantiate(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	who, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	as := l.opt("as", name)
	c := &contract{code: w.codes[name], cluster: w.clusters[l.opt("in", "c")]}
	c.id = words.ContractID(who.AccountID(), c.code, c.cluster, []byte(as))
	if c.meta, err = w.meta(name); err != nil {
		return err
	}
	var input []byte
	if c.meta != nil {
		if input, err = w.encode(c, "new", l.args[1:]); err != nil {
			return err
		}
	}
	w.things[as], w.names[c.id] = c, as
	kind, input, err := paying(l, input)
	if err != nil {
		return err
	}
	m, err := w.seal(c, who, "new", kind, input)
	if err != nil {
		return err
	}
	m.call = contracts.Instantiate{Cluster: c.cluster, Code: c.code, Salt: []byte(as), Envelope: m.envelope}
	return w.send(as+".new", who, m)
}

// encode makes a call's input of text, in which @Bob is Bob's address, or that of
// a contract or a server, and @answer what the last query gave.
func (w *World) encode(c *contract, label string, args []string) ([]byte, error) {
	if c.meta == nil {
		return []byte(label), nil
	}
	e, err := c.meta.Constructor(label)
	if err != nil {
		if e, err = c.meta.Message(label); err != nil {
			return nil, err
		}
	}
	args = slices.Clone(args)
	for i, a := range args {
		name, ok := strings.CutPrefix(a, "@")
		switch s := w.servers[name]; {
		case !ok:
		case name == "answer":
			args[i] = w.answer
		case s != nil:
			args[i] = s.URL + "/"
		default:
			id, err := w.holder(name)
			if err != nil {
				return nil, err
			}
			args[i] = id.String()
		}
	}
	return c.meta.Encode(e, args)
}

// paying makes input that of a message which gives the contract a value.
func paying(l *line, input []byte) (kind uint8, message []byte, err error) {
	text := l.opt("value", "")
	if text == "" {
		return seal.KindCall, input, nil
	}
	n, err := tokens(text)
	return seal.KindPay, append(scale.Marshal(n), input...), err
}

// seal encrypts input of a kind for a contract, from an account.
func (w *World) seal(c *contract, who keys.Pair, label string, kind uint8, input []byte) (*message, error) {
	state, err := w.state()
	if err != nil {
		return nil, err
	}
	cluster, ok := w.rt.Clusters.Clusters.Get(state, c.cluster)
	if !ok || !cluster.Ready() {
		return nil, errors.New("the cluster has no keys")
	}
	to, err := seal.ParsePublicKey(cluster.Keys[0].Kem, cluster.Keys[0].Key)
	if err != nil {
		return nil, err
	}
	reply, err := seal.GenerateKey(to.Suite())
	if err != nil {
		return nil, err
	}
	m := &message{contract: c, label: label, key: reply, cluster: c.cluster}
	m.envelope, err = seal.SealMessage(to, seal.InfoCommand, seal.Context{
		Genesis: w.app.Genesis(), Target: c.cluster, Contract: c.id, Origin: who.AccountID(), Epoch: cluster.Epoch,
	}, seal.Message{Kind: kind, Nonce: seal.NewNonce(), Reply: seal.KeyOf(reply.Public()), Input: input})
	return m, err
}

// send puts a message on the chain and remembers under which number.
func (w *World) send(as string, who keys.Pair, m *message) error {
	w.sent[as] = m
	state, err := w.state()
	if err != nil {
		return err
	}
	m.seq = w.rt.Queue.Outbox.Get(state, queue.ToCluster{ID: m.cluster}).Count
	return w.do(who, m.call)
}

// command CONTRACT LABEL [args…] by=Bob [as=NAME] [code=CODE] [value=AMOUNT] [hidden=yes]
//
// sends an encrypted command. A hidden one does not show for which contract it
// is, which the chain need not know. Contracts made by hand have no metadata: their
// input is the label, or the name of a code.
func (w *World) command(l *line) error {
	m, who, err := w.prepare(l)
	if err != nil {
		return err
	}
	if m.call == nil {
		m.call = contracts.Command{Contract: m.contract.id, Envelope: m.envelope}
	}
	return w.send(l.opt("as", "it"), who, m)
}

func (w *World) prepare(l *line) (*message, keys.Pair, error) {
	var who keys.Pair
	name, err := l.arg(0)
	if err != nil {
		return nil, who, err
	}
	label, err := l.arg(1)
	if err != nil {
		return nil, who, err
	}
	c := w.things[name]
	if c == nil {
		return nil, who, fmt.Errorf("no contract is called %s", name)
	}
	if who, err = w.account(l.opt("by", "Alice")); err != nil {
		return nil, who, err
	}
	input, err := w.encode(c, label, l.args[2:])
	if err != nil {
		return nil, who, err
	}
	if code := l.opt("code", ""); code != "" {
		id := w.codes[code]
		input = id[:]
	}
	if l.opt("hidden", "") != "" {
		m, err := w.hide(c, who, label, l.opt("value", "0"), input)
		return m, who, err
	}
	kind, input, err := paying(l, input)
	if err != nil {
		return nil, who, err
	}
	m, err := w.seal(c, who, label, kind, input)
	return m, who, err
}

// hide makes a call that only the cluster can tell from other actions.
func (w *World) hide(c *contract, who keys.Pair, label, value string, input []byte) (*message, error) {
	n, err := tokens(value)
	if err != nil {
		return nil, err
	}
	action := scale.Encode[words.Action](words.Call{Contract: c.id, Value: n, Input: input})
	m, err := w.seal(&contract{id: c.cluster, cluster: c.cluster}, who, label, seal.KindLedger, action)
	if err != nil {
		return nil, err
	}
	m.contract, m.call = c, clusters.Transact{Cluster: c.cluster, Envelope: m.envelope}
	return m, nil
}

// resend NAME by=Bob [to=CONTRACT] [part=version|epoch|key|text|length] [as=NAME]
//
// sends the ciphertext of a command once more, as somebody, perhaps to another
// contract, perhaps with one bit changed.
func (w *World) resend(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	old := w.sent[name]
	if old == nil {
		return fmt.Errorf("nothing was sent as %s", name)
	}
	who, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	m := *old
	if to := l.opt("to", ""); to != "" {
		if m.contract = w.things[to]; m.contract == nil {
			return fmt.Errorf("no contract is called %s", to)
		}
	}
	m.envelope = slices.Clone(m.envelope)
	// version u8 ‖ suite u8 ‖ epoch u32 ‖ enc ‖ ciphertext
	switch part := l.opt("part", ""); part {
	case "":
	case "version":
		m.envelope[0] ^= 1
	case "suite":
		m.envelope[1] ^= 3
	case "epoch":
		m.envelope[2] ^= 1
	case "key":
		m.envelope[6+40] ^= 1
	case "text":
		m.envelope[len(m.envelope)-20] ^= 1
	case "length":
		m.envelope = m.envelope[:len(m.envelope)-1]
	case "all":
		m.envelope = []byte("not an envelope")
	default:
		return fmt.Errorf("an envelope has no part %q", part)
	}
	if again, ok := m.call.(clusters.Transact); ok {
		again.Envelope = m.envelope
		m.call = again
	} else {
		m.call = contracts.Command{Contract: m.contract.id, Envelope: m.envelope}
	}
	return w.send(l.opt("as", "it"), who, &m)
}

// observe NAME
//
// prints what the chain shows to everybody of a message.
func (w *World) observe(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	m := w.sent[name]
	if m == nil {
		return fmt.Errorf("nothing was sent as %s", name)
	}
	e, err := seal.ParseEnvelope(m.envelope)
	if err != nil {
		return err
	}
	w.printf("%s to %s, message %d of its queue: %d bytes, suite %d, epoch %d, the rest looks random\n",
		name, w.name(m.contract.id), m.seq, len(m.envelope), e.Suite, e.Epoch)
	return nil
}

// receipt NAME
//
// opens the receipt of a message with the key of whoever sent it.
func (w *World) receipt(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	m := w.sent[name]
	if m == nil {
		return fmt.Errorf("nothing was sent as %s", name)
	}
	r, err := w.find(m)
	if err != nil {
		return err
	}
	status := r.Status.Variants()[r.Status]
	if len(r.Output) == 0 {
		w.printf("%s: %s: %s\n", name, status, w.plain(string(r.Error)))
		return nil
	}
	var reply seal.Reply
	if err := m.key.OpenReply(seal.InfoReply, hash.Blake2b256(m.envelope), r.Output, &reply); err != nil {
		return err
	}
	w.printf("%s: %s: %s\n", name, status, w.outcome(m.contract, m.label, reply.Output, reply.Error))
	return nil
}

// find looks for the receipt of a message in all blocks.
func (w *World) find(m *message) (words.Receipt, error) {
	for n := w.app.Head().Number; n > 0; n-- {
		h, err := w.app.Store().HeaderAt(n)
		if err != nil {
			return words.Receipt{}, err
		}
		events, err := w.events(h)
		if err != nil {
			return words.Receipt{}, err
		}
		for _, e := range events {
			if d, ok := e.(contracts.CommandDone); ok && d.Cluster == m.cluster && d.Receipt.Seq == m.seq {
				return d.Receipt, nil
			}
		}
	}
	return words.Receipt{}, errors.New("there is no receipt yet")
}

func (w *World) outcome(c *contract, label string, out, why []byte) string {
	if len(why) > 0 {
		return string(why)
	}
	if label == ledgerLabel {
		if n, err := scale.Decode[scale.U128](out); err == nil {
			return amount(n) + " left"
		}
	}
	if label == signedLabel {
		return w.applied(out)
	}
	if c.meta == nil || label == "new" {
		return fmt.Sprintf("0x%x", out)
	}
	e, err := c.meta.Message(label)
	if err != nil {
		return err.Error()
	}
	s, err := c.meta.Decode(e, out)
	if err != nil {
		return err.Error()
	}
	return w.plain(s)
}

// meta is the metadata of an example.
func (w *World) meta(name string) (*abi.Metadata, error) {
	if name == "hello" {
		return abi.Parse(bundle.Metadata())
	}
	if slices.Contains(examples, name) {
		b, err := w.build(name)
		return b.meta, err
	}
	return nil, nil
}

// message is what the metadata says of a message.
func (c *contract) message(label string) (*abi.Entry, error) {
	if c.meta == nil {
		return nil, errors.New("there is no metadata")
	}
	return c.meta.Message(label)
}

// query CONTRACT LABEL [args…] by=Alice [at=WORKER] [bad=ciphertext|signature|origin|contract|future|truncated|replayed]
//
// asks a worker.
func (w *World) query(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	label, err := l.arg(1)
	if err != nil {
		return err
	}
	c := w.things[name]
	if c == nil {
		return fmt.Errorf("no contract is called %s", name)
	}
	who, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	input, err := w.encode(c, label, l.args[2:])
	if err != nil {
		return err
	}
	bad := l.opt("bad", "")
	asker, to, least, err := w.asker(w.workers[l.opt("at", w.order[0])], bad)
	if err != nil {
		return err
	}
	if bad == "future" {
		least += 100
	}
	a, err := asker.Ask(context.Background(), to, who, c.id, least, input)
	if err != nil {
		if kind := wire.KindOf(err); kind != wire.KindInternal {
			return fmt.Errorf("%s (kind %d)", text(err), kind)
		}
		return err
	}
	if e, err := c.message(label); err == nil {
		w.answer, _ = c.meta.Decode(e, a.Output) // an error shows below
	}
	w.printf("%s as of block %d: %s\n", label, a.Block, w.outcome(c, label, a.Output, a.Error))
	return nil
}

// asker is a client of a worker, with whom it asks and the last block there.
func (w *World) asker(e *enclave, bad string) (*wire.Client, wire.Target, chain.BlockNumber, error) {
	info := e.worker.Info()
	key, err := seal.ParsePublicKey(info.HPKE[0].Kem, info.HPKE[0].Key)
	to := wire.Target{Genesis: w.app.Genesis(), Identity: e.worker.Identity(), Key: key}
	return wire.NewClient("http://"+e.name, &http.Client{Transport: direct{w, e, bad}}), to, info.Block, err
}

// direct brings a query to a worker without a socket, perhaps spoiled.
type direct struct {
	w   *World
	e   *enclave
	bad string
}

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	q, err := scale.Decode[wire.Query](body)
	if err != nil {
		return nil, err
	}
	switch d.bad {
	case "ciphertext":
		q.Envelope[len(q.Envelope)-1] ^= 1
	case "signature":
		q.Signature[3] ^= 1
	case "origin":
		bob, err := d.w.account("Bob")
		if err != nil {
			return nil, err
		}
		q.Origin = bob.AccountID()
	case "contract":
		q.Contract[0] ^= 1
	case "truncated":
		q.Envelope = q.Envelope[:3]
	case "replayed": // by whoever heard it on the way
		d.e.ask(r, scale.Marshal(q))
	}
	return d.e.ask(r, scale.Marshal(q)).Result(), nil
}

// handmade builds the bad contracts; see wasm.go.
func handmade(name string) ([]byte, error) {
	kind, _, _ := strings.Cut(name, ".")
	if body, ok := bodies[kind]; ok {
		return body(), nil
	}
	return nil, fmt.Errorf("nobody made a code called %s", name)
}
