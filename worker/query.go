package worker

import (
	"context"
	"errors"
	"time"

	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/cluster"
	"github.com/tacit-network/tacit/worker/executor"
	"github.com/tacit-network/tacit/worker/fetch"
	"github.com/tacit-network/tacit/worker/store"
	"github.com/tacit-network/tacit/worker/wire"
)

// view is the state at one commit, for a query.
type view struct {
	answer   wire.Answer // its block and number are filled in
	time     uint64
	cluster  *cluster.Cluster
	snapshot *store.Snapshot
}

// patient fetches for a query, and gives its place to others meanwhile.
type patient struct{ *Worker }

// Fetch implements host.Web.
func (p patient) Fetch(ctx context.Context, r host.WebRequest) host.WebResponse {
	<-p.queries
	defer func() { p.queries <- struct{}{} }()
	return p.web.Fetch(ctx, r)
}

// FetchAll implements host.Web.
func (p patient) FetchAll(ctx context.Context, all []host.WebRequest, most time.Duration) []host.WebResponse {
	<-p.queries
	defer func() { p.queries <- struct{}{} }()
	return p.web.FetchAll(ctx, all, most)
}

// queryTime bounds what a query waits for the network.
const queryTime = 10 * time.Second

// Query answers a query over the state as it is now. Commands go on meanwhile.
func (w *Worker) Query(ctx context.Context, q wire.Query) (_ wire.Reply, err error) {
	select {
	case w.queries <- struct{}{}:
		defer func() { <-w.queries }()
	default:
		return wire.Reply{}, wire.Errorf(wire.KindBusy, "too many queries run")
	}
	message, err := w.openQuery(q)
	if err != nil {
		return wire.Reply{}, err
	}
	v, err := w.view(q, message.Kind == seal.KindLedger || message.Kind == seal.KindSigned)
	if err != nil {
		return wire.Reply{}, err
	}
	defer v.snapshot.Close()
	key := nonceOf(q.Origin, message.Nonce)
	if !w.replays.take(key) {
		return wire.Reply{}, wire.Errorf(wire.KindReplayed, "a query with this nonce was answered before")
	}
	defer func() {
		if err != nil {
			w.replays.drop(key)
		}
	}()
	ctx, cancel := context.WithTimeout(fetch.For(ctx, q.Contract), queryTime)
	defer cancel()
	switch message.Kind {
	case seal.KindLog:
		return w.answerLog(q, message, v)
	case seal.KindLedger:
		return w.answerBalance(q, message, v)
	case seal.KindSigned:
		return w.answerRuntime(ctx, q, message, v)
	}
	out, err := v.cluster.Query(ctx, v.snapshot, cluster.Call{
		Contract: q.Contract, Origin: q.Origin, Block: v.answer.Block, Time: v.time, Input: message.Input, Web: patient{w},
		Worker: w.Identity(), Proof: proofOf(q),
	})
	switch {
	case errors.Is(err, executor.ErrBusy), errors.Is(err, executor.ErrEnded):
		return wire.Reply{}, wire.Errorf(wire.KindBusy, "%v", err)
	case errors.Is(err, cluster.ErrNoCode):
		return wire.Reply{}, w.miss(err)
	case err != nil:
		return wire.Reply{}, err
	}
	return w.reply(q, message, v.answer, out)
}

// answerLog gives a contract's log to its owner.
func (w *Worker) answerLog(q wire.Query, m seal.Message, v view) (wire.Reply, error) {
	r, err := scale.Decode[wire.LogRequest](m.Input)
	if err != nil {
		return wire.Reply{}, wire.Errorf(wire.KindBadRequest, "the request for a log does not decode")
	}
	log, err := v.cluster.Log(v.snapshot, q.Contract, q.Origin, r.From)
	if errors.Is(err, cluster.ErrNotOwner) {
		return wire.Reply{}, wire.Errorf(wire.KindNotOwner, "%v", err)
	}
	if err != nil {
		return wire.Reply{}, err
	}
	return w.reply(q, m, v.answer, host.Result{Outcome: vm.Outcome{Data: scale.Marshal(log)}})
}

// answerBalance tells what the origin holds in a cluster, or a contract of its.
func (w *Worker) answerBalance(q wire.Query, m seal.Message, v view) (wire.Reply, error) {
	r, err := scale.Decode[wire.BalanceRequest](m.Input)
	if err != nil {
		return wire.Reply{}, wire.Errorf(wire.KindBadRequest, "the request for a balance does not decode")
	}
	n, err := v.cluster.Balance(v.snapshot, q.Origin, r.Of)
	if errors.Is(err, cluster.ErrNotHolder) {
		return wire.Reply{}, wire.Errorf(wire.KindNotOwner, "%v", err)
	}
	if err != nil {
		return wire.Reply{}, err
	}
	return w.reply(q, m, v.answer, host.Result{Outcome: vm.Outcome{Data: scale.Marshal(n)}})
}

