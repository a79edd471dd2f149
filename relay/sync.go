package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	pallet "github.com/tacit-network/tacit/runtime/pallet/queue"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// Limits of one sync.
const (
	maxChanges = 200 // of voters
	leastWhole = 64  // messages of a queue that are given as a whole, see pace
	mostWhole  = 256
	maxBytes   = 8 << 20 // of messages
	maxChunks  = 64      // of a snapshot in one round: 16 MiB
	maxAhead   = 40_000  // messages of a queue as a whole or as links: 5 MB of links
)

// resend is after how many blocks a message up is sent again that the chain
// does not have.
const resend = 8

// justified is a header with the proof that it is final.
type justified struct {
	Header        bytes `json:"header"`
	Justification bytes `json:"justification"`
}

// sync brings the worker one step forward and tells whether there is more to
// do.
func (s *session) sync(ctx context.Context) (more bool, err error) {
	var final *justified
	if err := s.node.Call(ctx, &final, "tacit_latestFinality"); err != nil || final == nil {
		return false, err
	}
	header, err := chain.DecodeHeader(final.Header)
	if err != nil {
		return false, err
	}
	far, err := s.far(ctx, header)
	if err != nil {
		return false, err
	}
	if far {
		if final, header, err = s.nearer(ctx, header); err != nil {
			return false, err
		}
	}
	if header.Number < s.info.Block || header.Number == s.info.Block && header.Hash() == s.info.BlockHash && !s.behind() {
		return false, nil
	}
	var changes []justified
	if err := s.node.Call(ctx, &changes, "tacit_setChanges", s.info.SetID); err != nil {
		return false, err
	}
	req := wire.Sync{Header: final.Header, Justification: final.Justification, Workers: s.info.NeedWorkers}
	for _, c := range changes {
		h, err := chain.DecodeHeader(c.Header)
		if err != nil {
			return false, err
		}
		if h.Number >= header.Number && len(req.Changes) < maxChanges {
			break
		}
		if len(req.Changes) == maxChanges { // a part of the way
			header, more = h, true
			req.Header, req.Justification = c.Header, c.Justification
			break
		}
		req.Changes = append(req.Changes, wire.Fragment{Header: c.Header, Justification: c.Justification})
	}
	cut, err := s.queues(ctx, &req, header)
	if err != nil {
		return false, err
	}
	before := len(s.info.Queues)
	s.again = false
	began := time.Now()
	done, err := s.worker.Sync(ctx, req)
	s.pace.took(time.Since(began), cut)
	if wire.KindOf(err) == wire.KindBusy || wire.KindOf(err) == wire.KindBehind {
		return false, s.refresh(ctx) // somebody else brought it forward, or it waits for the chain
	}
	if err != nil {
		return false, err
	}
	if done.BootEpoch != s.info.BootEpoch {
		if done.BootEpoch != s.info.Promised {
			return false, errRestarted
		}
		s.info.BootEpoch = done.BootEpoch // it heard that it was registered again
		clear(s.sent)
	}
	s.info.Block, s.info.BlockHash, s.info.SetID = done.Block, header.Hash(), done.SetID
	s.again = done.More || cut
	s.info.Queues, s.info.NeedCode, s.info.Pending = done.Queues, done.NeedCode, done.Pending
	s.info.NeedWorkers, s.info.NeedSnapshots = done.NeedWorkers, done.NeedSnapshots
	if err := s.codes(ctx, done.NeedCode); err != nil {
		return false, err
	}
	brought, err := s.snapshots(ctx, done.NeedSnapshots)
	if err != nil {
		return false, err
	}
	return more || brought || far || cut || done.More || len(done.NeedWorkers) > 0 || len(done.NeedCode) > 0 || len(s.info.Queues) > before, nil
}

// behind tells whether the worker wants codes or proof, or could go on.
func (s *session) behind() bool {
	return len(s.info.NeedCode) > 0 || len(s.info.NeedWorkers) > 0 || len(s.info.NeedSnapshots) > 0 || s.again
}

