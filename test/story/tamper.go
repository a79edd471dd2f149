package story

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// tamper is what a dishonest relay changes of what passes through it: a part
// of the quote, of a registration, or of a sync.
type tamper struct{ quote, registration, sync string }

// honest is who changes nothing.
var honest = tamper{}

// The parts of a quote of version 4, by a byte in each; see attest.Quote.
var quoteParts = map[string]int{
	"version": 0, "header": 40, "measurement": 48 + 140, "registers": 48 + 340, "report-data": 48 + 520 + 8,
	"signature": 636 + 5, "key": 700 + 5, "qe-report": 770 + 70, "qe-signature": 1154 + 5, "qe-data": 1220 + 1,
	"certificate": 1700, "debug-bit": 48 + 120,
}

// pass deals with a request to a worker; false leaves it to the worker.
func (t tamper) pass(w *World, e *enclave, rw http.ResponseWriter, r *http.Request) bool {
	var err error
	switch r.URL.Path {
	case wire.PathInfo: // a worker of another chain is said to be of this one
		if e.cfg.Chain.Genesis != w.app.Genesis() {
			err = answer(e, rw, r, nil, func(i *wire.Info) { i.Genesis = w.app.Genesis() })
			break
		}
		return false
	case wire.PathRegister:
		err = t.register(w, e, rw, r)
	case wire.PathSync:
		if t.sync == "" {
			return false
		}
		err = t.passSync(w, e, rw, r)
	default:
		return false
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
	}
	return true
}

// ask lets the worker answer a request with another body.
func (e *enclave) ask(r *http.Request, body []byte) *httptest.ResponseRecorder {
	changed := httptest.NewRequest(r.Method, r.URL.Path, bytes.NewReader(body))
	changed.Header.Set("Content-Type", wire.ContentType)
	rec := httptest.NewRecorder()
	e.worker.Handler().ServeHTTP(rec, changed)
	return rec
}

// answer lets the worker answer, and changes what it says.
func answer[T any](e *enclave, rw http.ResponseWriter, r *http.Request, body []byte, change func(*T)) error {
	rec := e.ask(r, body)
	if rec.Code != http.StatusOK {
		rw.WriteHeader(rec.Code)
		_, err := rw.Write(rec.Body.Bytes())
		return err
	}
	v, err := scale.Decode[T](rec.Body.Bytes())
	if err != nil {
		return err
	}
	change(&v)
	_, err = rw.Write(scale.Marshal(v))
	return err
}

func (t tamper) register(w *World, e *enclave, rw http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	ask, err := scale.Decode[wire.Register](body)
	if err != nil {
		return err
	}
	switch t.registration {
	case "stale-block": // too long ago
		ask.Block, ask.BlockHash = 1, hash.H256{}
	case "other-block": // not of this chain
		ask.BlockHash[0] ^= 1
	}
	var wrong error
	err = answer(e, rw, r, scale.Marshal(ask), func(out *wire.Registration) {
		if e.past == nil {
			e.past = &wire.Registration{}
			*e.past = *out
			e.past.Quote = slices.Clone(out.Quote)
		}
		wrong = t.forge(w, e, out)
	})
	return errors.Join(wrong, err)
}

func (t tamper) forge(w *World, e *enclave, out *wire.Registration) error {
	switch at, known := quoteParts[t.quote]; {
	case t.quote == "":
	case t.quote == "truncated":
		out.Quote = out.Quote[:len(out.Quote)-100]
	case t.quote == "empty":
		out.Quote = nil
	case t.quote == "of-another": // another machine's, genuine
		for _, name := range w.order {
			if other := w.workers[name]; other != e && other.past != nil {
				out.Quote = slices.Clone(other.past.Quote)
			}
		}
	case !known:
		return fmt.Errorf("a quote has no part %q", t.quote)
	default:
		out.Quote[at] ^= 1
	}
	switch t.registration {
	case "", "stale-block", "other-block":
	case "keys": // the relay's own
		out.Info.HPKE = slices.Clone(out.Info.HPKE)
		out.Info.HPKE[0].Key = bytes.Repeat([]byte{9}, len(out.Info.HPKE[0].Key))
	case "nonce":
		out.Nonce[0] ^= 1
	case "signature":
		out.Signature[0] ^= 1
	case "operator":
		bob, err := w.account("Bob")
		if err != nil {
			return err
		}
		out.Info.Operator = bob.AccountID()
	case "image":
		out.Info.ImageID[0] ^= 1
	case "again": // that of an earlier instance
		*out = *e.past
	default:
		return fmt.Errorf("a registration has nothing called %q", t.registration)
	}
	return nil
}

