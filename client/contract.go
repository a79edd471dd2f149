package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/contracts"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
)

// Outcome is how a command ended. Only who sent it can read what is in it.
type Outcome struct {
	// Sent is the transaction that brought the command, Envelope what everybody
	// sees of it.
	Sent     *Included
	Envelope []byte
	// Receipt is the worker's, in the block Number; Reply is what it holds.
	Receipt words.Receipt
	Number  chain.BlockNumber
	Worker  [32]byte
	Reply   seal.Reply
	// Cluster is where it ran, Message what was in the envelope, and key opens the
	// reply.
	Cluster hash.H256
	Message seal.Message
	key     seal.PrivateKey
	// Paid or Returned is what became of a withdrawal, if it was one.
	Paid     *clusters.Withdrawn
	Returned *clusters.WithdrawalReturned
}

// CreateCluster makes a cluster and waits until its workers have made its keys.
// Workers that do not answer are drawn again.
func (c *Client) CreateCluster(ctx context.Context, owner keys.Pair, replicas uint16) (hash.H256, error) {
	return c.CreateClusterOf(ctx, owner, clusters.Create{Replicas: replicas})
}

// CreateClusterOf is CreateCluster with all that can be chosen.
func (c *Client) CreateClusterOf(ctx context.Context, owner keys.Pair, create clusters.Create) (hash.H256, error) {
	in, err := c.Submit(ctx, owner, create, UntilInBlock)
	if err != nil {
		return hash.H256{}, err
	}
	created, ok := Event[clusters.ClusterCreated](in)
	if !ok {
		return hash.H256{}, errors.New("the chain made no cluster")
	}
	err = c.insist(ctx, owner, created.Cluster, in, answerBlocks, clusters.Redraw{Cluster: created.Cluster})
	if err != nil {
		return created.Cluster, fmt.Errorf("wait for the keys of cluster %v: %w", created.Cluster, err)
	}
	return created.Cluster, nil
}

// Cluster returns a cluster.
func (c *Client) Cluster(ctx context.Context, id hash.H256) (words.Cluster, error) {
	cluster, ok, err := Find[words.Cluster](ctx, c, c.Runtime().Clusters.Clusters.Key(id), nil)
	if err == nil && !ok {
		err = fmt.Errorf("there is no cluster %v", id)
	}
	return cluster, err
}

// Clusters returns the names of all clusters.
func (c *Client) Clusters(ctx context.Context) ([]hash.H256, error) {
	list, err := c.Keys(ctx, c.Runtime().Clusters.Clusters.Prefix())
	if err != nil {
		return nil, err
	}
	out := make([]hash.H256, len(list))
	for i, k := range list {
		out[i] = hash.H256(k[len(k)-32:])
	}
	return out, nil
}

// Contract returns a contract.
func (c *Client) Contract(ctx context.Context, id hash.H256) (contracts.Contract, error) {
	contract, ok, err := Find[contracts.Contract](ctx, c, c.Runtime().Contracts.Contracts.Key(id), nil)
	if err == nil && !ok {
		err = fmt.Errorf("there is no contract %v", id)
	}
	return contract, err
}

// Pack compresses a code as the build does: the same bytes always.
func Pack(code []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is good
	_, _ = w.Write(code)                                  // memory takes all
	_ = w.Close()
	return b.Bytes()
}

// CodeName is what the chain calls a compressed code.
func CodeName(code []byte) hash.H256 { return words.CodeHash(words.Chunks(code)) }

// Upload puts a compressed code on the chain, unless it is there, and returns
// its name.
func (c *Client) Upload(ctx context.Context, who keys.Pair, code []byte) (hash.H256, error) {
	chunks := words.Chunks(code)
	if len(chunks) > words.MaxChunks {
		return hash.H256{}, fmt.Errorf("the code has %d bytes, compressed; at most %d fit", len(code), words.MaxChunks*words.ChunkSize)
	}
	id := words.CodeHash(chunks)
	hashes := make([]hash.H256, len(chunks))
	for i, chunk := range chunks {
		hashes[i] = hash.Blake2b256(chunk)
	}
	var failed error
	for tried, before := false, uint8(0); ; tried = true {
		known, _, err := Find[contracts.Code](ctx, c, c.Runtime().Contracts.Codes.Key(id), nil)
		if err != nil {
			return id, err
		}
		var calls []any
		for i, chunk := range chunks {
			if known.Have&(1<<i) == 0 {
				calls = append(calls, contracts.UploadChunk{Code: id, Hashes: hashes, Index: uint8(i), Bytes: chunk})
			}
		}
		if len(calls) == 0 {
			return id, nil
		}
		// Another may put the same chunks there meanwhile. Then some are new, and
		// the rest is tried again.
		if tried && known.Have == before {
			return id, fmt.Errorf("upload code %v: %w", id, failed)
		}
		before = known.Have
		if _, failed = c.SubmitAll(ctx, who, calls, UntilInBlock); failed == nil {
			return id, nil
		}
	}
}