// answerRuntime answers a question to the contract runtime.
func (w *Worker) answerRuntime(ctx context.Context, q wire.Query, m seal.Message, v view) (wire.Reply, error) {
	r, err := scale.Decode[frame.StateCall](m.Input)
	if err != nil {
		return wire.Reply{}, wire.Errorf(wire.KindBadRequest, "the question to the contract runtime does not decode")
	}
	out, err := v.cluster.Ask(ctx, v.snapshot, cluster.Asked{
		StateCall: r, Origin: q.Origin, Block: v.answer.Block, Time: v.time, Web: patient{w},
		Worker: w.Identity(), Proof: proofOf(q),
	})
	switch {
	case errors.Is(err, cluster.ErrNoCode):
		return wire.Reply{}, w.miss(err)
	case errors.Is(err, cluster.ErrAsked):
		return wire.Reply{}, wire.Errorf(wire.KindBadRequest, "%v", err)
	case errors.Is(err, cluster.ErrNotHolder):
		return wire.Reply{}, wire.Errorf(wire.KindNotOwner, "only the account itself asks in its name")
	case err != nil:
		return wire.Reply{}, err
	}
	return w.reply(q, m, v.answer, host.Result{Outcome: vm.Outcome{Data: out}})
}

// openQuery decrypts a query and checks who asks.
func (w *Worker) openQuery(q wire.Query) (seal.Message, error) {
	e, err := seal.ParseEnvelope(q.Envelope)
	if err != nil || e.Epoch != 0 {
		return seal.Message{}, wire.Errorf(wire.KindEnvelope, "the envelope does not decode")
	}
	m, err := w.hpke[e.Suite].OpenMessage(seal.InfoQuery, seal.Context{
		Genesis: w.cfg.Chain.Genesis, Target: w.Identity(), Contract: q.Contract, Origin: q.Origin,
	}, e)
	if err != nil || m.Kind >= seal.KindPay {
		return seal.Message{}, wire.Errorf(wire.KindEnvelope, "the envelope does not open for this worker, account and contract")
	}
	sum := q.SigningHash(w.cfg.Chain.Genesis, w.Identity(), scale.Marshal(m))
	if c := q.Certificate; c != nil {
		if !c.SignedBy(q.Origin, w.cfg.Chain.Genesis) {
			return seal.Message{}, wire.Errorf(wire.KindSignature, "the certificate is not signed by %v", q.Origin)
		}
		w.mu.RLock()
		block, _, _ := w.block()
		w.mu.RUnlock()
		if block > c.Until {
			return seal.Message{}, wire.Errorf(wire.KindSignature, "the certificate was good until block %d, and the worker has seen block %d", c.Until, block)
		}
		if c.Until-block > wire.MaxCertificate {
			return seal.Message{}, wire.Errorf(wire.KindSignature, "the certificate is good for more than %d blocks", wire.MaxCertificate)
		}
		if q.Scheme != keys.Sr25519 || !wire.Signed(keys.Sr25519, c.Key, sum[:], q.Signature) {
			return seal.Message{}, wire.Errorf(wire.KindSignature, "the query is not signed by the certificate's key")
		}
		return m, nil
	}
	if !wire.Signed(q.Scheme, q.Origin, sum[:], q.Signature) {
		return seal.Message{}, wire.Errorf(wire.KindSignature, "the query is not signed by %v", q.Origin)
	}
	return m, nil
}

// proofOf is how a query proves who asks, which openQuery has checked.
func proofOf(q wire.Query) host.Proof {
	if c := q.Certificate; c != nil {
		return host.Proof{Kind: host.ProofSession, Key: c.Key, Until: uint32(c.Until)}
	}
	return host.Proof{Kind: host.ProofSigned, Scheme: q.Scheme}
}

// view finds the contract's cluster, or the cluster whose ledger is asked, and
// takes a snapshot.
func (w *Worker) view(q wire.Query, ledger bool) (view, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	var v view
	v.answer.Block, v.answer.BlockHash, v.time = w.block()
	if v.answer.Block < q.Least {
		return v, wire.Errorf(wire.KindTooOld, "the worker has seen block %d, the query wants %d", v.answer.Block, q.Least)
	}
	v.snapshot = w.store.Snapshot()
	for _, p := range w.core.Queues {
		to, ok := p.To.(queue.ToCluster)
		if !ok || w.clusters[to.ID] == nil {
			continue
		}
		has := to.ID == q.Contract
		if !ledger {
			var err error
			if has, err = w.clusters[to.ID].Has(v.snapshot, q.Contract); err != nil {
				v.snapshot.Close()
				return v, err
			}
		}
		if has {
			v.cluster, v.answer.Next = w.clusters[to.ID], p.Head.Count
			var err error
			if v.answer.StateRoot, err = v.cluster.Root(v.snapshot, p.Head.Count); err != nil {
				v.snapshot.Close()
			}
			return v, err
		}
	}
	v.snapshot.Close()
	what := "contract"
	if ledger {
		what = "cluster"
	}
	return v, wire.Errorf(wire.KindNoContract, "this worker has no %s %v", what, q.Contract)
}

// reply signs an answer and seals it to the caller.
func (w *Worker) reply(q wire.Query, m seal.Message, a wire.Answer, out host.Result) (wire.Reply, error) {
	a.Request = m.Hash()
	a.Status, a.Gas, a.Output, a.Error = uint8(out.Status), out.Gas, out.Data, []byte(out.Reason)
	request := hash.Blake2b256(q.Envelope)
	signed := wire.SignedAnswer{Answer: a}
	signed.Signature = [64]byte(w.identity.Sign(a.SigningBytes(w.cfg.Chain.Genesis, request)))
	sealed, err := seal.SealReply(m.Reply, seal.InfoReply, request, signed)
	if err != nil {
		return wire.Reply{}, wire.Errorf(wire.KindEnvelope, "the reply key is not one")
	}
	return wire.Reply{Envelope: sealed}, nil
}