func (t tamper) passSync(w *World, e *enclave, rw http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	s, err := scale.Decode[wire.Sync](body)
	if err != nil {
		return err
	}
	if t.sync == "lost" { // the relay ends before it hears the answer
		if _, err := e.worker.Sync(r.Context(), s); err != nil {
			return err
		}
		return errors.New("the relay was killed")
	}
	if err := t.spoil(w, &s); err != nil {
		return err
	}
	rec := e.ask(r, scale.Marshal(s))
	rw.WriteHeader(rec.Code)
	_, err = rw.Write(rec.Body.Bytes())
	return err
}

func (t tamper) spoil(w *World, s *wire.Sync) error {
	header, err := chain.DecodeHeader(s.Header)
	if err != nil {
		return err
	}
	done, err := t.justification(w, header, s)
	if done || err != nil {
		return err
	}
	switch t.sync {
	case "proof-changed":
		n := slices.Clone(s.Proof[len(s.Proof)-1])
		n[len(n)-1] ^= 1
		s.Proof[len(s.Proof)-1] = n
	case "proof-missing":
		s.Proof = s.Proof[:len(s.Proof)-1]
	case "proof-extra":
		s.Proof = append(s.Proof, bytes.Repeat([]byte{0x41}, 40))
	case "header-changed":
		header.StateRoot[0] ^= 1
		s.Header = header.Encode()
	default:
		return t.messages(w, s)
	}
	return nil
}

// justification spoils the proof that the header is final.
func (t tamper) justification(w *World, header chain.Header, s *wire.Sync) (done bool, err error) {
	j, err := grandpa.DecodeJustification(s.Justification)
	if err != nil {
		return false, err
	}
	votes := j.Commit.Precommits
	set, err := w.app.Voters(header.Number)
	if err != nil {
		return false, err
	}
	switch t.sync {
	case "vote-forged":
		votes[1].Signature[7] ^= 1
	case "vote-missing":
		j.Commit.Precommits = votes[1:]
	case "vote-duplicated":
		votes[1] = votes[0]
	case "vote-of-stranger":
		p, err := keys.FromURI(keys.Ed25519, "//stranger")
		if err != nil {
			return false, err
		}
		g, err := keys.NewGrandpaPair(p)
		if err != nil {
			return false, err
		}
		votes[1] = grandpa.Sign(g, grandpa.TargetOf(header), j.Round, set.ID)
	case "other-set":
		if j, err = w.justify(header, grandpa.TargetOf(header), set.ID+1); err != nil {
			return false, err
		}
	case "other-target": // genuine, of the block before
		before, err := w.app.Store().HeaderAt(header.Number - 1)
		if err != nil {
			return false, err
		}
		if j, err = w.justify(before, grandpa.TargetOf(before), set.ID); err != nil {
			return false, err
		}
	default:
		return false, nil
	}
	s.Justification = j.Encode()
	return true, nil
}

// messages spoils the longest part of a queue.
func (t tamper) messages(w *World, s *wire.Sync) error {
	var b *wire.Batch
	for i := range s.Queues {
		if b == nil || len(s.Queues[i].Messages) > len(b.Messages) {
			b = &s.Queues[i]
		}
	}
	if b == nil || len(b.Messages) < 2 {
		return errors.New("no queue has two messages to tamper with")
	}
	m := slices.Clone(b.Messages)
	last := m[len(m)-1]
	switch t.sync {
	case "message-dropped":
		m = m[:len(m)-1]
	case "first-dropped":
		m = m[1:]
	case "message-added":
		last.Seq++
		m = append(m, last)
	case "message-reordered":
		m[0], m[1] = m[1], m[0]
	case "message-renumbered": // reordered, with the numbers in order
		m[0], m[1] = m[1], m[0]
		m[0].Seq, m[1].Seq = m[1].Seq, m[0].Seq
	case "message-changed":
		m[0].Payload = append(slices.Clone(m[0].Payload), 0)
	case "message-later": // than it was
		m[0].Time++
	case "message-replayed": // one that was executed, in front
		raw, err := w.app.Store().Index(queue.BodyKey(b.To, m[0].Seq-1))
		if err != nil {
			return err
		}
		old, err := scale.Decode[queue.Message](raw)
		if err != nil {
			return err
		}
		m = append([]queue.Message{old}, m...)
	case "queue-left-out":
		s.Queues = slices.DeleteFunc(s.Queues, func(q wire.Batch) bool { return q.To == b.To })
		return nil
	default:
		return fmt.Errorf("a sync has nothing called %q", t.sync)
	}
	b.Messages = m
	return nil
}

// remember NAME
//
// forgets the registration that a relay may replay: the next one is the one.
func (w *World) remember(l *line) error {
	e, err := w.enclave(l)
	if err == nil {
		e.past = nil
	}
	return err
}