// CheckCode asks a cluster's workers whether a code can run, and returns why
// not.
func (c *Client) CheckCode(ctx context.Context, who keys.Pair, cluster, code hash.H256) error {
	in, err := c.Submit(ctx, who, contracts.CheckCode{Cluster: cluster, Code: code}, UntilInBlock)
	if err != nil {
		return err
	}
	var verdict *contracts.CodeChecked
	err = c.Follow(ctx, in.Number, func(_ chain.Header, events []Record) (bool, error) {
		for _, r := range events {
			if e, ok := r.Event.(contracts.CodeChecked); ok && e.Cluster == cluster && e.Code == code {
				verdict = &e
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the verdict on code %v: %w", code, err)
	}
	if !verdict.Ok {
		return fmt.Errorf("the workers refuse the code: %s", verdict.Reason)
	}
	return nil
}

// message seals input of a kind to a cluster.
func (c *Client) message(ctx context.Context, from chain.AccountID, id, contract hash.H256, kind uint8, input []byte) (*Pending, error) {
	cluster, err := c.Cluster(ctx, id)
	if err != nil {
		return nil, err
	}
	key, err := best(cluster.Keys)
	if err != nil {
		return nil, fmt.Errorf("cluster %v: %w", id, err)
	}
	p := &Pending{c: c, cluster: id}
	if p.reply, err = seal.GenerateKey(key.Suite()); err != nil {
		return nil, err
	}
	p.message = seal.Message{Kind: kind, Nonce: seal.NewNonce(), Reply: seal.KeyOf(p.reply.Public()), Input: input}
	p.envelope, err = seal.SealMessage(key, seal.InfoCommand, seal.Context{
		Genesis: c.genesis, Target: id, Contract: contract, Origin: from, Epoch: cluster.Epoch,
	}, p.message)
	return p, err
}

// pay makes a call's message one that gives it an amount too.
func pay(value chain.Balance, input []byte) (kind uint8, message []byte) {
	if value.IsZero() {
		return seal.KindCall, input
	}
	return seal.KindPay, append(scale.Marshal(value), input...)
}

// best is the key of the strongest suite: the hybrid one where there is one.
func best(list []words.HPKEKey) (seal.PublicKey, error) {
	for _, suite := range seal.Suites {
		for _, k := range list {
			if k.Kem == suite.KEM() {
				return seal.ParsePublicKey(k.Kem, k.Key)
			}
		}
	}
	return seal.PublicKey{}, errors.New("it has no key that this program can encrypt to")
}

// Pending is an encrypted message on its way to a contract.
type Pending struct {
	c        *Client
	sent     *Sent
	cluster  hash.H256
	reply    seal.PrivateKey
	message  seal.Message
	envelope []byte
}

// SendInstantiate makes a contract in a cluster, with an encrypted constructor
// call that gives it value of what who holds in the cluster. Commands may be sent
// to it at once.
func (c *Client) SendInstantiate(ctx context.Context, who keys.Pair, cluster, code hash.H256, salt []byte, value chain.Balance, input []byte) (hash.H256, *Pending, error) {
	id := words.ContractID(who.AccountID(), code, cluster, salt)
	kind, input := pay(value, input)
	p, err := c.message(ctx, who.AccountID(), cluster, id, kind, input)
	if err != nil {
		return id, nil, err
	}
	if p.sent, err = c.Send(ctx, who, contracts.Instantiate{Cluster: cluster, Code: code, Salt: salt, Envelope: p.envelope}); err != nil {
		return id, nil, err
	}
	return id, p, nil
}

// SendCommand calls a contract of a cluster by an encrypted command, which gives
// it value of what who holds in the cluster.
func (c *Client) SendCommand(ctx context.Context, who keys.Pair, cluster, contract hash.H256, value chain.Balance, input []byte) (*Pending, error) {
	kind, input := pay(value, input)
	p, err := c.message(ctx, who.AccountID(), cluster, contract, kind, input)
	if err != nil {
		return nil, err
	}
	if p.sent, err = c.Send(ctx, who, contracts.Command{Contract: contract, Envelope: p.envelope}); err != nil {
		return nil, err
	}
	return p, nil
}

// Wait waits for the receipt and opens it. It is called once.
func (p *Pending) Wait(ctx context.Context) (*Outcome, error) {
	in, err := p.sent.Wait(ctx, UntilInBlock)
	if err != nil {
		return nil, err
	}
	if e, ok := Event[contracts.Instantiating](in); ok {
		return p.await(ctx, in, e.Seq)
	}
	if e, ok := Event[contracts.CommandQueued](in); ok {
		return p.await(ctx, in, e.Seq)
	}
	if e, ok := Event[clusters.TransactionQueued](in); ok {
		return p.await(ctx, in, e.Seq)
	}
	return nil, errors.New("the chain queued no message")
}

// Instantiate is SendInstantiate without money, and Wait.
func (c *Client) Instantiate(ctx context.Context, who keys.Pair, cluster, code hash.H256, salt, input []byte) (hash.H256, *Outcome, error) {
	return c.InstantiatePaying(ctx, who, cluster, code, salt, chain.Balance{}, input)
}

// InstantiatePaying is SendInstantiate and Wait.
func (c *Client) InstantiatePaying(ctx context.Context, who keys.Pair, cluster, code hash.H256, salt []byte, value chain.Balance, input []byte) (hash.H256, *Outcome, error) {
	id, p, err := c.SendInstantiate(ctx, who, cluster, code, salt, value, input)
	if err != nil {
		return id, nil, err
	}
	out, err := p.Wait(ctx)
	return id, out, err
}

// Command is CommandPaying without money.
func (c *Client) Command(ctx context.Context, who keys.Pair, contract hash.H256, input []byte) (*Outcome, error) {
	return c.CommandPaying(ctx, who, contract, chain.Balance{}, input)
}

// CommandPaying finds a contract's cluster, and is SendCommand and Wait.
func (c *Client) CommandPaying(ctx context.Context, who keys.Pair, contract hash.H256, value chain.Balance, input []byte) (*Outcome, error) {
	info, err := c.Contract(ctx, contract)
	if err != nil {
		return nil, err
	}
	p, err := c.SendCommand(ctx, who, info.Cluster, contract, value, input)
	if err != nil {
		return nil, err
	}
	return p.Wait(ctx)
}

// await waits for the receipt of a message and opens what it holds.
func (p *Pending) await(ctx context.Context, in *Included, seq uint64) (*Outcome, error) {
	cluster := p.cluster
	out := &Outcome{Sent: in, Envelope: p.envelope, Cluster: cluster, Message: p.message, key: p.reply}
	err := p.c.Follow(ctx, in.Number, func(h chain.Header, events []Record) (bool, error) {
		for _, r := range events {
			if e, ok := r.Event.(contracts.CommandDone); ok && e.Cluster == cluster && e.Receipt.Seq == seq {
				out.Receipt, out.Worker, out.Number = e.Receipt, e.Worker, h.Number
			}
			// In the same block, of the same message up.
			if e, ok := r.Event.(clusters.Withdrawn); ok && e.Cluster == cluster && e.Seq == seq {
				out.Paid = &e
			}
			if e, ok := r.Event.(clusters.WithdrawalReturned); ok && e.Cluster == cluster && e.Seq == seq {
				out.Returned = &e
			}
		}
		return out.Number > 0, nil
	})
	if err != nil {
		return nil, fmt.Errorf("wait for the receipt: %w", err)
	}
	if len(out.Receipt.Output) == 0 {
		return out, fmt.Errorf("the worker rejected the message: %s", out.Receipt.Error)
	}
	if err := p.reply.OpenReply(seal.InfoReply, hash.Blake2b256(p.envelope), out.Receipt.Output, &out.Reply); err != nil {
		return out, fmt.Errorf("open the receipt: %w", err)
	}
	return out, nil
}

// Worker is a registered worker and where it answers.
type Worker struct {
	Identity  [32]byte
	Info      registry.Worker
	Endpoints []string
}

// Workers returns all registered workers, without those that leave meanwhile.
func (c *Client) Workers(ctx context.Context) ([]Worker, error) {
	list, err := c.Keys(ctx, c.Runtime().Registry.Workers.Prefix())
	if err != nil {
		return nil, err
	}
	out := make([]Worker, 0, len(list))
	for _, k := range list {
		w, ok, err := c.worker(ctx, [32]byte(k[len(k)-32:]))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, w)
		}
	}
	return out, nil
}

// Worker returns a registered worker.
func (c *Client) Worker(ctx context.Context, identity [32]byte) (Worker, error) {
	w, ok, err := c.worker(ctx, identity)
	if err == nil && !ok {
		err = fmt.Errorf("there is no worker %x", identity)
	}
	return w, err
}

func (c *Client) worker(ctx context.Context, identity [32]byte) (_ Worker, ok bool, err error) {
	info, ok, err := Find[registry.Worker](ctx, c, c.Runtime().Registry.Workers.Key(identity), nil)
	if err != nil || !ok {
		return Worker{}, false, err
	}
	urls, _, err := Find[[][]byte](ctx, c, c.Runtime().Registry.Endpoints.Key(identity), nil)
	w := Worker{Identity: identity, Info: info}
	for _, u := range urls {
		w.Endpoints = append(w.Endpoints, string(u))
	}
	return w, true, err
}

// Query asks a contract, encrypted to one of its workers, as it is after the
// block with the number least. A worker that has not come so far yet is asked
// again until ctx ends.
func (c *Client) Query(ctx context.Context, who keys.Pair, contract hash.H256, least chain.BlockNumber, input []byte) (out wire.Answer, err error) {
	return out, c.atWorker(ctx, contract, func(ctx context.Context, w *wire.Client, to wire.Target) (err error) {
		out, err = w.Ask(ctx, to, who, contract, least, input)
		return err
	})
}

// ContractLog reads the log of a contract of a cluster from an entry on, as its
// owner, encrypted by one of its workers.
func (c *Client) ContractLog(ctx context.Context, owner keys.Pair, cluster, contract hash.H256, least chain.BlockNumber, from uint64) (out wire.Log, err error) {
	return out, c.atMember(ctx, cluster, func(ctx context.Context, w *wire.Client, to wire.Target) (err error) {
		out, err = w.Log(ctx, to, owner, contract, least, from)
		return err
	})
}

// atWorker asks the workers of a contract, one after the other, until one
// answers.
func (c *Client) atWorker(ctx context.Context, contract hash.H256, do ask) error {
	info, err := c.Contract(ctx, contract)
	if err != nil {
		return err
	}
	return c.atMember(ctx, info.Cluster, do)
}

// ask asks a worker.
type ask func(ctx context.Context, w *wire.Client, to wire.Target) error

// place is where a member of a cluster answers.
type place struct {
	url string
	to  wire.Target
}

// atMember asks the workers of a cluster.
func (c *Client) atMember(ctx context.Context, id hash.H256, do ask) error {
	cluster, err := c.Cluster(ctx, id)
	if err != nil {
		return err
	}
	var faults []error
	var places []place
	for _, identity := range cluster.Members {
		w, err := c.Worker(ctx, identity)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		list := make([]words.HPKEKey, len(w.Info.HPKE))
		for i, k := range w.Info.HPKE {
			list[i] = words.HPKEKey{Kem: k.KEM, Key: k.Key}
		}
		key, err := best(list)
		if err != nil {
			faults = append(faults, fmt.Errorf("worker %x: %w", identity, err))
			continue
		}
		for _, url := range w.Endpoints {
			places = append(places, place{url, wire.Target{Genesis: c.genesis, Identity: identity, Key: key}})
		}
		if len(w.Endpoints) == 0 {
			faults = append(faults, fmt.Errorf("worker %x tells no address", identity))
		}
	}
	if len(places) == 0 {
		return fmt.Errorf("no worker answered: %w", errors.Join(append(faults, errors.New("there is none to ask"))...))
	}
	if err := patiently(ctx, places, do); err != nil {
		return fmt.Errorf("no worker answered: %w", errors.Join(append(faults, err)...))
	}
	return nil
}

// patience are the kinds of errors that time mends.
var patience = []wire.Kind{wire.KindTooOld, wire.KindBusy, wire.KindNoCode}

// absence is how long a worker that cannot be reached is waited for: it may
// have been started again.
const absence = 10 * time.Second

// answerTime is how long a worker may take while there are others to ask: they
// give up a query themselves after ten seconds.
const answerTime = 15 * time.Second

// patiently asks at one place after the other until one answers, again and again
// where time may help, so that none can keep the others from being asked.
func patiently(ctx context.Context, places []place, do ask) error {
	began := time.Now()
	faults := make([]error, len(places)) // the last one of each place
	over := make([]bool, len(places))
	for left := len(places); ; {
		for i, p := range places {
			if over[i] {
				continue
			}
			err := p.ask(ctx, left == 1, do)
			if err == nil {
				return nil
			}
			faults[i] = fmt.Errorf("%s: %w", p.url, err)
			if !slices.Contains(patience, wire.KindOf(err)) && !(unreachable(err) && time.Since(began) < absence) {
				over[i], left = true, left-1
			}
		}
		if left == 0 {
			return errors.Join(faults...)
		}
		select {
		case <-ctx.Done():
			return errors.Join(faults...)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ask asks once. Who is the last to be asked has all the time.
func (p place) ask(ctx context.Context, last bool, do ask) error {
	if !last {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, answerTime)
		defer cancel()
	}
	return do(ctx, wire.NewClient(p.url, nil), p.to)
}

// unreachable says whether a request failed on its way.
func unreachable(err error) bool {
	if _, ok := errors.AsType[*url.Error](err); ok {
		return true
	}
	_, ok := errors.AsType[net.Error](err)
	return ok || errors.Is(err, io.ErrUnexpectedEOF)
}