// snapshots brings chunks of the states that a worker's clusters begin with, and
// tells whether it took any. There may be more to come: what else the worker
// has to do does not wait for all of them.
func (s *session) snapshots(ctx context.Context, need []wire.SnapshotNeed) (brought bool, err error) {
	for _, n := range need {
		for range maxChunks {
			var raw *bytes
			if err := s.node.Call(ctx, &raw, "tacit_snapshotChunk", n.Cluster, n.Name, n.Next); err != nil {
				return brought, err
			}
			if raw == nil {
				break // the worker has yet to hear of a newer one, or has it all
			}
			chunk, err := scale.Decode[clusters.KeptChunk](*raw)
			if err != nil {
				return brought, fmt.Errorf("chunk %d of a snapshot: %w", n.Next, err)
			}
			err = s.worker.Snapshot(ctx, wire.Snapshot{Cluster: n.Cluster, Index: n.Next, Chunk: chunk})
			if wire.KindOf(err) == wire.KindBadSnapshot {
				s.log.Warn("snapshot refused", "cluster", n.Cluster, "error", err)
				break
			}
			if err != nil {
				return brought, err
			}
			brought = true
			n.Next++
		}
	}
	if len(need) > 0 {
		return brought, s.refresh(ctx)
	}
	return brought, nil
}

// refresh asks the worker again how far it is.
func (s *session) refresh(ctx context.Context) error {
	info, err := s.worker.Info(ctx)
	if err != nil {
		return err
	}
	if info.Identity != s.info.Identity || info.BootEpoch != s.info.BootEpoch && info.BootEpoch != s.info.Promised {
		return errRestarted
	}
	if info.BootEpoch != s.info.BootEpoch {
		clear(s.sent)
	}
	s.info = info
	return nil
}

// far tells whether a block knows of more messages than fit into a request.
func (s *session) far(ctx context.Context, at chain.Header) (bool, error) {
	block := at.Hash()
	for _, p := range s.info.Queues {
		head, _, err := client.Find[queue.Head](ctx, s.node, s.node.Runtime().Queue.Outbox.Key(p.To), &block)
		if err != nil {
			return false, err
		}
		if head.Count > p.Next+s.ahead {
			return true, nil
		}
	}
	return false, nil
}

// nearer finds the last final block that is not far, by halving the way to it.
func (s *session) nearer(ctx context.Context, final chain.Header) (*justified, chain.Header, error) {
	var best *justified
	var header chain.Header
	for low, high := s.info.Block+1, final.Number; low < high; {
		mid := low + (high-low)/2
		j, h, err := s.justified(ctx, mid)
		if err != nil {
			return nil, header, err
		}
		if h.Number >= high { // no block in between has a justification of its own
			high = mid
			continue
		}
		far, err := s.far(ctx, h)
		if err != nil {
			return nil, header, err
		}
		if far {
			high = mid
		} else {
			best, header, low = j, h, h.Number+1
		}
	}
	if best == nil {
		return nil, header, errors.New("the next final block has more messages than a request can")
	}
	return best, header, nil
}

// justified returns the first justified block at or after a number.
func (s *session) justified(ctx context.Context, n chain.BlockNumber) (*justified, chain.Header, error) {
	var raw bytes
	if err := s.node.Call(ctx, &raw, "grandpa_proveFinality", n); err != nil {
		return nil, chain.Header{}, err
	}
	proof, err := grandpa.DecodeFinalityProof(raw)
	if err != nil {
		return nil, chain.Header{}, err
	}
	header, err := s.node.Header(ctx, &proof.Block)
	if err != nil {
		return nil, header, err
	}
	return &justified{header.Encode(), proof.Justification}, header, nil
}

// queues fills in the messages and the proof of them at a block. cut tells that
// some messages have to come later.
func (s *session) queues(ctx context.Context, req *wire.Sync, at chain.Header) (cut bool, err error) {
	rt := s.node.Runtime()
	block := at.Hash()
	proved := []bytes{rt.Queue.Ingress.Key(s.info.Identity)}
	size := 0
	for _, p := range s.info.Queues {
		key := rt.Queue.Outbox.Key(p.To)
		head, _, err := client.Find[queue.Head](ctx, s.node, key, &block)
		if err != nil {
			return false, err
		}
		if _, own := p.To.(queue.ToWorker); head.Count < p.Next || head.Count == p.Next && !own {
			continue // a block from before what the worker knows, or nothing new
		}
		if len(req.Queues) == wire.MaxQueues {
			cut = true // the others' turn comes when these have nothing new
			break
		}
		b := wire.Batch{To: p.To}
		for next := p.Next; next < head.Count; {
			if known := s.tail.of(p.To, next, head.Count); len(b.Messages) == int(s.pace) && len(known) > 0 {
				b.Links = append(b.Links, known...)
				next += uint64(len(known))
				continue
			}
			limit := head.Count - next
			if n := int(s.pace) - len(b.Messages); n > 0 {
				limit = min(limit, uint64(n))
			}
			list, err := s.messages(ctx, p.To, next, limit)
			if err != nil {
				return false, err
			}
			for _, m := range list {
				size += len(m.Payload) + 128
				if len(b.Links) == 0 && len(b.Messages) < int(s.pace) && (size < maxBytes || len(b.Messages) == 0) {
					b.Messages = append(b.Messages, m)
					continue
				}
				size -= len(m.Payload)
				b.Links = append(b.Links, wire.Link{Seq: m.Seq, Block: m.Block, Time: m.Time, Origin: m.Origin, Payload: hash.Blake2b256(m.Payload)})
			}
			next += uint64(len(list))
		}
		if len(b.Links) > 0 {
			cut, s.tail = true, tail{p.To, b.Links}
		}
		req.Queues = append(req.Queues, b)
		proved = append(proved, key)
	}
	for _, id := range req.Workers {
		key := rt.Registry.Workers.Key(id)
		proved = append(proved, key)
		w, _, err := client.Find[registry.Worker](ctx, s.node, key, &block)
		if err != nil {
			return false, err
		}
		if w.Image != s.info.ImageID {
			for _, image := range []hash.H256{s.info.ImageID, w.Image} {
				if !slices.Contains(req.Images, image) {
					req.Images = append(req.Images, image)
				}
			}
		}
	}
	for _, image := range req.Images {
		proved = append(proved, rt.Attestation.Images.Key(image))
	}
	var proof struct {
		Proof []bytes `json:"proof"`
	}
	if err := s.node.Call(ctx, &proof, "state_getReadProof", proved, block); err != nil {
		return false, err
	}
	for _, item := range proof.Proof {
		req.Proof = append(req.Proof, item)
	}
	return cut, nil
}

func (s *session) messages(ctx context.Context, to queue.Destination, from, limit uint64) ([]queue.Message, error) {
	var raw []bytes
	if err := s.node.Call(ctx, &raw, "tacit_queueMessages", bytes(scale.Encode(to)), from, limit); err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, errors.New("the node lacks messages of a queue")
	}
	out := make([]queue.Message, 0, len(raw))
	for _, b := range raw {
		m, err := scale.Decode[queue.Message](b)
		if err != nil {
			return nil, err
		}
		if uint64(len(out)) < limit {
			out = append(out, m)
		}
	}
	return out, nil
}

// up sends the worker's messages to the chain: each once, and again when the
// chain still does not have it some blocks later.
func (s *session) up(ctx context.Context) error {
	if s.info.Pending == 0 {
		return nil
	}
	list, err := s.worker.Up(ctx)
	if err != nil {
		return err
	}
	rt := s.node.Runtime()
	in, _, err := client.Find[queue.Ingress](ctx, s.node, rt.Queue.Ingress.Key(s.info.Identity), nil)
	if err != nil {
		return err
	}
	head, err := s.node.Header(ctx, nil)
	if err != nil {
		return err
	}
	for _, m := range list.Messages {
		if m.BootEpoch != s.info.BootEpoch {
			return errRestarted
		}
		if in.BootEpoch == m.BootEpoch && m.Seq < in.Next {
			delete(s.sent, m.Seq)
			continue
		}
		if at, ok := s.sent[m.Seq]; ok && head.Number < at+resend {
			continue
		}
		if err := s.submit(ctx, m); err != nil {
			return err
		}
		s.sent[m.Seq] = head.Number
	}
	return nil
}

// Codes of Substrate's author_submitExtrinsic that say that the transaction is
// already on its way, or was done.
const (
	codeInvalid = 1010
	codeKnown   = 1013
	codeBanned  = 1012
)

func (s *session) submit(ctx context.Context, m queue.SignedMessage) error {
	raw := scale.AppendBytes(nil, s.node.Runtime().Bare(pallet.Sync{Message: m}))
	err := s.node.Call(ctx, nil, "author_submitExtrinsic", bytes(raw))
	refused, ok := errors.AsType[*client.RPCError](err)
	if !ok {
		return err
	}
	switch refused.Code {
	case codeKnown, codeBanned:
		return nil
	case codeInvalid: // stale, when another relay was faster; what else it may be, the next round shows
		s.log.Debug("message up refused", "seq", m.Seq, "error", err)
		return nil
	}
	return err
}
